//! What is wrong with a pipeline file, and where.

use std::fmt;

/// A place in the file: line and column, both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mark {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A pipeline file that can't be read, is not YAML, or says something it can't say.
///
/// Shown as `pipeline.yaml:12:5: source.slot.nam: unknown key; did you mean name?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    file: String,
    mark: Option<Mark>,
    key_path: String,
    message: String,
}

impl ConfigError {
    pub(super) fn new(mark: Option<Mark>, message: impl Into<String>) -> Self {
        Self { file: String::new(), mark, key_path: String::new(), message: message.into() }
    }

    pub(super) fn at_key(mut self, path: impl Into<String>) -> Self {
        self.key_path = path.into();
        self
    }

    pub(super) fn in_file(mut self, file: &str) -> Self {
        file.clone_into(&mut self.file);
        self
    }

    /// The file's name as it was given, `<stdin>` for standard input.
    #[must_use]
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The keys that lead to the trouble, as in `source.tables.include[0]`; empty where the file as a whole is meant.
    #[must_use]
    pub fn key_path(&self) -> &str {
        &self.key_path
    }

    /// The line, from 1; none where the file could not be read.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.mark.map(|mark| mark.line)
    }

    /// The column in characters, from 1; none where the file could not be read.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.mark.map(|mark| mark.column)
    }

    /// What is wrong and what was expected, without the place.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Mark { line, column }) = self.mark {
            write!(f, ":{line}:{column}")?;
        }
        f.write_str(": ")?;
        if !self.key_path.is_empty() {
            write!(f, "{}: ", self.key_path)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {}
