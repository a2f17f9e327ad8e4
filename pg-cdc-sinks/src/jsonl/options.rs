//! What the lines look like.

use pg_cdc_core::SinkError;
use pg_cdc_core::types::json::DebeziumValues;

/// The shape of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Envelope {
    /// Debezium 3's change events: `before`, `after`, `source`, `op`, times.
    #[default]
    Debezium,
    /// pg-cdc's own flat form: `op`, `schema`, `table`, positions, `key`, `before`, `after`.
    Row,
}

/// How column values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Values {
    /// As PostgreSQL's own `row_to_json` gives them.
    #[default]
    Natural,
    /// As Debezium's PostgreSQL connector and Kafka Connect's JSON converter without schemas give them, by the handling
    /// modes of [`JsonLinesOptions::debezium`].
    ///
    /// A TOASTed value that the server did not send is a placeholder instead of a name in `unchanged`; columns of types
    /// that Debezium does not know are left out.
    Debezium,
}

/// What a [`JsonLines`](super::JsonLines) sink writes.
///
/// ```
/// use pg_cdc_sinks::jsonl::{Envelope, JsonLinesOptions};
///
/// let options = JsonLinesOptions::default().with_envelope(Envelope::Row);
/// assert!(options.validate().is_ok());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct JsonLinesOptions {
    /// The shape of a line.
    pub envelope: Envelope,
    /// How column values are written.
    pub values: Values,
    /// The handling modes of [`Values::Debezium`].
    pub debezium: DebeziumValues,
    /// BEGIN and END lines, and the `transaction` block of each change; for [`Envelope::Debezium`] only.
    pub transactions: bool,
    /// The pipeline's name: `source.name` of Debezium's envelope.
    pub name: String,
    /// The database's name: `source.db` of Debezium's envelope.
    pub database: String,
    /// The program's version: `source.version` of Debezium's envelope.
    pub version: String,
}

impl Default for JsonLinesOptions {
    fn default() -> Self {
        Self {
            envelope: Envelope::default(),
            values: Values::default(),
            debezium: DebeziumValues::default(),
            transactions: false,
            name: "pg_cdc".to_owned(),
            database: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}

impl JsonLinesOptions {
    /// Lines of this shape.
    #[must_use]
    pub fn with_envelope(mut self, envelope: Envelope) -> Self {
        self.envelope = envelope;
        self
    }

    /// Values written like this.
    #[must_use]
    pub fn with_values(mut self, values: Values) -> Self {
        self.values = values;
        self
    }

    /// Values as Debezium has them, by these handling modes.
    ///
    /// ```
    /// use pg_cdc_core::types::json::{DebeziumValues, DecimalHandling};
    /// use pg_cdc_sinks::jsonl::{JsonLinesOptions, Values};
    ///
    /// let values = DebeziumValues::default().with_decimal(DecimalHandling::String);
    /// let options = JsonLinesOptions::default().with_debezium(values);
    /// assert_eq!(options.values, Values::Debezium);
    /// ```
    #[must_use]
    pub fn with_debezium(mut self, values: DebeziumValues) -> Self {
        self.values = Values::Debezium;
        self.debezium = values;
        self
    }

    /// With or without transaction metadata.
    #[must_use]
    pub fn with_transactions(mut self, transactions: bool) -> Self {
        self.transactions = transactions;
        self
    }

    /// For the pipeline of this name.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// For changes of this database.
    #[must_use]
    pub fn with_database(mut self, database: impl Into<String>) -> Self {
        self.database = database.into();
        self
    }

    /// Written by this version of the program.
    #[must_use]
    pub fn with_version(mut self, version: impl Into<String>) -> Self {
        self.version = version.into();
        self
    }

    /// Whether the options go together; [`Sink::open`](pg_cdc_core::Sink::open) asks too.
    ///
    /// # Errors
    ///
    /// Transaction metadata with an envelope that has no place for it.
    pub fn validate(&self) -> Result<(), SinkError> {
        if self.transactions && self.envelope != Envelope::Debezium {
            return Err(SinkError::new("transactions: true needs envelope: debezium")
                .with_hint("envelope: row tells the transaction of every line by commit_lsn and xid"));
        }
        Ok(())
    }
}
