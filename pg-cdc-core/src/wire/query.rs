//! The simple query protocol: text in, text out.
//!
//! Chapter "Simple Query" of the protocol's documentation. It is all that a walsender takes.

use postgres_protocol::message::frontend;

use super::channel::Channel;
use super::message::{Message, Reader, largest, malformed, unexpected};
use super::server_error::server_error;
use super::startup::Session;
use crate::{Error, ErrorKind};

const STATE: &str = "a query";
/// This protocol is for answers that fit on a page; tables travel by COPY.
const LARGEST_RESULT: usize = 64 << 20;

/// What one statement gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rows {
    /// The columns' names; none for a statement that gives no rows.
    pub columns: Vec<String>,
    /// The rows' values as PostgreSQL's text; `None` is NULL. Each row has as many as there are columns.
    pub rows: Vec<Vec<Option<String>>>,
    /// The command tag: `SELECT 1`, `SET`, `CREATE TABLE`.
    pub tag: String,
}

impl Rows {
    /// The value of a column in a row; `None` where it is NULL, or where there is no such row or column.
    #[must_use]
    pub fn get(&self, row: usize, column: &str) -> Option<&str> {
        let at = self.columns.iter().position(|name| name == column)?;
        self.rows.get(row)?.get(at)?.as_deref()
    }
}

/// Runs statements to ReadyForQuery. `Ok(Err(…))` is the server's refusal, after which the session can go on.
pub(super) async fn run(
    channel: &mut Channel,
    sql: &str,
    session: Session,
) -> Result<Result<Vec<Rows>, Error>, Error> {
    channel.queue(STATE, |out| frontend::query(sql, out))?;
    let mut results = Vec::new();
    let mut current = Rows::default();
    let mut refused = None;
    let mut left = LARGEST_RESULT;
    loop {
        let message = match channel.message(STATE, limit).await {
            Ok(message) => message,
            // A fatal error has no ReadyForQuery.
            Err(error) => return Err(refused.unwrap_or(error)),
        };
        match message.tag {
            b'T' => current.columns = columns(&message)?,
            b'D' => {
                left = left.checked_sub(cost(&message, &current)).ok_or_else(too_large)?;
                current.rows.push(row(&message, current.columns.len())?);
            }
            b'C' => {
                let tag = Reader::new(&message.body).cstr().ok_or_else(|| malformed(b'C', STATE))?;
                current.tag = String::from_utf8_lossy(tag).into_owned();
                left = left.checked_sub(64 + tag.len()).ok_or_else(too_large)?;
                results.push(std::mem::take(&mut current));
            }
            b'I' => current = Rows::default(),
            // A walsender that makes a slot may send of what it decodes on its way to the slot's point: what commits
            // before that is in the exported snapshot.
            b'd' if session == Session::Replication => {}
            b'E' => refused = refused.or_else(|| Some(server_error(&message.body))),
            b'Z' => return Ok(refused.map_or(Ok(results), Err)),
            tag @ (b'G' | b'H' | b'W') => {
                return Err(unexpected(tag, STATE, "rows")
                    .with_hint("COPY and START_REPLICATION have calls of their own"));
            }
            tag => return Err(unexpected(tag, STATE, "rows or the end of a statement")),
        }
    }
}

/// Reads the ReadyForQuery that follows an error.
pub(super) async fn until_ready(channel: &mut Channel, state: &str) -> Result<(), Error> {
    let message = channel.message(state, largest).await?;
    match message.tag {
        b'Z' => Ok(()),
        tag => Err(unexpected(tag, state, "ReadyForQuery")),
    }
}

fn limit(tag: u8) -> usize {
    match tag {
        b'D' => LARGEST_RESULT,
        // 1600 columns with names of 63 bytes are more than the usual limit.
        b'T' => 1 << 20,
        tag => largest(tag),
    }
}

/// What a row takes in memory.
fn cost(message: &Message, rows: &Rows) -> usize {
    message.body.len() + size_of::<Vec<Option<String>>>() + rows.columns.len() * size_of::<Option<String>>()
}

fn too_large() -> Error {
    Error::new(ErrorKind::Unsupported, format!("{STATE}: the result is larger than {LARGEST_RESULT} bytes"))
}

fn columns(message: &Message) -> Result<Vec<String>, Error> {
    let mut body = Reader::new(&message.body);
    let mut read = || {
        let count = body.u16()?;
        let mut columns = Vec::new();
        for _ in 0..count {
            columns.push(String::from_utf8_lossy(body.cstr()?).into_owned());
            // Table, column, type, its length, its modifier, format.
            body.take(18)?;
        }
        body.is_empty().then_some(columns)
    };
    read().ok_or_else(|| malformed(b'T', STATE))
}

fn row(message: &Message, columns: usize) -> Result<Vec<Option<String>>, Error> {
    let mut body = Reader::new(&message.body);
    if body.u16().map(usize::from) != Some(columns) {
        return Err(malformed(b'D', STATE));
    }
    let mut row = Vec::with_capacity(columns);
    for _ in 0..columns {
        let length = body.i32().ok_or_else(|| malformed(b'D', STATE))?;
        row.push(match usize::try_from(length) {
            Err(_) if length == -1 => None,
            Err(_) => return Err(malformed(b'D', STATE)),
            Ok(length) => {
                let value = body.take(length).ok_or_else(|| malformed(b'D', STATE))?;
                let text = String::from_utf8(value.to_vec()).map_err(|error| {
                    Error::new(ErrorKind::Protocol, format!("{STATE}: a value is not UTF-8"))
                        .with_cause(error)
                })?;
                Some(text)
            }
        });
    }
    if !body.is_empty() {
        return Err(malformed(b'D', STATE));
    }
    Ok(row)
}
