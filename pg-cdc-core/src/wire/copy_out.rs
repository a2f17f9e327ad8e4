//! `COPY … TO STDOUT`.
//!
//! Chapter "COPY Operations" of the protocol's documentation.

use std::future::poll_fn;

use postgres_protocol::message::frontend;

use super::channel::Copied;
use super::connection::Connection;
use super::copy_reader::CopyReader;
use super::frame::Block;
use super::message::{Message, Reader, largest, malformed, unexpected};
use super::query::until_ready;
use super::server_error::server_error;
use crate::Error;
use crate::batch::BufferPool;

const STATE: &str = "COPY OUT";

/// How copied values are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CopyFormat {
    /// PostgreSQL's text (or CSV: the protocol does not tell them apart). A message is a line.
    Text,
    /// COPY's binary format. A message is a row; the file header may stand in the first.
    Binary,
}

/// A COPY that runs: its data, block by block.
///
/// It must be read to its end (`None`, or an error of kind `Server`), or the connection is of no more use.
#[derive(Debug)]
pub struct CopyOut<'a> {
    connection: &'a mut Connection,
    reader: Option<CopyReader>,
    /// Why it ended, once the server's error was read.
    refused: Option<Error>,
    failed: bool,
    format: CopyFormat,
    columns: Vec<CopyFormat>,
    rows: Option<u64>,
}

impl Connection {
    /// Starts `COPY … TO STDOUT`. What is read into buffers of `pool` is limited by it. Not cancel safe.
    ///
    /// # Errors
    /// As [`simple_query`](Self::simple_query).
    pub async fn copy_out(&mut self, sql: &str, pool: &BufferPool) -> Result<CopyOut<'_>, Error> {
        self.begin(sql)?;
        start(self, sql, pool).await
    }
}

/// Sends the statement and reads up to its CopyOutResponse.
async fn start<'a>(
    connection: &'a mut Connection,
    sql: &str,
    pool: &BufferPool,
) -> Result<CopyOut<'a>, Error> {
    let channel = &mut connection.channel;
    channel.queue(STATE, |out| frontend::query(sql, out))?;
    loop {
        let message = channel.message(STATE, largest).await?;
        match message.tag {
            b'H' => {
                let (format, columns) = response(&message)?;
                let reader = CopyReader::new(pool, STATE, channel.take_rest());
                return Ok(CopyOut {
                    connection,
                    reader: Some(reader),
                    refused: None,
                    failed: false,
                    format,
                    columns,
                    rows: None,
                });
            }
            // Statements before the COPY that give no rows.
            b'C' => {}
            b'E' => {
                let refused = server_error(&message.body);
                // A fatal error has no ReadyForQuery: the connection is gone then.
                connection.ready = until_ready(channel, STATE).await.is_ok();
                return Err(refused);
            }
            tag => return Err(unexpected(tag, STATE, "CopyOutResponse")),
        }
    }
}

impl CopyOut<'_> {
    /// The format of the whole.
    #[must_use]
    pub fn format(&self) -> CopyFormat {
        self.format
    }

    /// The format of each column.
    #[must_use]
    pub fn column_formats(&self) -> &[CopyFormat] {
        &self.columns
    }

    /// How many rows the server says it has copied: known at the end.
    #[must_use]
    pub fn rows(&self) -> Option<u64> {
        self.rows
    }

    /// The next block; `None` when the COPY has ended well and the connection is ready again. Cancel safe.
    ///
    /// Blocks come when a read buffer is full, and at the end: a COPY has no one who waits for a single row. While the
    /// pool is at its limit this waits.
    ///
    /// # Errors
    /// Kind `Server` when the COPY fails on the way: what came before it is no whole result; the connection is ready
    /// again. Others end the connection.
    pub async fn next_block(&mut self) -> Result<Option<Block>, Error> {
        if let Some(reader) = &mut self.reader {
            let channel = &mut self.connection.channel;
            let copied = poll_fn(|cx| channel.poll_copy(reader, STATE, cx, usize::MAX)).await;
            match copied {
                Ok(Copied::Block(block)) => return Ok(Some(block)),
                Ok(Copied::End(b'c')) => {}
                Ok(Copied::End(tag)) => return Err(unexpected(tag, STATE, "CopyDone")),
                Err(error) if error.kind() == crate::ErrorKind::Server => self.refused = Some(error),
                Err(error) => return Err(error),
            }
            if let Some(reader) = self.reader.take() {
                self.connection.channel.give_back(&reader.into_rest());
            }
        }
        while !self.connection.ready {
            let message = match self.connection.channel.message(STATE, largest).await {
                Ok(message) => message,
                // A fatal error has no ReadyForQuery.
                Err(error) => return Err(self.refused.take().unwrap_or(error)),
            };
            match message.tag {
                b'C' => self.rows = copied_rows(&message),
                b'E' => self.refused = Some(server_error(&message.body)),
                b'Z' => self.connection.ready = true,
                tag => return Err(unexpected(tag, STATE, "the end of the COPY")),
            }
        }
        if let Some(refused) = self.refused.take() {
            self.failed = true;
            return Err(refused);
        }
        if self.failed {
            return Err(Error::new(crate::ErrorKind::Closed, "the COPY has failed before"));
        }
        Ok(None)
    }
}

fn response(message: &Message) -> Result<(CopyFormat, Vec<CopyFormat>), Error> {
    let mut body = Reader::new(&message.body);
    let mut read = || {
        let format = format_of(body.u8()?.into())?;
        let count = body.u16()?;
        let mut columns = Vec::new();
        for _ in 0..count {
            columns.push(format_of(body.u16()?)?);
        }
        body.is_empty().then_some((format, columns))
    };
    read().ok_or_else(|| malformed(message.tag, STATE))
}

fn format_of(code: u16) -> Option<CopyFormat> {
    match code {
        0 => Some(CopyFormat::Text),
        1 => Some(CopyFormat::Binary),
        _ => None,
    }
}

/// From the command tag `COPY 1000`.
fn copied_rows(message: &Message) -> Option<u64> {
    let tag = std::str::from_utf8(Reader::new(&message.body).cstr()?).ok()?;
    tag.strip_prefix("COPY ")?.parse().ok()
}
