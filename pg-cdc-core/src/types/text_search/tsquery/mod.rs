//! `tsquery`

mod item;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;
use std::str::FromStr;

use super::TsWeight;
use crate::types::json::check_utf8;
use crate::types::{Parsed, TypeError, oid, text_is_display};
use item::{Item, Operator, What};

/// A `tsquery`: a tree of lexemes and operators, or nothing at all.
///
/// It is held flat, so that no depth, of which the bytes alone decide, can exhaust the stack. PostgreSQL's text does not
/// tell how a chain of one operator is nested (`'a' & 'b' & 'c'`, and the same of `|`): it is always had as
/// `('a' & 'b') & 'c'`, whichever encoding it came in.
///
/// ```
/// use pg_cdc_core::types::{PgTsQuery, TsQueryNode};
///
/// let query: PgTsQuery = "'fat':AB <2> 'rat' & !'c':*".parse()?;
/// let Some(TsQueryNode::And(left, right)) = query.root().map(|root| root.node()) else { unreachable!() };
/// assert!(matches!(left.node(), TsQueryNode::Phrase { distance: 2, .. }));
/// let TsQueryNode::Not(operand) = right.node() else { unreachable!() };
/// let TsQueryNode::Lexeme(lexeme) = operand.node() else { unreachable!() };
/// assert_eq!((&*lexeme.text, lexeme.prefix), ("c", true));
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct PgTsQuery(Vec<Item<TsQueryLexeme>>);

/// A lexeme that a [`PgTsQuery`] looks for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct TsQueryLexeme {
    /// The lexeme, without quotes.
    pub text: String,
    /// Whether whatever begins with it will do (`:*`).
    pub prefix: bool,
    weights: u8,
}

impl TsQueryLexeme {
    /// The weights of which it must have one, `A` first; none where any will do.
    pub fn weights(&self) -> impl Iterator<Item = TsWeight> + use<> {
        let mask = self.weights;
        TsWeight::ALL.into_iter().filter(move |weight| mask >> weight.bits() & 1 == 1)
    }
}

/// A part of a [`PgTsQuery`]: a lexeme, or an operator with its operands.
#[derive(Clone, Copy)]
pub struct TsQueryPart<'a>(&'a [Item<TsQueryLexeme>]);

/// What a [`TsQueryPart`] is.
#[derive(Debug, Clone, Copy)]
pub enum TsQueryNode<'a> {
    /// A lexeme.
    Lexeme(&'a TsQueryLexeme),
    /// `!`
    Not(TsQueryPart<'a>),
    /// `&`
    And(TsQueryPart<'a>, TsQueryPart<'a>),
    /// `|`
    Or(TsQueryPart<'a>, TsQueryPart<'a>),
    /// `<->`, `<2>` and so on.
    Phrase {
        /// What comes first.
        left: TsQueryPart<'a>,
        /// What follows.
        right: TsQueryPart<'a>,
        /// How many positions later: 1 for `<->`.
        distance: u16,
    },
}

impl<'a> TsQueryPart<'a> {
    /// What it is, with its operands.
    #[must_use]
    pub fn node(self) -> TsQueryNode<'a> {
        static NOTHING: TsQueryLexeme = TsQueryLexeme { text: String::new(), prefix: false, weights: 0 };
        let (operator, operands) = match self.0.split_first() {
            Some((Item { what: What::Operator(operator), .. }, operands)) => (*operator, operands),
            Some((Item { what: What::Lexeme(lexeme), .. }, _)) => return TsQueryNode::Lexeme(lexeme),
            // A part is never empty.
            None => return TsQueryNode::Lexeme(&NOTHING),
        };
        let length = operands.first().map_or(0, |right| right.length);
        let (right, left) = operands.split_at_checked(length).unwrap_or((operands, &[]));
        let (left, right) = (Self(left), Self(right));
        match operator {
            Operator::Not => TsQueryNode::Not(right),
            Operator::And => TsQueryNode::And(left, right),
            Operator::Or => TsQueryNode::Or(left, right),
            Operator::Phrase(distance) => TsQueryNode::Phrase { left, right, distance },
        }
    }
}

impl fmt::Debug for TsQueryPart<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Vec::new();
        text::write(self.0, &mut text);
        f.pad(&String::from_utf8_lossy(&text))
    }
}

impl PgTsQuery {
    /// The whole of it; `None` where it has no lexemes.
    #[must_use]
    pub fn root(&self) -> Option<TsQueryPart<'_>> {
        (!self.0.is_empty()).then_some(TsQueryPart(&self.0))
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        text::parse(text).map(Self)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let query = Self(item::read(bytes, |text, weights, prefix| {
            Ok(TsQueryLexeme { text: check_utf8(text)?.to_owned(), prefix, weights })
        })?);
        // A chain that is nested to the right: as its text has it.
        let is_chained = query.0.windows(2).any(|pair| match pair {
            [Item { what: What::Operator(outer), .. }, Item { what: What::Operator(right), .. }] => {
                outer == right && matches!(outer, Operator::And | Operator::Or)
            }
            _ => false,
        });
        if is_chained {
            let mut text = Vec::new();
            query.write_text(&mut text);
            return Self::from_text(&text);
        }
        Ok(query)
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        text::write(&self.0, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&(self.0.len() as u32).to_be_bytes());
        for item in &self.0 {
            match &item.what {
                What::Lexeme(lexeme) => {
                    out.extend_from_slice(&[1, lexeme.weights, u8::from(lexeme.prefix)]);
                    out.extend_from_slice(lexeme.text.as_bytes());
                    out.push(0);
                }
                What::Operator(Operator::Not) => out.extend_from_slice(&[2, 1]),
                What::Operator(Operator::And) => out.extend_from_slice(&[2, 2]),
                What::Operator(Operator::Or) => out.extend_from_slice(&[2, 3]),
                What::Operator(Operator::Phrase(distance)) => {
                    out.extend_from_slice(&[2, 4]);
                    out.extend_from_slice(&distance.to_be_bytes());
                }
            }
        }
    }
}

/// Appends the text of a binary tsquery.
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let items = item::read(bytes, |text, weights, prefix| Ok((text, weights, prefix)))?;
    text::write(&items, out);
    Ok(())
}

impl FromStr for PgTsQuery {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::TSQUERY))
    }
}

text_is_display!(PgTsQuery);
