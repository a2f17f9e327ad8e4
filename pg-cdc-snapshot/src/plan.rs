//! What to ask the server: decided from data, without I/O.

use pg_cdc_core::catalog::{TableInfo, TableKind};
use pg_cdc_core::types::is_binary_known;
use pg_cdc_core::wire::CopyFormat;
use pg_cdc_core::{Column, RowFilter, Table, quote_identifier};

/// Which of COPY's formats a snapshot uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CopyFormatChoice {
    /// Binary for a table that has a column whose binary form is known, else text.
    #[default]
    Auto,
    /// Binary; columns whose binary form is not known travel as their text within it.
    Binary,
    /// Text.
    Text,
}

/// How a column travels within a COPY.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As PostgreSQL's text.
    Text,
    /// As the type's binary form.
    Binary,
}

/// How one table is copied.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableCopy {
    /// Opens the table, and with it takes the lock that keeps rewrites out until the transaction's end.
    pub open: String,
    /// The COPY statement.
    pub copy: String,
    /// COPY's format.
    pub format: CopyFormat,
    /// How each of the table's columns travels, in order.
    pub encodings: Box<[Encoding]>,
}

/// How to copy `table`: the rows that fulfil `rows`, or all of them.
#[must_use]
pub fn table_copy(
    table: &Table,
    kind: TableKind,
    rows: Option<&RowFilter>,
    choice: CopyFormatChoice,
) -> TableCopy {
    let known = |column: &Column| is_binary_known(&column.type_);
    let format = match choice {
        CopyFormatChoice::Binary => CopyFormat::Binary,
        CopyFormatChoice::Auto if table.columns.iter().any(known) => CopyFormat::Binary,
        CopyFormatChoice::Auto | CopyFormatChoice::Text => CopyFormat::Text,
    };
    let encoding = |column: &Column| match format {
        CopyFormat::Binary if known(column) => Encoding::Binary,
        _ => Encoding::Text,
    };
    let encodings: Box<[Encoding]> = table.columns.iter().map(encoding).collect();

    let name = table.name.to_sql();
    // A partitioned table's rows are its partitions'; an ordinary one's children are tables of their own.
    let from = match kind {
        TableKind::Ordinary => format!("ONLY {name}"),
        TableKind::Partitioned => name.clone(),
    };
    let options = match format {
        CopyFormat::Text => "(FORMAT text)",
        CopyFormat::Binary => "(FORMAT binary)",
    };
    let converted = format == CopyFormat::Binary && encodings.contains(&Encoding::Text);
    // Without a query it is some percent faster; but it takes neither expressions, nor conditions, nor generated
    // columns, nor partitioned tables, nor an empty list.
    let plain = kind == TableKind::Ordinary
        && rows.is_none()
        && !converted
        && !table.columns.is_empty()
        && !table.columns.iter().any(|column| column.generated);
    let copy = if plain {
        let columns = join(table.columns.iter().map(|column| quote_identifier(&column.name)));
        format!("COPY {name} ({columns}) TO STDOUT {options}")
    } else {
        let columns = join(table.columns.iter().zip(&encodings).map(|(column, encoding)| {
            let name = quote_identifier(&column.name);
            if converted && *encoding == Encoding::Text { as_text(&name) } else { name }
        }));
        let condition = rows.map(|rows| format!(" WHERE {}", rows.to_sql())).unwrap_or_default();
        format!("COPY (SELECT {columns} FROM {from}{condition}) TO STDOUT {options}")
    };
    TableCopy { open: format!("SELECT FROM {from} LIMIT 0"), copy, format, encodings }
}

/// The output of the type's `typoutput`, which is what text COPY and pgoutput send.
///
/// A cast is not: `inet`, `bpchar` and whatever a user has made a cast to text for give something else. NULL is told
/// by IS DISTINCT FROM, since IS NULL is true of a row of NULLs.
fn as_text(column: &str) -> String {
    format!("CASE WHEN {column} IS DISTINCT FROM NULL THEN pg_catalog.format('%s', {column}) END")
}

fn join(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// Puts the largest tables first: begun last, one of them would keep a single connection busy at the end.
pub fn order(tables: &mut [TableInfo]) {
    tables.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.table.name.cmp(&b.table.name)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_core::types::oid;
    use pg_cdc_core::{ColumnType, ReplicaIdentity, TableName};

    const REGCLASS: u32 = 2205;

    fn table(columns: &[(&str, u32)]) -> Table {
        let columns =
            columns.iter().map(|(name, oid)| Column::new(*name, ColumnType::new(*oid, -1, ""))).collect();
        Table::new(1, TableName::new("Sales", r#"or"ders"#), columns, ReplicaIdentity::Default)
    }

    fn copy(columns: &[(&str, u32)], kind: TableKind, choice: CopyFormatChoice) -> String {
        table_copy(&table(columns), kind, None, choice).copy
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(
            copy(&[("a b", oid::INT4), ("\"", oid::TEXT)], TableKind::Ordinary, CopyFormatChoice::Auto),
            r#"COPY "Sales"."or""ders" ("a b", """") TO STDOUT (FORMAT binary)"#
        );
    }

    #[test]
    fn children_of_a_partitioned_table_are_read_and_those_of_an_ordinary_one_are_not() {
        let columns = [("a", oid::INT4), ("b", REGCLASS)];
        let opens = |kind| table_copy(&table(&columns), kind, None, CopyFormatChoice::Auto).open;
        assert_eq!(opens(TableKind::Ordinary), r#"SELECT FROM ONLY "Sales"."or""ders" LIMIT 0"#);
        assert_eq!(opens(TableKind::Partitioned), r#"SELECT FROM "Sales"."or""ders" LIMIT 0"#);
        assert!(copy(&columns, TableKind::Ordinary, CopyFormatChoice::Auto).contains(" FROM ONLY "));
        assert_eq!(
            copy(&columns, TableKind::Partitioned, CopyFormatChoice::Text),
            r#"COPY (SELECT "a", "b" FROM "Sales"."or""ders") TO STDOUT (FORMAT text)"#
        );
    }

    #[test]
    fn what_has_no_known_binary_form_travels_as_the_types_own_text() {
        let columns = [("a", oid::INT4), ("b", REGCLASS)];
        let plan = table_copy(&table(&columns), TableKind::Ordinary, None, CopyFormatChoice::Auto);
        assert_eq!(
            plan.copy,
            "COPY (SELECT \"a\", CASE WHEN \"b\" IS DISTINCT FROM NULL THEN pg_catalog.format('%s', \"b\") END \
             FROM ONLY \"Sales\".\"or\"\"ders\") TO STDOUT (FORMAT binary)"
        );
        assert_eq!(*plan.encodings, [Encoding::Binary, Encoding::Text]);
    }

    #[test]
    fn a_condition_stands_in_parentheses() {
        let rows = "id > 5 OR true".parse().ok();
        let table = table(&[("a", oid::INT4)]);
        assert_eq!(
            table_copy(&table, TableKind::Ordinary, rows.as_ref(), CopyFormatChoice::Auto).copy,
            r#"COPY (SELECT "a" FROM ONLY "Sales"."or""ders" WHERE (id > 5 OR true)) TO STDOUT (FORMAT binary)"#
        );
    }

    #[test]
    fn a_table_with_nothing_binary_is_copied_as_text() {
        let columns = [("b", REGCLASS)];
        let format = |choice| table_copy(&table(&columns), TableKind::Ordinary, None, choice).format;
        assert_eq!(format(CopyFormatChoice::Auto), CopyFormat::Text);
        assert_eq!(format(CopyFormatChoice::Binary), CopyFormat::Binary);
        assert_eq!(
            copy(&[], TableKind::Ordinary, CopyFormatChoice::Auto),
            r#"COPY (SELECT  FROM ONLY "Sales"."or""ders") TO STDOUT (FORMAT text)"#
        );
    }
}
