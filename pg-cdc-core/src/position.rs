//! Where in a source's changes a reader stands.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{Lsn, TableName};

/// The cluster and the history that a position belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ServerId {
    /// `system_identifier` of `pg_control_system()`: one for a cluster and its replicas.
    pub system_id: u64,
    /// The timeline, raised by every promotion and point-in-time recovery.
    pub timeline: u32,
}

/// An exact place in a source: all changes up to it are delivered, none after it.
///
/// Positions of one source and one cluster are ordered; of different ones they are not
/// ([`partial_cmp`](PartialOrd::partial_cmp) gives `None`). It serialises as JSON for a state store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Position {
    /// The source's name.
    pub source: Arc<str>,
    /// The cluster.
    #[serde(flatten)]
    pub server: ServerId,
    /// The last transaction of which anything was delivered: the start of its commit record where the plugin tells
    /// it, else its end.
    pub commit_lsn: Lsn,
    /// How much of that transaction: up to and with this index; `None` for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// Every transaction whose commit record ends at or before this was delivered whole: what the server is told,
    /// and where replication starts again.
    pub confirmed: Lsn,
    /// What is done of the snapshot, while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<Arc<SnapshotProgress>>,
}

/// How far a snapshot has come.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SnapshotProgress {
    /// Tables whose rows have all been handed out.
    pub tables_done: Vec<TableName>,
}

impl Position {
    /// The place where everything before `confirmed` is delivered, and nothing of what was committed later.
    #[must_use]
    pub fn at(source: Arc<str>, server: ServerId, confirmed: Lsn) -> Self {
        Self { source, server, commit_lsn: Lsn::ZERO, seq: None, confirmed, snapshot: None }
    }

    /// How much of the transaction that commits at `commit_lsn` a reader that resumes here passes over: the number
    /// of its changes, `u64::MAX` for all.
    #[must_use]
    pub fn delivered_of(&self, commit_lsn: Lsn) -> u64 {
        match commit_lsn.cmp(&self.commit_lsn) {
            Ordering::Less => u64::MAX,
            Ordering::Equal => self.seq.map_or(u64::MAX, |seq| seq + 1),
            Ordering::Greater => 0,
        }
    }

    /// Whether the last transaction was delivered whole.
    #[must_use]
    pub fn is_between_transactions(&self) -> bool {
        self.seq.is_none()
    }
}

impl PartialOrd for Position {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        if self.source != other.source || self.server.system_id != other.server.system_id {
            return None;
        }
        let rank = |position: &Self| {
            let done = position.snapshot.as_ref().map_or(usize::MAX, |snapshot| snapshot.tables_done.len());
            (done, position.commit_lsn, position.seq.unwrap_or(u64::MAX), position.confirmed)
        };
        let order = rank(self).cmp(&rank(other));
        (order != Ordering::Equal || self == other).then_some(order)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.snapshot, self.seq) {
            (Some(snapshot), _) => write!(f, "snapshot, {} tables done", snapshot.tables_done.len()),
            (None, Some(seq)) => write!(f, "commit {} change {seq}", self.commit_lsn),
            (None, None) => write!(f, "{}", self.confirmed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(commit: u64, seq: Option<u64>) -> Position {
        let server = ServerId { system_id: 7, timeline: 1 };
        let mut position = Position::at("shop".into(), server, Lsn::new(10));
        position.commit_lsn = Lsn::new(commit);
        position.seq = seq;
        position
    }

    #[test]
    fn a_whole_transaction_comes_after_every_change_in_it() {
        assert!(at(5, Some(0)) < at(5, Some(1)));
        assert!(at(5, Some(9)) < at(5, None));
        assert!(at(5, None) < at(6, Some(0)));
    }

    #[test]
    fn positions_of_other_clusters_are_not_ordered() {
        let mut other = at(5, None);
        other.server.system_id = 8;
        assert_eq!(at(5, None).partial_cmp(&other), None);
    }

    #[test]
    fn resuming_passes_over_what_was_delivered_and_nothing_else() {
        let position = at(5, Some(2));
        assert_eq!(position.delivered_of(Lsn::new(4)), u64::MAX);
        assert_eq!(position.delivered_of(Lsn::new(5)), 3);
        assert_eq!(position.delivered_of(Lsn::new(6)), 0);
        assert_eq!(at(5, None).delivered_of(Lsn::new(5)), u64::MAX);
    }

    #[test]
    fn survives_json() {
        let position = at(5, Some(2));
        let json = serde_json::to_string(&position).unwrap();
        assert_eq!(serde_json::from_str::<Position>(&json).unwrap(), position);
    }
}
