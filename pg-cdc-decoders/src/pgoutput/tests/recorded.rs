//! What real servers sent: `testdata/pgoutput-1.frames`, recorded by `testdata/pgoutput-1.sql`, and
//! `testdata/pgoutput-N-*.frames`, of `testdata/pgoutput-blocks.sql`.

use pg_cdc_testkit::Keeper;

use super::*;

const FRAMES: &str = include_str!("../../../testdata/pgoutput-1.frames");
const EXPECTED: &str = include_str!("../../../testdata/pgoutput-1.expected");

fn messages(recording: &str) -> Vec<(Lsn, Bytes)> {
    let message = |line: &str| {
        let (lsn, hex) = line.split_once('\t').unwrap();
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        (lsn.parse().unwrap(), (0..hex.len()).step_by(2).map(digits).collect())
    };
    recording.lines().filter(|line| !line.starts_with('#')).map(message).collect()
}

fn tags(messages: &[(Lsn, Bytes)]) -> String {
    let mut tags: Vec<u8> = messages.iter().map(|(_, message)| message[0]).collect();
    tags.sort_unstable();
    tags.dedup();
    String::from_utf8(tags).unwrap()
}

#[test]
fn a_recorded_stream_decodes_to_what_was_done() {
    let mut bench = Bench::new();
    let messages = messages(FRAMES);
    for (lsn, message) in &messages {
        let frame = Frame::whole(*lsn, message);
        let _ = bench.decoder.decode(frame, &bench.tables, &mut bench.batch).unwrap();
    }
    assert_eq!(tags(&messages), "BCDIMORTUY", "every kind of message is in it");
    assert_eq!(bench.take().join("\n"), EXPECTED.trim_end());
}

/// What PostgreSQL `major` sent in blocks and prepared, with values in text or binary.
fn routed(major: u32, name: &str, cuts: bool) -> Vec<String> {
    let messages = messages(&recording(major, name));
    let expected = if major < 15 { "ABCDEIMORSTUYc" } else { "ABCDEIKMOPRSTUYbcpr" };
    assert_eq!(tags(&messages), expected, "every kind of message is in it");
    let mut keeper = Keeper::new(PgOutput::new()).cutting(cuts);
    for (lsn, message) in &messages {
        keeper.take(*lsn, message).unwrap();
    }
    assert!(keeper.is_empty());
    keeper.batch.events().map(|event| line(&event)).collect()
}

fn recording(major: u32, name: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata");
    std::fs::read_to_string(format!("{folder}/pgoutput-{major}-{name}.frames")).unwrap()
}

#[test]
fn recorded_blocks_decode_to_what_was_recorded_by_protocol_1() {
    for major in 14..=18 {
        let mut keeper = Keeper::new(PgOutput::new());
        for (lsn, message) in messages(&recording(major, "whole")) {
            keeper.decode(lsn, &message).unwrap();
        }
        let whole: Vec<_> = keeper.batch.events().map(|event| line(&event)).collect();
        assert!(whole.len() > 40);
        for cuts in [false, true] {
            assert_eq!(routed(major, "blocks", cuts), whole, "PostgreSQL {major}, cutting {cuts}");
            // The same but for the values.
            let events = |lines: &[String]| lines.iter().map(|line| kind(line)).collect::<Vec<_>>();
            assert_eq!(
                events(&routed(major, "binary", cuts)),
                events(&whole),
                "PostgreSQL {major}, in binary"
            );
        }
    }
}

/// What a line says before it comes to rows.
fn kind(line: &str) -> String {
    line.split(" {").next().unwrap_or_default().to_owned()
}
