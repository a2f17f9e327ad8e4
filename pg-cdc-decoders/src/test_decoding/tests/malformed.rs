//! Lines that no server prints: an error that says where and what, no panic, no trace.

use super::*;

const LINES: &[&str] = &[
    "table public.t: INSERT: id[integer]:1 note[text]:'it''s'",
    "table public.t: INSERT: id[integer]:null note[character varying[]]:unchanged-toast-datum",
    "table \"a.\"\"b\".\"c\": INSERT: \"x y\"[\"s \"\"p\".\"t]:\"]:'v' b[boolean]:true c[bit]:B'101'",
    "table public.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 note[text]:'x'",
    "table public.t: UPDATE: id[integer]:2 note[text]:'x'",
    "table public.t: DELETE: id[integer]:2",
    "table public.t: TRUNCATE: restart_seqs cascade",
    "table public.t, public.u: TRUNCATE: (no-flags)",
    "message: transactional: 1 prefix: p, sz: 3 content:abc",
    "message: transactional: 0 prefix: p, sz: 3 content:abc",
];

const ROUTED: &[&str] = &[
    "BEGIN 7",
    "COMMIT 7 (at 2000-01-01 00:00:00.000001+00)",
    "PREPARE TRANSACTION E'a\\\\''b', txid 7 (at 2000-01-01 00:00:00+00)",
    "COMMIT PREPARED 'a', txid 7 (at 2000-01-01 00:00:00+00)",
    "ROLLBACK PREPARED 'a', txid 7 (at 2000-01-01 00:00:00+00)",
];

/// Decodes once; an error leaves no trace. Gives whether it was one.
fn is_refused(bench: &mut Bench, bytes: &[u8]) -> bool {
    let before = bench.batch.events().count();
    let buffer = Bytes::copy_from_slice(bytes);
    let refused = bench.decode(Frame::whole(Lsn::new(50), &buffer));
    let Err(error) = refused else { return false };
    assert_eq!(bench.batch.events().count(), before, "a trace of {}", String::from_utf8_lossy(bytes));
    assert!(error.offset() <= bytes.len() && error.lsn() == Lsn::new(50), "{error}");
    true
}

/// Where a line cut short is another that may stand there.
fn may_be_whole(line: &str, length: usize) -> bool {
    let cut = &line[..length];
    cut.ends_with("INSERT:")
        || cut.ends_with("UPDATE:")
        || cut.ends_with("DELETE:")
        || cut.ends_with("new-tuple:")
        || cut.ends_with(" restart_seqs")
        || cut.ends_with(|last: char| matches!(last, '0'..='9' | '\'')) && !cut.contains("message")
        || ["null", "true", "unchanged-toast-datum"].iter().any(|word| cut.ends_with(word))
}

#[test]
fn a_line_cut_at_any_byte_is_refused_without_a_trace() {
    for line in LINES {
        for length in 0..line.len() {
            let mut bench = Bench::new();
            let refused = is_refused(&mut bench, &line.as_bytes()[..length]);
            assert!(refused || may_be_whole(line, length), "{}", &line[..length]);
            // And where the table is known already, whose columns may be fewer then.
            let mut bench = Bench::knowing(&[t()]);
            let _ = is_refused(&mut bench, &line.as_bytes()[..length]);
            let _ = bench.bytes(LINES[0].as_bytes()).unwrap();
            let refused = is_refused(&mut bench, &line.as_bytes()[..length]);
            assert!(refused || may_be_whole(line, length), "{}", &line[..length]);
        }
        assert!(!is_refused(&mut Bench::new(), line.as_bytes()), "{line}");
    }
}

#[test]
fn a_line_with_any_byte_changed_is_read_or_refused() {
    for line in LINES {
        for at in 0..line.len() {
            for byte in [0, b' ', b'"', b'\'', b'[', b']', b':', b'.', b'(', b'9', 0xFF] {
                let mut bytes = line.as_bytes().to_vec();
                bytes[at] = byte;
                let _ = is_refused(&mut Bench::new(), &bytes);
                let mut bench = Bench::knowing(&[t()]);
                let _ = bench.bytes(LINES[0].as_bytes()).unwrap();
                let _ = is_refused(&mut bench, &bytes);
            }
        }
    }
}

#[test]
fn a_line_to_be_routed_that_is_cut_is_refused_or_tells_less() {
    for line in ROUTED {
        for length in 0..line.len() {
            let data = Bytes::copy_from_slice(&line.as_bytes()[..length]);
            let mut decoder = TestDecoding::new(VERSION, TextEncoding::default());
            if !line.starts_with("BEGIN") {
                let begin = Bytes::from_static(b"BEGIN 7");
                let _ = decoder.route(Frame::whole(Lsn::new(1), &begin)).unwrap();
            }
            let routed = decoder.route(Frame::whole(Lsn::new(2), &data));
            // Without the xid, or the time, a line is one that the plugin prints with other options.
            let is_less = matches!(&line[..length], "BEGIN" | "COMMIT" | "COMMIT 7")
                || line[..length].ends_with(['\'', '7']);
            assert!(routed.is_err() || is_less, "{}: {routed:?}", &line[..length]);
        }
    }
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    let mut bench = Bench::new();
    for (line, offset, what) in [
        ("table public.t: INSERT: id[integer]1", 34, "expected ]:"),
        ("table public.t: INSERT: id[integer]:x", 36, "expected a value"),
        ("table public.t: INSERT: id[integer]:'x", 38, "the end of a value"),
        ("table public.t: INSERT: id[integer]:1x b[text]:'x'y", 51, "expected  , found 'y'"),
        ("table public.t: MERGE: id[integer]:1", 14, "expected INSERT"),
        ("table t: INSERT: id[integer]:1", 7, "expected ., found ':'"),
        ("table public.t: INSERT: Id[integer]:1", 24, "expected an identifier, found 'I'"),
        ("table public.t: UPDATE: old-key: id[integer]:1", 46, " new-tuple:"),
        ("table public.t: TRUNCATE: nothing", 25, "bytes follow"),
        ("table public.t: UPDATE: (no-tuple-data) id[integer]:1", 39, "bytes follow"),
        ("message: transactional: 1 prefix: p, sz: 9 content:c", 34, "the message's content"),
        ("COMMIT 7", 0, "to be routed"),
    ] {
        let error = bench.bytes(line.as_bytes()).unwrap_err();
        assert!(error.to_string().contains(what), "{line}: {error}");
        if !line.contains("1x") {
            assert_eq!(error.offset(), offset, "{line}: {error}");
        }
    }
}

#[test]
fn more_columns_than_a_table_can_have_are_refused() {
    let line = |columns: usize| {
        (0..columns)
            .fold("table public.t: INSERT:".to_owned(), |line, at| line + &format!(" c{at}[integer]:1"))
    };
    assert!(!is_refused(&mut Bench::new(), line(1600).as_bytes()));
    assert!(is_refused(&mut Bench::new(), line(1601).as_bytes()));
}
