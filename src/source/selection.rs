//! Which of the server's tables a pipeline reads, and how. Pure.

use pg_cdc_core::catalog::{IdentityProblem, Selection, TableInfo, TableKind};
use pg_cdc_core::{ReplicaIdentity, TableName};

use super::plugin::Told;
use super::safety::{self, Problem};
use crate::config::WithoutKey;

/// Partitioned tables can be published through their root since 13.
const VIA_ROOT: u32 = 130_000;

/// The tables that were chosen.
#[derive(Debug, Default)]
pub(crate) struct Chosen {
    /// All of them, by name.
    pub(crate) tables: Vec<TableInfo>,
    /// Those among them of which only inserts are published.
    pub(crate) inserts_only: Vec<TableName>,
    /// Tables whose replica identity is to be set to FULL, partitions included.
    pub(crate) set_full: Vec<TableName>,
    /// What would break the application, or the copy.
    pub(crate) problems: Vec<Problem>,
    /// Selected, and left out because they have no usable key.
    pub(crate) left_out: Vec<TableName>,
}

impl Chosen {
    /// Whether only inserts of `table` are published.
    pub(crate) fn is_inserts_only(&self, table: &TableInfo) -> bool {
        self.inserts_only.contains(&table.table.name)
    }
}

/// What the choice depends on beside the tables.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) selection: &'a Selection,
    pub(crate) version: u32,
    pub(crate) without_key: WithoutKey,
    /// Whether replica identities are to be set to FULL.
    pub(crate) set_full: bool,
    /// Whether the publication is for all tables, so that all of the database must be safe.
    pub(crate) all_tables: bool,
    /// Whether changes are published at all: a mere snapshot breaks nothing.
    pub(crate) publishes: bool,
    /// How is told which rows are updated and deleted.
    pub(crate) told: Told,
    /// Whether partitions are to be published as their root.
    pub(crate) via_root: bool,
}

impl Rules<'_> {
    /// Whether partitions are read as their root: asked for, and known to the server.
    pub(crate) fn reads_roots(&self) -> bool {
        self.via_root && self.version >= VIA_ROOT
    }

    /// Why the changes of `table` would not tell which rows they are of.
    fn problem_of(&self, table: &TableInfo) -> Option<IdentityProblem> {
        let problem = if self.set_full { table.problem_when_full } else { table.problem };
        if self.told != Told::FromTheLog {
            return problem;
        }
        let is_told = !table.table.key.is_empty() || self.without_key == WithoutKey::FullRow;
        match problem {
            Some(IdentityProblem::LeftOut) => problem,
            _ => (!is_told).then_some(IdentityProblem::NoPrimaryKey),
        }
    }
}

/// Chooses among all of the server's tables.
pub(crate) fn choose(all: &[TableInfo], rules: Rules<'_>) -> Chosen {
    let mut chosen = Chosen::default();
    let via_root = rules.reads_roots();
    for table in all {
        if !is_selected(all, table, rules.selection, via_root) {
            if rules.publishes && rules.all_tables && table.kind == TableKind::Ordinary {
                chosen.problems.extend(safety::unselected(table));
            }
            continue;
        }
        let rows = holders(all, table);
        let problem_of = |holder: &&TableInfo| rules.problem_of(holder);
        if let Some(problem) = rows.iter().find_map(problem_of).filter(|_| rules.publishes) {
            match rules.without_key {
                // A publication for all tables publishes the updates of all.
                WithoutKey::InsertsOnly if !rules.all_tables => {
                    chosen.inserts_only.push(table.table.name.clone());
                }
                WithoutKey::Ignore if !rules.all_tables => {
                    chosen.left_out.push(table.table.name.clone());
                    continue;
                }
                _ => chosen.problems.push(safety::no_identity(table, problem, rules.without_key, rules.told)),
            }
        }
        if rules.publishes && rules.set_full && !chosen.is_inserts_only(table) {
            // One that is FULL already needs no lock that the application would wait behind.
            let not_yet = |holder: &&&TableInfo| holder.table.identity != ReplicaIdentity::Full;
            let root = (table.kind == TableKind::Partitioned).then_some(table);
            let to_set = rows.iter().chain(&root).filter(not_yet);
            chosen.set_full.extend(to_set.map(|holder| holder.table.name.clone()));
        }
        chosen.problems.extend(safety::unreadable(table, &rows));
        chosen.tables.push(table.clone());
    }
    chosen
}

/// A partition is read as its root, where the server can publish it so; else as itself.
fn is_selected(all: &[TableInfo], table: &TableInfo, selection: &Selection, via_root: bool) -> bool {
    let ancestor_selected = ancestors(all, table).any(|ancestor| selection.wants(&ancestor.table.name));
    let wanted = selection.wants(&table.table.name);
    match (via_root, table.kind) {
        (true, _) => wanted && !ancestor_selected,
        (false, TableKind::Partitioned) => false,
        (false, TableKind::Ordinary) => wanted || ancestor_selected,
    }
}

/// The partitioned tables above `table`, nearest first.
pub(super) fn ancestors<'a>(
    all: &'a [TableInfo],
    table: &'a TableInfo,
) -> impl Iterator<Item = &'a TableInfo> {
    let parent = |table: &&'a TableInfo| {
        let oid = table.partition_of?;
        all.iter().find(|parent| parent.table.oid == oid)
    };
    std::iter::successors(parent(&table), parent)
}

/// The tables that hold `table`'s rows: itself, or its partitions.
pub(super) fn holders<'a>(all: &'a [TableInfo], table: &'a TableInfo) -> Vec<&'a TableInfo> {
    if table.kind == TableKind::Ordinary {
        return vec![table];
    }
    let is_part = |part: &&TableInfo| {
        part.kind == TableKind::Ordinary
            && ancestors(all, part).any(|above| above.table.oid == table.table.oid)
    };
    all.iter().filter(is_part).collect()
}
