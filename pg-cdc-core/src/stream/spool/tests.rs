use super::*;
use crate::Lsn;

fn spool(base: &Path, memory: usize) -> Spool {
    let options = SpoolOptions { memory, folder: Some(base.to_owned()) };
    Spool::open(options, BufferPool::new(1 << 30)).unwrap()
}

fn frames(mut reader: SpoolReader) -> Vec<(u32, Vec<u8>)> {
    let mut frames = Vec::new();
    while let Some(block) = reader.next_block().unwrap() {
        frames.extend(block.frames().iter().map(|frame| (frame.sub_xid, block.frame(frame).data().to_vec())));
    }
    frames
}

#[test]
fn a_savepoint_rolled_back_and_continued_keeps_what_follows() {
    let base = tempfile::tempdir().unwrap();
    for memory in [0, 1 << 20] {
        let mut spool = spool(base.path(), memory);
        for (sub_xid, data) in [(1, "a"), (2, "b"), (3, "c")] {
            spool.append(Kept::whole(1, sub_xid, Lsn::new(1), data.as_bytes())).unwrap();
        }
        // ROLLBACK TO the outer savepoint takes back both, and what follows has an id of its own.
        spool.abort_subtransaction(1, 3);
        spool.abort_subtransaction(1, 2);
        spool.append(Kept::whole(1, 4, Lsn::new(2), b"d")).unwrap();
        // Were the id used again, the same would hold.
        spool.append(Kept::whole(1, 2, Lsn::new(3), b"e")).unwrap();
        spool.append(Kept::whole(1, 1, Lsn::new(4), b"f")).unwrap();
        let found = frames(spool.commit(1).unwrap().unwrap());
        let expected = [(1, "a"), (4, "d"), (2, "e"), (1, "f")];
        assert_eq!(found, expected.map(|(sub_xid, data)| (sub_xid, data.as_bytes().to_vec())));
    }
}

#[test]
fn the_largest_transaction_is_the_one_that_goes_to_a_file() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 64 << 10);
    for (xid, times) in [(1, 5), (2, 30), (3, 1), (1, 20)] {
        (0..times).for_each(|_| spool.append(Kept::whole(xid, xid, Lsn::new(1), &[7; 1000])).unwrap());
    }
    let mut files: Vec<String> = std::fs::read_dir(spool.folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    files.sort();
    assert_eq!(files, ["2-0.frames"]);
    assert!(spool.stats().disk >= 30_000 && spool.stats().memory <= 64 << 10);
}

#[test]
fn memory_is_bounded_whatever_the_transactions_size() {
    const MEMORY: usize = 1 << 20;
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), MEMORY);
    let pool = spool.pool.clone();
    for number in 0..400_000_u32 {
        let xid = 1 + number % 10;
        spool.append(Kept::whole(xid, xid, Lsn::new(number.into()), &[number as u8; 100])).unwrap();
        assert!(pool.retained() <= MEMORY);
    }
    assert_eq!(std::fs::read_dir(spool.folder()).unwrap().count(), 10);
    assert!(spool.stats().disk > 40_000_000 - MEMORY as u64);
    // A frame costs its LSN, its length and what names its subtransaction: a few bytes.
    assert!(spool.stats().disk < 400_000 * 106);
    for xid in 1..=10 {
        if xid % 2 == 0 {
            spool.abort(xid);
            continue;
        }
        let mut reader = spool.commit(xid).unwrap().unwrap();
        let mut count = 0;
        while let Some(block) = reader.next_block().unwrap() {
            count += block.frames().len();
            assert!(pool.retained() <= MEMORY + 2 * READ, "{} bytes", pool.retained());
        }
        assert_eq!(count, 40_000);
    }
    assert_eq!((spool.stats().memory, spool.stats().disk, pool.retained()), (0, 0, 0));
}

#[test]
fn a_frame_larger_than_all_memory_passes() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 100_000);
    let large: Vec<u8> = (0..3_000_000_u32).map(|at| at as u8).collect();
    for data in [&b"before"[..], &large, b"behind"] {
        spool.append(Kept::whole(1, 1, Lsn::new(1), data)).unwrap();
        assert!(spool.pool.retained() <= 100_000);
    }
    let found = frames(spool.commit(1).unwrap().unwrap());
    assert!(found.iter().map(|(_, data)| &data[..]).eq([&b"before"[..], &large, b"behind"]));
}

#[test]
fn subtransactions_cost_nothing_until_they_abort() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 1 << 20);
    for sub_xid in 2..300_000 {
        spool.append(Kept::whole(1, sub_xid, Lsn::new(1), b"x")).unwrap();
        if sub_xid % 2 == 0 {
            spool.abort_subtransaction(1, sub_xid);
        }
    }
    let found = frames(spool.commit(1).unwrap().unwrap());
    assert!(found.iter().map(|(sub_xid, _)| *sub_xid).eq((3..300_000).step_by(2)));
}

#[test]
fn a_reader_goes_on_while_the_spool_is_used_and_after_it_is_gone() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 10_000);
    (0..5_000).for_each(|_| spool.append(Kept::whole(1, 1, Lsn::new(1), &[1; 300])).unwrap());
    let reader = spool.commit(1).unwrap().unwrap();
    let reading = std::thread::spawn(move || frames(reader));
    (0..5_000).for_each(|_| spool.append(Kept::whole(1, 1, Lsn::new(1), &[2; 300])).unwrap());
    let again = spool.commit(1).unwrap().unwrap();
    assert!(spool.commit(1).unwrap().is_none());
    drop(spool);
    assert!(frames(again).iter().all(|(_, data)| data[..] == [2; 300]));
    assert!(reading.join().unwrap().iter().all(|(_, data)| data[..] == [1; 300]));
    assert_eq!(std::fs::read_dir(base.path()).unwrap().count(), 0);
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_what_is_spooled() {
    use std::os::unix::fs::PermissionsExt;
    let base = tempfile::tempdir().unwrap();
    let given = base.path().join("made/too");
    let mut spool = spool(&given, 0);
    spool.append(Kept::whole(1, 1, Lsn::new(1), b"secret")).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&given), mode(spool.folder())), (0o700, 0o700));
    assert_eq!(mode(&spool.folder().join("1-0.frames")), 0o600);
}
