//! Decoding allocates nothing a change, once the vectors of the recycled batches have grown.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fmt::Debug;
use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::Recycler;
use pg_cdc_core::{
    Column, ColumnType, Decoder, Frame, Known, Lsn, Outcome, ReplicaIdentity, Route, Table, TableFacts,
    TableName, Tables,
};
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::wal2json::FormatVersion;
use pg_cdc_decoders::{DecoderBufs, PgOutput, TestDecoding, TextEncoding, Wal2Json};
use pg_cdc_testkit::encode::decoderbufs::{self as bufs, DatumMessage, RowMessage, TypeInfo};
use pg_cdc_testkit::encode::pgoutput::{Message, Old, Relation, RelationColumn, Value};
use pg_cdc_testkit::encode::test_decoding::{Cell, Line};
use pg_cdc_testkit::encode::wal2json;

const CHANGES: usize = 100_000;
/// A transaction has this many changes.
const TRANSACTION: usize = 50;
const TRANSACTIONS_A_BATCH: usize = 10;

/// Decodes batches of so many changes each; what the first of them needs, in which vectors grow and tables are found out,
/// does for all others.
#[track_caller]
fn assert_allocates_nothing(
    changes: usize,
    a_batch: usize,
    what: impl Debug,
    decode_batch: &mut dyn FnMut() -> usize,
) {
    assert_eq!(decode_batch(), a_batch);
    let counted = allocation_counter::measure(|| {
        for _ in 0..changes / a_batch {
            assert_eq!(decode_batch(), a_batch);
        }
    });
    assert_eq!(counted.count_total, 0, "{what:?}: {counted:?}");
}

/// Decodes the changes of a transaction that was begun, as they are once it has committed.
#[track_caller]
fn assert_decodes_without_allocating(
    decoder: &mut dyn Decoder,
    commit: &Bytes,
    changes: &[Bytes],
    what: impl Debug,
) {
    let Route::Commit(committed) = decoder.route(Frame::whole(Lsn::new(60), commit)).unwrap() else {
        panic!("no commit")
    };
    let (tables, recycler) = (Tables::without_catalog(), Recycler::new());
    assert_allocates_nothing(CHANGES / 10, changes.len(), what, &mut || {
        let mut batch = recycler.batch();
        let _ = decoder.decode(committed.begin(), &tables, &mut batch).unwrap();
        for change in changes {
            let _ = decoder.decode(Frame::whole(Lsn::new(50), change), &tables, &mut batch).unwrap();
        }
        let _ = decoder.decode(committed.commit(), &tables, &mut batch).unwrap();
        batch.len()
    });
}

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
        assert_allocates_nothing(CHANGES, TRANSACTIONS_A_BATCH * TRANSACTION, columns, &mut decode_batch);
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
            let [begin, commit] =
                [Line::Begin { xid: 7 }, Line::Commit { xid: 7, time: "2000-01-01 00:00:00+00".to_owned() }]
                    .map(|line| line.encode());
            let _ = decoder.route(Frame::whole(Lsn::new(50), &begin)).unwrap();
            assert_decodes_without_allocating(&mut decoder, &commit, &lines(columns), (encoding, columns));
        }
    }
}

/// Messages of a transaction, each a buffer of its own: inserts, updates with an old row and without, deletes; every kind
/// of value, over ten tables in turn.
fn row_messages(columns: u16) -> Vec<Bytes> {
    let datum = |at: u16, unchanged: bool| {
        let (type_oid, datum) = match at % 12 {
            0 => (23, bufs::Datum::Int32(7)),
            1 => (25, bufs::Datum::String(b"a text".to_vec())),
            2 => (17, bufs::Datum::Bytes(vec![0; 20])),
            3 => (1114, bufs::Datum::Int64(1_700_000_000_000_000)),
            4 => (701, bufs::Datum::Double(1.5)),
            5 => (700, bufs::Datum::Float(1.5)),
            6 => (16, bufs::Datum::Bool(true)),
            7 => (600, bufs::Datum::Point { x: 1.0, y: 2.0 }),
            8 => (790, bufs::Datum::Int64(-123_456)),
            9 => (1266, bufs::Datum::Double(0.0)),
            10 => (1009, bufs::Datum::Bytes(b"{a,b}".to_vec())),
            _ if unchanged => (25, bufs::Datum::Missing(true)),
            _ => return DatumMessage::new(format!("c{at}"), 25, None),
        };
        DatumMessage::new(format!("c{at}"), type_oid, Some(datum))
    };
    let row = |unchanged| (0..columns).map(|at| datum(at, unchanged)).collect::<Vec<_>>();
    let changes = (0..TRANSACTION).map(|at| {
        let op = [bufs::Op::Insert, bufs::Op::Update, bufs::Op::Update, bufs::Op::Delete][at / 10 % 4];
        let mut message = RowMessage::new(7, 1_700_000_000_000_000, op);
        message.table = Some(format!("public.\"T{}\"", at % 10).into());
        if op != bufs::Op::Delete {
            message.new_tuple = row(op == bufs::Op::Update);
            message.new_typeinfo = vec![TypeInfo::new("a type", true); columns.into()];
        }
        if op == bufs::Op::Delete || at / 20 == 1 {
            message.old_tuple = row(false);
        }
        message.encode()
    });
    changes.collect()
}

#[test]
fn decoding_row_messages_allocates_nothing_a_change() {
    for columns in [5, 50] {
        let format = MoneyFormat::from_samples("$1,234,567.00", "-$1,234,567.00").unwrap();
        let mut decoder = DecoderBufs::new(TextEncoding::new("LATIN1").unwrap()).with_money(format);
        let [begin, commit] =
            [bufs::Op::Begin, bufs::Op::Commit].map(|op| RowMessage::new(7, 5, op).encode());
        let _ = decoder.route(Frame::whole(Lsn::new(50), &begin)).unwrap();
        let messages = row_messages(columns);
        let counted = allocation_counter::measure(|| {
            for message in messages.iter().cycle().take(CHANGES / 10) {
                let route = decoder.route(Frame::whole(Lsn::new(50), message)).unwrap();
                assert!(matches!(route, Route::Into(_)));
            }
        });
        assert_eq!(counted.count_total, 0, "routing: {counted:?}");
        assert_decodes_without_allocating(&mut decoder, &commit, &messages, columns);
    }
}

#[test]
fn a_length_that_is_claimed_reserves_nothing() {
    let mut hostile: Vec<Vec<u8>> = Vec::new();
    let huge = [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F];
    for tag in [0x1A_u8, 0x2A, 0x32, 0x3A, 0x7A] {
        let head = RowMessage::new(7, 5, bufs::Op::Insert).encode();
        hostile.push([&head[..], &[tag][..], &huge].concat());
        // Within a column, and within its value.
        for inner in [0x0A_u8, 0x42, 0x4A, 0x52] {
            let column = [&[inner][..], &huge].concat();
            hostile.push([&head[..], &[0x2A, column.len() as u8], &column].concat());
        }
        hostile.push([&head[..], &[0x7B; 5000]].concat());
    }
    let counted = allocation_counter::measure(|| {
        for bytes in &hostile {
            let mut decoder = DecoderBufs::default();
            let begin = RowMessage::new(7, 5, bufs::Op::Begin).encode();
            let commit = RowMessage::new(7, 5, bufs::Op::Commit).encode();
            let _ = decoder.route(Frame::whole(Lsn::new(50), &begin)).unwrap();
            let Route::Commit(committed) = decoder.route(Frame::whole(Lsn::new(60), &commit)).unwrap() else {
                panic!("no commit")
            };
            let (tables, mut batch) = (Tables::without_catalog(), Recycler::new().batch());
            let _ = decoder.decode(committed.begin(), &tables, &mut batch).unwrap();
            let bytes = Bytes::copy_from_slice(bytes);
            assert!(decoder.decode(Frame::whole(Lsn::new(50), &bytes), &tables, &mut batch).is_err());
        }
    });
    assert!(counted.bytes_max < 64 << 10, "{counted:?}");
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

/// Inserts, updates with and without an old row, deletes; numbers, booleans, bytea, strings with escapes and without,
/// NULL and unchanged values.
fn wal2json_transaction() -> (wal2json::Transaction, Arc<Table>) {
    let types = [
        ("integer", 23),
        ("text", 25),
        ("boolean", 16),
        ("bytea", 17),
        ("numeric(10,2)", 1700),
        ("text", 25),
    ];
    let columns = types.iter().enumerate().map(|(at, (name, type_oid))| {
        let column = wal2json::Column::new(format!("c{at}"), *name, *type_oid);
        if at == 0 { column.in_key() } else { column }
    });
    let sent = wal2json::Table::new("public", "t", columns.collect(), ReplicaIdentity::Default);
    let columns = sent.columns.iter().map(|column| {
        let modifier = if column.type_oid == 1700 { 655_366 } else { -1 };
        let mut ours =
            Column::new(&*column.name, ColumnType::new(column.type_oid, modifier, &*column.type_name));
        ours.identity = column.is_key;
        ours
    });
    let table = Table::new(7, TableName::new("public", "t"), columns.collect(), ReplicaIdentity::Default);
    let sent = Arc::new(sent);
    let row = |id: usize, last: wal2json::Value| {
        let text = |text: &str| wal2json::Value::text(text);
        vec![text(&id.to_string()), text("say \"x\"\n"), text("t"), text("\\x00ff"), text("1.50"), last]
    };
    let changes = (0..TRANSACTION).map(|at| {
        let (table, id) = (Arc::clone(&sent), at % 5);
        let old = |id: usize| {
            let mut old = vec![wal2json::Value::Null; table.columns.len()];
            old[0] = wal2json::Value::text(id.to_string());
            old
        };
        match id {
            0 | 1 => wal2json::Change::Insert { new: row(at, wal2json::Value::text("plain")), table },
            2 => wal2json::Change::Update { old: None, new: row(at, wal2json::Value::Unchanged), table },
            3 => wal2json::Change::Update {
                old: Some(old(at + 1)),
                new: row(at, wal2json::Value::Null),
                table,
            },
            _ => wal2json::Change::Delete { old: old(at), table },
        }
    });
    let transaction = wal2json::Transaction::new(7, Lsn::new(100), Lsn::new(110), changes.collect());
    (transaction, Arc::new(table))
}

#[test]
fn decoding_wal2json_allocates_nothing_a_change() {
    let (transaction, table) = wal2json_transaction();
    let mut tables = Tables::from_catalog();
    tables.insert_named(table.name.clone(), Known::Wanted(TableFacts::new(table, Lsn::ZERO)));
    let format = wal2json::Format::default();
    for (version, frames) in [
        (FormatVersion::V2, format.v2(&transaction)),
        (FormatVersion::V1, format.v1(&transaction)),
        (FormatVersion::V1, wal2json::Format { chunks: false, ..format }.v1(&transaction)),
    ] {
        let (mut decoder, recycler) = (Wal2Json::new(version, TextEncoding::default()), Recycler::new());
        let mut decode_batch = || {
            let mut batch = recycler.batch();
            for _ in 0..TRANSACTIONS_A_BATCH {
                for (lsn, bytes) in &frames {
                    let frame = || Frame::whole(*lsn, bytes);
                    while let Outcome::NeedTable { .. } =
                        decoder.decode(frame(), &tables, &mut batch).unwrap()
                    {}
                }
            }
            batch.len()
        };
        let what = (version, frames.len());
        assert_allocates_nothing(CHANGES, TRANSACTIONS_A_BATCH * TRANSACTION, what, &mut decode_batch);
    }
}

#[test]
fn the_counter_counts() {
    let counted = allocation_counter::measure(|| drop(std::hint::black_box(vec![0_u8; 100])));
    assert_eq!(counted.count_total, 1);
}
