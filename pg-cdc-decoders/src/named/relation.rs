//! The tables of a connection, found by the bytes that name them.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::batch::{BatchTable, ChangeBatch, Op};
use pg_cdc_core::{Lsn, Table, TableFacts};

use super::SentType;

/// A table of the current connection.
#[derive(Debug)]
pub(super) struct Relation {
    /// The bytes that name it.
    pub(super) sent: Box<[u8]>,
    /// The table; `None` where nobody wants it.
    pub(super) table: Option<Arc<Table>>,
    /// Transactions that commit before this are in the table's snapshot.
    from: Lsn,
    /// Its UPDATEs and DELETEs are not.
    pub(super) inserts_only: bool,
    in_batch: Option<BatchTable>,
    pub(super) layout: Layout,
    /// What its columns were declared as when that came last.
    declared: Box<[u8]>,
}

/// So many tables are looked through before a hash is made of a name.
const FEW: usize = 8;

/// Where the columns go that are sent.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// The columns as they were seen, in the order in which they come.
    pub(super) labels: Vec<Labelled>,
    /// Of each of the table's columns.
    pub(super) columns: Vec<Placed>,
    /// Whether old rows may hold other columns than those of the replica identity, as far as it is known.
    pub(super) has_other_identity: bool,
    /// Whether a value may be a composite of other fields than its type is known to have.
    pub(super) may_misfit: bool,
}

/// A column by its label.
#[derive(Debug, Clone)]
pub(super) struct Labelled {
    pub(super) label: Box<[u8]>,
    /// Its index in the table; `None` where it is not read.
    pub(super) place: Option<u16>,
    pub(super) name: Box<str>,
    pub(super) type_: SentType,
}

/// What a change that lacks the column says.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Placed {
    /// It came later than the changes so far.
    pub(super) is_absent: bool,
    /// An UPDATE may leave it out of line.
    pub(super) is_toastable: bool,
}

impl Relation {
    pub(super) fn unwanted(sent: &[u8]) -> Self {
        Self {
            sent: sent.into(),
            table: None,
            from: Lsn::ZERO,
            inserts_only: false,
            in_batch: None,
            layout: Layout::default(),
            declared: Box::default(),
        }
    }

    pub(super) fn wanted(sent: &[u8], table: Arc<Table>, facts: Option<&TableFacts>, layout: Layout) -> Self {
        let from = facts.map_or(Lsn::ZERO, |facts| facts.from);
        let inserts_only = facts.is_some_and(|facts| facts.inserts_only);
        Self { table: Some(table), from, inserts_only, layout, ..Self::unwanted(sent) }
    }

    /// Whether its columns were declared otherwise before than `declared` says, which is empty where nothing does.
    #[inline(always)]
    pub(super) fn is_redeclared(&mut self, declared: &[u8]) -> bool {
        *self.declared != *declared && !declared.is_empty() && self.declare(declared)
    }

    #[cold]
    fn declare(&mut self, declared: &[u8]) -> bool {
        let before = std::mem::replace(&mut self.declared, declared.into());
        !before.is_empty()
    }

    /// It is as `table` says from here on, in the same layout.
    pub(super) fn set_table(&mut self, table: Arc<Table>) {
        self.table = Some(table);
        self.in_batch = None;
    }

    /// Only the ends of commit records are told: one that ends where the table's snapshot was taken starts before.
    pub(super) fn told_by_ends(mut self) -> Self {
        if self.from != Lsn::ZERO {
            self.from = Lsn::new(self.from.as_u64().saturating_add(1));
        }
        self
    }

    /// Whether `op`, in a transaction that commits at `commit_lsn`, is wanted.
    #[inline]
    pub(super) fn wants(&self, op: Op, commit_lsn: Lsn) -> bool {
        let is_left_out = self.inserts_only && matches!(op, Op::Update | Op::Delete);
        self.table.is_some() && commit_lsn >= self.from && !is_left_out
    }

    /// The table's handle in `batch`.
    #[inline]
    pub(super) fn in_batch(&mut self, batch: &mut ChangeBatch) -> Option<BatchTable> {
        let handle = batch.table(self.table.as_ref()?, self.in_batch);
        self.in_batch = Some(handle);
        Some(handle)
    }
}

/// The tables that were named on the current connection.
#[derive(Debug, Default)]
pub(super) struct Relations {
    list: Vec<Relation>,
    index: HashMap<Box<[u8]>, usize>,
    /// The one that was asked for last: changes come in runs.
    last: usize,
    /// What the columns of those that were reset were declared as.
    declared: HashMap<Box<[u8]>, Box<[u8]>>,
}

impl Relations {
    /// Forgets all of them, but for what their columns were declared as.
    pub(super) fn reset(&mut self) {
        let Self { list, index, last, declared } = self;
        *last = 0;
        index.clear();
        let known = list.drain(..).filter(|relation| !relation.declared.is_empty());
        declared.extend(known.map(|relation| (relation.sent, relation.declared)));
    }

    /// Whether the columns of a relation that was reset were declared otherwise than `declared` says; asked once.
    pub(super) fn was_declared_otherwise(&mut self, sent: &[u8], declared: &[u8]) -> bool {
        !declared.is_empty() && self.declared.remove(sent).is_some_and(|before| *before != *declared)
    }

    pub(super) fn insert(&mut self, relation: Relation) {
        match self.index.get(&relation.sent) {
            Some(&at) => {
                if let Some(known) = self.list.get_mut(at) {
                    *known = relation;
                }
            }
            None => {
                self.index.insert(relation.sent.clone(), self.list.len());
                self.list.push(relation);
            }
        }
    }

    /// Forgets the relation named so.
    pub(super) fn remove(&mut self, sent: &[u8]) {
        let Some(at) = self.index.remove(sent) else { return };
        self.list.swap_remove(at);
        if let Some(moved) = self.list.get(at) {
            self.index.insert(moved.sent.clone(), at);
        }
    }

    /// The bytes that named the one that was asked for last.
    #[inline]
    pub(super) fn last(&self) -> &[u8] {
        self.list.get(self.last).map_or(&[], |last| &last.sent)
    }

    /// Other names that are taken for the table `oid` than `sent`.
    pub(super) fn other_names(&self, oid: u32, sent: &[u8]) -> Vec<Box<[u8]>> {
        let is_other =
            |known: &&Relation| *known.sent != *sent && known.table.as_ref().is_some_and(|t| t.oid == oid);
        self.list.iter().filter(is_other).map(|known| known.sent.clone()).collect()
    }

    #[inline]
    pub(super) fn get(&mut self, sent: &[u8]) -> Option<&mut Relation> {
        if self.list.get(self.last).is_none_or(|last| *last.sent != *sent) {
            let mut first = self.list.iter().take(FEW);
            self.last = match first.position(|known| *known.sent == *sent) {
                Some(at) => at,
                None if self.list.len() <= FEW => return None,
                None => *self.index.get(sent)?,
            };
        }
        self.list.get_mut(self.last)
    }
}
