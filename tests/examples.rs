//! The examples, run: against a real server where they need one. The README shows the same code.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says so by failing")]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use pg_cdc::Sink;
use pg_cdc_testkit::conformance::{BoxError, Contents, Row, Suite, Tables};
use pg_cdc_testkit::{Client, Cluster, Version};
use serde_json::Value;

#[allow(unreachable_pub, reason = "an example is a crate of its own")]
#[path = "../examples/custom_sink.rs"]
mod custom_sink;

/// The program of an example: the one that lies beside this test, where cargo has just built both; else it is built.
fn example(name: &str) -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let beside = own.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    if is_fresh(&beside).unwrap_or(false) {
        return beside;
    }
    let mut build = Command::new(env!("CARGO"));
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    build.args(["build", "--quiet", "--message-format", "json", "--example", name]);
    // Set for us by `cargo test`, they would make build scripts run again.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            build.env_remove(name);
        }
    }
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let output = build.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "{name} does not build");
    let messages = String::from_utf8(output.stdout).unwrap();
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let built = messages.filter(|message| message["target"]["name"] == name);
    built.filter_map(|message| message["executable"].as_str().map(PathBuf::from)).next_back().unwrap()
}

/// Whether a program is newer than all it was made of, which cargo lists beside it.
fn is_fresh(program: &Path) -> std::io::Result<bool> {
    let made = program.metadata()?.modified()?;
    let listed = std::fs::read_to_string(program.with_extension("d"))?;
    let sources = listed.split_once(": ").map_or("", |(_, sources)| sources).split_whitespace();
    let mut times = sources.map(|source| Path::new(source).metadata()?.modified());
    times.try_fold(true, |fresh, time| Ok(fresh && time? <= made))
}

fn text(output: Output) -> String {
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{}: {stderr}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

async fn database(cluster: &Cluster, name: &str) -> (String, Client) {
    let name = cluster.fresh_database(name).await.unwrap();
    let client = cluster.connect(&name).await.unwrap();
    client
        .batch_execute(
            "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(9,2), note text);
             INSERT INTO orders VALUES (1, 9.50, 'first'), (2, 12, NULL)",
        )
        .await
        .unwrap();
    (cluster.url(&name), client)
}

#[test]
fn the_readme_shows_the_quickstart_as_it_is() {
    let code = include_str!("../examples/quickstart.rs");
    let code = code.split_at(code.find("use pg_cdc").unwrap()).1;
    assert!(include_str!("../README.md").contains(&format!("```rust\n{code}```\n")));
}

#[test]
fn the_readme_shows_a_pipeline_file_that_is_right() {
    let readme = include_str!("../README.md");
    let file = readme.split_once("```yaml\n").unwrap().1.split_once("```").unwrap().0;
    let environment = |name: &str| (name == "PGPASSWORD").then(|| "secret".to_owned());
    pg_cdc::config::parse(file, "README.md", Path::new("."), &environment).unwrap();
}

#[tokio::test]
async fn quickstart_prints_rows_and_changes_and_goes_on_where_it_stopped() {
    let cluster = Cluster::shared(Version::Any).await.unwrap();
    let (url, client) = database(cluster, "quickstart").await;
    let program = example("quickstart");
    let folder = tempfile::tempdir().unwrap();
    let run = |wanted: Vec<&'static str>| {
        let state = folder.path().join(".pg-cdc/quickstart.json");
        let mut child = Command::new(&program);
        let mut child = child.arg(&url).current_dir(folder.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        tokio::task::spawn_blocking(move || {
            let mut lines = lines.map(Result::unwrap);
            for wanted in wanted {
                assert_eq!(lines.next().as_deref(), Some(wanted));
            }
            // A snapshot whose end is not saved yet would start over.
            let saved = || std::fs::read_to_string(&state).is_ok_and(|state| state.contains("complete"));
            while !saved() {
                std::thread::sleep(Duration::from_millis(20));
            }
            assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
            let last = lines.last().unwrap();
            assert!(child.wait().unwrap().success());
            last
        })
    };
    let first = run(vec![
        r#"Read public.orders {"id": "1", "total": "9.50", "note": "first"}"#,
        r#"Read public.orders {"id": "2", "total": "12.00", "note": Null}"#,
    ]);
    assert_eq!(first.await.unwrap(), "2 rows, then 0 changes in 0 transactions");
    client
        .batch_execute("UPDATE orders SET note = 'paid' WHERE id = 2; DELETE FROM orders WHERE id = 1")
        .await
        .unwrap();
    let second = run(vec![
        r#"Update public.orders {"id": "2", "total": "12.00", "note": "paid"}"#,
        r#"Delete public.orders {"id": "1", "total": NotInIdentity, "note": NotInIdentity}"#,
    ]);
    assert_eq!(second.await.unwrap(), "0 rows, then 2 changes in 1 transactions");
    client.drop_slot("quickstart").await.unwrap();
}

#[tokio::test]
async fn the_stream_example_gives_what_the_slot_holds_and_acknowledges_it() {
    let cluster = Cluster::shared(Version::Any).await.unwrap();
    let (url, client) = database(cluster, "stream").await;
    let name = url.rsplit('/').next().unwrap();
    client.batch_execute(&format!("CREATE PUBLICATION {name} FOR TABLE orders")).await.unwrap();
    let make_slot = format!("SELECT pg_create_logical_replication_slot('{name}', 'pgoutput')");
    client.batch_execute(&make_slot).await.unwrap();
    client.batch_execute("INSERT INTO orders VALUES (3, 1, 'new')").await.unwrap();
    let program = example("stream");
    let run = || Command::new(&program).args([&url, name]).output().unwrap();
    assert_eq!(text(run()), "Insert public.orders {\"id\": \"3\", \"total\": \"1.00\", \"note\": \"new\"}\n");
    assert_eq!(text(run()), "");
    client.drop_slot(name).await.unwrap();
}

#[test]
fn decode_only_decodes() {
    let printed = text(Command::new(example("decode_only")).output().unwrap());
    assert!(printed.contains("put into") && printed.contains("delete from"), "{printed}");
}

#[tokio::test]
async fn the_custom_sink_breaks_no_promise() {
    for seed in 1..6 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("copy.json");
        let open = async || Ok(Box::new(custom_sink::Mirror::at(&path)) as Box<dyn Sink>);
        let report = Suite::new().exactly_once().seed(seed).check(open, async || contents(&path)).await;
        assert!(report.is_ok(), "{report}");
    }
}

/// The tables in the custom sink's file.
fn contents(path: &Path) -> Result<Contents, BoxError> {
    let file: Value = serde_json::from_slice(&std::fs::read(path)?)?;
    let mut tables = Tables::new();
    for (schema, of_schema) in file["tables"].as_object().into_iter().flatten() {
        for (table, rows) in of_schema.as_object().into_iter().flatten() {
            let rows = rows.as_object().into_iter().flatten();
            let rows: Vec<Row> = rows.filter_map(|(_, row)| row.as_object().cloned()).collect();
            tables.insert((schema.clone(), table.clone()), rows);
        }
    }
    Ok(Contents::Tables(tables))
}

#[tokio::test]
async fn the_custom_sink_holds_what_the_source_holds() {
    let cluster = Cluster::shared(Version::Any).await.unwrap();
    let (url, client) = database(cluster, "custom_sink").await;
    let program = example("custom_sink");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("copy.json");
    let run = || text(Command::new(&program).arg(&url).arg(&path).output().unwrap());
    let check = async || {
        let sql = "SELECT coalesce(json_agg(o ORDER BY id), '[]')::text FROM orders o";
        let expected: Value = serde_json::from_str(&client.value(sql).await.unwrap()).unwrap();
        let file: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let rows = file["tables"]["public"]["orders"].as_object().unwrap();
        assert_eq!(Value::from_iter(rows.values().cloned()), expected);
    };
    run();
    check().await;
    client
        .batch_execute(
            "UPDATE orders SET id = 4, note = 'moved' WHERE id = 1; DELETE FROM orders WHERE id = 2;
             INSERT INTO orders SELECT 5, 0.10, string_agg(md5(i::text), '') FROM generate_series(1, 300) i;
             UPDATE orders SET total = 0.20 WHERE id = 5",
        )
        .await
        .unwrap();
    run();
    check().await;
    client.drop_slot("custom_sink").await.unwrap();
}
