//! Batches made by hand.

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Op, TooLarge, Transaction, TruncateOptions};
use pg_cdc_core::{Lsn, Position, ServerId, SnapshotProgress, Table};

use super::Cell;

/// A transaction's room in the made-up log, in bytes.
const TRANSACTION_LENGTH: u64 = 1 << 24;
/// From one change to the next.
const CHANGE_LENGTH: u64 = 64;
/// From the start of a commit record to its end.
const COMMIT_LENGTH: u64 = 48;
/// 2024-01-01 00:00:00 UTC, in microseconds since 1970-01-01 UTC.
const FIRST_COMMIT: i64 = 1_704_067_200_000_000;

/// Makes one batch after another, with LSNs, transaction ids, times and positions as a source would give them: the
/// same calls give the same.
///
/// A batch may end anywhere, also within a transaction or a snapshot: [`finish`](Self::finish) gives what was made
/// since the last call, with the [`Position`] it leads to.
#[derive(Debug)]
pub struct BatchMaker {
    batch: ChangeBatch,
    failed: Option<TooLarge>,
    transactions: u64,
    /// The transaction under way and how many changes it has had.
    current: Option<(Transaction, u64)>,
    position: Position,
}

impl Default for BatchMaker {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchMaker {
    /// Starts at the log's beginning, for the source `test`.
    #[must_use]
    pub fn new() -> Self {
        let server = ServerId { system_id: 7_000_000_000_000_000_001, timeline: 1 };
        Self {
            batch: ChangeBatch::new(),
            failed: None,
            transactions: 0,
            current: None,
            position: Position::at("test".into(), server, Lsn::new(TRANSACTION_LENGTH)),
        }
    }

    /// Where the source stands after what was made so far.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// The batch of everything since the last call.
    ///
    /// # Errors
    ///
    /// Where a value was larger than a batch can hold.
    pub fn finish(&mut self) -> Result<ChangeBatch, TooLarge> {
        let mut batch = std::mem::take(&mut self.batch);
        batch.set_position(self.position.clone());
        match self.failed.take() {
            Some(error) => Err(error),
            None => Ok(batch),
        }
    }

    /// Begins the next transaction.
    pub fn begin(&mut self) -> &mut Self {
        let transaction = self.next_transaction();
        self.current = Some((transaction, 0));
        self.batch.enter(&transaction);
        self.batch.begin();
        self
    }

    /// Goes on with the transaction under way in a new batch: called by every change on its own.
    fn enter(&mut self) -> (Lsn, u64) {
        let (transaction, changes) = match self.current {
            Some(current) => current,
            None => (self.next_transaction(), 0),
        };
        self.current = Some((transaction, changes + 1));
        self.batch.enter(&transaction);
        self.position.commit_lsn = transaction.commit_lsn;
        self.position.seq = Some(changes);
        let start = transaction.commit_lsn.as_u64() - TRANSACTION_LENGTH / 2;
        (Lsn::new(start + changes * CHANGE_LENGTH), changes)
    }

    fn next_transaction(&mut self) -> Transaction {
        self.transactions += 1;
        let number = self.transactions;
        let commit_lsn = Lsn::new((number + 1) * TRANSACTION_LENGTH);
        let xid = u32::try_from(700 + number).ok();
        let time = FIRST_COMMIT + i64::try_from(number).unwrap_or(0) * 1_000_123;
        Transaction::new(xid, commit_lsn, time)
    }

    /// Commits the transaction under way.
    pub fn commit(&mut self) -> &mut Self {
        if let Some((transaction, changes)) = self.current.take() {
            self.batch.enter(&transaction);
            let end = Lsn::new(transaction.commit_lsn.as_u64() + COMMIT_LENGTH);
            self.batch.commit(end, changes);
            self.position.commit_lsn = transaction.commit_lsn;
            self.position.seq = None;
            self.position.confirmed = end;
        }
        self
    }

    /// A row of the snapshot.
    pub fn read(&mut self, table: &Arc<Table>, row: &[Cell<'_>]) -> &mut Self {
        let point = self.position.confirmed;
        self.batch.enter(&Transaction::new(None, point, FIRST_COMMIT));
        self.change(Op::Read, table, &[], row, (point, 0))
    }

    /// INSERT.
    pub fn insert(&mut self, table: &Arc<Table>, row: &[Cell<'_>]) -> &mut Self {
        let at = self.enter();
        self.change(Op::Insert, table, &[], row, at)
    }

    /// UPDATE for which the server sent no old row.
    pub fn update(&mut self, table: &Arc<Table>, row: &[Cell<'_>]) -> &mut Self {
        let at = self.enter();
        self.change(Op::Update, table, &[], row, at)
    }

    /// UPDATE with the old row, as far as the replica identity holds it: the key changed, or the identity is FULL.
    pub fn update_from(&mut self, table: &Arc<Table>, old: &[Cell<'_>], row: &[Cell<'_>]) -> &mut Self {
        let at = self.enter();
        self.change(Op::Update, table, old, row, at)
    }

    /// DELETE of the old row, as far as the replica identity holds it.
    pub fn delete(&mut self, table: &Arc<Table>, old: &[Cell<'_>]) -> &mut Self {
        let at = self.enter();
        self.change(Op::Delete, table, old, &[], at)
    }

    /// TRUNCATE.
    pub fn truncate(&mut self, table: &Arc<Table>) -> &mut Self {
        self.truncate_with(table, TruncateOptions::default())
    }

    /// TRUNCATE with options.
    pub fn truncate_with(&mut self, table: &Arc<Table>, options: TruncateOptions) -> &mut Self {
        let (lsn, seq) = self.enter();
        let table = self.batch.table(table, None);
        self.batch.truncate(table, options, lsn, seq);
        self
    }

    /// A logical message: of the transaction under way, or of none.
    pub fn message(&mut self, transactional: bool, prefix: &str, content: &[u8]) -> &mut Self {
        let (lsn, seq) = if transactional {
            self.enter()
        } else {
            (Lsn::new(self.position.confirmed.as_u64() + CHANGE_LENGTH), 0)
        };
        let time = self.current.map_or(FIRST_COMMIT, |(transaction, _)| transaction.commit_time);
        let bytes = Bytes::from([prefix.as_bytes(), content].concat());
        let buffer = self.batch.attach(&bytes);
        let (middle, end) = (prefix.len(), bytes.len());
        let written = self.batch.message(transactional, buffer, 0..middle, middle..end, lsn, seq, time);
        self.failed = self.failed.or(written.err());
        self
    }

    /// The following changes of `new` have another shape than those of `old`.
    pub fn schema_change(&mut self, old: Option<&Arc<Table>>, new: &Arc<Table>) -> &mut Self {
        self.batch.schema_change(old.cloned(), Arc::clone(new));
        self
    }

    /// A snapshot of what is committed so far begins, or goes on where some tables are done.
    pub fn snapshot_begun(&mut self) -> &mut Self {
        self.batch.snapshot_begun(self.position.confirmed);
        self.position.snapshot.get_or_insert_with(Arc::default);
        self
    }

    /// All `rows` rows of `table` were read.
    pub fn table_done(&mut self, table: &Arc<Table>, rows: u64) -> &mut Self {
        let mut progress: SnapshotProgress = self.position.snapshot.as_deref().cloned().unwrap_or_default();
        progress.tables_done.push(table.name.clone());
        self.position.snapshot = Some(Arc::new(progress));
        let table = self.batch.table(table, None);
        self.batch.table_done(table, rows, self.position.confirmed, None);
        self
    }

    /// The rows of `table` so far are void: it is read again.
    pub fn table_restarted(&mut self, table: &Arc<Table>) -> &mut Self {
        let table = self.batch.table(table, None);
        self.batch.table_restarted(table);
        self
    }

    /// The snapshot is whole.
    pub fn snapshot_ended(&mut self) -> &mut Self {
        self.batch.snapshot_ended(self.position.confirmed);
        self.position.snapshot = None;
        self
    }

    /// Everything so far was handed out.
    pub fn idle(&mut self) -> &mut Self {
        self.batch.idle(self.position.confirmed);
        self
    }

    fn change(
        &mut self,
        op: Op,
        table: &Arc<Table>,
        old: &[Cell<'_>],
        new: &[Cell<'_>],
        (lsn, seq): (Lsn, u64),
    ) -> &mut Self {
        let written = self.write(op, table, old, new, lsn, seq);
        self.failed = self.failed.or(written.err());
        self
    }

    fn write(
        &mut self,
        op: Op,
        table: &Arc<Table>,
        old: &[Cell<'_>],
        new: &[Cell<'_>],
        lsn: Lsn,
        seq: u64,
    ) -> Result<(), TooLarge> {
        let bytes: Bytes = old.iter().chain(new).flat_map(Cell::bytes).copied().collect::<Vec<u8>>().into();
        let table = self.batch.table(table, None);
        let buffer = self.batch.attach(&bytes);
        let mut row = self.batch.write(buffer);
        let mut offset = 0;
        for (index, cell) in old.iter().chain(new).enumerate() {
            if index == old.len() {
                row.end_old();
            }
            let length = cell.bytes().len();
            match cell {
                Cell::Null => row.null(),
                Cell::Unchanged => row.unchanged(),
                Cell::NotInIdentity => row.not_in_identity(),
                Cell::Absent => row.absent(),
                Cell::Text(_) => row.text(offset, length)?,
                Cell::Binary(_) => row.binary(offset, length)?,
            }
            offset += length;
        }
        if new.is_empty() {
            row.end_old();
        }
        row.finish(op, table, lsn, seq, bytes.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batches::TableMaker;
    use pg_cdc_core::Datum;

    #[test]
    fn a_transaction_over_two_batches_keeps_counting() {
        let table = TableMaker::new("public", "t").key("id", "int4").build();
        let mut maker = BatchMaker::new();
        maker.begin().insert(&table, &[Cell::from(1)]);
        let first = maker.finish().unwrap();
        maker
            .update_from(&table, &[Cell::from(1)], &[Cell::from(2)])
            .delete(&table, &[Cell::from(2)])
            .commit();
        let second = maker.finish().unwrap();
        assert_eq!(first.position().unwrap().seq, Some(0));
        assert_eq!(second.position().unwrap().seq, None);
        assert!(first.position() < second.position());
        let changes: Vec<_> = second.changes().collect();
        assert_eq!(changes.iter().map(|change| change.seq()).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(changes[0].before().unwrap().datum(0), Datum::Text(b"1"));
        assert_eq!(changes[0].after().unwrap().datum(0), Datum::Text(b"2"));
        assert_eq!(changes[1].before().unwrap().datum(0), Datum::Text(b"2"));
        assert_eq!(changes[0].transaction(), first.changes().next().unwrap().transaction());
    }
}
