//! What a store holds, in the form in which the suite compares it.

use std::collections::BTreeMap;

use pg_cdc_core::Datum;
use pg_cdc_core::batch::{Change, Event, Op};
use pg_cdc_core::types::json::write_natural;
use serde_json::{Map, Value};

/// A row: column names with values, as parsed from the JSON that PostgreSQL's `row_to_json` would give.
///
/// A store whose columns are fixed may give null for a column that a row never had.
pub type Row = Map<String, Value>;

/// Rows by schema and table, in any order. A table without rows may be left out.
pub type Tables = BTreeMap<(String, String), Vec<Row>>;

/// What a store holds.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Contents {
    /// Tables that hold what the source's hold.
    Tables(Tables),
    /// Every change in the order in which it was written.
    Log(Vec<LogLine>),
    /// Nothing: a sink that drops what it gets. Only its calls are checked.
    Dropped,
}

/// A change as a log holds it.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LogLine {
    /// `r` read by a snapshot, `c` insert, `u` update, `d` delete, `t` truncate, `m` message.
    pub op: char,
    /// Schema and table; `None` for a message.
    pub table: Option<(String, String)>,
    /// The transaction's position, as [`Transaction::commit_lsn`](pg_cdc_core::batch::Transaction).
    pub commit_lsn: u64,
    /// The index in the transaction.
    pub seq: u64,
    /// The columns of the old row that are known.
    pub before: Option<Row>,
    /// The columns of the new row that are known.
    pub after: Option<Row>,
    /// Columns of the new row that keep the value they had.
    pub unchanged: Vec<String>,
    /// A truncate since the table is about to be read again.
    pub resnapshot: bool,
}

impl LogLine {
    /// A line for `op` at a position, to be filled in.
    #[must_use]
    pub fn new(op: char, commit_lsn: u64, seq: u64) -> Self {
        Self { op, commit_lsn, seq, ..Self::default() }
    }

    /// What a log should hold for `event`; `None` for events that are no change.
    #[must_use]
    pub fn of(event: &Event<'_>) -> Option<Self> {
        match event {
            Event::Change(change) => Some(Self::of_change(change)),
            Event::Message(message) => {
                let commit = message.transaction.map_or(message.lsn, |transaction| transaction.commit_lsn);
                Some(Self::new('m', commit.as_u64(), message.seq))
            }
            Event::TableRestarted { table } => Some(Self {
                table: Some((table.name.schema.to_string(), table.name.name.to_string())),
                resnapshot: true,
                ..Self::new('t', 0, 0)
            }),
            _ => None,
        }
    }

    fn of_change(change: &Change<'_>) -> Self {
        let op = match change.op() {
            Op::Read => 'r',
            Op::Insert => 'c',
            Op::Update => 'u',
            Op::Delete => 'd',
            _ => 't',
        };
        let name = &change.table().name;
        let unchanged =
            |row: pg_cdc_core::batch::Row<'_>| row.unchanged().map(|c| c.name.to_string()).collect();
        Self {
            table: Some((name.schema.to_string(), name.name.to_string())),
            before: change.before().map(row_of),
            after: change.after().map(row_of),
            unchanged: change.after().map(unchanged).unwrap_or_default(),
            resnapshot: change.truncate_options().resnapshot,
            ..Self::new(op, change.transaction().commit_lsn.as_u64(), change.seq())
        }
    }
}

/// The columns of `row` that are known. A value that can't be read is left out.
pub(super) fn row_of(row: pg_cdc_core::batch::Row<'_>) -> Row {
    let known = row.columns().filter(|(_, datum)| datum.is_known());
    known
        .filter_map(|(column, datum)| Some((column.name.to_string(), value_of(&column.type_, datum)?)))
        .collect()
}

fn value_of(type_: &pg_cdc_core::ColumnType, datum: Datum<'_>) -> Option<Value> {
    let mut json = Vec::new();
    write_natural(type_, datum, &mut json).ok()?;
    serde_json::from_slice(&json).ok()
}
