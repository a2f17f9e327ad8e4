//! Log sequence numbers.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The size of a WAL page (`XLOG_BLCKSZ`), fixed in every packaged build of PostgreSQL.
const WAL_PAGE: u64 = 8192;
/// `SizeOfXLogShortPHD`: the header of every WAL page but a segment's first.
const SHORT_PAGE_HEADER: u64 = 24;
/// `SizeOfXLogLongPHD`: the header of a segment's first page.
const LONG_PAGE_HEADER: u64 = 40;

/// A byte position in the write-ahead log, printed by PostgreSQL as `X/Y` in hexadecimal.
///
/// `Lsn::ZERO` is PostgreSQL's `InvalidXLogRecPtr`: no position.
///
/// ```
/// use pg_cdc_core::Lsn;
///
/// let lsn: Lsn = "16/B374D848".parse()?;
/// assert_eq!(lsn.as_u64(), 0x16_B374_D848);
/// assert_eq!(lsn.to_string(), "16/B374D848");
/// # Ok::<(), pg_cdc_core::ParseLsnError>(())
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(u64);

impl Lsn {
    /// No position (`0/0`).
    pub const ZERO: Self = Self(0);
    /// The last position there can be.
    pub const MAX: Self = Self(u64::MAX);

    /// The position `bytes` into the log.
    #[must_use]
    pub const fn new(bytes: u64) -> Self {
        Self(bytes)
    }

    /// The position in bytes from the start of the log.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }

    /// Bytes of WAL from `earlier` to `self`; 0 where `earlier` is not earlier.
    #[must_use]
    pub const fn bytes_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Rounds down to the page's start if this is the first byte after a page header, where
    /// `pg_current_wal_insert_lsn()` stands on an idle server that no record's end ever reaches.
    ///
    /// `segment` is `wal_segment_size` in bytes: a segment's first page has a longer header.
    #[must_use]
    pub const fn before_page_header(self, segment: u64) -> Self {
        let offset = self.0 % WAL_PAGE;
        let page = self.0 - offset;
        let first = segment != 0 && page.is_multiple_of(segment);
        let header = if first { LONG_PAGE_HEADER } else { SHORT_PAGE_HEADER };
        if offset == header { Self(page) } else { self }
    }
}

impl From<u64> for Lsn {
    fn from(bytes: u64) -> Self {
        Self(bytes)
    }
}

impl From<Lsn> for u64 {
    fn from(lsn: Lsn) -> Self {
        lsn.0
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is not an LSN of the form `X/Y`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an LSN: expected two hexadecimal numbers of up to 8 digits, as in 16/B374D848")]
pub struct ParseLsnError(());

impl FromStr for Lsn {
    type Err = ParseLsnError;

    /// Reads `X/Y` as `pg_lsn_in` does: 1 to 8 hexadecimal digits on each side.
    fn from_str(text: &str) -> Result<Self, ParseLsnError> {
        let half = |digits: &str| {
            let plain = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
            plain.then(|| u64::from_str_radix(digits, 16).ok()).flatten()
        };
        let (high, low) = text.split_once('/').ok_or(ParseLsnError(()))?;
        match (half(high), half(low)) {
            (Some(high), Some(low)) => Ok(Self(high << 32 | low)),
            _ => Err(ParseLsnError(())),
        }
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn prints_what_it_reads(bytes: u64) {
            let lsn = Lsn::new(bytes);
            prop_assert_eq!(lsn.to_string().parse(), Ok(lsn));
        }
    }

    #[test]
    fn refuses_what_is_not_an_lsn() {
        for text in ["", "/", "1/", "/1", "1", "1/2/3", "123456789/0", "+1/0", "g/0", " 1/0"] {
            assert!(text.parse::<Lsn>().is_err(), "{text}");
        }
    }

    #[test]
    fn rounds_down_only_behind_a_page_header() {
        let segment = 16 << 20;
        let at = |bytes| Lsn::new(bytes).before_page_header(segment).as_u64();
        assert_eq!(at(segment + 40), segment);
        assert_eq!(at(segment + 24), segment + 24);
        assert_eq!(at(segment + 8192 + 24), segment + 8192);
        assert_eq!(at(segment + 8192 + 40), segment + 8192 + 40);
        assert_eq!(at(segment + 8192), segment + 8192);
    }
}
