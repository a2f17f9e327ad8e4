//! Rows into batches, and batches to whoever reads.

use std::collections::HashSet;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use futures_core::Stream;
use tokio::sync::{mpsc, watch};
use tokio_postgres::{Row, RowStream};

use super::options::MiningOptions;
use super::rows::Messages;
use crate::batch::{ChangeBatch, Recycler};
use crate::catalog::Client;
use crate::stream::lookup::{Lookup, Scope};
use crate::{DecodeError, Decoder, Error, Frame, Lsn, Outcome, Position, SourceError, TableName, Tables};

/// How many bytes of messages are decoded at a time.
const BUFFER: usize = 64 << 10;

/// What the task is asked to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    pub(super) paused: bool,
    pub(super) stop: bool,
}

/// Why a session ended.
pub(super) enum Ended {
    /// Its end is reached, or nobody wants more.
    Over,
    /// Something went wrong.
    Failed(SourceError),
}

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<tokio_postgres::Error> for Ended {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Failed(Error::from(error).into())
    }
}

impl From<DecodeError> for Ended {
    fn from(error: DecodeError) -> Self {
        Self::Failed(error.into())
    }
}

/// The batch that is being filled, and where it leads.
pub(super) struct Delivery<D> {
    options: Arc<MiningOptions>,
    decoder: D,
    tables: Tables,
    recycler: Recycler,
    batch: ChangeBatch,
    batches: mpsc::Sender<Result<ChangeBatch, SourceError>>,
    wishes: watch::Receiver<Wishes>,
    /// Where the last whole transaction leads.
    reached: Position,
    handed_out: Position,
    /// The transaction that is being decoded.
    open: Option<Lsn>,
    /// A session for what must be known of tables.
    catalog: Option<Client>,
    pub(super) version: u32,
    /// Tables that were named in the log already.
    unknown: HashSet<u32>,
    /// The transaction that is to be passed over was met.
    skipped: bool,
}

impl<D: Decoder> Delivery<D> {
    pub(super) fn new(
        options: Arc<MiningOptions>,
        decoder: D,
        batches: mpsc::Sender<Result<ChangeBatch, SourceError>>,
        wishes: watch::Receiver<Wishes>,
    ) -> Self {
        let recycler = Recycler::new();
        Self {
            decoder,
            tables: Tables::from_catalog(),
            batch: recycler.batch(),
            recycler,
            batches,
            wishes,
            reached: options.start.clone(),
            handed_out: options.start.clone(),
            open: None,
            catalog: None,
            version: 0,
            unknown: HashSet::new(),
            skipped: false,
            options,
        }
    }

    /// No transaction that is not delivered wrote anything before `start`.
    pub(super) fn confirm(&mut self, start: Lsn) {
        self.reached.confirmed = self.reached.confirmed.max(start);
    }

    /// Whether nobody reads any more.
    pub(super) async fn abandoned(&mut self) {
        self.batches.closed().await;
    }

    /// What comes may be what was delivered: it is passed over. Gives the first LSN of a commit that is not.
    pub(super) fn restart(&mut self) -> Lsn {
        let position = self.position();
        self.decoder.restart(Some(&position));
        self.open = None;
        let whole = position.seq.is_none();
        let after = Lsn::new(position.commit_lsn.as_u64().saturating_add(whole.into()));
        self.reached = position;
        after
    }

    /// The rows of one window, to the last.
    pub(super) async fn read<F>(&mut self, rows: RowStream, mut write: F, base: Lsn) -> Result<(), Ended>
    where
        F: FnMut(&mut Messages, &Row, &mut Vec<u8>, &mut Vec<usize>) -> Result<(), Error>,
    {
        let mut rows = pin!(rows);
        let (mut messages, mut ends) = (Messages::new(base), Vec::new());
        let mut more = true;
        while more {
            self.wait_for_memory().await?;
            let mut buffer = self.options.memory.take(BUFFER);
            ends.clear();
            while buffer.bytes_mut().len() < BUFFER {
                match poll_fn(|cx| rows.as_mut().poll_next(cx)).await {
                    Some(row) => write(&mut messages, &row?, buffer.bytes_mut(), &mut ends)?,
                    None => {
                        messages.end(buffer.bytes_mut(), &mut ends)?;
                        more = false;
                        break;
                    }
                }
            }
            let bytes = buffer.freeze();
            let mut start = 0;
            for &end in &ends {
                self.decode(&bytes, start..end).await?;
                start = end;
            }
        }
        Ok(())
    }

    async fn decode(&mut self, bytes: &bytes::Bytes, range: std::ops::Range<usize>) -> Result<(), Ended> {
        loop {
            let lsn = self.open.unwrap_or(self.reached.commit_lsn);
            let frame = Frame::new(lsn, bytes, range.clone());
            let decoded = self.decoder.decode(frame, &self.tables, &mut self.batch);
            let outcome = decoded.map_err(|error| match self.open {
                Some(commit_lsn) => error.in_transaction(commit_lsn),
                None => error,
            })?;
            match outcome {
                Outcome::Taken => break,
                Outcome::Begin { commit_lsn } => {
                    self.open = Some(commit_lsn);
                    if self.options.skip == Some(commit_lsn) {
                        self.pass_over(commit_lsn);
                    }
                    break;
                }
                Outcome::Commit { commit_lsn, .. } => {
                    self.open = None;
                    if commit_lsn >= self.reached.commit_lsn {
                        self.reached.commit_lsn = commit_lsn;
                        self.reached.seq = None;
                    }
                    break;
                }
                Outcome::NeedTable { name, types, .. } => self.look_up(name, &types).await?,
            }
        }
        if self.batch.len() >= self.options.batch.rows || self.batch.size() >= self.options.batch.bytes {
            self.hand_out().await?;
        }
        Ok(())
    }

    /// Nothing of the transaction that begins is handed out.
    #[cold]
    fn pass_over(&mut self, commit_lsn: Lsn) {
        self.decoder.pass_over();
        // Windows overlap.
        if !std::mem::replace(&mut self.skipped, true) {
            metrics::counter!("pg_cdc_transactions_skipped_total").increment(1);
            tracing::warn!(%commit_lsn, "the transaction is passed over, as was asked for");
        }
    }

    async fn look_up(&mut self, name: TableName, types: &[u32]) -> Result<(), Ended> {
        let options = &self.options;
        let scope = Scope {
            connect: &options.connect,
            tables: &options.tables,
            shapes: &options.shapes,
            inserts_only: &options.inserts_only,
            selection: &options.selection,
            unknown_tables: options.unknown_tables,
            starts: &options.starts,
        };
        let (client, unknown) = (&mut self.catalog, &mut self.unknown);
        let mut lookup = Lookup { scope, version: self.version, client, unknown };
        let found = lookup.named_table(&name, types).await?;
        self.tables.insert_named(name, found.table);
        found.types.into_iter().for_each(|type_| self.tables.insert_type(type_));
        Ok(())
    }

    /// Waits until there is room for another buffer. What we hold ourselves is handed out first.
    async fn wait_for_memory(&mut self) -> Result<(), Ended> {
        let memory = self.options.memory.clone();
        let ready = poll_fn(|cx| Poll::Ready(memory.poll_ready(cx).is_ready())).await;
        if !ready {
            if !self.batch.is_blank() {
                self.hand_out().await?;
            }
            poll_fn(|cx| memory.poll_ready(cx)).await;
        }
        Ok(())
    }

    /// After a window, what there is goes out, and be it only how far we are.
    pub(super) async fn window_over(&mut self, ended: bool) -> Result<(), Ended> {
        if self.batch.is_blank() && (ended || self.reached > self.handed_out) {
            self.batch.idle(self.reached.confirmed);
        }
        if self.batch.is_blank() { Ok(()) } else { self.hand_out().await }
    }

    /// Where the batch leads as it is.
    pub(super) fn position(&self) -> Position {
        let mut position = self.reached.clone();
        let Some(open) = self.open else { return position };
        let filled = self.batch.last().filter(|(commit_lsn, _)| *commit_lsn == open).map(|(_, seq)| seq);
        // What was handed out of the transaction counts also when nothing of it has followed.
        let before = self.handed_out.seq.filter(|_| self.handed_out.commit_lsn == open);
        if let Some(seq) = filled.or(before) {
            position.commit_lsn = open;
            position.seq = Some(seq);
        }
        position
    }

    /// Closes the batch and hands it to the reader, once it has room for it.
    async fn hand_out(&mut self) -> Result<(), Ended> {
        self.wishes.wait_for(|wishes| !wishes.paused || wishes.stop).await.map_err(|_| Ended::Over)?;
        let position = self.position();
        let permit = self.batches.reserve().await.map_err(|_| Ended::Over)?;
        let mut batch = std::mem::replace(&mut self.batch, self.recycler.batch());
        batch.compact();
        batch.set_position(position.clone());
        permit.send(Ok(batch));
        self.handed_out = position;
        Ok(())
    }

    /// Tells the reader what went wrong. What is decoded comes first: it is as good as ever.
    pub(super) async fn fail(&mut self, error: SourceError) {
        if self.batch.is_blank() || self.hand_out().await.is_ok() {
            let _ = self.batches.send(Err(error)).await;
        }
    }
}
