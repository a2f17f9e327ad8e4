//! OIDs and names of PostgreSQL's built-in types (`src/include/catalog/pg_type.dat`).

macro_rules! built_in {
    ($($constant:ident = $oid:literal $name:literal),* $(,)?) => {
        $(#[doc = concat!("`", $name, "`")] pub const $constant: u32 = $oid;)*

        /// The name (`pg_type.typname`) of a built-in type; an array's is its element's after an underscore.
        ///
        /// Pseudo-types and the row types of the system catalogs are not listed.
        ///
        /// ```
        /// use pg_cdc_core::types::oid;
        /// assert_eq!(oid::name_of(oid::INT4), Some("int4"));
        /// assert_eq!(oid::name_of(oid::INT4_ARRAY), Some("_int4"));
        /// assert_eq!(oid::name_of(70_000), None);
        /// ```
        #[must_use]
        pub const fn name_of(oid: u32) -> Option<&'static str> {
            match oid {
                $($oid => Some($name),)*
                _ => None,
            }
        }

        /// The OID of the built-in type `name` (`pg_type.typname`).
        ///
        /// ```
        /// use pg_cdc_core::types::oid;
        /// assert_eq!(oid::of_name("int4"), Some(oid::INT4));
        /// assert_eq!(oid::of_name("mood"), None);
        /// ```
        #[must_use]
        pub fn of_name(name: &str) -> Option<u32> {
            match name {
                $($name => Some($oid),)*
                _ => None,
            }
        }
    };
}

built_in! {
    BOOL = 16 "bool",
    BYTEA = 17 "bytea",
    CHAR = 18 "char",
    NAME = 19 "name",
    INT8 = 20 "int8",
    INT2 = 21 "int2",
    INT2VECTOR = 22 "int2vector",
    INT4 = 23 "int4",
    REGPROC = 24 "regproc",
    TEXT = 25 "text",
    OID = 26 "oid",
    TID = 27 "tid",
    XID = 28 "xid",
    CID = 29 "cid",
    OIDVECTOR = 30 "oidvector",
    JSON = 114 "json",
    XML = 142 "xml",
    XML_ARRAY = 143 "_xml",
    PG_NODE_TREE = 194 "pg_node_tree",
    JSON_ARRAY = 199 "_json",
    XID8_ARRAY = 271 "_xid8",
    POINT = 600 "point",
    LSEG = 601 "lseg",
    PATH = 602 "path",
    BOX = 603 "box",
    POLYGON = 604 "polygon",
    LINE = 628 "line",
    LINE_ARRAY = 629 "_line",
    CIDR = 650 "cidr",
    CIDR_ARRAY = 651 "_cidr",
    FLOAT4 = 700 "float4",
    FLOAT8 = 701 "float8",
    CIRCLE = 718 "circle",
    CIRCLE_ARRAY = 719 "_circle",
    MACADDR8 = 774 "macaddr8",
    MACADDR8_ARRAY = 775 "_macaddr8",
    MONEY = 790 "money",
    MONEY_ARRAY = 791 "_money",
    MACADDR = 829 "macaddr",
    INET = 869 "inet",
    BOOL_ARRAY = 1000 "_bool",
    BYTEA_ARRAY = 1001 "_bytea",
    CHAR_ARRAY = 1002 "_char",
    NAME_ARRAY = 1003 "_name",
    INT2_ARRAY = 1005 "_int2",
    INT2VECTOR_ARRAY = 1006 "_int2vector",
    INT4_ARRAY = 1007 "_int4",
    REGPROC_ARRAY = 1008 "_regproc",
    TEXT_ARRAY = 1009 "_text",
    TID_ARRAY = 1010 "_tid",
    XID_ARRAY = 1011 "_xid",
    CID_ARRAY = 1012 "_cid",
    OIDVECTOR_ARRAY = 1013 "_oidvector",
    BPCHAR_ARRAY = 1014 "_bpchar",
    VARCHAR_ARRAY = 1015 "_varchar",
    INT8_ARRAY = 1016 "_int8",
    POINT_ARRAY = 1017 "_point",
    LSEG_ARRAY = 1018 "_lseg",
    PATH_ARRAY = 1019 "_path",
    BOX_ARRAY = 1020 "_box",
    FLOAT4_ARRAY = 1021 "_float4",
    FLOAT8_ARRAY = 1022 "_float8",
    POLYGON_ARRAY = 1027 "_polygon",
    OID_ARRAY = 1028 "_oid",
    ACLITEM = 1033 "aclitem",
    ACLITEM_ARRAY = 1034 "_aclitem",
    MACADDR_ARRAY = 1040 "_macaddr",
    INET_ARRAY = 1041 "_inet",
    BPCHAR = 1042 "bpchar",
    VARCHAR = 1043 "varchar",
    DATE = 1082 "date",
    TIME = 1083 "time",
    TIMESTAMP = 1114 "timestamp",
    TIMESTAMP_ARRAY = 1115 "_timestamp",
    DATE_ARRAY = 1182 "_date",
    TIME_ARRAY = 1183 "_time",
    TIMESTAMPTZ = 1184 "timestamptz",
    TIMESTAMPTZ_ARRAY = 1185 "_timestamptz",
    INTERVAL = 1186 "interval",
    INTERVAL_ARRAY = 1187 "_interval",
    NUMERIC_ARRAY = 1231 "_numeric",
    CSTRING_ARRAY = 1263 "_cstring",
    TIMETZ = 1266 "timetz",
    TIMETZ_ARRAY = 1270 "_timetz",
    BIT = 1560 "bit",
    BIT_ARRAY = 1561 "_bit",
    VARBIT = 1562 "varbit",
    VARBIT_ARRAY = 1563 "_varbit",
    NUMERIC = 1700 "numeric",
    REFCURSOR = 1790 "refcursor",
    REFCURSOR_ARRAY = 2201 "_refcursor",
    REGPROCEDURE = 2202 "regprocedure",
    REGOPER = 2203 "regoper",
    REGOPERATOR = 2204 "regoperator",
    REGCLASS = 2205 "regclass",
    REGTYPE = 2206 "regtype",
    REGPROCEDURE_ARRAY = 2207 "_regprocedure",
    REGOPER_ARRAY = 2208 "_regoper",
    REGOPERATOR_ARRAY = 2209 "_regoperator",
    REGCLASS_ARRAY = 2210 "_regclass",
    REGTYPE_ARRAY = 2211 "_regtype",
    TXID_SNAPSHOT_ARRAY = 2949 "_txid_snapshot",
    UUID = 2950 "uuid",
    UUID_ARRAY = 2951 "_uuid",
    TXID_SNAPSHOT = 2970 "txid_snapshot",
    PG_LSN = 3220 "pg_lsn",
    PG_LSN_ARRAY = 3221 "_pg_lsn",
    PG_NDISTINCT = 3361 "pg_ndistinct",
    PG_DEPENDENCIES = 3402 "pg_dependencies",
    TSVECTOR = 3614 "tsvector",
    TSQUERY = 3615 "tsquery",
    GTSVECTOR = 3642 "gtsvector",
    TSVECTOR_ARRAY = 3643 "_tsvector",
    GTSVECTOR_ARRAY = 3644 "_gtsvector",
    TSQUERY_ARRAY = 3645 "_tsquery",
    REGCONFIG = 3734 "regconfig",
    REGCONFIG_ARRAY = 3735 "_regconfig",
    REGDICTIONARY = 3769 "regdictionary",
    REGDICTIONARY_ARRAY = 3770 "_regdictionary",
    JSONB = 3802 "jsonb",
    JSONB_ARRAY = 3807 "_jsonb",
    INT4RANGE = 3904 "int4range",
    INT4RANGE_ARRAY = 3905 "_int4range",
    NUMRANGE = 3906 "numrange",
    NUMRANGE_ARRAY = 3907 "_numrange",
    TSRANGE = 3908 "tsrange",
    TSRANGE_ARRAY = 3909 "_tsrange",
    TSTZRANGE = 3910 "tstzrange",
    TSTZRANGE_ARRAY = 3911 "_tstzrange",
    DATERANGE = 3912 "daterange",
    DATERANGE_ARRAY = 3913 "_daterange",
    INT8RANGE = 3926 "int8range",
    INT8RANGE_ARRAY = 3927 "_int8range",
    JSONPATH = 4072 "jsonpath",
    JSONPATH_ARRAY = 4073 "_jsonpath",
    REGNAMESPACE = 4089 "regnamespace",
    REGNAMESPACE_ARRAY = 4090 "_regnamespace",
    REGROLE = 4096 "regrole",
    REGROLE_ARRAY = 4097 "_regrole",
    REGCOLLATION = 4191 "regcollation",
    REGCOLLATION_ARRAY = 4192 "_regcollation",
    INT4MULTIRANGE = 4451 "int4multirange",
    NUMMULTIRANGE = 4532 "nummultirange",
    TSMULTIRANGE = 4533 "tsmultirange",
    TSTZMULTIRANGE = 4534 "tstzmultirange",
    DATEMULTIRANGE = 4535 "datemultirange",
    INT8MULTIRANGE = 4536 "int8multirange",
    PG_BRIN_BLOOM_SUMMARY = 4600 "pg_brin_bloom_summary",
    PG_BRIN_MINMAX_MULTI_SUMMARY = 4601 "pg_brin_minmax_multi_summary",
    PG_MCV_LIST = 5017 "pg_mcv_list",
    PG_SNAPSHOT = 5038 "pg_snapshot",
    PG_SNAPSHOT_ARRAY = 5039 "_pg_snapshot",
    XID8 = 5069 "xid8",
    INT4MULTIRANGE_ARRAY = 6150 "_int4multirange",
    NUMMULTIRANGE_ARRAY = 6151 "_nummultirange",
    TSMULTIRANGE_ARRAY = 6152 "_tsmultirange",
    TSTZMULTIRANGE_ARRAY = 6153 "_tstzmultirange",
    DATEMULTIRANGE_ARRAY = 6155 "_datemultirange",
    INT8MULTIRANGE_ARRAY = 6157 "_int8multirange",
}
