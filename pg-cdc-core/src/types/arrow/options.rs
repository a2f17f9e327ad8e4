//! What can be chosen.

/// How values become Arrow's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub struct ArrowOptions {
    /// What becomes of values that Arrow's type can't hold exactly.
    pub inexact: Inexact,
    /// What becomes of values that the server did not send.
    pub not_sent: NotSent,
    /// What text becomes.
    pub strings: Strings,
    /// What arrays become.
    pub arrays: Arrays,
}

/// What becomes of a value that Arrow's type can't hold exactly, as the infinity of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Inexact {
    /// An error.
    #[default]
    Error,
    /// NULL; every field of the schema is then nullable.
    Null,
}

/// What becomes of a value that the server did not send: unchanged TOAST, a column outside of the replica identity or
/// of the publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum NotSent {
    /// An error that says which kind of nothing it is.
    #[default]
    Error,
    /// NULL, which then can't be told from SQL's; every field of the schema is nullable.
    /// [`Row::unchanged`](crate::batch::Row::unchanged) and [`Row::datum`](crate::batch::Row::datum) still tell them apart.
    Null,
}

/// Which of Arrow's layouts text has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Strings {
    /// `Utf8`: what every reader of Arrow knows, smaller for short values, and faster to make, since its text is
    /// checked for UTF-8 all at once (a view takes 1.3 to 1.4 times as long: `benches/README.md`).
    #[default]
    Utf8,
    /// `Utf8View`: values of up to 12 bytes stand in place; for engines that compare, filter and take views without
    /// copying text. Longer values are copied too: an array that pointed into a batch's buffers would keep all of them
    /// from their pool.
    Utf8View,
}

/// What arrays become.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Arrays {
    /// `List`; a value of more than one dimension, or whose first index is not 1, can't be held.
    #[default]
    List,
    /// PostgreSQL's text, whatever dimensions a value has.
    Text,
}
