//! Transactions in blocks, and prepared ones: routed, kept and decoded at their commit, they are what protocol 1 has.

use pg_cdc_core::{Position, ServerId};
use pg_cdc_testkit::Keeper;
use pg_cdc_testkit::encode::pgoutput::{Frames, Walsender};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// What protocol 1 makes of its stream, with everything that a change has; schema changes where they are asked for.
fn whole(frames: &Frames, schemas: bool) -> Vec<String> {
    seen(&whole_after(frames, None), schemas)
}

/// As it goes on where a reader had come to before.
fn whole_after(frames: &Frames, after: Option<&Position>) -> ChangeBatch {
    let mut keeper = Keeper::new(resumed(after));
    for (lsn, data) in frames {
        keeper.decode(*lsn, data).unwrap();
    }
    keeper.batch
}

fn resumed(after: Option<&Position>) -> PgOutput {
    let mut decoder = PgOutput::new();
    decoder.restart(after);
    decoder
}

/// What is made of a stream in blocks; `None` where a transaction would have to be asked for whole.
fn kept(frames: &Frames, schemas: bool, cuts: bool) -> Option<Vec<String>> {
    kept_after(frames, schemas, cuts, None)
}

fn kept_after(frames: &Frames, schemas: bool, cuts: bool, after: Option<&Position>) -> Option<Vec<String>> {
    let mut keeper = Keeper::new(resumed(after)).cutting(cuts);
    for (lsn, data) in frames {
        keeper.take(*lsn, data).unwrap();
        if keeper.unclear().is_some() {
            return None;
        }
    }
    assert!(keeper.is_empty(), "something is kept of transactions that have ended");
    Some(seen(&keeper.batch, schemas))
}

fn seen(batch: &ChangeBatch, schemas: bool) -> Vec<String> {
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
    vec((0..36_u8, 0..4_usize, 0..3_usize, any::<u8>()), 0..120)
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
            23..25 => server.message(transaction),
            25 => server.lone_message(),
            26 => server.alter(transaction, table),
            27 if publications => server.publish_other_columns(table),
            27 => {}
            28..31 => server.commit(transaction),
            31 => server.abort(transaction),
            32..34 => server.prepare(transaction),
            34 => server.commit_prepared(transaction),
            _ => server.roll_back_prepared(transaction),
        }
    }
    server.finish()
}

/// Both streams of what `story` tells of two tables, which must come to the same.
fn tell(story: impl FnOnce(&mut Walsender)) {
    let mut server = Walsender::new(2, false);
    story(&mut server);
    let (one, blocks) = server.finish();
    for cuts in [false, true] {
        assert_eq!(kept(&blocks, false, cuts), Some(whole(&one, false)));
    }
}

/// A whole transaction that changes a row of table 0, while so many others run.
fn ordinary(server: &mut Walsender, running: usize) {
    server.begin();
    server.change(running, 0, 0);
    server.commit(running);
}

#[test]
fn a_table_stays_as_it_was_announced_after_the_block_that_commits_later() {
    tell(|server| {
        server.begin();
        server.change(0, 0, 0);
        server.stream(0);
        server.publish_other_columns(0);
        ordinary(server, 1);
        server.commit(0);
        ordinary(server, 0);
    });
}

/// A transaction with a change of the table's first version, of which nothing was sent before the second was announced.
fn belated(server: &mut Walsender) {
    server.begin();
    server.change(0, 0, 0);
    server.publish_other_columns(0);
    ordinary(server, 1);
    server.stream(0);
}

#[test]
fn what_a_block_announced_before_a_rollback_in_it_holds_in_it_alone() {
    tell(|server| {
        belated(server);
        server.savepoint(0);
        server.change(0, 1, 0);
        server.stream(0);
        server.roll_back_to(0);
        server.commit(0);
        ordinary(server, 0);
    });
}

#[test]
fn what_a_prepared_transaction_announced_in_blocks_holds_in_it_alone() {
    tell(|server| {
        belated(server);
        server.prepare(0);
        server.commit_prepared(0);
        ordinary(server, 0);
    });
}

#[test]
fn what_a_prepared_transaction_announced_holds_for_all_before_its_outcome_and_after() {
    for is_committed in [true, false] {
        tell(|server| {
            server.begin();
            server.change(0, 0, 0);
            server.prepare(0);
            ordinary(server, 0);
            if is_committed {
                server.commit_prepared(0);
            } else {
                server.roll_back_prepared(0);
            }
            ordinary(server, 0);
        });
    }
}

#[test]
fn a_prepared_transaction_is_read_as_of_what_held_when_it_came() {
    tell(|server| {
        ordinary(server, 0);
        server.begin();
        server.change(0, 0, 0);
        server.prepare(0);
        server.publish_other_columns(0);
        ordinary(server, 0);
        server.commit_prepared(0);
        ordinary(server, 0);
    });
}

#[test]
fn a_message_that_a_rollback_may_have_taken_back_is_asked_for_whole() {
    let play = |is_sent: bool| {
        let mut server = Walsender::new(1, false);
        server.begin();
        server.change(0, 0, 0);
        server.savepoint(0);
        server.message(0);
        server.change(0, 0, 0);
        if is_sent {
            server.stream(0);
        }
        server.roll_back_to(0);
        server.stream(0);
        server.commit(0);
        server.finish()
    };
    // What is rolled back before it is sent never comes.
    let (one, blocks) = play(false);
    assert_eq!(kept(&blocks, false, false), Some(whole(&one, false)));
    assert_eq!(kept(&play(true).1, false, false), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_came_in_blocks_is_what_protocol_1_has(steps in steps(), parallel: bool, cuts: bool) {
        let (one, blocks) = play(&steps, parallel, false);
        let kept = kept(&blocks, true, cuts);
        prop_assume!(kept.is_some());
        prop_assert_eq!(kept.unwrap(), whole(&one, true));
    }

    #[test]
    fn what_was_delivered_before_is_passed_over(steps in steps(), nth: proptest::sample::Index, is_whole: bool) {
        let (one, blocks) = play(&steps, false, false);
        let all = whole_after(&one, None);
        prop_assume!(!all.is_empty());
        let last = all.changes().nth(nth.index(all.len())).unwrap();
        let server = ServerId { system_id: 7, timeline: 1 };
        let mut position = Position::at("shop".into(), server, Lsn::ZERO);
        position.commit_lsn = last.transaction().commit_lsn;
        position.seq = (!is_whole).then_some(last.seq());
        let rest = kept_after(&blocks, true, false, Some(&position));
        prop_assume!(rest.is_some());
        prop_assert_eq!(rest.unwrap(), seen(&whole_after(&one, Some(&position)), true));
    }

    #[test]
    fn no_change_is_read_as_of_another_version_of_its_table(steps in steps(), cuts: bool) {
        let (one, blocks) = play(&steps, false, true);
        // Publications change under transactions in progress: the order of the schema changes is that of the stream.
        let kept = kept(&blocks, false, cuts);
        prop_assume!(kept.is_some());
        prop_assert_eq!(kept.unwrap(), whole(&one, false));
    }
}
