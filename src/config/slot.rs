//! The keys `source.slot` and `source.publication`: what the pipeline makes on the server.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::switch;
use super::units::{duration, size};
use super::words::words;

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
