//! JSON, a token at a time: no tree, nothing copied that has no escape in it.

use crate::TextEncoding;
use crate::cursor::{Fault, What};

/// How deep arrays and objects may lie in each other where they are passed over.
const DEPTH: u32 = 64;

/// A place in a JSON text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a> {
    data: &'a [u8],
    at: usize,
    /// Whether what is escaped may be any character: it is read as UTF-8.
    is_utf8: bool,
}

/// A string's place in its text, without the quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Str {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether there are escapes in it.
    pub(super) is_escaped: bool,
}

/// A value that is no array and no object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scalar {
    Null,
    /// `true` or `false`, and where it stands.
    Bool(bool, usize),
    /// The place of its digits.
    Number(usize, usize),
    Str(Str),
}

impl<'a> Json<'a> {
    #[inline]
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, is_utf8: true }
    }

    /// The same in another encoding, if `is_utf8` says so.
    #[inline]
    pub(super) fn in_utf8(self, is_utf8: bool) -> Self {
        Self { is_utf8, ..self }
    }

    /// The same text from `at` on.
    #[inline]
    pub(super) fn from(self, at: usize) -> Self {
        Self { at, ..self }
    }

    #[inline]
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    #[inline]
    pub(super) fn data(&self) -> &'a [u8] {
        self.data
    }

    #[inline]
    fn rest(&self) -> &'a [u8] {
        self.data.get(self.at..).unwrap_or_default()
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.data.get(self.at).copied()
    }

    /// The next byte, which is passed over.
    #[inline]
    pub(super) fn take(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// What is wrong here: `expected` does not stand here.
    #[cold]
    pub(super) fn expected(self, expected: &'static str) -> Fault {
        match self.peek() {
            Some(found) => Fault::new(self.at, What::Unexpected { expected, found }),
            None => Fault::new(self.at, What::Truncated(expected)),
        }
    }

    /// Passes over white space.
    #[inline(always)]
    fn space(&mut self) {
        // There is none unless somebody asked for it.
        if self.peek().is_some_and(|byte| byte <= b' ') {
            self.spaces();
        }
    }

    #[cold]
    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Passes over `literal` if exactly that stands here.
    #[inline(always)]
    pub(super) fn eat_exactly(&mut self, literal: &[u8]) -> bool {
        let eaten = self.rest().starts_with(literal);
        if eaten {
            self.at += literal.len();
        }
        eaten
    }

    /// Passes over white space, and over `byte` if it is next.
    #[inline(always)]
    pub(super) fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let eaten = self.peek() == Some(byte);
        if eaten {
            self.at += 1;
        }
        eaten
    }

    #[inline(always)]
    pub(super) fn expect(&mut self, byte: u8, expected: &'static str) -> Result<(), Fault> {
        if self.eat(byte) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// Whether another element follows in the array or object that `close` ends; passes over the comma before it, or
    /// over `close`. `is_first` says that none was read yet.
    #[inline(always)]
    pub(super) fn next(&mut self, is_first: &mut bool, close: u8) -> Result<bool, Fault> {
        if self.eat(close) {
            return Ok(false);
        }
        if !std::mem::take(is_first) && !self.eat(b',') {
            return Err(self.expected("a comma or the end of the array or object"));
        }
        Ok(true)
    }

    /// The next member's name, with the colon behind it; `None` at the end of the object.
    #[inline(always)]
    pub(super) fn key(&mut self, is_first: &mut bool) -> Result<Option<&'a [u8]>, Fault> {
        if self.next(is_first, b'}')? { self.name().map(Some) } else { Ok(None) }
    }

    /// A member's name, with the colon behind it.
    #[inline(always)]
    pub(super) fn name(&mut self) -> Result<&'a [u8], Fault> {
        let name = self.string("the name of a member")?;
        self.expect(b':', "a colon")?;
        Ok(self.raw(name))
    }

    /// What stands between the quotes, escapes and all.
    #[inline]
    pub(super) fn raw(&self, string: Str) -> &'a [u8] {
        self.data.get(string.start..string.end).unwrap_or_default()
    }

    /// A string. Its bytes are in any encoding that has ASCII's bytes for ASCII alone, as all of the server's are.
    #[inline]
    pub(super) fn string(&mut self, what: &'static str) -> Result<Str, Fault> {
        self.space();
        if self.peek() != Some(b'"') {
            return Err(self.expected(what));
        }
        let start = self.at + 1;
        let end = start + plain(self.data.get(start..).unwrap_or_default());
        if self.data.get(end) == Some(&b'"') {
            self.at = end + 1;
            return Ok(Str { start, end, is_escaped: false });
        }
        self.escaped_string(start, end, what)
    }

    /// The rest of the string that began at `start` and is plain up to `at`.
    fn escaped_string(&mut self, start: usize, mut at: usize, what: &'static str) -> Result<Str, Fault> {
        loop {
            at += plain(self.data.get(at..).unwrap_or_default());
            match self.data.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(Str { start, end: at, is_escaped: true });
                }
                Some(b'\\') => at += escape(self.data, at)?.1,
                Some(_) => return Err(Fault::new(at, What::Malformed("a control character in a string"))),
                None => return Err(Fault::new(at, What::Truncated(what))),
            }
        }
    }

    /// Appends what a string says.
    pub(super) fn unescape(&self, string: Str, out: &mut Vec<u8>) -> Result<(), Fault> {
        let data = self.data.get(..string.end).unwrap_or_default();
        let mut at = string.start;
        while let Some(rest) = data.get(at..).filter(|rest| !rest.is_empty()) {
            let length = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            out.extend_from_slice(rest.get(..length).unwrap_or_default());
            at += length;
            if at < data.len() {
                let (character, length) = escape(data, at)?;
                if !self.is_utf8 && !character.is_ascii() {
                    let what = "an escape of more than ASCII in a database that is not in UTF-8";
                    return Err(Fault::new(at, What::Malformed(what)));
                }
                out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                at += length;
            }
        }
        Ok(())
    }

    /// What a string says that is a name.
    pub(super) fn text(&self, string: Str, text: &TextEncoding, what: &'static str) -> Result<String, Fault> {
        let mut bytes = Vec::new();
        self.unescape(string, &mut bytes)?;
        text.name_of(&bytes).map_err(|_| Fault::new(string.start, What::NotUtf8(what)))
    }

    /// A value that is no array and no object.
    #[inline]
    pub(super) fn scalar(&mut self, what: &'static str) -> Result<Scalar, Fault> {
        self.space();
        match self.peek() {
            Some(b'"') => self.string(what).map(Scalar::Str),
            Some(b'n') if self.eat_exactly(b"null") => Ok(Scalar::Null),
            Some(b't') if self.eat_exactly(b"true") => Ok(Scalar::Bool(true, self.at - 4)),
            Some(b'f') if self.eat_exactly(b"false") => Ok(Scalar::Bool(false, self.at - 5)),
            Some(b'-' | b'0'..=b'9') => {
                let start = self.at;
                self.number()?;
                Ok(Scalar::Number(start, self.at))
            }
            _ => Err(self.expected(what)),
        }
    }

    /// Passes over a number.
    fn number(&mut self) -> Result<(), Fault> {
        self.eat_exactly(b"-");
        match self.peek() {
            Some(b'0') => self.at += 1,
            _ => self.digits()?,
        }
        if self.eat_exactly(b".") {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> Result<(), Fault> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at == start { Err(self.expected("a digit")) } else { Ok(()) }
    }

    /// An integer of at most ten digits, or `None` where `null` stands.
    pub(super) fn integer(&mut self, what: &'static str) -> Result<Option<i64>, Fault> {
        let before = *self;
        match self.scalar(what)? {
            Scalar::Null => Ok(None),
            Scalar::Number(start, end) if end - start <= 11 => {
                let digits = self.data.get(start..end).and_then(|digits| std::str::from_utf8(digits).ok());
                let number = digits.and_then(|digits| digits.parse().ok());
                number.map(Some).ok_or_else(|| before.expected(what))
            }
            _ => Err(before.expected(what)),
        }
    }

    /// A string, or `None` where `null` stands.
    pub(super) fn nullable_string(&mut self, what: &'static str) -> Result<Option<Str>, Fault> {
        let before = *self;
        match self.scalar(what)? {
            Scalar::Null => Ok(None),
            Scalar::Str(string) => Ok(Some(string)),
            _ => Err(before.expected(what)),
        }
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, what: &'static str) -> Result<bool, Fault> {
        let before = *self;
        match self.scalar(what)? {
            Scalar::Bool(value, _) => Ok(value),
            _ => Err(before.expected(what)),
        }
    }

    /// Passes over a value, whatever it is.
    pub(super) fn pass_over(&mut self) -> Result<(), Fault> {
        // A bit for each array or object that is open: 1 for an object.
        let (mut open, mut depth) = (0_u64, 0);
        loop {
            self.space();
            let mut is_first = false;
            match self.peek() {
                Some(bracket @ (b'[' | b'{')) => {
                    if depth == DEPTH {
                        return Err(Fault::new(self.at, What::Malformed("values nested too deeply")));
                    }
                    self.at += 1;
                    (open, depth, is_first) = (open << 1 | u64::from(bracket == b'{'), depth + 1, true);
                }
                _ => {
                    self.scalar("a value")?;
                }
            }
            // Up to the next value, out of what ends before it.
            loop {
                if depth == 0 {
                    return Ok(());
                }
                let is_object = open & 1 != 0;
                let another = match is_object {
                    true => self.key(&mut is_first)?.is_some(),
                    false => self.next(&mut is_first, b']')?,
                };
                if another {
                    break;
                }
                (open, depth, is_first) = (open >> 1, depth - 1, false);
            }
        }
    }

    /// Whether nothing but white space follows.
    #[inline]
    pub(super) fn is_at_end(&mut self) -> bool {
        self.space();
        self.at >= self.data.len()
    }

    /// Nothing may follow.
    #[inline]
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        self.space();
        match self.rest().len() {
            0 => Ok(()),
            rest => Err(Fault::new(self.at, What::Trailing(rest))),
        }
    }
}

/// How many bytes go before the first that is a quote, a backslash or a control character.
#[inline(always)]
fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; 8]);
    // Of each byte the high bit where it is below `ONES * n`, right for the lowest such byte, which is the first.
    let below = |word: u64, limit: u64| word.wrapping_sub(limit) & !word & HIGH;
    let special = |word: u64| {
        below(word, ONES * 0x20)
            | below(word ^ (ONES * u64::from(b'"')), ONES)
            | below(word ^ (ONES * u64::from(b'\\')), ONES)
    };
    let mut rest = bytes;
    // Most strings end within a few words; the others go by blocks that the compiler makes vectors of.
    for _ in 0..4 {
        let Some((word, behind)) = rest.split_first_chunk::<8>() else { return tail(bytes, rest) };
        let found = special(u64::from_le_bytes(*word));
        if found != 0 {
            return bytes.len() - rest.len() + found.trailing_zeros() as usize / 8;
        }
        rest = behind;
    }
    long(bytes, rest)
}

#[inline(never)]
fn long(bytes: &[u8], mut rest: &[u8]) -> usize {
    while let Some((block, behind)) = rest.split_first_chunk::<32>() {
        let found = block.iter().fold(false, |found, &byte| found | is_special(byte));
        if found {
            break;
        }
        rest = behind;
    }
    tail(bytes, rest)
}

/// As [`plain`], where all before `rest` is plain and it has few bytes.
#[inline]
fn tail(bytes: &[u8], rest: &[u8]) -> usize {
    let plain = rest.iter().position(|&byte| is_special(byte)).unwrap_or(rest.len());
    bytes.len() - rest.len() + plain
}

#[inline(always)]
fn is_special(byte: u8) -> bool {
    byte == b'"' || byte == b'\\' || byte < b' '
}

/// The character of the escape at `at`, and how many bytes it takes.
fn escape(data: &[u8], at: usize) -> Result<(char, usize), Fault> {
    const WHAT: &str = "an escape";
    let wrong = |what| Err(Fault::new(at, What::Malformed(what)));
    let Some(&kind) = data.get(at + 1) else { return Err(Fault::new(at, What::Truncated(WHAT))) };
    let character = match kind {
        b'"' | b'\\' | b'/' => char::from(kind),
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let first = unit(data, at + 2)?;
            let (code, length) = match first {
                0xD800..=0xDBFF if data.get(at + 6..at + 8) == Some(br"\u") => {
                    let second = unit(data, at + 8)?;
                    if !matches!(second, 0xDC00..=0xDFFF) {
                        return wrong("a surrogate without its other half");
                    }
                    (0x1_0000 + ((first - 0xD800) << 10 | (second - 0xDC00)), 12)
                }
                0 => return wrong("a zero character, which PostgreSQL's text can't hold"),
                _ => (first, 6),
            };
            return match char::from_u32(code) {
                Some(character) => Ok((character, length)),
                None => wrong("a surrogate without its other half"),
            };
        }
        found => return Err(Fault::new(at + 1, What::Unexpected { expected: WHAT, found })),
    };
    Ok((character, 2))
}

/// Four hexadecimal digits.
fn unit(data: &[u8], at: usize) -> Result<u32, Fault> {
    let Some(digits) = data.get(at..at + 4) else {
        return Err(Fault::new(data.len(), What::Truncated("an escape")));
    };
    digits.iter().try_fold(0, |unit, &digit| {
        let value = char::from(digit).to_digit(16);
        let wrong = || Fault::new(at, What::Unexpected { expected: "a hexadecimal digit", found: digit });
        Ok(unit << 4 | value.ok_or_else(wrong)?)
    })
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
