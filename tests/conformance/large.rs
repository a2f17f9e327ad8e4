//! A value as large as a server and its clients can hold several times over.

use std::fs::File;
use std::io::{BufRead, BufReader};

use serde_json::json;

use crate::case::{Case, file};
use crate::matrix::shared_clusters;
use crate::support::{PATIENCE, Pipeline, setting};

/// What server, program and test need for it together.
const MEMORY: u64 = 4 << 30;

/// Bytes that the machine could give.
fn available_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok()).map_or(0, |kib| kib * 1024)
}

/// The value in a line, which holds no quote.
fn value(line: &str) -> &str {
    let (_, value) = line.split_once(r#""v":""#).unwrap();
    value.split_once('"').unwrap().0
}

/// Beyond all limits of the pipeline's memory, in blocks and in binary; with `PG_CDC_TEST_MORE_WAYS=1` on all servers, and
/// whole as well.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_of_200_megabytes_comes_as_it_is() {
    let bytes = usize::try_from(setting("PG_CDC_TEST_LARGE_MB", 200) * 1_000_000).unwrap();
    if available_memory() < MEMORY {
        println!("not on a machine with so little memory");
        return;
    }
    let mut clusters = shared_clusters(10).await;
    let more = setting("PG_CDC_TEST_MORE_WAYS", 0) > 0;
    if !more {
        clusters.drain(..clusters.len().saturating_sub(1));
    }
    for cluster in clusters {
        let case = Case::on(cluster).await;
        case.sql("CREATE TABLE t (id int PRIMARY KEY, n int, v text)").await;
        let whole = json!({ "pgoutput": { "protocol": 1, "binary": false } });
        let blocks = json!({ "options": { "logical_decoding_work_mem": "64kB" } });
        let mut ways = vec![("whole", whole)];
        if cluster.major() >= 14 {
            ways.push(("blocks", blocks));
        }
        if !more {
            ways.drain(..ways.len() - 1);
        }
        let url = cluster.url(&case.database);
        let pipelines: Vec<_> = ways
            .into_iter()
            .map(|(way, mut source)| {
                source["memory_limit"] = "32MiB".into();
                let settings = json!({ "source": source });
                Pipeline::new(&format!("{}_{way}", case.database), &file(&url, &settings))
            })
            .collect();
        for pipeline in &pipelines {
            pipeline.run(&["--until-current"]).succeeded();
        }
        case.sql(&format!("INSERT INTO t VALUES (1, 1, repeat('x', {bytes})), (2, 1, 'xx')")).await;
        case.sql("UPDATE t SET n = 2").await;
        for pipeline in &pipelines {
            let running = pipeline.start(&["--until-current"]);
            running.wait(PATIENCE).succeeded();
            let lines = BufReader::new(File::open(pipeline.path("out.jsonl")).unwrap()).lines();
            let lines: Vec<_> = lines.map(Result::unwrap).collect();
            assert_eq!(lines.len(), 4);
            // Not with assert_eq: nobody wants to see them.
            assert!(value(&lines[0]) == "x".repeat(bytes));
            assert_eq!([value(&lines[1]), value(&lines[3])], ["xx", "xx"]);
            assert!(
                lines[2].len() < 1000 && lines[2].contains("\"unchanged\":[\"v\"]"),
                "{}",
                lines[2].len()
            );
        }
    }
}
