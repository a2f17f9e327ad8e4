//! Reads one table under a snapshot: opens it, compares it, copies it, compares it again.

use std::pin::pin;
use std::task::Poll;
use std::time::SystemTime;

use pg_cdc_core::batch::{BatchTable, ChangeBatch, Transaction};
use pg_cdc_core::catalog::TableInfo;
use pg_cdc_core::wire::{Block, Connection, CopyFormat, CopyOut};
use pg_cdc_core::{Error, ErrorKind, InvalidText, quote_literal};

use crate::chunk::Chunk;
use crate::copy::{CopyDecoder, NotARow, Target};
use crate::guard::Difference;
use crate::plan::{CopyFormatChoice, TableCopy, table_copy};
use crate::round::Round;

/// Why a table could not be read under this snapshot.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// It is not what was recorded: it must be read under a later snapshot.
    Changed(Difference),
    /// Something else; a transient error is cured by a later snapshot as well.
    Failed(Error),
    /// The snapshot can't be imported any more.
    SnapshotGone(Error),
    /// Nobody takes batches any more.
    Unwanted,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Reads `info` to its `TableDone`. After `Changed` the connection is ready for the next table; after an error it is
/// not to be used again.
pub(crate) async fn read(
    round: &Round,
    connection: &mut Connection,
    info: &TableInfo,
) -> Result<(), Trouble> {
    let name = &info.table.name;
    let told = |error: Error| error.while_doing(format!("could not read {name}"));
    let import = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET TRANSACTION SNAPSHOT {}",
        quote_literal(&round.snapshot)
    );
    if let Err(error) = connection.simple_query(&import).await {
        let error = error.while_doing(format!("could not import the snapshot {}", round.snapshot));
        // No such snapshot (the file is gone): 22023 before 17, 42704 since.
        return Err(match error.sqlstate() {
            Some("22023" | "42704") => Trouble::SnapshotGone(error),
            _ => Trouble::Failed(error),
        });
    }
    match copy(round, connection, info).await {
        Ok(()) => {
            connection.simple_query("COMMIT").await.map_err(told)?;
            Ok(())
        }
        Err(Trouble::Changed(difference)) => {
            connection.simple_query("ROLLBACK").await.map_err(told)?;
            Err(Trouble::Changed(difference))
        }
        Err(Trouble::Failed(error)) if error.kind() == ErrorKind::Server => {
            // A column or a table that is not there is no error, but a change. And it is told only to those who ask
            // why a policy or a grant stood in the way.
            let now = round.guard.look(info).await.map_err(told)?;
            if let Some(difference) = crate::guard::difference(info, now.as_ref()) {
                connection.simple_query("ROLLBACK").await.map_err(told)?;
                return Err(Trouble::Changed(difference));
            }
            let row_security = now.is_some_and(|now| now.row_security);
            Err(Trouble::Failed(told(explained(error, row_security))))
        }
        Err(Trouble::Failed(error)) => Err(Trouble::Failed(told(error))),
        Err(trouble) => Err(trouble),
    }
}

/// Says what to do about a table that we may not read.
fn explained(error: Error, row_security: bool) -> Error {
    match (error.sqlstate(), row_security) {
        (Some("42501"), true) => error.with_hint(
            "a row-level security policy would hide rows from the snapshot: give the role BYPASSRLS, \
             or leave the table out",
        ),
        (Some("42501"), false) => {
            error.with_hint("grant SELECT on the table to the role, or leave the table out")
        }
        _ => error,
    }
}

async fn copy(round: &Round, connection: &mut Connection, info: &TableInfo) -> Result<(), Trouble> {
    let (choice, invalid) = formed(round, connection)?;
    let TableCopy { open, copy, format, encodings } =
        table_copy(&info.table, info.kind, info.shape.rows.as_ref(), choice);
    connection.simple_query(&open).await?;
    unchanged(round, info).await?;

    let mut rows =
        CopyDecoder::new(info.table.name.clone(), format, encodings).with_invalid_text(invalid, &info.table);
    let mut copying = connection.copy_out(&copy, &round.memory).await?;
    expect_format(&copying, format, info)?;
    let mut output = Output::new(round, info);
    loop {
        match next(&mut copying, round, !output.batch.is_empty()).await? {
            Next::Block(block) => output.take(&block, &mut rows).await?,
            Next::NoRoom => output.send(None).await?,
            Next::End => break,
        }
    }
    let told = copying.rows();
    let rows = rows.finish()?;
    if told.is_some_and(|told| told != rows) {
        let message = format!("COPY of {} sent {rows} rows, and says {told:?}", info.table.name);
        return Err(Error::new(ErrorKind::Protocol, message).into());
    }

    // The lock keeps rewrites out, but not everything: partitions come and go beside it, schemas are renamed.
    unchanged(round, info).await?;
    output.done(rows).await
}

/// How rows come, and what is done with text that is none.
///
/// # Errors
///
/// Where it is to be found in what comes in binary.
fn formed(round: &Round, connection: &Connection) -> Result<(CopyFormatChoice, InvalidText), Error> {
    let invalid = round.invalid_text;
    if invalid == InvalidText::Error || connection.parameter("server_encoding") != Some("SQL_ASCII") {
        return Ok((round.format, InvalidText::Error));
    }
    if round.format == CopyFormatChoice::Binary {
        let what = "text of a database in SQL_ASCII that is none can't be found in COPY's binary format";
        return Err(Error::new(ErrorKind::Unsupported, what).with_hint("copy in text"));
    }
    Ok((CopyFormatChoice::Text, invalid))
}

async fn unchanged(round: &Round, info: &TableInfo) -> Result<(), Trouble> {
    match round.guard.check(info).await? {
        None => Ok(()),
        Some(difference) => Err(Trouble::Changed(difference)),
    }
}

fn expect_format(copying: &CopyOut<'_>, format: CopyFormat, info: &TableInfo) -> Result<(), Error> {
    let columns = info.table.columns.len();
    if copying.format() == format && copying.column_formats().len() == columns {
        return Ok(());
    }
    let found = (copying.format(), copying.column_formats().len());
    let message = format!("COPY of {} answers {found:?}, expected {:?}", info.table.name, (format, columns));
    Err(Error::new(ErrorKind::Protocol, message))
}

/// What a COPY gave.
enum Next {
    Block(Block),
    /// The pool is at its limit.
    NoRoom,
    End,
}

/// The next block; or `NoRoom` when there is none because the pool is at its limit, if `holding`.
///
/// Whoever waits for the pool must hold nothing of it that only he can give back: several workers, each with a batch
/// that is not full yet, would wait for each other for good.
async fn next(copying: &mut CopyOut<'_>, round: &Round, holding: bool) -> Result<Next, Error> {
    let mut block = pin!(copying.next_block());
    std::future::poll_fn(|cx| match block.as_mut().poll(cx) {
        Poll::Ready(block) => Poll::Ready(block.map(|block| block.map_or(Next::End, Next::Block))),
        // Whoever finds the pool full is woken when it is not: it can't be missed in between.
        Poll::Pending if holding && round.memory.retained() >= round.memory.limit() => {
            Poll::Ready(Ok(Next::NoRoom))
        }
        Poll::Pending => Poll::Pending,
    })
    .await
}

/// Collects rows into batches and hands them on.
struct Output<'a> {
    round: &'a Round,
    info: &'a TableInfo,
    batch: ChangeBatch,
    table: BatchTable,
}

impl<'a> Output<'a> {
    fn new(round: &'a Round, info: &'a TableInfo) -> Self {
        let (batch, table) = begin(round, info);
        Self { round, info, batch, table }
    }

    async fn take(&mut self, block: &Block, rows: &mut CopyDecoder) -> Result<(), Trouble> {
        let mut buffer = self.batch.attach(block.bytes());
        for payload in block.payloads() {
            if self.batch.len() >= self.round.batch_rows {
                self.send(None).await?;
                buffer = self.batch.attach(block.bytes());
            }
            let mut read = rows.message(block.bytes(), payload.clone(), self.target(buffer));
            if matches!(read, Err(NotARow::Full)) && !self.batch.is_empty() {
                self.send(None).await?;
                buffer = self.batch.attach(block.bytes());
                read = rows.message(block.bytes(), payload, self.target(buffer));
            }
            read.map_err(|trouble| match trouble {
                NotARow::Malformed(error) => error,
                NotARow::Full => {
                    let message = format!("a row of {} is too large for a batch", self.info.table.name);
                    Error::new(ErrorKind::Unsupported, message)
                }
            })?;
        }
        if self.batch.size() >= self.round.batch_bytes {
            self.send(None).await?;
        }
        Ok(())
    }

    fn target(&mut self, buffer: pg_cdc_core::batch::BufferId) -> Target<'_> {
        Target { batch: &mut self.batch, buffer, table: self.table, point: self.round.point }
    }

    async fn done(mut self, rows: u64) -> Result<(), Trouble> {
        self.batch.table_done(self.table, rows, self.round.point, self.round.shows.as_ref());
        self.send(Some(self.info.table.name.clone())).await
    }

    /// Hands the batch on, and begins the next.
    async fn send(&mut self, done: Option<pg_cdc_core::TableName>) -> Result<(), Trouble> {
        let (batch, table) = begin(self.round, self.info);
        let mut full = std::mem::replace(&mut self.batch, batch);
        self.table = table;
        full.compact();
        self.round.send(Chunk { batch: full, done }).await
    }
}

/// An empty batch whose rows were read now.
fn begin(round: &Round, info: &TableInfo) -> (ChangeBatch, BatchTable) {
    let mut batch = round.recycler.batch();
    batch.enter(&Transaction::new(None, round.point, now()));
    let table = batch.table(&info.table, None);
    (batch, table)
}

/// Microseconds since 1970-01-01 UTC.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
