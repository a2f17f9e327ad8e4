//! Numbers of half precision: IEEE 754's binary16.

/// The number with these bits, exactly.
pub(super) fn to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let exponent = u32::from(bits >> 10 & 0x1f);
    let mantissa = u32::from(bits & 0x3ff);
    let magnitude = match exponent {
        // Below the smallest normal one: so many times 2^-24, which a float4 holds as it is.
        0 => (mantissa as f32 / 16_777_216.0).to_bits(),
        0x1f => 0x7f80_0000 | mantissa << 13,
        _ => (exponent + 127 - 15) << 23 | mantissa << 13,
    };
    f32::from_bits(sign | magnitude)
}

/// The nearest number of half precision, of two as near the even one; `None` where it would not be finite.
pub(super) fn from_f32(value: f32) -> Option<u16> {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = value.abs();
    // Half way from the largest one to what would come next.
    if magnitude.is_nan() || magnitude >= 65_520.0 {
        return None;
    }
    let half = if magnitude < 2f32.powi(-14) {
        // So many times 2^-24: the multiplication is exact, the rounding is to even.
        (magnitude * 16_777_216.0).round_ties_even() as u16
    } else {
        let bits = magnitude.to_bits();
        // Half of what is cut off, less one unless the last bit that stays is odd: carries go up as they should.
        let rounded = bits + 0xfff + (bits >> 13 & 1);
        ((rounded >> 13) - ((127 - 15) << 10)) as u16
    };
    Some(sign | half)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_number_goes_there_and_back() {
        for bits in 0..=u16::MAX {
            let value = to_f32(bits);
            let is_finite = bits >> 10 & 0x1f != 0x1f;
            assert_eq!(value.is_finite(), is_finite);
            assert_eq!(from_f32(value), is_finite.then_some(bits), "{bits:04x}");
        }
    }

    #[test]
    fn known_numbers() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x2e66, 0.099_975_586),
        ] {
            assert_eq!((to_f32(bits), from_f32(value)), (value, Some(bits)));
        }
        assert_eq!(from_f32(65_519.996), Some(0x7bff));
        assert_eq!(from_f32(65_520.0), None);
        assert_eq!(from_f32(0.1), Some(0x2e66));
    }

    proptest! {
        #[test]
        fn the_nearest_is_taken_and_of_two_the_even_one(value in -65_519.0f32..65_519.0, scale in 0..30) {
            let value = value / 2f32.powi(scale);
            let half = from_f32(value).unwrap();
            let distance = |bits: u16| (f64::from(to_f32(bits)) - f64::from(value)).abs();
            for other in [half.wrapping_sub(1), half.wrapping_add(1)] {
                if to_f32(other).is_finite() {
                    let tie = distance(half) == distance(other);
                    prop_assert!(distance(half) < distance(other) || tie && half.is_multiple_of(2));
                }
            }
        }
    }
}
