//! What the pipeline file may say but no code does yet: refused by name, never ignored.

use super::yaml::{Node, Value, shown};
use super::{
    ChannelBinding, Collapse, ConfigError, HeartbeatTable, OnLagLimit, OnLost, OnUnknownTable, PipelineFile,
    SinkConfig, SnapshotMode, StateKind, Target, Transport, UnknownTypes,
};

/// A key of which not every value works.
struct Rule {
    path: &'static str,
    /// What works, for the error.
    works: &'static str,
    /// Whether this file asks for what works.
    is_met: fn(&PipelineFile) -> bool,
    /// Where the default itself does not work yet: what is done instead.
    instead: Option<&'static str>,
}

const fn only(path: &'static str, works: &'static str, is_met: fn(&PipelineFile) -> bool) -> Rule {
    Rule { path, works, is_met, instead: None }
}

const fn default_later(
    path: &'static str,
    works: &'static str,
    instead: &'static str,
    is_met: fn(&PipelineFile) -> bool,
) -> Rule {
    Rule { path, works, is_met, instead: Some(instead) }
}

/// Nothing but leaving the key out.
const NONE: &str = "";

#[rustfmt::skip]
const RULES: &[Rule] = &[
    only("source.hosts", "one host", |f| f.source.hosts.len() <= 1),
    only("source.target", "any", |f| f.source.target == Target::Any),
    only("source.primary_url", NONE, |f| f.source.primary_url.is_none()),
    only("source.tls.cert", NONE, |f| f.source.tls.cert.is_none()),
    only("source.tls.key", NONE, |f| f.source.tls.key.is_none()),
    default_later("source.tls.channel_binding", "disable", "SCRAM is not bound to TLS (channel_binding: disable)",
        |f| f.source.tls.channel_binding == ChannelBinding::Disable),
    default_later("source.tables.on_unknown_table", "ignore",
        "tables that appear after the start are left out (on_unknown_table: ignore)",
        |f| f.source.tables.on_unknown_table == OnUnknownTable::Ignore),
    only("source.tables.unknown_types", "text", |f| f.source.tables.unknown_types == UnknownTypes::Text),
    only("source.tables.collapse", "partitions", |f| f.source.tables.collapse == Collapse::Partitions),
    only("source.transport", "auto, replication", |f| f.source.transport != Transport::Polling),
    only("source.slot.failover", "false", |f| !f.source.slot.failover),
    default_later("source.slot.lag_limit", "0", "the WAL that the slot holds back is not watched (lag_limit: 0)",
        |f| f.source.slot.lag_limit == 0),
    only("source.slot.on_lag_limit", "warn", |f| f.source.slot.on_lag_limit == OnLagLimit::Warn),
    only("source.slot.on_lost", "error", |f| f.source.slot.on_lost == OnLost::Error),
    only("source.snapshot.mode", "initial, never, only",
        |f| !matches!(f.source.snapshot.mode, SnapshotMode::Always | SnapshotMode::Incremental)),
    default_later("source.snapshot.shard_rows", NONE, "a table is copied in one piece (no shard_rows)",
        |f| f.source.snapshot.mode == SnapshotMode::Never),
    only("source.snapshot.shard_size", NONE, |f| f.source.snapshot.shard_size.is_none()),
    only("source.snapshot.sharding_keys", NONE, |f| f.source.snapshot.sharding_keys.is_empty()),
    only("source.snapshot.max_age", "0", |f| f.source.snapshot.max_age.is_zero()),
    only("source.snapshot.chunk_rows", "0", |f| f.source.snapshot.chunk_rows == 0),
    only("source.cursor", NONE, |f| f.source.cursor.is_empty()),
    only("source.heartbeat.table", "none", |f| f.source.heartbeat.table == HeartbeatTable::None),
    only("source.timezone", "UTC", |f| f.source.timezone == "UTC"),
    only("sink.type", "jsonl, null", |f| matches!(f.sink, SinkConfig::Jsonl(_) | SinkConfig::Null(_))),
    only("sink.rotate", NONE, |f| !matches!(&f.sink, SinkConfig::Jsonl(j) if j.rotate.is_some())),
    only("state.type", "file, memory", |f| matches!(f.state.kind, StateKind::File | StateKind::Memory)),
];

/// Refuses what the file asks for and no code does yet.
pub(super) fn refuse(file: &PipelineFile, root: &Node) -> Result<(), ConfigError> {
    let said = |path: &str| root.at(path).filter(|node| node.says_something());
    let refused = |path: &str, node: Option<&Node>, works: &str| {
        let what = match node.map(|node| &node.value) {
            Some(Value::Scalar(scalar)) if works != NONE => format!("{} is", shown(&scalar.text)),
            _ if works != NONE => "this value is".to_owned(),
            _ => "this key is".to_owned(),
        };
        let today = if works == NONE { String::new() } else { format!("; what works today: {works}") };
        Err(ConfigError::new(Some(node.unwrap_or(root).mark), format!("{what} not supported yet{today}"))
            .at_key(path))
    };
    for rule in RULES.iter().filter(|rule| !(rule.is_met)(file)) {
        match (said(rule.path), rule.instead) {
            (None, Some(_)) => {}
            (node, _) => return refused(rule.path, node, rule.works),
        }
    }
    Ok(())
}

impl PipelineFile {
    /// The key of what this pipeline asks for and pg-cdc does not do yet, as in `source.plugin`, and what works.
    ///
    /// [`load`](super::load()) refuses such files already; this is for pipelines that are made in a program.
    #[must_use]
    pub fn unsupported(&self) -> Option<(&'static str, &'static str)> {
        let rule = RULES.iter().find(|rule| rule.instead.is_none() && !(rule.is_met)(self))?;
        Some((rule.path, rule.works))
    }

    /// One line on the defaults that need more than pg-cdc does yet, and what is done instead; to be logged once as a
    /// warning when the pipeline starts.
    #[must_use]
    pub fn warning(&self) -> Option<String> {
        let instead: Vec<_> =
            RULES.iter().filter(|rule| !(rule.is_met)(self)).filter_map(|rule| rule.instead).collect();
        (!instead.is_empty()).then(|| format!("running with what works today: {}", instead.join("; ")))
    }
}
