//! What the real plugin sends comes to what pgoutput sends, change by change, but for what `docs/plugins.md` says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use pg_cdc_core::batch::{BufferPool, Change, ChangeBatch, Event, Op, Row};
use pg_cdc_core::catalog::{self, TableInfo};
use pg_cdc_core::types::{PgTimeTz, oid, write_text};
use pg_cdc_core::wire::{Connection, ServerFrame, Session, StatusUpdate};
use pg_cdc_core::{Column, Datum, Decoder, Known, Lsn, Shape, TableFacts, TableName, Tables};
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::{DecoderBufs, PgOutput, TextEncoding};
use pg_cdc_testkit::{Client, Cluster, Keeper, Version};

const SCHEMA: &str = r#"
    CREATE TYPE public.mood AS ENUM ('sad', 'it''s "ok"');
    CREATE TYPE public.pair AS (a int, b text);
    CREATE DOMAIN public.dom AS int CHECK (VALUE > 0);
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
    CREATE SCHEMA "my ""schema";
    CREATE TABLE "my ""schema"."from" (id int PRIMARY KEY, v text);
    CREATE TABLE public.whole (id int PRIMARY KEY, a int, v text, w text DEFAULT 'w');
    ALTER TABLE public.whole REPLICA IDENTITY FULL;
    CREATE TABLE public.toast (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    CREATE TABLE public.toast_whole (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast_whole ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    ALTER TABLE public.toast_whole REPLICA IDENTITY FULL;
    CREATE TABLE public.by_index (a int, b int NOT NULL, c text);
    CREATE UNIQUE INDEX by_index_b ON public.by_index (b);
    ALTER TABLE public.by_index REPLICA IDENTITY USING INDEX by_index_b;
    CREATE TABLE public.altered (id int PRIMARY KEY, a int, b text);
    CREATE TABLE public.dropped (id int PRIMARY KEY, e public.mood);
    CREATE TABLE public.renamed (id int PRIMARY KEY, v text);
    CREATE TABLE public.generated (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text);
    CREATE TABLE public.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE public.low PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.high (v text, id int PRIMARY KEY);
    ALTER TABLE public.parted ATTACH PARTITION public.high FOR VALUES FROM (10) TO (20);
    CREATE TABLE public.empty ();
    CREATE TABLE public."élan" ("ü" int PRIMARY KEY, v text);
    CREATE PUBLICATION p FOR ALL TABLES"#;

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
    INSERT INTO "my ""schema"."from" SELECT i, repeat('x', i) FROM generate_series(1, 300) i;
    BEGIN; UPDATE "my ""schema"."from" SET v = 'y' WHERE id < 5; SAVEPOINT s; DELETE FROM "my ""schema"."from";
        ROLLBACK TO SAVEPOINT s; INSERT INTO "my ""schema"."from" VALUES (-1, 'kept'); COMMIT;
    BEGIN; INSERT INTO "my ""schema"."from" VALUES (-2, 'given up'); ROLLBACK;
    INSERT INTO public.whole VALUES (1, NULL, NULL), (2, 5, 'v''');
    UPDATE public.whole SET a = a + 1;
    UPDATE public.whole SET v = repeat('long ', 1000), w = NULL WHERE id = 2;
    UPDATE public.whole SET id = -id;
    DELETE FROM public.whole;
    INSERT INTO public.toast VALUES (1, repeat('v', 5000), repeat('w''', 5000)), (2, 'short', NULL);
    UPDATE public.toast SET v = 'now short' WHERE id = 1;
    UPDATE public.toast SET id = 3 WHERE id = 1;
    DELETE FROM public.toast;
    INSERT INTO public.toast_whole VALUES (4, repeat('v', 5000), repeat('w''', 5000));
    UPDATE public.toast_whole SET v = NULL WHERE id = 4;
    DELETE FROM public.toast_whole;
    INSERT INTO public.by_index VALUES (1, 2, 'c'), (NULL, 3, NULL);
    UPDATE public.by_index SET b = -b;
    UPDATE public.by_index SET c = 'd';
    DELETE FROM public.by_index;
    INSERT INTO public.empty DEFAULT VALUES;
    INSERT INTO public.generated (id, v) VALUES (1, 'v');
    UPDATE public.generated SET id = 2;
    DELETE FROM public.generated;
    INSERT INTO public.parted VALUES (1, 'a'), (11, 'b');
    UPDATE public.parted SET id = id + 11 WHERE id = 1;
    DELETE FROM public.parted;
    INSERT INTO public.altered VALUES (1, 2, 'b');
    ALTER TABLE public.altered ADD COLUMN c numeric(5,1) DEFAULT 1.5;
    INSERT INTO public.altered VALUES (2, 3, 'b', 2.5);
    UPDATE public.altered SET a = 0;
    ALTER TABLE public.altered DROP COLUMN a;
    INSERT INTO public.altered VALUES (3, 'b', 2.5);
    ALTER TABLE public.altered RENAME COLUMN b TO bb;
    INSERT INTO public.altered VALUES (4, 'b', 2.5);
    ALTER TABLE public.altered ALTER c TYPE bigint;
    INSERT INTO public.altered VALUES (5, 'b', 2);
    BEGIN; ALTER TABLE public.altered ADD COLUMN d text; INSERT INTO public.altered VALUES (6, 'b', 3, 'd'); COMMIT;
    DELETE FROM public.altered WHERE id < 4;
    INSERT INTO public.dropped VALUES (1, 'sad');
    UPDATE public.dropped SET id = 2;
    DROP TABLE public.dropped;
    INSERT INTO public.renamed VALUES (1, 'v');
    ALTER TABLE public.renamed RENAME TO renamed_since;
    INSERT INTO public.renamed_since VALUES (2, 'v');
    ALTER TABLE public.renamed_since SET SCHEMA "my ""schema";
    UPDATE "my ""schema".renamed_since SET id = -id;
    CREATE TABLE public.later (id int PRIMARY KEY); INSERT INTO public.later VALUES (1);
    INSERT INTO public."élan" VALUES (1, 'café'), (2, 'plain');
    UPDATE public."élan" SET "ü" = 3, v = v || 'ß' WHERE "ü" = 1;
    BEGIN; INSERT INTO public.whole VALUES (50); PREPARE TRANSACTION 'decoderbufs';
    COMMIT PREPARED 'decoderbufs';
    TRUNCATE public.whole, public.zoo;
    SELECT pg_logical_emit_message(true, 'p', 'content');
    INSERT INTO public.whole VALUES (51)"#;

/// A slot of the plugin, unless the server has none.
async fn make_slot(client: &Client, slot: &str, plugin: &str) -> bool {
    let sql = format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}')");
    match client.batch_execute(&sql).await {
        Ok(()) => true,
        // Undefined file: there is no such library.
        Err(error) if error.code().is_some_and(|code| code.code() == "58P01") => false,
        Err(error) => panic!("{error:?}"),
    }
}

/// Everything that stands in a slot.
async fn peek(client: &Client, slot: &str, options: &str) -> Vec<(Lsn, Bytes)> {
    let sql = format!(
        "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('{slot}', NULL, NULL{options})"
    );
    let rows = client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get::<_, Vec<u8>>(1).into())).collect()
}

fn facts(info: &TableInfo) -> TableFacts {
    let mut facts = TableFacts::new(Arc::clone(&info.table), Lsn::ZERO);
    let left_out = info.whole.columns.iter().filter(|column| info.table.column_index(&column.name).is_none());
    facts.generated =
        left_out.filter(|column| column.generated).map(|column| Arc::clone(&column.name)).collect();
    facts.plain = info.plain_columns.clone();
    facts
}

/// The catalog of now: what is said of each table by its OID, its name of now and its name of `before`.
async fn tables(cluster: &Cluster, database: &str, before: &[TableInfo]) -> Tables {
    let client = catalog::connect(&cluster.url(database).parse().unwrap()).await.unwrap();
    let mut tables = Tables::from_catalog();
    let now = catalog::list_tables(&client, cluster.version_num()).await.unwrap();
    let known: HashMap<u32, Known> =
        now.iter().map(|info| (info.whole.oid, Known::Wanted(facts(info)))).collect();
    for info in before {
        // Where it was dropped since, what was known before is the best there is.
        let known = known.get(&info.whole.oid).cloned().unwrap_or_else(|| Known::Wanted(facts(info)));
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known);
    }
    for info in &now {
        let known = known[&info.whole.oid].clone();
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known.clone());
        if &*info.whole.name.name == "renamed_since" {
            // The name between the two.
            tables.insert_named(TableName::new("public", "renamed_since"), known);
        }
        for column in &info.whole.columns {
            tables.insert_type(column.type_.clone());
        }
    }
    tables
}

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

/// A row without what the catalog of now has and the change has not.
fn show(row: &Row<'_>) -> Vec<String> {
    let known = row.columns().filter(|(_, datum)| *datum != Datum::Absent);
    known
        .map(|(column, datum)| format!("{} {} {}", column.name, column.type_.oid, value(column, datum)))
        .collect()
}

fn show_change(change: &Change<'_>) -> String {
    let rows = [change.before(), change.after()].map(|row| row.as_ref().map(show));
    let (lsn, seq, transaction) = (change.lsn(), change.seq(), change.transaction());
    let of = (transaction.xid, transaction.commit_time);
    format!("{:?} {} at {lsn} #{seq} of {of:?}: {rows:?}", change.op(), change.table().name)
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
                lines.push(show_change(&change));
            }
            Event::Commit { transaction, end_lsn, changes } if rows > 0 => {
                lines.push(format!("commit of {:?} ends {end_lsn} with {changes}", transaction.xid));
            }
            _ => {}
        }
    }
    lines
}

fn decoded<D: Decoder>(decoder: D, tables: Tables, frames: &[(Lsn, Bytes)], is_routed: bool) -> ChangeBatch {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    for (lsn, data) in frames {
        let taken = if is_routed { keeper.take(*lsn, data) } else { keeper.decode(*lsn, data) };
        taken.unwrap_or_else(|error| panic!("{data:?}: {error}"));
    }
    assert!(keeper.is_empty());
    keeper.batch
}

async fn money(client: &Client) -> MoneyFormat {
    let row = client.query_one(MoneyFormat::QUERY, &[]).await.unwrap();
    MoneyFormat::from_samples(row.get(0), row.get(1)).unwrap()
}

#[tokio::test]
async fn what_the_plugin_sends_comes_to_what_pgoutput_sends() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() < 14 {
            println!("skipped on {version}: the workload has multiranges");
            continue;
        }
        for encoding in ["UTF8", "LATIN1"] {
            let database = cluster.fresh_database_in("decoderbufs", encoding).await.unwrap();
            let client = cluster.connect(&database).await.unwrap();
            client.batch_execute(SCHEMA).await.unwrap();
            let ours = catalog::connect(&cluster.url(&database).parse().unwrap()).await.unwrap();
            let before = catalog::list_tables(&ours, cluster.version_num()).await.unwrap();
            let [slot, their_slot] = ["ours", "theirs"].map(|slot| format!("{slot}_{database}"));
            if !make_slot(&client, &slot, "decoderbufs").await {
                println!("skipped on {version}: the server has no decoderbufs");
                break;
            }
            make_slot(&client, &their_slot, "pgoutput").await;
            for sql in std::iter::once(ZOO).chain(STATEMENTS.split(";\n")) {
                client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            }
            let format = money(&client).await;
            for settings in ["", "SET search_path = ''; SET quote_all_identifiers = on"] {
                client.batch_execute(settings).await.unwrap();
                let sent =
                    peek(&client, &their_slot, ", 'proto_version', '1', 'publication_names', 'p'").await;
                let now = || tables(cluster, &database, &before);
                let theirs = lines(&decoded(PgOutput::new(), now().await, &sent, false));
                assert!(theirs.len() > 350, "{}", theirs.len());
                let frames = peek(&client, &slot, "").await;
                let decoder =
                    || DecoderBufs::new(TextEncoding::new(encoding).unwrap()).with_money(format.clone());
                let batch = decoded(decoder(), now().await, &frames, true);
                let ours = lines(&batch);
                for at in 0..ours.len().max(theirs.len()) {
                    assert_eq!(ours.get(at), theirs.get(at), "PostgreSQL {version}, {encoding}, line {at}");
                }
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
                let alone = decoded(decoder(), Tables::without_catalog(), &frames, true);
                assert_eq!(alone.len(), batch.len());
            }
            client.drop_slot(&slot).await.unwrap();
            client.drop_slot(&their_slot).await.unwrap();
        }
    }
}

/// As many messages of a slot as there are in `expected`, as a walsender sends them.
async fn stream(url: &str, slot: &str, expected: usize) -> Vec<(Lsn, Bytes)> {
    let connection = Connection::connect(&url.parse().unwrap(), Session::Replication).await.unwrap();
    let command = format!("START_REPLICATION SLOT {slot} LOGICAL 0/0");
    let mut stream = connection.start_replication(&command, &BufferPool::new(1 << 20)).await.unwrap();
    let mut frames = Vec::new();
    while frames.len() < expected {
        let block =
            stream.next_block_or_more(64 << 10, Duration::from_millis(1)).await.unwrap().expect("an end");
        for range in block.payloads() {
            let frame = block.bytes().slice(range);
            match ServerFrame::parse(&frame).unwrap() {
                ServerFrame::XLogData { start, payload, .. } => {
                    frames.push((start, Bytes::copy_from_slice(&frame[payload])));
                }
                ServerFrame::Keepalive { reply_wanted: true, .. } => {
                    stream.send(&StatusUpdate::default().encode()).await.unwrap();
                }
                ServerFrame::Keepalive { .. } => {}
            }
        }
    }
    stream.finish().await.unwrap();
    frames
}

#[tokio::test]
async fn a_walsender_sends_the_same_at_the_same_positions() {
    let cluster = Cluster::shared(Version::V15).await.unwrap();
    let database = cluster.fresh_database("decoderbufs").await.unwrap();
    let client = cluster.connect(&database).await.unwrap();
    client.batch_execute("CREATE TABLE public.t (id int PRIMARY KEY, v text)").await.unwrap();
    let slot = format!("walsender_{database}");
    if !make_slot(&client, &slot, "decoderbufs").await {
        println!("skipped: the server has no decoderbufs");
        return;
    }
    for sql in [
        "INSERT INTO public.t SELECT i, repeat('x', i) FROM generate_series(1, 100) i",
        "UPDATE public.t SET id = -id",
        "DELETE FROM public.t",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    let peeked = peek(&client, &slot, "").await;
    assert_eq!(peeked.len(), 306);
    assert_eq!(stream(&cluster.url(&database), &slot, peeked.len()).await, peeked);
    client.drop_slot(&slot).await.unwrap();
}

/// What can't be told from what it is not.
#[tokio::test]
async fn two_microseconds_are_taken_for_the_infinities() {
    let cluster = Cluster::shared(Version::V15).await.unwrap();
    let database = cluster.fresh_database("decoderbufs").await.unwrap();
    let client = cluster.connect(&database).await.unwrap();
    client.batch_execute("CREATE TABLE t (a timestamp, b timestamptz)").await.unwrap();
    let slot = format!("infinities_{database}");
    if !make_slot(&client, &slot, "decoderbufs").await {
        println!("skipped: the server has no decoderbufs");
        return;
    }
    let sql = "INSERT INTO t VALUES ('294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775808+00')";
    client.batch_execute(sql).await.unwrap();
    let frames = peek(&client, &slot, "").await;
    let batch = decoded(DecoderBufs::default(), Tables::without_catalog(), &frames, true);
    let change = batch.changes().next().unwrap();
    let values: Vec<_> =
        change.after().unwrap().columns().map(|(column, datum)| value(column, datum)).collect();
    assert_eq!(values, ["= infinity", "= -infinity"]);
    client.drop_slot(&slot).await.unwrap();
}

#[tokio::test]
async fn stored_generated_columns_are_told_where_they_are_wanted() {
    let cluster = Cluster::shared(Version::V15).await.unwrap();
    let database = cluster.fresh_database("decoderbufs").await.unwrap();
    let client = cluster.connect(&database).await.unwrap();
    let sql = "CREATE TABLE public.t (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text)";
    client.batch_execute(sql).await.unwrap();
    let slot = format!("generated_{database}");
    if !make_slot(&client, &slot, "decoderbufs").await {
        println!("skipped: the server has no decoderbufs");
        return;
    }
    client.batch_execute("INSERT INTO public.t (id, v) VALUES (7, 'v')").await.unwrap();
    let frames = peek(&client, &slot, "").await;
    let ours = catalog::connect(&cluster.url(&database).parse().unwrap()).await.unwrap();
    let infos = catalog::list_tables(&ours, cluster.version_num()).await.unwrap();
    for (is_wanted, expected) in [(false, vec!["= 7", "= v"]), (true, vec!["= 7", "= 14", "= v"])] {
        let shape = Arc::new(Shape::default().with_generated(is_wanted));
        let mut tables = Tables::from_catalog();
        for info in infos.clone() {
            let info = info.reshaped(&shape);
            let mut facts = facts(&info);
            facts.shape = Arc::clone(&shape);
            tables.insert_named(info.whole.name.clone(), Known::Wanted(facts));
        }
        let batch = decoded(DecoderBufs::default(), tables, &frames, true);
        let change = batch.changes().next().unwrap();
        let values: Vec<_> =
            change.after().unwrap().columns().map(|(column, datum)| value(column, datum)).collect();
        assert_eq!(values, expected);
    }
    client.drop_slot(&slot).await.unwrap();
}

#[tokio::test]
async fn changes_of_a_table_without_an_identity_are_refused_where_they_are_wanted() {
    let cluster = Cluster::shared(Version::V15).await.unwrap();
    let database = cluster.fresh_database("decoderbufs").await.unwrap();
    let client = cluster.connect(&database).await.unwrap();
    client.batch_execute("CREATE TABLE public.t (a int, b text)").await.unwrap();
    let slot = format!("identity_{database}");
    if !make_slot(&client, &slot, "decoderbufs").await {
        println!("skipped: the server has no decoderbufs");
        return;
    }
    for sql in ["INSERT INTO public.t VALUES (1, 'a')", "UPDATE public.t SET b = 'b'", "DELETE FROM public.t"]
    {
        client.batch_execute(sql).await.unwrap();
    }
    let frames = peek(&client, &slot, "").await;
    let all = tables(cluster, &database, &[]).await;
    let mut keeper = Keeper::new(DecoderBufs::default()).with_tables(all);
    let error = frames.iter().find_map(|(lsn, data)| keeper.take(*lsn, data).err()).unwrap().to_string();
    assert!(error.contains("public.t: a row was changed, and not sent which"), "{error}");

    let name = TableName::new("public", "t");
    let Some(Known::Wanted(mut facts)) = tables(cluster, &database, &[]).await.get_named(&name).cloned()
    else {
        panic!("no table")
    };
    facts.inserts_only = true;
    let mut inserts = Tables::from_catalog();
    inserts.insert_named(name, Known::Wanted(facts));
    let batch = decoded(DecoderBufs::default(), inserts, &frames, true);
    assert_eq!(batch.changes().map(|change| change.op()).collect::<Vec<_>>(), [Op::Insert]);
    client.drop_slot(&slot).await.unwrap();
}
