//! Names, types and values that look like a plugin's own words: by every plugin they come to what pgoutput sends.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

mod made;

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Row};
use pg_cdc_core::types::write_text;
use pg_cdc_core::{Datum, Decoder, Known, Lsn, TableFacts, Tables, catalog};
use pg_cdc_decoders::wal2json::FormatVersion;
use pg_cdc_decoders::{DecoderBufs, PgOutput, TestDecoding, TextEncoding, Wal2Json, test_decoding};
use pg_cdc_testkit::{Client, Cluster, Keeper, Version};

use made::{BOMB, Random, made};

async fn peek(client: &Client, slot: &str, options: &[(&str, &str)]) -> Vec<(Lsn, Bytes)> {
    let options: String = options.iter().map(|(name, value)| format!(", '{name}', '{value}'")).collect();
    let sql = format!(
        "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('{slot}', NULL, NULL{options})"
    );
    let rows = client.query(&sql, &[]).await.unwrap();
    rows.iter().map(|row| (row.get::<_, &str>(0).parse().unwrap(), row.get::<_, Vec<u8>>(1).into())).collect()
}

fn show(row: &Row<'_>) -> String {
    let known = row.columns().filter(|(_, datum)| *datum != Datum::Absent);
    let columns = known.map(|(column, datum)| {
        let mut text = Vec::new();
        match datum {
            Datum::Text(_) | Datum::Binary(_) => write_text(&column.type_, datum, &mut text).unwrap(),
            other => text = format!("{other:?}").into_bytes(),
        }
        format!("{} {} {}", column.name, column.type_.oid, String::from_utf8_lossy(&text))
    });
    columns.collect::<Vec<_>>().join(", ")
}

fn lines(batch: &ChangeBatch) -> Vec<String> {
    let line = |change: pg_cdc_core::batch::Change<'_>| {
        let rows = [change.before(), change.after()].map(|row| row.as_ref().map(show));
        format!("{:?} {} #{}: {rows:?}", change.op(), change.table().name, change.seq())
    };
    batch.changes().map(line).collect()
}

fn decoded(decoder: impl Decoder, tables: Tables, frames: &[(Lsn, Bytes)], is_routed: bool) -> Vec<String> {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    for (lsn, data) in frames {
        let taken = if is_routed { keeper.take(*lsn, data) } else { keeper.decode(*lsn, data) };
        taken.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(data)));
    }
    lines(&keeper.batch)
}

async fn tables(cluster: &Cluster, database: &str) -> Tables {
    let client = catalog::connect(&cluster.url(database).parse().unwrap()).await.unwrap();
    let mut tables = Tables::from_catalog();
    for info in catalog::list_tables(&client, cluster.version_num()).await.unwrap() {
        let mut facts = TableFacts::new(Arc::clone(&info.table), Lsn::ZERO);
        facts.plain = info.plain_columns.clone();
        tables.insert_named(info.whole.name.clone(), Known::Wanted(facts.clone()));
        tables.insert(info.whole.oid, Known::Wanted(facts));
        info.whole.columns.iter().for_each(|column| tables.insert_type(column.type_.clone()));
    }
    tables
}

/// A slot of the plugin, unless the server has none, which is said.
async fn make_slot(client: &Client, slot: &str, plugin: &str) -> bool {
    let sql = format!("SELECT pg_create_logical_replication_slot('{slot}', '{plugin}')");
    let Err(error) = client.batch_execute(&sql).await else { return true };
    // Undefined file: there is no such library.
    assert!(error.code().is_some_and(|code| code.code() == "58P01"), "{error:?}");
    eprintln!("the server has no {plugin}: left out");
    false
}

/// What comes of all that a plugin's slot has, in each of its formats.
async fn told(
    cluster: &Cluster,
    client: &Client,
    plugin: &str,
    database: &str,
    encoding: &str,
) -> Vec<Vec<String>> {
    let slot = format!("{plugin}_{database}");
    let text = TextEncoding::new(encoding).unwrap();
    let known = || tables(cluster, database);
    let mut told = Vec::new();
    match plugin {
        "pgoutput" => {
            let frames = peek(client, &slot, &[("proto_version", "1"), ("publication_names", "p")]).await;
            told.push(decoded(PgOutput::new(), known().await, &frames, false));
        }
        "test_decoding" => {
            let frames = peek(client, &slot, test_decoding::OPTIONS).await;
            let decoder = TestDecoding::new(cluster.version_num(), text);
            told.push(decoded(decoder, known().await, &frames, true));
        }
        "decoderbufs" => {
            let frames = peek(client, &slot, &[]).await;
            told.push(decoded(DecoderBufs::new(text), known().await, &frames, true));
        }
        _ => {
            for format in [FormatVersion::V1, FormatVersion::V2] {
                let mut options = format.options();
                // Not every release knows it, and there are no numbers that need it.
                options.retain(|option| option.name != "numeric-data-types-as-string");
                let options: Vec<_> = options.iter().map(|option| (option.name, &*option.value)).collect();
                let frames = peek(client, &slot, &options).await;
                told.push(decoded(Wal2Json::new(format, text), known().await, &frames, false));
            }
        }
    }
    told
}

/// Databases to be read, and a character of theirs in place of one that only UTF-8 has.
const ENCODINGS: [(&str, &str); 3] = [("UTF8", BOMB), ("LATIN1", "ÿ"), ("EUC_JP", "あ")];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_looks_like_a_plugin_s_own_words_is_what_it_was() {
    let cluster = Cluster::builder().version(Version::V15).start().await.unwrap();
    if cluster.setting("output_plugin_libraries").await.unwrap().is_some() {
        let allowed = "pgoutput,test_decoding,wal2json,decoderbufs";
        cluster.configure(&[("output_plugin_libraries", allowed)]).await.unwrap();
    }
    for (seed, (encoding, character)) in (0..).zip(ENCODINGS) {
        let database = format!("hostile_{seed}");
        let create = format!(
            "CREATE DATABASE {database} TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        cluster.connect("postgres").await.unwrap().batch_execute(&create).await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        let (ddl, work) = made(&mut Random(seed));
        let execute = async |sql: &str| {
            let sql = sql.replace(BOMB, character);
            client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{seed}, {sql}: {error:?}"));
        };
        for sql in &ddl {
            execute(sql).await;
        }
        let mut there = Vec::new();
        for plugin in ["pgoutput", "test_decoding", "wal2json", "decoderbufs"] {
            if make_slot(&client, &format!("{plugin}_{database}"), plugin).await {
                there.push(plugin);
            }
        }
        for sql in &work {
            execute(sql).await;
        }
        // What is in the search path is printed without its schema.
        for path in ["", "\"$user\", public"] {
            execute(&format!("SELECT set_config('search_path', '{path}', false)")).await;
            let theirs = told(&cluster, &client, "pgoutput", &database, encoding).await.remove(0);
            assert!(theirs.len() > 200, "{}", theirs.len());
            for plugin in &there[1..] {
                for ours in told(&cluster, &client, plugin, &database, encoding).await {
                    for at in 0..ours.len().max(theirs.len()) {
                        let (ours, theirs) = (ours.get(at), theirs.get(at));
                        assert_eq!(ours, theirs, "{plugin}, {encoding}, change {at}");
                    }
                }
            }
        }
        for plugin in there {
            execute(&format!("SELECT pg_drop_replication_slot('{plugin}_{database}')")).await;
        }
    }
}
