//! Nothing is lost and nothing is delivered twice, whatever stops and starts in between.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests are tests too"
)]

mod bulk;
mod idle;
mod kill;
mod memory;
mod middle;
mod order;
mod restart;
mod stall;
mod stop;
#[path = "../support/mod.rs"]
mod support;
mod terminate;
mod two_phase;

use std::path::Path;

use pg_cdc_testkit::replay::{Counts, Replay, TableName};
use pg_cdc_testkit::{Client, Cluster};

/// A pipeline file that reads all of a database into `out.jsonl`; `source` and `rest` are further lines.
fn row_file(url: &str, source: &str, rest: &str) -> String {
    format!("source:\n  url: {url}\n{source}sink: {{ type: jsonl, path: out.jsonl, envelope: row }}\n{rest}")
}

/// Lines of the source with which every transaction that is not tiny comes in blocks while it is in progress, and a
/// prepared one at its PREPARE (15 and newer).
const EARLY: &str = "  pgoutput: { streaming: on, two_phase: true }\n  \
                     options: { options: '-c logical_decoding_work_mem=64kB' }\n";

/// The lines of `out`, strictly in order, each once, and in the end what the source holds.
#[track_caller]
fn replay(out: &Path) -> Replay {
    let mut replay = Replay::new();
    replay.apply_file(out).unwrap();
    assert!(replay.problems().is_empty(), "{:#?}", replay.problems());
    replay
}

/// As [`replay`], and equal to the source's tables.
async fn replay_equals<T: Into<TableName>>(
    out: &Path,
    client: &Client,
    tables: impl IntoIterator<Item = T>,
) -> Counts {
    let replay = replay(out);
    let differences = replay.compare(client, tables).await.unwrap();
    assert!(differences.is_empty(), "{differences:#?}");
    replay.counts()
}

/// The slot's `confirmed_flush_lsn` as a number.
async fn confirmed(client: &Client, slot: &str) -> u64 {
    let sql = "SELECT (confirmed_flush_lsn - '0/0')::text FROM pg_replication_slots WHERE slot_name = ";
    client.value(&format!("{sql}'{slot}'")).await.unwrap().parse().unwrap()
}

/// Waits until the slot is confirmed up to `lsn`.
async fn confirmed_up_to(client: &Client, slot: &str, lsn: u64) {
    let since = std::time::Instant::now();
    while confirmed(client, slot).await < lsn {
        assert!(since.elapsed() < support::PATIENCE, "slot {slot} still holds the log");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// The walsender that reads the slot; the one that makes it is none.
async fn reader(client: &Client, slot: &str) -> Option<String> {
    let sql = "SELECT active_pid FROM pg_replication_slots \
               WHERE active_pid IS NOT NULL AND confirmed_flush_lsn IS NOT NULL AND slot_name = ";
    client.value(&format!("{sql}'{slot}'")).await.ok()
}

/// Waits until somebody reads the slot, and gives its walsender.
async fn reading(client: &Client, slot: &str) -> String {
    let since = std::time::Instant::now();
    loop {
        if let Some(pid) = reader(client, slot).await {
            return pid;
        }
        assert!(since.elapsed() < support::PATIENCE, "nobody reads slot {slot}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

/// A position in the saved state, as a number.
fn saved_confirmed(state: &serde_json::Value) -> u64 {
    let text = state["position"]["confirmed"].as_str().unwrap_or("0/0");
    let (high, low) = text.split_once('/').unwrap();
    u64::from_str_radix(high, 16).unwrap() << 32 | u64::from_str_radix(low, 16).unwrap()
}

/// A database of its own on the shared cluster.
async fn database(cluster: &Cluster) -> (String, Client) {
    let name = cluster.fresh_database("delivery").await.unwrap();
    let client = cluster.connect(&name).await.unwrap();
    (name, client)
}
