//! The conformance suite over files, in both envelopes.

use std::path::Path;

use pg_cdc_core::Sink;
use pg_cdc_sinks::jsonl::{Envelope, JsonLines};
use pg_cdc_testkit::conformance::{BoxError, Contents, LogLine, Row, Suite};
use serde_json::Value;

use crate::support::{Kept, options};

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn object(value: &Value) -> Option<Row> {
    value.as_object().cloned()
}

/// A line of either envelope; `None` for BEGIN and END.
fn parse(line: &str) -> Result<Option<LogLine>, BoxError> {
    let line: Value = serde_json::from_str(line)?;
    let Some(op) = line["op"].as_str().and_then(|op| op.chars().next()) else { return Ok(None) };
    let source = line.get("source").unwrap_or(&line);
    let position = |key: &str| source[key].as_u64().unwrap_or_default();
    let mut log = LogLine::new(op, position("commit_lsn"), position("seq"));
    log.table = (op != 'm').then(|| (text(&source["schema"]), text(&source["table"])));
    log.before = object(&line["before"]);
    log.after = object(&line["after"]);
    log.unchanged = line["unchanged"].as_array().into_iter().flatten().map(text).collect();
    log.resnapshot = line["reason"] == "resnapshot";
    Ok(Some(log))
}

fn parse_all(text: &str) -> Result<Contents, BoxError> {
    let lines = text.lines().filter_map(|line| parse(line).transpose());
    Ok(Contents::Log(lines.collect::<Result<_, _>>()?))
}

fn read(path: &Path) -> Result<Contents, BoxError> {
    parse_all(&std::fs::read_to_string(path)?)
}

#[tokio::test]
async fn a_file_holds_every_change_once_whatever_happens() {
    for (seed, envelope) in
        [(1, Envelope::Row), (2, Envelope::Debezium), (3, Envelope::Row), (4, Envelope::Debezium)]
    {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.jsonl");
        let options = options(envelope).with_transactions(envelope == Envelope::Debezium);
        let open = async || Ok(Box::new(JsonLines::to_path(&path, options.clone())) as Box<dyn Sink>);
        let report = Suite::new().exactly_once().seed(seed).check(open, async || read(&path)).await;
        assert!(report.is_ok(), "seed {seed}: {report}");
        if envelope == Envelope::Debezium {
            check_transactions(&std::fs::read_to_string(&path).unwrap());
        }
    }
}

/// Every BEGIN has its END, and between them as many changes as that says.
fn check_transactions(text: &str) {
    let mut open: Option<(String, u64)> = None;
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        match (line["status"].as_str(), &mut open) {
            (Some("BEGIN"), None) => open = Some((line["id"].to_string(), 0)),
            (Some("END"), Some((id, events))) => {
                assert_eq!((&line["id"].to_string(), &line["event_count"]), (&*id, &(*events).into()));
                open = None;
            }
            (None, Some((id, events))) => {
                *events += 1;
                let block = &line["transaction"];
                assert_eq!((&block["id"].to_string(), &block["total_order"]), (&*id, &(*events).into()));
            }
            (None, None) => assert!(line["transaction"].is_null(), "{line}"),
            (status, open) => panic!("{status:?} within {open:?}"),
        }
    }
    assert_eq!(open, None);
}

#[tokio::test]
async fn a_writer_gets_every_change_at_least_once() {
    for (seed, envelope) in [(1, Envelope::Row), (2, Envelope::Debezium)] {
        let kept = Kept::default();
        let open =
            async || Ok(Box::new(JsonLines::to_writer(kept.clone(), options(envelope))) as Box<dyn Sink>);
        let report = Suite::new().seed(seed).check(open, async || parse_all(&kept.text())).await;
        assert!(report.is_ok(), "seed {seed}: {report}");
    }
}
