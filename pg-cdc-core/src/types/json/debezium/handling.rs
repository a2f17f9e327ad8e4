//! The ways in which Debezium writes values: one choice for each of its handling modes.

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
