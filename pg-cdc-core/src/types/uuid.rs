//! `uuid`

use std::fmt;
use std::str::FromStr;

use super::{Flaw, Parsed, TypeError, fixed, oid};

/// A `uuid`: 16 bytes, printed in lower case with dashes.
///
/// ```
/// use pg_cdc_core::types::PgUuid;
///
/// let uuid: PgUuid = "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11".parse()?;
/// assert_eq!(uuid.as_bytes()[..2], [0xa0, 0xee]);
/// assert_eq!(uuid.to_string(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgUuid([u8; 16]);

impl PgUuid {
    /// The UUID with these bytes, in the order in which they are printed.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes, in the order in which they are printed.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let mut bytes = [0; 16];
        let mut at = 0;
        for (index, byte) in bytes.iter_mut().enumerate() {
            if matches!(index, 4 | 6 | 8 | 10) {
                if text.get(at) != Some(&b'-') {
                    return Err(Flaw::at("is not a UUID", at));
                }
                at += 1;
            }
            for _ in 0..2 {
                let digit = text.get(at).and_then(|&digit| char::from(digit).to_digit(16));
                *byte = *byte << 4 | digit.ok_or(Flaw::at("is not a UUID", at))? as u8;
                at += 1;
            }
        }
        if at == text.len() { Ok(Self(bytes)) } else { Err(Flaw::at("is not a UUID", at)) }
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        fixed(bytes).map(Self)
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        let (fields, _) = self.0.as_chunks::<2>();
        for (index, field) in fields.iter().enumerate() {
            super::bytea::write_hex(field, out);
            if matches!(index, 1..=4) {
                out.push(b'-');
            }
        }
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
}

impl FromStr for PgUuid {
    type Err = TypeError;

    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of_built_in(oid::UUID))
    }
}

super::text_is_display!(PgUuid);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_form_that_postgresql_prints() {
        for bad in [
            "",
            "a0eebc999c0b4ef8bb6d6bb9bd380a11",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
            "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
            "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        ] {
            assert!(bad.parse::<PgUuid>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn text_and_binary_go_there_and_back(bytes: [u8; 16]) {
            let uuid = PgUuid::from_binary(&bytes).unwrap();
            prop_assert_eq!(uuid.to_string().parse::<PgUuid>(), Ok(uuid));
        }
    }
}
