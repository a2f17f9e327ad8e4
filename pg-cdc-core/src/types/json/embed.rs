//! A `json` value inside a line of JSON.
//!
//! The server has parsed what stands in a json column, but a line of output must stay whole whatever comes: the text
//! is checked to be one JSON value (RFC 8259's grammar; duplicate keys, lone surrogates and any depth are allowed, as
//! PostgreSQL's `json` allows them), and its line breaks, which can only stand between tokens, become spaces.

use super::number::number_length;
use super::string::{check_utf8, plain_prefix};
use crate::types::{Flaw, Parsed};

/// Appends `text`, which must be one JSON value, as it is, but for its line breaks. Nothing is appended if it is not.
pub(super) fn write_embedded(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    if !text.is_ascii() {
        check_utf8(text)?;
    }
    let has_line_breaks = check(text)?;
    let start = out.len();
    out.extend_from_slice(text);
    if has_line_breaks {
        for byte in out.iter_mut().skip(start).filter(|byte| matches!(**byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
    Ok(())
}

/// Checks that `text` is one JSON value, and says whether line breaks stand in it.
pub(super) fn check(text: &[u8]) -> Parsed<bool> {
    Scanner { text, at: 0, line_breaks: false, nest: Nest::default() }.value()
}

/// What encloses the present place: a bit a level, set for an object. Its memory is an eighth of the value's at most.
#[derive(Default)]
struct Nest {
    depth: usize,
    near: u64,
    far: Vec<u64>,
}

impl Nest {
    fn enter(&mut self, object: bool) {
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.far.push(self.near);
        }
        self.near = self.near << 1 | u64::from(object);
        self.depth += 1;
    }

    fn leave(&mut self) {
        self.near >>= 1;
        self.depth -= 1;
        if self.depth != 0 && self.depth.is_multiple_of(64) {
            self.near = self.far.pop().unwrap_or_default();
        }
    }

    fn in_object(&self) -> bool {
        self.near & 1 == 1
    }
}

struct Scanner<'a> {
    text: &'a [u8],
    at: usize,
    line_breaks: bool,
    nest: Nest,
}

impl Scanner<'_> {
    /// Reads one value and nothing after it; says whether a line break stood in it.
    fn value(mut self) -> Parsed<bool> {
        loop {
            // A value begins here.
            match self.next_token() {
                Some(b'{') => {
                    self.at += 1;
                    if self.next_token() == Some(b'}') {
                        self.at += 1;
                    } else {
                        self.nest.enter(true);
                        self.key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if self.next_token() == Some(b']') {
                        self.at += 1;
                    } else {
                        self.nest.enter(false);
                        continue;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b't') => self.literal(b"true")?,
                Some(b'f') => self.literal(b"false")?,
                Some(b'n') => self.literal(b"null")?,
                Some(_) => self.number()?,
                None => return Err(self.flaw()),
            }
            // A value ended here.
            loop {
                let token = self.next_token();
                if self.nest.depth == 0 {
                    return if token.is_none() { Ok(self.line_breaks) } else { Err(self.flaw()) };
                }
                let object = self.nest.in_object();
                match token {
                    Some(b',') => {
                        self.at += 1;
                        if object {
                            self.key()?;
                        }
                        break;
                    }
                    Some(b'}') if object => self.nest.leave(),
                    Some(b']') if !object => self.nest.leave(),
                    _ => return Err(self.flaw()),
                }
                self.at += 1;
            }
        }
    }

    fn flaw(&self) -> Flaw {
        Flaw::at("is not valid JSON", self.at)
    }

    /// Passes over white space; the byte after it.
    #[inline]
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at).copied() {
                Some(b' ' | b'\t') => {}
                Some(b'\n' | b'\r') => self.line_breaks = true,
                other => return other,
            }
            self.at += 1;
        }
    }

    fn key(&mut self) -> Parsed<()> {
        if self.next_token() != Some(b'"') {
            return Err(self.flaw());
        }
        self.string()?;
        if self.next_token() != Some(b':') {
            return Err(self.flaw());
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Parsed<()> {
        self.at += 1;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            self.at += plain_prefix(rest);
            match self.text.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match self.text.get(self.at + 1) {
                    Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 2,
                    Some(b'u') => {
                        let digits = self.text.get(self.at + 2..self.at + 6);
                        if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                            return Err(self.flaw());
                        }
                        self.at += 6;
                    }
                    _ => return Err(self.flaw()),
                },
                _ => return Err(self.flaw()),
            }
        }
    }

    fn literal(&mut self, literal: &[u8]) -> Parsed<()> {
        if !self.text.get(self.at..).is_some_and(|rest| rest.starts_with(literal)) {
            return Err(self.flaw());
        }
        self.at += literal.len();
        Ok(())
    }

    fn number(&mut self) -> Parsed<()> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        self.at += number_length(rest).ok_or_else(|| self.flaw())?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn embed(text: &[u8]) -> Parsed<Vec<u8>> {
        let mut out = Vec::new();
        write_embedded(text, &mut out).map(|()| out)
    }

    #[test]
    fn a_value_stands_as_it_is_but_for_line_breaks() {
        for text in [
            " {\"b\" : 1.50, \"a\":[], \"b\":{}} ",
            "[1,-0,1e400,true,false,null,\"\\ud800\\u0000\\/\"]",
            "\"é\"",
            "0",
            "[[[{\"a\":[{}]}]]]",
        ] {
            assert_eq!(embed(text.as_bytes()).as_deref(), Ok(text.as_bytes()));
        }
        assert_eq!(embed(b"{\r\n\t\"a\":\n1}\n").as_deref(), Ok(&b"{  \t\"a\": 1} "[..]));
    }

    #[test]
    fn what_would_break_the_line_is_refused() {
        for text in [
            "",
            " ",
            "1,\"op\":\"d\"",
            "1}",
            "[",
            "[1",
            "{\"a\":1",
            "{\"a\"}",
            "{1:2}",
            "[1,]",
            "{\"a\":1,}",
            "{]",
            "[}",
            "\"a\nb\"",
            "\"a",
            "\"\\",
            "\"\\u12",
            "\"\\x\"",
            "tru",
            "nulll",
            "01",
            "1 2",
            "{} {}",
            "[1 2]",
            ",",
            "NaN",
        ] {
            assert!(embed(text.as_bytes()).is_err(), "{text:?}");
        }
        assert!(embed(b"\"\xff\"").is_err());
    }

    #[test]
    fn depth_is_bounded_by_the_value_alone() {
        for depth in [1, 63, 64, 65, 127, 128, 129, 1_000_000] {
            let mut text = "[{\"a\":".repeat(depth);
            text.push('1');
            text.push_str(&"}]".repeat(depth));
            assert!(embed(text.as_bytes()).is_ok());
            text.replace_range(text.len() - 1.., "}");
            assert!(embed(text.as_bytes()).is_err());
        }
    }

    proptest! {
        #[test]
        fn nothing_is_taken_that_serde_json_refuses(text in "[\\[\\]{}:,\" \n\\\\a1.e-]{0,12}|(true|null|\"a\"|[\\[\\]{},:]){0,9}") {
            let ours = embed(text.as_bytes());
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text);
            prop_assert_eq!(ours.is_ok(), theirs.is_ok(), "{:?}", text);
            if let Ok(out) = ours {
                prop_assert!(!out.contains(&b'\n'));
            }
        }

        #[test]
        fn random_bytes_never_break_out(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(out) = embed(&bytes) {
                prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&out).is_ok());
            }
        }
    }
}
