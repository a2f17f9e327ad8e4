//! Which part of the log is mined next, and where mining may start again. Pure.

use crate::Lsn;

/// Which transactions are at work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Running {
    /// Those that have an id and have not ended. What others write, they write later than this was asked.
    pub(super) ids: Vec<i64>,
    /// All that have ended have a lower id; it grows with each that ends, but for those in `ids`.
    pub(super) ended_below: u64,
}

/// What the server says of itself at one moment, asked for in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Moment {
    /// Everything before is on disk.
    pub(super) flushed: Lsn,
    pub(super) running: Running,
    /// Everything that has ended is before.
    pub(super) inserted: Lsn,
}

/// A place that becomes a start once those that were running there have ended, and were delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    lsn: Lsn,
    /// Those that were running, as far as they still are.
    running: Vec<i64>,
    /// Before this all of them have ended.
    ended: Option<Lsn>,
}

/// The windows of version 3: from the last start to what is on disk.
#[derive(Debug, Clone)]
pub(super) struct Windows {
    start: Lsn,
    mined: Lsn,
    mark: Option<Mark>,
    /// Where nothing was running at the moment of the window that is being mined: what [`Running`] said, and what had
    /// been written.
    quiet: Option<(u64, Lsn)>,
    /// What `ended_below` is as long as nothing happens but mining itself.
    idle: Option<u64>,
}

impl Windows {
    pub(super) fn new(start: Lsn) -> Self {
        Self { start, mined: start, mark: None, quiet: None, idle: None }
    }

    /// The window to be mined next, as of `now`: at most `most` bytes further than before, and not beyond `until`. `None`
    /// where nothing was written since, or nothing but by mining itself, which is worth mining only to get to an end.
    pub(super) fn next(&mut self, now: Moment, most: Option<u64>, until: Option<Lsn>) -> Option<(Lsn, Lsn)> {
        let Moment { flushed, running, inserted } = now;
        let is_quiet = running.ids.is_empty();
        match &mut self.mark {
            Some(mark) if mark.ended.is_none() => {
                mark.running.retain(|id| running.ids.contains(id));
                mark.ended = mark.running.is_empty().then_some(inserted);
            }
            Some(_) => {}
            None => {
                let ended = is_quiet.then_some(inserted);
                self.mark = Some(Mark { lsn: flushed, running: running.ids, ended });
            }
        }
        if until.is_none() && is_quiet && self.idle == Some(running.ended_below) {
            return None;
        }
        self.quiet = is_quiet.then_some((running.ended_below, inserted));
        let furthest = most.map_or(Lsn::MAX, |most| Lsn::new(self.mined.as_u64().saturating_add(most)));
        let end = flushed.min(furthest).min(until.unwrap_or(Lsn::MAX));
        (end > self.mined).then_some((self.start, end))
    }

    /// Everything before `end` was mined and delivered, in `own` transactions. Gives the new start, if there is one.
    pub(super) fn done(&mut self, end: Lsn, own: u64) -> Option<Lsn> {
        self.mined = self.mined.max(end);
        let whole = self.quiet.filter(|(_, inserted)| *inserted <= end);
        self.idle = whole.map(|(ended_below, _)| ended_below + own);
        let mark = self.mark.take_if(|mark| mark.ended.is_some_and(|ended| ended <= self.mined))?;
        (mark.lsn > self.start).then(|| {
            self.start = mark.lsn;
            mark.lsn
        })
    }

    /// How far mining has come.
    pub(super) fn mined(&self) -> Lsn {
        self.mined
    }
}

/// The files of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Segments {
    /// `wal_segment_size`.
    pub(super) size: u64,
    pub(super) timeline: u32,
}

impl Segments {
    /// The start of the segment that `lsn` is in.
    pub(super) fn start_of(self, lsn: Lsn) -> Lsn {
        Lsn::new(lsn.as_u64() - lsn.as_u64() % self.size.max(1))
    }

    /// The end of the segment that ends at or after `lsn`.
    pub(super) fn end_of(self, lsn: Lsn) -> Lsn {
        let start = self.start_of(lsn);
        if start == lsn { lsn } else { Lsn::new(start.as_u64().saturating_add(self.size)) }
    }

    /// Names of the segments from `start` up to `end`, both starts of segments.
    pub(super) fn names(self, start: Lsn, end: Lsn) -> impl Iterator<Item = String> {
        let size = self.size.max(1);
        // XLogSegmentsPerXLogId
        let each = (0x1_0000_0000 / size).max(1);
        let timeline = self.timeline;
        (start.as_u64() / size..end.as_u64() / size)
            .map(move |number| format!("{timeline:08X}{:08X}{:08X}", number / each, number % each))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn moment(flushed: u64, ids: &[i64], ended_below: u64, inserted: u64) -> Moment {
        let running = Running { ids: ids.to_vec(), ended_below };
        Moment { flushed: Lsn::new(flushed), running, inserted: Lsn::new(inserted) }
    }

    fn window(start: u64, end: u64) -> Option<(Lsn, Lsn)> {
        Some((Lsn::new(start), Lsn::new(end)))
    }

    #[test]
    fn an_idle_server_lets_every_window_start_where_the_last_ended() {
        let mut windows = Windows::new(Lsn::new(100));
        assert_eq!(windows.next(moment(200, &[], 9, 200), None, None), window(100, 200));
        assert_eq!(windows.done(Lsn::new(200), 1), Some(Lsn::new(200)));
        assert_eq!(windows.next(moment(200, &[], 9, 200), None, None), None);
        // Only mining itself was at work, then somebody else too.
        assert_eq!(windows.next(moment(300, &[], 10, 300), None, None), None);
        assert_eq!(windows.next(moment(300, &[], 10, 300), None, Some(Lsn::new(290))), window(200, 290));
        assert_eq!(windows.next(moment(400, &[], 11, 400), None, None), window(200, 400));
    }

    #[test]
    fn a_start_waits_for_those_that_were_running_there() {
        let mut windows = Windows::new(Lsn::new(100));
        // 9, the last that has an id, is as much at work as 7.
        assert_eq!(windows.next(moment(200, &[7, 9], 9, 210), None, None), window(100, 200));
        assert_eq!(windows.done(Lsn::new(200), 1), None);
        // 7 and 9 have ended by 310, and that is not on disk yet.
        assert_eq!(windows.next(moment(300, &[11], 11, 310), None, None), window(100, 300));
        assert_eq!(windows.done(Lsn::new(300), 1), None);
        assert_eq!(windows.next(moment(400, &[11], 12, 400), None, None), window(100, 400));
        assert_eq!(windows.done(Lsn::new(400), 1), Some(Lsn::new(200)));
        assert_eq!(windows.next(moment(500, &[11], 12, 500), None, None), window(200, 500));
    }

    #[test]
    fn a_window_is_no_longer_than_it_may_be_and_ends_at_the_end() {
        let mut windows = Windows::new(Lsn::new(100));
        let now = moment(1000, &[], 9, 1000);
        assert_eq!(windows.next(now.clone(), Some(300), None), window(100, 400));
        assert_eq!(windows.done(Lsn::new(400), 1), None);
        assert_eq!(windows.next(now.clone(), Some(300), Some(Lsn::new(450))), window(100, 450));
        assert_eq!(windows.done(Lsn::new(450), 1), None);
        assert_eq!(windows.next(now, Some(900), None), window(100, 1000));
        assert_eq!(windows.done(Lsn::new(1000), 1), Some(Lsn::new(1000)));
    }

    #[test]
    fn segments_have_the_names_of_their_files() {
        let segments = Segments { size: 16 << 20, timeline: 3 };
        let names = |start, end| segments.names(Lsn::new(start), Lsn::new(end)).collect::<Vec<_>>();
        assert_eq!(
            names(0x1_FE00_0000, 0x2_0100_0000),
            ["0000000300000001000000FE", "0000000300000001000000FF", "000000030000000200000000",]
        );
        assert!(names(0x0100_0000, 0x0100_0000).is_empty());
        assert_eq!(segments.start_of(Lsn::new(0x0123_4567)), Lsn::new(0x0100_0000));
        assert_eq!(segments.end_of(Lsn::new(0x0123_4567)), Lsn::new(0x0200_0000));
        assert_eq!(segments.end_of(Lsn::new(0x0200_0000)), Lsn::new(0x0200_0000));
        let largest = Segments { size: 1 << 30, timeline: 1 };
        let names: Vec<_> = largest.names(Lsn::new(3 << 30), Lsn::new(5 << 30)).collect();
        assert_eq!(names, ["000000010000000000000003", "000000010000000100000000"]);
    }
}
