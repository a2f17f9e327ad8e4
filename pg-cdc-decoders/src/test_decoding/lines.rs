//! The lines that are no changes of rows.

use std::ops::Range;

use pg_cdc_core::batch::TruncateOptions;
use pg_cdc_core::types::PgTimestampTz;

use super::lexer::Lexer;
use crate::cursor::{Fault, What};

/// `BEGIN [xid]`, behind the word.
pub(super) fn begin(mut lexer: Lexer<'_>) -> Result<Option<u32>, Fault> {
    let xid = if lexer.take(b" ") { Some(lexer.number("the xid")?) } else { None };
    lexer.end()?;
    Ok(xid)
}

/// `COMMIT [xid] [(at TIMESTAMP)]`, behind the word: xid, and microseconds since 1970.
pub(super) fn commit(mut lexer: Lexer<'_>) -> Result<(Option<u32>, i64), Fault> {
    let is_told = matches!(lexer.rest(), [b' ', b'0'..=b'9', ..]);
    let xid = if is_told {
        lexer.expect(" ")?;
        Some(lexer.number("the xid")?)
    } else {
        None
    };
    Ok((xid, at(lexer)?))
}

/// A transaction in two phases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Phase {
    /// The name that the application gave it.
    pub(super) gid: Vec<u8>,
    pub(super) xid: Option<u32>,
    /// Microseconds since 1970.
    pub(super) time: i64,
}

/// `'gid'[, txid xid] [(at TIMESTAMP)]`, behind `PREPARE TRANSACTION`, `COMMIT PREPARED` or `ROLLBACK PREPARED`.
pub(super) fn phase(mut lexer: Lexer<'_>) -> Result<Phase, Fault> {
    lexer.expect(" ")?;
    let gid = lexer.string("the transaction's name")?;
    let xid = if lexer.take(b", txid ") { Some(lexer.number("the xid")?) } else { None };
    Ok(Phase { gid, xid, time: at(lexer)? })
}

/// `[ (at TIMESTAMP)]` and nothing more: microseconds since 1970, 0 where it is not told.
fn at(mut lexer: Lexer<'_>) -> Result<i64, Fault> {
    if lexer.is_end() {
        return Ok(0);
    }
    lexer.expect(" (at ")?;
    let wrong = |lexer: &Lexer<'_>| Fault::new(lexer.at(), What::Misplaced("the time can't be read"));
    let Some(time) = lexer.rest().strip_suffix(b")") else { return Err(wrong(&lexer)) };
    let time = std::str::from_utf8(time).ok().and_then(|time| time.parse::<PgTimestampTz>().ok());
    time.and_then(PgTimestampTz::micros_since_1970).ok_or_else(|| wrong(&lexer))
}

/// A logical message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MessageLine {
    pub(super) is_transactional: bool,
    pub(super) prefix: Range<usize>,
    pub(super) content: Range<usize>,
}

/// `transactional: 0|1 prefix: P, sz: N content:BYTES`, behind `message: `.
///
/// Neither prefix nor content is quoted. Where the prefix looks like what follows it, what ends where it says it does
/// is the content; a line that can be read in two ways has the shorter prefix.
pub(super) fn message(mut lexer: Lexer<'_>) -> Result<MessageLine, Fault> {
    lexer.expect("transactional: ")?;
    let is_transactional = lexer.number::<u8>("whether the message is transactional")? != 0;
    lexer.expect(" prefix: ")?;
    let start = lexer.at();
    let rest = lexer.rest();
    for at in memchr::memmem::find_iter(rest, ", sz: ") {
        let mut tail = Lexer::new(rest.get(at..).unwrap_or_default());
        tail.expect(", sz: ")?;
        let Ok(size) = tail.number::<usize>("the content's size") else { continue };
        if tail.take(b" content:") && tail.rest().len() == size {
            let content = start + at + tail.at();
            return Ok(MessageLine {
                is_transactional,
                prefix: start..start + at,
                content: content..content + size,
            });
        }
    }
    Err(Fault::new(start, What::Truncated("the message's content")))
}

/// The flags of a TRUNCATE, behind `TRUNCATE:`.
pub(super) fn truncate_options(mut lexer: Lexer<'_>) -> Result<TruncateOptions, Fault> {
    let is_plain = lexer.take(b" (no-flags)");
    let restart_identity = !is_plain && lexer.take(b" restart_seqs");
    let cascade = !is_plain && lexer.take(b" cascade");
    lexer.end()?;
    if is_plain || restart_identity || cascade {
        Ok(TruncateOptions::new(cascade, restart_identity))
    } else {
        Err(lexer.expected("the flags of a TRUNCATE"))
    }
}

/// The names of a TRUNCATE's tables, which are known to be well formed.
#[derive(Debug, Clone, Copy)]
pub(super) struct TableNames<'a>(pub(super) Lexer<'a>);

impl<'a> Iterator for TableNames<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let table = self.0.table().ok();
        self.0.take(b", ");
        table
    }
}
