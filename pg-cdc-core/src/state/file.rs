//! A store in one file, replaced whole.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;

use super::{STATE_VERSION, State, StateStore};
use crate::{Error, ErrorKind};

/// Keeps the state as JSON in a file: a new file is written and fsynced, renamed over the old one, and the folder is
/// fsynced. A lock on `PATH.lock` is held until the store is dropped.
#[derive(Debug)]
pub struct FileStore {
    path: PathBuf,
    lock: File,
}

impl FileStore {
    /// The store at `path`; missing folders are made.
    ///
    /// # Errors
    ///
    /// Where another process has the store open ([`ErrorKind::Mismatch`]), or the folder can't be written.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let path = path.into();
        let lock_path = beside(&path, ".lock");
        let opened = folder(&path)
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path));
        let lock = opened.map_err(|error| failed("open", &lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path, lock }),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                ErrorKind::Mismatch,
                format!("the state {} is in use by another process", path.display()),
            )
            .with_hint("one pipeline runs once at a time; stop the other, or give this one another name")),
            Err(TryLockError::Error(error)) => Err(failed("lock", &lock_path, error)),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn write(&self, json: &[u8]) -> io::Result<()> {
        let new = beside(&self.path, ".new");
        let mut file = File::create(&new)?;
        file.write_all(json)?;
        file.sync_all()?;
        std::fs::rename(&new, &self.path)?;
        self.sync_folder()
    }

    fn sync_folder(&self) -> io::Result<()> {
        File::open(folder(&self.path).unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn folder(path: &Path) -> Option<&Path> {
    path.parent().filter(|folder| !folder.as_os_str().is_empty())
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

fn failed(what: &str, path: &Path, error: io::Error) -> Error {
    let error = Error::new(ErrorKind::State, format!("could not {what} the state {}", path.display()))
        .with_cause(error);
    error.with_hint("see that the folder is there, may be written to and has room; nothing was acknowledged that is not saved")
}

// The writes are small and must be over before anything else happens, so they are made in place.
#[async_trait]
impl StateStore for FileStore {
    async fn load(&mut self) -> Result<Option<State>, Error> {
        let json = match std::fs::read(&self.path) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed("read", &self.path, error)),
        };
        let unreadable = |cause: serde_json::Error| {
            Error::new(ErrorKind::Mismatch, format!("the state {} is not readable", self.path.display()))
                .with_cause(cause)
                .with_hint("it is replaced whole at every save, so something else wrote to it; restore it, or start over with `pg-cdc cleanup`")
        };
        let tree: serde_json::Value = serde_json::from_slice(&json).map_err(unreadable)?;
        match tree.get("version").and_then(serde_json::Value::as_u64) {
            Some(version) if version == u64::from(STATE_VERSION) => {
                serde_json::from_value(tree).map(Some).map_err(unreadable)
            }
            other => Err(Error::new(
                ErrorKind::Unsupported,
                format!(
                    "the state {} has format {}, this program reads {STATE_VERSION}",
                    self.path.display(),
                    other.map_or("unknown".to_owned(), |version| version.to_string()),
                ),
            )
            .with_hint("run the version of pg-cdc that wrote it")),
        }
    }

    async fn save(&mut self, state: &State) -> Result<(), Error> {
        let json = serde_json::to_vec(state).map_err(io::Error::from);
        json.and_then(|json| self.write(&json)).map_err(|error| failed("save", &self.path, error))
    }

    async fn remove(&mut self) -> Result<(), Error> {
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed("remove", &self.path, error)),
            _ => self.sync_folder().map_err(|error| failed("remove", &self.path, error)),
        }
    }
}

impl Drop for FileStore {
    fn drop(&mut self) {
        // Closing the file would do; said aloud because the lock is what the field is for.
        let _ = self.lock.unlock();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Lsn, ServerId, TableStart};

    fn state(name: &str) -> State {
        State::new(name, ServerId { system_id: 7, timeline: 1 })
    }

    #[tokio::test]
    async fn gives_back_what_was_saved_and_nothing_after_remove() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a/b/shop.json");
        let mut store = FileStore::open(&path).unwrap();
        assert_eq!(store.load().await.unwrap(), None);
        store.save(&state("one")).await.unwrap();
        store.save(&state("two")).await.unwrap();
        drop(store);
        let mut store = FileStore::open(&path).unwrap();
        assert_eq!(store.load().await.unwrap(), Some(state("two")));
        store.remove().await.unwrap();
        store.remove().await.unwrap();
        assert_eq!(store.load().await.unwrap(), None);
    }

    #[test]
    fn what_earlier_releases_wrote_is_read() {
        let mut old = state("shop");
        old.starts = vec![TableStart::new(7, Lsn::new(0x10))];
        let json = serde_json::to_string(&old).unwrap();
        assert!(!json.contains("plugin") && !json.contains("shows"), "{json}");
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), old);
        old.plugin = Some("walminer".to_owned());
        old.starts[0].shows = Some(Arc::new("5:9:7".parse().unwrap()));
        let json = serde_json::to_string(&old).unwrap();
        assert!(json.contains(r#""plugin":"walminer""#) && json.contains(r#""shows":"5:9:7""#), "{json}");
        assert_eq!(serde_json::from_str::<State>(&json).unwrap(), old);
    }

    #[tokio::test]
    async fn a_second_holder_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.json");
        let _held = FileStore::open(&path).unwrap();
        let refused = FileStore::open(&path).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Mismatch);
        assert!(refused.hint().is_some());
    }

    #[tokio::test]
    async fn a_half_written_or_newer_state_is_an_error_not_a_fresh_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("shop.json");
        let mut store = FileStore::open(&path).unwrap();
        std::fs::write(&path, "{\"version\":1,\"pipe").unwrap();
        assert_eq!(store.load().await.unwrap_err().kind(), ErrorKind::Mismatch);
        std::fs::write(&path, "{\"version\":2}").unwrap();
        assert_eq!(store.load().await.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
