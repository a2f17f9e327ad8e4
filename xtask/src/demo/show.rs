//! A few of the lines, for the eye.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::Op;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::summary::Summary;
use super::terminal::Terminal;

/// How many rows of the snapshot are shown of each table.
const SNAPSHOT_ROWS: usize = 2;
/// How often a change is shown, and how often the figures.
const CHANGE_EVERY: Duration = Duration::from_millis(150);
const FIGURES_EVERY: Duration = Duration::from_secs(2);

#[derive(Deserialize)]
struct Line<'a> {
    schema: Option<String>,
    table: Option<String>,
    #[serde(borrow)]
    key: Option<&'a RawValue>,
    #[serde(borrow)]
    after: Option<&'a RawValue>,
}

pub(super) struct Show {
    terminal: Terminal,
    snapshot: HashMap<String, usize>,
    next_change: Instant,
    /// The table of the last change that was shown.
    last_table: String,
    next_figures: Instant,
    streaming: bool,
}

impl Show {
    pub(super) fn new(terminal: Terminal) -> Self {
        let now = Instant::now();
        let (snapshot, last_table) = (HashMap::new(), String::new());
        Self { terminal, snapshot, next_change: now, last_table, next_figures: now, streaming: false }
    }

    pub(super) fn line(&mut self, line: &str, op: Op, summary: &Summary) {
        let now = Instant::now();
        if op != Op::Read && !self.streaming {
            self.streaming = true;
            self.next_figures = now + FIGURES_EVERY;
            println!("{}", self.terminal.paint("2", &format!("  {}", summary.snapshot_figures())));
            self.terminal.heading("Changes, as they commit (a few of them)");
        }
        if self.streaming && now >= self.next_figures {
            self.next_figures = now + FIGURES_EVERY;
            println!("{}", self.terminal.paint("2", &format!("  {}", summary.stream_figures())));
        }
        // Most lines are not shown, and so not read either.
        if op != Op::Read && now < self.next_change {
            return;
        }
        let Ok(read) = serde_json::from_str::<Line<'_>>(line) else { return };
        let table = format!("{}.{}", read.schema.unwrap_or_default(), read.table.unwrap_or_default());
        if op == Op::Read {
            let shown = self.snapshot.entry(table.clone()).or_default();
            *shown += 1;
            if *shown > SNAPSHOT_ROWS {
                return;
            }
        } else {
            // Another table is worth a little wait: transactions begin alike.
            if table == self.last_table && now < self.next_change + CHANGE_EVERY {
                return;
            }
            self.next_change = now + CHANGE_EVERY;
            self.last_table.clone_from(&table);
        }
        let (colour, what) = match op {
            Op::Read => ("36", "= row"),
            Op::Insert => ("32", "+ insert"),
            Op::Update => ("33", "~ update"),
            Op::Delete => ("31", "- delete"),
            Op::Truncate => ("31", "! truncate"),
            Op::Message => ("35", "* message"),
        };
        // A deleted row is told by its key.
        let row = read.after.or(read.key).map_or("", RawValue::get);
        let text = self.terminal.cut(&format!("{what:<10}  {table:<16}  {row}"));
        let (what, rest) = text.split_at(what.len().min(text.len()));
        println!("{}{rest}", self.terminal.paint(colour, what));
    }
}
