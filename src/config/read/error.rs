//! What reading a struct can find wrong, with what may have been meant.

use std::fmt;

use serde::de;

use crate::config::path::KeyPath;
use crate::config::yaml::shown;
use crate::config::{ConfigError, Mark};

/// An error on its way up: it gets its place from the innermost value it passes.
#[derive(Debug)]
pub(super) struct ReadError {
    pub(super) message: String,
    /// A required key that is missing from the mapping which is the error's place.
    missing: Option<&'static str>,
    place: Option<(Mark, String)>,
}

impl ReadError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), missing: None, place: None }
    }

    pub(super) fn within(mut self, mark: Mark, path: &KeyPath<'_>) -> Self {
        if self.place.is_none() {
            let path = match self.missing {
                Some(key) => path.key(key).to_string(),
                None => path.to_string(),
            };
            self.place = Some((mark, path));
        }
        self
    }
}

impl From<ReadError> for ConfigError {
    fn from(error: ReadError) -> Self {
        let (mark, path) = error.place.unzip();
        Self::new(mark, error.message).at_key(path.unwrap_or_default())
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ReadError {}

impl de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::new(message.to_string())
    }

    fn missing_field(field: &'static str) -> Self {
        Self { missing: Some(field), ..Self::new("this key is required and missing") }
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown key; {}", instead(field, expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("unknown value {}; {}", shown(variant), instead(variant, expected)))
    }
}

/// What could have been meant: the nearest by spelling, and all there are.
pub(super) fn instead(word: &str, expected: &[&str]) -> String {
    if expected.is_empty() {
        return "there are no keys here".to_owned();
    }
    // A word longer than any key is near none, and must not cost time either.
    let word: String = word.to_lowercase().chars().take(64).collect();
    let near = expected
        .iter()
        .map(|candidate| (strsim::osa_distance(&word, candidate), candidate))
        .filter(|(steps, candidate)| {
            *steps <= candidate.len().max(word.len()).div_ceil(3) && *steps < candidate.len()
        })
        .min_by_key(|(steps, _)| *steps);
    let all = match expected {
        [one] => format!("expected {one}"),
        [one, other] => format!("expected {one} or {other}"),
        many => format!("expected one of {}", many.join(", ")),
    };
    match near {
        Some((_, candidate)) => format!("did you mean {candidate}? {all}"),
        None => all,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_misses_are_offered() {
        let keys = ["include", "exclude", "columns", "rows"];
        for (word, meant) in
            [("inclde", "include"), ("Include", "include"), ("row", "rows"), ("exlcude", "exclude")]
        {
            assert!(instead(word, &keys).starts_with(&format!("did you mean {meant}? ")), "{word}");
        }
        assert_eq!(instead("banana", &keys), "expected one of include, exclude, columns, rows");
    }
}
