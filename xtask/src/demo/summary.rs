//! Rows, changes, lag and bytes.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use pg_cdc_testkit::replay::Replay;

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
        format!("in {:.1} s: {lines:.0}/s, {megabytes:.2} MB/s", self.seconds())
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

    pub(super) fn rows(&self) -> u64 {
        self.snapshot.lines
    }

    /// Where we stand, in a line.
    pub(super) fn figures(&self) -> String {
        let lag =
            self.lags.last().map(|l| format!(", {:.1} ms behind", l.as_secs_f64() * 1e3)).unwrap_or_default();
        format!("{} rows, {} changes{lag}", self.snapshot.lines, self.stream.lines)
    }

    pub(super) fn print(&mut self, replay: &Replay, committed: u64) {
        let counts = replay.counts();
        println!();
        println!("snapshot  {} rows {}", counts.reads, self.snapshot.rates());
        println!(
            "stream    {} changes ({} inserts, {} updates, {} deletes) of {} transactions {}",
            self.stream.lines,
            counts.inserts,
            counts.updates,
            counts.deletes,
            counts.transactions,
            self.stream.rates()
        );
        println!(
            "workload  {committed} transactions, also those that changed nothing or came before the stream"
        );
        self.lags.sort_unstable();
        let at = |percent: usize| {
            self.lags.get((self.lags.len() * percent / 100).min(self.lags.len().saturating_sub(1)))
        };
        if let (Some(median), Some(late), Some(latest)) = (at(50), at(99), self.lags.last()) {
            println!(
                "lag       from commit to here: median {median:.1?}, 99 % within {late:.1?}, at most {latest:.1?}"
            );
        }
    }
}
