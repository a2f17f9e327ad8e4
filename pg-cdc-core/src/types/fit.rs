//! Whether a value was made by the type as it is known: a composite may be altered without a word in the stream.

use super::array::{self, Part};
use super::column_type::{ColumnType, Shape};
use super::encoded::Encoded;
use super::kind::Kind;
use super::{Flaw, composite};
use crate::Datum;
use crate::invalid_text::is_base64;

/// Whether values of the type hold composites, whose fields may be others than those that are known.
#[must_use]
pub fn may_misfit(type_: &ColumnType) -> bool {
    match type_.kind() {
        Kind::Composite => true,
        Kind::Array => type_.element().is_some_and(may_misfit),
        _ => false,
    }
}

/// Whether the composites in a value have the fields that their types are known to have.
///
/// `ALTER TYPE … ADD ATTRIBUTE` changes the values of a column without a word in the stream, and what the catalog says
/// is of now, while a change is of then.
///
/// ```
/// use pg_cdc_core::types::{ColumnType, Field, Shape, fits, oid};
/// use pg_cdc_core::Datum;
///
/// let fields = vec![Field::new("a", ColumnType::built_in(oid::INT4))];
/// let pair = ColumnType::with_shape(70_000, -1, "public.pair", Shape::Composite { fields });
/// assert!(fits(&pair, Datum::Text(b"(1)")));
/// assert!(!fits(&pair, Datum::Text(b"(1,2)")));
/// ```
#[must_use]
pub fn fits(type_: &ColumnType, datum: Datum<'_>) -> bool {
    match datum {
        Datum::Text(text) => value_fits(type_, Encoded::Text(text)) || is_base64(type_, text),
        Datum::Binary(bytes) => value_fits(type_, Encoded::Binary(bytes)),
        _ => true,
    }
}

fn value_fits(type_: &ColumnType, value: Encoded<'_>) -> bool {
    const MISFIT: Flaw = Flaw::new("does not fit");
    match type_.base().shape() {
        Some(Shape::Composite { .. }) => composite::walk(type_, value, |field, value| match value {
            Some(value) if !value_fits(&field.type_, value) => Err(MISFIT),
            _ => Ok(()),
        })
        .is_ok(),
        Some(Shape::Array { element, .. }) if may_misfit(element) => {
            array::walk(type_, value, |element, part| match part {
                Part::Value(value) if !value_fits(element, value) => Err(MISFIT),
                _ => Ok(()),
            })
            .is_ok()
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{Field, oid};

    #[test]
    fn composites_are_seen_within_arrays_and_each_other() {
        let int4 = || ColumnType::built_in(oid::INT4);
        let composite = |oid, fields| ColumnType::with_shape(oid, -1, "c", Shape::Composite { fields });
        let array = |element| ColumnType::with_shape(3, -1, "_c", Shape::Array { element, delimiter: ',' });
        let inner = composite(70_000, vec![Field::new("a", int4()), Field::new("b", int4())]);
        let outer = composite(70_001, vec![Field::new("i", array(inner)), Field::new("n", int4())]);
        let outers = array(outer.clone());
        assert!(may_misfit(&outers) && !may_misfit(&ColumnType::built_in(oid::INT4_ARRAY)));
        let fit = |type_, text: &str| fits(type_, Datum::Text(text.as_bytes()));
        assert!(fit(&outer, r#"("{""(1,2)"",NULL}",3)"#) && fit(&outer, "(,)"));
        assert!(!fit(&outer, r#"("{""(1,2,3)""}",3)"#) && !fit(&outer, "(,,)") && !fit(&outer, "(1"));
        assert!(fit(&outers, r#"{"(,)"}"#) && !fit(&outers, r#"{"(,)","()"}"#));
        assert!(fits(&outer, Datum::Unchanged) && fits(&outer, Datum::Null));
        assert!(!fits(&outer, Datum::Binary(&[0, 0, 0, 1])));
    }
}
