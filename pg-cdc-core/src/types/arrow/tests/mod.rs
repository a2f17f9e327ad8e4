//! Arrays of built-in types and of types of a database's own.

mod composites;
mod rows;
mod server;

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef};
use proptest::prelude::*;

use super::*;
use crate::Datum;
use crate::types::tests::types;
use crate::types::*;

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
