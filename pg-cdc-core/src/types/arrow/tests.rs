//! Arrays against what a real server gave (`types/testdata`), and values made by hand for types of a database's own.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Decimal128Type, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    IntervalMonthDayNanoType, Time64MicrosecondType, TimestampMicrosecondType, UInt32Type,
};
use arrow_array::{Array, ArrayRef};
use arrow_schema::DataType;
use proptest::prelude::*;

use super::*;
use crate::batch::{ChangeBatch, Op, Transaction};
use crate::types::tests::{Case, each_case, types};
use crate::types::*;
use crate::{Column, Datum, Lsn, ReplicaIdentity, Table, TableName};

fn options(change: impl FnOnce(&mut ArrowOptions)) -> ArrowOptions {
    let mut options = ArrowOptions::default();
    change(&mut options);
    options
}

/// The array of one value.
fn one(type_: &ColumnType, datum: Datum<'_>, options: &ArrowOptions) -> Result<ArrayRef, TypeError> {
    let mut builder = ColumnBuilder::new(type_, options);
    builder.append(datum)?;
    let array = builder.finish()?;
    assert_eq!((array.len(), array.data_type()), (1, &options.type_of(type_)), "{type_:?}");
    Ok(array)
}

/// PostgreSQL's text of a value that is not NULL, read back from its array.
fn text_of(type_: &ColumnType, array: &ArrayRef, at: usize) -> String {
    match array.data_type() {
        DataType::Boolean => (if array.as_boolean().value(at) { "t" } else { "f" }).to_owned(),
        DataType::Int16 => array.as_primitive::<Int16Type>().value(at).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(at).to_string(),
        DataType::Int64 => array.as_primitive::<Int64Type>().value(at).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(at).to_string(),
        DataType::Float32 => {
            let mut text = Vec::new();
            write_float4(array.as_primitive::<Float32Type>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Float64 => {
            let mut text = Vec::new();
            write_float8(array.as_primitive::<Float64Type>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Date32 => {
            let days = array.as_primitive::<Date32Type>().value(at);
            PgDate::from_days_since_2000(days - 10_957).unwrap().to_string()
        }
        DataType::Time64(_) => {
            let micros = array.as_primitive::<Time64MicrosecondType>().value(at);
            PgTime::from_micros_since_midnight(micros).unwrap().to_string()
        }
        DataType::Timestamp(_, zone) => {
            let micros = array.as_primitive::<TimestampMicrosecondType>().value(at) - 946_684_800_000_000;
            match zone {
                Some(_) => PgTimestampTz::from_micros_since_2000(micros).unwrap().to_string(),
                None => PgTimestamp::from_micros_since_2000(micros).unwrap().to_string(),
            }
        }
        DataType::Interval(_) => {
            let interval = array.as_primitive::<IntervalMonthDayNanoType>().value(at);
            PgInterval::new(interval.months, interval.days, interval.nanoseconds / 1_000).to_string()
        }
        DataType::FixedSizeBinary(_) => {
            PgUuid::from_bytes(array.as_fixed_size_binary().value(at).try_into().unwrap()).to_string()
        }
        DataType::Binary => {
            let mut text = Vec::new();
            bytea::write_text(array.as_binary::<i32>().value(at), &mut text);
            String::from_utf8(text).unwrap()
        }
        DataType::Utf8 => array.as_string::<i32>().value(at).to_owned(),
        DataType::Utf8View => array.as_string_view().value(at).to_owned(),
        DataType::List(_) if type_.kind() == Kind::Multirange => {
            let ranges = array.as_list::<i32>().value(at);
            let ranges: Vec<_> =
                (0..ranges.len()).map(|at| range_of(type_, &ranges, at).to_string()).collect();
            format!("{{{}}}", ranges.join(","))
        }
        DataType::List(_) => {
            let element = type_.element().unwrap();
            let values = array.as_list::<i32>().value(at);
            let delimiter = if element.kind() == Kind::Box { b';' } else { b',' };
            let text = |at| {
                if values.is_null(at) {
                    return "NULL".to_owned();
                }
                let mut text = text_of(element, &values, at).into_bytes();
                quoting::quote_from(0, quoting::Style::Array(delimiter), &mut text);
                String::from_utf8(text).unwrap()
            };
            format!(
                "{{{}}}",
                (0..values.len())
                    .map(text)
                    .collect::<Vec<_>>()
                    .join(char::from(delimiter).encode_utf8(&mut [0; 4]))
            )
        }
        DataType::Map(..) => {
            let entries: ArrayRef = Arc::new(array.as_map().value(at));
            let (keys, values) = (entries.as_struct().column(0), entries.as_struct().column(1));
            let text = ColumnType::built_in(oid::TEXT);
            let value = |at| values.is_valid(at).then(|| text_of(&text, values, at));
            PgHstore::from_iter((0..entries.len()).map(|at| (text_of(&text, keys, at), value(at))))
                .to_string()
        }
        DataType::Struct(_) => range_of(type_, array, at).to_string(),
        other => unreachable!("{other}"),
    }
}

fn range_of(type_: &ColumnType, array: &ArrayRef, at: usize) -> PgRange<String> {
    use std::ops::Bound;
    let columns = array.as_struct();
    let flag = |name| columns.column_by_name(name).unwrap().as_boolean().value(at);
    let bound = |name, included: bool| {
        let bounds = columns.column_by_name(name).unwrap();
        match bounds.is_null(at) {
            true => Bound::Unbounded,
            false if included => Bound::Included(text_of(type_.subtype().unwrap(), bounds, at)),
            false => Bound::Excluded(text_of(type_.subtype().unwrap(), bounds, at)),
        }
    };
    if flag("empty") {
        return PgRange::Empty;
    }
    PgRange::Bounds(bound("lower", flag("lower_inclusive")), bound("upper", flag("upper_inclusive")))
}

/// Whether Arrow's type has no such value, told by PostgreSQL's text.
fn is_beyond(case: &Case) -> bool {
    let element = case.type_.element().or(case.type_.subtype()).unwrap_or(&case.type_);
    let infinity = matches!(element.kind(), Kind::Date | Kind::Timestamp | Kind::TimestampTz);
    (infinity && (case.text.contains("infinity") || case.text.contains("294276-12-31")))
        || (element.kind() == Kind::Time && case.text.contains("24:00:00"))
        || (case.type_.kind() == Kind::Interval && {
            let interval: PgInterval = case.text.parse().unwrap();
            !interval.is_finite() || interval.micros.checked_mul(1_000).is_none()
        })
        || (case.type_.kind() == Kind::Array
            && (case.text.starts_with('[') || case.text.starts_with("{{"))
            && {
                let text = Datum::Text(case.text.as_bytes());
                let value = PgArray::<Option<String>>::from_datum(&case.type_, text).unwrap();
                let dimensions = value.dimensions();
                dimensions.len() > 1 || dimensions.iter().any(|dimension| dimension.lower != 1)
            })
}

#[test]
fn both_encodings_of_what_a_server_gave_are_one_array_that_holds_the_value() {
    each_case(|case| {
        for strings in [Strings::Utf8, Strings::Utf8View] {
            let options = options(|options| options.strings = strings);
            let text = one(&case.type_, Datum::Text(case.text.as_bytes()), &options);
            let binary = one(&case.type_, Datum::Binary(&case.binary), &options);
            if is_beyond(case) {
                for error in [text.unwrap_err(), binary.unwrap_err()] {
                    let error = error.to_string();
                    assert!(
                        ["Arrow's", "List of Arrow's"].iter().any(|says| error.contains(says)),
                        "{}: {error}",
                        case.text
                    );
                }
                let mut options = options;
                options.inexact = Inexact::Null;
                for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
                    let array = one(&case.type_, datum, &options).unwrap();
                    // An element that can't be held is NULL, and the others are there.
                    let element_only = case.type_.kind() == Kind::Array
                        && !case.text.starts_with(['['])
                        && !case.text.starts_with("{{");
                    assert_eq!(array.is_null(0), !element_only, "{}", case.text);
                }
                continue;
            }
            let (text, binary) = (text.unwrap(), binary.unwrap());
            assert_eq!(text.to_data(), binary.to_data(), "{} {}", case.type_.name, case.text);
            assert!(!text.is_null(0));
            assert_eq!(text_of(&case.type_, &text, 0), case.text, "{}", case.type_.name);
        }
    });
}

#[test]
fn whatever_is_refused_leaves_nothing_of_itself_behind() {
    each_case(|case| {
        let options = options(|options| options.inexact = Inexact::Null);
        let good = one(&case.type_, Datum::Binary(&case.binary), &options).unwrap();
        let text = case.text.as_bytes();
        let cuts = (0..text.len().min(40)).map(|cut| Datum::Text(&text[..text.len() - cut - 1]));
        let binary = (0..case.binary.len().min(40))
            .map(|cut| Datum::Binary(&case.binary[..case.binary.len() - cut - 1]));
        let mut builder = ColumnBuilder::new(&case.type_, &options);
        for cut in cuts.chain(binary) {
            // Some that are cut off are values all the same.
            if builder.append(cut).is_ok() {
                builder = ColumnBuilder::new(&case.type_, &options);
            }
        }
        builder.append(Datum::Text(text)).unwrap();
        assert_eq!(builder.finish().unwrap().to_data(), good.to_data(), "{} {}", case.type_.name, case.text);
    });
}

#[test]
fn arrays_are_their_text_where_that_is_asked_for() {
    let options = options(|options| options.arrays = Arrays::Text);
    each_case(|case| {
        if case.type_.kind() == Kind::Array {
            for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
                assert_eq!(one(&case.type_, datum, &options).unwrap().as_string::<i32>().value(0), case.text);
            }
        }
    });
}

#[test]
fn only_null_is_null_and_what_was_not_sent_is_an_error() {
    for type_ in types().iter().chain(&own_types()) {
        assert!(one(type_, Datum::Null, &ArrowOptions::default()).unwrap().is_null(0), "{}", type_.name);
        for datum in [Datum::Unchanged, Datum::NotInIdentity, Datum::Absent] {
            let error = one(type_, datum, &ArrowOptions::default()).unwrap_err();
            assert!(error.to_string().contains("was not sent"), "{error}");
        }
    }
}

/// Types of a database's own: an enum, a composite, an array of it, a domain, a composite of all, a range.
fn own_types() -> Vec<ColumnType> {
    let mood = Shape::Enum { labels: vec!["sad".into(), "ok".into()] };
    let mood = ColumnType::with_shape(70_000, -1, "a.mood", mood);
    let price = ColumnType::new(oid::NUMERIC, 655_366, "numeric");
    let fields = vec![
        Field::new("id", ColumnType::built_in(oid::INT4)),
        Field::new("mood", mood.clone()),
        Field::new("price", price.clone()),
        Field::new("at", ColumnType::built_in(oid::TIMESTAMPTZ)),
    ];
    let item = ColumnType::with_shape(70_001, -1, "a.item", Shape::Composite { fields });
    let items = Shape::Array { element: item.clone(), delimiter: ',' };
    let items = ColumnType::with_shape(70_002, -1, "a._item", items);
    let domain = ColumnType::with_shape(70_003, -1, "a.price", Shape::Domain { base: price.clone() });
    let fields = vec![Field::new("items", items.clone()), Field::new("total", domain.clone())];
    let order = ColumnType::with_shape(70_004, -1, "a.order", Shape::Composite { fields });
    let prices = ColumnType::with_shape(70_005, -1, "a.prices", Shape::Range { subtype: price.clone() });
    let empty = ColumnType::with_shape(70_006, -1, "a.empty", Shape::Composite { fields: Vec::new() });
    let large = ColumnType::new(oid::NUMERIC, (60 << 16 | 20) + 4, "numeric");
    vec![
        mood,
        price,
        item,
        items,
        domain,
        order,
        prices,
        empty,
        large,
        ColumnType::new(70_007, -1, "a.complex"),
    ]
}

fn own(name: &str) -> ColumnType {
    own_types().into_iter().find(|type_| &*type_.name == name).unwrap()
}

/// As `record_send` has it.
fn record(fields: &[(u32, Option<Vec<u8>>)]) -> Vec<u8> {
    let mut out = (fields.len() as i32).to_be_bytes().to_vec();
    for (oid, value) in fields {
        out.extend(oid.to_be_bytes());
        match value {
            Some(value) => {
                out.extend((value.len() as i32).to_be_bytes());
                out.extend(value);
            }
            None => out.extend((-1_i32).to_be_bytes()),
        }
    }
    out
}

/// As `array_send` has it: one dimension without NULLs.
fn array(oid: u32, values: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for word in [1, 0, oid as i32, values.len() as i32, 1] {
        out.extend(word.to_be_bytes());
    }
    for value in values {
        out.extend((value.len() as i32).to_be_bytes());
        out.extend(value);
    }
    out
}

fn numeric(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    text.parse::<PgNumeric>().unwrap().write_binary(&mut out);
    out
}

/// An order of two items, in both encodings.
fn order(at: &str) -> (String, Vec<u8>) {
    let mut moment = Vec::new();
    at.parse::<PgTimestampTz>().unwrap().write_binary(&mut moment);
    let first = record(&[
        (oid::INT4, Some(7_i32.to_be_bytes().to_vec())),
        (70_000, Some(b"ok".to_vec())),
        (oid::NUMERIC, Some(numeric("9.50"))),
        (oid::TIMESTAMPTZ, Some(moment)),
    ]);
    let second = record(&[(oid::INT4, None), (70_000, None), (oid::NUMERIC, None), (oid::TIMESTAMPTZ, None)]);
    let items = array(70_001, &[first, second]);
    let binary = record(&[(70_002, Some(items)), (70_003, Some(numeric("-12.30")))]);
    (format!(r#"("{{""(7,ok,9.50,\\""{at}\\"")"",""(,,,)""}}",-12.30)"#), binary)
}

#[test]
fn lists_of_structs_within_structs() {
    let type_ = own("a.order");
    let (text, binary) = order("1970-01-01 00:00:01+00");
    for datum in [Datum::Text(text.as_bytes()), Datum::Binary(&binary)] {
        let mut builder = ColumnBuilder::new(&type_, &ArrowOptions::default());
        builder.append(datum).unwrap();
        builder.append(Datum::Null).unwrap();
        let orders = builder.finish().unwrap();
        let orders = orders.as_struct();
        assert!(orders.is_valid(0) && orders.is_null(1));
        assert_eq!(orders.column(1).as_primitive::<Decimal128Type>().value(0), -1230);
        assert_eq!(orders.column(1).data_type(), &DataType::Decimal128(10, 2));
        let items = orders.column(0).as_list::<i32>().value(0);
        let items = items.as_struct();
        assert_eq!((items.len(), items.null_count()), (2, 0));
        assert_eq!(items.column(0).as_primitive::<Int32Type>().iter().collect::<Vec<_>>(), [Some(7), None]);
        assert_eq!(items.column(1).as_string::<i32>().iter().collect::<Vec<_>>(), [Some("ok"), None]);
        assert_eq!(
            items.column(2).as_primitive::<Decimal128Type>().iter().collect::<Vec<_>>(),
            [Some(950), None]
        );
        assert_eq!(items.column(3).as_primitive::<TimestampMicrosecondType>().value(0), 1_000_000);
    }
}

#[test]
fn a_value_that_is_refused_deep_within_leaves_nothing_behind() {
    let type_ = own("a.order");
    let (good, bad) = (order("2024-02-29 12:00:00+00"), order("infinity"));
    let mut builder = ColumnBuilder::new(&type_, &ArrowOptions::default());
    for _ in 0..2 {
        builder.append(Datum::Binary(&good.1)).unwrap();
        for datum in [Datum::Text(bad.0.as_bytes()), Datum::Binary(&bad.1), Datum::Text(b"(\"{\"\"(1,a\"\"")]
        {
            builder.append(datum).unwrap_err();
        }
    }
    let orders = builder.finish().unwrap();
    assert_eq!(orders.len(), 2);
    assert_eq!(orders.as_struct().column(0).as_list::<i32>().values().len(), 4);

    // The last field of a composite refuses when the others have their values.
    let mut builder = ColumnBuilder::new(&own("a.item"), &ArrowOptions::default());
    builder.append(Datum::Text(b"(1,ok,1.00,infinity)")).unwrap_err();
    builder.append(Datum::Text(b"(2,ok,1.00,)")).unwrap();
    let items = builder.finish().unwrap();
    assert_eq!(items.as_struct().column(0).as_primitive::<Int32Type>().values(), &[2]);

    // NULL where it can't be held, and nowhere else.
    let options = options(|options| options.inexact = Inexact::Null);
    let orders = one(&type_, Datum::Binary(&bad.1), &options).unwrap();
    let items = orders.as_struct().column(0).as_list::<i32>().value(0);
    assert!(
        orders.is_valid(0)
            && items.as_struct().column(3).is_null(0)
            && items.as_struct().column(2).is_valid(0)
    );
}

#[test]
fn a_range_whose_bound_cannot_be_held_is_null_not_unbounded() {
    let type_ = ColumnType::built_in(oid::TSTZRANGE);
    let datum = Datum::Text(b"[\"2024-01-01 00:00:00+00\",infinity)");
    one(&type_, datum, &ArrowOptions::default()).unwrap_err();
    let array = one(&type_, datum, &options(|options| options.inexact = Inexact::Null)).unwrap();
    assert!(array.is_null(0));
}

#[test]
fn an_error_says_what_could_be_held() {
    for (oid, modifier, text, says) in [
        (oid::DATE, -1, "-infinity", "Arrow's days since 1970 (-2147483648 to 2147483647)"),
        (oid::TIME, -1, "24:00:00", "Arrow's microseconds since midnight (0 to 86399999999)"),
        (oid::NUMERIC, 655_366, "NaN", "of type numeric is NaN or an infinity"),
        (oid::NUMERIC, 655_366, "123456789.00", "has more digits than its Decimal (1 to 10)"),
        (oid::INT4_ARRAY, -1, "{{1}}", "has more than one dimension"),
        (oid::INT4_ARRAY, -1, "[0:0]={1}", "does not begin with index 1"),
        (oid::INT4_ARRAY, -1, "{x}", "of type int4 is not an integer"),
    ] {
        let type_ = ColumnType::new(oid, modifier, oid::name_of(oid).unwrap());
        let error =
            one(&type_, Datum::Text(text.as_bytes()), &ArrowOptions::default()).unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
}

#[test]
fn short_text_stands_in_its_view_alone() {
    let options = options(|options| options.strings = Strings::Utf8View);
    for oid in [oid::TEXT, oid::INET, oid::JSON] {
        let array = one(&ColumnType::built_in(oid), Datum::Text(b"123456789012"), &options).unwrap();
        assert_eq!(array.as_string_view().value(0), "123456789012");
        assert_eq!(array.as_string_view().data_buffers().iter().map(|buffer| buffer.len()).sum::<usize>(), 0);
    }
}

#[test]
fn text_that_is_not_utf8_is_found_in_either_layout() {
    for strings in [Strings::Utf8, Strings::Utf8View] {
        let options = options(|options| options.strings = strings);
        // The halves of one character are text together and not apart.
        for [first, second] in [[&b"caf\xc3"[..], b"\xa9"], [b"good", b"a longer text that is \xff"]] {
            let mut builder = ColumnBuilder::new(&ColumnType::built_in(oid::TEXT), &options);
            builder.append(Datum::Text(first)).unwrap();
            builder.append(Datum::Binary(second)).unwrap();
            let error = builder.finish().unwrap_err();
            assert!(error.to_string().contains("type text is not valid UTF-8"), "{error}");
            assert_eq!(error.offset(), Some(if second.len() == 1 { 3 } else { 22 }));
            assert!(builder.is_empty());
        }
    }
}

fn table() -> Arc<Table> {
    let mut id = Column::new("id", ColumnType::built_in(oid::INT8));
    id.nullable = false;
    let mut columns = vec![id, Column::new("doc", ColumnType::built_in(oid::JSONB))];
    columns.push(Column::new("tags", ColumnType::built_in(oid::UUID_ARRAY)));
    columns.push(Column::new("price", own("a.price")));
    let name = TableName::new("public", "orders");
    Arc::new(Table::new(1, name, columns, ReplicaIdentity::Default).with_key(vec![0]))
}

#[test]
fn a_schema_says_types_nullability_and_what_they_were() {
    let schema = arrow_schema(&table());
    let field = |name| schema.field_with_name(name).unwrap();
    assert_eq!((field("id").data_type(), field("id").is_nullable()), (&DataType::Int64, false));
    assert!(field("doc").is_nullable());
    assert_eq!(field("doc").metadata()["ARROW:extension:name"], "arrow.json");
    assert_eq!(field("doc").metadata()["postgres.type"], "jsonb");
    let DataType::List(item) = field("tags").data_type() else { unreachable!() };
    assert_eq!((item.data_type(), item.is_nullable()), (&DataType::FixedSizeBinary(16), true));
    assert_eq!(item.metadata()["ARROW:extension:name"], "arrow.uuid");
    assert_eq!(field("price").data_type(), &DataType::Decimal128(10, 2));
    assert_eq!(field("price").metadata()["postgres.type"], "a.price");
    let nulls = options(|options| options.not_sent = NotSent::Null).schema_of(&table());
    assert!(nulls.fields().iter().all(|field| field.is_nullable()));
}

/// An insert of (1, `{}`, NULL, 9.50), an update to (2, …) that leaves the document alone, and a delete of 2.
fn batch(table: &Arc<Table>) -> ChangeBatch {
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    for (seq, op) in [Op::Insert, Op::Update, Op::Delete].into_iter().enumerate() {
        let buffer = batch.attach(&bytes::Bytes::new());
        let known = batch.table(table, None);
        let mut row = batch.write(buffer);
        if op != Op::Insert {
            row.text_copied(if op == Op::Update { b"1" } else { b"2" }).unwrap();
            (0..3).for_each(|_| row.not_in_identity());
            row.end_old();
        }
        if op != Op::Delete {
            row.text_copied(if op == Op::Update { b"2" } else { b"1" }).unwrap();
            if op == Op::Update {
                row.unchanged()
            } else {
                row.text_copied(b"{}").unwrap()
            }
            row.null();
            row.text_copied(b"9.50").unwrap();
        }
        row.finish(op, known, Lsn::new(90), seq as u64, 0).unwrap();
    }
    batch
}

#[test]
fn a_batch_s_rows_are_a_record_batch_and_what_was_not_sent_is_never_null_unasked() {
    let table = table();
    let batch = batch(&table);
    let error = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "table public.orders, column doc: a value of type jsonb was not sent (an unchanged TOAST value)"
    );
    let options = options(|options| options.not_sent = NotSent::Null);
    let after = batch_to_arrow(&batch, &table, Image::After, &options).unwrap();
    assert_eq!(after["id"].as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(after["doc"].as_string::<i32>().iter().collect::<Vec<_>>(), [Some("{}"), None]);
    assert_eq!(after["price"].as_primitive::<Decimal128Type>().values(), &[950, 950]);
    assert_eq!(after.schema().as_ref(), &options.schema_of(&table));
    let before = batch_to_arrow(&batch, &table, Image::Before, &options).unwrap();
    assert_eq!(before["id"].as_primitive::<Int64Type>().values(), &[1, 2]);
    assert_eq!(before["doc"].null_count(), 2);
}

#[test]
fn rows_of_another_version_are_refused_and_those_before_them_kept() {
    let table = table();
    let mut other = Table::clone(&table);
    other.columns.swap(1, 2);
    let other = Arc::new(other);
    let (ours, theirs) = (batch(&table), batch(&other));
    let mut builder = TableBuilder::new(Arc::clone(&table), &ArrowOptions::default());
    let insert = ours.changes().next().unwrap().after().unwrap();
    let update = ours.changes().nth(1).unwrap().after().unwrap();
    builder.extend(&[insert, insert]).unwrap();
    let error = builder.extend(&[theirs.changes().next().unwrap().after().unwrap()]).unwrap_err();
    let says = "table public.orders: a row is of another table, or of another version of this one";
    assert_eq!((error.to_string().as_str(), error.table()), (says, Some(&table.name)));
    builder.extend(&[insert, update]).unwrap_err();
    assert_eq!((builder.len(), builder.finish().unwrap().num_rows()), (2, 2));
    assert!(batch_to_arrow(&ours, &other, Image::After, &ArrowOptions::default()).unwrap().num_rows() == 0);
}

#[test]
fn null_in_a_column_that_has_none_is_an_error() {
    let id = &table().columns[0];
    let columns = vec![id.clone()];
    let table = Arc::new(Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Default));
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let (buffer, known) = (batch.attach(&bytes::Bytes::new()), batch.table(&table, None));
    let mut row = batch.write(buffer);
    row.null();
    row.finish(Op::Insert, known, Lsn::new(90), 0, 0).unwrap();
    let error = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap_err();
    assert!(
        error.to_string().contains("public.t, column id: ") && error.to_string().contains("NULL"),
        "{error}"
    );
}

#[test]
fn a_table_without_columns_has_rows() {
    let table = Arc::new(Table::new(1, TableName::new("a", "b"), Vec::new(), ReplicaIdentity::Default));
    let mut batch = ChangeBatch::new();
    batch.enter(&Transaction::new(Some(7), Lsn::new(100), 5));
    let (buffer, known) = (batch.attach(&bytes::Bytes::new()), batch.table(&table, None));
    batch.write(buffer).finish(Op::Insert, known, Lsn::new(90), 0, 0).unwrap();
    let rows = batch_to_arrow(&batch, &table, Image::After, &ArrowOptions::default()).unwrap();
    assert_eq!((rows.num_rows(), rows.num_columns()), (1, 0));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_datums_are_values_or_errors_that_leave_the_builder_as_it_was(
        datums in prop::collection::vec(prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9 :.+-]{0,30}|[-0-9.eE]{0,20}|[\\[\\](){}\",: a1\n]{0,20}".prop_map(String::into_bytes),
        ], 0..6),
        inexact in prop_oneof![Just(Inexact::Error), Just(Inexact::Null)],
        strings in prop_oneof![Just(Strings::Utf8), Just(Strings::Utf8View)],
    ) {
        let options = options(|options| (options.inexact, options.strings) = (inexact, strings));
        for type_ in types().iter().chain(&own_types()) {
            let mut builder = ColumnBuilder::new(type_, &options);
            let mut appended = 0;
            for bytes in &datums {
                for datum in [Datum::Text(bytes), Datum::Binary(bytes), Datum::Null] {
                    appended += usize::from(builder.append(datum).is_ok());
                    prop_assert_eq!(builder.len(), appended);
                }
            }
            if let Ok(array) = builder.finish() {
                prop_assert_eq!((array.len(), array.data_type()), (appended, &options.type_of(type_)));
                prop_assert!(array.to_data().validate_full().is_ok());
            }
            prop_assert!(builder.is_empty());
        }
    }
}
