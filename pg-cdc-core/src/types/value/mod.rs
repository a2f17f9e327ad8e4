//! A value of any type, for those who learn only at run time which one they have.

mod deserialize;
mod lazy;
mod read;
mod refusal;
mod serialize;
#[cfg(test)]
mod tests;
mod text;

use std::borrow::Cow;
use std::sync::Arc;

use super::{
    ColumnType, Kind, PgArray, PgBits, PgBox, PgCircle, PgDate, PgGeometry, PgHalfvec, PgHstore, PgInet,
    PgInterval, PgLine, PgLseg, PgMacAddr, PgMacAddr8, PgMoney, PgMultirange, PgNumeric, PgPath, PgPoint,
    PgPolygon, PgRange, PgSnapshot, PgSparsevec, PgTid, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz,
    PgTsQuery, PgTsVector, PgUuid, PgVector, TypeError,
};
use crate::{Datum, Lsn};

pub(crate) use lazy::Lazy;
pub(crate) use refusal::Refusal;

/// What the names begin with under which our own types ask a row for themselves.
pub(super) const OWN: &str = "$pg_cdc::";

/// The families whose values are one of our own types: everything that treats them alike is made of this one list.
macro_rules! values {
    ($($(#[$doc:meta])* $name:ident($type:ty) is $kind:path),* $(,)?) => {
        /// A value of any type, borrowed from its row where it can be, or owned.
        ///
        /// [`FromDatum`](super::FromDatum) reads one, the same from both encodings; `Display` and
        /// [`write_text`](Self::write_text) give PostgreSQL's text; [`into_owned`](Self::into_owned) lets go of the
        /// row. What an array, a composite or a range holds is always owned.
        ///
        /// Two are equal when they are of the same family and the same value: NaN is NaN, as PostgreSQL has it, and a
        /// numeric's trailing zeros count.
        ///
        /// ```
        /// use pg_cdc_core::types::{ColumnType, FromDatum, Value, oid};
        /// use pg_cdc_core::Datum;
        ///
        /// let type_ = ColumnType::built_in(oid::INT4_ARRAY);
        /// let value = Value::from_datum(&type_, Datum::Text(b"{1,NULL}"))?;
        /// let Value::Array { array, .. } = &value else { unreachable!() };
        /// assert_eq!(array.elements(), [Value::Int4(1), Value::Null]);
        /// assert_eq!(value.to_string(), "{1,NULL}");
        /// # Ok::<(), pg_cdc_core::types::TypeError>(())
        /// ```
        #[derive(Debug, Clone)]
        #[non_exhaustive]
        pub enum Value<'a> {
            /// SQL's NULL.
            Null,
            /// `bool`
            Bool(bool),
            /// `int2`
            Int2(i16),
            /// `int4`
            Int4(i32),
            /// `int8`
            Int8(i64),
            /// `oid`
            Oid(u32),
            /// `float4`
            Float4(f32),
            /// `float8`
            Float8(f64),
            /// `xid`, `cid`
            Xid(u32),
            /// `xid8`
            Xid8(u64),
            /// `pg_lsn`
            Lsn(Lsn),
            /// `money`, where its text is that of the locales C or en_US; [`Other`](Self::Other) elsewhere.
            Money(PgMoney),
            /// `int2vector`
            Int2Vector(Vec<i16>),
            /// `oidvector`
            OidVector(Vec<u32>),
            /// `geometry` of PostGIS
            Geometry(PgGeometry),
            /// `geography` of PostGIS
            Geography(PgGeometry),
            /// `text`, `varchar`, `bpchar`, `name`, `"char"`, citext.
            Text(Cow<'a, str>),
            /// `bytea`
            Bytes(Cow<'a, [u8]>),
            /// `json`, `jsonb`: their text.
            Json(Cow<'a, str>),
            /// An enum's label.
            Enum(Cow<'a, str>),
            /// An array.
            Array {
                /// Its elements in their dimensions.
                array: PgArray<Value<'a>>,
                /// What stands between elements in its text: a comma, but for boxes and some types of extensions.
                delimiter: char,
            },
            /// A range.
            Range(Box<PgRange<Value<'a>>>),
            /// A multirange.
            Multirange(PgMultirange<Value<'a>>),
            /// A composite: its fields in their order.
            Composite(Vec<(Arc<str>, Value<'a>)>),
            $($(#[$doc])* $name($type),)*
            /// Any other type: its text. A value of any type that is carried in base64
            /// ([`InvalidText`](crate::InvalidText)): that.
            Other(Cow<'a, str>),
        }

        impl PartialEq for Value<'_> {
            fn eq(&self, other: &Self) -> bool {
                match (self, other) {
                    (Self::Null, Self::Null) => true,
                    (Self::Bool(one), Self::Bool(other)) => one == other,
                    (Self::Int2(one), Self::Int2(other)) => one == other,
                    (Self::Int4(one), Self::Int4(other)) => one == other,
                    (Self::Int8(one), Self::Int8(other)) => one == other,
                    (Self::Oid(one), Self::Oid(other)) => one == other,
                    (Self::Float4(one), Self::Float4(other)) => one == other || one.is_nan() && other.is_nan(),
                    (Self::Float8(one), Self::Float8(other)) => one == other || one.is_nan() && other.is_nan(),
                    (Self::Xid(one), Self::Xid(other)) => one == other,
                    (Self::Xid8(one), Self::Xid8(other)) => one == other,
                    (Self::Lsn(one), Self::Lsn(other)) => one == other,
                    (Self::Money(one), Self::Money(other)) => one == other,
                    (Self::Geometry(one), Self::Geometry(other))
                    | (Self::Geography(one), Self::Geography(other)) => are_same(one, other),
                    (Self::Int2Vector(one), Self::Int2Vector(other)) => one == other,
                    (Self::OidVector(one), Self::OidVector(other)) => one == other,
                    (Self::Text(one), Self::Text(other))
                    | (Self::Json(one), Self::Json(other))
                    | (Self::Enum(one), Self::Enum(other))
                    | (Self::Other(one), Self::Other(other)) => one == other,
                    (Self::Bytes(one), Self::Bytes(other)) => one == other,
                    // The delimiter is the type's, not the value's.
                    (Self::Array { array: one, .. }, Self::Array { array: other, .. }) => one == other,
                    (Self::Range(one), Self::Range(other)) => one == other,
                    (Self::Multirange(one), Self::Multirange(other)) => one == other,
                    (Self::Composite(one), Self::Composite(other)) => one == other,
                    $((Self::$name(one), Self::$name(other)) => are_same(one, other),)*
                    _ => false,
                }
            }
        }

        impl Value<'_> {
            /// Whether it is NULL.
            #[must_use]
            pub const fn is_null(&self) -> bool {
                matches!(self, Self::Null)
            }

            /// The same value without anything borrowed.
            #[must_use]
            pub fn into_owned(self) -> Value<'static> {
                match self {
                    Self::Null => Value::Null,
                    Self::Bool(value) => Value::Bool(value),
                    Self::Int2(value) => Value::Int2(value),
                    Self::Int4(value) => Value::Int4(value),
                    Self::Int8(value) => Value::Int8(value),
                    Self::Oid(value) => Value::Oid(value),
                    Self::Float4(value) => Value::Float4(value),
                    Self::Float8(value) => Value::Float8(value),
                    Self::Xid(value) => Value::Xid(value),
                    Self::Xid8(value) => Value::Xid8(value),
                    Self::Lsn(value) => Value::Lsn(value),
                    Self::Money(value) => Value::Money(value),
                    Self::Geometry(value) => Value::Geometry(value),
                    Self::Geography(value) => Value::Geography(value),
                    Self::Int2Vector(values) => Value::Int2Vector(values),
                    Self::OidVector(values) => Value::OidVector(values),
                    Self::Text(text) => Value::Text(Cow::Owned(text.into_owned())),
                    Self::Bytes(bytes) => Value::Bytes(Cow::Owned(bytes.into_owned())),
                    Self::Json(text) => Value::Json(Cow::Owned(text.into_owned())),
                    Self::Enum(label) => Value::Enum(Cow::Owned(label.into_owned())),
                    Self::Array { array, delimiter } => {
                        Value::Array { array: array.map(Value::into_owned), delimiter }
                    }
                    Self::Range(range) => Value::Range(Box::new(range.map(Value::into_owned))),
                    Self::Multirange(ranges) => Value::Multirange(ranges.map(Value::into_owned)),
                    Self::Composite(fields) => Value::Composite(
                        fields.into_iter().map(|(name, value)| (name, value.into_owned())).collect(),
                    ),
                    $(Self::$name(value) => Value::$name(value),)*
                    Self::Other(text) => Value::Other(Cow::Owned(text.into_owned())),
                }
            }

            /// Appends the text of what is one of our own types; whether it is.
            fn write_own_text(&self, out: &mut Vec<u8>) -> bool {
                match self {
                    $(Self::$name(value) => value.write_text(out),)*
                    _ => return false,
                }
                true
            }
        }

        impl Value<'_> {
            /// The binary form of what is one of our own types, called `name`, which asks for itself.
            fn own_binary(&self, name: &str) -> Option<Vec<u8>> {
                let name = name.strip_prefix(OWN)?;
                let mut binary = Vec::new();
                match self {
                    $(Self::$name(value) if name == stringify!($type) => value.write_binary(&mut binary),)*
                    Self::Geometry(value) | Self::Geography(value) if name == "PgGeometry" => {
                        value.write_binary(&mut binary);
                    }
                    Self::Money(value) if name == "PgMoney" => value.write_binary(&mut binary),
                    _ => return None,
                }
                Some(binary)
            }
        }

        /// Reads what is one of our own types.
        fn read_own(type_: &ColumnType, datum: Datum<'_>) -> Option<Result<Value<'static>, TypeError>> {
            use super::FromDatum;

            Some(match type_.kind() {
                $($kind => <$type>::from_datum(type_, datum).map(Value::$name),)*
                _ => return None,
            })
        }

        $(
            impl From<$type> for Value<'_> {
                fn from(value: $type) -> Self {
                    Self::$name(value)
                }
            }
        )*
    };
}

values! {
    /// `numeric`
    Numeric(PgNumeric) is Kind::Numeric,
    /// `date`
    Date(PgDate) is Kind::Date,
    /// `time`
    Time(PgTime) is Kind::Time,
    /// `timestamp`
    Timestamp(PgTimestamp) is Kind::Timestamp,
    /// `timestamptz`
    TimestampTz(PgTimestampTz) is Kind::TimestampTz,
    /// `timetz`
    TimeTz(PgTimeTz) is Kind::TimeTz,
    /// `interval`
    Interval(PgInterval) is Kind::Interval,
    /// `uuid`
    Uuid(PgUuid) is Kind::Uuid,
    /// `bit`, `varbit`
    Bits(PgBits) is Kind::Bits,
    /// `point`
    Point(PgPoint) is Kind::Point,
    /// `line`
    Line(PgLine) is Kind::Line,
    /// `lseg`
    Lseg(PgLseg) is Kind::Lseg,
    /// `box`
    Box(PgBox) is Kind::Box,
    /// `path`
    Path(PgPath) is Kind::Path,
    /// `polygon`
    Polygon(PgPolygon) is Kind::Polygon,
    /// `circle`
    Circle(PgCircle) is Kind::Circle,
    /// `inet`, `cidr`
    Inet(PgInet) is Kind::Inet,
    /// `macaddr`
    MacAddr(PgMacAddr) is Kind::MacAddr,
    /// `macaddr8`
    MacAddr8(PgMacAddr8) is Kind::MacAddr8,
    /// `tid`
    Tid(PgTid) is Kind::Tid,
    /// `pg_snapshot`, `txid_snapshot`
    Snapshot(PgSnapshot) is Kind::Snapshot,
    /// `tsvector`
    TsVector(PgTsVector) is Kind::TsVector,
    /// `tsquery`
    TsQuery(PgTsQuery) is Kind::TsQuery,
    /// `hstore`
    Hstore(PgHstore) is Kind::Hstore,
    /// `vector` of pgvector
    Vector(PgVector) is Kind::Vector,
    /// `halfvec` of pgvector
    Halfvec(PgHalfvec) is Kind::Halfvec,
    /// `sparsevec` of pgvector
    Sparsevec(PgSparsevec) is Kind::Sparsevec,
}

/// Whether two are equal, NaN within them being NaN.
fn are_same<T: PartialEq + ToString>(one: &T, other: &T) -> bool {
    // What is not equal to itself holds a NaN.
    #[expect(clippy::eq_op)]
    let holds_nan = one != one;
    one == other || holds_nan && one.to_string() == other.to_string()
}
