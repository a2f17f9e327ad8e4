//! `numeric` with a precision: an integer that counts the last digit after the point.

use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, Decimal256Type, DecimalType};
use arrow_buffer::i256;
use arrow_schema::DataType;

use super::column::{Column, Why};
use super::primitive::primitive;
use crate::types::encoded::Encoded;
use crate::types::numeric::{BinaryGroups, Digits};
use crate::types::{Flaw, PgNumeric};

/// A column of decimals of up to 38 digits.
pub(super) fn decimal128(arrow: DataType, digits: u8, scale: i8) -> Box<dyn Column> {
    let scale = i32::from(scale);
    primitive::<Decimal128Type>(arrow, move |value| read::<Decimal128Type>(value, digits, scale))
}

/// A column of decimals of up to 76 digits.
pub(super) fn decimal256(arrow: DataType, digits: u8, scale: i8) -> Box<dyn Column> {
    let scale = i32::from(scale);
    primitive::<Decimal256Type>(arrow, move |value| read::<Decimal256Type>(value, digits, scale))
}

/// An integer that decimals are held in.
trait Integer: Copy + Default {
    /// Itself with `count` (at most 18) further digits.
    fn with_digits(self, count: u32, digits: u64) -> Option<Self>;

    fn negated(self) -> Self;
}

impl Integer for i128 {
    #[inline]
    fn with_digits(self, count: u32, digits: u64) -> Option<Self> {
        self.checked_mul(10_i128.pow(count))?.checked_add(digits.into())
    }

    fn negated(self) -> Self {
        self.wrapping_neg()
    }
}

impl Integer for i256 {
    fn with_digits(self, count: u32, digits: u64) -> Option<Self> {
        self.checked_mul(Self::from_i128(10_i128.pow(count)))?.checked_add(Self::from_i128(digits.into()))
    }

    fn negated(self) -> Self {
        self.wrapping_neg()
    }
}

/// The most digits that are put together at a time.
const AT_ONCE: u32 = 18;

fn read<T>(value: Encoded<'_>, digits: u8, scale: i32) -> Result<T::Native, Why>
where
    T: DecimalType + ArrowPrimitiveType,
    T::Native: Integer,
{
    let beyond = |what| Why::Inexact(what, 1, digits.into());
    let number = match value {
        Encoded::Text(text) => from_text(text, scale),
        Encoded::Binary(bytes) => from_binary(bytes, scale),
    };
    match number? {
        Number::Special => Err(beyond("is NaN or an infinity, not the digits of a Decimal")),
        Number::Finer => Err(beyond("has digits after the point that its Decimal lacks; all of its")),
        Number::Beyond => Err(beyond("has more digits than its Decimal")),
        Number::Exactly(number) if T::is_valid_decimal_precision(number, digits) => Ok(number),
        Number::Exactly(_) => Err(beyond("has more digits than its Decimal")),
    }
}

/// A number as an integer of some scale.
#[derive(Debug, PartialEq)]
enum Number<I> {
    Exactly(I),
    /// Larger than the integer holds.
    Beyond,
    /// It has digits behind those of the scale.
    Finer,
    Special,
}

impl<I: Integer> Number<I> {
    fn of(number: Option<I>, negative: bool) -> Self {
        match number {
            Some(number) => Self::Exactly(if negative { number.negated() } else { number }),
            None => Self::Beyond,
        }
    }
}

/// Reads what PostgreSQL prints: `-? digits (. digits)?`.
fn from_text<I: Integer>(text: &[u8], scale: i32) -> Result<Number<I>, Flaw> {
    let Ok(Digits { negative, whole, fraction }) = Digits::read(text) else {
        // A special one, or an error that says where.
        return PgNumeric::from_text(text).map(|_| Number::Special);
    };
    let kept = fraction.len().min(usize::try_from(scale).unwrap_or_default());
    let (kept, finer) = fraction.split_at(kept);
    if finer.iter().any(|&digit| digit != b'0') {
        return Ok(Number::Finer);
    }
    let zeros = scale - i32::try_from(kept.len()).unwrap_or(scale);
    let number = append(I::default(), whole).and_then(|number| append(number, kept));
    Ok(Number::of(number.and_then(|number| shifted(number, zeros)), negative))
}

/// The number with these decimal digits behind it; leading zeros cost nothing.
#[inline]
fn append<I: Integer>(mut number: I, digits: &[u8]) -> Option<I> {
    for chunk in digits.chunks(AT_ONCE as usize) {
        let value = chunk.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        number = number.with_digits(chunk.len() as u32, value)?;
    }
    Some(number)
}

/// The number with so many zeros behind it.
fn shifted<I: Integer>(mut number: I, mut zeros: i32) -> Option<I> {
    while zeros > 0 {
        let count = zeros.min(AT_ONCE as i32);
        number = number.with_digits(count.unsigned_abs(), 0)?;
        zeros -= count;
    }
    Some(number)
}

fn from_binary<I: Integer>(bytes: &[u8], scale: i32) -> Result<Number<I>, Flaw> {
    let Some(groups) = BinaryGroups::read(bytes)? else { return Ok(Number::Special) };
    let Some(last) = (0..groups.len()).rfind(|&index| groups.group(index) != 0) else {
        return Ok(Number::Exactly(I::default()));
    };
    // How many digits of the scale stand behind the last group: below zero where some of its own stand behind the scale.
    let behind = scale + 4 * (groups.weight() - i32::try_from(last).unwrap_or(i32::MAX / 8));
    let (kept, finer) = match behind {
        0.. => (4, 1),
        -1 => (3, 10),
        -2 => (2, 100),
        -3 => (1, 1_000),
        // The last group is not zero.
        _ => return Ok(Number::Finer),
    };
    let end = groups.group(last);
    if end % finer != 0 {
        return Ok(Number::Finer);
    }
    let before =
        (0..last).try_fold(I::default(), |number, index| number.with_digits(4, groups.group(index).into()));
    let number = before.and_then(|number| number.with_digits(kept, u64::from(end / finer)));
    // No integer here has more than 77 digits, and the first group is not zero.
    let zeros = behind.clamp(0, 80);
    Ok(Number::of(number.and_then(|number| shifted(number, zeros)), groups.is_negative()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn both<T>(text: &str, digits: u8, scale: i32) -> Result<T::Native, Why>
    where
        T: DecimalType + ArrowPrimitiveType,
        T::Native: Integer,
    {
        let mut binary = Vec::new();
        text.parse::<PgNumeric>().unwrap().write_binary(&mut binary);
        let from_text = read::<T>(Encoded::Text(text.as_bytes()), digits, scale);
        assert_eq!(from_text, read::<T>(Encoded::Binary(&binary), digits, scale), "{text}");
        from_text
    }

    #[test]
    fn a_decimal_is_the_number_exactly_or_an_error() {
        for (text, digits, scale, number) in [
            ("0", 5, 2, Some(0)),
            ("0.00", 5, 2, Some(0)),
            ("-1.5", 5, 2, Some(-150)),
            ("999.99", 5, 2, Some(99_999)),
            ("1000.00", 5, 2, None),
            ("1.005", 5, 2, None),
            ("1.000000", 5, 2, Some(100)),
            ("0.0001", 4, 4, Some(1)),
            ("0.00012", 4, 4, None),
            ("120000", 10, 0, Some(120_000)),
            ("120000.5", 10, 0, None),
            ("1e", 10, 0, None),
            ("NaN", 10, 0, None),
            ("Infinity", 10, 0, None),
            ("12345678901234567890123456789012345678", 38, 0, Some(12345678901234567890123456789012345678)),
            ("99999999999999999999999999999999999999", 38, 0, Some(10_i128.pow(38) - 1)),
            ("100000000000000000000000000000000000000", 38, 0, None),
            ("170141183460469231731687303715884105728", 38, 0, None),
        ] {
            if text.parse::<PgNumeric>().is_err() {
                assert!(matches!(
                    read::<Decimal128Type>(Encoded::Text(text.as_bytes()), 9, 0),
                    Err(Why::Malformed(_))
                ));
                continue;
            }
            assert_eq!(both::<Decimal128Type>(text, digits, scale).ok(), number, "{text}");
            let number = number.map(i256::from_i128);
            assert_eq!(both::<Decimal256Type>(text, digits, scale).ok(), number, "{text}");
        }
        let large = format!("{}.{}", "9".repeat(40), "9".repeat(36));
        let number = i256::from_string(&"9".repeat(76));
        assert_eq!(both::<Decimal256Type>(&large, 76, 36).ok(), number);
        assert!(both::<Decimal256Type>(&format!("1{large}"), 76, 36).is_err());
        assert!(both::<Decimal256Type>(&"9".repeat(131_072), 76, 0).is_err());
        assert!(both::<Decimal128Type>(&format!("1{}", "0".repeat(131_071)), 38, 0).is_err());
    }

    proptest! {
        #[test]
        fn both_encodings_give_the_digits(whole in "0|[1-9][0-9]{0,24}", fraction in "[0-9]{0,12}", minus: bool) {
            let point = if fraction.is_empty() { "" } else { "." };
            let text = format!("{}{whole}{point}{fraction}", if minus { "-" } else { "" });
            let digits = format!("{}{whole}{fraction:0<12}", if minus { "-" } else { "" });
            prop_assert_eq!(both::<Decimal128Type>(&text, 38, 12).ok(), digits.parse().ok());
            prop_assert_eq!(both::<Decimal256Type>(&text, 76, 12).ok(), i256::from_string(&digits));
        }

        #[test]
        fn any_binary_is_the_decimal_that_its_text_is(
            groups in prop::collection::vec(prop_oneof![0..10_000_u16, Just(0), Just(1_000), Just(9_999)], 0..8),
            weight in -4..8_i16,
            minus: bool,
            shown in 0..20_u16,
            scale in 0..20,
        ) {
            let words = [groups.len() as u16, weight as u16, if minus { 0x4000 } else { 0 }, shown];
            let binary: Vec<u8> = words.iter().chain(&groups).flat_map(|word| word.to_be_bytes()).collect();
            let mut text = Vec::new();
            crate::types::numeric::write_text_from_binary(&binary, &mut text).unwrap();
            for digits in [5, 38, 76] {
                let read_both = |value| read::<Decimal256Type>(value, digits, scale);
                prop_assert_eq!(read_both(Encoded::Binary(&binary)), read_both(Encoded::Text(&text)));
            }
            let read_both = |value| read::<Decimal128Type>(value, 38, scale);
            prop_assert_eq!(read_both(Encoded::Binary(&binary)), read_both(Encoded::Text(&text)));
        }
    }
}
