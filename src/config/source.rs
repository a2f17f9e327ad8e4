//! The key `source`: which server, which tables, and how their changes are read.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::tables::TablesConfig;
use super::units::{duration, size};
use super::words::words;
use super::{
    PgoutputConfig, PublicationConfig, Secret, ServerUrl, SlotConfig, SnapshotConfig, TlsConfig,
    Wal2jsonConfig,
};

/// Where changes come from.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SourceConfig {
    /// The server, `postgres://user@host:port/database?sslmode=…`; variables inside it are percent-encoded.
    pub url: Option<ServerUrl>,
    /// Instead of a url: hosts, each with its port if it has one of its own, as in `db2:5433`; a path is a unix socket's folder.
    pub hosts: Vec<String>,
    /// Instead of a url: the port of the hosts that name none.
    #[schemars(range(min = 1))]
    pub port: Option<u16>,
    /// Instead of a url: the database.
    pub database: Option<String>,
    /// Instead of a url: the user.
    pub user: Option<String>,
    /// Which of several hosts to take.
    pub target: Target,
    /// The password; wins over the url's.
    pub password: Option<Secret>,
    /// Start-up parameters, as in `application_name: ingest`.
    pub options: BTreeMap<String, String>,
    /// Only for changes from a standby: the primary, where publications, heartbeats and signals are made.
    pub primary_url: Option<ServerUrl>,
    /// TLS: wins over the url's `sslmode` and `sslrootcert`.
    pub tls: TlsConfig,
    /// Which tables, columns and rows.
    pub tables: TablesConfig,
    /// The output plugin of the slot.
    pub plugin: Plugin,
    /// How changes are fetched; `auto` is replication.
    pub transport: Transport,
    /// Options of the plugin pgoutput.
    pub pgoutput: PgoutputConfig,
    /// Options of the plugin wal2json.
    pub wal2json: Wal2jsonConfig,
    /// The replication slot.
    pub slot: SlotConfig,
    /// The publication.
    pub publication: PublicationConfig,
    /// Whether the selected tables are altered to `REPLICA IDENTITY FULL`.
    pub replica_identity: ReplicaIdentity,
    /// The copy of the rows that are there before the first change.
    pub snapshot: SnapshotConfig,
    /// Tables that are polled by a column that only grows, without WAL.
    pub cursor: BTreeMap<String, CursorConfig>,
    /// What keeps an idle database from holding WAL back.
    pub heartbeat: HeartbeatConfig,
    /// The time zone of types without one, where they are turned into instants.
    pub timezone: String,
    /// What happens to bytes that are not text in the database's encoding: such as any that are not UTF-8, of SQL_ASCII.
    pub invalid_text: InvalidText,
    /// Buffer bytes retained in flight; larger transactions spill to disk.
    #[serde(with = "size")]
    #[schemars(schema_with = "size::schema")]
    pub memory_limit: u64,
    /// A sink that stalls for longer loses the connection, which is made again when it moves.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub sink_stall_limit: Duration,
}

impl Default for SourceConfig {
    fn default() -> Self {
        Self {
            url: None,
            hosts: Vec::new(),
            port: None,
            database: None,
            user: None,
            target: Target::default(),
            password: None,
            options: BTreeMap::new(),
            primary_url: None,
            tls: TlsConfig::default(),
            tables: TablesConfig::default(),
            plugin: Plugin::default(),
            transport: Transport::default(),
            pgoutput: PgoutputConfig::default(),
            wal2json: Wal2jsonConfig::default(),
            slot: SlotConfig::default(),
            publication: PublicationConfig::default(),
            replica_identity: ReplicaIdentity::default(),
            snapshot: SnapshotConfig::default(),
            cursor: BTreeMap::new(),
            heartbeat: HeartbeatConfig::default(),
            timezone: "UTC".to_owned(),
            invalid_text: InvalidText::default(),
            memory_limit: 64 << 20,
            sink_stall_limit: Duration::from_secs(300),
        }
    }
}

impl SourceConfig {
    /// The server at `url`, everything else as by default.
    pub fn from_url(url: impl Into<String>) -> Self {
        Self { url: Some(ServerUrl::new(url)), ..Self::default() }
    }
}

words! {
    /// Which of several hosts a connection takes.
    Target {
        /// The one that is not in recovery.
        Primary = "primary",
        /// The first that answers.
        #[default]
        Any = "any",
        /// One in recovery if there is one.
        PreferStandby = "prefer-standby",
    }
}

words! {
    /// The output plugin that a slot decodes with.
    Plugin {
        /// PostgreSQL's own, 10 and later.
        #[default]
        Pgoutput = "pgoutput",
        /// JSON.
        Wal2json = "wal2json",
        /// Protocol buffers.
        Decoderbufs = "decoderbufs",
        /// PostgreSQL's example, text.
        TestDecoding = "test_decoding",
        /// WAL read through SQL, without a slot.
        Walminer = "walminer",
    }
}

words! {
    /// How changes are fetched from the server.
    Transport {
        /// The fastest that the server allows.
        #[default]
        Auto = "auto",
        /// A replication connection.
        Replication = "replication",
        /// SQL functions, for servers where no replication connection is allowed.
        Polling = "polling",
    }
}

words! {
    /// Whether tables are altered to publish whole old rows.
    ReplicaIdentity {
        /// They are left as they are.
        #[default]
        Keep = "keep",
        /// The selected tables get `REPLICA IDENTITY FULL`.
        Full = "full",
    }
}

/// A table that is polled by a column that only grows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct CursorConfig {
    /// The column.
    pub column: String,
    /// How often.
    #[serde(with = "duration", default = "half_a_minute")]
    #[schemars(schema_with = "duration::schema")]
    pub every: Duration,
    /// The value to begin behind.
    #[serde(default)]
    pub initial: Option<String>,
}

fn half_a_minute() -> Duration {
    Duration::from_secs(30)
}

/// What keeps an idle database from holding WAL back.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct HeartbeatConfig {
    /// How often an idle position is saved and acknowledged, at most.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub every: Duration,
    /// `none`, or the table `schema.name` into which a row is written.
    pub table: HeartbeatTable,
}

impl Default for HeartbeatConfig {
    fn default() -> Self {
        Self { every: Duration::from_secs(10), table: HeartbeatTable::default() }
    }
}

/// The table that heartbeats are written to, if any.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(from = "String", into = "String")]
#[schemars(inline, with = "String")]
pub enum HeartbeatTable {
    /// None: only the idle position is acknowledged.
    #[default]
    None,
    /// A table, as `schema.name`.
    Table(String),
}

impl From<String> for HeartbeatTable {
    fn from(text: String) -> Self {
        if text == "none" { Self::None } else { Self::Table(text) }
    }
}

impl From<HeartbeatTable> for String {
    fn from(table: HeartbeatTable) -> Self {
        match table {
            HeartbeatTable::None => "none".to_owned(),
            HeartbeatTable::Table(name) => name,
        }
    }
}

words! {
    /// What happens to bytes that are not text in the database's encoding.
    InvalidText {
        /// The pipeline stops.
        #[default]
        Error = "error",
        /// They become U+FFFD.
        Replace = "replace",
        /// The value becomes base64.
        Base64 = "base64",
    }
}

impl From<InvalidText> for pg_cdc_core::InvalidText {
    fn from(asked: InvalidText) -> Self {
        match asked {
            InvalidText::Error => Self::Error,
            InvalidText::Replace => Self::Replace,
            InvalidText::Base64 => Self::Base64,
        }
    }
}
