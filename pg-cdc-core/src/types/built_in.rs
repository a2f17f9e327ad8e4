//! What the built-in types are made of.

use super::column_type::{ColumnType, Shape};
use super::oid;

/// The shape of the built-in type `oid`, where it is made of others. A column's modifier is that of an array's elements.
pub(super) fn shape_of(oid: u32, modifier: i32) -> Option<Shape> {
    let of = |oid| ColumnType::new(oid, modifier, oid::name_of(oid).unwrap_or_default());
    Some(match oid {
        oid::INT4RANGE => Shape::Range { subtype: of(oid::INT4) },
        oid::INT8RANGE => Shape::Range { subtype: of(oid::INT8) },
        oid::NUMRANGE => Shape::Range { subtype: of(oid::NUMERIC) },
        oid::TSRANGE => Shape::Range { subtype: of(oid::TIMESTAMP) },
        oid::TSTZRANGE => Shape::Range { subtype: of(oid::TIMESTAMPTZ) },
        oid::DATERANGE => Shape::Range { subtype: of(oid::DATE) },
        oid::INT4MULTIRANGE => Shape::Multirange { subtype: of(oid::INT4) },
        oid::INT8MULTIRANGE => Shape::Multirange { subtype: of(oid::INT8) },
        oid::NUMMULTIRANGE => Shape::Multirange { subtype: of(oid::NUMERIC) },
        oid::TSMULTIRANGE => Shape::Multirange { subtype: of(oid::TIMESTAMP) },
        oid::TSTZMULTIRANGE => Shape::Multirange { subtype: of(oid::TIMESTAMPTZ) },
        oid::DATEMULTIRANGE => Shape::Multirange { subtype: of(oid::DATE) },
        _ => {
            let element = oid::of_name(oid::name_of(oid)?.strip_prefix('_')?)?;
            let delimiter = if element == oid::BOX { ';' } else { ',' };
            Shape::Array { element: of(element), delimiter }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_of_their_elements_with_the_column_s_modifier() {
        let prices = ColumnType::new(oid::NUMERIC_ARRAY, 655_366, "_numeric");
        let element = prices.element().unwrap();
        assert_eq!((element.oid, element.modifier, &*element.name), (oid::NUMERIC, 655_366, "numeric"));
        let Some(Shape::Array { delimiter, .. }) = shape_of(oid::BOX_ARRAY, -1) else { unreachable!() };
        assert_eq!(delimiter, ';');
        assert_eq!(shape_of(oid::INT4, -1), None);
    }

    #[test]
    fn ranges_in_arrays_are_known_to_the_last_bound() {
        let spans = ColumnType::built_in(oid::TSTZRANGE_ARRAY);
        assert_eq!(spans.element().unwrap().subtype().unwrap().oid, oid::TIMESTAMPTZ);
    }
}
