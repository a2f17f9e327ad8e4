//! The sink and the state store that a pipeline file names.

use pg_cdc_core::{Error, ErrorKind, FileStore, MemoryStore, Sink, StateStore};
use pg_cdc_sinks::jsonl::{self, JsonLines, JsonLinesOptions};
use pg_cdc_sinks::null::Null;

use crate::config::{Envelope, PipelineFile, SinkConfig, StateKind, Values};

/// The sink of `file`.
pub(super) fn sink(file: &PipelineFile) -> Result<Box<dyn Sink>, Error> {
    match &file.sink {
        SinkConfig::Null(_) => Ok(Box::new(Null::new())),
        SinkConfig::Jsonl(config) => {
            let database = file.source.connect_config()?.database;
            let envelope = match config.envelope {
                Envelope::Debezium => jsonl::Envelope::Debezium,
                Envelope::Row => jsonl::Envelope::Row,
            };
            let options = JsonLinesOptions::default()
                .with_envelope(envelope)
                .with_transactions(config.transactions)
                .with_name(&*file.name)
                .with_database(database)
                .with_version(env!("CARGO_PKG_VERSION"));
            let options = match (config.values, &config.debezium) {
                (Values::Natural, None) => options.with_values(jsonl::Values::Natural),
                (Values::Natural, Some(_)) => {
                    return Err(Error::new(
                        ErrorKind::Config,
                        "sink.debezium only goes with sink.values: debezium",
                    ));
                }
                (Values::Debezium, modes) => {
                    let values = modes.clone().unwrap_or_default().values().ok_or_else(|| {
                        Error::new(
                            ErrorKind::Config,
                            "sink.debezium.unavailable.value.placeholder is not the hexadecimal digits of a text",
                        )
                    })?;
                    options.with_debezium(values)
                }
            };
            options.validate()?;
            Ok(if config.is_stdout() {
                Box::new(JsonLines::to_stdout(options))
            } else {
                Box::new(JsonLines::to_path(&config.path, options))
            })
        }
        _ => Err(Error::new(ErrorKind::Unsupported, "this sink is not supported yet")
            .with_hint("jsonl and null work today")),
    }
}

/// The state store of `file`.
pub(super) fn store(file: &PipelineFile) -> Result<Box<dyn StateStore>, Error> {
    match file.state.kind {
        StateKind::File => Ok(Box::new(FileStore::open(file.state_path())?)),
        StateKind::Memory => Ok(Box::new(MemoryStore::new())),
        _ => Err(Error::new(ErrorKind::Unsupported, "this state store is not supported yet")
            .with_hint("file and memory work today")),
    }
}
