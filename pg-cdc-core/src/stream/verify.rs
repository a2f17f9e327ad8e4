//! Whether server and slot are the ones that a position belongs to. Nothing is read before.

use crate::catalog::Slot;
use crate::wire::Connection;
use crate::{Error, ErrorKind, Lsn, Position, ServerId};

/// Checks that a slot is the one that `position` was read from, and can go on from there.
///
/// # Errors
///
/// [`ErrorKind::Mismatch`] where going on would leave a gap: the slot is gone, lost, another plugin's or database's,
/// or was read by someone else beyond what is durable here.
pub fn check_slot(
    slot: Option<&Slot>,
    name: &str,
    plugin: &str,
    database: &str,
    position: &Position,
) -> Result<(), Error> {
    let wrong = |what: String, hint: &'static str| {
        Err(Error::new(ErrorKind::Mismatch, format!("slot {name} {what}")).with_hint(hint))
    };
    const START_OVER: &str = "changes since the saved position are no longer to be had: start over with \
                              `pg-cdc cleanup` and a new snapshot";
    let Some(slot) = slot else { return wrong("is gone".to_owned(), START_OVER) };
    if slot.plugin.as_deref() != Some(plugin) {
        let found = slot.plugin.as_deref().unwrap_or("none: it is a physical slot");
        return wrong(format!("has the plugin {found}, expected {plugin}"), "choose another slot.name");
    }
    if slot.database.as_deref() != Some(database) {
        let found = slot.database.as_deref().unwrap_or("no database");
        return wrong(format!("belongs to {found}, we are in {database}"), "choose another slot.name");
    }
    if let Some(reason) = &slot.invalidation_reason {
        return wrong(format!("was invalidated by the server ({reason})"), START_OVER);
    }
    if slot.wal_status.as_deref() == Some("lost") {
        return wrong(
            "is lost: the server removed WAL that it needs (max_slot_wal_keep_size)".to_owned(),
            START_OVER,
        );
    }
    match slot.confirmed_flush_lsn {
        Some(confirmed) if confirmed > position.confirmed => wrong(
            format!("was confirmed up to {confirmed}, but only {} is durable here", position.confirmed),
            "something else read this slot, or the state is an old copy; the changes in between are no longer to be \
             had: start over with `pg-cdc cleanup` and a new snapshot",
        ),
        _ => Ok(()),
    }
}

/// What to do where the server can't read a slot on.
///
/// Of a transaction that changes the catalog and commits while a slot is still looking for its first snapshot PostgreSQL
/// keeps no account (`xact_decode` passes over it before `SNAPBUILD_FULL_SNAPSHOT`). What was at work on the same table
/// by then, and commits later, is decoded by the catalog of before, in which a file that came meanwhile is of no table.
pub(super) fn undecodable(error: Error, slot: &str) -> Error {
    // Messages of this code are not translated. Before 16 it is a "filenode".
    if error.sqlstate() != Some("XX000") || !error.to_string().contains("could not map filen") {
        return error;
    }
    error.while_doing(format!("the server can't read slot {slot} on")).with_hint(
        "it lost sight of a TRUNCATE, ALTER TABLE or the like that committed while the slot was being made: start over \
         with `pg-cdc cleanup` and a new snapshot, at a time when no table is changed",
    )
}

/// Checks that a position of `saved` lies on the history of the server that is `found` now.
///
/// # Errors
///
/// [`ErrorKind::Mismatch`] where it is another cluster, an older timeline, or a timeline that forked off before
/// `confirmed`: what was delivered did not happen there.
pub async fn check_timeline(
    connection: &mut Connection,
    saved: ServerId,
    found: ServerId,
    confirmed: Lsn,
) -> Result<(), Error> {
    if saved.system_id != found.system_id {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!(
                "the server is another cluster: system identifier {}, saved {}",
                found.system_id, saved.system_id
            ),
        )
        .with_hint("point the pipeline at the server it began on, or start over with another name"));
    }
    if found.timeline == saved.timeline {
        return Ok(());
    }
    let forked = |what: String| {
        Error::new(ErrorKind::Mismatch, what).with_hint(
            "the server was restored to a time before what was delivered: start over with `pg-cdc cleanup` and a new \
             snapshot",
        )
    };
    if found.timeline < saved.timeline {
        return Err(forked(format!(
            "the server is on timeline {}, the saved position on {}",
            found.timeline, saved.timeline
        )));
    }
    let rows = connection.query_row(&format!("TIMELINE_HISTORY {}", found.timeline)).await?;
    let history = rows.get(0, "content").unwrap_or_default();
    match fork_of(history, saved.timeline) {
        Some(fork) if confirmed <= fork => Ok(()),
        Some(fork) => Err(forked(format!(
            "the server's timeline {} left timeline {} at {fork}, but everything up to {confirmed} was delivered",
            found.timeline, saved.timeline
        ))),
        None => Err(forked(format!(
            "the server's timeline {} does not descend from timeline {}",
            found.timeline, saved.timeline
        ))),
    }
}

/// Where a history file says that `timeline` was left: lines of `timeline <tab> LSN <tab> reason`.
fn fork_of(history: &str, timeline: u32) -> Option<Lsn> {
    history.lines().find_map(|line| {
        let mut fields = line.split_whitespace();
        let found: u32 = fields.next()?.parse().ok()?;
        (found == timeline).then(|| fields.next()?.parse().ok()).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot() -> Slot {
        Slot {
            name: "shop".to_owned(),
            plugin: Some("pgoutput".to_owned()),
            database: Some("db".to_owned()),
            active_pid: None,
            restart_lsn: Some(Lsn::new(80)),
            confirmed_flush_lsn: Some(Lsn::new(100)),
            wal_status: Some("reserved".to_owned()),
            invalidation_reason: None,
        }
    }

    #[test]
    fn what_the_server_lost_sight_of_comes_with_what_to_do() {
        for (sqlstate, message, is_told) in [
            ("XX000", "ERROR: could not map filenumber \"base/5/33354\" to relation OID", true),
            ("XX000", "ERROR: could not map filenode \"base/5/33354\" to relation OID", true),
            ("XX000", "ERROR: cache lookup failed for type 7", false),
            ("57P01", "ERROR: terminating connection", false),
        ] {
            let error = Error::new(ErrorKind::Server, message).with_sqlstate(sqlstate);
            let error = undecodable(error, "shop");
            assert_eq!(
                error.hint().is_some_and(|hint| hint.contains("pg-cdc cleanup")),
                is_told,
                "{message}"
            );
            assert_eq!((error.sqlstate(), error.is_transient()), (Some(sqlstate), sqlstate == "57P01"));
            assert!(error.with_causes().contains(message), "{message}");
        }
    }

    fn check(slot: Option<&Slot>, confirmed: u64) -> Result<(), Error> {
        let server = ServerId { system_id: 1, timeline: 1 };
        check_slot(slot, "shop", "pgoutput", "db", &Position::at("s".into(), server, Lsn::new(confirmed)))
    }

    #[test]
    fn a_slot_that_is_where_it_was_left_or_behind_goes_on() {
        assert!(check(Some(&slot()), 100).is_ok());
        assert!(check(Some(&slot()), 101).is_ok());
    }

    #[test]
    fn whatever_would_leave_a_gap_is_an_error_with_a_hint() {
        let gone = check(None, 100);
        let ahead = check(Some(&slot()), 99);
        let lost = check(Some(&Slot { wal_status: Some("lost".to_owned()), ..slot() }), 100);
        let other = check(Some(&Slot { plugin: Some("wal2json".to_owned()), ..slot() }), 100);
        let elsewhere = check(Some(&Slot { database: Some("x".to_owned()), ..slot() }), 100);
        let reason = Some("idle_timeout".to_owned());
        let invalid = check(Some(&Slot { invalidation_reason: reason, ..slot() }), 100);
        for result in [gone, ahead, lost, other, elsewhere, invalid] {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Mismatch);
            assert!(error.hint().is_some() && !error.is_transient(), "{error}");
        }
    }

    #[test]
    fn a_history_file_tells_where_a_timeline_was_left() {
        let history = "1\t0/5000148\tno recovery target specified\n\n2\t0/7000000\tx\n";
        assert_eq!(fork_of(history, 1), Some(Lsn::new(0x0500_0148)));
        assert_eq!(fork_of(history, 2), Some(Lsn::new(0x0700_0000)));
        assert_eq!(fork_of(history, 3), None);
    }
}
