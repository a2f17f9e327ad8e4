//! What the suite found.

use std::fmt;

/// More broken promises than anybody reads.
const MOST_KEPT: usize = 50;

/// The broken promises of a sink, and how much was tried.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Report {
    /// What the sink did not keep, each with where it was seen.
    pub broken: Vec<String>,
    /// How often the sink was opened.
    pub opened: usize,
    /// How many batches it was given, those that came again included.
    pub batches: usize,
    /// How often it was dropped after a write that no flush followed.
    pub crashes_after_write: usize,
    /// How often it was dropped after a flush whose state was not saved.
    pub crashes_after_flush: usize,
    /// How often it was dropped after its state was saved.
    pub crashes_after_save: usize,
    left_out: usize,
}

impl Report {
    /// Whether every promise was kept.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.broken.is_empty()
    }

    pub(super) fn broke(&mut self, promise: String) {
        if self.broken.len() < MOST_KEPT {
            self.broken.push(promise);
        } else {
            self.left_out += 1;
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} batches, opened {} times, dropped {} times after a write, {} after a flush, {} after a saved state",
            self.batches,
            self.opened,
            self.crashes_after_write,
            self.crashes_after_flush,
            self.crashes_after_save
        )?;
        if self.is_ok() {
            return f.write_str("every promise was kept");
        }
        writeln!(f, "broken promises:")?;
        for promise in &self.broken {
            writeln!(f, "- {promise}")?;
        }
        if self.left_out > 0 {
            writeln!(f, "and {} more", self.left_out)?;
        }
        Ok(())
    }
}
