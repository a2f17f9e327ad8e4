//! Progress on standard error, drawn by indicatif.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::catalog::TableInfo;

use super::Report;

/// How often a line is drawn at most.
const HERTZ: u8 = 10;

/// Bars for the snapshot's tables and a line for the stream, none where nobody looks; and when there was progress last.
pub(super) struct Progress {
    bars: Option<Bars>,
    last: Instant,
}

struct Bars {
    all: MultiProgress,
    tables: HashMap<u32, ProgressBar>,
    stream: Option<ProgressBar>,
    began: Instant,
}

impl Progress {
    /// Bars, or nothing.
    pub(super) fn new(shown: bool) -> Self {
        let bars = shown.then(|| Bars {
            all: MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(HERTZ)),
            tables: HashMap::new(),
            stream: None,
            began: Instant::now(),
        });
        Self { bars, last: Instant::now() }
    }

    /// A snapshot of `tables` begins.
    pub(super) fn snapshot(&mut self, tables: &[TableInfo]) {
        let Some(bars) = &mut self.bars else { return };
        for table in tables {
            // An estimate below zero: nobody has counted yet.
            let estimate = (table.rows >= 1.0).then_some(table.rows as u64);
            let bar = match estimate {
                Some(rows) => ProgressBar::new(rows)
                    .with_style(style("{prefix:28!} {bar:24} {human_pos} of about {human_len} rows")),
                None => ProgressBar::no_length().with_style(style("{prefix:28!} {spinner} {human_pos} rows")),
            };
            bars.tables.insert(table.table.oid, bars.all.add(bar.with_prefix(table.table.name.to_string())));
        }
    }

    /// When a batch was last on its way to the sink; the beginning before the first.
    pub(super) fn last(&self) -> Instant {
        self.last
    }

    /// A batch is on its way to the sink; `report` has counted it.
    pub(super) fn saw(&mut self, batch: &ChangeBatch, report: &Report) {
        self.last = Instant::now();
        let Some(bars) = &mut self.bars else { return };
        let mut reads: HashMap<u32, u64> = HashMap::new();
        for event in batch.events() {
            match event {
                Event::Change(change) if change.op() == pg_cdc_core::batch::Op::Read => {
                    *reads.entry(change.table().oid).or_default() += 1;
                }
                Event::TableDone { table, rows, .. } => {
                    if let Some(bar) = bars.tables.get(&table.oid) {
                        bar.set_length(rows);
                        bar.set_position(rows);
                        bar.finish();
                    }
                }
                Event::TableRestarted { table } => {
                    if let Some(bar) = bars.tables.get(&table.oid) {
                        bar.set_position(0);
                    }
                }
                _ => {}
            }
        }
        for (table, rows) in reads {
            if let Some(bar) = bars.tables.get(&table) {
                bar.inc(rows);
            }
        }
        if bars.stream.is_some() || report.changes > 0 {
            bars.streamed(batch, report);
        }
    }

    /// Takes the bars away.
    pub(super) fn finish(&mut self) {
        if let Some(bars) = &self.bars {
            for bar in bars.tables.values().chain(&bars.stream) {
                bar.finish();
            }
        }
    }
}

impl Bars {
    fn streamed(&mut self, batch: &ChangeBatch, report: &Report) {
        let line = self.stream.get_or_insert_with(|| {
            let line = self.all.add(ProgressBar::no_length().with_style(style("{spinner} {msg}")));
            line.enable_steady_tick(Duration::from_millis(250));
            line
        });
        let seconds = self.began.elapsed().as_secs_f64().max(0.001);
        let megabytes = report.bytes as f64 / 1e6;
        let at = batch.position().map(ToString::to_string).unwrap_or_default();
        line.set_message(format!(
            "{} changes in {} transactions, {megabytes:.1} MB ({:.1} MB/s), at {at}",
            report.changes,
            report.transactions,
            megabytes / seconds
        ));
    }
}

/// The templates are fixed; one that would not parse falls back to indicatif's own.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
