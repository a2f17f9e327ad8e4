//! `tsvector` and `tsquery` (`src/backend/utils/adt/tsvector.c`, `tsquery.c`).

mod tsquery;
mod tsvector;

pub(super) use tsquery::write_text_from_binary as write_tsquery_from_binary;
pub use tsquery::{PgTsQuery, TsQueryLexeme, TsQueryNode, TsQueryPart};
pub(super) use tsvector::write_text_from_binary as write_tsvector_from_binary;
pub use tsvector::{PgTsVector, TsLexeme, TsPosition};

use super::json::check_utf8;
use super::{Flaw, Parsed};

/// The weight of a lexeme's position, `A` the highest; `D` is what a position has that names none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum TsWeight {
    /// The lowest.
    #[default]
    D,
    /// The third.
    C,
    /// The second.
    B,
    /// The highest.
    A,
}

impl TsWeight {
    const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    fn of_bits(bits: u16) -> Self {
        match bits & 3 {
            3 => Self::A,
            2 => Self::B,
            1 => Self::C,
            _ => Self::D,
        }
    }

    /// 3 for `A` down to 0 for `D`: its bits in a tsvector's position, and which bit it is in a tsquery's mask.
    fn bits(self) -> u16 {
        self as u16
    }

    fn letter(self) -> u8 {
        match self {
            Self::A => b'A',
            Self::B => b'B',
            Self::C => b'C',
            Self::D => b'D',
        }
    }

    fn of_letter(letter: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|weight| weight.letter() == letter)
    }
}

/// Appends a lexeme in single quotes; quotes and backslashes in it are doubled.
fn write_quoted(lexeme: &[u8], out: &mut Vec<u8>) {
    out.push(b'\'');
    for &byte in lexeme {
        if matches!(byte, b'\'' | b'\\') {
            out.push(byte);
        }
        out.push(byte);
    }
    out.push(b'\'');
}

/// The lexeme that stands quoted at `at`, and where it ends.
fn read_quoted(text: &[u8], at: usize) -> Parsed<(String, usize)> {
    if text.get(at) != Some(&b'\'') {
        return Err(Flaw::at("has something else in place of a quoted lexeme", at));
    }
    let mut lexeme = Vec::new();
    let mut end = at + 1;
    loop {
        let byte = match (text.get(end), text.get(end + 1)) {
            (Some(b'\''), Some(b'\'')) => b'\'',
            (Some(b'\''), _) => break,
            // The end of a lexeme in the binary form: PostgreSQL's text has none.
            (Some(0), _) | (Some(b'\\'), Some(0)) => return Err(Flaw::at("has a zero byte", end)),
            (Some(b'\\'), Some(&byte)) => byte,
            (Some(&byte), Some(_)) => {
                lexeme.push(byte);
                end += 1;
                continue;
            }
            _ => return Err(Flaw::at("has a quote that is not closed", at)),
        };
        lexeme.push(byte);
        end += 2;
    }
    let lexeme = String::from_utf8(lexeme).map_err(|_| Flaw::at(Flaw::NOT_UTF8, at))?;
    Ok((lexeme, end + 1))
}

/// The number that stands at `at`, and where it ends.
fn read_number(text: &[u8], at: usize) -> Parsed<(u16, usize)> {
    let rest = text.get(at..).unwrap_or_default();
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = check_utf8(rest.get(..digits).unwrap_or_default())?;
    Ok((number.parse().map_err(|_| Flaw::at("has no number where one must be", at))?, at + digits))
}
