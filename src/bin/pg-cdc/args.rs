//! The command line, as `--help` shows it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use pg_cdc::Lsn;
use tracing_subscriber::filter::LevelFilter;

/// PostgreSQL change data capture: snapshot, stream, exact types, nothing lost.
#[derive(Debug, Parser)]
#[command(name = "pg-cdc", version, max_term_width = 100, after_help = EXIT_STATUS)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_STATUS: &str = "\
Exit status:
  0    done
  1    the run failed; the last line of standard error says why
  2    the command line or the pipeline file is wrong
  3    check found a problem
  130  stopped at once by a second signal";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Runs the pipeline until it is stopped
    Run(Box<RunArgs>),
    /// Connects and checks everything that can go wrong; changes nothing
    Check(FormatArgs),
    /// The tables and columns that the pipeline selects
    Tables(FormatArgs),
    /// The pipeline's replication slot
    #[command(subcommand)]
    Slot(SlotCommand),
    /// Drops what the pipeline made on the server, and its saved state
    Cleanup {
        /// The pipeline file, or - for standard input
        file: String,
        /// Also drops what the pipeline can't prove to have made
        #[arg(long)]
        force: bool,
    },
    /// Prints the JSON Schema of the pipeline file
    Schema,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SlotCommand {
    /// Shows it
    List(FormatArgs),
    /// Makes it
    Create(FormatArgs),
    /// Drops it
    Drop(FormatArgs),
}

#[derive(Debug, Args)]
pub(crate) struct FormatArgs {
    /// The pipeline file, or - for standard input
    pub(crate) file: String,
    /// The form of the answer
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}

#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    /// The pipeline file, or - for standard input
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) until: UntilArgs,
    /// Passes over the transaction with this commit LSN
    #[arg(long, value_name = "X/Y")]
    pub(crate) skip_transaction: Option<Lsn>,
    /// Bars on standard error
    #[arg(long, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) progress: Progress,
    /// Serves metrics for Prometheus at /metrics, and /healthz and /readyz
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) metrics: Option<String>,
    /// What is logged on standard error: off, error, warn, info, debug or trace
    #[arg(long, default_value = "info", value_name = "LEVEL")]
    pub(crate) log: LevelFilter,
    /// The form of the log
    #[arg(long, value_enum, default_value_t)]
    pub(crate) log_format: Format,
}

#[derive(Debug, Args)]
#[group(multiple = false)]
pub(crate) struct UntilArgs {
    /// Stops when everything is delivered that was there when streaming began
    #[arg(long)]
    pub(crate) until_current: bool,
    /// Stops when every transaction is delivered whose commit record starts below this LSN
    #[arg(long, value_name = "X/Y")]
    pub(crate) until_lsn: Option<Lsn>,
    /// Stops when the snapshot is durable
    #[arg(long)]
    pub(crate) snapshot_only: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Only on a terminal
    #[default]
    Auto,
    /// Even where it is not one
    Always,
    /// Not at all
    Never,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}
