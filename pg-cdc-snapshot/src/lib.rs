//! pg-cdc snapshot.
