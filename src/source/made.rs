//! What a pipeline made on the server, and taking it away again.

use std::time::Duration;

use pg_cdc_core::catalog::{drop_slot, find_publication, find_slot};
use pg_cdc_core::{Error, State, quote_identifier};
use tokio::time::{Instant, sleep};

use super::{Server, publication};
use crate::config::PipelineFile;

/// For how long a slot's last reader is given to go: one whose machine is gone is noticed within the server's
/// `wal_sender_timeout`, 60 s by default.
const LAST_READER: Duration = Duration::from_secs(70);
/// A wait that needs no word.
const SOON: Duration = Duration::from_secs(1);
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// What was dropped, and what was left alone because nothing proves that this pipeline made it.
#[derive(Debug, Default)]
pub(crate) struct Made {
    pub(crate) dropped: Vec<String>,
    pub(crate) left: Vec<String>,
}

/// Drops slot and publications that `file`'s pipeline made, or with `force` whatever bears their names.
///
/// A slot can't bear a mark: it is the pipeline's where the state says so, or where there is no state and the
/// publication it reads bears the pipeline's.
pub(crate) async fn drop_made(
    server: &Server,
    file: &PipelineFile,
    state: Option<&State>,
    force: bool,
) -> Result<Made, Error> {
    let mut made = Made::default();
    let version = server.system.version;
    let name = file.publication_name();
    let mut publications = vec![name.to_owned(), publication::inserts_name(name)];
    let recorded = state.map_or(&[][..], |state| &state.publications);
    publications.extend(recorded.iter().map(|record| record.name.clone()));
    publications.sort();
    publications.dedup();
    let mut marked = false;
    let mut to_drop = Vec::new();
    for name in publications {
        let Some(found) = find_publication(&server.client, version, &name).await? else { continue };
        marked |= found.is_made_by(&file.name);
        if force || found.is_made_by(&file.name) {
            to_drop.push(name);
        } else {
            made.left.push(format!("publication {name}"));
        }
    }
    // The slot first: without its publication it could not even be read to its end.
    let slot = state.and_then(|state| state.slot.as_ref());
    let slot_name = slot.map_or(file.slot_name(), |slot| &slot.name);
    let is_ours = slot.map_or(state.is_none() && marked, |slot| slot.made);
    if let Some(found) = find_slot(&server.client, version, slot_name).await? {
        if found.database.as_deref() != Some(&*server.system.database) {
            made.left.push(format!("slot {slot_name}, which belongs to another database"));
        } else if force || is_ours {
            drop_unread(server, slot_name).await?;
            made.dropped.push(format!("slot {slot_name}"));
        } else {
            made.left.push(format!("slot {slot_name}"));
        }
    }
    for name in to_drop {
        server
            .client
            .batch_execute(&format!("DROP PUBLICATION IF EXISTS {}", quote_identifier(&name)))
            .await?;
        made.dropped.push(format!("publication {name}"));
    }
    Ok(made)
}

/// Drops a slot, where there is one, once nobody reads it: a walsender lets go of it a moment after its connection was
/// closed.
pub(crate) async fn drop_unread(server: &Server, name: &str) -> Result<(), Error> {
    let (began, mut told) = (Instant::now(), false);
    let error = loop {
        let Err(error) = drop_slot(&server.client, name).await else { return Ok(()) };
        match error.sqlstate() {
            Some("42704") => return Ok(()),
            Some("55006") if began.elapsed() < LAST_READER => {}
            Some("55006") => break error.with_hint("stop its reader first"),
            _ => break error,
        }
        if began.elapsed() > SOON && !std::mem::replace(&mut told, true) {
            tracing::warn!(slot = %name, "the slot is dropped once nobody reads it any more");
        }
        sleep(PAUSE).await;
    };
    Err(error.while_doing(format!("slot {name} could not be dropped")))
}
