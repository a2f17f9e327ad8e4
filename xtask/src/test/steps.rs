//! Steps with names, timed.

use std::time::{Duration, Instant};

use crate::Result;

#[derive(Default)]
pub(super) struct Steps {
    done: Vec<(String, Duration, bool)>,
}

impl Steps {
    /// Runs one; its error says which it was.
    pub(super) async fn step<T>(&mut self, name: &str, step: impl Future<Output = Result<T>>) -> Result<T> {
        println!("── {name}");
        let begun = Instant::now();
        let outcome = step.await;
        self.done.push((name.to_owned(), begun.elapsed(), outcome.is_ok()));
        outcome.map_err(|e| format!("{name}: {e}").into())
    }

    pub(super) fn summary(&self) {
        println!("── summary");
        for (name, took, passed) in &self.done {
            println!("{:>8.1} s  {}  {name}", took.as_secs_f64(), if *passed { "ok    " } else { "FAILED" });
        }
        let total: Duration = self.done.iter().map(|(_, took, _)| *took).sum();
        println!("{:>8.1} s  in all", total.as_secs_f64());
    }
}
