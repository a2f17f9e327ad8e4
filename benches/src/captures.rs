//! What a real server's output plugin gave, as it lies in a read buffer.

use std::error::Error;
use std::ops::Range;

use bytes::Bytes;
use pg_cdc_core::{Known, Lsn, TableFacts, Tables, catalog};
use pg_cdc_testkit::Client;

/// How much of a capture one read buffer, and so one batch, holds at the most.
const BUFFER: usize = 256 << 10;

/// Messages of a plugin in one read buffer, whole transactions.
#[derive(Debug)]
pub struct Capture {
    /// What the table of the figures calls it.
    pub name: String,
    /// The read buffer.
    pub buffer: Bytes,
    /// Where the messages lie in it, and their positions.
    pub frames: Vec<(Lsn, Range<usize>)>,
}

/// Workloads, and what they are called.
pub const WORKLOADS: [(&str, &str); 3] = [
    (
        "insert, 5 columns",
        "INSERT INTO bench.orders SELECT i, 'customer ' || i, (i * 7919 % 100000) / 100.0, \
         '2026-11-21 12:00:00+00'::timestamptz + i * interval '1 s', 'a note of some length, number ' || i \
         FROM generate_series(1, 100) i; TRUNCATE bench.orders",
    ),
    (
        "insert, 20 columns of many types",
        "INSERT INTO bench.wide SELECT i, i, i * 1000003, i % 2 = 0, i / 7.0, i / 3.0, i / 8.0, 'text ' || i, \
         'another text of this row', NULL, '2026-11-21', '12:34:56', '2026-11-21 12:34:56.789', \
         '2026-11-21 12:34:56+00', md5(i::text)::uuid, jsonb_build_object('id', i, 'tags', array['a', 'b']), \
         decode(md5(i::text), 'hex'), ARRAY[i, i + 1], '10.0.0.1', '1 day' FROM generate_series(1, 100) i; \
         TRUNCATE bench.wide",
    ),
    (
        "small transactions, 4 tables",
        "UPDATE bench.accounts SET balance = balance + 7; UPDATE bench.tellers SET balance = balance + 7; \
         UPDATE bench.branches SET balance = balance + 7; INSERT INTO bench.history VALUES (1, 1, 1, 7, now(), NULL); \
         TRUNCATE bench.history",
    ),
];

/// The tables of the workloads.
pub const SCHEMA: &str = "
    CREATE SCHEMA bench;
    CREATE TABLE bench.orders (id bigint PRIMARY KEY, customer text NOT NULL, amount numeric(10,2),
        created timestamptz, note varchar(200));
    CREATE TABLE bench.wide (id int PRIMARY KEY, c_int4 int, c_int8 bigint, c_bool bool, c_float4 float4,
        c_float8 float8, c_numeric numeric(12,4), c_text text, c_varchar varchar(80), c_null text, c_date date,
        c_time time, c_timestamp timestamp, c_timestamptz timestamptz, c_uuid uuid, c_jsonb jsonb, c_bytea bytea,
        c_array int[], c_inet inet, c_interval interval);
    CREATE TABLE bench.accounts (aid int PRIMARY KEY, bid int, balance int, filler char(84));
    CREATE TABLE bench.tellers (tid int PRIMARY KEY, bid int, balance int, filler char(84));
    CREATE TABLE bench.branches (bid int PRIMARY KEY, balance int, filler char(88));
    CREATE TABLE bench.history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
    INSERT INTO bench.accounts VALUES (1, 1, 0, '');
    INSERT INTO bench.tellers VALUES (1, 1, 0, '');
    INSERT INTO bench.branches VALUES (1, 0, '')";

/// A buffer full of what `plugin` gives of a workload. `ends` tells the last message of a transaction.
///
/// # Errors
///
/// Where the server has no such plugin, or refuses something else.
pub async fn capture(
    client: &Client,
    plugin: &str,
    options: &str,
    (name, sql): (&str, &str),
    ends: impl Fn(&[u8]) -> bool,
) -> Result<Capture, Box<dyn Error>> {
    client.batch_execute(&format!("SELECT pg_create_logical_replication_slot('bench', '{plugin}')")).await?;
    let (mut buffer, mut frames) = (Vec::new(), Vec::new());
    for _ in 0..100 {
        client.batch_execute(&format!("BEGIN; {sql}; COMMIT")).await?;
    }
    let peek = format!(
        "SELECT lsn::text, data FROM pg_logical_slot_peek_binary_changes('bench', NULL, NULL{options})"
    );
    let mut whole = (0, 0);
    for row in client.query(&peek, &[]).await? {
        let (lsn, data): (&str, &[u8]) = (row.try_get(0)?, row.try_get(1)?);
        if buffer.len() + data.len() > BUFFER {
            break;
        }
        let start = buffer.len();
        buffer.extend_from_slice(data);
        frames.push((lsn.parse::<Lsn>()?, start..buffer.len()));
        if ends(data) {
            whole = (buffer.len(), frames.len());
        }
    }
    buffer.truncate(whole.0);
    frames.truncate(whole.1);
    client.batch_execute("SELECT pg_drop_replication_slot('bench')").await?;
    Ok(Capture { name: name.to_owned(), buffer: buffer.into(), frames })
}

/// What the catalog of the server at `url` says of the tables, by their names.
///
/// # Errors
///
/// Where the server can't be asked.
pub async fn tables(url: &str) -> Result<Tables, Box<dyn Error>> {
    let client = catalog::connect(&url.parse()?).await?;
    let version = client.version().await?;
    let mut tables = Tables::from_catalog();
    for info in catalog::list_tables(&client, version).await? {
        let name = info.table.name.clone();
        let mut facts = TableFacts::new(info.table, Lsn::ZERO);
        facts.plain = info.plain_columns;
        tables.insert_named(name, Known::Wanted(facts));
    }
    Ok(tables)
}
