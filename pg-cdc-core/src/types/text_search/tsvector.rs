//! `tsvector`

use std::fmt;
use std::str::FromStr;

use super::{TsWeight, read_number, read_quoted, write_quoted};
use crate::types::encoded::Reader;
use crate::types::json::check_utf8;
use crate::types::{Flaw, Parsed, TypeError, oid, text_is_display};

/// A `tsvector`: lexemes in the order of their bytes,
/// each with the positions at which it stood, if they were kept.
///
/// ```
/// use pg_cdc_core::types::{PgTsVector, TsWeight};
///
/// let vector: PgTsVector = "'cat':3 'fat':2A,11 'it''s'".parse()?;
/// assert_eq!(vector.lexemes()[2].text, "it's");
/// assert_eq!(vector.lexemes()[1].positions[0].weight, TsWeight::A);
/// assert_eq!(vector.to_string(), "'cat':3 'fat':2A,11 'it''s'");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct PgTsVector(Vec<TsLexeme>);

/// A lexeme of a [`PgTsVector`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TsLexeme {
    /// The lexeme, without quotes.
    pub text: String,
    /// Where it stood, in ascending order; none where positions were stripped.
    pub positions: Vec<TsPosition>,
}

/// Where a lexeme stood in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TsPosition {
    /// The number of the word, from 1 to 16383; all later ones are 16383.
    pub position: u16,
    /// Its weight.
    pub weight: TsWeight,
}

impl TsPosition {
    fn of_bits(bits: u16) -> Self {
        Self { position: bits & MOST, weight: TsWeight::of_bits(bits >> 14) }
    }

    fn write_text(self, out: &mut Vec<u8>) {
        out.extend_from_slice(itoa::Buffer::new().format(self.position).as_bytes());
        if self.weight != TsWeight::D {
            out.push(self.weight.letter());
        }
    }
}

/// `MAXENTRYPOS - 1`: a position has 14 bits.
const MOST: u16 = (1 << 14) - 1;

/// `MAXNUMPOS`: no lexeme has more.
const MOST_POSITIONS: usize = 256;

fn position_count(reader: &mut Reader<'_>) -> Parsed<u16> {
    let at = reader.at();
    let count = reader.u16()?;
    if usize::from(count) > MOST_POSITIONS {
        return Err(Flaw::at("has too many positions of a lexeme", at));
    }
    Ok(count)
}

impl PgTsVector {
    /// Its lexemes in their order.
    #[must_use]
    pub fn lexemes(&self) -> &[TsLexeme] {
        &self.0
    }

    /// Its lexemes in their order.
    #[must_use]
    pub fn into_lexemes(self) -> Vec<TsLexeme> {
        self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut lexemes = Vec::new();
        let mut at = 0;
        while at < text.len() {
            if !lexemes.is_empty() {
                if text.get(at) != Some(&b' ') {
                    return Err(Flaw::at("is not the text of a tsvector", at));
                }
                at += 1;
            }
            let (lexeme, end) = read_quoted(text, at)?;
            let mut positions = Vec::new();
            at = end;
            let mut before = b':';
            while text.get(at) == Some(&before) {
                before = b',';
                let (position, end) = read_number(text, at + 1)?;
                if position > MOST {
                    return Err(Flaw::at("has a position that is too large", at + 1));
                }
                if positions.len() == MOST_POSITIONS {
                    return Err(Flaw::at("has too many positions of a lexeme", at + 1));
                }
                let weight = text.get(end).and_then(|&letter| TsWeight::of_letter(letter));
                at = end + usize::from(weight.is_some());
                positions.push(TsPosition { position, weight: weight.unwrap_or_default() });
            }
            lexemes.push(TsLexeme { text: lexeme, positions });
        }
        Ok(Self(lexemes))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let mut lexemes = Vec::new();
        for _ in 0..reader.count()? {
            let text = check_utf8(reader.zero_ended()?)?.to_owned();
            let positions = (0..position_count(&mut reader)?).map(|_| reader.u16().map(TsPosition::of_bits));
            let positions = positions.collect::<Parsed<_>>()?;
            lexemes.push(TsLexeme { text, positions });
        }
        reader.end()?;
        Ok(Self(lexemes))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        for (index, lexeme) in self.0.iter().enumerate() {
            if index > 0 {
                out.push(b' ');
            }
            write_quoted(lexeme.text.as_bytes(), out);
            for (index, position) in lexeme.positions.iter().enumerate() {
                out.push(if index > 0 { b',' } else { b':' });
                position.write_text(out);
            }
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u32).to_be_bytes());
        for lexeme in &self.0 {
            out.extend_from_slice(lexeme.text.as_bytes());
            out.push(0);
            out.extend_from_slice(&(lexeme.positions.len() as u16).to_be_bytes());
            for position in &lexeme.positions {
                let bits = position.weight.bits() << 14 | position.position & MOST;
                out.extend_from_slice(&bits.to_be_bytes());
            }
        }
    }
}

/// Appends the text of a binary tsvector: the number of lexemes, and for each its bytes up to a zero, the number of
/// its positions and the positions, weight in the two highest bits (`tsvectorsend`).
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let mut reader = Reader::new(bytes);
    for index in 0..reader.count()? {
        if index > 0 {
            out.push(b' ');
        }
        write_quoted(reader.zero_ended()?, out);
        for index in 0..position_count(&mut reader)? {
            out.push(if index > 0 { b',' } else { b':' });
            TsPosition::of_bits(reader.u16()?).write_text(out);
        }
    }
    reader.end()
}

impl FromStr for PgTsVector {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::TSVECTOR))
    }
}

text_is_display!(PgTsVector);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_what_postgresql_prints_is_read() {
        for bad in [
            "a",
            "'a",
            "'a'  'b'",
            "'a'b",
            "'a':",
            "'a':1,",
            "'a':1E",
            "'a':16384",
            "'a':x",
            "'a' ",
            " 'a'",
            "'a\\",
        ] {
            assert!(bad.parse::<PgTsVector>().is_err(), "{bad}");
        }
        assert!(PgTsVector::from_text(b"'\xff'").is_err());
    }

    #[test]
    fn what_the_binary_form_has_no_room_for_is_an_error() {
        assert!("'a\0b'".parse::<PgTsVector>().is_err());
        let positions = |count| format!("'a':{}1", "1,".repeat(count - 1));
        let most = positions(MOST_POSITIONS).parse::<PgTsVector>().unwrap();
        let mut binary = Vec::new();
        most.write_binary(&mut binary);
        assert_eq!(PgTsVector::from_binary(&binary), Ok(most));
        assert!(positions(MOST_POSITIONS + 1).parse::<PgTsVector>().is_err());
        assert!(positions(70_000).parse::<PgTsVector>().is_err());
        let count = u16::try_from(MOST_POSITIONS).unwrap() + 1;
        let too_many = [&[0, 0, 0, 1, b'a', 0], &count.to_be_bytes()[..], &[0; 600]].concat();
        assert!(PgTsVector::from_binary(&too_many[..8 + 2 * usize::from(count)]).is_err());
    }

    #[test]
    fn a_number_of_lexemes_that_are_not_there_is_an_error() {
        for bytes in [
            &[0x7f, 0xff, 0xff, 0xff, b'a', 0, 0, 0][..],
            &[0, 0, 0, 1, b'a', 0, 0xff, 0xff, 0, 1],
            &[0xff; 8],
        ] {
            assert!(PgTsVector::from_binary(bytes).is_err());
            assert!(write_text_from_binary(bytes, &mut Vec::new()).is_err());
        }
    }

    fn lexemes() -> impl Strategy<Value = Vec<TsLexeme>> {
        let weight = prop::sample::select(TsWeight::ALL.to_vec());
        let position = (1..=MOST, weight).prop_map(|(position, weight)| TsPosition { position, weight });
        let lexeme = ("[a-c '\\\\:é,]{1,6}", prop::collection::vec(position, 0..4));
        prop::collection::vec(lexeme.prop_map(|(text, positions)| TsLexeme { text, positions }), 0..5)
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(lexemes in lexemes()) {
            let vector = PgTsVector(lexemes);
            let text = vector.to_string();
            prop_assert_eq!(text.parse::<PgTsVector>().unwrap(), vector.clone());
            let (mut binary, mut written) = (Vec::new(), Vec::new());
            vector.write_binary(&mut binary);
            prop_assert_eq!(PgTsVector::from_binary(&binary).unwrap(), vector.clone());
            write_text_from_binary(&binary, &mut written).unwrap();
            prop_assert_eq!(written, text.into_bytes());
        }
    }
}
