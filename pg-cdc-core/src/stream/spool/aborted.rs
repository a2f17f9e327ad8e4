//! Which subtransactions are taken back.

use std::collections::HashMap;

/// The aborted subtransactions of one transaction.
///
/// Ids of savepoints that are set in a loop lie close together: 64 neighbours share an entry, and one alone costs
/// sixteen bytes.
#[derive(Debug, Default)]
pub(super) struct Aborted {
    by_64: HashMap<u32, u64>,
    /// Those with frames behind their abort: up to which frame it counts. PostgreSQL gives what follows a savepoint that
    /// was rolled back to a new id, so this is empty with every server we know.
    revived: HashMap<u32, u64>,
}

/// What becomes of a subtransaction's frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Keep,
    Drop,
    /// Those with a lower number are dropped.
    DropBefore(u64),
}

impl Verdict {
    /// Whether the transaction's frame `number` survives.
    #[inline]
    pub(super) fn keeps(self, number: u64) -> bool {
        match self {
            Self::Keep => true,
            Self::Drop => false,
            Self::DropBefore(first) => number >= first,
        }
    }
}

impl Aborted {
    /// Takes back every frame of `sub_xid` so far.
    pub(super) fn insert(&mut self, sub_xid: u32) {
        *self.by_64.entry(sub_xid >> 6).or_default() |= bit(sub_xid);
    }

    /// A frame of `sub_xid` comes when the transaction has `frames`: what comes from here on is not taken back.
    #[inline]
    pub(super) fn revive(&mut self, sub_xid: u32, frames: u64) {
        if self.by_64.is_empty() {
            return;
        }
        if let Some(word) = self.by_64.get_mut(&(sub_xid >> 6)).filter(|word| **word & bit(sub_xid) != 0) {
            *word &= !bit(sub_xid);
            self.revived.insert(sub_xid, frames);
        }
    }

    /// What becomes of the frames of `sub_xid`.
    pub(super) fn verdict(&self, sub_xid: u32) -> Verdict {
        if self.by_64.get(&(sub_xid >> 6)).is_some_and(|word| word & bit(sub_xid) != 0) {
            return Verdict::Drop;
        }
        self.revived.get(&sub_xid).map_or(Verdict::Keep, |first| Verdict::DropBefore(*first))
    }
}

fn bit(sub_xid: u32) -> u64 {
    1 << (sub_xid & 63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_share_an_entry() {
        let mut aborted = Aborted::default();
        (0..64_000).step_by(2).for_each(|sub_xid| aborted.insert(sub_xid));
        assert_eq!(aborted.by_64.len(), 1000);
        assert_eq!(aborted.verdict(62), Verdict::Drop);
        assert_eq!(aborted.verdict(63), Verdict::Keep);
    }

    #[test]
    fn what_follows_an_abort_survives_until_the_next() {
        let mut aborted = Aborted::default();
        aborted.insert(5);
        aborted.revive(5, 3);
        let verdict = aborted.verdict(5);
        assert!(!verdict.keeps(2) && verdict.keeps(3));
        aborted.insert(5);
        assert!(!aborted.verdict(5).keeps(3));
        aborted.revive(5, 7);
        assert!(!aborted.verdict(5).keeps(6) && aborted.verdict(5).keeps(7));
    }
}
