//! What each message, and each kind of value, comes to.

use super::*;

#[test]
fn a_transaction_is_kept_until_its_commit_whose_position_is_the_end_of_the_record() {
    let mut bench = Bench::new([t()]);
    let change = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))]);
    for sent in [message(Op::Begin), change.clone(), change] {
        bench.bytes(&sent.encode()).unwrap();
    }
    assert!(bench.take().is_empty() && !bench.keeper.is_empty(), "its commit is not known yet");
    bench.bytes(&message(Op::Commit).encode()).unwrap();
    assert_eq!(
        bench.take(),
        [
            "schema public.t (id int4(-1) not null, note text(-1))",
            "begin 0/28 xid 7 at 1000",
            "Insert public.t #0 new {id: b\"1\", note: \"a\"}",
            "Insert public.t #1 new {id: b\"1\", note: \"a\"}",
            "commit 0/28 ends 0/28 with 2",
        ]
    );
    assert!(bench.keeper.is_empty());
    // One without changes of any table is nothing to tell.
    bench.transaction(&[]).unwrap();
    assert!(bench.take().is_empty());
}

#[test]
fn every_kind_of_value_is_normalised() {
    let reader = |value: &str| Some(Datum::Bytes(value.into()));
    let columns = [
        ("k", oid::BOOL, Some(Datum::Bool(true)), "b\"t\""),
        ("i2", oid::INT2, int(-7), "b\"-7\""),
        ("i4", oid::INT4, int(i32::MIN), "b\"-2147483648\""),
        ("i8", oid::INT8, Some(Datum::Int64(i64::MIN)), "b\"-9223372036854775808\""),
        ("o", oid::OID, Some(Datum::Int64(4_294_967_295)), "b\"4294967295\""),
        ("f4", oid::FLOAT4, Some(Datum::Float(f32::NAN)), "b\"NaN\""),
        ("f8", oid::FLOAT8, Some(Datum::Double(-1.5e300)), "b\"-1.5e+300\""),
        ("d", oid::DATE, int(20_000), "b\"2024-10-04\""),
        ("dp", oid::DATE, int(-2_147_472_692), "b\"infinity\""),
        ("dm", oid::DATE, int(-2_147_472_691), "b\"-infinity\""),
        ("t", oid::TIME, Some(Datum::Int64(86_400_000_000)), "b\"24:00:00\""),
        ("tz", oid::TIMETZ, Some(Datum::Double(-16_200_000_000.0)), "b\"19:30:00+00\""),
        ("ts", oid::TIMESTAMP, Some(Datum::Int64(1_000_001)), "b\"1970-01-01 00:00:01.000001\""),
        ("tp", oid::TIMESTAMP, Some(Datum::Int64(i64::MAX)), "b\"infinity\""),
        ("tm", oid::TIMESTAMPTZ, Some(Datum::Int64(i64::MIN)), "b\"-infinity\""),
        (
            "tl",
            oid::TIMESTAMP,
            Some(Datum::Int64(-9_222_426_057_709_551_617)),
            "b\"294276-12-31 23:59:59.999999\"",
        ),
        ("b", oid::BYTEA, Some(Datum::Bytes(vec![0, 255])), "b\"\\\\x00ff\""),
        ("be", oid::BYTEA, Some(Datum::Bytes(vec![])), "b\"\\\\x\""),
        ("p", oid::POINT, Some(Datum::Point { x: 1.0, y: f64::NEG_INFINITY }), "b\"(1,-Infinity)\""),
        ("n", oid::NUMERIC, text("-1.50"), "\"-1.50\""),
        ("c", oid::CHAR, text(""), "\"\""),
        ("j", oid::JSONB, text("{\"a\": 1}"), "\"{\\\"a\\\": 1}\""),
        (
            "u",
            oid::UUID,
            text("00000000-0000-0000-0000-000000000000"),
            "\"00000000-0000-0000-0000-000000000000\"",
        ),
        ("iv", oid::INTERVAL, text("1 mon"), "\"1 mon\""),
        ("a", oid::INT4_ARRAY, reader("{1,NULL}"), "\"{1,NULL}\""),
        ("ip", oid::INET, reader("::1"), "\"::1\""),
        ("null", oid::TEXT, None, "null"),
    ];
    let declared: Vec<_> = columns.iter().map(|(name, type_, ..)| (*name, *type_)).collect();
    let sent: Vec<_> = columns.iter().map(|(name, type_, datum, _)| (*name, *type_, datum.clone())).collect();
    let lines = Bench::new([table(1, "t", &declared)]).lines(&insert("public.t", &sent));
    let expected = columns.map(|(name, .., value)| format!("{name}: {value}")).join(", ");
    assert_eq!(lines[1], format!("Insert public.t #0 new {{{expected}}}"));
}

#[test]
fn a_domain_comes_as_text_whatever_it_is_a_domain_over() {
    let shape = |base| pg_cdc_core::types::Shape::Domain { base: ColumnType::built_in(base) };
    let mut known = table(1, "t", &[("id", oid::INT4), ("d", oid::INT4), ("b", oid::BYTEA)]);
    known.columns[1].type_ = ColumnType::with_shape(70_000, -1, "public.d", shape(oid::INT4));
    known.columns[2].type_ = ColumnType::with_shape(70_001, -1, "public.b", shape(oid::BYTEA));
    let bytes = |value: &str| Some(Datum::Bytes(value.into()));
    let sent = [("id", oid::INT4, int(1)), ("d", 70_000, bytes("5")), ("b", 70_001, bytes("\\x00"))];
    let lines = Bench::new([known]).lines(&insert("public.t", &sent));
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", d: \"5\", b: \"\\\\x00\"}");
}

#[test]
fn money_is_printed_where_its_format_is_known() {
    let known = table(1, "t", &[("id", oid::INT4), ("m", oid::MONEY)]);
    let sent =
        insert("public.t", &[("id", oid::INT4, int(1)), ("m", oid::MONEY, Some(Datum::Int64(-123_456)))]);
    let format = MoneyFormat::from_samples("£1,234,567.00", "-£1,234,567.00").unwrap();
    // The text is UTF-8 already, whatever the database's is.
    let decoder = DecoderBufs::new(TextEncoding::new("LATIN1").unwrap()).with_money(format);
    let lines = Bench::with(decoder, catalog([known.clone()])).lines(&sent);
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", m: \"-£1,234.56\"}");
    let mut bench = Bench::new([known]);
    bench.transaction(&[sent]).unwrap();
    let change = bench.keeper.batch.changes().next().unwrap();
    let row = change.after().unwrap();
    assert_eq!(row.datum(1), CoreDatum::Binary(&(-123_456_i64).to_be_bytes()));
    assert_eq!(row.get::<pg_cdc_core::types::PgMoney>("m").unwrap().minor_units(), -123_456);
    assert!(write_text(&change.table().columns[1].type_, row.datum(1), &mut Vec::new()).is_err());
}

#[test]
fn an_unchanged_value_is_filled_in_from_an_old_row_that_has_it() {
    let mut full = t();
    full.identity = ReplicaIdentity::Full;
    let missing = Some(Datum::Missing(true));
    let new = [("id", oid::INT4, int(1)), ("note", oid::TEXT, missing)];
    let sent = update("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, text("long"))], &new);
    let lines = Bench::new([full]).lines(&sent);
    assert_eq!(
        lines[1],
        "Update public.t #0 old {id: b\"1\", note: \"long\"} new {id: b\"1\", note: \"long\"}"
    );
    // The old row of a default identity has it unset, which says nothing of it.
    let sent = update("public.t", &[("id", oid::INT4, int(2)), ("note", oid::TEXT, None)], &new);
    let lines = Bench::new([t()]).lines(&sent);
    assert_eq!(
        lines[1],
        "Update public.t #0 old {id: b\"2\", note: notinidentity} new {id: b\"1\", note: unchanged}"
    );
    let lines = Bench::new([t()]).lines(&update("public.t", &[], &new));
    assert_eq!(lines[1], "Update public.t #0 new {id: b\"1\", note: unchanged}");
}

#[test]
fn a_null_in_an_old_row_is_one_where_the_identity_holds_the_column() {
    let old = [("id", oid::INT4, int(1)), ("note", oid::TEXT, None)];
    let sent = delete("public.t", &old);
    assert_eq!(Bench::new([t()]).lines(&sent)[1], "Delete public.t #0 old {id: b\"1\", note: notinidentity}");
    let mut full = t();
    full.identity = ReplicaIdentity::Full;
    assert_eq!(Bench::new([full]).lines(&sent)[1], "Delete public.t #0 old {id: b\"1\", note: null}");
}

#[test]
fn names_are_unquoted() {
    let mut known = t();
    known.name = TableName::new("p", r#"Order "Items"#);
    known.columns[1].name = "a.b".into();
    let sent = [("id", oid::INT4, int(1)), (r#""a.b""#, oid::TEXT, text("x"))];
    let lines = Bench::new([known]).lines(&insert(r#"p."Order ""Items""#, &sent));
    assert_eq!(lines[1], r#"Insert p.Order "Items #0 new {id: b"1", a.b: "x"}"#);
}

#[test]
fn text_is_converted_from_the_databases_encoding() {
    let latin = |bytes: &[u8]| Some(Datum::String(bytes.to_vec()));
    let mut known = table(1, "é", &[("id", oid::INT4), ("ü", oid::TEXT)]);
    known.name = TableName::new("public", "é");
    let mut sent = insert("", &[("id", oid::INT4, int(1)), ("", oid::TEXT, latin(b"caf\xE9"))]);
    sent.table = Some(b"public.\"\xE9\"".to_vec());
    sent.new_tuple[1].column_name = Some(b"\"\xFC\"".to_vec());
    let decoder = DecoderBufs::new(TextEncoding::new("LATIN1").unwrap());
    let lines = Bench::with(decoder, catalog([known])).lines(&sent);
    assert_eq!(lines[1], "Insert public.é #0 new {id: b\"1\", ü: \"café\"}");

    let ascii = TextEncoding::new("SQL_ASCII").unwrap();
    let sent = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, latin(b"\xE9"))]);
    let wrong = Bench::with(DecoderBufs::new(ascii), catalog([t()])).wrong(&sent);
    assert!(wrong.starts_with("table public.t, column note: the value is not text"), "{wrong}");
    let replaced = DecoderBufs::new(ascii.with_invalid_text(InvalidText::Replace));
    let lines = Bench::with(replaced, catalog([t()])).lines(&sent);
    assert_eq!(lines[1], "Insert public.t #0 new {id: b\"1\", note: \"\u{FFFD}\"}");

    // A "char" may be any byte; what was made is told of.
    let known = table(1, "t", &[("id", oid::INT4), ("c", oid::CHAR), ("note", oid::TEXT)]);
    let sent =
        [("id", oid::INT4, int(1)), ("c", oid::CHAR, latin(b"\xE9")), ("note", oid::TEXT, latin(b"\xE9"))];
    let base64 = DecoderBufs::new(ascii.with_invalid_text(InvalidText::Base64));
    let mut bench = Bench::with(base64, catalog([known]));
    bench.transaction(&[insert("public.t", &sent)]).unwrap();
    let mended: Vec<_> = bench.keeper.batch.mended().map(|(_, column)| &*column.name).collect();
    assert_eq!(mended, ["note"]);
    assert!(bench.take()[2].ends_with("new {id: b\"1\", c: \"\\\\351\", note: \"6Q==\"}"));
}

#[test]
fn a_change_without_its_row_is_refused_where_it_is_wanted() {
    let mut bare = message(Op::Update);
    bare.table = Some("public.t".into());
    let sent = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, None)]);
    for op in [Op::Update, Op::Delete] {
        bare.op = Some(op);
        let wrong = Bench::new([t()]).wrong(&bare);
        assert!(wrong.starts_with("table public.t: a row was changed, and not sent which"), "{wrong}");

        let inserts_only = || {
            let mut facts = TableFacts::new(Arc::new(t()), Lsn::ZERO);
            facts.inserts_only = true;
            let mut tables = Tables::from_catalog();
            tables.insert_named(facts.table.name.clone(), Known::Wanted(facts));
            tables
        };
        // Known by an earlier change, or not.
        for before in [vec![], vec![sent.clone()]] {
            let mut bench = Bench::with(DecoderBufs::default(), inserts_only());
            bench.transaction(&[before.clone(), vec![bare.clone(), sent.clone()]].concat()).unwrap();
            let lines = bench.take();
            let changes: Vec<_> = lines.iter().filter(|line| line.contains('#')).collect();
            assert_eq!(changes.len(), before.len() + 1, "{lines:?}");
            assert!(changes.last().unwrap().starts_with(&format!("Insert public.t #{}", before.len())));
        }
        // Nobody wants the table.
        let mut tables = Tables::from_catalog();
        tables.insert_named(TableName::new("public", "t"), Known::Unwanted);
        let mut bench = Bench::with(DecoderBufs::default(), tables);
        bench.transaction(std::slice::from_ref(&bare)).unwrap();
        assert!(bench.take().is_empty());
    }
}

#[test]
fn a_row_of_a_table_without_columns_is_a_change() {
    let lines = Bench::new([table(1, "t", &[])]).lines(&insert("public.t", &[]));
    assert_eq!(lines[1], "Insert public.t #0 new {}");
}

#[test]
fn begin_and_commit_must_be_routed() {
    let mut batch = ChangeBatch::new();
    for op in [Op::Begin, Op::Commit] {
        let bytes = message(op).encode();
        let frame = pg_cdc_core::Frame::whole(Lsn::new(50), &bytes);
        let decoded =
            pg_cdc_core::Decoder::decode(&mut DecoderBufs::default(), frame, &catalog([]), &mut batch);
        assert!(decoded.unwrap_err().to_string().contains("was to be routed"));
    }
    assert!(batch.is_blank());
}

#[test]
fn what_was_delivered_before_is_passed_over() {
    use pg_cdc_core::{Decoder as _, Position, ServerId};

    let row = insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, None)]);
    let mut bench = Bench::new([t()]);
    bench.transaction(&[row.clone(), row.clone(), row.clone()]).unwrap();
    let position = bench.keeper.batch.last().unwrap();
    assert_eq!(position, (Lsn::new(50), 2));
    let server = ServerId { system_id: 7, timeline: 1 };
    let mut after = Position::at("shop".into(), server, Lsn::ZERO);
    (after.commit_lsn, after.seq) = (Lsn::new(50), Some(0));
    let mut decoder = DecoderBufs::default();
    decoder.restart(Some(&after));
    let mut bench = Bench::with(decoder, catalog([t()]));
    bench.transaction(&[row.clone(), row.clone(), row]).unwrap();
    let numbered = bench.take().iter().filter(|line| line.contains("#1") || line.contains("#2")).count();
    assert_eq!(numbered, 2);
}
