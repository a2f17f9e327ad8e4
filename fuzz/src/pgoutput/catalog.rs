//! What a server's catalog might say of the tables in a stream: anything, at any time.

use std::collections::HashMap;
use std::sync::Arc;

use pg_cdc_core::types::Field;
use pg_cdc_core::{
    Column, ColumnType, Columns, Known, Lsn, ReplicaIdentity, Shape, Table, TableFacts, TableName, Tables,
    types,
};

use crate::choice::type_of;
use crate::choices::Choices;

/// Answers as its bytes say; without any more bytes, that all is as the stream says.
#[derive(Default)]
pub(super) struct Catalog<'a> {
    choices: Option<Choices<'a>>,
    told: Vec<u32>,
    facts: HashMap<u32, TableFacts>,
}

/// A column as a Relation message has it.
#[derive(Debug)]
struct Announced {
    is_key: bool,
    name: String,
    type_oid: u32,
    modifier: i32,
}

impl<'a> Catalog<'a> {
    pub(super) fn new(choices: &'a [u8]) -> Self {
        Self { choices: Some(Choices::new(choices)), ..Self::default() }
    }

    fn byte(&mut self) -> u8 {
        self.choices.as_mut().map_or(0, Choices::byte)
    }

    /// A type may change without a word in the stream, and is looked at now and then.
    pub(super) fn change(&mut self, tables: &mut Tables) {
        if self.choices.as_ref().is_none_or(Choices::is_empty) || self.told.is_empty() {
            return;
        }
        let choice = self.byte();
        if choice & 7 == 7
            && let Some(&oid) = self.told.get(usize::from(choice >> 3) % self.told.len())
        {
            self.tell(oid, tables);
        }
    }

    /// Answers what the decoder asked when it read `message`.
    pub(super) fn answer(
        &mut self,
        oid: u32,
        name: &TableName,
        types: &[u32],
        message: &[u8],
        tables: &mut Tables,
    ) {
        for &type_ in types {
            assert!(types::oid::name_of(type_).is_none(), "a built-in type is known");
            // One that was dropped since is not told.
            if self.choices.as_ref().is_some_and(|choices| !choices.is_empty()) && self.byte() & 3 != 0 {
                self.tell(type_, tables);
            }
        }
        let choice = self.byte();
        match choice {
            0x10 => return tables.insert(oid, Known::Unwanted),
            // It is gone, and nothing was known of it before.
            0x20 => return,
            _ => {}
        }
        // A change that does not fit, or an announcement that was kept: nothing else is known of it.
        if let Some(columns) = announced(message).filter(|_| message.first() == Some(&b'R')) {
            let facts = self.facts(oid, name, &columns, choice, tables);
            self.facts.insert(oid, facts);
        }
        let facts = self.facts.entry(oid).or_insert_with(|| {
            let empty = Table::new(oid, name.clone(), Vec::new(), ReplicaIdentity::Default);
            TableFacts::new(Arc::new(empty), Lsn::ZERO)
        });
        tables.insert(oid, Known::Wanted(facts.clone()));
    }

    fn facts(
        &mut self,
        oid: u32,
        name: &TableName,
        announced: &[Announced],
        choice: u8,
        tables: &Tables,
    ) -> TableFacts {
        // By bits: left out, generated, of another type, in the key; the first eight columns repeat.
        let masks = if choice & 1 == 0 { [0; 4] } else { std::array::from_fn(|_| self.byte()) };
        let is = |mask: usize, at: usize| masks[mask] >> (at % 8) & 1 != 0;
        let (mut columns, mut left_out, mut generated, mut key) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (at, column) in announced.iter().enumerate() {
            if is(1, at) {
                generated.push(column.name.as_str().into());
            }
            if is(0, at) {
                left_out.push(column.name.clone());
                continue;
            }
            if is(1, at) && choice & 2 == 0 {
                continue;
            }
            let type_oid = if is(2, at) { types::oid::TEXT } else { column.type_oid };
            let told = tables.type_of(type_oid, column.modifier);
            let type_ = told.unwrap_or_else(|| ColumnType::new(type_oid, column.modifier, "a.gone"));
            let mut known = Column::new(column.name.as_str(), type_);
            known.identity = column.is_key;
            known.nullable = !column.is_key;
            if is(3, at) {
                key.push(columns.len() as u16);
            }
            columns.push(known);
        }
        let identity = if choice & 4 == 0 { ReplicaIdentity::Default } else { ReplicaIdentity::Full };
        let table = Table::new(oid, name.clone(), columns, identity).with_key(key);
        let from = if choice & 8 == 0 { Lsn::ZERO } else { Lsn::new(u64::from(self.byte())) };
        let mut facts = TableFacts::new(Arc::new(table), from);
        let columns = if left_out.is_empty() { Columns::All } else { Columns::Except(left_out) };
        facts.shape = Arc::new(Shape::default().with_columns(columns).with_generated(choice & 2 != 0));
        facts.generated = generated;
        facts
    }

    /// Says what a type is made of: anything, mostly a composite of a few fields.
    fn tell(&mut self, oid: u32, tables: &mut Tables) {
        let Some(choices) = &mut self.choices else { return };
        let choice = choices.byte();
        let shape = if choice & 0x80 == 0 {
            let type_of =
                |at: u8| if choice >> (3 + at) & 1 == 0 { types::oid::TEXT } else { types::oid::INT4 };
            let field = |at| Field::new(format!("f{at}"), ColumnType::built_in(type_of(at)));
            let fields = (0..choice & 3).map(field).collect();
            let composite = types::Shape::Composite { fields };
            if choice & 4 == 0 {
                composite
            } else {
                let element = ColumnType::with_shape(oid ^ 1, -1, "a.row", composite);
                types::Shape::Array { element, delimiter: ',' }
            }
        } else {
            let (type_, rest) = type_of(choices.rest());
            *choices = Choices::new(rest);
            // Another type's OID is that of a built-in one.
            let domain = || types::Shape::Domain { base: type_.clone() };
            type_.shape().cloned().unwrap_or_else(domain)
        };
        tables.insert_type(ColumnType::with_shape(oid, -1, "a.own", shape));
        self.told.push(oid);
    }
}

/// The columns of a Relation message.
fn announced(message: &[u8]) -> Option<Vec<Announced>> {
    fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
        let end = rest.iter().position(|&byte| byte == 0)?;
        let text = std::str::from_utf8(&rest[..end]).ok()?;
        *rest = &rest[end + 1..];
        Some(text)
    }
    fn number<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        let (number, behind) = rest.split_first_chunk()?;
        *rest = behind;
        Some(*number)
    }
    let mut rest = message.get(5..)?;
    string(&mut rest)?;
    string(&mut rest)?;
    number::<1>(&mut rest)?;
    let count = u16::from_be_bytes(number(&mut rest)?);
    let column = |_| {
        Some(Announced {
            is_key: number::<1>(&mut rest)?[0] & 1 != 0,
            name: string(&mut rest)?.to_owned(),
            type_oid: u32::from_be_bytes(number(&mut rest)?),
            modifier: i32::from_be_bytes(number(&mut rest)?),
        })
    };
    (0..count).map(column).collect()
}
