//! `serde_json::Value`

use ::serde_json::Value;

use crate::Datum;
use crate::types::json::JsonText;
use crate::types::{ColumnType, Flaw, FromDatum, Kind, TypeError, value_of};

/// What a json or jsonb holds; of a key that stands twice the last, as jsonb has it.
///
/// A number that neither an integer of 64 bits nor an `f64` is, half of a surrogate pair, and more than 128 levels are
/// errors: nothing is rounded or replaced.
impl<'a> FromDatum<'a> for Value {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        value_of(type_, datum)?;
        let (Kind::Json | Kind::Jsonb) = type_.kind() else {
            return Err(Flaw::new("can't be had as serde_json::Value").of(type_));
        };
        let text = <&str>::from_datum(type_, datum)?;
        let json = JsonText::new(text).map_err(|flaw| flaw.of(type_))?;
        ::serde_json::to_value(json).map_err(|error| TypeError::said(type_, format!("can't be had: {error}")))
    }
}

#[cfg(test)]
mod tests {
    use ::serde_json::json;

    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

    #[test]
    fn json_is_had_with_exact_numbers_or_not() {
        let text = r#"{"a": [1, -2.5, "x", null], "b": 18446744073709551615}"#;
        let expected = json!({ "a": [1, -2.5, "x", null], "b": u64::MAX });
        assert_eq!(read(oid::JSONB, text).as_ref(), Ok(&expected));
        assert_eq!(
            Value::from_datum(&ColumnType::built_in(oid::JSONB), Datum::Binary(b"\x01[1]")),
            Ok(json!([1]))
        );
        assert_eq!(read(oid::JSON, r#"{"a":1,"a":2}"#), Ok(json!({ "a": 2 })));
        for (text, says) in [
            ("0.12345678901234567890", "JSON holds a number"),
            ("1e400", "JSON holds a number"),
            (r#""\ud800""#, "not Unicode"),
            ("{", "not valid JSON"),
        ] {
            assert!(refusal::<Value>(oid::JSON, text).contains(says), "{text}");
        }
        assert!(refusal::<Value>(oid::TEXT, "1").contains("can't be had"));
    }
}
