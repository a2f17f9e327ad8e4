//! A spool against vectors.

use std::collections::{HashMap, VecDeque};

use proptest::prelude::*;

use super::*;
use crate::Lsn;

#[derive(Debug, Clone)]
enum Op {
    Append {
        xid: u32,
        sub: u32,
        lsn: u64,
        length: usize,
    },
    AbortSub {
        xid: u32,
        sub: u32,
    },
    Abort {
        xid: u32,
    },
    Commit {
        xid: u32,
    },
    /// One block of the oldest reader.
    Read,
    DropReader,
    Clear,
}

fn op() -> impl Strategy<Value = Op> {
    let xid = prop::sample::select(vec![100_u32, 200, 4_000_000_000]);
    // The transaction itself, neighbours, and one far away.
    let sub = prop::sample::select(vec![0_u32, 0, 1, 2, 70, 1 << 20]);
    let length = prop_oneof![20 => 0_usize..200, 5 => 0_usize..6_000, 1 => 0_usize..90_000];
    prop_oneof![
        60 => (xid.clone(), sub.clone(), any::<u64>(), length)
            .prop_map(|(xid, sub, lsn, length)| Op::Append { xid, sub: xid + sub, lsn, length }),
        8 => (xid.clone(), sub).prop_map(|(xid, sub)| Op::AbortSub { xid, sub: xid + sub }),
        1 => xid.clone().prop_map(|xid| Op::Abort { xid }),
        3 => xid.prop_map(|xid| Op::Commit { xid }),
        4 => Just(Op::Read),
        1 => Just(Op::DropReader),
        1 => Just(Op::Clear),
    ]
}

type Frames = VecDeque<(u32, Lsn, Vec<u8>)>;

/// Reads a block and takes what it holds off `expected`; whether there was one.
fn read(reader: &mut SpoolReader, expected: &mut Frames) -> bool {
    let Some(block) = reader.next_block().unwrap() else {
        assert!(expected.is_empty(), "{} frames are missing", expected.len());
        return false;
    };
    assert!(!block.frames().is_empty());
    for found in block.frames() {
        let (sub_xid, lsn, data) = expected.pop_front().expect("a frame too many");
        let frame = block.frame(found);
        assert_eq!((found.sub_xid, frame.lsn), (sub_xid, lsn));
        assert!(frame.data() == data, "the frame at {lsn} differs");
    }
    true
}

fn run(ops: Vec<Op>, memory: usize, read_size: usize) {
    let base = tempfile::tempdir().unwrap();
    let pool = BufferPool::new(1 << 30);
    let options = SpoolOptions { memory, folder: Some(base.path().to_owned()) };
    let mut spool = Spool::open(options, pool.clone()).unwrap();
    spool.read = read_size;
    let mut model: HashMap<u32, Frames> = HashMap::new();
    let mut readers: VecDeque<(SpoolReader, Frames)> = VecDeque::new();
    for (number, op) in ops.into_iter().enumerate() {
        match op {
            Op::Append { xid, sub, lsn, length } => {
                let data: Vec<u8> = (0..length).map(|at| (number + at * 31) as u8).collect();
                spool.append(Kept::whole(xid, sub, Lsn::new(lsn), &data)).unwrap();
                model.entry(xid).or_default().push_back((sub, Lsn::new(lsn), data));
            }
            Op::AbortSub { xid, sub } => {
                spool.abort_subtransaction(xid, sub);
                if xid == sub {
                    model.remove(&xid);
                } else if let Some(frames) = model.get_mut(&xid) {
                    frames.retain(|(of, ..)| *of != sub);
                }
            }
            Op::Abort { xid } => {
                spool.abort(xid);
                model.remove(&xid);
            }
            Op::Commit { xid } => {
                let reader = spool.commit(xid).unwrap();
                let expected = model.remove(&xid);
                assert_eq!(reader.is_some(), expected.is_some());
                readers.extend(reader.zip(expected));
            }
            Op::Read => {
                if let Some((reader, expected)) = readers.front_mut()
                    && !read(reader, expected)
                {
                    readers.pop_front();
                }
            }
            Op::DropReader => drop(readers.pop_back()),
            Op::Clear => {
                spool.clear();
                model.clear();
            }
        }
        let stats = spool.stats();
        assert!(stats.memory <= memory, "{} bytes of memory", stats.memory);
        assert_eq!(stats.transactions, model.len() + readers.len());
        assert!(model.keys().all(|xid| spool.contains(*xid)));
    }
    for xid in model.keys().copied().collect::<Vec<_>>() {
        readers.push_back((spool.commit(xid).unwrap().unwrap(), model.remove(&xid).unwrap()));
    }
    while let Some((mut reader, mut expected)) = readers.pop_front() {
        while read(&mut reader, &mut expected) {}
    }
    assert_eq!(spool.stats(), SpoolStats { spilled: spool.stats().spilled, ..SpoolStats::default() });
    assert_eq!(pool.retained(), 0);
    assert_eq!(std::fs::read_dir(spool.folder()).unwrap().count(), 0);
    drop(spool);
    assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn what_is_committed_comes_back_whatever_happens_beside_it(
        ops in prop::collection::vec(op(), 1..400),
        memory in prop::sample::select(vec![0_usize, 4_096, 9_000, 40_000, 10_000_000]),
        read_size in prop::sample::select(vec![1_usize, 100, 5_000, READ]),
    ) {
        run(ops, memory, read_size);
    }
}
