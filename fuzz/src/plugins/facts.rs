//! What a server's catalog might say of a few tables: what is so, or what was changed of it since.

use std::sync::{Arc, LazyLock};

use pg_cdc_core::types::{Field, oid};
use pg_cdc_core::{
    Column, ColumnType, Columns, Known, Lsn, ReplicaIdentity, Shape, Table, TableFacts, TableName, Tables,
    types,
};

use crate::choice::type_of;
use crate::choices::Choices;

/// The tables that there are: of all kinds of types, and those that walminer was recorded with.
static TABLES: LazyLock<Vec<Arc<Table>>> = LazyLock::new(|| {
    let plain = [
        ("id", oid::INT4),
        ("note", oid::TEXT),
        ("n", oid::NUMERIC),
        ("f", oid::FLOAT8),
        ("b", oid::BOOL),
        ("x", oid::BYTEA),
        ("at", oid::TIMESTAMPTZ),
        ("tags", oid::TEXT_ARRAY),
        ("m", oid::MONEY),
        ("p", oid::POINT),
        ("d", oid::DATE),
        ("z", oid::TIMETZ),
    ];
    let orders = [
        ("id", oid::INT4),
        ("customer", oid::VARCHAR),
        ("amount", oid::NUMERIC),
        ("note", oid::TEXT),
        ("at", oid::TIMESTAMPTZ),
        ("tags", oid::TEXT_ARRAY),
        ("ok", oid::BOOL),
        ("blob", oid::BYTEA),
        ("j", oid::JSONB),
        ("f", oid::FLOAT8),
        ("d", oid::DATE),
        ("u", oid::UUID),
        ("i", oid::INTERVAL),
        ("net", oid::INET),
        ("bits", oid::BIT),
    ];
    let tables: [(&str, &[(&str, u32)]); 6] = [
        ("t", &plain),
        ("U \"v", &[("a b", oid::VARCHAR), ("j", oid::JSONB), ("mood", 70_001), ("pair", 70_002)]),
        ("orders", &orders),
        ("nokey", &[("a", oid::INT4), ("b", oid::TEXT)]),
        ("Mixed Case", &[("Id", oid::INT4), ("sel ect", oid::TEXT)]),
        ("parts", &[("k1", oid::INT4), ("k2", oid::TEXT), ("v", oid::TEXT)]),
    ];
    (1..).zip(tables).map(|(number, (name, columns))| table(number, name, columns)).collect()
});

/// The tables that there are; the first column of most is their key.
#[must_use]
pub fn tables() -> &'static [Arc<Table>] {
    &TABLES
}

fn table(number: u32, name: &str, columns: &[(&str, u32)]) -> Arc<Table> {
    let is_full = matches!(name, "nokey" | "U \"v");
    let columns = columns.iter().enumerate().map(|(at, &(name, type_oid))| {
        let type_ = own(type_oid).unwrap_or_else(|| ColumnType::built_in(type_oid));
        let mut column = Column::new(name, type_);
        column.identity = at == 0 || is_full;
        column.nullable = at != 0;
        column
    });
    let identity = if is_full { ReplicaIdentity::Full } else { ReplicaIdentity::Default };
    let name = TableName::new("public", name);
    let table = Table::new(number, name, columns.collect(), identity);
    Arc::new(if is_full { table } else { table.with_key(vec![0]) })
}

/// The database's own types.
fn own(type_oid: u32) -> Option<ColumnType> {
    let shape = match type_oid {
        70_001 => types::Shape::Enum { labels: vec!["sad".into(), "o'k".into()] },
        70_002 => {
            let field = |name: &str, type_oid| Field::new(name, ColumnType::built_in(type_oid));
            types::Shape::Composite { fields: vec![field("f", oid::TEXT), field("g", oid::INT4)] }
        }
        _ => return None,
    };
    let name = if type_oid == 70_001 { "public.mood" } else { "public.pair" };
    Some(ColumnType::with_shape(type_oid, -1, name, shape))
}

/// All that there is, known without a question.
pub(super) fn all() -> Tables {
    let mut tables = Tables::without_catalog();
    for table in TABLES.iter() {
        let facts = TableFacts::new(Arc::clone(table), Lsn::ZERO);
        tables.insert_named(table.name.clone(), Known::Wanted(facts));
    }
    tables
}

/// Answers as its bytes say; without any more bytes, as it is.
pub(super) struct Facts<'a> {
    choices: Choices<'a>,
    named: Vec<TableName>,
    types: Vec<u32>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(choices: &'a [u8]) -> Self {
        LazyLock::force(&TABLES);
        Self { choices: Choices::new(choices), named: Vec::new(), types: Vec::new() }
    }

    /// A table or a type may change without a word in the stream, and is looked at now and then.
    pub(super) fn change(&mut self, tables: &mut Tables) {
        if self.choices.is_empty() {
            return;
        }
        let choice = self.choices.byte();
        let at = usize::from(choice >> 4);
        match choice & 15 {
            14 => {
                if let Some(name) = self.named.get(at % self.named.len().max(1)).cloned() {
                    self.answer(&name, &[], tables);
                }
            }
            15 => {
                if let Some(&type_oid) = self.types.get(at % self.types.len().max(1)) {
                    self.tell(type_oid, tables);
                }
            }
            _ => {}
        }
    }

    /// Answers what the decoder asked.
    pub(super) fn answer(&mut self, name: &TableName, types: &[u32], tables: &mut Tables) {
        for &type_oid in types {
            assert!(oid::name_of(type_oid).is_none(), "a built-in type is known");
            self.tell(type_oid, tables);
        }
        let choice = self.choices.byte();
        if !self.named.contains(name) {
            self.named.push(name.clone());
        }
        match choice {
            0x10 => return tables.insert_named(name.clone(), Known::Unwanted),
            // It is gone, and nothing was known of it before.
            0x20 => return,
            _ => {}
        }
        let found = match choice & 1 {
            0 => TABLES.iter().find(|table| table.name == *name),
            // It is called otherwise by now.
            _ => Some(&TABLES[self.choices.below(TABLES.len())]),
        };
        if let Some(table) = found {
            let facts = self.facts(table, choice);
            for column in &table.columns {
                if oid::name_of(column.type_.oid).is_none() {
                    tables.insert_type(column.type_.clone());
                }
            }
            tables.insert_named(name.clone(), Known::Wanted(facts));
        }
    }

    fn facts(&mut self, table: &Arc<Table>, choice: u8) -> TableFacts {
        let from = if choice & 8 == 0 { Lsn::ZERO } else { Lsn::new(self.choices.byte().into()) };
        if choice & 2 == 0 {
            let mut facts = TableFacts::new(Arc::clone(table), from);
            facts.inserts_only = choice & 4 != 0;
            return facts;
        }
        // By bits: left out, generated or (both) virtual, of another type, in the key; the first eight columns repeat.
        let masks: [u8; 4] = std::array::from_fn(|_| self.choices.byte());
        let is = |mask: usize, at: usize| masks[mask] >> (at % 8) & 1 != 0;
        let (mut columns, mut key, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let (mut except, mut generated, mut plain) = (Vec::new(), Vec::<Arc<str>>::new(), Vec::new());
        for (at, column) in table.columns.iter().enumerate() {
            let mut column = column.clone();
            let (is_excepted, is_generated) = (is(0, at), is(1, at));
            if is_excepted || is_generated {
                match (is_excepted, is_generated) {
                    (true, true) => {}
                    (true, false) => except.push(column.name.to_string()),
                    _ => generated.push(Arc::clone(&column.name)),
                }
                left_out.push(column.name);
                continue;
            }
            if is(2, at) {
                column.type_ = ColumnType::built_in(oid::TEXT);
            } else if is(3, at) {
                plain.push(Arc::clone(&column.name));
            }
            if is(3, at) {
                key.push(columns.len() as u16);
            }
            column.identity = is(3, at);
            columns.push(column);
        }
        let identity = if choice & 4 == 0 { ReplicaIdentity::Default } else { ReplicaIdentity::Full };
        let known = Table::new(table.oid, table.name.clone(), columns, identity).with_key(key);
        let mut facts = TableFacts::new(Arc::new(known), from);
        facts.left_out = left_out;
        let columns = if except.is_empty() { Columns::All } else { Columns::Except(except) };
        facts.shape = Arc::new(Shape::default().with_columns(columns));
        (facts.generated, facts.plain) = (generated, plain);
        facts
    }

    /// Says what a type is made of: anything, or nothing where it was dropped since.
    fn tell(&mut self, type_oid: u32, tables: &mut Tables) {
        self.types.push(type_oid);
        let type_ = match own(type_oid) {
            Some(own) if self.choices.byte() & 1 == 0 => own,
            _ if self.choices.is_empty() => return,
            _ => {
                let (type_, rest) = type_of(self.choices.rest());
                self.choices = Choices::new(rest);
                // Another type's OID is that of a built-in one.
                let domain = || types::Shape::Domain { base: type_.clone() };
                ColumnType::with_shape(type_oid, -1, "a.own", type_.shape().cloned().unwrap_or_else(domain))
            }
        };
        tables.insert_type(type_);
    }
}
