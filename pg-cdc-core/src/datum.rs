//! One column's value as it came.

/// A value as the server sent it, or which kind of nothing stands in its place.
///
/// The four kinds of nothing are different facts and stay apart everywhere: writing one for another puts a
/// placeholder or a false NULL into a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Datum<'a> {
    /// SQL's NULL.
    Null,
    /// A TOASTed value that the UPDATE did not touch and the server did not send.
    Unchanged,
    /// A column of an old row that is not part of the table's replica identity.
    NotInIdentity,
    /// The column was not published, or did not exist.
    Absent,
    /// PostgreSQL's text form (the output of the type's `typoutput`), in UTF-8; of a database in SQL_ASCII any bytes,
    /// unless the source was told what to make of them ([`InvalidText`](crate::InvalidText)).
    Text(&'a [u8]),
    /// PostgreSQL's binary form (the output of the type's `typsend`).
    Binary(&'a [u8]),
}

impl<'a> Datum<'a> {
    /// Whether it holds a value or NULL: a sink may write it.
    #[must_use]
    pub fn is_known(self) -> bool {
        matches!(self, Self::Null | Self::Text(_) | Self::Binary(_))
    }

    /// The bytes of a value, whatever their encoding.
    #[must_use]
    pub fn bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Text(bytes) | Self::Binary(bytes) => Some(bytes),
            _ => None,
        }
    }
}
