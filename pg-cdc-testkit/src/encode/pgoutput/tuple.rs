//! Tuples.

use bytes::BufMut;

use super::count;

/// One column of a tuple.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// `n`
    Null,
    /// `u`: a TOASTed value that did not change.
    Unchanged,
    /// `t`
    Text(Vec<u8>),
    /// `b`
    Binary(Vec<u8>),
}

impl Value {
    /// A value in text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into().into_bytes())
    }
}

/// The old tuple of an update or delete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Old {
    /// `K`: only the columns of the replica identity mean something.
    Key(Vec<Value>),
    /// `O`: the whole row.
    Row(Vec<Value>),
}

impl Old {
    pub(super) fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Key(key) => put_tuple(out, b'K', key),
            Self::Row(row) => put_tuple(out, b'O', row),
        }
    }
}

pub(super) fn put_tuple(out: &mut Vec<u8>, kind: u8, values: &[Value]) {
    out.put_u8(kind);
    out.put_u16(count(values) as u16);
    for value in values {
        match value {
            Value::Null => out.put_u8(b'n'),
            Value::Unchanged => out.put_u8(b'u'),
            Value::Text(text) => put_value(out, b't', text),
            Value::Binary(binary) => put_value(out, b'b', binary),
        }
    }
}

fn put_value(out: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    out.put_u8(kind);
    out.put_u32(count(bytes));
    out.put_slice(bytes);
}
