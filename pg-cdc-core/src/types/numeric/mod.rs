//! `numeric`: a decimal number of any length, exactly.
//!
//! Follows `src/backend/utils/adt/numeric.c`: digits in base 10 000, the power of the first (`weight`), and how many
//! decimal digits are shown after the point (`dscale`).

mod binary;
mod text;

use std::fmt;
use std::str::FromStr;

use super::{TypeError, oid};

#[cfg(feature = "arrow")]
pub(super) use binary::Groups as BinaryGroups;
pub(super) use binary::write_text as write_text_from_binary;
pub(super) use text::Digits;

/// The most digits after the point that PostgreSQL keeps (`NUMERIC_MAX_DISPLAY_SCALE` bits of the stored form).
const MAX_SCALE: usize = 0x3fff;
/// The most groups of four digits before the point that PostgreSQL keeps.
const MAX_GROUPS: usize = 0x8000;

/// A `numeric`: exact decimal digits with their trailing zeros, NaN or an infinity.
///
/// Two are equal when they print the same: `1.0` is not `1.00`. Numbers of up to about 37 digits are held in place, longer
/// ones on the heap.
///
/// ```
/// use pg_cdc_core::types::PgNumeric;
///
/// let price: PgNumeric = "-1234567.8900".parse()?;
/// assert_eq!(price.to_string(), "-1234567.8900");
/// assert_eq!(price.scale(), 4);
/// assert_eq!("12e3".parse::<PgNumeric>().ok(), None);
/// assert_eq!(PgNumeric::from(42).to_i128(), Some(42));
/// assert!("NaN".parse::<PgNumeric>()?.is_nan());
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PgNumeric {
    sign: Sign,
    /// The power of 10 000 that the first group counts.
    weight: i16,
    scale: u16,
    groups: Groups,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Sign {
    Positive,
    Negative,
    NaN,
    Infinity,
    NegInfinity,
}

/// Groups of four decimal digits, the first and the last not zero.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Groups {
    /// The first `.0` of `.1`, the rest zero.
    Few(u8, [u16; FEW]),
    /// More than [`FEW`].
    Many(Box<[u16]>),
}

const FEW: usize = 10;

impl Groups {
    const NONE: Self = Self::Few(0, [0; FEW]);

    fn from_fn(length: usize, group: impl Fn(usize) -> u16) -> Self {
        if length > FEW {
            return Self::Many((0..length).map(group).collect());
        }
        let mut few = [0; FEW];
        for (index, place) in few.iter_mut().enumerate().take(length) {
            *place = group(index);
        }
        Self::Few(length as u8, few)
    }

    fn as_slice(&self) -> &[u16] {
        match self {
            Self::Few(length, groups) => groups.get(..usize::from(*length)).unwrap_or_default(),
            Self::Many(groups) => groups,
        }
    }
}

impl PgNumeric {
    /// `NaN`
    pub const NAN: Self = Self::special(Sign::NaN);
    /// `Infinity`
    pub const INFINITY: Self = Self::special(Sign::Infinity);
    /// `-Infinity`
    pub const NEG_INFINITY: Self = Self::special(Sign::NegInfinity);

    const fn special(sign: Sign) -> Self {
        Self { sign, weight: 0, scale: 0, groups: Groups::NONE }
    }

    /// Puts a number together from any groups: zeros at the ends are taken off, and a zero has no sign.
    ///
    /// `None` if it has more digits before the point than PostgreSQL keeps.
    fn assemble(
        negative: bool,
        weight: i32,
        scale: u16,
        length: usize,
        group: impl Fn(usize) -> u16,
    ) -> Option<Self> {
        let is_set = |&index: &usize| group(index) != 0;
        let Some(first) = (0..length).find(is_set) else {
            return Some(Self { sign: Sign::Positive, weight: 0, scale, groups: Groups::NONE });
        };
        let end = (first..length).rfind(is_set).map_or(length, |last| last + 1);
        Some(Self {
            sign: if negative { Sign::Negative } else { Sign::Positive },
            weight: i16::try_from(weight - i32::try_from(first).ok()?).ok()?,
            scale,
            groups: Groups::from_fn(end - first, |index| group(first + index)),
        })
    }

    /// How many digits are shown after the point; 0 for NaN and the infinities.
    #[must_use]
    pub const fn scale(&self) -> u16 {
        self.scale
    }

    /// Whether it is NaN.
    #[must_use]
    pub const fn is_nan(&self) -> bool {
        matches!(self.sign, Sign::NaN)
    }

    /// Whether it is a number: neither NaN nor an infinity.
    #[must_use]
    pub const fn is_finite(&self) -> bool {
        matches!(self.sign, Sign::Positive | Sign::Negative)
    }

    /// Whether it is below zero.
    #[must_use]
    pub const fn is_negative(&self) -> bool {
        matches!(self.sign, Sign::Negative | Sign::NegInfinity)
    }

    /// The same number as an integer, if it is one (`5.00` is) and an `i128` can hold it.
    #[must_use]
    pub fn to_i128(&self) -> Option<i128> {
        let groups = self.groups.as_slice();
        if groups.is_empty() {
            return self.is_finite().then_some(0);
        }
        // 10 000^10 is more than an i128 can hold.
        let places = usize::try_from(self.weight).ok().filter(|&weight| weight < 10)? + 1;
        if groups.len() > places {
            return None;
        }
        let sign = if self.is_negative() { -1 } else { 1 };
        (0..places).try_fold(0i128, |sum, place| {
            let group = i128::from(groups.get(place).copied().unwrap_or(0));
            sum.checked_mul(10_000)?.checked_add(sign * group)
        })
    }

    /// The same number as a float, if an `f64` holds it exactly: `0.5` but not `0.1`. NaN and the infinities are theirs.
    #[must_use]
    pub fn to_f64(&self) -> Option<f64> {
        match self.sign {
            Sign::NaN => return Some(f64::NAN),
            Sign::Infinity => return Some(f64::INFINITY),
            Sign::NegInfinity => return Some(f64::NEG_INFINITY),
            Sign::Positive | Sign::Negative if self.groups.as_slice().is_empty() => return Some(0.0),
            Sign::Positive | Sign::Negative => {}
        }
        let mut text = Vec::new();
        self.write_text(&mut text);
        let text = std::str::from_utf8(&text).ok()?;
        let text = if self.scale > 0 { text.trim_end_matches('0').trim_end_matches('.') } else { text };
        let float: f64 = text.parse().ok()?;
        // With as many digits as there are a float is printed as its exact value, unless it has more of them.
        let digits = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let bits = float.to_bits();
        let exponent = i64::try_from(bits >> 52 & 0x7ff).ok()?.max(1) - 1_075;
        let mantissa = bits & ((1 << 52) - 1);
        let halves = if mantissa == 0 { 52 } else { i64::from(mantissa.trailing_zeros()) };
        let exact_digits = usize::try_from(-exponent - halves).unwrap_or(0);
        (float.is_finite() && exact_digits <= digits && format!("{float:.digits$}") == text).then_some(float)
    }

    pub(crate) fn from_text(text: &[u8]) -> super::Parsed<Self> {
        text::read(text)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> super::Parsed<Self> {
        binary::read(bytes)
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        let groups = self.groups.as_slice();
        let group = |index: usize| groups.get(index).copied().unwrap_or(0);
        text::write(self.sign, self.weight, self.scale, groups.len(), group, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        binary::write(self, out);
    }
}

macro_rules! from_integer {
    ($($integer:ty),*) => {$(
        /// Exactly, with scale 0.
        impl From<$integer> for PgNumeric {
            fn from(value: $integer) -> Self {
                let mut rest = u128::from(value.unsigned_abs());
                let mut groups = [0; FEW];
                for group in groups.iter_mut().rev() {
                    *group = (rest % 10_000) as u16;
                    rest /= 10_000;
                }
                let group = |index: usize| groups.get(index).copied().unwrap_or(0);
                // Ten groups hold any i128 but the 39th digit of the largest, and no integer here has that many.
                Self::assemble(value < 0, FEW as i32 - 1, 0, FEW, group).unwrap_or(Self::NAN)
            }
        }
    )*};
}

from_integer!(i16, i32, i64);

impl FromStr for PgNumeric {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::NUMERIC))
    }
}

super::text_is_display!(PgNumeric);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn binary(number: &PgNumeric) -> Vec<u8> {
        let mut out = Vec::new();
        number.write_binary(&mut out);
        out
    }

    #[test]
    fn what_is_not_a_number_is_refused_with_its_place() {
        for (text, at) in [
            ("", 0),
            ("-", 1),
            (".", 0),
            ("1.", 2),
            (".5", 0),
            ("1e5", 1),
            ("+1", 0),
            ("1,5", 1),
            ("1.5.", 3),
            ("1.5x", 3),
            ("nan", 0),
            (" 1", 0),
        ] {
            assert_eq!(text.parse::<PgNumeric>().unwrap_err().offset(), Some(at), "{text:?}");
        }
    }

    #[test]
    fn the_largest_that_postgresql_has_and_no_more() {
        for good in [
            "9".repeat(131_072),
            format!("-0.{}", "9".repeat(16_383)),
            format!("{}.{}", "1".repeat(131_072), "0".repeat(16_383)),
        ] {
            let number: PgNumeric = good.parse().unwrap();
            assert_eq!(number.to_string(), good);
            assert_eq!(PgNumeric::from_binary(&binary(&number)), Ok(number));
        }
        for bad in [format!("1{}", "0".repeat(131_072)), format!("0.{}", "0".repeat(16_384))] {
            assert!(bad.parse::<PgNumeric>().is_err());
        }
        assert_eq!(format!("{}5", "0".repeat(1_000_000)).parse(), Ok(PgNumeric::from(5)));
    }

    #[test]
    fn integers_are_exact_or_nothing() {
        for (text, integer) in [
            ("0.00", Some(0)),
            ("-5.00", Some(-5)),
            ("5.01", None),
            ("0.5", None),
            ("NaN", None),
            ("Infinity", None),
            ("170141183460469231731687303715884105727", Some(i128::MAX)),
            ("-170141183460469231731687303715884105728", Some(i128::MIN)),
            ("170141183460469231731687303715884105728", None),
            ("120000", Some(120_000)),
        ] {
            assert_eq!(text.parse::<PgNumeric>().unwrap().to_i128(), integer, "{text}");
        }
    }

    #[test]
    fn floats_are_exact_or_nothing() {
        for (text, float) in [
            ("0", Some(0.0)),
            ("0.00", Some(0.0)),
            ("9.50", Some(9.5)),
            ("-0.125", Some(-0.125)),
            ("1000", Some(1_000.0)),
            ("0.1", None),
            ("9007199254740993", None),
            ("9007199254740994", Some(9_007_199_254_740_994.0)),
            ("Infinity", Some(f64::INFINITY)),
        ] {
            assert_eq!(text.parse::<PgNumeric>().unwrap().to_f64(), float, "{text}");
        }
        assert!(PgNumeric::NAN.to_f64().unwrap().is_nan());
        assert_eq!("9".repeat(400).parse::<PgNumeric>().unwrap().to_f64(), None);
        for float in [f64::MIN_POSITIVE, f64::from_bits(1), f64::MAX, 0.1, 1.0 / 3.0] {
            let exact: PgNumeric = format!("{float:.1100}").parse().unwrap();
            assert_eq!(exact.to_f64(), Some(float));
            let beside: PgNumeric = format!("{float:.1100}1").parse().unwrap();
            assert_eq!(beside.to_f64(), None);
        }
    }

    proptest! {
        #[test]
        fn text_value_and_binary_go_there_and_back(text in "-?(0|[1-9][0-9]{0,60})(\\.[0-9]{1,60})?|-?0\\.0{0,40}[0-9]{1,9}|-?[1-9]0{0,40}(\\.0{1,40})?") {
            let number: PgNumeric = text.parse().unwrap();
            let zero = text.bytes().all(|byte| matches!(byte, b'-' | b'.' | b'0'));
            prop_assert_eq!(number.to_string(), if zero { text.trim_start_matches('-') } else { &text });
            let bytes = binary(&number);
            prop_assert_eq!(&PgNumeric::from_binary(&bytes), &Ok(number));
            let mut out = Vec::new();
            write_text_from_binary(&bytes, &mut out).unwrap();
            prop_assert_eq!(String::from_utf8(out).unwrap().parse::<PgNumeric>(), text.parse());
        }

        #[test]
        fn integers_go_there_and_back(integer: i64) {
            let number = PgNumeric::from(integer);
            prop_assert_eq!(number.to_string(), integer.to_string());
            prop_assert_eq!(number.to_i128(), Some(i128::from(integer)));
        }

        #[test]
        fn random_binary_gives_a_number_or_an_error_in_bounded_memory(
            header in prop::array::uniform8(any::<u8>()),
            groups in prop::collection::vec(prop_oneof![0..10_000u16, 9_990..10_010u16, Just(0)], 0..6),
            tidy: bool,
        ) {
            let mut bytes = header.to_vec();
            if tidy {
                bytes[..2].copy_from_slice(&(groups.len() as u16).to_be_bytes());
                bytes[4] = if bytes[4] & 1 == 0 { 0 } else { 0x40 };
                bytes[5] = 0;
                bytes[6] &= 0x3f;
            }
            bytes.extend(groups.iter().flat_map(|group| group.to_be_bytes()));
            let mut out = Vec::new();
            let written = write_text_from_binary(&bytes, &mut out);
            prop_assert!(out.len() < 131_072 + 16_383 + 3);
            match PgNumeric::from_binary(&bytes) {
                Ok(number) => {
                    prop_assert_eq!(written, Ok(()));
                    let text = String::from_utf8(out).unwrap();
                    if text.trim_start_matches('-') == number.to_string().trim_start_matches('-') {
                        prop_assert_eq!(text.parse::<PgNumeric>(), Ok(number));
                    } else {
                        prop_assert_eq!(text, number.to_string());
                    }
                }
                Err(_) => prop_assert!(written.is_err()),
            }
        }
    }
}
