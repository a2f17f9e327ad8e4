//! The statements of version 3.

use super::*;

fn key_of_t() -> Arc<Table> {
    Arc::new(Table::clone(&t()).with_key(vec![0]))
}

#[test]
fn an_insert_has_every_column() {
    assert_eq!(
        of(&t(), "INSERT INTO public.t(id ,note) VALUES(1 ,'x')").unwrap(),
        "Insert #0 new {id: [1], note: [x]}"
    );
    assert_eq!(
        of(&t(), "INSERT INTO public.t(id ,note) VALUES(null ,null)").unwrap(),
        "Insert #0 new {id: null, note: null}"
    );
    // A column that the table had not, then.
    assert_eq!(
        of(&t(), "INSERT INTO public.t(id) VALUES(1)").unwrap(),
        "Insert #0 new {id: [1], note: absent}"
    );
}

#[test]
fn where_has_the_key_and_the_rest_is_unchanged() {
    let update = "UPDATE public.t SET note='y' WHERE id=1";
    assert_eq!(
        of(&key_of_t(), update).unwrap(),
        "Update #0 old {id: [1], note: not in identity} new {id: [1], note: [y]}"
    );
    let update = "UPDATE public.t SET id=2 WHERE id=1";
    assert_eq!(
        of(&key_of_t(), update).unwrap(),
        "Update #0 old {id: [1], note: not in identity} new {id: [2], note: unchanged}"
    );
    // Nothing changed.
    assert_eq!(
        of(&key_of_t(), "UPDATE public.t SET  WHERE id=1").unwrap(),
        "Update #0 old {id: [1], note: not in identity} new {id: [1], note: unchanged}"
    );
    assert_eq!(
        of(&key_of_t(), "DELETE FROM public.t WHERE id=1").unwrap(),
        "Delete #0 old {id: [1], note: not in identity}"
    );
}

#[test]
fn without_a_key_where_has_the_row() {
    assert_eq!(
        of(&t(), "UPDATE public.t SET note=null WHERE id is null AND note='a WHERE b'").unwrap(),
        "Update #0 old {id: null, note: [a WHERE b]} new {id: null, note: null}"
    );
    assert_eq!(
        of(&t(), "DELETE FROM public.t WHERE id=1 AND note is null").unwrap(),
        "Delete #0 old {id: [1], note: null}"
    );
}

#[test]
fn a_part_of_the_key_is_an_error() {
    let pair = table("t", &[("a", oid::INT4), ("b", oid::INT4), ("c", oid::INT4)]);
    let pair = Arc::new(Table::clone(&pair).with_key(vec![1, 0]));
    assert!(of(&pair, "DELETE FROM public.t WHERE a=1 AND b=2").is_ok());
    let error = wrong(&pair, "DELETE FROM public.t WHERE b=2");
    assert!(error.contains("column a: it is of the key, and missing from WHERE"), "{error}");
}

#[test]
fn quotes_of_text_are_doubled_twice_and_others_once() {
    let quotes = table("t", &[("a", oid::TEXT), ("b", 70_000), ("c", oid::TEXT_ARRAY), ("d", oid::CHAR)]);
    let insert = "INSERT INTO public.t(a ,b ,c ,d) VALUES('it''''s' ,'it''s' ,'{it''''s}' ,'''''')";
    assert_eq!(of(&quotes, insert).unwrap(), "Insert #0 new {a: [it's], b: [it's], c: [{it's}], d: [']}");
    let once = "INSERT INTO public.t(a) VALUES('it''s')";
    assert!(wrong(&quotes, once).contains("column a: expected every quote in a text to be doubled twice"));
}

#[test]
fn names_are_quoted_as_sql_has_it() {
    let odd = table("Odd \"one\"", &[("plain_1", oid::INT4), ("sel\"ect", oid::INT4), ("select", oid::INT4)]);
    let insert = r#"INSERT INTO public."Odd ""one"""(plain_1 ,"sel""ect" ,"select") VALUES(1 ,2 ,3)"#;
    assert_eq!(of(&odd, insert).unwrap(), r#"Insert #0 new {plain_1: [1], sel"ect: [2], select: [3]}"#);
    let other = r#"INSERT INTO public."Odd one"(plain_1) VALUES(1)"#;
    assert!(wrong(&odd, other).contains("of another table than its row says"));
}

#[test]
fn booleans_bits_and_numbers_are_literals() {
    let columns = [
        ("b", oid::BOOL),
        ("c", oid::BOOL),
        ("bits", oid::VARBIT),
        ("f", oid::FLOAT8),
        ("ts", oid::TIMESTAMP),
    ];
    let insert =
        "INSERT INTO public.t(b ,c ,bits ,f ,ts) VALUES(true ,false ,B'101' ,NaN ,'2024-02-29 12:00:00')";
    assert_eq!(
        of(&table("t", &columns), insert).unwrap(),
        "Insert #0 new {b: [t], c: [f], bits: [101], f: [NaN], ts: [2024-02-29 12:00:00]}"
    );
}

#[test]
fn what_is_out_of_line_and_was_not_written_is_unchanged() {
    let marker = "'!!!can not found toast value!!!'";
    let update = format!("UPDATE public.t SET id=2 WHERE id=1 AND note={marker}");
    assert_eq!(
        of(&t(), update).unwrap(),
        "Update #0 old {id: [1], note: not in identity} new {id: [2], note: unchanged}"
    );
    let insert = format!("INSERT INTO public.t(id ,note) VALUES(1 ,{marker})");
    assert!(wrong(&t(), insert).contains("column note: walminer could not restore a new value"));
}

#[test]
fn a_row_that_could_not_be_restored_is_an_error() {
    for statement in [
        "UPDATE public.t (WALMINER_DATA_MISSED)",
        "DELETE FROM public.t (WALMINER_DATA_MISSED)",
        "INSERT INTO public.t(WALMINER_DATA_MISSED) VALUES(WALMINER_DATA_MISSED)",
    ] {
        let error = wrong(&t(), statement);
        assert!(error.contains("begins too late"), "{error}");
    }
}

#[test]
fn a_statement_that_ends_with_a_semicolon_is_read_as_version_1_prints_it() {
    let update = r#"UPDATE "public"."t" SET "note" = 'it''s' WHERE "id"=1 AND "note" is NULL;"#;
    assert_eq!(of(&t(), update).unwrap(), "Update #0 old {id: [1], note: null} new {id: [1], note: [it's]}");
}
