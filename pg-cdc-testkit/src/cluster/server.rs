//! Starting and stopping the server of a cluster.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};

use super::StopMode;
use super::conf::append_conf;
use crate::command::run;
use crate::error::{Error, Result};
use crate::install::Installation;
use crate::install::user::{ServerUser, command_as};

/// Where a server lives and who runs it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    pub(super) base: PathBuf,
    pub(super) port: u16,
    pub(super) installation: Installation,
    pub(super) user: Option<ServerUser>,
}

impl Server {
    pub(super) fn data_dir(&self) -> PathBuf {
        self.base.join("data")
    }

    pub(super) fn log_file(&self) -> PathBuf {
        self.base.join("log")
    }

    pub(super) fn start(&self) -> Result<()> {
        start(&self.installation, self.user, &self.base)
    }

    /// A port that looked free may be taken by another process before the server has it: then another one.
    pub(super) fn start_on_free_port(
        installation: &Installation,
        user: Option<ServerUser>,
        base: &Path,
    ) -> Result<u16> {
        let mut attempts = 0;
        loop {
            let port = free_port()?;
            append_conf(&base.join("data"), &[("port", port.to_string())])?;
            match start(installation, user, base) {
                Ok(()) => return Ok(port),
                Err(Error::Start { log }) if attempts < 10 && log.contains("could not bind") => attempts += 1,
                Err(e) => return Err(e),
            }
        }
    }

    pub(super) fn stop(&self, mode: StopMode) -> Result<()> {
        let mut pg_ctl = command_as(self.user, self.installation.bin_dir().join("pg_ctl"));
        pg_ctl.arg("stop").arg("-D").arg(self.data_dir()).args(["-w", "-t", "120", "-m", mode.as_str()]);
        run(&mut pg_ctl).map(drop)
    }

    pub(super) fn reload(&self) -> Result<()> {
        let mut pg_ctl = command_as(self.user, self.installation.bin_dir().join("pg_ctl"));
        run(pg_ctl.arg("reload").arg("-D").arg(self.data_dir())).map(drop)
    }
}

fn start(installation: &Installation, user: Option<ServerUser>, base: &Path) -> Result<()> {
    let log = base.join("log");
    let before = fs::metadata(&log).map_or(0, |m| m.len());
    let mut pg_ctl = command_as(user, installation.bin_dir().join("pg_ctl"));
    pg_ctl.arg("start").arg("-D").arg(base.join("data")).arg("-l").arg(&log).args(["-w", "-t", "120", "-s"]);
    // The server inherits what pg_ctl has; a pipe of ours would stay open as long as the server runs.
    pg_ctl
        .stdin(std::process::Stdio::null())
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null());
    let status = pg_ctl.status().map_err(Error::file("running", installation.bin_dir().join("pg_ctl")))?;
    if status.success() {
        return Ok(());
    }
    let text = fs::read(&log).unwrap_or_default();
    let since = usize::try_from(before).ok().and_then(|b| text.get(b..)).unwrap_or(&text);
    Err(Error::Start { log: String::from_utf8_lossy(since).into_owned() })
}

/// Below the range that the kernel gives to outgoing connections (32768 on Linux, 49152 on macOS), where a server
/// that is restarted might find its port taken.
fn free_port() -> Result<u16> {
    for _ in 0..200 {
        let port = fastrand::u16(12_000..32_000);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return Ok(port);
        }
    }
    Err(Error::Invalid("no free port between 12000 and 32000".into()))
}
