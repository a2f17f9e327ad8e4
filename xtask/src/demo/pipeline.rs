//! The pg-cdc program as a child process.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::Result;

pub(super) struct Pipeline {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Pipeline {
    /// Writes the pipeline's file into `folder` and runs it. Killed when dropped.
    pub(super) fn start(program: &Path, folder: &Path, url: &str) -> Result<Self> {
        fs::create_dir_all(folder)?;
        let file = folder.join("demo.yaml");
        fs::write(&file, pipeline_file(url))?;
        let mut child = Command::new(program)
            .arg("run")
            .arg(&file)
            .args(["--progress", "never", "--log", "error"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A Ctrl-C is for us: we stop it, once it has been told.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|e| format!("running {}: {e}", program.display()))?;
        let stdout = child.stdout.take().ok_or("the pipeline has no standard output")?;
        Ok(Self { child, lines: BufReader::with_capacity(1 << 18, stdout).lines() })
    }

    /// The next line; `None` once there are no more. Cancel safe.
    pub(super) async fn line(&mut self) -> Result<Option<String>> {
        Ok(self.lines.next_line().await?)
    }

    /// Asks it to stop as a Ctrl-C does.
    pub(super) async fn interrupt(&self) -> Result<()> {
        let Some(pid) = self.child.id() else { return Ok(()) };
        let status = Command::new("kill").args(["-INT", &pid.to_string()]).status().await?;
        if status.success() { Ok(()) } else { Err("the pipeline ended before it was told to".into()) }
    }

    /// Waits for its end, which has to be a clean one.
    pub(super) async fn ended(&mut self) -> Result<()> {
        match tokio::time::timeout(Duration::from_secs(60), self.child.wait()).await {
            Ok(status) => match status? {
                status if status.success() => Ok(()),
                status => Err(format!("the pipeline failed: {status}").into()),
            },
            Err(_) => Err("the pipeline did not stop within a minute".into()),
        }
    }
}

/// What is run.
pub(super) fn pipeline_file(url: &str) -> String {
    format!(
        "name: demo
source:
  url: {url}
  tables: {{ include: [\"shop.*\"] }}
sink: {{ type: jsonl, path: \"-\", envelope: row }}
batch: {{ delay: 10ms }}
"
    )
}
