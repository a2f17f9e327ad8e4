//! Which subtransaction a logical message in a streamed transaction belongs to.
//!
//! `pgoutput_message` gives a message the id of the whole transaction, not that of the subtransaction that it was emitted
//! in. So it is taken to belong to that of the change before it. Where it may as well belong to one that begins later
//! and is rolled back, nobody can tell from what is streamed, and [`Fate::Unclear`] says so.

use std::collections::HashSet;

/// How many subtransactions that may still be open are known, of one transaction.
const RECENT: usize = 256;
/// How many that may hold a message are told apart; beyond, each may.
const DOUBTFUL: usize = 4096;

/// The subtransactions of one transaction, as far as its changes tell of them.
#[derive(Debug, Default)]
pub(super) struct Savepoints {
    /// Those of the last changes, the newest last, each within those before it or after their release.
    recent: Vec<u32>,
    doubt: Doubt,
}

/// Messages that may belong to a subtransaction of which no change had come before them.
#[derive(Debug, Default)]
struct Doubt {
    /// How many of the recent ones were known when the first message came that none of them has changed anything since:
    /// with a change of one of those, all that began in between has ended.
    since: Option<usize>,
    /// Those whose first change came while there was such a message.
    subs: HashSet<u32>,
    all: bool,
}

/// Whether a rollback takes back just what is known to belong to the subtransaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does.
    Clear,
    /// It may take back a message of another's, too.
    Unclear,
}

impl Savepoints {
    /// The subtransaction `sub` of `top` changes something.
    #[inline]
    pub(super) fn change(&mut self, top: u32, sub: u32) {
        if self.recent.last() != Some(&sub) || self.doubt.since.is_some() {
            self.change_another(top, sub);
        }
    }

    fn change_another(&mut self, top: u32, sub: u32) {
        if sub == top {
            // Those before are released: they end as it does.
            self.recent.clear();
            self.doubt.since = None;
        } else if let Some(at) = self.recent.iter().rposition(|&known| known == sub) {
            self.recent.truncate(at + 1);
            self.doubt.since.take_if(|known| at < *known);
        } else {
            if self.recent.len() == RECENT {
                self.recent.remove(0);
                self.doubt.since = self.doubt.since.map(|known| known.saturating_sub(1));
            }
            self.recent.push(sub);
            if self.doubt.since.is_some() {
                self.doubt.all |= self.doubt.subs.len() == DOUBTFUL;
                if !self.doubt.all {
                    self.doubt.subs.insert(sub);
                }
            }
        }
    }

    /// A message comes; gives the subtransaction that it is taken to belong to, if it is in one.
    pub(super) fn message(&mut self) -> Option<u32> {
        self.doubt.since.get_or_insert(self.recent.len());
        self.recent.last().copied()
    }

    /// The subtransaction `sub` is rolled back.
    pub(super) fn roll_back(&mut self, sub: u32) -> Fate {
        let at = self.recent.iter().position(|&known| known == sub);
        if let Some(at) = at {
            self.recent.truncate(at);
            // The message is gone with the one that it is taken to belong to.
            self.doubt.since.take_if(|known| at < *known);
        }
        let is_new = at.is_none() && self.doubt.since.is_some();
        if is_new || self.doubt.all || self.doubt.subs.contains(&sub) { Fate::Unclear } else { Fate::Clear }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: u32 = 100;

    fn after(changes: &[u32]) -> Savepoints {
        let mut savepoints = Savepoints::default();
        changes.iter().for_each(|sub| savepoints.change(TOP, *sub));
        savepoints
    }

    #[test]
    fn a_message_belongs_to_the_change_before_it() {
        assert_eq!(after(&[TOP]).message(), None);
        assert_eq!(after(&[TOP, 101, 102]).message(), Some(102));
        assert_eq!(after(&[101, 102, 101]).message(), Some(101));
        assert_eq!(after(&[101, 102, TOP]).message(), None);
    }

    #[test]
    fn what_is_rolled_back_with_its_change_is_clear() {
        let mut savepoints = after(&[TOP, 101]);
        savepoints.message();
        assert_eq!(savepoints.roll_back(101), Fate::Clear);
        // And nothing is in doubt any more.
        savepoints.change(TOP, 102);
        assert_eq!(savepoints.roll_back(102), Fate::Clear);
    }

    #[test]
    fn a_message_before_the_first_change_of_what_is_rolled_back_is_unclear() {
        let mut savepoints = after(&[TOP]);
        savepoints.message();
        savepoints.change(TOP, 101);
        savepoints.change(TOP, 101);
        savepoints.change(TOP, 102);
        assert_eq!(savepoints.roll_back(102), Fate::Unclear);
        assert_eq!(savepoints.roll_back(101), Fate::Unclear);
        // Of one that changed nothing it may be all there was.
        let mut savepoints = after(&[TOP]);
        savepoints.message();
        assert_eq!(savepoints.roll_back(101), Fate::Unclear);
    }

    #[test]
    fn a_change_of_what_was_there_before_clears_the_doubt() {
        for known in [TOP, 101] {
            let mut savepoints = after(&[TOP, 101, 102]);
            savepoints.change(TOP, 101);
            savepoints.message();
            savepoints.change(TOP, known);
            savepoints.change(TOP, 103);
            assert_eq!(savepoints.roll_back(103), Fate::Clear);
        }
    }

    #[test]
    fn one_that_began_before_a_message_but_changes_only_after_what_it_holds_is_unclear() {
        let mut savepoints = after(&[TOP]);
        // 101 is set, the message emitted, 102 set within, changed and released; then 101 changes.
        savepoints.message();
        savepoints.change(TOP, 102);
        savepoints.change(TOP, 101);
        assert_eq!(savepoints.roll_back(101), Fate::Unclear);
    }

    #[test]
    fn memory_is_bounded() {
        let mut savepoints = after(&[TOP]);
        savepoints.message();
        (101..20_000).for_each(|sub| savepoints.change(TOP, sub));
        assert!(savepoints.recent.len() <= RECENT && savepoints.doubt.subs.len() <= DOUBTFUL);
        assert_eq!(savepoints.roll_back(19_999), Fate::Unclear);
        // One that is no longer known by heart counts as new.
        let mut savepoints = after(&(101..1000).collect::<Vec<_>>());
        savepoints.message();
        savepoints.change(TOP, 101);
        assert_eq!(savepoints.roll_back(101), Fate::Unclear);
    }
}
