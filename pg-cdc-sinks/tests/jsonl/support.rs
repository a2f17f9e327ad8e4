//! What the tests have in common.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use pg_cdc_core::Sink;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_sinks::jsonl::{Envelope, JsonLines, JsonLinesOptions};

/// A writer that keeps what it gets.
#[derive(Clone, Default)]
pub(crate) struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(crate) fn options(envelope: Envelope) -> JsonLinesOptions {
    JsonLinesOptions::default()
        .with_envelope(envelope)
        .with_name("shop")
        .with_database("db\"1")
        .with_version("0.1.0")
}

/// The lines of `batches`.
pub(crate) async fn lines(options: JsonLinesOptions, batches: Vec<ChangeBatch>) -> Vec<String> {
    let kept = Kept::default();
    let mut sink = JsonLines::to_writer(kept.clone(), options);
    sink.open(None).await.unwrap();
    for batch in batches {
        sink.write(batch).await.unwrap();
    }
    sink.flush().await.unwrap();
    let text = kept.text();
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(str::to_owned).collect()
}

/// The time written, replaced: it is the only part of a line that differs from run to run.
pub(crate) fn without_times(line: &str) -> String {
    let Some(start) = line.find("\"op\":").and_then(|op| Some(op + line[op..].find(",\"ts_ms\":")?)) else {
        return line.to_owned();
    };
    let mut end = start;
    for key in [",\"ts_ms\":", ",\"ts_us\":", ",\"ts_ns\":"] {
        assert!(line[end..].starts_with(key), "{line}");
        end += key.len();
        let digits = line[end..].bytes().take_while(u8::is_ascii_digit).count();
        assert!(digits >= 13, "{line}");
        end += digits;
    }
    format!("{},TIMES{}", &line[..start], &line[end..])
}
