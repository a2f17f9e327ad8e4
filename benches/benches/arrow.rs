//! Rows of a batch as Arrow arrays: nanoseconds a value, best of 5 rounds, beside the same array by way of a Rust value
//! and arrow's own builder.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow_array::builder::{Int64Builder, StringBuilder, StringViewBuilder, TimestampMicrosecondBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use pg_cdc_core::batch::{ChangeBatch, Op, Row, Transaction};
use pg_cdc_core::types::arrow::{ArrowOptions, Strings, TableBuilder};
use pg_cdc_core::types::{PgNumeric, PgTimestampTz, PgUuid, oid};
use pg_cdc_core::{Column, ColumnType, Lsn, ReplicaIdentity, Table, TableName};

const ROUNDS: usize = 5;
const ROUND: Duration = Duration::from_millis(100);
const ROWS: i64 = 10_000;

fn main() {
    println!("| ns a value | from text | from binary | by value, from text |");
    println!("| --- | --- | --- | --- |");
    let moment = |row: i64| {
        PgTimestampTz::from_micros_since_2000(row * 1_234_567_891).unwrap_or(PgTimestampTz::INFINITY)
    };
    report(
        "int8",
        &type_of(oid::INT8),
        Strings::Utf8,
        |row| ((row * 7_919).to_string(), (row * 7_919).to_be_bytes().to_vec()),
        Some(int8),
    );
    report(
        "timestamptz",
        &type_of(oid::TIMESTAMPTZ),
        Strings::Utf8,
        |row| {
            let mut binary = Vec::new();
            moment(row).write_binary(&mut binary);
            (moment(row).to_string(), binary)
        },
        Some(timestamptz),
    );
    for (digits, name) in [(12, "numeric(12, 2)"), (60, "numeric(60, 2)")] {
        let type_ = ColumnType::new(oid::NUMERIC, (digits << 16 | 2) + 4, "numeric");
        report(
            name,
            &type_,
            Strings::Utf8,
            |row| {
                let text = format!("{}.{:02}", row * 7_919, row % 100);
                let mut binary = Vec::new();
                text.parse::<PgNumeric>().unwrap_or(PgNumeric::NAN).write_binary(&mut binary);
                (text, binary)
            },
            None,
        );
    }
    report(
        "uuid",
        &type_of(oid::UUID),
        Strings::Utf8,
        |row| {
            let uuid = PgUuid::from_bytes((row as u128 * 0x1234_5678_9abc_def1).to_be_bytes());
            (uuid.to_string(), uuid.as_bytes().to_vec())
        },
        None,
    );
    for length in [8, 40] {
        for (strings, by_value) in
            [(Strings::Utf8, utf8 as ByValue), (Strings::Utf8View, utf8_view as ByValue)]
        {
            report(
                &format!("text of {length} bytes, {strings:?}"),
                &type_of(oid::TEXT),
                strings,
                |row| {
                    let text = format!("{row:0length$}");
                    (text.clone(), text.into_bytes())
                },
                Some(by_value),
            );
        }
    }
    report(
        "int4[] of 4",
        &type_of(oid::INT4_ARRAY),
        Strings::Utf8,
        |row| {
            let mut binary: Vec<u8> =
                [1, 0, oid::INT4, 4, 1].iter().flat_map(|word| word.to_be_bytes()).collect();
            (0..4).for_each(|_| {
                binary.extend([4_u32.to_be_bytes(), (row as u32).to_be_bytes()].as_flattened())
            });
            (format!("{{{row},{row},{row},{row}}}"), binary)
        },
        None,
    );
}

fn type_of(oid: u32) -> ColumnType {
    ColumnType::built_in(oid)
}

type ByValue = fn(&[Row<'_>]) -> ArrayRef;

fn int8(rows: &[Row<'_>]) -> ArrayRef {
    let mut builder = Int64Builder::new();
    rows.iter().for_each(|row| builder.append_option(row.get("c").ok()));
    Arc::new(builder.finish())
}

fn timestamptz(rows: &[Row<'_>]) -> ArrayRef {
    let mut builder = TimestampMicrosecondBuilder::new();
    let value = |row: &Row<'_>| row.get::<PgTimestampTz>("c").ok().and_then(PgTimestampTz::micros_since_1970);
    rows.iter().for_each(|row| builder.append_option(value(row)));
    Arc::new(builder.finish().with_timezone("UTC"))
}

fn utf8(rows: &[Row<'_>]) -> ArrayRef {
    let mut builder = StringBuilder::new();
    rows.iter().for_each(|row| builder.append_option(row.get::<&str>("c").ok()));
    Arc::new(builder.finish())
}

fn utf8_view(rows: &[Row<'_>]) -> ArrayRef {
    let mut builder = StringViewBuilder::new();
    rows.iter().for_each(|row| builder.append_option(row.get::<&str>("c").ok()));
    Arc::new(builder.finish())
}

/// A line of the table: the same values in both encodings, each way checked against the others.
fn report(
    name: &str,
    type_: &ColumnType,
    strings: Strings,
    value: impl Fn(i64) -> (String, Vec<u8>),
    by_value: Option<ByValue>,
) {
    let column = Column::new("c", type_.clone());
    let table = TableName::new("public", "t");
    let table = Arc::new(Table::new(1, table, vec![column], ReplicaIdentity::Default));
    let mut options = ArrowOptions::default();
    options.strings = strings;
    let batches = [false, true].map(|binary| batch(&table, binary, &value));
    let rows = batches.each_ref().map(rows);
    let build = |rows: &[Row<'_>]| -> RecordBatch {
        let mut builder = TableBuilder::new(Arc::clone(&table), &options);
        assert_eq!(builder.extend(rows), Ok(()));
        builder.finish().expect("text that is UTF-8")
    };
    let [text, binary] = rows.each_ref().map(|rows| build(rows));
    assert!(text == binary && text.num_rows() == ROWS as usize);
    let by_value = by_value.map(|by_value| {
        assert_eq!(&by_value(&rows[0]), text.column(0));
        best(|| drop(black_box(by_value(black_box(&rows[0])))))
    });
    let [text, binary] = rows.each_ref().map(|rows| best(|| drop(black_box(build(black_box(rows))))));
    let by_value = by_value.map_or("".to_owned(), |nanos| format!("{nanos:.1}"));
    println!("| {name} | {text:.1} | {binary:.1} | {by_value} |");
}

fn rows(batch: &ChangeBatch) -> Vec<Row<'_>> {
    batch.changes().filter_map(|change| change.after()).collect()
}

/// Inserts of the values, each a slice of one buffer, as they lie behind a decoder.
fn batch(table: &Arc<Table>, binary: bool, value: &impl Fn(i64) -> (String, Vec<u8>)) -> ChangeBatch {
    let values = (0..ROWS).map(value).map(|(text, bytes)| if binary { bytes } else { text.into_bytes() });
    let (mut buffer, mut slices) = (Vec::new(), Vec::new());
    for value in values {
        slices.push((buffer.len(), value.len()));
        buffer.extend(value);
    }
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let buffer = batch.attach(&buffer.into());
    for (seq, (offset, length)) in (0..).zip(slices) {
        let table = batch.table(table, None);
        let mut row = batch.write(buffer);
        let written = if binary { row.binary(offset, length) } else { row.text(offset, length) };
        let finished = written.and_then(|()| row.finish(Op::Insert, table, Lsn::new(90), seq, 0));
        assert_eq!(finished, Ok(()));
    }
    batch
}

/// Nanoseconds a value, in the best run of all rounds.
fn best(mut run: impl FnMut()) -> f64 {
    let mut best = Duration::MAX;
    for _ in 0..ROUNDS {
        let round = Instant::now();
        while round.elapsed() < ROUND {
            let start = Instant::now();
            run();
            best = best.min(start.elapsed());
        }
    }
    best.as_nanos() as f64 / ROWS as f64
}
