//! Columns with their values.

/// A column, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// Its name.
    pub name: String,
    /// Its type as `format_type` prints it.
    pub type_: String,
    /// Its value.
    pub literal: Literal,
}

/// A value, as it is printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// `null`
    Null,
    /// `unchanged-toast-datum`
    Unchanged,
    /// A number.
    Bare(Vec<u8>),
    /// `true` or `false`
    Bool(bool),
    /// `B'…'`
    Bits(Vec<u8>),
    /// `'…'`
    Quoted(Vec<u8>),
}

impl Cell {
    /// The column `name` of the type that is printed as `type_`, whose text is `text`.
    #[must_use]
    pub fn of(name: &str, type_: &str, text: Option<&[u8]>) -> Self {
        let literal = match (text, type_) {
            (None, _) => Literal::Null,
            (
                Some(text),
                "smallint" | "integer" | "bigint" | "oid" | "real" | "double precision" | "numeric",
            ) => Literal::Bare(text.to_vec()),
            (Some(text), "boolean") => Literal::Bool(text == b"t"),
            (Some(text), "bit" | "bit varying") => Literal::Bits(text.to_vec()),
            (Some(text), _) => Literal::Quoted(text.to_vec()),
        };
        Self { name: name.to_owned(), type_: type_.to_owned(), literal }
    }

    /// The same, with its value left where it is.
    #[must_use]
    pub fn unchanged(mut self) -> Self {
        self.literal = Literal::Unchanged;
        self
    }

    /// What the column's text is.
    #[must_use]
    pub fn text(&self) -> Option<&[u8]> {
        match &self.literal {
            Literal::Null | Literal::Unchanged => None,
            Literal::Bool(value) => Some(if *value { b"t" } else { b"f" }),
            Literal::Bare(text) | Literal::Bits(text) | Literal::Quoted(text) => Some(text),
        }
    }

    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        out.push(b' ');
        out.extend_from_slice(quote(&self.name).as_bytes());
        out.push(b'[');
        out.extend_from_slice(self.type_.as_bytes());
        out.extend_from_slice(b"]:");
        match &self.literal {
            Literal::Null => out.extend_from_slice(b"null"),
            Literal::Unchanged => out.extend_from_slice(b"unchanged-toast-datum"),
            Literal::Bare(text) => out.extend_from_slice(text),
            Literal::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Literal::Bits(text) => {
                out.extend_from_slice(b"B'");
                out.extend_from_slice(text);
                out.push(b'\'');
            }
            Literal::Quoted(text) => {
                out.push(b'\'');
                for &byte in text {
                    out.extend(std::iter::repeat_n(byte, if byte == b'\'' { 2 } else { 1 }));
                }
                out.push(b'\'');
            }
        }
    }
}

/// An identifier as the server prints it: in quotes where it needs them. Of the keywords only a few are known.
#[must_use]
pub fn quote(name: &str) -> String {
    let is_plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        && !matches!(name, "select" | "table" | "char" | "user" | "order" | "values" | "time" | "null");
    if is_plain { name.to_owned() } else { format!("\"{}\"", name.replace('"', "\"\"")) }
}
