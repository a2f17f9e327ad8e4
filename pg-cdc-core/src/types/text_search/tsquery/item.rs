//! A tsquery, flat.

use super::TsQueryLexeme;
use crate::types::encoded::Reader;
use crate::types::{Flaw, Parsed};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Operator {
    Not,
    And,
    Or,
    Phrase(u16),
}

impl Operator {
    /// How tightly it binds (`QO_PRIORITY`).
    pub(super) const fn priority(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Phrase(_) => 3,
            Self::Not => 4,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum What<L> {
    Lexeme(L),
    Operator(Operator),
}

/// A lexeme or an operator. An operator stands before its operands, the right one before the left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Item<L> {
    pub(super) what: What<L>,
    /// How many items it is with all of its operands.
    pub(super) length: usize,
}

/// A lexeme as it is read or held: its text, the mask of its weights, whether it is a prefix.
pub(super) trait Lexeme {
    fn parts(&self) -> (&[u8], u8, bool);
}

impl Lexeme for TsQueryLexeme {
    fn parts(&self) -> (&[u8], u8, bool) {
        (self.text.as_bytes(), self.weights, self.prefix)
    }
}

impl Lexeme for (&[u8], u8, bool) {
    fn parts(&self) -> (&[u8], u8, bool) {
        *self
    }
}

/// Tells each item its length; an error unless they are one whole query.
pub(super) fn measure<L>(items: &mut [Item<L>]) -> Parsed<()> {
    const FLAW: Flaw = Flaw::new("has operators without operands or operands without operators");
    let length_at = |items: &[Item<L>], at: usize| items.get(at).map(|item| item.length).ok_or(FLAW);
    for at in (0..items.len()).rev() {
        let length = match items.get(at).map(|item| &item.what) {
            Some(What::Operator(Operator::Not)) => 1 + length_at(items, at + 1)?,
            Some(What::Operator(_)) => {
                let right = length_at(items, at + 1)?;
                1 + right + length_at(items, at + 1 + right)?
            }
            _ => 1,
        };
        if let Some(item) = items.get_mut(at) {
            item.length = length;
        }
    }
    if items.first().is_none_or(|whole| whole.length == items.len()) { Ok(()) } else { Err(FLAW) }
}

/// Reads the number of items and the items (`tsquerysend`).
pub(super) fn read<'a, L>(
    bytes: &'a [u8],
    lexeme: impl Fn(&'a [u8], u8, bool) -> Parsed<L>,
) -> Parsed<Vec<Item<L>>> {
    let mut reader = Reader::new(bytes);
    let mut items = Vec::new();
    for _ in 0..reader.count()? {
        let at = reader.at();
        let what = match reader.u8()? {
            1 => {
                let (weights, prefix) = (reader.u8()?, reader.u8()? != 0);
                if weights > 0xf {
                    return Err(Flaw::at("has unknown weights", at + 1));
                }
                What::Lexeme(lexeme(reader.zero_ended()?, weights, prefix)?)
            }
            2 => What::Operator(match reader.u8()? {
                1 => Operator::Not,
                2 => Operator::And,
                3 => Operator::Or,
                4 => Operator::Phrase(reader.u16()?),
                _ => return Err(Flaw::at("has an unknown operator", at + 1)),
            }),
            _ => return Err(Flaw::at("has neither a lexeme nor an operator", at)),
        };
        items.push(Item { what, length: 1 });
    }
    reader.end()?;
    measure(&mut items)?;
    Ok(items)
}
