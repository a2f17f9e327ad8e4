//! What a replication source is told.

use std::sync::Arc;
use std::time::Duration;

use super::spool::SpoolOptions;
use super::uncommitted::UncommittedSender;
use crate::batch::BufferPool;
use crate::catalog::Selection;
use crate::wire::ConnectConfig;
use crate::{Error, Lsn, Position, Table, TableShape, TableStart};

/// An output plugin and the options it is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plugin {
    /// Its name, as in `CREATE_REPLICATION_SLOT … LOGICAL name`.
    pub name: String,
    /// Names and values for `START_REPLICATION`.
    pub options: Vec<(String, String)>,
    /// Names of those that are left out where the plugin's release does not know them.
    pub optional: Vec<String>,
    /// Those that are added where transactions in progress are asked for, if it can send such.
    pub streaming: Vec<(String, String)>,
    /// Whether it sends transactions before their outcome is known, or before it tells where they commit, also without
    /// those: prepared ones, for one.
    pub sends_early: bool,
}

impl Plugin {
    /// The plugin `name` with these options.
    #[must_use]
    pub fn new<N: Into<String>, V: Into<String>>(
        name: impl Into<String>,
        options: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let options = options.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { name: name.into(), options, optional: Vec::new(), streaming: Vec::new(), sends_early: false }
    }

    /// Leaves out the option that the plugin does not know, by the server's error that says so, if it is an optional one.
    pub(super) fn leave_out(&mut self, error: &Error) -> Option<String> {
        if error.sqlstate() != Some("22023") {
            return None;
        }
        let told = error.with_causes();
        let is_meant = |name: &&String| told.contains(&format!("\"{name}\""));
        let name = self.optional.iter().find(is_meant)?.clone();
        self.optional.retain(|known| *known != name);
        self.options.retain(|(known, _)| *known != name);
        Some(name)
    }

    /// The plugin tells where a transaction commits only at its end: until then its changes are kept.
    #[must_use]
    pub fn with_commit_at_the_end(mut self) -> Self {
        self.sends_early = true;
        self
    }

    /// `pgoutput` with version `protocol` of its protocol, for `publications`: 1 is known to every server, 2 since
    /// PostgreSQL 14, 3 since 15, 4 since 16. Logical messages come with `messages`, which PostgreSQL knows since 14.
    #[must_use]
    pub fn pgoutput(protocol: u8, publications: &[String], messages: bool) -> Self {
        let names: Vec<String> = publications.iter().map(|name| crate::quote_identifier(name)).collect();
        let mut options = vec![
            ("proto_version".to_owned(), protocol.to_string()),
            ("publication_names".to_owned(), names.join(",")),
        ];
        if messages {
            options.push(("messages".to_owned(), "true".to_owned()));
        }
        Self::new("pgoutput", options)
    }

    /// With transactions in progress, where [`ReplicationOptions::streaming`] asks for them: since protocol 2. With
    /// `parallel`, since protocol 4, the server also tells where one was rolled back.
    #[must_use]
    pub fn with_streaming(mut self, parallel: bool) -> Self {
        let value = if parallel { "parallel" } else { "on" };
        self.streaming = vec![("streaming".to_owned(), value.to_owned())];
        self
    }

    /// With transactions that are prepared for a commit in two phases at their PREPARE, since protocol 3.
    #[must_use]
    pub fn with_two_phase(mut self) -> Self {
        self.options.push(("two_phase".to_owned(), "on".to_owned()));
        self.sends_early = true;
        self
    }

    /// Without the changes that the server's own replication brought from elsewhere, which PostgreSQL can leave out since
    /// 16.
    #[must_use]
    pub fn with_origin_none(mut self) -> Self {
        self.options.push(("origin".to_owned(), "none".to_owned()));
        self
    }

    /// The options with which values come in their binary form, and transactions while they are in progress.
    pub(super) fn options_of(&self, binary: bool, streaming: bool) -> Vec<(String, String)> {
        let binary = binary.then(|| ("binary".to_owned(), "true".to_owned()));
        let streaming = self.streaming.iter().filter(|_| streaming).cloned();
        self.options.iter().cloned().chain(binary).chain(streaming).collect()
    }
}

/// When a batch is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchLimits {
    /// At this many changes.
    pub rows: usize,
    /// At this many bytes that it keeps alive.
    pub bytes: usize,
}

impl Default for BatchLimits {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 8 << 20 }
    }
}

/// How transient errors are tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// For how long since the connection last worked.
    pub max_elapsed: Duration,
    /// The first pause; each is twice the one before.
    pub initial: Duration,
    /// The longest pause.
    pub max: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self {
            max_elapsed: Duration::from_secs(300),
            initial: Duration::from_millis(100),
            max: Duration::from_secs(30),
        }
    }
}

impl Retry {
    /// The pause before try `attempt` (from 0).
    #[must_use]
    pub fn pause(&self, attempt: u32) -> Duration {
        self.initial.saturating_mul(2_u32.saturating_pow(attempt)).min(self.max)
    }
}

/// Where a source ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Before the first transaction whose commit record starts at or after this.
    Lsn(Lsn),
    /// As [`Until::Lsn`] with the server's insert LSN of when streaming begins.
    Current,
}

/// How a [`ReplicationSource`](super::ReplicationSource) reads its slot.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReplicationOptions {
    /// The server.
    pub connect: ConnectConfig,
    /// The slot.
    pub slot: String,
    /// The plugin and its options.
    pub plugin: Plugin,
    /// Whether values come in their binary form, for a plugin that has one (pgoutput since 14).
    pub binary: BinaryValues,
    /// Whether transactions come while they are in progress, for a plugin that can send such.
    pub streaming: Streaming,
    /// Where what comes of transactions in progress is shown before their outcome, to whoever wants to see it: see
    /// [`uncommitted`](super::uncommitted). Nothing comes of those that the server sends whole.
    pub uncommitted: Option<UncommittedSender>,
    /// How transactions are kept whose outcome is not known yet.
    pub spool: SpoolOptions,
    /// Where to go on: everything up to here is durable.
    pub start: Position,
    /// Where to end; `None` for never.
    pub until: Option<Until>,
    /// A transaction to pass over: its commit LSN, as an error names it. It is logged, and counted in
    /// `pg_cdc_transactions_skipped_total`.
    pub skip: Option<Lsn>,
    /// The tables whose changes are wanted, in the versions in use.
    pub tables: Vec<Arc<Table>>,
    /// What of these tables is read, where that is not simply all of it.
    pub shapes: Vec<TableShape>,
    /// OIDs of those of which only INSERTs and TRUNCATEs are wanted, for plugins without publications.
    pub inserts_only: Vec<u32>,
    /// What tables that are not among these may be, so that they can be named when they appear.
    pub selection: Selection,
    /// What happens when such a table appears.
    pub unknown_tables: UnknownTables,
    /// Tables that were read again at a later point than the slot's.
    pub starts: Vec<TableStart>,
    /// When a batch is closed.
    pub batch: BatchLimits,
    /// The buffers in flight.
    pub memory: BufferPool,
    /// How long a reader may make no progress before the connection is given up until it does: a stalled reader holds
    /// up the server's shutdown.
    pub stall_limit: Duration,
    /// How often an idle position is handed out at most.
    pub idle_every: Duration,
    /// How transient errors are tried again.
    pub retry: Retry,
}

/// Whether values come in their binary form. It is one setting for the whole stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BinaryValues {
    /// As text.
    #[default]
    Never,
    /// In binary as long as every column of every table can be had from it; when a table comes that has another, the
    /// stream goes on as text from where it is.
    WherePossible,
    /// In binary; a column that can't be had so is an error.
    Always,
}

/// Whether transactions come while they are in progress, so that a large one is neither kept by the server nor waited
/// for. Nothing of them is handed out before they commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Streaming {
    /// When they have committed.
    #[default]
    Never,
    /// While they are in progress, if there is a folder to keep them in.
    WherePossible,
    /// While they are in progress.
    Always,
}

/// What happens when a table appears that is selected, but was not there when the pipeline began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum UnknownTables {
    /// Its changes are left out; it is named in the log once.
    #[default]
    Ignore,
    /// The source stops with an error.
    Error,
}

impl ReplicationOptions {
    /// Reads `slot` with `plugin` from `start` on, with default limits and no tables yet.
    #[must_use]
    pub fn new(connect: ConnectConfig, slot: impl Into<String>, plugin: Plugin, start: Position) -> Self {
        Self {
            connect,
            slot: slot.into(),
            plugin,
            binary: BinaryValues::default(),
            streaming: Streaming::default(),
            uncommitted: None,
            spool: SpoolOptions::default(),
            start,
            until: None,
            skip: None,
            tables: Vec::new(),
            shapes: Vec::new(),
            inserts_only: Vec::new(),
            selection: Selection::default(),
            unknown_tables: UnknownTables::default(),
            starts: Vec::new(),
            batch: BatchLimits::default(),
            memory: BufferPool::new(64 << 20),
            stall_limit: Duration::from_secs(300),
            idle_every: Duration::from_secs(10),
            retry: Retry::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let retry = Retry::default();
        assert_eq!(retry.pause(0), Duration::from_millis(100));
        assert_eq!(retry.pause(3), Duration::from_millis(800));
        assert_eq!(retry.pause(60), retry.max);
    }

    #[test]
    fn publication_names_are_a_list_of_identifiers() {
        let plugin = Plugin::pgoutput(1, &["a".to_owned(), "b\"c".to_owned()], true);
        let options: Vec<_> = plugin.options.iter().map(|(name, value)| (&**name, &**value)).collect();
        let names = r#""a","b""c""#;
        assert_eq!(options, [("proto_version", "1"), ("publication_names", names), ("messages", "true")]);
    }

    #[test]
    fn a_connection_may_go_without_what_the_plugin_could_send() {
        let plugin = Plugin::pgoutput(4, &["p".to_owned()], false).with_streaming(true).with_two_phase();
        let names = |binary, streaming| {
            let options = plugin.options_of(binary, streaming).into_iter();
            options.skip(2).map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
        };
        assert_eq!(names(false, false), "two_phase on");
        assert_eq!(names(true, true), "two_phase on, binary true, streaming parallel");
    }
}
