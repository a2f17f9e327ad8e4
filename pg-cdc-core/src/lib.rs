//! The ground floor of pg-cdc: the data model, the seams between a source, a decoder, a sink and a state store,
//! PostgreSQL's types, and behind features the wire, the catalog and the replication stream.
//!
//! Programs mostly use it through `pg-cdc`, which re-exports it. A crate that only decodes, or only writes a sink, can
//! use it alone: without features it has no tokio and no sockets.
//!
//! ```
//! use pg_cdc_core::types::{FromDatum, PgNumeric, json::write_natural, oid};
//! use pg_cdc_core::{ColumnType, Datum, Lsn};
//!
//! // A value is bytes in one of PostgreSQL's two encodings, until somebody asks.
//! let price = ColumnType::new(oid::NUMERIC, -1, "numeric");
//! let value = Datum::Text(b"9.50");
//! assert_eq!(PgNumeric::from_datum(&price, value)?.to_string(), "9.50");
//! let mut json = Vec::new();
//! write_natural(&price, value, &mut json)?;
//! assert_eq!(json, b"9.50");
//!
//! // Nothing is not always NULL.
//! assert!(Datum::Null.is_known() && !Datum::Unchanged.is_known());
//! assert!(PgNumeric::from_datum(&price, Datum::Unchanged).is_err());
//!
//! assert_eq!("16/B374D848".parse::<Lsn>()?.to_string(), "16/B374D848");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is where
//!
//! - [`batch`]: [`ChangeBatch`](batch::ChangeBatch), the unit of flow, on a tape that is used again; borrowed
//!   [`Change`](batch::Change) and [`Row`](batch::Row); [`Write`](batch::Write), what a sink must do.
//! - [`Datum`], a value or one of four kinds of nothing; [`types`], what turns one into Rust, text or JSON, and a row into
//!   a struct of yours; [`InvalidText`], what becomes of bytes that are no text.
//! - [`Table`] and [`Column`], one version of a table; [`Lsn`] and [`Position`], where something is.
//! - The seams: [`Source`] with [`SourceControl`], [`Decoder`], [`Sink`], [`StateStore`] with [`FileStore`] and
//!   [`MemoryStore`]. Each says in prose what a caller may rely on.
//!
//! # Behavior
//!
//! Nothing in here prints, and nothing from outside makes it panic. Secrets and values stand in no error and no
//! `Debug` of a connection.
//!
//! # Features
//!
//! | feature | brings |
//! | --- | --- |
//! | `wire` | `wire`: our own connection: start-up, authentication, TLS (rustls with ring), simple query, COPY out, COPY both |
//! | `catalog` | `catalog`: what the server says of itself, through tokio-postgres over `wire`'s sockets |
//! | `stream` | `stream`: the replication `Source`, slots and their exported snapshots |
//! | `arrow` | `types::arrow`: Arrow schemas of tables, and arrays built straight from batches |
//!
//! The first three each bring the one before. None is on by default, and neither are those that bring values as the types of the crate
//! of their name: `bigdecimal`, `chrono`, `cidr`, `geo-types`, `jiff`, `postgres-types`, `rust_decimal`, `time`, `uuid`
//! (see [`types::FromDatum`]).

pub mod batch;
#[cfg(feature = "catalog")]
pub mod catalog;
mod datum;
mod decoder;
mod error;
mod invalid_text;
mod lsn;
mod name;
mod position;
mod route;
mod row_filter;
mod shape;
mod sink;
mod source;
mod state;
#[cfg(feature = "stream")]
pub mod stream;
mod table;
pub mod types;
pub mod walminer;
#[cfg(feature = "wire")]
pub mod wire;
mod xid_snapshot;

pub use datum::Datum;
pub use decoder::{DecodeError, Decoder, Frame, Known, Outcome, Sequence, TableFacts, Tables};
pub use error::{Error, ErrorKind};
pub use invalid_text::InvalidText;
pub use lsn::{Lsn, ParseLsnError};
pub use name::{TableName, quote_identifier, quote_literal};
pub use position::{Position, ServerId, SnapshotProgress};
pub use route::{Committed, Kept, Prepared, Route};
pub use row_filter::{ParseRowFilterError, RowFilter};
pub use shape::{Columns, Shape, TableShape};
pub use sink::{Durable, Sink, SinkError, SinkState};
pub use source::{BoxSource, Control, Source, SourceControl, SourceError};
pub use state::{
    Asked, FileStore, MemoryStore, PublicationRecord, STATE_VERSION, SlotRecord, SnapshotRecord, State,
    StateStore, TableStart,
};
pub use table::{Column, ReplicaIdentity, Table};
pub use types::ColumnType;
pub use xid_snapshot::{ParseXidSnapshotError, XidSnapshot};
