//! walminer's SQL text, taken apart.
//!
//! It looks like SQL, and isn't quite: version 1 does not double quotes in identifiers, so that only the table's own
//! column names tell where one ends; and it prints values of a few types bare, whatever is in them. Version 3 quotes
//! identifiers as SQL has it, and doubles the quotes of text twice. The two are told apart by the semicolon that ends
//! each statement of version 1 and none of version 3.
//!
//! What comes out is where each column's value is: nothing is copied, and nothing is allocated once the list that takes
//! it in has grown.

mod layout;
mod scan;
mod v1;
mod v3;

use std::borrow::Cow;

use pg_cdc_core::walminer::Verb;

pub(super) use layout::{Layout, not_told};

/// What was wrong with a statement, and where in it. Boxed, so that a result that holds none is small.
#[derive(Debug)]
pub(super) struct Wrong(Box<(usize, Cow<'static, str>)>);

impl Wrong {
    #[cold]
    pub(super) fn new(offset: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new((offset, what.into())))
    }

    pub(super) fn offset(&self) -> usize {
        self.0.0
    }

    pub(super) fn what(&self) -> &str {
        &self.0.1
    }
}

/// What a statement says of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Assigned {
    /// The column's index in the table; `None` for one that nobody reads.
    pub(super) column: Option<u16>,
    pub(super) value: Value,
    /// Where the value stands in the statement.
    pub(super) at: usize,
}

/// A value in a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// NULL.
    Null,
    /// Its PostgreSQL text is between these offsets, where each quote stands `quotes` times; 1 where it can be taken as
    /// it is.
    Text { start: usize, end: usize, quotes: u8 },
    /// Its bytes as they were on disk, `encode('\x…', 'hex')`: never of a column that is read.
    Bytes,
    /// A value out of line that is not in the WAL that was mined: never a new one.
    OutOfLine,
}

/// What a statement says: reused from one to the next.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Parsed {
    /// VALUES or SET.
    pub(super) new: Vec<Assigned>,
    /// WHERE.
    pub(super) old: Vec<Assigned>,
    /// Whether a column that a row is not told of is NULL in it: version 1 leaves those of an INSERT out.
    pub(super) nulls_left_out: bool,
}

/// The table that a statement must be of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) verb: Verb,
    pub(super) schema: &'a str,
    pub(super) relation: &'a str,
}

/// What is said in place of a value that could not be restored. Version 1 (sic), then version 3.
const MISSING: [&[u8]; 3] =
    [b"(NOTICE:wal is not enought.);", b"(NOTICE:wal is not enough.);", b"(WALMINER_DATA_MISSED)"];

/// Takes `text` apart into `parsed`.
///
/// # Errors
///
/// Where it is not what walminer prints for this table.
pub(super) fn parse(
    text: &[u8],
    target: Target<'_>,
    layout: &Layout,
    parsed: &mut Parsed,
) -> Result<(), Wrong> {
    parsed.new.clear();
    parsed.old.clear();
    if let Some(marker) = MISSING.iter().find(|marker| text.ends_with(marker)) {
        return Err(Wrong::new(
            text.len() - marker.len(),
            "walminer could not restore the row: the WAL that it was given begins too late",
        ));
    }
    let is_first = text.ends_with(b";");
    parsed.nulls_left_out = is_first && target.verb == Verb::Insert;
    if is_first { v1::parse(text, target, layout, parsed) } else { v3::parse(text, target, layout, parsed) }
}
