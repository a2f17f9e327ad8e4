//! Running the machine's programs.

use std::process::{Command, Output, Stdio};

use crate::error::{Error, Result};

/// Runs to the end; a failure tells the command line and what it said.
pub(crate) fn run(command: &mut Command) -> Result<Output> {
    let line = command_line(command);
    let failed = |detail: String| Error::Command { command: line.clone(), detail };
    let output = command.stdin(Stdio::null()).output().map_err(|e| failed(e.to_string()))?;
    if output.status.success() {
        return Ok(output);
    }
    let said =
        [&output.stdout, &output.stderr].map(|s| String::from_utf8_lossy(s).trim().to_owned()).join("\n");
    Err(failed(format!("{}\n{}", output.status, said.trim())))
}

/// Runs to the end and hands out what it printed, without the white space around it.
pub(crate) fn stdout(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&run(command)?.stdout).trim().to_owned())
}

fn command_line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|w| w.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
