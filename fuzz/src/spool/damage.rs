//! What becomes of files that nobody watches.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::choices::Choices;

/// The files that were damaged so far.
#[derive(Debug)]
pub(super) struct Damages {
    folder: PathBuf,
    paths: Vec<String>,
}

impl Damages {
    pub(super) fn new(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), paths: Vec::new() }
    }

    /// The files that an error may be in.
    pub(super) fn paths(&self) -> &[String] {
        &self.paths
    }

    fn is_damaged(&self, path: &Path) -> bool {
        self.paths.iter().any(|damaged| Path::new(damaged) == path)
    }

    /// Damages a file, if there is one.
    pub(super) fn make(&mut self, choices: &mut Choices<'_>) {
        let files = files(&self.folder);
        let (nth, what) = (choices.below(files.len()), choices.byte());
        let Some(path) = files.get(nth) else { return };
        let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return };
        let Ok(bytes) = fs::read(path) else { return };
        let at = choices.word() % bytes.len().max(1);
        let done = match what % 6 {
            // No more than three bytes in a row: what a checksum of 32 bits is sure to see, whatever they are.
            0 | 1 => {
                let by = [choices.byte(), choices.byte(), choices.byte()];
                let some = bytes.get(at..bytes.len().min(at + 3)).unwrap_or_default();
                let changed: Vec<u8> = some.iter().zip(by).map(|(byte, by)| byte ^ by).collect();
                file.write_all_at(&changed, at as u64)
            }
            2 => file.set_len(at as u64),
            // A block, or what is none, in the place of another.
            3 => {
                let from = choices.word() % bytes.len().max(1);
                let length = choices.word().min(bytes.len() - from);
                let copied = bytes.get(from..from + length).unwrap_or_default();
                file.write_all_at(copied, at as u64)
            }
            // All of another transaction's: blocks say whose they are.
            4 => {
                let mut others = files.clone();
                others.retain(|other| xid(other) != xid(path) && !self.is_damaged(other));
                let other = others.get(choices.below(others.len())).and_then(|other| fs::read(other).ok());
                file.write_all_at(&other.unwrap_or_default(), 0)
            }
            // Something behind its end.
            _ => file.write_all_at(choices.bytes(20), bytes.len() as u64),
        };
        done.expect("it can be damaged");
        self.paths.push(path.to_string_lossy().into_owned());
    }
}

/// Whose file it is.
fn xid(path: &Path) -> Option<&str> {
    path.file_name()?.to_str()?.split('-').next()
}

/// The files of a spool, in the order of their names.
pub(super) fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}
