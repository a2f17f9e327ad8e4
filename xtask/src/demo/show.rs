//! A few of the lines, for the eye.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::Op;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::summary::Summary;

/// How many rows of the snapshot are shown of each table.
const SNAPSHOT_ROWS: usize = 2;
/// How often a change is shown, and how often the figures.
const CHANGE_EVERY: Duration = Duration::from_millis(150);
const FIGURES_EVERY: Duration = Duration::from_secs(2);
/// How much of a line fits.
const WIDTH: usize = 110;

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
    colours: bool,
    snapshot: std::collections::HashMap<String, usize>,
    next_change: Instant,
    next_figures: Instant,
    streaming: bool,
}

impl Show {
    pub(super) fn new() -> Self {
        Self {
            colours: std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none(),
            snapshot: std::collections::HashMap::new(),
            next_change: Instant::now(),
            next_figures: Instant::now() + FIGURES_EVERY,
            streaming: false,
        }
    }

    pub(super) fn line(&mut self, line: &str, op: Op, summary: &Summary) {
        let now = Instant::now();
        if op != Op::Read && !self.streaming {
            self.streaming = true;
            println!("… {} rows of the snapshot; from here on, changes as they commit:", summary.rows());
        }
        if now >= self.next_figures {
            self.next_figures = now + FIGURES_EVERY;
            println!("{}", self.paint("2", &format!("  {}", summary.figures())));
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
            self.next_change = now + CHANGE_EVERY;
        }
        let (sign, colour, what) = match op {
            Op::Read => ("=", "36", "snapshot"),
            Op::Insert => ("+", "32", "insert"),
            Op::Update => ("~", "33", "update"),
            Op::Delete => ("-", "31", "delete"),
            Op::Truncate => ("!", "31", "truncate"),
            Op::Message => ("*", "35", "message"),
        };
        let row = read.after.or(read.key).map_or("", RawValue::get);
        println!("{}", self.paint(colour, &cut(&format!("{sign} {what:<8} {table:<17} {row}"))));
    }

    fn paint(&self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
