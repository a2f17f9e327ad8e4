//! What the server says of itself: its version and state, tables, slots, publications.
//!
//! Ordinary SQL goes through tokio-postgres, over a socket that [`wire`](crate::wire) opened: one thing connects.

mod blockers;
mod client;
mod publications;
mod selection;
mod slots;
mod system;
mod tables;
mod types;

pub use blockers::{Blocker, blockers, holders, name_all};
pub use client::{Client, Notice, connect};
pub use publications::{
    PlannedTable, Publication, PublicationPlan, PublishedOperations, PublishedTable, create_publication_sql,
    find_publication, mark,
};
pub use selection::{ParsePatternError, Pattern, Selection};
pub use slots::{Slot, drop_slot, find_slot};
pub use system::{System, flush_soon, system};
pub use tables::{
    IdentityProblem, TableInfo, TableKind, filenodes, list_tables, table_by_name, table_by_oid,
};
pub use types::TypeCatalog;
