//! `tsquery`

use std::fmt;
use std::str::FromStr;

use super::{TsWeight, read_number, read_quoted, write_quoted};
use crate::types::encoded::Reader;
use crate::types::json::check_utf8;
use crate::types::{Flaw, Parsed, TypeError, oid, text_is_display};

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
#[derive(Clone, Copy)]
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
        write_text(self.0, &mut text);
        f.pad(&String::from_utf8_lossy(&text))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Operator {
    Not,
    And,
    Or,
    Phrase(u16),
}

impl Operator {
    /// How tightly it binds (`QO_PRIORITY`).
    const fn priority(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Phrase(_) => 3,
            Self::Not => 4,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum What<L> {
    Lexeme(L),
    Operator(Operator),
}

/// A lexeme or an operator. An operator stands before its operands, the right one before the left.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Item<L> {
    what: What<L>,
    /// How many items it is with all of its operands.
    length: usize,
}

/// A lexeme as it is read or held: its text, the mask of its weights, whether it is a prefix.
trait Lexeme {
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
fn measure<L>(items: &mut [Item<L>]) -> Parsed<()> {
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
fn read<'a, L>(bytes: &'a [u8], lexeme: impl Fn(&'a [u8], u8, bool) -> Parsed<L>) -> Parsed<Vec<Item<L>>> {
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

/// Appends the text of a binary tsquery.
pub(crate) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let items = read(bytes, |text, weights, prefix| Ok((text, weights, prefix)))?;
    write_text(&items, out);
    Ok(())
}

/// Appends the text, from left to right; `infix` of `tsquery.c` without its recursion.
fn write_text<L: Lexeme>(items: &[Item<L>], out: &mut Vec<u8>) {
    enum Step {
        Part { at: usize, outer: u8, right_of_phrase: bool },
        Sign(Operator),
        Close,
    }
    let mut steps = Vec::new();
    if !items.is_empty() {
        steps.push(Step::Part { at: 0, outer: 0, right_of_phrase: false });
    }
    while let Some(step) = steps.pop() {
        let (at, outer, right_of_phrase) = match step {
            Step::Part { at, outer, right_of_phrase } => (at, outer, right_of_phrase),
            Step::Sign(operator) => {
                write_sign(operator, out);
                continue;
            }
            Step::Close => {
                out.extend_from_slice(b" )");
                continue;
            }
        };
        let operator = match items.get(at).map(|item| &item.what) {
            Some(What::Operator(operator)) => *operator,
            Some(What::Lexeme(lexeme)) => {
                write_lexeme(lexeme.parts(), out);
                continue;
            }
            None => continue,
        };
        let is_phrase = matches!(operator, Operator::Phrase(_));
        let priority = operator.priority();
        if priority < outer || is_phrase && right_of_phrase {
            out.extend_from_slice(b"( ");
            steps.push(Step::Close);
        }
        let right = at + 1;
        steps.push(Step::Part { at: right, outer: priority, right_of_phrase: is_phrase });
        if operator == Operator::Not {
            out.push(b'!');
        } else {
            let left = right + items.get(right).map_or(1, |right| right.length);
            steps.push(Step::Sign(operator));
            steps.push(Step::Part { at: left, outer: priority, right_of_phrase: false });
        }
    }
}

fn write_sign(operator: Operator, out: &mut Vec<u8>) {
    match operator {
        Operator::Not => {}
        Operator::And => out.extend_from_slice(b" & "),
        Operator::Or => out.extend_from_slice(b" | "),
        Operator::Phrase(1) => out.extend_from_slice(b" <-> "),
        Operator::Phrase(distance) => {
            out.extend_from_slice(b" <");
            out.extend_from_slice(itoa::Buffer::new().format(distance).as_bytes());
            out.extend_from_slice(b"> ");
        }
    }
}

fn write_lexeme((text, weights, prefix): (&[u8], u8, bool), out: &mut Vec<u8>) {
    write_quoted(text, out);
    if prefix || weights != 0 {
        out.push(b':');
        out.extend(prefix.then_some(b'*'));
        let named = TsWeight::ALL.into_iter().filter(|weight| weights >> weight.bits() & 1 == 1);
        out.extend(named.map(TsWeight::letter));
    }
}

/// What stands between an operand and the next: operators that wait for their right operand, and open parentheses.
enum Waiting {
    Operator(Operator),
    Parenthesis,
}

impl PgTsQuery {
    /// The whole of it; `None` where it has no lexemes.
    #[must_use]
    pub fn root(&self) -> Option<TsQueryPart<'_>> {
        (!self.0.is_empty()).then_some(TsQueryPart(&self.0))
    }

    /// Reads the infix form; operators of one priority bind from the left.
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let malformed = |at| Flaw::at("is not the text of a tsquery", at);
        if text.is_empty() {
            return Ok(Self::default());
        }
        // Operands before their operators, the left before the right: the reverse of what is wanted.
        let mut items = Vec::new();
        let mut put = |what| items.push(Item { what, length: 1 });
        let mut waiting = Vec::new();
        let mut expects_operand = true;
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            match byte {
                b' ' => at += 1,
                b'!' if expects_operand => {
                    waiting.push(Waiting::Operator(Operator::Not));
                    at += 1;
                }
                b'(' if expects_operand => {
                    waiting.push(Waiting::Parenthesis);
                    at += 1;
                }
                b'\'' if expects_operand => {
                    let (lexeme, end) = read_lexeme(text, at)?;
                    put(What::Lexeme(lexeme));
                    at = end;
                    expects_operand = false;
                }
                b')' if !expects_operand => {
                    loop {
                        match waiting.pop() {
                            Some(Waiting::Operator(operator)) => put(What::Operator(operator)),
                            Some(Waiting::Parenthesis) => break,
                            None => return Err(malformed(at)),
                        }
                    }
                    at += 1;
                }
                b'&' | b'|' | b'<' if !expects_operand => {
                    let (operator, end) = read_operator(text, at)?;
                    while let Some(Waiting::Operator(before)) = waiting.last()
                        && before.priority() >= operator.priority()
                    {
                        put(What::Operator(*before));
                        waiting.pop();
                    }
                    waiting.push(Waiting::Operator(operator));
                    at = end;
                    expects_operand = true;
                }
                _ => return Err(malformed(at)),
            }
        }
        if expects_operand {
            return Err(malformed(at));
        }
        while let Some(last) = waiting.pop() {
            let Waiting::Operator(operator) = last else { return Err(malformed(at)) };
            put(What::Operator(operator));
        }
        items.reverse();
        measure(&mut items)?;
        Ok(Self(items))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let query = Self(read(bytes, |text, weights, prefix| {
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
        write_text(&self.0, out);
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

fn read_lexeme(text: &[u8], at: usize) -> Parsed<(TsQueryLexeme, usize)> {
    let (lexeme, mut at) = read_quoted(text, at)?;
    let mut lexeme = TsQueryLexeme { text: lexeme, ..TsQueryLexeme::default() };
    if text.get(at) == Some(&b':') {
        at += 1;
        while let Some(&byte) = text.get(at) {
            match TsWeight::of_letter(byte) {
                Some(weight) => lexeme.weights |= 1 << weight.bits(),
                None if byte == b'*' => lexeme.prefix = true,
                None => break,
            }
            at += 1;
        }
    }
    Ok((lexeme, at))
}

fn read_operator(text: &[u8], at: usize) -> Parsed<(Operator, usize)> {
    match text.get(at..).unwrap_or_default() {
        [b'&', ..] => Ok((Operator::And, at + 1)),
        [b'|', ..] => Ok((Operator::Or, at + 1)),
        [b'<', b'-', b'>', ..] => Ok((Operator::Phrase(1), at + 3)),
        _ => {
            let (distance, end) = read_number(text, at + 1)?;
            if text.get(end) != Some(&b'>') {
                return Err(Flaw::at("is not the text of a tsquery", end));
            }
            Ok((Operator::Phrase(distance), end + 1))
        }
    }
}

impl FromStr for PgTsQuery {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::TSQUERY))
    }
}

text_is_display!(PgTsQuery);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text_of(binary: &[u8]) -> Parsed<String> {
        let mut out = Vec::new();
        write_text_from_binary(binary, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    #[test]
    fn only_what_postgresql_prints_is_read() {
        for bad in [
            "a",
            "'a",
            "'a' 'b'",
            "'a' &",
            "& 'a'",
            "!",
            "( 'a'",
            "'a' )",
            "()",
            "'a' < 'b'",
            "'a' <2 'b'",
            "'a' <-1> 'b'",
            "'a':X",
            "'a' ! 'b'",
            "'a' <65536> 'b'",
            " ",
        ] {
            assert!(bad.parse::<PgTsQuery>().is_err(), "{bad}");
        }
        assert!(PgTsQuery::from_text(b"'\xff'").is_err());
    }

    #[test]
    fn the_tree_is_as_it_was_said() {
        let query: PgTsQuery = "'a':AC <-> 'b' & !'c' | 'd'".parse().unwrap();
        let Some(TsQueryNode::Or(left, d)) = query.root().map(TsQueryPart::node) else { panic!() };
        let TsQueryNode::And(phrase, not) = left.node() else { panic!() };
        let TsQueryNode::Phrase { left: a, right: b, distance: 1 } = phrase.node() else { panic!() };
        let TsQueryNode::Not(c) = not.node() else { panic!() };
        for (part, text) in [(a, "a"), (b, "b"), (c, "c"), (d, "d")] {
            let TsQueryNode::Lexeme(lexeme) = part.node() else { panic!() };
            assert_eq!(lexeme.text, text);
        }
        let TsQueryNode::Lexeme(a) = a.node() else { panic!() };
        assert_eq!(a.weights().collect::<Vec<_>>(), [TsWeight::A, TsWeight::C]);
        assert_eq!(format!("{phrase:?}"), "'a':AC <-> 'b'");
        assert!(PgTsQuery::default().root().is_none());
    }

    /// So many operators that stand on their right operand, and the left operands of those that have one.
    fn deep(operator: &[u8], levels: usize, lefts: usize) -> Vec<u8> {
        let mut bytes = ((levels + 1 + lefts) as u32).to_be_bytes().to_vec();
        bytes.extend(operator.repeat(levels));
        bytes.extend([1, 0, 0, b'a', 0].repeat(1 + lefts));
        bytes
    }

    #[test]
    fn no_depth_exhausts_the_stack() {
        let levels = 1_000_000;
        let nots = deep(&[2, 1], levels, 0);
        assert_eq!(text_of(&nots).unwrap(), format!("{}'a'", "!".repeat(levels)));
        let ands = deep(&[2, 2], levels, levels);
        assert_eq!(text_of(&ands).unwrap(), format!("'a'{}", " & 'a'".repeat(levels)));
        let phrases = deep(&[2, 4, 0, 1], levels, levels);
        let text = format!("'a'{} <-> 'a'{}", " <-> ( 'a'".repeat(levels - 1), " )".repeat(levels - 1));
        assert_eq!(text_of(&phrases).unwrap(), text);
        for bytes in [nots, ands, phrases] {
            let query = PgTsQuery::from_binary(&bytes).unwrap();
            let text = query.to_string();
            assert_eq!(text.parse::<PgTsQuery>().unwrap(), query);
            let _ = (query.root().unwrap().node(), query.clone());
        }
    }

    #[test]
    fn what_is_no_query_is_refused() {
        for bytes in [
            &[][..],
            &[0, 0, 0, 1],
            &[0x7f, 0xff, 0xff, 0xff, 2, 1],
            &[0, 0, 0, 1, 2, 1],
            &[0, 0, 0, 2, 1, 0, 0, b'a', 0, 1, 0, 0, b'b', 0],
            &[0, 0, 0, 2, 2, 2, 1, 0, 0, b'a', 0],
            &[0, 0, 0, 1, 1, 16, 0, b'a', 0],
            &[0, 0, 0, 1, 3, 0, 0, b'a', 0],
            &[0, 0, 0, 2, 2, 5, 1, 0, 0, b'a', 0],
            &[0, 0, 0, 1, 1, 0, 0, b'a', 0, 0],
        ] {
            assert!(text_of(bytes).is_err(), "{bytes:?}");
            assert!(PgTsQuery::from_binary(bytes).is_err(), "{bytes:?}");
        }
    }

    /// A query's text with every operand of an operator in parentheses, as the server would read it.
    fn said() -> impl Strategy<Value = String> {
        let lexeme = ("[a-c '\\\\:é]{1,4}", "(:\\*?A?B?C?D?)?").prop_map(|(text, flags)| {
            let mut out = Vec::new();
            write_quoted(text.as_bytes(), &mut out);
            format!("{}{flags}", String::from_utf8(out).unwrap())
        });
        lexeme.prop_recursive(6, 32, 2, |inner| {
            prop_oneof![
                inner.clone().prop_map(|operand| format!("!( {operand} )")),
                (inner.clone(), " (&|\\||<->|<2>|<0>) ", inner)
                    .prop_map(|(left, operator, right)| format!("( {left} ){operator}( {right} )")),
            ]
        })
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(said in said()) {
            let query: PgTsQuery = said.parse().unwrap();
            let mut binary = Vec::new();
            query.write_binary(&mut binary);
            let text = query.to_string();
            prop_assert_eq!(&text_of(&binary).unwrap(), &text);
            // What is nested otherwise than its text tells comes to the same.
            let read = PgTsQuery::from_binary(&binary).unwrap();
            prop_assert_eq!(&read.to_string(), &text);
            prop_assert_eq!(read, text.parse().unwrap());
        }

        #[test]
        fn any_bytes_are_a_query_or_an_error(bytes: Vec<u8>, items in prop::collection::vec(prop::sample::select(vec![
            &[2, 1][..], &[2, 2], &[2, 3], &[2, 4, 0, 2], &[1, 8, 0, b'a', 0], &[1, 0, 1, b'\'', 0],
        ]), 0..12), count in 0..12u32) {
            let _ = (PgTsQuery::from_binary(&bytes), PgTsQuery::from_text(&bytes));
            let bytes = [&count.to_be_bytes()[..], &items.concat()].concat();
            let text = text_of(&bytes);
            let query = PgTsQuery::from_binary(&bytes);
            prop_assert_eq!(text.ok(), query.ok().map(|query| query.to_string()));
        }
    }
}
