//! One workload, read in every way.

use std::process::Stdio;
use std::time::{Duration, Instant};

use pg_cdc_testkit::replay::{Part, Replay, TableName};
use pg_cdc_testkit::workload::Script;
use pg_cdc_testkit::{Cluster, Version};
use serde_json::{Value, json};

use crate::case::{Case, file, merge};
use crate::line::Line;
use crate::support::{PATIENCE, Pipeline, Running, eventually};
use crate::told::{CommitEnds, OfNow, commit_ends, told};
use crate::way::{Blocks, PLAIN, Plugin, Through, Way, When, ways};

/// A database with pipelines on it, one for each way, whose slots were made before the workload.
pub(crate) struct Matrix {
    pub(crate) case: Case,
    readers: Vec<Reader>,
    through: Through,
}

pub(crate) struct Reader {
    way: Way,
    pub(crate) pipeline: Pipeline,
}

/// Servers under test from `oldest` on that other tests use too.
pub(crate) async fn shared_clusters(oldest: u32) -> Vec<&'static Cluster> {
    let mut clusters = Vec::new();
    for version in Version::under_test() {
        clusters.push(Cluster::shared(version).await.unwrap());
    }
    clusters.retain(|cluster| cluster.major() >= oldest);
    clusters
}

/// Servers under test of their own: a transaction that is open for long, or prepared, holds up everybody who makes a slot.
pub(crate) async fn own_clusters(oldest: u32) -> Vec<&'static Cluster> {
    let mut clusters = Vec::new();
    for version in Version::under_test() {
        let cluster = Cluster::builder().version(version).for_many_tests().start().await.unwrap();
        clusters.push(&*Box::leak(Box::new(cluster)));
    }
    clusters.retain(|cluster| cluster.major() >= oldest);
    clusters
}

impl Matrix {
    /// Runs `script` in a fresh database and reads it in every way, with these keys of the pipeline file.
    pub(crate) async fn through(cluster: &'static Cluster, script: &Script, settings: &Value) -> Self {
        Self::in_case(Case::on(cluster).await, script, settings, Through::Plugins).await
    }

    /// As [`through`](Self::through), for a script behind which the catalog says what it did not say before.
    pub(crate) async fn through_of_now(
        cluster: &'static Cluster,
        script: &Script,
        settings: &Value,
        of_now: &'static OfNow,
    ) -> Self {
        Self::in_case(Case::on(cluster).await, script, settings, Through::PluginsOfNow(of_now)).await
    }

    /// As [`through`](Self::through), without the plugins that know no publications.
    pub(crate) async fn through_publications(
        cluster: &'static Cluster,
        script: &Script,
        settings: &Value,
    ) -> Self {
        Self::in_case(Case::on(cluster).await, script, settings, Through::Publications).await
    }

    /// In the database of `case`.
    pub(crate) async fn in_case(case: Case, script: &Script, settings: &Value, through: Through) -> Self {
        script.create(&case.client).await.unwrap();
        let matrix = Self::begin(case, settings, through);
        let live = matrix.start_live();
        let (cluster, database) = (matrix.case.cluster, &matrix.case.database);
        script.run(cluster, database, async || matrix.pause()).await.unwrap();
        matrix.end(live).await;
        matrix
    }

    /// Pipelines on what is there already: their slots are made when this returns.
    pub(crate) fn begin(case: Case, settings: &Value, through: Through) -> Self {
        let major = case.cluster.major();
        let url = case.cluster.url(&case.database);
        let reader = |way: Way| {
            let name = format!("{}_{}", case.database, way.name);
            let mut settings = way.settings(major, settings);
            if let (Through::PluginsOfNow(of_now), true) = (through, way.plugin != Plugin::Pgoutput) {
                let exclude = json!([of_now.without]);
                merge(&mut settings, &json!({ "source": { "tables": { "exclude": exclude } } }));
            }
            // Each its own, even where the file names one.
            if let Some(publication) = settings["source"]["publication"]["name"].as_str() {
                let publication = json!(format!("{publication} {}", way.name));
                merge(&mut settings, &json!({ "source": { "publication": { "name": publication } } }));
            }
            Reader { pipeline: Pipeline::new(&name, &file(&url, &settings)), way }
        };
        let readers = ways(case.cluster, through).into_iter().map(reader).collect();
        let matrix = Self { case, readers, through };
        matrix.catch_up(|_| true);
        matrix
    }

    /// Some read what is there by now.
    pub(crate) fn pause(&self) {
        self.catch_up(|way| way.when == When::Paused);
    }

    /// The work is done: all of it is read, and the same in every way.
    pub(crate) async fn end(&self, live: Vec<Running>) {
        for running in live {
            running.signal("TERM");
            running.wait(PATIENCE).succeeded();
        }
        self.catch_up(|_| true);
        self.assert_asked_for().await;
        self.assert_same();
    }

    /// Runs the pipelines of some ways to the present, all at once.
    #[track_caller]
    fn catch_up(&self, which: impl Fn(&Way) -> bool) {
        let readers = self.readers.iter().filter(|reader| which(&reader.way));
        let runs: Vec<_> =
            readers.map(|reader| (reader, reader.pipeline.start(&["--until-current"]))).collect();
        for (reader, run) in runs {
            let outcome = run.wait(PATIENCE);
            assert_eq!(outcome.status.code(), Some(0), "{}: {}", reader.way.name, outcome.stderr);
        }
    }

    /// Starts those that read while the work is done.
    pub(crate) fn start_live(&self) -> Vec<Running> {
        let live = self.readers.iter().filter(|reader| reader.way.when == When::Live);
        let live: Vec<_> = live.map(|reader| reader.pipeline.start(&[])).collect();
        for running in &live {
            eventually("streaming", PATIENCE, || running.stderr().contains("streaming").then_some(()));
        }
        live
    }

    /// Sees that each way was what it is meant to be: blocks where it asks for them, prepared ones where it asks for them.
    async fn assert_asked_for(&self) {
        let major = self.case.cluster.major();
        for Reader { way, .. } in &self.readers {
            let slot = format!("{}_{}", self.case.database, way.name);
            if major >= 14 {
                let sql =
                    format!("SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '{slot}'");
                let since = Instant::now();
                // The walsender tells it some time later.
                let streamed = loop {
                    let streamed = self.case.value(&sql).await;
                    if streamed != "0" || way.blocks == Blocks::Whole || since.elapsed() > PATIENCE {
                        break streamed;
                    }
                    tokio::time::sleep(Duration::from_millis(50)).await;
                };
                assert_eq!(
                    streamed != "0",
                    way.blocks != Blocks::Whole,
                    "{}: {streamed} in blocks",
                    way.name
                );
            }
            if major >= 15 {
                let sql =
                    format!("SELECT two_phase::text FROM pg_replication_slots WHERE slot_name = '{slot}'");
                let asked = way.pgoutput["two_phase"].as_bool().unwrap_or_default();
                assert_eq!(self.case.value(&sql).await, asked.to_string(), "{}", way.name);
            }
        }
    }

    /// The lines of each way against those of the plain one, as far as its plugin tells them.
    fn assert_same(&self) {
        let plain = stream_lines(&self.plain().pipeline);
        assert!(!plain.is_empty(), "the workload says nothing");
        let mut ends: Option<CommitEnds> = None;
        for Reader { way, pipeline } in &self.readers {
            let mut lines = stream_lines(pipeline);
            // Those that tell where commits end agree on it.
            if [Plugin::TestDecoding, Plugin::Wal2json1, Plugin::Decoderbufs].contains(&way.plugin) {
                ends.get_or_insert_with(|| commit_ends(&plain, &lines));
            }
            let mut told = told(way.plugin, &plain, ends.as_ref().unwrap_or(&CommitEnds::new()));
            if way.plugin != Plugin::Pgoutput {
                if let Through::PluginsOfNow(of_now) = self.through {
                    told = of_now.told(told);
                }
                // "a table's columns": in the order of now, which is another where names changed hands.
                lines.iter_mut().chain(&mut told).for_each(Line::sort_columns);
            }
            if let Some(at) = (0..lines.len().max(told.len())).find(|&at| lines.get(at) != told.get(at)) {
                panic!(
                    "{}: {} lines, where {} are due; line {at} is\n{}\nand should be\n{}\nafter\n{}",
                    way.name,
                    lines.len(),
                    told.len(),
                    shown(lines.get(at)),
                    shown(told.get(at)),
                    shown(at.checked_sub(1).and_then(|before| told.get(before)))
                );
            }
        }
        println!("{} ways, {} lines", self.readers.len(), plain.len());
    }

    fn plain(&self) -> &Reader {
        self.readers.iter().find(|reader| reader.way.name == PLAIN).unwrap()
    }

    /// The lines, snapshot and all.
    pub(crate) fn lines(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(self.plain().pipeline.path("out.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Lines of one table, those of the stream.
    pub(crate) fn lines_of(&self, schema: &str, table: &str) -> Vec<Value> {
        let mut lines = self.lines();
        lines.retain(|line| line["schema"] == schema && line["table"] == table && line["op"] != "r");
        lines
    }

    /// What became of a table: a letter a line of the stream.
    pub(crate) fn ops_of(&self, schema: &str, table: &str) -> String {
        let lines = self.lines_of(schema, table);
        lines.iter().map(|line| line["op"].as_str().unwrap().to_owned()).collect()
    }

    /// Replays the lines and compares with what the tables hold now.
    pub(crate) async fn compare(&self, tables: &[TableName]) {
        let parts: Vec<_> = tables.iter().map(|table| (table.clone(), Part::default())).collect();
        self.compare_parts(&parts).await;
    }

    pub(crate) async fn compare_parts(&self, parts: &[(TableName, Part<'_>)]) {
        // The comparison changes its session's settings.
        let client = self.case.cluster.connect(&self.case.database).await.unwrap();
        let mut replay = Replay::new();
        replay.apply_file(&self.plain().pipeline.path("out.jsonl")).unwrap();
        assert_eq!(replay.problems(), [""; 0]);
        let differences = replay.compare_parts(&client, parts.iter().cloned()).await.unwrap();
        assert!(differences.is_empty(), "{differences:#?}");
    }

    /// Takes away what each made, and sees that nothing is left.
    pub(crate) async fn clean_up(&self) {
        for reader in &self.readers {
            reader.pipeline.command(&["cleanup", "p.yaml"], &[], Stdio::null()).wait(PATIENCE).succeeded();
        }
        assert_eq!(self.case.made().await, "");
    }
}

/// What is to be the same: not the snapshots, which are of each pipeline's own, and not the time of a message outside of
/// transactions, which is when the server sent it.
fn stream_lines(pipeline: &Pipeline) -> Vec<Line> {
    let text = std::fs::read_to_string(pipeline.path("out.jsonl")).unwrap_or_default();
    let lines = text.lines().filter(|line| !line.starts_with(r#"{"op":"r""#)).map(Line::of);
    let timeless = |mut line: Line| {
        if line.get("transactional") == "false" {
            line.remove("ts");
        }
        line
    };
    lines.map(timeless).collect()
}

fn shown(line: Option<&Line>) -> String {
    line.map_or("nothing".to_owned(), |line| line.to_string().chars().take(800).collect())
}
