//! Which types Debezium knows.

use super::options::DebeziumValues;
use crate::types::column_type::Shape;
use crate::types::{ColumnType, Kind, oid};

/// Whether Debezium has a field for a column of this type; rows are without the columns of all others.
///
/// ```
/// use pg_cdc_core::ColumnType;
/// use pg_cdc_core::types::{json, oid};
///
/// let options = json::DebeziumValues::default();
/// assert!(json::is_mapped(&ColumnType::built_in(oid::POINT), &options));
/// assert!(!json::is_mapped(&ColumnType::built_in(oid::CIRCLE), &options));
/// assert!(json::is_mapped(&ColumnType::built_in(oid::CIRCLE), &options.with_include_unknown(true)));
/// ```
#[must_use]
pub fn is_mapped(type_: &ColumnType, options: &DebeziumValues) -> bool {
    if options.include_unknown { !is_never(type_) } else { is_known(type_) }
}

/// Whether it is an array that has no schema in Debezium, unknown types included or not.
pub(super) fn is_never(type_: &ColumnType) -> bool {
    matches!(
        type_.base().oid,
        oid::MONEY_ARRAY
            | oid::NAME_ARRAY
            | oid::INTERVAL_ARRAY
            | oid::BIT_ARRAY
            | oid::VARBIT_ARRAY
            | oid::XML_ARRAY
            | oid::POINT_ARRAY
            | oid::REFCURSOR_ARRAY
    )
}

/// Whether Debezium knows the type.
pub(super) fn is_known(type_: &ColumnType) -> bool {
    let base = type_.base();
    match base.kind() {
        Kind::Bool
        | Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Oid
        | Kind::Float4
        | Kind::Float8
        | Kind::Numeric
        | Kind::Money
        | Kind::Char
        | Kind::Bytea
        | Kind::Bits
        | Kind::Date
        | Kind::Time
        | Kind::TimeTz
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Interval
        | Kind::Uuid
        | Kind::Json
        | Kind::Jsonb
        | Kind::Xml
        | Kind::Point
        | Kind::Inet
        | Kind::MacAddr
        | Kind::MacAddr8
        | Kind::TsVector
        | Kind::Hstore
        | Kind::Ltree
        | Kind::Geometry
        | Kind::Geography
        | Kind::Vector
        | Kind::Halfvec
        | Kind::Sparsevec
        | Kind::Enum => true,
        Kind::Text => base.oid != oid::REFCURSOR,
        Kind::Range => matches!(
            base.oid,
            oid::INT4RANGE | oid::INT8RANGE | oid::NUMRANGE | oid::TSRANGE | oid::TSTZRANGE | oid::DATERANGE
        ),
        Kind::Array => !is_never(base) && base.element().is_some_and(is_known_element),
        // The types of the extension isn, of which Debezium knows one by its name.
        Kind::Other => base.name.rsplit('.').next() == Some("isbn"),
        _ => false,
    }
}

/// An element's domain is not seen through: its array is unknown.
pub(super) fn is_known_element(element: &ColumnType) -> bool {
    !matches!(element.shape(), Some(Shape::Domain { .. })) && is_known(element)
}
