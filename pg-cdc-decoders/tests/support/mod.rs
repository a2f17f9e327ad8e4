//! What the tests of the plugins have in common: a database with slots, a workload, and what the catalog says of it.

#![allow(dead_code, unused_imports, reason = "each test program uses its part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "helpers of tests are tests too"
)]

mod case;
mod catalog;
mod shown;
mod walsender;
pub(crate) mod workload;

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::{Decoder, Lsn, Tables};
use pg_cdc_testkit::Keeper;

pub(crate) use self::case::Case;
pub(crate) use self::catalog::{facts, reshaped, tables};
pub(crate) use self::shown::{assert_same, show, show_change};
pub(crate) use self::walsender::record;

/// Messages, each with its position.
pub(crate) type Frames = Vec<(Lsn, Bytes)>;

/// What comes of messages that are decoded one by one, as pgoutput's are by protocol 1.
pub(crate) fn decoded<D: Decoder>(decoder: D, tables: Tables, frames: &Frames) -> ChangeBatch {
    taken(decoder, tables, frames, Keeper::decode)
}

/// What comes of messages that are kept until their transaction's outcome is known.
pub(crate) fn routed<D: Decoder>(decoder: D, tables: Tables, frames: &Frames) -> ChangeBatch {
    taken(decoder, tables, frames, Keeper::take)
}

fn taken<D: Decoder>(
    decoder: D,
    tables: Tables,
    frames: &Frames,
    take: impl Fn(&mut Keeper<D>, Lsn, &Bytes) -> Result<(), pg_cdc_core::DecodeError>,
) -> ChangeBatch {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    for (lsn, data) in frames {
        let taken = take(&mut keeper, *lsn, data);
        taken.unwrap_or_else(|error| panic!("{}: {error}", String::from_utf8_lossy(data)));
    }
    assert!(keeper.is_empty());
    keeper.batch
}

/// The error that comes of messages one of which can't be taken in.
pub(crate) fn refused<D: Decoder>(decoder: D, tables: Tables, frames: &Frames) -> String {
    let mut keeper = Keeper::new(decoder).with_tables(tables);
    let error = frames.iter().find_map(|(lsn, data)| keeper.take(*lsn, data).err());
    error.expect("everything is taken in").to_string()
}
