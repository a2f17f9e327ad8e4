//! `numeric` as `numeric_send` sends it: four 16-bit words (how many groups, weight, sign, scale), then the groups.

use super::{PgNumeric, Sign, text};
use crate::types::{Flaw, Parsed};

const NEGATIVE: u16 = 0x4000;
const NAN: u16 = 0xc000;
const INFINITY: u16 = 0xd000;
const NEG_INFINITY: u16 = 0xf000;

/// A number in place, checked as `numeric_recv` checks it.
struct Wire<'a> {
    sign: Sign,
    weight: i16,
    scale: u16,
    /// The first is not zero.
    groups: &'a [[u8; 2]],
}

impl<'a> Wire<'a> {
    #[inline]
    fn new(bytes: &'a [u8]) -> Parsed<Self> {
        let (words, odd) = bytes.as_chunks::<2>();
        let ([length, weight, sign, scale, groups @ ..], []) = (words, odd) else {
            return Err(Flaw::new("has the wrong number of bytes"));
        };
        if groups.len() != usize::from(u16::from_be_bytes(*length)) {
            return Err(Flaw::new("has the wrong number of bytes"));
        }
        let sign = match u16::from_be_bytes(*sign) {
            0 => Sign::Positive,
            NEGATIVE => Sign::Negative,
            NAN => return Ok(Self { sign: Sign::NaN, weight: 0, scale: 0, groups: &[] }),
            INFINITY => return Ok(Self { sign: Sign::Infinity, weight: 0, scale: 0, groups: &[] }),
            NEG_INFINITY => return Ok(Self { sign: Sign::NegInfinity, weight: 0, scale: 0, groups: &[] }),
            _ => return Err(Flaw::at("has an unknown sign", 4)),
        };
        let scale = u16::from_be_bytes(*scale);
        if usize::from(scale) > super::MAX_SCALE {
            return Err(Flaw::at("has a scale out of range", 6));
        }
        if let Some(index) = groups.iter().position(|group| u16::from_be_bytes(*group) >= 10_000) {
            return Err(Flaw::at("has a digit out of range", 8 + 2 * index));
        }
        let zeros = groups.iter().take_while(|group| **group == [0, 0]).count();
        let groups = groups.get(zeros..).unwrap_or_default();
        if groups.is_empty() {
            return Ok(Self { sign: Sign::Positive, weight: 0, scale, groups });
        }
        let weight = i32::from(i16::from_be_bytes(*weight)) - zeros as i32;
        // A weight below i16's is far beyond what any scale shows.
        let weight = i16::try_from(weight).unwrap_or(i16::MIN);
        Ok(Self { sign, weight, scale, groups })
    }

    fn group(&self, index: usize) -> u16 {
        self.groups.get(index).copied().map_or(0, u16::from_be_bytes)
    }
}

/// A number's groups in place, those digits left away that its scale hides, as `numeric_recv` does.
pub(in crate::types) struct Groups<'a> {
    wire: Wire<'a>,
    length: usize,
    /// The group that the scale ends in, and what counts its digits that are hidden.
    last: Option<usize>,
    hidden: u16,
}

impl<'a> Groups<'a> {
    /// `None` for NaN and the infinities.
    fn new(wire: Wire<'a>) -> Option<Self> {
        if !matches!(wire.sign, Sign::Positive | Sign::Negative) {
            return None;
        }
        // How many groups stand before the point and, whole or in part, within the scale.
        let shown = i32::from(wire.weight) + 1 + i32::from(wire.scale.div_ceil(4));
        let length = wire.groups.len().min(usize::try_from(shown).unwrap_or(0));
        let last = usize::try_from(shown - 1).ok();
        let hidden = [1, 1_000, 100, 10][usize::from(wire.scale % 4)];
        Some(Self { wire, length, last, hidden })
    }

    /// Reads a number's groups; `None` for NaN and the infinities.
    #[cfg(feature = "arrow")]
    pub(in crate::types) fn read(bytes: &'a [u8]) -> Parsed<Option<Self>> {
        Wire::new(bytes).map(Self::new)
    }

    #[cfg(feature = "arrow")]
    pub(in crate::types) fn is_negative(&self) -> bool {
        matches!(self.wire.sign, Sign::Negative)
    }

    /// The power of 10 000 that the first group counts.
    pub(in crate::types) fn weight(&self) -> i32 {
        i32::from(self.wire.weight)
    }

    pub(in crate::types) fn len(&self) -> usize {
        self.length
    }

    #[inline]
    pub(in crate::types) fn group(&self, index: usize) -> u16 {
        let group = self.wire.group(index);
        if Some(index) == self.last { group - group % self.hidden } else { group }
    }
}

/// Reads a number.
pub(super) fn read(bytes: &[u8]) -> Parsed<PgNumeric> {
    let wire = Wire::new(bytes)?;
    let (sign, scale) = (wire.sign, wire.scale);
    let Some(groups) = Groups::new(wire) else { return Ok(PgNumeric::special(sign)) };
    let negative = matches!(sign, Sign::Negative);
    PgNumeric::assemble(negative, groups.weight(), scale, groups.len(), |index| groups.group(index))
        .ok_or(Flaw::new("is out of range"))
}

/// Appends the text of a number's binary form.
pub(crate) fn write_text(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let wire = Wire::new(bytes)?;
    text::write(wire.sign, wire.weight, wire.scale, wire.groups.len(), |index| wire.group(index), out);
    Ok(())
}

pub(super) fn write(number: &PgNumeric, out: &mut Vec<u8>) {
    let groups = number.groups.as_slice();
    let sign = match number.sign {
        Sign::Positive => 0,
        Sign::Negative => NEGATIVE,
        Sign::NaN => NAN,
        Sign::Infinity => INFINITY,
        Sign::NegInfinity => NEG_INFINITY,
    };
    out.extend_from_slice(&(groups.len() as u16).to_be_bytes());
    out.extend_from_slice(&number.weight.to_be_bytes());
    out.extend_from_slice(&sign.to_be_bytes());
    // What numeric_send happens to send for the infinities.
    let scale = if matches!(sign, INFINITY | NEG_INFINITY) { 0x20 } else { number.scale };
    out.extend_from_slice(&scale.to_be_bytes());
    for group in groups {
        out.extend_from_slice(&group.to_be_bytes());
    }
}
