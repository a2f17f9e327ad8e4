//! What is no message, or no statement, is an error that says where; never a panic.

use super::*;

const STATEMENTS: [&str; 6] = [
    r#"INSERT INTO "public"."t"("id", "note") VALUES(12, 'it''s');"#,
    r#"UPDATE "public"."t" SET "id" = NULL, "note" = 'y' WHERE "id"=1 AND "note"='x';"#,
    r#"DELETE FROM "public"."t" WHERE "id"=1 AND "note" is NULL;"#,
    "INSERT INTO public.t(id ,note) VALUES(12 ,'it''''s')",
    "UPDATE public.t SET id=null, note='y' WHERE id=1 AND note is null",
    "DELETE FROM public.\"t\" WHERE id=-12 AND note='x'",
];

#[test]
fn every_truncation_is_an_error_and_leaves_no_trace() {
    for statement in STATEMENTS {
        assert!(of(&t(), statement).is_ok(), "{statement}");
        for length in 0..statement.len() {
            let short = &statement[..length];
            let mut bench = Bench::in_transaction(&[t()]);
            let error = bench.statement(&t(), short).unwrap_err();
            assert!(error.to_string().contains("statement 1 of transaction 7"), "{error}");
            let message = walminer::row(&t(), Verb::Insert, 1, b"").len() + length;
            assert!(error.offset() <= message, "{error}");
            assert_eq!(bench.take(), [""; 0], "{short}");
        }
    }
}

#[test]
fn whatever_follows_a_statement_is_an_error() {
    for statement in STATEMENTS {
        for behind in [";", " ", "x", "\0", " AND ", ", "] {
            assert!(of(&t(), format!("{statement}{behind}")).is_err(), "{statement}{behind}");
        }
    }
}

#[test]
fn an_error_names_the_transaction_and_the_byte_but_no_value() {
    let error = wrong(&t(), r#"INSERT INTO "public"."t"("id", "gone") VALUES(1, 'secret');"#);
    assert_eq!(
        error,
        "walminer message at 0/64, offset 55: statement 1 of transaction 7, INSERT of public.t, at its byte 31: expected \
         one of the table's columns, in their order"
    );
    let error = wrong(&t(), r#"INSERT INTO "public"."t"("id", "note") VALUES('secret', 1);"#);
    assert!(error.contains("expected a value in quotes") && !error.contains("secret"), "{error}");
}

#[test]
fn statements_of_another_table_or_kind_are_refused() {
    assert!(wrong(&t(), r#"INSERT INTO "public"."u"("id") VALUES(1);"#).contains("another table"));
    assert!(wrong(&t(), r#"INSERT INTO "other"."t"("id") VALUES(1);"#).contains("another table"));
    let mut bench = Bench::in_transaction(&[t()]);
    let mixed = walminer::row(&t(), Verb::Delete, 1, br#"INSERT INTO "public"."t"("id") VALUES(1);"#);
    assert!(bench.bytes(&mixed).unwrap_err().to_string().contains(r#"expected "DELETE FROM"#));
    // Columns that come twice, or not in their order.
    assert!(wrong(&t(), r#"INSERT INTO "public"."t"("id", "id") VALUES(1, 2);"#).contains("in their order"));
    assert!(
        wrong(&t(), r#"INSERT INTO "public"."t"("note", "id") VALUES('x', 2);"#).contains("in their order")
    );
}

#[test]
fn messages_out_of_place_are_refused() {
    let mut bench = Bench::new(&[t()]);
    let commit_lsn = Lsn::new(100);
    let outside = bench.statement(&t(), STATEMENTS[0]).unwrap_err();
    assert!(outside.to_string().contains("outside of a transaction"));
    let alone = bench.message(Message::Commit { commit_lsn, end_lsn: commit_lsn }).unwrap_err();
    assert!(alone.to_string().contains("without its begin"));
    bench.begin(100, 7);
    let twice = bench.message(Message::Begin { commit_lsn, commit_time: 0, xid: 8 }).unwrap_err();
    assert!(twice.to_string().contains("within another"));
    let other = Lsn::new(101);
    assert!(bench.message(Message::Commit { commit_lsn: other, end_lsn: other }).is_err());
    assert!(
        bench.bytes(&Bytes::from_static(b"X")).unwrap_err().to_string().contains("expected a message's tag")
    );
    assert!(bench.bytes(&Bytes::new()).is_err());
}

#[test]
fn what_is_no_text_in_sql_ascii_is_what_was_asked_for() {
    use crate::{InvalidText, TextEncoding};
    let statement = b"INSERT INTO \"public\".\"t\"(\"id\", \"note\") VALUES(1, 'it''s \xC3\xA9 \xFF');";
    let encoding = TextEncoding::new("SQL_ASCII").unwrap();
    let decode = |text| {
        let mut bench = Bench::new(&[t()]);
        bench.decoder = WalMiner::new().with_text(text);
        bench.begin(100, 7);
        (bench.statement(&t(), statement).map_err(|error| error.to_string()), bench.take())
    };
    let (error, left) = decode(encoding);
    let error = error.unwrap_err();
    assert!(error.contains("column note: the value is not text in the database's encoding"), "{error}");
    assert_eq!(left, [""; 0]);
    let (outcome, seen) = decode(encoding.with_invalid_text(InvalidText::Replace));
    assert_eq!(outcome, Ok(Outcome::Taken));
    assert_eq!(seen[2], "Insert #0 new {id: [1], note: [it's é \u{FFFD}]}");
}
