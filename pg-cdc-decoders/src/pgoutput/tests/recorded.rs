//! What a real server sent: `testdata/pgoutput-1.frames`, recorded by `testdata/pgoutput-1.sql`.

use super::*;

const FRAMES: &str = include_str!("../../../testdata/pgoutput-1.frames");
const EXPECTED: &str = include_str!("../../../testdata/pgoutput-1.expected");

#[test]
fn a_recorded_stream_decodes_to_what_was_done() {
    let mut bench = Bench::new();
    let mut tags = Vec::new();
    for line in FRAMES.lines().filter(|line| !line.starts_with('#')) {
        let (lsn, hex) = line.split_once('\t').unwrap();
        let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
        let buffer: Bytes = (0..hex.len()).step_by(2).map(digits).collect();
        tags.push(buffer[0]);
        let frame = Frame::whole(lsn.parse().unwrap(), &buffer);
        let _ = bench.decoder.decode(frame, &bench.tables, &mut bench.batch).unwrap();
    }
    tags.sort_unstable();
    tags.dedup();
    assert_eq!(tags, b"BCDIMORTUY", "every kind of message is in it");
    assert_eq!(bench.take().join("\n"), EXPECTED.trim_end());
}
