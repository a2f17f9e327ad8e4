//! walminer: an extension that mines the write-ahead log for SQL text.
//!
//! It is no output plugin and has no slot: it is called through SQL and leaves a table. [`Message`] is what that table
//! becomes for a decoder; with the feature `stream`, `WalMinerSource` drives the extension.
//!
//! # What a position means
//!
//! Nothing is acknowledged to the server, which keeps no WAL for walminer: see to it that WAL stays until it is mined.
//! A [`Position`](crate::Position)'s `confirmed` is where mining starts again: no transaction that was not delivered
//! whole wrote anything before it. What lies behind it comes again, and is passed over by `commit_lsn` and `seq`.
//!
//! - Version 3 tells a `commit_lsn`: in its published source, the end of the commit record. `seq` is the change's index in
//!   the order of the changes' LSNs and `sqlno`, which is that of `sqlno` but where there were subtransactions: each of
//!   them has a count of its own.
//! - Version 1 tells no LSN at all. Its rows come in the order of the commits, so the `commit_lsn` of a transaction is
//!   where mining started, a segment's start, plus its number among those that came out, from 1: a number that is the
//!   same whenever mining starts there, however far it goes, and below that of any later start.
//!
//! So that no transaction is cut in two, version 3 starts again only at points of which all transactions that were
//! running then have ended and were delivered; version 1, which mines whole files, only at the start of a segment to
//! which the server was switched while no transaction was running, right before a checkpoint: what it needs of a page
//! that changes must lie in what it mines.
//!
//! The first place is [`begin`]'s. A snapshot that is read there and the log overlap; which transactions a table's rows
//! show already says [`TableStart::shows`](crate::TableStart), exactly.

#[cfg(feature = "stream")]
mod begin;
#[cfg(feature = "stream")]
mod calls;
#[cfg(feature = "stream")]
mod delivery;
mod message;
#[cfg(feature = "stream")]
mod options;
#[cfg(feature = "stream")]
mod reader;
mod release;
#[cfg(feature = "stream")]
mod rows;
#[cfg(feature = "stream")]
mod source;
mod statement;
#[cfg(feature = "stream")]
mod window;

#[cfg(feature = "stream")]
pub use begin::{MiningStart, begin};
#[cfg(feature = "stream")]
pub use calls::{identify, quiet_start, release};
pub use message::{Malformed, Message, MinedRow, Verb};
#[cfg(feature = "stream")]
pub use options::MiningOptions;
pub use release::Release;
#[cfg(feature = "stream")]
pub use source::WalMinerSource;
pub use statement::table_of;
