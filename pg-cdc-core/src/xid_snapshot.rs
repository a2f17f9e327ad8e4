//! Which transactions a snapshot shows, by their ids.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What `pg_current_snapshot()`, before 13 `txid_current_snapshot()`, says of a snapshot: which transactions it shows.
///
/// It ties a snapshot to changes whose transaction is known, and that exactly: an LSN read beside a snapshot does not, for
/// a commit record is in the log before the commit can be seen, long before where it waits for a synchronous standby.
/// On a standby it does not know of the primary's transactions.
///
/// ```
/// let snapshot: pg_cdc_core::XidSnapshot = "100:104:100,102".parse()?;
/// assert!(snapshot.shows(99) && snapshot.shows(101));
/// assert!(!snapshot.shows(100) && !snapshot.shows(104));
/// # Ok::<(), pg_cdc_core::ParseXidSnapshotError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XidSnapshot {
    /// All before this have ended.
    xmin: u64,
    /// From this on none has begun.
    xmax: u64,
    /// Those between the two that had not ended, in ascending order.
    in_progress: Vec<u64>,
}

/// The text is no snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a snapshot as xmin:xmax:xid,…")]
pub struct ParseXidSnapshotError;

impl XidSnapshot {
    /// Whether it shows what the transaction `xid` did, if that was committed. As the log has them, ids are without their
    /// epoch: one is taken for the nearest to the snapshot, as PostgreSQL does.
    #[must_use]
    pub fn shows(&self, xid: u32) -> bool {
        let behind = (self.xmax as u32).wrapping_sub(xid).cast_signed();
        // Of before the first epoch there is nothing.
        let Some(xid) = self.xmax.checked_add_signed(-i64::from(behind)) else { return true };
        xid < self.xmin || (xid < self.xmax && self.in_progress.binary_search(&xid).is_err())
    }
}

impl FromStr for XidSnapshot {
    type Err = ParseXidSnapshotError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let number = |text: &str| text.parse::<u64>().map_err(|_| ParseXidSnapshotError);
        let mut parts = text.splitn(3, ':');
        let mut next = || parts.next().ok_or(ParseXidSnapshotError);
        let (xmin, xmax, listed) = (number(next()?)?, number(next()?)?, next()?);
        let listed = listed.split(',').filter(|_| !listed.is_empty());
        let in_progress = listed.map(number).collect::<Result<Vec<_>, _>>()?;
        let within = in_progress.iter().all(|xid| (xmin..xmax).contains(xid));
        if xmin > xmax || !within || !in_progress.is_sorted_by(|a, b| a < b) {
            return Err(ParseXidSnapshotError);
        }
        Ok(Self { xmin, xmax, in_progress })
    }
}

impl fmt::Display for XidSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:", self.xmin, self.xmax)?;
        for (at, xid) in self.in_progress.iter().enumerate() {
            write!(f, "{}{xid}", if at == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl Serialize for XidSnapshot {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for XidSnapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshot(text: &str) -> XidSnapshot {
        text.parse().unwrap()
    }

    #[test]
    fn what_had_not_ended_is_not_shown() {
        let of = snapshot("10:15:10,12");
        let shown: Vec<u32> = (8..17).filter(|&xid| of.shows(xid)).collect();
        assert_eq!(shown, [8, 9, 11, 13, 14]);
        assert!(snapshot("15:15:").shows(14) && !snapshot("15:15:").shows(15));
    }

    #[test]
    fn an_id_is_of_the_epoch_that_is_nearest() {
        const EPOCH: u64 = 1 << 32;
        let of = snapshot(&format!("{}:{}:{}", 5 * EPOCH - 3, 5 * EPOCH + 2, 5 * EPOCH - 2));
        assert!(of.shows(u32::MAX - 2) && !of.shows(u32::MAX - 1) && of.shows(u32::MAX));
        assert!(of.shows(0) && of.shows(1) && !of.shows(2) && !of.shows(1 << 30));
        // Of the first epoch, nothing is before.
        let of = snapshot("3:3:");
        assert!(of.shows(2) && !of.shows(3) && of.shows(u32::MAX));
    }

    #[test]
    fn text_and_state_come_back() {
        for text in ["3:3:", "10:15:10", "10:15:10,12,14", "18446744073709551614:18446744073709551615:"] {
            assert_eq!(snapshot(text).to_string(), text);
            let json = serde_json::to_string(&snapshot(text)).unwrap();
            assert_eq!(json, format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<XidSnapshot>(&json).unwrap(), snapshot(text));
        }
    }

    #[test]
    fn what_is_none_is_refused() {
        let bad = [
            "", "1", "1:2", "a:2:", "1:b:", "2:1:", "1:5:0", "1:5:5", "1:5:3,2", "1:5:2,2", "1:5:2,", "1:5:,",
        ];
        for text in bad {
            assert_eq!(text.parse::<XidSnapshot>(), Err(ParseXidSnapshotError), "{text}");
        }
    }
}
