//! The replication source that a pipeline file describes.

use pg_cdc_core::batch::BufferPool;
use pg_cdc_core::catalog::Selection;
use pg_cdc_core::stream::{
    BatchLimits, Plugin, ReplicationOptions, ReplicationSource, Retry, UnknownTables, Until,
};
use pg_cdc_core::wire::Connection;
use pg_cdc_core::{Error, Lsn, State};
use pg_cdc_decoders::PgOutput;

use super::binary::binary_values;
use super::invalid_text::unconverted;
use super::origin::origin;
use super::protocol::{Agreed, agree};
use super::{Server, plugin, resume};
use crate::config::{self, Binary, OnUnknownTable, PipelineFile, SlotCreate};

/// Logical messages can be asked for since 14.
const MESSAGES: u32 = 140_000;

/// What a run wants of the stream, beside what the file says.
pub(crate) struct Reading {
    /// Where it ends.
    pub(crate) until: Option<Until>,
    /// The commit LSN of a transaction that is passed over.
    pub(crate) skip: Option<Lsn>,
    pub(crate) memory: BufferPool,
    /// The session that a temporary slot lives in.
    pub(crate) connection: Option<Connection>,
}

/// What the server and the file agree on of the plugin's protocol.
///
/// # Errors
///
/// Where the file asks for what the server does not have.
pub(super) fn agreed(server: &Server, file: &PipelineFile) -> Result<Agreed, Error> {
    let temporary = file.source.slot.create == SlotCreate::Temporary;
    agree(&file.source.pgoutput, server.system.version, temporary)
}

/// The replication source that goes on from `state`.
pub(crate) async fn replication(
    server: &Server,
    file: &PipelineFile,
    state: &State,
    reading: Reading,
) -> Result<ReplicationSource, Error> {
    let start = resume::position(state)?;
    let Reading { until, skip, memory, connection } = reading;
    let source = &file.source;
    let (plugin, agreed, decoder) = match source.plugin {
        config::Plugin::Pgoutput => {
            let agreed = agreed(server, file)?;
            (pgoutput(server, file, state, agreed)?, Some(agreed), None)
        }
        _ => {
            let (plugin, decoder) = plugin::other(server, file, state).await?;
            (plugin, None, Some(decoder))
        }
    };
    let invalid = unconverted(source, &server.system.encoding);
    let mut options = ReplicationOptions::new(server.connect.clone(), file.slot_name(), plugin, start);
    options.until = until;
    options.skip = skip;
    if let Some(agreed) = agreed {
        // A temporary slot does not outlive its session: it can't be begun anew as text.
        let asked = match source.pgoutput.binary {
            Binary::Auto if connection.is_some() => Binary::Off,
            asked => asked,
        };
        options.binary = binary_values(asked, server.system.version, &state.tables, invalid)?;
        options.streaming = agreed.streaming;
    }
    // The other half is for what is read and handed out.
    options.spool.memory = memory.limit() / 2;
    options.selection = selection(file);
    options.tables.clone_from(&state.tables);
    options.shapes.clone_from(&state.shapes);
    options.inserts_only.clone_from(&state.inserts_only);
    options.unknown_tables = unknown_tables(file);
    options.starts.clone_from(&state.starts);
    options.batch = limits(file);
    options.memory = memory;
    options.stall_limit = source.sink_stall_limit;
    options.idle_every = source.heartbeat.every;
    options.retry = retry(file);
    Ok(match decoder {
        Some(decoder) => ReplicationSource::start_on(connection, options, decoder),
        None => {
            let decoder = PgOutput::with_versions(state.tables.iter().cloned()).with_invalid_text(invalid);
            ReplicationSource::start_on(connection, options, decoder)
        }
    })
}

fn pgoutput(server: &Server, file: &PipelineFile, state: &State, agreed: Agreed) -> Result<Plugin, Error> {
    let asked = &file.source.pgoutput;
    let names: Vec<String> = state.publications.iter().map(|record| record.name.clone()).collect();
    let messages = asked.messages && server.system.version >= MESSAGES;
    let mut plugin = Plugin::pgoutput(agreed.version, &names, messages);
    if agreed.version >= 2 {
        plugin = plugin.with_streaming(agreed.parallel);
    }
    if agreed.two_phase {
        plugin = plugin.with_two_phase();
    }
    if origin(asked.origin, server.system.version)? {
        plugin = plugin.with_origin_none();
    }
    Ok(plugin)
}

/// The tables that may be read.
pub(super) fn selection(file: &PipelineFile) -> Selection {
    let tables = &file.source.tables;
    Selection { include: tables.include.clone(), exclude: tables.exclude.clone() }
}

/// What happens when one appears.
pub(super) fn unknown_tables(file: &PipelineFile) -> UnknownTables {
    match file.source.tables.on_unknown_table {
        OnUnknownTable::Error => UnknownTables::Error,
        OnUnknownTable::Ignore | OnUnknownTable::Add => UnknownTables::Ignore,
    }
}

/// How transient errors are tried again.
pub(crate) fn retry(file: &PipelineFile) -> Retry {
    Retry { max_elapsed: file.retry.max_elapsed, initial: file.retry.initial, max: file.retry.max }
}

/// When a batch is closed.
pub(crate) fn limits(file: &PipelineFile) -> BatchLimits {
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX).max(1);
    BatchLimits { rows: count(file.batch.rows), bytes: count(file.batch.bytes) }
}
