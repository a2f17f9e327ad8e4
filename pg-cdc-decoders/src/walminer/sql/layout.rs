//! What must be known of a table to read its statements.

use pg_cdc_core::types::oid;
use pg_cdc_core::walminer::Release;
use pg_cdc_core::{Table, TableFacts};

use super::Wrong;

/// A table's columns, as the statements have them.
#[derive(Debug)]
pub(in super::super) struct Layout {
    /// Those that are read, in the table's order, which is the statements' too.
    pub(super) columns: Vec<Column>,
    /// Names of those that are not.
    pub(super) left_out: Vec<Box<str>>,
    /// Indexes of those that every old row has: the key's, else all; none where it is not known.
    pub(super) told: Vec<u16>,
    /// Whether a name holds a quote: then a statement may be read in more than one way.
    pub(super) has_quotes: bool,
}

#[derive(Debug)]
pub(super) struct Column {
    pub(super) name: Box<str>,
    pub(super) form: Form,
}

/// How the values of a type are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Digits and letters: bare.
    Number,
    /// In quotes, those inside doubled, by version 3 twice.
    Text,
    /// In quotes; there are none inside.
    Quoted,
    /// An array: in quotes, but bare by version 1 where the catalog has no number of dimensions for its column. Those of
    /// text are doubled as text is.
    Array { of_text: bool },
    /// `"char"`: one character, bare by version 1, whatever it is.
    Char,
    /// Bare by version 1, in quotes by version 3.
    Bare,
    /// So that the value can't be had from it, and why.
    Lossy(&'static str),
}

impl Layout {
    pub(in super::super) fn new(facts: &TableFacts) -> Self {
        Self::of(&facts.table, facts.left_out.iter().map(|name| &**name))
    }

    pub(in super::super) fn of<'a>(table: &Table, left_out: impl Iterator<Item = &'a str>) -> Self {
        let columns: Vec<Column> = table
            .columns
            .iter()
            .map(|column| Column { name: (*column.name).into(), form: Form::of(column.type_.oid) })
            .collect();
        let left_out: Vec<Box<str>> = left_out.map(Into::into).collect();
        let names = columns.iter().map(|column| &column.name).chain(&left_out);
        let has_quotes = names.into_iter().any(|name| name.contains('"'));
        let told = match table.key.is_empty() {
            false => table.key.clone(),
            // The key may be among those that are left out.
            true if !left_out.is_empty() => Vec::new(),
            true => (0..columns.len()).filter_map(|index| u16::try_from(index).ok()).collect(),
        };
        Self { columns, left_out, told, has_quotes }
    }

    /// How values of the column at `index` are printed; those of columns that nobody reads may be anything.
    pub(super) fn form(&self, index: Option<u16>) -> Form {
        let column = index.and_then(|index| self.columns.get(usize::from(index)));
        column.map_or(Form::Bare, |column| column.form)
    }

    /// An error about the value at `offset` of the column at `index`.
    #[cold]
    pub(in super::super) fn wrong(&self, index: Option<u16>, offset: usize, what: &str) -> Wrong {
        let column = index.and_then(|index| self.columns.get(usize::from(index)));
        match column {
            Some(column) => Wrong::new(offset, format!("column {}: {what}", column.name)),
            None => Wrong::new(offset, what.to_owned()),
        }
    }
}

const SIGN: &str = "walminer prints money without its sign; leave the column out";
const QUOTES: &str = "walminer prints text search values without their quotes; leave the column out";

const BYTES: &str =
    "version 1 of walminer prints values of types that are not built in as their bytes; leave the column out";

const OF_TEXT: Form = Form::Array { of_text: true };

/// Why the values of a type can't be had from what `release` prints of them, where they can't.
pub(in super::super) fn not_told(release: Release, type_oid: u32) -> Option<&'static str> {
    match Form::of(type_oid) {
        Form::Lossy(why) => Some(why),
        _ if release == Release::First && oid::name_of(type_oid).is_none() => Some(BYTES),
        _ => None,
    }
}

impl Form {
    /// By the type, as `ifquoneed` and `convertAttrToStr` of version 1 and `print_literal` of version 3 have it.
    fn of(type_oid: u32) -> Self {
        match type_oid {
            oid::INT2 | oid::INT4 | oid::INT8 | oid::FLOAT4 | oid::FLOAT8 | oid::NUMERIC => Self::Number,
            oid::OID | oid::XID | oid::CID | oid::XID8 => Self::Number,
            oid::TEXT | oid::VARCHAR | oid::BPCHAR | oid::NAME | oid::JSON | oid::JSONB | oid::XML => {
                Self::Text
            }
            oid::CHAR => Self::Char,
            oid::MONEY => Self::Lossy(SIGN),
            oid::TSVECTOR | oid::TSQUERY => Self::Lossy(QUOTES),
            oid::TEXT_ARRAY | oid::VARCHAR_ARRAY | oid::BPCHAR_ARRAY | oid::NAME_ARRAY | oid::CHAR_ARRAY => {
                OF_TEXT
            }
            oid::JSON_ARRAY | oid::JSONB_ARRAY | oid::XML_ARRAY => OF_TEXT,
            oid::BOOL | oid::BYTEA | oid::UUID | oid::BIT | oid::VARBIT => Self::Quoted,
            oid::DATE | oid::TIME | oid::TIMETZ | oid::TIMESTAMP | oid::TIMESTAMPTZ => Self::Quoted,
            oid::INTERVAL | oid::TSRANGE | oid::TSTZRANGE => Self::Quoted,
            oid::INET | oid::CIDR | oid::MACADDR => Self::Quoted,
            oid::POINT | oid::LINE | oid::LSEG | oid::BOX | oid::PATH | oid::POLYGON | oid::CIRCLE => {
                Self::Quoted
            }
            other if oid::name_of(other).is_some_and(|name| name.starts_with('_')) => {
                Self::Array { of_text: false }
            }
            _ => Self::Bare,
        }
    }
}
