//! A spool against vectors.

mod damage;
mod model;

use pg_cdc_core::ErrorKind;
use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::stream::spool::{Spool, SpoolOptions, SpoolStats};

use crate::choices::Choices;
use damage::Damages;
use model::{Model, Reading};

/// The most that is done, and the most bytes that are appended, of one input.
const STEPS: usize = 500;
const BYTES: usize = 1 << 20;
/// The longest frame.
const LONGEST: usize = 75_000;

const XIDS: [u32; 3] = [100, 200, 4_000_000_000];
/// The transaction itself, neighbours, and one far away.
const SUBS: [u32; 6] = [0, 0, 1, 2, 70, 1 << 20];

/// Does to a spool what `input` says, and to its files where it says so.
///
/// # Panics
///
/// Where something else comes out than went in, without an error that names the file it was in.
pub fn check(input: &[u8]) {
    let mut choices = Choices::new(input);
    let mode = choices.byte();
    let memory = choices.pick([0, 4 << 10, 9_000, 40_000, 10 << 20]);
    let read = choices.pick([1, 100, 5_000, 512 << 10]);
    let pool = BufferPool::new(1 << 30);
    let base = base();
    let mut options = SpoolOptions::default();
    (options.memory, options.folder) = (memory, Some(base));
    let mut spool = Spool::open(options, pool.clone()).expect("a spool").reading(read);
    let folder = spool.folder().to_owned();
    let mut damages = (mode & 1 != 0).then(|| Damages::new(&folder));
    let mut model = Model::default();
    let mut readers: Vec<Reading> = Vec::new();
    let mut appended = 0;
    for step in 0..STEPS {
        if choices.is_empty() {
            break;
        }
        match choices.below(16) {
            0..=8 => {
                let (xid, sub) = whose(&mut choices);
                let length = length(choices.byte());
                appended += length;
                if appended > BYTES {
                    break;
                }
                model.append(&mut spool, step, xid, sub, length);
            }
            9 | 10 => {
                let (xid, sub) = whose(&mut choices);
                spool.abort_subtransaction(xid, sub);
                model.abort(xid, sub);
            }
            11 => {
                let (xid, _) = whose(&mut choices);
                spool.abort(xid);
                model.abort(xid, xid);
            }
            12 => {
                let (xid, _) = whose(&mut choices);
                readers.extend(model.commit(&mut spool, xid));
            }
            13 => {
                let nth = choices.below(readers.len());
                if readers.get_mut(nth).is_some_and(|reader| !reader.read(damages.as_ref())) {
                    readers.remove(nth);
                }
            }
            14 => {
                let nth = choices.below(readers.len());
                if nth < readers.len() {
                    readers.remove(nth);
                }
            }
            _ => match &mut damages {
                Some(damages) => damages.make(&mut choices),
                None => {
                    spool.clear();
                    model.clear();
                }
            },
        }
        let stats = spool.stats();
        assert!(stats.memory <= memory, "{} bytes of memory, of {memory}", stats.memory);
        assert_eq!(stats.transactions, model.len() + readers.len());
        assert!(XIDS.iter().all(|xid| spool.contains(*xid) == model.contains(*xid)));
    }
    for xid in XIDS {
        readers.extend(model.commit(&mut spool, xid));
    }
    for mut reader in readers {
        while reader.read(damages.as_ref()) {}
    }
    let mut nothing = SpoolStats::default();
    nothing.spilled = spool.stats().spilled;
    assert_eq!(spool.stats(), nothing);
    assert_eq!(pool.retained(), 0, "a buffer is lost");
    assert!(damage::files(&folder).is_empty(), "a file is left");
    drop(spool);
    assert!(!folder.exists(), "the folder is left");
}

/// A transaction, and a subtransaction of it.
fn whose(choices: &mut Choices<'_>) -> (u32, u32) {
    let both = choices.byte();
    let xid = XIDS[usize::from(both & 15) % XIDS.len()];
    (xid, xid + SUBS[usize::from(both >> 4) % SUBS.len()])
}

/// Mostly short.
fn length(byte: u8) -> usize {
    match usize::from(byte) {
        short @ ..=150 => short,
        longer @ ..=230 => (longer - 150) * 60,
        long => (long - 230) * 3_000,
    }
}

/// Where spools are: in memory, where that is a file system.
fn base() -> std::path::PathBuf {
    let memory = std::path::Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    base.join("pg-cdc-fuzz")
}

/// What an error may say: which file it was in.
fn names_the_file(error: &pg_cdc_core::Error, damages: Option<&Damages>) -> bool {
    let told = error.to_string();
    error.kind() == ErrorKind::Spool
        && error.hint().is_some()
        && damages.is_some_and(|damages| damages.paths().iter().any(|path| told.contains(&**path)))
}
