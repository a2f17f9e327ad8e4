//! The key `source`: which server, which tables, and how their changes are read.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{loose, switch};
use super::tables::TablesConfig;
use super::units::{duration, optional_size, size};
use super::words::words;
use super::{Pem, Secret, ServerUrl};

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
    /// What happens to bytes that are not text in the database's encoding.
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

/// TLS to the server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct TlsConfig {
    /// What is asked of the connection; left out, the url's `sslmode`, else `prefer`.
    pub mode: Option<TlsMode>,
    /// The authorities a server's certificate is checked against: a path or PEM text.
    pub ca: Option<Pem>,
    /// The client's certificate: a path or PEM text.
    pub cert: Option<Pem>,
    /// The client's key: a path or PEM text.
    pub key: Option<Pem>,
    /// Whether SCRAM is tied to the TLS connection.
    pub channel_binding: ChannelBinding,
}

words! {
    /// What is asked of a connection, as libpq's `sslmode`.
    TlsMode {
        /// No TLS.
        Disable = "disable",
        /// TLS if the server has it.
        #[default]
        Prefer = "prefer",
        /// TLS, whoever the server is.
        Require = "require",
        /// TLS with a certificate of a known authority.
        VerifyCa = "verify-ca",
        /// TLS with a certificate of a known authority that names the host.
        VerifyFull = "verify-full",
    }
}

words! {
    /// Whether SCRAM is tied to the TLS connection, as libpq's `channel_binding`.
    ChannelBinding {
        /// Never.
        Disable = "disable",
        /// Where the server offers it.
        #[default]
        Prefer = "prefer",
        /// Always, else the connection is refused.
        Require = "require",
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

/// Options of the plugin pgoutput.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PgoutputConfig {
    /// The protocol's version.
    pub protocol: Protocol,
    /// Whether values come in their binary form.
    pub binary: Binary,
    /// Whether transactions in progress are streamed.
    pub streaming: Streaming,
    /// Whether prepared transactions are decoded at PREPARE.
    #[schemars(schema_with = "switch")]
    pub two_phase: bool,
    /// Whether logical messages are events.
    #[schemars(schema_with = "switch")]
    pub messages: bool,
    /// Which changes by their origin.
    pub origin: Origin,
}

impl Default for PgoutputConfig {
    fn default() -> Self {
        Self {
            protocol: Protocol::default(),
            binary: Binary::default(),
            streaming: Streaming::default(),
            two_phase: false,
            messages: true,
            origin: Origin::default(),
        }
    }
}

words! {
    /// The version of pgoutput's protocol.
    #[schemars(transform = loose)]
    Protocol {
        /// The newest that the server and pg-cdc have.
        #[default]
        Auto = "auto",
        /// PostgreSQL 10.
        V1 = "1",
        /// PostgreSQL 14: transactions in progress.
        V2 = "2",
        /// PostgreSQL 15: two-phase commit.
        V3 = "3",
        /// PostgreSQL 16: parallel streaming.
        V4 = "4",
    }
}

words! {
    /// Whether values come in their binary form.
    #[schemars(transform = loose)]
    Binary {
        /// Where every selected column's binary form can be mapped.
        #[default]
        Auto = "auto",
        /// Always; refused where a column's can't be mapped.
        On = "true",
        /// As text.
        Off = "false",
    }
}

words! {
    /// Whether transactions in progress are streamed.
    #[schemars(transform = loose)]
    Streaming {
        /// Where the protocol has it.
        #[default]
        Auto = "auto",
        /// Transactions come when they commit.
        Off = "off",
        /// Large ones come as they happen.
        On = "on",
        /// As `on`, with what a parallel apply needs.
        Parallel = "parallel",
    }
}

words! {
    /// Which changes by their origin.
    Origin {
        /// All of them.
        #[default]
        Any = "any",
        /// Those that were not replicated from elsewhere.
        None = "none",
    }
}

/// Options of the plugin wal2json.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Wal2jsonConfig {
    /// `format-version`.
    pub version: Wal2jsonVersion,
}

words! {
    /// The format of wal2json.
    #[schemars(transform = loose)]
    Wal2jsonVersion {
        /// One object a transaction.
        V1 = "1",
        /// One object a change.
        #[default]
        V2 = "2",
    }
}

/// The replication slot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SlotConfig {
    /// Its name; left out, the pipeline's.
    #[schemars(regex(pattern = "^[a-z0-9_]{1,63}$"))]
    pub name: Option<String>,
    /// Who makes it.
    pub create: SlotCreate,
    /// How long its making may wait for running transactions.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub create_timeout: Duration,
    /// Whether it is kept in step on standbys (PostgreSQL 17).
    #[schemars(schema_with = "switch")]
    pub failover: bool,
    /// How much WAL it may hold back; 0 is no limit.
    #[serde(with = "size")]
    #[schemars(schema_with = "size::schema")]
    pub lag_limit: u64,
    /// What happens at the limit.
    pub on_lag_limit: OnLagLimit,
    /// What happens when the server has lost it.
    pub on_lost: OnLost,
}

impl Default for SlotConfig {
    fn default() -> Self {
        Self {
            name: None,
            create: SlotCreate::default(),
            create_timeout: Duration::from_secs(300),
            failover: false,
            lag_limit: 50 << 30,
            on_lag_limit: OnLagLimit::default(),
            on_lost: OnLost::default(),
        }
    }
}

words! {
    /// Who makes the slot.
    SlotCreate {
        /// The pipeline, if there is none.
        #[default]
        IfMissing = "if_missing",
        /// Someone else.
        Never = "never",
        /// The pipeline, for as long as it is connected.
        Temporary = "temporary",
    }
}

words! {
    /// What happens when the slot holds back more than it may.
    OnLagLimit {
        /// A warning.
        #[default]
        Warn = "warn",
        /// The pipeline stops; the slot stays.
        Stop = "stop",
    }
}

words! {
    /// What happens when the slot is lost.
    OnLost {
        /// The pipeline stops.
        #[default]
        Error = "error",
        /// The tables are read again.
        Resnapshot = "resnapshot",
    }
}

/// The publication.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct PublicationConfig {
    /// Its name; left out, the pipeline's.
    pub name: Option<String>,
    /// Who makes it, and for what.
    pub create: PublicationCreate,
    /// Whether changes of partitions are published as their root's.
    #[schemars(schema_with = "switch")]
    pub via_root: bool,
}

impl Default for PublicationConfig {
    fn default() -> Self {
        Self { name: None, create: PublicationCreate::default(), via_root: true }
    }
}

words! {
    /// Who makes the publication, and for what.
    PublicationCreate {
        /// The pipeline, for the selected tables, if there is none.
        #[default]
        IfMissing = "if_missing",
        /// The pipeline, `FOR ALL TABLES`, if there is none.
        AllTables = "all_tables",
        /// Someone else.
        Never = "never",
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

/// The copy of the rows that are there before the first change.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct SnapshotConfig {
    /// When a copy is made.
    pub mode: SnapshotMode,
    /// How many connections read at the same time.
    #[schemars(range(min = 1))]
    pub parallelism: u32,
    /// Rows of a shard of a large table.
    #[schemars(range(min = 1))]
    pub shard_rows: u64,
    /// Bytes of a shard, instead of rows.
    #[serde(with = "optional_size")]
    #[schemars(schema_with = "size::schema")]
    pub shard_size: Option<u64>,
    /// The columns by which a table is cut into shards.
    pub sharding_keys: BTreeMap<String, Vec<String>>,
    /// The form in which COPY sends rows.
    pub format: SnapshotFormat,
    /// How old a snapshot may become before shards move on to a fresh one; 0 is one for the whole copy.
    #[serde(with = "duration")]
    #[schemars(schema_with = "duration::schema")]
    pub max_age: Duration,
    /// Rows of a chunk of the incremental mode; 0 is by size.
    pub chunk_rows: u64,
}

impl Default for SnapshotConfig {
    fn default() -> Self {
        Self {
            mode: SnapshotMode::default(),
            parallelism: 4,
            shard_rows: 500_000,
            shard_size: None,
            sharding_keys: BTreeMap::new(),
            format: SnapshotFormat::default(),
            max_age: Duration::ZERO,
            chunk_rows: 0,
        }
    }
}

words! {
    /// When rows are copied.
    SnapshotMode {
        /// Once, before the first change.
        #[default]
        Initial = "initial",
        /// Not at all.
        Never = "never",
        /// Once, and no changes: makes no slot.
        Only = "only",
        /// At every start.
        Always = "always",
        /// Beside the stream, in chunks.
        Incremental = "incremental",
    }
}

words! {
    /// The form in which COPY sends rows.
    SnapshotFormat {
        /// Binary where every column's type can be mapped from it.
        #[default]
        Auto = "auto",
        /// Binary.
        Binary = "binary",
        /// Text.
        Text = "text",
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
