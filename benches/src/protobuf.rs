//! The plugin's schema as `prost` generates it, written out so that no `protoc` is needed.

use prost::{Message, Oneof};

/// `RowMessage`
#[derive(Clone, PartialEq, Message)]
pub struct RowMessage {
    /// The transaction's id.
    #[prost(uint32, optional, tag = "1")]
    pub transaction_id: Option<u32>,
    /// When it committed.
    #[prost(uint64, optional, tag = "2")]
    pub commit_time: Option<u64>,
    /// The table.
    #[prost(string, optional, tag = "3")]
    pub table: Option<String>,
    /// `Op`
    #[prost(int32, optional, tag = "4")]
    pub op: Option<i32>,
    /// The new row.
    #[prost(message, repeated, tag = "5")]
    pub new_tuple: Vec<DatumMessage>,
    /// The old row.
    #[prost(message, repeated, tag = "6")]
    pub old_tuple: Vec<DatumMessage>,
    /// The types of the new row's columns.
    #[prost(message, repeated, tag = "7")]
    pub new_typeinfo: Vec<TypeInfo>,
}

/// `DatumMessage`
#[derive(Clone, PartialEq, Message)]
pub struct DatumMessage {
    /// The column.
    #[prost(string, optional, tag = "1")]
    pub column_name: Option<String>,
    /// OID of its type.
    #[prost(int64, optional, tag = "2")]
    pub column_type: Option<i64>,
    /// Its value.
    #[prost(oneof = "Datum", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11")]
    pub datum: Option<Datum>,
}

/// `datum`
#[derive(Clone, PartialEq, Oneof)]
pub enum Datum {
    /// `datum_int32`
    #[prost(int32, tag = "3")]
    Int32(i32),
    /// `datum_int64`
    #[prost(int64, tag = "4")]
    Int64(i64),
    /// `datum_float`
    #[prost(float, tag = "5")]
    Float(f32),
    /// `datum_double`
    #[prost(double, tag = "6")]
    Double(f64),
    /// `datum_bool`
    #[prost(bool, tag = "7")]
    Bool(bool),
    /// `datum_string`
    #[prost(string, tag = "8")]
    String(String),
    /// `datum_bytes`
    #[prost(bytes, tag = "9")]
    Bytes(Vec<u8>),
    /// `datum_point`
    #[prost(message, tag = "10")]
    Point(Point),
    /// `datum_missing`
    #[prost(bool, tag = "11")]
    Missing(bool),
}

/// `Point`
#[derive(Clone, Copy, PartialEq, Message)]
pub struct Point {
    /// Its `x`.
    #[prost(double, required, tag = "1")]
    pub x: f64,
    /// Its `y`.
    #[prost(double, required, tag = "2")]
    pub y: f64,
}

/// `TypeInfo`
#[derive(Clone, PartialEq, Message)]
pub struct TypeInfo {
    /// As `format_type` prints it.
    #[prost(string, required, tag = "1")]
    pub modifier: String,
    /// Whether NULL is allowed.
    #[prost(bool, required, tag = "2")]
    pub value_optional: bool,
}
