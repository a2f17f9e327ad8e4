//! The part of a stream that keeps transactions in progress.
//!
//! With `streaming` on the server does not wait for a transaction's commit: it sends what there is of several at once,
//! and says later which of them, and of their subtransactions, came to nothing. A [`Spool`] keeps the plugin's messages
//! as they came, by transaction, until the outcome is known. At commit a [`SpoolReader`] hands out those that survived,
//! in their order, for a decoder that then sees what protocol 1 would have sent.
//!
//! ```
//! use pg_cdc_core::{Kept, Lsn};
//! use pg_cdc_core::batch::BufferPool;
//! use pg_cdc_core::stream::spool::{Spool, SpoolOptions};
//!
//! let mut spool = Spool::open(SpoolOptions::default(), BufferPool::new(64 << 20))?;
//! spool.append(Kept::whole(700, 700, Lsn::new(1), b"kept"))?;
//! spool.append(Kept::whole(700, 701, Lsn::new(2), b"behind a savepoint"))?;
//! spool.append(Kept::whole(900, 900, Lsn::new(3), b"another transaction"))?;
//! spool.abort_subtransaction(700, 701);
//!
//! let mut reader = spool.commit(700)?.expect("it was appended to");
//! while let Some(block) = reader.next_block()? {
//!     for frame in block.frames() {
//!         assert_eq!(block.frame(frame).data(), b"kept"); // what a `Decoder` takes
//!     }
//! }
//! # Ok::<(), pg_cdc_core::Error>(())
//! ```
//!
//! # Behavior
//!
//! All open transactions share [`SpoolOptions::memory`]. When it is used up, the largest goes to a file of its own, and
//! its memory is free again; a frame larger than a quarter of it goes there at once. Files are only ever added to.
//! Beside that memory a transaction costs a few hundred bytes, and a subtransaction that is aborted at most sixteen
//! (neighbours share); one that is not aborted costs nothing.
//!
//! Files are made of blocks with lengths and checksums. One that is shorter than what was written, or different, is an
//! error that names it, never other data. Nothing is fsynced, since nothing of an open transaction is acknowledged:
//! after a crash the server sends it again.
//!
//! The files lie in a folder with mode 0700 which is removed with the spool and its last reader. A lock beside it is held
//! meanwhile; folders whose lock nobody holds were left by a crash, and are removed when the next spool is opened
//! beside them.
//!
//! # Blocking
//!
//! [`Spool::open`], [`Spool::append`] when it spills, [`SpoolReader::next_block`], and whatever drops a transaction that
//! has a file ([`Spool::abort`], [`Spool::clear`], the drop of a reader) call the file system and wait for it: as a rule
//! for its cache, and for the disk when that is full. The replication stream has a thread of its own for this reason;
//! on a shared runtime they belong on a blocking thread.

mod aborted;
mod block;
mod chunks;
mod counters;
mod file;
mod file_blocks;
mod options;
mod place;
mod reader;
mod record;
mod transaction;
mod trouble;

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod trouble_tests;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

pub use block::{SpooledBlock, SpooledFrame};
pub use counters::SpoolStats;
pub use options::SpoolOptions;
pub use reader::SpoolReader;

use self::chunks::Chunks;
use self::counters::Counters;
use self::place::Place;
use self::transaction::Transaction;
use crate::batch::{Buffer, BufferPool};
use crate::{Error, ErrorKind, Kept};

/// How much of a file is read at once.
const READ: usize = 512 << 10;

/// Keeps the frames of transactions in progress. See the [module](self).
#[derive(Debug)]
pub struct Spool {
    transactions: HashMap<u32, Transaction>,
    memory: usize,
    pool: BufferPool,
    /// How much of a file is read at once.
    read: usize,
    place: Arc<Place>,
    counters: Arc<Counters>,
}

impl Spool {
    /// An empty spool, and its folder. Its buffers, and those that its readers hand out, are taken from `pool`. Blocks.
    ///
    /// What spools of processes that are gone left in the same folder is removed.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spool`] where the folder can't be made or locked: rather now than amid a transaction.
    pub fn open(options: SpoolOptions, pool: BufferPool) -> Result<Self, Error> {
        let base = options.folder.unwrap_or_else(std::env::temp_dir);
        Ok(Self {
            transactions: HashMap::new(),
            memory: options.memory,
            pool,
            read: READ,
            place: Arc::new(Place::claim(&base)?),
            counters: Arc::default(),
        })
    }

    /// Adds a frame to its transaction, which begins with its first. Copies the frame; blocks when the memory is used up.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spool`] where the memory is used up and the disk full, or the folder out of reach. The frame was not
    /// added then; everything else is as it was, and it may be tried again.
    #[inline]
    pub fn append(&mut self, frame: Kept<'_>) -> Result<(), Error> {
        if let Some(transaction) = self.transactions.get_mut(&frame.top)
            && transaction.push(&frame)
        {
            return Ok(());
        }
        self.append_behind(frame)
    }

    /// Adds a frame that the transaction has no buffer for.
    #[cold]
    fn append_behind(&mut self, frame: Kept<'_>) -> Result<(), Error> {
        let xid = frame.top;
        if frame.len() > record::LONGEST_FRAME {
            return Err(Error::new(
                ErrorKind::Protocol,
                format!("a message of {} bytes at {} is longer than any can be", frame.len(), frame.lsn),
            ));
        }
        let is_large = frame.len() > self.memory / 4;
        let buffer = if is_large { None } else { self.make_room(xid, frame.len())? };
        let begin = || Transaction::new(xid, &self.counters);
        let transaction = self.transactions.entry(xid).or_insert_with(begin);
        if let Some(buffer) = buffer {
            transaction.add_buffer(buffer);
            if transaction.push(&frame) {
                return Ok(());
            }
        }
        let written = transaction.write_through(&self.place, &frame);
        if transaction.frames == 0 {
            self.transactions.remove(&xid);
        }
        written
    }

    /// A buffer for a frame of `length` bytes of the transaction `xid`, if need be in place of what others hold; `None`
    /// where the memory is smaller, or what is being read holds it.
    fn make_room(&mut self, xid: u32, length: usize) -> Result<Option<Buffer>, Error> {
        let kept = self.transactions.get(&xid).map_or(0, Transaction::kept);
        let capacity = Chunks::capacity_for(length, kept, self.memory);
        loop {
            if self.counters.memory() + capacity <= self.memory {
                let mut buffer = self.pool.take(capacity);
                // The pool may give a larger one than was asked for.
                if self.counters.memory() + buffer.bytes_mut().capacity() <= self.memory {
                    return Ok(Some(buffer));
                }
            }
            if !self.spill_largest()? {
                return Ok(None);
            }
        }
    }

    /// Frees the memory of the transaction that has most; `false` where none has any.
    fn spill_largest(&mut self) -> Result<bool, Error> {
        let largest = self.transactions.values_mut().max_by_key(|transaction| transaction.chunks.capacity());
        match largest.filter(|transaction| transaction.chunks.capacity() > 0) {
            Some(transaction) => transaction.spill(&self.place).map(|()| true),
            None => Ok(false),
        }
    }

    /// Takes back the frames that `sub_xid` of the transaction `xid` has so far; those of `xid` too where it is the
    /// transaction itself, as in [`abort`](Self::abort). Subtransactions of a subtransaction are taken back one by one,
    /// as the server does. Writes nothing.
    pub fn abort_subtransaction(&mut self, xid: u32, sub_xid: u32) {
        if xid == sub_xid {
            self.abort(xid);
        } else if let Some(transaction) = self.transactions.get_mut(&xid) {
            transaction.abort(sub_xid);
        }
    }

    /// Forgets the transaction `xid`. Blocks while its file is removed.
    pub fn abort(&mut self, xid: u32) {
        self.transactions.remove(&xid);
    }

    /// Takes the transaction `xid` out, to be read; `None` where nothing was appended to it.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Spool`] where its file can't be read. The transaction is gone then: the server has to send it again.
    pub fn commit(&mut self, xid: u32) -> Result<Option<SpoolReader>, Error> {
        let transaction = self.transactions.remove(&xid);
        transaction.map(|transaction| SpoolReader::new(transaction, self.pool.clone(), self.read)).transpose()
    }

    /// Forgets all transactions, after a lost connection: the server sends them again. Readers go on. Blocks while files
    /// are removed.
    pub fn clear(&mut self) {
        self.transactions.clear();
    }

    /// Where its buffers are taken from.
    #[must_use]
    pub fn pool(&self) -> &BufferPool {
        &self.pool
    }

    /// Whether the transaction `xid` is open.
    #[must_use]
    pub fn contains(&self, xid: u32) -> bool {
        self.transactions.contains_key(&xid)
    }

    /// How much is kept, and where.
    #[must_use]
    pub fn stats(&self) -> SpoolStats {
        self.counters.stats()
    }

    /// The folder that the files are in.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.place.folder()
    }

    /// With readers that take so many bytes of a file at once: no part of the API, for `fuzz/`, whose files are small.
    #[cfg(feature = "fuzzing")]
    #[doc(hidden)]
    #[must_use]
    pub fn reading(mut self, bytes: usize) -> Self {
        self.read = bytes;
        self
    }
}
