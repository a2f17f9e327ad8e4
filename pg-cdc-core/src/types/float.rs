//! `float4` and `float8`
//!
//! A float is printed as PostgreSQL 12 and later print it with `extra_float_digits` above 0
//! (`src/common/d2s.c`, `f2s.c`): the shortest digits that read back as the same number, with two habits of its own.
//! Digits that lie exactly half way to the neighbouring float are not used even where rounding to even would read
//! them back (`1e23` is `9.999999999999999e+22`); and the notation is that of C's `%g`: an exponent, of at least two
//! digits and always signed, below 1e-4 and from 1e15 (float8) or 1e6 (float4) on.

use super::json::is_json_number;
use super::{Flaw, Parsed, fixed};

/// Appends PostgreSQL's text form.
///
/// ```
/// use pg_cdc_core::types::write_float8;
/// let mut out = Vec::new();
/// for value in [0.1, 1e15, 123456.0, 1e-7, -0.0, f64::NAN, f64::NEG_INFINITY] {
///     write_float8(value, &mut out);
///     out.push(b' ');
/// }
/// assert_eq!(out, b"0.1 1e+15 123456 1e-07 -0 NaN -Infinity ");
/// ```
pub fn write_float8(value: f64, out: &mut Vec<u8>) {
    if write_special(value, out) {
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let mut decimal = Decimal::parse(buffer.format_finite(value.abs()).as_bytes());
    let bits = value.to_bits();
    if bits & 1 == 0 && decimal.may_be_half_way(53, value.abs() >= 2f64.powi(53)) {
        let fraction = bits & ((1 << 52) - 1);
        let float = Float::new(fraction, (bits >> 52 & 0x7ff) as i32, 52, 1_023);
        decimal = float.without_half_ways(decimal, value.abs(), |text| text.parse() == Ok(value.abs()));
    }
    decimal.write(15, out);
}

/// Appends PostgreSQL's text form.
///
/// ```
/// let mut out = Vec::new();
/// pg_cdc_core::types::write_float4(1_234_567.0, &mut out);
/// assert_eq!(out, b"1.234567e+06");
/// ```
pub fn write_float4(value: f32, out: &mut Vec<u8>) {
    if write_special(f64::from(value), out) {
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let mut decimal = Decimal::parse(buffer.format_finite(value.abs()).as_bytes());
    let bits = value.to_bits();
    if bits & 1 == 0 && decimal.may_be_half_way(24, value.abs() >= 2f32.powi(24)) {
        let fraction = u64::from(bits & ((1 << 23) - 1));
        let float = Float::new(fraction, (bits >> 23 & 0xff) as i32, 23, 127);
        decimal =
            float.without_half_ways(decimal, f64::from(value.abs()), |text| text.parse() == Ok(value.abs()));
    }
    decimal.write(6, out);
}

/// Writes the sign, and what has no digits; whether that was all.
fn write_special(value: f64, out: &mut Vec<u8>) -> bool {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return true;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    if value.is_infinite() {
        out.extend_from_slice(b"Infinity");
    } else if value == 0.0 {
        out.push(b'0');
    } else {
        return false;
    }
    true
}

pub(super) fn float4_from_binary(bytes: &[u8]) -> Parsed<f32> {
    fixed(bytes).map(f32::from_be_bytes)
}

pub(super) fn float8_from_binary(bytes: &[u8]) -> Parsed<f64> {
    fixed(bytes).map(f64::from_be_bytes)
}

pub(super) fn float4_from_text(text: &[u8]) -> Parsed<f32> {
    from_text(text, f32::is_infinite, |value| value == 0.0)
}

pub(super) fn float8_from_text(text: &[u8]) -> Parsed<f64> {
    from_text(text, f64::is_infinite, |value| value == 0.0)
}

/// Reads what PostgreSQL prints, and none of the other spellings that Rust takes (`inf`, `+1`, `1e999`).
fn from_text<T: std::str::FromStr + Copy>(
    text: &[u8],
    is_infinite: impl Fn(T) -> bool,
    is_zero: impl Fn(T) -> bool,
) -> Parsed<T> {
    const NO_NUMBER: Flaw = Flaw::new("is not a number");
    let number = std::str::from_utf8(text).map_err(|_| NO_NUMBER)?;
    if matches!(number, "NaN" | "Infinity" | "-Infinity") {
        return number.parse().map_err(|_| NO_NUMBER);
    }
    if !is_json_number(text) {
        return Err(NO_NUMBER);
    }
    let value = number.parse().map_err(|_| NO_NUMBER)?;
    let mantissa = text.iter().take_while(|byte| !matches!(byte, b'e' | b'E'));
    if is_infinite(value) || is_zero(value) && mantissa.clone().any(|byte| matches!(byte, b'1'..=b'9')) {
        return Err(Flaw::new("is out of the type's range"));
    }
    Ok(value)
}

/// `digits` × 10^`exponent`, the last of the digits not 0 unless the number is.
#[derive(Clone, Copy)]
pub(super) struct Decimal {
    pub(super) digits: u64,
    pub(super) exponent: i32,
}

impl Decimal {
    /// Reads `12.5`, `1e20`, `1.5e-7`: what ryu and `{:e}` print of a positive number, of 17 digits at most.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut digits: u64 = 0;
        let mut exponent = 0;
        let mut point = false;
        let mut bytes = text.iter();
        for &byte in bytes.by_ref() {
            match byte {
                b'0'..=b'9' => {
                    digits = digits.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
                    exponent -= i32::from(point);
                }
                b'.' => point = true,
                _ => break,
            }
        }
        let mut shift = 0;
        let mut negative = false;
        for &byte in bytes {
            match byte {
                b'-' => negative = true,
                _ => shift = shift * 10 + i32::from(byte.wrapping_sub(b'0')),
            }
        }
        exponent += if negative { -shift } else { shift };
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Self { digits, exponent }
    }

    /// Whether it could lie half way between two floats of so many bits; for nearly all numbers a glance says no.
    ///
    /// Half way takes one bit more than a float has. Integers that a float holds exactly (`large` is false) are not
    /// it; above those, 5^exponent is a factor of that one bit more. Below the point, each decimal digit takes more
    /// than two bits of the decimal's digits in addition.
    fn may_be_half_way(self, bits: u32, large: bool) -> bool {
        match self.exponent {
            0..=24 => large,
            -24..0 => self.digits >= 1 << bits,
            _ => false,
        }
    }

    /// Writes as `to_chars` does: with an exponent below 1e-4 and from 10^`limit` on.
    fn write(self, limit: i32, out: &mut Vec<u8>) {
        let mut buffer = itoa::Buffer::new();
        let digits = buffer.format(self.digits).as_bytes();
        let length = digits.len() as i32;
        let shown = self.exponent + length - 1;
        let zeros = |count: i32, out: &mut Vec<u8>| out.extend((0..count).map(|_| b'0'));
        if !(-4..limit).contains(&shown) {
            let (first, rest) = digits.split_at(1);
            out.extend_from_slice(first);
            if !rest.is_empty() {
                out.push(b'.');
                out.extend_from_slice(rest);
            }
            out.extend_from_slice(if shown < 0 { b"e-" } else { b"e+" });
            zeros(i32::from(shown.abs() < 10), out);
            out.extend_from_slice(itoa::Buffer::new().format(shown.abs()).as_bytes());
        } else if self.exponent >= 0 {
            out.extend_from_slice(digits);
            zeros(self.exponent, out);
        } else if shown >= 0 {
            let (whole, fraction) = digits.split_at(shown as usize + 1);
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        } else {
            out.extend_from_slice(b"0.");
            zeros(-shown - 1, out);
            out.extend_from_slice(digits);
        }
    }
}

/// A positive float: `mantissa` × 2^`exponent`.
struct Float {
    mantissa: u64,
    exponent: i32,
    /// Whether the float below is only half as far away as the one above.
    near_below: bool,
}

impl Float {
    fn new(fraction: u64, biased: i32, bits: u32, bias: i32) -> Self {
        let exponent = biased.max(1) - bias - bits as i32;
        let hidden = if biased == 0 { 0 } else { 1 << bits };
        Self { mantissa: fraction | hidden, exponent, near_below: fraction == 0 && biased > 1 }
    }

    /// Whether `decimal` lies exactly half way to the float above or below.
    fn is_half_way(&self, decimal: Decimal) -> bool {
        let above = (2 * self.mantissa + 1, self.exponent - 1);
        let below = match self.near_below {
            false => (2 * self.mantissa - 1, self.exponent - 1),
            true => (4 * self.mantissa - 1, self.exponent - 2),
        };
        [above, below].into_iter().any(|(odd, exponent)| is_equal(decimal, odd, exponent))
    }

    /// `decimal`, or the next best digits if it lies exactly half way to a neighbour.
    #[cold]
    fn without_half_ways(&self, decimal: Decimal, value: f64, reads_back: impl Fn(&str) -> bool) -> Decimal {
        if !self.is_half_way(decimal) {
            return decimal;
        }
        let fits = |candidate: Decimal| {
            let text = format!("{}e{}", candidate.digits, candidate.exponent);
            reads_back(&text) && !self.is_half_way(Decimal::parse(text.as_bytes()))
        };
        for precision in 0..17 {
            // The nearest number of so many digits, or the one above it where that is the bound itself.
            let text = format!("{value:.precision$e}");
            let mut nearest = Decimal::parse(text.as_bytes());
            if fits(nearest) {
                return nearest;
            }
            while nearest.digits != 0 && nearest.digits.ilog10() < precision as u32 {
                nearest = Decimal { digits: nearest.digits * 10, exponent: nearest.exponent - 1 };
            }
            let above = Decimal { digits: nearest.digits + 1, ..nearest };
            if fits(above) {
                return Decimal::parse(format!("{}e{}", above.digits, above.exponent).as_bytes());
            }
        }
        decimal
    }
}

/// Whether the decimal is `odd` × 2^`exponent`, exactly; `odd` is odd and has at most 56 bits.
fn is_equal(decimal: Decimal, odd: u64, exponent: i32) -> bool {
    let Some(power) = 5u64.checked_pow(decimal.exponent.unsigned_abs()).map(u128::from) else {
        return false;
    };
    // digits × 5^e × 2^e = odd × 2^exponent, with the negative power of five brought to the other side.
    let (left, right) = match decimal.exponent {
        0.. => (u128::from(decimal.digits) * power, u128::from(odd)),
        _ => (u128::from(decimal.digits), u128::from(odd) * power),
    };
    let twos = left.trailing_zeros();
    left >> twos == right && twos as i32 + decimal.exponent == exponent
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn float8(value: f64) -> String {
        let mut out = Vec::new();
        write_float8(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn float4(value: f32) -> String {
        let mut out = Vec::new();
        write_float4(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn half_ways_are_not_used() {
        // As PostgreSQL 15 prints them.
        assert_eq!(float8(1e23), "9.999999999999999e+22");
        assert_eq!(float8(-1e22), "-1e+22");
        assert_eq!(float4(8_589_934_592.0), "8.589935e+09");
    }

    #[test]
    fn only_postgresql_s_spellings_are_read() {
        for bad in [
            "", "inf", "infinity", "nan", "+1", " 1", "1 ", "0x1", "1e", "e1", "-", "1_0", "1e309", "-1e-324",
        ] {
            assert!(float8_from_text(bad.as_bytes()).is_err(), "{bad}");
        }
        assert_eq!(float8_from_text(b"-Infinity"), Ok(f64::NEG_INFINITY));
        assert!(float8_from_text(b"NaN").unwrap().is_nan());
        assert_eq!(float4_from_text(b"1e-45"), Ok(1e-45));
        assert_eq!(float4_from_text(b"-0.00").map(f32::to_bits), Ok((-0.0f32).to_bits()));
        assert!(float4_from_text(b"1e39").is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        #[test]
        fn every_float8_reads_back(bits: u64) {
            let value = f64::from_bits(bits);
            let back = float8_from_text(float8(value).as_bytes()).unwrap();
            prop_assert!(back.to_bits() == bits || value.is_nan() && back.is_nan());
        }

        #[test]
        fn every_float4_reads_back(bits: u32) {
            let value = f32::from_bits(bits);
            let back = float4_from_text(float4(value).as_bytes()).unwrap();
            prop_assert!(back.to_bits() == bits || value.is_nan() && back.is_nan());
        }
    }
}
