//! A database, a pipeline on it, and what both hold.

use std::process::Stdio;

use pg_cdc_testkit::replay::{Part, Replay, Rules, TableName};
use pg_cdc_testkit::{Client, Cluster, Version};
use serde_json::{Map, Value, json};

use crate::support::{Outcome, PATIENCE, Pipeline, Running};

/// A fresh database on a server under test, and a pipeline of its name that reads it into `out.jsonl`.
///
/// Its slots and publications are gone when it is dropped.
pub(crate) struct Case {
    pub(crate) cluster: &'static Cluster,
    pub(crate) database: String,
    pub(crate) client: Client,
    pub(crate) pipeline: Pipeline,
}

/// A case for each version under test, from `oldest` on.
pub(crate) async fn cases_from(oldest: u32) -> Vec<Case> {
    let mut cases = Vec::new();
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        if cluster.major() >= oldest {
            cases.push(Case::on(cluster).await);
        }
    }
    cases
}

/// A case for each version under test.
pub(crate) async fn cases() -> Vec<Case> {
    cases_from(10).await
}

/// Servers of their own for each version under test: what can't be done to one that others use.
pub(crate) async fn own_clusters(conf: &[(&str, &str)]) -> Vec<Cluster> {
    let mut clusters = Vec::new();
    for version in Version::under_test() {
        let builder = Cluster::builder().version(version);
        let builder = conf.iter().fold(builder, |builder, (name, value)| builder.conf(*name, *value));
        clusters.push(builder.start().await.unwrap());
    }
    clusters
}

impl Case {
    pub(crate) async fn on(cluster: &'static Cluster) -> Self {
        let database = cluster.fresh_database("b").await.unwrap();
        println!("PostgreSQL {}, database {database}", cluster.major());
        Self::on_database(cluster, database).await
    }

    /// On a database that is there already.
    pub(crate) async fn on_database(cluster: &'static Cluster, database: String) -> Self {
        let client = cluster.connect(&database).await.unwrap();
        let pipeline = Pipeline::new(&database, &file(&cluster.url(&database), &json!({})));
        Self { cluster, database, client, pipeline }
    }

    /// Sets keys of the pipeline file, by their place in it, on top of a file of url, sink and envelope `row`.
    pub(crate) fn set(&self, settings: Value) {
        self.set_url(&self.cluster.url(&self.database), settings);
    }

    /// As [`set`](Self::set), with another url.
    pub(crate) fn set_url(&self, url: &str, settings: Value) {
        let text = format!("name: {}\n{}", self.database, file(url, &settings));
        std::fs::write(self.pipeline.path("p.yaml"), text).unwrap();
    }

    #[track_caller]
    pub(crate) fn sql(&self, sql: &str) -> impl Future<Output = ()> {
        let place = std::panic::Location::caller();
        async move {
            if let Err(error) = self.client.batch_execute(sql).await {
                panic!("{place}: {sql}: {error:?}");
            }
        }
    }

    /// The first column of the only row.
    pub(crate) async fn value(&self, sql: &str) -> String {
        self.client.value(sql).await.unwrap()
    }

    /// Runs to the end; panics unless that is with status 0.
    #[track_caller]
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        let outcome = self.pipeline.run(arguments);
        outcome.succeeded();
        outcome
    }

    /// Runs `--until-current`.
    #[track_caller]
    pub(crate) fn catch_up(&self) -> Outcome {
        self.run(&["--until-current"])
    }

    /// Runs to an error; gives its line. Nothing may stand behind it.
    #[track_caller]
    pub(crate) fn fails(&self, arguments: &[&str]) -> String {
        error_line(&self.pipeline.run(arguments))
    }

    /// `pg-cdc cleanup`.
    pub(crate) fn cleanup(&self, arguments: &[&str]) -> Outcome {
        self.pipeline.command(&["cleanup", "p.yaml"], arguments, Stdio::null()).wait(PATIENCE)
    }

    /// Starts without an end.
    pub(crate) fn start(&self) -> Running {
        self.pipeline.start(&[])
    }

    /// The lines that are there, whole.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.pipeline.path("out.jsonl")).unwrap_or_default();
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lines of one kind, as they are written: `op`, a letter each.
    pub(crate) fn ops(&self) -> String {
        self.lines().iter().map(|line| line["op"].as_str().unwrap().to_owned()).collect()
    }

    /// Replays the lines and compares with what the tables hold now. Nothing may be wrong in between.
    pub(crate) async fn compare<T: Into<TableName> + Copy>(&self, tables: &[T]) {
        self.compare_by(Rules::default(), tables).await;
    }

    pub(crate) async fn compare_by<T: Into<TableName> + Copy>(&self, rules: Rules, tables: &[T]) {
        // The comparison changes its session's settings.
        let client = self.cluster.connect(&self.database).await.unwrap();
        let mut replay = Replay::with_rules(rules);
        replay.load_keys(&client, tables.iter().copied()).await.unwrap();
        replay.apply_file(&self.pipeline.path("out.jsonl")).unwrap();
        assert_eq!(replay.problems(), [""; 0]);
        let differences = replay.compare(&client, tables.iter().copied()).await.unwrap();
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// Replays the lines and compares with a part of what a table holds now. The lines tell its key.
    pub(crate) async fn compare_part(&self, table: &str, part: Part<'_>) {
        let client = self.cluster.connect(&self.database).await.unwrap();
        let mut replay = Replay::new();
        replay.apply_file(&self.pipeline.path("out.jsonl")).unwrap();
        assert_eq!(replay.problems(), [""; 0]);
        let differences = replay.compare_parts(&client, [(table, part)]).await.unwrap();
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// What is on the server for this pipeline: publications of the database, then its slots.
    pub(crate) async fn made(&self) -> String {
        self.value(
            "SELECT concat_ws(' ', (SELECT string_agg('publication ' || pubname, ' ' ORDER BY pubname) FROM pg_publication), \
             (SELECT string_agg('slot ' || slot_name, ' ' ORDER BY slot_name) FROM pg_replication_slots \
              WHERE database = current_database()))",
        )
        .await
    }

    /// The server's insert LSN.
    pub(crate) async fn lsn(&self) -> String {
        self.value("SELECT pg_current_wal_insert_lsn()").await
    }

    /// Panics unless nothing was made, here or there.
    pub(crate) async fn assert_untouched(&self) {
        assert_eq!(self.made().await, "");
        assert_eq!(self.pipeline.state(), None);
        assert_eq!(self.lines(), Vec::<Value>::new());
    }
}

/// The last line of a run that failed, which is the only one of its kind.
#[track_caller]
pub(crate) fn error_line(outcome: &Outcome) -> String {
    assert_eq!(outcome.status.code(), Some(1), "{}", outcome.stderr);
    let last = outcome.last_line();
    assert!(last.starts_with("error: "), "{}", outcome.stderr);
    let errors = outcome.stderr.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{}", outcome.stderr);
    println!("{last}");
    last.to_owned()
}

/// Panics unless `line` holds all of `parts`.
#[track_caller]
pub(crate) fn assert_says(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "no {part:?} in: {line}");
    }
}

/// A pipeline file but for its name: a key a line, each with JSON behind it.
pub(crate) fn file(url: &str, settings: &Value) -> String {
    let mut file = json!({
        "source": { "url": url },
        "sink": { "type": "jsonl", "path": "out.jsonl", "envelope": "row" },
        "batch": { "delay": "10ms" },
        "retry": { "max_elapsed": "20s" },
    });
    merge(&mut file, settings);
    let keys = file.as_object().unwrap_or(&EMPTY).iter();
    keys.map(|(key, value)| format!("{key}: {value}\n")).collect()
}

static EMPTY: std::sync::LazyLock<Map<String, Value>> = std::sync::LazyLock::new(Map::new);

/// Sets the keys of `from` in `into`, by their place.
pub(crate) fn merge(into: &mut Value, from: &Value) {
    match (into, from) {
        (Value::Object(into), Value::Object(from)) => {
            for (key, value) in from {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, from) => *into = from.clone(),
    }
}

impl Drop for Case {
    fn drop(&mut self) {
        let (config, database) = (self.cluster.config("postgres"), self.database.clone());
        let clear = move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let client = Client::connect(&config).await?;
                let sql =
                    "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE database = $1";
                client.execute(sql, &[&database]).await?;
                let sql =
                    "SELECT slot_name::text FROM pg_replication_slots WHERE database = $1 AND NOT temporary";
                for slot in client.query(sql, &[&database]).await? {
                    // One that was still being made is gone by itself.
                    let _ = client.drop_slot(slot.try_get(0)?).await;
                }
                Ok::<_, Box<dyn std::error::Error + Send + Sync>>(())
            })
        };
        // A server that is stopped has none to give.
        let _ = std::thread::spawn(clear).join();
    }
}
