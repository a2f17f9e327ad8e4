//! Properties: any bytes are read or refused, and any line that a server could print comes back as it was.

use pg_cdc_core::Datum;
use pg_cdc_core::batch::{Op, Row};
use pg_cdc_testkit::Keeper;
use pg_cdc_testkit::encode::test_decoding::{Cell, Line, Literal, quote};
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// Names with all that must be quoted, doubled, or looks like what follows a name.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_][a-z0-9_]{0,8}",
        r#"[a-zA-Z0-9 "\[\]:.,'é-]{1,12}"#,
        Just("new-tuple:".to_owned()),
        Just("old-key:".to_owned()),
        Just("select".to_owned()),
    ]
}

const BUILT_IN: &[&str] = &[
    "integer",
    "numeric",
    "boolean",
    "bit varying",
    "text",
    "character varying",
    "\"char\"",
    "text[]",
    "timestamp with time zone",
];

fn type_() -> impl Strategy<Value = String> {
    let of_users = (name(), name(), any::<bool>()).prop_map(|(schema, name, is_array)| {
        format!("{}.{}{}", quote(&schema), quote(&name), if is_array { "[]" } else { "" })
    });
    prop_oneof![proptest::sample::select(BUILT_IN).prop_map(str::to_owned), of_users]
}

/// A text that a type prints, and many a text that looks like something else.
fn text(type_: &str) -> BoxedStrategy<Vec<u8>> {
    let bytes =
        |pattern: &'static str| proptest::string::string_regex(pattern).unwrap().prop_map(String::into_bytes);
    match type_ {
        "integer" | "numeric" => prop_oneof![
            bytes("-?[0-9]{1,9}"),
            Just(b"NaN".to_vec()),
            Just(b"-Infinity".to_vec()),
            Just(b"1e+20".to_vec())
        ]
        .boxed(),
        "boolean" => prop_oneof![Just(b"t".to_vec()), Just(b"f".to_vec())].boxed(),
        "bit varying" => bytes("[01]{0,9}").boxed(),
        _ => prop_oneof![
            bytes(r#"(''|'|"| |\n|:|\[|\]|a|é|new-tuple:|null|\\|1){0,12}"#),
            Just(b"unchanged-toast-datum".to_vec()),
            Just(b"' a[text]:'".to_vec()),
            Just(b" new-tuple: a[text]:'".to_vec()),
        ]
        .boxed(),
    }
}

#[derive(Debug, Clone)]
struct Columns(Vec<(String, String)>);

fn columns() -> impl Strategy<Value = Columns> {
    vec((name(), type_()), 1..6).prop_map(|mut columns| {
        let mut seen = std::collections::HashSet::new();
        columns.retain(|(name, _)| seen.insert(name.clone()));
        Columns(columns)
    })
}

fn cell(name: String, type_: String) -> impl Strategy<Value = Cell> {
    let text = proptest::option::of(text(&type_));
    (text, 0..8_u8).prop_map(move |(text, unchanged)| match unchanged {
        0 => Cell::of(&name, &type_, None).unchanged(),
        _ => Cell::of(&name, &type_, text.as_deref()),
    })
}

fn row(Columns(columns): Columns) -> Vec<impl Strategy<Value = Cell>> {
    columns.into_iter().map(|(name, type_)| cell(name, type_)).collect()
}

fn change() -> impl Strategy<Value = Line> {
    (name(), name(), columns()).prop_flat_map(|(schema, name, columns)| {
        let table = (schema, name);
        let (insert, update, truncate) = (table.clone(), table.clone(), table);
        let emit = (vec(any::<u8>(), 0..20), vec(any::<u8>(), 0..20));
        prop_oneof![
            row(columns.clone()).prop_map(move |new| Line::Insert { table: insert.clone(), new }),
            (row(columns.clone()), row(columns), any::<bool>()).prop_map(move |(old, new, has_old)| {
                let old = has_old.then_some(old);
                Line::Update { table: update.clone(), old, new }
            }),
            (any::<bool>(), any::<bool>()).prop_map(move |(restart_identity, cascade)| {
                Line::Truncate { tables: vec![truncate.clone()], restart_identity, cascade }
            }),
            emit.prop_map(|(prefix, content)| Line::Message { transactional: true, prefix, content }),
        ]
    })
}

fn shown(row: &Row<'_>) -> Vec<(String, Literal)> {
    let cell = |(column, datum): (&Column, Datum<'_>)| {
        let literal = match datum {
            Datum::Text(text) => Literal::Quoted(text.to_vec()),
            Datum::Unchanged => Literal::Unchanged,
            Datum::NotInIdentity | Datum::Null => Literal::Null,
            other => panic!("{other:?}"),
        };
        (column.name.to_string(), literal)
    };
    row.columns().map(cell).collect()
}

fn expected(cells: &[Cell]) -> Vec<(String, Literal)> {
    let cell = |cell: &Cell| {
        let literal = match (&cell.literal, cell.text()) {
            (_, Some(text)) => Literal::Quoted(text.to_vec()),
            (other, None) => other.clone(),
        };
        (cell.name.clone(), literal)
    };
    cells.iter().map(cell).collect()
}

/// What did not change is filled in from an old row that has it; NULLs of an old row are not printed.
fn filled(mut new: Vec<(String, Literal)>, old: &[(String, Literal)]) -> Vec<(String, Literal)> {
    for ((_, new), (_, old)) in new.iter_mut().zip(old) {
        if *new == Literal::Unchanged && matches!(old, Literal::Quoted(_)) {
            *new = old.clone();
        }
    }
    new
}

proptest! {
    #[test]
    fn any_line_comes_back_as_it_was(changes in vec(change(), 0..12)) {
        let mut keeper = Keeper::new(TestDecoding::new(VERSION, TextEncoding::default()));
        keeper.take(Lsn::new(1), &Line::Begin { xid: 7 }.encode()).unwrap();
        for change in &changes {
            keeper.take(Lsn::new(2), &change.encode()).unwrap();
        }
        let commit = Line::Commit { xid: 7, time: "2000-01-01 00:00:00+00".to_owned() };
        keeper.take(Lsn::new(3), &commit.encode()).unwrap();
        let decoded: Vec<_> = keeper.batch.changes().collect();
        let rows = changes.iter().filter(|change| !matches!(change, Line::Message { .. }));
        prop_assert_eq!(rows.clone().count(), decoded.len());
        for (line, change) in rows.zip(decoded) {
            let table = &change.table().name;
            match line {
                Line::Insert { table: (schema, name), new } => {
                    prop_assert_eq!((&*table.schema, &*table.name), (&**schema, &**name));
                    prop_assert_eq!(shown(&change.after().unwrap()), expected(new));
                }
                Line::Update { old, new, .. } => {
                    let old = old.as_ref().map(|old| expected(old));
                    prop_assert_eq!(change.before().map(|old| shown(&old)), old.clone());
                    let new = filled(expected(new), &old.unwrap_or_default());
                    prop_assert_eq!(shown(&change.after().unwrap()), new);
                }
                _ => prop_assert_eq!(change.op(), Op::Truncate),
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..80), printed in any::<bool>()) {
        let mut line = if printed { b"table public.t: UPDATE: ".to_vec() } else { Vec::new() };
        line.extend_from_slice(&bytes);
        let _ = Bench::new().bytes(&line);
        let _ = Bench::knowing(&[t()]).bytes(&line);
        let data = Bytes::from(line);
        let _ = TestDecoding::new(VERSION, TextEncoding::default()).route(Frame::whole(Lsn::new(1), &data));
    }
}
