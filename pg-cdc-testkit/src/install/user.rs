//! Who the server runs as: PostgreSQL refuses to run as root.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};

/// The user and group that server programs are given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ServerUser {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
}

/// Whether this process may do everything on this machine.
pub(crate) fn is_root() -> bool {
    uid() == Some(0)
}

fn uid() -> Option<u32> {
    // The standard library has no getuid; a process's own folder under /proc belongs to it, and elsewhere `id` says it.
    if let Ok(meta) = std::fs::metadata("/proc/self") {
        return Some(meta.uid());
    }
    let output = Command::new("id").arg("-u").output().ok()?;
    String::from_utf8_lossy(&output.stdout).trim().parse().ok()
}

impl ServerUser {
    /// `None` when this process is not root, and so runs the server itself.
    pub(crate) fn find() -> Result<Option<Self>> {
        if !is_root() {
            return Ok(None);
        }
        let passwd = std::fs::read_to_string("/etc/passwd").map_err(Error::file("reading", "/etc/passwd"))?;
        ["postgres", "nobody"].iter().find_map(|name| Self::in_passwd(&passwd, name)).map(Some).ok_or_else(
            || {
                Error::Invalid(
                    "started by root, and there is no user postgres or nobody to run a server as".into(),
                )
            },
        )
    }

    fn in_passwd(passwd: &str, name: &str) -> Option<Self> {
        passwd.lines().find_map(|line| {
            let mut fields = line.split(':');
            if fields.next() != Some(name) {
                return None;
            }
            let mut number = |skip| fields.nth(skip).and_then(|f| f.parse().ok());
            Some(Self { uid: number(1)?, gid: number(0)? })
        })
    }
}

/// A command that runs as the server's user, in a folder that everyone may read, and whose settings are only our own:
/// a `PGDATA` or a language of the caller must not reach it.
pub(crate) fn command_as(user: Option<ServerUser>, program: impl AsRef<Path>) -> Command {
    let mut command = Command::new(program.as_ref());
    command.current_dir("/").env("LC_ALL", "C").env("TZ", "UTC");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    // A terminal's Ctrl-C goes to its foreground group: the server is not to die of it before its owner decides.
    command.process_group(0);
    if let Some(user) = user {
        command.uid(user.uid).gid(user.gid).env("HOME", "/");
    }
    command
}

/// Gives a folder or file to the server's user.
pub(crate) fn give(path: &Path, user: Option<ServerUser>) -> Result<()> {
    match user {
        Some(user) => {
            std::os::unix::fs::chown(path, Some(user.uid), Some(user.gid)).map_err(Error::file("chown", path))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_found_by_its_whole_name() {
        let passwd =
            "root:x:0:0::/root:/bin/sh\npostgres2:x:7:8:::\npostgres:x:101:104:PG:/var/lib:/bin/sh\n";
        assert_eq!(ServerUser::in_passwd(passwd, "postgres"), Some(ServerUser { uid: 101, gid: 104 }));
        assert_eq!(ServerUser::in_passwd(passwd, "nobody"), None);
    }
}
