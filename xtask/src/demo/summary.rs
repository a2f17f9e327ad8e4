//! Rows, changes, lag and bytes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pg_cdc_testkit::replay::Replay;

use super::terminal::Terminal;

/// One of the two parts of a pipeline's life.
#[derive(Default)]
struct Part {
    lines: u64,
    bytes: u64,
    time: Option<(Instant, Instant)>,
}

impl Part {
    fn add(&mut self, bytes: usize) {
        let now = Instant::now();
        self.lines += 1;
        self.bytes += bytes as u64 + 1;
        self.time = Some((self.time.map_or(now, |(begun, _)| begun), now));
    }

    /// From the first line to the last.
    fn seconds(&self) -> f64 {
        self.time.map_or(0.0, |(begun, last)| (last - begun).as_secs_f64())
    }

    #[expect(clippy::cast_precision_loss, reason = "figures for a person")]
    fn rates(&self) -> String {
        let seconds = self.seconds().max(1e-3);
        let (lines, megabytes) = (self.lines as f64 / seconds, self.bytes as f64 / 1e6 / seconds);
        format!("in {:.1} s: {lines:.0} a second, {megabytes:.2} MB/s", self.seconds())
    }
}

#[derive(Default)]
pub(super) struct Summary {
    snapshot: Part,
    stream: Part,
    /// From commit to here, one for each change.
    lags: Vec<Duration>,
}

impl Summary {
    /// A line of the snapshot or the stream; `ts` is its time in microseconds since 1970.
    pub(super) fn add(&mut self, snapshot: bool, ts: i64, bytes: usize) {
        if snapshot {
            self.snapshot.add(bytes);
            return;
        }
        self.stream.add(bytes);
        let commit = UNIX_EPOCH + Duration::from_micros(u64::try_from(ts).unwrap_or(0));
        self.lags.push(SystemTime::now().duration_since(commit).unwrap_or_default());
    }

    /// What the snapshot came to.
    pub(super) fn snapshot_figures(&self) -> String {
        format!("{} rows {}", self.snapshot.lines, self.snapshot.rates())
    }

    /// Where the stream stands.
    #[expect(clippy::cast_precision_loss, reason = "figures for a person")]
    pub(super) fn stream_figures(&self) -> String {
        let lag = self.lags.last().map_or(0.0, |lag| lag.as_secs_f64() * 1e3);
        let (lines, megabytes) = (self.stream.lines, self.stream.bytes as f64 / 1e6);
        format!("{lines} changes so far, {megabytes:.1} MB, the last {lag:.1} ms after its commit")
    }

    pub(super) fn print(&mut self, replay: &Replay, committed: u64, terminal: Terminal) {
        let counts = replay.counts();
        let line =
            |name: &str, text: String| println!("{}  {text}", terminal.paint("36", &format!("{name:<8}")));
        line("snapshot", format!("{} rows {}", counts.reads, self.snapshot.rates()));
        line("stream", format!("{} changes {}", self.stream.lines, self.stream.rates()));
        line(
            "",
            format!(
                "{} inserts, {} updates, {} deletes in {} transactions",
                counts.inserts, counts.updates, counts.deletes, counts.transactions
            ),
        );
        self.lags.sort_unstable();
        let at = |percent: usize| {
            self.lags.get((self.lags.len() * percent / 100).min(self.lags.len().saturating_sub(1)))
        };
        if let (Some(median), Some(late), Some(latest)) = (at(50), at(99), self.lags.last()) {
            let text = format!("median {median:.1?}, 99 % within {late:.1?}, most {latest:.1?}");
            line("lag", format!("{text} after the commit"));
        }
        let note = "some before the stream or without a change";
        line("workload", format!("{committed} transactions, {note}"));
    }
}
