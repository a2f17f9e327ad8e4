//! A file that is cut back to where the last durable flush left it. Everything here blocks.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, Instant};

use pg_cdc_core::SinkError;

/// How long the end of another writer's last write is waited for: one that was dropped a moment ago.
const LOCK_PATIENCE: Duration = Duration::from_secs(10);

/// What stands at a path.
pub(super) enum Opened {
    /// A file, open at its end, locked, with its length.
    File(File, u64),
    /// A pipe or a device, which has no length.
    Stream(File),
}

/// Opens the file at `path` for the next line.
///
/// With the length of the last durable flush the file is cut back to it; without it, lines go behind what the file
/// has already.
pub(super) fn open(path: &Path, saved: Option<u64>) -> Result<Opened, SinkError> {
    let existing = OpenOptions::new().read(true).write(true).open(path);
    let file = match existing {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => match saved {
            Some(length) if length > 0 => return Err(missing(path, length)),
            _ => create(path)?,
        },
        // A device or a pipe that can only be written to.
        Err(_) if is_special(path) => {
            OpenOptions::new().write(true).open(path).map_err(|error| cannot("be opened", path, error))?
        }
        Err(error) => return Err(cannot("be opened", path, error)),
    };
    let metadata = file.metadata().map_err(|error| cannot("be looked at", path, error))?;
    if !metadata.is_file() {
        return Ok(Opened::Stream(file));
    }
    lock(&file, path)?;
    // Only now nobody else changes it.
    let length = file.metadata().map_err(|error| cannot("be looked at", path, error))?.len();
    let length = match saved {
        Some(saved) => cut_back(&file, path, length, saved)?,
        None => {
            check_last_line(&file, path, length)?;
            length
        }
    };
    (&file).seek(SeekFrom::Start(length)).map_err(|error| cannot("be written", path, error))?;
    Ok(Opened::File(file, length))
}

fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}

/// Makes the file and its entry in the folder durable.
fn create(path: &Path) -> Result<File, SinkError> {
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| cannot("be made", path, error))?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    // Where a folder can't be opened or synced (not every system can), the entry is as durable as it gets.
    if let Ok(folder) = File::open(folder.unwrap_or(Path::new("."))) {
        match folder.sync_all() {
            Err(error) if !matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => {
                return Err(cannot("be made durable in its folder", path, error));
            }
            _ => {}
        }
    }
    Ok(file)
}

fn lock(file: &File, path: &Path) -> Result<(), SinkError> {
    let since = Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(()),
            Err(TryLockError::WouldBlock) if since.elapsed() < LOCK_PATIENCE => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(TryLockError::WouldBlock) => {
                return Err(SinkError::new(format!(
                    "{} is being written by another process",
                    path.display()
                ))
                .with_hint("stop the other pipeline, or give each its own path"));
            }
            // A file system without locks: nothing to hold on to.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(cannot("be locked", path, error)),
        }
    }
}

fn cut_back(file: &File, path: &Path, length: u64, saved: u64) -> Result<u64, SinkError> {
    if length < saved {
        return Err(SinkError::new(format!(
            "{} has {length} bytes, but {saved} were made durable before: lines are missing",
            path.display()
        ))
        .with_hint(
            "put the file back as it was, or start over with another path and without the saved state \
             (pg-cdc cleanup)",
        ));
    }
    if length > saved {
        file.set_len(saved)
            .and_then(|()| file.sync_all())
            .map_err(|error| cannot("be cut back", path, error))?;
    }
    Ok(saved)
}

/// A line must not be written behind half a line.
fn check_last_line(mut file: &File, path: &Path, length: u64) -> Result<(), SinkError> {
    let mut last = [b'\n'];
    if length > 0 {
        file.seek(SeekFrom::Start(length - 1))
            .and_then(|_| file.read_exact(&mut last))
            .map_err(|error| cannot("be read", path, error))?;
    }
    if last != [b'\n'] {
        return Err(SinkError::new(format!("{} does not end with a whole line", path.display()))
            .with_hint("it is not of this pipeline, whose state has no length for it: give another path"));
    }
    Ok(())
}

fn missing(path: &Path, length: u64) -> SinkError {
    SinkError::new(format!(
        "{} is not there, but {length} bytes of it were made durable before",
        path.display()
    ))
    .with_hint("put the file back, or start over without the saved state (pg-cdc cleanup)")
}

fn cannot(what: &str, path: &Path, error: std::io::Error) -> SinkError {
    SinkError::new(format!("{} can't {what}", path.display())).with_cause(error)
}
