//! Reads the JSON Lines sink's output back, checks what it promises, and compares it with the source.
//!
//! ```no_run
//! # async fn example(cluster: &pg_cdc_testkit::Cluster) -> Result<(), pg_cdc_testkit::Error> {
//! use pg_cdc_testkit::replay::Replay;
//!
//! let mut replay = Replay::new();
//! replay.apply_file("out.jsonl".as_ref())?;
//! assert!(replay.problems().is_empty(), "{:#?}", replay.problems());
//! let client = cluster.connect("postgres").await?;
//! let differences = replay.compare(&client, ["shop.orders"]).await?;
//! assert!(differences.is_empty(), "{differences:#?}");
//! # Ok(())
//! # }
//! ```

mod change;
mod compare;
mod json;
mod table;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use self::change::Change;
pub use self::change::{Op, TableName};
pub use self::compare::Part;
use self::table::Table;
use crate::error::{Error, Result};

/// What lines may do beyond an exactly-once file of one full snapshot and the stream after it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rules {
    /// Stream lines may come again after a restart (`path: "-"`): known by their `commit_lsn` and `seq`, they are
    /// counted and passed over.
    pub repeats: bool,
    /// Snapshot lines may come after stream lines and for rows that are there: incremental snapshots, added tables.
    pub late_snapshot: bool,
    /// `seq` may leave numbers out: changes were filtered after they were numbered.
    pub gaps: bool,
    /// The last line may be torn: what a kill leaves until the next run cuts it back.
    pub torn_end: bool,
}

/// How many lines of each kind were applied.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Rows of the snapshot.
    pub reads: u64,
    /// Inserts.
    pub inserts: u64,
    /// Updates.
    pub updates: u64,
    /// Deletes.
    pub deletes: u64,
    /// Truncates.
    pub truncates: u64,
    /// Logical messages.
    pub messages: u64,
    /// Different transactions in the stream.
    pub transactions: u64,
    /// Stream lines that came again and were passed over.
    pub repeats: u64,
}

/// What a line was.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Applied {
    /// What it does.
    pub op: Op,
    /// To which table; none for a message.
    pub table: Option<TableName>,
    /// When it was committed or, for a row of the snapshot, read: microseconds since 1970 UTC.
    pub ts: i64,
}

/// The tables that the lines so far describe.
///
/// Lines may have the `row` or the `debezium` envelope. Debezium's does not tell the key: read it from the source with
/// [`load_keys`](Self::load_keys) first.
#[derive(Debug, Default)]
pub struct Replay {
    rules: Rules,
    tables: BTreeMap<TableName, Table>,
    counts: Counts,
    problems: Vec<String>,
    suppressed: u64,
    lines: usize,
    /// Commit LSN and sequence number of the last stream line.
    last: Option<(u64, u64)>,
    /// Whether the last line was Debezium's delete, whose insert of the changed key has the same number.
    after_delete: bool,
}

/// More problems than anybody reads.
const MOST_PROBLEMS: usize = 100;

impl Replay {
    /// Nothing yet, by the strictest rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing yet, by these rules.
    pub fn with_rules(rules: Rules) -> Self {
        Self { rules, ..Self::default() }
    }

    /// Applies the lines of a file.
    ///
    /// # Errors
    ///
    /// If it can't be read, or a line is not what the contract says. What is merely wrong in the stream's logic is
    /// noted in [`problems`](Self::problems) instead.
    pub fn apply_file(&mut self, path: &Path) -> Result<()> {
        let mut file = BufReader::new(File::open(path).map_err(Error::file("opening", path))?);
        let mut bytes = Vec::new();
        while file.read_until(b'\n', &mut bytes).map_err(Error::file("reading", path))? > 0 {
            let torn = !bytes.ends_with(b"\n");
            if torn && self.rules.torn_end {
                break;
            }
            if torn {
                self.problem("the last line has no end".into());
            }
            let line = std::str::from_utf8(&bytes)
                .map_err(|e| Error::Line { line: self.lines + 1, detail: e.to_string() })?;
            self.apply_line(line)?;
            bytes.clear();
        }
        Ok(())
    }

    /// Applies the lines of a text.
    ///
    /// # Errors
    ///
    /// As [`apply_file`](Self::apply_file).
    pub fn apply_text(&mut self, text: &str) -> Result<()> {
        text.lines().try_for_each(|line| self.apply_line(line).map(drop))
    }

    /// Applies one line and tells what it was; `None` for a line that only bounds a transaction.
    ///
    /// # Errors
    ///
    /// If it is not what the contract says.
    pub fn apply_line(&mut self, line: &str) -> Result<Option<Applied>> {
        self.lines += 1;
        let parsed = Change::parse(line).map_err(|detail| Error::Line { line: self.lines, detail })?;
        let Some(change) = parsed else { return Ok(None) };
        let told = Applied { op: change.op, table: change.table.clone(), ts: change.ts };
        self.apply(change);
        Ok(Some(told))
    }

    fn apply(&mut self, change: Change) {
        match self.in_order(&change) {
            Ok(true) => {}
            Ok(false) => {
                self.counts.repeats += 1;
                return;
            }
            // Noted, and applied all the same: a second mistake may be told too.
            Err(problem) => self.problem(problem),
        }
        self.count(change.op);
        let Some(name) = change.table.clone() else { return };
        let over = self.rules.late_snapshot && matches!(change.op, Op::Read | Op::Insert);
        let (at, op) = ((change.commit_lsn, change.seq), change.op);
        if let Err(problem) = self.tables.entry(name.clone()).or_default().apply(change, over) {
            self.problem(format!("{name} {op:?} at {}, {}: {problem}", at.0, at.1));
        }
    }

    /// False for a line that came again.
    fn in_order(&mut self, change: &Change) -> Result<bool, String> {
        let (commit, seq) = (change.commit_lsn, change.seq);
        if change.op == Op::Read || change.resnapshot {
            return match self.last {
                Some(_) if !self.rules.late_snapshot => Err("a snapshot line after the stream began".into()),
                _ if seq != 0 => Err(format!("a snapshot line with seq {seq}")),
                _ => Ok(true),
            };
        }
        if !change.transactional {
            return Ok(true);
        }
        // Debezium tells a change of key as a delete and an insert.
        let twin = self.after_delete
            && change.debezium
            && change.op == Op::Insert
            && self.last == Some((commit, seq));
        self.after_delete = change.op == Op::Delete;
        if twin {
            return Ok(true);
        }
        if self.rules.repeats && self.last.is_some_and(|last| (commit, seq) <= last) {
            return Ok(false);
        }
        let last = self.last.replace((commit, seq));
        let expected = match last {
            Some((before, _)) if commit < before => {
                return Err(format!("commit LSN {commit} after {before}"));
            }
            Some((before, number)) if commit == before => number + 1,
            _ => {
                self.counts.transactions += 1;
                0
            }
        };
        match seq.cmp(&expected) {
            std::cmp::Ordering::Equal => Ok(true),
            std::cmp::Ordering::Greater if self.rules.gaps => Ok(true),
            _ => Err(format!("seq {seq} where {expected} is due, in commit {commit}")),
        }
    }

    fn count(&mut self, op: Op) {
        let counts = &mut self.counts;
        *match op {
            Op::Read => &mut counts.reads,
            Op::Insert => &mut counts.inserts,
            Op::Update => &mut counts.updates,
            Op::Delete => &mut counts.deletes,
            Op::Truncate => &mut counts.truncates,
            Op::Message => &mut counts.messages,
        } += 1;
    }

    fn problem(&mut self, problem: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(format!("line {}: {problem}", self.lines));
        } else {
            self.suppressed += 1;
        }
    }

    /// What the lines did against the promises of the stream: order, numbers, repeats, changes of rows that are not
    /// there. The first hundred; [`suppressed_problems`](Self::suppressed_problems) tells how many more there were.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    /// How many problems were found beyond those in [`problems`](Self::problems).
    pub fn suppressed_problems(&self) -> u64 {
        self.suppressed
    }

    /// What was applied.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Commit LSN and sequence number of the last stream line.
    pub fn last(&self) -> Option<(u64, u64)> {
        self.last
    }

    /// The number of rows that a table has now.
    pub fn rows(&self, table: impl Into<TableName>) -> u64 {
        self.tables.get(&table.into()).map_or(0, Table::len)
    }
}

#[cfg(test)]
mod tests;
