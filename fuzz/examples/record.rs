//! Records what real servers send of `pg-cdc-decoders/testdata/pgoutput-blocks.sql`, into files beside it.
//!
//!     cargo run --example record             # of PostgreSQL 14 to 18
//!     cargo run --example record 15 18       # of these
//!
//! `pgoutput-N-whole.frames` is by protocol 1, `-blocks` by the newest that the version has, with all it can send before
//! a transaction's outcome, `-binary` the same with values in binary. `walsender-N.payloads` are what stood in CopyData
//! around the latter: XLogData and keepalives.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pg_cdc_core::Lsn;
use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::wire::{Connection, ServerFrame, Session, StatusUpdate};
use pg_cdc_testkit::{Client, Cluster, Version};

const END: &[u8] = b"this is the end";

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let asked = std::env::args().skip(1).map(|arg| arg.parse());
    let mut majors = asked.collect::<std::result::Result<Vec<u32>, _>>()?;
    if majors.is_empty() {
        majors = (14..=18).collect();
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        for major in majors {
            record_version(major).await?;
        }
        Ok(())
    })
}

/// What is asked for: the name of the recording, whether prepared transactions come before their outcome, and the
/// plugin's options.
fn ways(major: u32) -> [(&'static str, bool, String); 3] {
    let best = match major {
        ..15 => "proto_version '2', streaming 'on'",
        15 => "proto_version '3', streaming 'on', two_phase 'on'",
        _ => "proto_version '4', streaming 'parallel', two_phase 'on', origin 'any'",
    };
    [
        ("whole", false, "proto_version '1'".to_owned()),
        ("blocks", major >= 15, best.to_owned()),
        ("binary", major >= 15, format!("{best}, binary 'true'")),
    ]
}

async fn record_version(major: u32) -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../pg-cdc-decoders/testdata");
    let workload = fs::read_to_string(folder.join("pgoutput-blocks.sql"))?;
    let builder = Cluster::builder().version(Version::Major(major)).conf("wal_sender_timeout", "2s");
    let builder = builder.conf("logical_decoding_work_mem", "64kB").conf("lock_timeout", "10s");
    let cluster = builder.start().await?;
    let mut sessions = Vec::new();
    for _ in 0..4 {
        sessions.push(cluster.connect("postgres").await?);
    }
    for section in sections(&workload) {
        match section {
            Section::Slots => make_slots(&sessions[0], major).await?,
            Section::Sql { session, from, sql } if from <= major => {
                // One by one: some may not stand beside others.
                for statement in sql.lines() {
                    let done = sessions[session].batch_execute(statement).await;
                    done.map_err(|error| format!("PostgreSQL {major}: {statement}: {error:?}"))?;
                }
            }
            Section::Sql { .. } => {}
        }
    }
    for (name, _, options) in ways(major) {
        let payloads = record(&cluster.url("postgres"), name, &options).await?;
        let mut frames = format!(
            "# Messages of pgoutput from PostgreSQL {major}, {options}, of the workload in pgoutput-blocks.sql.\n\
             # One message a line: its LSN, a tab, its bytes in hexadecimal. Lines that begin with # are comments.\n"
        );
        for payload in &payloads {
            if let ServerFrame::XLogData { start, payload: message, .. } = ServerFrame::parse(payload)? {
                writeln!(frames, "{start}\t{}", hex(&payload[message]))?;
            }
        }
        save(folder.join(format!("pgoutput-{major}-{name}.frames")), &frames)?;
        if name == "binary" && major == 18 {
            let head = format!(
                "# What PostgreSQL {major} sends in CopyData, {options}, of the workload in pgoutput-blocks.sql.\n\
                 # One payload a line, in hexadecimal. Lines that begin with # are comments.\n"
            );
            let lines = payloads.iter().map(|payload| hex(payload) + "\n");
            save(folder.join(format!("walsender-{major}.payloads")), &(head + &lines.collect::<String>()))?;
        }
    }
    Ok(())
}

fn save(path: PathBuf, text: &str) -> Result<()> {
    fs::write(&path, text)?;
    println!("{} bytes: {}", text.len(), path.display());
    Ok(())
}

enum Section {
    Sql { session: usize, from: u32, sql: String },
    Slots,
}

fn sections(workload: &str) -> Vec<Section> {
    let mut sections = Vec::new();
    for line in workload.lines() {
        if line == "-- slots" {
            sections.push(Section::Slots);
        } else if let Some(whose) = line.strip_prefix("-- session ") {
            let (session, from) = whose.split_once(", from ").unwrap_or((whose, "0"));
            let number = |text: &str| text.parse::<u32>().unwrap_or_default();
            let session = number(session) as usize;
            sections.push(Section::Sql { session, from: number(from), sql: String::new() });
        } else if let Some(Section::Sql { sql, .. }) = sections.last_mut() {
            sql.push_str(line);
            sql.push('\n');
        }
    }
    sections
}

async fn make_slots(client: &Client, major: u32) -> Result<()> {
    for (name, two_phase, _) in ways(major) {
        let more = if two_phase { ", false, true" } else { "" };
        client
            .batch_execute(&format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput'{more})"))
            .await?;
    }
    Ok(())
}

/// The payloads of CopyData, up to a keepalive behind the end of the workload that wants an answer.
async fn record(url: &str, slot: &str, options: &str) -> Result<Vec<Vec<u8>>> {
    let connection = Connection::connect(&url.parse()?, Session::Replication).await?;
    let command = format!(
        "START_REPLICATION SLOT {slot} LOGICAL {} ({options}, publication_names 'p', messages 'true')",
        Lsn::ZERO
    );
    let mut stream = connection.start_replication(&command, &BufferPool::new(64 << 20)).await?;
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    let mut is_over = false;
    loop {
        let block = stream.next_block_or_more(64 << 10, Duration::from_millis(1)).await?.ok_or("an end")?;
        for range in block.payloads() {
            let payload = block.bytes()[range].to_vec();
            is_over |= payload.ends_with(END);
            let wants =
                matches!(ServerFrame::parse(&payload)?, ServerFrame::Keepalive { reply_wanted: true, .. });
            payloads.push(payload);
            if wants {
                stream.send(&StatusUpdate::default().encode()).await?;
                if is_over {
                    stream.finish().await?;
                    return Ok(payloads);
                }
            }
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
