//! Values of each type read and written from both encodings, and the same jobs by crates known for them: best of 7
//! rounds, all ways in turn in every round.

use std::hint::black_box;
use std::io::Write;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use pg_cdc_benches::values::{Family, families};
use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::{
    FromDatum, PgDate, PgInet, PgNumeric, PgTimestamp, PgTimestampTz, PgUuid, write_text,
};
use pg_cdc_core::{ColumnType, Datum};

const ROUNDS: usize = 7;
const ROUND: Duration = Duration::from_millis(15);
/// Runs over a family's values in a slice: some ten microseconds.
const RUNS: u32 = 50;

/// Reads or writes all values of a family once.
type Way<'a> = Box<dyn FnMut() + 'a>;

fn main() {
    let families = families();
    own(&families);
    println!();
    compared(&families);
}

/// Every family by pg-cdc.
fn own(families: &[Family]) {
    println!(
        "| ns a value | write_text, text | binary | write_natural, text | binary | get, text | binary |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut ways: Vec<(usize, Way<'_>)> = families.iter().flat_map(ways).collect();
    let best = measured(&mut ways);
    for (family, [text, natural, get]) in families.iter().zip(best.as_chunks::<6>().0.iter().map(by_way)) {
        println!("| {} | {text} | {natural} | {get} |", family.name);
    }
}

fn by_way(best: &[f64; 6]) -> [String; 3] {
    let [text, text_binary, natural, natural_binary, get, get_binary] = best;
    let pair = |text: &f64, binary: &f64| format!("{text:.1} | {binary:.1}");
    [pair(text, text_binary), pair(natural, natural_binary), pair(get, get_binary)]
}

/// The six ways of pg-cdc with a family, each with the number of its values.
fn ways(family: &Family) -> Vec<(usize, Way<'_>)> {
    type Write = fn(&ColumnType, Datum<'_>, &mut Vec<u8>) -> bool;
    let writers: [Write; 2] = [
        |type_, datum, out| write_text(type_, datum, out).is_ok(),
        |type_, datum, out| write_natural(type_, datum, out).is_ok(),
    ];
    let mut ways: Vec<(usize, Way<'_>)> = Vec::new();
    for write in writers {
        for datums in [family.text_datums(), family.binary_datums()] {
            let mut out = Vec::with_capacity(1 << 16);
            ways.push((
                datums.len(),
                Box::new(move || {
                    out.clear();
                    for &datum in &datums {
                        assert!(write(black_box(&family.type_), black_box(datum), &mut out));
                    }
                    black_box(&out);
                }),
            ));
        }
    }
    for datums in [family.text_datums(), family.binary_datums()] {
        ways.push((
            datums.len(),
            Box::new(move || {
                for &datum in &datums {
                    assert!((family.get)(black_box(&family.type_), black_box(datum)));
                }
            }),
        ));
    }
    ways
}

/// Nanoseconds a value, in the best slice of all rounds: short ones pass between what else the machine does.
fn measured(ways: &mut [(usize, Way<'_>)]) -> Vec<f64> {
    let mut best = vec![f64::INFINITY; ways.len()];
    for _ in 0..ROUNDS {
        for ((values, way), best) in ways.iter_mut().zip(&mut best) {
            let start = Instant::now();
            while start.elapsed() < ROUND {
                let slice = Instant::now();
                for _ in 0..RUNS {
                    way();
                }
                *best = best.min(slice.elapsed().as_nanos() as f64 / (RUNS as usize * *values) as f64);
            }
        }
    }
    best
}

/// A job that another crate does too.
struct Job<'a> {
    what: &'static str,
    by: &'static str,
    own: (usize, Way<'a>),
    other: (usize, Way<'a>),
}

/// Reads each value's text, as pg-cdc and as another crate do.
macro_rules! read {
    ($families:expr, $name:literal, $type:ty, $by:literal, $parse:expr) => {{
        let family = named($families, $name);
        let datums = family.text_datums();
        let parse = $parse;
        Job {
            what: concat!($name, ": text to ", stringify!($type)),
            by: $by,
            own: (
                datums.len(),
                Box::new(move || {
                    for &datum in &datums {
                        assert!(black_box(<$type>::from_datum(&family.type_, black_box(datum))).is_ok());
                    }
                }),
            ),
            other: (
                family.texts.len(),
                Box::new(move || {
                    for text in &family.texts {
                        let text = std::str::from_utf8(black_box(text.as_bytes())).unwrap();
                        assert!(black_box(parse(text)).is_ok());
                    }
                }),
            ),
        }
    }};
}

/// Writes each value, as pg-cdc and as another crate do.
fn written<'a>(
    what: &'static str,
    by: &'static str,
    datums: Vec<Datum<'a>>,
    own: impl Fn(Datum<'a>, &mut Vec<u8>) + 'a,
    other: impl Fn(&'a [u8], &mut Vec<u8>) + 'a,
) -> Job<'a> {
    let bytes: Vec<&[u8]> = datums
        .iter()
        .map(|datum| match datum {
            Datum::Text(bytes) | Datum::Binary(bytes) => *bytes,
            _ => &[],
        })
        .collect();
    let count = datums.len();
    let (mut out, mut others) = (Vec::with_capacity(1 << 16), Vec::with_capacity(1 << 16));
    Job {
        what,
        by,
        own: (
            count,
            Box::new(move || {
                out.clear();
                for &datum in &datums {
                    own(black_box(datum), &mut out);
                }
                black_box(&out);
            }),
        ),
        other: (
            count,
            Box::new(move || {
                others.clear();
                for value in &bytes {
                    other(black_box(value), &mut others);
                }
                black_box(&others);
            }),
        ),
    }
}

fn named<'a>(families: &'a [Family], name: &str) -> &'a Family {
    families.iter().find(|family| family.name == name).unwrap()
}

fn text_of<'a>(family: &'a Family) -> impl Fn(Datum<'a>, &mut Vec<u8>) + 'a {
    |datum, out| write_text(&family.type_, datum, out).unwrap()
}

fn natural_of<'a>(family: &'a Family) -> impl Fn(Datum<'a>, &mut Vec<u8>) + 'a {
    |datum, out| write_natural(&family.type_, datum, out).unwrap()
}

/// What others do too, beside them.
fn compared(families: &[Family]) {
    const STAMP: &str = "%Y-%m-%d %H:%M:%S%.f";
    let of = |name| named(families, name);
    let (int4, int8, float8) = (of("int4"), of("int8"), of("float8"));
    let (timestamp, uuid, text, json) = (of("timestamp"), of("uuid"), of("text"), of("json"));
    // Microseconds between PostgreSQL's epoch and that of Unix.
    let epoch = 946_684_800_000_000_i64;
    let mut jobs = vec![
        read!(families, "int4", i32, "std", |text: &str| text.parse::<i32>()),
        read!(families, "int8", i64, "std", |text: &str| text.parse::<i64>()),
        read!(families, "float8", f64, "std", |text: &str| text.parse::<f64>()),
        read!(families, "numeric", PgNumeric, "rust_decimal", rust_decimal::Decimal::from_str_exact),
        read!(families, "date", PgDate, "chrono", |text: &str| text.parse::<chrono::NaiveDate>()),
        read!(families, "timestamp", PgTimestamp, "chrono", |text: &str| {
            chrono::NaiveDateTime::parse_from_str(text, STAMP)
        }),
        read!(families, "timestamptz", PgTimestampTz, "chrono", |text: &str| {
            chrono::DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%#z")
        }),
        read!(families, "uuid", PgUuid, "uuid", uuid::Uuid::try_parse),
        read!(families, "inet", PgInet, "std (IpAddr)", |text: &str| text.parse::<IpAddr>()),
        written("int4: binary to text", "itoa", int4.binary_datums(), text_of(int4), |bytes, out| {
            let value = i32::from_be_bytes(bytes.try_into().unwrap());
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        }),
        written("int8: binary to text", "itoa", int8.binary_datums(), text_of(int8), |bytes, out| {
            let value = i64::from_be_bytes(bytes.try_into().unwrap());
            out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        }),
        written("float8: binary to text", "ryu", float8.binary_datums(), text_of(float8), |bytes, out| {
            let value = f64::from_be_bytes(bytes.try_into().unwrap());
            out.extend_from_slice(ryu::Buffer::new().format(value).as_bytes());
        }),
        written(
            "timestamp: binary to JSON",
            "chrono",
            timestamp.binary_datums(),
            natural_of(timestamp),
            move |bytes, out| {
                let micros = i64::from_be_bytes(bytes.try_into().unwrap()) + epoch;
                let value = chrono::DateTime::from_timestamp_micros(micros).unwrap().naive_utc();
                write!(out, "\"{value:?}\"").unwrap();
            },
        ),
        written("uuid: binary to text", "uuid", uuid.binary_datums(), text_of(uuid), |bytes, out| {
            let value = uuid::Uuid::from_slice(bytes).unwrap();
            out.extend_from_slice(value.hyphenated().encode_lower(&mut [0; 36]).as_bytes());
        }),
        written("text: text to JSON", "serde_json", text.text_datums(), natural_of(text), |bytes, out| {
            serde_json::to_writer(out, std::str::from_utf8(bytes).unwrap()).unwrap();
        }),
        written(
            "json: text to JSON",
            "serde_json (RawValue)",
            json.text_datums(),
            natural_of(json),
            |bytes, out| {
                let value: &serde_json::value::RawValue = serde_json::from_slice(bytes).unwrap();
                out.extend_from_slice(value.get().as_bytes());
            },
        ),
    ];
    println!("| ns a value | pg-cdc | other | | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    let mut rows = Vec::new();
    let mut ways = Vec::new();
    for job in jobs.drain(..) {
        rows.push((job.what, job.by));
        ways.extend([job.own, job.other]);
    }
    let best = measured(&mut ways);
    for ((what, by), [own, other]) in rows.into_iter().zip(best.as_chunks::<2>().0) {
        println!("| {what} | {own:.1} | {other:.1} | {by} | {:.1}x |", other / own);
    }
}
