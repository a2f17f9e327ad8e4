//! Values of the types that rows are made of, in both encodings, and the ways to read them.

use std::hint::black_box;

use pg_cdc_core::Datum;
use pg_cdc_core::types::{
    ColumnType, Extension, Field, FromDatum, PgDate, PgHstore, PgInet, PgInterval, PgNumeric, PgPoint,
    PgRange, PgTimestamp, PgTimestampTz, PgUuid, Shape, oid,
};

/// Some values of one type.
#[derive(Debug)]
pub struct Family {
    /// What the type is called.
    pub name: &'static str,
    /// The type.
    pub type_: ColumnType,
    /// The text form of each value.
    pub texts: Vec<String>,
    /// The binary form of each.
    pub binaries: Vec<Vec<u8>>,
    /// Reads a value as the Rust type that it is mostly asked for as, and tells whether it could.
    pub get: fn(&ColumnType, Datum<'_>) -> bool,
}

impl Family {
    fn new(
        name: &'static str,
        type_: ColumnType,
        texts: &[&str],
        get: fn(&ColumnType, Datum<'_>) -> bool,
        binary: impl Fn(&ColumnType, &str) -> Vec<u8>,
    ) -> Self {
        let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
        let binaries = texts.iter().map(|text| binary(&type_, text)).collect();
        Self { name, type_, texts, binaries, get }
    }

    /// The values in their text form.
    pub fn text_datums(&self) -> Vec<Datum<'_>> {
        self.texts.iter().map(|text| Datum::Text(text.as_bytes())).collect()
    }

    /// The values in their binary form.
    pub fn binary_datums(&self) -> Vec<Datum<'_>> {
        self.binaries.iter().map(|binary| Datum::Binary(binary)).collect()
    }
}

/// Reads a value as a `T`.
fn get<T: for<'a> FromDatum<'a>>(type_: &ColumnType, datum: Datum<'_>) -> bool {
    black_box(T::from_datum(type_, datum)).is_ok()
}

/// Reads a value as the text that it lies there as.
fn get_str(type_: &ColumnType, datum: Datum<'_>) -> bool {
    black_box(<&str>::from_datum(type_, datum)).is_ok()
}

/// A binary form by the Rust type that has the text's.
macro_rules! binary_of {
    ($type:ty) => {
        |type_, text| {
            let value = <$type>::from_datum(type_, Datum::Text(text.as_bytes())).unwrap();
            let mut binary = Vec::new();
            value.write_binary(&mut binary);
            binary
        }
    };
}

fn counted(value: &[u8]) -> Vec<u8> {
    [&(value.len() as u32).to_be_bytes()[..], value].concat()
}

fn array(element: u32, values: &[Vec<u8>]) -> Vec<u8> {
    let head = [1, 0, element, values.len() as u32, 1].map(u32::to_be_bytes);
    let values = values.iter().flat_map(|value| counted(value));
    head.into_iter().flatten().chain(values).collect()
}

fn elements(text: &str) -> impl Iterator<Item = &str> {
    text.trim_matches(['{', '}']).split(',')
}

/// What is measured: values as rows of a shop or a log have them.
#[must_use]
pub fn families() -> Vec<Family> {
    let of = ColumnType::built_in;
    let int4 = |text: &str| text.parse::<i32>().unwrap().to_be_bytes().to_vec();
    let plain = |_: &ColumnType, text: &str| text.as_bytes().to_vec();
    let timestamps = [
        "2024-02-29 12:34:56.789012",
        "2026-11-21 00:00:00",
        "1999-12-31 23:59:59.5",
        "2011-05-17 06:07:08.09",
    ];
    let timestamps_tz = timestamps.map(|text| format!("{text}+00"));
    let timestamps_tz = timestamps_tz.each_ref().map(String::as_str);
    let documents = [
        r#"{"id": 17, "tags": ["a", "b"], "price": 12.50, "paid": true, "note": null}"#,
        r#"{"customer": {"name": "Žofie Nováková", "city": "Brno"}, "items": [1, 2, 3]}"#,
        r#"[]"#,
        r#""a \"quoted\" word""#,
    ];
    let pair = vec![Field::new("id", of(oid::INT4)), Field::new("name", of(oid::TEXT))];
    let pair = ColumnType::with_shape(70_000, -1, "shop.pair", Shape::Composite { fields: pair });
    let hstore = ColumnType::with_shape(70_001, -1, "hstore", Shape::Extension(Extension::Hstore));
    vec![
        Family::new("bool", of(oid::BOOL), &["t", "f", "f", "t"], get::<bool>, |_, text| {
            vec![u8::from(text == "t")]
        }),
        Family::new(
            "int4",
            of(oid::INT4),
            &["7", "-42", "1048576", "2147483647"],
            get::<i32>,
            move |_, text| int4(text),
        ),
        Family::new(
            "int8",
            of(oid::INT8),
            &["7", "-42", "1099511627776", "9007199254740993"],
            get::<i64>,
            |_, text| text.parse::<i64>().unwrap().to_be_bytes().to_vec(),
        ),
        Family::new(
            "float8",
            of(oid::FLOAT8),
            &["0.1", "-1234.5", "3.141592653589793", "6.02214076e+23"],
            get::<f64>,
            |_, text| text.parse::<f64>().unwrap().to_be_bytes().to_vec(),
        ),
        Family::new(
            "numeric",
            of(oid::NUMERIC),
            &["0.00", "19.99", "-1234567.89", "98765432109876.54321"],
            get::<PgNumeric>,
            binary_of!(PgNumeric),
        ),
        Family::new(
            "text",
            of(oid::TEXT),
            &[
                "",
                "pending",
                "Žluťoučký kůň",
                "a sentence of some length, \"quoted\" in part, as notes have it",
            ],
            get_str,
            plain,
        ),
        Family::new(
            "bytea",
            of(oid::BYTEA),
            &[r"\x", r"\xdeadbeef", r"\x000102030405060708090a0b0c0d0e0f", r"\x1f8b0800"],
            get::<Vec<u8>>,
            |_, text| {
                let digits = text.as_bytes()[2..].as_chunks::<2>().0.iter();
                digits
                    .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
                    .collect()
            },
        ),
        Family::new(
            "date",
            of(oid::DATE),
            &["2024-02-29", "2026-11-21", "1999-12-31", "2011-05-17"],
            get::<PgDate>,
            binary_of!(PgDate),
        ),
        Family::new(
            "timestamp",
            of(oid::TIMESTAMP),
            &timestamps,
            get::<PgTimestamp>,
            binary_of!(PgTimestamp),
        ),
        Family::new(
            "timestamptz",
            of(oid::TIMESTAMPTZ),
            &timestamps_tz,
            get::<PgTimestampTz>,
            binary_of!(PgTimestampTz),
        ),
        Family::new(
            "interval",
            of(oid::INTERVAL),
            &["1 day", "02:30:00", "1 year 2 mons 3 days 04:05:06.789", "-00:00:01"],
            get::<PgInterval>,
            binary_of!(PgInterval),
        ),
        Family::new(
            "uuid",
            of(oid::UUID),
            &[
                "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                "00000000-0000-0000-0000-000000000000",
                "0192f0c1-7b6e-7cc3-98c4-dc0c0c07398f",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ],
            get::<PgUuid>,
            binary_of!(PgUuid),
        ),
        Family::new("json", of(oid::JSON), &documents, get_str, plain),
        Family::new("jsonb", of(oid::JSONB), &documents, get_str, |_, text| {
            [b"\x01", text.as_bytes()].concat()
        }),
        Family::new(
            "inet",
            of(oid::INET),
            &["10.1.2.3", "192.168.255.254", "::1", "2001:db8::ff00:42:8329"],
            get::<PgInet>,
            binary_of!(PgInet),
        ),
        Family::new(
            "int4[] of 10",
            of(oid::INT4_ARRAY),
            &["{1,2,3,4,5,6,7,8,9,10}", "{100,-200,300,-400,500,-600,700,-800,900,-1000}"],
            get::<Vec<i32>>,
            move |_, text| array(oid::INT4, &elements(text).map(int4).collect::<Vec<_>>()),
        ),
        Family::new(
            "text[] of 10",
            of(oid::TEXT_ARRAY),
            &["{a,b,c,d,e,f,g,h,i,j}", "{red,green,blue,small,large,new,used,sale,gift,last}"],
            get::<Vec<String>>,
            |_, text| {
                let words = elements(text).map(|word| word.as_bytes().to_vec());
                array(oid::TEXT, &words.collect::<Vec<_>>())
            },
        ),
        Family::new(
            "composite",
            pair,
            &["(7,pen)", "(1048576,\"red ink\")"],
            get::<String>,
            move |_, text| {
                let (id, name) = text.trim_matches(['(', ')']).split_once(',').unwrap();
                let head = |type_oid: u32| type_oid.to_be_bytes().to_vec();
                let (id, name) = (counted(&int4(id)), counted(name.trim_matches('"').as_bytes()));
                [2_u32.to_be_bytes().to_vec(), head(oid::INT4), id, head(oid::TEXT), name].concat()
            },
        ),
        Family::new(
            "tsrange",
            of(oid::TSRANGE),
            &[r#"["2024-02-29 12:00:00","2024-03-01 00:00:00")"#, r#"["2026-11-21 00:00:00",)"#],
            get::<PgRange<PgTimestamp>>,
            |_, text| {
                let bounds = text.trim_matches(['[', ')']).split(',').filter(|bound| !bound.is_empty());
                let bounds: Vec<_> = bounds
                    .map(|bound| {
                        let value: PgTimestamp = bound.trim_matches('"').parse().unwrap();
                        let mut binary = Vec::new();
                        value.write_binary(&mut binary);
                        counted(&binary)
                    })
                    .collect();
                let flags = if bounds.len() == 2 { 0x02 } else { 0x02 | 0x10 };
                [vec![flags], bounds.concat()].concat()
            },
        ),
        Family::new(
            "hstore of 2",
            hstore,
            &[r#""a"=>"1", "b"=>NULL"#, r#""size"=>"large", "colour"=>"deep \"red\"""#],
            get::<PgHstore>,
            binary_of!(PgHstore),
        ),
        Family::new(
            "point",
            of(oid::POINT),
            &["(0,0)", "(14.4378,50.0755)", "(-122.4194,37.7749)", "(1e+10,-1.5)"],
            get::<PgPoint>,
            binary_of!(PgPoint),
        ),
    ]
}
