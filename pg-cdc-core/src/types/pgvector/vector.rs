//! `vector`

use std::fmt;
use std::str::FromStr;

use super::{MOST_ELEMENTS, dense_elements, nameless, read_elements, write_elements};
use crate::types::{Extension, Parsed, TypeError, text_is_display};

/// A `vector` of pgvector: 1 to 16000 finite numbers of single precision.
///
/// ```
/// use pg_cdc_core::types::PgVector;
///
/// let vector: PgVector = "[1,2.5]".parse()?;
/// assert_eq!(vector.as_slice(), [1.0, 2.5]);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgVector(Vec<f32>);

impl PgVector {
    /// The vector of these elements; `None` where pgvector has no such: none, more than 16000, one that is not finite.
    #[must_use]
    pub fn new(elements: Vec<f32>) -> Option<Self> {
        let fits = (1..=MOST_ELEMENTS).contains(&elements.len());
        (fits && elements.iter().all(|element| element.is_finite())).then_some(Self(elements))
    }

    /// Its elements.
    #[must_use]
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// Its elements.
    #[must_use]
    pub fn into_vec(self) -> Vec<f32> {
        self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        read_elements(text).map(Self)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        elements(bytes)?.collect::<Parsed<_>>().map(Self)
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        // All elements are there.
        let _ = write_elements(self.0.iter().copied().map(Ok), out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u16).to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend(self.0.iter().flat_map(|element| element.to_be_bytes()));
    }
}

/// The number of dimensions, two unused bytes, the elements (`vector_send`).
fn elements(bytes: &[u8]) -> Parsed<impl Iterator<Item = Parsed<f32>>> {
    dense_elements(bytes, f32::from_be_bytes)
}

/// Appends the text of a binary vector.
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    write_elements(elements(bytes)?, out)
}

impl FromStr for PgVector {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of(&nameless(Extension::Vector)))
    }
}

text_is_display!(PgVector);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_binary_are_those_of_pgvector() {
        // As `vector_out` and `vector_send` have it: float_to_shortest_decimal, so float4's digits.
        let vector: PgVector = "[1,-2.5,1e-07,1.2345679e+06,0.1]".parse().unwrap();
        let mut binary = Vec::new();
        vector.write_binary(&mut binary);
        assert_eq!(binary[..12], [0, 5, 0, 0, 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]);
        let mut text = Vec::new();
        write_text_from_binary(&binary, &mut text).unwrap();
        assert_eq!(text, b"[1,-2.5,1e-07,1.2345679e+06,0.1]");
    }

    #[test]
    fn what_is_no_vector_is_refused() {
        for bad in ["", "[", "[]", "1,2", "[1,]", "[1 2]", "[1,2", "[NaN]", "[Infinity]", "[1]x", "[1e40]"] {
            assert!(bad.parse::<PgVector>().is_err(), "{bad}");
        }
        for bytes in [
            &[][..],
            &[0, 0, 0, 0],
            &[0, 1, 0, 1, 0, 0, 0, 0],
            &[0, 2, 0, 0, 0, 0, 0, 0],
            &[0, 1, 0, 0, 0, 0, 0, 0, 0],
            &[0xff; 8],
            &[0, 1, 0, 0, 0x7f, 0x80, 0, 0],
        ] {
            assert!(PgVector::from_binary(bytes).is_err(), "{bytes:?}");
        }
        assert!(PgVector::new(Vec::new()).is_none() && PgVector::new(vec![f32::NAN]).is_none());
        assert!(PgVector::new(vec![0.0; 16_001]).is_none());
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(elements in prop::collection::vec(any::<f32>(), 1..8)) {
            let vector = PgVector::new(elements).unwrap();
            let (mut binary, mut text) = (Vec::new(), Vec::new());
            vector.write_binary(&mut binary);
            prop_assert_eq!(&PgVector::from_binary(&binary).unwrap(), &vector);
            write_text_from_binary(&binary, &mut text).unwrap();
            prop_assert_eq!(vector.to_string().into_bytes(), text.clone());
            prop_assert_eq!(PgVector::from_text(&text).unwrap(), vector);
        }

        #[test]
        fn any_bytes_are_a_vector_or_an_error(bytes: Vec<u8>) {
            let _ = (PgVector::from_text(&bytes), PgVector::from_binary(&bytes));
        }
    }
}
