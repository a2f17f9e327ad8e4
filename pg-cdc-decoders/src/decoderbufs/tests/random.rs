//! What any message comes to, however it is written; and random bytes.

use pg_cdc_core::types::PgMoney;
use proptest::prelude::*;

use super::*;

const TYPES: [u32; 18] = [
    oid::BOOL,
    oid::INT2,
    oid::INT4,
    oid::INT8,
    oid::OID,
    oid::FLOAT4,
    oid::FLOAT8,
    oid::MONEY,
    oid::DATE,
    oid::TIME,
    oid::TIMETZ,
    oid::TIMESTAMP,
    oid::TIMESTAMPTZ,
    oid::BYTEA,
    oid::POINT,
    oid::TEXT,
    oid::NUMERIC,
    oid::INT4_ARRAY,
];

/// A value as the plugin carries the type, and the binary form of it or its text.
fn carried(type_: u32, bits: u64, text: &str) -> (Datum, Result<Vec<u8>, String>) {
    const DAY: i64 = 86_400_000_000;
    let signed = bits as i64;
    let time = signed.rem_euclid(DAY + 1);
    match type_ {
        oid::BOOL => (Datum::Bool(bits & 1 == 1), Ok(vec![u8::from(bits & 1 == 1)])),
        oid::INT2 => (Datum::Int32((bits as i16).into()), Ok((bits as i16).to_be_bytes().to_vec())),
        oid::INT4 => (Datum::Int32(bits as i32), Ok((bits as i32).to_be_bytes().to_vec())),
        oid::INT8 => (Datum::Int64(signed), Ok(signed.to_be_bytes().to_vec())),
        oid::OID => (Datum::Int64((bits as u32).into()), Ok((bits as u32).to_be_bytes().to_vec())),
        oid::FLOAT4 => (Datum::Float(f32::from_bits(bits as u32)), Ok((bits as u32).to_be_bytes().to_vec())),
        oid::FLOAT8 => (Datum::Double(f64::from_bits(bits)), Ok(bits.to_be_bytes().to_vec())),
        oid::MONEY => (Datum::Int64(signed), Err(PgMoney::from_minor_units(signed).to_string())),
        oid::DATE => {
            (Datum::Int32((bits as i32).wrapping_add(10_957)), Ok((bits as i32).to_be_bytes().to_vec()))
        }
        oid::TIME => (Datum::Int64(time), Ok(time.to_be_bytes().to_vec())),
        oid::TIMETZ => {
            // A clock that is up to sixteen hours ahead or behind.
            let west = (bits >> 40) as i64 % 57_600;
            let sent = (time + west * 1_000_000) as f64;
            let utc = (time + west * 1_000_000).rem_euclid(DAY).to_be_bytes();
            (Datum::Double(sent), Ok([&utc[..], &[0; 4]].concat()))
        }
        oid::TIMESTAMP | oid::TIMESTAMPTZ => {
            let sent = match signed {
                i64::MIN | i64::MAX => signed,
                finite => finite.wrapping_add(946_684_800_000_000),
            };
            (Datum::Int64(sent), Ok(signed.to_be_bytes().to_vec()))
        }
        oid::BYTEA => (Datum::Bytes(text.into()), Ok(text.into())),
        oid::POINT => {
            let (x, y) = (f64::from_bits(bits), f64::from_bits(!bits));
            (Datum::Point { x, y }, Ok([bits.to_be_bytes(), (!bits).to_be_bytes()].concat()))
        }
        oid::INT4_ARRAY => (Datum::Bytes(text.into()), Err(text.to_owned())),
        _ => (Datum::String(text.into()), Err(text.to_owned())),
    }
}

type Cell = (usize, u64, u32, String, bool);

fn cells() -> impl Strategy<Value = Vec<Cell>> {
    let cell = (0..TYPES.len(), any::<u64>(), 0..64_u32, "\\PC{0,80}", prop::bool::weighted(0.2));
    prop::collection::vec(cell, 1..16)
}

fn changes(names: &[String], cells: &[Cell]) -> (Table, Vec<RowMessage>) {
    let columns: Vec<_> =
        names.iter().zip(cells).map(|(name, cell)| (name.as_str(), TYPES[cell.0])).collect();
    let datums: Vec<_> = columns
        .iter()
        .zip(cells)
        .map(|(&(name, type_), (_, bits, shift, text, is_null))| {
            (name, type_, (!is_null).then(|| carried(type_, bits >> shift, text).0))
        })
        .collect();
    let mut known = table(1, "t", &columns);
    known.identity = ReplicaIdentity::Full;
    let sent = vec![
        insert("public.t", &datums),
        update("public.t", &datums, &datums),
        update("public.t", &[], &datums),
        delete("public.t", &datums),
    ];
    (known, sent)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|at| format!("column_{at}")).collect()
}

fn decoder() -> DecoderBufs {
    DecoderBufs::default().with_money(MoneyFormat::from_samples("$1,234,567.00", "-$1,234,567.00").unwrap())
}

proptest! {
    #[test]
    fn any_value_comes_to_what_the_server_has(cells in cells()) {
        let (known, sent) = changes(&names(cells.len()), &cells);
        let mut bench = Bench::with(decoder(), catalog([known]));
        bench.transaction(&sent).unwrap();
        let mut rows = 0;
        for change in bench.keeper.batch.changes() {
            for row in [change.before(), change.after()].into_iter().flatten() {
                rows += 1;
                for (at, (kind, bits, shift, text, is_null)) in cells.iter().enumerate() {
                    let type_ = TYPES[*kind];
                    let (_, expected) = carried(type_, bits >> shift, text);
                    let expected = match &expected {
                        _ if *is_null => CoreDatum::Null,
                        Ok(binary) => CoreDatum::Binary(binary),
                        Err(text) => CoreDatum::Text(text.as_bytes()),
                    };
                    prop_assert_eq!(row.datum(at), expected, "type {}", type_);
                }
            }
        }
        prop_assert_eq!(rows, 5);
    }

    #[test]
    fn the_order_of_fields_and_fields_that_nobody_knows_do_not_matter(cells in cells(), mut seed: u64) {
        let (known, sent) = changes(&names(cells.len()), &cells);
        let [mut plain, mut other] = [0, 1].map(|_| Bench::with(decoder(), catalog([known.clone()])));
        plain.transaction(&sent).unwrap();
        let all = [vec![message(Op::Begin)], sent, vec![message(Op::Commit)]].concat();
        for sent in &all {
            seed = seed.wrapping_add(1);
            other.bytes(&sent.encode_in_any_order(seed)).unwrap();
        }
        prop_assert_eq!(plain.take(), other.take());
    }

    #[test]
    fn random_bytes_are_refused_without_a_trace(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut bench = Bench::new([t()]);
        if bench.encoded([bytes.into()]).is_err() {
            let lines = bench.take();
            prop_assert!(!lines.iter().any(|line| line.contains('#')), "{:?}", lines);
        }
    }

    #[test]
    fn a_message_with_any_bytes_changed_is_read_or_refused(
        cells in cells(), at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 1..4),
    ) {
        let (known, sent) = changes(&names(cells.len()), &cells);
        for sent in &sent {
            let mut changed = sent.encode().to_vec();
            let start = at.index(changed.len());
            changed.iter_mut().skip(start).zip(&bytes).for_each(|(old, new)| *old = *new);
            let mut bench = Bench::with(decoder(), catalog([known.clone()]));
            // Before, so that its columns are known, and after.
            let whole = sent.encode();
            if bench.encoded([whole.clone(), changed.into(), whole]).is_err() {
                let lines = bench.take();
                prop_assert!(lines.iter().filter(|line| line.contains('#')).count() <= 2);
            }
        }
    }
}
