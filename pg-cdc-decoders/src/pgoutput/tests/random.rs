//! Properties: any bytes are read or refused, and any stream that a server could send comes back as it was.

use pg_cdc_core::batch::{Change, Op};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Number of the relation's columns; the first is the replica identity.
const WIDTH: [usize; 3] = [1, 3, 7];

fn announce(oid: u32) -> Message {
    let names = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name, TEXT, name == "a"));
    relation(oid, "t", ReplicaIdentity::Default, &names[..WIDTH[oid as usize]])
}

fn value() -> impl Strategy<Value = Value> {
    let bytes = || vec(any::<u8>(), 0..20);
    prop_oneof![
        Just(Value::Null),
        Just(Value::Unchanged),
        bytes().prop_map(Value::Text),
        bytes().prop_map(Value::Binary),
    ]
}

fn change() -> impl Strategy<Value = Message> {
    (0..3_u32).prop_flat_map(|relation| {
        let tuple = || vec(value(), WIDTH[relation as usize]);
        let old = || prop_oneof![tuple().prop_map(Old::Key), tuple().prop_map(Old::Row)];
        let message = (any::<bool>(), any::<u64>(), vec(1..=u8::MAX, 0..5), vec(any::<u8>(), 0..20));
        prop_oneof![
            tuple().prop_map(move |new| Message::Insert { relation, new }),
            (proptest::option::of(old()), tuple()).prop_map(move |(old, new)| Message::Update {
                relation,
                old,
                new
            }),
            old().prop_map(move |old| Message::Delete { relation, old }),
            (any::<bool>(), any::<bool>()).prop_map(move |(cascade, restart_identity)| {
                Message::Truncate { relations: vec![relation], cascade, restart_identity }
            }),
            message.prop_map(|(transactional, lsn, prefix, content)| {
                Message::Message { transactional, lsn: Lsn::new(lsn), prefix, content }
            }),
        ]
    })
}

fn transactions() -> impl Strategy<Value = Vec<Vec<Message>>> {
    vec(vec(change(), 0..8), 0..6)
}

/// The message as it is seen once decoded: what means nothing says so, what is known from the old row is filled in.
fn normalised(mut message: Message) -> Message {
    if let Message::Update { old: Some(old), new, .. } = &mut message {
        let known = |value: &Value| *value != Value::Unchanged;
        for (at, new) in new.iter_mut().enumerate().filter(|(_, new)| **new == Value::Unchanged) {
            match old {
                // A key's NULL outside of the identity is no value.
                Old::Key(old) if at > 0 && old[at] == Value::Null => {}
                Old::Key(old) | Old::Row(old) if known(&old[at]) => *new = old[at].clone(),
                _ => {}
            }
        }
    }
    message
}

fn encoded(row: &Row<'_>) -> Vec<Value> {
    let value = |datum| match datum {
        Datum::Null | Datum::NotInIdentity => Value::Null,
        Datum::Unchanged => Value::Unchanged,
        Datum::Text(text) => Value::Text(text.to_vec()),
        Datum::Binary(bytes) => Value::Binary(bytes.to_vec()),
        Datum::Absent => panic!("pgoutput sends every column"),
    };
    row.columns().map(|(_, datum)| value(datum)).collect()
}

/// The message that a change was made of; whether its old tuple was a key or a row is seen from `like`.
fn message_of(change: &Change<'_>, like: &Message) -> Message {
    let relation = change.table().oid;
    let before = || encoded(&change.before().unwrap());
    let old = |like: &Old| match like {
        Old::Key(_) => Old::Key(before()),
        Old::Row(_) => Old::Row(before()),
    };
    match (change.op(), like) {
        (Op::Insert, _) => Message::Insert { relation, new: encoded(&change.after().unwrap()) },
        (Op::Update, Message::Update { old: like, .. }) => {
            let new = encoded(&change.after().unwrap());
            assert_eq!(like.is_some(), change.before().is_some());
            Message::Update { relation, old: like.as_ref().map(old), new }
        }
        (Op::Delete, Message::Delete { old: like, .. }) => Message::Delete { relation, old: old(like) },
        (Op::Truncate, _) => {
            let options = change.truncate_options();
            let (cascade, restart_identity) = (options.cascade, options.restart_identity);
            Message::Truncate { relations: vec![relation], cascade, restart_identity }
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_stream_comes_back_as_it_was_sent(transactions in transactions()) {
        let mut bench = Bench::new();
        let mut sent = Vec::new();
        for (at, transaction) in transactions.into_iter().enumerate() {
            let commit_lsn = at as u64 * 100 + 100;
            bench.feed(&[begin(commit_lsn), announce(0), announce(1), announce(2)]);
            bench.feed(&transaction);
            bench.feed(&[commit(commit_lsn)]);
            let is_part = |message: &Message| !matches!(message, Message::Message { transactional: false, .. });
            let parts = transaction.iter().filter(|message| is_part(message)).count();
            sent.extend(transaction.into_iter().map(normalised));
            if parts > 0 {
                sent.push(commit(commit_lsn));
            }
        }
        let mut received = Vec::new();
        for event in bench.batch.events() {
            match event {
                Event::Change(change) => {
                    let message = message_of(&change, &sent[received.len()]);
                    received.push(message);
                }
                Event::Message(message) => received.push(Message::Message {
                    transactional: message.transaction.is_some(),
                    lsn: message.lsn,
                    prefix: message.prefix.to_vec(),
                    content: message.content.to_vec(),
                }),
                Event::Commit { transaction, .. } => received.push(commit(transaction.commit_lsn.as_u64())),
                _ => {}
            }
        }
        prop_assert_eq!(received, sent);
    }

    #[test]
    fn any_bytes_are_read_or_refused(tag in proptest::sample::select(b"BCORYIUDTM".to_vec()), rest in vec(any::<u8>(), 0..80)) {
        let mut bench = Bench::in_transaction();
        let bytes = [&[tag][..], &rest].concat();
        if let Err(error) = bench.bytes(&bytes) {
            prop_assert!(error.offset() <= bytes.len());
        }
    }

    #[test]
    fn a_message_with_a_few_other_bytes_is_read_or_refused(
        message in change(),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bench = Bench::new();
        bench.feed(&[begin(100), announce(0), announce(1), announce(2)]);
        let before = bench.batch.events().count();
        let mut bytes = message.encode().to_vec();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        match bench.bytes(&bytes) {
            Err(error) => {
                prop_assert!(error.offset() <= bytes.len());
                prop_assert_eq!(bench.batch.events().count(), before);
            }
            // Whatever it says, it can be read.
            Ok(_) => _ = bench.batch.events().map(|event| format!("{event:?}")).count(),
        }
    }
}
