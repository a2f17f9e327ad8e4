//! Composites as tuples.

use super::composite::walk;
use super::get::value_of;
use super::{ColumnType, Flaw, FromDatum, TypeError};
use crate::Datum;

/// A field as it was asked for, or what is said against it.
type Had<T> = Option<Result<T, TypeError>>;

macro_rules! tuples {
    ($($count:literal: $($field:ident $index:tt),+;)*) => {$(
        /// A composite of so many fields, in their order.
        impl<'a, $($field: for<'e> FromDatum<'e>),+> FromDatum<'a> for ($($field,)+) {
            fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
                let value = value_of(type_, datum)?;
                let fields = type_.fields().ok_or_else(|| Flaw::new("can't be had as a tuple").of(type_))?;
                if fields.len() != $count {
                    let what = format!("has {} fields, not {}", fields.len(), $count);
                    return Err(TypeError::said(type_, what));
                }
                let mut had: ($(Had<$field>,)+) = Default::default();
                let mut index = 0;
                walk(type_, value, |field, value| {
                    let datum = value.map_or(Datum::Null, |value| value.datum());
                    match index {
                        $($index => had.$index = Some($field::from_datum(&field.type_, datum)),)+
                        _ => {}
                    }
                    index += 1;
                    Ok(())
                })
                .map_err(|flaw| flaw.of(type_))?;
                let lacks = || Flaw::new("lacks a field").of(type_);
                Ok(($(had.$index.ok_or_else(lacks)??,)+))
            }
        }
    )*};
}

tuples! {
    1: A 0;
    2: A 0, B 1;
    3: A 0, B 1, C 2;
    4: A 0, B 1, C 2, D 3;
    5: A 0, B 1, C 2, D 3, E 4;
    6: A 0, B 1, C 2, D 3, E 4, F 5;
    7: A 0, B 1, C 2, D 3, E 4, F 5, G 6;
    8: A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Field, Shape, oid};

    fn item() -> ColumnType {
        let field = |name, oid| Field::new(name, ColumnType::built_in(oid));
        let fields = vec![field("sku", oid::TEXT), field("count", oid::INT4)];
        ColumnType::with_shape(70_000, -1, "public.item", Shape::Composite { fields })
    }

    #[test]
    fn fields_are_had_each_as_its_own_type() {
        let text = Datum::Text(b"(\"a b\",)");
        assert_eq!(FromDatum::from_datum(&item(), text), Ok(("a b".to_owned(), None::<i64>)));
        let mut binary = vec![0, 0, 0, 2];
        for (oid, value) in [(oid::TEXT, &b"a"[..]), (oid::INT4, &[0, 0, 0, 7])] {
            binary.extend_from_slice(&oid.to_be_bytes());
            binary.extend_from_slice(&u32::try_from(value.len()).unwrap().to_be_bytes());
            binary.extend_from_slice(value);
        }
        assert_eq!(FromDatum::from_datum(&item(), Datum::Binary(&binary)), Ok(("a".to_owned(), 7)));
        let items = Shape::Array { element: item(), delimiter: ',' };
        let items = ColumnType::with_shape(70_001, -1, "public._item", items);
        let had = Vec::<(String, i32)>::from_datum(&items, Datum::Text(br#"{"(a,1)","(b,2)"}"#));
        assert_eq!(had, Ok(vec![("a".to_owned(), 1), ("b".to_owned(), 2)]));
    }

    #[test]
    fn another_number_or_type_of_fields_is_an_error() {
        let said = |error: Option<TypeError>| error.unwrap().to_string();
        let text = Datum::Text(b"(a,)");
        let error = said(<(String, i32)>::from_datum(&item(), text).err());
        assert!(error.contains("int4 is NULL"), "{error}");
        let error = said(<(String,)>::from_datum(&item(), text).err());
        assert!(error.contains("public.item has 2 fields, not 1"), "{error}");
        let error = said(<(i32,)>::from_datum(&ColumnType::built_in(oid::INT4), Datum::Text(b"1")).err());
        assert!(error.contains("int4 can't be had as a tuple"), "{error}");
        assert!(<(String, i32)>::from_datum(&item(), Datum::Text(b"(a,1,2)")).is_err());
    }
}
