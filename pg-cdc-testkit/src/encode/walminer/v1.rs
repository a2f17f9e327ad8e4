//! Version 1: `organizsql.c`, `ifquoneed` and `convertAttrToStr` of the extension.

use std::fmt::Write as _;

use pg_cdc_core::Table;
use pg_cdc_core::types::oid;

use super::{Change, Value, columns};

pub(super) fn statement(change: &Change, table: &Table) -> String {
    let name = format!("\"{}\".\"{}\"", table.name.schema, table.name.name);
    let mut out = match change {
        Change::Insert(new) => {
            let there = || columns(table, new).filter(|(_, _, value)| value.is_some());
            let names: Vec<_> = there().map(|(name, ..)| format!("\"{name}\"")).collect();
            let values: Vec<_> = there().map(|(_, type_oid, value)| literal(type_oid, value)).collect();
            format!("INSERT INTO {name}({}) VALUES({})", names.join(", "), values.join(", "))
        }
        Change::Update(old, new) => {
            let changed = columns(table, new).zip(old).filter(|((_, _, new), old)| new != old);
            let set: Vec<_> = changed
                .map(|((name, type_oid, value), _)| format!("\"{name}\" = {}", literal(type_oid, value)))
                .collect();
            format!("UPDATE {name} SET {} WHERE {}", set.join(", "), condition(table, old))
        }
        Change::Delete(old) => format!("DELETE FROM {name} WHERE {}", condition(table, old)),
    };
    out.push(';');
    out
}

/// The whole row.
fn condition(table: &Table, old: &[Value]) -> String {
    let mut out = String::new();
    for (name, type_oid, value) in columns(table, old) {
        if !out.is_empty() {
            out.push_str(" AND ");
        }
        let is_text = matches!(type_oid, oid::POINT | oid::JSON | oid::POLYGON | oid::XML);
        let cast = if is_text { "::text" } else { "" };
        let _ = write!(out, "\"{name}\"{cast}");
        match value {
            Some(_) => _ = write!(out, "={}", literal(type_oid, value)),
            None => out.push_str(" is NULL"),
        }
        if type_oid == oid::FLOAT4 {
            out.push_str("::float4");
        }
    }
    out
}

fn literal(type_oid: u32, value: &Value) -> String {
    let Some(text) = value else { return "NULL".to_owned() };
    let text = if is_doubled(type_oid) { text.replace('\'', "''") } else { text.clone() };
    match oid::name_of(type_oid) {
        // An enum, a domain, a type of an extension: its bytes.
        None => {
            let hex: String = text.bytes().map(|byte| format!("{byte:02x}")).collect();
            format!("encode('\\x{hex}', 'hex')")
        }
        _ if text.is_empty() => "''".to_owned(),
        Some(name) if name.starts_with('_') || is_quoted(type_oid) => format!("'{text}'"),
        Some(_) => text,
    }
}

pub(super) fn is_doubled(type_oid: u32) -> bool {
    matches!(
        type_oid,
        oid::JSON | oid::TEXT | oid::BPCHAR | oid::VARCHAR | oid::XML | oid::NAME | oid::JSONB | oid::CHAR
    ) || matches!(
        type_oid,
        oid::JSON_ARRAY | oid::TEXT_ARRAY | oid::BPCHAR_ARRAY | oid::VARCHAR_ARRAY | oid::XML_ARRAY
    ) || matches!(type_oid, oid::NAME_ARRAY | oid::JSONB_ARRAY | oid::CHAR_ARRAY)
}

fn is_quoted(type_oid: u32) -> bool {
    matches!(type_oid, oid::BPCHAR | oid::VARCHAR | oid::TEXT | oid::BYTEA | oid::BOX | oid::MONEY)
        || matches!(type_oid, oid::TSVECTOR | oid::TSQUERY | oid::TIMESTAMP | oid::TIMESTAMPTZ | oid::TIME)
        || matches!(type_oid, oid::TIMETZ | oid::DATE | oid::INTERVAL | oid::BOOL | oid::POINT | oid::CIRCLE)
        || matches!(type_oid, oid::CIDR | oid::INET | oid::MACADDR | oid::BIT | oid::VARBIT | oid::UUID)
        || matches!(type_oid, oid::XML | oid::JSONB | oid::TSRANGE | oid::TSTZRANGE | oid::LSEG | oid::PATH)
        || matches!(type_oid, oid::NAME | oid::POLYGON | oid::JSON | oid::LINE)
}
