//! How many tests ran, as their runners say.

use std::fmt;
use std::io::{IsTerminal, Write};
use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;

use crate::Result;

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    passed: u64,
    failed: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

impl Counts {
    /// Runs a test runner, shows what it says and adds up its summaries.
    pub(super) async fn run(&mut self, mut command: Command, nextest: bool) -> Result<()> {
        if std::io::stdout().is_terminal() {
            command.env("CARGO_TERM_COLOR", "always");
        }
        let status = if nextest {
            let mut child = command.stderr(Stdio::piped()).spawn()?;
            self.read(child.stderr.take()).await?;
            child.wait().await?
        } else {
            let mut child = command.stdout(Stdio::piped()).spawn()?;
            self.read(child.stdout.take()).await?;
            child.wait().await?
        };
        if status.success() { Ok(()) } else { Err(status.to_string().into()) }
    }

    async fn read(&mut self, said: Option<impl AsyncRead + Unpin>) -> Result<()> {
        let Some(said) = said else { return Ok(()) };
        let mut said = BufReader::new(said);
        let mut bytes = Vec::new();
        while said.read_until(b'\n', &mut bytes).await? > 0 {
            std::io::stdout().write_all(&bytes)?;
            self.add(&String::from_utf8_lossy(&bytes));
            bytes.clear();
        }
        Ok(())
    }

    /// `test result: ok. 11 passed; 0 failed; …` of cargo's own runner, `Summary [ 0.2s] 3 tests run: 2 passed, 1 failed` of nextest.
    fn add(&mut self, line: &str) {
        let line = without_colours(line);
        let line = line.trim_start();
        if !line.starts_with("test result: ") && !line.starts_with("Summary [") {
            return;
        }
        let words: Vec<&str> = line
            .split(|c: char| c.is_whitespace() || ";,.:()".contains(c))
            .filter(|w| !w.is_empty())
            .collect();
        for pair in words.windows(2) {
            let [number, what] = pair else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match *what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                _ => {}
            }
        }
    }
}

fn without_colours(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\x1b' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summaries_of_both_runners_add_up() {
        let mut counts = Counts::default();
        for line in [
            "test result: ok. 11 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: \x1b[31mFAILED\x1b[0m. 1 passed; 3 failed; 0 ignored",
            "     \x1b[32mSummary\x1b[0m [   0.004s] 7 tests run: \x1b[1m5\x1b[0m passed (1 slow), 2 failed, 0 skipped",
            "test a_promise_of_5_passed ... ok",
        ] {
            counts.add(line);
        }
        assert_eq!(counts, Counts { passed: 17, failed: 5 });
    }
}
