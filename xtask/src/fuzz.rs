//! Random bytes into the decoders, for a bounded time: `fuzz/`.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::{Result, USAGE, cargo};

/// For how long, and which targets; none is all.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    seconds: u32,
    targets: Vec<String>,
}

impl Options {
    pub(crate) fn parse(args: &[String]) -> Result<Self> {
        let mut options = Self { seconds: 60, targets: Vec::new() };
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--seconds" => {
                    // libFuzzer takes 0 for no end.
                    let seconds = args.next().and_then(|value| value.parse().ok()).filter(|n| *n > 0);
                    options.seconds = seconds.ok_or("--seconds: a number above zero must follow")?;
                }
                flag if flag.starts_with('-') => {
                    return Err(format!("unknown option {flag}\n\n{USAGE}").into());
                }
                target => options.targets.push(target.to_owned()),
            }
        }
        Ok(options)
    }

    /// The targets that are to run, of those that there are.
    fn chosen(&self, known: Vec<String>) -> Result<Vec<String>> {
        if let Some(unknown) = self.targets.iter().find(|target| !known.contains(target)) {
            return Err(format!("no target {unknown}; there are {}", known.join(", ")).into());
        }
        Ok(if self.targets.is_empty() { known } else { self.targets.clone() })
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let folder = cargo::root().join("fuzz");
    let targets = options.chosen(targets(&folder.join("fuzz_targets"))?)?;
    if !is_installed().await {
        println!("Installing cargo-fuzz …");
        pass("the installation", cargo::command().args(["install", "--locked", "cargo-fuzz"])).await?;
    }
    let mut seeds = cargo::command();
    pass("the seeds", seeds.current_dir(&folder).args(["run", "--quiet", "--example", "seeds"])).await?;
    // Without a sanitizer the stable toolchain will do, and without unsafe code it finds as much.
    let fuzz = |what: &str| {
        let mut command = cargo::command();
        command.current_dir(&folder).args(["fuzz", what, "--sanitizer", "none"]);
        command
    };
    pass("the build", &mut fuzz("build")).await?;
    for target in &targets {
        println!("{target} for {} s …", options.seconds);
        let time = format!("-max_total_time={}", options.seconds);
        let limits = ["-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1"];
        pass(target, fuzz("run").args([target, "--", &time]).args(limits)).await?;
    }
    println!("Nothing found by {}.", targets.join(", "));
    Ok(())
}

/// The targets that there are, a file each.
fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut targets = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        targets.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
    }
    targets.sort_unstable();
    Ok(targets)
}

async fn is_installed() -> bool {
    let mut version = cargo::command();
    version.args(["fuzz", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
    version.status().await.is_ok_and(|status| status.success())
}

async fn pass(what: &str, command: &mut Command) -> Result<()> {
    let status = command.status().await?;
    if status.success() { Ok(()) } else { Err(format!("{what}: {status}").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Options> {
        Options::parse(&text.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn time_and_targets_are_told_apart() {
        let options = parse("--seconds 600 types_text").unwrap();
        assert_eq!(options, Options { seconds: 600, targets: vec!["types_text".to_owned()] });
        for bad in ["--seconds", "--seconds 0", "--seconds x", "--second 5"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn only_targets_that_there_are_run() {
        let known = targets(&cargo::root().join("fuzz/fuzz_targets")).unwrap();
        let decoders = ["decoderbufs", "pgoutput", "test_decoding", "wal2json", "walminer"];
        let mut expected = [&decoders[..], &["frames", "spool", "types_binary", "types_text"]].concat();
        expected.sort_unstable();
        assert_eq!(known, expected);
        let all = Options::parse(&[]).unwrap();
        assert_eq!(all.chosen(known.clone()).unwrap(), known);
        assert_eq!(parse("types_text").unwrap().chosen(known.clone()).unwrap(), ["types_text"]);
        assert!(parse("types_txt").unwrap().chosen(known).is_err());
    }
}
