//! Debezium's transaction metadata: BEGIN and END lines, and a block in each change.

use std::collections::BTreeMap;

use pg_cdc_core::batch::Transaction;
use pg_cdc_core::types::json::write_json_string;
use serde::{Deserialize, Serialize};

use super::value::push_int;

/// Debezium's name for the collection that logical messages are counted under.
pub(super) const MESSAGES: &str = "LOGICAL_DECODING_MESSAGE";

/// The events of the transaction under way, as counted so far; kept in the sink's state, since a restart may fall
/// into the middle of a transaction.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Running {
    id: String,
    events: u64,
    collections: BTreeMap<String, u64>,
}

impl Running {
    pub(super) fn new(transaction: &Transaction) -> Self {
        Self { id: id_of(transaction), ..Self::default() }
    }

    /// Whether it is the metadata of `transaction`.
    pub(super) fn is_of(&self, transaction: &Transaction) -> bool {
        self.id == id_of(transaction)
    }

    /// Counts an event of `collection` and appends its block.
    pub(super) fn push_block(&mut self, collection: &str, out: &mut Vec<u8>) {
        self.events += 1;
        let order = match self.collections.get_mut(collection) {
            Some(count) => {
                *count += 1;
                *count
            }
            None => {
                self.collections.insert(collection.to_owned(), 1);
                1
            }
        };
        out.extend_from_slice(b"{\"id\":");
        write_json_string(&self.id, out);
        out.extend_from_slice(b",\"total_order\":");
        push_int(self.events, out);
        out.extend_from_slice(b",\"data_collection_order\":");
        push_int(order, out);
        out.push(b'}');
    }

    /// Appends the BEGIN line.
    pub(super) fn push_begin(&self, transaction: &Transaction, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"status\":\"BEGIN\",\"id\":");
        write_json_string(&self.id, out);
        out.extend_from_slice(b",\"event_count\":null,\"data_collections\":null,\"ts_ms\":");
        push_int(transaction.commit_time.div_euclid(1000), out);
        out.extend_from_slice(b"}\n");
    }

    /// Appends the END line.
    pub(super) fn push_end(&self, transaction: &Transaction, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"status\":\"END\",\"id\":");
        write_json_string(&self.id, out);
        out.extend_from_slice(b",\"event_count\":");
        push_int(self.events, out);
        out.extend_from_slice(b",\"data_collections\":[");
        for (index, (collection, count)) in self.collections.iter().enumerate() {
            out.extend_from_slice(if index == 0 { b"{" } else { b",{" });
            out.extend_from_slice(b"\"data_collection\":");
            write_json_string(collection, out);
            out.extend_from_slice(b",\"event_count\":");
            push_int(*count, out);
            out.push(b'}');
        }
        out.extend_from_slice(b"],\"ts_ms\":");
        push_int(transaction.commit_time.div_euclid(1000), out);
        out.extend_from_slice(b"}\n");
    }
}

/// The transaction's id as Debezium has it, the commit's LSN where the plugin tells no id.
fn id_of(transaction: &Transaction) -> String {
    transaction.xid.map_or_else(|| transaction.commit_lsn.as_u64().to_string(), |xid| xid.to_string())
}
