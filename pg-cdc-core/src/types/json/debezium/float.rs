//! Floats as Java prints them: `JsonConverter` leaves them to `Double.toString` and `Float.toString`.

use crate::types::{Parsed, float};

/// Appends a float8: a number, or a string where JSON has no such number.
pub(super) fn push_float8(value: f64, out: &mut Vec<u8>) {
    if value.is_finite() {
        push_digits(ryu::Buffer::new().format_finite(value), out);
    } else {
        push_special(value, out);
    }
}

/// Appends a float4.
pub(super) fn push_float4(value: f32, out: &mut Vec<u8>) {
    if value.is_finite() {
        push_digits(ryu::Buffer::new().format_finite(value), out);
    } else {
        push_special(value.into(), out);
    }
}

/// Appends the float8 in `text`.
pub(super) fn push_float8_text(text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    push_float8(float::float8_from_text(text)?, out);
    Ok(())
}

fn push_special(value: f64, out: &mut Vec<u8>) {
    out.extend_from_slice(if value.is_nan() {
        b"\"NaN\""
    } else if value > 0.0 {
        b"\"Infinity\""
    } else {
        b"\"-Infinity\""
    });
}

/// Appends the shortest digits in Java's notation: with a point always, and from 10^7 on and below 10^-3 with an
/// exponent, `1.5E-7`.
fn push_digits(shortest: &str, out: &mut Vec<u8>) {
    let unsigned = match shortest.strip_prefix('-') {
        Some(unsigned) => {
            out.push(b'-');
            unsigned
        }
        None => shortest,
    };
    let (mantissa, exponent) = unsigned.split_once('e').unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    // At most 17 digits and the zeros that ryu writes out.
    let mut digits = [0_u8; 40];
    let mut length = 0;
    for (place, digit) in digits.iter_mut().zip(whole.bytes().chain(fraction.bytes())) {
        *place = digit;
        length += 1;
    }
    let all = digits.get(..length).unwrap_or_default();
    let zeros = all.iter().take_while(|&&digit| digit == b'0').count();
    let significant = all.get(zeros..).unwrap_or_default();
    let end = significant.iter().rposition(|&digit| digit != b'0').map_or(0, |last| last + 1);
    let significant = significant.get(..end).unwrap_or_default();
    if significant.is_empty() {
        return out.extend_from_slice(b"0.0");
    }
    // The number is d.ddd × 10^power.
    let power = exponent.parse::<i32>().unwrap_or(0) + whole.len() as i32 - 1 - zeros as i32;
    if !(-3..7).contains(&power) {
        push_point(significant, 1, out);
        out.push(b'E');
        out.extend_from_slice(itoa::Buffer::new().format(power).as_bytes());
    } else if power < 0 {
        out.extend_from_slice(b"0.");
        out.extend(std::iter::repeat_n(b'0', (-1 - power) as usize));
        out.extend_from_slice(significant);
    } else {
        push_point(significant, power as usize + 1, out);
    }
}

/// Appends `digits` with the point behind the first `before` of them, zeros where there are not as many.
fn push_point(digits: &[u8], before: usize, out: &mut Vec<u8>) {
    let (whole, fraction) = digits.split_at(before.min(digits.len()));
    out.extend_from_slice(whole);
    out.extend(std::iter::repeat_n(b'0', before - whole.len()));
    out.push(b'.');
    out.extend_from_slice(if fraction.is_empty() { b"0" } else { fraction });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn double(value: f64) -> String {
        let mut out = Vec::new();
        push_float8(value, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn notation_is_java_s() {
        for (value, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (2.5, "2.5"),
            (-1234.5, "-1234.5"),
            (9_999_999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12_345_678.9, "1.23456789E7"),
            (0.001, "0.001"),
            (0.0012, "0.0012"),
            (0.00099, "9.9E-4"),
            (1e-5, "1.0E-5"),
            (1e22, "1.0E22"),
            (1.7976931348623157e308, "1.7976931348623157E308"),
            (2.2250738585072014e-308, "2.2250738585072014E-308"),
            (f64::NAN, "\"NaN\""),
            (f64::INFINITY, "\"Infinity\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ] {
            assert_eq!(double(value), text);
        }
        let mut out = Vec::new();
        push_float4(3.3, &mut out);
        push_float4(16_777_216.0, &mut out);
        assert_eq!(out, b"3.31.6777216E7");
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(bits: u64, small: f32) {
            for value in [f64::from_bits(bits), small.into()] {
                if value.is_finite() {
                    let text = double(value);
                    prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{}", text);
                    prop_assert!(serde_json::from_str::<f64>(&text).is_ok(), "{}", text);
                }
            }
        }
    }
}
