//! The folder of a cluster, and the promise that neither it nor its server outlives this process.

use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use crate::error::{Error, Result};
use crate::install::user::{ServerUser, give, is_root};

/// Waits for the end of its standard input, which the kernel closes when our process is gone, however it went.
/// A process is ended only if its command line names our folder: a stale pid file may name anybody.
const WATCHER: &str = r#"
trap '' HUP INT TERM
cat >/dev/null
ours() {
    pid=$(head -n 1 "$1/data/postmaster.pid" 2>/dev/null)
    [ -n "$pid" ] || return 1
    if [ -d /proc/self ]; then tr '\0' ' ' <"/proc/$pid/cmdline"; else ps -o command= -p "$pid"; fi 2>/dev/null |
        grep -qF "$1/data"
}
signal=QUIT
turn=0
while [ $turn -lt 200 ]; do
    if ours "$1"; then
        [ $turn -eq 100 ] && signal=KILL
        [ $((turn % 50)) -eq 0 ] && kill -$signal "$pid" 2>/dev/null
    else
        rm -rf "$1" 2>/dev/null
        [ -e "$1" ] || exit 0
    fi
    sleep 0.05
    turn=$((turn + 1))
done
rm -rf "$1"
"#;

/// Removes the cluster when dropped, or when the process dies.
#[derive(Debug)]
pub(super) struct Guard {
    base: PathBuf,
    watcher: Child,
    life: Option<ChildStdin>,
}

impl Guard {
    /// Makes the folder; the watcher stands before anything is in it.
    pub(super) fn new(user: Option<ServerUser>) -> Result<Self> {
        let base = make_base()?;
        let mut watcher = Command::new("/bin/sh");
        watcher.args(["-c", WATCHER, "pg-cdc-testkit-watcher"]).arg(&base).current_dir("/");
        // Out of the terminal's group and a test runner's: it has to survive them.
        watcher.process_group(0).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut watcher = watcher.spawn().map_err(Error::file("running", "/bin/sh"))?;
        let life = watcher.stdin.take();
        let guard = Self { base, watcher, life };
        give(&guard.base, user)?;
        Ok(guard)
    }

    pub(super) fn base(&self) -> &Path {
        &self.base
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        drop(self.life.take());
        let _ = self.watcher.wait();
    }
}

/// A new folder with a short name: the path of a unix socket is limited to 107 bytes (103 on macOS).
fn make_base() -> Result<PathBuf> {
    let usable = |dir: &PathBuf| !is_root() && dir.is_absolute() && dir.as_os_str().len() <= 70;
    let parent = Some(std::env::temp_dir()).filter(usable);
    let parent = parent.unwrap_or_else(|| PathBuf::from("/tmp"));
    loop {
        let name: String = std::iter::repeat_with(fastrand::alphanumeric).take(10).collect();
        let base = parent.join(format!("pgcdc-{name}"));
        match fs::create_dir(&base) {
            Ok(()) => return Ok(base),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
            Err(e) => return Err(Error::file("making", &base)(e)),
        }
    }
}
