//! What version 1.0 printed on a 9.6 server: replaying it gives the tables as they were at the end.

use super::*;
use pg_cdc_core::walminer::{MinedRow, table_of};

const CONTENTS: &str = include_str!("../../../testdata/walminer-1.0/walminer_contents.csv");
const FINAL_STATE: &str = include_str!("../../../testdata/walminer-1.0/final_state.txt");

/// The tables of `schema.sql`.
fn tables() -> [Arc<Table>; 4] {
    let orders = [
        ("id", oid::INT4),
        ("customer", oid::VARCHAR),
        ("amount", oid::NUMERIC),
        ("note", oid::TEXT),
        ("at", oid::TIMESTAMPTZ),
        ("tags", oid::TEXT_ARRAY),
        ("ok", oid::BOOL),
        ("blob", oid::BYTEA),
        ("j", oid::JSONB),
        ("f", oid::FLOAT8),
        ("d", oid::DATE),
        ("u", oid::UUID),
        ("i", oid::INTERVAL),
        ("net", oid::INET),
        ("bits", oid::BIT),
    ];
    [
        table("orders", &orders),
        table("nokey", &[("a", oid::INT4), ("b", oid::TEXT)]),
        table("Mixed Case", &[("Id", oid::INT4), ("sel ect", oid::TEXT)]),
        table("parts", &[("k1", oid::INT4), ("k2", oid::TEXT), ("v", oid::TEXT)]),
    ]
}

/// The fields of a CSV file with quotes, records in rows.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}

fn json(table: &str, row: &Row<'_>) -> String {
    let mut out = Vec::new();
    row.write_json(&mut out).unwrap();
    format!("{table}|{}", String::from_utf8(out).unwrap())
}

/// The rows of all tables, once every change is applied.
fn replay(batch: &ChangeBatch) -> Vec<String> {
    let mut rows: Vec<String> = Vec::new();
    for change in batch.changes() {
        let table = &change.table().name.name;
        if let Some(before) = change.before() {
            let before = json(table, &before);
            let at = rows.iter().position(|row| *row == before);
            rows.swap_remove(at.unwrap_or_else(|| panic!("no such row: {before}")));
        }
        rows.extend(change.after().map(|after| json(table, &after)));
    }
    rows.sort();
    rows
}

#[test]
fn replaying_what_was_recorded_gives_the_final_state() {
    let tables = tables();
    let mut bench = Bench::new(&tables);
    let records = csv(CONTENTS);
    assert_eq!(records[0][7..9], ["op_type", "op_text"]);
    let mut open: Option<(u64, String)> = None;
    for record in &records[1..] {
        let (xid, schema, statement) = (&record[0], &record[6], &record[8]);
        if open.as_ref().is_none_or(|(_, current)| current != xid) {
            let before = open.map_or(0x0100_0000, |(commit_lsn, _)| {
                let _ = bench.commit(commit_lsn);
                commit_lsn
            });
            bench.begin(before + 1, xid.parse().unwrap());
            open = Some((before + 1, xid.clone()));
        }
        let verb = Verb::from_op_type(&record[7]).unwrap();
        let row = MinedRow {
            verb,
            lsn: Lsn::ZERO,
            number: record[1].parse().unwrap(),
            schema,
            relation: table_of(verb, schema, statement.as_bytes(), &[]).unwrap(),
            statement: statement.as_bytes(),
        };
        assert_eq!(bench.message(Message::Row(row)).unwrap(), Outcome::Taken);
    }
    let _ = bench.commit(open.unwrap().0);
    assert_eq!(bench.batch.len(), records.len() - 1);
    let mut expected: Vec<_> = FINAL_STATE.lines().collect();
    expected.sort_unstable();
    assert_eq!(replay(&bench.batch), expected);
}
