//! pg-cdc decoders.
