//! `wal2json`, format versions 1 and 2.
//!
//! Follows what the plugin's source, 2.3 to 2.6, prints. Format version 2 sends an object for each begin, change and
//! commit; version 1 a document for each transaction, whole, or in frames (`write-in-chunks`) that are no JSON by
//! themselves: the beginning up to the bracket, each change with the comma before it, and the end. Which of the two is
//! seen from the frame.
//!
//! [`FormatVersion::options`] is what to ask the plugin for, [`unknown_option`] how to find out what its release does
//! not know. Settings of the session change what is printed: it needs `bytea_output=hex`, and, for values to be those
//! that other plugins give, the styles of dates, intervals and floats that every session of ours has.
//!
//! What the plugin makes of values is undone: a boolean is its first letter again, `bytea` has its `\x`, numbers are
//! their digits whether or not they came in quotes. Strings without an escape stay where they are in the frame.
//!
//! What it does not tell is told by the catalog, or lost:
//!
//! - NaN and the infinities of numbers are NULL without `numeric-data-types-as-string` (2.6).
//! - A value that was not touched, and is stored out of line, is left out. So is a column that did not exist.
//! - The identity of an UPDATE is there even where no old row was written: it is made from the new one. One that is the
//!   same as the new row is no old row, unless the identity is FULL.
//! - Version 1 leaves NULLs out of old rows, tells no TRUNCATE, and of a commit only where it ends. The changes of one
//!   that is not written in chunks have no positions of their own.
//! - A TRUNCATE is one for each table, without its options. The content of a message ends at its first zero byte.
//! - UPDATEs and DELETEs of tables without an identity are not sent.

mod json;
mod label;
mod options;
mod table_name;
#[cfg(test)]
mod tests;
mod type_name;
mod v1;
mod v2;
mod value;

use std::ops::Range;
use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, TruncateOptions};
use pg_cdc_core::types::PgTimestampTz;
use pg_cdc_core::{DecodeError, Decoder, Frame, Lsn, Outcome, Position, Table, Tables};

use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Mark, Named, OldRows, Rules};
use json::{Json, Str};
pub use options::{FormatVersion, ONLY_LOCAL, PluginOption, add_tables, unknown_option};

const PLUGIN: &str = "wal2json";
/// How many bytes of a message's content are kept room for.
const KEPT: usize = 64 << 10;

/// The decoder of wal2json's messages.
#[derive(Debug)]
pub struct Wal2Json {
    format: FormatVersion,
    named: Named,
    /// Of the transaction that is open: where its commit record starts, or ends where only that is told, and ends.
    commit: Option<(Lsn, Lsn)>,
    only_local: bool,
    /// The transaction that is open came from elsewhere, and is passed over.
    is_foreign: bool,
    /// The change of format version 1 that is read.
    rows: v1::Rows,
    /// A message's prefix and content, where they are no slices of the frame.
    prefix: Vec<u8>,
    content: Vec<u8>,
}

impl Wal2Json {
    /// A decoder of what is printed of a database in the encoding `text`.
    #[must_use]
    pub fn new(format: FormatVersion, text: TextEncoding) -> Self {
        Self::with_versions(format, text, [])
    }

    /// One that knows `tables` in the versions that are in use: a change that fits them is no schema change.
    #[must_use]
    pub fn with_versions(
        format: FormatVersion,
        text: TextEncoding,
        tables: impl IntoIterator<Item = Arc<Table>>,
    ) -> Self {
        let old_rows = match format {
            FormatVersion::V1 => OldRows::WithoutNulls,
            FormatVersion::V2 => OldRows::WithNulls,
        };
        let tells_commit_ends = format == FormatVersion::V1;
        let rules = Rules { omits_unchanged: true, makes_old_rows: true, old_rows, tells_commit_ends };
        Self {
            format,
            named: Named::new(rules, text, tables),
            commit: None,
            only_local: false,
            is_foreign: false,
            rows: v1::Rows::default(),
            prefix: Vec::new(),
            content: Vec::new(),
        }
    }

    /// The same, passing over transactions that were not written on this server: `origin: none`. The plugin must be asked
    /// for [`ONLY_LOCAL`].
    #[must_use]
    pub fn only_local(self) -> Self {
        Self { only_local: true, ..self }
    }
}

impl Decoder for Wal2Json {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.named.restart(after);
        (self.commit, self.is_foreign) = (None, false);
    }

    fn tells_commit_ends(&self) -> bool {
        self.format == FormatVersion::V1
    }

    fn pass_over(&mut self) {
        self.named.pass_over();
    }

    #[inline]
    fn decode(
        &mut self,
        frame: Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, DecodeError> {
        let outcome = match self.format {
            FormatVersion::V2 => self.object(&frame, tables, batch),
            FormatVersion::V1 => self.piece(&frame, tables, batch),
        };
        let outcome = if outcome.is_err() && self.is_within(frame.data()) {
            self.named.within(outcome)
        } else {
            outcome
        };
        outcome.map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }
}

impl Wal2Json {
    /// Whether a message that can't be read stands within a transaction, and does not end it.
    #[cold]
    fn is_within(&self, data: &[u8]) -> bool {
        match self.format {
            FormatVersion::V1 => {
                [&b",{\"kind\""[..], b"{\"kind\""].iter().any(|start| data.starts_with(start))
            }
            FormatVersion::V2 => {
                !data.starts_with(b"{\"action\":\"B\"") && !data.starts_with(b"{\"action\":\"C\"")
            }
        }
    }

    /// Takes in an object of format version 2.
    fn object(
        &mut self,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let mut json = Json::new(frame.data()).in_utf8(self.named.text().is_utf8());
        let head = v2::head(&mut json)?;
        if let Some(v2::Action::Row(op)) = head.action {
            let table = named(&json, head.table)?;
            if self.is_foreign {
                return Ok(Outcome::Taken);
            }
            return self.named.change(&v2::Change { op, table, json }, frame, tables, batch);
        }
        if !json.is_at_end() {
            return Err(json.expected("the end of a message that has no rows"));
        }
        match head.action {
            Some(v2::Action::Begin) => {
                let commit_lsn = head.lsn(&json)?;
                let begin = Begin { xid: head.xid, timestamp: head.timestamp, origin: head.origin };
                self.begin(&json, (commit_lsn, commit_lsn), &begin, tables)
            }
            Some(v2::Action::Commit) => {
                let end_lsn = head.next_lsn.map(|next| lsn(&json, next)).transpose()?;
                // The message stands where the commit record ends, too.
                self.end(end_lsn.unwrap_or(frame.lsn), batch)
            }
            Some(v2::Action::Truncate) if self.is_foreign => Ok(Outcome::Taken),
            Some(v2::Action::Message) if self.is_foreign && head.transactional => Ok(Outcome::Taken),
            Some(v2::Action::Truncate) => self.truncate(named(&json, head.table)?, frame, tables, batch),
            Some(v2::Action::Message) => {
                self.message(&json, head.transactional, head.prefix, head.content, frame, batch)
            }
            Some(v2::Action::Row(_)) | None => {
                Err(Fault::new(0, What::Malformed("a message without an action")))
            }
        }
    }

    /// Takes in a document of format version 1, or a piece of one.
    fn piece(
        &mut self,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let mut json = Json::new(frame.data()).in_utf8(self.named.text().is_utf8());
        match v1::piece(&mut json)? {
            v1::Piece::Header(header) if json.is_at_end() => self.begin_document(&json, &header, tables),
            v1::Piece::Header(header) if header.next_lsn.is_none() => self.lone_message(json, frame, batch),
            v1::Piece::Header(header) => self.document(json, &header, frame, tables, batch),
            v1::Piece::Change => {
                let outcome = self.change(&mut json, frame, tables, batch, true)?;
                Ok(outcome)
            }
            v1::Piece::End => {
                let Some((_, end_lsn)) = self.commit else {
                    return Err(Fault::new(0, What::Misplaced("a document ends that did not begin")));
                };
                self.end(end_lsn, batch)
            }
        }
    }

    fn begin_document(
        &mut self,
        json: &Json<'_>,
        header: &v1::Header,
        tables: &Tables,
    ) -> Result<Outcome, Fault> {
        let Some(next_lsn) = header.next_lsn else {
            return Err(Fault::new(0, What::Malformed("no position: include-lsn")));
        };
        let end_lsn = lsn(json, next_lsn)?;
        let begin = Begin { xid: header.xid, timestamp: header.timestamp, origin: header.origin };
        self.begin(json, (end_lsn, end_lsn), &begin, tables)
    }

    /// A whole transaction in one frame.
    fn document(
        &mut self,
        mut json: Json<'_>,
        header: &v1::Header,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        if self.commit.is_some() {
            return Err(Fault::new(0, What::Misplaced("a document within another")));
        }
        let savepoint = self.named.savepoint(batch);
        let outcome = self.whole(&mut json, header, frame, tables, batch);
        if matches!(outcome, Ok(Outcome::Commit { .. })) {
            self.named.keep();
        } else {
            (self.commit, self.is_foreign) = (None, false);
            self.named.roll_back(savepoint, batch);
        }
        outcome
    }

    fn whole(
        &mut self,
        json: &mut Json<'_>,
        header: &v1::Header,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        // Of the changes no position is told.
        let range = frame.start()..frame.start() + frame.data().len();
        let unplaced = Frame::new(Lsn::ZERO, frame.buffer(), range);
        let _begun = self.begin_document(json, header, tables)?;
        let mut is_first = true;
        while json.next(&mut is_first, b']')? {
            let outcome = self.change(json, &unplaced, tables, batch, false)?;
            if outcome != Outcome::Taken {
                return Ok(outcome);
            }
        }
        json.expect(b'}', "the end of the document")?;
        json.end()?;
        let (_, end_lsn) = self.commit.unwrap_or_default();
        self.end(end_lsn, batch)
    }

    /// A message that is not transactional is a document of its own.
    fn lone_message(
        &mut self,
        mut json: Json<'_>,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let start = json;
        // Releases before 2.6 count the changes of the transaction before it.
        json.eat(b',');
        let said = v1::change(&mut json, &mut self.rows)?;
        if said.kind != Some(v1::Kind::Message) || said.transactional {
            return Err(
                start.expected("a message that is not transactional, in a document without a position")
            );
        }
        json.expect(b']', "the end of the changes")?;
        json.expect(b'}', "the end of the document")?;
        json.end()?;
        self.message(&json, false, said.prefix, said.content, frame, batch)
    }

    /// A change of format version 1. `is_last` says that nothing may follow it.
    fn change(
        &mut self,
        json: &mut Json<'_>,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
        is_last: bool,
    ) -> Result<Outcome, Fault> {
        let said = v1::change(json, &mut self.rows)?;
        if is_last {
            json.end()?;
        }
        if self.is_foreign && (said.kind != Some(v1::Kind::Message) || said.transactional) {
            return Ok(Outcome::Taken);
        }
        match said.kind {
            Some(v1::Kind::Row(op)) => {
                let table = named(json, said.table)?;
                let change = v1::Change { op, table, json: *json, rows: &self.rows };
                self.named.change(&change, frame, tables, batch)
            }
            Some(v1::Kind::Truncate) => self.truncate(named(json, said.table)?, frame, tables, batch),
            Some(v1::Kind::Message) => {
                self.message(json, said.transactional, said.prefix, said.content, frame, batch)
            }
            None => Err(Fault::new(0, What::Malformed("a change without a kind"))),
        }
    }

    fn begin(
        &mut self,
        json: &Json<'_>,
        (commit_lsn, end_lsn): (Lsn, Lsn),
        told: &Begin,
        tables: &Tables,
    ) -> Result<Outcome, Fault> {
        let missing = |what| Fault::new(0, What::Malformed(what));
        let timestamp = told.timestamp.ok_or_else(|| missing("no commit time: include-timestamp"))?;
        let commit_time = time(json, timestamp)?;
        let is_foreign = match told.origin {
            None if self.only_local => return Err(missing("no origin: include-origin")),
            // 0 is this server.
            origin => self.only_local && origin != Some(0),
        };
        let mark = Mark { is_begin: true, xid: told.xid, commit_lsn, end_lsn, commit_time };
        let outcome = self.named.begin(&mark, tables)?;
        (self.commit, self.is_foreign) = (Some((commit_lsn, end_lsn)), is_foreign);
        Ok(outcome)
    }

    fn end(&mut self, end_lsn: Lsn, batch: &mut ChangeBatch) -> Result<Outcome, Fault> {
        self.is_foreign = false;
        let (commit_lsn, _) = self.commit.take().unwrap_or_default();
        let mark = Mark { is_begin: false, xid: None, commit_lsn, end_lsn, commit_time: 0 };
        self.named.commit(&mark, batch)
    }

    fn truncate(
        &mut self,
        table: &[u8],
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let name = table_name::read;
        self.named.truncate(std::iter::once(table), name, TruncateOptions::default(), frame, tables, batch)
    }

    fn message(
        &mut self,
        json: &Json<'_>,
        is_transactional: bool,
        prefix: Option<Str>,
        content: Option<Str>,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let (Some(prefix), Some(content)) = (prefix, content) else {
            return Err(Fault::new(0, What::Malformed("a message without prefix or content")));
        };
        if !prefix.is_escaped && !content.is_escaped {
            let range = |string: Str| string.start..string.end;
            return self.named.message(is_transactional, range(prefix), range(content), frame, batch);
        }
        for (string, bytes) in [(prefix, &mut self.prefix), (content, &mut self.content)] {
            bytes.clear();
            json.unescape(string, bytes)?;
        }
        let outcome = self.named.message_copied(is_transactional, &self.prefix, &self.content, frame, batch);
        // One large message is not kept room for.
        self.content.shrink_to(KEPT);
        outcome
    }
}

/// What is told of a transaction when it begins, besides its place.
struct Begin {
    xid: Option<u32>,
    timestamp: Option<Str>,
    /// `pg_replication_origin.roident` of where it was written first; 0 for here.
    origin: Option<u32>,
}

/// The bytes that name a change's table.
fn named<'a>(json: &Json<'a>, table: Option<Range<usize>>) -> Result<&'a [u8], Fault> {
    let table = table.and_then(|table| json.data().get(table));
    table.ok_or_else(|| Fault::new(0, What::Malformed("a change without a table")))
}

/// `X/Y`
fn lsn(json: &Json<'_>, string: Str) -> Result<Lsn, Fault> {
    let text = std::str::from_utf8(json.raw(string)).ok();
    let lsn = text.and_then(|text| text.parse().ok());
    lsn.ok_or_else(|| Fault::new(string.start, What::Malformed("an LSN that is none")))
}

/// Microseconds since 1970 of an instant, which is printed in the session's time zone.
fn time(json: &Json<'_>, string: Str) -> Result<i64, Fault> {
    let text = std::str::from_utf8(json.raw(string)).ok();
    let instant = text.and_then(|text| text.parse::<PgTimestampTz>().ok());
    let micros = instant.and_then(PgTimestampTz::micros_since_1970);
    micros.ok_or_else(|| Fault::new(string.start, What::Malformed("a timestamp that is none")))
}

/// An unsigned integer, or `None` where `null` stands.
fn integer_of_32_bits(json: &mut Json<'_>, what: &'static str) -> Result<Option<u32>, Fault> {
    let before = *json;
    let number = json.integer(what)?;
    number.map(u32::try_from).transpose().map_err(|_| before.expected(what))
}
