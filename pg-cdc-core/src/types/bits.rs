//! `bit` and `varbit`

use std::fmt;

use super::encoded::Reader;
use super::{Flaw, Parsed, oid, text_is_parsed};

/// A `bit` or `varbit`: a string of bits, possibly empty.
///
/// ```
/// use pg_cdc_core::types::PgBits;
///
/// let bits: PgBits = "1010000011".parse()?;
/// assert_eq!((bits.len(), bits.as_bytes()), (10, &[0xa0, 0xc0][..]));
/// assert_eq!((bits.get(0), bits.get(1), bits.get(10)), (Some(true), Some(false), None));
/// assert_eq!(bits.to_string(), "1010000011");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PgBits {
    /// The first bit highest; those of the last byte that are not used are zero.
    bytes: Vec<u8>,
    len: usize,
}

impl PgBits {
    /// The first `len` bits of `bytes`, the first bit being the highest of the first byte; `None` where `bytes` are not
    /// as many as that takes. Bits beyond are cleared.
    #[must_use]
    pub fn new(len: usize, mut bytes: Vec<u8>) -> Option<Self> {
        if bytes.len() != len.div_ceil(8) {
            return None;
        }
        if let Some(last) = bytes.last_mut() {
            *last &= !unused(len);
        }
        Some(Self { bytes, len })
    }

    /// How many bits it has.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The bits, eight a byte, the first bit highest; those of the last byte that are not used are zero.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bit so many behind the first, which is 0.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<bool> {
        let byte = self.bytes.get(index / 8).filter(|_| index < self.len)?;
        Some(byte & (0x80 >> (index % 8)) != 0)
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut bytes = Vec::with_capacity(text.len().div_ceil(8));
        for (index, group) in text.chunks(8).enumerate() {
            let mut byte = 0;
            for (place, bit) in group.iter().enumerate() {
                match bit {
                    b'0' => {}
                    b'1' => byte |= 0x80 >> place,
                    _ => return Err(Flaw::at("is not a string of bits", index * 8 + place)),
                }
            }
            bytes.push(byte);
        }
        Ok(Self { bytes, len: text.len() })
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (len, bits) = parts(bytes)?;
        Ok(Self { bytes: bits.to_vec(), len })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write(self.len, &self.bytes, out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        // PostgreSQL's own limit (`VARBITMAXLEN`) is below i32::MAX.
        out.extend_from_slice(&i32::try_from(self.len).unwrap_or(i32::MAX).to_be_bytes());
        out.extend_from_slice(&self.bytes);
    }
}

/// The bits of the last byte that `len` bits do not use.
const fn unused(len: usize) -> u8 {
    match len % 8 {
        0 => 0,
        used => 0xff >> used,
    }
}

/// The number of bits, then the bits, those of the last byte that are not used being zero (`varbit_send`).
fn parts(bytes: &[u8]) -> Parsed<(usize, &[u8])> {
    let mut reader = Reader::new(bytes);
    let len = reader.count()?;
    let bits = reader.take(len.div_ceil(8))?;
    reader.end()?;
    match bits.last() {
        Some(last) if last & unused(len) != 0 => Err(Flaw::at("has bits behind its end", bytes.len() - 1)),
        _ => Ok((len, bits)),
    }
}

fn write(len: usize, bytes: &[u8], out: &mut Vec<u8>) {
    out.reserve(len);
    let mut left = len;
    for byte in bytes {
        let digits: [u8; 8] = std::array::from_fn(|place| b'0' + (byte >> (7 - place) & 1));
        out.extend_from_slice(digits.get(..left).unwrap_or(&digits));
        left = left.saturating_sub(8);
    }
}

/// Appends the text of a binary form.
pub(super) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let (len, bits) = parts(bytes)?;
    write(len, bits, out);
    Ok(())
}

text_is_parsed!(PgBits, oid::VARBIT);
super::text_is_display!(PgBits);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn as_many_bytes_as_the_bits_take() {
        assert!(PgBits::new(9, vec![0xff]).is_none() && PgBits::new(8, vec![0, 0]).is_none());
        assert_eq!(PgBits::new(3, vec![0xff]).unwrap().as_bytes(), [0xe0]);
        assert_eq!(PgBits::new(0, Vec::new()).unwrap().to_string(), "");
        for bad in [
            &[0_u8, 0, 0, 9, 1][..],
            &[0, 0, 0, 1, 0x40],
            &[0xff, 0xff, 0xff, 0xff],
            &[0, 0, 0, 1, 0, 0],
            &[0],
        ] {
            assert!(PgBits::from_binary(bad).is_err(), "{bad:?}");
        }
        assert!("102".parse::<PgBits>().is_err());
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(text in "[01]{0,70}") {
            let bits: PgBits = text.parse().unwrap();
            prop_assert_eq!(bits.to_string(), &*text);
            let mut binary = Vec::new();
            bits.write_binary(&mut binary);
            prop_assert_eq!(PgBits::from_binary(&binary), Ok(bits));
            let mut out = Vec::new();
            write_text_from_binary(&binary, &mut out).unwrap();
            prop_assert_eq!(out, text.into_bytes());
        }

        #[test]
        fn bits_are_those_of_the_text(text in "[01]{1,40}", index in 0..50_usize) {
            let bits: PgBits = text.parse().unwrap();
            prop_assert_eq!(bits.get(index), text.as_bytes().get(index).map(|&bit| bit == b'1'));
        }
    }
}
