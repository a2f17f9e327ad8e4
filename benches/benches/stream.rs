//! A live stream from a walsender: `pg-cdc` into its `null` sink beside `pg_recvlogical -f /dev/null`, from copies of
//! one slot, in turn, over TCP and a unix socket. Wall time and the client's CPU time.
//!
//! `cargo bench --bench stream -- [ROWS [ROUNDS]]`

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use pg_cdc_testkit::{Client, Cluster, Version};

type Outcome<T> = Result<T, Box<dyn Error>>;

const DATABASE: &str = "bench";

/// What one reader needed.
#[derive(Clone, Copy)]
struct Needed {
    wall: Duration,
    cpu: Duration,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let rows = numbers.next().unwrap_or(1_000_000);
    let rounds = numbers.next().unwrap_or(5).max(1);
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
    // Both with the same options, values as text and in binary.
    for ((way, url), binary) in ways.iter().flat_map(|way| [(way, false), (way, true)]) {
        let (mut theirs, mut ours) = (Vec::new(), Vec::new());
        for round in 0..rounds {
            // Each first in every second round: what warms up serves both.
            if round % 2 == 0 {
                theirs.push(receive(&cluster, &client, way, binary, &end).await?);
                ours.push(deliver(&program, &client, url, binary, &end).await?);
            } else {
                ours.push(deliver(&program, &client, url, binary, &end).await?);
                theirs.push(receive(&cluster, &client, way, binary, &end).await?);
            }
        }
        let values = if binary { "binary" } else { "text" };
        let reference = report(&format!("pg_recvlogical, {way}, {values}"), &theirs, None);
        report(&format!("pg-cdc, {way}, {values}"), &ours, Some(reference));
    }
    Ok(())
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
    let path = lines.lines().filter_map(|line| line.split_once("\"executable\":\"")).last();
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

async fn receive(cluster: &Cluster, client: &Client, way: &str, binary: bool, end: &str) -> Outcome<Needed> {
    fresh_slot(client).await?;
    let host = if way == "TCP" { "127.0.0.1".into() } else { cluster.socket_dir().display().to_string() };
    let mut reader = Command::new(cluster.bin_dir().join("pg_recvlogical"));
    reader.args(["-h", &host, "-p", &cluster.port().to_string(), "-U", "postgres", "-d", DATABASE]);
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
