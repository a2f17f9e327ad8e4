//! The form of column values, chosen once for all lines.

use pg_cdc_core::types::json::DebeziumValues;

use super::options::{Envelope, JsonLinesOptions, Values};

/// How a row's values are written.
pub(super) enum Form {
    Natural,
    Debezium {
        values: Box<DebeziumValues>,
        /// Whether columns that are not in the replica identity are there as nulls, as in Debezium's own envelope.
        whole: bool,
    },
}

impl Form {
    pub(super) fn new(options: &JsonLinesOptions) -> Self {
        match options.values {
            Values::Natural => Self::Natural,
            Values::Debezium => Self::Debezium {
                values: Box::new(options.debezium.clone()),
                whole: options.envelope == Envelope::Debezium,
            },
        }
    }
}
