//! `numeric` as text.

use super::{MAX_GROUPS, MAX_SCALE, PgNumeric, Sign};
use crate::types::{Flaw, Parsed};

/// Reads `-? digits (. digits)?`, `NaN`, `Infinity` or `-Infinity`: what PostgreSQL prints.
pub(super) fn read(text: &[u8]) -> Parsed<PgNumeric> {
    match text {
        b"NaN" => return Ok(PgNumeric::NAN),
        b"Infinity" => return Ok(PgNumeric::INFINITY),
        b"-Infinity" => return Ok(PgNumeric::NEG_INFINITY),
        _ => {}
    }
    let Digits { negative, whole, fraction } = Digits::read(text)?;
    let zeros = whole.iter().take_while(|&&digit| digit == b'0').count();
    let whole = whole.get(zeros..).unwrap_or_default();
    let whole_groups = whole.len().div_ceil(4);
    let scale = u16::try_from(fraction.len()).ok().filter(|&scale| usize::from(scale) <= MAX_SCALE);
    let (Some(scale), ..=MAX_GROUPS) = (scale, whole_groups) else {
        return Err(Flaw::new("has more digits than PostgreSQL keeps"));
    };
    let group = |index: usize| {
        if index < whole_groups {
            let end = whole.len() - 4 * (whole_groups - 1 - index);
            number(whole.get(end.saturating_sub(4)..end).unwrap_or_default())
        } else {
            let start = 4 * (index - whole_groups);
            let digits = fraction.get(start..fraction.len().min(start + 4)).unwrap_or_default();
            number(digits) * [10_000, 1_000, 100, 10, 1][digits.len().min(4)] as u16
        }
    };
    let length = whole_groups + fraction.len().div_ceil(4);
    PgNumeric::assemble(negative, whole_groups as i32 - 1, scale, length, group)
        .ok_or(Flaw::new("has more digits than PostgreSQL keeps"))
}

/// A finite number's digits, as they stand in its text.
#[derive(Clone, Copy)]
pub(in crate::types) struct Digits<'a> {
    pub(in crate::types) negative: bool,
    pub(in crate::types) whole: &'a [u8],
    pub(in crate::types) fraction: &'a [u8],
}

impl<'a> Digits<'a> {
    /// Reads `-? digits (. digits)?`.
    #[inline]
    pub(in crate::types) fn read(text: &'a [u8]) -> Parsed<Self> {
        let (negative, unsigned) = match text.strip_prefix(b"-") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, rest) = split_digits(unsigned);
        let (fraction, rest) = match rest.strip_prefix(b".") {
            Some(rest) if !whole.is_empty() => split_digits(rest),
            _ => (&[][..], rest),
        };
        let has_point = text.len() - rest.len() > usize::from(negative) + whole.len();
        if whole.is_empty() || !rest.is_empty() || (has_point && fraction.is_empty()) {
            return Err(Flaw::at("is not a decimal number", text.len() - rest.len()));
        }
        Ok(Self { negative, whole, fraction })
    }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn number(digits: &[u8]) -> u16 {
    digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'))
}

/// Appends a number as `numeric_out` prints it (`get_str_from_var`): at most 131 072 digits, the point, and `scale`
/// digits, those that are hidden beyond the scale left away.
pub(super) fn write(
    sign: Sign,
    weight: i16,
    scale: u16,
    length: usize,
    group: impl Fn(usize) -> u16,
    out: &mut Vec<u8>,
) {
    match sign {
        Sign::NaN => return out.extend_from_slice(b"NaN"),
        Sign::Infinity => return out.extend_from_slice(b"Infinity"),
        Sign::NegInfinity => return out.extend_from_slice(b"-Infinity"),
        Sign::Negative => out.push(b'-'),
        Sign::Positive => {}
    }
    // The group that counts 10 000^power.
    let at_power = |power: i32| {
        let index = usize::try_from(i32::from(weight) - power).ok().filter(|&index| index < length);
        index.map_or(0, &group)
    };
    let highest = if length == 0 { -1 } else { i32::from(weight) };
    if highest < 0 {
        out.push(b'0');
    } else {
        let first = four_digits(at_power(highest));
        let zeros = first.iter().take(3).take_while(|&&digit| digit == b'0').count();
        out.extend_from_slice(first.get(zeros..).unwrap_or_default());
        for power in (0..highest).rev() {
            out.extend_from_slice(&four_digits(at_power(power)));
        }
    }
    if scale != 0 {
        out.push(b'.');
        let end = out.len() + usize::from(scale);
        for power in 1..=i32::from(scale).div_euclid(4) + 1 {
            out.extend_from_slice(&four_digits(at_power(-power)));
        }
        out.truncate(end);
    }
}

fn four_digits(group: u16) -> [u8; 4] {
    [group / 1_000, group / 100 % 10, group / 10 % 10, group % 10].map(|digit| b'0' + digit as u8)
}
