//! Version 3: `wal2sql.c` of the extension.

use pg_cdc_core::Table;
use pg_cdc_core::types::oid;

use super::{Change, Value, columns, v1};

pub(super) fn statement(change: &Change, table: &Table) -> String {
    let name = format!("{}.{}", identifier(&table.name.schema), identifier(&table.name.name));
    match change {
        Change::Insert(new) => {
            let names: Vec<_> = columns(table, new).map(|(name, ..)| identifier(name)).collect();
            let values: Vec<_> =
                columns(table, new).map(|(_, type_oid, value)| literal(type_oid, value)).collect();
            format!("INSERT INTO {name}({}) VALUES({})", names.join(" ,"), values.join(" ,"))
        }
        Change::Update(old, new) => {
            let changed = columns(table, new).zip(old).filter(|((_, _, new), old)| new != old);
            let set: Vec<_> = changed
                .map(|((name, type_oid, value), _)| {
                    format!("{}={}", identifier(name), literal(type_oid, value))
                })
                .collect();
            format!("UPDATE {name} SET {} WHERE {}", set.join(", "), condition(table, old))
        }
        Change::Delete(old) => format!("DELETE FROM {name} WHERE {}", condition(table, old)),
    }
}

/// The key, where there is one; else the whole row.
fn condition(table: &Table, old: &[Value]) -> String {
    let has = |at: usize| table.key.is_empty() || table.key.iter().any(|&key| usize::from(key) == at);
    let told = columns(table, old).enumerate().filter(|(at, _)| has(*at)).map(|(_, column)| column);
    let parts: Vec<_> = told
        .map(|(name, type_oid, value)| match value {
            Some(_) => format!("{}={}", identifier(name), literal(type_oid, value)),
            None => format!("{} is null", identifier(name)),
        })
        .collect();
    parts.join(" AND ")
}

fn literal(type_oid: u32, value: &Value) -> String {
    let Some(text) = value else { return "null".to_owned() };
    match type_oid {
        oid::INT2 | oid::INT4 | oid::INT8 | oid::OID | oid::FLOAT4 | oid::FLOAT8 | oid::NUMERIC => {
            text.clone()
        }
        oid::BIT | oid::VARBIT => format!("B'{text}'"),
        oid::BOOL if text == "t" => "true".to_owned(),
        oid::BOOL => "false".to_owned(),
        // Once by the conversion of the value, once by the printing of the literal.
        _ if v1::is_doubled(type_oid) => format!("'{}'", text.replace('\'', "''''")),
        _ => format!("'{}'", text.replace('\'', "''")),
    }
}

/// As `quote_identifier` has it, but for keywords, which it quotes too.
fn identifier(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    let first = name.bytes().next().is_some_and(plain);
    if first && name.bytes().all(|byte| plain(byte) || byte.is_ascii_digit()) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}
