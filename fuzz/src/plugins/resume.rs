//! What a connection hands out that starts behind a change: what followed it, and nothing else.

use pg_cdc_core::Position;
use pg_cdc_core::batch::Change;

use super::keeper::{Keeper, position};

/// Reads all of it `again`, behind one of the changes that were handed out, which `choice` chooses.
///
/// What is known of tables differs, for versions that nobody is told of are lost: the rows are not looked at.
pub(super) fn check<'a>(whole: &Keeper<'_>, choice: u8, again: impl FnOnce(&Position) -> Keeper<'a>) {
    let lines: Vec<String> = whole.changes().map(|change| line(&change)).collect();
    // Behind an error another connection starts, and where commits do not rise nobody can tell what was delivered.
    if lines.is_empty() || !whole.is_plain {
        return;
    }
    let at = usize::from(choice >> 1) % lines.len();
    let Some(last) = whole.changes().nth(at) else { return };
    let seq = (choice & 1 == 0).then_some(last.seq());
    let commit_lsn = last.transaction().commit_lsn;
    let resumed = again(&position(commit_lsn, seq));
    let behind = whole.changes().position(|change| match change.transaction().commit_lsn {
        other if other == commit_lsn => seq.is_some_and(|seq| change.seq() > seq),
        other => other > commit_lsn,
    });
    let rest = &lines[behind.unwrap_or(lines.len())..];
    let ours: Vec<String> = resumed.changes().map(|change| line(&change)).collect();
    let is_same = if resumed.is_plain { ours == rest } else { rest.starts_with(&ours) };
    assert!(is_same, "behind change {at}, {commit_lsn} {seq:?}:\n{ours:#?}\nafter all\n{rest:#?}");
}

fn line(change: &Change<'_>) -> String {
    let (table, options) = (&change.table().name, change.truncate_options());
    let (lsn, seq, of) = (change.lsn(), change.seq(), change.transaction());
    format!("{:?} {table} {lsn} #{seq} of {of:?} {options:?}", change.op())
}
