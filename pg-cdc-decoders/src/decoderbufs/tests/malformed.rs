//! Messages that the plugin would not send: an error that says where and what, no panic, no trace.

use super::*;

fn whole() -> RowMessage {
    insert("public.t", &[("id", oid::INT4, int(1)), ("note", oid::TEXT, text("a"))])
}

/// Fields of a number below 16: tag, and what follows.
fn field(number: u8, wire: u8, rest: &[u8]) -> Vec<u8> {
    [&[number << 3 | wire][..], rest].concat()
}

/// An INSERT whose first column is these bytes.
fn with_column(column: &[u8]) -> Vec<u8> {
    let mut sent = whole();
    sent.new_tuple.remove(0);
    let mut bytes = sent.encode().to_vec();
    bytes.extend(field(5, 2, &[&[column.len() as u8][..], column].concat()));
    bytes
}

#[test]
fn a_message_cut_anywhere_is_refused_without_a_trace() {
    let old = [("id", oid::INT4, int(1)), ("note", oid::TEXT, None)];
    let update = update(
        "public.t",
        &old,
        &[("id", oid::INT4, int(2)), ("note", oid::TEXT, Some(Datum::Missing(true)))],
    );
    for sent in [whole(), update] {
        let bytes = sent.encode();
        Bench::new([t()]).encoded([bytes.clone()]).unwrap();
        // Without any row it is one of a table that had no columns.
        let mut rowless = sent.clone();
        (rowless.new_tuple, rowless.old_tuple, rowless.new_typeinfo) = (vec![], vec![], vec![]);
        let rowless = rowless.encode().len();
        for cut in 0..bytes.len() {
            let mut bench = Bench::new([t()]);
            match bench.encoded([bytes.slice(..cut)]) {
                Err(_) => assert!(!bench.take().iter().any(|line| line.contains('#')), "cut at {cut}"),
                Ok(()) => assert_eq!((cut, sent.op), (rowless, Some(Op::Insert))),
            }
        }
    }
}

#[test]
fn what_must_be_there_is_missed_by_name() {
    let bench = || Bench::new([t()]);
    let mut sent = whole();
    sent.table = None;
    assert_eq!(bench().wrong(&sent), "the message ends within the table's name");
    let mut sent = whole();
    sent.op = None;
    assert_eq!(bench().wrong(&sent), "the message ends within the operation");
    assert_eq!(bench().wrong_bytes(b""), "the message ends within the operation");
    let none = "the operation is none of INSERT, UPDATE, DELETE, BEGIN, COMMIT";
    for op in [Op::Unknown, Op::Other(5), Op::Other(i32::MIN)] {
        sent.op = Some(op);
        assert_eq!(bench().wrong(&sent), none);
    }
    let mut sent = whole();
    sent.new_typeinfo.pop();
    assert_eq!(bench().wrong(&sent), "the new row has not as many types as columns");
    for (name, type_) in [(None, Some(23)), (Some(b"id".to_vec()), None)] {
        let mut sent = whole();
        (sent.new_tuple[0].column_name, sent.new_tuple[0].column_type) = (name, type_);
        assert_eq!(bench().wrong(&sent), "a column has no name or no type");
    }
    let mut sent = whole();
    sent.new_tuple[0].column_type = Some(-1);
    assert_eq!(bench().wrong(&sent), "a column's type is no OID");
}

#[test]
fn rows_that_an_operation_has_not_are_refused() {
    let none = "an INSERT has an old row, a DELETE a new one, or an UPDATE an old one alone";
    let mut sent = whole();
    sent.old_tuple = sent.new_tuple.clone();
    assert_eq!(Bench::new([t()]).wrong(&sent), none);
    sent.op = Some(Op::Delete);
    assert_eq!(Bench::new([t()]).wrong(&sent), none);
    // Of a table without columns, as the catalog has it, it was taken for one that has no rows.
    sent.op = Some(Op::Update);
    (sent.new_tuple, sent.new_typeinfo) = (Vec::new(), Vec::new());
    assert_eq!(Bench::new([t()]).wrong(&sent), none);
}

#[test]
fn names_that_are_none_are_refused() {
    for name in ["t", "a.b.c", "\"public.t", ""] {
        let mut sent = whole();
        sent.table = Some(name.into());
        let wrong = Bench::new([t()]).wrong(&sent);
        assert_eq!(wrong, "the table's name is not a schema and a name as SQL quotes them", "{name}");
    }
    let mut sent = whole();
    sent.new_tuple[0].column_name = Some(b"\"id".to_vec());
    assert_eq!(Bench::new([t()]).wrong(&sent), "a column's name is not as SQL quotes it");
    sent.new_tuple[0].column_name = Some(b"\xFF".to_vec());
    assert_eq!(Bench::new([t()]).wrong(&sent), "a column's name is not UTF-8");
    let mut sent = whole();
    sent.table = Some(b"public.\xFF".to_vec());
    assert_eq!(Bench::new([t()]).wrong(&sent), "the table's name is not UTF-8");
}

#[test]
fn a_value_of_another_kind_than_its_type_is_refused() {
    for (type_, datum) in [
        (oid::INT4, Datum::Int64(1)),
        (oid::INT2, Datum::Int32(70_000)),
        (oid::OID, Datum::Int64(-1)),
        (oid::TEXT, Datum::Bool(true)),
        (oid::TIMETZ, Datum::Double(0.5)),
        (oid::BYTEA, Datum::String(vec![])),
    ] {
        let sent = insert("public.t", &[("id", type_, Some(datum)), ("note", oid::TEXT, None)]);
        let wrong = Bench::new([t()]).wrong(&sent);
        assert!(
            wrong.starts_with(&format!("column id: the plugin sends values of its type (OID {type_})")),
            "{wrong}"
        );
    }
    let sent =
        insert("public.t", &[("id", oid::INT4, None), ("note", oid::TEXT, Some(Datum::Missing(false)))]);
    assert_eq!(Bench::new([t()]).wrong(&sent), "datum_missing is false");
}

#[test]
fn a_value_that_nobody_knows_is_not_taken_for_null() {
    let name_and_type = [field(1, 2, b"\x02id"), field(2, 0, &[23])].concat();
    let later = with_column(&[name_and_type.clone(), field(12, 0, &[1])].concat());
    assert_eq!(Bench::new([t()]).wrong_bytes(&later), "a column's value is of a kind that is not known");
    let other_wire = with_column(&[name_and_type.clone(), field(3, 2, b"\x01\x01")].concat());
    let wrong = "a column's value has another wire type than it should have";
    assert_eq!(Bench::new([t()]).wrong_bytes(&other_wire), wrong);
    // Beside a value that is known it is passed over.
    let beside = with_column(&[name_and_type, field(12, 0, &[1]), field(3, 0, &[1])].concat());
    Bench::new([t()]).encoded([beside.into()]).unwrap();
}

#[test]
fn the_last_value_of_a_column_holds() {
    let name_and_type = [field(1, 2, b"\x02id"), field(2, 0, &[23])].concat();
    let twice = with_column(&[name_and_type, field(8, 2, b"\x01x"), field(3, 0, &[9])].concat());
    let mut bench = Bench::new([t()]);
    bench.encoded([twice.into()]).unwrap();
    let lines = bench.take();
    assert!(lines.iter().any(|line| line.contains("id: b\"9\"")), "{lines:?}");
}

#[test]
fn fields_in_another_wire_type_than_their_own_are_refused() {
    let wrong = "a field of the message has another wire type than it should have";
    for bytes in [
        field(1, 2, &[0]),
        field(2, 5, &[0; 4]),
        field(3, 0, &[1]),
        field(4, 1, &[0; 8]),
        field(5, 0, &[1]),
        field(6, 3, &[]),
        field(7, 0, &[1]),
    ] {
        let bytes = [whole().encode().to_vec(), bytes].concat();
        assert_eq!(Bench::new([t()]).wrong_bytes(&bytes), wrong);
    }
}

#[test]
fn a_column_that_comes_twice_is_refused() {
    let mut sent = whole();
    sent.new_tuple[1] = sent.new_tuple[0].clone();
    assert_eq!(Bench::new([t()]).wrong(&sent), "table public.t: column id comes twice in one row");
}

#[test]
fn messages_that_may_not_stand_there_are_refused() {
    let first = |sent: &RowMessage| Bench::new([t()]).bytes(&sent.encode()).unwrap_err().to_string();
    assert!(first(&whole()).contains("a change outside of a transaction"));
    assert!(first(&message(Op::Commit)).contains("that did not begin"));
    let mut bench = Bench::new([t()]);
    bench.bytes(&message(Op::Begin).encode()).unwrap();
    let again = bench.bytes(&message(Op::Begin).encode()).unwrap_err().to_string();
    assert!(again.contains("a transaction begins within another"), "{again}");
    let mut other = message(Op::Commit);
    other.transaction_id = Some(8);
    let mut bench = Bench::new([t()]);
    bench.bytes(&message(Op::Begin).encode()).unwrap();
    assert!(bench.bytes(&other.encode()).unwrap_err().to_string().contains("another transaction"));
}

#[test]
fn more_columns_than_a_table_may_have_are_refused() {
    let columns: Vec<_> = (0..1601).map(|at| (format!("c{at}"), oid::INT4)).collect();
    let columns: Vec<_> = columns.iter().map(|(name, type_)| (name.as_str(), *type_, int(1))).collect();
    let wrong = Bench::new([t()]).wrong(&insert("public.t", &columns));
    assert_eq!(wrong, "more columns than a table can have");
    let mut bench = Bench::with(DecoderBufs::default(), Tables::without_catalog());
    assert_eq!(bench.lines(&insert("public.t", &columns[1..])).len(), 2);
}

#[test]
fn a_begin_or_commit_needs_the_transactions_id_and_commit_time() {
    for op in [Op::Begin, Op::Commit] {
        let (mut no_xid, mut no_time) = (message(op), message(op));
        (no_xid.transaction_id, no_time.commit_time) = (None, None);
        for sent in [no_xid, no_time] {
            let error = Bench::new([t()]).bytes(&sent.encode()).unwrap_err().to_string();
            assert!(error.ends_with("a BEGIN or COMMIT has no transaction's id or commit time"), "{error}");
        }
    }
}
