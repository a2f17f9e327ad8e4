//! Decoders of PostgreSQL's logical-decoding output plugins, one module a plugin.
//!
//! Each is a state machine over the plugin's messages: bytes in, changes out; no I/O, no clock, no async. The same
//! decoder serves replication, the slot's SQL functions, recorded files, benches and fuzzers.
//!
//! ```
//! use bytes::Bytes;
//! use pg_cdc_core::batch::ChangeBatch;
//! use pg_cdc_core::{Decoder, Frame, Lsn, Tables};
//! use pg_cdc_decoders::PgOutput;
//!
//! let mut decoder = PgOutput::new();
//! let mut batch = ChangeBatch::new();
//! // BEGIN of transaction 7, which commits at 0/64.
//! let begin = Bytes::from_static(b"B\0\0\0\0\0\0\0\x64\0\0\0\0\0\0\0\0\0\0\0\x07");
//! let frame = Frame::whole(Lsn::new(50), &begin);
//! let outcome = decoder.decode(frame, &Tables::without_catalog(), &mut batch)?;
//! assert_eq!(outcome, pg_cdc_core::Outcome::Begin { commit_lsn: Lsn::new(0x64) });
//! # Ok::<(), pg_cdc_core::DecodeError>(())
//! ```

mod cursor;
pub mod decoderbufs;
mod named;
pub mod pgoutput;
pub mod test_decoding;
mod text;
pub mod wal2json;
pub mod walminer;

pub use decoderbufs::DecoderBufs;
pub use pg_cdc_core::InvalidText;
pub use pgoutput::PgOutput;
pub use test_decoding::TestDecoding;
pub use text::{TextEncoding, UnsupportedEncoding};
pub use wal2json::Wal2Json;
pub use walminer::WalMiner;
