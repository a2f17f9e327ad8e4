//! A borrowed walk over a message with a UTF-8 check of every value: what a parser does at the least that gives `&str`
//! and keeps nothing.

use crate::streams::Stream;

/// Walks over the stream, each row into `row`, and gives the number of changes.
pub fn run<'a>(stream: &'a Stream, row: &mut Vec<Option<&'a str>>) -> usize {
    let mut changes = 0;
    for range in &stream.frames {
        let message = parse(&stream.buffer[range.clone()], row).unwrap();
        changes += usize::from(matches!(message, Walked::Change { .. }));
        std::hint::black_box((&message, &*row));
    }
    changes
}

/// A message that was walked over.
#[derive(Debug)]
pub enum Walked {
    /// Start of a transaction.
    Begin {
        /// Start of its commit record.
        commit_lsn: u64,
        /// Microseconds since 2000-01-01 UTC.
        time: i64,
        /// Its id.
        xid: u32,
    },
    /// End of a transaction.
    Commit {
        /// Start of its commit record.
        commit_lsn: u64,
        /// End of its commit record.
        end_lsn: u64,
        /// Microseconds since 2000-01-01 UTC.
        time: i64,
    },
    /// An insert, or an update without an old row; the new row is what was handed in.
    Change {
        /// The message's tag.
        tag: u8,
        /// The relation's OID.
        relation: u32,
    },
}

fn parse<'a>(data: &'a [u8], row: &mut Vec<Option<&'a str>>) -> Option<Walked> {
    let (&tag, mut data) = data.split_first()?;
    match tag {
        b'I' | b'U' => {
            let relation = u32::from_be_bytes(take(&mut data)?);
            if take(&mut data)? != *b"N" {
                return None;
            }
            tuple(&mut data, row)?;
            data.is_empty().then_some(Walked::Change { tag, relation })
        }
        b'B' => {
            let (commit_lsn, time) = (take(&mut data)?, take(&mut data)?);
            let (commit_lsn, time) = (u64::from_be_bytes(commit_lsn), i64::from_be_bytes(time));
            Some(Walked::Begin { commit_lsn, time, xid: u32::from_be_bytes(take(&mut data)?) })
        }
        b'C' => {
            let [_flags] = take(&mut data)?;
            let (commit_lsn, end_lsn) = (take(&mut data)?, take(&mut data)?);
            let (commit_lsn, end_lsn) = (u64::from_be_bytes(commit_lsn), u64::from_be_bytes(end_lsn));
            Some(Walked::Commit { commit_lsn, end_lsn, time: i64::from_be_bytes(take(&mut data)?) })
        }
        _ => None,
    }
}

fn tuple<'a>(data: &mut &'a [u8], row: &mut Vec<Option<&'a str>>) -> Option<()> {
    row.clear();
    for _ in 0..u16::from_be_bytes(take(data)?) {
        let value = match take(data)? {
            [b't'] => {
                let length = u32::from_be_bytes(take(data)?);
                let (value, rest) = data.split_at_checked(length as usize)?;
                *data = rest;
                Some(std::str::from_utf8(value).ok()?)
            }
            [b'n' | b'u'] => None,
            _ => return None,
        };
        row.push(value);
    }
    Some(())
}

fn take<const N: usize>(data: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = data.split_first_chunk()?;
    *data = rest;
    Some(*bytes)
}
