//! Random transactions, as the plugin prints them in each format, come to what was done.

use std::sync::Arc;

use pg_cdc_core::batch::Op;
use proptest::prelude::*;
use sent::{Change, Format, Transaction, Value};

use super::*;

const TYPES: [(&str, u32); 9] = [
    ("integer", oid::INT4),
    ("boolean", oid::BOOL),
    ("bytea", oid::BYTEA),
    ("double precision", oid::FLOAT8),
    ("numeric(10,2)", oid::NUMERIC),
    ("text", oid::TEXT),
    ("\"S.x\".\"My \"\"T\"", 70_000),
    ("public.\"a,b\\\"", 4_000_000_001),
    ("\"A\"[]", 70_002),
];

fn is_toastable(type_oid: u32) -> bool {
    !matches!(type_oid, oid::INT4 | oid::BOOL | oid::FLOAT8)
}

/// A value of the type, as PostgreSQL prints it.
fn value(type_oid: u32) -> BoxedStrategy<Value> {
    let text = |text: BoxedStrategy<String>| text.prop_map(Value::text).boxed();
    match type_oid {
        oid::INT4 => text(any::<i32>().prop_map(|number| number.to_string()).boxed()),
        oid::BOOL => text(any::<bool>().prop_map(|is| if is { "t" } else { "f" }.to_owned()).boxed()),
        oid::BYTEA => text("([0-9a-f]{2}){0,9}".prop_map(|hex| format!("\\x{hex}")).boxed()),
        oid::FLOAT8 => text("-?[1-9][.][0-9]{1,3}(e[+-][0-9]{2})?|0|-0|NaN|-?Infinity".boxed()),
        oid::NUMERIC => text("-?[1-9][0-9]{0,9}([.][0-9]{2})?|NaN".boxed()),
        _ => text("[a\"\\\\\n\t\u{1}:,{}\\[\\]é😀 ]{0,20}".boxed()),
    }
}

fn a_table() -> impl Strategy<Value = (sent::Table, Table)> {
    let columns = prop::collection::vec((0..TYPES.len(), "[a\"\\\\,é]{0,3}"), 0..6);
    (columns, any::<bool>(), "[a-c]", any::<bool>()).prop_map(|(columns, is_full, name, has_key)| {
        let types = columns.iter().map(|(type_, name)| (TYPES[*type_], name.as_str()));
        let all = std::iter::once((TYPES[0], "")).chain(types).enumerate();
        let (columns, ours): (Vec<_>, Vec<_>) = all
            .map(|(at, ((type_name, type_oid), name))| {
                let name = format!("c{at}{name}");
                let mut column = sent::Column::new(name.clone(), type_name, type_oid);
                column.is_key = at == 0 && has_key;
                let modifier = if type_oid == oid::NUMERIC { 655_366 } else { -1 };
                let known = oid::name_of(type_oid).unwrap_or("public.x");
                let mut ours = Column::new(name, ColumnType::new(type_oid, modifier, known));
                ours.identity = column.is_key || is_full || !has_key;
                ours.nullable = !column.is_key;
                (column, ours)
            })
            .unzip();
        // Without a key nothing but FULL tells of old rows.
        let identity = if is_full || !has_key { ReplicaIdentity::Full } else { ReplicaIdentity::Default };
        let key = if has_key { vec![0] } else { Vec::new() };
        let number = u32::from(name.as_bytes()[0]);
        let table = Table::new(number, TableName::new("public", &*name), ours, identity).with_key(key);
        (sent::Table::new("public", name, columns, identity), table)
    })
}

/// A row; what is not the key may be NULL.
fn row(table: &sent::Table) -> BoxedStrategy<Vec<Value>> {
    let values: Vec<_> = table
        .columns
        .iter()
        .map(|column| match column.is_key {
            true => value(column.type_oid),
            false => prop_oneof![1 => Just(Value::Null), 4 => value(column.type_oid)].boxed(),
        })
        .collect();
    values.boxed()
}

fn change(table: Arc<sent::Table>) -> BoxedStrategy<Change> {
    let (table, truncated) = (Arc::clone(&table), Arc::clone(&table));
    let rows = (row(&table), row(&table), 0..4_u8, any::<[bool; 8]>());
    let changes = rows.prop_map(move |(mut old, mut new, what, untouched)| {
        let table = Arc::clone(&table);
        let is_full = table.identity == ReplicaIdentity::Full;
        if !is_full {
            for (column, value) in table.columns.iter().zip(&mut old) {
                *value = if column.is_key { value.clone() } else { Value::Null };
            }
        }
        match what {
            0 => Change::Insert { table, new },
            1 => Change::Delete { table, old },
            _ => {
                for ((column, value), untouched) in table.columns.iter().zip(&mut new).zip(untouched) {
                    if untouched && is_toastable(column.type_oid) {
                        *value = Value::Unchanged;
                    }
                }
                // The old row is written where the key changed, or all of it always is.
                let moved = table
                    .columns
                    .iter()
                    .zip(old.iter().zip(&new))
                    .any(|(column, (old, new))| column.is_key && old != new);
                let old = (is_full || (what == 2 && moved)).then_some(old);
                Change::Update { table, old, new }
            }
        }
    });
    let prefix = "[a\"\\\\]{0,3}";
    let message = (any::<bool>(), prefix, prop::collection::vec(any::<u8>(), 0..9))
        .prop_map(|(transactional, prefix, content)| Change::Message { transactional, prefix, content });
    prop_oneof![8 => changes, 1 => Just(Change::Truncate(vec![truncated])), 1 => message].boxed()
}

fn transactions() -> impl Strategy<Value = (Vec<Table>, Vec<Transaction>)> {
    let tables = prop::collection::vec(a_table(), 1..4).prop_map(|mut tables| {
        tables.sort_by(|(a, _), (b, _)| a.name.cmp(&b.name));
        tables.dedup_by(|(a, _), (b, _)| a.name == b.name);
        tables
    });
    tables.prop_flat_map(|tables| {
        let (theirs, ours): (Vec<_>, Vec<_>) = tables.into_iter().unzip();
        let changes: Vec<_> = theirs.into_iter().map(|table| change(Arc::new(table))).collect();
        let changes = prop::collection::vec(prop::strategy::Union::new(changes), 0..12);
        let transaction = (changes, any::<u32>(), any::<i32>()).prop_map(|(changes, xid, seconds)| {
            let mut transaction = Transaction::new(xid, Lsn::new(0x100), Lsn::new(0x110), changes);
            transaction.commit_time = i64::from(seconds) * 1_000_000 + 1;
            transaction
        });
        (Just(ours), prop::collection::vec(transaction, 1..3))
    })
}

fn format() -> impl Strategy<Value = Format> {
    let zone = prop_oneof![Just(0), Just(-7 * 3600), Just(19_800), Just(-884)];
    (any::<[bool; 6]>(), zone).prop_map(
        |([pk, origin, numbers_as_strings, chunks, pretty, before_2_5], zone)| Format {
            pk,
            origin,
            numbers_as_strings,
            chunks,
            pretty,
            zone,
            before_2_5,
        },
    )
}

/// What a batch must hold, in the words of [`line`].
struct Expected<'a> {
    format: &'a Format,
    is_v1: bool,
}

impl Expected<'_> {
    fn value(&self, column: &sent::Column, value: &Value) -> String {
        let is_number = matches!(column.type_oid, oid::INT4 | oid::FLOAT8 | oid::NUMERIC);
        match value {
            // What can't be told.
            Value::Text(text) if is_number && !self.format.numbers_as_strings && text.ends_with(b"NaN") => {
                ":Null".into()
            }
            Value::Text(text)
                if is_number && !self.format.numbers_as_strings && text.ends_with(b"Infinity") =>
            {
                ":Null".into()
            }
            Value::Text(text) => format!("={}", String::from_utf8_lossy(text)),
            Value::Null => ":Null".into(),
            Value::Unchanged => ":Unchanged".into(),
        }
    }

    fn row(&self, mark: &str, table: &sent::Table, row: &[Value], is_key: bool) -> String {
        let values = table.columns.iter().zip(row).map(|(column, value)| {
            let told =
                if is_key && !column.is_key { ":NotInIdentity".into() } else { self.value(column, value) };
            format!("{}{told}", column.name)
        });
        format!(" {mark} {}", values.collect::<Vec<_>>().join(" "))
    }

    fn change(&self, change: &Change, seq: &mut u64) -> Option<String> {
        let number = *seq;
        let is_full = |table: &sent::Table| table.identity == ReplicaIdentity::Full;
        let told = match change {
            Change::Truncate(_) if self.is_v1 => return None,
            Change::Message { transactional: false, .. } => return None,
            Change::Truncate(tables) => format!("Truncate public.{} #{number}", tables[0].name),
            Change::Message { prefix, content, .. } => {
                let content = content.split(|byte| *byte == 0).next().unwrap();
                format!("message true #{number} {prefix} {}", String::from_utf8_lossy(content))
            }
            Change::Insert { table, new } => {
                let new = self.row(">", table, new, false);
                format!("{:?} public.{} #{number}{new}", Op::Insert, table.name)
            }
            Change::Delete { table, old } => {
                let old = self.row("<", table, old, !is_full(table));
                format!("{:?} public.{} #{number}{old}", Op::Delete, table.name)
            }
            Change::Update { table, old, new } => {
                // Values that were not touched are those of an old row that is whole.
                let filled: Vec<Value> = match old {
                    Some(old) if is_full(table) => std::iter::zip(old, new)
                        .map(|(old, new)| if *new == Value::Unchanged { old } else { new })
                        .cloned()
                        .collect(),
                    _ => new.clone(),
                };
                let old =
                    old.as_ref().map(|old| self.row("<", table, old, !is_full(table))).unwrap_or_default();
                let new = self.row(">", table, &filled, false);
                format!("{:?} public.{} #{number}{old}{new}", Op::Update, table.name)
            }
        };
        *seq += 1;
        Some(told)
    }

    fn lines(&self, transaction: &Transaction) -> Vec<String> {
        let mut lines = Vec::new();
        for change in &transaction.changes {
            if let Change::Message { transactional: false, prefix, content } = change {
                let content = content.split(|byte| *byte == 0).next().unwrap();
                lines.push(format!("message false #0 {prefix} {}", String::from_utf8_lossy(content)));
            }
        }
        let mut seq = 0;
        lines.extend(transaction.changes.iter().filter_map(|change| self.change(change, &mut seq)));
        if seq > 0 {
            let commit = if self.is_v1 { transaction.end_lsn } else { transaction.commit_lsn };
            lines.push(format!("commit {commit} {} {seq} Some({})", transaction.end_lsn, transaction.xid));
        }
        lines
    }
}

proptest! {
    #[test]
    fn what_is_printed_comes_to_what_was_done((tables, transactions) in transactions(), format in format(), is_v1: bool) {
        let version = if is_v1 { FormatVersion::V1 } else { FormatVersion::V2 };
        let mut bench = Bench::new(version, tables);
        for transaction in &transactions {
            let frames = if is_v1 { format.v1(transaction) } else { format.v2(transaction) };
            for (lsn, bytes) in &frames {
                let outcome = bench.frame(*lsn, bytes);
                prop_assert!(outcome.is_ok(), "{:?}: {}", outcome, String::from_utf8_lossy(bytes));
            }
            for change in bench.batch.changes() {
                prop_assert_eq!(change.transaction().commit_time, transaction.commit_time);
                prop_assert_eq!(change.transaction().xid, Some(transaction.xid));
            }
            let lines: Vec<_> = bench.drain().into_iter().filter(|line| !line.starts_with("schema")).collect();
            prop_assert_eq!(lines, Expected { format: &format, is_v1 }.lines(transaction));
        }
    }
}
