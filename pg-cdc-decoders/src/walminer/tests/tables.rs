//! What must be known of tables.

use super::*;
use pg_cdc_core::Position;

const INSERT: &str = r#"INSERT INTO "public"."t"("id", "note") VALUES(1, 'x');"#;

fn facts(table: &Arc<Table>) -> TableFacts {
    TableFacts::new(Arc::clone(table), Lsn::ZERO)
}

/// A bench beside a catalog that was asked nothing yet.
fn asking() -> Bench {
    let mut bench = Bench::new(&[]);
    bench.tables = Tables::from_catalog();
    bench.begin(100, 7);
    bench
}

fn needs_t() -> Outcome {
    Outcome::NeedTable { oid: None, name: TableName::new("public", "t"), types: Vec::new() }
}

#[test]
fn a_table_that_is_not_known_is_asked_for_once() {
    let mut bench = asking();
    assert_eq!(bench.statement(&t(), INSERT).unwrap(), needs_t());
    assert_eq!(bench.take(), [""; 0]);
    bench.tables.insert_named(t().name.clone(), Known::Wanted(facts(&t())));
    assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
    assert_eq!(
        bench.take(),
        ["schema public.t with 2 columns, new", "begin 0/64 xid 7", "Insert #0 new {id: [1], note: [x]}"]
    );
}

#[test]
fn a_table_of_which_nothing_is_found_out_is_an_error() {
    let mut bench = asking();
    assert_eq!(bench.statement(&t(), INSERT).unwrap(), needs_t());
    assert!(bench.statement(&t(), INSERT).unwrap_err().to_string().contains("nothing is known of the table"));
    let mut alone = Bench::in_transaction(&[]);
    assert!(alone.statement(&t(), INSERT).is_err());
}

#[test]
fn a_table_that_was_altered_is_asked_for_again() {
    let mut bench = asking();
    bench.tables.insert_named(t().name.clone(), Known::Wanted(facts(&t())));
    assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
    bench.take();
    let wider = table("t", &[("id", oid::INT4), ("note", oid::TEXT), ("more", oid::INT4)]);
    let insert = r#"INSERT INTO "public"."t"("id", "more") VALUES(1, 2);"#;
    assert_eq!(bench.statement(&t(), insert).unwrap(), needs_t());
    bench.tables.insert_named(t().name.clone(), Known::Wanted(facts(&wider)));
    assert_eq!(bench.statement(&t(), insert).unwrap(), Outcome::Taken);
    assert_eq!(
        bench.take(),
        ["schema public.t with 3 columns, had 2", "Insert #1 new {id: [1], note: null, more: [2]}"]
    );
    // What does not fit the table as it is now either is an error.
    let insert = r#"INSERT INTO "public"."t"("gone") VALUES(1);"#;
    assert_eq!(bench.statement(&t(), insert).unwrap(), needs_t());
    assert!(bench.statement(&t(), insert).unwrap_err().to_string().contains("in their order"));
}

#[test]
fn unwanted_tables_have_no_changes_and_no_numbers() {
    let mut bench = asking();
    bench.tables.insert_named(TableName::new("public", "u"), Known::Unwanted);
    bench.tables.insert_named(t().name.clone(), Known::Wanted(facts(&t())));
    let u = table("u", &[]);
    // What nobody wants need not even be readable.
    assert_eq!(bench.statement(&u, "whatever").unwrap(), Outcome::Taken);
    assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
    let _ = bench.commit(100);
    assert_eq!(bench.take()[2..], ["Insert #0 new {id: [1], note: [x]}", "commit 0/64 with 1"]);
}

#[test]
fn a_table_is_wanted_from_behind_its_point() {
    let mut bench = Bench::new(&[]);
    let mut known = facts(&t());
    known.from = Lsn::new(100);
    bench.tables.insert_named(t().name.clone(), Known::Wanted(known));
    for commit_lsn in [99, 100, 101] {
        bench.begin(commit_lsn, 7);
        assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
        let _ = bench.commit(commit_lsn);
    }
    let seen = bench.take();
    assert_eq!(seen[1..], ["begin 0/65 xid 7", "Insert #0 new {id: [1], note: [x]}", "commit 0/65 with 1"]);
}

#[test]
fn what_a_tables_snapshot_shows_is_not_wanted_wherever_it_commits() {
    let mut bench = Bench::new(&[]);
    let mut known = facts(&t());
    (known.from, known.shown) = (Lsn::new(1000), Some(Arc::new("7:10:8".parse().unwrap())));
    bench.tables.insert_named(t().name.clone(), Known::Wanted(known));
    // 8 had not ended, 10 had not begun.
    for xid in [9, 8, 7, 10] {
        bench.begin(100 + u64::from(xid), xid);
        assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
        let _ = bench.commit(100 + u64::from(xid));
    }
    let seen = bench.take();
    let begun: Vec<_> = seen.iter().filter(|line| line.starts_with("begin")).collect();
    assert_eq!(begun, ["begin 0/6C xid 8", "begin 0/6E xid 10"]);
}

#[test]
fn of_a_table_whose_inserts_alone_are_wanted_nothing_else_comes() {
    let mut bench = Bench::new(&[]);
    let mut known = facts(&t());
    known.inserts_only = true;
    bench.tables.insert_named(t().name.clone(), Known::Wanted(known));
    bench.begin(100, 7);
    let update = r#"UPDATE "public"."t" SET "note" = 'y' WHERE "id"=1 AND "note"='x';"#;
    for statement in [update, r#"DELETE FROM "public"."t" WHERE "id"=1 AND "note"='y';"#, INSERT] {
        assert_eq!(bench.statement(&t(), statement).unwrap(), Outcome::Taken);
    }
    assert_eq!(bench.take()[2..], ["Insert #0 new {id: [1], note: [x]}"]);
}

#[test]
fn columns_that_nobody_reads_are_passed_over() {
    let mut bench = Bench::new(&[]);
    let mut known = facts(&t());
    known.left_out = ["secret".into(), "mo\"od".into()].to_vec();
    bench.tables.insert_named(t().name.clone(), Known::Wanted(known));
    bench.begin(100, 7);
    for statement in [
        r#"INSERT INTO "public"."t"("id", "secret", "note", "mo"od") VALUES(1, '12.50', 'x', encode('\x01', 'hex'));"#,
        r#"UPDATE "public"."t" SET "secret" = NULL WHERE "id"=1 AND "secret"='a AND "id"=2' AND "note"='x' AND "mo"od" is NULL;"#,
        r#"INSERT INTO public.t(id ,secret ,note ,"mo""od") VALUES(1 ,'x' ,'x' ,'sad')"#,
    ] {
        assert_eq!(bench.statement(&t(), statement).unwrap(), Outcome::Taken);
    }
    let row = "{id: [1], note: [x]}";
    assert_eq!(
        bench.take()[2..],
        [
            format!("Insert #0 new {row}"),
            format!("Update #1 old {row} new {row}"),
            format!("Insert #2 new {row}")
        ]
    );
}

#[test]
fn a_table_that_is_still_the_same_is_no_schema_change() {
    let mut bench = Bench::new(&[t()]);
    bench.decoder = WalMiner::with_versions([t()]);
    for _ in 0..2 {
        bench.decoder.restart(None::<&Position>);
        bench.begin(100, 7);
        assert_eq!(bench.statement(&t(), INSERT).unwrap(), Outcome::Taken);
        assert_eq!(bench.take(), ["begin 0/64 xid 7", "Insert #0 new {id: [1], note: [x]}"]);
    }
}
