//! Bytes that are no text, of a database in SQL_ASCII.

use pg_cdc_core::InvalidText;

use super::*;

const CHAR: u32 = 18;

fn bytes(value: &[u8]) -> Value {
    Value::Text(value.to_vec())
}

/// In a transaction of relation 1, `public.t (k text, c "char", note text)`, all of it its identity.
fn bench(invalid: InvalidText) -> Bench {
    let mut bench = Bench::new();
    bench.decoder = PgOutput::new().with_invalid_text(invalid);
    let columns = [("k", TEXT, true), ("c", CHAR, true), ("note", TEXT, true)];
    bench.feed(&[begin(100), relation(1, "t", ReplicaIdentity::Full, &columns)]);
    bench.take();
    bench
}

fn noted(bench: &Bench) -> Vec<&str> {
    bench.batch.mended().map(|(_, column)| &*column.name).collect()
}

#[test]
fn keys_old_rows_and_new_ones_are_made_text_alike() {
    for (invalid, k, note) in
        [(InvalidText::Replace, "\u{FFFD}", "a\u{FFFD}"), (InvalidText::Base64, "/g==", "Yf8=")]
    {
        let mut bench = bench(invalid);
        let row = || vec![bytes(b"\xfe"), Value::text("x"), bytes(b"a\xff")];
        bench.feed(&[
            Message::Insert { relation: 1, new: row() },
            Message::Update {
                relation: 1,
                old: Some(Old::Row(row())),
                new: vec![Value::text("é"), Value::Null, Value::Unchanged],
            },
            Message::Delete { relation: 1, old: Old::Row(row()) },
        ]);
        assert_eq!(noted(&bench), ["k", "note", "k", "note", "note", "k", "note"]);
        let row = format!("{{k: {k:?}, c: \"x\", note: {note:?}}}");
        assert_eq!(
            bench.take()[1..],
            [
                format!("Insert public.t #0 new {row}"),
                format!("Update public.t #1 old {row} new {{k: \"é\", c: null, note: {note:?}}}"),
                format!("Delete public.t #2 old {row}"),
            ]
        );
    }
}

#[test]
fn a_byte_of_a_char_and_a_binary_form_are_left_as_they_are() {
    let mut bench = bench(InvalidText::Replace);
    bench.feed(&[Message::Insert {
        relation: 1,
        new: vec![Value::text("k"), bytes(b"\xff"), Value::Binary(b"\xff".to_vec())],
    }]);
    let row = bench.batch.changes().next().unwrap().after().unwrap();
    assert_eq!((row.datum(1), row.datum(2)), (Datum::Text(b"\xff"), Datum::Binary(b"\xff")));
    assert_eq!(row.get::<String>("c").unwrap(), "\\377");
    assert!(noted(&bench).is_empty());
}

#[test]
fn without_a_word_of_it_bytes_stand_as_they_came() {
    let mut bench = bench(InvalidText::Error);
    bench.feed(&[Message::Insert { relation: 1, new: vec![bytes(b"\xff"), Value::Null, Value::Null] }]);
    let row = bench.batch.changes().next().unwrap().after().unwrap();
    assert_eq!(row.datum(0), Datum::Text(b"\xff"));
    let error = row.get::<String>("k").unwrap_err();
    assert_eq!(
        error.to_string(),
        "table public.t, column k: a value of type text is not valid UTF-8, at byte 0"
    );
    assert!(error.hint().is_some_and(|hint| hint.contains("invalid_text")));
}

#[test]
fn prefixes_of_messages_are_text_too() {
    for (invalid, transactional) in [(InvalidText::Replace, true), (InvalidText::Replace, false)] {
        let mut bench = bench(invalid);
        if !transactional {
            bench.feed(&[commit(100)]);
        }
        let (prefix, content) = (b"p\xff".to_vec(), b"\xff".to_vec());
        bench.feed(&[Message::Message { transactional, lsn: Lsn::new(120), prefix, content }]);
        let messages: Vec<_> = bench
            .batch
            .events()
            .filter_map(|event| match event {
                Event::Message(message) => Some((message.prefix.to_vec(), message.content.to_vec())),
                _ => None,
            })
            .collect();
        assert_eq!(messages, [("p\u{FFFD}".as_bytes().to_vec(), b"\xff".to_vec())]);
    }
}

#[test]
fn what_is_shown_before_its_outcome_is_text_too() {
    let bench = bench(InvalidText::Replace);
    let mut preview = bench.decoder.preview(7).unwrap();
    let mut batch = ChangeBatch::new();
    let columns = [("k", TEXT, true)];
    for message in [
        relation(1, "t", ReplicaIdentity::Full, &columns),
        Message::Insert { relation: 1, new: vec![bytes(b"\xff")] },
    ] {
        let buffer = message.encode();
        let taken = preview.decode(Frame::whole(Lsn::new(50), &buffer), &bench.tables, &mut batch);
        assert_eq!(taken.unwrap(), Outcome::Taken);
    }
    assert_eq!(batch.changes().next().unwrap().after().unwrap().datum(0), Datum::Text("\u{FFFD}".as_bytes()));
}
