//! Messages that the protocol does not allow: an error that says where and what, no panic, no trace.

use super::*;

/// The error of `bytes`, which leave no trace.
fn refused(bench: &mut Bench, bytes: &[u8]) -> DecodeError {
    let before = bench.batch.events().count();
    let error = match bench.bytes(bytes) {
        Err(error) => error,
        Ok(outcome) => panic!("{bytes:?}: {outcome}"),
    };
    assert_eq!(bench.batch.events().count(), before, "a trace of {bytes:?}");
    assert!(error.offset() <= bytes.len(), "{error}");
    assert_eq!(error.lsn(), Lsn::new(50));
    error
}

/// What is wrong with `bytes` in an open transaction with table `t`, and at which offset.
fn wrong(bytes: &[u8]) -> (usize, String) {
    let mut bench = Bench::in_transaction();
    let error = refused(&mut bench, bytes);
    let (_, what) = error
        .to_string()
        .split_once(&format!("offset {}: ", error.offset()))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .unwrap();
    (error.offset(), what)
}

fn changed(message: &Message, at: usize, to: &[u8]) -> Vec<u8> {
    let mut bytes = message.encode().to_vec();
    bytes[at..at + to.len()].copy_from_slice(to);
    bytes
}

/// Every message that may stand in an open transaction, with every kind of tuple.
fn all_messages() -> Vec<Message> {
    let values = || vec![Value::text("1"), Value::Binary(vec![1, 2])];
    let nothing = || vec![Value::Null, Value::Unchanged];
    let update = |old, new| Message::Update { relation: 1, old, new };
    vec![
        commit(100),
        Message::Origin { lsn: Lsn::new(9), name: "o".into() },
        u(),
        Message::Type { oid: 70_000, schema: "s".into(), name: "n".into() },
        Message::Insert { relation: 1, new: values() },
        Message::Insert { relation: 1, new: nothing() },
        update(None, values()),
        update(Some(Old::Key(nothing())), values()),
        update(Some(Old::Row(values())), nothing()),
        Message::Delete { relation: 1, old: Old::Key(values()) },
        Message::Delete { relation: 1, old: Old::Row(nothing()) },
        truncate(&[1, 1]),
        emit(true, 60),
        emit(false, 60),
    ]
}

#[test]
fn a_message_cut_at_any_byte_is_refused_without_a_trace() {
    for message in all_messages() {
        let bytes = message.encode();
        for end in 0..bytes.len() {
            let mut bench = Bench::in_transaction();
            let error = refused(&mut bench, &bytes[..end]);
            assert!(error.to_string().contains("ends within"), "{message:?} cut at {end}: {error}");
        }
    }
    let mut bench = Bench::new();
    for end in 0..begin(100).encode().len() {
        refused(&mut bench, &begin(100).encode()[..end]);
    }
}

#[test]
fn bytes_behind_a_message_are_refused_without_a_trace() {
    for message in all_messages() {
        let mut bytes = message.encode().to_vec();
        let end = bytes.len();
        bytes.push(b'n');
        assert_eq!(wrong(&bytes), (end, "1 bytes follow the end of the message".to_owned()), "{message:?}");
    }
}

#[test]
fn bytes_behind_a_begin_are_refused() {
    let mut bytes = begin(100).encode().to_vec();
    bytes.push(0);
    assert_eq!(refused(&mut Bench::new(), &bytes).offset(), 21);
}

#[test]
fn a_refused_change_leaves_no_slots() {
    let mut bench = Bench::in_transaction();
    let mut buffer = insert("1").encode().to_vec();
    let whole = buffer.len();
    buffer.extend_from_slice(&insert("2").encode());
    let buffer = Bytes::from(buffer);
    let mut decode = |range| {
        let frame = Frame::new(Lsn::new(50), &buffer, range);
        let outcome = bench.decoder.decode(frame, &bench.tables, &mut bench.batch);
        (outcome.is_ok(), bench.batch.size())
    };
    let (_, size) = decode(0..whole);
    assert_eq!(decode(whole..buffer.len() - 1), (false, size));
}

#[test]
fn an_error_before_the_first_change_leaves_no_begin() {
    let mut bench = Bench::in_transaction();
    refused(&mut bench, b"I\0\0\0\x01N\0\x02t\0\0\0\x011t\0\0");
    assert_eq!(bench.take().len(), 1, "only the schema");
}

#[test]
fn unknown_tags_and_kinds_are_named() {
    let expected = "expected one of the messages that may stand there (B, C, O, R, Y, I, U, D, T, M; those of transactions in progress and of prepared ones only where they were asked for), found";
    assert_eq!(wrong(b"S\0"), (0, format!("{expected} 'S'")));
    assert_eq!(wrong(b"\xFF"), (0, format!("{expected} byte 0xFF")));
    assert_eq!(wrong(b""), (0, "the message ends within its tag".to_owned()));
    let kind = "expected a column's kind (n, u, t, b), found 'x'";
    assert_eq!(wrong(&changed(&insert("1"), 8, b"x")), (8, kind.to_owned()));
    assert_eq!(wrong(&changed(&insert("1"), 5, b"K")), (5, "expected a new tuple (N), found 'K'".to_owned()));
    let delete = Message::Delete { relation: 1, old: Old::Key(texts(&["1", "2"])) };
    assert_eq!(
        wrong(&changed(&delete, 5, b"N")),
        (5, "expected an old tuple (K or O), found 'N'".to_owned())
    );
    let update = Message::Update { relation: 1, old: None, new: texts(&["1", "2"]) };
    assert_eq!(wrong(&changed(&update, 5, b"x")), (5, "expected a tuple (K, O or N), found 'x'".to_owned()));
    let identity = "expected a replica identity (d, i, f, n), found 'x'";
    assert_eq!(wrong(&changed(&t(), 14, b"x")), (14, identity.to_owned()));
}

#[test]
fn lengths_below_zero_are_refused() {
    let value = changed(&insert("1"), 9, &[0xFF; 4]);
    assert_eq!(wrong(&value), (9, "a column's value is -1".to_owned()));
    let content = changed(&emit(true, 60), 12, &i32::MIN.to_be_bytes());
    assert_eq!(wrong(&content), (12, "the content is -2147483648".to_owned()));
}

#[test]
fn lengths_beyond_the_end_are_refused() {
    let value = changed(&insert("1"), 9, &i32::MAX.to_be_bytes());
    assert_eq!(wrong(&value), (13, "the message ends within a column's value".to_owned()));
    let relations = changed(&truncate(&[1]), 1, &[0xFF; 4]);
    assert_eq!(wrong(&relations).0, 10);
    let columns = changed(&t(), 15, &[0xFF; 2]);
    assert!(wrong(&columns).1.contains("ends within"));
}

#[test]
fn a_tuple_of_another_width_than_its_relation_is_refused() {
    let wide = Message::Insert { relation: 1, new: texts(&["1", "2", "3"]) };
    assert_eq!(wrong(&wide.encode()), (6, "the tuple has 3 columns, its relation 2".to_owned()));
    let old = Message::Update { relation: 1, old: Some(Old::Key(texts(&["1"]))), new: texts(&["1", "2"]) };
    assert_eq!(wrong(&old.encode()), (6, "the tuple has 1 columns, its relation 2".to_owned()));
}

#[test]
fn names_that_are_not_utf8_are_refused() {
    let schema = changed(&t(), 6, &[0xE9]);
    assert_eq!(wrong(&schema), (6, "the relation's schema is not UTF-8".to_owned()));
    let column = changed(&t(), 18, &[0xE9]);
    assert_eq!(wrong(&column), (18, "a column's name is not UTF-8".to_owned()));
}

#[test]
fn values_that_are_not_utf8_are_carried() {
    let mut bench = Bench::in_transaction();
    bench.feed(&[Message::Insert { relation: 1, new: vec![Value::Text(vec![0xE9]), Value::Null] }]);
    let change = bench.batch.changes().next().unwrap();
    assert_eq!(change.after().unwrap().datum(0), Datum::Text(&[0xE9]));
}

#[test]
fn a_change_of_a_relation_that_was_not_announced_is_refused() {
    let unknown = |oid| format!("no Relation message announced relation {oid}");
    assert_eq!(wrong(&Message::Insert { relation: 9, new: vec![] }.encode()), (1, unknown(9)));
    assert_eq!(wrong(&truncate(&[1, 9]).encode()), (10, unknown(9)));
}

#[test]
fn messages_that_may_not_stand_there_are_refused() {
    for message in [insert("1"), truncate(&[1]), emit(true, 60), commit(100)] {
        let mut bench = Bench::new();
        bench.feed(&[t()]);
        let error = refused(&mut bench, &message.encode());
        assert!(
            error.to_string().contains("outside of a") || error.to_string().contains("without"),
            "{error}"
        );
    }
    assert_eq!(wrong(&begin(200).encode()), (0, "a transaction begins within another".to_owned()));
}
