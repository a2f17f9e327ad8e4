//! numeric and money, by `decimal.handling.mode`.
//!
//! Follows `convertDecimal` and `convertMoney` in `PostgresValueConverter`, `SpecialValueDecimal`,
//! `VariableScaleDecimal`, and `Decimal.fromLogical` of Kafka Connect: an unscaled number is `BigInteger.toByteArray`,
//! two's complement, the highest byte first, as few as hold it.

use super::bytes::push_base64;
use super::float::push_float8;
use super::handling::DecimalHandling;
use super::options::DebeziumValues;
use crate::types::encoded::Encoded;
use crate::types::numeric::Digits;
use crate::types::{ColumnType, Flaw, Parsed, integer, numeric};

const NO_DECIMAL: Flaw = Flaw::new("is not a decimal number");

/// The scale that a column's modifier gives; `None` for a numeric without one.
///
/// As the JDBC driver's `TypeInfoCache.getScale` has it, which takes a negative scale (15+) for one near 2048.
fn scale_of(type_: &ColumnType) -> Option<u16> {
    let modifier = type_.base().modifier;
    (modifier >= 4).then_some(((modifier - 4) & 0xffff) as u16)
}

/// Appends a numeric.
pub(super) fn push_numeric(
    type_: &ColumnType,
    value: Encoded<'_>,
    handling: DecimalHandling,
    out: &mut Vec<u8>,
) -> Parsed<()> {
    match value {
        Encoded::Text(text) => push_number(text, scale_of(type_), handling, out),
        Encoded::Binary(bytes) => {
            // Nearly all numbers have few digits, which fit here.
            let start = out.len();
            numeric::write_text_from_binary(bytes, out)?;
            let mut few = [0; 64];
            match out.get(start..).and_then(|text| Some((text, few.get_mut(..text.len())?))) {
                Some((text, place)) => {
                    place.copy_from_slice(text);
                    let length = text.len();
                    out.truncate(start);
                    push_number(few.get(..length).unwrap_or_default(), scale_of(type_), handling, out)
                }
                None => {
                    let text = out.split_off(start);
                    push_number(&text, scale_of(type_), handling, out)
                }
            }
        }
    }
}

fn push_number(text: &[u8], scale: Option<u16>, handling: DecimalHandling, out: &mut Vec<u8>) -> Parsed<()> {
    // To Debezium these are errors in its precise mode, and leave the field null.
    let special: Option<[&[u8]; 3]> = match text {
        b"NaN" => Some([b"null", b"\"NaN\"", b"\"NAN\""]),
        b"Infinity" => Some([b"null", b"\"Infinity\"", b"\"POSITIVE_INFINITY\""]),
        b"-Infinity" => Some([b"null", b"\"-Infinity\"", b"\"NEGATIVE_INFINITY\""]),
        _ => None,
    };
    if let Some([precise, double, string]) = special {
        out.extend_from_slice(match handling {
            DecimalHandling::Precise => precise,
            DecimalHandling::Double => double,
            DecimalHandling::String => string,
        });
        return Ok(());
    }
    let decimal = Digits::read(text)?;
    match handling {
        DecimalHandling::Double => push_double(text, out),
        DecimalHandling::String => {
            out.push(b'"');
            out.extend_from_slice(text);
            out.push(b'"');
            Ok(())
        }
        DecimalHandling::Precise => match scale {
            Some(scale) => push_unscaled(decimal, scale, out),
            None => {
                let shown =
                    decimal.fraction.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
                let scale = u16::try_from(shown).map_err(|_| NO_DECIMAL)?;
                out.extend_from_slice(b"{\"scale\":");
                integer::write_text(scale.into(), out);
                out.extend_from_slice(b",\"value\":");
                push_unscaled(decimal, scale, out)?;
                out.push(b'}');
                Ok(())
            }
        },
    }
}

fn push_double(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    push_float8(number.ok_or(NO_DECIMAL)?, out);
    Ok(())
}

/// Appends the number times 10^`scale` as a string of its bytes in base64.
fn push_unscaled(decimal: Digits<'_>, scale: u16, out: &mut Vec<u8>) -> Parsed<()> {
    let digits = scaled(decimal, scale)?;
    // Any 38 digits fit.
    if digits.clone().nth(38).is_none() {
        let number = digits.fold(0_i128, |number, digit| number * 10 + i128::from(digit));
        push_integer(if decimal.negative { -number } else { number }, out);
    } else {
        push_base64(&large(digits, decimal.negative), out);
    }
    Ok(())
}

/// The digits of the number times 10^`scale`.
fn scaled(decimal: Digits<'_>, scale: u16) -> Parsed<impl Iterator<Item = u8> + Clone> {
    let scale = usize::from(scale);
    let (kept, rest) = decimal.fraction.split_at(scale.min(decimal.fraction.len()));
    if rest.iter().any(|&digit| digit != b'0') {
        return Err(Flaw::new("has more digits behind the point than its type's scale"));
    }
    let digits = decimal.whole.iter().chain(kept).map(|digit| digit - b'0');
    Ok(digits.chain(std::iter::repeat_n(0, scale - kept.len())).skip_while(|&digit| digit == 0))
}

/// Appends a string of an integer's bytes in base64.
fn push_integer(number: i128, out: &mut Vec<u8>) {
    push_base64(fewest(&number.to_be_bytes()), out);
}

/// Two's complement without bytes that say nothing but the sign.
fn fewest(bytes: &[u8]) -> &[u8] {
    let mut rest = bytes;
    while let [first @ (0 | 0xff), second, ..] = rest
        && (first ^ second) & 0x80 == 0
    {
        rest = rest.get(1..).unwrap_or_default();
    }
    rest
}

/// The bytes of a number of any many digits.
fn large(digits: impl Iterator<Item = u8>, negative: bool) -> Vec<u8> {
    /// As many digits as a limb takes at a time.
    const AT_ONCE: u32 = 19;
    let mut limbs: Vec<u64> = Vec::new();
    let mut push = |number: u64, digits: u32| {
        let mut carry = u128::from(number);
        for limb in &mut limbs {
            let sum = u128::from(*limb) * u128::from(10_u64.pow(digits)) + carry;
            *limb = sum as u64;
            carry = sum >> 64;
        }
        if carry != 0 {
            limbs.push(carry as u64);
        }
    };
    let (mut piece, mut length) = (0, 0);
    for digit in digits {
        piece = piece * 10 + u64::from(digit);
        length += 1;
        if length == AT_ONCE {
            push(piece, length);
            (piece, length) = (0, 0);
        }
    }
    push(piece, length);
    let mut bytes = vec![0];
    bytes.extend(limbs.iter().rev().flat_map(|limb| limb.to_be_bytes()));
    if negative {
        let mut carry = true;
        for byte in bytes.iter_mut().rev() {
            (*byte, carry) = (!*byte).overflowing_add(carry.into());
        }
    }
    fewest(&bytes).to_vec()
}

/// Appends money, whose text the driver reads as `PostgresMoney.parse` does: a sign or parentheses, one character of a
/// currency, commas in between.
pub(super) fn push_money(text: &[u8], options: &DebeziumValues, out: &mut Vec<u8>) -> Parsed<()> {
    const NO_MONEY: Flaw = Flaw::new("is not money in the form of the locale C");
    let (negative, amount) = match text {
        [b'(', inner @ .., b')'] => (true, inner),
        [b'-', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let amount = std::str::from_utf8(amount).map_err(|_| NO_MONEY)?;
    let amount = amount.strip_prefix(|first: char| !first.is_ascii_digit() && first != '.').unwrap_or(amount);
    // The largest money has 19 digits.
    let mut plain = [0; 48];
    let mut length = 0;
    for byte in negative.then_some(b'-').into_iter().chain(amount.bytes().filter(|&byte| byte != b',')) {
        *plain.get_mut(length).ok_or(NO_MONEY)? = byte;
        length += 1;
    }
    let plain = plain.get(..length).unwrap_or_default();
    let decimal = Digits::read(plain).map_err(|_| NO_MONEY)?;
    match options.decimal {
        DecimalHandling::Double => push_double(plain, out),
        DecimalHandling::String => {
            out.push(b'"');
            out.extend_from_slice(plain);
            out.push(b'"');
            Ok(())
        }
        DecimalHandling::Precise => {
            let number = rounded(decimal, options.money_fraction_digits.into());
            push_integer(number.ok_or(NO_MONEY)?, out);
            Ok(())
        }
    }
}

/// The number times 10^`scale`, rounded half away from zero.
fn rounded(decimal: Digits<'_>, scale: usize) -> Option<i128> {
    let (kept, rest) = decimal.fraction.split_at(scale.min(decimal.fraction.len()));
    let zeros = std::iter::repeat_n(&b'0', scale - kept.len());
    let number =
        decimal.whole.iter().chain(kept).chain(zeros).try_fold(0_i128, |number, digit| {
            number.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        })?;
    let up = rest.first().is_some_and(|&digit| digit >= b'5');
    let number = number.checked_add(up.into())?;
    Some(if decimal.negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use proptest::prelude::*;

    use super::*;
    use crate::types::oid;

    fn numeric(text: &str, modifier: i32, handling: DecimalHandling) -> Parsed<String> {
        let mut out = Vec::new();
        let type_ = ColumnType::new(oid::NUMERIC, modifier, "numeric");
        push_numeric(&type_, Encoded::Text(text.as_bytes()), handling, &mut out)?;
        Ok(String::from_utf8(out).unwrap())
    }

    /// `numeric(precision, scale)`
    fn modifier(precision: i32, scale: i32) -> i32 {
        (precision << 16 | (scale & 0x7ff)) + 4
    }

    #[test]
    fn a_column_s_scale_makes_an_integer_in_base64() {
        for (text, scale, expected) in [
            ("1.10", 2, "\"bg==\""),
            ("10", 0, "\"Cg==\""),
            ("22.2200", 4, "\"A2P4\""),
            ("0.00", 2, "\"AA==\""),
            ("-1.28", 2, "\"gA==\""),
            ("1.28", 2, "\"AIA=\""),
            ("-1.29", 2, "\"/38=\""),
            ("1", 2, "\"ZA==\""),
            ("170141183460469231731687303715884105727", 0, "\"f////////////////////w==\""),
        ] {
            assert_eq!(
                numeric(text, modifier(40, scale), DecimalHandling::Precise).as_deref(),
                Ok(expected),
                "{text}"
            );
        }
        assert!(numeric("1.234", modifier(5, 2), DecimalHandling::Precise).is_err());
        assert!(numeric("1.230", modifier(5, 2), DecimalHandling::Precise).is_ok());
    }

    #[test]
    fn without_a_scale_it_stands_beside_the_number() {
        for (text, expected) in [
            ("10.1111", r#"{"scale":4,"value":"AYr3"}"#),
            ("10", r#"{"scale":0,"value":"Cg=="}"#),
            ("1.500", r#"{"scale":1,"value":"Dw=="}"#),
            ("0.000", r#"{"scale":0,"value":"AA=="}"#),
            ("1200", r#"{"scale":0,"value":"BLA="}"#),
        ] {
            assert_eq!(numeric(text, -1, DecimalHandling::Precise).as_deref(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn doubles_and_strings() {
        assert_eq!(numeric("1.10", modifier(3, 2), DecimalHandling::Double).as_deref(), Ok("1.1"));
        assert_eq!(numeric("1.10", modifier(3, 2), DecimalHandling::String).as_deref(), Ok("\"1.10\""));
        assert_eq!(numeric("10.1111", -1, DecimalHandling::String).as_deref(), Ok("\"10.1111\""));
        let huge = "9".repeat(400);
        assert_eq!(numeric(&huge, -1, DecimalHandling::Double).as_deref(), Ok("\"Infinity\""));
    }

    #[test]
    fn no_numbers() {
        for (text, precise, double, string) in [
            ("NaN", "null", "\"NaN\"", "\"NAN\""),
            ("Infinity", "null", "\"Infinity\"", "\"POSITIVE_INFINITY\""),
            ("-Infinity", "null", "\"-Infinity\"", "\"NEGATIVE_INFINITY\""),
        ] {
            assert_eq!(numeric(text, -1, DecimalHandling::Precise).as_deref(), Ok(precise));
            assert_eq!(numeric(text, -1, DecimalHandling::Double).as_deref(), Ok(double));
            assert_eq!(numeric(text, -1, DecimalHandling::String).as_deref(), Ok(string));
        }
        for bad in ["", "1e5", "1.", "x", "--1", "\"1\""] {
            assert!(numeric(bad, -1, DecimalHandling::String).is_err(), "{bad}");
        }
    }

    #[test]
    fn money_with_as_many_digits_as_are_asked_for() {
        let money = |text: &str, options: DebeziumValues| {
            let mut out = Vec::new();
            push_money(text.as_bytes(), &options, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        let options = DebeziumValues::default;
        assert_eq!(money("$1,234.11", options()).as_deref(), Ok("\"AeIT\""));
        assert_eq!(money("-$1,234.11", options()).as_deref(), Ok("\"/h3t\""));
        assert_eq!(money("($1,234.11)", options()).as_deref(), Ok("\"/h3t\""));
        assert_eq!(money("£0.15", options().with_money_fraction_digits(1)).as_deref(), Ok("\"Ag==\""));
        assert_eq!(money("¥7", options()).as_deref(), Ok("\"Arw=\""));
        let double = options().with_decimal(DecimalHandling::Double);
        assert_eq!(money("-$1,234.11", double).as_deref(), Ok("-1234.11"));
        let string = options().with_decimal(DecimalHandling::String);
        assert_eq!(money("$1,234.10", string).as_deref(), Ok("\"1234.10\""));
        for bad in ["", "1.234,56 €", "$", "$$1", "$1.2.3"] {
            assert!(money(bad, options()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_of_a_hundred_thousand_digits_takes_no_while() {
        let text = format!("-{}.5", "123456789".repeat(14_000));
        let written = numeric(&text, -1, DecimalHandling::Precise).unwrap();
        assert!(written.starts_with(r#"{"scale":1,"value":""#));
    }

    proptest! {
        #[test]
        fn large_and_small_numbers_are_made_alike(number: i128, scale in 0..20_usize) {
            let digits = number.unsigned_abs().to_string();
            let digits = digits.bytes().map(|digit| digit - b'0');
            prop_assert_eq!(large(digits, number < 0), fewest(&number.to_be_bytes()).to_vec());
            let point = number.to_string().len().saturating_sub(scale);
            let text = if point > 1 && scale > 0 {
                format!("{}.{}", &number.to_string()[..point], &number.to_string()[point..])
            } else {
                format!("{number}")
            };
            if point > 1 {
                let scale = text.split_once('.').map_or(0, |(_, fraction)| fraction.len()) as i32;
                let written = numeric(&text, modifier(100, scale), DecimalHandling::Precise).unwrap();
                let bytes = base64::engine::general_purpose::STANDARD.decode(written.trim_matches('"')).unwrap();
                prop_assert_eq!(bytes, fewest(&number.to_be_bytes()).to_vec());
            }
        }
    }
}
