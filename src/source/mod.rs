//! From a configuration to a source: which tables, is it safe, what must be made first, where to go on.

mod binary;
mod first_run;
mod made;
mod origin;
mod publication;
mod resume;
mod row_filters;
mod safety;
mod selection;
mod server;
mod shapes;

pub(crate) use first_run::{FirstRun, prepare};
pub(crate) use made::drop_made;
pub(crate) use resume::{Start, describe, limits, make_slot, position_of, replication, start};
pub(crate) use server::Server;
