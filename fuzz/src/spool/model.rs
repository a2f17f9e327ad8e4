//! What is kept, in vectors.

use std::collections::{HashMap, VecDeque};

use pg_cdc_core::stream::spool::{Spool, SpoolReader};
use pg_cdc_core::{Kept, Lsn};

use super::damage::Damages;
use super::{LONGEST, names_the_file};

/// What frames are made of: each is a run of it that begins elsewhere.
static PATTERN: [u8; LONGEST + 256] = {
    let mut pattern = [0; LONGEST + 256];
    let mut at = 0;
    while at < pattern.len() {
        pattern[at] = (at * 31 + at / 251) as u8;
        at += 1;
    }
    pattern
};

#[derive(Debug)]
struct Appended {
    sub: u32,
    lsn: Lsn,
    data: &'static [u8],
}

/// What the spool should hold.
#[derive(Debug, Default)]
pub(super) struct Model {
    open: HashMap<u32, VecDeque<Appended>>,
}

impl Model {
    pub(super) fn append(&mut self, spool: &mut Spool, step: usize, xid: u32, sub: u32, length: usize) {
        let data = &PATTERN[step % 256..step % 256 + length];
        // Mostly forwards, now and then from one end to the other.
        let lsn = Lsn::new(if step % 7 == 6 { u64::MAX - step as u64 } else { step as u64 * 100 });
        if let Err(error) = spool.append(Kept::whole(xid, sub, lsn, data)) {
            panic!("{error}");
        }
        self.open.entry(xid).or_default().push_back(Appended { sub, lsn, data });
    }

    pub(super) fn abort(&mut self, xid: u32, sub: u32) {
        if xid == sub {
            self.open.remove(&xid);
        } else if let Some(appended) = self.open.get_mut(&xid) {
            appended.retain(|of| of.sub != sub);
        }
    }

    pub(super) fn commit(&mut self, spool: &mut Spool, xid: u32) -> Option<Reading> {
        let reader = spool.commit(xid).expect("it can be read");
        let expected = self.open.remove(&xid);
        assert_eq!(reader.is_some(), expected.is_some());
        reader.zip(expected).map(|(reader, expected)| Reading { reader, expected })
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn contains(&self, xid: u32) -> bool {
        self.open.contains_key(&xid)
    }
}

/// A transaction that is read, and what is to come of it.
#[derive(Debug)]
pub(super) struct Reading {
    reader: SpoolReader,
    expected: VecDeque<Appended>,
}

impl Reading {
    /// Reads a block; whether there was one. Where files were damaged it may be an error that names one of them.
    pub(super) fn read(&mut self, damages: Option<&Damages>) -> bool {
        let block = match self.reader.next_block() {
            Ok(Some(block)) => block,
            Ok(None) => {
                assert!(self.expected.is_empty(), "{} frames are missing", self.expected.len());
                assert!(matches!(self.reader.next_block(), Ok(None)), "it ends once");
                return false;
            }
            Err(error) => {
                assert!(names_the_file(&error, damages), "{error}");
                assert!(self.reader.next_block().is_err(), "an error is not the end");
                return false;
            }
        };
        assert!(!block.frames().is_empty());
        for found in block.frames() {
            let expected = self.expected.pop_front().expect("a frame too many");
            let frame = block.frame(found);
            assert_eq!((found.sub_xid, frame.lsn), (expected.sub, expected.lsn));
            assert!(frame.data() == expected.data, "the frame at {} differs", expected.lsn);
        }
        true
    }
}
