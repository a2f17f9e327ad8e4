//! What a line is made of: words, identifiers, types, values.

use crate::cursor::{Fault, What};

/// A place in a line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexer<'a> {
    line: &'a [u8],
    at: usize,
}

/// A column's value, by its place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Literal {
    /// `null`
    Null,
    /// `unchanged-toast-datum`
    Unchanged,
    /// Its text as it stands, without quotes.
    Plain { offset: usize, length: usize },
    /// Its text, in which quotes are doubled.
    Doubled { offset: usize, length: usize },
}

impl<'a> Lexer<'a> {
    #[inline]
    pub(super) fn new(line: &'a [u8]) -> Self {
        Self { line, at: 0 }
    }

    /// Offset of the next byte.
    #[inline]
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// What stands from `start` up to here.
    #[inline]
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.line.get(start..self.at).unwrap_or_default()
    }

    #[inline]
    pub(super) fn rest(&self) -> &'a [u8] {
        self.line.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn is_end(&self) -> bool {
        self.at >= self.line.len()
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.line.get(self.at).copied()
    }

    /// Passes over `word`, if it stands next.
    #[inline]
    pub(super) fn take(&mut self, word: &[u8]) -> bool {
        let is_next = self.rest().starts_with(word);
        if is_next {
            self.at += word.len();
        }
        is_next
    }

    /// Passes over `word`, which must stand next.
    #[inline]
    pub(super) fn expect(&mut self, word: &'static str) -> Result<(), Fault> {
        if self.take(word.as_bytes()) { Ok(()) } else { Err(self.expected(word)) }
    }

    /// Something else stands next than `what`.
    #[cold]
    pub(super) fn expected(&self, what: &'static str) -> Fault {
        let what = match self.peek() {
            Some(found) => What::Unexpected { expected: what, found },
            None => What::Truncated(what),
        };
        Fault::new(self.at, what)
    }

    /// Nothing may follow.
    pub(super) fn end(&self) -> Result<(), Fault> {
        match self.rest().len() {
            0 => Ok(()),
            rest => Err(Fault::new(self.at, What::Trailing(rest))),
        }
    }

    /// An identifier as `quote_identifier` writes it: bare, of `a-z`, `0-9` and `_`, or in quotes that are doubled
    /// inside.
    #[inline]
    fn identifier(&mut self) -> Result<(), Fault> {
        if self.peek() == Some(b'"') {
            return self.quoted(b'"', "the end of an identifier").map(drop);
        }
        let bare = self.rest().iter().take_while(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        let length = bare.count();
        self.at += length;
        if length == 0 { Err(self.expected("an identifier")) } else { Ok(()) }
    }

    /// `schema.table`
    #[inline]
    pub(super) fn table(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        self.identifier()?;
        self.expect(".")?;
        self.identifier()?;
        Ok(self.since(start))
    }

    /// `column[type]:`
    pub(super) fn label(&mut self) -> Result<&'a [u8], Fault> {
        let start = self.at;
        self.identifier()?;
        self.expect("[")?;
        self.type_()?;
        self.expect("]:")?;
        Ok(self.since(start))
    }

    /// A type as `format_type` prints it, up to the bracket that ends it: words, identifiers, and `[]` of arrays.
    fn type_(&mut self) -> Result<(), Fault> {
        loop {
            match self.peek() {
                Some(b']') => return Ok(()),
                Some(b'[') => self.expect("[]")?,
                Some(b'"') => drop(self.quoted(b'"', "the end of a type's name")?),
                Some(_) => self.at += 1,
                None => return Err(self.expected("the end of a type")),
            }
        }
    }

    /// What stands between two `quote`s; one that is doubled stands for itself. Says where it is, and whether one is.
    #[inline]
    fn quoted(&mut self, quote: u8, what: &'static str) -> Result<(usize, usize, bool), Fault> {
        let start = self.at + 1;
        let mut end = start;
        let mut is_doubled = false;
        loop {
            let rest = self.line.get(end..).unwrap_or_default();
            let Some(next) = memchr::memchr(quote, rest) else {
                self.at = self.line.len();
                return Err(self.expected(what));
            };
            end += next;
            if self.line.get(end + 1) != Some(&quote) {
                self.at = end + 1;
                return Ok((start, end - start, is_doubled));
            }
            is_doubled = true;
            end += 2;
        }
    }

    /// A value as `print_literal` writes it.
    #[inline]
    pub(super) fn value(&mut self) -> Result<Literal, Fault> {
        match self.peek() {
            Some(b'\'') => {
                let (offset, length, is_doubled) = self.quoted(b'\'', "the end of a value")?;
                Ok(if is_doubled {
                    Literal::Doubled { offset, length }
                } else {
                    Literal::Plain { offset, length }
                })
            }
            Some(b'B') => {
                self.expect("B'")?;
                self.at -= 1;
                let (offset, length, _) = self.quoted(b'\'', "the end of a bit string")?;
                Ok(Literal::Plain { offset, length })
            }
            _ => self.bare(),
        }
    }

    #[inline]
    fn bare(&mut self) -> Result<Literal, Fault> {
        let offset = self.at;
        let is_part =
            |byte: &&u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'.' | b'-' | b'+');
        let length = self.rest().iter().take_while(is_part).count();
        self.at += length;
        match self.since(offset) {
            // Numbers, and NaN, Infinity, -Infinity.
            [b'0'..=b'9' | b'-' | b'N' | b'I', ..] => Ok(Literal::Plain { offset, length }),
            b"null" => Ok(Literal::Null),
            // A bool's own text is its first letter.
            b"true" | b"false" => Ok(Literal::Plain { offset, length: 1 }),
            b"unchanged-toast-datum" => Ok(Literal::Unchanged),
            _ => {
                self.at = offset;
                Err(self.expected("a value"))
            }
        }
    }

    /// A number without a sign.
    pub(super) fn number<N: std::str::FromStr>(&mut self, what: &'static str) -> Result<N, Fault> {
        let start = self.at;
        self.at += self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let digits = std::str::from_utf8(self.since(start)).unwrap_or_default();
        digits.parse().map_err(|_| {
            self.at = start;
            self.expected(what)
        })
    }

    /// A string as `quote_literal_cstr` writes it: with an `E` in front where there are backslashes, which are doubled
    /// then.
    pub(super) fn string(&mut self, what: &'static str) -> Result<Vec<u8>, Fault> {
        let has_backslashes = self.take(b"E");
        if self.peek() != Some(b'\'') {
            return Err(self.expected(what));
        }
        let (offset, length, _) = self.quoted(b'\'', what)?;
        let mut string = Vec::with_capacity(length);
        undouble(self.line.get(offset..offset + length).unwrap_or_default(), b'\'', &mut string);
        if has_backslashes {
            let doubled = std::mem::take(&mut string);
            undouble(&doubled, b'\\', &mut string);
        }
        Ok(string)
    }
}

/// Appends `text`, in which each `quote` is doubled, to `out`.
pub(super) fn undouble(mut text: &[u8], quote: u8, out: &mut Vec<u8>) {
    while let Some(at) = memchr::memchr(quote, text) {
        let (head, rest) = text.split_at_checked(at + 1).unwrap_or((text, &[]));
        out.extend_from_slice(head);
        text = rest.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(text);
}

/// An identifier without its quotes.
pub(super) fn unquoted(identifier: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(identifier.len());
    match identifier {
        [b'"', inner @ .., b'"'] => undouble(inner, b'"', &mut out),
        bare => out.extend_from_slice(bare),
    }
    out
}

/// What stands before the first `separator` outside of quotes, and behind it.
pub(super) fn split(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let mut is_quoted = false;
    let at = text.iter().position(|&byte| {
        is_quoted ^= byte == b'"';
        byte == separator && !is_quoted
    })?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}
