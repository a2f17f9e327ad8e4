//! How values are written where Debezium leaves the choice.

use super::handling::{BinaryHandling, DecimalHandling, HstoreHandling, IntervalHandling, TimePrecision};
use super::placeholder::Placeholder;

/// The handling modes of Debezium's PostgreSQL connector, with its defaults.
///
/// ```
/// use pg_cdc_core::types::json::{DebeziumValues, DecimalHandling};
///
/// let options = DebeziumValues::default().with_decimal(DecimalHandling::String);
/// assert_eq!(options.money_fraction_digits, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DebeziumValues {
    /// `decimal.handling.mode`: numeric and money.
    pub decimal: DecimalHandling,
    /// `time.precision.mode`: date, time and timestamp.
    pub time: TimePrecision,
    /// `interval.handling.mode`
    pub interval: IntervalHandling,
    /// `hstore.handling.mode`
    pub hstore: HstoreHandling,
    /// `binary.handling.mode`: bytea, and the types of `include_unknown`.
    pub binary: BinaryHandling,
    /// `money.fraction.digits`: how many digits of money stand behind the point, up to
    /// [`MOST_MONEY_DIGITS`](Self::MOST_MONEY_DIGITS).
    pub money_fraction_digits: u8,
    pub(super) unavailable: Placeholder,
    /// `include.unknown.datatypes`: whether columns of types that Debezium does not know are there, as the bytes of
    /// their text.
    pub include_unknown: bool,
}

impl Default for DebeziumValues {
    fn default() -> Self {
        Self {
            decimal: DecimalHandling::default(),
            time: TimePrecision::default(),
            interval: IntervalHandling::default(),
            hstore: HstoreHandling::default(),
            binary: BinaryHandling::default(),
            money_fraction_digits: 2,
            unavailable: Placeholder::new("__debezium_unavailable_value".to_owned()),
            include_unknown: false,
        }
    }
}

impl DebeziumValues {
    /// The largest `money_fraction_digits`: more than any currency has, and what an `i128` surely holds.
    pub const MOST_MONEY_DIGITS: u8 = 18;

    /// `unavailable.value.placeholder`: what stands for a TOASTed value that the server did not send.
    #[must_use]
    pub fn unavailable(&self) -> &str {
        self.unavailable.text()
    }

    /// Numeric and money like this.
    #[must_use]
    pub fn with_decimal(mut self, decimal: DecimalHandling) -> Self {
        self.decimal = decimal;
        self
    }

    /// Dates, times and timestamps like this.
    #[must_use]
    pub fn with_time(mut self, time: TimePrecision) -> Self {
        self.time = time;
        self
    }

    /// Intervals like this.
    #[must_use]
    pub fn with_interval(mut self, interval: IntervalHandling) -> Self {
        self.interval = interval;
        self
    }

    /// hstore like this.
    #[must_use]
    pub fn with_hstore(mut self, hstore: HstoreHandling) -> Self {
        self.hstore = hstore;
        self
    }

    /// Bytes like this.
    #[must_use]
    pub fn with_binary(mut self, binary: BinaryHandling) -> Self {
        self.binary = binary;
        self
    }

    /// Money with so many digits behind the point; more than [`MOST_MONEY_DIGITS`](Self::MOST_MONEY_DIGITS) are those.
    #[must_use]
    pub fn with_money_fraction_digits(mut self, digits: u8) -> Self {
        self.money_fraction_digits = digits.min(Self::MOST_MONEY_DIGITS);
        self
    }

    /// This for a TOASTed value that the server did not send.
    #[must_use]
    pub fn with_unavailable(mut self, placeholder: impl Into<String>) -> Self {
        self.unavailable = Placeholder::new(placeholder.into());
        self
    }

    /// With or without columns of types that Debezium does not know.
    #[must_use]
    pub fn with_include_unknown(mut self, include: bool) -> Self {
        self.include_unknown = include;
        self
    }
}
