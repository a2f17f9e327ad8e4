//! How values are written where Debezium leaves the choice.

use std::fmt;

/// The handling modes of Debezium's PostgreSQL connector, with its defaults.
///
/// ```
/// use pg_cdc_core::types::json::{DebeziumValues, DecimalHandling};
///
/// let options = DebeziumValues::default().with_decimal(DecimalHandling::String);
/// assert_eq!(options.money_fraction_digits, 2);
/// ```
#[derive(Clone, PartialEq, Eq)]
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
    /// `include.unknown.datatypes`: whether columns of types that Debezium does not know are there, as the bytes of
    /// their text.
    pub include_unknown: bool,
    pub(super) unavailable: String,
    /// The placeholder among UUIDs.
    pub(super) unavailable_uuid: String,
}

impl Default for DebeziumValues {
    fn default() -> Self {
        let unavailable = "__debezium_unavailable_value".to_owned();
        Self {
            decimal: DecimalHandling::default(),
            time: TimePrecision::default(),
            interval: IntervalHandling::default(),
            hstore: HstoreHandling::default(),
            binary: BinaryHandling::default(),
            money_fraction_digits: 2,
            unavailable_uuid: super::unavailable::uuid_of(&unavailable),
            unavailable,
            include_unknown: false,
        }
    }
}

impl fmt::Debug for DebeziumValues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DebeziumValues")
            .field("decimal", &self.decimal)
            .field("time", &self.time)
            .field("interval", &self.interval)
            .field("hstore", &self.hstore)
            .field("binary", &self.binary)
            .field("money_fraction_digits", &self.money_fraction_digits)
            .field("unavailable", &self.unavailable)
            .field("include_unknown", &self.include_unknown)
            .finish()
    }
}

impl DebeziumValues {
    /// The largest `money_fraction_digits`: more than any currency has, and what an `i128` surely holds.
    pub const MOST_MONEY_DIGITS: u8 = 18;

    /// `unavailable.value.placeholder`: what stands for a TOASTed value that the server did not send.
    #[must_use]
    pub fn unavailable(&self) -> &str {
        &self.unavailable
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
        self.unavailable = placeholder.into();
        self.unavailable_uuid = super::unavailable::uuid_of(&self.unavailable);
        self
    }

    /// With or without columns of types that Debezium does not know.
    #[must_use]
    pub fn with_include_unknown(mut self, include: bool) -> Self {
        self.include_unknown = include;
        self
    }
}

/// How numeric and money are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum DecimalHandling {
    /// The unscaled number's bytes in base64, with its scale beside it where the column has none of its own.
    #[default]
    Precise,
    /// The nearest float8.
    Double,
    /// The decimal digits.
    String,
}

/// How date, time and timestamp are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TimePrecision {
    /// Days; milliseconds for a column of up to three digits, else microseconds.
    #[default]
    Adaptive,
    /// As adaptive, but a time always in microseconds.
    AdaptiveTimeMicroseconds,
    /// Days and milliseconds.
    Connect,
    /// ISO 8601 strings in UTC.
    IsoString,
    /// Days and microseconds.
    Microseconds,
    /// Days and nanoseconds.
    Nanoseconds,
}

/// How intervals are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IntervalHandling {
    /// Microseconds, a month being 365.25 / 12 days.
    #[default]
    Numeric,
    /// `P1Y2M3DT4H5M6.78S`
    String,
}

/// How hstore is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum HstoreHandling {
    /// A string that holds a JSON object.
    #[default]
    Json,
    /// An object.
    Map,
}

/// How bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum BinaryHandling {
    /// Bytes, which JSON has in base64.
    #[default]
    Bytes,
    /// A string in base64.
    Base64,
    /// A string in the base64 of URLs, with padding.
    Base64UrlSafe,
    /// A string of hexadecimal digits.
    Hex,
}
