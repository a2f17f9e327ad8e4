//! Decoding allocates nothing a change, once the vectors of the recycled batches have grown.

use bytes::Bytes;
use pg_cdc_core::batch::Recycler;
use pg_cdc_core::{Decoder, Frame, Lsn, Outcome, ReplicaIdentity, Route, Tables};
use pg_cdc_decoders::{PgOutput, TestDecoding, TextEncoding};
use pg_cdc_testkit::encode::pgoutput::{Message, Old, Relation, RelationColumn, Value};
use pg_cdc_testkit::encode::test_decoding::{Cell, Line};

const CHANGES: usize = 100_000;
/// A transaction has this many changes.
const TRANSACTION: usize = 50;
const TRANSACTIONS_A_BATCH: usize = 10;

/// One transaction, in one buffer: inserts, updates with a key, with a row and without, deletes; text, binary, NULL
/// and unchanged values; over four tables in turn.
fn transaction(columns: u16) -> (Bytes, Vec<std::ops::Range<usize>>) {
    let row = |unchanged: bool| {
        let value = |at| match at % 5 {
            3 => Value::Null,
            4 if unchanged => Value::Unchanged,
            2 => Value::Binary(vec![7; 8]),
            _ => Value::text(format!("{at:010}")),
        };
        (0..columns).map(value).collect::<Vec<_>>()
    };
    let commit_lsn = Lsn::new(100);
    let mut messages = vec![Message::Begin { commit_lsn, commit_time: 5, xid: 7 }];
    messages.extend((0..TRANSACTION).map(|at| {
        let relation = at as u32 % 4;
        let update = |old| Message::Update { relation, old, new: row(true) };
        match at % 6 {
            0 | 1 => Message::Insert { relation, new: row(false) },
            2 => update(None),
            3 => update(Some(Old::Key(row(false)))),
            4 => update(Some(Old::Row(row(false)))),
            _ => Message::Delete { relation, old: Old::Key(row(false)) },
        }
    }));
    messages.push(Message::Commit { commit_lsn, end_lsn: Lsn::new(110), commit_time: 5 });
    let (mut buffer, mut frames) = (Vec::new(), Vec::new());
    for message in messages {
        let start = buffer.len();
        message.encode_into(&mut buffer);
        frames.push(start..buffer.len());
    }
    (buffer.into(), frames)
}

fn relation(oid: u32, columns: u16) -> Message {
    let column =
        |at| RelationColumn { identity: at == 0, name: format!("c{at}"), type_oid: 25, modifier: -1 };
    let columns = (0..columns).map(column).collect();
    let (schema, name) = ("public".to_owned(), format!("t{oid}"));
    Message::Relation(Relation { oid, schema, name, identity: ReplicaIdentity::Default, columns })
}

#[test]
fn decoding_allocates_nothing_a_change() {
    for columns in [5, 20, 50] {
        let (mut decoder, tables, recycler) = (PgOutput::new(), Tables::without_catalog(), Recycler::new());
        for oid in 0..4 {
            let announced = relation(oid, columns).encode();
            let frame = Frame::whole(Lsn::ZERO, &announced);
            assert_eq!(decoder.decode(frame, &tables, &mut recycler.batch()).unwrap(), Outcome::Taken);
        }
        let (buffer, frames) = transaction(columns);
        let mut decode_batch = || {
            let mut batch = recycler.batch();
            for _ in 0..TRANSACTIONS_A_BATCH {
                for range in &frames {
                    let frame = Frame::new(Lsn::new(50), &buffer, range.clone());
                    let _ = decoder.decode(frame, &tables, &mut batch).unwrap();
                }
            }
            batch.len()
        };
        // The vectors grow.
        decode_batch();
        let mut decoded = 0;
        let counted = allocation_counter::measure(|| {
            while decoded < CHANGES {
                decoded += decode_batch();
            }
        });
        assert_eq!(decoded, CHANGES);
        assert_eq!(counted.count_total, 0, "{columns} columns: {counted:?}");
    }
}

/// Lines of a transaction, each a buffer of its own: inserts, updates with a key, with unchanged values and without,
/// deletes; numbers, NULL, text with quotes and without; over four tables in turn.
fn lines(columns: u16) -> Vec<Bytes> {
    let cell = |at: u16, unchanged: bool| {
        let name = format!("c{at}");
        match at % 5 {
            0 => Cell::of(&name, "bigint", Some(b"1234567890")),
            3 => Cell::of(&name, "text", None),
            4 if unchanged => Cell::of(&name, "text", None).unchanged(),
            2 | 4 => Cell::of(&name, "text", Some(b"it's")),
            _ => Cell::of(&name, "character varying", Some("0123\u{e9}".as_bytes())),
        }
    };
    let row = |unchanged| (0..columns).map(|at| cell(at, unchanged)).collect::<Vec<_>>();
    let key = || vec![cell(0, false)];
    let changes = (0..TRANSACTION).map(|at| {
        let table = ("public".to_owned(), format!("t{}", at % 4));
        match at % 4 {
            0 => Line::Insert { table, new: row(false) },
            1 => Line::Update { table, old: None, new: row(true) },
            2 => Line::Update { table, old: Some(key()), new: row(false) },
            _ => Line::Delete { table, old: Some(key()) },
        }
    });
    // Each table has shown all its columns first.
    let shown =
        (0..4).map(|at| Line::Insert { table: ("public".to_owned(), format!("t{at}")), new: row(false) });
    shown.chain(changes).map(|line| line.encode()).collect()
}

#[test]
fn decoding_lines_allocates_nothing_a_change() {
    for encoding in ["UTF8", "LATIN1", "SQL_ASCII"] {
        for columns in [5, 50] {
            let mut decoder = TestDecoding::new(150_000, TextEncoding::new(encoding).unwrap());
            let (tables, recycler) = (Tables::without_catalog(), Recycler::new());
            let [begin, commit] =
                [Line::Begin { xid: 7 }, Line::Commit { xid: 7, time: "2000-01-01 00:00:00+00".to_owned() }]
                    .map(|line| line.encode());
            let _ = decoder.route(Frame::whole(Lsn::new(50), &begin)).unwrap();
            let Route::Commit(committed) = decoder.route(Frame::whole(Lsn::new(60), &commit)).unwrap() else {
                panic!("no commit")
            };
            let lines = lines(columns);
            let mut decode_batch = || {
                let mut batch = recycler.batch();
                let _ = decoder.decode(committed.begin(), &tables, &mut batch).unwrap();
                for line in &lines {
                    let _ = decoder.decode(Frame::whole(Lsn::new(50), line), &tables, &mut batch).unwrap();
                }
                let _ = decoder.decode(committed.commit(), &tables, &mut batch).unwrap();
                batch.len()
            };
            // The vectors grow, the tables are made.
            decode_batch();
            let counted = allocation_counter::measure(|| {
                for _ in 0..CHANGES / 10 / lines.len() {
                    assert_eq!(decode_batch(), lines.len());
                }
            });
            assert_eq!(counted.count_total, 0, "{encoding}, {columns} columns: {counted:?}");
        }
    }
}

#[test]
fn routing_allocates_nothing_a_change() {
    let mut decoder = PgOutput::new();
    let mut route = |data: &Bytes| match decoder.route(Frame::whole(Lsn::new(50), data)).unwrap() {
        Route::Into(kept) => kept.len(),
        _ => 0,
    };
    route(&Message::StreamStart { xid: 7, is_first: true }.encode());
    let subs: Vec<Bytes> = (7..20)
        .map(|sub| Message::Insert { relation: 1, new: vec![Value::Null] }.encode_in_stream(sub))
        .collect();
    // The list of subtransactions grows.
    let lengths: usize = subs.iter().map(&mut route).sum();
    assert_eq!(lengths, subs.len() * 9);
    let counted = allocation_counter::measure(|| {
        for _ in 0..CHANGES / subs.len() {
            subs.iter().for_each(|sub| assert_eq!(route(sub), 9));
        }
    });
    assert_eq!(counted.count_total, 0, "{counted:?}");
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
