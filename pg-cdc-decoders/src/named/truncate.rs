//! TRUNCATE, of one table or several.

use pg_cdc_core::batch::{ChangeBatch, Op, TruncateOptions};
use pg_cdc_core::{Frame, Outcome, TableName, Tables};

use super::settle::Settled;
use super::{Named, outside, unsettled};
use crate::TextEncoding;
use crate::cursor::Fault;

impl Named {
    /// Takes in a TRUNCATE of `tables_sent`, each the bytes that name it, of which `name_of` says what they mean.
    pub(crate) fn truncate<'t>(
        &mut self,
        tables_sent: impl Iterator<Item = &'t [u8]> + Clone,
        name_of: impl Fn(&[u8], &TextEncoding) -> Result<TableName, Fault>,
        options: TruncateOptions,
        frame: &Frame<'_>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<Outcome, Fault> {
        if self.transaction.is_none() {
            return Err(outside());
        }
        // All must be known before anything is added.
        let mut unknown = Vec::new();
        for sent in tables_sent.clone() {
            if self.relations.get(sent).is_none() {
                let name = name_of(sent, &self.text)?;
                if self.must_ask(sent, &name, tables) {
                    return Ok(self.need(sent, &name, Vec::new()));
                }
                unknown.push(sent);
            }
        }
        let asked = self.asked.len();
        if !unknown.is_empty() {
            // Two names may come to one table, and settling one forgets the other: it is not asked for again.
            self.asked.extend(tables_sent.clone().map(Box::from));
        }
        for sent in unknown {
            self.settle_named(sent, &name_of, tables, batch)?;
        }
        for sent in tables_sent {
            if self.relations.get(sent).is_none() {
                self.settle_named(sent, &name_of, tables, batch)?;
            }
            let Some(transaction) = &self.transaction else { return Err(outside()) };
            let Some(relation) = self.relations.get(sent) else { return Err(unsettled()) };
            if !relation.wants(Op::Truncate, transaction.commit_lsn) {
                continue;
            }
            let Some(seq) = self.sequence.admit() else { continue };
            batch.enter(transaction);
            if seq == 0 {
                batch.begin();
            }
            if let Some(table) = relation.in_batch(batch) {
                batch.truncate(table, options, frame.lsn, seq);
            }
        }
        self.asked.truncate(asked);
        self.settled();
        Ok(Outcome::Taken)
    }

    /// Finds out what a table is that is truncated, of which all was asked.
    fn settle_named(
        &mut self,
        sent: &[u8],
        name_of: impl Fn(&[u8], &TextEncoding) -> Result<TableName, Fault>,
        tables: &Tables,
        batch: &mut ChangeBatch,
    ) -> Result<(), Fault> {
        let name = name_of(sent, &self.text)?;
        if let Settled::Known(Some((before, table))) = self.settle_unseen(sent, &name, tables)? {
            batch.schema_change(before, table);
        }
        Ok(())
    }
}
