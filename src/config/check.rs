//! What the types alone do not say: keys that exclude each other, ranges, names.

use pg_cdc_core::catalog::Pattern;
use pg_cdc_core::types::json::DebeziumValues;

use super::yaml::Node;
use super::{
    ConfigError, HeartbeatTable, PipelineFile, SinkConfig, SlotCreate, SourceConfig, StateKind, TlsConfig,
    Values,
};

/// Finds the first key whose value can't stand, alone or beside another.
pub(super) fn check(file: &PipelineFile, root: &Node) -> Result<(), ConfigError> {
    let source = &file.source;
    let said = |path: &str| root.at(path).is_some_and(Node::says_something);
    let wrong = |path: &str, message: &str| {
        // A key that is not there stands at the nearest mapping above it.
        let mut place = path;
        let node = loop {
            match root.at(place) {
                Some(node) => break node,
                None => match place.rsplit_once('.') {
                    Some((above, _)) => place = above,
                    None => break root,
                },
            }
        };
        Err(ConfigError::new(Some(node.mark), message).at_key(path))
    };

    if source.url.is_none() && source.hosts.is_empty() {
        return wrong(
            "source.url",
            "this key is required and missing (or, instead of a url, hosts, user, database)",
        );
    }
    if source.url.is_some() {
        for part in ["hosts", "port", "database", "user"] {
            let path = format!("source.{part}");
            if said(&path) {
                return wrong(&path, "stands beside source.url; expected the url or its parts, not both");
            }
        }
    }
    for (path, name) in [("name", Some(&file.name)), ("source.slot.name", source.slot.name.as_ref())] {
        let fits = |name: &String| {
            (1..=63).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        if name.is_some_and(|name| !fits(name)) {
            return wrong(path, "expected 1 to 63 lower-case letters a to z, digits and _");
        }
    }
    if source.publication.name.as_ref().is_some_and(|name| !(1..=63).contains(&name.len())) {
        return wrong("source.publication.name", "expected a name of 1 to 63 bytes");
    }

    let at_least_one = [
        ("source.port", source.port.map(u64::from)),
        ("source.snapshot.parallelism", Some(source.snapshot.parallelism.into())),
        ("source.snapshot.shard_rows", Some(source.snapshot.shard_rows)),
        ("source.snapshot.shard_size", source.snapshot.shard_size),
        ("source.memory_limit", Some(source.memory_limit)),
        ("batch.rows", Some(file.batch.rows)),
        ("batch.bytes", Some(file.batch.bytes)),
    ];
    if let Some((path, _)) = at_least_one.iter().find(|(_, value)| *value == Some(0)) {
        return wrong(path, "expected at least 1, found 0");
    }
    if file.retry.initial > file.retry.max {
        let path = if said("retry.initial") { "retry.initial" } else { "retry.max" };
        return wrong(
            path,
            "the first wait is longer than the longest: expected retry.initial up to retry.max",
        );
    }
    if said("source.snapshot.shard_rows") && said("source.snapshot.shard_size") {
        return wrong("source.snapshot.shard_size", "stands beside shard_rows; expected one of the two");
    }
    for (table, columns) in &source.tables.columns {
        if !columns.include.is_empty() && !columns.exclude.is_empty() {
            let message = format!("{table} has both include and exclude; expected one of the two");
            return wrong("source.tables.columns", &message);
        }
    }
    if let HeartbeatTable::Table(name) = &source.heartbeat.table
        && !name.parse::<Pattern>().is_ok_and(|table| table.is_exact())
    {
        return wrong("source.heartbeat.table", "expected none or a table as schema.name");
    }
    if source.slot.create == SlotCreate::Temporary && file.state.kind != StateKind::Memory {
        return wrong(
            "source.slot.create",
            "a temporary slot is gone with its connection, and a saved position with it; expected state.type: memory \
             beside it",
        );
    }
    if file.state.path.is_some() && file.state.kind != StateKind::File {
        return wrong("state.path", "only goes with type: file");
    }
    let empty = |path: &std::path::Path| path.as_os_str().is_empty();
    if file.state.path.as_deref().is_some_and(empty) {
        return wrong("state.path", "expected a path, found an empty text");
    }
    if let SinkConfig::Jsonl(jsonl) = &file.sink
        && empty(&jsonl.path)
    {
        return wrong("sink.path", "expected a path, or - for standard output, found an empty text");
    }
    if let SinkConfig::Jsonl(jsonl) = &file.sink
        && let Some(debezium) = &jsonl.debezium
    {
        if jsonl.values == Values::Natural {
            return wrong("sink.debezium", "only goes with values: debezium; found values: natural");
        }
        let most = DebeziumValues::MOST_MONEY_DIGITS;
        if debezium.money_fraction_digits > most {
            let message = format!("expected 0 to {most}, found {}", debezium.money_fraction_digits);
            return wrong("sink.debezium.\"money.fraction.digits\"", &message);
        }
        if debezium.placeholder().is_none() {
            return wrong(
                "sink.debezium.\"unavailable.value.placeholder\"",
                "expected a text, or hex: and the hexadecimal digits of one in UTF-8",
            );
        }
    }
    Ok(())
}

/// Finds what the wire could not connect with: a url that is none, a certificate that can't be read.
pub(super) fn check_server(source: &SourceConfig, root: &Node) -> Result<(), ConfigError> {
    let Err(error) = source.connect_config() else { return Ok(()) };
    let without_ca = SourceConfig { tls: TlsConfig { ca: None, ..source.tls.clone() }, ..source.clone() };
    let path = match (without_ca.connect_config(), &source.url) {
        (Ok(_), _) => "source.tls.ca",
        (Err(_), Some(_)) => "source.url",
        (Err(_), None) => "source.hosts",
    };
    let mut message = error.to_string();
    if let Some(cause) = std::error::Error::source(&error) {
        message.push_str(&format!(": {cause}"));
    }
    if let Some(hint) = error.hint() {
        message.push_str(&format!("; {hint}"));
    }
    Err(ConfigError::new(Some(root.at(path).unwrap_or(root).mark), message).at_key(path))
}
