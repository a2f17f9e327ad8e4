//! Events to standard error.

use std::io::{self, IsTerminal};

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::prelude::*;

use crate::args::Format;

/// Sets the program's one subscriber: our own crates at `level`, others at most at `warn` unless more than `info` is asked for.
pub(crate) fn set_up(level: LevelFilter, format: Format) {
    let others = if level > LevelFilter::INFO { level } else { level.min(LevelFilter::WARN) };
    let filter = Targets::new().with_target("pg_cdc", level).with_default(others);
    let layer = fmt::layer().with_writer(io::stderr).log_internal_errors(false);
    let registry = tracing_subscriber::registry().with(filter);
    // Fails only where a subscriber is set already, which nothing here does.
    let _ = match format {
        Format::Text => registry
            .with(layer.with_target(false).with_ansi(io::stderr().is_terminal() && colours()))
            .try_init(),
        Format::Json => registry.with(layer.json().flatten_event(true)).try_init(),
    };
}

/// The convention of no-color.org.
fn colours() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
