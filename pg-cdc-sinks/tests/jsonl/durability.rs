//! Files are cut back to the last durable length, and errors say what to do.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use pg_cdc_core::{Sink, SinkState};
use pg_cdc_sinks::jsonl::{Envelope, JsonLines};
use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};
use serde_json::json;

use crate::support::{Kept, options};

fn sink(path: &Path) -> JsonLines {
    JsonLines::to_path(path, options(Envelope::Row))
}

/// One transaction of `rows` inserts.
fn rows(maker: &mut BatchMaker, rows: usize) -> pg_cdc_core::batch::ChangeBatch {
    let table = TableMaker::new("public", "t").key("id", "int4").column("a", "text").build();
    maker.begin();
    for row in 0..rows {
        maker.insert(&table, &[Cell::from(row as i32), Cell::from("x".repeat(100))]);
    }
    maker.commit().finish().unwrap()
}

fn length(state: &Option<SinkState>) -> u64 {
    state.as_ref().unwrap()["length"].as_u64().unwrap()
}

#[tokio::test]
async fn what_is_behind_the_last_flush_is_cut_off() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut maker = BatchMaker::new();
    let mut first = sink(&path);
    first.open(None).await.unwrap();
    first.write(rows(&mut maker, 10)).await.unwrap();
    let durable = first.flush().await.unwrap();
    assert_eq!(length(&durable.state), fs::metadata(&path).unwrap().len());
    assert_eq!(durable.position.as_ref(), Some(maker.position()));
    let kept = fs::read(&path).unwrap();
    // More than fits the buffer, so that some of it is in the file.
    first.write(rows(&mut maker, 5000)).await.unwrap();
    drop(first);
    // And half a line, as a crash leaves it.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"op\":\"c\",\"sch").unwrap();
    let mut second = sink(&path);
    second.open(durable.state.as_ref()).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), kept);
    second.write(rows(&mut maker, 1)).await.unwrap();
    let durable = second.flush().await.unwrap();
    second.close().await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    assert_eq!((text.lines().count(), text.len() as u64), (11, length(&durable.state)));
    assert!(text.as_bytes().starts_with(&kept));
}

#[tokio::test]
async fn a_first_run_goes_behind_what_the_file_has() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    fs::write(&path, "{\"mine\":1}\n").unwrap();
    let mut first = sink(&path);
    first.open(None).await.unwrap();
    let durable = first.flush().await.unwrap();
    assert_eq!(durable.state, Some(json!({ "length": 11 })));
    first.write(rows(&mut BatchMaker::new(), 3)).await.unwrap();
    first.flush().await.unwrap();
    drop(first);
    // The snapshot did not come to its end: it starts over.
    let mut second = sink(&path);
    second.open(durable.state.as_ref()).await.unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"{\"mine\":1}\n");
}

#[tokio::test]
async fn a_file_that_lost_lines_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let error = sink(&path).open(Some(&json!({ "length": 5 }))).await.unwrap_err();
    assert!(error.to_string().contains("is not there") && error.hint().is_some(), "{error}");
    assert!(!path.exists());
    fs::write(&path, "{}\n").unwrap();
    let error = sink(&path).open(Some(&json!({ "length": 5 }))).await.unwrap_err();
    assert!(error.to_string().contains("has 3 bytes, but 5") && error.hint().is_some(), "{error}");
    assert_eq!(fs::read(&path).unwrap(), b"{}\n");
    fs::write(&path, "{").unwrap();
    let error = sink(&path).open(None).await.unwrap_err();
    assert!(error.to_string().contains("whole line"), "{error}");
    let error = sink(&path).open(Some(&json!({ "length": "5" }))).await.unwrap_err();
    assert!(error.to_string().contains("not one of a JSON Lines sink"), "{error}");
}

#[tokio::test]
async fn one_file_has_one_writer() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let mut first = sink(&path);
    first.open(None).await.unwrap();
    let mut second = sink(&path);
    let waiting = tokio::time::timeout(std::time::Duration::from_millis(100), second.open(None)).await;
    assert!(waiting.is_err(), "the second writer did not wait for the first");
    drop(first);
    sink(&path).open(None).await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_is_named_and_nothing_is_flushed_after_it() {
    let mut sink = sink(Path::new("/dev/full"));
    sink.open(None).await.unwrap();
    sink.write(rows(&mut BatchMaker::new(), 1)).await.unwrap();
    let error = sink.flush().await.unwrap_err();
    assert!(error.to_string().contains("/dev/full can't grow: the disk or the quota is full"), "{error}");
    assert!(sink.flush().await.is_err());
    assert!(sink.write(rows(&mut BatchMaker::new(), 1)).await.is_err());
    sink.close().await.unwrap();
}

/// A reader that is gone.
struct Gone;

impl Write for Gone {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_writer_is_opened_again_after_an_error_elsewhere_and_gets_whole_lines() {
    let kept = Kept::default();
    let mut maker = BatchMaker::new();
    let mut sink = JsonLines::to_writer(kept.clone(), options(Envelope::Row));
    sink.open(None).await.unwrap();
    // More than fits the buffer, so that some of it is out and some is not.
    sink.write(rows(&mut maker, 5000)).await.unwrap();
    sink.open(None).await.unwrap();
    let before = kept.text();
    assert!(before.ends_with("}\n"), "half a line");
    sink.write(rows(&mut maker, 1)).await.unwrap();
    sink.close().await.unwrap();
    assert_eq!(kept.text().lines().count(), before.lines().count() + 1);
    assert!(sink.open(None).await.is_err());
}

#[tokio::test]
async fn a_reader_that_is_gone_is_named() {
    let mut sink = JsonLines::to_writer(Gone, options(Envelope::Row));
    sink.open(None).await.unwrap();
    sink.write(rows(&mut BatchMaker::new(), 1)).await.unwrap();
    let error = sink.flush().await.unwrap_err();
    assert!(error.to_string().contains("the reader of the writer is gone"), "{error}");
}

#[tokio::test]
async fn a_value_that_is_not_its_type_is_named_and_its_batch_never_becomes_durable() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("out.jsonl");
    let table = TableMaker::new("public", "t").key("id", "int4").column("a", "text").build();
    let mut maker = BatchMaker::new();
    maker.begin().insert(&table, &[Cell::from(1), Cell::Null]);
    maker.insert(&table, &[Cell::from(1), Cell::text_bytes(b"caf\xe9".as_slice())]).commit();
    let mut sink = sink(&path);
    sink.open(None).await.unwrap();
    let error = sink.write(maker.finish().unwrap()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("table public.t, column a") && text.contains("change 1"), "{text}");
    assert!(sink.flush().await.is_err());
    drop(sink);
    assert_eq!(fs::read(&path).unwrap(), b"");
}

#[tokio::test]
async fn options_that_do_not_go_together_are_refused() {
    let options = options(Envelope::Row).with_transactions(true);
    let error = JsonLines::to_writer(io::sink(), options).open(None).await.unwrap_err();
    assert!(error.to_string().contains("needs envelope: debezium"), "{error}");
}
