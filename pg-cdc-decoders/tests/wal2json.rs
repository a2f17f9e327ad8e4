//! What a real server prints through `wal2json` comes to what it sends through pgoutput, but for what `docs/plugins.md`
//! says. Where the plugin is not installed there is nothing to test, which is said.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use pg_cdc_core::batch::{Change, ChangeBatch, Event, Op, Row, TruncateOptions};
use pg_cdc_core::types::oid;
use pg_cdc_core::{Column, Datum, Lsn, TableName, Tables};
use pg_cdc_decoders::wal2json::{FormatVersion, ONLY_LOCAL, PluginOption, add_tables, unknown_option};
use pg_cdc_decoders::{PgOutput, TextEncoding, Wal2Json};
use pg_cdc_testkit::Version;

use support::{Case, Frames, assert_same, decoded, workload};

/// Beside the tables of the [`workload`].
const SCHEMA: &str = r#"
    CREATE SCHEMA "S.x";
    CREATE TYPE "S.x"."My ""T" AS ENUM ('a', 'b"\');
    CREATE TYPE public."Ends \" AS ENUM ('a');
    CREATE TYPE public."a"",""typeoid"":1,""value"":" AS ENUM ('a');
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
    CREATE TABLE public.toast_key (k text PRIMARY KEY, v int);
    ALTER TABLE public.toast_key ALTER k SET STORAGE EXTERNAL;
    CREATE TABLE public.all_key (a int, b text, PRIMARY KEY (b, a));
    CREATE TABLE public.nokey (a int);
    CREATE TABLE public.parted (id int PRIMARY KEY, v text) PARTITION BY RANGE (id);
    CREATE TABLE public.parted_1 PARTITION OF public.parted FOR VALUES FROM (0) TO (10);
    CREATE TABLE public.parted_2 PARTITION OF public.parted FOR VALUES FROM (10) TO (20)"#;

const STATEMENTS: &str = r#"
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
    UPDATE public.whole SET id = id;
    INSERT INTO public.toast_key VALUES (repeat('k', 2500), 1);
    UPDATE public.toast_key SET v = 2;
    UPDATE public.toast_key SET k = 'short';
    DELETE FROM public.toast_key;
    INSERT INTO public.all_key VALUES (1, 'x');
    UPDATE public.all_key SET a = a;
    UPDATE public.all_key SET a = 2;
    DELETE FROM public.all_key;
    INSERT INTO public.nokey VALUES (1), (NULL);
    INSERT INTO public.parted VALUES (1, 'v'), (11, 'w');
    UPDATE public.parted SET id = 12 WHERE id = 1;
    INSERT INTO public.by_index VALUES (1, 7, 'c') ON CONFLICT (b) DO UPDATE SET c = 'e';
    INSERT INTO public.by_index VALUES (1, 7, 'c') ON CONFLICT (b) DO UPDATE SET c = 'e';
    SELECT pg_logical_emit_message(true, 'p "q"', E'con\\t"ent\n');
    BEGIN; SELECT pg_logical_emit_message(true, 'first', ''); INSERT INTO public.whole VALUES (9);
        SELECT pg_logical_emit_message(true, 'p', '\x610062'::bytea); COMMIT;
    SELECT pg_logical_emit_message(false, '', 'at "once"');
    TRUNCATE public.whole;
    TRUNCATE public.zoo, "S.x"."Tab:le"", " RESTART IDENTITY CASCADE;
    BEGIN; TRUNCATE public.toast CASCADE; INSERT INTO public.toast VALUES (1, 'v', 'w'); COMMIT;
    INSERT INTO public.whole VALUES (10)"#;

/// A database with a slot of the plugin, where the server has it.
async fn case(encoding: &str, schema: &str) -> Option<(Case, String)> {
    let mut case = Case::with_encoding(Version::V15, encoding, schema).await;
    let slot = case.slot_where_there_is("wal2json").await?;
    Some((case, slot))
}

/// What a slot has, or what the server says instead.
async fn peek(case: &Case, slot: &str, options: &[PluginOption]) -> Result<Frames, String> {
    let options: Vec<_> = options.iter().map(|option| (option.name, &*option.value)).collect();
    case.try_peek(slot, &options).await
}

/// The options that this release of the plugin knows.
async fn known(case: &Case, slot: &str, mut options: Vec<PluginOption>) -> Vec<PluginOption> {
    loop {
        let Err(error) = peek(case, slot, &options).await else { return options };
        let unknown = unknown_option(&error).unwrap_or_else(|| panic!("{error}"));
        assert!(options.iter().any(|option| option.name == unknown && option.is_optional), "{error}");
        options.retain(|option| option.name != unknown);
    }
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
    let Some((mut case, slot)) = case("UTF8", &format!("{}{SCHEMA}", workload::schema(15))).await else {
        return;
    };
    let before = case.list().await;
    let their_slot = case.slot("pgoutput").await;
    case.run([workload::statements(15), workload::split(STATEMENTS)].concat()).await;
    for zone in ["UTC", "Asia/Kolkata", "-07"] {
        case.run([format!("SET TimeZone = '{zone}'")]).await;
        let sent = [("proto_version", "1"), ("publication_names", "p"), ("messages", "true")];
        let sent = case.peek(&their_slot, &sent).await;
        let theirs = decoded(PgOutput::new(), case.tables(&before).await, &sent);
        for (format, chunks) in
            [(FormatVersion::V2, true), (FormatVersion::V1, true), (FormatVersion::V1, false)]
        {
            let mut options = format.options();
            options.retain(|option| chunks || option.name != "write-in-chunks");
            let options = known(&case, &slot, options).await;
            let specials = options.iter().all(|option| option.name != "numeric-data-types-as-string");
            let frames = peek(&case, &slot, &options).await.unwrap();
            let decoder = || Wal2Json::new(format, TextEncoding::default());
            let batch = decoded(decoder(), case.tables(&before).await, &frames);
            let losses = Losses { specials, v1: format == FormatVersion::V1, positions: !chunks };
            let (ours, theirs) = (told(&batch, losses, false), told(&theirs, losses, true));
            assert!(ours.len() > 250, "{}", ours.len());
            assert_same(&ours, &theirs, (format, chunks));
            // One who asks nobody reads as many changes.
            let alone = decoded(decoder(), Tables::without_catalog(), &frames);
            assert_eq!(alone.len(), batch.len());
        }
    }
    case.end().await;
}

#[tokio::test]
async fn changes_without_an_identity_are_not_sent() {
    let Some((case, slot)) = case("UTF8", "CREATE TABLE public.nokey (a int)").await else { return };
    case.run([
        "INSERT INTO public.nokey VALUES (1)",
        "UPDATE public.nokey SET a = 2",
        "DELETE FROM public.nokey",
    ])
    .await;
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let options = known(&case, &slot, format.options()).await;
        let frames = peek(&case, &slot, &options).await.unwrap();
        let decoder = Wal2Json::new(format, TextEncoding::default());
        let batch = decoded(decoder, Tables::without_catalog(), &frames);
        let ops: Vec<Op> = batch.changes().map(|change| change.op()).collect();
        assert_eq!(ops, [Op::Insert], "{format:?}");
    }
    case.end().await;
}

#[tokio::test]
async fn what_came_from_elsewhere_can_be_left_out() {
    let schema = "CREATE TABLE public.t (id int PRIMARY KEY)";
    let Some((case, slot)) = case("UTF8", schema).await else { return };
    // Origins are of all databases.
    let origin = &case.database;
    case.run([
        "INSERT INTO public.t VALUES (1)",
        &format!(
            "SELECT pg_replication_origin_create('{origin}'), pg_replication_origin_session_setup('{origin}')"
        ),
        "INSERT INTO public.t VALUES (2)",
        &format!("SELECT pg_replication_origin_session_reset(), pg_replication_origin_drop('{origin}')"),
        "INSERT INTO public.t VALUES (3)",
    ])
    .await;
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let mut options = known(&case, &slot, format.options()).await;
        options.push(ONLY_LOCAL);
        let frames = peek(&case, &slot, &options).await.unwrap();
        let new = || Wal2Json::new(format, TextEncoding::default());
        for (decoder, expected) in [(new(), &[1, 2, 3][..]), (new().only_local(), &[1, 3])] {
            let batch = decoded(decoder, Tables::without_catalog(), &frames);
            let ids = batch.changes().map(|change| change.after().unwrap().get::<i32>("id").unwrap());
            assert_eq!(ids.collect::<Vec<_>>(), expected, "{format:?}");
        }
    }
    case.end().await;
}

#[tokio::test]
async fn only_the_tables_that_are_asked_for_are_sent_whatever_their_names() {
    let schema = r#"CREATE SCHEMA "a.b, *"; CREATE TABLE "a.b, *"."c\ ""*é" (id int PRIMARY KEY);
        CREATE TABLE public.t (id int PRIMARY KEY); CREATE TABLE public."*" (id int PRIMARY KEY)"#;
    let Some((case, slot)) = case("UTF8", schema).await else { return };
    let insert = r#"INSERT INTO "a.b, *"."c\ ""*é" VALUES (1); INSERT INTO public.t VALUES (2); INSERT INTO public."*" VALUES (3)"#;
    case.run([insert]).await;
    for (schema, name, id) in [("a.b, *", "c\\ \"*é", "1"), ("public", "t", "2"), ("public", "*", "3")] {
        let table = TableName::new(schema, name);
        let mut options = known(&case, &slot, FormatVersion::V2.options()).await;
        options.extend(add_tables([&table]));
        let frames = peek(&case, &slot, &options).await.unwrap();
        let decoder = Wal2Json::new(FormatVersion::V2, TextEncoding::default());
        let batch = decoded(decoder, Tables::without_catalog(), &frames);
        let changes: Vec<_> = batch.changes().collect();
        let [change] = &changes[..] else { panic!("{name}: {changes:?}") };
        assert_eq!(change.table().name, table);
        assert_eq!(change.after().unwrap().datum(0), Datum::Text(id.as_bytes()));
    }
    case.end().await;
}

#[tokio::test]
async fn a_database_in_another_encoding_is_read_in_utf_8() {
    let schema = "CREATE TABLE public.größe (id int PRIMARY KEY, länge text, w text)";
    let Some((case, slot)) = case("LATIN1", schema).await else { return };
    case.run(["INSERT INTO public.größe VALUES (1, 'ÿ naïve', 'ÿ \"quoted\"')"]).await;
    for format in [FormatVersion::V2, FormatVersion::V1] {
        let options = known(&case, &slot, format.options()).await;
        let frames = peek(&case, &slot, &options).await.unwrap();
        let decoder = Wal2Json::new(format, TextEncoding::new("LATIN1").unwrap());
        let batch = decoded(decoder, Tables::without_catalog(), &frames);
        let change = batch.changes().next().unwrap();
        assert_eq!(&*change.table().name.name, "größe");
        assert_eq!(&*change.table().columns[1].name, "länge");
        let row = change.after().unwrap();
        assert_eq!(row.datum(1), Datum::Text("ÿ naïve".as_bytes()));
        assert_eq!(row.datum(2), Datum::Text("ÿ \"quoted\"".as_bytes()));
    }
    case.end().await;
}
