//! How frames stand in a block, and blocks in a file. Pure.
//!
//! A block is a header (payload length, checksum, transaction, number of the block in its file: four little-endian
//! `u32`) and records. A record is three variable-length numbers and the frame: its length, and how far subtransaction
//! and LSN are from those of the record before, so that a frame costs four or five bytes more than itself. Each block
//! begins anew.

use crc32fast::Hasher;

use super::SpooledFrame;
use crate::Lsn;

/// Bytes of a block's header.
pub(super) const HEADER: usize = 16;
/// The most that a record needs beside its frame.
pub(super) const RECORD: usize = 20;
/// The longest frame: a buffer of one reaches no further than 2 GiB, PostgreSQL's messages not beyond 1 GiB.
pub(super) const LONGEST_FRAME: usize = (1 << 31) - (1 << 16);

/// What the record before said: where the next one counts from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Before {
    sub_xid: u32,
    lsn: u64,
}

impl Before {
    /// Writes what stands before a frame of `length` bytes.
    #[inline]
    pub(super) fn write(&mut self, sub_xid: u32, lsn: Lsn, length: usize, into: &mut Vec<u8>) {
        let lsn = u64::from(lsn);
        write_number(length as u64, into);
        write_number(zigzag(i64::from(sub_xid) - i64::from(self.sub_xid)), into);
        write_number(zigzag(lsn.wrapping_sub(self.lsn) as i64), into);
        *self = Self { sub_xid, lsn };
    }

    /// The record at `at` of `buffer`; `None` where there is no whole one before `end`.
    #[inline]
    pub(super) fn read(&mut self, buffer: &[u8], mut at: usize, end: usize) -> Option<SpooledFrame> {
        let block = buffer.get(..end)?;
        let length = usize::try_from(read_number(block, &mut at)?).ok()?;
        let sub_xid = i64::from(self.sub_xid).checked_add(unzigzag(read_number(block, &mut at)?))?;
        let sub_xid = u32::try_from(sub_xid).ok()?;
        let lsn = self.lsn.wrapping_add(unzigzag(read_number(block, &mut at)?) as u64);
        let end = at.checked_add(length).filter(|end| *end <= block.len())?;
        *self = Self { sub_xid, lsn };
        Some(SpooledFrame {
            lsn: Lsn::new(lsn),
            start: u32::try_from(at).ok()?,
            end: u32::try_from(end).ok()?,
            sub_xid,
        })
    }
}

fn zigzag(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

fn unzigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

/// LEB128.
#[inline]
fn write_number(mut number: u64, into: &mut Vec<u8>) {
    while number >= 0x80 {
        into.push(number as u8 | 0x80);
        number >>= 7;
    }
    into.push(number as u8);
}

#[inline]
fn read_number(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(*at)?;
        *at += 1;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// The header of the block `number` of the transaction `xid`, whose records are `payload`.
pub(super) fn header(xid: u32, number: u32, payload: &[&[u8]]) -> [u8; HEADER] {
    let length = payload.iter().map(|part| part.len()).sum::<usize>() as u32;
    let sum = checksum(length, xid, number, payload);
    let mut header = [0; HEADER];
    for (field, value) in header.chunks_exact_mut(4).zip([length, sum, xid, number]) {
        field.copy_from_slice(&value.to_le_bytes());
    }
    header
}

/// How many bytes of records follow the header that `block` begins with; `None` where that is not whole.
pub(super) fn payload_length(block: &[u8]) -> Option<usize> {
    let header: &[u8; HEADER] = block.first_chunk()?;
    Some(u32::from_le_bytes(*header.first_chunk()?) as usize)
}

/// Whether `block`, header and records, is the block `number` of the transaction `xid`, as it was written.
pub(super) fn is_intact(block: &[u8], xid: u32, number: u32) -> bool {
    block
        .split_first_chunk::<HEADER>()
        .is_some_and(|(found, payload)| *found == header(xid, number, &[payload]))
}

fn checksum(length: u32, xid: u32, number: u32, payload: &[&[u8]]) -> u32 {
    let mut hasher = Hasher::new();
    for field in [length, xid, number] {
        hasher.update(&field.to_le_bytes());
    }
    payload.iter().for_each(|part| hasher.update(part));
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn records_come_back(frames in prop::collection::vec((any::<u32>(), any::<u64>(), 0_usize..300), 0..20)) {
            let (mut block, mut before) = (Vec::new(), Before::default());
            for (sub_xid, lsn, length) in &frames {
                let start = block.len();
                before.write(*sub_xid, Lsn::new(*lsn), *length, &mut block);
                prop_assert!(block.len() - start <= RECORD);
                block.resize(block.len() + length, 7);
            }
            let (mut at, mut before) = (0, Before::default());
            for (sub_xid, lsn, length) in frames {
                let frame = before.read(&block, at, block.len()).unwrap();
                prop_assert_eq!((frame.sub_xid, frame.lsn, frame.range().len()), (sub_xid, Lsn::new(lsn), length));
                at = frame.range().end;
            }
            prop_assert_eq!(at, block.len());
        }

        #[test]
        fn no_bytes_make_a_record_that_reaches_beyond_them(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            if let Some(frame) = Before::default().read(&bytes, 0, bytes.len()) {
                prop_assert!(frame.range().end <= bytes.len());
            }
        }

        #[test]
        fn a_changed_byte_is_seen(payload in prop::collection::vec(any::<u8>(), 1..99), at: prop::sample::Index, by in 1_u8..) {
            let mut block = header(5, 9, &[&payload]).to_vec();
            block.extend(&payload);
            prop_assert!(is_intact(&block, 5, 9));
            prop_assert!(!is_intact(&block, 5, 8) && !is_intact(&block, 6, 9));
            let at = at.index(block.len());
            block[at] ^= by;
            prop_assert!(!is_intact(&block, 5, 9));
        }
    }
}
