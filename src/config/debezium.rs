//! The key `sink.debezium`: how values are written where Debezium leaves the choice, by its own names.

use pg_cdc_core::types::json;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::switch;
use super::words::words;

/// The handling modes of Debezium's PostgreSQL connector, for `values: debezium`; the keys are Debezium's without
/// `.mode`, and have dots in them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[non_exhaustive]
pub struct DebeziumConfig {
    /// numeric and money.
    #[serde(rename = "decimal.handling")]
    pub decimal: DecimalHandling,
    /// date, time and timestamp.
    #[serde(rename = "time.precision")]
    pub time: TimePrecision,
    /// Intervals.
    #[serde(rename = "interval.handling")]
    pub interval: IntervalHandling,
    /// hstore.
    #[serde(rename = "hstore.handling")]
    pub hstore: HstoreHandling,
    /// bytea.
    #[serde(rename = "binary.handling")]
    pub binary: BinaryHandling,
    /// How many digits of money stand behind the point.
    #[serde(rename = "money.fraction.digits")]
    #[schemars(range(min = 0, max = 18))]
    pub money_fraction_digits: u8,
    /// What stands for a TOASTed value that the server did not send; `hex:` and the hexadecimal digits of a text, or the
    /// text itself.
    #[serde(rename = "unavailable.value.placeholder")]
    pub unavailable: String,
    /// Whether columns of types that Debezium does not know are there, as the bytes of their text.
    #[serde(rename = "include.unknown.datatypes")]
    #[schemars(schema_with = "switch")]
    pub include_unknown: bool,
}

impl Default for DebeziumConfig {
    fn default() -> Self {
        let values = json::DebeziumValues::default();
        Self {
            decimal: DecimalHandling::default(),
            time: TimePrecision::default(),
            interval: IntervalHandling::default(),
            hstore: HstoreHandling::default(),
            binary: BinaryHandling::default(),
            money_fraction_digits: values.money_fraction_digits,
            unavailable: values.unavailable().to_owned(),
            include_unknown: values.include_unknown,
        }
    }
}

impl DebeziumConfig {
    /// The placeholder itself; `None` where `hex:` is not followed by the digits of a UTF-8 text.
    #[must_use]
    pub fn placeholder(&self) -> Option<String> {
        let Some(hex) = self.unavailable.strip_prefix("hex:") else { return Some(self.unavailable.clone()) };
        let (pairs, []) = hex.as_bytes().as_chunks::<2>() else { return None };
        let digit = |byte: u8| char::from(byte).to_digit(16);
        let bytes: Option<Vec<u8>> =
            pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect();
        String::from_utf8(bytes?).ok()
    }

    /// The options of the types; `None` as for [`placeholder`](Self::placeholder).
    #[must_use]
    pub fn values(&self) -> Option<json::DebeziumValues> {
        let values = json::DebeziumValues::default()
            .with_decimal(match self.decimal {
                DecimalHandling::Precise => json::DecimalHandling::Precise,
                DecimalHandling::Double => json::DecimalHandling::Double,
                DecimalHandling::String => json::DecimalHandling::String,
            })
            .with_time(match self.time {
                TimePrecision::Adaptive => json::TimePrecision::Adaptive,
                TimePrecision::AdaptiveTimeMicroseconds => json::TimePrecision::AdaptiveTimeMicroseconds,
                TimePrecision::Connect => json::TimePrecision::Connect,
                TimePrecision::IsoString => json::TimePrecision::IsoString,
                TimePrecision::Microseconds => json::TimePrecision::Microseconds,
                TimePrecision::Nanoseconds => json::TimePrecision::Nanoseconds,
            })
            .with_interval(match self.interval {
                IntervalHandling::Numeric => json::IntervalHandling::Numeric,
                IntervalHandling::String => json::IntervalHandling::String,
            })
            .with_hstore(match self.hstore {
                HstoreHandling::Json => json::HstoreHandling::Json,
                HstoreHandling::Map => json::HstoreHandling::Map,
            })
            .with_binary(match self.binary {
                BinaryHandling::Bytes => json::BinaryHandling::Bytes,
                BinaryHandling::Base64 => json::BinaryHandling::Base64,
                BinaryHandling::Base64UrlSafe => json::BinaryHandling::Base64UrlSafe,
                BinaryHandling::Hex => json::BinaryHandling::Hex,
            });
        Some(
            values
                .with_money_fraction_digits(self.money_fraction_digits)
                .with_unavailable(self.placeholder()?)
                .with_include_unknown(self.include_unknown),
        )
    }
}

words! {
    /// How numeric and money are written.
    DecimalHandling {
        /// The unscaled number's bytes in base64.
        #[default]
        Precise = "precise",
        /// The nearest float8.
        Double = "double",
        /// The decimal digits.
        String = "string",
    }
}

words! {
    /// How date, time and timestamp are written.
    TimePrecision {
        /// Days; milliseconds up to three digits of a second, else microseconds.
        #[default]
        Adaptive = "adaptive",
        /// As adaptive, a time always in microseconds.
        AdaptiveTimeMicroseconds = "adaptive_time_microseconds",
        /// Days and milliseconds.
        Connect = "connect",
        /// ISO 8601 in UTC.
        IsoString = "isostring",
        /// Days and microseconds.
        Microseconds = "microseconds",
        /// Days and nanoseconds.
        Nanoseconds = "nanoseconds",
    }
}

words! {
    /// How intervals are written.
    IntervalHandling {
        /// Microseconds.
        #[default]
        Numeric = "numeric",
        /// ISO 8601.
        String = "string",
    }
}

words! {
    /// How hstore is written.
    HstoreHandling {
        /// A string that holds an object.
        #[default]
        Json = "json",
        /// An object.
        Map = "map",
    }
}

words! {
    /// How bytes are written.
    BinaryHandling {
        /// Bytes, which JSON has in base64.
        #[default]
        Bytes = "bytes",
        /// Base64.
        Base64 = "base64",
        /// Base64 for URLs.
        Base64UrlSafe = "base64-url-safe",
        /// Hexadecimal digits.
        Hex = "hex",
    }
}
