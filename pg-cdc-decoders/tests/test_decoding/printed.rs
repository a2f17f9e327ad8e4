//! The same workload through both plugins: the same changes.

use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::{Column, Datum, Known, TableName, Tables};
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{PgOutput, TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Version};

use crate::support::{Case, Frames, assert_same, decoded, routed, show_change, workload};

/// Beside the tables of the [`workload`].
const SCHEMA: &str = r#"
    CREATE TYPE public."we]:ird ""t" AS ENUM ('a', 'b');
    CREATE TYPE public."do.t.s" AS ENUM ('a');
    CREATE DOMAIN public.flag AS boolean;
    CREATE TABLE public.zoo (id bigint PRIMARY KEY, i2 smallint, i4 int, o oid, f4 real, f8 float8, n numeric,
        n2 numeric(10,2), b boolean, bi bit(4), vb varbit, t text, vc varchar(30), c char(5), "char" "char", nm name,
        by bytea, d date, tm time, tmz timetz, ts timestamp, tsz timestamptz(3), iv interval, u uuid, j json, jb jsonb,
        x xml, m money, pt point, ip inet, mac macaddr, tsv tsvector, r int4range, ia int[], ta text[], ba boolean[],
        e public.mood, ea public.mood[], we public."we]:ird ""t", wa public."we]:ird ""t"[], p public.pair,
        pa public.pair[], dm public.dom, fl public.flag, ov oidvector, iv2 int2vector, l pg_lsn, "select" int);
    CREATE TABLE public."Tab:le. x" ("a b""c" int PRIMARY KEY, "new-tuple:" text, "x]:'" text);
    CREATE TABLE public.dotted ("i.d" int PRIMARY KEY, e public."do.t.s", ea public."do.t.s"[], b bpchar, ba bpchar[])"#;

const ZOO: &str = r#"INSERT INTO public.zoo VALUES (1, -2, 3, 4000000000, 'NaN', '-Infinity', 'NaN', 12.30, true, B'1010', B'1', 'null',
        'unchanged-toast-datum', 'c', 'x', 'name', '\x00ff27', '2024-02-29', '12:34:56.7', '12:34:56+05:30',
        '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+00', '1 year -2 days 03:04:05',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": "''"}', '{"a": "it''s"}', '<a>''</a>', 12.34, '(1.5,-2)',
        '10.0.0.1/8', '08:00:2b:01:02:03', $$'a':1A 'b''c'$$, '[1,5)', '{1,NULL,3}', $${"a,b","it's","\""}$$,
        '{t,f,NULL}', 'sad', $${sad,"it's \"ok\""}$$, 'a', '{a,b}', $$(1,"it's ""x""")$$, $${"(1,a)","(,)"}$$, 7, true,
        '1 2 3', '4 5', '16/B374D848', 8)"#;

/// With what the plugin prints between the values, within them.
const STATEMENTS: &str = r#"
    INSERT INTO public.zoo (id, t, f8, f4) VALUES (2, '', 1e300, 0.1), (3, E'\n', 'Infinity', -0.0);
    UPDATE public.zoo SET t = repeat('it''s ', 3), b = false WHERE id = 1;
    UPDATE public.zoo SET id = -id;
    DELETE FROM public.zoo WHERE id = -3;
    INSERT INTO public."Tab:le. x" VALUES (1, E' new-tuple: id[integer]:1\n', E'it''s "quoted" \\ \''), (2, NULL, '');
    UPDATE public."Tab:le. x" SET "new-tuple:" = E' new-tuple: id[integer]:1\n', "x]:'" = E'it''s "quoted" \\ \'',
        "a b""c" = 3 WHERE "a b""c" = 2;
    DELETE FROM public."Tab:le. x" WHERE "a b""c" = 1;
    INSERT INTO public.dotted VALUES (1, 'a', '{a,a}', 'b ', '{b}')"#;

const STATEMENTS_SINCE_11: &str = r#"
    TRUNCATE public.whole;
    TRUNCATE public.zoo, public."Tab:le. x" RESTART IDENTITY CASCADE;
    BEGIN; TRUNCATE public.toast CASCADE; INSERT INTO public.toast VALUES (1, 'v', 'w'); COMMIT"#;

const STATEMENTS_SINCE_14: &str = r"
    SELECT pg_logical_emit_message(true, 'p, sz: 2', E'con\ntent');
    BEGIN; SELECT pg_logical_emit_message(true, 'first', ''); INSERT INTO public.whole VALUES (9);
    SELECT pg_logical_emit_message(true, 'p', ' content:'); COMMIT;
    SELECT pg_logical_emit_message(false, '', 'at once');
    INSERT INTO public.whole VALUES (10)";

fn statements(major: u32) -> Vec<&'static str> {
    let mut statements = [vec![ZOO], workload::split(STATEMENTS), workload::statements(major)].concat();
    for (since, more) in [(11, STATEMENTS_SINCE_11), (14, STATEMENTS_SINCE_14)] {
        if major >= since {
            statements.extend(workload::split(more));
        }
    }
    statements
}

fn value(_: &Column, datum: Datum<'_>) -> String {
    match datum {
        Datum::Text(text) => format!("= {}", String::from_utf8_lossy(text)),
        other => format!("{other:?}"),
    }
}

/// What stands in a batch, a line each; the commit by its end, which both tell.
fn lines(batch: &ChangeBatch) -> Vec<String> {
    let line = |event: Event<'_>| match event {
        Event::Change(change) => Some(show_change(&change, value)),
        Event::Message(message) => {
            let xid = message.transaction.map(|transaction| transaction.xid);
            let (prefix, content) = (message.prefix.to_vec(), message.content.to_vec());
            Some(format!("message {:?} of {xid:?} #{}: {prefix:?} {content:?}", message.lsn, message.seq))
        }
        Event::Commit { transaction, end_lsn, changes } => {
            Some(format!("commit of {:?} ends {end_lsn} with {changes}", transaction.xid))
        }
        _ => None,
    };
    batch.events().filter_map(line).collect()
}

/// Of 10, what an ALTER TABLE writes anew: the catalog has no such table.
fn without_rewritten(printed: &Frames, mut tables: Tables) -> Tables {
    for (_, line) in printed {
        let line = String::from_utf8_lossy(line);
        if let Some((name, _)) =
            line.strip_prefix("table public.pg_temp_").and_then(|line| line.split_once(':'))
        {
            tables.insert_named(TableName::new("public", format!("pg_temp_{name}")), Known::Unwanted);
        }
    }
    tables
}

#[tokio::test]
async fn what_is_printed_comes_to_what_pgoutput_sends() {
    for version in Version::under_test() {
        let major = Cluster::shared(version).await.unwrap().major();
        let mut case = Case::new(version, &format!("{}{SCHEMA}", workload::schema(major))).await;
        let before = case.list().await;
        let (their_slot, slot) = (case.slot("pgoutput").await, case.slot("test_decoding").await);
        case.run(statements(major)).await;
        let mut sent = vec![("proto_version", "1"), ("publication_names", "p")];
        if major >= 14 {
            sent.push(("messages", "true"));
        }
        // What is in the search path is printed without its schema.
        for settings in ["", "SET search_path = ''; SET TimeZone = 'Asia/Kolkata'"] {
            case.run([settings]).await;
            let sent = case.peek(&their_slot, &sent).await;
            let theirs = lines(&decoded(PgOutput::new(), case.tables(&before).await, &sent));
            assert!(theirs.len() > 350, "{}", theirs.len());
            for more in [&[][..], &[("force-binary", "on")]] {
                let printed = case.peek(&slot, &[OPTIONS, more].concat()).await;
                let decoder = || TestDecoding::new(case.cluster.version_num(), TextEncoding::default());
                let known = without_rewritten(&printed, case.tables(&before).await);
                let batch = routed(decoder(), known, &printed);
                assert_same(&lines(&batch), &theirs, (version, more));
                // One who asks nobody reads the same values.
                let alone = routed(decoder(), Tables::without_catalog(), &printed);
                assert_eq!(alone.len(), batch.len());
            }
        }
        case.end().await;
    }
}
