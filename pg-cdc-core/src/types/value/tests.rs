//! Values of any type.

use proptest::prelude::*;

use super::*;
use crate::types::column_type::{Field, Shape};
use crate::types::{FromDatum, oid};

fn value<'a>(type_: &ColumnType, text: &'a str) -> Value<'a> {
    Value::from_datum(type_, Datum::Text(text.as_bytes())).unwrap()
}

fn composite() -> ColumnType {
    let fields = vec![
        Field::new("a", ColumnType::built_in(oid::TEXT)),
        Field::new("b", ColumnType::built_in(oid::INT4_ARRAY)),
        Field::new("c", ColumnType::built_in(oid::TSTZRANGE)),
    ];
    ColumnType::with_shape(70_000, -1, "public.c", Shape::Composite { fields })
}

#[test]
fn what_is_made_of_others_prints_as_postgresql_does() {
    for text in [
        r#"("a,b","{1,2}",)"#,
        r#"(,,)"#,
        r#"("",{NULL},"[""2024-01-01 00:00:00+00"",)")"#,
        r#"("""\\",{},empty)"#,
    ] {
        assert_eq!(value(&composite(), text).to_string(), text);
    }
    let composites = ColumnType::with_shape(
        70_001,
        -1,
        "public._c",
        Shape::Array { element: composite(), delimiter: ';' },
    );
    for text in [r#"{"(\"a,b\",\"{1,2}\",)";NULL}"#, "[2:3]={(a,,);(;,,)}", "{}"] {
        let text = text.replace("(;,,)", "\"(;,,)\"");
        assert_eq!(value(&composites, &text).to_string(), text);
    }
    assert_eq!(
        value(&ColumnType::built_in(oid::TEXT_ARRAY), r#"{{"null",NULL},{"",a}}"#).to_string(),
        r#"{{"null",NULL},{"",a}}"#
    );
}

#[test]
fn text_is_borrowed_until_it_is_owned() {
    let type_ = ColumnType::built_in(oid::JSONB);
    let borrowed = Value::from_datum(&type_, Datum::Binary(b"\x01{}")).unwrap();
    assert!(matches!(borrowed, Value::Json(Cow::Borrowed("{}"))));
    let owned: Value<'static> = borrowed.clone().into_owned();
    assert_eq!(owned, borrowed);
    let bytes = Value::from_datum(&ColumnType::built_in(oid::BYTEA), Datum::Binary(b"a")).unwrap();
    assert!(matches!(bytes, Value::Bytes(Cow::Borrowed(b"a"))));
}

#[test]
fn equal_is_what_postgresql_holds_for_equal_and_of_the_same_family() {
    assert_eq!(Value::Float8(f64::NAN), Value::Float8(f64::NAN));
    assert_eq!(Value::Float4(-0.0), Value::Float4(0.0));
    assert_ne!(Value::Int2(1), Value::Int4(1));
    assert_ne!(Value::Text("1".into()), Value::Other("1".into()));
    let numeric = ColumnType::built_in(oid::NUMERIC);
    assert_ne!(value(&numeric, "1.0"), value(&numeric, "1"));
}

#[test]
fn null_is_a_value_and_what_was_not_sent_is_an_error() {
    let type_ = ColumnType::built_in(oid::INT4);
    assert_eq!(Value::from_datum(&type_, Datum::Null), Ok(Value::Null));
    assert_eq!(Value::Null.to_string(), "NULL");
    for datum in [Datum::Unchanged, Datum::NotInIdentity, Datum::Absent] {
        assert!(Value::from_datum(&type_, datum).is_err());
    }
}

#[test]
fn what_can_t_be_read_within_another_names_its_own_type() {
    let error = Value::from_datum(&composite(), Datum::Text(b"(a,{x},)")).unwrap_err();
    assert_eq!(error.type_oid(), oid::INT4);
    let error = Value::from_datum(&composite(), Datum::Text(b"(a)")).unwrap_err();
    assert_eq!(error.type_oid(), 70_000);
}

proptest! {
    #[test]
    fn random_text_is_a_value_that_prints_again_or_an_error(text in "[(){}\\[\\],\"\\\\ a1=:-]{0,24}") {
        let composites = Shape::Array { element: composite(), delimiter: ',' };
        for type_ in [composite(), ColumnType::with_shape(70_001, -1, "public._c", composites)] {
            if let Ok(value) = Value::from_datum(&type_, Datum::Text(text.as_bytes())) {
                let printed = value.to_string();
                prop_assert_eq!(Value::from_datum(&type_, Datum::Text(printed.as_bytes())), Ok(value.clone()));
            }
        }
    }
}
