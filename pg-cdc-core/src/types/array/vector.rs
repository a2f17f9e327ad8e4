//! `int2vector` and `oidvector`: arrays of one dimension from index 0, whose text is numbers with spaces between them
//! (`src/backend/utils/adt/int.c`, `oid.c`). Their binary form is an array's.

use std::sync::LazyLock;

use super::walk::{self, Dimension, Part, header, parts_of};
use crate::types::encoded::{Encoded, Reader};
use crate::types::{ColumnType, Flaw, Kind, Parsed, oid};

static INT2_ARRAY: LazyLock<ColumnType> = LazyLock::new(|| ColumnType::built_in(oid::INT2_ARRAY));
static OID_ARRAY: LazyLock<ColumnType> = LazyLock::new(|| ColumnType::built_in(oid::OID_ARRAY));

/// The array of the same elements, if the type is one of these.
#[inline]
pub(in crate::types) fn as_array(type_: &ColumnType) -> Option<&'static ColumnType> {
    match type_.kind() {
        Kind::Int2Vector => Some(&INT2_ARRAY),
        Kind::OidVector => Some(&OID_ARRAY),
        _ => None,
    }
}

/// Tells `each` the parts of a vector's text.
pub(super) fn walk_text(
    array: &ColumnType,
    text: &[u8],
    mut each: impl FnMut(&ColumnType, Part<'_>) -> Parsed<()>,
) -> Parsed<()> {
    let (element, _) = parts_of(array)?;
    each(element, Part::Open)?;
    if !text.is_empty() {
        let mut at = 0;
        for number in text.split(|&byte| byte == b' ') {
            if number.is_empty() || !number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-') {
                return Err(Flaw::at("is not a list of numbers", at));
            }
            if at > 0 {
                each(element, Part::Separator)?;
            }
            each(element, Part::Value(Encoded::Text(number)))?;
            at += number.len() + 1;
        }
    }
    each(element, Part::Close)
}

/// Tells `each` the parts of a binary vector.
pub(super) fn walk_binary(
    array: &ColumnType,
    bytes: &[u8],
    mut each: impl FnMut(&ColumnType, Part<'_>) -> Parsed<()>,
) -> Parsed<()> {
    dimensions(array, Encoded::Binary(bytes))?;
    walk::walk_binary(array, bytes, |element, part| match part {
        Part::Null => Err(Flaw::new("has a NULL")),
        part => each(element, part),
    })
}

/// The one dimension of a vector.
pub(in crate::types) fn dimensions(array: &ColumnType, value: Encoded<'_>) -> Parsed<Vec<Dimension>> {
    let dimension = match value {
        Encoded::Binary(bytes) => {
            let (_, _, dimensions, count) = header(array, &mut Reader::new(bytes))?;
            let [dimension @ Dimension { lower: 0, .. }] = dimensions.get(..count).unwrap_or_default() else {
                return Err(Flaw::at("has not one dimension from index 0", 0));
            };
            *dimension
        }
        Encoded::Text(text) => {
            let mut len = 0;
            walk_text(array, text, |_, part| {
                len += usize::from(matches!(part, Part::Value(_)));
                Ok(())
            })?;
            Dimension { len, lower: 0 }
        }
    };
    // An empty array has no dimensions.
    Ok(if dimension.len == 0 { Vec::new() } else { vec![dimension] })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Datum;
    use crate::types::json::write_natural;
    use crate::types::{FromDatum, write_text};

    #[test]
    fn what_is_no_list_of_numbers_is_an_error() {
        let type_ = ColumnType::built_in(oid::INT2VECTOR);
        for bad in ["1  2", " 1", "1 ", "1,2", "{1}", "1 x", "1 70000"] {
            assert!(Vec::<i16>::from_datum(&type_, Datum::Text(bad.as_bytes())).is_err(), "{bad}");
        }
        let mut out = Vec::new();
        assert!(write_natural(&type_, Datum::Text(b"1 [2"), &mut out).is_err() && out.is_empty());
        assert!(Vec::<i16>::from_datum(&ColumnType::built_in(oid::INT4), Datum::Text(b"1")).is_err());
    }

    #[test]
    fn only_one_dimension_of_the_vector_s_own_elements_is_read_from_binary() {
        let header = |dimensions: u8, flags: u8, element: u8, len: u8| {
            [0, 0, 0, dimensions, 0, 0, 0, flags, 0, 0, 0, element, 0, 0, 0, len, 0, 0, 0, 0]
        };
        let one = [0, 0, 0, 2, 0, 7];
        let type_ = ColumnType::built_in(oid::INT2VECTOR);
        let read = |bytes: Vec<u8>| {
            let (mut out, mut json) = (Vec::new(), Vec::new());
            let result = write_text(&type_, Datum::Binary(&bytes), &mut out);
            assert_eq!(write_natural(&type_, Datum::Binary(&bytes), &mut json).is_ok(), result.is_ok());
            result.map(|()| out)
        };
        assert_eq!(read([&header(1, 0, 21, 1)[..], &one].concat()), Ok(b"7".to_vec()));
        for bad in [
            [&header(1, 0, 26, 1)[..], &one].concat(),
            [&header(1, 0, 21, 2)[..], &one].concat(),
            [&header(1, 0, 21, 1)[..19], &[1], &one].concat(),
            [&header(1, 0, 21, 1)[..], &one, &[0]].concat(),
            [&header(1, 1, 21, 1)[..], &[0xff; 4]].concat(),
            [&header(2, 0, 21, 1)[..], &[0, 0, 0, 1, 0, 0, 0, 0], &one].concat(),
            header(0, 0, 21, 0)[..12].to_vec(),
        ] {
            assert!(read(bad.clone()).is_err(), "{bad:?}");
        }
    }
}
