//! Transactions in blocks, and prepared ones: routed, kept and decoded at their commit, they are what protocol 1 has.

use std::collections::HashMap;

use pg_cdc_core::Route;
use pg_cdc_testkit::encode::pgoutput::{Frames, Walsender};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A driver with everything in memory.
#[derive(Default)]
pub(super) struct Keeper {
    kept: HashMap<u32, Vec<(Lsn, u32, Bytes)>>,
    /// Cuts off what came since the first message of an aborted subtransaction, in place of leaving out its messages.
    cuts: bool,
}

impl Keeper {
    pub(super) fn take(&mut self, bench: &mut Bench, lsn: Lsn, data: &Bytes) -> Result<(), DecodeError> {
        let frame = Frame::whole(lsn, data);
        match bench.decoder.route(frame)? {
            Route::Direct => bench.frame(frame)?,
            Route::Into(kept) => {
                let mut message = Vec::new();
                kept.append_to(&mut message);
                self.kept.get_mut(&kept.top).unwrap().push((kept.lsn, kept.sub, message.into()));
            }
            Route::Start { xid, is_first: true } => {
                assert!(self.kept.insert(xid, Vec::new()).is_none(), "{xid} starts twice");
            }
            Route::Start { xid, .. } | Route::Stop { xid } => assert!(self.kept.contains_key(&xid)),
            Route::Commit(committed) => {
                bench.frame(committed.begin())?;
                for (lsn, _, message) in self.kept.remove(&committed.xid).unwrap() {
                    bench.frame(Frame::whole(lsn, &message))?;
                }
                bench.frame(committed.commit())?;
            }
            Route::Abort { top, sub, .. } if top == sub => _ = self.kept.remove(&top),
            Route::Abort { top, sub, .. } => {
                let kept = self.kept.get_mut(&top).unwrap();
                match kept.iter().position(|(_, of, _)| *of == sub) {
                    Some(at) if self.cuts => kept.truncate(at),
                    _ => kept.retain(|(_, of, _)| *of != sub),
                }
            }
            Route::Prepare(prepared) => {
                assert!(prepared.prepare_lsn < prepared.end_lsn);
                assert!(self.kept.contains_key(&prepared.xid));
            }
        }
        Ok(())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }
}

impl Bench {
    fn frame(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        let outcome = self.decoder.decode(frame, &self.tables, &mut self.batch)?;
        assert!(!matches!(outcome, Outcome::NeedTable { .. }), "{outcome}");
        Ok(())
    }
}

/// What protocol 1 makes of its stream, with everything that a change has; schema changes where they are asked for.
fn whole(frames: &Frames, schemas: bool) -> Vec<String> {
    let mut bench = Bench::new();
    for (lsn, data) in frames {
        bench.frame(Frame::whole(*lsn, data)).unwrap();
    }
    seen(&bench.batch, schemas)
}

fn kept(frames: &Frames, schemas: bool, cuts: bool) -> Vec<String> {
    let (mut bench, mut keeper) = (Bench::new(), Keeper { cuts, ..Keeper::default() });
    for (lsn, data) in frames {
        keeper.take(&mut bench, *lsn, data).unwrap();
    }
    assert!(keeper.is_empty(), "something is kept of transactions that have ended");
    seen(&bench.batch, schemas)
}

pub(super) fn seen(batch: &ChangeBatch, schemas: bool) -> Vec<String> {
    let events = batch.events().filter(|event| schemas || !matches!(event, Event::SchemaChange { .. }));
    let more = |event: &Event<'_>| match event {
        Event::Change(change) => {
            let of = change.transaction();
            format!(" lsn {} of {:?} {} at {}", change.lsn(), of.xid, of.commit_lsn, of.commit_time)
        }
        Event::Message(message) => format!(" lsn {} time {:?}", message.lsn, message.time),
        _ => String::new(),
    };
    events.map(|event| line(&event) + &more(&event)).collect()
}

type Step = (u8, usize, usize, u8);

fn steps() -> impl Strategy<Value = Vec<Step>> {
    vec((0..34_u8, 0..4_usize, 0..3_usize, any::<u8>()), 0..120)
}

fn play(steps: &[Step], parallel: bool, publications: bool) -> (Frames, Frames) {
    let mut server = Walsender::new(3, parallel);
    for &(step, transaction, table, kind) in steps {
        match step {
            0..2 => server.begin(),
            2..12 => server.change(transaction, table, kind),
            12..15 => server.savepoint(transaction),
            15 => server.release(transaction),
            16..18 => server.roll_back_to(transaction),
            18..23 => server.stream(transaction),
            23 => server.message(transaction),
            24 => server.lone_message(),
            25 => server.alter(transaction, table),
            26 if publications => server.publish_other_columns(table),
            26 => {}
            27..29 => server.commit(transaction),
            29 => server.abort(transaction),
            30..32 => server.prepare(transaction),
            32 => server.commit_prepared(transaction),
            _ => server.roll_back_prepared(transaction),
        }
    }
    server.finish()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_came_in_blocks_is_what_protocol_1_has(steps in steps(), parallel: bool, cuts: bool) {
        let (one, blocks) = play(&steps, parallel, false);
        prop_assert_eq!(kept(&blocks, true, cuts), whole(&one, true));
    }

    #[test]
    fn no_change_is_read_as_of_another_version_of_its_table(steps in steps(), cuts: bool) {
        let (one, blocks) = play(&steps, false, true);
        // Publications change under transactions in progress: the order of the schema changes is that of the stream.
        prop_assert_eq!(kept(&blocks, false, cuts), whole(&one, false));
    }
}
