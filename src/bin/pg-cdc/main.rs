//! The program `pg-cdc`.
fn main() {}
