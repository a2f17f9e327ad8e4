//! Lines of `test_decoding`.
//!
//! Written from what the plugin prints and not from the decoder, so that the two check each other.
//!
//! ```
//! use pg_cdc_testkit::encode::test_decoding::{Cell, Line};
//!
//! let id = Cell::of("id", "integer", Some(b"1"));
//! let note = Cell::of("Note", "text", Some(b"it's"));
//! let insert = Line::Insert { table: ("public".into(), "t".into()), new: vec![id, note] };
//! assert_eq!(&insert.encode()[..], br#"table public.t: INSERT: id[integer]:1 "Note"[text]:'it''s'"#);
//! ```

mod cell;

use bytes::Bytes;
pub use cell::{Cell, Literal, quote};

/// A table's schema and name.
pub type Name = (String, String);

/// One line, with xids and with timestamps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// `BEGIN`
    Begin {
        /// The transaction's id.
        xid: u32,
    },
    /// `COMMIT`
    Commit {
        /// The transaction's id.
        xid: u32,
        /// When, as the server prints it.
        time: String,
    },
    /// `INSERT`
    Insert {
        /// The table.
        table: Name,
        /// The new row.
        new: Vec<Cell>,
    },
    /// `UPDATE`
    Update {
        /// The table.
        table: Name,
        /// The old row, where it was written: what is NULL in it is left out.
        old: Option<Vec<Cell>>,
        /// The new row.
        new: Vec<Cell>,
    },
    /// `DELETE`
    Delete {
        /// The table.
        table: Name,
        /// The old row; `None` for a table without a replica identity.
        old: Option<Vec<Cell>>,
    },
    /// `TRUNCATE`
    Truncate {
        /// The tables.
        tables: Vec<Name>,
        /// `RESTART IDENTITY`
        restart_identity: bool,
        /// `CASCADE`
        cascade: bool,
    },
    /// A logical message.
    Message {
        /// Whether it belongs to a transaction.
        transactional: bool,
        /// The prefix.
        prefix: Vec<u8>,
        /// The content.
        content: Vec<u8>,
    },
    /// `PREPARE TRANSACTION`, `COMMIT PREPARED`, `ROLLBACK PREPARED`: the words in front, and the rest.
    Phase {
        /// The words.
        words: &'static str,
        /// The name that the application gave it.
        gid: String,
        /// The transaction's id.
        xid: u32,
        /// When, as the server prints it.
        time: String,
    },
}

impl Line {
    /// The line.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        let mut out = Vec::new();
        self.encode_into(&mut out);
        out.into()
    }

    /// Appends the line.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        match self {
            Self::Begin { xid } => put(out, &["BEGIN ", &xid.to_string()]),
            Self::Commit { xid, time } => put(out, &["COMMIT ", &xid.to_string(), " (at ", time, ")"]),
            Self::Insert { table, new } => {
                put(out, &["table ", &qualified(table), ": INSERT:"]);
                put_row(out, new);
            }
            Self::Update { table, old, new } => {
                put(out, &["table ", &qualified(table), ": UPDATE:"]);
                if let Some(old) = old {
                    put(out, &[" old-key:"]);
                    put_old_row(out, old);
                    put(out, &[" new-tuple:"]);
                }
                put_row(out, new);
            }
            Self::Delete { table, old } => {
                put(out, &["table ", &qualified(table), ": DELETE:"]);
                match old {
                    Some(old) => put_old_row(out, old),
                    None => put(out, &[" (no-tuple-data)"]),
                }
            }
            Self::Truncate { tables, restart_identity, cascade } => {
                let names = tables.iter().map(qualified).collect::<Vec<_>>().join(", ");
                put(out, &["table ", &names, ": TRUNCATE:"]);
                put(out, &[if *restart_identity { " restart_seqs" } else { "" }]);
                put(out, &[if *cascade { " cascade" } else { "" }]);
                put(out, &[if *restart_identity || *cascade { "" } else { " (no-flags)" }]);
            }
            Self::Message { transactional, prefix, content } => {
                let transactional = if *transactional { "1" } else { "0" };
                put(out, &["message: transactional: ", transactional, " prefix: "]);
                out.extend_from_slice(prefix);
                put(out, &[", sz: ", &content.len().to_string(), " content:"]);
                out.extend_from_slice(content);
            }
            Self::Phase { words, gid, xid, time } => {
                let gid = gid.replace('\'', "''");
                let gid = match gid.contains('\\') {
                    true => format!("E'{}'", gid.replace('\\', "\\\\")),
                    false => format!("'{gid}'"),
                };
                put(out, &[words, " ", &gid, ", txid ", &xid.to_string(), " (at ", time, ")"]);
            }
        }
    }
}

fn put(out: &mut Vec<u8>, words: &[&str]) {
    words.iter().for_each(|word| out.extend_from_slice(word.as_bytes()));
}

fn put_row(out: &mut Vec<u8>, row: &[Cell]) {
    row.iter().for_each(|cell| cell.encode_into(out));
}

fn put_old_row(out: &mut Vec<u8>, row: &[Cell]) {
    row.iter().filter(|cell| cell.literal != Literal::Null).for_each(|cell| cell.encode_into(out));
}

fn qualified((schema, name): &Name) -> String {
    format!("{}.{}", quote(schema), quote(name))
}
