//! `pg_walstream`: parse a message, and make its row, as its API offers.

use std::collections::HashMap;

use pg_walstream::{LogicalReplicationMessage, LogicalReplicationParser, RelationInfo};

use crate::streams::Stream;

/// Its parser, and the relations of the stream.
pub struct Peer {
    parser: LogicalReplicationParser,
    relations: HashMap<u32, RelationInfo>,
}

impl Peer {
    /// One that has taken in the stream's head.
    #[must_use]
    pub fn new(stream: &Stream) -> Self {
        let (mut parser, mut relations) =
            (LogicalReplicationParser::with_protocol_version(1), HashMap::new());
        for message in &stream.head {
            let parsed = parser.parse_wal_message_bytes(message.clone()).unwrap();
            if let LogicalReplicationMessage::Relation {
                relation_id,
                namespace,
                relation_name,
                replica_identity,
                columns,
            } = parsed.message
            {
                let relation =
                    RelationInfo::new(relation_id, namespace, relation_name, replica_identity, columns);
                relations.insert(relation_id, relation);
            }
        }
        Self { parser, relations }
    }

    /// Parses the stream, makes each change's row, and gives the number of changes.
    pub fn run(&mut self, stream: &Stream) -> usize {
        let mut changes = 0;
        for range in &stream.frames {
            let data = stream.buffer.slice(range.clone());
            match self.parser.parse_wal_message_bytes(data).unwrap().message {
                LogicalReplicationMessage::Insert { relation_id, tuple }
                | LogicalReplicationMessage::Update { relation_id, new_tuple: tuple, .. } => {
                    std::hint::black_box(tuple.into_row_data(&self.relations[&relation_id]));
                    changes += 1;
                }
                other => _ = std::hint::black_box(other),
            }
        }
        changes
    }
}
