//! What the stream's driver answers to a decoder that knows a table by its name only.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::sync::{Arc, Mutex};

use futures_util::StreamExt as _;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::stream::{Plugin, ReplicationOptions, ReplicationSource, UnknownTables, Until, identify};
use pg_cdc_core::wire::{Connection, Session};
use pg_cdc_core::{
    Columns, DecodeError, Decoder, Frame, Known, Outcome, Position, Shape, Source, SourceError, TableName,
    TableShape, Tables, catalog,
};
use pg_cdc_testkit::Version;

use support::Case;

/// Asks once for `name`, and remembers what was said.
#[derive(Clone)]
struct Probe {
    name: TableName,
    said: Arc<Mutex<Option<Option<Known>>>>,
    asked: bool,
}

impl Decoder for Probe {
    fn plugin(&self) -> &'static str {
        "test_decoding"
    }

    fn restart(&mut self, _: Option<&Position>) {}

    fn pass_over(&mut self) {}

    fn decode(&mut self, _: Frame<'_>, tables: &Tables, _: &mut ChangeBatch) -> Result<Outcome, DecodeError> {
        if !self.asked {
            self.asked = true;
            return Ok(Outcome::NeedTable { oid: None, name: self.name.clone(), types: Vec::new() });
        }
        *self.said.lock().unwrap() = Some(tables.get_named(&self.name).cloned());
        Ok(Outcome::Taken)
    }
}

/// What is said of `schema.table` by a source that wants all tables of `before`.
async fn ask(
    case: &Case,
    slot: &str,
    before: &[catalog::TableInfo],
    (schema, table): (&str, &str),
    adjust: impl FnOnce(&mut ReplicationOptions),
) -> Result<Known, SourceError> {
    let connect = case.connect();
    let client = catalog::connect(&connect).await.unwrap();
    // Whoever read it before takes a moment to be gone.
    case.client.slot_is_free(slot).await.unwrap();
    let found = catalog::find_slot(&client, case.cluster.version_num(), slot).await.unwrap().unwrap();
    let mut connection = Connection::connect(&connect, Session::Replication).await.unwrap();
    let server = identify(&mut connection).await.unwrap().server;
    connection.close().await;
    let start = Position::at("probe".into(), server, found.confirmed_flush_lsn.unwrap());
    let plugin = Plugin::new("test_decoding", [("include-xids", "on")]);
    let mut options = ReplicationOptions::new(connect, slot, plugin, start);
    options.tables = before.iter().map(|info| Arc::clone(&info.table)).collect();
    options.until = Some(Until::Current);
    adjust(&mut options);
    let said = Arc::new(Mutex::new(None));
    let probe = Probe { name: TableName::new(schema, table), said: Arc::clone(&said), asked: false };
    let mut source = ReplicationSource::start(options, probe);
    let control = source.control();
    while let Some(batch) = source.next().await {
        batch?;
    }
    control.shutdown().await?;
    let said = said.lock().unwrap().take().unwrap();
    Ok(said.unwrap())
}

fn wanted(known: Result<Known, SourceError>) -> pg_cdc_core::TableFacts {
    match known.unwrap() {
        Known::Wanted(facts) => facts,
        Known::Unwanted => panic!("unwanted"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_is_found_by_its_name_of_now_or_of_then() {
    let version = *Version::under_test().last().unwrap();
    let schema = "CREATE TABLE public.same (id int PRIMARY KEY, v text, secret text, n int);
                  CREATE TABLE public.renamed (id int PRIMARY KEY);
                  CREATE TABLE public.dropped (id int PRIMARY KEY);
                  CREATE TABLE public.\"sw'apped\" (id int PRIMARY KEY)";
    let mut case = Case::new(version, schema).await;
    let before = case.list().await;
    let oid = |name: &str| before.iter().find(|info| &*info.whole.name.name == name).unwrap().whole.oid;
    let slot = case.slot("test_decoding").await;
    case.run(["INSERT INTO public.same VALUES (1); ALTER TABLE public.renamed RENAME TO renamed_since;
         DROP TABLE public.dropped; ALTER TABLE public.\"sw'apped\" RENAME TO moved;
         CREATE TABLE public.\"sw'apped\" (id int PRIMARY KEY); CREATE TABLE public.later (id int)"])
        .await;
    let ask = async |name: (&str, &str)| ask(&case, &slot, &before, name, |_| {}).await;

    let same = wanted(ask(("public", "same")).await);
    assert_eq!((same.table.oid, same.table.columns.len()), (oid("same"), 4));
    // A number is never TOASTed.
    assert!(same.is_toastable("v") && !same.is_toastable("id") && !same.is_toastable("n"));
    for name in ["renamed", "renamed_since"] {
        let renamed = wanted(ask(("public", name)).await);
        assert_eq!(
            (renamed.table.oid, &*renamed.table.name.name),
            (oid("renamed"), "renamed_since"),
            "{name}"
        );
    }
    assert_eq!(wanted(ask(("public", "dropped")).await).table.oid, oid("dropped"));
    assert_eq!(wanted(ask(("public", "moved")).await).table.oid, oid("sw'apped"));
    assert!(matches!(ask(("public", "later")).await, Ok(Known::Unwanted)));
    assert!(matches!(ask(("public", "pg_temp_123")).await, Ok(Known::Unwanted)));
    let error = ask(("public", "sw'apped")).await.unwrap_err().to_string();
    assert!(error.contains("public.sw'apped") && error.contains("not the one that was selected"), "{error}");

    // What is read of it is what was asked for.
    let shape = Arc::new(Shape::default().with_columns(Columns::Except(vec!["secret".to_owned()])));
    let shapes = vec![TableShape { oid: oid("same"), shape }];
    let shaped = self::ask(&case, &slot, &before, ("public", "same"), |options| {
        options.shapes = shapes;
    });
    let shaped = wanted(shaped.await);
    assert!(shaped.table.columns.len() == 3 && !shaped.takes("secret") && shaped.takes("v"));

    // One that appeared is an error where it is to be one.
    let unknown = self::ask(&case, &slot, &before, ("public", "later"), |options| {
        options.unknown_tables = UnknownTables::Error;
    });
    let error = unknown.await.unwrap_err().to_string();
    assert!(error.contains("table public.later appeared"), "{error}");
    case.end().await;
}
