//! What each plugin tells of what pgoutput tells: a rule for each row of the loss tables in `docs/plugins.md` that a
//! pipeline's lines show.

use std::collections::{BTreeSet, HashMap};

use crate::line::Line;
use crate::way::Plugin;

/// The end of each commit record, by its start.
pub(crate) type CommitEnds = HashMap<u64, u64>;

/// What `plugin` should give where pgoutput gives `lines`.
pub(crate) fn told(plugin: Plugin, lines: &[Line], ends: &CommitEnds) -> Vec<Line> {
    let lines = lines.to_vec();
    match plugin {
        Plugin::Pgoutput => lines,
        Plugin::TestDecoding => test_decoding(lines, ends),
        Plugin::Wal2json2 => wal2json_2(lines),
        Plugin::Wal2json1 => wal2json_1(lines, ends),
        Plugin::Decoderbufs => decoderbufs(lines, ends),
    }
}

fn test_decoding(mut lines: Vec<Line>, ends: &CommitEnds) -> Vec<Line> {
    start_of_the_commit_record(&mut lines, ends);
    lines
}

fn wal2json_2(mut lines: Vec<Line>) -> Vec<Line> {
    truncate_without_its_options(&mut lines);
    a_dropped_column_stays(&mut lines, false);
    messages_up_to_the_first_zero_byte(&mut lines);
    lines
}

fn wal2json_1(lines: Vec<Line>, ends: &CommitEnds) -> Vec<Line> {
    let mut lines = without(lines, &["t"]);
    start_of_the_commit_record(&mut lines, ends);
    a_dropped_column_stays(&mut lines, true);
    messages_up_to_the_first_zero_byte(&mut lines);
    lines
}

fn decoderbufs(lines: Vec<Line>, ends: &CommitEnds) -> Vec<Line> {
    let mut lines = without(lines, &["t", "m"]);
    start_of_the_commit_record(&mut lines, ends);
    values_that_wrap_or_lose_their_zone(&mut lines);
    lines
}

/// "start of the commit record": the end stands in its place.
fn start_of_the_commit_record(lines: &mut [Line], ends: &CommitEnds) {
    for line in lines.iter_mut().filter(|line| is_of_a_transaction(line)) {
        if let Some(end) = line.number("commit_lsn").and_then(|start| ends.get(&start)) {
            line.set("commit_lsn", end);
        }
    }
}

/// "TRUNCATE", "messages": none, and what follows one in its transaction has a lower `seq`.
fn without(lines: Vec<Line>, ops: &[&str]) -> Vec<Line> {
    let (mut kept, mut transaction, mut gone) = (Vec::new(), (None, false), 0);
    for mut line in lines {
        // A message outside of transactions may end where the next commit record starts.
        let of = (line.number("commit_lsn"), is_of_a_transaction(&line));
        if transaction != of {
            (transaction, gone) = (of, 0);
        }
        if ops.contains(&&*line.string("op")) {
            gone += 1;
            continue;
        }
        if let Some(seq) = line.number("seq") {
            line.set("seq", seq - gone);
        }
        kept.push(line);
    }
    kept
}

/// "TRUNCATE", of version 2: each table by itself, without CASCADE and RESTART IDENTITY.
fn truncate_without_its_options(lines: &mut [Line]) {
    for line in lines.iter_mut().filter(|line| line.get("op") == r#""t""#) {
        line.set("cascade", false);
        line.set("restart_identity", false);
    }
}

/// "`timetz`", "timestamps at the end of the range": what the script's values come to.
fn values_that_wrap_or_lose_their_zone(lines: &mut [Line]) {
    const MADE: [(&str, &str, &str); 4] = [
        ("tz", r#""12:34:56+05:30""#, r#""07:04:56+00""#),
        ("tz", r#""00:00:01-07""#, r#""07:00:01+00""#),
        ("tz", r#""24:00:00+00""#, r#""00:00:00+00""#),
        ("ts", r#""294247-01-10T04:00:54.775807+00:00""#, r#""infinity""#),
    ];
    for line in lines.iter_mut().filter(|line| line.string("schema") == "kinds") {
        for side in ["before", "after"] {
            let Some(mut row) = line.object(side) else { continue };
            for (column, value, made) in MADE {
                if row.get(column) == value {
                    row.set(column, made);
                }
            }
            line.set(side, row);
        }
    }
}

/// Columns of the scripts that are dropped, of types that can be TOASTed.
const DROPPED: [(&str, &str); 2] = [("big", "x"), ("big_whole", "x")];

/// "a column that was dropped": until a row is inserted nobody can tell that it is not there any more. It is unchanged;
/// where old rows are whole, but for NULLs, it is NULL.
fn a_dropped_column_stays(lines: &mut [Line], is_null_where_whole: bool) {
    for (table, column) in DROPPED {
        let is_null = is_null_where_whole && table == "big_whole";
        let (mut was_there, mut is_gone) = (false, false);
        for line in lines.iter_mut().filter(|line| line.string("table") == table) {
            let is_there = |row: Option<Line>| row.is_some_and(|row| !row.get(column).is_empty());
            let (op, mut unchanged) = (line.string("op"), line.unchanged());
            if is_there(line.object("after")) || is_there(line.object("before")) || unchanged.contains(column)
            {
                (was_there, is_gone) = (true, false);
                continue;
            }
            match &*op {
                "c" => (was_there, is_gone) = (false, false),
                "u" => is_gone |= was_there,
                _ => {}
            }
            if !is_gone {
                continue;
            }
            if is_null {
                line.add("before", column, "null");
                line.add("after", column, "null");
            } else if op == "u" {
                unchanged.insert(column.to_owned());
                line.set_unchanged(&unchanged);
            }
        }
    }
}

/// "messages": the content is cut at its first zero byte.
fn messages_up_to_the_first_zero_byte(lines: &mut [Line]) {
    for line in lines.iter_mut().filter(|line| line.get("op") == r#""m""#) {
        // The scripts have one that begins with it.
        if line.string("content").starts_with("AP") {
            line.set("content", r#""""#);
        }
    }
}

/// What a script brings about behind which the catalog, which these plugins ask, says what it did not say before: what
/// `docs/plugins.md` has of names and keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OfNow {
    /// A table that is another one under its name by the end, which is an error: it is not read.
    pub(crate) without: &'static str,
    /// Names that tables had neither when they were selected nor in the end.
    pub(crate) between: &'static [&'static str],
    /// Tables whose key is another one in the end, with a column of versions that nobody knew when they were selected.
    pub(crate) keys: &'static [(&'static str, &'static str, &'static [&'static str])],
}

impl OfNow {
    /// What the plugins give where they tell `lines` of then.
    pub(crate) fn told(&self, mut lines: Vec<Line>) -> Vec<Line> {
        let table = |line: &Line| format!("{}.{}", line.string("schema"), line.string("table"));
        // "Names": nobody knows whose the name between was.
        lines.retain(|line| table(line) != self.without && !self.between.contains(&&*table(line)));
        for line in &mut lines {
            let (op, table) = (line.string("op"), table(line));
            // "the key": of now.
            let row = line.object(if op == "d" { "before" } else { "after" });
            let key = self.keys.iter().find(|(name, ..)| *name == table);
            if let Some((row, (_, column, key))) = row.zip(key)
                && !row.get(column).is_empty()
            {
                line.set("key", row.only(key));
            }
        }
        lines
    }
}

/// A message outside of transactions has no commit.
fn is_of_a_transaction(line: &Line) -> bool {
    line.get("transactional") != "false"
}

/// Where each commit record ends, as a plugin tells it that tells no more: behind its start, and not behind the next one's.
pub(crate) fn commit_ends(lines: &[Line], told: &[Line]) -> CommitEnds {
    let commit = |line: &Line| line.number("xid").zip(line.number("commit_lsn"));
    let of_transactions = |lines: &[Line]| -> HashMap<u64, u64> {
        lines.iter().filter(|line| is_of_a_transaction(line)).filter_map(commit).collect()
    };
    let (starts, ends) = (of_transactions(lines), of_transactions(told));
    let sorted: BTreeSet<u64> = starts.values().copied().collect();
    let pairs = starts.iter().filter_map(|(xid, start)| Some((*start, *ends.get(xid)?)));
    pairs
        .filter(|(start, end)| start < end && sorted.range(start + 1..).next().is_none_or(|next| end <= next))
        .collect()
}

#[test]
fn an_end_is_one_that_lies_between_two_starts() {
    let line = |xid, lsn| Line::of(&format!(r#"{{"op":"c","commit_lsn":{lsn},"seq":0,"xid":{xid}}}"#));
    let lines = [line(1, 10), line(2, 20), line(3, 30)];
    let ends = commit_ends(&lines, &[line(1, 20), line(2, 31), line(3, 30)]);
    assert_eq!(ends, CommitEnds::from([(10, 20)]));
}

#[test]
fn what_is_left_out_leaves_no_gap_in_its_transaction() {
    let line = |op, lsn, seq| Line::of(&format!(r#"{{"op":"{op}","commit_lsn":{lsn},"seq":{seq}}}"#));
    let lines = vec![line("c", 1, 0), line("t", 1, 1), line("m", 1, 2), line("c", 1, 3), line("c", 2, 0)];
    assert_eq!(without(lines, &["t", "m"]), [line("c", 1, 0), line("c", 1, 1), line("c", 2, 0)]);
    let alone = Line::of(r#"{"op":"m","commit_lsn":3,"seq":0,"transactional":false}"#);
    assert_eq!(without(vec![alone, line("c", 3, 0)], &["m"]), [line("c", 3, 0)]);
}
