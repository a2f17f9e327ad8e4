//! Chores of the workspace, which set up what they need on a fresh machine: `cargo xtask test`, `cargo xtask demo`,
//! `cargo xtask fuzz`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program that speaks to its user")]

mod cargo;
mod demo;
mod fuzz;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask test [--all-versions] [--no-servers] [FILTER...]
    Format, lints, docs, each crate and feature alone, unit, property and doc tests, then tests on
    PostgreSQL 15 and 18 (10 to 18 with --all-versions), which are found or installed. With a FILTER
    only the tests whose names contain it.

cargo xtask demo [--seconds N] [--rate N] [--rows N] [--program PATH]
    A throw-away PostgreSQL, a small shop, a live workload, and pg-cdc showing what changes, for N
    seconds (10), at N transactions a second (200), beginning with about N rows (20000).
    PATH is a pg-cdc to use instead of the one built from this workspace.

cargo xtask fuzz [--seconds N] [TARGET...]
    Random bytes into the decoders, the reader of frames and the spool, each of fuzz/fuzz_targets (or
    TARGETs alone) for N seconds (60), with cargo-fuzz, which is installed where it is missing; needs a
    C++ compiler.";

/// What a chore fails with: its message is for a person.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T, E = Error> = std::result::Result<T, E>;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let chore = args.next();
    let args: Vec<String> = args.collect();
    let outcome = match chore.as_deref() {
        Some("test") => test::Options::parse(&args).and_then(|options| block_on(test::run(&options))),
        Some("demo") => demo::Options::parse(&args).and_then(|options| block_on(demo::run(&options))),
        Some("fuzz") => fuzz::Options::parse(&args).and_then(|options| block_on(fuzz::run(&options))),
        Some("help" | "--help" | "-h") => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("error: {e}");
            let mut cause = e.source();
            while let Some(e) = cause {
                eprintln!("  caused by {e}");
                cause = e.source();
            }
            ExitCode::FAILURE
        }
    }
}

fn block_on(chore: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            outcome = chore => outcome,
            // Dropped, the chore removes the servers it started.
            _ = tokio::signal::ctrl_c() => Err("interrupted".into()),
        }
    })
}
