//! What is checked without running a test.

use std::process::Stdio;

use tokio::process::Command;

use super::steps::Steps;
use crate::Result;
use crate::cargo::{self, Package};

pub(super) async fn run(steps: &mut Steps) -> Result<()> {
    steps.step("format", pass(cargo::command().args(["fmt", "--all", "--check"]))).await?;
    let mut clippy = cargo::command();
    clippy.args(["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"]);
    steps.step("lints", pass(&mut clippy)).await?;
    let mut doc = cargo::command();
    doc.args(["doc", "--workspace", "--no-deps", "--all-features"]).env("RUSTDOCFLAGS", "-D warnings");
    steps.step("docs", pass(&mut doc)).await?;
    steps.step("each crate and feature alone", alone()).await?;
    steps.step("decoders without I/O", decoders_without_io()).await?;
    // A workspace of its own, which nothing else here looks at.
    let mut fuzz = cargo::command();
    fuzz.args(["check", "--quiet", "--lib", "--manifest-path", "fuzz/Cargo.toml"]);
    steps.step("fuzz targets compile", pass(&mut fuzz)).await
}

async fn pass(command: &mut Command) -> Result<()> {
    let status = command.status().await?;
    if status.success() { Ok(()) } else { Err(status.to_string().into()) }
}

/// A crate that leans on what another one switches on does not build for who uses it alone.
async fn alone() -> Result<()> {
    for package in cargo::packages().await? {
        for features in feature_sets(&package) {
            let mut check = cargo::command();
            check.args([
                "check",
                "--quiet",
                "-p",
                &package.name,
                "--no-default-features",
                "--features",
                &features,
            ]);
            pass(&mut check)
                .await
                .map_err(|e| format!("{} with features '{features}': {e}", package.name))?;
        }
    }
    Ok(())
}

/// None, and each alone.
fn feature_sets(package: &Package) -> Vec<String> {
    let own = package.features.keys().filter(|name| *name != "default");
    std::iter::once(String::new()).chain(own.cloned()).collect()
}

/// Bytes in, changes out: who decodes needs no runtime and no TLS.
async fn decoders_without_io() -> Result<()> {
    let mut tree = cargo::command();
    tree.args([
        "tree",
        "-p",
        "pg-cdc-decoders",
        "-e",
        "normal",
        "--all-features",
        "--prefix",
        "none",
        "--format",
        "{lib}",
    ]);
    let output = tree.stderr(Stdio::inherit()).output().await?;
    if !output.status.success() {
        return Err(output.status.to_string().into());
    }
    let crates = String::from_utf8_lossy(&output.stdout);
    let unwanted =
        ["tokio", "mio", "rustls", "tokio_rustls", "ring", "openssl", "native_tls", "tokio_postgres"];
    let found: Vec<&str> = unwanted.into_iter().filter(|u| crates.lines().any(|l| l.trim() == *u)).collect();
    if !crates.lines().any(|l| l.trim() == "pg_cdc_decoders") {
        return Err(format!("cargo tree does not show the crate itself:\n{crates}").into());
    }
    if found.is_empty() { Ok(()) } else { Err(format!("its tree has {}", found.join(", ")).into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_tried_one_by_one_and_without_any() {
        let features = [
            ("default", vec![]),
            ("wire", vec!["dep:tokio".to_owned()]),
            ("uuid", vec!["dep:uuid".to_owned()]),
        ];
        let features = features.into_iter().map(|(name, needs)| (name.to_owned(), needs)).collect();
        assert_eq!(feature_sets(&Package { name: "p".into(), features }), ["", "uuid", "wire"]);
    }
}
