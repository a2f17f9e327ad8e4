//! The tables that statements were seen of.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::batch::{BatchTable, ChangeBatch, Transaction};
use pg_cdc_core::walminer::Verb;
use pg_cdc_core::{Known, Lsn, Table, TableFacts, TableName, Tables, XidSnapshot};

use super::sql::Layout;

/// A table by the name that walminer gives it.
#[derive(Debug)]
pub(super) struct Relation {
    schema: Box<str>,
    name: Box<str>,
    /// What is known of it; `None` where nobody wants it.
    wanted: Option<Wanted>,
}

/// What is known of a table that is wanted.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) table: Arc<Table>,
    pub(super) layout: Layout,
    from: Lsn,
    shown: Option<Arc<XidSnapshot>>,
    inserts_only: bool,
    in_batch: Option<BatchTable>,
    is_announced: bool,
}

impl Relation {
    /// The table, if a change of it in `transaction` is wanted.
    pub(super) fn wanted_in(&mut self, transaction: &Transaction, verb: Verb) -> Option<&mut Wanted> {
        let wanted = self.wanted.as_mut()?;
        let is_in_its_rows = match (&wanted.shown, transaction.xid) {
            (Some(shown), Some(xid)) => shown.shows(xid),
            _ => transaction.commit_lsn <= wanted.from,
        };
        (!is_in_its_rows && (verb == Verb::Insert || !wanted.inserts_only)).then_some(wanted)
    }
}

impl Wanted {
    fn new(facts: &TableFacts) -> Self {
        Self {
            table: Arc::clone(&facts.table),
            layout: Layout::new(facts),
            from: facts.from,
            shown: facts.shown.clone(),
            inserts_only: facts.inserts_only,
            in_batch: None,
            is_announced: false,
        }
    }

    /// Its handle in `batch`.
    pub(super) fn in_batch(&mut self, batch: &mut ChangeBatch) -> BatchTable {
        let handle = batch.table(&self.table, self.in_batch);
        self.in_batch = Some(handle);
        handle
    }

    /// Says that the table is in use as it is, where that is not the version that was; and whether it is not.
    pub(super) fn announce(
        &mut self,
        versions: &mut HashMap<u32, Arc<Table>>,
        batch: &mut ChangeBatch,
    ) -> bool {
        if self.is_announced {
            return false;
        }
        self.is_announced = true;
        match versions.get(&self.table.oid) {
            Some(current) if *current == self.table => {
                self.table = Arc::clone(current);
                false
            }
            _ => {
                let before = versions.insert(self.table.oid, Arc::clone(&self.table));
                batch.schema_change(before, Arc::clone(&self.table));
                true
            }
        }
    }
}

/// The tables since the start.
#[derive(Debug, Default)]
pub(super) struct Relations {
    list: Vec<Relation>,
    /// By schema, then by name: looked up without making a key.
    index: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    /// The one that was asked for last: changes come in runs.
    last: usize,
}

impl Relations {
    /// The index of the table, taken from `tables` where it was not seen before; `None` where they do not know it.
    pub(super) fn find(&mut self, schema: &str, name: &str, tables: &Tables) -> Option<usize> {
        let is_it = |known: &Relation| *known.schema == *schema && *known.name == *name;
        if self.list.get(self.last).is_some_and(is_it) {
            return Some(self.last);
        }
        let known = self.index.get(schema).and_then(|names| names.get(name)).copied();
        let index = match known {
            Some(index) => index,
            None => {
                let wanted = match tables.get_named(&TableName::new(schema, name))? {
                    Known::Unwanted => None,
                    Known::Wanted(facts) => Some(Wanted::new(facts)),
                };
                let index = self.list.len();
                self.list.push(Relation { schema: schema.into(), name: name.into(), wanted });
                self.index.entry(schema.into()).or_default().insert(name.into(), index);
                index
            }
        };
        self.last = index;
        Some(index)
    }

    pub(super) fn get(&mut self, index: usize) -> Option<&mut Relation> {
        self.list.get_mut(index)
    }

    /// Forgets the table at `index`: the next look takes it from what is known then.
    pub(super) fn forget(&mut self, index: usize) {
        if index >= self.list.len() {
            return;
        }
        let gone = self.list.swap_remove(index);
        if let Some(names) = self.index.get_mut(&gone.schema) {
            names.remove(&gone.name);
        }
        let Some(moved) = self.list.get(index) else { return };
        if let Some(at) = self.index.get_mut(&moved.schema).and_then(|names| names.get_mut(&moved.name)) {
            *at = index;
        }
    }
}
