//! Decodes, counts and drops: for measuring, and for trying a source out.
//!
//! Every value that it is given is read as far as its type's form goes (see [`Null`]), so that a run into this sink
//! has looked at every byte and found it sound; nothing is converted and nothing is kept.

mod counters;
mod value;

use async_trait::async_trait;
use pg_cdc_core::batch::{Change, ChangeBatch, Event, Op, Row};
use pg_cdc_core::{Durable, InvalidText, Position, Sink, SinkError};

pub use counters::{Counters, Counts};

/// The sink that drops what it gets.
///
/// What it decodes: the text form of every value is checked to be UTF-8; of a binary form, text, json and jsonb are
/// checked to be UTF-8, numbers, times, uuid and the other types of fixed width must have that width, and a numeric
/// must be as long as its digits say. The binary form of a type that pg-cdc does not map is only counted.
///
/// ```
/// use pg_cdc_core::{Sink, batch::ChangeBatch};
/// use pg_cdc_sinks::null::Null;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut sink = Null::new();
/// let counters = sink.counters();
/// sink.open(None).await?;
/// sink.write(ChangeBatch::new()).await?;
/// sink.flush().await?;
/// assert_eq!(counters.get().changes(), 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Default)]
pub struct Null {
    counters: Counters,
    position: Option<Position>,
    /// Takes the text of a value that must be read to be judged.
    scratch: Vec<u8>,
}

impl Null {
    /// A sink that has counted nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle that reads the counts from anywhere, at any time.
    #[must_use]
    pub fn counters(&self) -> Counters {
        self.counters.clone()
    }
}

#[async_trait]
impl Sink for Null {
    async fn write(&mut self, batch: ChangeBatch) -> Result<(), SinkError> {
        let mut counts = Counts::default();
        for event in batch.events() {
            match event {
                Event::Change(change) => count(&change, &mut counts, &mut self.scratch)?,
                Event::Message(message) => {
                    counts.messages += 1;
                    counts.bytes += (message.prefix.len() + message.content.len()) as u64;
                }
                Event::Commit { .. } => counts.transactions += 1,
                _ => {}
            }
        }
        counts.batches = 1;
        self.counters.add(&counts);
        if let Some(position) = batch.position() {
            self.position = Some(position.clone());
        }
        Ok(())
    }

    /// Nothing is kept, so nothing can be lost: what was counted is done with.
    async fn flush(&mut self) -> Result<Durable, SinkError> {
        Ok(self.position.clone().map_or_else(Durable::everything, Durable::up_to))
    }
}

#[inline]
fn count(change: &Change<'_>, counts: &mut Counts, scratch: &mut Vec<u8>) -> Result<(), SinkError> {
    match change.op() {
        Op::Read => counts.reads += 1,
        Op::Insert => counts.inserts += 1,
        Op::Update => counts.updates += 1,
        Op::Delete => counts.deletes += 1,
        _ => counts.truncates += 1,
    }
    for row in [change.before(), change.after()].into_iter().flatten() {
        decode(change, row, counts, scratch)?;
    }
    Ok(())
}

#[inline]
fn decode(
    change: &Change<'_>,
    row: Row<'_>,
    counts: &mut Counts,
    scratch: &mut Vec<u8>,
) -> Result<(), SinkError> {
    for (column, datum) in row.columns() {
        if let Some(bytes) = datum.bytes() {
            counts.values += 1;
            counts.bytes += bytes.len() as u64;
            if let Err(flaw) = value::check(&column.type_, datum, scratch) {
                return Err(refused(change, &column.name, &flaw));
            }
        }
    }
    Ok(())
}

#[cold]
fn refused(change: &Change<'_>, column: &str, flaw: &str) -> SinkError {
    let refused = SinkError::new(format!(
        "table {}, column {column}: the value {flaw} (commit {}, change {})",
        change.table().name,
        change.transaction().commit_lsn,
        change.seq(),
    ));
    if flaw == value::NOT_UTF8 { refused.with_hint(InvalidText::HINT) } else { refused }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};

    #[tokio::test]
    async fn counts_by_operation_and_reads_every_value() {
        let table = TableMaker::new("public", "t").key("id", "int4").column("note", "text").build();
        let mut maker = BatchMaker::new();
        maker.begin();
        maker.insert(&table, &[Cell::from(1), Cell::from("one")]);
        maker.update(&table, &[Cell::from(1), Cell::from("two")]);
        maker.delete(&table, &[Cell::from(1), Cell::NotInIdentity]);
        maker.truncate(&table);
        maker.message(true, "p", b"content");
        maker.commit();
        let mut sink = Null::new();
        let counters = sink.counters();
        sink.write(maker.finish().unwrap()).await.unwrap();
        let counts = counters.get();
        assert_eq!((counts.inserts, counts.updates, counts.deletes, counts.truncates), (1, 1, 1, 1));
        assert_eq!((counts.messages, counts.transactions, counts.values), (1, 1, 5));
        assert_eq!(counts.bytes, 1 + 3 + 1 + 3 + 1 + 8);
        assert_eq!(counts.changes(), 4);
    }

    #[tokio::test]
    async fn a_value_that_is_not_sound_is_refused_by_table_and_column() {
        let table = TableMaker::new("public", "t").key("id", "int4").column("note", "text").build();
        for cells in
            [[Cell::binary(&[1, 2, 3]), Cell::Null], [Cell::from(1), Cell::text_bytes(b"caf\xe9".as_slice())]]
        {
            let mut maker = BatchMaker::new();
            maker.begin();
            maker.insert(&table, &cells);
            let error = Null::new().write(maker.finish().unwrap()).await.unwrap_err().to_string();
            assert!(error.contains("table public.t, column "), "{error}");
        }
    }
}
