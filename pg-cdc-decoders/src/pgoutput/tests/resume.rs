//! A new connection goes on exactly where the last one's changes were delivered.

use pg_cdc_core::batch::Event;
use pg_cdc_core::{Position, ServerId};

use super::*;

fn at(commit: u64, seq: Option<u64>) -> Position {
    let server = ServerId { system_id: 7, timeline: 1 };
    let mut position = Position::at("shop".into(), server, Lsn::ZERO);
    (position.commit_lsn, position.seq) = (Lsn::new(commit), seq);
    position
}

fn workload() -> Vec<Message> {
    let delete = Message::Delete { relation: 1, old: Old::Key(texts(&["1", ""])) };
    vec![
        begin(100),
        t(),
        insert("1"),
        insert("2"),
        commit(100),
        begin(150),
        commit(150),
        begin(200),
        u(),
        emit(true, 190),
        insert("3"),
        truncate(&[1, 2]),
        delete,
        commit(200),
        begin(300),
        insert("4"),
        commit(300),
    ]
}

/// What is delivered from `after` on: each line with the place it has in the stream, schema changes left out.
fn delivered(after: Option<&Position>) -> Vec<(Position, String)> {
    let mut bench = Bench::new();
    bench.decoder.restart(after);
    let mut open = 0;
    let mut found = Vec::new();
    for message in workload() {
        if let Message::Begin { commit_lsn, .. } = message {
            open = commit_lsn.as_u64();
        }
        bench.feed(&[message]);
        for event in std::mem::take(&mut bench.batch).events() {
            let place = match event {
                Event::SchemaChange { .. } => continue,
                // Handed out together with the first change.
                Event::Begin(_) => at(open, Some(0)),
                Event::Change(change) => at(open, Some(change.seq())),
                Event::Message(message) => at(open, Some(message.seq)),
                _ => at(open, None),
            };
            found.push((place, line(&event)));
        }
    }
    found
}

#[test]
fn what_was_delivered_before_and_after_a_cut_is_everything_once() {
    let all = delivered(None);
    assert_eq!(all.len(), 2 + 1 + 4 + 1 + 3 + 3);
    let mut cuts: Vec<_> = all.iter().map(|(place, _)| place.clone()).collect();
    cuts.dedup();
    for cut in cuts {
        let before = all.iter().filter(|(place, _)| *place <= cut).cloned();
        let after = delivered(Some(&cut));
        assert!(after.iter().all(|(place, _)| *place > cut), "delivered twice after {cut}: {after:?}");
        assert_eq!(before.chain(after).collect::<Vec<_>>(), all, "cut at {cut}");
    }
}

#[test]
fn a_transaction_that_is_passed_over_whole_leaves_no_event() {
    let mut bench = Bench::new();
    bench.decoder.restart(Some(&at(200, None)));
    for message in workload().into_iter().take(14) {
        bench.feed(&[message]);
    }
    assert!(bench.take().iter().all(|line| line.starts_with("schema")));
}

#[test]
fn a_restart_forgets_the_open_transaction() {
    let mut bench = Bench::in_transaction();
    bench.decoder.restart(None);
    bench.feed(&[begin(100)]);
}
