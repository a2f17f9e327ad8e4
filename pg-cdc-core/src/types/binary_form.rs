//! Which types can be had from their binary form.

use super::column_type::{ColumnType, Shape};
use super::kind::Kind;

/// Whether the type's binary form can be mapped: a column of any other type must be asked for as text.
///
/// Never true of `reg*` types, whose binary form is a bare OID from which the printed name can't be rebuilt, nor of
/// `money`, whose printed form depends on `lc_monetary`, nor of what holds one of these.
#[must_use]
pub fn is_binary_known(type_: &ColumnType) -> bool {
    match type_.kind() {
        Kind::Array | Kind::Range | Kind::Multirange | Kind::Composite => match type_.base().shape() {
            Some(Shape::Array { element, .. }) => is_binary_known(element),
            Some(Shape::Range { subtype } | Shape::Multirange { subtype }) => is_binary_known(subtype),
            Some(Shape::Composite { fields }) => fields.iter().all(|field| is_binary_known(&field.type_)),
            _ => false,
        },
        Kind::Bool
        | Kind::Int2
        | Kind::Int4
        | Kind::Int8
        | Kind::Oid
        | Kind::Float4
        | Kind::Float8
        | Kind::Numeric
        | Kind::Text
        | Kind::Char
        | Kind::Bytea
        | Kind::Bits
        | Kind::Date
        | Kind::Time
        | Kind::TimeTz
        | Kind::Timestamp
        | Kind::TimestampTz
        | Kind::Interval
        | Kind::Point
        | Kind::Line
        | Kind::Lseg
        | Kind::Box
        | Kind::Path
        | Kind::Polygon
        | Kind::Circle
        | Kind::Inet
        | Kind::MacAddr
        | Kind::MacAddr8
        | Kind::PgLsn
        | Kind::Xid
        | Kind::Xid8
        | Kind::Tid
        | Kind::Snapshot
        | Kind::Int2Vector
        | Kind::OidVector
        | Kind::Uuid
        | Kind::Json
        | Kind::Jsonb
        | Kind::JsonPath
        | Kind::Xml
        | Kind::TsVector
        | Kind::TsQuery
        | Kind::Hstore
        | Kind::Ltree
        | Kind::Lquery
        | Kind::Ltxtquery
        | Kind::Geometry
        | Kind::Geography
        | Kind::Vector
        | Kind::Halfvec
        | Kind::Sparsevec
        | Kind::Enum => true,
        _ => false,
    }
}
