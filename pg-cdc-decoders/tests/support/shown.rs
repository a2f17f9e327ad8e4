//! Rows and changes as lines, to be compared.

use std::fmt::Debug;

use pg_cdc_core::batch::{Change, Row};
use pg_cdc_core::{Column, Datum};

/// A row as every plugin tells it: without what the catalog of now has and the change has not.
pub(crate) fn show(row: &Row<'_>, value: impl Fn(&Column, Datum<'_>) -> String) -> Vec<String> {
    let known = row.columns().filter(|(_, datum)| *datum != Datum::Absent);
    known
        .map(|(column, datum)| format!("{} {} {}", column.name, column.type_.oid, value(column, datum)))
        .collect()
}

/// A change, but for where its commit starts, which only some plugins tell.
pub(crate) fn show_change(change: &Change<'_>, value: impl Fn(&Column, Datum<'_>) -> String) -> String {
    let rows = [change.before(), change.after()].map(|row| row.as_ref().map(|row| show(row, &value)));
    let (lsn, seq, transaction) = (change.lsn(), change.seq(), change.transaction());
    let of = (transaction.xid, transaction.commit_time);
    let options = change.truncate_options();
    format!("{:?} {} at {lsn} #{seq} of {of:?}: {rows:?} {options:?}", change.op(), change.table().name)
}

/// Panics at the first line that is another one.
#[track_caller]
pub(crate) fn assert_same(ours: &[String], theirs: &[String], what: impl Debug) {
    if let Some(at) = (0..ours.len().max(theirs.len())).find(|&at| ours.get(at) != theirs.get(at)) {
        let (ours, theirs) = (ours.get(at), theirs.get(at));
        panic!("{what:?}: line {at} is\n{ours:?}\nand should be\n{theirs:?}");
    }
}
