//! The spool's own folder, and what a crash left of others.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::trouble::failed;
use crate::Error;

const NAME: &str = "pg-cdc-spool-";
const LOCK: &str = "lock";
/// Ending of a transaction's file.
const FILE: &str = "frames";
/// Names are drawn at random: more tries than this mean something else.
const TRIES: usize = 16;

/// A folder of one spool, and beside it a file that is locked for as long as the spool lives.
///
/// Who gets the lock of a folder knows that its owner is gone. The lock is there before the folder and goes after it,
/// so there is no folder of ours that a lock does not speak for.
#[derive(Debug)]
pub(super) struct Place {
    folder: PathBuf,
    lock_path: PathBuf,
    _lock: File,
    files: AtomicU64,
}

impl Place {
    /// Removes what dead owners left in `base`, and makes a folder in it.
    pub(super) fn claim(base: &Path) -> Result<Self, Error> {
        builder(true).create(base).map_err(|error| failed("make the folder", base, error))?;
        sweep(base);
        for _ in 0..TRIES {
            let folder = base.join(format!("{NAME}{:016x}", RandomState::new().build_hasher().finish()));
            let lock_path = folder.with_extension(LOCK);
            let Some(lock) = lock(&lock_path).map_err(|error| failed("lock", &lock_path, error))? else {
                continue;
            };
            match builder(false).create(&folder) {
                Ok(()) => return Ok(Self { folder, lock_path, _lock: lock, files: AtomicU64::new(0) }),
                Err(error) => {
                    let _ = fs::remove_file(&lock_path);
                    if error.kind() != io::ErrorKind::AlreadyExists {
                        return Err(failed("make the folder", &folder, error));
                    }
                }
            }
        }
        let error = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(failed("make a folder in", base, error))
    }

    /// Where the files are.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A new file for the transaction `xid`, to be written and read.
    pub(super) fn create(&self, xid: u32) -> Result<(PathBuf, File), Error> {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.folder.join(format!("{xid}-{number}.{FILE}"));
        let make = || options().create_new(true).open(&path);
        let made = match make() {
            // What cleans temporary folders up takes an old and empty one away.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                builder(false).create(&self.folder).and_then(|()| make())
            }
            made => made,
        };
        let file = made.map_err(|error| failed("make the file", &path, error))?;
        Ok((path, file))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        discard(&self.folder, &self.lock_path);
    }
}

/// Makes and locks a new file; `None` where it is there already, or a sweeper was faster.
fn lock(path: &Path) -> io::Result<Option<File>> {
    let mut file = match options().create_new(true).open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        Err(error) => return Err(error),
    };
    match file.try_lock() {
        // Between its making and its locking a sweeper may have taken it for a dead one's and removed it.
        Ok(()) if fs::symlink_metadata(path).is_err() => Ok(None),
        // For a person who looks; nobody reads it.
        Ok(()) => writeln!(file, "{}", std::process::id()).map(|()| Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => {
            let _ = fs::remove_file(path);
            Err(error)
        }
    }
}

/// Removes the folders whose owners are gone. What can't be removed, another user's for one, stays.
fn sweep(base: &Path) {
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        let path = entry.path();
        let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(NAME))
            && path.extension().is_some_and(|extension| extension == LOCK)
            && entry.file_type().is_ok_and(|kind| kind.is_file());
        if !is_ours {
            continue;
        }
        if let Some(_lock) = options().open(&path).ok().filter(|file| file.try_lock().is_ok()) {
            let folder = path.with_extension("");
            tracing::info!(folder = %folder.display(), "removing transactions that an earlier run left unfinished");
            discard(&folder, &path);
        }
    }
}

/// Removes a folder with its transactions, then its lock. Files that are not a spool's keep both.
fn discard(folder: &Path, lock: &Path) {
    // Nobody's link leads us to other folders.
    if fs::symlink_metadata(folder).is_ok_and(|kind| !kind.is_dir()) {
        return;
    }
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().extension().is_some_and(|extension| extension == FILE) {
            let _ = fs::remove_file(entry.path());
        }
    }
    match fs::remove_dir(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(folder = %folder.display(), %error, "could not remove the spool's folder");
        }
        _ => {
            let _ = fs::remove_file(lock);
        }
    }
}

fn builder(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}
