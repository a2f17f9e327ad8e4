//! From a configuration to a source: which tables, is it safe, what must be made first, where to go on.

mod binary;
mod first_run;
mod invalid_text;
mod made;
mod mining;
mod origin;
mod plugin;
mod protocol;
mod publication;
mod resume;
mod row_filters;
mod safety;
mod selection;
mod server;
mod shapes;
mod stream;

pub(crate) use first_run::{FirstRun, prepare};
pub(crate) use made::drop_made;
pub(crate) use mining::{begin as begin_mining, source as mined};
pub(crate) use plugin::is_mined;
pub(crate) use resume::{Start, describe, make_slot, position_of, start};
pub(crate) use server::Server;
pub(crate) use stream::{Reading, limits, replication, retry};
