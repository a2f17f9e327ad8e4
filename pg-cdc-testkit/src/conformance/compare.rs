//! What a store holds against what the history comes to.

use std::collections::BTreeMap;

use super::Delivery;
use super::contents::{Contents, LogLine, Row, Tables};
use super::history::{History, Step};
use super::log;
use super::model::{Keys, Model, key_of};
use super::report::Report;

pub(super) fn compare(history: &History, delivery: Delivery, contents: &Contents, report: &mut Report) {
    let expected = match log::expected(history) {
        Ok(expected) => expected,
        Err(error) => return report.broke(format!("the history could not be made: {error}")),
    };
    let keys = keys_of(history);
    let wanted = match final_tables(&expected, &keys) {
        Ok(wanted) => wanted,
        Err(error) => return report.broke(format!("the history makes no sense: {error}")),
    };
    match contents {
        Contents::Dropped => {}
        Contents::Tables(found) => compare_tables(&wanted, found, &keys, delivery, report),
        Contents::Log(lines) => {
            if let Some(found) = log::check(&expected, lines, &keys, delivery, report) {
                compare_tables(&wanted, &found, &keys, delivery, report);
            }
        }
    }
}

fn keys_of(history: &History) -> Keys {
    let mut keys = Keys::new();
    for step in &history.steps {
        let (Step::Read(table, _) | Step::Insert(table, _) | Step::TableDone(table, _)) = step else {
            continue;
        };
        let column =
            |&index: &u16| table.columns.get(usize::from(index)).map(|column| column.name.to_string());
        let name = (table.name.schema.to_string(), table.name.name.to_string());
        keys.entry(name).or_insert_with(|| table.key.iter().filter_map(column).collect());
    }
    keys
}

fn final_tables(lines: &[LogLine], keys: &Keys) -> Result<Tables, String> {
    let mut model = Model::new(keys);
    lines.iter().try_for_each(|line| model.apply(line))?;
    Ok(model.into_tables())
}

fn compare_tables(wanted: &Tables, found: &Tables, keys: &Keys, delivery: Delivery, report: &mut Report) {
    for (name, key) in keys {
        let table = format!("table {:?}.{:?}", name.0, name.1);
        let wanted = by_key(wanted.get(name), key, true, &table, report);
        // Without a key, a store can't tell a row that comes again from another one like it.
        let once = !key.is_empty() || delivery == Delivery::ExactlyOnce;
        let found = by_key(found.get(name), key, once, &table, report);
        for (key, wanted) in &wanted {
            match found.get(key) {
                None => report.broke(format!("{table}: the row {key} is missing")),
                Some(found) => compare_rows(wanted, found, &format!("{table}, row {key}"), report),
            }
        }
        for key in found.keys().filter(|key| !wanted.contains_key(*key)) {
            report.broke(format!("{table}: the row {key} should not be there"));
        }
    }
    for name in found.keys().filter(|name| !keys.contains_key(*name)) {
        report.broke(format!("table {:?}.{:?} should not be there", name.0, name.1));
    }
}

fn by_key<'a>(
    rows: Option<&'a Vec<Row>>,
    key: &[String],
    once: bool,
    table: &str,
    report: &mut Report,
) -> BTreeMap<String, &'a Row> {
    let mut by_key = BTreeMap::new();
    for row in rows.into_iter().flatten() {
        match key_of(key, row) {
            Ok(key) => {
                if by_key.insert(key.clone(), row).is_some() && once {
                    report.broke(format!("{table}: the row {key} is there twice"));
                }
            }
            Err(error) => report.broke(format!("{table}: {error}")),
        }
    }
    by_key
}

fn compare_rows(wanted: &Row, found: &Row, place: &str, report: &mut Report) {
    let columns = wanted.keys().chain(found.keys().filter(|column| !wanted.contains_key(*column)));
    for column in columns {
        let wanted = wanted.get(column).filter(|value| !value.is_null());
        let found = found.get(column).filter(|value| !value.is_null());
        if wanted != found {
            let short = |value: Option<&serde_json::Value>| match value {
                None => "null".to_owned(),
                Some(value) => value.to_string().chars().take(60).collect(),
            };
            let (wanted, found) = (short(wanted), short(found));
            report.broke(format!("{place}: column {column:?} holds {found}, not {wanted}"));
        }
    }
}
