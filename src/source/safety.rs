//! The source's own application comes first: what a publication would break, found before anything is made. Pure.

use std::fmt;

use pg_cdc_core::catalog::{IdentityProblem, Pattern, TableInfo};
use pg_cdc_core::{Column, Error, ErrorKind, TableName};

use super::plugin::Told;
use crate::config::WithoutKey;

/// Why a table can't be read as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    table: TableName,
    what: String,
    hint: &'static str,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.table, self.what)
    }
}

const IDENTITY: &str = "give the table a primary key, or set replica_identity: full, tables.without_key: inserts_only or \
                        ignore, or leave it out with tables.exclude";

const IDENTITY_OF_ITS_OWN: &str = "give the table a primary key or an identity index without generated columns, or set \
                                   tables.without_key: inserts_only or ignore, or leave it out with tables.exclude";

const WHOLE: &str = "give the table a primary key, or set tables.without_key: full_row, inserts_only or ignore, or leave it out \
                     with tables.exclude";

const LEFT_OUT: &str = "let tables.columns take them in, or set tables.without_key: inserts_only or ignore, or leave the \
                        table out with tables.exclude";

/// A selected table whose rows are chosen by columns that its old rows do not hold.
pub(super) fn filter_beyond_identity(table: &TableInfo, told: &str) -> Problem {
    let what = format!(
        "the condition in tables.rows needs columns that are not in its replica identity ({told}): publishing its \
         updates would make the application's UPDATE and DELETE fail"
    );
    let hint = "choose the rows by columns of the replica identity, or set replica_identity: full, \
                tables.without_key: inserts_only or ignore, or leave the table out with tables.exclude";
    Problem { table: table.table.name.clone(), what, hint }
}

/// A selected table whose UPDATE and DELETE would fail once they are published, or are not told by a plugin that needs no
/// publication.
pub(super) fn no_identity(
    table: &TableInfo,
    problem: IdentityProblem,
    without_key: WithoutKey,
    told: Told,
) -> Problem {
    let hint = match (without_key, problem) {
        (_, IdentityProblem::NoPrimaryKey) if told == Told::FromTheLog => WHOLE,
        (_, IdentityProblem::Generated) => IDENTITY_OF_ITS_OWN,
        (_, IdentityProblem::LeftOut) => LEFT_OUT,
        (WithoutKey::FullRow, _) => {
            "tables.without_key: full_row needs REPLICA IDENTITY FULL: set replica_identity: full"
        }
        _ => IDENTITY,
    };
    let mut what = problem.to_string();
    if problem == IdentityProblem::LeftOut {
        let names: Vec<&str> = table.left_out().map(|column| &*column.name).collect();
        what = format!("{what} (left out: {})", names.join(", "));
    }
    let then = match told {
        Told::ByPublication => "publishing its updates would make the application's UPDATE and DELETE fail",
        Told::ByIdentity => "the output plugin would not tell which rows are updated and deleted",
        Told::FromTheLog => "only whole rows would tell which are updated and deleted",
    };
    let what = format!("{what}: {then}");
    Problem { table: table.table.name.clone(), what, hint }
}

/// A column whose values the plugin does not tell.
pub(super) fn not_told(table: &TableInfo, column: &Column, why: &'static str) -> Problem {
    Problem {
        table: table.table.name.clone(),
        what: format!("column {} ({}): {why}", column.name, column.type_.name),
        hint: "leave the column out with tables.columns, or use another plugin",
    }
}

/// A table that is not selected, in a publication for all tables.
pub(super) fn unselected(table: &TableInfo) -> Option<Problem> {
    let problem = table.problem?;
    Some(Problem {
        table: table.table.name.clone(),
        what: format!(
            "{problem}, and a publication for all tables takes it in: the application's UPDATE and DELETE would fail"
        ),
        hint: "use publication.create: if_missing, which publishes the selected tables only, or give the table a \
               primary key",
    })
}

/// A table whose rows we would not see, or not all of.
pub(super) fn unreadable(table: &TableInfo, holders: &[&TableInfo]) -> Option<Problem> {
    let name = || table.table.name.clone();
    if !table.schema_usable {
        let what = "the role may not use its schema".to_owned();
        return Some(Problem { table: name(), what, hint: "GRANT USAGE ON SCHEMA … to the role" });
    }
    if !table.readable {
        let what = "the role may not read it".to_owned();
        return Some(Problem { table: name(), what, hint: "GRANT SELECT on it to the role" });
    }
    let hidden = table.row_security || holders.iter().any(|holder| holder.row_security);
    hidden.then(|| Problem {
        table: name(),
        what: "row-level security would hide rows from the role".to_owned(),
        hint: "use a role with BYPASSRLS, or leave the table out with tables.exclude",
    })
}

/// A table that is named and not there.
pub(super) fn missing(pattern: &Pattern) -> Error {
    Error::new(ErrorKind::Mismatch, format!("tables.include names {pattern}, which is not there or can't be captured"))
        .with_hint(
            "check the spelling and case; views, foreign, temporary and unlogged tables, and those of extensions, \
             have no changes to capture",
        )
}

/// More than anybody reads on one line.
const MOST_TOLD: usize = 20;

/// All problems as one error.
pub(super) fn refuse(problems: &[Problem]) -> Result<(), Error> {
    let Some(first) = problems.first() else { return Ok(()) };
    let told: Vec<String> = problems.iter().take(MOST_TOLD).map(Problem::to_string).collect();
    let more = match problems.len().saturating_sub(MOST_TOLD) {
        0 => String::new(),
        more => format!("; and {more} tables more"),
    };
    let message = format!("nothing was made on the server: {}{more}", told.join("; "));
    Err(Error::new(ErrorKind::Mismatch, message).with_hint(first.hint))
}
