//! The program `pg-cdc`: runs pipelines from files. What it does is in the library; here are arguments, signals,
//! logging and exit status.

mod args;
mod error_line;
mod logging;
mod signals;

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use pg_cdc::config::{self, PipelineFile};
use pg_cdc::pipeline::{self, RunOptions, Shutdown, Until};
use pg_cdc::{Error, ErrorKind};
use tokio::runtime::Runtime;
use tracing::warn;

use args::{Cli, Command, Progress, RunArgs, SlotCommand, UntilArgs};
use error_line::error_line;

/// Why the program ends with something else than 0, and what is said about it.
enum Failure {
    /// The run failed: 1.
    Run(Error),
    /// The command line or the pipeline file is wrong: 2.
    Usage(String),
}

impl Failure {
    fn status(&self) -> u8 {
        match self {
            // A setting that only turned out to be wrong when it was used: a url, a certificate.
            Self::Run(error) if error.kind() == ErrorKind::Config => 2,
            Self::Run(_) => 1,
            Self::Usage(_) => 2,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(error) => f.write_str(&error_line(error, error.hint(), error.sqlstate())),
            Self::Usage(message) => write!(f, "error: {message}"),
        }
    }
}

fn main() -> ExitCode {
    match execute(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Standard error may be closed; the status still tells.
            let _ = writeln!(io::stderr(), "{failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn execute(command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => run(*args),
        Command::Cleanup { file, force } => {
            let file = load(&file)?;
            logging::set_up(tracing_subscriber::filter::LevelFilter::INFO, args::Format::Text);
            finish(|runtime| runtime.block_on(pipeline::cleanup(file, force)))
        }
        Command::Schema => print_schema(),
        Command::Check(_) => Err(not_yet("the command check")),
        Command::Tables(_) => Err(not_yet("the command tables")),
        Command::Slot(SlotCommand::List(_)) => Err(not_yet("the command slot list")),
        Command::Slot(SlotCommand::Create(_)) => Err(not_yet("the command slot create")),
        Command::Slot(SlotCommand::Drop(_)) => Err(not_yet("the command slot drop")),
    }
}

fn not_yet(what: &str) -> Failure {
    Failure::Usage(format!("{what} is not supported yet"))
}

fn run(args: RunArgs) -> Result<(), Failure> {
    if args.metrics.is_some() {
        return Err(not_yet("--metrics"));
    }
    let file = load(&args.file)?;
    logging::set_up(args.log, args.log_format);
    let (handle, shutdown) = Shutdown::channel();
    signals::listen(handle).map_err(|error| Failure::Run(no_system("listen for signals", error)))?;
    if let Some(warning) = file.warning() {
        warn!("{warning}");
    }
    let options = RunOptions::new(until(&args.until)).with_skip(args.skip_transaction);
    let options = options.with_progress(match args.progress {
        Progress::Auto => io::stderr().is_terminal(),
        Progress::Always => true,
        Progress::Never => false,
    });
    finish(|runtime| runtime.block_on(pipeline::run(file, options, shutdown)).map(drop))
}

fn until(args: &UntilArgs) -> Until {
    match args.until_lsn {
        Some(lsn) => Until::Lsn(lsn),
        None if args.until_current => Until::Current,
        None if args.snapshot_only => Until::Snapshot,
        None => Until::Stopped,
    }
}

fn load(path: &str) -> Result<PipelineFile, Failure> {
    config::load(path, &|name| std::env::var(name).ok()).map_err(|error| Failure::Usage(error.to_string()))
}

/// Does `work` on a runtime that is gone before the last line is written, so that no task writes behind it.
fn finish(work: impl FnOnce(&Runtime) -> Result<(), Error>) -> Result<(), Failure> {
    let runtime = Runtime::new().map_err(|error| Failure::Run(no_system("start", error)))?;
    let result = work(&runtime);
    runtime.shutdown_timeout(Duration::from_secs(1));
    result.map_err(Failure::Run)
}

fn no_system(what: &str, error: io::Error) -> Error {
    Error::new(ErrorKind::Io, format!("can't {what}")).with_cause(error)
}

fn print_schema() -> Result<(), Failure> {
    match writeln!(io::stdout(), "{:#}", config::schema()) {
        // Whoever reads has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => Err(Failure::Run(no_system("write the schema", error))),
        Ok(()) => Ok(()),
    }
}
