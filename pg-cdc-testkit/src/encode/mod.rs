//! Encoders of output plugins' messages: plain data in, bytes out, as a server would send them.

pub mod pgoutput;
pub mod test_decoding;
pub mod walminer;
