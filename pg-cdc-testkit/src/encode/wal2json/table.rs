use pg_cdc_core::ReplicaIdentity;

use super::text::Out;

/// A table, as far as the plugin tells of it.
#[derive(Debug, Clone)]
pub struct Table {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<Column>,
    /// What of old rows is written.
    pub identity: ReplicaIdentity,
}

impl Table {
    /// The table `schema.name`.
    pub fn new(
        schema: impl Into<String>,
        name: impl Into<String>,
        columns: Vec<Column>,
        identity: ReplicaIdentity,
    ) -> Self {
        Self { schema: schema.into(), name: name.into(), columns, identity }
    }

    /// Whether the column is told in an old row, where it is not left out for another reason.
    pub(super) fn is_identity(&self, column: &Column) -> bool {
        self.identity == ReplicaIdentity::Full || column.is_key
    }

    pub(super) fn key(&self) -> impl Iterator<Item = &Column> {
        self.columns.iter().filter(|column| column.is_key)
    }
}

/// A column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type's name as `format_type` gives it.
    pub type_name: String,
    /// Its type's OID.
    pub type_oid: u32,
    /// Whether it is part of the primary key, which is the identity unless that is FULL.
    pub is_key: bool,
}

impl Column {
    /// A column outside the key.
    pub fn new(name: impl Into<String>, type_name: impl Into<String>, type_oid: u32) -> Self {
        Self { name: name.into(), type_name: type_name.into(), type_oid, is_key: false }
    }

    /// The column as part of the primary key.
    #[must_use]
    pub fn in_key(mut self) -> Self {
        self.is_key = true;
        self
    }

    /// `value` as a column of this type prints it.
    pub(super) fn put(&self, value: &Value, numbers_as_strings: bool, out: &mut Out) {
        let text = match value {
            Value::Text(text) => text,
            Value::Null | Value::Unchanged => return out.put("null"),
        };
        let special = |word: &[u8]| text.to_ascii_lowercase().starts_with(&word.to_ascii_lowercase());
        match self.type_oid {
            // int8, int2, int4, oid, float4, float8, numeric
            20 | 21 | 23 | 26 | 700 | 701 | 1700 if !numbers_as_strings => {
                match special(b"nan") || special(b"infinity") || special(b"-infinity") {
                    true => out.put("null"),
                    false => out.put_bytes(text),
                }
            }
            16 => out.put(if text == b"t" { "true" } else { "false" }),
            17 => out.escaped(text.get(2..).unwrap_or_default()),
            _ => out.escaped(text),
        }
    }
}

/// A row: a value for each column of its table.
pub type Row = Vec<Value>;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// NULL.
    Null,
    /// A TOASTed value that was not touched.
    Unchanged,
    /// Any other, as PostgreSQL's text.
    Text(Vec<u8>),
}

impl Value {
    /// A value by its text.
    pub fn text(text: impl Into<Vec<u8>>) -> Self {
        Self::Text(text.into())
    }
}
