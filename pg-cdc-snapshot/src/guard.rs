//! Whether a table is still what was recorded before its snapshot was exported.
//!
//! Under an old snapshot a table that was rewritten reads as empty, or with other columns, in silence: its new file
//! holds rows of a transaction that the snapshot does not see. The catalog knows; it is asked in a session of its own,
//! since under REPEATABLE READ its tables show the old snapshot as well.

use std::fmt;

use pg_cdc_core::catalog::{self, Client, TableInfo};
use pg_cdc_core::{Column, Error};

/// What is different about a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    Dropped,
    Renamed,
    Columns,
    Rewritten,
    Partitions,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dropped => "it was dropped",
            Self::Renamed => "it was renamed",
            Self::Columns => "its columns were changed",
            Self::Rewritten => "it was rewritten",
            Self::Partitions => "its partitions were changed",
        })
    }
}

/// The session that looks at the catalog.
#[derive(Debug)]
pub(crate) struct Guard {
    client: Client,
    version: u32,
}

impl Guard {
    pub(crate) fn new(client: Client, version: u32) -> Self {
        Self { client, version }
    }

    /// The table as it is now, in the shape in which it is read; `None` where it is gone.
    ///
    /// It must take no lock on the table: it would queue behind whoever waits for our own, for good, and the server
    /// can't see that we wait for ourselves.
    pub(crate) async fn look(&self, recorded: &TableInfo) -> Result<Option<TableInfo>, Error> {
        let now = catalog::table_by_oid(&self.client, self.version, recorded.table.oid).await?;
        Ok(now.map(|now| now.reshaped(&recorded.shape)))
    }

    /// How the table differs from what was recorded. Right for good only while a transaction has it open.
    pub(crate) async fn check(&self, recorded: &TableInfo) -> Result<Option<Difference>, Error> {
        Ok(difference(recorded, self.look(recorded).await?.as_ref()))
    }
}

/// How a table differs from what was recorded, as far as it matters to its rows: columns that are not read do not.
pub(crate) fn difference(recorded: &TableInfo, now: Option<&TableInfo>) -> Option<Difference> {
    let Some(now) = now else { return Some(Difference::Dropped) };
    let same = |(a, b): (&Column, &Column)| {
        a.name == b.name && a.generated == b.generated && a.type_.reads_like(&b.type_)
    };
    let (before, columns) = (&recorded.table.columns, &now.table.columns);
    let same_columns = before.len() == columns.len() && before.iter().zip(columns).all(same);
    let relations = |info: &TableInfo| info.filenodes.iter().map(|(oid, _)| *oid).collect::<Vec<_>>();
    if recorded.table.name != now.table.name {
        Some(Difference::Renamed)
    } else if !same_columns {
        Some(Difference::Columns)
    } else if relations(recorded) != relations(now) {
        Some(Difference::Partitions)
    } else if recorded.filenodes != now.filenodes {
        Some(Difference::Rewritten)
    } else {
        None
    }
}
