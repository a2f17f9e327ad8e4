//! The switch between families of types.

use super::oid;

/// PostgreSQL's two encodings of a value, by the code that the protocol gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// The output of `typoutput` (code 0).
    Text,
    /// The output of `typsend` (code 1).
    Binary,
}

/// Which family's code reads and writes a type: small and `Copy`, so that a hot loop matches on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// `bool`
    Bool,
    /// `int2`
    Int2,
    /// `int4`
    Int4,
    /// `int8`
    Int8,
    /// `oid`
    Oid,
    /// `float4`
    Float4,
    /// `float8`
    Float8,
    /// `numeric`
    Numeric,
    /// `money`
    Money,
    /// `text`, `varchar`, `bpchar`, `name`, `refcursor`, citext: the same bytes in both encodings.
    Text,
    /// `"char"`: one byte.
    Char,
    /// `bytea`
    Bytea,
    /// `bit`, `varbit`
    Bits,
    /// `date`
    Date,
    /// `time`
    Time,
    /// `timetz`
    TimeTz,
    /// `timestamp`
    Timestamp,
    /// `timestamptz`
    TimestampTz,
    /// `interval`
    Interval,
    /// `uuid`
    Uuid,
    /// `json`
    Json,
    /// `jsonb`
    Jsonb,
    /// `jsonpath`
    JsonPath,
    /// `xml`
    Xml,
    /// `point`
    Point,
    /// `line`
    Line,
    /// `lseg`
    Lseg,
    /// `box`
    Box,
    /// `path`
    Path,
    /// `polygon`
    Polygon,
    /// `circle`
    Circle,
    /// `inet`, `cidr`
    Inet,
    /// `macaddr`
    MacAddr,
    /// `macaddr8`
    MacAddr8,
    /// `tsvector`
    TsVector,
    /// `tsquery`
    TsQuery,
    /// `pg_lsn`
    PgLsn,
    /// `xid`, `cid`
    Xid,
    /// `xid8`
    Xid8,
    /// `tid`
    Tid,
    /// `pg_snapshot`, `txid_snapshot`
    Snapshot,
    /// `int2vector`
    Int2Vector,
    /// `oidvector`
    OidVector,
    /// `regproc`, `regclass` and the other aliases of OIDs: text is a name, binary a bare OID from which it can't be rebuilt.
    Reg,
    /// `hstore`
    Hstore,
    /// `ltree`
    Ltree,
    /// `lquery`
    Lquery,
    /// `ltxtquery`
    Ltxtquery,
    /// `geometry` of PostGIS
    Geometry,
    /// `geography` of PostGIS
    Geography,
    /// `vector` of pgvector
    Vector,
    /// `halfvec` of pgvector
    Halfvec,
    /// `sparsevec` of pgvector
    Sparsevec,
    /// An array.
    Array,
    /// A range.
    Range,
    /// A multirange.
    Multirange,
    /// An enum: its label, in both encodings.
    Enum,
    /// A composite.
    Composite,
    /// Any other type: its text is carried as it is, its binary form is not known.
    Other,
}

impl Kind {
    /// The kind of the plain built-in type `oid`; [`ColumnType::kind`](super::ColumnType::kind) knows the others too.
    #[must_use]
    pub(super) const fn of(oid: u32) -> Self {
        match oid {
            oid::BOOL => Self::Bool,
            oid::INT2 => Self::Int2,
            oid::INT4 => Self::Int4,
            oid::INT8 => Self::Int8,
            oid::OID => Self::Oid,
            oid::FLOAT4 => Self::Float4,
            oid::FLOAT8 => Self::Float8,
            oid::NUMERIC => Self::Numeric,
            oid::MONEY => Self::Money,
            oid::NAME | oid::TEXT | oid::BPCHAR | oid::VARCHAR | oid::REFCURSOR => Self::Text,
            oid::CHAR => Self::Char,
            oid::BYTEA => Self::Bytea,
            oid::BIT | oid::VARBIT => Self::Bits,
            oid::DATE => Self::Date,
            oid::TIME => Self::Time,
            oid::TIMETZ => Self::TimeTz,
            oid::TIMESTAMP => Self::Timestamp,
            oid::TIMESTAMPTZ => Self::TimestampTz,
            oid::INTERVAL => Self::Interval,
            oid::UUID => Self::Uuid,
            oid::JSON => Self::Json,
            oid::JSONB => Self::Jsonb,
            oid::JSONPATH => Self::JsonPath,
            oid::XML => Self::Xml,
            oid::POINT => Self::Point,
            oid::LINE => Self::Line,
            oid::LSEG => Self::Lseg,
            oid::BOX => Self::Box,
            oid::PATH => Self::Path,
            oid::POLYGON => Self::Polygon,
            oid::CIRCLE => Self::Circle,
            oid::INET | oid::CIDR => Self::Inet,
            oid::MACADDR => Self::MacAddr,
            oid::MACADDR8 => Self::MacAddr8,
            oid::TSVECTOR => Self::TsVector,
            oid::TSQUERY => Self::TsQuery,
            oid::PG_LSN => Self::PgLsn,
            oid::XID | oid::CID => Self::Xid,
            oid::XID8 => Self::Xid8,
            oid::TID => Self::Tid,
            oid::PG_SNAPSHOT | oid::TXID_SNAPSHOT => Self::Snapshot,
            oid::INT2VECTOR => Self::Int2Vector,
            oid::OIDVECTOR => Self::OidVector,
            oid::REGPROC
            | oid::REGPROCEDURE
            | oid::REGOPER
            | oid::REGOPERATOR
            | oid::REGCLASS
            | oid::REGTYPE
            | oid::REGNAMESPACE
            | oid::REGROLE
            | oid::REGCOLLATION
            | oid::REGCONFIG
            | oid::REGDICTIONARY => Self::Reg,
            _ => Self::Other,
        }
    }
}
