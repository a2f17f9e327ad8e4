//! Which Relation message holds, where transactions are decoded in another order than they came in.
//!
//! The server keeps account of what it has announced (`RelationSyncEntry` in `pgoutput.c`): for a transaction in progress
//! apart from the others until it commits, then for all; for a prepared one for all at once. So a change may rely on a
//! Relation message that is kept with another transaction, and one that is decoded late may be older than what holds
//! since. What holds between transactions is the message that came last, in whatever transaction was not taken back.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{DecodeError, Decoder, Frame, Outcome, Tables};

use super::relation::Relations;
use super::{PLUGIN, PgOutput, TAG};
use crate::cursor::{Cursor, Fault, What};

/// When a Relation message came: a higher number than those before it.
pub(super) type Arrival = u64;

/// A Relation message that holds for all transactions that come now.
#[derive(Debug, Clone)]
pub(super) struct Holding {
    arrival: Arrival,
    message: Bytes,
    /// Whether the decoder's relation is made of it. If not, it is decoded when somebody needs it: the server may well
    /// announce the relation anew before.
    is_decoded: bool,
}

/// What a kept transaction has to say of relations.
#[derive(Debug, Default)]
pub(super) struct Words {
    /// When its last message of each relation came; only those that hold for all once it commits.
    pub(super) own: HashMap<u32, Arrival>,
    /// What held when it came, of the relations that it uses without a message of its own.
    used: HashMap<u32, Holding>,
}

/// The Relation messages of the connection.
#[derive(Debug, Default)]
pub(super) struct Announced {
    clock: Arrival,
    holding: HashMap<u32, Holding>,
    replay: Option<Replay>,
    /// A message is decoded out of turn: it is accounted for already.
    is_aside: bool,
}

/// A kept transaction that is being decoded.
#[derive(Debug)]
struct Replay {
    own: HashMap<u32, Arrival>,
    /// Messages that held when it came and do no more.
    older: HashMap<u32, Bytes>,
    /// Relations that were announced since: at its end they are as that message says again.
    newer: HashSet<u32>,
}

impl Announced {
    /// A kept transaction announces something: the number of the message.
    pub(super) fn arrive(&mut self) -> Arrival {
        self.clock += 1;
        self.clock
    }

    /// A prepared transaction announces `oid`, for all.
    pub(super) fn arrive_prepared(
        &mut self,
        oid: u32,
        message: &[u8],
        words: &mut Words,
        known: &mut Relations,
    ) {
        let arrival = self.arrive();
        let message = Bytes::copy_from_slice(message);
        self.holding.insert(oid, Holding { arrival, message, is_decoded: false });
        words.own.insert(oid, arrival);
        known.remove(oid);
    }

    /// A prepared transaction changes rows of `oid`.
    pub(super) fn use_prepared(&self, oid: u32, words: &mut Words) {
        if !words.own.contains_key(&oid)
            && !words.used.contains_key(&oid)
            && let Some(holding) = self.holding.get(&oid)
        {
            words.used.insert(oid, holding.clone());
        }
    }

    /// What is decoded from here on is the kept transaction that has said `words`, up to its commit.
    pub(super) fn replay(&mut self, words: Words, known: &mut Relations) {
        let (mut older, mut newer) = (HashMap::new(), HashSet::new());
        for (oid, used) in words.used {
            if self.holding.get(&oid).is_some_and(|holding| holding.arrival != used.arrival) {
                known.remove(oid);
                newer.insert(oid);
                older.insert(oid, used.message);
            }
        }
        self.replay = Some(Replay { own: words.own, older, newer });
    }

    #[inline]
    pub(super) fn is_replaying(&self) -> bool {
        self.replay.is_some()
    }

    /// A Relation message is decoded, and is about to replace what is known.
    pub(super) fn take_in(&mut self, oid: u32, message: &[u8]) {
        if self.is_aside {
            return;
        }
        let arrival = match &mut self.replay {
            None => self.arrive(),
            Some(replay) => {
                replay.older.remove(&oid);
                let arrival = replay.own.get(&oid).copied().unwrap_or_default();
                if self.holding.get(&oid).is_some_and(|holding| holding.arrival > arrival) {
                    replay.newer.insert(oid);
                    return;
                }
                replay.newer.remove(&oid);
                arrival
            }
        };
        let message = Bytes::copy_from_slice(message);
        self.holding.insert(oid, Holding { arrival, message, is_decoded: true });
    }

    /// The message that announces `oid` and is not decoded.
    fn undecoded(&self, oid: u32) -> Option<Bytes> {
        let older = self.replay.as_ref().and_then(|replay| replay.older.get(&oid));
        let holding = self.holding.get(&oid).filter(|holding| !holding.is_decoded);
        older.or(holding.map(|holding| &holding.message)).cloned()
    }

    /// It is decoded now.
    fn decoded(&mut self, oid: u32) {
        let older = self.replay.as_mut().and_then(|replay| replay.older.remove(&oid));
        if older.is_none()
            && let Some(holding) = self.holding.get_mut(&oid)
        {
            holding.is_decoded = true;
        }
    }
}

impl PgOutput {
    /// A message could not be decoded; where that is for want of a Relation message that came and is not decoded yet,
    /// that is done first.
    #[cold]
    pub(super) fn announced_elsewhere(
        &mut self,
        fault: Fault,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        let missing = match fault.what() {
            &What::UnknownRelation(oid) => self.announced.undecoded(oid).map(|message| (oid, message)),
            _ => None,
        };
        let Some((oid, message)) = missing else { return Err(fault.into_error(PLUGIN, frame.lsn)) };
        self.announced.is_aside = true;
        let outcome = self.announcement(Frame::whole(frame.lsn, &message), tables, batch);
        self.announced.is_aside = false;
        match outcome.map_err(|fault| fault.into_error(PLUGIN, frame.lsn))? {
            Outcome::Taken => {
                self.announced.decoded(oid);
                Decoder::decode(self, frame, tables, batch)
            }
            outcome => Ok(outcome),
        }
    }

    fn announcement(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let mut cursor = Cursor::new(frame.data());
        cursor.u8(TAG)?;
        self.relation(&mut cursor, frame, tables, batch)
    }

    /// The kept transaction is decoded: what was announced since it came holds again.
    #[cold]
    pub(super) fn end_replay(&mut self) {
        let Some(replay) = self.announced.replay.take() else { return };
        for oid in replay.newer {
            self.relations.remove(oid);
            if let Some(holding) = self.announced.holding.get_mut(&oid) {
                holding.is_decoded = false;
            }
        }
    }
}
