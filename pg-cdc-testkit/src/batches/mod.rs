//! Batches made by hand, for tests of sinks and of whatever reads a batch.
//!
//! ```
//! use pg_cdc_core::Datum;
//! use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};
//!
//! let users = TableMaker::new("public", "users").key("id", "int4").column("name", "text").build();
//!
//! let mut maker = BatchMaker::new();
//! maker.begin();
//! maker.insert(&users, &[Cell::from(1), Cell::from("Ann")]);
//! maker.update(&users, &[Cell::from(1), Cell::Null]);
//! maker.commit();
//! let batch = maker.finish()?;
//!
//! let last = batch.changes().last().and_then(|change| change.after());
//! assert_eq!(last.map(|row| row.datum_of("name")), Some(Datum::Null));
//! # Ok::<(), pg_cdc_core::batch::TooLarge>(())
//! ```

mod cell;
mod maker;
mod table;

pub use cell::Cell;
pub use maker::BatchMaker;
pub use table::TableMaker;
