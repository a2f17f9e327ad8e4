//! `sparsevec`

use std::fmt;
use std::str::FromStr;

use super::{MOST_ELEMENTS, finite, nameless, read_element};
use crate::types::encoded::Reader;
use crate::types::float::write_float4;
use crate::types::json::check_utf8;
use crate::types::{Extension, Flaw, Parsed, TypeError, text_is_display};

/// The most dimensions that pgvector allows (`SPARSEVEC_MAX_DIM`).
const MOST_DIMENSIONS: u32 = 1_000_000_000;

/// A `sparsevec` of pgvector: a number of dimensions, and the elements that are not zero.
///
/// ```
/// use pg_cdc_core::types::PgSparsevec;
///
/// let vector: PgSparsevec = "{1:1.5,3:2}/5".parse()?;
/// assert_eq!(vector.dimensions(), 5);
/// assert_eq!(vector.elements(), [(1, 1.5), (3, 2.0)]);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgSparsevec {
    dimensions: u32,
    elements: Vec<(u32, f32)>,
}

impl PgSparsevec {
    /// The vector of so many dimensions with these elements, indices from 1 on; `None` where pgvector has no such: no
    /// dimensions or more than 1000000000, more than 16000 elements, indices beyond the dimensions or not ascending,
    /// elements that are zero or not finite.
    #[must_use]
    pub fn new(dimensions: u32, elements: Vec<(u32, f32)>) -> Option<Self> {
        check_counts(dimensions, elements.len()).ok()?;
        let mut before = 0;
        for &(index, element) in &elements {
            check_element(dimensions, before, index, element).ok()?;
            before = index;
        }
        Some(Self { dimensions, elements })
    }

    /// The number of its dimensions.
    #[must_use]
    pub fn dimensions(&self) -> u32 {
        self.dimensions
    }

    /// The elements that are not zero, with their indices, which begin with 1, in ascending order.
    #[must_use]
    pub fn elements(&self) -> &[(u32, f32)] {
        &self.elements
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let malformed = Flaw::new("is not the text of a sparsevec");
        let number = |text: &[u8]| check_utf8(text).ok().and_then(|text| text.parse().ok()).ok_or(malformed);
        let inner = text.strip_prefix(b"{").ok_or(malformed)?;
        let end = inner.iter().position(|&byte| byte == b'}').ok_or(malformed)?;
        let (inner, rest) = inner.split_at_checked(end).ok_or(malformed)?;
        let dimensions = number(rest.strip_prefix(b"}/").ok_or(malformed)?)?;
        let mut elements: Vec<(u32, f32)> = Vec::new();
        for element in inner.split(|&byte| byte == b',').filter(|_| !inner.is_empty()) {
            let colon = element.iter().position(|&byte| byte == b':').ok_or(malformed)?;
            let (index, element) = element.split_at_checked(colon).ok_or(malformed)?;
            elements.push((number(index)?, read_element(element.get(1..).unwrap_or_default())?));
        }
        Self::new(dimensions, elements).ok_or(malformed)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (dimensions, elements) = read(bytes)?;
        Ok(Self { dimensions, elements: elements.collect::<Parsed<_>>()? })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        // All elements are there.
        let _ = write(self.dimensions, self.elements.iter().copied().map(Ok), out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.dimensions.to_be_bytes());
        out.extend_from_slice(&(self.elements.len() as u32).to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend(self.elements.iter().flat_map(|(index, _)| (index - 1).to_be_bytes()));
        out.extend(self.elements.iter().flat_map(|(_, element)| element.to_be_bytes()));
    }
}

fn check_counts(dimensions: u32, elements: usize) -> Parsed<()> {
    if !(1..=MOST_DIMENSIONS).contains(&dimensions) {
        return Err(Flaw::at("has a number of dimensions that no vector has", 0));
    }
    if elements > MOST_ELEMENTS {
        return Err(Flaw::at("has more elements than a vector may have", 4));
    }
    Ok(())
}

/// `before` is the index of the element before, 0 for the first.
fn check_element(dimensions: u32, before: u32, index: u32, element: f32) -> Parsed<()> {
    if index <= before || index > dimensions {
        return Err(Flaw::new("has indices that are out of bounds or not ascending"));
    }
    if element == 0.0 {
        return Err(Flaw::new("has an element that is zero"));
    }
    finite(element).map(|_| ())
}

/// The numbers of dimensions and of elements, an unused number, all indices from 0 on, all elements
/// (`sparsevec_send`).
fn read(bytes: &[u8]) -> Parsed<(u32, impl Iterator<Item = Parsed<(u32, f32)>>)> {
    let mut reader = Reader::new(bytes);
    let (dimensions, count) = (reader.u32()?, reader.count()?);
    check_counts(dimensions, count)?;
    if reader.u32()? != 0 {
        return Err(Flaw::at("has unknown flags", 8));
    }
    let (indices, elements) = (reader.take(4 * count)?, reader.take(4 * count)?);
    reader.end()?;
    let mut before = 0;
    let pairs = indices.as_chunks().0.iter().zip(elements.as_chunks().0);
    let elements = pairs.map(move |(index, element)| {
        let (index, element) = (u32::from_be_bytes(*index).saturating_add(1), f32::from_be_bytes(*element));
        check_element(dimensions, before, index, element)?;
        before = index;
        Ok((index, element))
    });
    Ok((dimensions, elements))
}

fn write(
    dimensions: u32,
    elements: impl Iterator<Item = Parsed<(u32, f32)>>,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    out.push(b'{');
    for (number, element) in elements.enumerate() {
        let (index, element) = element?;
        if number > 0 {
            out.push(b',');
        }
        out.extend_from_slice(itoa::Buffer::new().format(index).as_bytes());
        out.push(b':');
        write_float4(element, out);
    }
    out.extend_from_slice(b"}/");
    out.extend_from_slice(itoa::Buffer::new().format(dimensions).as_bytes());
    Ok(())
}

/// Appends the text of a binary sparsevec.
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let (dimensions, elements) = read(bytes)?;
    write(dimensions, elements, out)
}

impl FromStr for PgSparsevec {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of(&nameless(Extension::Sparsevec)))
    }
}

text_is_display!(PgSparsevec);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_binary_are_those_of_pgvector() {
        // As `sparsevec_out` and `sparsevec_send` have it: indices from 1 in text, from 0 in binary.
        let mut binary = Vec::new();
        for word in [5u32, 2, 0, 0, 2, 0x3fc0_0000, 0x4000_0000] {
            binary.extend_from_slice(&word.to_be_bytes());
        }
        let vector = PgSparsevec::from_binary(&binary).unwrap();
        assert_eq!(vector.to_string(), "{1:1.5,3:2}/5");
        let mut back = Vec::new();
        vector.write_binary(&mut back);
        assert_eq!(back, binary);
        let empty: PgSparsevec = "{}/3".parse().unwrap();
        assert_eq!((empty.to_string(), empty.elements().len()), ("{}/3".to_owned(), 0));
    }

    #[test]
    fn what_is_no_sparsevec_is_refused() {
        for bad in [
            "",
            "{}",
            "{}/",
            "{}/0",
            "{}/1000000001",
            "{1:1}/0",
            "{2:1}/1",
            "{0:1}/1",
            "{1:0}/1",
            "{1:1,1:2}/3",
            "{2:1,1:2}/3",
            "{1:1,}/3",
            "{1}/3",
            "{1:}/3",
            "{1:NaN}/3",
            "{1:1}/3x",
            "1:1}/3",
        ] {
            assert!(bad.parse::<PgSparsevec>().is_err(), "{bad}");
        }
        for words in [
            &[5u32, u32::MAX, 0][..],
            &[5, 16_001, 0],
            &[5, 1, 0, 5, 0x3f80_0000],
            &[5, 1, 0, u32::MAX, 0x3f80_0000],
            &[5, 1, 1, 0, 0x3f80_0000],
            &[5, 1, 0, 0, 0],
            &[5, 1, 0, 0],
        ] {
            let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_be_bytes()).collect();
            assert!(PgSparsevec::from_binary(&bytes).is_err(), "{words:?}");
            assert!(write_text_from_binary(&bytes, &mut Vec::new()).is_err(), "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(
            elements in prop::collection::btree_map(1..100u32, any::<f32>().prop_filter("not zero", |it| *it != 0.0), 0..8),
        ) {
            let vector = PgSparsevec::new(100, elements.into_iter().collect()).unwrap();
            let (mut binary, mut text) = (Vec::new(), Vec::new());
            vector.write_binary(&mut binary);
            prop_assert_eq!(&PgSparsevec::from_binary(&binary).unwrap(), &vector);
            write_text_from_binary(&binary, &mut text).unwrap();
            prop_assert_eq!(vector.to_string().into_bytes(), text.clone());
            prop_assert_eq!(PgSparsevec::from_text(&text).unwrap(), vector);
        }

        #[test]
        fn any_bytes_are_a_vector_or_an_error(bytes: Vec<u8>) {
            let _ = (PgSparsevec::from_text(&bytes), PgSparsevec::from_binary(&bytes));
        }
    }
}
