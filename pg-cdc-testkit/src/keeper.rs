use std::collections::HashMap;

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{DecodeError, Decoder, Frame, Lsn, Outcome, Route, Tables};

/// The plainest driver of a [`Decoder`]: it obeys [`Decoder::route`], with everything in memory, and decodes into one
/// batch. For what is sent in blocks or prepared, and for comparing it with what a server sends whole.
#[derive(Debug)]
pub struct Keeper<D> {
    decoder: D,
    tables: Tables,
    kept: HashMap<u32, Vec<Message>>,
    prepared: HashMap<u32, Lsn>,
    cuts: bool,
    /// What was decoded.
    pub batch: ChangeBatch,
}

#[derive(Debug)]
struct Message {
    lsn: Lsn,
    sub: u32,
    data: Bytes,
}

impl<D: Decoder> Keeper<D> {
    /// A driver without a catalog.
    pub fn new(decoder: D) -> Self {
        Self {
            decoder,
            tables: Tables::without_catalog(),
            kept: HashMap::new(),
            prepared: HashMap::new(),
            cuts: false,
            batch: ChangeBatch::new(),
        }
    }

    /// The driver has `tables` to say when it is asked, and nothing else.
    #[must_use]
    pub fn with_tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// When a subtransaction is rolled back, everything since its first message is cut off, in place of its messages
    /// being left out. Both must give the same.
    #[must_use]
    pub fn cutting(mut self, cuts: bool) -> Self {
        self.cuts = cuts;
        self
    }

    /// Takes a message in as protocol 1 has it: nothing is routed.
    ///
    /// # Errors
    ///
    /// The decoder's.
    pub fn decode(&mut self, lsn: Lsn, data: &Bytes) -> Result<(), DecodeError> {
        self.frame(Frame::whole(lsn, data))
    }

    /// Takes a message in.
    ///
    /// # Errors
    ///
    /// The decoder's; what it routes to a transaction that did not start, or starts twice.
    pub fn take(&mut self, lsn: Lsn, data: &Bytes) -> Result<(), DecodeError> {
        let plugin = self.decoder.plugin();
        let wrong = |what: String| DecodeError::new(plugin, lsn, 0, what);
        let unknown = |xid: u32| wrong(format!("nothing is kept of transaction {xid}"));
        let frame = Frame::whole(lsn, data);
        match self.decoder.route(frame)? {
            Route::Direct => self.frame(frame)?,
            Route::Into(kept) => {
                let mut data = Vec::new();
                kept.append_to(&mut data);
                let message = Message { lsn: kept.lsn, sub: kept.sub, data: data.into() };
                self.kept.get_mut(&kept.top).ok_or_else(|| unknown(kept.top))?.push(message);
            }
            Route::Start { xid, is_first: true } => {
                if self.kept.insert(xid, Vec::new()).is_some() {
                    return Err(wrong(format!("transaction {xid} starts twice")));
                }
            }
            Route::Start { xid, .. } | Route::Stop { xid } if self.kept.contains_key(&xid) => {}
            Route::Start { xid, .. } | Route::Stop { xid } => return Err(unknown(xid)),
            Route::Commit(committed) => {
                let kept = self.kept.remove(&committed.xid).ok_or_else(|| unknown(committed.xid))?;
                self.prepared.remove(&committed.xid);
                self.frame(committed.begin())?;
                for message in kept {
                    self.frame(Frame::whole(message.lsn, &message.data))?;
                }
                self.frame(committed.commit())?;
            }
            Route::Abort { top, sub, .. } if top == sub => {
                self.kept.remove(&top);
                self.prepared.remove(&top);
            }
            Route::Abort { top, sub, .. } => {
                let kept = self.kept.get_mut(&top).ok_or_else(|| unknown(top))?;
                match kept.iter().position(|message| message.sub == sub) {
                    Some(at) if self.cuts => kept.truncate(at),
                    _ => kept.retain(|message| message.sub != sub),
                }
            }
            Route::Prepare(prepared) => {
                if !self.kept.contains_key(&prepared.xid) {
                    return Err(unknown(prepared.xid));
                }
                self.prepared.insert(prepared.xid, prepared.prepare_lsn);
            }
        }
        Ok(())
    }

    /// Whether nothing is kept of any transaction.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The last position that may be acknowledged while the outcome of prepared transactions is open.
    #[must_use]
    pub fn acknowledgeable(&self) -> Option<Lsn> {
        self.prepared.values().min().copied()
    }

    fn frame(&mut self, frame: Frame<'_>) -> Result<(), DecodeError> {
        let mut asked = Vec::new();
        loop {
            match self.decoder.decode(frame, &self.tables, &mut self.batch)? {
                Outcome::NeedTable { oid, name, .. } => {
                    let known = match oid {
                        Some(oid) => self.tables.get(oid),
                        None => self.tables.get_named(&name),
                    };
                    // What is known is said again, once.
                    if known.is_none() || asked.contains(&name) {
                        let unknown = format!("nobody knows {name}");
                        return Err(DecodeError::new(self.decoder.plugin(), frame.lsn, 0, unknown));
                    }
                    asked.push(name);
                }
                _ => return Ok(()),
            }
        }
    }
}
