//! Which walminer.

/// A version of walminer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// Version 1: whole files are mined, and the result is a temporary table of the session.
    First,
    /// Version 3: a range of the log is mined, and the result is a table of the database.
    Third,
}
