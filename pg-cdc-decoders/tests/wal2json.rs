//! What a real server prints through `wal2json` comes to what it sends through pgoutput, but for what `docs/plugins.md`
//! says. Where the plugin is not installed there is nothing to test, which is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{Change, ChangeBatch, Event, Op, Row, TruncateOptions};
use pg_cdc_core::catalog::{self, TableInfo};
use pg_cdc_core::types::oid;
use pg_cdc_core::{Column, Datum, Decoder, Known, Lsn, TableFacts, Tables};
use pg_cdc_decoders::wal2json::{FormatVersion, ONLY_LOCAL, PluginOption, add_tables, unknown_option};
use pg_cdc_decoders::{PgOutput, TextEncoding, Wal2Json};
use pg_cdc_testkit::{Client, Cluster, Keeper, Version};

const SCHEMA: &str = r#"
    CREATE SCHEMA "S.x";
    CREATE TYPE "S.x"."My ""T" AS ENUM ('a', 'b"\');
    CREATE TYPE public."Ends \" AS ENUM ('a');
    CREATE TYPE public."a"",""typeoid"":1,""value"":" AS ENUM ('a');
    CREATE TYPE public.pair AS (a int, b text);
    CREATE DOMAIN public.dom AS int CHECK (VALUE > 0);
    CREATE DOMAIN public.flag AS boolean;
    CREATE DOMAIN public.raw AS bytea;
    CREATE TABLE public.zoo (id bigint PRIMARY KEY, i2 smallint, i4 int, o oid, f4 real, f8 float8, n numeric,
        n2 numeric(10,2), b boolean, bi bit(4), vb varbit, t text, vc varchar(30), c char(5), "char" "char", nm name,
        by bytea, d date, tm time, tmz timetz, ts timestamp, tsz timestamptz(3), iv interval, u uuid, j json, jb jsonb,
        x xml, m money, pt point, ip inet, mac macaddr, tsv tsvector, r int4range, ia int[], ta text[], ba boolean[],
        bya bytea[], na numeric(4,1)[], e "S.x"."My ""T", ea "S.x"."My ""T"[], en public."Ends \", ena public."Ends \"[],
        ty public."a"",""typeoid"":1,""value"":", p public.pair, pa public.pair[], dm public.dom, fl public.flag,
        ra public.raw, ov oidvector, iv2 int2vector, l pg_lsn, "select" int);
    CREATE TABLE "S.x"."Tab:le"", "( "a ""b""
\é😀" int PRIMARY KEY, "value" text, "typeoid" "S.x"."My ""T");
    CREATE TABLE public.whole (id int PRIMARY KEY, a int, v text, w text DEFAULT 'w');
    ALTER TABLE public.whole REPLICA IDENTITY FULL;
    CREATE TABLE public.toast (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    CREATE TABLE public.toast_whole (id int PRIMARY KEY, v text, w text);
    ALTER TABLE public.toast_whole ALTER v SET STORAGE EXTERNAL, ALTER w SET STORAGE EXTERNAL;
    ALTER TABLE public.toast_whole REPLICA IDENTITY FULL;
    CREATE TABLE public.toast_key (k text PRIMARY KEY, v int);
    ALTER TABLE public.toast_key ALTER k SET STORAGE EXTERNAL;
    CREATE TABLE public.by_index (a int, b int NOT NULL, c text);
    CREATE UNIQUE INDEX by_index_b ON public.by_index (b);
    ALTER TABLE public.by_index REPLICA IDENTITY USING INDEX by_index_b;
    CREATE TABLE public.all_key (a int, b text, PRIMARY KEY (b, a));
    CREATE TABLE public.altered (id int PRIMARY KEY, a int, b text);
    CREATE TABLE public.dropped (id int PRIMARY KEY, e "S.x"."My ""T");
    CREATE TABLE public.nokey (a int);
    CREATE TABLE public.empty ();
    CREATE TABLE public.generated (id int PRIMARY KEY, g int GENERATED ALWAYS AS (id * 2) STORED, v text);
    CREATE TABLE public.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.parted_2 PARTITION OF public.parted FOR VALUES FROM (10) TO (20);
    CREATE PUBLICATION p FOR ALL TABLES"#;

const WORKLOAD: &str = r#"
    INSERT INTO public.zoo VALUES (1, -2, 3, 4000000000, 'NaN', '-Infinity', 'NaN', 12.30, true, B'1010', B'1', 'null',
        'x', 'c', 'x', 'name', '\x00ff27', '2024-02-29', '12:34:56.7', '12:34:56+05:30',
        '2024-02-29 12:00:00.5', '2024-02-29 12:00:00+00', '1 year -2 days 03:04:05',
        'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'null', '{"a": "it''s \"\\\" \u00e9"}', '<a>"</a>', 12.34, '(1.5,-2)',
        '10.0.0.1/8', '08:00:2b:01:02:03', $$'a':1A 'b''c'$$, '[1,5)', '{1,NULL,3}', $${"a,b","it's","\"\\"}$$,
        '{t,f,NULL}', '{"\\x00ff",NULL}', '{1.5,NaN}', 'b"\', $${a,"b\"\\"}$$, 'a', '{a}', 'a', $$(1,"it's ""x""")$$,
        $${"(1,a)","(,)"}$$, 7, true, '\x00ff', '1 2 3', '4 5', '16/B374D848', 8);
    INSERT INTO public.zoo (id, t, f8, f4, by) VALUES (2, '', 1e300, 0.1, ''), (3, E'"\\\b\f\n\r\t\x01\x1f\x7f/é😀', 'Infinity', -0.0, NULL);
    INSERT INTO public.zoo (id, t, j) VALUES (4, E'"},{"name":"id","type":"bigint","typeoid":20,"value":9}],"pk":[]}', '{"a": [1, "\"}"]}');
    UPDATE public.zoo SET t = repeat('say "x" ', 3), b = false WHERE id = 1;
    UPDATE public.zoo SET id = -id;
    DELETE FROM public.zoo WHERE id = -3;
    INSERT INTO "S.x"."Tab:le"", " VALUES (1, '","value":2', 'a'), (2, NULL, NULL);
    UPDATE "S.x"."Tab:le"", " SET value = 'x' || value;
    UPDATE "S.x"."Tab:le"", " SET "a ""b""
\é😀" = 3 WHERE value IS NULL;
    DELETE FROM "S.x"."Tab:le"", ";
    BEGIN; INSERT INTO public.toast SELECT i, repeat('x', i) FROM generate_series(100, 300) i; SAVEPOINT s;
        DELETE FROM public.toast; ROLLBACK TO SAVEPOINT s; INSERT INTO public.toast VALUES (-1, 'kept'); COMMIT;
    BEGIN; INSERT INTO public.toast VALUES (-2, 'given up'); ROLLBACK;
    INSERT INTO public.whole VALUES (1, NULL, NULL), (2, 5, 'v"');
    UPDATE public.whole SET a = a + 1;
    UPDATE public.whole SET v = repeat('long ', 1000), w = NULL WHERE id = 2;
    UPDATE public.whole SET id = -id;
    UPDATE public.whole SET id = id;
    DELETE FROM public.whole;
    INSERT INTO public.toast VALUES (1, repeat('v', 5000), repeat('w"', 5000)), (2, 'short', NULL);
    UPDATE public.toast SET v = 'now short' WHERE id = 1;
    UPDATE public.toast SET id = 3 WHERE id = 1;
    DELETE FROM public.toast;
    INSERT INTO public.toast_whole VALUES (4, repeat('v', 5000), repeat('w"', 5000));
    UPDATE public.toast_whole SET v = NULL WHERE id = 4;
    DELETE FROM public.toast_whole;
    INSERT INTO public.toast_key VALUES (repeat('k', 2500), 1);
    UPDATE public.toast_key SET v = 2;
    UPDATE public.toast_key SET k = 'short';
    DELETE FROM public.toast_key;
    INSERT INTO public.by_index VALUES (1, 2, 'c'), (NULL, 3, NULL);
    UPDATE public.by_index SET b = -b;
    UPDATE public.by_index SET c = 'd';
    DELETE FROM public.by_index;
    INSERT INTO public.all_key VALUES (1, 'x');
    UPDATE public.all_key SET a = a;
    UPDATE public.all_key SET a = 2;
    DELETE FROM public.all_key;
    INSERT INTO public.nokey VALUES (1), (NULL);
    INSERT INTO public.empty DEFAULT VALUES;
    INSERT INTO public.generated (id, v) VALUES (1, 'v');
    UPDATE public.generated SET id = 2;
    DELETE FROM public.generated;
    INSERT INTO public.parted VALUES (1, 'v'), (11, 'w');
    UPDATE public.parted SET id = 12 WHERE id = 1;
    INSERT INTO public.by_index VALUES (1, 7, 'c') ON CONFLICT (b) DO UPDATE SET c = 'e';
    INSERT INTO public.by_index VALUES (1, 7, 'c') ON CONFLICT (b) DO UPDATE SET c = 'e';
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
    BEGIN; INSERT INTO public.altered VALUES (6, 'b', 3); ALTER TABLE public.altered ADD COLUMN d text;
        INSERT INTO public.altered VALUES (7, 'b', 3, 'd'); COMMIT;
    DELETE FROM public.altered WHERE id < 4;
    INSERT INTO public.dropped VALUES (1, 'a');
    UPDATE public.dropped SET id = 2;
    DROP TABLE public.dropped;
    SELECT pg_logical_emit_message(true, 'p "q"', E'con\\t"ent\n');
    BEGIN; SELECT pg_logical_emit_message(true, 'first', ''); INSERT INTO public.whole VALUES (9);
        SELECT pg_logical_emit_message(true, 'p', '\x610062'::bytea); COMMIT;
    SELECT pg_logical_emit_message(false, '', 'at "once"');
    TRUNCATE public.whole;
    TRUNCATE public.zoo, "S.x"."Tab:le"", " RESTART IDENTITY CASCADE;
    BEGIN; TRUNCATE public.toast CASCADE; INSERT INTO public.toast VALUES (1, 'v', 'w'); COMMIT;
    INSERT INTO public.whole VALUES (10)"#;

/// A server that has the plugin and lets it be used; `None`, which is said, where there is none.
async fn server(version: Version) -> Option<(Cluster, Client)> {
    let cluster = Cluster::builder().version(version).start().await.unwrap();
    let client = cluster.connect("postgres").await.unwrap();
    if cluster.setting("output_plugin_libraries").await.unwrap().is_some() {
        let allowed = "pgoutput,test_decoding,wal2json";
        cluster.configure(&[("output_plugin_libraries", allowed)]).await.unwrap();
    }
    let probe = "SELECT pg_create_logical_replication_slot('probe', 'wal2json', true)";
    match client.batch_execute(probe).await {
        Ok(()) => Some((cluster, client)),
        Err(error) => {
            let missing = error.as_db_error().map(|error| error.code().code()) == Some("58P01");
            assert!(missing, "{error:?}");
            eprintln!("PostgreSQL {version} has no wal2json: skipped");
            None
        }
    }
}

async fn make_slot(client: &Client, slot: &str, plugin: &str) {
    let sql = format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}')");
    client.batch_execute(&sql).await.unwrap();
}

/// What a slot has, or what the server says instead.
async fn peek(client: &Client, slot: &str, options: &[PluginOption]) -> Result<Vec<(Lsn, Bytes)>, String> {
    let options: String =
        options.iter().map(|option| format!(", '{}', '{}'", option.name, option.value)).collect();
    let sql = format!(
        "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('{slot}', NULL, NULL{options})"
    );
    match client.query(&sql, &[]).await {
        Ok(rows) => Ok(rows
            .iter()
            .map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get::<_, Vec<u8>>(1).into()))
            .collect()),
        Err(error) => Err(error.as_db_error().unwrap().message().to_owned()),
    }
}

/// The options that this release of the plugin knows.
async fn known(client: &Client, slot: &str, mut options: Vec<PluginOption>) -> Vec<PluginOption> {
    loop {
        let Err(error) = peek(client, slot, &options).await else { return options };
        let unknown = unknown_option(&error).unwrap_or_else(|| panic!("{error}"));
        assert!(options.iter().any(|option| option.name == unknown && option.is_optional), "{error}");
        options.retain(|option| option.name != unknown);
    }
}

async fn list(cluster: &Cluster) -> Vec<TableInfo> {
    let client = catalog::connect(&cluster.url("postgres").parse().unwrap()).await.unwrap();
    catalog::list_tables(&client, cluster.version_num()).await.unwrap()
}

/// What the catalog says now; of what was dropped since, what it said `before`.
async fn tables(cluster: &Cluster, before: &[TableInfo]) -> Tables {
    let mut tables = Tables::from_catalog();
    let now = list(cluster).await;
    let gone = before.iter().filter(|info| now.iter().all(|now| now.whole.oid != info.whole.oid));
    for info in gone.chain(&now) {
        let mut facts = TableFacts::new(Arc::clone(&info.table), Lsn::ZERO);
        let is_left_out = |column: &&Column| info.table.column_index(&column.name).is_none();
        let left_out = info.whole.columns.iter().filter(is_left_out);
        facts.generated = left_out.map(|column| Arc::clone(&column.name)).collect();
        facts.plain = info.plain_columns.clone();
        let known = Known::Wanted(facts);
        tables.insert_named(info.whole.name.clone(), known.clone());
        tables.insert(info.whole.oid, known);
        info.whole.columns.iter().for_each(|column| tables.insert_type(column.type_.clone()));
    }
    tables
}

fn decoded<D: Decoder>(decoder: D, tables: Tables, frames: &[(Lsn, Bytes)]) -> ChangeBatch {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    for (lsn, data) in frames {
        let taken = keeper.decode(*lsn, data);
        taken.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(data)));
    }
    keeper.batch
}

/// What can't be told.
#[derive(Debug, Clone, Copy)]
struct Losses {
    /// NaN and the infinities of numbers are NULL: `numeric-data-types-as-string` is not known.
    specials: bool,
    /// Format version 1: no TRUNCATE, and of a commit its end only.
    v1: bool,
    /// Changes have no positions: documents are not written in chunks.
    positions: bool,
}

/// pgoutput's events as they come with `losses`; wal2json's as they are.
struct Telling {
    losses: Losses,
    is_theirs: bool,
    seq: u64,
}

impl Telling {
    fn value(&self, column: &Column, datum: Datum<'_>) -> String {
        const NUMBERS: [u32; 7] =
            [oid::INT2, oid::INT4, oid::INT8, oid::OID, oid::FLOAT4, oid::FLOAT8, oid::NUMERIC];
        match datum {
            Datum::Text(b"NaN" | b"Infinity" | b"-Infinity")
                if self.is_theirs && self.losses.specials && NUMBERS.contains(&column.type_.oid) =>
            {
                format!("{:?}", Datum::Null)
            }
            Datum::Text(text) => format!("= {}", String::from_utf8_lossy(text)),
            other => format!("{other:?}"),
        }
    }

    /// Without what the catalog of now has and the change has not.
    fn row(&self, row: &Row<'_>) -> String {
        let known = row.columns().filter(|(_, datum)| *datum != Datum::Absent);
        let columns = known.map(|(column, datum)| {
            let type_ = (column.type_.oid, column.type_.modifier);
            format!("{} {type_:?} {}", column.name, self.value(column, datum))
        });
        columns.collect::<Vec<_>>().join(", ")
    }

    fn change(&mut self, change: &Change<'_>) -> Option<String> {
        if change.op() == Op::Truncate && self.losses.v1 {
            assert!(self.is_theirs, "format version 1 tells a TRUNCATE");
            return None;
        }
        let seq = if self.is_theirs { self.seq } else { change.seq() };
        self.seq += 1;
        let lsn = if self.is_theirs && self.losses.positions { Lsn::ZERO } else { change.lsn() };
        let options = if self.is_theirs { TruncateOptions::default() } else { change.truncate_options() };
        let rows = [change.before(), change.after()].map(|row| row.as_ref().map(|row| self.row(row)));
        let (op, table, transaction) = (change.op(), &change.table().name, change.transaction());
        let of = (transaction.xid, transaction.commit_time);
        Some(format!("{op:?} {table} at {lsn} #{seq} of {of:?}: {rows:?} {options:?}"))
    }

    fn event(&mut self, event: Event<'_>) -> Option<String> {
        Some(match event {
            Event::Change(change) => self.change(&change)?,
            Event::Begin(_) => {
                self.seq = 0;
                return None;
            }
            Event::Message(message) => {
                let is_within = message.transaction.is_some();
                let (mut seq, mut lsn, mut content) = (message.seq, message.lsn, message.content);
                if self.is_theirs {
                    content = content.split(|byte| *byte == 0).next().unwrap();
                    if is_within {
                        seq = self.seq;
                        lsn = if self.losses.positions { Lsn::ZERO } else { lsn };
                    }
                }
                self.seq += u64::from(is_within);
                let prefix = String::from_utf8_lossy(message.prefix);
                format!("message {is_within} at {lsn} #{seq}: {prefix} {content:?} {:?}", message.time)
            }
            Event::Commit { transaction, end_lsn, .. } => {
                // One that has nothing else than what is not told.
                if self.seq == 0 {
                    return None;
                }
                let start = if self.losses.v1 && self.is_theirs { end_lsn } else { transaction.commit_lsn };
                format!("commit {start} ends {end_lsn} with {}", self.seq)
            }
            _ => return None,
        })
    }
}

fn told(batch: &ChangeBatch, losses: Losses, is_theirs: bool) -> Vec<String> {
    let mut telling = Telling { losses, is_theirs, seq: 0 };
    batch.events().filter_map(|event| telling.event(event)).collect()
}

#[tokio::test]
async fn what_is_printed_comes_to_what_pgoutput_sends() {
    let Some((cluster, client)) = server(Version::V15).await else { return };
    client.batch_execute(SCHEMA).await.unwrap();
    let before = list(&cluster).await;
    make_slot(&client, "theirs", "pgoutput").await;
    make_slot(&client, "ours", "wal2json").await;
    for sql in WORKLOAD.split(";\n    ").map(|sql| sql.replace(";\n        ", "; ")) {
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    let theirs = "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('theirs', NULL, NULL, \
                  'proto_version', '1', 'publication_names', 'p', 'messages', 'true')";
    for zone in ["UTC", "Asia/Kolkata", "-07"] {
        client.batch_execute(&format!("SET TimeZone = '{zone}'")).await.unwrap();
        let rows = client.query(theirs, &[]).await.unwrap();
        let frames: Vec<(Lsn, Bytes)> = rows
            .iter()
            .map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get::<_, Vec<u8>>(1).into()))
            .collect();
        let theirs = decoded(PgOutput::new(), tables(&cluster, &before).await, &frames);
        for (format, chunks) in
            [(FormatVersion::V2, true), (FormatVersion::V1, true), (FormatVersion::V1, false)]
        {
            let mut options = format.options();
            options.retain(|option| chunks || option.name != "write-in-chunks");
            let options = known(&client, "ours", options).await;
            let specials = options.iter().all(|option| option.name != "numeric-data-types-as-string");
            let frames = peek(&client, "ours", &options).await.unwrap();
            let batch = decoded(
                Wal2Json::new(format, TextEncoding::default()),
                tables(&cluster, &before).await,
                &frames,
            );
            let losses = Losses { specials, v1: format == FormatVersion::V1, positions: !chunks };
            let (ours, theirs) = (told(&batch, losses, false), told(&theirs, losses, true));
            assert!(ours.len() > 250, "{}", ours.len());
            for at in 0..ours.len().max(theirs.len()) {
                let (ours, theirs) = (ours.get(at), theirs.get(at));
                assert_eq!(ours, theirs, "{format:?}, in chunks {chunks}, line {at}");
            }
            // One who asks nobody reads as many changes.
            let alone =
                decoded(Wal2Json::new(format, TextEncoding::default()), Tables::without_catalog(), &frames);
            assert_eq!(alone.len(), batch.len());
        }
    }
}

#[tokio::test]
async fn changes_without_an_identity_are_not_sent() {
    let Some((_cluster, client)) = server(Version::V15).await else { return };
    client.batch_execute("CREATE TABLE public.nokey (a int)").await.unwrap();
    make_slot(&client, "ours", "wal2json").await;
    for sql in
        ["INSERT INTO public.nokey VALUES (1)", "UPDATE public.nokey SET a = 2", "DELETE FROM public.nokey"]
    {
        client.batch_execute(sql).await.unwrap();
    }
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let options = known(&client, "ours", format.options()).await;
        let frames = peek(&client, "ours", &options).await.unwrap();
        let batch =
            decoded(Wal2Json::new(format, TextEncoding::default()), Tables::without_catalog(), &frames);
        let ops: Vec<Op> = batch.changes().map(|change| change.op()).collect();
        assert_eq!(ops, [Op::Insert], "{format:?}");
    }
}

#[tokio::test]
async fn what_came_from_elsewhere_can_be_left_out() {
    let Some((_cluster, client)) = server(Version::V15).await else { return };
    client.batch_execute("CREATE TABLE public.t (id int PRIMARY KEY)").await.unwrap();
    make_slot(&client, "ours", "wal2json").await;
    for sql in [
        "INSERT INTO public.t VALUES (1)",
        "SELECT pg_replication_origin_create('elsewhere'), pg_replication_origin_session_setup('elsewhere')",
        "INSERT INTO public.t VALUES (2)",
        "SELECT pg_replication_origin_session_reset()",
        "INSERT INTO public.t VALUES (3)",
    ] {
        client.batch_execute(sql).await.unwrap();
    }
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let mut options = known(&client, "ours", format.options()).await;
        options.push(ONLY_LOCAL);
        let frames = peek(&client, "ours", &options).await.unwrap();
        let new = || Wal2Json::new(format, TextEncoding::default());
        for (decoder, expected) in [(new(), &[1, 2, 3][..]), (new().only_local(), &[1, 3])] {
            let batch = decoded(decoder, Tables::without_catalog(), &frames);
            let ids = batch.changes().map(|change| change.after().unwrap().get::<i32>("id").unwrap());
            assert_eq!(ids.collect::<Vec<_>>(), expected, "{format:?}");
        }
    }
}

#[tokio::test]
async fn only_the_tables_that_are_asked_for_are_sent_whatever_their_names() {
    let Some((_cluster, client)) = server(Version::V15).await else { return };
    client
        .batch_execute(
            r#"CREATE SCHEMA "a.b, *"; CREATE TABLE "a.b, *"."c\ ""*é" (id int PRIMARY KEY);
            CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public."*" (id int PRIMARY KEY)"#,
        )
        .await
        .unwrap();
    make_slot(&client, "ours", "wal2json").await;
    let insert = r#"INSERT INTO "a.b, *"."c\ ""*é" VALUES (1); INSERT INTO public.t VALUES (2); INSERT INTO public."*" VALUES (3)"#;
    client.batch_execute(insert).await.unwrap();
    for (schema, name, id) in [("a.b, *", "c\\ \"*é", "1"), ("public", "t", "2"), ("public", "*", "3")] {
        let table = pg_cdc_core::TableName::new(schema, name);
        let mut options = known(&client, "ours", FormatVersion::V2.options()).await;
        options.extend(add_tables([&table]));
        let frames = peek(&client, "ours", &options).await.unwrap();
        let batch = decoded(
            Wal2Json::new(FormatVersion::V2, TextEncoding::default()),
            Tables::without_catalog(),
            &frames,
        );
        let changes: Vec<_> = batch.changes().collect();
        let [change] = &changes[..] else { panic!("{name}: {changes:?}") };
        assert_eq!(change.table().name, table);
        assert_eq!(change.after().unwrap().datum(0), Datum::Text(id.as_bytes()));
    }
}

#[tokio::test]
async fn a_database_in_another_encoding_is_read_in_utf_8() {
    let Some((cluster, admin)) = server(Version::V15).await else { return };
    let sql = "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'";
    admin.batch_execute(sql).await.unwrap();
    let client = cluster.connect("latin").await.unwrap();
    client.batch_execute("CREATE TABLE public.größe (id int PRIMARY KEY, länge text, w text)").await.unwrap();
    make_slot(&client, "latin", "wal2json").await;
    client.batch_execute("INSERT INTO public.größe VALUES (1, 'ÿ naïve', 'ÿ \"quoted\"')").await.unwrap();
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let options = known(&client, "latin", format.options()).await;
        let frames = peek(&client, "latin", &options).await.unwrap();
        let decoder = Wal2Json::new(format, TextEncoding::new("LATIN1").unwrap());
        let batch = decoded(decoder, Tables::without_catalog(), &frames);
        let change = batch.changes().next().unwrap();
        assert_eq!(&*change.table().name.name, "größe");
        assert_eq!(&*change.table().columns[1].name, "länge");
        let row = change.after().unwrap();
        assert_eq!(row.datum(1), Datum::Text("ÿ naïve".as_bytes()));
        assert_eq!(row.datum(2), Datum::Text("ÿ \"quoted\"".as_bytes()));
    }
}
