//! Messages that are not right: an error, never a panic, and nothing on the tape.

use proptest::prelude::*;

use super::*;

fn update() -> String {
    let new = [int("id", "1"), text("v", r#""a\nb""#)].join(",");
    object("U", "t", &format!(r#","columns":[{new}],"identity":[{0}],"pk":[{0}]"#, int("id", "2"))).replace(
        r#""pk":[{"name":"id","type":"integer","typeoid":23,"value":2}]"#,
        r#""pk":[{"name":"id","type":"integer","typeoid":23}]"#,
    )
}

const CHANGE: &str = r#",{"kind":"update","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","text"],"columntypeoids":[23,25],"columnvalues":[1,"a\nb"],"pk":{"pknames":["id"],"pktypes":["integer"]},"oldkeys":{"keynames":["id"],"keytypes":["integer"],"keytypeoids":[23],"keyvalues":[2]}}"#;
const MESSAGE: &str =
    r#"{"action":"M","xid":7,"lsn":"0/32","transactional":true,"prefix":"p","content":"a\"b"}"#;

#[test]
fn what_is_cut_off_is_an_error_and_leaves_no_trace() {
    for message in [update(), MESSAGE.to_owned(), object("T", "t", ""), COMMIT.to_owned()] {
        for end in 0..message.len() {
            let mut bench = Bench::v2([t()]);
            let error = bench.error(&message[..end]);
            assert!(error.starts_with("wal2json message at 0/32, offset "), "{error}");
            assert!(bench.batch.changes().next().is_none(), "{error}");
        }
        Bench::v2([t()]).feed(&message);
    }
    for end in 1..CHANGE.len() {
        let mut bench = Bench::v1([t()]);
        let error = bench.error(&CHANGE[..end]);
        assert!(bench.batch.changes().next().is_none(), "{error}");
    }
    Bench::v1([t()]).feed(CHANGE);
    for end in 0..HEADER.len() {
        Bench::new(FormatVersion::V1, []).error(&HEADER[..end]);
    }
}

#[test]
fn what_may_not_stand_there_is_refused_by_name() {
    let row = [int("id", "1"), text("v", "null")].join(",");
    let with = |rest: &str| object("I", "t", rest);
    for (message, expected) in [
        (String::new(), "an object"),
        ("x".to_owned(), "an object"),
        ("[]".to_owned(), "an object"),
        ("{}".to_owned(), "a message without an action"),
        (r#"{"action":"X"}"#.to_owned(), "an action that is none of"),
        (r#"{"action":1}"#.to_owned(), "an action"),
        (BEGIN.to_owned(), "begins within another"),
        (r#"{"action":"I","table":"t"}"#.to_owned(), "include-schemas"),
        (r#"{"action":"I","schema":"s","x":1}"#.to_owned(), "a table's name"),
        (r#"{"action":"I","columns":[]}"#.to_owned(), "without a table"),
        (r#"{"action":"T"}"#.to_owned(), "without a table"),
        (object("T", "t", r#","columns":[]"#), "no rows"),
        (with(""), "a comma"),
        (with(r#","columns":[],"identity":[]"#), "the rows that it must have"),
        (with(r#","identity":[]"#), "the rows that it must have"),
        (with(r#","columns":[],"columns":[]"#), "one row of a kind"),
        (with(r#","columns":{}"#), "a list of columns"),
        (with(r#","columns":[1]"#), "a column"),
        (with(r#","columns":[{}]"#), "a column's value"),
        (with(r#","columns":[{"name":"id"}]"#), "a column's value"),
        (with(r#","columns":[{"value":1}]"#), "without a name"),
        (with(r#","columns":[{"name":"id","value":1}]"#), "include-type-oids"),
        (with(r#","columns":[{"name":"id","typeoid":99999999999,"value":1}]"#), "a type's OID"),
        (with(r#","columns":[{"name":"id","typeoid":23,"value":[1]}]"#), "a column's value"),
        (with(r#","columns":[{"name":"id","typeoid":23,"value":nul}]"#), "a column's value"),
        (with(&format!(r#","columns":[{row},{row}]"#)), "comes twice"),
        (object("U", "t", r#","identity":[]"#), "the rows that it must have"),
        (object("D", "t", r#","columns":[]"#), "the rows that it must have"),
        (with(&format!(r#","columns":[{row}]"#)) + "x", "follow the end"),
        (r#"{"action":"M","transactional":true,"prefix":"p"}"#.to_owned(), "without prefix or content"),
        (r#"{"action":"C","nextlsn":"0/x"}"#.to_owned(), "an LSN"),
        (r#"{"action":"C","xid":-1}"#.to_owned(), "a transaction's id"),
    ] {
        let mut bench = Bench::v2([t()]);
        let error = bench.error(&message);
        assert!(error.contains(expected), "{message}: {error}");
        assert!(bench.batch.changes().next().is_none());
    }
    let mut bench = Bench::new(FormatVersion::V2, [t()]);
    for message in [COMMIT, &object("T", "t", ""), &with(&format!(r#","columns":[{row}]"#))] {
        let error = bench.error(message);
        assert!(error.contains("without a begin") || error.contains("outside of a transaction"), "{error}");
    }
    for (cut, expected) in [
        (r#","timestamp":"2000-01-01 00:00:00+00""#, "include-timestamp"),
        (r#","lsn":"0/64""#, "include-lsn"),
    ] {
        let error = Bench::new(FormatVersion::V2, []).error(&BEGIN.replace(cut, ""));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn lists_of_format_version_1_must_agree() {
    for (from, to) in [
        (r#""columnvalues":[1,"a\nb"]"#, r#""columnvalues":[1]"#),
        (r#""columnvalues":[1,"a\nb"]"#, r#""columnvalues":[1,"a",2]"#),
        (r#","columnvalues":[1,"a\nb"]"#, ""),
        (r#""columntypeoids":[23,25]"#, r#""columntypeoids":[23]"#),
        (r#""columntypes":["integer","text"]"#, r#""columntypes":["integer"]"#),
        (r#""columnnames":["id","v"],"#, ""),
        (r#""keyvalues":[2]"#, r#""keyvalues":[]"#),
        // Values before names would be dropped.
        (
            r#""columnnames":["id","v"],"columntypes":["integer","text"]"#,
            r#""columntypes":["integer","text"],"columnnames":["id","v"]"#,
        ),
        (r#""kind":"update""#, r#""kind":"insert""#),
        (r#""kind":"update""#, r#""kind":"delete""#),
        (r#""kind":"update","#, ""),
        (r#""kind":"update""#, r#""kind":"what""#),
        (r#""schema":"public","#, ""),
    ] {
        assert!(CHANGE.contains(from), "{from}");
        let mut bench = Bench::v1([t()]);
        let error = bench.error(&CHANGE.replace(from, to));
        assert!(bench.batch.changes().next().is_none(), "{to}: {error}");
    }
    for (message, expected) in [
        (HEADER, "begins within another"),
        ("]", "the end of the document"),
        ("]}x", "follow the end"),
        (r#"{"change":[]}"#, "a change"),
        (
            r#"{"change":[{"kind":"message","transactional":true,"prefix":"p","content":"x"}]}"#,
            "not transactional",
        ),
        (r#"{"xid":7}"#, "without changes"),
        (&format!("{HEADER}]}}"), "within another"),
    ] {
        let error = Bench::v1([t()]).error(message);
        assert!(error.contains(expected), "{message}: {error}");
    }
    assert!(Bench::new(FormatVersion::V1, []).error("]}").contains("did not begin"));
}

#[derive(Debug, Clone, Copy)]
enum Form {
    Object,
    Chunk,
    Document,
}

impl Form {
    fn bench(self) -> Bench {
        match self {
            Self::Object => Bench::v2([t()]),
            Self::Chunk => Bench::v1([t()]),
            Self::Document => Bench::new(FormatVersion::V1, [t()]),
        }
    }

    fn message(self) -> String {
        match self {
            Self::Object => update(),
            Self::Chunk => CHANGE.to_owned(),
            Self::Document => format!("{HEADER}{}{CHANGE}]}}", &CHANGE[1..]),
        }
    }
}

/// A message with some of its bytes replaced.
fn mutated() -> impl Strategy<Value = (Form, Vec<u8>)> {
    let bytes = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4);
    let forms = prop_oneof![Just(Form::Object), Just(Form::Chunk), Just(Form::Document)];
    (forms, bytes).prop_map(|(form, changes)| {
        let mut message = form.message().into_bytes();
        for (at, byte) in changes {
            let at = at.index(message.len());
            message[at] = byte;
        }
        (form, message)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn random_bytes_are_an_error(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        prop_assert!(Bench::v2([t()]).bytes(&bytes).is_err());
        let _ = Bench::v1([t()]).bytes(&bytes);
    }

    #[test]
    fn bytes_that_are_changed_never_panic((form, message) in mutated(), is_known: bool) {
        let mut bench = form.bench();
        if is_known {
            // The columns are found by comparison.
            bench.feed(&form.message());
            bench.drain();
        }
        if bench.bytes(&message).is_err() {
            prop_assert!(bench.batch.changes().next().is_none());
        }
        // Whatever it was, the tape can be read.
        bench.drain();
    }

    #[test]
    fn what_is_known_reads_as_what_is_new((form, message) in mutated()) {
        let mut new = form.bench();
        let mut known = form.bench();
        known.feed(&form.message());
        known.drain();
        let rows = |bench: &mut Bench| {
            let read = bench.bytes(&message).is_ok();
            let row = |line: String| line.split_once(['<', '>']).map(|(_, row)| row.to_owned());
            (read, bench.drain().into_iter().filter_map(row).collect::<Vec<_>>())
        };
        prop_assert_eq!(rows(&mut new), rows(&mut known));
    }
}
