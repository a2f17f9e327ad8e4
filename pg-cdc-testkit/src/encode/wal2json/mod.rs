//! Messages of `wal2json`, format versions 1 and 2.
//!
//! Written from what the plugin prints, 2.3 to 2.6, and not from the decoder, so that the two check each other.
//!
//! ```
//! use pg_cdc_core::{Lsn, ReplicaIdentity};
//! use pg_cdc_testkit::encode::wal2json::{Change, Column, Format, Table, Transaction, Value};
//!
//! let columns = vec![Column::new("id", "integer", 23).in_key(), Column::new("v", "text", 25)];
//! let table = Table::new("public", "t", columns, ReplicaIdentity::Default).into();
//! let new = vec![Value::text("1"), Value::text("a\"b")];
//! let transaction = Transaction::new(7, Lsn::new(100), Lsn::new(110), vec![Change::Insert { table, new }]);
//! let frames = Format::default().v2(&transaction);
//! assert_eq!(
//!     frames[1].1,
//!     r#"{"action":"I","xid":7,"timestamp":"1970-01-01 00:00:00+00","origin":0,"lsn":"0/1","schema":"public","table":"t","#
//!         .to_owned()
//!         + r#""columns":[{"name":"id","type":"integer","typeoid":23,"value":1},{"name":"v","type":"text","typeoid":25,"#
//!         + r#""value":"a\"b"}],"pk":[{"name":"id","type":"integer","typeoid":23}]}"#
//! );
//! ```

mod table;
mod text;
mod v1;
mod v2;

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::Lsn;

pub use table::{Column, Row, Table, Value};
use text::Out;

/// One message and its position.
pub type Frame = (Lsn, Bytes);

/// A transaction that committed.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its id.
    pub xid: u32,
    /// Start of its commit record.
    pub commit_lsn: Lsn,
    /// End of its commit record.
    pub end_lsn: Lsn,
    /// Microseconds since 1970-01-01 UTC.
    pub commit_time: i64,
    /// What it did. The positions are 0/1 and so on.
    pub changes: Vec<Change>,
}

impl Transaction {
    /// A transaction that committed at 1970-01-01 UTC.
    #[must_use]
    pub fn new(xid: u32, commit_lsn: Lsn, end_lsn: Lsn, changes: Vec<Change>) -> Self {
        Self { xid, commit_lsn, end_lsn, commit_time: 0, changes }
    }
}

/// What was done to a row, a table, or said.
#[derive(Debug, Clone)]
pub enum Change {
    /// INSERT.
    Insert {
        /// The table.
        table: Arc<Table>,
        /// The row.
        new: Row,
    },
    /// UPDATE.
    Update {
        /// The table.
        table: Arc<Table>,
        /// The old row, where it was written to WAL: the key's columns, the others NULL, or all of them.
        old: Option<Row>,
        /// The new row.
        new: Row,
    },
    /// DELETE.
    Delete {
        /// The table.
        table: Arc<Table>,
        /// The old row: the key's columns, the others NULL, or all of them.
        old: Row,
    },
    /// TRUNCATE of these tables, which format version 1 does not tell.
    Truncate(Vec<Arc<Table>>),
    /// A logical message.
    Message {
        /// Whether it is part of the transaction.
        transactional: bool,
        /// The prefix.
        prefix: String,
        /// The content, which is told up to the first zero byte.
        content: Vec<u8>,
    },
}

/// The plugin's options, as far as they change what it prints.
#[derive(Debug, Clone)]
pub struct Format {
    /// `include-pk`
    pub pk: bool,
    /// `include-origin`
    pub origin: bool,
    /// `numeric-data-types-as-string`
    pub numbers_as_strings: bool,
    /// `write-in-chunks`, in format version 1.
    pub chunks: bool,
    /// `pretty-print`, which format version 2 does not heed.
    pub pretty: bool,
    /// Seconds east of UTC, in which times are printed.
    pub zone: i32,
    /// As releases before 2.5 print format version 2: no OIDs of types, and their names in another pair of quotes.
    pub before_2_5: bool,
}

impl Default for Format {
    fn default() -> Self {
        Self {
            pk: true,
            origin: true,
            numbers_as_strings: false,
            chunks: true,
            pretty: false,
            zone: 0,
            before_2_5: false,
        }
    }
}

impl Format {
    /// A transaction in format version 2.
    #[must_use]
    pub fn v2(&self, transaction: &Transaction) -> Vec<Frame> {
        v2::frames(self, transaction)
    }

    /// A transaction in format version 1: one frame, or several where it is written in chunks. A message that is not
    /// transactional is one in any case, and goes before.
    #[must_use]
    pub fn v1(&self, transaction: &Transaction) -> Vec<Frame> {
        v1::frames(self, transaction)
    }
}
