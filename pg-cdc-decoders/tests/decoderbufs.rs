//! What the real plugin sends comes to what pgoutput sends, change by change, but for what `docs/plugins.md` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use pg_cdc_core::batch::{Change, ChangeBatch, Event, Op};
use pg_cdc_core::types::{PgTimeTz, oid, write_text};
use pg_cdc_core::{Column, Datum, Known, Lsn, Shape, TableName, Tables};
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::{DecoderBufs, PgOutput, TextEncoding};
use pg_cdc_testkit::{Client, Cluster, Version};

use support::{Case, assert_same, decoded, facts, record, refused, reshaped, routed, show_change, workload};

/// Beside the tables of the [`workload`].
const SCHEMA: &str = r#"
    CREATE DOMAIN public.bytes AS bytea;
    CREATE DOMAIN public.zoned AS timetz;
    CREATE DOMAIN public.coins AS money;
    CREATE TABLE public.zoo (id bigint PRIMARY KEY, i2 smallint, i4 int, o oid, f4 real, f8 float8, n numeric,
        n2 numeric(10,2), b boolean, bi bit(4), vb varbit, t text, vc varchar(30), c char(5), "char" "char", nm name,
        by bytea, d date, tm time, tmz timetz, ts timestamp, tsz timestamptz(3), iv interval, u uuid, j json, jb jsonb,
        x xml, m money, pt point, ip inet, mac macaddr, tsv tsvector, r int4range, ia int[], ta text[], ba boolean[],
        e public.mood, ea public.mood[], p public.pair, pa public.pair[], dm public.dom, db public.bytes,
        dz public.zoned, dc public.coins, ov oidvector, iv2 int2vector, l pg_lsn, tr tsrange, mr datemultirange,
        da date[], "select" int);
    CREATE TABLE public."Tab:le. ""x" ("a b""c" int PRIMARY KEY, "New" text, "x.y" text);
    CREATE TABLE public.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE public.low PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.high (v text, id int PRIMARY KEY);
    ALTER TABLE public.parted ATTACH PARTITION public.high FOR VALUES FROM (10) TO (20);
    CREATE TABLE public."élan" ("ü" int PRIMARY KEY, v text)"#;

const ZOO: &str = r#"INSERT INTO public.zoo VALUES (1, -2, 3, 4000000000, 'NaN', '-Infinity', 'NaN', 12.30, true,
    B'1010', B'1', 'null', 'unset', 'c', 'x', 'name', '\x00ff27', '2024-02-29', '12:34:56.7', '12:34:56+05:30',
    '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+00', '1 year -2 days 03:04:05',
    'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": "''"}', '{"a": "it''s"}', '<a>''</a>', 12.34, '(1.5,-2)',
    '10.0.0.1/8', '08:00:2b:01:02:03', $$'a':1A 'b''c'$$, '[1,5)', '{1,NULL,3}', $${"a,b","it's","\""}$$,
    '{t,f,NULL}', 'sad', $${sad,"it's \"ok\""}$$, $$(1,"it's ""x""")$$, $${"(1,a)","(,)"}$$, 7, '\x00ff',
    '01:00:00-07', -1234567.89, '1 2 3', '4 5', '16/B374D848', '[2024-02-29 12:00:00,)',
    '{[2024-02-29,2024-03-01)}', '{2024-02-29,infinity}', 8)"#;

const STATEMENTS: &str = r#"
    INSERT INTO public.zoo (id, t, f8, f4, by, c, "char") VALUES (2, '', 1e300, 0.1, '', '', ''), (3, E'\n', 'Infinity', -0.0, NULL, NULL, NULL);
    INSERT INTO public.zoo (id, i2, i4, o, f4, f8) VALUES (9223372036854775807, 32767, 2147483647, 4294967295, 3.4028235e38, 5e-324),
        (-9223372036854775808, -32768, -2147483648, 0, 1.17549435e-38, -1.7976931348623157e308);
    INSERT INTO public.zoo (id, d, ts, tsz) VALUES (10, 'infinity', 'infinity', 'infinity'), (11, '-infinity', '-infinity', '-infinity'),
        (12, '5874897-12-31', '294276-12-31 23:59:59.999999', '294276-12-31 23:59:59.999+00'),
        (13, '4713-01-01 BC', '4713-11-24 00:00:00 BC', '4713-11-24 00:00:00+00 BC'),
        (14, '1970-01-01', '294247-01-10 04:00:54.775806', '294247-01-10 04:00:54.775809+00'),
        (15, '1969-12-31', '1969-12-31 23:59:59.999999', '2000-01-01 00:00:00+00');
    INSERT INTO public.zoo (id, tm, tmz, dz) VALUES (20, '00:00', '00:00+00', '24:00:00+00'), (21, '24:00:00', '23:59:59.999999-15:59:59', '00:00-15:59'),
        (22, '23:59:59.999999', '00:00:00+15:59:59', NULL), (23, NULL, '12:00:00.000001+00', NULL);
    INSERT INTO public.zoo (id, m, pt) VALUES (30, '92233720368547758.07', '(NaN,Infinity)'), (31, '-92233720368547758.08', '(-0,1e300)'),
        (32, 0, NULL), (33, -0.05, NULL), (34, 999.99, NULL), (35, 1000, NULL);
    UPDATE public.zoo SET t = repeat('it''s ', 3), b = false WHERE id = 1;
    UPDATE public.zoo SET id = -id WHERE abs(id::numeric) < 100;
    DELETE FROM public.zoo WHERE id = -3;
    INSERT INTO public."Tab:le. ""x" VALUES (1, 'a', 'b'), (2, NULL, '');
    UPDATE public."Tab:le. ""x" SET "New" = 'n', "a b""c" = 3 WHERE "a b""c" = 2;
    DELETE FROM public."Tab:le. ""x" WHERE "a b""c" = 1;
    INSERT INTO public.parted VALUES (1, 'a'), (11, 'b');
    UPDATE public.parted SET id = id + 11 WHERE id = 1;
    DELETE FROM public.parted;
    INSERT INTO public."élan" VALUES (1, 'café'), (2, 'plain');
    UPDATE public."élan" SET "ü" = 3, v = v || 'ß' WHERE "ü" = 1;
    BEGIN; INSERT INTO public.whole VALUES (50); PREPARE TRANSACTION 'decoderbufs';
    COMMIT PREPARED 'decoderbufs';
    TRUNCATE public.whole, public.zoo;
    SELECT pg_logical_emit_message(true, 'p', 'content');
    INSERT INTO public.whole VALUES (51)"#;

/// A value as both plugins tell it.
fn value(column: &Column, datum: Datum<'_>) -> String {
    if !matches!(datum, Datum::Text(_) | Datum::Binary(_)) {
        return format!("{datum:?}");
    }
    let mut text = Vec::new();
    write_text(&column.type_, datum, &mut text).unwrap_or_else(|error| panic!("{}: {error}", column.name));
    let text = String::from_utf8(text).unwrap();
    if column.type_.oid != oid::TIMETZ {
        return format!("= {text}");
    }
    // Its zone is lost.
    let zoned: PgTimeTz = text.parse().unwrap();
    let utc = zoned.time().micros_since_midnight() - i64::from(zoned.offset()) * 1_000_000;
    format!("{} µs", utc.rem_euclid(86_400_000_000))
}

/// What stands in a batch, a line each, but for TRUNCATEs, messages and transactions of nothing else. Where a commit
/// starts only pgoutput tells.
fn lines(batch: &ChangeBatch) -> Vec<String> {
    let (mut lines, mut rows) = (Vec::new(), 0);
    for event in batch.events() {
        match event {
            Event::Begin(_) => rows = 0,
            Event::Change(change) if change.op() != Op::Truncate => {
                rows += 1;
                lines.push(show_change(&change, value));
            }
            Event::Commit { transaction, end_lsn, changes } if rows > 0 => {
                lines.push(format!("commit of {:?} ends {end_lsn} with {changes}", transaction.xid));
            }
            _ => {}
        }
    }
    lines
}

/// The values of a change's new row.
fn values(change: &Change<'_>) -> Vec<String> {
    change.after().unwrap().columns().map(|(column, datum)| value(column, datum)).collect()
}

async fn money(client: &Client) -> MoneyFormat {
    let row = client.query_one(MoneyFormat::QUERY, &[]).await.unwrap();
    MoneyFormat::from_samples(row.get(0), row.get(1)).unwrap()
}

/// A database with a slot of the plugin, where the server has it.
async fn case(version: Version, encoding: &str, schema: &str) -> Option<(Case, String)> {
    let mut case = Case::with_encoding(version, encoding, schema).await;
    let slot = case.slot_where_there_is("decoderbufs").await?;
    Some((case, slot))
}

#[tokio::test]
async fn what_the_plugin_sends_comes_to_what_pgoutput_sends() {
    for version in Version::under_test() {
        let major = Cluster::shared(version).await.unwrap().major();
        if major < 14 {
            println!("skipped on {version}: the workload has multiranges");
            continue;
        }
        for encoding in ["UTF8", "LATIN1"] {
            let schema = format!("{}{SCHEMA}", workload::schema(major));
            let Some((mut case, slot)) = case(version, encoding, &schema).await else { break };
            let before = case.list().await;
            let their_slot = case.slot("pgoutput").await;
            let own = workload::split(STATEMENTS);
            case.run([vec![ZOO], workload::statements(major), own].concat()).await;
            let format = money(&case.client).await;
            for settings in ["", "SET search_path = ''; SET quote_all_identifiers = on"] {
                case.run([settings]).await;
                let sent = [("proto_version", "1"), ("publication_names", "p")];
                let sent = case.peek(&their_slot, &sent).await;
                let theirs = lines(&decoded(PgOutput::new(), case.tables(&before).await, &sent));
                assert!(theirs.len() > 350, "{}", theirs.len());
                let frames = case.peek(&slot, &[]).await;
                let decoder =
                    || DecoderBufs::new(TextEncoding::new(encoding).unwrap()).with_money(format.clone());
                let batch = routed(decoder(), case.tables(&before).await, &frames);
                assert_same(&lines(&batch), &theirs, (version, encoding));
                for event in batch.events() {
                    match event {
                        Event::Commit { transaction, end_lsn, .. } => {
                            assert_eq!(transaction.commit_lsn, end_lsn);
                        }
                        // None of those in the workload is told.
                        Event::Message(_) => panic!("a message"),
                        Event::Change(change) => assert_ne!(change.op(), Op::Truncate),
                        _ => {}
                    }
                }
                // One who asks nobody reads as many.
                let alone = routed(decoder(), Tables::without_catalog(), &frames);
                assert_eq!(alone.len(), batch.len());
            }
            case.end().await;
        }
    }
}

#[tokio::test]
async fn a_walsender_sends_the_same_at_the_same_positions() {
    let schema = "CREATE TABLE public.t (id int PRIMARY KEY, v text)";
    let Some((case, slot)) = case(Version::V15, "UTF8", schema).await else { return };
    case.run([
        "INSERT INTO public.t SELECT i, repeat('x', i) FROM generate_series(1, 100) i",
        "UPDATE public.t SET id = -id",
        "DELETE FROM public.t",
    ])
    .await;
    let peeked = case.peek(&slot, &[]).await;
    assert_eq!(peeked.len(), 306);
    let sent = record(&case.connect(), &slot, Lsn::ZERO, "", |sent| sent.len() >= peeked.len()).await;
    assert_eq!(sent, peeked);
    case.end().await;
}

/// What can't be told from what it is not.
#[tokio::test]
async fn two_microseconds_are_taken_for_the_infinities() {
    let schema = "CREATE TABLE t (a timestamp, b timestamptz)";
    let Some((case, slot)) = case(Version::V15, "UTF8", schema).await else { return };
    case.run(["INSERT INTO t VALUES ('294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775808+00')"])
        .await;
    let frames = case.peek(&slot, &[]).await;
    let batch = routed(DecoderBufs::default(), Tables::without_catalog(), &frames);
    assert_eq!(values(&batch.changes().next().unwrap()), ["= infinity", "= -infinity"]);
    case.end().await;
}

#[tokio::test]
async fn stored_generated_columns_are_told_where_they_are_wanted() {
    let schema =
        "CREATE TABLE public.t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text)";
    let Some((case, slot)) = case(Version::V15, "UTF8", schema).await else { return };
    case.run(["INSERT INTO public.t (id, v) VALUES (7, 'v')"]).await;
    let frames = case.peek(&slot, &[]).await;
    for (is_wanted, expected) in [(false, vec!["= 7", "= v"]), (true, vec!["= 7", "= 14", "= v"])] {
        let tables = reshaped(&case.list().await, Shape::default().with_generated(is_wanted));
        let batch = routed(DecoderBufs::default(), tables, &frames);
        assert_eq!(values(&batch.changes().next().unwrap()), expected);
    }
    case.end().await;
}

#[tokio::test]
async fn changes_of_a_table_without_an_identity_are_refused_where_they_are_wanted() {
    let schema = "CREATE TABLE public.t (a int, b text)";
    let Some((case, slot)) = case(Version::V15, "UTF8", schema).await else { return };
    case.run(["INSERT INTO public.t VALUES (1, 'a')", "UPDATE public.t SET b = 'b'", "DELETE FROM public.t"])
        .await;
    let frames = case.peek(&slot, &[]).await;
    let error = refused(DecoderBufs::default(), case.tables(&[]).await, &frames);
    assert!(error.contains("public.t: a row was changed, and not sent which"), "{error}");

    let list = case.list().await;
    let mut facts = facts(&list[0]);
    facts.inserts_only = true;
    let mut inserts = Tables::from_catalog();
    inserts.insert_named(TableName::new("public", "t"), Known::Wanted(facts));
    let batch = routed(DecoderBufs::default(), inserts, &frames);
    assert_eq!(batch.changes().map(|change| change.op()).collect::<Vec<_>>(), [Op::Insert]);
    case.end().await;
}
