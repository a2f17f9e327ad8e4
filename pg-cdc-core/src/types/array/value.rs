//! Arrays as Rust values.

use super::walk::{Dimension, Part, beginning_at};
use super::{dimensions, walk};
use crate::Datum;
use crate::types::encoded::Encoded;
use crate::types::get::value_of;
use crate::types::{ColumnType, Flaw, FromDatum, Kind, TypeError};

/// An array with its dimensions, elements in the order of its text: the last index moves fastest.
///
/// ```
/// use pg_cdc_core::types::{ColumnType, FromDatum, PgArray, oid};
/// use pg_cdc_core::Datum;
///
/// let type_ = ColumnType::built_in(oid::INT4_ARRAY);
/// let array = PgArray::<Option<i32>>::from_datum(&type_, Datum::Text(b"[0:1][1:2]={{1,2},{3,NULL}}"))?;
/// assert_eq!(array.elements(), [Some(1), Some(2), Some(3), None]);
/// assert_eq!((array.dimensions()[0].len, array.dimensions()[0].lower), (2, 0));
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PgArray<T> {
    dimensions: Vec<Dimension>,
    elements: Vec<T>,
}

impl<T> PgArray<T> {
    /// The array of `elements` in `dimensions`, none of which is an empty array; `None` where their numbers differ, or a
    /// dimension has no elements.
    #[must_use]
    pub fn new(dimensions: Vec<Dimension>, elements: Vec<T>) -> Option<Self> {
        let size = dimensions.iter().try_fold(1_usize, |size, dimension| size.checked_mul(dimension.len));
        // No dimension is empty: the array is, and has none.
        let size = if dimensions.is_empty() { Some(0) } else { size.filter(|size| *size > 0) };
        (size == Some(elements.len())).then_some(Self { dimensions, elements })
    }

    /// Its dimensions: none if it is empty, at most six.
    #[must_use]
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Its elements, the last index moving fastest.
    #[must_use]
    pub fn elements(&self) -> &[T] {
        &self.elements
    }

    /// Its elements, the last index moving fastest.
    #[must_use]
    pub fn into_elements(self) -> Vec<T> {
        self.elements
    }

    /// The same array of what `each` makes of its elements.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> PgArray<U> {
        PgArray { dimensions: self.dimensions, elements: self.elements.into_iter().map(each).collect() }
    }

    /// How many dimensions begin with the element at `index`.
    pub(in crate::types) fn dimensions_that_begin_at(&self, index: usize) -> usize {
        beginning_at(index, &self.dimensions)
    }
}

impl<'a, T: for<'e> FromDatum<'e>> FromDatum<'a> for PgArray<T> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        let dimensions = dimensions(type_, value).map_err(|flaw| flaw.of(type_))?;
        let elements = elements(type_, value)?;
        Ok(Self { dimensions, elements })
    }
}

/// One dimension, beginning with 1 (int2vector and oidvector: 0); NULL is an error unless `T` is an `Option`.
impl<'a, T: for<'e> FromDatum<'e>> FromDatum<'a> for Vec<T> {
    fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
        let value = value_of(type_, datum)?;
        match *dimensions(type_, value).map_err(|flaw| flaw.of(type_))? {
            [] | [Dimension { lower: 1, .. }] => elements(type_, value),
            [_] if matches!(type_.kind(), Kind::Int2Vector | Kind::OidVector) => elements(type_, value),
            [_] => Err(Flaw::new("does not begin with index 1 (ask for a PgArray)").of(type_)),
            _ => Err(Flaw::new("has more than one dimension (ask for a PgArray)").of(type_)),
        }
    }
}

/// The elements of all dimensions.
pub(in crate::types) fn elements<T: for<'e> FromDatum<'e>>(
    type_: &ColumnType,
    value: Encoded<'_>,
) -> Result<Vec<T>, TypeError> {
    let mut elements = Vec::new();
    let mut refused = None;
    let walked = walk(type_, value, |element, part| {
        let datum = match part {
            Part::Value(value) => value.datum(),
            Part::Null => Datum::Null,
            Part::Open | Part::Close | Part::Separator => return Ok(()),
        };
        match T::from_datum(element, datum) {
            Ok(value) => elements.push(value),
            Err(error) => {
                refused = Some(error);
                return Err(Flaw::new("has an element that can't be had as asked"));
            }
        }
        Ok(())
    });
    match (walked, refused) {
        (_, Some(error)) => Err(error),
        (Err(flaw), None) => Err(flaw.of(type_)),
        (Ok(()), None) => Ok(elements),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::oid;

    fn ints<T: for<'e> FromDatum<'e>>(text: &str) -> Result<T, String> {
        let type_ = ColumnType::built_in(oid::INT4_ARRAY);
        T::from_datum(&type_, Datum::Text(text.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn a_vec_is_one_dimension_from_index_1() {
        assert_eq!(ints("{}"), Ok(Vec::<i32>::new()));
        assert_eq!(ints("{1,2}"), Ok(vec![1, 2]));
        assert_eq!(ints("{1,NULL}"), Ok(vec![Some(1), None]));
        assert!(ints::<Vec<i32>>("{1,NULL}").unwrap_err().contains("type int4 is NULL"));
        assert!(ints::<Vec<i32>>("{{1},{2}}").unwrap_err().contains("more than one dimension"));
        assert!(ints::<Vec<i32>>("[0:1]={1,2}").unwrap_err().contains("index 1"));
        assert!(ints::<Vec<i32>>("{1,x}").unwrap_err().contains("type int4 "));
    }

    #[test]
    fn an_array_without_elements_has_no_dimensions() {
        let type_ = ColumnType::built_in(oid::INT4_ARRAY);
        let array = |dimensions: &[[u32; 2]]| {
            let head = [dimensions.len() as u32, 0, oid::INT4];
            let numbers = head.iter().chain(dimensions.as_flattened());
            let bytes: Vec<u8> = numbers.flat_map(|number| number.to_be_bytes()).collect();
            PgArray::<i32>::from_datum(&type_, Datum::Binary(&bytes)).map(|array| array.dimensions().len())
        };
        assert_eq!(array(&[]), Ok(0));
        assert_eq!(array(&[[0, 5]]), Ok(0));
        assert_eq!(array(&[[2, 1], [0, 1]]), Ok(0));
        // Whose last index can't be told.
        assert!(array(&[[0, 1], [2, i32::MAX as u32]]).is_err());
        assert!(array(&[[u32::MAX, 1]]).is_err());
    }

    #[test]
    fn dimensions_must_be_those_of_the_elements() {
        for bad in [
            "{{1},{2,3}}",
            "{1,{2}}",
            "{{1},2}",
            "[0:1][0:1]={1,2}",
            "{{},{}}",
            "{,}",
            "{1,}",
            "{1",
            "1",
            "{1}}",
            "{{1}",
        ] {
            assert!(ints::<PgArray<i32>>(bad).is_err(), "{bad}");
        }
        let two = vec![Dimension { len: 2, lower: 1 }];
        assert!(PgArray::new(two.clone(), vec![1]).is_none() && PgArray::new(two, vec![1, 2]).is_some());
        assert!(PgArray::<i32>::new(Vec::new(), Vec::new()).is_some());
        let none = vec![Dimension { len: 5, lower: 1 }, Dimension { len: 0, lower: 1 }];
        assert!(PgArray::<i32>::new(none, Vec::new()).is_none());
    }

    #[test]
    fn an_array_with_an_empty_dimension_is_empty() {
        let type_ = ColumnType::built_in(oid::INT4_ARRAY);
        for lens in [[0_i32, i32::MAX - 1], [i32::MAX - 1, 0]] {
            let words = [2, 0, oid::INT4 as i32, lens[0], 1, lens[1], 1];
            let binary: Vec<u8> = words.into_iter().flat_map(i32::to_be_bytes).collect();
            let array = PgArray::<i32>::from_datum(&type_, Datum::Binary(&binary)).unwrap();
            assert_eq!((array.dimensions(), array.elements()), (&[][..], &[][..]));
            assert_eq!(Vec::<i32>::from_datum(&type_, Datum::Binary(&binary)), Ok(Vec::new()));
        }
    }
}
