//! What real servers send in blocks and prepared comes to what they send by protocol 1.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::fmt::Write as _;

use pg_cdc_core::batch::{ChangeBatch, Event, Row};
use pg_cdc_core::{Datum, Lsn, Tables};
use pg_cdc_decoders::PgOutput;
use pg_cdc_testkit::{Client, Cluster, Keeper, Version};

use support::{Frames, assert_same, decoded, refused};

/// Rows that do not fit into the server's memory for a transaction (`logical_decoding_work_mem`).
const MANY: u32 = 1500;
const END: &[u8] = b"this is the end";

const SCHEMA: &str = "
    CREATE TYPE public.mood AS ENUM ('sad', 'happy');
    CREATE TABLE public.a (id int PRIMARY KEY, v text);
    CREATE TABLE public.b (id int PRIMARY KEY, m public.mood, v text);
    CREATE TABLE public.c (id int PRIMARY KEY, v text);
    ALTER TABLE public.c REPLICA IDENTITY FULL;
    CREATE TABLE public.d (id int PRIMARY KEY, v text);
    CREATE PUBLICATION p FOR ALL TABLES;
    SELECT pg_replication_origin_create('elsewhere')";

/// Who says what, in this order; each a session of its own.
fn workload() -> Vec<(usize, String)> {
    let mut from = 0;
    let mut many = |table: &str, columns: &str| {
        from += MANY;
        format!(
            "INSERT INTO public.{table} SELECT i, {columns} FROM generate_series({from}, {from} + {MANY} - 1) i"
        )
    };
    let text = "repeat('x', 60) || i";
    let mood = "'happy', repeat('y', 60) || i";
    let emit = |what: &str| format!("SELECT pg_logical_emit_message(true, 'p', '{what}')");
    let tell = |sql: &str| sql.to_owned();
    vec![
        // Three large transactions and a small one at a time; savepoints inside, given up and kept.
        (0, tell("BEGIN; SELECT pg_replication_origin_session_setup('elsewhere')")),
        (0, many("a", text)),
        (1, tell("BEGIN")),
        (1, many("b", mood)),
        (2, tell("INSERT INTO public.a VALUES (1, 'small')")),
        (1, tell("SAVEPOINT x")),
        (1, many("b", mood)),
        (1, emit("given up")),
        (1, many("b", mood)),
        (0, tell("SAVEPOINT p")),
        (0, tell("UPDATE public.a SET v = v || 'p'")),
        (0, tell("SAVEPOINT q")),
        (0, tell("UPDATE public.a SET id = -id WHERE id > 1")),
        (0, tell("ROLLBACK TO SAVEPOINT q")),
        (0, emit("kept")),
        (1, tell("ROLLBACK TO SAVEPOINT x")),
        (1, many("b", mood)),
        (2, tell("INSERT INTO public.b VALUES (1, 'sad', 'small')")),
        (0, tell("DELETE FROM public.a WHERE id % 2 = 0")),
        (0, tell("RELEASE SAVEPOINT p")),
        (3, tell("BEGIN")),
        (3, many("c", text)),
        (3, tell("ALTER TABLE public.c ADD COLUMN w int DEFAULT 7")),
        (3, many("c", &format!("{text}, i"))),
        (3, tell("SAVEPOINT y; ALTER TABLE public.c DROP COLUMN v")),
        (3, many("c", "i")),
        (1, tell("COMMIT")),
        (3, tell("ROLLBACK TO SAVEPOINT y")),
        (3, many("c", &format!("{text}, i"))),
        (3, tell("UPDATE public.c SET w = w + 1")),
        (2, tell("INSERT INTO public.a VALUES (2, 'small')")),
        (0, tell("COMMIT; SELECT pg_replication_origin_session_reset()")),
        (3, tell("COMMIT")),
        (2, tell("INSERT INTO public.c VALUES (1, 'small', 1)")),
        // One that is given up as a whole, with a table of another shape.
        (0, tell("BEGIN; ALTER TABLE public.a ADD COLUMN gone int")),
        (0, many("a", &format!("{text}, 1"))),
        (0, many("a", &format!("{text}, 2"))),
        (0, tell("ROLLBACK")),
        (2, tell("INSERT INTO public.a VALUES (3, 'small')")),
        // Many small savepoints, every third of them given up.
        (
            0,
            tell(
                "DO $$ BEGIN FOR i IN 1..1200 LOOP BEGIN INSERT INTO public.d VALUES (i, repeat('z', 100)); \
                 IF i % 3 = 0 THEN RAISE EXCEPTION 'no'; END IF; \
                 EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$",
            ),
        ),
        (0, tell("BEGIN")),
        (0, many("d", text)),
        (0, tell("TRUNCATE public.d, public.a")),
        (0, many("a", text)),
        (0, tell("COMMIT")),
        // In two phases: small and large, committed and given up, with tables of other shapes.
        (0, tell("BEGIN; INSERT INTO public.d VALUES (-1, 'prepared'); PREPARE TRANSACTION 'one'")),
        (2, tell("INSERT INTO public.d VALUES (-2, 'between')")),
        (0, tell("BEGIN; INSERT INTO public.d VALUES (-3, 'prepared'); PREPARE TRANSACTION 'two'")),
        (0, tell("BEGIN")),
        (0, many("b", mood)),
        (0, tell("SAVEPOINT x")),
        (0, many("b", mood)),
        (0, tell("ROLLBACK TO SAVEPOINT x")),
        (0, many("b", mood)),
        (0, tell("PREPARE TRANSACTION 'large'")),
        (1, tell("BEGIN; ALTER TABLE public.c ADD COLUMN gone int")),
        (1, tell("INSERT INTO public.c VALUES (-1, 'prepared', 1, 1); PREPARE TRANSACTION 'other shape'")),
        (2, tell("INSERT INTO public.b VALUES (-4, 'sad', 'between')")),
        (2, tell("COMMIT PREPARED 'two'")),
        (2, tell("ROLLBACK PREPARED 'other shape'")),
        (2, tell("INSERT INTO public.c VALUES (-5, 'of the old shape', 1)")),
        (2, tell("COMMIT PREPARED 'large'")),
        (2, tell("COMMIT PREPARED 'one'")),
        (2, tell("INSERT INTO public.d VALUES (-6, 'after')")),
        (0, tell("BEGIN; ALTER TABLE public.d ADD COLUMN w int; INSERT INTO public.d VALUES (-7, 'new', 1)")),
        (0, tell("PREPARE TRANSACTION 'new shape'")),
        (2, tell("INSERT INTO public.a VALUES (-8, 'between')")),
        (2, tell("COMMIT PREPARED 'new shape'")),
        (2, tell("INSERT INTO public.d VALUES (-9, 'after', 2)")),
        (2, format!("SELECT pg_logical_emit_message(false, 'p', '{}')", String::from_utf8_lossy(END))),
    ]
}

/// How a stream is asked for.
struct Way {
    slot: &'static str,
    options: &'static str,
    two_phase: bool,
}

fn ways(major: u32) -> Vec<Way> {
    let mut ways = vec![Way { slot: "two", options: "proto_version '2', streaming 'on'", two_phase: false }];
    if major >= 15 {
        let options = "proto_version '3', streaming 'on', two_phase 'on'";
        ways.push(Way { slot: "three", options, two_phase: true });
        ways.push(Way { slot: "prepared", options: "proto_version '3', two_phase 'on'", two_phase: true });
    }
    if major >= 16 {
        let options = "proto_version '4', streaming 'parallel'";
        ways.push(Way { slot: "four", options, two_phase: false });
        let options = "proto_version '4', streaming 'parallel', two_phase 'on'";
        ways.push(Way { slot: "all", options, two_phase: true });
    }
    ways
}

/// Everything that a slot has from `from` on up to the end of the workload, as it comes.
async fn record(url: String, slot: String, from: Lsn, options: String) -> Frames {
    let options = format!("({options}, publication_names 'p', messages 'true')");
    let ends = |frames: &Frames| frames.last().is_some_and(|(_, last)| last.ends_with(END));
    support::record(&url.parse().unwrap(), &slot, from, &options, ends).await
}

fn show(row: &Row<'_>) -> String {
    let mut line = String::new();
    for (column, datum) in row.columns() {
        let value = match datum {
            Datum::Text(text) => String::from_utf8_lossy(text).into_owned(),
            other => format!("{other:?}"),
        };
        let _ = write!(line, "{} {} {value}, ", column.name, column.type_.name);
    }
    line
}

/// What stands in a batch, a line each, with all that a reader can tell of it.
fn lines(batch: &ChangeBatch) -> Vec<String> {
    let describe = |event: Event<'_>| match event {
        Event::Change(change) => {
            let (before, after) = (change.before(), change.after());
            let rows = [before, after].map(|row| row.as_ref().map(show));
            let table = &change.table().name;
            let (lsn, seq, of) = (change.lsn(), change.seq(), change.transaction());
            let options = change.truncate_options();
            format!("{:?} {table} {lsn} #{seq} of {of:?}: {rows:?} {options:?}", change.op())
        }
        Event::SchemaChange { new, .. } => format!("{} is {:?}", new.name, new.columns),
        other => format!("{other:?}"),
    };
    batch.events().map(describe).collect()
}

fn tags(frames: &Frames) -> String {
    let mut tags: Vec<u8> = frames.iter().filter_map(|(_, frame)| frame.first().copied()).collect();
    tags.sort_unstable();
    tags.dedup();
    String::from_utf8(tags).unwrap()
}

async fn make_slot(client: &Client, slot: &str, two_phase: bool) {
    let sql = match two_phase {
        true => format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput', false, true)"),
        false => format!("SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')"),
    };
    client.batch_execute(&sql).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_servers_send_in_blocks_is_what_they_send_by_protocol_1() {
    for version in Version::under_test() {
        let builder = Cluster::builder().version(version).conf("wal_sender_timeout", "0");
        let cluster = builder.conf("logical_decoding_work_mem", "64kB").start().await.unwrap();
        let major = cluster.major();
        if major < 14 {
            continue;
        }
        let admin = cluster.connect("postgres").await.unwrap();
        admin.batch_execute(SCHEMA).await.unwrap();
        make_slot(&admin, "one", false).await;
        let mut live = Vec::new();
        for Way { slot, options, two_phase } in ways(major) {
            for (when, is_live) in [("live", true), ("late", false)] {
                let slot = format!("{slot}_{when}");
                make_slot(&admin, &slot, two_phase).await;
                if is_live {
                    let url = cluster.url("postgres");
                    live.push((slot.clone(), tokio::spawn(record(url, slot, Lsn::ZERO, options.to_owned()))));
                }
            }
        }
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(cluster.connect("postgres").await.unwrap());
        }
        for (session, sql) in workload() {
            sessions[session].batch_execute(&sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
        }

        let whole =
            record(cluster.url("postgres"), "one".into(), Lsn::ZERO, "proto_version '1'".into()).await;
        let whole = lines(&decoded(PgOutput::new(), Tables::without_catalog(), &whole));
        assert!(whole.len() > 10_000, "{}", whole.len());
        assert!(!whole.iter().any(|line| line.contains("given up")));

        let mut recorded = Vec::new();
        for (slot, task) in live {
            recorded.push((slot, task.await.unwrap()));
        }
        for Way { slot, options, .. } in ways(major) {
            let slot = format!("{slot}_late");
            let frames = record(cluster.url("postgres"), slot.clone(), Lsn::ZERO, options.to_owned()).await;
            recorded.push((slot, frames));
        }
        for (slot, frames) in recorded {
            for cuts in [false, true] {
                let mut keeper = Keeper::new(PgOutput::new()).cutting(cuts);
                for (lsn, data) in &frames {
                    keeper.take(*lsn, data).unwrap();
                }
                assert!(keeper.is_empty(), "{major} {slot}: something is kept");
                assert_same(&lines(&keeper.batch), &whole, (major, &slot, cuts));
            }
            let expected = match slot.split('_').next() {
                Some("two" | "four") => "ABCDEIMORSTUYc",
                Some("prepared") => "BCDIKMOPRTUYbr",
                _ => "ABCDEIKMOPRSTUYbcpr",
            };
            assert_eq!(
                tags(&frames),
                expected,
                "PostgreSQL {major}, slot {slot}: the workload says too little"
            );
        }
    }
}

#[tokio::test]
async fn a_prepared_transaction_comes_again_unless_more_than_its_start_is_acknowledged() {
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).start().await.unwrap();
        if cluster.major() < 15 {
            continue;
        }
        let client = cluster.connect("postgres").await.unwrap();
        client.batch_execute(SCHEMA).await.unwrap();
        make_slot(&client, "s", true).await;
        for sql in [
            "BEGIN; INSERT INTO public.a VALUES (1, 'prepared'); PREPARE TRANSACTION 'one'",
            "INSERT INTO public.a VALUES (2, 'between')",
            "COMMIT PREPARED 'one'",
            &format!("SELECT pg_logical_emit_message(false, 'p', '{}')", String::from_utf8_lossy(END)),
        ] {
            client.batch_execute(sql).await.unwrap();
        }
        let options = "proto_version '3', two_phase 'on'";
        let from = async |from| {
            client.slot_is_free("s").await.unwrap();
            record(cluster.url("postgres"), "s".into(), from, options.to_owned()).await
        };
        let all = from(Lsn::ZERO).await;
        let mut keeper = Keeper::new(PgOutput::new());
        let mut may = None;
        for (lsn, data) in &all {
            keeper.take(*lsn, data).unwrap();
            may = may.or(keeper.acknowledgeable());
        }
        assert_eq!(keeper.acknowledgeable(), None, "its outcome is known");
        let may = may.unwrap();
        assert_eq!(tags(&from(may).await), tags(&all), "PostgreSQL {version}: it does not come again");
        let beyond = from(Lsn::new(may.as_u64() + 1)).await;
        let error = refused(PgOutput::new(), Tables::without_catalog(), &beyond);
        assert!(error.contains("its changes are lost"), "{error}");
    }
}
