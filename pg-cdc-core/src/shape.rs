//! What of a table is read.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{RowFilter, Table};

/// What of a table is read: which of its columns, which of its rows, and by which key.
///
/// ```
/// use pg_cdc_core::{Columns, Shape};
///
/// let shape = Shape::default().with_columns(Columns::Except(vec!["password_hash".to_owned()]));
/// assert!(shape.takes("id", false) && !shape.takes("password_hash", false));
/// // Generated columns only where they are asked for.
/// assert!(!shape.takes("total", true));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Shape {
    /// Which columns.
    pub columns: Columns,
    /// Whether stored generated columns are among them; virtual ones never are.
    pub generated: bool,
    /// The condition that the rows fulfil; `None` for all of them.
    pub rows: Option<RowFilter>,
    /// The columns of the key, for a table that has neither a primary key nor an identity index.
    pub key: Vec<String>,
}

/// Which columns of a table are read, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Columns {
    /// All of them.
    #[default]
    All,
    /// Only these.
    Only(Vec<String>),
    /// All but these.
    Except(Vec<String>),
}

impl Columns {
    /// Whether the column called `name` is among them.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.iter().any(|known| known == name),
            Self::Except(names) => !names.iter().any(|known| known == name),
        }
    }

    /// The names that were given.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::All => &[],
            Self::Only(names) | Self::Except(names) => names,
        }
    }
}

impl Shape {
    /// With these columns.
    #[must_use]
    pub fn with_columns(mut self, columns: Columns) -> Self {
        self.columns = columns;
        self
    }

    /// With stored generated columns, or without.
    #[must_use]
    pub fn with_generated(mut self, generated: bool) -> Self {
        self.generated = generated;
        self
    }

    /// With only the rows that fulfil `rows`.
    #[must_use]
    pub fn with_rows(mut self, rows: RowFilter) -> Self {
        self.rows = Some(rows);
        self
    }

    /// With this key where the table has none.
    #[must_use]
    pub fn with_key(mut self, key: Vec<String>) -> Self {
        self.key = key;
        self
    }

    /// Whether a column is read; `generated` says that it is a stored generated one.
    #[must_use]
    pub fn takes(&self, name: &str, generated: bool) -> bool {
        (self.generated || !generated) && self.columns.contains(name)
    }

    /// What is read of `whole`, a table with all its columns. A key that is not whole any more is none.
    #[must_use]
    pub fn apply(&self, whole: &Table) -> Table {
        let takes = |index: &u16| {
            let column = whole.columns.get(usize::from(*index))?;
            self.takes(&column.name, column.generated).then_some(&*column.name)
        };
        let key: Option<Vec<&str>> = whole.key.iter().map(takes).collect();
        let columns = whole
            .columns
            .iter()
            .filter(|column| self.takes(&column.name, column.generated))
            .cloned()
            .collect();
        let mut table = Table::new(whole.oid, whole.name.clone(), columns, whole.identity);
        let at = |name: &str| table.column_index(name).and_then(|at| u16::try_from(at).ok());
        let own = key.and_then(|key| key.into_iter().map(at).collect::<Option<Vec<_>>>()).unwrap_or_default();
        table.key = if whole.key.is_empty() {
            self.key.iter().map(|name| at(name)).collect::<Option<Vec<_>>>().unwrap_or_default()
        } else {
            own
        };
        table
    }
}

/// The shape of one table, as a pipeline's state has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableShape {
    /// The table.
    pub oid: u32,
    /// What of it is read.
    pub shape: Arc<Shape>,
}

impl TableShape {
    /// The shape of the table `oid` among `shapes`; where it has none of its own, everything.
    #[must_use]
    pub fn of(shapes: &[Self], oid: u32) -> Arc<Shape> {
        shapes.iter().find(|known| known.oid == oid).map(|known| Arc::clone(&known.shape)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::oid;
    use crate::{Column, ColumnType, ReplicaIdentity, TableName};

    fn whole() -> Table {
        let columns = ["id", "a", "total", "b"]
            .map(|name| {
                let mut column = Column::new(name, ColumnType::built_in(oid::INT4));
                column.generated = name == "total";
                column
            })
            .to_vec();
        Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Full)
    }

    fn names(shape: &Shape) -> Vec<String> {
        shape.apply(&whole()).columns.iter().map(|column| column.name.to_string()).collect()
    }

    fn list(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn columns_stay_in_the_tables_order_and_generated_ones_are_asked_for() {
        let shape = Shape::default();
        assert_eq!(names(&shape), ["id", "a", "b"]);
        assert_eq!(names(&shape.clone().with_generated(true)), ["id", "a", "total", "b"]);
        assert_eq!(names(&shape.clone().with_columns(Columns::Only(list(&["b", "id"])))), ["id", "b"]);
        assert_eq!(names(&shape.with_columns(Columns::Except(list(&["a"])))), ["id", "b"]);
    }

    #[test]
    fn the_tables_own_key_comes_first_and_moves_with_its_columns() {
        let named = Shape::default().with_key(list(&["b", "a"])).with_columns(Columns::Except(list(&["id"])));
        assert_eq!(named.apply(&whole()).key, [1, 0]);
        assert_eq!(named.apply(&whole().with_key(vec![3])).key, [1]);
        // Left out, or not there: no key rather than a part of one.
        assert!(named.apply(&whole().with_key(vec![0, 1])).key.is_empty());
        assert!(Shape::default().with_key(list(&["a", "x"])).apply(&whole()).key.is_empty());
    }
}
