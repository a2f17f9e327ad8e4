//! What the terminal is like, and text for it.

use std::io::IsTerminal;
use std::process::{Command, Stdio};

/// How wide text is where nobody can say.
const WIDTH: usize = 110;

/// Colours and width of standard output.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terminal {
    colours: bool,
    width: usize,
}

impl Terminal {
    pub(super) fn of_stdout() -> Self {
        let is_terminal = std::io::stdout().is_terminal();
        let colours = is_terminal
            && std::env::var_os("NO_COLOR").is_none()
            && std::env::var_os("TERM").is_some_and(|term| term != "dumb");
        let width = columns().filter(|_| is_terminal).unwrap_or(WIDTH).max(40);
        Self { colours, width }
    }

    /// `text` in `colour` (a number of SGR), where the terminal has colours.
    pub(super) fn paint(self, colour: &str, text: &str) -> String {
        if self.colours { format!("\x1b[{colour}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// What fits into a line.
    pub(super) fn cut(self, text: &str) -> String {
        if text.chars().count() <= self.width {
            return text.to_owned();
        }
        text.chars().take(self.width - 1).chain(['…']).collect()
    }

    /// A line that says what follows.
    pub(super) fn heading(self, text: &str) {
        println!("\n{}", self.paint("1", text));
    }
}

/// The terminal's width, as `stty` tells it of our standard input.
fn columns() -> Option<usize> {
    let output =
        Command::new("stty").arg("size").stdin(Stdio::inherit()).stderr(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace().nth(1)?.parse().ok().filter(|columns| *columns > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_as_wide_as_the_terminal_at_most() {
        let terminal = Terminal { colours: false, width: 5 };
        assert_eq!((terminal.cut("äöüäö"), terminal.cut("äöüäöü")), ("äöüäö".into(), "äöüä…".into()));
        assert_eq!(terminal.paint("1", "x"), "x");
    }
}
