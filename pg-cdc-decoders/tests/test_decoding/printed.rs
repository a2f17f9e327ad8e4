//! The same workload through both plugins: the same changes.

use bytes::Bytes;
use pg_cdc_core::batch::{Change, ChangeBatch, Event, Row};
use pg_cdc_core::{Datum, Known, Lsn, TableName, Tables, catalog};
use pg_cdc_decoders::test_decoding::OPTIONS;
use pg_cdc_decoders::{PgOutput, TestDecoding, TextEncoding};
use pg_cdc_testkit::{Cluster, Version};

use crate::support::{decoded, drop_slots, make_slot, peek, tables};

const SCHEMA: &str = r#"
    CREATE TYPE public.mood AS ENUM ('sad', 'it''s "ok"');
    CREATE TYPE public."we]:ird ""t" AS ENUM ('a', 'b');
    CREATE TYPE public."do.t.s" AS ENUM ('a');
    CREATE TYPE public.pair AS (a int, b text);
    CREATE DOMAIN public.dom AS int CHECK (VALUE > 0);
    CREATE DOMAIN public.flag AS boolean;
    CREATE TABLE public.zoo (id bigint PRIMARY KEY, i2 smallint, i4 int, o oid, f4 real, f8 float8, n numeric,
        n2 numeric(10,2), b boolean, bi bit(4), vb varbit, t text, vc varchar(30), c char(5), "char" "char", nm name,
        by bytea, d date, tm time, tmz timetz, ts timestamp, tsz timestamptz(3), iv interval, u uuid, j json, jb jsonb,
        x xml, m money, pt point, ip inet, mac macaddr, tsv tsvector, r int4range, ia int[], ta text[], ba boolean[],
        e public.mood, ea public.mood[], we public."we]:ird ""t", wa public."we]:ird ""t"[], p public.pair,
        pa public.pair[], dm public.dom, fl public.flag, ov oidvector, iv2 int2vector, l pg_lsn, "select" int);
    CREATE TABLE public."Tab:le. x" ("a b""c" int PRIMARY KEY, "new-tuple:" text, "x]:'" text);
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
    CREATE TABLE public.dotted ("i.d" int PRIMARY KEY, e public."do.t.s", ea public."do.t.s"[], b bpchar, ba bpchar[]);
    CREATE TABLE public.empty ();
    CREATE PUBLICATION p FOR ALL TABLES"#;

/// What came with version 12.
const GENERATED: &str =
    "CREATE TABLE public.generated (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text)";

fn workload(major: u32) -> Vec<String> {
    let traps = r#"E' new-tuple: id[integer]:1\n', E'it''s "quoted" \\ \''"#;
    let mut statements: Vec<String> = [
        r#"INSERT INTO public.zoo VALUES (1, -2, 3, 4000000000, 'NaN', '-Infinity', 'NaN', 12.30, true, B'1010', B'1', 'null',
            'unchanged-toast-datum', 'c', 'x', 'name', '\x00ff27', '2024-02-29', '12:34:56.7', '12:34:56+05:30',
            '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+00', '1 year -2 days 03:04:05',
            'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '{"a": "''"}', '{"a": "it''s"}', '<a>''</a>', 12.34, '(1.5,-2)',
            '10.0.0.1/8', '08:00:2b:01:02:03', $$'a':1A 'b''c'$$, '[1,5)', '{1,NULL,3}', $${"a,b","it's","\""}$$,
            '{t,f,NULL}', 'sad', $${sad,"it's \"ok\""}$$, 'a', '{a,b}', $$(1,"it's ""x""")$$, $${"(1,a)","(,)"}$$, 7, true,
            '1 2 3', '4 5', '16/B374D848', 8)"#,
        "INSERT INTO public.zoo (id, t, f8, f4) VALUES (2, '', 1e300, 0.1), (3, E'\\n', 'Infinity', -0.0)",
        "UPDATE public.zoo SET t = repeat('it''s ', 3), b = false WHERE id = 1",
        "UPDATE public.zoo SET id = -id",
        "DELETE FROM public.zoo WHERE id = -3",
    ]
    .map(str::to_owned)
    .to_vec();
    statements.push(format!(r#"INSERT INTO public."Tab:le. x" VALUES (1, {traps}), (2, NULL, '')"#));
    statements.push(format!(
        r#"UPDATE public."Tab:le. x" SET ("new-tuple:", "x]:'") = ({traps}), "a b""c" = 3 WHERE "a b""c" = 2"#
    ));
    let many = |sql: &str| sql.split(";\n").map(|sql| sql.trim().to_owned()).collect::<Vec<_>>();
    statements.extend(many(
        r#"DELETE FROM public."Tab:le. x" WHERE "a b""c" = 1;
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
        INSERT INTO public.dotted VALUES (1, 'a', '{a,a}', 'b ', '{b}');
        INSERT INTO public.empty DEFAULT VALUES;
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
        CREATE TABLE public.later (id int PRIMARY KEY); INSERT INTO public.later VALUES (1)"#,
    ));
    if major >= 11 {
        statements.extend(many(
            r#"TRUNCATE public.whole;
            TRUNCATE public.zoo, public."Tab:le. x" RESTART IDENTITY CASCADE;
            BEGIN; TRUNCATE public.toast CASCADE; INSERT INTO public.toast VALUES (1, 'v', 'w'); COMMIT"#,
        ));
    }
    if major >= 12 {
        statements.extend(many(
            "INSERT INTO public.generated (id, v) VALUES (1, 'v');
            UPDATE public.generated SET id = 2;
            DELETE FROM public.generated",
        ));
    }
    if major >= 14 {
        statements.extend(many(
            "SELECT pg_logical_emit_message(true, 'p, sz: 2', E'con\\ntent');
            BEGIN; SELECT pg_logical_emit_message(true, 'first', ''); INSERT INTO public.whole VALUES (9);
                SELECT pg_logical_emit_message(true, 'p', ' content:'); COMMIT;
            SELECT pg_logical_emit_message(false, '', 'at once');
            INSERT INTO public.whole VALUES (10)",
        ));
    }
    statements
}

/// A row as both plugins tell it: without what the catalog of now has and the change has not, and without the types
/// that are gone since.
fn show(row: &Row<'_>) -> Vec<String> {
    let known = row.columns().filter(|(_, datum)| *datum != Datum::Absent);
    let column = |(column, datum): (&pg_cdc_core::Column, Datum<'_>)| {
        let value = match datum {
            Datum::Text(text) => format!("= {}", String::from_utf8_lossy(text)),
            other => format!("{other:?}"),
        };
        format!("{} {} {value}", column.name, column.type_.oid)
    };
    known.map(column).collect()
}

fn show_change(change: &Change<'_>) -> String {
    let rows = [change.before(), change.after()].map(|row| row.as_ref().map(show));
    let (lsn, seq, transaction) = (change.lsn(), change.seq(), change.transaction());
    let of = (transaction.xid, transaction.commit_time);
    let options = change.truncate_options();
    format!("{:?} {} at {lsn} #{seq} of {of:?}: {rows:?} {options:?}", change.op(), change.table().name)
}

/// What stands in a batch, a line each; the commit by its end, which both tell.
fn lines(batch: &ChangeBatch) -> Vec<String> {
    let line = |event: Event<'_>| match event {
        Event::Change(change) => Some(show_change(&change)),
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

#[tokio::test]
async fn what_is_printed_comes_to_what_pgoutput_sends() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let (major, database) = (cluster.major(), cluster.fresh_database("printed").await.unwrap());
        let client = cluster.connect(&database).await.unwrap();
        client.batch_execute(SCHEMA).await.unwrap();
        if major >= 12 {
            client.batch_execute(GENERATED).await.unwrap();
        }
        let ours = catalog::connect(&cluster.url(&database).parse().unwrap()).await.unwrap();
        let before = catalog::list_tables(&ours, cluster.version_num()).await.unwrap();
        let slots = ["sent", "text", "bytes"].map(|slot| format!("{slot}_{database}"));
        for (slot, plugin) in slots.iter().zip(["pgoutput", "test_decoding", "test_decoding"]) {
            make_slot(&client, slot, plugin).await;
        }
        for sql in workload(major) {
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        }
        let mut sent = vec![("proto_version", "1"), ("publication_names", "p")];
        if major >= 14 {
            sent.push(("messages", "true"));
        }
        let now = || tables(cluster, &database, &before);
        // What is in the search path is printed without its schema.
        // Of 10, what an ALTER TABLE writes anew: the catalog has no such table.
        let rewritten = |printed: &[(Lsn, Bytes)], tables: &mut Tables| {
            for (_, line) in printed {
                let line = String::from_utf8_lossy(line);
                if let Some((name, _)) =
                    line.strip_prefix("table public.pg_temp_").and_then(|line| line.split_once(':'))
                {
                    tables.insert_named(TableName::new("public", format!("pg_temp_{name}")), Known::Unwanted);
                }
            }
        };
        for settings in ["", "SET search_path = ''; SET TimeZone = 'Asia/Kolkata'"] {
            client.batch_execute(settings).await.unwrap();
            let sent = peek(&client, &format!("sent_{database}"), &sent).await;
            let theirs = lines(&decoded(PgOutput::new(), now().await, &sent, false));
            assert!(theirs.len() > 350, "{}", theirs.len());
            for slot in ["text", "bytes"] {
                let mut options = OPTIONS.to_vec();
                if slot == "bytes" {
                    options.push(("force-binary", "on"));
                }
                let printed = peek(&client, &format!("{slot}_{database}"), &options).await;
                let decoder = TestDecoding::new(cluster.version_num(), TextEncoding::default());
                let mut known = now().await;
                rewritten(&printed, &mut known);
                let batch = decoded(decoder, known, &printed, true);
                let ours = lines(&batch);
                for at in 0..ours.len().max(theirs.len()) {
                    let (ours, theirs) = (ours.get(at), theirs.get(at));
                    assert_eq!(ours, theirs, "PostgreSQL {major}, {slot}, line {at}");
                }
                // One who asks nobody reads the same values.
                let decoder = TestDecoding::new(cluster.version_num(), TextEncoding::default());
                let alone = decoded(decoder, Tables::without_catalog(), &printed, true);
                assert_eq!(alone.len(), batch.len());
            }
        }
        drop_slots(&client, &slots).await;
    }
}
