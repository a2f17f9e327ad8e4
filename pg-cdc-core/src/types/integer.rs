//! `int2`, `int4`, `int8`, `oid`, `xid`, `cid`, `xid8`

use super::{Flaw, Kind, Parsed, fixed};

/// What the type can hold.
pub(super) const fn range(kind: Kind) -> (i64, i64) {
    match kind {
        Kind::Int2 => (i16::MIN as i64, i16::MAX as i64),
        Kind::Int4 => (i32::MIN as i64, i32::MAX as i64),
        Kind::Oid | Kind::Xid => (0, u32::MAX as i64),
        _ => (i64::MIN, i64::MAX),
    }
}

/// Reads `-?digits` that the type can hold.
#[inline]
pub(super) fn from_text(kind: Kind, text: &[u8]) -> Parsed<i64> {
    let (negative, digits) = match text.strip_prefix(b"-") {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    if digits.is_empty() {
        return Err(Flaw::new("is not an integer"));
    }
    let start = text.len() - digits.len();
    let mut value: i64 = 0;
    for (index, byte) in digits.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Flaw::at("is not an integer", start + index));
        }
        // Towards the sign's own end: i64::MIN has no positive twin.
        let step = if negative { -i64::from(digit) } else { i64::from(digit) };
        value = value.checked_mul(10).and_then(|tens| tens.checked_add(step)).ok_or(OUT_OF_RANGE)?;
    }
    let (smallest, largest) = range(kind);
    if (smallest..=largest).contains(&value) { Ok(value) } else { Err(OUT_OF_RANGE) }
}

const OUT_OF_RANGE: Flaw = Flaw::new("is out of the type's range");

#[inline]
pub(super) fn from_binary(kind: Kind, bytes: &[u8]) -> Parsed<i64> {
    Ok(match kind {
        Kind::Int2 => i16::from_be_bytes(fixed(bytes)?).into(),
        Kind::Int4 => i32::from_be_bytes(fixed(bytes)?).into(),
        Kind::Oid | Kind::Xid => u32::from_be_bytes(fixed(bytes)?).into(),
        _ => i64::from_be_bytes(fixed(bytes)?),
    })
}

#[inline]
pub(super) fn write_text(value: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Reads digits that a `u64` can hold.
pub(super) fn unsigned_from_text(text: &[u8]) -> Parsed<u64> {
    if text.is_empty() {
        return Err(Flaw::new("is not an integer"));
    }
    let mut value: u64 = 0;
    for (index, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(Flaw::at("is not an integer", index));
        }
        value = value.checked_mul(10).and_then(|tens| tens.checked_add(digit.into())).ok_or(OUT_OF_RANGE)?;
    }
    Ok(value)
}

pub(super) fn unsigned_from_binary(bytes: &[u8]) -> Parsed<u64> {
    fixed(bytes).map(u64::from_be_bytes)
}

pub(super) fn write_unsigned(value: u64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends as many of `digits` as the number takes.
pub(super) fn write_hexadecimal(number: u32, digits: &[u8; 16], out: &mut Vec<u8>) {
    let length = 8 - (number.leading_zeros() / 4).min(7);
    out.extend((0..length).rev().filter_map(|place| digits.get((number >> (4 * place) & 15) as usize)));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_type_s_range_and_nothing_beyond() {
        for kind in [Kind::Int2, Kind::Int4, Kind::Int8, Kind::Oid, Kind::Xid] {
            let (smallest, largest) = range(kind);
            for value in [smallest, largest, 0, 7] {
                assert_eq!(from_text(kind, value.to_string().as_bytes()), Ok(value));
            }
            for value in [i128::from(smallest) - 1, i128::from(largest) + 1, i128::MAX] {
                assert!(from_text(kind, value.to_string().as_bytes()).is_err(), "{kind:?} {value}");
            }
        }
        for bad in ["", "-", "+1", " 1", "1 ", "1.0", "--1", "٣"] {
            assert!(from_text(Kind::Int8, bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn xid8_is_all_of_a_u64() {
        for value in [0, 7, u64::MAX] {
            assert_eq!(unsigned_from_text(value.to_string().as_bytes()), Ok(value));
        }
        for bad in ["", "-1", "+1", "1 ", "18446744073709551616", "1e3"] {
            assert!(unsigned_from_text(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn hexadecimal_is_that_of_the_standard_library(bits: u32, shift in 0..32_u32) {
            let mut out = Vec::new();
            write_hexadecimal(bits >> shift, b"0123456789abcdef", &mut out);
            prop_assert_eq!(out, format!("{:x}", bits >> shift).into_bytes());
        }

        #[test]
        fn text_and_binary_give_the_same(value: i64) {
            let mut text = Vec::new();
            write_text(value, &mut text);
            prop_assert_eq!(from_text(Kind::Int8, &text), Ok(value));
            prop_assert_eq!(from_binary(Kind::Int8, &value.to_be_bytes()), Ok(value));
        }

        #[test]
        fn random_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..12)) {
            for kind in [Kind::Int2, Kind::Int4, Kind::Int8, Kind::Oid] {
                let _ = (from_text(kind, &bytes), from_binary(kind, &bytes));
            }
        }
    }
}
