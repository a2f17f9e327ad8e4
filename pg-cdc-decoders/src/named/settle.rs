//! Which version of its table a change was made with, by what the catalog says of now and the change shows of then.

use std::sync::Arc;

use pg_cdc_core::batch::Op;
use pg_cdc_core::types::may_misfit;
use pg_cdc_core::{
    Column, ColumnType, Known, Outcome, ReplicaIdentity, Table, TableFacts, TableName, Tables,
};

use super::relation::{Labelled, Layout, Placed, Relation};
use super::seen::Seen;
use super::{Named, OldRows, Rules, SentChange, SentColumn, SentType};
use crate::cursor::{Fault, What};

/// Whether a table is known by now.
pub(super) enum Settled {
    /// The catalog must be asked.
    Ask(Outcome),
    /// It is; and the version before, and the new one, where that is another.
    Known(Option<(Option<Arc<Table>>, Arc<Table>)>),
}

/// What of a change is not as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    AtColumns,
    /// What a type is made of: the catalog must be asked, though all names are the same.
    AtTypes,
}

/// The columns that a change shows.
#[derive(Debug, Default)]
struct Shown {
    old: Vec<Labelled>,
    new: Vec<Labelled>,
    /// Which of the old ones are NULL, by their places.
    old_nulls: Vec<usize>,
    /// What columns that the new row lacks may be; `None` where there is no new row.
    lacks: Option<Lack>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// Columns that were not there.
    Nothing,
    /// Values that did not change, too.
    Unchanged,
}

impl Shown {
    fn all(&self) -> impl Iterator<Item = &Labelled> {
        self.new.iter().chain(&self.old)
    }

    fn find(&self, name: &str) -> Option<&Labelled> {
        self.all().find(|shown| *shown.name == *name)
    }

    /// Whether the change tells, by what it lacks, that there was no such column.
    fn denies(&self, name: &str, facts: Option<&TableFacts>) -> bool {
        let may_be_unchanged = match self.lacks {
            None => return false,
            Some(Lack::Nothing) => false,
            Some(Lack::Unchanged) => facts.is_none_or(|facts| facts.is_toastable(name)),
        };
        !may_be_unchanged && !self.new.iter().any(|shown| *shown.name == *name)
    }
}

impl Named {
    /// Finds out what table and columns a change shows.
    pub(super) fn settle<S: SentChange>(
        &mut self,
        sent: &S,
        look: Look,
        tables: &Tables,
    ) -> Result<Settled, Fault> {
        let name = sent.table_name(&self.text)?;
        let mut seen = Seen::default();
        sent.rows(&mut seen)?;
        let lack = if self.rules.omits_unchanged && sent.op() == Op::Update {
            Lack::Unchanged
        } else {
            Lack::Nothing
        };
        let shown = Shown {
            lacks: seen.new.as_ref().map(|_| lack),
            old: self.described(sent, &name, seen.old.unwrap_or_default())?,
            new: self.described(sent, &name, seen.new.unwrap_or_default())?,
            old_nulls: seen.old_nulls,
        };
        if look == Look::AtTypes && self.may_ask(sent.table(), tables) {
            return Ok(self.ask(sent.table(), &name, &shown));
        }
        self.settle_shown(sent.table(), &name, &shown, tables)
    }

    /// From here on the column at `index` of a table is carried as its text; gives the version before, and this one.
    pub(super) fn as_text(&mut self, sent: &[u8], index: usize) -> Option<(Arc<Table>, Arc<Table>)> {
        let relation = self.relations.get(sent)?;
        let before = relation.table.clone()?;
        let mut table = Table::clone(&before);
        let column = table.columns.get_mut(index).filter(|column| may_misfit(&column.type_))?;
        let ColumnType { oid, modifier, name, .. } = column.type_.clone();
        column.type_ = ColumnType::new(oid, modifier, name);
        relation.layout.may_misfit = table.columns.iter().any(|column| may_misfit(&column.type_));
        let table = Arc::new(table);
        relation.set_table(Arc::clone(&table));
        self.versions.insert(Arc::clone(&table));
        Some((before, table))
    }

    /// The same of a table of which no columns are shown, once it was [asked for](Self::must_ask).
    pub(super) fn settle_unseen(
        &mut self,
        sent: &[u8],
        name: &TableName,
        tables: &Tables,
    ) -> Result<Settled, Fault> {
        self.settle_shown(sent, name, &Shown::default(), tables)
    }

    /// Whether the catalog must be asked what `name` is, whatever the change shows.
    pub(super) fn must_ask(&self, sent: &[u8], name: &TableName, tables: &Tables) -> bool {
        // What a name means may have changed while nobody was connected.
        self.may_ask(sent, tables) && (!self.confirmed.contains(sent) || tables.get_named(name).is_none())
    }

    /// A frame asks for a table once.
    fn may_ask(&self, sent: &[u8], tables: &Tables) -> bool {
        !tables.is_complete() && !self.asked.iter().any(|known| **known == *sent)
    }

    fn described<S: SentChange>(
        &self,
        sent: &S,
        table: &TableName,
        labels: Vec<Box<[u8]>>,
    ) -> Result<Vec<Labelled>, Fault> {
        let mut described: Vec<Labelled> = Vec::with_capacity(labels.len());
        for label in labels {
            let SentColumn { name, type_ } = sent.column(&label, &self.text)?;
            if described.iter().any(|known| *known.name == *name) {
                let what = format!("table {table}: column {name} comes twice in one row");
                return Err(Fault::new(0, What::Said(what.into())));
            }
            described.push(Labelled { label, place: None, name: name.into(), type_ });
        }
        Ok(described)
    }

    fn settle_shown(
        &mut self,
        sent: &[u8],
        name: &TableName,
        shown: &Shown,
        tables: &Tables,
    ) -> Result<Settled, Fault> {
        if self.must_ask(sent, name, tables) {
            return Ok(self.ask(sent, name, shown));
        }
        let may_ask = self.may_ask(sent, tables);
        self.confirmed.insert(sent.into());
        let facts = match tables.get_named(name) {
            Some(Known::Unwanted) => {
                self.relations.insert(Relation::unwanted(sent));
                return Ok(Settled::Known(None));
            }
            Some(Known::Wanted(facts)) => Some(facts),
            // Dropped since, or nobody can be asked. Its changes are as real as any.
            None => None,
        };
        let oid = facts.map_or(0, |facts| facts.table.oid);
        let current = self.versions.get(oid, name).cloned();
        let fits = |table: &Table| fits(table, facts, shown, self.rules);
        let catalog = facts.map(|facts| &*facts.table).filter(|table| fits(table));
        let used = current.as_deref().filter(|table| fits(table));
        // A whole row tells whether it is of the catalog's version; a part of one may be of both.
        let chosen = match shown.lacks {
            Some(Lack::Nothing) => catalog.or_else(|| used.filter(|_| !may_ask)),
            _ => used.or(catalog),
        };
        let mut table = match chosen {
            Some(chosen) => chosen.clone(),
            None if may_ask => return Ok(self.ask(sent, name, shown)),
            None => merged(oid, name, facts, current.as_deref(), shown, tables),
        };
        table.name = name.clone();
        let change = match &current {
            Some(current) if **current == table => None,
            _ => Some((current.clone(), Arc::new(table))),
        };
        let table = match (&change, current) {
            (None, Some(current)) => current,
            (Some((_, table)), _) => Arc::clone(table),
            (None, None) => return Ok(Settled::Known(None)),
        };
        if change.is_some() {
            self.versions.insert(Arc::clone(&table));
        }
        let layout = self.layout(sent, &table, facts, shown);
        let relation = Relation::wanted(sent, table, facts, layout);
        let ends = self.rules.tells_commit_ends;
        self.relations.insert(if ends { relation.told_by_ends() } else { relation });
        if oid != 0 {
            // It is called otherwise by now: what goes by its name before is asked for again.
            for before in self.relations.other_names(oid, sent) {
                self.relations.remove(&before);
                self.confirmed.remove(&before);
            }
        }
        Ok(Settled::Known(change))
    }

    fn ask(&mut self, sent: &[u8], name: &TableName, shown: &Shown) -> Settled {
        let mut types: Vec<u32> = shown.all().filter_map(|shown| shown.type_.not_built_in()).collect();
        types.sort_unstable();
        types.dedup();
        Settled::Ask(self.need(sent, name, types))
    }

    /// Asks the catalog for a table.
    pub(super) fn need(&mut self, sent: &[u8], name: &TableName, types: Vec<u32>) -> Outcome {
        self.asked.push(sent.into());
        Outcome::NeedTable { oid: None, name: name.clone(), types }
    }

    /// Where the columns go that are shown, and those that were seen before.
    fn layout(&mut self, sent: &[u8], table: &Table, facts: Option<&TableFacts>, shown: &Shown) -> Layout {
        let before = self.relations.get(sent);
        let (was_absent, mut labels) = match before {
            Some(relation) => {
                let Layout { labels, columns, .. } = std::mem::take(&mut relation.layout);
                let of = relation.table.as_deref().into_iter().flat_map(|table| &table.columns);
                let absent = of.zip(columns).filter(|(_, placed)| placed.is_absent);
                let absent: Vec<_> = absent.map(|(column, _)| Arc::clone(&column.name)).collect();
                (absent, labels)
            }
            None => (Vec::new(), Vec::new()),
        };
        order(&mut labels, &shown.old);
        order(&mut labels, &shown.new);
        let index = |name: &str| table.column_index(name);
        // One whose column is gone, or of another type by now, is not shown again.
        labels.retain(|known| match index(&known.name) {
            Some(at) => {
                let type_ = table.columns.get(at).map(|column| &column.type_);
                shown.find(&known.name).is_some_and(|shown| shown.label == known.label)
                    || type_.is_some_and(|type_| known.type_.agrees(type_))
            }
            None => known.type_ == SentType::System || facts.is_some_and(|facts| !facts.takes(&known.name)),
        });
        for known in &mut labels {
            let at = index(&known.name).filter(|_| known.type_ != SentType::System);
            known.place = at.and_then(|at| u16::try_from(at).ok());
        }
        let columns = table.columns.iter().map(|column| {
            let was_absent = || was_absent.iter().any(|absent| **absent == *column.name);
            let is_absent =
                shown.denies(&column.name, facts) || (shown.find(&column.name).is_none() && was_absent());
            let is_toastable = facts.is_none_or(|facts| facts.is_toastable(&column.name));
            Placed { is_absent, is_toastable }
        });
        let has_other_identity = facts.is_none() || !holds(table, shown, self.rules);
        let columns = columns.collect();
        let may_misfit = table.columns.iter().any(|column| may_misfit(&column.type_));
        Layout { labels, columns, has_other_identity, may_misfit }
    }
}

/// Whether a change may have been made with `table`, all of it.
fn fits(table: &Table, facts: Option<&TableFacts>, shown: &Shown, rules: Rules) -> bool {
    let is_known = |shown: &Labelled| match table.column_index(&shown.name) {
        _ if shown.type_ == SentType::System => true,
        Some(at) => table.columns.get(at).is_some_and(|column| shown.type_.agrees(&column.type_)),
        None => facts.is_some_and(|facts| !facts.takes(&shown.name)),
    };
    let denied = |column: &Column| shown.denies(&column.name, facts);
    let is_held = facts.is_none() || holds(table, shown, rules);
    is_held && shown.all().all(is_known) && !table.columns.iter().any(denied)
}

/// Whether the replica identity holds all that the old row does.
fn holds(table: &Table, shown: &Shown, rules: Rules) -> bool {
    let is_held = |shown: &Labelled| {
        let at = table.column_index(&shown.name);
        at.and_then(|at| table.columns.get(at)).is_none_or(|column| column.identity)
    };
    // Where all columns are listed, those outside of the identity are NULL.
    let is_told = |at: usize| rules.old_rows != OldRows::All || !shown.old_nulls.contains(&at);
    let mut told = shown.old.iter().enumerate().filter(|(at, _)| is_told(*at));
    table.identity == ReplicaIdentity::Full || told.all(|(_, shown)| is_held(shown))
}

/// The catalog's table, in which nothing is missing that the change shows.
fn merged(
    oid: u32,
    name: &TableName,
    facts: Option<&TableFacts>,
    current: Option<&Table>,
    shown: &Shown,
    tables: &Tables,
) -> Table {
    let catalog = facts.map(|facts| &*facts.table);
    // Without a catalog a whole row is all that there is.
    let base = match catalog {
        Some(catalog) => &*catalog.columns,
        None if shown.lacks == Some(Lack::Nothing) => &[],
        None => current.map_or(&[][..], |current| &current.columns),
    };
    let identity = catalog.or(current).map_or(ReplicaIdentity::Default, |table| table.identity);
    let of = |table: Option<&Table>, shown: &Labelled| {
        let table = table?;
        let column = table.columns.get(table.column_index(&shown.name)?)?;
        shown.type_.agrees(&column.type_).then(|| column.clone())
    };
    let as_shown = |shown: &Labelled| {
        of(catalog, shown).or_else(|| of(current, shown)).unwrap_or_else(|| {
            let mut column = Column::new(&*shown.name, shown.type_.to_type(tables));
            column.identity = identity == ReplicaIdentity::Full;
            column
        })
    };
    let known = |column: &Column| match shown.find(&column.name) {
        Some(shown) => {
            let mut retyped = as_shown(shown);
            retyped.identity = column.identity;
            retyped
        }
        None => column.clone(),
    };
    let mut columns: Vec<Column> = base.iter().map(known).collect();
    for row in [&shown.new, &shown.old] {
        let mut behind = 0;
        for shown in row {
            let is_read =
                shown.type_ != SentType::System && facts.is_none_or(|facts| facts.takes(&shown.name));
            match columns.iter().position(|column| *column.name == *shown.name) {
                Some(at) => behind = at + 1,
                None if is_read => {
                    columns.insert(behind, as_shown(shown));
                    behind += 1;
                }
                None => {}
            }
        }
    }
    let key = key(&[catalog, current], identity, &columns);
    Table::new(oid, name.clone(), columns, identity).with_key(key)
}

/// The key of the first of `tables` that has one of which all columns are there, else the replica identity's columns.
fn key(tables: &[Option<&Table>], identity: ReplicaIdentity, columns: &[Column]) -> Vec<u16> {
    let at = |name: &str| columns.iter().position(|column| *column.name == *name);
    let of = |table: &Table| {
        let names = table.key.iter().map(|&index| table.columns.get(usize::from(index)));
        let key = names.map(|column| u16::try_from(at(&column?.name)?).ok()).collect::<Option<Vec<_>>>();
        key.filter(|key| !key.is_empty())
    };
    tables.iter().copied().flatten().find_map(of).unwrap_or_else(|| {
        let held = (0..).zip(columns).filter(|(_, column)| column.identity);
        if identity == ReplicaIdentity::Full { Vec::new() } else { held.map(|(at, _)| at).collect() }
    })
}

/// Brings `labels` into the order of `row`, with those of the row that were not among them.
fn order(labels: &mut Vec<Labelled>, row: &[Labelled]) {
    let mut behind = 0;
    for shown in row {
        if let Some(at) = labels.iter().position(|known| known.name == shown.name) {
            let same = at >= behind && labels.get(at).is_some_and(|known| known.label == shown.label);
            if same {
                behind = at + 1;
                continue;
            }
            labels.remove(at);
            behind -= usize::from(at < behind);
        }
        labels.insert(behind, shown.clone());
        behind += 1;
    }
}
