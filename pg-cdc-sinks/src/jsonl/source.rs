//! The `source` block of Debezium's envelope.

use pg_cdc_core::Lsn;
use pg_cdc_core::batch::Transaction;

use super::options::JsonLinesOptions;
use super::value::json_string;
use super::value::{push_int, push_int_or_null, push_lsn};

/// Its pieces, made once a transaction.
pub(super) struct SourceText {
    /// `,"source":{"version":"…","connector":"postgresql","name":"…","ts_ms":`
    program: Vec<u8>,
    /// `,"db":"…","sequence":"[`
    database: Vec<u8>,
    of: Option<(Transaction, bool, Option<Lsn>)>,
    /// From `source` to the change's own LSN in `sequence`.
    head: Vec<u8>,
    /// `]","ts_us":1,"ts_ns":1`
    times: Vec<u8>,
    /// `,"txId":1,"lsn":`
    id: Vec<u8>,
    /// `,"xmin":null,"commit_lsn":1,"seq":`
    commit: Vec<u8>,
}

impl SourceText {
    pub(super) fn new(options: &JsonLinesOptions) -> Self {
        let parts: [&[u8]; 5] = [
            b",\"source\":{\"version\":",
            &json_string(&options.version),
            b",\"connector\":\"postgresql\",\"name\":",
            &json_string(&options.name),
            b",\"ts_ms\":",
        ];
        let database: [&[u8]; 3] = [b",\"db\":", &json_string(&options.database), b",\"sequence\":\"["];
        Self {
            program: parts.concat(),
            database: database.concat(),
            of: None,
            head: Vec::new(),
            times: Vec::new(),
            id: Vec::new(),
            commit: Vec::new(),
        }
    }

    /// The following blocks are of changes of `transaction`, or rows of a snapshot that shows it; `last_commit` is
    /// the end of the commit before.
    #[inline]
    pub(super) fn enter(&mut self, transaction: &Transaction, snapshot: bool, last_commit: Option<Lsn>) {
        let same = self.of.as_ref().is_some_and(|(known, read, commit)| {
            known == transaction && *read == snapshot && *commit == last_commit
        });
        if !same {
            self.make(transaction, snapshot, last_commit);
            self.of = Some((*transaction, snapshot, last_commit));
        }
    }

    fn make(&mut self, transaction: &Transaction, snapshot: bool, last_commit: Option<Lsn>) {
        let Self { program, database, head, times, id, commit, .. } = self;
        let time = transaction.commit_time;
        head.clear();
        head.extend_from_slice(program);
        push_int(time.div_euclid(1000), head);
        head.extend_from_slice(b",\"snapshot\":\"");
        head.extend_from_slice(if snapshot { b"true\"" } else { b"false\"" });
        head.extend_from_slice(database);
        push_quoted_lsn(last_commit.unwrap_or(Lsn::ZERO), head);
        head.push(b',');

        times.clear();
        times.extend_from_slice(b"]\",\"ts_us\":");
        push_int(time, times);
        times.extend_from_slice(b",\"ts_ns\":");
        push_int(i128::from(time) * 1000, times);

        id.clear();
        id.extend_from_slice(b",\"txId\":");
        push_int_or_null(transaction.xid, id);
        id.extend_from_slice(b",\"lsn\":");

        commit.clear();
        commit.extend_from_slice(b",\"xmin\":null,\"commit_lsn\":");
        push_lsn(transaction.commit_lsn, commit);
        commit.extend_from_slice(b",\"seq\":");
    }

    /// Appends the block of one change; `place` is its schema and table.
    #[inline]
    pub(super) fn push(&self, lsn: Lsn, place: &[u8], seq: u64, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.head);
        push_quoted_lsn(lsn, out);
        out.extend_from_slice(&self.times);
        out.extend_from_slice(place);
        out.extend_from_slice(&self.id);
        push_lsn(lsn, out);
        out.extend_from_slice(&self.commit);
        push_int(seq, out);
        out.push(b'}');
    }
}

/// Appends an LSN as a string within a JSON string, no LSN as `null`.
#[inline]
fn push_quoted_lsn(lsn: Lsn, out: &mut Vec<u8>) {
    if lsn == Lsn::ZERO {
        out.extend_from_slice(b"null");
    } else {
        out.extend_from_slice(b"\\\"");
        push_int(lsn.as_u64(), out);
        out.extend_from_slice(b"\\\"");
    }
}
