//! `docs/types.md`: its table is made from the code; `PG_CDC_UPDATE_DOCS=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use pg_cdc_core::types::arrow::arrow_type;
use pg_cdc_core::types::json::{DebeziumValues, is_mapped, write_debezium, write_natural};
use pg_cdc_core::types::{Extension, Field, Shape, is_binary_known, oid, write_text};
use pg_cdc_core::{ColumnType, Datum};

/// A row: the type, its name in the table, a value's text, what its binary form is, the Rust types it can be had as.
struct Line {
    name: &'static str,
    type_: ColumnType,
    text: &'static str,
    binary: &'static str,
    rust: &'static str,
}

fn built_in(
    name: &'static str,
    of: u32,
    text: &'static str,
    binary: &'static str,
    rust: &'static str,
) -> Line {
    Line { name, type_: ColumnType::built_in(of), text, binary, rust }
}

fn extension(
    name: &'static str,
    of: Extension,
    text: &'static str,
    binary: &'static str,
    rust: &'static str,
) -> Line {
    Line { name, type_: ColumnType::with_shape(70_000, -1, name, Shape::Extension(of)), text, binary, rust }
}

#[rustfmt::skip]
fn lines() -> Vec<Line> {
    let mood = || ColumnType::with_shape(70_001, -1, "public.mood", Shape::Enum { labels: vec!["happy".into()] });
    let fields = vec![Field::new("a", ColumnType::built_in(oid::INT4)), Field::new("b", ColumnType::built_in(oid::TEXT))];
    let pair = ColumnType::with_shape(70_002, -1, "public.pair", Shape::Composite { fields });
    let year = ColumnType::with_shape(70_003, -1, "public.year", Shape::Domain { base: ColumnType::built_in(oid::INT4) });
    vec![
        built_in("bool", oid::BOOL, "t", "a byte", "`bool`"),
        built_in("int2", oid::INT2, "-7", "int16", "`i16`, `i32`, `i64`, …"),
        built_in("int4", oid::INT4, "-7", "int32", "`i32`, `i64`, …"),
        built_in("int8", oid::INT8, "9007199254740993", "int64", "`i64`, …"),
        built_in("oid", oid::OID, "4294967295", "uint32", "`u32`, `i64`"),
        built_in("float4", oid::FLOAT4, "0.1", "IEEE 754", "`f32`, `f64`"),
        built_in("float8", oid::FLOAT8, "NaN", "IEEE 754", "`f64`"),
        Line { name: "numeric(p,s)", type_: ColumnType::new(oid::NUMERIC, ((12 << 16) | 2) + 4, "numeric"), text: "1.50", binary: "digits of base 10000", rust: "`PgNumeric`, `rust_decimal::Decimal`, `BigDecimal`" },
        built_in("numeric", oid::NUMERIC, "1.50", "digits of base 10000", "as above"),
        built_in("money", oid::MONEY, "$12.34", "not mapped: depends on `lc_monetary`", "`PgMoney`"),
        built_in("text, varchar, char, name, citext", oid::TEXT, "a \"b\"", "the text", "`&str`, `String`"),
        built_in("\"char\"", oid::CHAR, "x", "a byte", "`String`"),
        built_in("bytea", oid::BYTEA, "\\x00ff", "the bytes", "`Vec<u8>`, `Cow<[u8]>`"),
        Line { name: "bit(n), varbit", type_: ColumnType::new(oid::BIT, 3, "bit"), text: "101", binary: "length, bits", rust: "`PgBits`" },
        built_in("date", oid::DATE, "2024-02-29", "days from 2000", "`PgDate`, `chrono::NaiveDate`, …"),
        built_in("time", oid::TIME, "12:34:56.7", "microseconds", "`PgTime`, …"),
        built_in("timetz", oid::TIMETZ, "12:34:56+05:30", "microseconds, seconds west", "`PgTimeTz`"),
        built_in("timestamp", oid::TIMESTAMP, "2024-02-29 12:00:00.5", "microseconds from 2000", "`PgTimestamp`, `chrono::NaiveDateTime`, …"),
        built_in("timestamptz", oid::TIMESTAMPTZ, "2024-02-29 12:00:00+00", "microseconds from 2000", "`PgTimestampTz`, `chrono::DateTime<Utc>`, `jiff::Timestamp`, …"),
        built_in("interval", oid::INTERVAL, "1 year -2 days +03:04:05", "microseconds, days, months", "`PgInterval`"),
        built_in("uuid", oid::UUID, "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "16 bytes", "`PgUuid`, `uuid::Uuid`"),
        built_in("json", oid::JSON, "{\"a\": 1.0}", "the text", "`&str`, `serde_json::Value`"),
        built_in("jsonb", oid::JSONB, "{\"a\": 1.0}", "version, the text", "`&str`, `serde_json::Value`"),
        built_in("jsonpath", oid::JSONPATH, "$.\"a\"", "version, the text", "`&str`"),
        built_in("xml", oid::XML, "<a/>", "the text", "`&str`"),
        built_in("point", oid::POINT, "(1.5,-2)", "float8s", "`PgPoint`, `geo_types::Point`"),
        built_in("line, lseg, box, path, polygon, circle", oid::BOX, "(1,1),(0,0)", "float8s", "`PgLine`, `PgLseg`, `PgBox`, `PgPath`, `PgPolygon`, `PgCircle`"),
        built_in("inet, cidr", oid::INET, "10.0.0.1/8", "family, bits, address", "`PgInet`, `IpAddr`, `cidr::IpInet`"),
        built_in("macaddr, macaddr8", oid::MACADDR, "08:00:2b:01:02:03", "the bytes", "`PgMacAddr`, `PgMacAddr8`"),
        built_in("tsvector", oid::TSVECTOR, "'a':1A 'b'", "lexemes with positions", "`PgTsVector`"),
        built_in("tsquery", oid::TSQUERY, "'a' & 'b'", "a tree, its root first", "`PgTsQuery`"),
        built_in("pg_lsn", oid::PG_LSN, "16/B374D848", "uint64", "`Lsn`"),
        built_in("xid, cid", oid::XID, "700", "uint32", "`u32`"),
        built_in("xid8", oid::XID8, "700", "uint64", "`u64`"),
        built_in("tid", oid::TID, "(0,1)", "uint32, uint16", "`PgTid`"),
        built_in("pg_snapshot, txid_snapshot", oid::PG_SNAPSHOT, "10:20:10,14", "count, uint64s", "`PgSnapshot`"),
        built_in("int2vector", oid::INT2VECTOR, "1 2", "an array", "`Vec<i16>`"),
        built_in("oidvector", oid::OIDVECTOR, "1 2", "an array", "`Vec<u32>`"),
        built_in("refcursor", oid::REFCURSOR, "c", "the text", "`&str`"),
        built_in("regclass and the other reg*", oid::REGCLASS, "pg_class", "not mapped: a bare OID", "`&str`"),
        built_in("T[]", oid::INT4_ARRAY, "{1,NULL}", "dimensions, elements", "`Vec<T>`, `Vec<Option<T>>`, `PgArray<T>`"),
        built_in("ranges", oid::INT4RANGE, "[1,5)", "flags, bounds", "`PgRange<T>`"),
        built_in("multiranges", oid::INT4MULTIRANGE, "{[1,5)}", "ranges", "`PgMultirange<T>`"),
        Line { name: "enums", type_: mood(), text: "happy", binary: "the label", rust: "`&str`, serde's unit variants" },
        Line { name: "composites", type_: pair, text: "(1,x)", binary: "fields with their types", rust: "`Value`, serde's structs" },
        Line { name: "domains", type_: year, text: "2024", binary: "the base's", rust: "the base's" },
        extension("hstore", Extension::Hstore, "\"a\"=>\"1\", \"b\"=>NULL", "pairs", "`PgHstore`, `HashMap<String, Option<String>>`"),
        extension("ltree, lquery, ltxtquery", Extension::Ltree, "Top.Science", "version, the text (13+)", "`&str`"),
        extension("geometry (PostGIS)", Extension::Geometry, "0101000000000000000000F83F00000000000000C0", "EWKB", "`PgGeometry`, `geo_types::Geometry`"),
        extension("geography (PostGIS)", Extension::Geography, "0101000020E6100000000000000000F83F00000000000000C0", "EWKB", "`PgGeometry`"),
        extension("vector (pgvector)", Extension::Vector, "[1,2.5]", "float4s", "`PgVector`, `Vec<f32>`"),
        extension("halfvec", Extension::Halfvec, "[1,2.5]", "float2s", "`PgHalfvec`"),
        extension("sparsevec", Extension::Sparsevec, "{1:1.5}/3", "indexes, float4s", "`PgSparsevec`"),
        Line { name: "any other", type_: ColumnType::new(70_009, -1, "public.other"), text: "its text", binary: "not mapped", rust: "`&str`" },
    ]
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|"))
}

/// What is said of the PostgreSQL types of parts is too long for a table.
fn without_metadata(arrow: &str) -> String {
    let mut parts = arrow.split(", metadata: {");
    let head = parts.next().unwrap_or_default().to_owned();
    parts.fold(head, |text, part| text + part.split_once('}').unwrap().1)
}

fn row(line: &Line) -> String {
    let Line { name, type_, text, binary, rust } = line;
    let datum = Datum::Text(text.as_bytes());
    let mut printed = Vec::new();
    write_text(type_, datum, &mut printed).unwrap();
    assert_eq!(printed, text.as_bytes(), "{name}: the example is PostgreSQL's own text");
    assert_eq!(is_binary_known(type_), !binary.starts_with("not mapped"), "{name}");
    let (mut natural, mut debezium) = (Vec::new(), Vec::new());
    write_natural(type_, datum, &mut natural).unwrap();
    let options = DebeziumValues::default();
    let debezium = if is_mapped(type_, &options) {
        write_debezium(type_, datum, &options, &mut debezium).unwrap();
        code(std::str::from_utf8(&debezium).unwrap())
    } else {
        "left out".to_owned()
    };
    format!(
        "| {name} | {} | {binary} | {rust} | {} | {debezium} | {} |\n",
        code(text),
        code(std::str::from_utf8(&natural).unwrap()),
        code(&without_metadata(&arrow_type(type_).to_string())),
    )
}

fn table() -> String {
    let mut table = String::from(
        "| PostgreSQL | text | binary | Rust | natural JSON | Debezium JSON | Arrow |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for line in lines() {
        write!(table, "{}", row(&line)).unwrap();
    }
    table
}

const BEGIN: &str = "<!-- the table: made by the test docs_table -->\n";
const END: &str = "<!-- the table ends -->";

#[test]
fn docs_table_is_what_the_code_does() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/types.md");
    let docs = std::fs::read_to_string(&path).unwrap();
    let (head, rest) = docs.split_once(BEGIN).unwrap();
    let (found, tail) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("PG_CDC_UPDATE_DOCS").is_some() {
        std::fs::write(&path, format!("{head}{BEGIN}{table}{END}{tail}")).unwrap();
        return;
    }
    assert_eq!(
        found, table,
        "docs/types.md is not what the code does: run this test with PG_CDC_UPDATE_DOCS=1"
    );
}
