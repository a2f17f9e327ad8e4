//! The keys of the output plugins: `source.pgoutput`, `source.wal2json`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::{loose, switch};
use super::words::words;

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
