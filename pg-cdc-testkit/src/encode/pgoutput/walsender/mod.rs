//! A model of what a walsender sends of the same transactions, whole and in blocks.

mod sender;

use std::collections::BTreeMap;

use pg_cdc_core::Lsn;

use super::{CommitPrepared, Message, Old, Prepare, RollbackPrepared, StreamAbort, StreamCommit, Value};
pub use sender::Frames;
use sender::{Announced, Change, Sender, announcements, oid, origin, width};

/// A server with a log, told what transactions do, and two walsenders on it: one of protocol 1, one that sends
/// transactions while they are in progress and prepared ones before their outcome.
///
/// It follows `reorderbuffer.c` and `pgoutput.c` in what is sent when, and in the account they keep of Relation messages.
/// Transactions and tables are chosen by number, whatever it is: what can't be done is not done, so any sequence of calls
/// is one of a possible server.
#[derive(Debug)]
pub struct Walsender {
    is_parallel: bool,
    /// Also where the log ends.
    clock: u64,
    next_xid: u32,
    tables: Vec<Table>,
    open: BTreeMap<u32, Open>,
    whole: Sender,
    blocks: Sender,
}

#[derive(Debug)]
struct Table {
    version: u32,
    users: Vec<u32>,
    altered_by: Option<u32>,
}

#[derive(Debug)]
struct Open {
    /// The transaction and its savepoints.
    levels: Vec<Level>,
    changes: Vec<Change>,
    is_streamed: bool,
    prepared: Option<Prepare>,
    announced: Announced,
    altered: Vec<(u32, usize, u32)>,
}

#[derive(Debug, Default)]
struct Level {
    /// Given out at the first write.
    xid: Option<u32>,
    released: Vec<u32>,
}

impl Walsender {
    /// A server with so many tables. With `is_parallel` it tells where and when transactions are rolled back.
    #[must_use]
    pub fn new(tables: usize, is_parallel: bool) -> Self {
        let table = |_| Table { version: 0, users: Vec::new(), altered_by: None };
        Self {
            is_parallel,
            clock: 1000,
            next_xid: 700,
            tables: (0..tables.max(1)).map(table).collect(),
            open: BTreeMap::new(),
            whole: Sender::default(),
            blocks: Sender::default(),
        }
    }

    /// A transaction begins.
    pub fn begin(&mut self) {
        let xid = self.new_xid();
        let level = Level { xid: Some(xid), ..Level::default() };
        self.open.insert(
            xid,
            Open {
                levels: vec![level],
                changes: Vec::new(),
                is_streamed: false,
                prepared: None,
                announced: Announced::new(),
                altered: Vec::new(),
            },
        );
    }

    /// A savepoint is set.
    pub fn savepoint(&mut self, transaction: usize) {
        if let Some(open) = self.running(transaction).and_then(|xid| self.open.get_mut(&xid)) {
            open.levels.push(Level::default());
        }
    }

    /// The last savepoint is released.
    pub fn release(&mut self, transaction: usize) {
        let Some(open) = self.running(transaction).and_then(|xid| self.open.get_mut(&xid)) else { return };
        if open.levels.len() > 1
            && let Some(level) = open.levels.pop()
            && let Some(outer) = open.levels.last_mut()
        {
            outer.released.extend(level.released);
            outer.released.extend(level.xid);
        }
    }

    /// The transaction goes back to its last savepoint.
    pub fn roll_back_to(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        let level =
            self.open.get_mut(&top).filter(|open| open.levels.len() > 1).and_then(|open| open.levels.pop());
        if let Some(Level { xid: Some(xid), mut released, .. }) = level {
            released.push(xid);
            self.roll_back(top, &released);
        }
    }

    /// A row is inserted (0), updated (1, 2, 3: without an old tuple, with its key, with the old row), deleted (4, 5), or
    /// the table truncated (6).
    pub fn change(&mut self, transaction: usize, table: usize, kind: u8) {
        let Some(top) = self.running(transaction) else { return };
        let table = table % self.tables.len();
        let Some(known) =
            self.tables.get_mut(table).filter(|known| known.altered_by.is_none_or(|by| by == top))
        else {
            return;
        };
        known.users.push(top);
        let version = known.version;
        let relation = oid(table);
        let lsn = self.tick();
        let row = |what: &str| -> Vec<Value> {
            (0..width(version)).map(|at| Value::text(format!("{what}{lsn}/{at}"))).collect()
        };
        let message = match kind % 7 {
            0 => Message::Insert { relation, new: row("new") },
            1 => Message::Update { relation, old: None, new: row("new") },
            2 => Message::Update { relation, old: Some(Old::Key(row("key"))), new: row("new") },
            3 => Message::Update { relation, old: Some(Old::Row(row("old"))), new: row("new") },
            4 => Message::Delete { relation, old: Old::Key(row("key")) },
            5 => Message::Delete { relation, old: Old::Row(row("old")) },
            _ => Message::Truncate { relations: vec![relation], cascade: true, restart_identity: false },
        };
        self.write(top, lsn, Some((table, version)), message);
    }

    /// A message of the transaction.
    pub fn message(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        let lsn = self.tick();
        let content = lsn.to_string().into_bytes();
        let message = Message::Message { transactional: true, lsn, prefix: b"p".to_vec(), content };
        self.write(top, lsn, None, message);
    }

    /// A message outside of any transaction.
    pub fn lone_message(&mut self) {
        let lsn = self.tick();
        let message =
            Message::Message { transactional: false, lsn, prefix: b"lone".to_vec(), content: Vec::new() };
        self.whole.send(lsn, &message);
        self.blocks.send(lsn, &message);
    }

    /// The transaction gives the table other columns: not while another uses it.
    pub fn alter(&mut self, transaction: usize, table: usize) {
        let Some(top) = self.running(transaction) else { return };
        let table = table % self.tables.len();
        let version = self.tick().as_u64() as u32;
        let Some(known) = self.tables.get_mut(table) else { return };
        if known.users.iter().chain(&known.altered_by).any(|user| *user != top) {
            return;
        }
        known.altered_by = Some(top);
        let before = std::mem::replace(&mut known.version, version);
        let sub = self.current_xid(top);
        if let Some(open) = self.open.get_mut(&top) {
            open.altered.push((sub, table, before));
        }
    }

    /// The publication publishes other columns of the table: while others use it too.
    pub fn publish_other_columns(&mut self, table: usize) {
        let table = table % self.tables.len();
        let version = self.tick().as_u64() as u32;
        let Some(known) = self.tables.get_mut(table).filter(|known| known.altered_by.is_none()) else {
            return;
        };
        known.version = version;
        self.whole.announced.remove(&table);
        self.blocks.announced.remove(&table);
        self.open.values_mut().for_each(|open| _ = open.announced.remove(&table));
    }

    /// The server runs out of memory for the transaction: what there is of it is sent.
    pub fn stream(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        if self.open.get(&top).is_some_and(|open| open.changes.iter().any(|change| !change.is_sent)) {
            self.send_block(top);
        }
    }

    /// The transaction commits.
    pub fn commit(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        let (commit_lsn, end_lsn) = (self.tick(), self.tick());
        let commit_time = end_lsn.as_u64() as i64;
        self.finish_blocks(top);
        let Some(open) = self.open.remove(&top) else { return };
        self.unlock(top);
        let begin = Message::Begin { commit_lsn, commit_time, xid: top };
        let commit = Message::Commit { commit_lsn, end_lsn, commit_time };
        self.whole.send_whole(&begin, &open.changes, (end_lsn, &commit));
        if open.is_streamed {
            let commit = StreamCommit { xid: top, commit_lsn, end_lsn, commit_time };
            self.blocks.send(end_lsn, &Message::StreamCommit(commit));
            for (table, announced) in open.announced {
                let newest = self.blocks.announced.entry(table).or_insert(announced);
                if newest.1 < announced.1 {
                    *newest = announced;
                }
            }
        } else {
            self.blocks.send_whole(&begin, &open.changes, (end_lsn, &commit));
        }
    }

    /// The transaction is rolled back.
    pub fn abort(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        let subs = self.open.get(&top).into_iter().flat_map(|open| &open.levels);
        let subs: Vec<u32> = subs.flat_map(|level| level.released.iter().copied().chain(level.xid)).collect();
        self.roll_back(top, &subs);
        let streamed = self.open.remove(&top).is_some_and(|open| open.is_streamed);
        self.unlock(top);
        if streamed {
            self.send_abort(top, top);
        }
    }

    /// The transaction is prepared.
    pub fn prepare(&mut self, transaction: usize) {
        let Some(top) = self.running(transaction) else { return };
        let (prepare_lsn, end_lsn) = (self.tick(), self.tick());
        let prepare_time = end_lsn.as_u64() as i64;
        let prepare = Prepare { prepare_lsn, end_lsn, prepare_time, xid: top, gid: format!("gid {top}") };
        self.finish_blocks(top);
        let Some(open) = self.open.get_mut(&top) else { return };
        open.prepared = Some(prepare.clone());
        if open.is_streamed {
            self.blocks.send(end_lsn, &Message::StreamPrepare(prepare));
        } else {
            let (begin, end) = (Message::BeginPrepare(prepare.clone()), Message::Prepare(prepare));
            self.blocks.send_whole(&begin, &open.changes, (end_lsn, &end));
        }
    }

    /// The prepared transaction commits.
    pub fn commit_prepared(&mut self, transaction: usize) {
        let Some((top, open)) = self.take_prepared(transaction) else { return };
        let (commit_lsn, end_lsn) = (self.tick(), self.tick());
        let commit_time = end_lsn.as_u64() as i64;
        let begin = Message::Begin { commit_lsn, commit_time, xid: top };
        let commit = Message::Commit { commit_lsn, end_lsn, commit_time };
        self.whole.send_whole(&begin, &open.changes, (end_lsn, &commit));
        let commit = CommitPrepared { commit_lsn, end_lsn, commit_time, xid: top, gid: format!("gid {top}") };
        self.blocks.send(end_lsn, &Message::CommitPrepared(commit));
    }

    /// The prepared transaction is rolled back.
    pub fn roll_back_prepared(&mut self, transaction: usize) {
        let Some((top, open)) = self.take_prepared(transaction) else { return };
        self.revert(&open.altered);
        let (Some(prepare), rollback_end_lsn) = (open.prepared, self.tick()) else { return };
        let Prepare { end_lsn, prepare_time, xid, gid, .. } = prepare;
        let rollback_time = rollback_end_lsn.as_u64() as i64;
        let rollback = RollbackPrepared {
            prepare_end_lsn: end_lsn,
            rollback_end_lsn,
            prepare_time,
            rollback_time,
            xid,
            gid,
        };
        self.blocks.send(rollback_end_lsn, &Message::RollbackPrepared(rollback));
        // Its own changes of tables are invalidated at its PREPARE, and again here.
        for (_, table, _) in open.altered {
            self.blocks.announced.remove(&table);
        }
        debug_assert_eq!(top, xid);
    }

    /// Everything ends: running transactions commit, prepared ones too. Gives what protocol 1 sent, and what was sent in
    /// blocks.
    #[must_use]
    pub fn finish(mut self) -> (Frames, Frames) {
        while self.running(0).is_some() {
            self.commit(0);
        }
        while !self.open.is_empty() {
            self.commit_prepared(0);
        }
        (self.whole.frames, self.blocks.frames)
    }

    fn tick(&mut self) -> Lsn {
        self.clock += 8;
        Lsn::new(self.clock)
    }

    fn new_xid(&mut self) -> u32 {
        self.next_xid += 1;
        self.next_xid
    }

    /// The how manyeth transaction that is running, counted around.
    fn running(&self, transaction: usize) -> Option<u32> {
        let running = || self.open.iter().filter(|(_, open)| open.prepared.is_none());
        let count = running().count();
        running().nth(transaction % count.max(1)).map(|(xid, _)| *xid)
    }

    fn take_prepared(&mut self, transaction: usize) -> Option<(u32, Open)> {
        let prepared = || self.open.iter().filter(|(_, open)| open.prepared.is_some());
        let count = prepared().count();
        let top = prepared().nth(transaction % count.max(1)).map(|(xid, _)| *xid)?;
        let open = self.open.remove(&top)?;
        self.unlock(top);
        Some((top, open))
    }

    /// The subtransaction that writes now: an outer one has its xid before an inner one.
    fn current_xid(&mut self, top: u32) -> u32 {
        let levels = self.open.get(&top).map_or(0, |open| open.levels.len());
        let mut current = top;
        for at in 0..levels {
            let known = self.open.get(&top).and_then(|open| open.levels.get(at)).and_then(|level| level.xid);
            current = known.unwrap_or_else(|| self.new_xid());
            if let Some(level) = self.open.get_mut(&top).and_then(|open| open.levels.get_mut(at)) {
                level.xid = Some(current);
            }
        }
        current
    }

    fn write(&mut self, top: u32, lsn: Lsn, table: Option<(usize, u32)>, message: Message) {
        let sub = self.current_xid(top);
        let Some(open) = self.open.get_mut(&top) else { return };
        open.changes.push(Change { lsn, sub, table, message, is_sent: false });
    }

    fn unlock(&mut self, top: u32) {
        for table in &mut self.tables {
            table.users.retain(|user| *user != top);
            table.altered_by = table.altered_by.filter(|by| *by != top);
        }
    }

    fn revert(&mut self, altered: &[(u32, usize, u32)]) {
        for (_, table, before) in altered.iter().rev() {
            if let Some(table) = self.tables.get_mut(*table) {
                table.version = *before;
            }
        }
    }

    fn roll_back(&mut self, top: u32, subs: &[u32]) {
        let Some(open) = self.open.get_mut(&top) else { return };
        let (gone, kept) =
            std::mem::take(&mut open.changes).into_iter().partition(|change| subs.contains(&change.sub));
        open.changes = kept;
        let gone: Vec<Change> = gone;
        let (altered, kept) =
            std::mem::take(&mut open.altered).into_iter().partition(|(sub, ..)| subs.contains(sub));
        open.altered = kept;
        let altered: Vec<_> = altered;
        self.revert(&altered);
        for &sub in subs.iter().filter(|sub| **sub != top) {
            if gone.iter().any(|change| change.sub == sub && change.is_sent) {
                self.send_abort(top, sub);
                if let Some(open) = self.open.get_mut(&top) {
                    open.announced.clear();
                }
            }
        }
    }

    fn send_abort(&mut self, top: u32, sub: u32) {
        let lsn = self.tick();
        let at = self.is_parallel.then_some((lsn, lsn.as_u64() as i64));
        self.blocks.send(lsn, &Message::StreamAbort(StreamAbort { top, sub, at }));
    }

    /// The rest of a transaction of which blocks were sent.
    fn finish_blocks(&mut self, top: u32) {
        let rest = |open: &Open| open.is_streamed && open.changes.iter().any(|change| !change.is_sent);
        if self.open.get(&top).is_some_and(rest) {
            self.send_block(top);
        }
    }

    fn send_block(&mut self, top: u32) {
        let Self { open, blocks, .. } = self;
        let Some(open) = open.get_mut(&top) else { return };
        let start = open.changes.first().map_or(Lsn::ZERO, |change| change.lsn);
        let is_first = !std::mem::replace(&mut open.is_streamed, true);
        blocks.send(start, &Message::StreamStart { xid: top, is_first });
        if is_first {
            blocks.send(start, &origin());
        }
        for change in open.changes.iter_mut().filter(|change| !change.is_sent) {
            change.is_sent = true;
            for message in announcements(change.table, &mut open.announced, blocks.frames.len()) {
                blocks.frames.push((change.lsn, message.encode_in_stream(change.sub)));
            }
            // `pgoutput_message` takes the whole transaction's xid.
            let xid = if change.table.is_some() { change.sub } else { top };
            blocks.frames.push((change.lsn, change.message.encode_in_stream(xid)));
        }
        let end = blocks.frames.last().map_or(start, |(lsn, _)| *lsn);
        blocks.send(end, &Message::StreamStop);
    }
}
