//! Begin, commit, rows, TRUNCATE and messages, in both formats.

use pg_cdc_core::{Position, ServerId};

use super::*;

fn row(id: &str, v: &str) -> String {
    [int("id", id), text("v", v)].join(",")
}

#[test]
fn a_transaction_is_told_from_begin_to_commit() {
    let mut bench = Bench::v2([t()]);
    let lines = bench.lines(&object("I", "t", &format!(r#","columns":[{}],"pk":[]"#, row("1", r#""a""#))));
    assert_eq!(lines, ["schema public.t id int4, v text", "Insert public.t #0 > id=1 v=a"]);
    let columns = format!(r#","columns":[{}],"identity":[{}]"#, row("2", "null"), int("id", "1"));
    assert_eq!(
        bench.lines(&object("U", "t", &columns)),
        ["Update public.t #1 < id=1 v:NotInIdentity > id=2 v:Null"]
    );
    let identity = format!(r#","identity":[{}]"#, int("id", "2"));
    assert_eq!(bench.lines(&object("D", "t", &identity)), ["Delete public.t #2 < id=2 v:NotInIdentity"]);
    assert_eq!(bench.lines(&object("T", "t", "")), ["Truncate public.t #3"]);
    assert_eq!(
        bench.take(COMMIT),
        Ok(Outcome::Commit { commit_lsn: Lsn::new(0x64), end_lsn: Lsn::new(0x6E) })
    );
    assert_eq!(bench.drain(), ["commit 0/64 0/6E 4 Some(7)"]);
    assert_eq!(bench.asked, 1);
}

#[test]
fn a_document_in_chunks_tells_the_same_but_for_where_it_begins_to_commit() {
    let mut bench = Bench::v1([t()]);
    let insert = r#"{"kind":"insert","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","text"],"columntypeoids":[23,25],"columnvalues":[1,"a"],"pk":{"pknames":["id"],"pktypes":["integer"]}}"#;
    assert_eq!(bench.lines(insert), ["schema public.t id int4, v text", "Insert public.t #0 > id=1 v=a"]);
    let update = r#",{"kind":"update","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","text"],"columntypeoids":[23,25],"columnvalues":[2,null],"oldkeys":{"keynames":["id"],"keytypes":["integer"],"keytypeoids":[23],"keyvalues":[1]}}"#;
    assert_eq!(bench.lines(update), ["Update public.t #1 < id=1 v:NotInIdentity > id=2 v:Null"]);
    let delete = r#",{"kind":"delete","schema":"public","table":"t","pk":{"pknames":["id"],"pktypes":["integer"]},"oldkeys":{"keynames":["id"],"keytypes":["integer"],"keytypeoids":[23],"keyvalues":[2]}}"#;
    assert_eq!(bench.lines(delete), ["Delete public.t #2 < id=2 v:NotInIdentity"]);
    assert_eq!(
        bench.lines(r#",{"kind":"truncate","schema":"public","table":"t"}"#),
        ["Truncate public.t #3"]
    );
    assert_eq!(bench.take("]}"), Ok(Outcome::Commit { commit_lsn: Lsn::new(0x6E), end_lsn: Lsn::new(0x6E) }));
    assert_eq!(bench.drain(), ["commit 0/6E 0/6E 4 Some(7)"]);
}

#[test]
fn an_empty_transaction_is_begun_and_committed_and_no_event() {
    let mut bench = Bench::v2([]);
    assert!(matches!(bench.take(COMMIT), Ok(Outcome::Commit { .. })));
    assert!(bench.drain().is_empty());
    let mut bench = Bench::v1([]);
    assert!(matches!(bench.take("]}"), Ok(Outcome::Commit { .. })));
    let whole = format!("{HEADER}]}}");
    let committed = Ok(Outcome::Commit { commit_lsn: Lsn::new(0x6E), end_lsn: Lsn::new(0x6E) });
    assert_eq!(bench.take(&whole), committed);
    assert!(bench.drain().is_empty());
}

/// The identity is made from the new row unless the old one was written.
#[test]
fn an_identity_that_is_the_new_row_s_is_no_old_row() {
    let same = format!(r#","columns":[{}],"identity":[{}]"#, row("1", r#""b""#), int("id", "1"));
    let mut bench = Bench::v2([t()]);
    assert_eq!(bench.changes(&object("U", "t", &same)), ["Update public.t #0 > id=1 v=b"]);
    // The first of its kind is written as the ones after it.
    assert_eq!(bench.changes(&object("U", "t", &same)), ["Update public.t #1 > id=1 v=b"]);
    let keys = r#"{"kind":"update","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","text"],"columntypeoids":[23,25],"columnvalues":[1,"b"],"oldkeys":{"keynames":["id"],"keytypes":["integer"],"keytypeoids":[23],"keyvalues":[1]}}"#;
    let mut bench = Bench::v1([t()]);
    assert_eq!(bench.changes(keys), ["Update public.t #0 > id=1 v=b"]);
    assert_eq!(bench.changes(&format!(",{keys}")), ["Update public.t #1 > id=1 v=b"]);

    // With FULL it was written, even where nothing changed.
    let both = format!(r#","columns":[{0}],"identity":[{0}]"#, row("1", r#""b""#));
    let mut bench = Bench::v2([full(t())]);
    assert_eq!(bench.changes(&object("U", "t", &both)), ["Update public.t #0 < id=1 v=b > id=1 v=b"]);
}

#[test]
fn nulls_of_an_old_row_are_nulls_though_format_version_1_leaves_them_out() {
    let identity = format!(r#","identity":[{}]"#, row("1", "null"));
    let mut bench = Bench::v2([full(t())]);
    assert_eq!(bench.changes(&object("D", "t", &identity)), ["Delete public.t #0 < id=1 v:Null"]);
    let keys = r#"{"kind":"delete","schema":"public","table":"t","oldkeys":{"keynames":["id"],"keytypes":["integer"],"keytypeoids":[23],"keyvalues":[1]}}"#;
    let mut bench = Bench::v1([full(t())]);
    assert_eq!(bench.changes(keys), ["Delete public.t #0 < id=1 v:Null"]);
}

#[test]
fn a_value_that_is_left_out_of_an_update_is_unchanged() {
    let columns = |identity: &str| format!(r#","columns":[{}],"identity":[{identity}]"#, int("id", "1"));
    let mut bench = Bench::v2([t()]);
    assert_eq!(
        bench.changes(&object("U", "t", &columns(&int("id", "1")))),
        ["Update public.t #0 > id=1 v:Unchanged"]
    );
    // Where the old row holds it, that is what it is.
    let mut bench = Bench::v2([full(t())]);
    assert_eq!(
        bench.changes(&object("U", "t", &columns(&row("1", r#""long""#)))),
        ["Update public.t #0 < id=1 v=long > id=1 v=long"]
    );
    // A key that is stored out of line is written, and is not in the new row.
    let mut bench = Bench::v2([table("t", &[("v", oid::TEXT), ("id", oid::INT4)])]);
    let update = format!(r#","columns":[{}],"identity":[{}]"#, int("id", "2"), text("v", r#""key""#));
    assert_eq!(
        bench.changes(&object("U", "t", &update)),
        ["Update public.t #0 < v=key id:NotInIdentity > v=key id=2"]
    );
}

#[test]
fn an_insert_lacks_a_column_that_did_not_exist() {
    let mut bench = Bench::v2([t()]);
    let columns = format!(r#","columns":[{}]"#, int("id", "1"));
    assert!(bench.changes(&object("I", "t", &columns))[0].ends_with("> id=1 v:Absent"));
    let columns = format!(r#","columns":[{}]"#, row("2", "null"));
    assert!(bench.changes(&object("I", "t", &columns))[0].ends_with("> id=2 v:Null"));
}

#[test]
fn messages_are_told_with_what_was_escaped_in_them() {
    let message = |transactional: bool, content: &str| {
        format!(
            r#"{{"action":"M","xid":7,"timestamp":null,"origin":null,"lsn":"0/32","transactional":{transactional},"prefix":"p","content":"{content}"}}"#
        )
    };
    let mut bench = Bench::v2([]);
    assert_eq!(bench.lines(&message(true, "plain")), ["message true #0 p plain"]);
    assert_eq!(bench.lines(&message(true, r#"he said \"x\"\n"#)), ["message true #1 p he said \"x\"\n"]);
    bench.feed(COMMIT);
    bench.drain();
    // One that is not transactional confirms what was committed before it.
    assert_eq!(bench.take(&message(false, "alone")), Ok(Outcome::alone(Lsn::new(50))));
    assert_eq!(bench.drain(), ["message false #0 p alone"]);
    assert!(bench.error(&message(true, "x")).contains("outside of a transaction"));

    let mut bench = Bench::v1([]);
    let within = r#"{"kind":"message","transactional":true,"prefix":"p","content":"a\"b"}"#;
    assert_eq!(bench.lines(within), ["message true #0 p a\"b"]);
    bench.feed("]}");
    bench.drain();
    let alone = r#"{"change":[{"kind":"message","transactional":false,"prefix":"p","content":"alone"}]}"#;
    assert_eq!(bench.take(alone), Ok(Outcome::alone(Lsn::new(50))));
    assert_eq!(bench.drain(), ["message false #0 p alone"]);
    // Releases before 2.6 print a comma behind a transaction that had more than one change.
    assert_eq!(bench.lines(&alone.replace("[{", "[,{")), ["message false #0 p alone"]);
}

#[test]
fn what_came_from_elsewhere_is_passed_over_where_it_is_not_wanted() {
    let insert = object("I", "t", &format!(r#","columns":[{}]"#, row("1", "null")));
    let message = r#"{"action":"M","xid":7,"lsn":"0/32","transactional":true,"prefix":"p","content":"x"}"#;
    let begin = |origin: u32| BEGIN.replace(r#""lsn""#, &format!(r#""origin":{origin},"lsn""#));
    let mut bench = Bench::new(FormatVersion::V2, [t()]);
    bench.decoder = Wal2Json::new(FormatVersion::V2, TextEncoding::default()).only_local();
    for (origin, events) in [(3, 0), (0, 4)] {
        bench.feed(&begin(origin));
        for message in [&insert, message, &object("T", "t", ""), COMMIT] {
            bench.feed(message);
        }
        let lines: Vec<_> = bench.drain().into_iter().filter(|line| !line.starts_with("schema")).collect();
        assert_eq!(lines.len(), events, "{lines:?}");
    }
    assert!(bench.error(BEGIN).contains("include-origin"));

    let change = r#"{"kind":"insert","schema":"public","table":"t","columnnames":["id","v"],"columntypes":["integer","text"],"columntypeoids":[23,25],"columnvalues":[1,null]}"#;
    let header = |origin: u32| HEADER.replace(r#""change""#, &format!(r#""origin":{origin},"change""#));
    let mut bench = Bench::new(FormatVersion::V1, [t()]);
    bench.decoder = Wal2Json::new(FormatVersion::V1, TextEncoding::default()).only_local();
    for (origin, events) in [(3, 0), (0, 2)] {
        for frames in [
            vec![header(origin), change.to_owned(), "]}".to_owned()],
            vec![format!("{}{change}]}}", header(origin))],
        ] {
            frames.iter().for_each(|frame| bench.feed(frame));
            let lines: Vec<_> =
                bench.drain().into_iter().filter(|line| !line.starts_with("schema")).collect();
            assert_eq!(lines.len(), events, "{lines:?}");
        }
    }
}

#[test]
fn the_end_of_a_commit_is_the_message_s_own_place_where_it_is_not_told() {
    let mut bench = Bench::v2([]);
    let commit = COMMIT.replace(r#","nextlsn":"0/6E""#, "");
    assert_eq!(
        bench.take(&commit),
        Ok(Outcome::Commit { commit_lsn: Lsn::new(0x64), end_lsn: Lsn::new(50) })
    );
}

#[test]
fn what_is_not_asked_for_and_what_is_new_is_passed_over() {
    let mut bench = Bench::v2([t()]);
    let columns = r#","columns":[{"name":"id","type":"integer","typeoid":23,"value":1,"optional":false,"position":1,"default":null},{"name":"v","type":"text","typeoid":25,"value":"a","optional":true,"position":2,"default":"x"}],"news":{"a":[1,{"b":"]}"}]}"#;
    for seq in 0..2 {
        let lines = bench.changes(&object("I", "t", columns));
        assert_eq!(lines, [format!("Insert public.t #{seq} > id=1 v=a")]);
    }
    let spaced = r#" { "action" : "I" , "schema" : "public" , "table" : "t" , "columns" : [ { "name" : "id" , "type" : "integer" , "typeoid" : 23 , "value" : 1 } , { "name" : "v" , "type" : "text" , "typeoid" : 25 , "value" : "a" } ] } "#;
    assert_eq!(bench.changes(spaced), ["Insert public.t #2 > id=1 v=a"]);
}

#[test]
fn what_was_delivered_before_a_restart_is_passed_over() {
    let server = ServerId { system_id: 7, timeline: 1 };
    let mut after = Position::at("x".into(), server, Lsn::new(10));
    (after.commit_lsn, after.seq) = (Lsn::new(0x64), Some(0));
    let insert = |id: &str| object("I", "t", &format!(r#","columns":[{}]"#, row(id, "null")));
    let mut bench = Bench::new(FormatVersion::V2, [t()]);
    bench.decoder.restart(Some(&after));
    bench.feed(BEGIN);
    assert!(bench.changes(&insert("1")).is_empty());
    assert_eq!(bench.changes(&insert("2")), ["Insert public.t #1 > id=2 v:Null"]);
    // A transaction that was delivered whole is no event at all.
    after.seq = None;
    bench.decoder.restart(Some(&after));
    bench.feed(BEGIN);
    assert!(bench.changes(&insert("1")).is_empty());
    assert!(matches!(bench.take(COMMIT), Ok(Outcome::Commit { .. })));
    assert!(bench.drain().is_empty());
}
