//! What a server could send of the same transactions, whole and in blocks, must come to the same.

use pg_cdc_core::{Frame, Lsn, Position, ServerId};
use pg_cdc_testkit::encode::pgoutput::{Frames, Walsender};

use super::driver::Driver;
use crate::choices::Choices;
use crate::events;

/// How much a server does of one input.
const STEPS: usize = 200;

pub(super) fn check(mode: u8, rest: &[u8]) {
    let mut choices = Choices::new(rest);
    let (parallel, publications) = (mode & 2 != 0, mode & 4 != 0);
    let nth = choices.word();
    let mut server = Walsender::new(3, parallel);
    for _ in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        step(&mut server, &mut choices, publications);
    }
    let (one, blocks) = server.finish();
    // Publications change under transactions in progress: the order of the schema changes is that of the stream.
    let schemas = !publications;
    let whole = whole(&one, None);
    events::read(&whole.batch);
    let lines = events::lines(&whole.batch, schemas);
    for cuts in [false, true] {
        if let Some(kept) = kept(&blocks, cuts, None) {
            same(&events::lines(&kept.batch, schemas), &lines, cuts);
        }
    }
    if !publications && !whole.batch.is_empty() {
        let last = whole.batch.changes().nth(nth % whole.batch.len()).expect("it is there");
        let place = ServerId { system_id: 7, timeline: 1 };
        let mut position = Position::at("shop".into(), place, Lsn::ZERO);
        position.commit_lsn = last.transaction().commit_lsn;
        position.seq = (mode & 8 != 0).then_some(last.seq());
        let rest = events::lines(&self::whole(&one, Some(&position)).batch, true);
        if let Some(kept) = kept(&blocks, mode & 16 != 0, Some(&position)) {
            same(&events::lines(&kept.batch, true), &rest, false);
        }
    }
}

fn step(server: &mut Walsender, choices: &mut Choices<'_>, publications: bool) {
    let (what, whose) = (choices.below(36), choices.byte());
    let (transaction, table, kind) = (usize::from(whose & 3), usize::from(whose >> 2 & 3), whose >> 4);
    match what {
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

fn whole(frames: &Frames, after: Option<&Position>) -> Driver<'static> {
    let mut driver = Driver::new(None, false);
    driver.restart(after);
    for (lsn, data) in frames {
        if let Err(error) = driver.decode(Frame::whole(*lsn, data)) {
            panic!("by protocol 1: {error}");
        }
    }
    driver
}

/// `None` where a transaction would have to be asked for whole.
fn kept(frames: &Frames, cuts: bool, after: Option<&Position>) -> Option<Driver<'static>> {
    let mut driver = Driver::new(None, cuts);
    driver.restart(after);
    for (lsn, data) in frames {
        if let Err(error) = driver.take(Frame::whole(*lsn, data)) {
            panic!("in blocks: {error}");
        }
        if driver.unclear().is_some() {
            return None;
        }
    }
    assert!(driver.is_empty(), "something is kept of transactions that have ended");
    Some(driver)
}

fn same(ours: &[String], theirs: &[String], cuts: bool) {
    if let Some(at) = (0..ours.len().max(theirs.len())).find(|&at| ours.get(at) != theirs.get(at)) {
        let (ours, theirs) = (ours.get(at), theirs.get(at));
        panic!("cutting {cuts}: line {at} is\n{ours:?}\nby protocol 1\n{theirs:?}");
    }
}
