//! Reading and writing a plain value allocates nothing, in both encodings: counted over what a real server gave.
#![allow(clippy::unwrap_used, reason = "a test")]

use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::{
    FromDatum, Kind, PgBits, PgBox, PgCircle, PgDate, PgInet, PgInterval, PgLine, PgLseg, PgMacAddr,
    PgMacAddr8, PgNumeric, PgPoint, PgTid, PgTime, PgTimeTz, PgTimestamp, PgTimestampTz, PgUuid, TypeError,
    oid, write_text,
};
use pg_cdc_core::{ColumnType, Datum, Lsn};

const FAMILIES: [&str; 5] = [
    include_str!("../src/types/testdata/scalars.tsv"),
    include_str!("../src/types/testdata/time.tsv"),
    include_str!("../src/types/testdata/network.tsv"),
    include_str!("../src/types/testdata/system.tsv"),
    include_str!("../src/types/testdata/geometric.tsv"),
];

/// A value of a type that holds no others, in both encodings.
struct Case {
    type_: ColumnType,
    text: Vec<u8>,
    binary: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let parse = |line: &str| {
        let [name, text, binary, _] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let type_ = ColumnType::built_in(oid::of_name(name).unwrap());
        let pairs = binary.as_bytes().as_chunks::<2>().0.iter();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let binary: Vec<u8> = pairs.map(byte).collect();
        // COPY escaped something: of such values the binary form alone is looked at.
        let text = if text.contains('\\') { Vec::new() } else { text.as_bytes().to_vec() };
        Case { type_, text, binary }
    };
    let plain = |case: &Case| {
        let kind = case.type_.kind();
        !matches!(kind, Kind::Array | Kind::Range | Kind::Multirange | Kind::Int2Vector | Kind::OidVector)
    };
    // 1e23 lies half way between two floats: other digits are searched for, and that allocates.
    let easy = |line: &&str| !line.contains("9.999999999999999e+22");
    FAMILIES.into_iter().flat_map(str::lines).filter(easy).map(parse).filter(plain).collect()
}

impl Case {
    fn datums(&self) -> impl Iterator<Item = Datum<'_>> {
        let text = (!self.text.is_empty()).then_some(Datum::Text(&self.text));
        text.into_iter().chain([Datum::Binary(&self.binary)])
    }
}

/// How often `read` allocates.
fn count(read: impl FnOnce()) -> u64 {
    allocation_counter::measure(read).count_total
}

#[test]
fn writing_a_plain_value_allocates_nothing() {
    type Write = fn(&ColumnType, Datum<'_>, &mut Vec<u8>) -> Result<(), TypeError>;
    let mut out = Vec::with_capacity(1 << 20);
    let writers: [(&str, Write); 2] = [("text", write_text), ("JSON", write_natural)];
    let mut counted = 0;
    for case in cases() {
        for datum in case.datums() {
            for (name, write) in writers {
                out.clear();
                let allocated = count(|| write(&case.type_, datum, &mut out).unwrap());
                assert_eq!(allocated, 0, "{name} of {:?} {datum:?}", case.type_.name);
                counted += 1;
            }
        }
    }
    assert!(counted > 1000, "{counted} values written");
}

/// Reads a value as a `T`, which its type must be had as; how often that allocates.
fn get<'a, T: FromDatum<'a>>(case: &'a Case, datum: Datum<'a>) -> u64 {
    count(|| {
        let value = T::from_datum(&case.type_, datum);
        assert!(value.is_ok(), "{:?} {datum:?}", case.type_.name);
    })
}

#[test]
fn a_plain_value_that_owns_nothing_is_had_without_allocating() {
    let mut counted = 0;
    for case in &cases() {
        for datum in case.datums() {
            let allocated = match case.type_.kind() {
                Kind::Bool => get::<bool>(case, datum),
                Kind::Int2 => get::<i16>(case, datum),
                Kind::Int4 => get::<i32>(case, datum),
                Kind::Int8 => get::<i64>(case, datum),
                Kind::Oid | Kind::Xid => get::<u32>(case, datum),
                Kind::Xid8 => get::<u64>(case, datum),
                Kind::Float4 => get::<f32>(case, datum),
                Kind::Float8 => get::<f64>(case, datum),
                Kind::Text | Kind::Json | Kind::Jsonb => get::<&str>(case, datum),
                Kind::Date => get::<PgDate>(case, datum),
                Kind::Time => get::<PgTime>(case, datum),
                Kind::TimeTz => get::<PgTimeTz>(case, datum),
                Kind::Timestamp => get::<PgTimestamp>(case, datum),
                Kind::TimestampTz => get::<PgTimestampTz>(case, datum),
                Kind::Interval => get::<PgInterval>(case, datum),
                Kind::Uuid => get::<PgUuid>(case, datum),
                Kind::Inet => get::<PgInet>(case, datum),
                Kind::MacAddr => get::<PgMacAddr>(case, datum),
                Kind::MacAddr8 => get::<PgMacAddr8>(case, datum),
                Kind::PgLsn => get::<Lsn>(case, datum),
                Kind::Tid => get::<PgTid>(case, datum),
                Kind::Point => get::<PgPoint>(case, datum),
                Kind::Line => get::<PgLine>(case, datum),
                Kind::Lseg => get::<PgLseg>(case, datum),
                Kind::Box => get::<PgBox>(case, datum),
                Kind::Circle => get::<PgCircle>(case, datum),
                // What owns its digits or bits allocates them, once.
                Kind::Numeric => get::<PgNumeric>(case, datum).saturating_sub(1),
                Kind::Bits => get::<PgBits>(case, datum).saturating_sub(1),
                Kind::Bytea => get::<Vec<u8>>(case, datum).saturating_sub(1),
                _ => continue,
            };
            assert_eq!(allocated, 0, "{:?} {datum:?}", case.type_.name);
            counted += 1;
        }
    }
    assert!(counted > 500, "{counted} values read");
}

#[test]
fn the_counter_counts() {
    assert_eq!(count(|| drop(std::hint::black_box(vec![0_u8; 100]))), 1);
}
