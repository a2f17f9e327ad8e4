//! Where a pipeline begins or goes on.

use std::future::Future;
use std::sync::Arc;

use pg_cdc_core::catalog::{Slot, find_slot, name_all};
use pg_cdc_core::stream::{ExportedSnapshot, NewSlot, SlotWait, create_slot};
use pg_cdc_core::{Error, ErrorKind, Lsn, Position, SnapshotRecord, State};

use super::made::drop_unread;
use super::plugin::is_mined;
use super::{Server, publication, shapes};
use crate::config::{PipelineFile, SlotCreate, SnapshotMode};

/// How a run begins.
#[derive(Debug)]
pub(crate) enum Start {
    /// Nothing was done yet, or only an unfinished first snapshot, whose slot is gone now.
    First {
        /// A slot that someone else made and the user wants adopted (`snapshot.mode: never`).
        adopted: Option<Slot>,
    },
    /// Everything up to the state's position is durable.
    GoOn,
}

/// Decides how to begin, and takes the slot of an unfinished first snapshot away: the only time that a slot is dropped
/// without being asked.
///
/// # Errors
///
/// Where the slot is there and nobody knows what was read from it, or must not be made.
pub(crate) async fn start(
    server: &Server,
    file: &PipelineFile,
    state: Option<&State>,
) -> Result<Start, Error> {
    let mode = file.source.snapshot.mode;
    if let Some(state) = state {
        is_same_pipeline(server, file, state)?;
        if state.position.is_some() && state.snapshot != SnapshotRecord::Unfinished {
            if state.slot.is_none() && state.plugin.is_none() && mode != SnapshotMode::Only {
                return Err(Error::new(
                    ErrorKind::Mismatch,
                    "the state is that of a snapshot without a stream (snapshot.mode: only): what changed since is \
                     not to be had",
                )
                .with_hint("start over with `pg-cdc cleanup`, or with another name"));
            }
            shapes::is_same(&shapes::asked(&file.source), state)?;
            publication::check_again(server, state).await?;
            return Ok(Start::GoOn);
        }
        let slot = state.slot.as_ref().filter(|slot| slot.made);
        if let Some(slot) = slot
            && let Some(found) = find_slot(&server.client, server.system.version, &slot.name).await?
            && is_ours(&found, server, file)
        {
            if mode == SnapshotMode::Never {
                // Made, and nothing read from it: as good as new.
                return Ok(Start::First { adopted: Some(found) });
            }
            tracing::warn!(slot = %slot.name, "its first snapshot is not whole: the slot is dropped and made again");
            drop_unread(server, &slot.name).await?;
        }
    }
    if mode == SnapshotMode::Only || is_mined(file) {
        return Ok(Start::First { adopted: None });
    }
    let name = file.slot_name();
    let found = find_slot(&server.client, server.system.version, name).await?;
    if let Some(elsewhere) =
        found.as_ref().filter(|slot| slot.database.as_ref() != Some(&server.system.database))
    {
        let whose = match &elsewhere.database {
            Some(database) => format!("belongs to database {database}"),
            None => "is a physical one".to_owned(),
        };
        return Err(Error::new(ErrorKind::Mismatch, format!("slot {name} {whose}"))
            .with_hint("choose another slot.name"));
    }
    match (found, file.source.slot.create) {
        (Some(found), _) if mode == SnapshotMode::Never => Ok(Start::First { adopted: Some(found) }),
        (Some(_), _) => Err(Error::new(
            ErrorKind::Mismatch,
            format!("slot {name} is there, but no state says what was read from it"),
        )
        .with_hint(
            "snapshot.mode: never adopts it and goes on where it stands; `pg-cdc cleanup` drops it (--force if another \
             program made it)",
        )),
        (None, SlotCreate::Never) => {
            Err(Error::new(ErrorKind::Mismatch, format!("slot {name} is not there, and slot.create is never"))
                .with_hint("make it, or set slot.create: if_missing"))
        }
        (None, _) => Ok(Start::First { adopted: None }),
    }
}

/// Whether a slot that bears our name can be one that we made: another database's or plugin's is never dropped.
fn is_ours(slot: &Slot, server: &Server, file: &PipelineFile) -> bool {
    slot.plugin.as_deref() == Some(file.source.plugin.as_str())
        && slot.database.as_ref() == Some(&server.system.database)
}

fn is_same_pipeline(server: &Server, file: &PipelineFile, state: &State) -> Result<(), Error> {
    if state.pipeline != file.name {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the state belongs to pipeline {}, this is {}", state.pipeline, file.name),
        )
        .with_hint("give each pipeline a state.path of its own"));
    }
    if state.server.system_id != server.id.system_id {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!(
                "the server is another cluster than the one the state belongs to: system identifier {}, saved {}",
                server.id.system_id, state.server.system_id
            ),
        )
        .with_hint("point the pipeline at the server it began on, or start over with another name"));
    }
    let plugin = file.source.plugin.as_str();
    // Of a state that does not say, the slot has its own, which is looked at where it is read.
    let begun =
        state.plugin.as_deref().or_else(|| state.slot.as_ref().filter(|_| is_mined(file)).map(|_| "a slot"));
    if let Some(begun) =
        begun.filter(|begun| *begun != plugin && file.source.snapshot.mode != SnapshotMode::Only)
    {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!("the state was begun with {begun}, the file says plugin: {plugin}"),
        )
        .with_hint("set plugin back, or start over with another name and state"));
    }
    let slot = state.slot.as_ref().map(|slot| &*slot.name);
    if slot.is_some_and(|slot| slot != file.slot_name()) {
        return Err(Error::new(
            ErrorKind::Mismatch,
            format!(
                "the state belongs to slot {}, the file says {}",
                slot.unwrap_or_default(),
                file.slot_name()
            ),
        )
        .with_hint("set slot.name back, or start over with another name and state"));
    }
    Ok(())
}

/// Makes the pipeline's slot, unless `stop` is ready before.
pub(crate) async fn make_slot(
    server: &Server,
    file: &PipelineFile,
    stop: impl Future<Output = ()>,
) -> Result<Option<ExportedSnapshot>, Error> {
    let waiting = |wait: &SlotWait| {
        tracing::warn!(
            slot = %wait.slot, waited = %format!("{} s", wait.waited.as_secs()),
            "the slot is made once these transactions have ended: {}", name_all(&wait.blockers)
        );
    };
    let name = file.slot_name();
    let temporary = file.source.slot.create == SlotCreate::Temporary;
    let slot = NewSlot { name, plugin: file.source.plugin.as_str(), temporary };
    let timeout = file.source.slot.create_timeout;
    let exported = create_slot(&server.connect, slot, timeout, &waiting, stop).await?;
    if let Some(exported) = &exported {
        tracing::info!(slot = %name, point = %exported.point(), "the slot is made");
    }
    Ok(exported)
}

/// Where `state` goes on.
pub(super) fn position(state: &State) -> Result<Position, Error> {
    state.position.clone().ok_or_else(|| {
        Error::new(ErrorKind::Mismatch, "the state has no position to go on from")
            .with_hint("start over with `pg-cdc cleanup`")
    })
}

/// The position of a slot that nothing was read from here.
pub(crate) fn position_of(server: &Server, file: &PipelineFile, slot: &Slot) -> Result<Position, Error> {
    let confirmed = slot.confirmed_flush_lsn.ok_or_else(|| {
        Error::new(ErrorKind::Mismatch, format!("slot {} is no logical slot", slot.name))
            .with_hint("choose another slot.name")
    })?;
    let position = Position::at(Arc::from(&*file.name), server.id, confirmed);
    let plugin = file.source.plugin.as_str();
    pg_cdc_core::stream::check_slot(Some(slot), &slot.name, plugin, &server.system.database, &position)?;
    Ok(position)
}

/// Where a state stands, for a log line.
pub(crate) fn describe(position: Option<&Position>) -> String {
    position.map_or_else(|| Lsn::ZERO.to_string(), ToString::to_string)
}
