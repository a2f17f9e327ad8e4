//! JSON handed to serde as what it holds, number by number exactly.

use std::cell::Cell;
use std::fmt;

use serde::ser::{Error, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::embed::check;
use super::number::number_length;
use super::string::plain_prefix;
use crate::types::Parsed;

/// Deeper JSON is refused: what serialises is as deep on the stack.
const DEEPEST: usize = 128;

/// Text that is one JSON value.
///
/// Members keep their order, and a key that stands twice is told twice. A number is an `i64`, a `u64` or an `f64` that
/// prints as the same number; any other is an error.
pub(in crate::types) struct JsonText<'a>(&'a str);

impl<'a> JsonText<'a> {
    pub(in crate::types) fn new(text: &'a str) -> Parsed<Self> {
        check(text.as_bytes())?;
        Ok(Self(text))
    }
}

impl Serialize for JsonText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Next { text: self.0, at: &Cell::new(0), depth: 0 }.serialize(serializer)
    }
}

/// The value that comes next; serialising it moves on behind it.
struct Next<'a> {
    text: &'a str,
    at: &'a Cell<usize>,
    depth: usize,
}

impl<'a> Next<'a> {
    /// The next byte that is no white space.
    fn peek(&self) -> u8 {
        let rest = self.text.as_bytes().get(self.at.get()..).unwrap_or_default();
        let blank = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        self.at.set(self.at.get() + blank);
        rest.get(blank).copied().unwrap_or_default()
    }

    fn pass(&self, length: usize) -> &'a str {
        let start = self.at.get();
        self.at.set(start + length);
        self.text.get(start..start + length).unwrap_or_default()
    }

    /// Passes `byte` if it comes next.
    fn passes(&self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        if is_next {
            self.pass(1);
        }
        is_next
    }

    fn string<E: Error>(&self) -> Result<std::borrow::Cow<'a, str>, E> {
        let rest = self.text.as_bytes().get(self.at.get()..).unwrap_or_default();
        let plain = plain_prefix(rest.get(1..).unwrap_or_default());
        if rest.get(plain + 1) == Some(&b'"') {
            let text = self.pass(plain + 2);
            return Ok(text.get(1..plain + 1).unwrap_or_default().into());
        }
        let mut length = plain + 1;
        while rest.get(length).is_some_and(|byte| *byte != b'"') {
            length += if rest.get(length) == Some(&b'\\') { 2 } else { 1 };
        }
        let text = self.pass(length + 1);
        // Half of a surrogate pair alone, which json takes and a string can't hold.
        serde_json::from_str::<String>(text)
            .map(Into::into)
            .map_err(|_| E::custom("JSON holds a string that is not Unicode"))
    }

    fn within(&self) -> Next<'a> {
        Next { text: self.text, at: self.at, depth: self.depth + 1 }
    }
}

impl Serialize for Next<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.depth > DEEPEST {
            return Err(S::Error::custom(format_args!("JSON is deeper than {DEEPEST} levels")));
        }
        match self.peek() {
            b'{' => {
                let mut map = serializer.serialize_map(None)?;
                self.pass(1);
                while !self.passes(b'}') {
                    self.passes(b',');
                    self.peek();
                    map.serialize_key(&*self.string::<S::Error>()?)?;
                    self.passes(b':');
                    map.serialize_value(&self.within())?;
                }
                map.end()
            }
            b'[' => {
                let mut seq = serializer.serialize_seq(None)?;
                self.pass(1);
                while !self.passes(b']') {
                    self.passes(b',');
                    seq.serialize_element(&self.within())?;
                }
                seq.end()
            }
            b'"' => serializer.serialize_str(&self.string::<S::Error>()?),
            b't' => {
                self.pass(4);
                serializer.serialize_bool(true)
            }
            b'f' => {
                self.pass(5);
                serializer.serialize_bool(false)
            }
            b'n' => {
                self.pass(4);
                serializer.serialize_unit()
            }
            _ => {
                let rest = self.text.as_bytes().get(self.at.get()..).unwrap_or_default();
                let number = self.pass(number_length(rest).unwrap_or(rest.len()));
                match Number::exact(number) {
                    Some(Number::Negative(value)) => serializer.serialize_i64(value),
                    Some(Number::Positive(value)) => serializer.serialize_u64(value),
                    Some(Number::Float(value)) => serializer.serialize_f64(value),
                    None => Err(S::Error::custom(
                        "JSON holds a number that neither an integer of 64 bits nor an f64 is",
                    )),
                }
            }
        }
    }
}

#[derive(Debug, PartialEq)]
enum Number {
    Negative(i64),
    Positive(u64),
    Float(f64),
}

impl Number {
    /// The number that `text` is, in a type that prints as the same number.
    fn exact(text: &str) -> Option<Self> {
        if text != "-0" {
            if let Ok(value) = text.parse() {
                return Some(Self::Positive(value));
            }
            if let Ok(value) = text.parse() {
                return Some(Self::Negative(value));
            }
        }
        let value: f64 = text.parse().ok()?;
        let printed = value.is_finite().then(|| format!("{value:e}"))?;
        (Digits::new(text)? == Digits::new(&printed)?).then_some(Self::Float(value))
    }
}

/// The digits of a number without zeros at the ends, and the power of ten of the last: the same for the same number.
#[derive(PartialEq)]
struct Digits {
    digits: Vec<u8>,
    exponent: i64,
}

impl Digits {
    fn new(text: &str) -> Option<Self> {
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut digits: Vec<u8> = whole
            .bytes()
            .chain(fraction.bytes())
            .filter(u8::is_ascii_digit)
            .skip_while(|&digit| digit == b'0')
            .collect();
        if digits.is_empty() {
            return Some(Self { digits, exponent: 0 });
        }
        let mut exponent = exponent.parse::<i64>().ok()?.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        while digits.last() == Some(&b'0') {
            digits.pop();
            exponent = exponent.checked_add(1)?;
        }
        Some(Self { digits, exponent })
    }
}

impl fmt::Debug for JsonText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JsonText")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn again(text: &str) -> Result<String, String> {
        let json = JsonText::new(text).map_err(|flaw| flaw.what.to_owned())?;
        serde_json::to_string(&json).map_err(|error| error.to_string())
    }

    #[test]
    fn a_value_is_handed_on_as_it_stands() {
        for (text, expected) in [
            (
                r#" {"b" : 1.50, "a":[], "b":{"\u00e9\n":null}, "":[ [ ] , {} ]} "#,
                r#"{"b":1.5,"a":[],"b":{"é\n":null},"":[[],{}]}"#,
            ),
            (
                "[true,false,null,\"\",-1,18446744073709551615]",
                "[true,false,null,\"\",-1,18446744073709551615]",
            ),
            ("[-0,0.1,1e2,1E-7,123456789012345680000]", "[-0.0,0.1,100.0,1e-7,1.2345678901234568e+20]"),
            (r#""\"\\\u0041""#, r#""\"\\A""#),
        ] {
            assert_eq!(again(text).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn no_number_is_rounded() {
        for text in
            ["1e400", "0.12345678901234567890", "18446744073709551617", "1e-400", "[1e99999999999999999999]"]
        {
            assert!(again(text).unwrap_err().contains("number"), "{text}");
        }
        assert!(again(r#""\ud800""#).unwrap_err().contains("Unicode"));
        assert!(again("[1,]").is_err());
        assert!(again(&format!("{}{}", "[".repeat(100), "]".repeat(100))).is_ok());
        assert!(again(&format!("{}{}", "[".repeat(100_000), "]".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_the_same_again(text in "[\\[\\]{}:,\" \\\\a1.e-]{0,12}|(true|null|\"a\"|[\\[\\]{},:]|1.5){0,9}") {
            if let Ok(expected) = serde_json::from_str::<serde_json::Value>(&text) && let Ok(again) = again(&text) {
                prop_assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), expected);
            }
        }
    }
}
