//! A store that holds every change in order.

use std::collections::HashSet;

use pg_cdc_core::batch::TooLarge;

use super::Delivery;
use super::contents::{LogLine, Tables};
use super::history::History;
use super::model::{Keys, Model};
use super::report::Report;

/// What a log of the history holds that was never interrupted.
pub(super) fn expected(history: &History) -> Result<Vec<LogLine>, TooLarge> {
    let mut feed = history.resume(0, true)?;
    let mut lines = Vec::new();
    while !feed.is_over() {
        let batch = feed.batch(100)?;
        lines.extend(batch.events().filter_map(|event| LogLine::of(&event)));
    }
    Ok(lines)
}

/// Checks the order and the number of the lines, and gives the tables that they lead to.
pub(super) fn check(
    expected: &[LogLine],
    found: &[LogLine],
    keys: &Keys,
    delivery: Delivery,
    report: &mut Report,
) -> Option<Tables> {
    let found = without_repeats(joined(found), delivery, report);
    check_stream(expected, &found, report);
    let mut model = Model::new(keys);
    for line in &found {
        if let Err(error) = model.apply(line) {
            report.broke(format!("{}: {error}", place(line)));
            return None;
        }
    }
    Some(model.into_tables())
}

/// A delete and an insert at the same position are an update of the key.
fn joined(lines: &[LogLine]) -> Vec<LogLine> {
    let mut joined: Vec<LogLine> = Vec::with_capacity(lines.len());
    for line in lines {
        match joined.last_mut() {
            Some(last)
                if (last.op, line.op) == ('d', 'c')
                    && (last.commit_lsn, last.seq, &last.table)
                        == (line.commit_lsn, line.seq, &line.table) =>
            {
                last.op = 'u';
                last.after.clone_from(&line.after);
                last.unchanged.clone_from(&line.unchanged);
            }
            _ => joined.push(line.clone()),
        }
    }
    joined
}

/// Leaves out lines that came before, which only a sink that delivers at least once may have.
fn without_repeats(lines: Vec<LogLine>, delivery: Delivery, report: &mut Report) -> Vec<LogLine> {
    let mut seen = HashSet::new();
    let mut kept = Vec::with_capacity(lines.len());
    for line in lines {
        if line.op == 't' && line.resnapshot {
            // The table is read again: rows that come now are no repeats.
            seen.retain(|(_, _, _, table, _)| *table != line.table);
            kept.push(line);
            continue;
        }
        let row = (line.op == 'r').then(|| format!("{:?}", line.after));
        let is_new = seen.insert((line.commit_lsn, line.seq, line.op, line.table.clone(), row));
        if is_new {
            kept.push(line);
        } else if delivery == Delivery::ExactlyOnce {
            report.broke(format!("{}: written twice", place(&line)));
        }
    }
    kept
}

/// The changes of the stream, in commit order, none missing, none more, with what they hold.
fn check_stream(expected: &[LogLine], found: &[LogLine], report: &mut Report) {
    let of_stream = |line: &&LogLine| line.op != 'r' && !line.resnapshot;
    let mut expected = expected.iter().filter(of_stream);
    let mut found = found.iter().filter(of_stream);
    loop {
        match (expected.next(), found.next()) {
            (Some(wanted), Some(line)) if same(wanted, line) => {}
            (Some(wanted), Some(line)) => {
                let (wanted, line) = (describe(wanted), describe(line));
                report.broke(format!("the log goes on with {line} where {wanted} should stand"));
                return;
            }
            (Some(wanted), None) => {
                report.broke(format!("the log ends before {}", describe(wanted)));
                return;
            }
            (None, Some(line)) => {
                report.broke(format!("the log goes on with {} behind its end", describe(line)));
                return;
            }
            (None, None) => return,
        }
    }
}

/// Whether two lines say the same; a column that is null and one that is not there do not.
fn same(wanted: &LogLine, line: &LogLine) -> bool {
    (wanted.op, wanted.commit_lsn, wanted.seq, &wanted.table)
        == (line.op, line.commit_lsn, line.seq, &line.table)
        && (wanted.after == line.after && wanted.unchanged == line.unchanged)
        && (wanted.before == line.before)
}

/// Where a line stands.
fn place(line: &LogLine) -> String {
    let table =
        line.table.as_ref().map_or("no table".to_owned(), |(schema, name)| format!("{schema:?}.{name:?}"));
    format!("line {:?} of {table}, commit {}, change {}", line.op, line.commit_lsn, line.seq)
}

/// A line in a few hundred characters.
fn describe(line: &LogLine) -> String {
    let mut rows =
        format!("before {:?}, after {:?}, unchanged {:?}", line.before, line.after, line.unchanged);
    if let Some((end, _)) = rows.char_indices().nth(300) {
        rows.truncate(end);
        rows.push('…');
    }
    format!("{} ({rows})", place(line))
}
