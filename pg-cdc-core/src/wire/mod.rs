//! Our own connection to PostgreSQL: start-up, authentication, TLS, simple query, COPY out, COPY both.
//!
//! It follows PostgreSQL's documentation, chapter "Frontend/Backend Protocol", and exists because no released driver
//! opens a replication connection. It reads in large pooled buffers and hands out [`Block`]s of whole messages in
//! place, which is what the replication stream and the snapshot's COPY are built on.
//!
//! From the ground up: [`ConnectConfig`] is plain data; [`open`] makes a [`Socket`] of it (TCP, a unix socket, TLS),
//! which other drivers may run over as well; [`Connection`] starts a session on it, and runs simple queries,
//! [`CopyOut`] and [`ReplicationStream`].
//!
//! The peer is not trusted: every length is checked before anything is allocated for it, buffers grow as bytes arrive,
//! and whatever the protocol does not allow in a state is an error that names the state.

mod address;
mod auth;
mod cancel;
mod channel;
mod config;
mod connection;
mod copy_out;
mod copy_reader;
mod frame;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod message;
mod options;
mod os_user;
mod query;
mod replication;
mod server_error;
mod session;
mod socket;
mod startup;
mod tls;
mod url;
mod verifier;
mod walsender_frame;

pub use cancel::CancelToken;
pub use config::{ConnectConfig, Host, KeepaliveConfig, Secret, SslMode, TlsConfig};
pub use connection::Connection;
pub use copy_out::{CopyFormat, CopyOut};
pub use frame::{Block, Payloads};
pub use query::Rows;
pub use replication::ReplicationStream;
pub use session::{pinned_options, pinned_sets, pinned_settings};
pub use socket::{Socket, open};
pub use startup::Session;
pub use walsender_frame::{ServerFrame, StatusUpdate};
