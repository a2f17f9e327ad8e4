//! Transactions, their numbers, and what was delivered before.

use super::*;
use pg_cdc_core::{Position, ServerId};

const INSERT: &str = r#"INSERT INTO "public"."t"("id") VALUES(1);"#;

/// Two transactions of two changes each, at 100 and 200.
fn two(bench: &mut Bench) -> Vec<String> {
    for commit_lsn in [100, 200] {
        bench.begin(commit_lsn, 7);
        for _ in 0..2 {
            assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
        }
        let lsn = Lsn::new(commit_lsn);
        assert_eq!(bench.commit(commit_lsn), Outcome::Commit { commit_lsn: lsn, end_lsn: lsn });
    }
    bench.take().into_iter().filter(|line| !line.starts_with("schema")).map(short).collect()
}

fn short(line: String) -> String {
    line.split(" new").next().unwrap().to_owned()
}

fn resume(commit_lsn: u64, seq: Option<u64>) -> Vec<String> {
    let mut position = Position::at("s".into(), ServerId { system_id: 1, timeline: 1 }, Lsn::new(50));
    position.commit_lsn = Lsn::new(commit_lsn);
    position.seq = seq;
    let mut bench = Bench::new(&[t()]);
    bench.decoder.restart(Some(&position));
    two(&mut bench)
}

#[test]
fn changes_are_numbered_in_their_transaction() {
    assert_eq!(
        two(&mut Bench::new(&[t()])),
        [
            "begin 0/64 xid 7",
            "Insert #0",
            "Insert #1",
            "commit 0/64 with 2",
            "begin 0/C8 xid 7",
            "Insert #0",
            "Insert #1",
            "commit 0/C8 with 2"
        ]
    );
}

#[test]
fn what_was_delivered_is_passed_over_and_nothing_else() {
    let second = ["begin 0/C8 xid 7", "Insert #0", "Insert #1", "commit 0/C8 with 2"];
    assert_eq!(resume(100, None), second);
    assert_eq!(resume(100, Some(0)), [&["Insert #1", "commit 0/64 with 2"], &second[..]].concat());
    assert_eq!(resume(100, Some(1)), [&["commit 0/64 with 2"], &second[..]].concat());
    assert_eq!(resume(200, None), [""; 0]);
    assert_eq!(resume(200, Some(0)), ["Insert #1", "commit 0/C8 with 2"]);
}

#[test]
fn what_was_delivered_need_not_be_readable_any_more() {
    let position = {
        let mut position = Position::at("s".into(), ServerId { system_id: 1, timeline: 1 }, Lsn::new(50));
        position.commit_lsn = Lsn::new(100);
        position
    };
    let mut bench = Bench::new(&[t()]);
    bench.decoder.restart(Some(&position));
    bench.begin(100, 7);
    assert_eq!(bench.statement(&t(), "DELETE what is gone").unwrap(), Outcome::Taken);
}
