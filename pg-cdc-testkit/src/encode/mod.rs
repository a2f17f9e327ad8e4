//! Encoders of output plugins' messages: plain data in, bytes out, as a server would send them.

pub mod decoderbufs;
pub mod pgoutput;
pub mod test_decoding;
pub mod wal2json;
pub mod walminer;
