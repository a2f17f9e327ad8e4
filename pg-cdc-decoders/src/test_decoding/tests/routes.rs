//! What is kept until its commit is told.

use pg_cdc_core::{Position, ServerId};
use pg_cdc_testkit::Keeper;
use pg_cdc_testkit::encode::test_decoding::{Cell, Line};

use super::*;

fn keeper() -> Keeper<TestDecoding> {
    Keeper::new(TestDecoding::new(VERSION, TextEncoding::default()))
}

fn insert(id: &str) -> Line {
    let table = ("public".to_owned(), "t".to_owned());
    Line::Insert { table, new: vec![Cell::of("id", "integer", Some(id.as_bytes()))] }
}

fn begin(xid: u32) -> Line {
    Line::Begin { xid }
}

const TIME: &str = "2000-01-01 00:00:00.000001+00";

fn commit(xid: u32) -> Line {
    Line::Commit { xid, time: TIME.to_owned() }
}

fn phase(words: &'static str, gid: &str, xid: u32) -> Line {
    Line::Phase { words, gid: gid.to_owned(), xid, time: TIME.to_owned() }
}

fn emit(transactional: bool) -> Line {
    Line::Message { transactional, prefix: b"p".to_vec(), content: b"c".to_vec() }
}

/// Takes in lines at 1, 2, ….
fn take(keeper: &mut Keeper<TestDecoding>, lines: &[Line]) -> Result<Vec<String>, DecodeError> {
    for (at, line) in (1..).zip(lines) {
        keeper.take(Lsn::new(at), &line.encode())?;
    }
    Ok(std::mem::take(&mut keeper.batch).events().map(|event| line(&event)).collect())
}

#[test]
fn a_transaction_is_handed_out_with_the_end_of_its_commit() {
    let lines = take(&mut keeper(), &[begin(7), insert("1"), emit(true), insert("2"), commit(7)]).unwrap();
    assert_eq!(
        lines,
        [
            "schema public.t (id 23 int4) Default, new",
            "begin 0/5 xid 7 at 946684800000001",
            r#"Insert public.t #0 new {id: "1"}"#,
            "message #1 p: c",
            r#"Insert public.t #2 new {id: "2"}"#,
            "commit 0/5 ends 0/5 with 3",
        ]
    );
}

#[test]
fn empty_transactions_leave_nothing_and_messages_between_them_are_told_at_once() {
    let lines = take(&mut keeper(), &[begin(7), commit(7), emit(false), begin(8), commit(8)]).unwrap();
    assert_eq!(lines, ["message at 0/3 p: c"]);
}

#[test]
fn a_message_of_a_transaction_that_shows_no_begin_is_an_error() {
    // As PostgreSQL 15 prints it with skip-empty-xacts.
    let error = take(&mut keeper(), &[emit(true)]).unwrap_err().to_string();
    assert!(error.contains("outside of a transaction"), "{error}");
}

#[test]
fn prepared_transactions_wait_for_their_outcome() {
    let mut keeper = keeper();
    let prepare = |xid, gid: &str| [begin(xid), insert("1"), phase("PREPARE TRANSACTION", gid, xid)];
    let odd = r"it's \one";
    assert!(take(&mut keeper, &prepare(7, odd)).unwrap().is_empty());
    // Its PREPARE is told by its end: what lies before its last change is surely before its start.
    assert_eq!(keeper.acknowledgeable(), Some(Lsn::new(2)));
    assert!(take(&mut keeper, &prepare(8, "two")).unwrap().is_empty());
    let lines = take(&mut keeper, &[begin(9), insert("2"), commit(9)]).unwrap();
    assert_eq!(lines.last().unwrap(), "commit 0/3 ends 0/3 with 1");
    assert!(take(&mut keeper, &[phase("ROLLBACK PREPARED", "two", 8)]).unwrap().is_empty());
    let lines = take(&mut keeper, &[phase("COMMIT PREPARED", odd, 7)]).unwrap();
    assert_eq!(
        lines,
        [
            "begin 0/1 xid 7 at 946684800000001",
            r#"Insert public.t #0 new {id: "1"}"#,
            "commit 0/1 ends 0/1 with 1",
        ]
    );
    assert!(keeper.is_empty());
    let error = take(&mut keeper, &[phase("COMMIT PREPARED", "three", 9)]).unwrap_err().to_string();
    assert!(error.contains("its changes are lost"), "{error}");
}

#[test]
fn times_are_read_with_their_zone() {
    for (time, micros) in [
        ("2000-01-01 00:00:00+00", 0_i64),
        ("2000-01-01 05:30:00.5+05:30", 500_000),
        ("1999-12-31 17:00:00-07", 0),
        ("2000-01-01 00:19:32.000001+00:19:32", 1),
    ] {
        let lines = [begin(7), insert("1"), Line::Commit { xid: 7, time: time.to_owned() }];
        let lines = take(&mut keeper(), &lines).unwrap();
        let expected = format!("begin 0/3 xid 7 at {}", micros + 946_684_800_000_000);
        assert_eq!(lines[1], expected, "{time}");
    }
}

#[test]
fn what_was_delivered_is_passed_over_after_a_restart() {
    let mut keeper = keeper();
    let lines = [begin(7), insert("1"), insert("2"), commit(7)];
    let first = take(&mut keeper, &lines).unwrap();
    let mut decoder = TestDecoding::new(VERSION, TextEncoding::default());
    let server = ServerId { system_id: 7, timeline: 1 };
    let mut position = Position::at("shop".into(), server, Lsn::ZERO);
    position.commit_lsn = Lsn::new(4);
    position.seq = Some(0);
    decoder.restart(Some(&position));
    let second = take(&mut Keeper::new(decoder), &lines).unwrap();
    assert_eq!(first[3..], second[1..], "{second:?}");
}

#[test]
fn lines_that_may_not_stand_there_are_errors() {
    for lines in [
        vec![insert("1")],
        vec![commit(7)],
        vec![begin(7), begin(8)],
        vec![begin(7), commit(8)],
        vec![phase("PREPARE TRANSACTION", "x", 7)],
    ] {
        assert!(take(&mut keeper(), &lines).is_err(), "{lines:?}");
    }
    for (line, what) in [
        ("opening a streamed block for transaction TXN 7", "stream-changes"),
        ("streaming change for TXN 7", "stream-changes"),
        ("COMMIT 7 (at yesterday)", "the time can't be read"),
        ("BEGIN x", "the xid"),
        ("", "ends within"),
        ("Table public.t", "expected a line of test_decoding"),
    ] {
        let mut bench = Bench::new();
        let data = Bytes::copy_from_slice(line.as_bytes());
        let error = bench.decoder.route(Frame::whole(Lsn::new(1), &data)).unwrap_err().to_string();
        assert!(error.contains(what), "{line}: {error}");
    }
}
