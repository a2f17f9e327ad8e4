//! Whatever rows hold: a line is one line of JSON that says what the row says.

use std::sync::Arc;

use pg_cdc_core::Table;
use pg_cdc_sinks::jsonl::{DebeziumValues, Envelope, JsonLinesOptions};
use pg_cdc_testkit::batches::{BatchMaker, Cell, TableMaker};
use proptest::prelude::*;
use serde_json::Value;

use crate::support::{lines, options};

const ROW_KEYS: [&str; 12] =
    ["op", "schema", "table", "lsn", "commit_lsn", "seq", "xid", "ts", "key", "before", "after", "unchanged"];
const DEBEZIUM_KEYS: [&str; 9] =
    ["before", "after", "source", "transaction", "op", "ts_ms", "ts_us", "ts_ns", "unchanged"];

#[derive(Debug, Clone)]
struct Case {
    table: Arc<Table>,
    /// An old row, and a new one of which some values are not sent.
    rows: Vec<(Option<Vec<Cell<'static>>>, Vec<Cell<'static>>)>,
}

fn name() -> impl Strategy<Value = String> {
    "(?s)[a-z\"\\\\\n\r\t\u{1}{}:,é☕\u{1f600}]{1,12}"
}

fn cell(type_name: &'static str) -> BoxedStrategy<Cell<'static>> {
    let value = match type_name {
        "int4" => any::<i32>().prop_map(Cell::from).boxed(),
        "float8" => prop_oneof![Just("NaN"), Just("-Infinity"), Just("1e+300"), Just("0.1")]
            .prop_map(Cell::from)
            .boxed(),
        "bool" => any::<bool>().prop_map(Cell::from).boxed(),
        "jsonb" => prop_oneof![Just("{\"a\": [1, \"\\n\"]}"), Just("null"), Just("[\n1,\r2]")]
            .prop_map(Cell::from)
            .boxed(),
        _ => "(?s).{0,40}"
            .prop_filter("PostgreSQL has no NUL", |text| !text.contains('\0'))
            .prop_map(Cell::from)
            .boxed(),
    };
    prop_oneof![6 => value, 1 => Just(Cell::Null), 1 => Just(Cell::Unchanged), 1 => Just(Cell::Absent)]
        .boxed()
}

fn case() -> impl Strategy<Value = Case> {
    let types = prop::collection::vec(
        prop::sample::select(vec!["int4", "text", "float8", "bool", "jsonb", "shop.mood"]),
        1..8,
    );
    (name(), name(), types).prop_flat_map(|(schema, table, types)| {
        let names = prop::collection::btree_set(name(), types.len());
        let row: Vec<_> = types.iter().map(|name| cell(name)).collect();
        let rows = prop::collection::vec((prop::option::of(row.clone()), row), 1..6);
        (names, rows).prop_map(move |(names, rows)| {
            let mut maker = TableMaker::new(&schema, &table).key("the key", "int4");
            for (name, type_name) in names.iter().zip(&types) {
                maker = maker.column(name, type_name);
            }
            Case { table: maker.build(), rows }
        })
    })
}

fn keys_in_order(line: &str, keys: &[&str]) -> Result<Value, TestCaseError> {
    let value: Value =
        serde_json::from_str(line).map_err(|error| TestCaseError::fail(format!("{error}: {line}")))?;
    // Taken from the text, since a parsed object forgets the order.
    let mut found = Vec::new();
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    for (at, byte) in line.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' if !quoted => (quoted, start) = (true, at + 1),
            b'"' => {
                quoted = false;
                if depth == 1 && line.as_bytes().get(at + 1) == Some(&b':') {
                    found.push(&line[start..at]);
                }
            }
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    let wanted: Vec<_> = keys.iter().filter(|key| found.contains(key)).copied().collect();
    prop_assert_eq!(&found, &wanted, "{}", line);
    prop_assert!(found.len() >= keys.len() - 1, "{}", line);
    Ok(value)
}

fn written(case: &Case, options: JsonLinesOptions) -> Vec<String> {
    let mut maker = BatchMaker::new();
    maker.begin();
    for (index, (old, new)) in case.rows.iter().enumerate() {
        let with_key = |row: &Vec<Cell<'static>>| {
            std::iter::once(Cell::from(index as i32)).chain(row.iter().cloned()).collect::<Vec<_>>()
        };
        match old {
            Some(old) => maker.update_from(&case.table, &with_key(old), &with_key(new)),
            None => maker.update(&case.table, &with_key(new)),
        };
    }
    maker.commit();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(lines(options, vec![maker.finish().unwrap()]))
}

/// What the columns of a row should be: known with a value, listed as unchanged, or left out.
fn check_row(case: &Case, index: usize, line: &Value) -> Result<(), TestCaseError> {
    let (old, new) = &case.rows[index];
    for (at, column) in case.table.columns.iter().enumerate().skip(1) {
        let name = &*column.name;
        let known = |cell: &Cell<'_>| matches!(cell, Cell::Null | Cell::Text(_) | Cell::Binary(_));
        let from_old = old.as_ref().map(|old| &old[at - 1]).filter(|cell| known(cell));
        let cell =
            if new[at - 1] == Cell::Unchanged { from_old.unwrap_or(&new[at - 1]) } else { &new[at - 1] };
        let listed = line["unchanged"].as_array().is_some_and(|names| names.iter().any(|n| n == name));
        prop_assert_eq!(line["after"].get(name).is_some(), known(cell));
        prop_assert_eq!(listed, *cell == Cell::Unchanged);
        if let (Cell::Text(text), "text") = (cell, &*column.type_.name) {
            prop_assert_eq!(line["after"][name].as_str().unwrap().as_bytes(), &**text);
        }
        if *cell == Cell::Null {
            prop_assert!(line["after"][name].is_null());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_row_is_one_line_of_json_with_its_keys_in_order(case in case()) {
        for (envelope, keys) in [(Envelope::Row, &ROW_KEYS[..]), (Envelope::Debezium, &DEBEZIUM_KEYS[..])] {
            let lines = written(&case, options(envelope));
            prop_assert_eq!(lines.len(), case.rows.len());
            for (index, line) in lines.iter().enumerate() {
                prop_assert!(!line.contains('\r'));
                let value = keys_in_order(line, keys)?;
                check_row(&case, index, &value)?;
                let place = if envelope == Envelope::Row { &value } else { &value["source"] };
                prop_assert_eq!(place["table"].as_str(), Some(&*case.table.name.name));
                prop_assert_eq!(place["schema"].as_str(), Some(&*case.table.name.schema));
            }
        }
    }

    #[test]
    fn with_debezium_s_values_a_row_has_the_published_columns_that_it_knows(case in case(), include_unknown: bool) {
        let values = DebeziumValues::default().with_include_unknown(include_unknown);
        for envelope in [Envelope::Row, Envelope::Debezium] {
            for (index, line) in written(&case, options(envelope).with_debezium(values.clone())).iter().enumerate() {
                let line: Value = serde_json::from_str(line).map_err(|error| TestCaseError::fail(error.to_string()))?;
                prop_assert_eq!(line.get("unchanged"), None);
                let (old, new) = &case.rows[index];
                for (at, column) in case.table.columns.iter().enumerate().skip(1) {
                    let old = old.as_ref().map(|old| &old[at - 1]);
                    let cell = match &new[at - 1] {
                        Cell::Unchanged => old.filter(|old| matches!(old, Cell::Null | Cell::Text(_))).unwrap_or(&Cell::Unchanged),
                        cell => cell,
                    };
                    let field = line["after"].get(&*column.name);
                    let is_unknown = &*column.type_.name == "shop.mood";
                    prop_assert_eq!(field.is_some(), *cell != Cell::Absent && (include_unknown || !is_unknown));
                    match (cell, &*column.type_.name) {
                        (Cell::Text(text), "text") => prop_assert_eq!(field.and_then(Value::as_str).map(str::as_bytes), Some(&**text)),
                        (Cell::Unchanged, "text" | "jsonb") => prop_assert_eq!(field, Some(&"__debezium_unavailable_value".into())),
                        (Cell::Null, _) | (Cell::Unchanged, "int4" | "bool" | "float8") => prop_assert!(field.is_none_or(Value::is_null)),
                        _ => {}
                    }
                }
            }
        }
    }
}
