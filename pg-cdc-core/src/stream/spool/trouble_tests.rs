//! Crashes, full disks, damaged files.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::*;
use crate::Lsn;

/// Set in the processes that a test starts of itself.
const CHILD: &str = "PG_CDC_SPOOL_TEST_FOLDER";

fn spool(base: &Path, memory: usize) -> Spool {
    let options = SpoolOptions { memory, folder: Some(base.to_owned()) };
    Spool::open(options, BufferPool::new(1 << 30)).unwrap()
}

fn child_folder() -> Option<PathBuf> {
    std::env::var_os(CHILD).map(PathBuf::from)
}

/// This test again, in a process of its own behind `shell`, which ends with what is to be run.
fn this_test(name: &str, shell: &str, folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", &format!("{shell} exec \"$0\" \"$@\"")])
        .arg(std::env::current_exe().unwrap())
        .args([&format!("stream::spool::trouble_tests::{name}"), "--exact", "--nocapture"])
        .env(CHILD, folder);
    command
}

fn count(folder: &Path) -> usize {
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[test]
fn what_a_crash_left_is_removed_and_what_lives_is_not() {
    if let Some(folder) = child_folder() {
        let mut spool = spool(&folder, 0);
        spool.append(Kept::whole(1, 1, Lsn::new(1), b"left behind")).unwrap();
        std::fs::write(folder.join("ready"), "").unwrap();
        loop {
            std::thread::sleep(Duration::from_secs(1));
        }
    }
    let base = tempfile::tempdir().unwrap();
    let mut living = spool(base.path(), 0);
    living.append(Kept::whole(1, 1, Lsn::new(1), b"alive")).unwrap();
    let mut child = this_test("what_a_crash_left_is_removed_and_what_lives_is_not", "", base.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let ready = base.path().join("ready");
    let end = Instant::now() + Duration::from_secs(60);
    while !ready.exists() && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(ready.exists(), "the child has not come up");
    std::fs::remove_file(ready).unwrap();

    // A folder and a lock for each; while both live, a third removes neither.
    drop(spool(base.path(), 0));
    assert_eq!(count(base.path()), 4);
    child.kill().unwrap();
    child.wait().unwrap();
    let third = spool(base.path(), 0);
    assert_eq!(count(base.path()), 4);
    assert!(living.folder().exists() && third.folder().exists());
    drop((living.commit(1).unwrap().unwrap().next_block().unwrap().unwrap(), third));
    assert_eq!(count(base.path()), 2);
}

#[test]
fn files_that_are_not_a_spools_stay() {
    let base = tempfile::tempdir().unwrap();
    let dead = base.path().join("pg-cdc-spool-00");
    std::fs::create_dir(&dead).unwrap();
    std::fs::write(base.path().join("pg-cdc-spool-00.lock"), "").unwrap();
    for name in ["1-0.frames", "mine.txt"] {
        std::fs::write(dead.join(name), "x").unwrap();
    }
    drop(spool(base.path(), 0));
    assert!(!dead.join("1-0.frames").exists());
    assert!(dead.join("mine.txt").exists());
}

#[cfg(unix)]
#[test]
fn a_link_in_the_place_of_a_dead_spool_leads_nowhere() {
    let base = tempfile::tempdir().unwrap();
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("1-0.frames");
    std::fs::write(&file, "x").unwrap();
    std::os::unix::fs::symlink(elsewhere.path(), base.path().join("pg-cdc-spool-00")).unwrap();
    std::fs::write(base.path().join("pg-cdc-spool-00.lock"), "").unwrap();
    drop(spool(base.path(), 0));
    assert!(file.exists());
}

#[cfg(unix)]
#[test]
fn a_full_disk_is_an_error_that_loses_nothing() {
    let Some(folder) = child_folder() else {
        let base = tempfile::tempdir().unwrap();
        // Writes beyond the limit fail, the last before it is short; the signal that comes with it is not to kill.
        let output = this_test(
            "a_full_disk_is_an_error_that_loses_nothing",
            "trap '' XFSZ; ulimit -f 150;",
            base.path(),
        )
        .output()
        .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let told = String::from_utf8_lossy(&output.stdout);
        assert!(told.contains("1 passed"), "{told}");
        return;
    };
    for memory in [0, 30_000] {
        let mut spool = spool(&folder, memory);
        let mut appended = 0_u64;
        let error = loop {
            match spool.append(Kept::whole(1, 1, Lsn::new(appended), &[appended as u8; 1000])) {
                Ok(()) => appended += 1,
                Err(error) => break error,
            }
            assert!(appended < 1_000, "there is no limit");
        };
        assert_eq!(error.kind(), ErrorKind::Spool);
        assert!(!error.is_transient());
        assert!(error.to_string().contains(spool.folder().to_str().unwrap()), "{error}");
        assert!(error.hint().unwrap().contains("room"), "{:?}", error.hint());
        // Tried again, it goes on as far as the failed write had made room in memory, and no further.
        for _ in 0..40 {
            appended += u64::from(
                spool.append(Kept::whole(1, 1, Lsn::new(appended), &[appended as u8; 1000])).is_ok(),
            );
        }
        assert!(spool.append(Kept::whole(1, 1, Lsn::new(appended), &[0; 1000])).is_err());
        let on_disk = std::fs::metadata(spool.folder().join("1-0.frames")).unwrap().len();
        assert_eq!(on_disk, spool.stats().disk);
        assert!(spool.stats().memory <= memory);
        // Others have room, or get it; and what was taken in is all there.
        let mut reader = spool.commit(1).unwrap().unwrap();
        spool.append(Kept::whole(2, 2, Lsn::new(1), b"other")).unwrap();
        let mut expected = 0..appended;
        while let Some(block) = reader.next_block().unwrap() {
            for frame in block.frames() {
                assert_eq!(Some(u64::from(frame.lsn)), expected.next());
                assert_eq!(block.frame(frame).data(), [u64::from(frame.lsn) as u8; 1000]);
            }
        }
        assert!(expected.is_empty());
    }
}

#[test]
fn a_folder_that_is_taken_is_an_error_and_no_more_when_it_is_free() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 6_000);
    spool.append(Kept::whole(1, 1, Lsn::new(1), &[1; 1000])).unwrap();
    std::fs::remove_dir(spool.folder()).unwrap();
    std::fs::write(spool.folder(), "").unwrap();
    let error = (0..9).find_map(|_| spool.append(Kept::whole(2, 2, Lsn::new(1), &[2; 1000])).err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Spool);
    assert!(error.to_string().contains("pg-cdc-spool-"), "{error}");
    assert!(error.hint().is_some());
    assert!(!spool.contains(2), "it has no frame");
    std::fs::remove_file(spool.folder()).unwrap();
    (0..9).for_each(|_| spool.append(Kept::whole(2, 2, Lsn::new(1), &[2; 1000])).unwrap());
    for (xid, frames) in [(1, 1), (2, 9)] {
        let mut reader = spool.commit(xid).unwrap().unwrap();
        let mut found = 0;
        while let Some(block) = reader.next_block().unwrap() {
            found += block.frames().len();
        }
        assert_eq!(found, frames);
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_told_when_the_spool_is_opened() {
    let base = tempfile::tempdir().unwrap();
    let file = base.path().join("file");
    std::fs::write(&file, "").unwrap();
    let options = SpoolOptions { folder: Some(file.join("below")), ..SpoolOptions::default() };
    let error = Spool::open(options, BufferPool::new(1)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Spool);
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
    assert!(error.hint().unwrap().contains("SpoolOptions::folder"));
}

/// A transaction of three small blocks in a file, and the file.
fn spooled(base: &Path, piece: usize) -> (Spool, PathBuf) {
    let mut spool = spool(base, 0);
    spool.read = piece;
    for number in 0..3 {
        spool.append(Kept::whole(1, 1, Lsn::new(number), &[number as u8; 20])).unwrap();
    }
    let path = spool.folder().join("1-0.frames");
    (spool, path)
}

/// Reads until the error, which is to name the file; what came before must be what was written.
fn find_damage(mut spool: Spool, path: &Path) {
    let mut reader = spool.commit(1).unwrap().unwrap();
    let mut expected = 0..3;
    let error = loop {
        match reader.next_block() {
            Ok(Some(block)) => {
                for frame in block.frames() {
                    assert_eq!(Some(u64::from(frame.lsn)), expected.next());
                    assert_eq!(block.frame(frame).data(), [u64::from(frame.lsn) as u8; 20]);
                }
            }
            Ok(None) => panic!("the end was reached"),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::Spool);
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    assert!(error.hint().is_some() && !error.is_transient());
    assert!(reader.next_block().is_err(), "an error is not the end");
}

#[test]
fn a_truncated_file_is_an_error_wherever_it_ends() {
    let base = tempfile::tempdir().unwrap();
    for piece in [1, 50, READ] {
        for length in 0.. {
            let (spool, path) = spooled(base.path(), piece);
            let file = std::fs::OpenOptions::new().write(true).open(&path).unwrap();
            if length == file.metadata().unwrap().len() {
                break;
            }
            file.set_len(length).unwrap();
            find_damage(spool, &path);
        }
    }
}

#[test]
fn a_changed_byte_is_an_error_wherever_it_is() {
    let base = tempfile::tempdir().unwrap();
    for piece in [1, 50, READ] {
        for at in 0.. {
            let (spool, path) = spooled(base.path(), piece);
            let mut bytes = std::fs::read(&path).unwrap();
            let Some(byte) = bytes.get_mut(at) else { break };
            *byte ^= 0x81;
            std::fs::write(&path, bytes).unwrap();
            find_damage(spool, &path);
        }
    }
}

#[test]
fn blocks_of_another_place_are_an_error() {
    let base = tempfile::tempdir().unwrap();
    let (spool, path) = spooled(base.path(), READ);
    let bytes = std::fs::read(&path).unwrap();
    let (first, rest) = bytes.split_at(bytes.len() / 3);
    let (second, third) = rest.split_at(first.len());
    std::fs::write(&path, [first, third, second].concat()).unwrap();
    find_damage(spool, &path);
}

#[test]
fn a_folder_that_was_cleaned_up_is_made_again() {
    let base = tempfile::tempdir().unwrap();
    let mut spool = spool(base.path(), 0);
    std::fs::remove_dir(spool.folder()).unwrap();
    spool.append(Kept::whole(1, 1, Lsn::new(1), b"a")).unwrap();
    assert!(spool.commit(1).unwrap().unwrap().next_block().unwrap().is_some());
}
