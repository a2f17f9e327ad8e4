//! Debian's and Ubuntu's packages.

use std::path::Path;
use std::process::Command;

use super::cache::Lock;
use super::user::is_root;
use crate::command::{run, stdout};
use crate::error::Result;
use crate::version::Version;

/// Installs the server with the output plugins that the machine's archive has for it.
/// False if there is no apt, no right to use it, or no such version in the archive.
pub(super) fn install(version: Version) -> Result<bool> {
    if !is_root() || !Path::new("/usr/bin/apt-get").exists() {
        return Ok(false);
    }
    let _lock = Lock::acquire("apt")?;
    // A fresh container has no lists at all. Those that are there say truly enough what the archive has.
    if newest(Version::Any)?.is_none() {
        run(apt().arg("update"))?;
    }
    let Some(major) = newest(version)? else { return Ok(false) };
    let server = format!("postgresql-{major}");
    let extras = ["wal2json", "decoderbufs"].map(|name| format!("{server}-{name}"));
    let wanted = std::iter::once(server).chain(extras.into_iter().filter(|p| is_offered(p)));
    run(apt().args(["install", "-y", "--no-install-recommends"]).args(wanted))?;
    Ok(true)
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive").env("LC_ALL", "C").arg("-q");
    command
}

fn newest(version: Version) -> Result<Option<u32>> {
    let names = stdout(Command::new("apt-cache").args(["pkgnames", "postgresql-"]))?;
    let majors = names.lines().filter_map(|n| n.strip_prefix("postgresql-")?.parse::<u32>().ok());
    let mut fitting: Vec<u32> = majors.filter(|m| version.accepts(m * 10_000)).collect();
    fitting.sort_unstable();
    // A name can be known and yet have nothing to install.
    Ok(fitting.into_iter().rev().find(|m| is_offered(&format!("postgresql-{m}"))))
}

fn is_offered(package: &str) -> bool {
    let policy = stdout(Command::new("apt-cache").env("LC_ALL", "C").args(["policy", package]));
    policy.is_ok_and(|p| p.lines().any(|l| l.trim().starts_with("Candidate:") && !l.contains("(none)")))
}
