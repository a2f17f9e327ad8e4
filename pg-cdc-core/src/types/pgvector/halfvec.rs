//! `halfvec`

use std::fmt;
use std::str::FromStr;

use super::{MOST_ELEMENTS, dense_elements, half, nameless, read_elements, write_elements};
use crate::types::{Extension, Flaw, Parsed, TypeError, text_is_display};

/// A `halfvec` of pgvector: 1 to 16000 finite numbers of half precision, which a single-precision number holds exactly
/// and as which pgvector prints them.
///
/// ```
/// use pg_cdc_core::types::PgHalfvec;
///
/// let vector: PgHalfvec = "[1,0.1]".parse()?;
/// assert_eq!(vector.to_string(), "[1,0.099975586]");
/// assert_eq!(vector.as_slice()[0], 1.0);
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgHalfvec(Vec<f32>);

impl PgHalfvec {
    /// The vector of these elements, rounded to half precision; `None` where pgvector has no such: none, more than
    /// 16000, one that is not finite then.
    #[must_use]
    pub fn new(elements: Vec<f32>) -> Option<Self> {
        let fits = (1..=MOST_ELEMENTS).contains(&elements.len());
        fits.then(|| Self::rounded(elements))?
    }

    fn rounded(mut elements: Vec<f32>) -> Option<Self> {
        for element in &mut elements {
            *element = half::to_f32(half::from_f32(*element)?);
        }
        Some(Self(elements))
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
        Self::rounded(read_elements(text)?)
            .ok_or(Flaw::new("has an element out of the range of half precision"))
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
        // All elements are of half precision.
        out.extend(
            self.0.iter().flat_map(|element| half::from_f32(*element).unwrap_or_default().to_be_bytes()),
        );
    }
}

/// The number of dimensions, two unused bytes, the elements (`halfvec_send`).
fn elements(bytes: &[u8]) -> Parsed<impl Iterator<Item = Parsed<f32>>> {
    dense_elements(bytes, |element| half::to_f32(u16::from_be_bytes(element)))
}

/// Appends the text of a binary halfvec.
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    write_elements(elements(bytes)?, out)
}

impl FromStr for PgHalfvec {
    type Err = TypeError;

    /// Rounds to half precision, as pgvector does.
    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of(&nameless(Extension::Halfvec)))
    }
}

text_is_display!(PgHalfvec);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_binary_are_those_of_pgvector() {
        // As `halfvec_out` has it: each element as the float4 of the same value.
        let binary = [0, 4, 0, 0, 0x3c, 0, 0x2e, 0x66, 0x7b, 0xff, 0x80, 0x01];
        let vector = PgHalfvec::from_binary(&binary).unwrap();
        assert_eq!(vector.to_string(), "[1,0.099975586,65504,-5.9604645e-08]");
        let mut back = Vec::new();
        vector.write_binary(&mut back);
        assert_eq!(back, binary);
        assert!(PgHalfvec::from_binary(&[0, 1, 0, 0, 0x7c, 0]).is_err());
        assert!(PgHalfvec::from_binary(&[0, 2, 0, 0, 0x3c, 0]).is_err());
        assert!("[65520]".parse::<PgHalfvec>().is_err() && PgHalfvec::new(vec![1e6]).is_none());
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(elements in prop::collection::vec(-65_504f32..65_504.0, 1..8)) {
            let vector = PgHalfvec::new(elements).unwrap();
            let (mut binary, mut text) = (Vec::new(), Vec::new());
            vector.write_binary(&mut binary);
            prop_assert_eq!(&PgHalfvec::from_binary(&binary).unwrap(), &vector);
            write_text_from_binary(&binary, &mut text).unwrap();
            prop_assert_eq!(vector.to_string().into_bytes(), text.clone());
            prop_assert_eq!(PgHalfvec::from_text(&text).unwrap(), vector);
        }

        #[test]
        fn any_bytes_are_a_vector_or_an_error(bytes: Vec<u8>) {
            let _ = (PgHalfvec::from_text(&bytes), PgHalfvec::from_binary(&bytes));
        }
    }
}
