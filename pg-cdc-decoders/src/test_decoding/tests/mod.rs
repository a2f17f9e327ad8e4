//! Tests of the decoder, against lines that the testkit encodes and lines as servers printed them.

mod malformed;
mod random;
mod routes;
mod rows;

use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::batch::ChangeBatch;
use pg_cdc_core::types::{Shape, oid};
use pg_cdc_core::{
    Column, ColumnType, Committed, DecodeError, Decoder, Frame, Known, Lsn, Outcome, ReplicaIdentity, Route,
    Table, TableFacts, TableName, Tables,
};

use super::TestDecoding;
use crate::TextEncoding;
use crate::pgoutput::tests::line;

/// The server's version of most tests.
const VERSION: u32 = 150_000;

/// A decoder, what it is told of tables, and the batch it writes to.
struct Bench {
    decoder: TestDecoding,
    tables: Tables,
    batch: ChangeBatch,
}

impl Bench {
    /// One in an open transaction, that knows no table.
    fn new() -> Self {
        Self::with(TestDecoding::new(VERSION, TextEncoding::default()), Tables::without_catalog())
    }

    /// One in an open transaction, whose catalog has `tables`.
    fn knowing(tables: &[Table]) -> Self {
        let mut known = Tables::from_catalog();
        for table in tables {
            let facts = TableFacts::new(Arc::new(table.clone()), Lsn::ZERO);
            known.insert_named(table.name.clone(), Known::Wanted(facts));
        }
        Self::with(TestDecoding::new(VERSION, TextEncoding::default()), known)
    }

    fn with(decoder: TestDecoding, tables: Tables) -> Self {
        let mut bench = Self { decoder, tables, batch: ChangeBatch::new() };
        let committed = bench.committed();
        let outcome = bench.decode(committed.begin()).unwrap();
        assert_eq!(outcome, Outcome::Begin { commit_lsn: Lsn::new(100) });
        bench
    }

    /// A transaction of which nothing is kept.
    fn committed(&mut self) -> Committed {
        let begin = Bytes::from_static(b"BEGIN 7");
        let route = self.decoder.route(Frame::whole(Lsn::new(50), &begin)).unwrap();
        assert_eq!(route, Route::Start { xid: 7, is_first: true });
        let commit = Bytes::from_static(b"COMMIT 7 (at 1970-01-01 05:30:00.000005+05:30)");
        match self.decoder.route(Frame::whole(Lsn::new(100), &commit)).unwrap() {
            Route::Commit(committed) => committed,
            other => panic!("{other:?}"),
        }
    }

    fn decode(&mut self, frame: Frame<'_>) -> Result<Outcome, DecodeError> {
        self.decoder.decode(frame, &self.tables, &mut self.batch)
    }

    /// Decodes a line; where it asks for tables, again.
    fn bytes(&mut self, bytes: &[u8]) -> Result<Outcome, DecodeError> {
        let buffer = Bytes::copy_from_slice(bytes);
        for _ in 0..5 {
            match self.decode(Frame::whole(Lsn::new(50), &buffer))? {
                Outcome::NeedTable { .. } => {}
                outcome => return Ok(outcome),
            }
        }
        panic!("it asks again and again: {}", String::from_utf8_lossy(bytes));
    }

    /// What a line says, and what it is of a schema that was not known.
    fn take(&mut self, text: &str) -> Vec<String> {
        let _ = self.bytes(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"));
        std::mem::take(&mut self.batch).events().map(|event| line(&event)).collect()
    }

    /// The change that a line says.
    fn change(&mut self, text: &str) -> String {
        self.take(text).pop().unwrap_or_default()
    }
}

/// A table whose first column is its key.
fn table(oid: u32, name: &str, columns: &[(&str, ColumnType)]) -> Table {
    let mut columns: Vec<_> = columns.iter().map(|(name, type_)| Column::new(*name, type_.clone())).collect();
    columns[0].identity = true;
    columns[0].nullable = false;
    Table::new(oid, TableName::new("public", name), columns, ReplicaIdentity::Default).with_key(vec![0])
}

fn built_in(oid: u32) -> ColumnType {
    ColumnType::built_in(oid)
}

/// `public.t (id integer PRIMARY KEY, note text)`
fn t() -> Table {
    table(1, "t", &[("id", built_in(oid::INT4)), ("note", built_in(oid::TEXT))])
}
