//! The settings that every session is pinned to, so that a value looks the same whoever reads it.

use super::options;
use crate::{Error, ErrorKind};

/// A setting, its value, and the first server that knows it, as `server_version_num`.
struct Pinned(&'static str, &'static str, u32);

/// What text looks like, what may end a session behind our back, and what could hide rows.
///
/// Chapter "Client Connection Defaults" of PostgreSQL's documentation has each of them. `extra_float_digits` is in
/// [`EXTRA_FLOAT_DIGITS`].
const PINNED: [Pinned; 17] = [
    Pinned("client_encoding", "UTF8", 0),
    Pinned("DateStyle", "ISO", 0),
    Pinned("IntervalStyle", "postgres", 0),
    Pinned("TimeZone", "UTC", 0),
    Pinned("bytea_output", "hex", 0),
    Pinned("quote_all_identifiers", "off", 0),
    Pinned("search_path", "", 0),
    Pinned("statement_timeout", "0", 0),
    Pinned("lock_timeout", "0", 0),
    Pinned("default_transaction_deferrable", "off", 0),
    Pinned("default_transaction_read_only", "off", 0),
    Pinned("default_transaction_isolation", "read committed", 0),
    // On, a policy would silently hide rows from the snapshot; off, it is an error.
    Pinned("row_security", "off", 90_500),
    Pinned("idle_in_transaction_session_timeout", "0", 90_600),
    Pinned("idle_session_timeout", "0", 140_000),
    Pinned("transaction_timeout", "0", 170_000),
    Pinned("extra_float_digits", "1", 120_000),
];

/// Three digits is what gives floats back exactly before 12, and what 12 and later take as one: any server's start.
const EXTRA_FLOAT_DIGITS: (&str, &str) = ("extra_float_digits", "3");

/// The settings pinned on every session, name and value, unquoted.
///
/// With `None` those that every server knows, from 9.4 on: they can go into the start-up packet, where a setting that
/// the server doesn't know would be fatal ([`pinned_options`] writes them so). With a server's `server_version_num`
/// the ones that must be set after start-up because only some servers know them ([`pinned_sets`]). Both together are
/// the whole; [`Connection::connect`](super::Connection::connect) applies both.
#[must_use]
pub fn pinned_settings(server_version_num: Option<u32>) -> Vec<(&'static str, &'static str)> {
    match server_version_num {
        None => PINNED
            .iter()
            .filter(|pinned| pinned.2 == 0)
            .map(|pinned| (pinned.0, pinned.1))
            .chain([EXTRA_FLOAT_DIGITS])
            .collect(),
        Some(version) => PINNED
            .iter()
            .filter(|pinned| (1..=version).contains(&pinned.2))
            .map(|pinned| (pinned.0, pinned.1))
            .collect(),
    }
}

/// The start-up parameter `options` for [`pinned_settings(None)`](pinned_settings): `-c name=value …`, escaped.
#[must_use]
pub fn pinned_options() -> String {
    let one = |(name, value): (&str, &str)| format!("-c {name}={}", options::escape(value));
    pinned_settings(None).into_iter().map(one).collect::<Vec<_>>().join(" ")
}

/// The statements for [`pinned_settings(Some(version))`](pinned_settings), to be sent as one simple query; empty for
/// servers that need none.
///
/// Before 10 a walsender takes no SQL: there they can't be sent.
#[must_use]
pub fn pinned_sets(server_version_num: u32) -> String {
    // Names are ours; no value holds a quote or a backslash.
    let one = |(name, value): (&str, &str)| format!("SET {name} = '{value}';");
    pinned_settings(Some(server_version_num)).into_iter().map(one).collect()
}

/// Refuses start-up parameters that would undo what is pinned, or that have a field of their own.
pub(super) fn refuse_pinned(parameters: &[(String, String)]) -> Result<(), Error> {
    let refuse = |name: &str| {
        Err(Error::new(ErrorKind::Config, format!("the session setting \"{name}\" can't be changed"))
            .with_hint("pg-cdc sets it itself, so that values always look the same; leave it out"))
    };
    for (name, value) in parameters {
        let set_by_it = if name == "options" { options::settings(value) } else { vec![name.clone()] };
        for name in set_by_it {
            let own = ["user", "database", "replication"].contains(&name.as_str());
            if own || PINNED.iter().any(|pinned| pinned.0.eq_ignore_ascii_case(&name)) {
                return refuse(&name);
            }
        }
        if name.is_empty() || name.contains('\0') || value.contains('\0') {
            return Err(Error::new(
                ErrorKind::Config,
                format!("the start-up parameter {name:?} is empty or holds a zero byte"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_newer_servers_know_is_set_after_start_up() {
        let names = |version| pinned_settings(version).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert!(!names(None).contains(&"row_security"));
        assert!(names(None).contains(&"search_path"));
        assert!(names(Some(90_400)).is_empty());
        assert_eq!(names(Some(100_023)), ["row_security", "idle_in_transaction_session_timeout"]);
        assert!(names(Some(120_000)).contains(&"extra_float_digits"));
        assert!(!names(Some(160_014)).contains(&"transaction_timeout"));
        assert!(pinned_sets(170_000).contains("SET transaction_timeout = '0';"));
        assert!(pinned_options().contains("-c search_path= -c"));
        assert!(pinned_options().ends_with("-c extra_float_digits=3"));
    }

    #[test]
    fn a_user_can_not_undo_what_is_pinned() {
        let refuse = |name: &str, value: &str| {
            refuse_pinned(&[(name.to_owned(), value.to_owned())]).err().map(|error| error.to_string())
        };
        assert!(refuse("datestyle", "German").is_some_and(|told| told.contains("datestyle")));
        assert!(
            refuse("options", "-c geqo=off --search-path=x").is_some_and(|told| told.contains("search_path"))
        );
        assert!(refuse("options", "-cTimeZone=CET").is_some());
        assert!(refuse("options", "-e").is_some());
        assert!(refuse("replication", "true").is_some());
        assert!(refuse("options", "-c geqo=off -c work_mem=1MB").is_none());
        assert!(refuse("application_name", "x").is_none());
        assert!(refuse("application_name", "x\0y").is_some());
    }
}
