//! The infix form of a tsquery.

use super::TsQueryLexeme;
use super::item::{Item, Lexeme, Operator, What, measure};
use crate::types::text_search::{TsWeight, read_number, read_quoted, write_quoted};
use crate::types::{Flaw, Parsed};

/// Appends the text, from left to right; `infix` of `tsquery.c` without its recursion.
pub(super) fn write<L: Lexeme>(items: &[Item<L>], out: &mut Vec<u8>) {
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

/// Reads the infix form; operators of one priority bind from the left.
pub(super) fn parse(text: &[u8]) -> Parsed<Vec<Item<TsQueryLexeme>>> {
    let malformed = |at| Flaw::at("is not the text of a tsquery", at);
    if text.is_empty() {
        return Ok(Vec::new());
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
    Ok(items)
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
