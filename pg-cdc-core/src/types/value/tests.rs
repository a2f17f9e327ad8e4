//! Values of any type.

use proptest::prelude::*;

use super::*;
use crate::types::column_type::{Field, Shape};
use crate::types::tests::{each_case, same, types};
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

#[test]
fn a_value_of_any_type_is_the_same_from_both_encodings_and_prints_as_the_server_does() {
    each_case(|case| {
        let value: Value<'_> = same(case);
        assert_eq!(value.to_string(), case.text, "{:?}", case.type_);
        assert_eq!(value.clone().into_owned(), value);
    });
}

#[test]
fn a_value_of_any_type_is_written_by_serde_as_natural_json() {
    each_case(|case| {
        let json = serde_json::to_string(&same::<Value<'_>>(case));
        let read = |json: &str| serde_json::from_str::<serde_json::Value>(json);
        match (json, read(&case.json)) {
            (Ok(json), Ok(expected)) => {
                assert!(is_alike(&read(&json).unwrap(), &expected), "{:?} {}", case.type_, case.json);
            }
            // Numbers beyond what serde_json reads: ours are strings.
            (Ok(json), Err(_)) => assert_eq!(json, format!("\"{}\"", case.json)),
            (Err(error), _) => assert!(error.to_string().contains("JSON holds"), "{error}"),
        }
    });
}

/// Whether two are the same but for a numeric's being a string, and an oid's being a number.
fn is_alike(ours: &serde_json::Value, server: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object, String};
    match (ours, server) {
        (String(text), Number(number)) | (Number(number), String(text)) => {
            text.parse().ok() == number.as_f64()
        }
        (Number(ours), Number(server)) => ours.as_f64() == server.as_f64(),
        (Array(ours), Array(server)) => {
            ours.len() == server.len() && ours.iter().zip(server).all(|(ours, server)| is_alike(ours, server))
        }
        (Object(ours), Object(server)) => {
            let alike = |(key, ours)| server.get(key).is_some_and(|server| is_alike(ours, server));
            ours.len() == server.len() && ours.iter().all(alike)
        }
        _ => ours == server,
    }
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

    #[test]
    fn random_bytes_of_any_type_are_a_value_or_an_error(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9 :.+-]{0,30}|[-0-9.eE]{0,20}|[\\[\\]{}\",: a1\n]{0,20}".prop_map(String::into_bytes),
        ],
    ) {
        for type_ in types() {
            for datum in [Datum::Text(&bytes), Datum::Binary(&bytes)] {
                if let Ok(value) = Value::from_datum(&type_, datum) {
                    prop_assert!(value.to_string().len() <= 160_000);
                    let _ = serde_json::to_string(&value);
                }
            }
        }
    }
}
