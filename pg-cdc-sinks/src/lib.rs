//! pg-cdc sinks.
