//! Whole values, by type: those of Debezium's documentation and of its own tests (`AbstractRecordsProducerTest`).

use proptest::prelude::*;

use super::*;
use crate::types::tests::{each_case, types};
use crate::types::{Extension, Field, Shape, TypeError, oid};

fn debezium(type_: &ColumnType, datum: Datum<'_>, options: &DebeziumValues) -> Result<String, TypeError> {
    let mut out = b"before".to_vec();
    let result = write_debezium(type_, datum, options, &mut out);
    let text = String::from_utf8(out.split_off(6)).unwrap();
    assert_eq!(out, b"before");
    assert!(result.is_ok() || text.is_empty());
    result.map(|()| text)
}

fn from_text(type_: &ColumnType, text: &str) -> String {
    debezium(type_, Datum::Text(text.as_bytes()), &DebeziumValues::default()).unwrap()
}

fn built_in(name: &str) -> ColumnType {
    ColumnType::built_in(oid::of_name(name).unwrap())
}

fn shaped(name: &str, shape: Shape) -> ColumnType {
    ColumnType::with_shape(70_000, -1, name, shape)
}

fn mood() -> ColumnType {
    shaped("public.mood", Shape::Enum { labels: vec!["sad".into(), "ok".into()] })
}

fn domain_over(base: ColumnType) -> ColumnType {
    shaped("public.domain", Shape::Domain { base })
}

fn array_of(element: ColumnType) -> ColumnType {
    shaped("public._array", Shape::Array { element, delimiter: ',' })
}

fn extension(extension: Extension) -> ColumnType {
    shaped("public.extension", Shape::Extension(extension))
}

fn composite() -> ColumnType {
    shaped("public.pair", Shape::Composite { fields: vec![Field::new("a", built_in("int4"))] })
}

/// Every combination that matters, none of them twice.
fn all_options() -> Vec<DebeziumValues> {
    let options = DebeziumValues::default;
    vec![
        options(),
        options()
            .with_decimal(DecimalHandling::Double)
            .with_time(TimePrecision::IsoString)
            .with_interval(IntervalHandling::String)
            .with_hstore(HstoreHandling::Map)
            .with_binary(BinaryHandling::Hex)
            .with_include_unknown(true),
        options()
            .with_decimal(DecimalHandling::String)
            .with_time(TimePrecision::Connect)
            .with_binary(BinaryHandling::Base64UrlSafe),
        options().with_time(TimePrecision::Nanoseconds).with_binary(BinaryHandling::Base64),
        options().with_time(TimePrecision::Microseconds),
        options().with_time(TimePrecision::AdaptiveTimeMicroseconds),
    ]
}

#[test]
fn plain_values() {
    for (name, text, expected) in [
        ("bool", "t", "true"),
        ("int2", "1", "1"),
        ("int4", "-123456", "-123456"),
        ("int8", "1234567890123", "1234567890123"),
        ("oid", "4000000000", "4000000000"),
        ("float4", "3.3", "3.3"),
        ("float4", "3", "3.0"),
        ("float8", "4.44", "4.44"),
        ("float8", "1e+20", "1.0E20"),
        ("float8", "NaN", "\"NaN\""),
        ("float4", "-Infinity", "\"-Infinity\""),
        ("varchar", "\u{17d}\u{17d}", "\"\u{17d}\u{17d}\""),
        ("bpchar", "cccc", "\"cccc\""),
        ("text", "a\"\n", r#""a\"\n""#),
        ("char", "c", "\"c\""),
        ("name", "n", "\"n\""),
        ("json", "{\"bar\": \"baz\"}", r#""{\"bar\": \"baz\"}""#),
        ("jsonb", "{\"bar\": \"baz\"}", r#""{\"bar\": \"baz\"}""#),
        ("xml", "<foo>bar</foo>", "\"<foo>bar</foo>\""),
        ("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "\"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\""),
        ("inet", "192.168.2.0/12", "\"192.168.2.0/12\""),
        ("cidr", "192.168.100.128/25", "\"192.168.100.128/25\""),
        ("macaddr", "08:00:2b:01:02:03", "\"08:00:2b:01:02:03\""),
        ("macaddr8", "08:00:2b:01:02:03:04:05", "\"08:00:2b:01:02:03:04:05\""),
        ("tsvector", "'direct':6 'test':4", "\"'direct':6 'test':4\""),
        ("int4range", "[1000,6000)", "\"[1000,6000)\""),
        ("tstzrange", "[\"2017-06-05 11:29:12.549426+00\",)", r#""[\"2017-06-05 11:29:12.549426+00\",)""#),
        ("bytea", "\\x010203", "\"AQID\""),
        ("bytea", "\\x", "\"\""),
        ("bytea", "\\001a", "\"AWE=\""),
        ("point", "(1,-2.5)", r#"{"x":1.0,"y":-2.5,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAATA","srid":null}"#),
        ("money", "$1,234.11", "\"AeIT\""),
        ("timetz", "13:51:30.123789+02", "\"11:51:30.123789Z\""),
        ("interval", "1 year 2 mons 3 days 04:05:06.78", "37091106780000"),
    ] {
        assert_eq!(from_text(&built_in(name), text), expected, "{name}");
    }
    assert_eq!(from_text(&mood(), "sad"), "\"sad\"");
    assert_eq!(from_text(&extension(Extension::Citext), "Hello"), "\"Hello\"");
    assert_eq!(from_text(&extension(Extension::Ltree), "Top.Collections"), "\"Top.Collections\"");
    assert_eq!(from_text(&ColumnType::new(70_000, -1, "public.isbn"), "0-393-04002-X"), "\"0-393-04002-X\"");
}

#[test]
fn bits() {
    for (name, modifier, text, expected) in [
        ("bit", 1, "0", "false"),
        ("bit", 1, "1", "true"),
        ("varbit", 1, "1", "true"),
        ("varbit", 1, "", "null"),
        ("bit", 2, "11", "\"Aw==\""),
        ("bit", 7, "1000000", "\"QA==\""),
        ("bit", 2, "00", "\"\""),
        ("bit", 24, "000000110000001000000001", "\"AQID\""),
        ("bit", 64, "1000000000000000000000000000000000000000000000000000000000000000", "\"AAAAAAAAAIA=\""),
        ("varbit", -1, "101", "\"BQ==\""),
        ("varbit", 33, "111011010001000110000001000000001", "\"AQIj2gE=\""),
    ] {
        let type_ = ColumnType::new(oid::of_name(name).unwrap(), modifier, name);
        assert_eq!(from_text(&type_, text), expected, "{name}({modifier}) {text}");
    }
}

#[test]
fn bytes_by_their_handling() {
    let bytea = built_in("bytea");
    for (handling, expected) in [
        (BinaryHandling::Bytes, "\"+/8A\""),
        (BinaryHandling::Base64, "\"+/8A\""),
        (BinaryHandling::Base64UrlSafe, "\"-_8A\""),
        (BinaryHandling::Hex, "\"fbff00\""),
    ] {
        let options = DebeziumValues::default().with_binary(handling);
        let written = |datum| debezium(&bytea, datum, &options).unwrap();
        assert_eq!(written(Datum::Text(b"\\xfbff00")), expected);
        assert_eq!(written(Datum::Text(b"\\xFBff00")), expected);
        assert_eq!(written(Datum::Binary(&[0xfb, 0xff, 0])), expected);
        let long = format!("\\x{}", "00ff17".repeat(1_001));
        let bytes = [0, 0xff, 0x17].repeat(1_001);
        assert_eq!(written(Datum::Text(long.as_bytes())), written(Datum::Binary(&bytes)));
    }
    let error = debezium(&bytea, Datum::Text(b"\\x0g"), &DebeziumValues::default()).unwrap_err();
    assert_eq!(error.offset(), Some(2));
}

#[test]
fn arrays_of_known_types() {
    for (name, text, expected) in [
        ("_int4", "{1,NULL,3}", "[1,null,3]"),
        ("_int8", "{1550166368505037572}", "[1550166368505037572]"),
        ("_text", "{one,\"two \\\"x\",NULL,\"NULL\"}", r#"["one","two \"x",null,"NULL"]"#),
        ("_bool", "{t,f}", "[true,false]"),
        ("_float8", "{1,2.5}", "[1.0,2.5]"),
        ("_date", "{2016-11-04,NULL}", "[17109,null]"),
        ("_timestamptz", "{\"2017-06-05 09:29:12+00\"}", "[\"2017-06-05T09:29:12.000000Z\"]"),
        ("_bytea", "{\"\\\\x000102\",\"\\\\x030405\"}", "[\"AAEC\",\"AwQF\"]"),
        ("_numeric", "{1.1,2.22}", r#"[{"scale":1,"value":"Cw=="},{"scale":2,"value":"AN4="}]"#),
        ("_json", "{\"{\\\"a\\\":1}\"}", r#"["{\"a\":1}"]"#),
        ("_int4range", "{\"[1,6)\",\"[1,4)\"}", r#"["[1,6)","[1,4)"]"#),
        ("_tsvector", "{'a':1}", "[\"'a':1\"]"),
        ("_int4", "{}", "[]"),
        ("_int4", "{{1,2},{3,NULL}}", "[[1,2],[3,null]]"),
        ("_int4", "[0:1]={1,2}", "[1,2]"),
    ] {
        let type_ = built_in(name);
        assert!(is_mapped(&type_, &DebeziumValues::default()), "{name}");
        assert_eq!(from_text(&type_, text), expected, "{name}");
    }
    // numeric(3,2)[]
    let prices = ColumnType::new(oid::NUMERIC_ARRAY, (3 << 16 | 2) + 4, "_numeric");
    assert_eq!(from_text(&prices, "{1.10,NULL}"), "[\"bg==\",null]");
    assert_eq!(from_text(&array_of(mood()), "{sad,NULL}"), "[\"sad\",null]");
    assert_eq!(from_text(&array_of(extension(Extension::Hstore)), "{}"), "[]");
}

#[test]
fn a_domain_is_its_base_with_the_domain_s_modifier() {
    let price = domain_over(ColumnType::new(oid::NUMERIC, (3 << 16 | 2) + 4, "numeric"));
    assert_eq!(from_text(&price, "3.30"), "\"AUo=\"");
    assert_eq!(from_text(&domain_over(price), "3.30"), "\"AUo=\"");
    let bits = domain_over(ColumnType::new(oid::BIT, 3, "bit"));
    assert_eq!(from_text(&bits, "101"), "\"BQ==\"");
    let time = domain_over(ColumnType::new(oid::TIME, 3, "time"));
    assert_eq!(from_text(&time, "13:51:30.123"), "49890123");
}

#[test]
fn what_is_left_out() {
    let options = DebeziumValues::default();
    let all = options.clone().with_include_unknown(true);
    for name in [
        "box",
        "circle",
        "line",
        "lseg",
        "path",
        "polygon",
        "pg_lsn",
        "xid",
        "xid8",
        "tid",
        "jsonpath",
        "tsquery",
        "txid_snapshot",
        "regclass",
        "refcursor",
        "int4multirange",
        "_box",
        "_int4multirange",
        "int2vector",
    ] {
        let type_ = built_in(name);
        assert!(!is_mapped(&type_, &options), "{name}");
        assert!(is_mapped(&type_, &all), "{name}");
    }
    for type_ in [
        composite(),
        array_of(composite()),
        array_of(domain_over(built_in("int4"))),
        shaped("public.floatrange", Shape::Range { subtype: built_in("float8") }),
        ColumnType::new(70_000, -1, "public.complex"),
        extension(Extension::Lquery),
    ] {
        assert!(!is_mapped(&type_, &options), "{}", type_.name);
        assert!(is_mapped(&type_, &all), "{}", type_.name);
    }
    for name in ["_money", "_name", "_interval", "_bit", "_varbit", "_xml", "_point", "_refcursor"] {
        let type_ = built_in(name);
        assert!(!is_mapped(&type_, &options) && !is_mapped(&type_, &all), "{name}");
    }
    for name in ["_tsvector", "_uuid", "_inet", "_timetz", "_oid", "_char", "name", "money", "bit", "point"] {
        assert!(is_mapped(&built_in(name), &options), "{name}");
    }
}

#[test]
fn unknown_types_that_are_included_are_the_bytes_of_their_text() {
    let options = DebeziumValues::default().with_include_unknown(true);
    let written =
        |type_: &ColumnType, text: &str| debezium(type_, Datum::Text(text.as_bytes()), &options).unwrap();
    assert_eq!(written(&built_in("circle"), "<(10,20),10>"), "\"PCgxMCwyMCksMTA+\"");
    assert_eq!(written(&composite(), "(1)"), "\"KDEp\"");
    assert_eq!(written(&ColumnType::new(70_000, -1, "public.complex"), "(1)"), "\"KDEp\"");
    assert_eq!(written(&array_of(domain_over(built_in("int4"))), "{1,NULL}"), "[\"MQ==\",null]");
    let hex = options.with_binary(BinaryHandling::Hex);
    assert_eq!(debezium(&composite(), Datum::Text(b"(1)"), &hex).unwrap(), "\"283129\"");
}

#[test]
fn a_toasted_value_that_was_not_sent_has_its_placeholder() {
    let string = "\"__debezium_unavailable_value\"";
    let integers = "__debezium_unavailable_value".bytes().map(|byte| byte.to_string()).collect::<Vec<_>>();
    let options = DebeziumValues::default();
    let unavailable =
        |type_: &ColumnType, options: &DebeziumValues| debezium(type_, Datum::Unchanged, options).unwrap();
    for name in ["text", "varchar", "json", "jsonb", "xml", "tsvector", "numrange", "bpchar"] {
        assert_eq!(unavailable(&built_in(name), &options), string, "{name}");
    }
    for name in ["_text", "_varchar", "_bpchar", "_json", "_jsonb"] {
        assert_eq!(unavailable(&built_in(name), &options), format!("[{string}]"), "{name}");
    }
    for name in ["_int4", "_int8", "_date"] {
        assert_eq!(unavailable(&built_in(name), &options), format!("[{}]", integers.join(",")), "{name}");
    }
    let base64 = "\"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==\"";
    assert_eq!(unavailable(&built_in("bytea"), &options), base64);
    assert_eq!(unavailable(&built_in("_bytea"), &options), format!("[{base64}]"));
    assert_eq!(unavailable(&built_in("_uuid"), &options), "[\"b68a35a7-17ad-35b3-af2a-ae46edb4545a\"]");
    for name in ["numeric", "_numeric", "_float8", "varbit", "_int2"] {
        assert_eq!(unavailable(&built_in(name), &options), "null", "{name}");
    }
    assert_eq!(unavailable(&extension(Extension::Geometry), &options), "null");
    let hstore = extension(Extension::Hstore);
    let map = format!("{{{string}:{string}}}");
    assert_eq!(serde_json::from_str::<String>(&unavailable(&hstore, &options)).unwrap(), map);
    let other = options.clone().with_hstore(HstoreHandling::Map).with_decimal(DecimalHandling::String);
    assert_eq!(unavailable(&hstore, &other), map);
    assert_eq!(unavailable(&built_in("numeric"), &other), string);
    let hex = options.clone().with_binary(BinaryHandling::Hex);
    assert_eq!(unavailable(&built_in("bytea"), &hex), string);
    let own = options.with_unavailable("x\"");
    assert_eq!(unavailable(&domain_over(built_in("text")), &own), r#""x\"""#);
    assert_eq!(unavailable(&built_in("_int4"), &own), "[120,34]");
}

#[test]
fn nothing_is_null_but_for_what_was_not_published() {
    let options = DebeziumValues::default();
    let text = built_in("text");
    assert_eq!(debezium(&text, Datum::Null, &options).unwrap(), "null");
    assert_eq!(debezium(&text, Datum::NotInIdentity, &options).unwrap(), "null");
    assert!(debezium(&text, Datum::Absent, &options).is_err());
}

#[test]
fn both_encodings_give_the_same() {
    each_case(|case| {
        for options in all_options() {
            let [text, binary] = [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)]
                .map(|datum| debezium(&case.type_, datum, &options));
            let text = text.unwrap_or_else(|error| panic!("{error}: {}", case.text));
            assert_eq!(binary.unwrap(), text, "{:?} {}", case.type_, case.text);
            assert!(serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok(), "{text}");
        }
    });
}

proptest! {
    #[test]
    fn random_bytes_are_a_value_or_an_error_and_never_break_the_line(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..64),
            "[-0-9a-f:.,+ {}\\[\\]()\"\\\\=>xNT]{0,40}".prop_map(String::into_bytes),
        ],
        chosen in any::<prop::sample::Index>(),
    ) {
        let further = [
            Extension::Hstore, Extension::Geometry, Extension::Geography, Extension::Vector, Extension::Halfvec,
            Extension::Sparsevec, Extension::Ltree,
        ].map(extension);
        let named = ["money", "bit", "varbit", "interval", "timetz", "point", "tsvector", "_numeric", "_bytea", "_timetz"]
            .map(built_in);
        let types: Vec<_> =
            types().into_iter().chain(further).chain(named).chain([composite(), array_of(mood())]).collect();
        let type_ = chosen.get(&types);
        for options in all_options() {
            for datum in [Datum::Text(&bytes), Datum::Binary(&bytes)] {
                let mut out = Vec::new();
                if write_debezium(type_, datum, &options, &mut out).is_ok() {
                    prop_assert!(serde_json::from_slice::<serde::de::IgnoredAny>(&out).is_ok());
                    prop_assert!(!out.contains(&b'\n'));
                } else {
                    prop_assert!(out.is_empty());
                }
            }
        }
    }
}
