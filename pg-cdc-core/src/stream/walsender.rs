//! The walsender's commands.
//!
//! PostgreSQL documentation, "Streaming Replication Protocol".

use std::fmt::Write as _;

use crate::wire::Connection;
use crate::{Error, ErrorKind, Lsn, ServerId, quote_identifier};

/// What `IDENTIFY_SYSTEM` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The cluster and its timeline.
    pub server: ServerId,
    /// How far its WAL is flushed (on a standby: replayed).
    pub flushed: Lsn,
}

/// Asks a walsender which cluster it is.
///
/// # Errors
///
/// Where the session is broken, or is no replication session.
pub async fn identify(connection: &mut Connection) -> Result<Identity, Error> {
    let rows = connection.query_row("IDENTIFY_SYSTEM").await?;
    let field = |name: &str| {
        rows.get(0, name)
            .ok_or_else(|| Error::new(ErrorKind::Protocol, format!("IDENTIFY_SYSTEM gave no usable {name}")))
    };
    let wrong =
        |name: &str| Error::new(ErrorKind::Protocol, format!("IDENTIFY_SYSTEM gave no usable {name}"));
    Ok(Identity {
        server: ServerId {
            system_id: field("systemid")?.parse().map_err(|_| wrong("systemid"))?,
            timeline: field("timeline")?.parse().map_err(|_| wrong("timeline"))?,
        },
        flushed: field("xlogpos")?.parse().map_err(|_| wrong("xlogpos"))?,
    })
}

/// `START_REPLICATION` of a logical slot, from `start` on, with the plugin's options.
pub(super) fn start_replication(slot: &str, start: Lsn, options: &[(String, String)]) -> String {
    let mut command = format!("START_REPLICATION SLOT {} LOGICAL {start}", quote_identifier(slot));
    for (nth, (name, value)) in options.iter().enumerate() {
        let open = if nth == 0 { " (" } else { ", " };
        let _ = write!(command, "{open}{} {}", quote_identifier(name), literal(value));
    }
    if !options.is_empty() {
        command.push(')');
    }
    command
}

/// `CREATE_REPLICATION_SLOT` of a logical slot whose snapshot is exported, in the spelling of every version.
pub(super) fn create_slot(name: &str, plugin: &str, temporary: bool) -> String {
    let temporary = if temporary { " TEMPORARY" } else { "" };
    let (name, plugin) = (quote_identifier(name), quote_identifier(plugin));
    format!("CREATE_REPLICATION_SLOT {name}{temporary} LOGICAL {plugin} EXPORT_SNAPSHOT")
}

/// The replication grammar's strings know no escapes but the doubled quote (`repl_scanner.l`).
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_values_are_quoted() {
        let options =
            [("proto_version".to_owned(), "1".to_owned()), ("a".to_owned(), r#""it's\""#.to_owned())];
        assert_eq!(
            start_replication("we\"ird", Lsn::new(0x1_0000_00AB), &options),
            r#"START_REPLICATION SLOT "we""ird" LOGICAL 1/AB ("proto_version" '1', "a" '"it''s\"')"#
        );
        assert_eq!(start_replication("s", Lsn::ZERO, &[]), r#"START_REPLICATION SLOT "s" LOGICAL 0/0"#);
    }
}
