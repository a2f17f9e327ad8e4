//! A live stream from a walsender: `pg-cdc` into its `null` sink beside `pg_recvlogical -f /dev/null` and other crates'
//! readers, from copies of one slot, in turn, over TCP and a unix socket. Wall time and the client's CPU time.
//!
//! `cargo bench --bench stream [--features rustcdc] -- [ROWS [ROUNDS]]`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use pg_cdc_benches::receivers::{self, Slot};
use pg_cdc_testkit::{Client, Cluster, Version};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DATABASE: &str = "bench";

/// The word with which this program is run as a peer.
const PEER: &str = "--peer";

/// What one reader needed.
#[derive(Clone, Copy)]
struct Needed {
    wall: Duration,
    cpu: Duration,
}

/// What reads the slot.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reader {
    RecvLogical,
    PgCdc,
    /// This program, as one of the [`receivers`].
    Peer(&'static str),
}

impl Reader {
    fn name(self) -> &'static str {
        match self {
            Self::RecvLogical => "pg_recvlogical",
            Self::PgCdc => "pg-cdc",
            Self::Peer(name) => name,
        }
    }
}

#[tokio::main]
async fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().collect();
    if let Some(at) = words.iter().position(|word| word == PEER) {
        return peer(words.get(at + 1..).unwrap_or_default()).await;
    }
    let mut numbers = words.iter().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let rows = numbers.next().unwrap_or(1_000_000);
    let rounds = numbers.next().unwrap_or(5).max(1) as usize;
    let program = build()?;
    let cluster = Cluster::builder()
        .version(Version::V15)
        .conf("shared_buffers", "256MB")
        .conf("max_wal_size", "16GB")
        .conf("wal_keep_size", "0")
        .start()
        .await?;
    cluster.create_database(DATABASE).await?;
    let client = cluster.connect(DATABASE).await?;
    let end = prepare(&client, rows).await?;
    println!("{rows} rows of 5 columns in transactions of 1000, best (median) of {rounds} rounds\n");
    println!("| | wall, s | client CPU, s | wall, ratio | CPU, ratio |\n| --- | --- | --- | --- | --- |");
    let ways = [("TCP", cluster.url(DATABASE)), ("unix socket", cluster.socket_url(DATABASE))];
    // All with the same options, values as text and in binary.
    for ((way, url), binary) in ways.iter().flat_map(|way| [(way, false), (way, true)]) {
        let mut readers = vec![Reader::RecvLogical, Reader::PgCdc, Reader::Peer("pgwire-replication")];
        // It connects by TCP, and asks for text.
        if cfg!(feature = "rustcdc") && *way == "TCP" && !binary {
            readers.push(Reader::Peer("rustcdc"));
        }
        let mut needed = vec![Vec::new(); readers.len()];
        for round in 0..rounds {
            // Another one first in every round: what warms up serves all.
            for at in (0..readers.len()).map(|at| (at + round) % readers.len()) {
                let host = host(&cluster, way);
                let times = match readers[at] {
                    Reader::RecvLogical => receive(&cluster, &client, &host, binary, &end).await?,
                    Reader::PgCdc => deliver(&program, &client, url, binary, &end).await?,
                    Reader::Peer(name) => {
                        let words = [
                            name,
                            &host,
                            &cluster.port().to_string(),
                            &rows.to_string(),
                            &binary.to_string(),
                        ];
                        fresh_slot(&client).await?;
                        timed(&client, Command::new(std::env::current_exe()?).arg(PEER).args(words)).await?
                    }
                };
                needed[at].push(times);
            }
        }
        let values = if binary { "binary" } else { "text" };
        let mut reference = None;
        for (reader, needed) in readers.iter().zip(&needed) {
            let best = report(&format!("{}, {way}, {values}", reader.name()), needed, reference);
            reference.get_or_insert(best);
        }
    }
    Ok(())
}

/// Reads the slot as a peer does: its name, host, port, rows, and whether values come in binary.
async fn peer(words: &[String]) -> Outcome<()> {
    let [name, host, port, rows, binary] = words else { return Err("a peer's words are five".into()) };
    let slot = Slot {
        host: host.clone(),
        port: port.parse()?,
        database: DATABASE.into(),
        name: "bench".into(),
        publication: "bench".into(),
        rows: rows.parse()?,
        binary: binary.parse()?,
    };
    match &**name {
        "pgwire-replication" => receivers::pgwire_replication(&slot).await,
        #[cfg(feature = "rustcdc")]
        "rustcdc" => receivers::rustcdc(&slot).await,
        other => Err(format!("no peer is called {other}").into()),
    }
}

fn host(cluster: &Cluster, way: &str) -> String {
    if way == "TCP" { "127.0.0.1".into() } else { cluster.socket_dir().display().to_string() }
}

/// The release program, built as users build it.
fn build() -> Outcome<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().ok_or("no folder above the benches")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let built = Command::new(cargo)
        .args(["build", "--release", "-p", "pg-cdc", "--message-format=json-render-diagnostics"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()?;
    let lines = String::from_utf8(built.stdout)?;
    let path = lines.lines().filter_map(|line| line.split_once("\"executable\":\"")).next_back();
    let (_, path) = path.ok_or("the build named no program")?;
    Ok(path.split('"').next().unwrap_or_default().into())
}

/// Rows of about 120 bytes behind a slot, and the end of them.
async fn prepare(client: &Client, rows: u64) -> Outcome<String> {
    client
        .batch_execute(
            "CREATE TABLE items (id bigint PRIMARY KEY, name text, price numeric(12, 2), at timestamptz, note text);
             CREATE PUBLICATION bench FOR TABLE items",
        )
        .await?;
    // Not in one transaction with what is made above.
    client.batch_execute("SELECT pg_create_logical_replication_slot('origin', 'pgoutput')").await?;
    for from in (1..=rows).step_by(1000) {
        let to = (from + 999).min(rows);
        client
            .batch_execute(&format!(
                "INSERT INTO items SELECT g, 'name ' || g, g * 1.01, '2026-01-01'::timestamptz + g * interval '1s', \
                 md5(g::text) || md5((g + 1)::text) FROM generate_series({from}, {to}) g"
            ))
            .await?;
    }
    client.batch_execute("CHECKPOINT").await?;
    Ok(client.value("SELECT pg_current_wal_flush_lsn()::text").await?)
}

async fn fresh_slot(client: &Client) -> Outcome<()> {
    client.batch_execute("SELECT pg_copy_logical_replication_slot('origin', 'bench')").await?;
    Ok(())
}

/// Runs a reader; the slot is dropped behind it.
async fn timed(client: &Client, reader: &mut Command) -> Outcome<Needed> {
    let before = children_cpu()?;
    let began = Instant::now();
    let done = reader.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    let wall = began.elapsed();
    let cpu = children_cpu()? - before;
    if !done.status.success() {
        return Err(String::from_utf8_lossy(&done.stderr).into_owned().into());
    }
    client.drop_slot("bench").await?;
    Ok(Needed { wall, cpu })
}

async fn receive(cluster: &Cluster, client: &Client, host: &str, binary: bool, end: &str) -> Outcome<Needed> {
    fresh_slot(client).await?;
    let mut reader = Command::new(cluster.bin_dir().join("pg_recvlogical"));
    reader.args(["-h", host, "-p", &cluster.port().to_string(), "-U", "postgres", "-d", DATABASE]);
    reader.args(["-S", "bench", "--start", "--no-loop", "--endpos", end, "-f", "/dev/null"]);
    reader.args(["-o", "proto_version=1", "-o", "publication_names=bench", "-o", "messages=true"]);
    if binary {
        reader.args(["-o", "binary=true"]);
    }
    timed(client, &mut reader).await
}

async fn deliver(program: &Path, client: &Client, url: &str, binary: bool, end: &str) -> Outcome<Needed> {
    fresh_slot(client).await?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("bench.yaml");
    let yaml = format!(
        "name: bench\nsource:\n  url: {url}\n  snapshot: {{ mode: never }}\n  pgoutput: {{ binary: {binary} }}\nsink: {{ type: \"null\" }}\n"
    );
    std::fs::write(&file, yaml)?;
    let mut reader = Command::new(program);
    reader.arg("run").arg(&file).args(["--until-lsn", end, "--progress", "never"]);
    timed(client, &mut reader).await
}

/// CPU time, user and system, of all children that have ended.
fn children_cpu() -> Outcome<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: nix::sys::time::TimeVal| time.tv_sec() * 1_000_000 + time.tv_usec();
    Ok(Duration::from_micros((micros(usage.user_time()) + micros(usage.system_time())).try_into()?))
}

/// Prints a row; gives the best wall and CPU time.
fn report(name: &str, needed: &[Needed], reference: Option<(Duration, Duration)>) -> (Duration, Duration) {
    let order = |pick: fn(&Needed) -> Duration| {
        let mut times: Vec<Duration> = needed.iter().map(pick).collect();
        times.sort();
        (times.first().copied().unwrap_or_default(), times.get(times.len() / 2).copied().unwrap_or_default())
    };
    let (wall, middle_wall) = order(|needed| needed.wall);
    let (cpu, middle_cpu) = order(|needed| needed.cpu);
    let ratio = |ours: Duration, theirs: Option<Duration>| {
        theirs.map_or_else(String::new, |theirs| format!("{:.2}x", ours.as_secs_f64() / theirs.as_secs_f64()))
    };
    println!(
        "| {name} | {:.2} ({:.2}) | {:.2} ({:.2}) | {} | {} |",
        wall.as_secs_f64(),
        middle_wall.as_secs_f64(),
        cpu.as_secs_f64(),
        middle_cpu.as_secs_f64(),
        ratio(wall, reference.map(|(wall, _)| wall)),
        ratio(cpu, reference.map(|(_, cpu)| cpu)),
    );
    (wall, cpu)
}
