//! How PostGIS prints a coordinate (`lwprint_double`, and its own `to_chars_fixed` in `deps/ryu/d2s.c`).

use crate::types::float::Decimal;

/// The digits behind the point, at most: of `ST_AsText`, `ST_AsEWKT` and the cast to json.
const PRECISION: u32 = 15;

/// Appends the shortest digits that read back as the number, those behind the 15th after the point rounded away; with
/// an exponent up to 1e-8 and from 1e15 on, in which case the rounded digits are those of the mantissa.
pub(super) fn write(value: f64, out: &mut Vec<u8>) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
        return;
    }
    if value == 0.0 {
        out.push(b'0');
        return;
    }
    if value.is_infinite() {
        out.extend_from_slice(if value < 0.0 { b"-Infinity" } else { b"Infinity" });
        return;
    }
    let mut buffer = ryu::Buffer::new();
    let decimal = Decimal::parse(buffer.format_finite(value.abs()).as_bytes());
    if value.abs() > 1e-8 && value.abs() < 1e15 {
        write_fixed(decimal, value < 0.0, out);
        return;
    }
    let more_digits = decimal.digits.checked_ilog10().unwrap_or_default() as i32;
    let exponent = decimal.exponent + more_digits;
    write_fixed(Decimal { exponent: -more_digits, ..decimal }, value < 0.0, out);
    out.extend_from_slice(if exponent < 0 { b"e-" } else { b"e+" });
    out.extend_from_slice(itoa::Buffer::new().format(exponent.abs()).as_bytes());
}

/// Appends a decimal without an exponent, rounded half to even.
fn write_fixed(decimal: Decimal, negative: bool, out: &mut Vec<u8>) {
    let Decimal { mut digits, mut exponent } = decimal;
    let behind = exponent.min(0).unsigned_abs();
    if let Some(excess) = behind.checked_sub(PRECISION).filter(|&excess| excess > 0) {
        match 10_u64.checked_pow(excess) {
            Some(divisor) => {
                let (whole, rest) = (digits / divisor, digits % divisor);
                let half = divisor / 2;
                digits = whole + u64::from(rest > half || rest == half && whole % 2 == 1);
                exponent = -(PRECISION as i32);
            }
            None => (digits, exponent) = (0, 0),
        }
        while digits != 0 && digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
    }
    if negative && digits != 0 {
        out.push(b'-');
    }
    let mut buffer = itoa::Buffer::new();
    let text = buffer.format(digits).as_bytes();
    let zeros = |count: usize, out: &mut Vec<u8>| out.extend(std::iter::repeat_n(b'0', count));
    if digits == 0 || exponent >= 0 {
        out.extend_from_slice(text);
        zeros(if digits == 0 { 0 } else { exponent as usize }, out);
        return;
    }
    let behind = exponent.unsigned_abs() as usize;
    match text.split_at_checked(text.len().saturating_sub(behind)) {
        Some((whole, fraction)) if !whole.is_empty() => {
            out.extend_from_slice(whole);
            out.push(b'.');
            out.extend_from_slice(fraction);
        }
        _ => {
            out.extend_from_slice(b"0.");
            zeros(behind - text.len(), out);
            out.extend_from_slice(text);
        }
    }
}
