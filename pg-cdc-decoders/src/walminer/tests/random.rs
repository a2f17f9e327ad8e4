//! Properties: any bytes are read or refused, and what walminer would print for any row comes back as it was.

use super::*;
use pg_cdc_testkit::encode::walminer::{Change, Dialect, Value};
use proptest::collection::vec;
use proptest::prelude::*;

/// Names of tables and columns, odd ones too; those of columns are made different.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,3}",
        "[A-Za-z \"',=;()]{1,8}",
        Just("a\", \"b".to_owned()),
        Just("a\" = 1, \"b".to_owned()),
        Just("x\"=1 AND \"y".to_owned()),
        Just("a\") VALUES(1, 'x".to_owned()),
        Just("COL3".to_owned()),
        Just("é😀".to_owned()),
        Just("\" WHERE \"".to_owned()),
    ]
}

/// A type and a value of it.
fn typed() -> impl Strategy<Value = u32> {
    proptest::sample::select(vec![
        oid::INT4,
        oid::FLOAT4,
        oid::NUMERIC,
        oid::BOOL,
        oid::TEXT,
        oid::VARCHAR,
        oid::JSON,
        oid::BYTEA,
        oid::TEXT_ARRAY,
        oid::INT4_ARRAY,
        oid::INT4RANGE,
        oid::PG_LSN,
        oid::VARBIT,
        oid::POINT,
    ])
}

fn text() -> impl Strategy<Value = String> {
    let parts = [
        "'",
        "''",
        "\"",
        "\\",
        ";",
        ", ",
        " AND ",
        " WHERE \"",
        "\"=",
        " is NULL",
        "NULL",
        ") VALUES(",
        "::text",
        "\n",
        "a",
        "\" = ",
        "é",
        "VALUES",
        "(NOTICE:wal is not enought.)",
        "encode('\\x00', 'hex')",
    ];
    vec(proptest::sample::select(parts.to_vec()), 0..8).prop_map(|parts| parts.concat())
}

fn value(type_oid: u32) -> BoxedStrategy<Value> {
    let some = match type_oid {
        oid::INT4 => any::<i32>().prop_map(|n| n.to_string()).boxed(),
        oid::FLOAT4 | oid::NUMERIC => {
            proptest::sample::select(vec!["NaN", "0.5", "-1e+20", "100"]).prop_map(str::to_owned).boxed()
        }
        oid::BOOL => proptest::sample::select(vec!["t", "f"]).prop_map(str::to_owned).boxed(),
        oid::TEXT | oid::VARCHAR | oid::JSON => text().boxed(),
        oid::BYTEA => "(\\\\x([0-9a-f]{2}){0,4})".boxed(),
        oid::TEXT_ARRAY => text().prop_map(|text| format!("{{\"{text}\"}}")).boxed(),
        oid::INT4_ARRAY => Just("{1,NULL}".to_owned()).boxed(),
        oid::INT4RANGE => {
            proptest::sample::select(vec!["[1,10)", "empty", "(,)"]).prop_map(str::to_owned).boxed()
        }
        oid::PG_LSN => Just("16/B374D848".to_owned()).boxed(),
        oid::VARBIT => "[01]{0,5}".boxed(),
        _ => Just("(1,-2.5)".to_owned()).boxed(),
    };
    proptest::option::of(some).boxed()
}

fn a_table() -> impl Strategy<Value = Arc<Table>> {
    (name(), vec((name(), typed()), 1..7), any::<bool>()).prop_map(|(name, columns, keyed)| {
        let mut seen: Vec<(String, u32)> = Vec::new();
        for (name, type_oid) in columns {
            if seen.iter().all(|(known, _)| *known != name) {
                seen.push((name, type_oid));
            }
        }
        let columns: Vec<_> = seen.iter().map(|(name, type_oid)| (&**name, *type_oid)).collect();
        let table = table(&name, &columns);
        if keyed { Arc::new(Table::clone(&table).with_key(vec![0])) } else { table }
    })
}

fn case() -> impl Strategy<Value = (Arc<Table>, Change)> {
    a_table().prop_flat_map(|table| {
        let row: Vec<_> = table.columns.iter().map(|column| value(column.type_.oid)).collect();
        (Just(table), row.clone(), row, 0..3_u8).prop_map(|(table, old, new, kind)| {
            let change = match kind {
                0 => Change::Insert(new),
                1 => Change::Update(old, new),
                _ => Change::Delete(old),
            };
            (table, change)
        })
    })
}

/// The row, with `None` for what is not known.
fn row(row: &Row<'_>) -> Vec<Option<Value>> {
    let value = |datum| match datum {
        Datum::Null => Some(None),
        Datum::Text(text) => Some(Some(String::from_utf8(text.to_vec()).unwrap())),
        _ => None,
    };
    row.columns().map(|(_, datum)| value(datum)).collect()
}

fn decode(table: &Arc<Table>, change: &Change, dialect: Dialect) -> Result<Bench, TestCaseError> {
    let statement = change.statement(dialect, table);
    let mut bench = Bench::in_transaction(&[Arc::clone(table)]);
    match bench.statement(table, &statement) {
        Ok(_) => Ok(bench),
        // Names can be so that nobody can tell: it must say so, and only where they hold quotes.
        Err(error) if error.to_string().contains("way") => {
            prop_assert!(
                table.columns.iter().any(|column| column.name.contains('"')),
                "{statement}: {error}"
            );
            Err(TestCaseError::reject("can be read in more than one way"))
        }
        Err(error) => Err(TestCaseError::fail(format!("{statement}: {error}"))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn what_version_1_prints_comes_back_as_it_was((table, change) in case()) {
        // An UPDATE that changes nothing is not printed.
        prop_assume!(!matches!(&change, Change::Update(old, new) if old == new));
        let bench = decode(&table, &change, Dialect::V1)?;
        let decoded = bench.batch.changes().next().unwrap();
        let before = decoded.before().map(|before| row(&before));
        let after = decoded.after().map(|after| row(&after));
        let known = |values: &Vec<Value>| Some(values.iter().cloned().map(Some).collect::<Vec<_>>());
        let (old, new) = match &change {
            Change::Insert(new) => (None, known(new)),
            Change::Update(old, new) => (known(old), known(new)),
            Change::Delete(old) => (known(old), None),
        };
        prop_assert_eq!(before, old);
        prop_assert_eq!(after, new);
    }

    #[test]
    fn what_version_3_prints_comes_back_as_far_as_it_is_told((table, change) in case()) {
        let bench = decode(&table, &change, Dialect::V3)?;
        let decoded = bench.batch.changes().next().unwrap();
        let told = |at: usize| table.key.is_empty() || at == 0;
        let (old, new) = match &change {
            Change::Insert(new) => (None, Some(new)),
            Change::Update(old, new) => (Some(old), Some(new)),
            Change::Delete(old) => (Some(old), None),
        };
        let expected = old.map(|old| {
            old.iter().enumerate().map(|(at, value)| told(at).then(|| value.clone())).collect::<Vec<_>>()
        });
        prop_assert_eq!(decoded.before().map(|before| row(&before)), expected);
        let expected = new.map(|new| {
            let is_told = |at: usize| old.is_none_or(|old| told(at) || old[at] != new[at]);
            new.iter().enumerate().map(|(at, value)| is_told(at).then(|| value.clone())).collect::<Vec<_>>()
        });
        prop_assert_eq!(decoded.after().map(|after| row(&after)), expected);
    }

    #[test]
    fn a_statement_with_a_few_other_bytes_is_read_or_refused(
        (table, change) in case(),
        dialect in proptest::sample::select(vec![Dialect::V1, Dialect::V3]),
        edits in vec((any::<proptest::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut statement = change.statement(dialect, &table).into_bytes();
        for (at, byte) in edits {
            let at = at.index(statement.len());
            statement[at] = byte;
        }
        let mut bench = Bench::in_transaction(&[Arc::clone(&table)]);
        let message = walminer::row(&table, change.verb(), 1, &statement);
        match bench.bytes(&message) {
            Err(error) => {
                prop_assert!(error.offset() <= message.len());
                prop_assert_eq!(bench.batch.events().count(), 0);
            }
            // Whatever it says, it can be read.
            Ok(_) => _ = bench.batch.events().map(|event| format!("{event:?}")).count(),
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        tag in proptest::sample::select(b"IUDBC".to_vec()),
        start in proptest::sample::select(vec!["", "INSERT INTO \"public\".\"t\"(", "UPDATE public.t SET ", "DELETE FROM \"public\".\"t\" WHERE \"id\"="]),
        rest in vec(any::<u8>(), 0..80),
    ) {
        let mut bench = Bench::in_transaction(&[t()]);
        let bytes = Bytes::from([&[tag][..], start.as_bytes(), &rest].concat());
        if let Err(error) = bench.bytes(&bytes) {
            prop_assert!(error.offset() <= bytes.len());
        }
        let statement = [start.as_bytes(), &rest].concat();
        for verb in [Verb::Insert, Verb::Update, Verb::Delete] {
            let _ = bench.bytes(&walminer::row(&t(), verb, 1, &statement));
        }
    }
}
