//! `test_decoding`, the plugin that comes with every PostgreSQL (`contrib/test_decoding`), versions 10 to 18.
//!
//! A line a message, in the database's encoding:
//!
//! ```text
//! BEGIN 742
//! table public.t: INSERT: id[integer]:1 note[text]:'it''s'
//! table public.t: UPDATE: old-key: id[integer]:1 new-tuple: id[integer]:2 note[text]:unchanged-toast-datum
//! table public.t: DELETE: id[integer]:2
//! table public.t, public.u: TRUNCATE: restart_seqs cascade
//! message: transactional: 1 prefix: p, sz: 7 content:content
//! COMMIT 742 (at 2026-01-01 00:00:00.018732+00)
//! ```
//!
//! The commit is told at the end only, and of its record the end only ([`route`](Decoder::route) holds the changes until
//! then). Tables and types are told by name: what else must be known of them the catalog is asked for. Old rows leave
//! NULLs out. A table without a replica identity has its DELETEs printed without a row: an error where they are wanted.
//! Before 11 the rows that an ALTER TABLE writes anew are printed too, as INSERTs into `pg_temp_` and a number, which is
//! no table that a catalog has; where nobody can be asked they are passed over by that name.
//!
//! The plugin is to be given the [`OPTIONS`]; with `skip-empty-xacts` PostgreSQL before 16 prints a logical message
//! before the BEGIN of its transaction, or without one.

mod lexer;
mod lines;
mod row;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use pg_cdc_core::batch::{ChangeBatch, Op};
use pg_cdc_core::{DecodeError, Decoder, Frame, Outcome, Position, Route, Table, Tables};

use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Held, Mark, Named, OldRows, Rules};
use lexer::{Lexer, split};
use row::{RowLine, table_name};

const PLUGIN: &str = "test_decoding";
const RULES: Rules = Rules {
    omits_unchanged: false,
    makes_old_rows: false,
    old_rows: OldRows::WithoutNulls,
    tells_commit_ends: true,
};
/// The first version that has no tables WITH OIDS.
const WITHOUT_OIDS: u32 = 120_000;
/// The first version that leaves out what ALTER TABLE writes anew.
const WITHOUT_REWRITES: u32 = 110_000;

/// What the plugin is to be started with.
pub const OPTIONS: &[(&str, &str)] =
    &[("include-xids", "on"), ("include-timestamp", "on"), ("skip-empty-xacts", "off")];

/// What it is to be started with besides, to have only what was written on this server (`origin: none`).
pub const ONLY_LOCAL: (&str, &str) = ("only-local", "on");

/// The decoder of `test_decoding`'s lines.
#[derive(Debug)]
pub struct TestDecoding {
    named: Named,
    held: Held,
    has_oids: bool,
    has_rewrites: bool,
}

impl TestDecoding {
    /// A decoder of what a server of `version` (`server_version_num`) prints of a database in the encoding `text`.
    #[must_use]
    pub fn new(version: u32, text: TextEncoding) -> Self {
        Self::with_versions(version, text, [])
    }

    /// One that knows `tables` in the versions that are in use: a change that fits them is no schema change.
    #[must_use]
    pub fn with_versions(
        version: u32,
        text: TextEncoding,
        tables: impl IntoIterator<Item = Arc<Table>>,
    ) -> Self {
        let named = Named::new(RULES, text, tables);
        let (has_oids, has_rewrites) = (version < WITHOUT_OIDS, version < WITHOUT_REWRITES);
        Self { named, held: Held::default(), has_oids, has_rewrites }
    }
}

impl Decoder for TestDecoding {
    fn plugin(&self) -> &'static str {
        PLUGIN
    }

    fn restart(&mut self, after: Option<&Position>) {
        self.named.restart(after);
        self.held.restart();
    }

    fn tells_commit_ends(&self) -> bool {
        true
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
        self.line(&frame, tables, batch).map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }

    fn route<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, DecodeError> {
        self.route_line(frame).map_err(|fault| fault.into_error(PLUGIN, frame.lsn))
    }
}

impl TestDecoding {
    #[inline]
    fn line(
        &mut self,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let mut lexer = Lexer::new(frame.data());
        if lexer.take(b"table ") {
            let outcome = self.table(lexer, frame, tables, batch);
            return self.named.within(outcome);
        }
        if lexer.take(b"message: ") {
            let outcome = self.message(lexer, frame, batch);
            return self.named.within(outcome);
        }
        match Mark::read(frame.data())? {
            Some(mark) if mark.is_begin => self.named.begin(&mark, tables),
            Some(mark) => self.named.commit(&mark, batch),
            None => Err(unknown(&lexer)),
        }
    }

    /// `message: …`, behind the word.
    fn message(
        &mut self,
        lexer: Lexer<'_>,
        frame: &Frame<'_>,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let message = lines::message(lexer)?;
        let (prefix, content) = (message.prefix, message.content);
        self.named.message(message.is_transactional, prefix, content, frame, batch)
    }

    /// `table S.T: INSERT: …` and the like, behind the word.
    #[inline]
    fn table(
        &mut self,
        mut lexer: Lexer<'_>,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let start = lexer.at();
        let names = lexer;
        // Changes come in runs.
        let last = self.named.last_table();
        if last.is_empty() || !lexer.take(last) || !lexer.rest().starts_with(b": ") {
            lexer = names;
            lexer.table()?;
        }
        let table = lexer.since(start);
        let op = if lexer.take(b": INSERT:") {
            Op::Insert
        } else if lexer.take(b": UPDATE:") {
            Op::Update
        } else if lexer.take(b": DELETE:") {
            Op::Delete
        } else {
            return self.truncate(names, frame, tables, batch);
        };
        if self.has_rewrites && tables.is_complete() && is_rewritten(table) {
            return Ok(Outcome::Taken);
        }
        if lexer.take(b" (no-tuple-data)") {
            lexer.end()?;
            if let Some(outcome) = self.named.rowless(table, table_name, op, tables, batch)? {
                return Ok(outcome);
            }
        }
        let has_oids = self.has_oids;
        let change = RowLine { line: frame.data(), table, op, columns: lexer, has_oids };
        self.named.change(&change, frame, tables, batch)
    }

    /// `S.T[, S.T…]: TRUNCATE: …`
    #[cold]
    fn truncate(
        &mut self,
        names: Lexer<'_>,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        let mut lexer = names;
        lexer.table()?;
        while lexer.take(b", ") {
            lexer.table()?;
        }
        if !lexer.take(b": TRUNCATE:") {
            return Err(lexer.expected("INSERT, UPDATE, DELETE or TRUNCATE"));
        }
        let options = lines::truncate_options(lexer)?;
        self.named.truncate(lines::TableNames(names), table_name, options, frame, tables, batch)
    }

    fn route_line<'a>(&mut self, frame: Frame<'a>) -> Result<Route<'a>, Fault> {
        let mut lexer = Lexer::new(frame.data());
        if lexer.take(b"table ") {
            return self.held.keep(frame);
        }
        if lexer.take(b"message: ") {
            // One that is not transactional is told when it is read, between transactions.
            return match lexer.take(b"transactional: 0 ") {
                true => Ok(Route::Direct),
                false => self.held.keep(frame),
            };
        }
        if lexer.take(b"BEGIN") {
            return self.held.begin(lines::begin(lexer)?.unwrap_or_default(), frame.lsn);
        }
        if lexer.take(b"COMMIT PREPARED") {
            let phase = lines::phase(lexer)?;
            return self.held.commit_prepared(&phase.gid, (frame.lsn, frame.lsn), phase.time);
        }
        if lexer.take(b"COMMIT") {
            let (xid, time) = lines::commit(lexer)?;
            return self.held.commit(xid, frame.lsn, frame.lsn, time);
        }
        if lexer.take(b"PREPARE TRANSACTION") {
            let phase = lines::phase(lexer)?;
            return self.held.prepare(&phase.gid, frame.lsn, phase.time);
        }
        if lexer.take(b"ROLLBACK PREPARED") {
            let phase = lines::phase(lexer)?;
            let xid = phase.xid.unwrap_or_default();
            return Ok(self.held.rollback_prepared(&phase.gid, xid, frame.lsn, phase.time));
        }
        Err(unknown(&lexer))
    }
}

/// Whether a table is what an ALTER TABLE writes anew: `schema.pg_temp_` and a number.
#[cold]
fn is_rewritten(table: &[u8]) -> bool {
    let name = split(table, b'.').and_then(|(_, name)| name.strip_prefix(b"pg_temp_"));
    name.is_some_and(|oid| !oid.is_empty() && oid.iter().all(u8::is_ascii_digit))
}

/// A line that the plugin does not print as it is asked.
#[cold]
fn unknown(lexer: &Lexer<'_>) -> Fault {
    let streams: [&[u8]; 7] = [
        b"opening a streamed",
        b"closing a streamed",
        b"streaming ",
        b"streamed ",
        b"aborting streamed",
        b"committing streamed",
        b"preparing streamed",
    ];
    if streams.iter().any(|words| lexer.rest().starts_with(words)) {
        return Fault::new(
            0,
            What::Misplaced("with stream-changes the plugin prints no rows: it must be off"),
        );
    }
    if lexer.rest().starts_with(b"BEGIN") || lexer.rest().starts_with(b"COMMIT") {
        return Fault::new(0, What::Misplaced("a line to be routed: it tells nothing of the commit to come"));
    }
    lexer.expected("a line of test_decoding (BEGIN, COMMIT, table, message, PREPARE TRANSACTION, …)")
}
