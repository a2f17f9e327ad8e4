//! JSON Lines: one object a line, to a file, to standard output or to any writer.
//!
//! A file is exactly-once: durable means fsynced, the sink's state holds the file's length, and a start with that
//! state cuts the file back to it, half a line included. A pipe or any other writer is at-least-once: durable means
//! that it took the bytes; lines that come again carry equal `commit_lsn` and `seq`.
//!
//! Lines are UTF-8 and never hold a raw line break; those of the stream stand in commit order. Their two shapes are
//! the [`Envelope`]s. A change is encoded into one buffer that is used again, and that buffer is written on a
//! blocking thread while the next one fills.
//!
//! ```
//! use pg_cdc_core::Sink;
//! use pg_cdc_sinks::jsonl::{Envelope, JsonLines, JsonLinesOptions};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("shop.jsonl");
//! let mut sink = JsonLines::to_path(path, JsonLinesOptions::default().with_envelope(Envelope::Row));
//! sink.open(None).await?;
//! let durable = sink.flush().await?;
//! assert_eq!(durable.state, Some(serde_json::json!({ "length": 0 })));
//! # Ok(())
//! # }
//! ```

mod debezium;
mod file;
mod form;
mod names;
mod options;
mod output;
mod row;
mod source;
mod state;
mod transaction;
mod value;

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use pg_cdc_core::batch::{ChangeBatch, Event};
use pg_cdc_core::{Durable, Position, Sink, SinkError, SinkState};

pub use options::{Envelope, JsonLinesOptions, Values};
pub use pg_cdc_core::types::json::{
    BinaryHandling, DebeziumValues, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision,
};

use debezium::DebeziumLines;
use file::Opened;
use output::{Output, Target};
use row::RowLines;
use state::Saved;

/// A buffer is handed on when it is this full: large enough that a system call costs nothing, small enough for the
/// cache.
const FULL: usize = 256 << 10;

/// The JSON Lines sink. See the [module](self).
pub struct JsonLines {
    place: Place,
    options: JsonLinesOptions,
    open: Option<Open>,
}

enum Place {
    Path(PathBuf),
    Writer { name: Cow<'static, str>, writer: Option<Box<dyn Write + Send>> },
}

/// What an open sink has.
struct Open {
    lines: Lines,
    output: Output,
    buffer: Vec<u8>,
    /// The file's length with what was handed to the output; `None` for what has none.
    length: Option<u64>,
    /// Whether bytes were handed over since the last sync.
    unsynced: bool,
    position: Option<Position>,
    /// Something failed: what was written behind the last flush is not whole.
    broken: bool,
}

enum Lines {
    Row(Box<RowLines>),
    Debezium(Box<DebeziumLines>),
}

impl Lines {
    #[inline]
    fn event(&mut self, event: &Event<'_>, now: i64, out: &mut Vec<u8>) -> Result<(), SinkError> {
        match self {
            Self::Row(lines) => lines.event(event, now, out),
            Self::Debezium(lines) => lines.event(event, now, out),
        }
    }
}

impl JsonLines {
    /// Lines go to the file at `path`, exactly once. It is made where it is not there.
    ///
    /// A pipe or a device at `path` is written like [`to_writer`](Self::to_writer).
    pub fn to_path(path: impl Into<PathBuf>, options: JsonLinesOptions) -> Self {
        Self { place: Place::Path(path.into()), options, open: None }
    }

    /// Lines go to standard output, at least once.
    #[must_use]
    pub fn to_stdout(options: JsonLinesOptions) -> Self {
        Self::to_named("standard output".into(), Box::new(io::stdout()), options)
    }

    /// Lines go to `writer`, at least once: durable means that it took them and was flushed.
    ///
    /// It is called on tokio's blocking threads. Once closed, the sink can't be opened again.
    pub fn to_writer(writer: impl Write + Send + 'static, options: JsonLinesOptions) -> Self {
        Self::to_named("the writer".into(), Box::new(writer), options)
    }

    fn to_named(name: Cow<'static, str>, writer: Box<dyn Write + Send>, options: JsonLinesOptions) -> Self {
        Self { place: Place::Writer { name, writer: Some(writer) }, options, open: None }
    }

    fn place(&self) -> Cow<'static, str> {
        match &self.place {
            Place::Path(path) => path.display().to_string().into(),
            Place::Writer { name, .. } => name.clone(),
        }
    }

    fn opened(&mut self) -> Result<&mut Open, SinkError> {
        match &mut self.open {
            Some(open) if open.broken => {
                Err(SinkError::new("an earlier error left unfinished lines behind the last flush")
                    .with_hint("open the sink again with the state of the last flush"))
            }
            Some(open) => Ok(open),
            None => Err(SinkError::new("the JSON Lines sink is not open")),
        }
    }

    #[cold]
    fn failed(&self, error: io::Error) -> SinkError {
        let place = self.place();
        let sink_error = match error.kind() {
            io::ErrorKind::BrokenPipe => SinkError::new(format!("the reader of {place} is gone"))
                .with_hint("keep the reader running; lines it did not take come again at the next start"),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
                SinkError::new(format!("{place} can't grow: the disk or the quota is full"))
                    .with_hint("make room and start again; nothing is lost and nothing is written twice")
            }
            _ => SinkError::new(format!("{place} can't be written")),
        };
        sink_error.with_cause(error)
    }
}

#[async_trait]
impl Sink for JsonLines {
    /// Cuts a file back to the length in `saved`; without it, lines go behind what the file has.
    ///
    /// # Errors
    ///
    /// A file that is shorter than the saved length or gone, that does not end with a whole line, or that another
    /// process writes; options that don't go together; a state of another sink.
    async fn open(&mut self, saved: Option<&SinkState>) -> Result<Option<Position>, SinkError> {
        self.options.validate()?;
        let saved = saved.map(Saved::read).transpose()?.unwrap_or_default();
        // An open file is locked.
        let before = self.open.take().filter(|_| matches!(self.place, Place::Writer { .. }));
        let (target, length) = match &mut self.place {
            Place::Path(path) => {
                let path = path.clone();
                let opened = tokio::task::spawn_blocking(move || file::open(&path, saved.length)).await;
                match opened
                    .map_err(|error| SinkError::new("the file can't be opened").with_cause(error))??
                {
                    Opened::File(file, length) => (Target::File(file), Some(length)),
                    Opened::Stream(file) => (Target::Writer(Box::new(file)), None),
                }
            }
            Place::Writer { name, writer } => match (writer.take(), before) {
                (Some(writer), _) => (Target::Writer(writer), None),
                // Again after an error elsewhere: what it took is whole lines, and they come again.
                (None, Some(mut before)) => match before.output.settle().await {
                    Ok(target) => (target, None),
                    Err(error) => return Err(self.failed(error)),
                },
                (None, None) => return Err(SinkError::new(format!("{name} was closed before"))),
            },
        };
        let lines = match self.options.envelope {
            Envelope::Row => Lines::Row(Box::new(RowLines::new(&self.options))),
            Envelope::Debezium => {
                let mut lines = DebeziumLines::new(&self.options);
                lines.remember(saved.debezium);
                Lines::Debezium(Box::new(lines))
            }
        };
        self.open = Some(Open {
            lines,
            output: Output::new(target),
            buffer: Vec::new(),
            length,
            unsynced: true,
            position: None,
            broken: false,
        });
        Ok(None)
    }

    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        let open = self.opened()?;
        // Taken back at the end: an error and a dropped future both leave it.
        open.broken = true;
        let now = now();
        for event in batch.events() {
            open.lines.event(&event, now, &mut open.buffer)?;
            if open.buffer.len() >= FULL
                && let Err(error) = open.hand_over().await
            {
                return Err(self.failed(error));
            }
        }
        // Whoever reads along waits for no flush.
        if !open.buffer.is_empty()
            && let Err(error) = open.hand_over().await
        {
            return Err(self.failed(error));
        }
        if let Some(position) = batch.position() {
            open.position = Some(position.clone());
        }
        open.broken = false;
        Ok(())
    }

    async fn flush(&mut self) -> Result<Durable, SinkError> {
        let open = self.opened()?;
        open.broken = true;
        if let Err(error) = open.make_durable().await {
            return Err(self.failed(error));
        }
        open.broken = false;
        let mut durable = Durable::everything();
        durable.position.clone_from(&open.position);
        durable.state = Saved::of(open.length, &open.lines).write()?;
        Ok(durable)
    }

    /// Flushes what is left and lets go of the file.
    async fn close(&mut self) -> Result<(), SinkError> {
        if self.open.as_ref().is_some_and(|open| !open.broken) {
            self.flush().await?;
        }
        self.open = None;
        Ok(())
    }
}

impl Open {
    async fn hand_over(&mut self) -> io::Result<()> {
        let bytes = self.buffer.len();
        self.output.write(&mut self.buffer).await?;
        self.unsynced = true;
        if let Some(length) = &mut self.length {
            *length += bytes as u64;
        }
        Ok(())
    }

    async fn make_durable(&mut self) -> io::Result<()> {
        if !self.buffer.is_empty() {
            self.hand_over().await?;
        }
        if self.unsynced {
            self.output.sync().await?;
            self.unsynced = false;
        }
        Ok(())
    }
}

impl std::fmt::Debug for JsonLines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("JsonLines")
            .field("place", &self.place())
            .field("options", &self.options)
            .field("length", &self.open.as_ref().and_then(|open| open.length))
            .finish_non_exhaustive()
    }
}

/// Microseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
