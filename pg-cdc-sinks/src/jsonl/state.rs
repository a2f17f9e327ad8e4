//! What the sink keeps beside the position.

use pg_cdc_core::{SinkError, SinkState};
use serde::{Deserialize, Serialize};

use super::Lines;
use super::debezium::DebeziumMemory;

/// The state of a flush.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Saved {
    /// The file's length in bytes; `None` where lines go to something that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) length: Option<u64>,
    #[serde(flatten)]
    pub(super) debezium: DebeziumMemory,
}

impl Saved {
    pub(super) fn of(length: Option<u64>, lines: &Lines) -> Self {
        let debezium = match lines {
            Lines::Row(_) => DebeziumMemory::default(),
            Lines::Debezium(lines) => lines.memory().clone(),
        };
        Self { length, debezium }
    }

    pub(super) fn read(state: &SinkState) -> Result<Self, SinkError> {
        Self::deserialize(state).map_err(|error| {
            SinkError::new("the saved state is not one of a JSON Lines sink")
                .with_cause(error)
                .with_hint("a pipeline whose sink was changed starts over (pg-cdc cleanup)")
        })
    }

    pub(super) fn write(&self) -> Result<Option<SinkState>, SinkError> {
        if *self == Self::default() {
            return Ok(None);
        }
        serde_json::to_value(self)
            .map(Some)
            .map_err(|error| SinkError::new("the JSON Lines sink's state can't be kept").with_cause(error))
    }
}
