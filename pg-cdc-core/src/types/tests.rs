//! The types against what a real server gave: `testdata/FAMILY.tsv`, which `testdata/FAMILY.sql` makes.
//!
//! `PG_CDC_TYPES_CASES` names a further file of the same form.

use std::borrow::Cow;
use std::fmt::Debug;

use proptest::prelude::*;

use super::json::write_natural;
use super::*;
use crate::{Datum, Lsn};

/// What a real server gave, a family of types a file.
const FAMILIES: [&str; 9] = [
    include_str!("testdata/scalars.tsv"),
    include_str!("testdata/time.tsv"),
    include_str!("testdata/geometric.tsv"),
    include_str!("testdata/network.tsv"),
    include_str!("testdata/system.tsv"),
    include_str!("testdata/containers.tsv"),
    include_str!("testdata/text_search.tsv"),
    include_str!("testdata/extensions.tsv"),
    include_str!("testdata/pgvector.tsv"),
];

/// The types that there are cases of.
pub(super) fn types() -> Vec<ColumnType> {
    let mut names: Vec<_> = FAMILIES.iter().flat_map(|family| family.lines()).filter_map(name_of).collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(type_named).collect()
}

/// The type's name in a line.
fn name_of(line: &str) -> Option<&str> {
    line.split('\t').next()
}

/// A built-in type, or one of an extension, which has another OID in each database.
fn type_named(name: &str) -> ColumnType {
    let of = |extension| Extension::of(extension, name);
    let extensions = ["citext", "hstore", "ltree", "postgis", "vector"];
    if let Some(extension) = extensions.into_iter().find_map(of) {
        return ColumnType::with_shape(70_000, -1, name, Shape::Extension(extension));
    }
    ColumnType::built_in(oid::of_name(name).unwrap())
}

pub(super) struct Case {
    pub(super) type_: ColumnType,
    pub(super) text: String,
    pub(super) binary: Vec<u8>,
    pub(super) json: String,
}

/// Undoes COPY's escapes.
fn unescape(field: &str) -> String {
    let mut text = String::new();
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        text.push(match character {
            '\\' => match characters.next().unwrap() {
                'b' => '\u{8}',
                'f' => '\u{c}',
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                'v' => '\u{b}',
                other => other,
            },
            other => other,
        });
    }
    text
}

fn parse(line: &str) -> Case {
    let [name, text, binary, json] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
    let hex = binary.as_bytes().as_chunks::<2>().0.iter();
    Case {
        type_: type_named(name),
        text: unescape(text),
        binary: hex.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect(),
        json: unescape(json),
    }
}

pub(super) fn each_case(check: impl Fn(&Case)) {
    let further = std::env::var_os("PG_CDC_TYPES_CASES").map(|path| std::fs::read_to_string(path).unwrap());
    let families = FAMILIES.into_iter().chain(further.as_deref());
    for line in families.flat_map(str::lines) {
        check(&parse(line));
    }
}

fn written(
    write: impl Fn(&ColumnType, Datum<'_>, &mut Vec<u8>) -> Result<(), TypeError>,
    type_: &ColumnType,
    datum: Datum<'_>,
) -> Result<String, TypeError> {
    let mut out = b"before".to_vec();
    let result = write(type_, datum, &mut out);
    let text = String::from_utf8(out.split_off(6)).unwrap();
    assert_eq!(out, b"before");
    assert!(result.is_ok() || text.is_empty());
    result.map(|()| text)
}

#[test]
fn every_built_in_type_whose_binary_form_is_known_has_cases() {
    let known: Vec<u32> = types().iter().map(|type_| type_.oid).collect();
    for oid in (0..10_000).filter(|&oid| oid::name_of(oid).is_some()) {
        let type_ = ColumnType::built_in(oid);
        // Arrays are all alike.
        if is_binary_known(&type_) && type_.kind() != Kind::Array {
            assert!(known.contains(&oid), "{}", type_.name);
        }
    }
}

#[test]
fn natural_json_is_row_to_json_s_from_both_encodings() {
    each_case(|case| {
        let expected = case.json.replace(['\n', '\r'], " ");
        for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
            assert_eq!(
                written(write_natural, &case.type_, datum).as_ref(),
                Ok(&expected),
                "{:?}",
                case.type_
            );
        }
    });
}

#[test]
fn text_is_the_server_s_from_both_encodings() {
    each_case(|case| {
        for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
            assert_eq!(written(write_text, &case.type_, datum).as_ref(), Ok(&case.text), "{:?}", case.type_);
            assert_eq!(String::from_datum(&case.type_, datum).as_ref(), Ok(&case.text), "{:?}", case.type_);
        }
    });
}

/// The value as `T`, if both encodings give the same.
pub(super) fn same<'a, T: FromDatum<'a> + PartialEq + Debug>(case: &'a Case) -> T {
    let from_text = T::from_datum(&case.type_, Datum::Text(case.text.as_bytes())).unwrap();
    let from_binary = T::from_datum(&case.type_, Datum::Binary(&case.binary)).unwrap();
    assert_eq!(from_text, from_binary, "{:?} {}", case.type_, case.text);
    from_binary
}

#[test]
fn values_are_the_same_from_both_encodings_and_give_both_back() {
    macro_rules! there_and_back {
        ($type:ty, $case:expr) => {{
            let value: $type = same($case);
            assert_eq!(value.to_string(), $case.text);
            let mut binary = Vec::new();
            value.write_binary(&mut binary);
            assert_eq!(binary, $case.binary, "{}", $case.text);
        }};
    }
    each_case(|case| match case.type_.kind() {
        Kind::Bool => assert_eq!(same::<bool>(case), case.text == "t"),
        Kind::Int2 => {
            assert_eq!(f32::from(same::<i16>(case)), same::<f32>(case));
            assert_eq!(same::<i64>(case).to_string(), case.text);
        }
        Kind::Int4 => {
            assert_eq!(f64::from(same::<i32>(case)), same::<f64>(case));
            assert_eq!(same::<PgNumeric>(case).to_string(), case.text);
        }
        Kind::Int8 => {
            assert_eq!(same::<i64>(case).to_string(), case.text);
            assert_eq!(same::<PgNumeric>(case).to_i128(), Some(same::<i64>(case).into()));
        }
        Kind::Oid => assert_eq!(i64::from(same::<u32>(case)), same::<i64>(case)),
        Kind::Float4 if case.text != "NaN" => {
            assert_eq!(same::<f32>(case).to_be_bytes(), *case.binary);
            assert_eq!(f64::from(same::<f32>(case)), same::<f64>(case));
        }
        Kind::Float8 if case.text != "NaN" => assert_eq!(same::<f64>(case).to_be_bytes(), *case.binary),
        Kind::Float4 | Kind::Float8 => {
            assert!(f64::from_datum(&case.type_, Datum::Text(b"NaN")).unwrap().is_nan());
            assert!(f64::from_datum(&case.type_, Datum::Binary(&case.binary)).unwrap().is_nan());
        }
        Kind::Numeric => there_and_back!(PgNumeric, case),
        Kind::Date => there_and_back!(PgDate, case),
        Kind::Time => there_and_back!(PgTime, case),
        Kind::Timestamp => there_and_back!(PgTimestamp, case),
        Kind::TimestampTz => there_and_back!(PgTimestampTz, case),
        Kind::Uuid => there_and_back!(PgUuid, case),
        Kind::TsVector => there_and_back!(PgTsVector, case),
        // Text does not tell how a chain of one operator is nested.
        Kind::TsQuery if is_nested_to_the_right(&case.binary) => {
            assert_eq!(same::<PgTsQuery>(case).to_string(), case.text);
        }
        Kind::TsQuery => there_and_back!(PgTsQuery, case),
        Kind::Hstore => there_and_back!(PgHstore, case),
        Kind::Geometry | Kind::Geography => there_and_back!(PgGeometry, case),
        Kind::Bytea => assert_eq!(same::<Vec<u8>>(case), case.binary),
        Kind::Text => {
            assert_eq!(same::<&[u8]>(case), case.text.as_bytes());
            assert!(matches!(same::<Cow<'_, str>>(case), Cow::Borrowed(_)));
            assert_eq!(same::<&str>(case), case.text);
        }
        Kind::Json | Kind::Jsonb => assert_eq!(same::<&str>(case), case.text),
        Kind::Char => assert_eq!(same::<String>(case), case.text),
        Kind::TimeTz => there_and_back!(PgTimeTz, case),
        Kind::Interval => there_and_back!(PgInterval, case),
        Kind::Bits => there_and_back!(PgBits, case),
        // NaN is the same as nothing.
        Kind::Point | Kind::Line | Kind::Lseg | Kind::Box | Kind::Path | Kind::Polygon | Kind::Circle
            if case.text.contains("NaN") =>
        {
            geometric(case);
        }
        Kind::Point => there_and_back!(PgPoint, case),
        Kind::Line => there_and_back!(PgLine, case),
        Kind::Lseg => there_and_back!(PgLseg, case),
        Kind::Box => there_and_back!(PgBox, case),
        Kind::Path => there_and_back!(PgPath, case),
        Kind::Polygon => there_and_back!(PgPolygon, case),
        Kind::Circle => there_and_back!(PgCircle, case),
        Kind::Inet => {
            there_and_back!(PgInet, case);
            assert_eq!(same::<PgInet>(case).is_cidr(), case.type_.oid == oid::CIDR);
        }
        Kind::MacAddr => there_and_back!(PgMacAddr, case),
        Kind::MacAddr8 => there_and_back!(PgMacAddr8, case),
        Kind::PgLsn => assert_eq!(same::<Lsn>(case).as_u64().to_be_bytes(), *case.binary),
        Kind::Xid => assert_eq!(u64::from(same::<u32>(case)), same::<u64>(case)),
        Kind::Xid8 => assert_eq!(same::<u64>(case).to_be_bytes(), *case.binary),
        Kind::Tid => there_and_back!(PgTid, case),
        Kind::Snapshot => there_and_back!(PgSnapshot, case),
        Kind::Int2Vector | Kind::OidVector => vectors(case),
        Kind::Xml | Kind::JsonPath | Kind::Ltree | Kind::Lquery | Kind::Ltxtquery => {
            assert_eq!(same::<&str>(case), case.text)
        }
        Kind::Vector => there_and_back!(PgVector, case),
        Kind::Halfvec => there_and_back!(PgHalfvec, case),
        Kind::Sparsevec => there_and_back!(PgSparsevec, case),
        Kind::Array => arrays(case),
        Kind::Range => ranges(case),
        Kind::Multirange => multiranges(case),
        other => unreachable!("{other:?}"),
    });
}

/// Both encodings of a value that may hold NaN give both back.
fn geometric(case: &Case) {
    macro_rules! there_and_back {
        ($type:ty) => {
            for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
                let value = <$type>::from_datum(&case.type_, datum).unwrap();
                assert_eq!(value.to_string(), case.text);
                let mut binary = Vec::new();
                value.write_binary(&mut binary);
                assert_eq!(binary, case.binary, "{}", case.text);
            }
        };
    }
    match case.type_.kind() {
        Kind::Point => there_and_back!(PgPoint),
        Kind::Line => there_and_back!(PgLine),
        Kind::Lseg => there_and_back!(PgLseg),
        Kind::Box => there_and_back!(PgBox),
        Kind::Path => there_and_back!(PgPath),
        Kind::Polygon => there_and_back!(PgPolygon),
        Kind::Circle => there_and_back!(PgCircle),
        other => unreachable!("{other:?}"),
    }
}

fn vectors(case: &Case) {
    let numbers = same::<Vec<i64>>(case);
    let text: Vec<_> = numbers.iter().map(ToString::to_string).collect();
    assert_eq!(text.join(" "), case.text);
    let array = same::<PgArray<i64>>(case);
    assert_eq!(array.elements(), numbers);
    assert!(array.dimensions().iter().all(|dimension| dimension.lower == 0));
    match case.type_.kind() {
        Kind::Int2Vector => assert_eq!(same::<Vec<i16>>(case).len(), numbers.len()),
        _ => assert_eq!(same::<Vec<u32>>(case).len(), numbers.len()),
    }
}

/// Whether the right operand of an `&` or `|` in a binary tsquery is one too.
fn is_nested_to_the_right(binary: &[u8]) -> bool {
    [2, 3].into_iter().any(|operator| binary.windows(4).any(|items| items == [2, operator, 2, operator]))
}

fn arrays(case: &Case) {
    let elements = same::<PgArray<Option<String>>>(case);
    let dimensions = elements.dimensions();
    if dimensions.iter().all(|dimension| dimension.lower == 1) && dimensions.len() < 2 {
        assert_eq!(same::<Vec<Option<String>>>(case), elements.elements());
    }
    if case.type_.oid == oid::INT4_ARRAY {
        same::<PgArray<Option<i64>>>(case);
    }
    if case.type_.oid == oid::INTERVAL_ARRAY {
        same::<PgArray<Option<PgInterval>>>(case);
    }
}

fn ranges(case: &Case) {
    assert_eq!(same::<PgRange<String>>(case).to_string(), case.text);
    match case.type_.oid {
        oid::INT4RANGE => assert_eq!(same::<PgRange<i32>>(case).to_string(), case.text),
        oid::TSTZRANGE => assert_eq!(same::<PgRange<PgTimestampTz>>(case).to_string(), case.text),
        oid::NUMRANGE => assert_eq!(same::<PgRange<PgNumeric>>(case).to_string(), case.text),
        _ => {}
    }
}

fn multiranges(case: &Case) {
    assert_eq!(same::<PgMultirange<String>>(case).to_string(), case.text);
    if case.type_.oid == oid::INT4MULTIRANGE {
        assert_eq!(same::<PgMultirange<i32>>(case).to_string(), case.text);
    }
}

#[test]
fn nothing_but_null_is_null() {
    let type_ = ColumnType::built_in(oid::INT4);
    assert_eq!(written(write_natural, &type_, Datum::Null).as_deref(), Ok("null"));
    assert_eq!(Option::<i32>::from_datum(&type_, Datum::Null), Ok(None));
    assert!(i32::from_datum(&type_, Datum::Null).is_err());
    for (datum, says) in [
        (Datum::Unchanged, "unchanged TOAST"),
        (Datum::NotInIdentity, "replica identity"),
        (Datum::Absent, "not published"),
    ] {
        for error in [
            written(write_natural, &type_, datum).unwrap_err(),
            written(write_text, &type_, datum).unwrap_err(),
            Option::<i32>::from_datum(&type_, datum).map(|_| ()).unwrap_err(),
        ] {
            assert!(error.to_string().contains(says), "{error}");
        }
    }
}

#[test]
fn types_without_a_kind_are_their_text_and_never_their_binary() {
    for type_ in [
        ColumnType::built_in(oid::ACLITEM),
        ColumnType::built_in(oid::REGCLASS),
        ColumnType::new(70_000, -1, "public.mood"),
    ] {
        assert!(!is_binary_known(&type_));
        assert_eq!(written(write_natural, &type_, Datum::Text(b"a\"b")).as_deref(), Ok(r#""a\"b""#));
        assert_eq!(String::from_datum(&type_, Datum::Text(b"a b")).as_deref(), Ok("a b"));
        assert!(written(write_natural, &type_, Datum::Binary(&[0; 4])).is_err());
        assert!(String::from_datum(&type_, Datum::Binary(&[0; 4])).is_err());
    }
}

/// A value of a type of pgvector in both encodings; what pgvector prints is told in its own module.
#[test]
fn vectors_are_their_text() {
    fn check<T: for<'a> FromDatum<'a> + PartialEq + Debug>(name: &str, text: &str, binary: &[u8]) {
        let type_ = type_named(name);
        assert!(is_binary_known(&type_));
        let (text_datum, binary_datum) = (Datum::Text(text.as_bytes()), Datum::Binary(binary));
        for datum in [text_datum, binary_datum] {
            assert_eq!(written(write_text, &type_, datum).as_deref(), Ok(text));
            assert_eq!(written(write_natural, &type_, datum), Ok(format!("\"{text}\"")));
        }
        assert_eq!(T::from_datum(&type_, text_datum), T::from_datum(&type_, binary_datum));
        assert!(T::from_datum(&type_, binary_datum).is_ok());
        assert!(T::from_datum(&ColumnType::built_in(oid::TEXT), text_datum).is_err());
    }
    check::<PgVector>("vector", "[1,-2.5]", &[0, 2, 0, 0, 0x3f, 0x80, 0, 0, 0xc0, 0x20, 0, 0]);
    check::<PgHalfvec>("halfvec", "[1,0.099975586]", &[0, 2, 0, 0, 0x3c, 0, 0x2e, 0x66]);
    let sparse = [0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0x3f, 0xc0, 0, 0];
    check::<PgSparsevec>("sparsevec", "{3:1.5}/5", &sparse);
}

/// As row_to_json gives it: the casts to json count within arrays, composites and domains too.
#[test]
fn an_hstore_or_geometry_within_another_value_is_an_object_too() {
    let hstore = type_named("hstore");
    let array =
        |element, delimiter| ColumnType::with_shape(70_001, -1, "array", Shape::Array { element, delimiter });
    let domain = ColumnType::with_shape(70_002, -1, "domain", Shape::Domain { base: hstore.clone() });
    let fields = vec![Field::new("h", domain), Field::new("g", type_named("geometry"))];
    let composite = ColumnType::with_shape(70_003, -1, "composite", Shape::Composite { fields });
    for (type_, text, json) in [
        (
            array(hstore, ','),
            r#"{"\"a\"=>\"1\", \"b\"=>NULL",NULL,""}"#,
            r#"[{"a": "1", "b": null},null,{}]"#,
        ),
        (
            array(type_named("geometry"), ':'),
            "{0101000000000000000000F03F0000000000000040:NULL}",
            r#"[{"type":"Point","coordinates":[1,2]},null]"#,
        ),
        (
            composite,
            r#"("""a""=>""1""",0101000000000000000000F03F0000000000000040)"#,
            r#"{"h":{"a": "1"},"g":{"type":"Point","coordinates":[1,2]}}"#,
        ),
    ] {
        assert_eq!(written(write_natural, &type_, Datum::Text(text.as_bytes())).as_deref(), Ok(json));
    }
}

#[test]
fn what_is_not_utf8_is_an_error_that_names_the_place() {
    let table = crate::TableName::new("public", "orders");
    for datum in [Datum::Text(b"caf\xe9"), Datum::Binary(b"caf\xe9")] {
        let error = written(write_natural, &ColumnType::built_in(oid::TEXT), datum)
            .unwrap_err()
            .in_column(&table, "note");
        let says = "table public.orders, column note: a value of type text is not valid UTF-8, at byte 3";
        assert_eq!(error.to_string(), says);
        assert_eq!((error.offset(), error.column()), (Some(3), Some("note")));
    }
}

#[test]
fn a_value_that_is_carried_in_base64_is_a_string_whatever_its_type() {
    let hstore = ColumnType::with_shape(70_002, -1, "public.hstore", Shape::Extension(Extension::Hstore));
    for (type_, text) in [
        (ColumnType::built_in(oid::TEXT_ARRAY), &b"{a,\xff}"[..]),
        (ColumnType::built_in(oid::JSONB), b"{\"a\": \"\xff\"}"),
        (ColumnType::built_in(oid::TSVECTOR), b"'\xff'"),
        (hstore, b"\"\xff\"=>NULL"),
    ] {
        let mut base64 = Vec::new();
        assert!(crate::InvalidText::Base64.append(text, &mut base64));
        let datum = Datum::Text(&base64);
        let expected = format!("\"{}\"", String::from_utf8_lossy(&base64));
        let mut json = Vec::new();
        json::write_natural(&type_, datum, &mut json).unwrap();
        assert_eq!(String::from_utf8_lossy(&json), expected, "{type_:?}");
        json.clear();
        json::write_debezium(&type_, datum, &json::DebeziumValues::default(), &mut json).unwrap();
        assert_eq!(String::from_utf8_lossy(&json), expected, "{type_:?}");
        let value = Value::from_datum(&type_, datum).unwrap();
        assert!(matches!(&value, Value::Other(text) if text.as_bytes() == base64), "{value:?}");
        assert_eq!(serde_json::to_string(&value).unwrap(), expected);
        // What is no base64 of such a value is an error as ever, where the text is looked into.
        let refused = json::write_natural(&type_, Datum::Text(b"abc"), &mut json).is_err();
        assert_eq!(refused, type_.kind() != Kind::TsVector);
    }
    assert!(
        Vec::<String>::from_datum(&ColumnType::built_in(oid::TEXT_ARRAY), Datum::Text(b"e2H/fQ==")).is_err()
    );
}

#[test]
fn other_spellings_of_a_session_or_a_plugin_come_to_the_same() {
    for (oid, text, expected, json) in [
        (oid::BOOL, "true", "t", "true"),
        (oid::BOOL, "false", "f", "false"),
        (
            oid::TIMESTAMPTZ,
            "2024-02-29 17:30:00+05:30",
            "2024-02-29 12:00:00+00",
            "\"2024-02-29T12:00:00+00:00\"",
        ),
        (oid::TIMESTAMPTZ, "infinity", "infinity", "\"infinity\""),
    ] {
        let datum = Datum::Text(text.as_bytes());
        assert_eq!(written(write_text, &ColumnType::built_in(oid), datum).as_deref(), Ok(expected));
        assert_eq!(written(write_natural, &ColumnType::built_in(oid), datum).as_deref(), Ok(json));
    }
    // A high byte of "char": bare before PostgreSQL 16, octal from then on.
    for datum in [Datum::Text(b"\xe9"), Datum::Text(b"\\351"), Datum::Binary(b"\xe9")] {
        assert_eq!(written(write_text, &ColumnType::built_in(oid::CHAR), datum).as_deref(), Ok("\\351"));
        assert_eq!(
            written(write_natural, &ColumnType::built_in(oid::CHAR), datum).as_deref(),
            Ok(r#""\\351""#)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn random_bytes_of_any_type_are_a_value_or_an_error_and_never_break_the_line(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..40),
            "[0-9 :.+-]{0,30}|[-0-9.eE]{0,20}|[\\[\\]{}\",: a1\n]{0,20}".prop_map(String::into_bytes),
        ],
    ) {
        for type_ in types().into_iter().chain(["vector", "halfvec", "sparsevec"].map(type_named)) {
            for datum in [Datum::Text(&bytes), Datum::Binary(&bytes)] {
                if let Ok(json) = written(write_natural, &type_, datum) {
                    prop_assert!(!json.contains(['\n', '\r']));
                    prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{} {}", type_.name, json);
                    prop_assert!(json.len() <= 160_000);
                }
                let _ = (bool::from_datum(&type_, datum), i64::from_datum(&type_, datum));
                let _ = (f64::from_datum(&type_, datum), String::from_datum(&type_, datum));
                let _ = (PgNumeric::from_datum(&type_, datum), PgDate::from_datum(&type_, datum));
                let _ = (PgTime::from_datum(&type_, datum), PgTimestamp::from_datum(&type_, datum));
                let _ = (PgTimestampTz::from_datum(&type_, datum), PgUuid::from_datum(&type_, datum));
                let _ = (Vec::<u8>::from_datum(&type_, datum), <&str>::from_datum(&type_, datum));
                let _ = (PgArray::<String>::from_datum(&type_, datum), PgRange::<String>::from_datum(&type_, datum));
                let _ = (PgTsVector::from_datum(&type_, datum), PgTsQuery::from_datum(&type_, datum));
                let _ = (PgHstore::from_datum(&type_, datum), PgGeometry::from_datum(&type_, datum));
                let _ = PgMultirange::<i64>::from_datum(&type_, datum);
                let _ = (PgTimeTz::from_datum(&type_, datum), PgInterval::from_datum(&type_, datum));
                let _ = (PgBits::from_datum(&type_, datum), PgMoney::from_datum(&type_, datum));
                let _ = (PgPoint::from_datum(&type_, datum), PgLine::from_datum(&type_, datum));
                let _ = (PgLseg::from_datum(&type_, datum), PgBox::from_datum(&type_, datum));
                let _ = (PgPath::from_datum(&type_, datum), PgPolygon::from_datum(&type_, datum));
                let _ = (PgCircle::from_datum(&type_, datum), PgInet::from_datum(&type_, datum));
                let _ = (PgMacAddr::from_datum(&type_, datum), PgMacAddr8::from_datum(&type_, datum));
                let _ = (PgTid::from_datum(&type_, datum), PgSnapshot::from_datum(&type_, datum));
                let _ = (Lsn::from_datum(&type_, datum), u64::from_datum(&type_, datum));
                let _ = (Vec::<i16>::from_datum(&type_, datum), Vec::<u32>::from_datum(&type_, datum));
            }
        }
    }
}
