//! The pipeline's output plugin: what it can't do, what it is asked for, and who reads what it sends.

use std::sync::Arc;

use pg_cdc_core::stream::Plugin;
use pg_cdc_core::{Decoder, Error, ErrorKind, State, Table};
use pg_cdc_decoders::decoderbufs::MoneyFormat;
use pg_cdc_decoders::wal2json::FormatVersion;
use pg_cdc_decoders::{DecoderBufs, TestDecoding, TextEncoding, Wal2Json, test_decoding};

use super::Server;
use crate::config::{self, PipelineFile};

/// Whether it sends what a publication says; the others tell the changes of every table.
pub(crate) fn has_publications(plugin: config::Plugin) -> bool {
    plugin == config::Plugin::Pgoutput
}

/// Whether the log is mined, without slot and publication.
pub(crate) fn is_mined(file: &PipelineFile) -> bool {
    file.source.plugin == config::Plugin::Walminer
}

/// How is told which rows are updated and deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Told {
    /// By their replica identity, as a publication says which: without one the application's UPDATE and DELETE fail.
    ByPublication,
    /// By their replica identity, where there is one: else the plugin does not tell.
    ByIdentity,
    /// By their key, or whole: the identity does not matter.
    FromTheLog,
}

/// How `plugin` tells which rows are updated and deleted.
pub(super) fn told(plugin: config::Plugin) -> Told {
    match plugin {
        config::Plugin::Pgoutput => Told::ByPublication,
        config::Plugin::Walminer => Told::FromTheLog,
        _ => Told::ByIdentity,
    }
}

/// Sees that the plugin can do what `file` asks for.
///
/// # Errors
///
/// Where it can't.
pub(super) fn check(server: &Server, file: &PipelineFile) -> Result<(), Error> {
    let plugin = file.source.plugin;
    if has_publications(plugin) {
        return Ok(());
    }
    if !file.source.tables.rows.is_empty() {
        let what = format!("plugin {}: tables.rows is a matter of publications", plugin.as_str());
        return Err(Error::new(ErrorKind::Unsupported, what)
            .with_hint("use plugin: pgoutput, or leave tables.rows out"));
    }
    // What the log is mined for, the server converts itself.
    if is_mined(file) { Ok(()) } else { encoding(server, file).map(drop) }
}

/// The encoding in which plugins other than pgoutput send their text, and what is done with what is none.
pub(super) fn encoding(server: &Server, file: &PipelineFile) -> Result<TextEncoding, Error> {
    let encoding = TextEncoding::new(&server.system.encoding).map_err(|error| {
        Error::new(ErrorKind::Unsupported, error.to_string()).with_hint("use plugin: pgoutput")
    })?;
    Ok(encoding.with_invalid_text(file.source.invalid_text.into()))
}

/// A plugin that is not pgoutput, and its decoder.
///
/// # Errors
///
/// Where the database's text can't be read, or the server does not answer.
pub(super) async fn other(
    server: &Server,
    file: &PipelineFile,
    state: &State,
) -> Result<(Plugin, Box<dyn Decoder>), Error> {
    let text = encoding(server, file)?;
    let tables = state.tables.iter().map(Arc::<Table>::clone);
    let name = file.source.plugin.as_str();
    Ok(match file.source.plugin {
        config::Plugin::Wal2json => {
            let format = match file.source.wal2json.version {
                config::Wal2jsonVersion::V1 => FormatVersion::V1,
                config::Wal2jsonVersion::V2 => FormatVersion::V2,
            };
            let options = format.options();
            let optional = options.iter().filter(|option| option.is_optional);
            let mut plugin = Plugin::new(name, options.iter().map(|option| (option.name, &*option.value)));
            plugin.optional = optional.map(|option| option.name.to_owned()).collect();
            (plugin, Box::new(Wal2Json::with_versions(format, text, tables)))
        }
        config::Plugin::Decoderbufs => {
            let row = server.client.query_one(MoneyFormat::QUERY, &[]).await?;
            let money = MoneyFormat::from_samples(row.try_get(0)?, row.try_get(1)?);
            let decoder = DecoderBufs::with_versions(text, tables);
            let decoder = match money {
                Some(format) => decoder.with_money(format),
                None => decoder,
            };
            (Plugin::new::<&str, &str>(name, []).with_commit_at_the_end(), Box::new(decoder))
        }
        config::Plugin::TestDecoding => {
            let options = test_decoding::OPTIONS.iter().copied();
            let decoder = TestDecoding::with_versions(server.system.version, text, tables);
            (Plugin::new(name, options).with_commit_at_the_end(), Box::new(decoder))
        }
        plugin @ (config::Plugin::Pgoutput | config::Plugin::Walminer) => {
            let what = format!("plugin {plugin} sends nothing to be read here");
            return Err(Error::new(ErrorKind::Unsupported, what));
        }
    })
}
