//! The folder that downloads live in, and the lock that keeps processes from doing the same work at once.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::user::is_root;
use crate::error::{Error, Result};

/// Made if missing, and readable by the server's user: root's home is not.
pub(crate) fn dir() -> Result<PathBuf> {
    let dir = match std::env::var_os("PG_CDC_CACHE") {
        Some(dir) => PathBuf::from(dir),
        None if is_root() => PathBuf::from("/var/cache/pg-cdc-testkit"),
        None => match std::env::var_os("XDG_CACHE_HOME") {
            Some(cache) => PathBuf::from(cache).join("pg-cdc-testkit"),
            None => match std::env::var_os("HOME") {
                Some(home) => PathBuf::from(home).join(".cache/pg-cdc-testkit"),
                None => std::env::temp_dir().join("pg-cdc-testkit"),
            },
        },
    };
    fs::create_dir_all(&dir).map_err(Error::file("making", &dir))?;
    if is_root() {
        fs::set_permissions(&dir, fs::Permissions::from_mode(0o755)).map_err(Error::file("chmod", &dir))?;
    }
    Ok(dir)
}

/// Held until dropped; waits for the process that holds it. The kernel lets go of it when its holder dies.
pub(crate) struct Lock(#[expect(dead_code, reason = "held for its lock")] File);

impl Lock {
    pub(crate) fn acquire(name: &str) -> Result<Self> {
        let path = dir()?.join(format!("{name}.lock"));
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(Error::file("opening", &path))?;
        file.lock().map_err(Error::file("locking", &path))?;
        Ok(Self(file))
    }
}
