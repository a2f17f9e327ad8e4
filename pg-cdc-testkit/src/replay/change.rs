//! A line of JSON Lines, in either envelope, as one change.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::value::RawValue;

use super::json::{Object, canonical};

/// Column names with their values as canonical JSON.
pub(super) type Row = BTreeMap<String, String>;

/// A table's schema and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TableName {
    /// The schema.
    pub schema: String,
    /// The name within it.
    pub name: String,
}

impl From<&str> for TableName {
    /// `schema.table`, parted at the first dot, both unquoted; without a dot the schema is `public`.
    fn from(text: &str) -> Self {
        text.split_once('.').unwrap_or(("public", text)).into()
    }
}

impl From<(&str, &str)> for TableName {
    fn from((schema, name): (&str, &str)) -> Self {
        Self { schema: schema.into(), name: name.into() }
    }
}

impl fmt::Display for TableName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.name)
    }
}

/// What a line does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `r`: a row of the snapshot.
    Read,
    /// `c`: an insert.
    Insert,
    /// `u`: an update.
    Update,
    /// `d`: a delete.
    Delete,
    /// `t`: a truncate.
    Truncate,
    /// `m`: a logical message.
    Message,
}

/// One line, read.
#[derive(Debug, Clone)]
pub(super) struct Change {
    /// What it does.
    pub(super) op: Op,
    /// To which table; none for a message.
    pub(super) table: Option<TableName>,
    /// Where its transaction's commit stands.
    pub(super) commit_lsn: u64,
    /// Its index in the transaction.
    pub(super) seq: u64,
    /// When it was committed or read, in microseconds since 1970.
    pub(super) ts: i64,
    /// The key's columns; the row envelope has them.
    pub(super) key: Option<Row>,
    /// The old row, as much as was sent.
    pub(super) before: Option<Row>,
    /// The new row.
    pub(super) after: Option<Row>,
    /// The columns whose value was not sent.
    pub(super) unchanged: Vec<String>,
    /// False for a message outside of any transaction.
    pub(super) transactional: bool,
    /// Whether the line has Debezium's envelope.
    pub(super) debezium: bool,
    /// A truncate that says that the snapshot begins a table again.
    pub(super) resnapshot: bool,
}

/// The row envelope's keys, which stand in this order.
const ROW_KEYS: [&str; 11] =
    ["op", "schema", "table", "lsn", "commit_lsn", "seq", "xid", "ts", "key", "before", "after"];

impl Change {
    /// Reads a line; `None` for one that bounds a transaction in Debezium's envelope.
    pub(super) fn parse(line: &str) -> Result<Option<Self>, String> {
        let Object(entries) = serde_json::from_str(line).map_err(|e| e.to_string())?;
        let fields = Fields(&entries);
        if fields.get("source").is_some() {
            return Self::debezium(&fields).map(Some);
        }
        if fields.get("status").is_some() && fields.get("op").is_none() {
            return Ok(None);
        }
        let names = entries.iter().map(|(name, _)| name.as_ref());
        if !names.take(ROW_KEYS.len()).eq(ROW_KEYS) {
            let names: Vec<_> = entries.iter().map(|(name, _)| name.as_ref()).collect();
            return Err(format!("the keys are {}, not {}", names.join(", "), ROW_KEYS.join(", ")));
        }
        let mut change = Self::common(&fields, &fields, "ts")?;
        change.key = fields.row("key")?;
        if let Some(transactional) = fields.get("transactional") {
            change.transactional = transactional.get() == "true";
        }
        Ok(Some(change))
    }

    fn debezium(fields: &Fields<'_>) -> Result<Self, String> {
        let Object(source) = fields.read("source")?;
        let mut change = Self::common(fields, &Fields(&source), "ts_us")?;
        change.debezium = true;
        if let Some(message) = fields.get("message").filter(|m| m.get() != "null") {
            let Object(message) = serde_json::from_str(message.get()).map_err(|e| e.to_string())?;
            change.transactional = Fields(&message).get("transactional").is_none_or(|t| t.get() == "true");
        }
        Ok(change)
    }

    fn common(fields: &Fields<'_>, source: &Fields<'_>, ts: &str) -> Result<Self, String> {
        let op = match fields.string("op")?.as_deref() {
            Some("r") => Op::Read,
            Some("c") => Op::Insert,
            Some("u") => Op::Update,
            Some("d") => Op::Delete,
            Some("t") => Op::Truncate,
            Some("m") => Op::Message,
            other => return Err(format!("op is {other:?}")),
        };
        let table = match (source.string("schema")?, source.string("table")?) {
            (Some(schema), Some(name)) if op != Op::Message => Some((schema.as_ref(), name.as_ref()).into()),
            _ if op == Op::Message => None,
            _ => return Err("without a schema and a table".into()),
        };
        let unchanged =
            if fields.get("unchanged").is_some() { fields.read("unchanged")? } else { Vec::new() };
        let (before, after) = (fields.row("before")?, fields.row("after")?);
        let change = Self {
            op,
            table,
            commit_lsn: source.read("commit_lsn")?,
            seq: source.read("seq")?,
            ts: source.read(ts)?,
            key: None,
            before,
            after,
            unchanged,
            transactional: true,
            debezium: false,
            resnapshot: fields.get("reason").is_some_and(|reason| reason.get() == "\"resnapshot\""),
        };
        change.check_shape()?;
        Ok(change)
    }

    /// What contract and common sense say of which rows a line has.
    fn check_shape(&self) -> Result<(), String> {
        let (before, after) = (self.before.is_some(), self.after.is_some());
        let fits = match self.op {
            Op::Read | Op::Insert => !before && after,
            Op::Update => after,
            Op::Delete => !after,
            Op::Truncate | Op::Message => !before && !after,
        };
        let listed = self.unchanged.iter().find(|c| self.after.as_ref().is_some_and(|a| a.contains_key(*c)));
        match listed {
            _ if !fits => Err(format!("{:?} with before: {before}, after: {after}", self.op)),
            Some(column) => Err(format!("column {column} is both in after and unchanged")),
            None => Ok(()),
        }
    }
}

struct Fields<'a>(&'a [(Cow<'a, str>, &'a RawValue)]);

impl<'a> Fields<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(n, _)| n == name).map(|(_, value)| *value)
    }

    fn read<T: serde::Deserialize<'a>>(&self, name: &str) -> Result<T, String> {
        let raw = self.get(name).ok_or_else(|| format!("no {name}"))?;
        serde_json::from_str(raw.get()).map_err(|e| format!("{name} is {raw}: {e}"))
    }

    fn string(&self, name: &str) -> Result<Option<Cow<'a, str>>, String> {
        self.read(name)
    }

    fn row(&self, name: &str) -> Result<Option<Row>, String> {
        let Some(Object(columns)) = self.read::<Option<Object<'a>>>(name)? else { return Ok(None) };
        let count = columns.len();
        let row: Row = columns.into_iter().map(|(n, value)| (n.into_owned(), canonical(value))).collect();
        if row.len() == count { Ok(Some(row)) } else { Err(format!("a column twice in {name}")) }
    }
}
