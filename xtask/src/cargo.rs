//! The cargo that runs us, and what it knows of the workspace.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;

use serde::Deserialize;
use tokio::process::Command;

use crate::Result;

/// A package of the workspace.
#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) features: std::collections::BTreeMap<String, Vec<String>>,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
    workspace_root: PathBuf,
}

/// Runs in the workspace's root whatever folder we were called from, and dies with us.
pub(crate) fn command() -> Command {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    command.current_dir(root()).kill_on_drop(true).stdin(Stdio::null());
    // Set for us by `cargo run`, they would be taken for the tests' own.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_PKG_") || name == "CARGO_MANIFEST_DIR" {
            command.env_remove(name);
        }
    }
    command
}

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    own.parent().map(PathBuf::from).unwrap_or(own)
}

/// The packages of the workspace.
pub(crate) async fn packages() -> Result<Vec<Package>> {
    let output = command()
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .stderr(Stdio::inherit())
        .output()
        .await?;
    if !output.status.success() {
        return Err(format!("cargo metadata: {}", output.status).into());
    }
    let metadata: Metadata = serde_json::from_slice(&output.stdout)?;
    if metadata.packages.is_empty() {
        return Err(format!("no packages in {}", metadata.workspace_root.display()).into());
    }
    Ok(metadata.packages)
}

/// Builds a program of the workspace for release and gives its path.
pub(crate) async fn build_program(package: &str) -> Result<PathBuf> {
    let mut build = command();
    build.args([
        "build",
        "--release",
        "-p",
        package,
        "--bin",
        package,
        "--message-format",
        "json-render-diagnostics",
    ]);
    let output = build.stderr(Stdio::inherit()).output().await?;
    if !output.status.success() {
        return Err(format!("cargo build of {package}: {}", output.status).into());
    }
    #[derive(Deserialize)]
    struct Artifact {
        executable: Option<PathBuf>,
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let mut programs = text.lines().filter_map(|l| serde_json::from_str::<Artifact>(l).ok()?.executable);
    programs.next_back().ok_or_else(|| format!("cargo built no program of {package}").into())
}
