//! A place in a statement.

use super::Wrong;

#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a> {
    text: &'a [u8],
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// What follows.
    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// What lies between two offsets.
    pub(super) fn between(&self, start: usize, end: usize) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Passes over `literal`, if it is what follows.
    #[inline]
    pub(super) fn eat(&mut self, literal: &[u8]) -> bool {
        let follows = self.rest().starts_with(literal);
        if follows {
            self.at += literal.len();
        }
        follows
    }

    /// Passes over `literal`, which must follow.
    #[inline]
    pub(super) fn expect(&mut self, literal: &'static str) -> Result<(), Wrong> {
        if self.eat(literal.as_bytes()) { Ok(()) } else { Err(self.expected(&format!("{literal:?}"))) }
    }

    /// `what` should stand here.
    #[cold]
    pub(super) fn expected(&self, what: &str) -> Wrong {
        Wrong::new(self.at, format!("expected {what}"))
    }

    /// A constant in quotes, which are doubled inside: where it is between them, and whether it holds any. Stands at the
    /// first quote.
    pub(super) fn quoted(&mut self) -> Result<(usize, usize, bool), Wrong> {
        let opening = self.at;
        let start = opening + 1;
        let mut at = start;
        let mut doubled = false;
        loop {
            let rest = self.text.get(at..).unwrap_or_default();
            let Some(quote) = rest.iter().position(|&byte| byte == b'\'') else {
                return Err(Wrong::new(opening, "the quotes of a value are not closed"));
            };
            at += quote;
            if self.text.get(at + 1) != Some(&b'\'') {
                self.at = at + 1;
                return Ok((start, at, doubled));
            }
            doubled = true;
            at += 2;
        }
    }

    /// Digits, letters, `.`, `+` and `-`: at least one.
    pub(super) fn number(&mut self) -> Result<(usize, usize), Wrong> {
        let start = self.at;
        let part = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'+' | b'-');
        let length = self.rest().iter().take_while(|byte| part(byte)).count();
        if length == 0 {
            return Err(self.expected("a number"));
        }
        self.at += length;
        Ok((start, self.at))
    }
}
