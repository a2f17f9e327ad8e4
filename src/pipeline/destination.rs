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
            let values = match config.values {
                Values::Natural => jsonl::Values::Natural,
                Values::Debezium => {
                    return Err(Error::new(
                        ErrorKind::Unsupported,
                        "sink.values: debezium is not supported yet",
                    ));
                }
            };
            let options = JsonLinesOptions::default()
                .with_envelope(envelope)
                .with_values(values)
                .with_transactions(config.transactions)
                .with_name(&*file.name)
                .with_database(database)
                .with_version(env!("CARGO_PKG_VERSION"));
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
