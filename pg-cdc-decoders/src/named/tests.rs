//! Tests of what is made of catalog and change, with a plugin of few words.

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::{ChangeBatch, Event, Op, TruncateOptions};
use pg_cdc_core::types::{Field, Shape as TypeShape, oid};
use pg_cdc_core::{
    Column, ColumnType, Columns, Datum, Frame, Known, Lsn, Outcome, ReplicaIdentity, Shape, Table,
    TableFacts, TableName, Tables,
};

use super::*;
use crate::InvalidText;

/// `table op column:type=value …`, an old row between `<` and `>`; `-` is NULL, `?` an unchanged value.
struct Toy<'a>(&'a str);

impl Toy<'_> {
    fn head(&self) -> (&str, &str) {
        let mut words = self.0.splitn(3, ' ');
        (words.next().unwrap(), words.next().unwrap())
    }
}

impl SentChange for Toy<'_> {
    fn table(&self) -> &[u8] {
        self.head().0.as_bytes()
    }

    fn op(&self) -> Op {
        match self.head().1 {
            "insert" => Op::Insert,
            "update" => Op::Update,
            _ => Op::Delete,
        }
    }

    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault> {
        let start = self.0.as_ptr() as usize;
        let mut is_old = false;
        for word in self.0.split(' ').skip(2) {
            match word {
                "<" => {
                    is_old = true;
                    columns.old_row()?;
                }
                ">" => columns.new_row()?,
                word => {
                    if !is_old {
                        is_old = true;
                        columns.new_row()?;
                    }
                    let (label, value) = word.split_once('=').unwrap();
                    let known = columns.expected() == label.as_bytes();
                    let label = if known { Label::Expected } else { Label::Read(label.as_bytes()) };
                    let (offset, length) = (value.as_ptr() as usize - start, value.len());
                    match value {
                        "-" => columns.value(label, SentValue::Null)?,
                        "?" => columns.value(label, SentValue::Unchanged)?,
                        _ => columns.value(label, SentValue::Text { offset, length })?,
                    }
                }
            }
        }
        Ok(())
    }

    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault> {
        name_of(self.table(), text)
    }

    fn column(&self, label: &[u8], _: &TextEncoding) -> Result<SentColumn, Fault> {
        let (name, type_) = std::str::from_utf8(label).unwrap().split_once(':').unwrap();
        let type_ = if type_ == "system" { SentType::System } else { SentType::Printed(type_.to_owned()) };
        Ok(SentColumn { name: name.to_owned(), type_ })
    }
}

fn name_of(sent: &[u8], _: &TextEncoding) -> Result<TableName, Fault> {
    Ok(TableName::new("public", std::str::from_utf8(sent).unwrap()))
}

/// A `Named`, and a catalog that is asked.
struct Bench {
    named: Named,
    tables: Tables,
    catalog: Vec<(&'static str, Option<TableFacts>)>,
    asked: usize,
    batch: ChangeBatch,
}

const RULES: Rules = Rules {
    omits_unchanged: false,
    makes_old_rows: false,
    old_rows: OldRows::WithoutNulls,
    tells_commit_ends: false,
};
const OMITS: Rules = Rules { omits_unchanged: true, ..RULES };

fn mark(is_begin: bool) -> Mark {
    Mark { is_begin, xid: Some(7), commit_lsn: Lsn::new(100), end_lsn: Lsn::new(110), commit_time: 5 }
}

/// A table whose first column is its key.
fn table(oid: u32, name: &str, columns: &[(&str, u32)]) -> Table {
    let mut columns: Vec<_> =
        columns.iter().map(|&(name, type_)| Column::new(name, ColumnType::built_in(type_))).collect();
    columns[0].identity = true;
    columns[0].nullable = false;
    let name = TableName::new("public", name);
    Table::new(oid, name, columns, ReplicaIdentity::Default).with_key(vec![0])
}

fn facts(table: Table) -> TableFacts {
    let plain = table.columns.iter().filter(|column| column.type_.oid == oid::INT4);
    let plain = plain.map(|column| Arc::clone(&column.name)).collect();
    let mut facts = TableFacts::new(Arc::new(table), Lsn::ZERO);
    facts.plain = plain;
    facts
}

fn t() -> Table {
    table(1, "t", &[("id", oid::INT4), ("note", oid::TEXT)])
}

impl Bench {
    fn new(rules: Rules) -> Self {
        let named = Named::new(rules, TextEncoding::default(), []);
        Self {
            named,
            tables: Tables::from_catalog(),
            catalog: Vec::new(),
            asked: 0,
            batch: ChangeBatch::new(),
        }
        .begun()
    }

    fn with(rules: Rules, table: Table) -> Self {
        let mut bench = Self::new(rules);
        bench.catalog.push(("t", Some(facts(table))));
        bench
    }

    fn begun(mut self) -> Self {
        let _ = self.named.begin(&mark(true), &self.tables).unwrap();
        self
    }

    /// The catalog says of `name` from now on that it is this.
    fn now(&mut self, name: &'static str, facts: Option<TableFacts>) {
        self.catalog.retain(|(known, _)| *known != name);
        self.catalog.push((name, facts));
    }

    fn answer(&mut self, name: &TableName) {
        self.asked += 1;
        let Some((_, known)) = self.catalog.iter().find(|(known, _)| **known == *name.name) else { return };
        let known = known.clone().map_or(Known::Unwanted, Known::Wanted);
        self.tables.insert_named(name.clone(), known);
    }

    fn bytes(&mut self, message: &[u8]) -> Result<(), String> {
        let buffer = Bytes::copy_from_slice(message);
        let frame = Frame::whole(Lsn::new(50), &buffer);
        let text = String::from_utf8_lossy(message);
        loop {
            let asked = self.asked;
            let outcome = match text.strip_prefix("truncate ") {
                Some(list) => {
                    let sent = list.split(' ').map(str::as_bytes);
                    let options = TruncateOptions::default();
                    self.named.truncate(sent, name_of, options, &frame, &self.tables, &mut self.batch)
                }
                None => self.named.change(&Toy(&text), &frame, &self.tables, &mut self.batch),
            };
            match outcome.map_err(|fault| fault.what().to_string())? {
                Outcome::NeedTable { oid: None, name, .. } => self.answer(&name),
                _ => return Ok(()),
            }
            assert!(self.asked < asked + 2, "a frame asks once a table");
        }
    }

    fn take(&mut self, message: &str) -> Vec<String> {
        self.bytes(message.as_bytes()).unwrap_or_else(|error| panic!("{message}: {error}"));
        self.lines()
    }

    fn lines(&mut self) -> Vec<String> {
        std::mem::take(&mut self.batch).events().filter_map(|event| line(&event)).collect()
    }
}

fn line(event: &Event<'_>) -> Option<String> {
    let row = |row: pg_cdc_core::batch::Row<'_>| {
        let columns = row.columns().map(|(column, datum)| match datum {
            Datum::Text(text) => format!("{}={}", column.name, String::from_utf8_lossy(text)),
            other => format!("{}:{other:?}", column.name),
        });
        columns.collect::<Vec<_>>().join(" ")
    };
    match event {
        Event::Change(change) => {
            let before = change.before().map_or(String::new(), |old| format!(" < {} >", row(old)));
            let after = change.after().map_or(String::new(), |new| format!(" {}", row(new)));
            Some(format!("{:?} {}{before}{after}", change.op(), change.table().name.name))
        }
        Event::SchemaChange { old, new } => {
            let columns = new.columns.iter().map(|column| format!("{}:{}", column.name, column.type_.name));
            let columns = columns.collect::<Vec<_>>().join(" ");
            let old = old.map_or("new".to_owned(), |old| format!("was {}", old.name.name));
            Some(format!("{} {} ({columns}) {old} key {:?}", new.oid, new.name.name, new.key))
        }
        _ => None,
    }
}

const T: &str = "1 t (id:int4 note:text) new key [0]";

#[test]
fn a_table_is_asked_for_once_and_its_columns_are_found_again() {
    let mut bench = Bench::with(RULES, t());
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T, "Insert t id=1 note=x"]);
    assert_eq!(bench.take("t insert id:integer=2 note:text=-"), ["Insert t id=2 note:Null"]);
    assert_eq!(bench.take("t update id:integer=2 note:text=?"), ["Update t id=2 note:Unchanged"]);
    assert_eq!(bench.take("t delete < id:integer=2"), ["Delete t < id=2 note:NotInIdentity >"]);
    assert_eq!(bench.asked, 1);
}

#[test]
fn changes_of_tables_that_nobody_wants_are_passed_over() {
    let mut bench = Bench::with(RULES, t());
    bench.now("u", None);
    assert!(
        bench.take("u insert id:integer=1").is_empty() && bench.take("u delete < id:integer=1").is_empty()
    );
    assert_eq!(bench.asked, 1);
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T, "Insert t id=1 note=x"]);
}

#[test]
fn what_is_in_the_snapshot_of_the_table_is_passed_over() {
    let mut bench = Bench::new(RULES);
    let mut later = facts(t());
    later.from = Lsn::new(101);
    bench.now("t", Some(later));
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T]);
}

#[test]
fn where_only_inserts_are_wanted_updates_and_deletes_are_passed_over() {
    let mut facts = facts(t());
    facts.inserts_only = true;
    let mut bench = Bench::new(RULES);
    bench.now("t", Some(facts));
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T, "Insert t id=1 note=x"]);
    assert!(bench.take("t delete < id:integer=1").is_empty());
    assert!(bench.take("t update id:integer=1 note:text=y").is_empty());
    assert_eq!(bench.take("truncate t"), ["Truncate t"]);
}

#[test]
fn a_change_without_a_row_is_an_error_where_it_is_wanted() {
    let mut bench = Bench::with(RULES, t());
    bench.now("u", None);
    let rowless = |bench: &mut Bench, sent: &[u8]| loop {
        let outcome = bench.named.rowless(sent, name_of, Op::Delete, &bench.tables, &mut bench.batch);
        match outcome.map_err(|fault| fault.what().to_string()) {
            Ok(Some(Outcome::NeedTable { name, .. })) => bench.answer(&name),
            Ok(outcome) => break Ok(outcome),
            Err(error) => break Err(error),
        }
    };
    assert_eq!(rowless(&mut bench, b"u"), Ok(Some(Outcome::Taken)));
    // The whole row of a table without columns.
    let mut bare = table(3, "bare", &[("id", oid::INT4)]);
    (bare.columns, bare.key, bare.identity) = (Vec::new(), Vec::new(), ReplicaIdentity::Full);
    bench.now("bare", Some(TableFacts::new(Arc::new(bare), Lsn::ZERO)));
    assert_eq!(rowless(&mut bench, b"bare"), Ok(None));
    let error = rowless(&mut bench, b"t").unwrap_err();
    assert!(error.contains("table public.t") && error.contains("without_key"), "{error}");
}

#[test]
fn a_column_that_came_later_is_absent_until_it_is_there() {
    let mut bench =
        Bench::with(RULES, table(1, "t", &[("id", oid::INT4), ("note", oid::TEXT), ("n", oid::INT4)]));
    let t = "1 t (id:int4 note:text n:int4) new key [0]";
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [t, "Insert t id=1 note=x n:Absent"]);
    assert_eq!(bench.take("t update id:integer=1 note:text=y"), ["Update t id=1 note=y n:Absent"]);
    assert_eq!(bench.take("t insert id:integer=2 note:text=x n:integer=3"), ["Insert t id=2 note=x n=3"]);
    // From here on one that lacks it is of another version again; the catalog was asked.
    assert_eq!(bench.asked, 1);
    bench.now("t", Some(facts(self::t())));
    assert_eq!(
        bench.take("t insert id:integer=3 note:text=x"),
        ["1 t (id:int4 note:text) was t key [0]", "Insert t id=3 note=x"]
    );
    assert_eq!(bench.asked, 2);
}

#[test]
fn a_column_that_was_dropped_or_renamed_since_is_one_still() {
    let mut bench = Bench::with(RULES, table(1, "t", &[("id", oid::INT4), ("b", oid::TEXT)]));
    assert_eq!(
        bench.take("t insert id:integer=1 gone:integer=5 a:text=x"),
        ["1 t (id:int4 gone:int4 a:text b:text) new key [0]", "Insert t id=1 gone=5 a=x b:Absent"]
    );
    assert_eq!(
        bench.take("t insert id:integer=1 b:text=x"),
        ["1 t (id:int4 b:text) was t key [0]", "Insert t id=1 b=x"]
    );
    // The catalog's word of before explains it.
    assert_eq!(bench.asked, 1);
}

#[test]
fn a_column_that_was_retyped_since_is_of_the_type_that_the_change_tells() {
    let mut bench = Bench::with(RULES, table(1, "t", &[("id", oid::INT4), ("n", oid::INT8)]));
    assert_eq!(
        bench.take("t insert id:integer=1 n:integer=5"),
        ["1 t (id:int4 n:int4) new key [0]", "Insert t id=1 n=5"]
    );
    assert_eq!(
        bench.take("t insert id:integer=1 n:bigint=5"),
        ["1 t (id:int4 n:int8) was t key [0]", "Insert t id=1 n=5"]
    );
    // Of a type that nobody knows any more the name is all there is.
    assert_eq!(
        bench.take("t insert id:integer=1 n:app.mood=ok"),
        ["1 t (id:int4 n:app.mood) was t key [0]", "Insert t id=1 n=ok"]
    );
}

fn pair(fields: &[&str]) -> ColumnType {
    let fields = fields.iter().map(|name| Field::new(*name, ColumnType::built_in(oid::INT4))).collect();
    ColumnType::with_shape(70_000, -1, "app.pair", TypeShape::Composite { fields })
}

fn with_pair(fields: &[&str]) -> Table {
    let mut table = t();
    table.columns[1].type_ = pair(fields);
    table
}

#[test]
fn a_composite_that_was_altered_has_the_catalog_asked() {
    let mut bench = Bench::with(RULES, with_pair(&["a"]));
    let lines = bench.take("t insert id:integer=1 note:app.pair=(1)");
    assert_eq!(lines[1], "Insert t id=1 note=(1)");
    assert_eq!(bench.asked, 1);
    bench.now("t", Some(facts(with_pair(&["a", "b"]))));
    let insert = "t insert id:integer=1 note:app.pair=(1,2)";
    bench.bytes(insert.as_bytes()).unwrap();
    assert_eq!(bench.batch.changes().next().unwrap().table().columns[1].type_, pair(&["a", "b"]));
    assert_eq!(bench.lines()[1], "Insert t id=1 note=(1,2)");
    assert_eq!(bench.take(insert), ["Insert t id=1 note=(1,2)"]);
    assert_eq!(bench.asked, 2);
}

#[test]
fn a_composite_of_another_time_is_carried_as_its_text() {
    let mut bench = Bench::with(RULES, with_pair(&["a"]));
    let insert = "t insert id:integer=1 note:app.pair=(1,2)";
    bench.bytes(insert.as_bytes()).unwrap();
    let type_ = bench.batch.changes().next().unwrap().table().columns[1].type_.clone();
    assert_eq!((type_.oid, type_.fields()), (70_000, None));
    assert_eq!(bench.lines().last().unwrap(), "Insert t id=1 note=(1,2)");
    assert_eq!(bench.take(insert), ["Insert t id=1 note=(1,2)"]);
    assert_eq!(bench.asked, 1, "a frame asks once, and what is text fits anything");
}

#[test]
fn what_else_is_known_of_a_name_is_seen_with_the_next_transaction() {
    let mut bench = Bench::with(RULES, t());
    bench.take("t insert id:integer=1 note:text=x");
    bench.tables.insert_named(TableName::new("public", "t"), Known::Unwanted);
    assert_eq!(bench.take("t insert id:integer=1 note:text=x").len(), 1);
    let _ = bench.named.commit(&mark(false), &mut bench.batch).unwrap();
    let _ = bench.named.begin(&mark(true), &bench.tables).unwrap();
    assert!(bench.take("t insert id:integer=1 note:text=x").is_empty());
}

#[test]
fn what_an_update_leaves_out_is_unchanged_only_where_it_may_be() {
    let columns = &[("id", oid::INT4), ("n", oid::INT4), ("note", oid::TEXT)];
    let mut bench = Bench::with(OMITS, table(1, "t", columns));
    let t = "1 t (id:int4 n:int4 note:text) new key [0]";
    assert_eq!(bench.take("t update id:integer=1 n:integer=2"), [t, "Update t id=1 n=2 note:Unchanged"]);
    assert_eq!(bench.take("t insert id:integer=1 n:integer=2 note:text=x"), ["Insert t id=1 n=2 note=x"]);
    // A number is never out of line: it was not there.
    assert_eq!(bench.take("t update id:integer=1"), ["Update t id=1 n:Absent note:Unchanged"]);
    // Where the old row has it, it is filled in.
    let full = "t update < id:integer=1 n:integer=2 note:text=old > id:integer=1 n:integer=3";
    let mut bench = Bench::new(OMITS);
    let mut whole = table(1, "t", columns);
    whole.identity = ReplicaIdentity::Full;
    bench.now("t", Some(facts(whole)));
    assert_eq!(bench.take(full)[1], "Update t < id=1 n=2 note=old > id=1 n=3 note=old");
    assert!(bench.take("t insert id:integer=1").len() == 1, "what an INSERT leaves out was not there");
}

#[test]
fn whole_old_rows_leave_only_nulls_out() {
    let mut whole = table(1, "t", &[("id", oid::INT4), ("n", oid::INT4), ("note", oid::TEXT)]);
    whole.identity = ReplicaIdentity::Full;
    let mut bench = Bench::with(RULES, whole);
    assert_eq!(bench.take("t delete < id:integer=1 note:text=x")[1], "Delete t < id=1 n:Null note=x >");
    // One that lacks what can't be NULL was written under another identity.
    assert_eq!(
        bench.take("t delete < note:text=x"),
        ["Delete t < id:NotInIdentity n:NotInIdentity note=x >"]
    );
}

#[test]
fn an_old_row_of_another_identity_asks_for_the_one_of_now() {
    let mut bench = Bench::with(RULES, t());
    assert_eq!(bench.take("t insert id:integer=1 note:text=x").len(), 2);
    let mut whole = t();
    whole.identity = ReplicaIdentity::Full;
    bench.now("t", Some(facts(whole)));
    let delete = "t delete < id:integer=1 note:text=x";
    let lines = ["1 t (id:int4 note:text) was t key [0]", "Delete t < id=1 note=x >"];
    assert_eq!(bench.take(delete), lines);
    // And where the catalog knows none of it any more, the row is as it was sent, and nobody asks again.
    let mut bench = Bench::with(RULES, t());
    assert_eq!(bench.take(delete)[1], "Delete t < id=1 note=x >");
    assert_eq!(bench.take(delete), ["Delete t < id=1 note=x >"]);
    assert_eq!(bench.asked, 1);
}

#[test]
fn nulls_of_columns_outside_the_identity_say_nothing_where_all_columns_are_sent() {
    let mut bench = Bench::with(Rules { old_rows: OldRows::All, ..RULES }, t());
    assert_eq!(bench.take("t delete < id:integer=1 note:text=-")[1], "Delete t < id=1 note:NotInIdentity >");
}

#[test]
fn columns_that_are_not_read_and_those_of_the_system_are_passed_over() {
    let mut facts = facts(table(1, "t", &[("id", oid::INT4), ("b", oid::TEXT)]));
    let columns = Columns::Except(vec!["secret".to_owned()]);
    facts.shape = Arc::new(Shape::default().with_columns(columns));
    facts.generated = vec!["total".into()];
    // The last is a virtual one, of which there are no values.
    facts.left_out = vec!["secret".into(), "total".into(), "half".into()];
    let mut bench = Bench::new(RULES);
    bench.now("t", Some(facts));
    let lines = ["1 t (id:int4 b:text) new key [0]", "Insert t id=1 b=x"];
    assert_eq!(
        bench
            .take("t insert oid:system=9 id:integer=1 secret:text=s total:integer=3 half:integer=- b:text=x"),
        lines
    );
    // One of them that comes or goes is none of our business.
    assert_eq!(bench.take("t insert id:integer=2 b:text=y"), ["Insert t id=2 b=y"]);
}

#[test]
fn a_table_that_is_renamed_is_the_same_table() {
    let mut bench = Bench::with(RULES, t());
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T, "Insert t id=1 note=x"]);
    bench.now("u", Some(facts(table(1, "u", &[("id", oid::INT4), ("note", oid::TEXT)]))));
    let lines = ["1 u (id:int4 note:text) was t key [0]", "Insert u id=2 note=x"];
    assert_eq!(bench.take("u insert id:integer=2 note:text=x"), lines);
    // Who goes by its old name by now is another.
    bench.now("t", None);
    assert!(bench.take("t insert id:integer=1 note:text=x").is_empty());
    assert_eq!(bench.asked, 3);
}

#[test]
fn a_change_of_before_the_rename_has_the_name_of_then() {
    let mut bench = Bench::with(RULES, table(1, "u", &[("id", oid::INT4), ("note", oid::TEXT)]));
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [T, "Insert t id=1 note=x"]);
}

#[test]
fn versions_outlive_reconnects_and_what_a_name_means_is_asked_again() {
    let mut bench = Bench::with(RULES, t());
    bench.take("t insert id:integer=1 note:text=x");
    let saved = Arc::new(t());
    bench.named.restart(None);
    let _ = bench.named.begin(&mark(true), &bench.tables).unwrap();
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), ["Insert t id=1 note=x"]);
    assert_eq!(bench.asked, 2);
    // A saved version that fits is preferred to one of now that does not.
    let mut bench = Bench::with(RULES, table(1, "t", &[("id", oid::INT4), ("later", oid::TEXT)]));
    bench.named = Named::new(RULES, TextEncoding::default(), [saved]);
    let mut bench = bench.begun();
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), ["Insert t id=1 note=x"]);
}

#[test]
fn a_truncate_asks_for_each_of_its_tables() {
    let mut bench = Bench::with(RULES, t());
    bench.now("u", Some(facts(table(2, "u", &[("id", oid::INT4)]))));
    bench.now("v", None);
    let lines = [T, "2 u (id:int4) new key [0]", "Truncate t", "Truncate u"];
    assert_eq!(bench.take("truncate t v u"), lines);
    assert_eq!(bench.asked, 3);
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), ["Insert t id=1 note=x"]);
}

#[test]
fn without_a_catalog_a_table_is_what_its_changes_show() {
    let mut bench = Bench::new(RULES);
    bench.tables = Tables::without_catalog();
    let t = "0 t (id:int4 note:text) new key []";
    assert_eq!(bench.take("t insert id:integer=1 note:text=x"), [t, "Insert t id=1 note=x"]);
    assert_eq!(bench.take("t delete < id:integer=1"), ["Delete t < id=1 note:NotInIdentity >"]);
    assert_eq!(
        bench.take("t insert id:integer=1 n:integer=2"),
        ["0 t (id:int4 n:int4) was t key []", "Insert t id=1 n=2"]
    );
    assert_eq!(bench.asked, 0);
}

#[test]
fn a_table_that_is_gone_is_made_of_what_its_changes_show() {
    let mut bench = Bench::new(RULES);
    assert_eq!(bench.take("t insert id:integer=1")[1], "Insert t id=1");
    assert_eq!(bench.take("t insert id:integer=2"), ["Insert t id=2"]);
}

#[test]
fn columns_that_come_twice_are_an_error() {
    let mut bench = Bench::with(RULES, t());
    let error = bench.bytes(b"t insert id:integer=1 id:integer=1").unwrap_err();
    assert!(error.contains("column id comes twice in one row"), "{error}");
    bench.take("t insert id:integer=1 note:text=x");
    assert!(bench.bytes(b"t insert id:integer=1 note:text=x note:text=x").is_err());
}

#[test]
fn rows_of_a_change_that_have_not_their_columns_in_common_are_an_error_that_names_one() {
    for change in [
        &b"t update < note:text=x id:integer=1 > id:integer=1 note:text=y"[..],
        b"t update < id:text=1 > id:integer=1 note:text=y",
    ] {
        let mut bench = Bench::with(RULES, t());
        let error = bench.bytes(change).unwrap_err();
        assert!(error.starts_with("table public.t, column id: expected it in both rows"), "{error}");
        assert_eq!(bench.take("t insert id:integer=1 note:text=x").last().unwrap(), "Insert t id=1 note=x");
    }
}

#[test]
fn text_of_other_encodings_is_converted_and_what_is_none_names_its_column() {
    let mut bench = Bench::with(RULES, t());
    bench.named.text = TextEncoding::new("SQL_ASCII").unwrap();
    bench.take("t insert id:integer=1 note:text=x");
    assert_eq!(bench.take("t insert id:integer=1 note:text=\u{e9}"), ["Insert t id=1 note=\u{e9}"]);
    bench.named.text = TextEncoding::new("LATIN1").unwrap();
    // Its UTF-8 is two characters of that encoding.
    assert_eq!(bench.take("t insert id:integer=1 note:text=\u{e9}"), ["Insert t id=1 note=\u{c3}\u{a9}"]);
    // The toy's text is UTF-8, so an encoding that has nothing where U+00C1 begins or ends.
    bench.named.text = TextEncoding::new("WIN1252").unwrap();
    let error = bench.bytes("t insert id:integer=1 note:text=\u{c1}".as_bytes()).unwrap_err();
    assert!(error.contains("table public.t, column note") && error.contains("WIN1252"), "{error}");
    bench.named.text = bench.named.text.with_invalid_text(InvalidText::Base64);
    assert_eq!(bench.take("t insert id:integer=1 note:text=\u{c1}"), ["Insert t id=1 note=w4E="]);
}

#[test]
fn an_old_row_may_come_last_and_one_that_was_made_from_the_new_one_is_none() {
    let mut bench = Bench::with(Rules { makes_old_rows: true, ..OMITS }, t());
    bench.take("t insert id:integer=1 note:text=a");
    let moved = "t update id:integer=2 note:text=b < id:integer=1";
    assert_eq!(bench.take(moved), ["Update t < id=1 note:NotInIdentity > id=2 note=b"]);
    let stayed = "t update id:integer=2 note:text=b < id:integer=2";
    assert_eq!(bench.take(stayed), ["Update t id=2 note=b"]);
    // It holds all of the row, so it was written, whatever is known of the identity.
    let whole = "t update id:integer=2 note:text=b < id:integer=2 note:text=b";
    let lines = bench.take(whole);
    assert_eq!(lines.last().unwrap(), "Update t < id=2 note=b > id=2 note=b");
}
