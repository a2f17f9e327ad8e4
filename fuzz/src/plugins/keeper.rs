//! The plainest driver of a decoder whose tables are told by name, and an eye on what it promises.

use std::collections::HashMap;

use bytes::Bytes;
use pg_cdc_core::batch::{Change, ChangeBatch};
use pg_cdc_core::{DecodeError, Decoder, Frame, Lsn, Outcome, Position, Route, ServerId, Tables};

use super::facts::{self, Facts};
use super::setting::Setting;
use crate::mark::Mark;

/// A decoder, what it may ask, what it is told to keep, and the batches that it writes to.
pub(super) struct Keeper<'a> {
    decoder: Box<dyn Decoder>,
    tables: Tables,
    facts: Option<Facts<'a>>,
    kept: HashMap<u32, Vec<(Lsn, Bytes)>>,
    setting: Setting,
    /// Changes in the batch when a transaction began that is passed over.
    passed: Option<usize>,
    is_within: bool,
    /// Whether there was no error, and each transaction committed behind the one before.
    pub(super) is_plain: bool,
    /// Where the last transaction commits, and whether all of it was taken in.
    last: Option<(Lsn, bool)>,
    /// What was delivered when the connection started.
    after: Option<Position>,
    batch: ChangeBatch,
    handed_out: Vec<ChangeBatch>,
}

impl<'a> Keeper<'a> {
    /// With a catalog that answers as it likes; without one, all that there is is known from the start.
    pub(super) fn new(decoder: Box<dyn Decoder>, facts: Option<Facts<'a>>, setting: Setting) -> Self {
        let tables = if facts.is_some() { Tables::from_catalog() } else { facts::all() };
        Self {
            decoder,
            tables,
            facts,
            kept: HashMap::new(),
            setting,
            passed: None,
            is_within: false,
            is_plain: true,
            last: None,
            after: None,
            batch: ChangeBatch::new(),
            handed_out: Vec::new(),
        }
    }

    /// A new connection, behind `after`.
    pub(super) fn restart(&mut self, after: Option<&Position>) {
        self.decoder.restart(after);
        self.after = after.cloned();
        self.kept.clear();
        (self.passed, self.is_within) = (None, false);
    }

    /// An error ended the connection: the next begins anew, or behind what came of it.
    pub(super) fn reconnect(&mut self) {
        self.is_plain = false;
        let reached = self.last.map(|(commit_lsn, is_whole)| {
            let filled = self.batch.last().filter(|(of, _)| !is_whole && *of == commit_lsn);
            position(commit_lsn, filled.map(|(_, seq)| seq))
        });
        self.restart(reached.filter(|_| self.setting.resumes).as_ref());
    }

    /// The batch is handed out as it is.
    pub(super) fn hand_out(&mut self) {
        if self.setting.hands_out && !self.batch.is_blank() {
            self.handed_out.push(std::mem::take(&mut self.batch));
            self.passed = self.passed.map(|_| 0);
        }
    }

    pub(super) fn batches(&self) -> impl Iterator<Item = &ChangeBatch> {
        self.handed_out.iter().chain([&self.batch])
    }

    pub(super) fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        self.batches().flat_map(ChangeBatch::changes)
    }

    /// Takes a message in as [`Route`] has it.
    pub(super) fn take(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        let plugin = self.decoder.plugin();
        let route = self.decoder.route(frame).inspect_err(|error| is_clear(error, plugin, frame))?;
        // Two transactions of one number are nobody's: a driver refuses them.
        let unknown = || DecodeError::new(plugin, frame.lsn, 0, "nothing is kept of the transaction");
        match route {
            Route::Direct => self.decode(frame)?,
            Route::Into(kept) => {
                assert!(kept.len() <= frame.data().len() && kept.top == kept.sub);
                let mut data = Vec::new();
                kept.append_to(&mut data);
                self.kept.get_mut(&kept.top).ok_or_else(unknown)?.push((kept.lsn, data.into()));
            }
            Route::Start { xid, is_first } => {
                assert!(is_first, "these plugins send no blocks");
                if self.kept.insert(xid, Vec::new()).is_some() {
                    return Err(unknown());
                }
            }
            Route::Commit(committed) => {
                let kept = self.kept.remove(&committed.xid).ok_or_else(unknown)?;
                self.decode(committed.begin())?;
                for (lsn, data) in kept {
                    self.decode(Frame::whole(lsn, &data))?;
                }
                self.decode(committed.commit())?;
            }
            Route::Abort { top, sub, .. } => {
                assert_eq!(top, sub, "these plugins send subtransactions as part of the whole");
                self.kept.remove(&top);
            }
            Route::Prepare(prepared) => assert!(self.kept.contains_key(&prepared.xid)),
            Route::Stop { .. } | Route::Unclear { .. } => panic!("these plugins send no blocks: {route:?}"),
        }
        Ok(())
    }

    /// Decodes a message, with an answer to every question.
    pub(super) fn decode(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        if let Some(facts) = self.facts.as_mut().filter(|_| !self.is_within) {
            facts.change(&mut self.tables);
        }
        let changes = self.batch.len();
        // Each table of a TRUNCATE may be asked for, and each of a whole transaction.
        for _ in 0..4 + frame.data().len() / 2 {
            let before = Mark::of(&self.batch);
            match self.decoder.decode(frame, &self.tables, &mut self.batch) {
                Ok(Outcome::NeedTable { oid, name, types }) => {
                    before.left(&self.batch, frame.buffer().len(), 0, "a question");
                    assert_eq!(oid, None, "nobody told it");
                    let Some(facts) = &mut self.facts else { panic!("nobody knows {name}") };
                    facts.answer(&name, &types, &mut self.tables);
                }
                Ok(outcome) => {
                    self.taken(&outcome, frame.lsn, changes);
                    return Ok(());
                }
                Err(error) => {
                    before.left(&self.batch, frame.buffer().len(), 0, &format!("\"{error}\""));
                    is_clear(&error, self.decoder.plugin(), frame);
                    return Err(error);
                }
            }
        }
        panic!("a message is not decoded however much is answered");
    }

    /// Passes over a transaction that begins where `lsn` says so, and sees that nothing of it is handed out, nor of what
    /// was delivered; `before` are the changes that there were.
    fn taken(&mut self, outcome: &Outcome, lsn: Lsn, before: usize) {
        if let Some(changes) = self.passed {
            assert_eq!(self.batch.len(), changes, "a change of a transaction that is passed over");
        }
        if let (Some(after), Some((of, seq))) = (&self.after, self.batch.last())
            && self.batch.len() > before
        {
            assert!(seq >= after.delivered_of(of), "change {seq} of {of} was delivered: {after:?}");
        }
        match outcome {
            Outcome::Begin { commit_lsn } => {
                self.reach(*commit_lsn, false);
                self.is_within = true;
                if self.setting.passes && lsn.as_u64().count_ones() % 2 == 1 {
                    self.decoder.pass_over();
                    self.passed = Some(self.batch.len());
                }
            }
            Outcome::Commit { commit_lsn, .. } => {
                // One that came whole has no begin.
                let is_begun = std::mem::take(&mut self.is_within);
                self.passed = None;
                if is_begun { self.last = Some((*commit_lsn, true)) } else { self.reach(*commit_lsn, true) }
            }
            _ => {}
        }
    }

    fn reach(&mut self, commit_lsn: Lsn, is_whole: bool) {
        self.is_plain &= self.last.is_none_or(|(last, _)| last < commit_lsn);
        self.last = Some((commit_lsn, is_whole));
    }
}

/// Where everything up to the change `seq` of the transaction that commits at `commit_lsn` is delivered.
pub(super) fn position(commit_lsn: Lsn, seq: Option<u64>) -> Position {
    let mut position = Position::at("shop".into(), ServerId { system_id: 7, timeline: 1 }, Lsn::ZERO);
    (position.commit_lsn, position.seq) = (commit_lsn, seq);
    position
}

/// An error says whose message it was, where it is, and where in it.
fn is_clear(error: &DecodeError, plugin: &str, frame: Frame<'_>) {
    assert!(error.offset() <= frame.data().len(), "{error}, of {}", frame.data().len());
    assert_eq!(error.lsn(), frame.lsn, "{error}");
    let (told, nothing) = (error.to_string(), format!("offset {}: ", error.offset()));
    assert!(told.starts_with(plugin) && !told.ends_with(&nothing) && !error.hint().is_empty(), "{told}");
}
