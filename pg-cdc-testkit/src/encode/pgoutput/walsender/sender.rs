//! What goes out, and the account of what was announced.

use std::collections::HashMap;

use bytes::Bytes;
use pg_cdc_core::{Lsn, ReplicaIdentity};

use super::super::{Message, Relation, RelationColumn};

/// Messages in the order in which they are sent, each with its position.
pub type Frames = Vec<(Lsn, Bytes)>;

/// OID of an enum that the third table of three has a column of.
const MOOD: u32 = 70_000;
const TEXT: u32 = 25;

#[derive(Debug, Default)]
pub(super) struct Sender {
    pub(super) frames: Frames,
    pub(super) announced: Announced,
}

/// Of each table, which version was announced, and as the how manyeth message.
pub(super) type Announced = HashMap<usize, (u32, usize)>;

#[derive(Debug, Clone)]
pub(super) struct Change {
    pub(super) lsn: Lsn,
    pub(super) sub: u32,
    pub(super) table: Option<(usize, u32)>,
    pub(super) message: Message,
    pub(super) is_sent: bool,
}

impl Sender {
    pub(super) fn send(&mut self, lsn: Lsn, message: &Message) {
        self.frames.push((lsn, message.encode()));
    }

    pub(super) fn send_whole(
        &mut self,
        begin: &Message,
        changes: &[Change],
        (end_lsn, end): (Lsn, &Message),
    ) {
        let first = changes.first().map_or(end_lsn, |change| change.lsn);
        self.send(first, begin);
        self.send(first, &origin());
        for change in changes {
            for message in announcements(change.table, &mut self.announced, self.frames.len()) {
                self.send(change.lsn, &message);
            }
            self.send(change.lsn, &change.message);
        }
        self.send(end_lsn, end);
    }
}

pub(super) fn oid(table: usize) -> u32 {
    16_384 + table as u32
}

pub(super) fn width(version: u32) -> u32 {
    1 + version / 8 % 3
}

pub(super) fn origin() -> Message {
    Message::Origin { lsn: Lsn::ZERO, name: "elsewhere".to_owned() }
}

/// What must be said of a table before a change of it.
pub(super) fn announcements(
    table: Option<(usize, u32)>,
    announced: &mut Announced,
    nth: usize,
) -> Vec<Message> {
    let Some((table, version)) = table else { return Vec::new() };
    if announced.get(&table).is_some_and(|(known, _)| *known == version) {
        return Vec::new();
    }
    announced.insert(table, (version, nth));
    let has_mood = table % 3 == 2;
    let column = |at| RelationColumn {
        identity: at == 0,
        name: format!("c{at} of {version}"),
        type_oid: if has_mood && at == 1 { MOOD } else { TEXT },
        modifier: -1,
    };
    let relation = Relation {
        oid: oid(table),
        schema: "public".to_owned(),
        name: format!("t{table}"),
        identity: ReplicaIdentity::Default,
        columns: (0..width(version)).map(column).collect(),
    };
    let type_ = Message::Type { oid: MOOD, schema: "public".to_owned(), name: "mood".to_owned() };
    has_mood.then_some(type_).into_iter().chain([Message::Relation(relation)]).collect()
}
