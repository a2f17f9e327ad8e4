//! What the benches share: streams of messages and values of each type, and the ways to decode them that are compared.

pub mod captures;
pub mod held;
pub mod peer;
pub mod protobuf;
pub mod receivers;
pub mod regexes;
pub mod streams;
pub mod tape;
pub mod values;
pub mod walk;
