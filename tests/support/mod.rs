//! The program, driven from outside on a pipeline file in a folder of its own.

#![allow(dead_code, reason = "each test program uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests are tests too")]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// A folder with a pipeline file, and what its runs leave there.
pub(crate) struct Pipeline {
    folder: TempDir,
    name: String,
}

impl Pipeline {
    /// `file` is the whole pipeline file, but for `name`, which must be the name of no other slot on the server.
    pub(crate) fn new(name: &str, file: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("p.yaml"), format!("name: {name}\n{file}")).unwrap();
        Self { folder, name: name.to_owned() }
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Where the state is, by default.
    pub(crate) fn state_path(&self) -> PathBuf {
        self.path(&format!(".pg-cdc/{}.json", self.name))
    }

    /// The saved state, once there is one.
    pub(crate) fn state(&self) -> Option<serde_json::Value> {
        serde_json::from_slice(&fs::read(self.state_path()).ok()?).ok()
    }

    /// Starts `pg-cdc run p.yaml` with `arguments`; standard output goes nowhere.
    pub(crate) fn start(&self, arguments: &[&str]) -> Running {
        self.start_into(arguments, Stdio::null())
    }

    /// As [`start`](Self::start), with standard output going to `stdout`.
    pub(crate) fn start_into(&self, arguments: &[&str], stdout: Stdio) -> Running {
        self.command(&["run", "p.yaml"], arguments, stdout)
    }

    /// Runs to the end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        self.start(arguments).wait(PATIENCE)
    }

    /// As [`run`](Self::run), with these variables set.
    pub(crate) fn run_in(&self, environment: &[(&str, &OsStr)], arguments: &[&str]) -> Outcome {
        self.command_in(environment, &["run", "p.yaml"], arguments, Stdio::null()).wait(PATIENCE)
    }

    /// Takes away what the pipeline made on the server.
    pub(crate) fn cleanup(&self) {
        self.command(&["cleanup", "p.yaml"], &[], Stdio::null()).wait(PATIENCE).succeeded();
    }

    /// Starts any of the commands.
    pub(crate) fn command(&self, command: &[&str], arguments: &[&str], stdout: Stdio) -> Running {
        self.command_in(&[], command, arguments, stdout)
    }

    fn command_in(
        &self,
        environment: &[(&str, &OsStr)],
        command: &[&str],
        arguments: &[&str],
        stdout: Stdio,
    ) -> Running {
        // A file, each run its own: nobody has to read it for the program to go on.
        static NTH: AtomicU32 = AtomicU32::new(0);
        let said = self.path(&format!("stderr.{}", NTH.fetch_add(1, Ordering::Relaxed)));
        let child = Command::new(program())
            .args(command)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap();
        Running { child, said, over: false }
    }
}

/// The program under test: `PG_CDC_TEST_PROGRAM`, for a long run of the release build, else the one built with the
/// tests.
fn program() -> PathBuf {
    std::env::var_os("PG_CDC_TEST_PROGRAM").map_or(env!("CARGO_BIN_EXE_pg-cdc").into(), PathBuf::from)
}

/// A running program; killed when dropped.
pub(crate) struct Running {
    pub(crate) child: Child,
    said: PathBuf,
    over: bool,
}

/// How a program ended.
pub(crate) struct Outcome {
    pub(crate) status: ExitStatus,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Panics unless the exit status was 0.
    #[track_caller]
    pub(crate) fn succeeded(&self) {
        assert_eq!(self.status.code(), Some(0), "{}", self.stderr);
    }

    /// The last line of standard error: the error, when there was one.
    pub(crate) fn last_line(&self) -> &str {
        self.stderr.lines().last().unwrap_or_default()
    }
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has said on standard error so far.
    pub(crate) fn stderr(&self) -> String {
        fs::read_to_string(&self.said).unwrap_or_default()
    }

    /// Panics if it has ended by itself.
    #[track_caller]
    pub(crate) fn assert_alive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            self.over = true;
            panic!("ended by itself with {status}:\n{}", self.stderr());
        }
    }

    /// kill -9, now; panics if it had ended by itself.
    #[track_caller]
    pub(crate) fn kill(mut self) {
        self.assert_alive();
        self.end();
    }

    /// Sends a signal by its name: `INT`, `TERM`, `STOP`.
    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.pid().to_string()).status();
        assert!(status.unwrap().success(), "kill -{name}");
    }

    /// Waits for its end; kills it and panics after `patience`.
    #[track_caller]
    pub(crate) fn wait(mut self, patience: Duration) -> Outcome {
        let since = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                self.over = true;
                return Outcome { status, stderr: self.stderr() };
            }
            if since.elapsed() > patience {
                panic!("still running after {patience:?}:\n{}", self.stderr());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The largest resident memory so far, in bytes (Linux); `None` once it has ended.
    pub(crate) fn peak_memory(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        Some(line.trim().trim_end_matches(" kB").parse::<u64>().ok()? * 1024)
    }

    fn end(&mut self) {
        if !std::mem::replace(&mut self.over, true) {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Waits until `done` gives something; panics after `patience`, naming `what`.
#[track_caller]
pub(crate) fn eventually<T>(what: &str, patience: Duration, mut done: impl FnMut() -> Option<T>) -> T {
    let since = Instant::now();
    loop {
        if let Some(found) = done() {
            return found;
        }
        assert!(since.elapsed() < patience, "waited {patience:?} for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A number from the environment, for runs longer than those of every day.
pub(crate) fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
