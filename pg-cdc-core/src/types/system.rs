//! Types that the server tells of itself with: `pg_lsn`, `tid`, `pg_snapshot` and `txid_snapshot`.

use std::fmt;

use super::encoded::Reader;
use super::{Flaw, Parsed, fixed, integer, oid, text_is_parsed};

/// Appends the text of a `pg_lsn`'s binary form.
pub(super) fn write_lsn_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let lsn = u64::from_be_bytes(fixed(bytes)?);
    integer::write_hexadecimal((lsn >> 32) as u32, b"0123456789ABCDEF", out);
    out.push(b'/');
    integer::write_hexadecimal(lsn as u32, b"0123456789ABCDEF", out);
    Ok(())
}

/// A `tid`: where in its table a row's version lies.
///
/// ```
/// use pg_cdc_core::types::PgTid;
///
/// let tid: PgTid = "(7,1)".parse()?;
/// assert_eq!(tid, PgTid { block: 7, offset: 1 });
/// assert_eq!(tid.to_string(), "(7,1)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PgTid {
    /// The number of the page, from 0.
    pub block: u32,
    /// The number of its item within the page, from 1.
    pub offset: u16,
}

impl PgTid {
    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let read = || {
            let inner = text.strip_prefix(b"(")?.strip_suffix(b")")?;
            let comma = inner.iter().position(|&byte| byte == b',')?;
            let (block, offset) = (inner.get(..comma)?, inner.get(comma + 1..)?);
            let block = integer::unsigned_from_text(block).ok()?.try_into().ok()?;
            let offset = integer::unsigned_from_text(offset).ok()?.try_into().ok()?;
            Some(Self { block, offset })
        };
        read().ok_or(Flaw::new("is not the place of a row"))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let mut reader = Reader::new(bytes);
        let (block, offset) = (reader.u32()?, reader.u16()?);
        reader.end()?;
        Ok(Self { block, offset })
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(self, out: &mut Vec<u8>) {
        out.push(b'(');
        integer::write_text(self.block.into(), out);
        out.push(b',');
        integer::write_text(self.offset.into(), out);
        out.push(b')');
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.block.to_be_bytes());
        out.extend_from_slice(&self.offset.to_be_bytes());
    }
}

/// A `pg_snapshot` or `txid_snapshot`: which transactions had ended at a moment. Transactions are told by their 64 bits,
/// as `xid8`.
///
/// ```
/// use pg_cdc_core::types::PgSnapshot;
///
/// let snapshot: PgSnapshot = "10:20:12,14".parse()?;
/// assert_eq!((snapshot.xmin(), snapshot.xmax(), snapshot.in_progress()), (10, 20, &[12, 14][..]));
/// assert!(snapshot.had_ended(13) && !snapshot.had_ended(14) && !snapshot.had_ended(20));
/// assert_eq!(snapshot.to_string(), "10:20:12,14");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PgSnapshot {
    xmin: u64,
    xmax: u64,
    in_progress: Vec<u64>,
}

impl PgSnapshot {
    /// The snapshot of these, if it can be: `in_progress` rise from `xmin` to `xmax`, which are not 0.
    #[must_use]
    pub fn new(xmin: u64, xmax: u64, in_progress: Vec<u64>) -> Option<Self> {
        let rise = in_progress.is_sorted_by(|a, b| a < b);
        let within = in_progress.iter().all(|xid| (xmin..=xmax).contains(xid));
        (0 < xmin && xmin <= xmax && rise && within).then_some(Self { xmin, xmax, in_progress })
    }

    /// The first transaction that was still in progress: all before had ended.
    #[must_use]
    pub const fn xmin(&self) -> u64 {
        self.xmin
    }

    /// One past the last transaction that had ended: neither it nor any later one had.
    #[must_use]
    pub const fn xmax(&self) -> u64 {
        self.xmax
    }

    /// The transactions between the two that had not ended, in rising order.
    #[must_use]
    pub fn in_progress(&self) -> &[u64] {
        &self.in_progress
    }

    /// Whether the transaction had been committed or rolled back (`pg_visible_in_snapshot`).
    #[must_use]
    pub fn had_ended(&self, xid: u64) -> bool {
        xid < self.xmin || xid < self.xmax && self.in_progress.binary_search(&xid).is_err()
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        let number = |text: &[u8]| integer::unsigned_from_text(text).ok();
        let read = || {
            let mut parts = text.splitn(3, |&byte| byte == b':');
            let (xmin, xmax) = (number(parts.next()?)?, number(parts.next()?)?);
            let in_progress = match parts.next()? {
                b"" => Vec::new(),
                xids => xids.split(|&byte| byte == b',').map(number).collect::<Option<_>>()?,
            };
            Self::new(xmin, xmax, in_progress)
        };
        read().ok_or(Flaw::new("is not a snapshot"))
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        let (xmin, xmax, in_progress) = parts(bytes)?;
        Self::new(xmin, xmax, in_progress.collect()).ok_or(Flaw::new("is not a snapshot"))
    }

    /// Appends PostgreSQL's text form.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write(self.xmin, self.xmax, self.in_progress.iter().copied(), out);
    }

    /// Appends PostgreSQL's binary form.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        // A server has no more than some 500 000 transactions at once (`MAX_BACKENDS`).
        out.extend_from_slice(&i32::try_from(self.in_progress.len()).unwrap_or(i32::MAX).to_be_bytes());
        for number in [self.xmin, self.xmax].iter().chain(&self.in_progress) {
            out.extend_from_slice(&number.to_be_bytes());
        }
    }
}

/// The number of transactions in progress, `xmin`, `xmax`, then those transactions (`pg_snapshot_send`).
fn parts(bytes: &[u8]) -> Parsed<(u64, u64, impl Iterator<Item = u64>)> {
    let mut reader = Reader::new(bytes);
    let count = reader.count()?;
    let (xmin, xmax) = (u64::from_be_bytes(reader.array()?), u64::from_be_bytes(reader.array()?));
    let (in_progress, rest) = reader.rest().as_chunks::<8>();
    if in_progress.len() != count || !rest.is_empty() {
        return Err(Flaw::at("has not as many transactions as it says", reader.at()));
    }
    Ok((xmin, xmax, in_progress.iter().map(|xid| u64::from_be_bytes(*xid))))
}

fn write(xmin: u64, xmax: u64, in_progress: impl Iterator<Item = u64>, out: &mut Vec<u8>) {
    integer::write_unsigned(xmin, out);
    out.push(b':');
    integer::write_unsigned(xmax, out);
    out.push(b':');
    for (index, xid) in in_progress.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        integer::write_unsigned(xid, out);
    }
}

/// Appends the text of a snapshot's binary form.
pub(super) fn write_snapshot_from_binary(bytes: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    let (xmin, xmax, in_progress) = parts(bytes)?;
    write(xmin, xmax, in_progress, out);
    Ok(())
}

text_is_parsed!(PgTid, oid::TID);
text_is_parsed!(PgSnapshot, oid::PG_SNAPSHOT);
super::text_is_display!(PgTid);
super::text_is_display!(PgSnapshot);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::types::{ColumnType, FromDatum};
    use crate::{Datum, Lsn};

    #[test]
    fn what_no_server_prints_is_an_error() {
        for bad in ["", "(0)", "(0,1", "0,1", "(0,65536)", "(4294967296,1)", "(-1,0)", "( 0,1)", "(0,1,2)"] {
            assert!(bad.parse::<PgTid>().is_err(), "{bad}");
        }
        for bad in [
            "",
            "10:20",
            "10:20:,",
            "10:20:12,",
            "20:10:",
            "0:10:",
            "10:20:9",
            "10:20:21",
            "10:20:14,12",
            "10:20:12,12",
        ] {
            assert!(bad.parse::<PgSnapshot>().is_err(), "{bad}");
        }
        let hostile = [&[0x7f, 0xff, 0xff, 0xff][..], &[0; 16]].concat();
        assert!(PgSnapshot::from_binary(&hostile).is_err());
    }

    #[test]
    fn numbers_of_transactions_fit_or_say_what_would() {
        fn read<T: for<'a> FromDatum<'a>>(oid: u32, text: &str) -> Result<T, String> {
            let datum = Datum::Text(text.as_bytes());
            T::from_datum(&ColumnType::built_in(oid), datum).map_err(|error| error.to_string())
        }
        assert_eq!(read::<u64>(oid::XID8, "18446744073709551615"), Ok(u64::MAX));
        assert_eq!(read::<i64>(oid::XID8, "7"), Ok(7));
        assert!(
            read::<i64>(oid::XID8, "9223372036854775808").unwrap_err().contains("out of the range of i64")
        );
        assert!(read::<u32>(oid::XID8, "4294967296").unwrap_err().contains("out of the range of u32"));
        assert_eq!(read::<u32>(oid::CID, "4294967295"), Ok(u32::MAX));
        assert!(
            read::<u32>(oid::XID, "4294967296").unwrap_err().contains("type xid is out of the type's range")
        );
        assert_eq!(read::<u64>(oid::INT8, "7"), Ok(7));
        let error = read::<u64>(oid::INT8, "-7").unwrap_err();
        assert!(error.ends_with("out of the range of u64 (0 to 18446744073709551615)"), "{error}");
        assert!(read::<Lsn>(oid::PG_LSN, "1/").is_err() && read::<Lsn>(oid::INT8, "1").is_err());
    }

    proptest! {
        #[test]
        fn places_go_there_and_back(block: u32, offset: u16) {
            let tid = PgTid { block, offset };
            prop_assert_eq!(tid.to_string().parse::<PgTid>(), Ok(tid));
            let mut binary = Vec::new();
            tid.write_binary(&mut binary);
            prop_assert_eq!(PgTid::from_binary(&binary), Ok(tid));
        }

        #[test]
        fn snapshots_go_there_and_back(xids in prop::collection::btree_set(1..u64::MAX, 2..9)) {
            let xids: Vec<_> = xids.into_iter().collect();
            let (xmin, xmax) = (xids[0], xids[xids.len() - 1]);
            let snapshot = PgSnapshot::new(xmin, xmax, xids[..xids.len() - 1].to_vec()).unwrap();
            prop_assert_eq!(snapshot.to_string().parse(), Ok(snapshot.clone()));
            let mut binary = Vec::new();
            snapshot.write_binary(&mut binary);
            let mut text = Vec::new();
            write_snapshot_from_binary(&binary, &mut text).unwrap();
            prop_assert_eq!(text, snapshot.to_string().into_bytes());
            prop_assert!(!snapshot.had_ended(xmin) && snapshot.had_ended(xmin - 1));
            prop_assert_eq!(PgSnapshot::from_binary(&binary), Ok(snapshot));
        }

        #[test]
        fn lsns_are_printed_as_the_model_prints_them(bits: u64, shift in 0..64_u32) {
            let lsn = Lsn::new(bits >> shift);
            let mut text = Vec::new();
            write_lsn_from_binary(&lsn.as_u64().to_be_bytes(), &mut text).unwrap();
            prop_assert_eq!(text, lsn.to_string().into_bytes());
        }
    }
}
