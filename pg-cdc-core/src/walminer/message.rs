//! walminer's result as messages: the seam between who runs the extension and who reads its statements.
//!
//! A format of our own, since walminer has a table and no stream. Integers are big-endian; a name is a 16-bit length and
//! as many bytes; the statement is the message's rest, so that its values are slices of the buffer.
//!
//! ```text
//! B  commit LSN u64, commit time i64 (µs since 1970 UTC), xid u32
//! I, U or D  change's LSN u64 (0: not told), number u32, schema, relation, statement
//! C  commit LSN u64, end LSN u64
//! ```

use crate::Lsn;

/// What a statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// INSERT.
    Insert,
    /// UPDATE.
    Update,
    /// DELETE.
    Delete,
}

impl Verb {
    /// By `op_type` of version 1.
    #[must_use]
    pub fn from_op_type(op_type: &str) -> Option<Self> {
        match op_type {
            "INSERT" => Some(Self::Insert),
            "UPDATE" => Some(Self::Update),
            "DELETE" => Some(Self::Delete),
            _ => None,
        }
    }

    /// By `sqlkind` of version 3.
    #[must_use]
    pub fn from_sqlkind(sqlkind: i32) -> Option<Self> {
        match sqlkind {
            1 => Some(Self::Insert),
            2 => Some(Self::Update),
            3 => Some(Self::Delete),
            _ => None,
        }
    }

    /// Its SQL keyword.
    #[must_use]
    pub fn keyword(self) -> &'static str {
        match self {
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
        }
    }

    fn tag(self) -> u8 {
        match self {
            Self::Insert => b'I',
            Self::Update => b'U',
            Self::Delete => b'D',
        }
    }
}

/// One message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The rows of a transaction follow.
    Begin {
        /// What stands for its place among the commits: see [`Position`](crate::Position).
        commit_lsn: Lsn,
        /// Microseconds since 1970-01-01 UTC.
        commit_time: i64,
        /// The id of the whole transaction.
        xid: u32,
    },
    /// A row of the result.
    Row(MinedRow<'a>),
    /// The transaction is whole.
    Commit {
        /// As in its begin.
        commit_lsn: Lsn,
        /// The commit record's end, where it is known; else as `commit_lsn`.
        end_lsn: Lsn,
    },
}

/// A row of the result: one statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinedRow<'a> {
    /// What it does.
    pub verb: Verb,
    /// The change's LSN; zero where walminer does not tell it.
    pub lsn: Lsn,
    /// Its number in walminer's own count (`virtualxid`, `sqlno`), for messages.
    pub number: u32,
    /// The table's schema.
    pub schema: &'a str,
    /// The table.
    pub relation: &'a str,
    /// `op_text`.
    pub statement: &'a [u8],
}

/// What is wrong with the bytes of a message, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed {
    /// Offset in bytes.
    pub offset: usize,
    /// What was expected there.
    pub what: &'static str,
}

impl<'a> Message<'a> {
    /// Adds the message to `out`.
    ///
    /// # Errors
    ///
    /// Where a name is longer than 65,535 bytes, which PostgreSQL's are not; nothing is added then.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), Malformed> {
        match self {
            Self::Begin { commit_lsn, commit_time, xid } => {
                out.push(b'B');
                out.extend_from_slice(&commit_lsn.as_u64().to_be_bytes());
                out.extend_from_slice(&commit_time.to_be_bytes());
                out.extend_from_slice(&xid.to_be_bytes());
            }
            Self::Commit { commit_lsn, end_lsn } => {
                out.push(b'C');
                out.extend_from_slice(&commit_lsn.as_u64().to_be_bytes());
                out.extend_from_slice(&end_lsn.as_u64().to_be_bytes());
            }
            Self::Row(row) => {
                let length = |name: &str| {
                    u16::try_from(name.len())
                        .map_err(|_| Malformed { offset: 0, what: "a name of at most 65,535 bytes" })
                };
                let (schema, relation) = (length(row.schema)?, length(row.relation)?);
                out.push(row.verb.tag());
                out.extend_from_slice(&row.lsn.as_u64().to_be_bytes());
                out.extend_from_slice(&row.number.to_be_bytes());
                for (length, name) in [(schema, row.schema), (relation, row.relation)] {
                    out.extend_from_slice(&length.to_be_bytes());
                    out.extend_from_slice(name.as_bytes());
                }
                out.extend_from_slice(row.statement);
            }
        }
        Ok(())
    }

    /// The message that `bytes` are.
    ///
    /// # Errors
    ///
    /// Where they are none.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader { bytes, offset: 0 };
        let [tag] = reader.array("a message's tag")?;
        let message = match tag {
            b'B' => Self::Begin {
                commit_lsn: reader.lsn("the commit's LSN")?,
                commit_time: i64::from_be_bytes(reader.array("the commit time")?),
                xid: u32::from_be_bytes(reader.array("the xid")?),
            },
            b'C' => Self::Commit {
                commit_lsn: reader.lsn("the commit's LSN")?,
                end_lsn: reader.lsn("the commit's end")?,
            },
            b'I' => return reader.row(Verb::Insert),
            b'U' => return reader.row(Verb::Update),
            b'D' => return reader.row(Verb::Delete),
            _ => return Err(Malformed { offset: 0, what: "a message's tag (B, I, U, D or C)" }),
        };
        match reader.rest().is_empty() {
            true => Ok(message),
            false => Err(reader.expected("the message's end")),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    offset: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.offset..).unwrap_or_default()
    }

    #[cold]
    fn expected(&self, what: &'static str) -> Malformed {
        Malformed { offset: self.offset, what }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], Malformed> {
        let array = self.rest().first_chunk().ok_or_else(|| self.expected(what))?;
        self.offset += N;
        Ok(*array)
    }

    fn lsn(&mut self, what: &'static str) -> Result<Lsn, Malformed> {
        self.array(what).map(|bytes| Lsn::new(u64::from_be_bytes(bytes)))
    }

    fn name(&mut self, what: &'static str) -> Result<&'a str, Malformed> {
        let length = usize::from(u16::from_be_bytes(self.array(what)?));
        let bytes = self.rest().get(..length).ok_or_else(|| self.expected(what))?;
        let name = std::str::from_utf8(bytes)
            .map_err(|error| Malformed { offset: self.offset + error.valid_up_to(), what })?;
        self.offset += length;
        Ok(name)
    }

    fn row(&mut self, verb: Verb) -> Result<Message<'a>, Malformed> {
        Ok(Message::Row(MinedRow {
            verb,
            lsn: self.lsn("the change's LSN")?,
            number: u32::from_be_bytes(self.array("the row's number")?),
            schema: self.name("the schema's name")?,
            relation: self.name("the relation's name")?,
            statement: self.rest(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::collection::vec;
    use proptest::prelude::*;

    fn lsn() -> impl Strategy<Value = Lsn> {
        any::<u64>().prop_map(Lsn::new)
    }

    proptest! {
        #[test]
        fn messages_come_back_as_they_were(
            commit_lsn in lsn(), lsn in lsn(), commit_time in any::<i64>(), xid in any::<u32>(), number in any::<u32>(),
            schema in ".{0,20}", relation in ".{0,20}", statement in vec(any::<u8>(), 0..50),
            verb in proptest::sample::select(vec![Verb::Insert, Verb::Update, Verb::Delete]),
        ) {
            let (schema, relation, statement) = (&*schema, &*relation, &*statement);
            for message in [
                Message::Begin { commit_lsn, commit_time, xid },
                Message::Row(MinedRow { verb, lsn, number, schema, relation, statement }),
                Message::Commit { commit_lsn, end_lsn: lsn },
            ] {
                let mut bytes = Vec::new();
                message.write(&mut bytes).unwrap();
                prop_assert_eq!(Message::read(&bytes), Ok(message));
                let fixed = bytes.len() - if let Message::Row(row) = message { row.statement.len() } else { 0 };
                for short in 0..fixed {
                    let error = Message::read(&bytes[..short]).unwrap_err();
                    prop_assert!(error.offset <= short);
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..60)) {
            if let Err(error) = Message::read(&bytes) {
                prop_assert!(error.offset <= bytes.len());
            }
        }
    }

    #[test]
    fn a_name_that_has_no_room_is_refused() {
        let long = "x".repeat(65_536);
        let row = MinedRow {
            verb: Verb::Insert,
            lsn: Lsn::ZERO,
            number: 1,
            schema: "s",
            relation: &long,
            statement: b"",
        };
        let mut out = Vec::new();
        assert!(Message::Row(row).write(&mut out).is_err());
        assert!(out.is_empty());
    }
}
