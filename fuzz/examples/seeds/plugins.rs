//! What the testkit's encoders print of the cases of pg-cdc-core's tests and of a few tables, and walminer's recording.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use pg_cdc_core::types::oid;
use pg_cdc_core::walminer::{Message, MinedRow, Verb, table_of};
use pg_cdc_core::{Lsn, ReplicaIdentity};
use pg_cdc_fuzz::plugins::{Plugin, Setting, tables};
use pg_cdc_fuzz::{Framed, choose, type_of};
use pg_cdc_testkit::encode::decoderbufs::{Datum, DatumMessage, Op, RowMessage, TypeInfo};
use pg_cdc_testkit::encode::test_decoding::{Cell, Line, quote};
use pg_cdc_testkit::encode::{wal2json, walminer};

use crate::{Corpus, Random, Result};

/// So many statements of walminer an input may have.
const ROWS: usize = 8;
const TIME: &str = "2026-01-01 00:00:00.018732+00";

/// A table as the encoders need it, with rows of one width; the first column is the key.
struct Case {
    name: String,
    columns: Vec<(String, u32, String)>,
    rows: Vec<Vec<Option<String>>>,
}

/// In most databases text is UTF-8; in these it is of SQL_ASCII, replaced or in base64, of LATIN1 and of EUC_JP.
const TEXTS: [u8; 8] = [0, 0x21, 0, 0x41, 0, 2, 0, 3];

pub(crate) fn write(corpus: &Corpus, root: &Path) -> Result<()> {
    let mut random = Random(5);
    // `which` as [`Setting`] has it; messages of one transaction, and of one behind it.
    let mut add = |plugin: Plugin, name: &str, which: u8, messages: [&[Vec<u8>]; 2]| -> Result<()> {
        let plain = Setting { routes: true, which, ..Setting::default() };
        let settings = [
            Setting { asks: true, resumes: true, ..plain },
            Setting { asks: true, hands_out: true, ..plain },
            Setting { resumes: true, knows: true, ..plain },
            Setting { asks: true, passes: true, knows: true, ..plain },
        ];
        for (number, setting) in settings.into_iter().enumerate() {
            let text = TEXTS[usize::from(random.byte()) % TEXTS.len()];
            // As it is; or anything.
            let answers: Vec<u8> = (0..if number % 2 == 0 { 0 } else { 24 }).map(|_| random.byte()).collect();
            let (first, answers) = Setting { text, ..setting }.to_bytes(&answers);
            let mut input = Framed::new(first, &answers);
            messages.into_iter().flatten().for_each(|message| input.push(message));
            corpus.add(plugin.target(), &format!("{name}-{number}"), input.as_bytes())?;
        }
        Ok(())
    };
    let mut cases = known();
    cases.extend(of_types(root)?);
    for (number, case) in cases.iter().enumerate() {
        let name = number.to_string();
        let which = number as u8;
        add(Plugin::TestDecoding, &name, which % 4, [&lines(case), &[]])?;
        let format = wal2json::Format {
            numbers_as_strings: number % 3 == 0,
            chunks: number % 4 != 1,
            pretty: number % 5 == 2,
            before_2_5: number % 7 == 3,
            pk: number % 2 == 0,
            ..wal2json::Format::default()
        };
        let transactions = [100, 200].map(|lsn| transaction(case, lsn));
        let frames = |frames: Vec<(Lsn, Bytes)>| -> Vec<Vec<u8>> {
            frames.iter().map(|(_, data)| data.to_vec()).collect()
        };
        let local = 2 * u8::from(number % 6 == 4);
        let [one, other] = transactions.each_ref().map(|transaction| frames(format.v2(transaction)));
        add(Plugin::Wal2Json, &format!("2-{name}"), local, [&one, &other])?;
        let [one, other] = transactions.each_ref().map(|transaction| frames(format.v1(transaction)));
        add(Plugin::Wal2Json, &format!("1-{name}"), local | 1, [&one, &other])?;
        let messages = buffers(case);
        add(Plugin::DecoderBufs, &name, which % 6, [&messages, &messages])?;
        if let Some(table) = tables().iter().find(|table| *table.name.name == *case.name) {
            for dialect in [walminer::Dialect::V1, walminer::Dialect::V3] {
                let rows = changes(case).into_iter().map(|change| {
                    let statement = change.statement(dialect, table);
                    walminer::row(table, change.verb(), 1, statement.as_bytes()).to_vec()
                });
                let rows: Vec<_> = rows.collect();
                let name = format!("{name}-{dialect:?}");
                add(Plugin::WalMiner, &name, 0, [&mined(100, &rows), &mined(200, &rows)])?;
            }
        }
    }
    let recorded = root.join("pg-cdc-decoders/testdata/walminer-1.0/walminer_contents.csv");
    for (number, rows) in recorded_rows(&fs::read_to_string(recorded)?)?.chunks(ROWS).enumerate() {
        add(Plugin::WalMiner, &format!("recorded-{number}"), 0, [&mined(100, rows), &[]])?;
    }
    Ok(())
}

/// Rows of the tables that the fuzzer's catalog knows.
fn known() -> Vec<Case> {
    let case = |table: &Arc<pg_cdc_core::Table>| {
        let row = |other: bool| {
            let value = |type_oid| value(type_oid, other).map(str::to_owned);
            table.columns.iter().map(|column| value(column.type_.oid)).collect()
        };
        Case {
            name: table.name.name.to_string(),
            columns: table
                .columns
                .iter()
                .map(|column| (column.name.to_string(), column.type_.oid, printed(column.type_.oid)))
                .collect(),
            rows: vec![row(false), row(true)],
        }
    };
    tables().iter().map(case).collect()
}

fn value(type_oid: u32, other: bool) -> Option<&'static str> {
    let (one, another) = match type_oid {
        oid::INT4 => ("1", "-70000"),
        oid::NUMERIC => ("1.50", "NaN"),
        oid::FLOAT8 => ("0.1", "-Infinity"),
        oid::BOOL => ("t", "f"),
        oid::BYTEA => ("\\x00ff", "\\x"),
        oid::TIMESTAMPTZ => ("2024-02-29 12:00:00+00", "infinity"),
        oid::TEXT_ARRAY => ("{a,\"b c\",NULL}", "{}"),
        oid::MONEY => ("$1.50", "-$12,345.67"),
        oid::POINT => ("(1,-2.5)", "(0,0)"),
        oid::DATE => ("2024-02-29", "0044-03-15 BC"),
        oid::TIMETZ => ("12:00:00+02", "24:00:00-01"),
        oid::JSONB => ("{\"k\": 1.0}", "null"),
        oid::UUID => ("a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000"),
        oid::INTERVAL => ("1 year 2 mons 3 days 04:05:06.789", "-00:00:01"),
        oid::INET => ("192.168.2.0/12", "::1"),
        oid::BIT => ("1010", "1"),
        70_001 => ("sad", "o'k"),
        70_002 => ("(\"a \"\"b\",1)", "(,)"),
        _ if other => return None,
        _ => ("it's \"a\" \\ é\n, new-tuple: a[text]:'", ""),
    };
    Some(if other { another } else { one })
}

/// A few cases of types at a time, as columns of one table.
fn of_types(root: &Path) -> Result<Vec<Case>> {
    let folder = root.join("pg-cdc-core/src/types/testdata");
    let mut columns: Vec<(u32, String, String)> = Vec::new();
    for family in ["scalars", "time", "network", "geometric"] {
        for line in fs::read_to_string(folder.join(format!("{family}.tsv")))?.lines() {
            if let [name, text, _, _] = line.split('\t').collect::<Vec<_>>()[..]
                && let Some(choice) = choose(name)
                && text.len() < 80
            {
                columns.push((type_of(&choice).0.oid, printed(type_of(&choice).0.oid), text.to_owned()));
            }
        }
    }
    let case = |(number, columns): (usize, &[(u32, String, String)])| Case {
        name: format!("of {number}"),
        columns: columns
            .iter()
            .enumerate()
            .map(|(at, (type_oid, printed, _))| (format!("c{at}"), *type_oid, printed.clone()))
            .collect(),
        rows: vec![columns.iter().map(|(_, _, text)| Some(text.clone())).collect(), {
            let halves = columns.iter().enumerate();
            halves.map(|(at, (_, _, text))| (at % 2 == 0).then(|| text.clone())).collect()
        }],
    };
    Ok(columns.chunks(7).enumerate().map(case).collect())
}

/// What `format_type` prints.
fn printed(type_oid: u32) -> String {
    match type_oid {
        oid::BOOL => "boolean",
        oid::BPCHAR => "character",
        oid::FLOAT4 => "real",
        oid::FLOAT8 => "double precision",
        oid::INT2 => "smallint",
        oid::INT4 => "integer",
        oid::INT8 => "bigint",
        oid::TIME => "time without time zone",
        oid::TIMETZ => "time with time zone",
        oid::TIMESTAMP => "timestamp without time zone",
        oid::TIMESTAMPTZ => "timestamp with time zone",
        oid::VARBIT => "bit varying",
        oid::VARCHAR => "character varying",
        oid::TEXT_ARRAY => "text[]",
        70_001 => "mood",
        70_002 => "public.pair",
        other => oid::name_of(other).unwrap_or("public.own"),
    }
    .to_owned()
}

/// Every change that there is, a transaction of each kind.
fn lines(case: &Case) -> Vec<Vec<u8>> {
    let table = ("public".to_owned(), case.name.clone());
    let row = |at: usize| -> Vec<Cell> {
        let cells = case.columns.iter().zip(&case.rows[at]);
        cells
            .map(|((name, _, printed), value)| Cell::of(name, printed, value.as_deref().map(str::as_bytes)))
            .collect()
    };
    let mut unchanged = row(1);
    if let Some(last) = unchanged.pop() {
        unchanged.push(last.unchanged());
    }
    let key = vec![row(0).remove(0)];
    let time = TIME.to_owned();
    let phase = |words| Line::Phase { words, gid: "g\\'d".to_owned(), xid: 8, time: TIME.to_owned() };
    let lines = [
        Line::Message { transactional: false, prefix: b"p".to_vec(), content: b"lone".to_vec() },
        Line::Begin { xid: 7 },
        Line::Insert { table: table.clone(), new: row(0) },
        Line::Update { table: table.clone(), old: Some(key.clone()), new: row(1) },
        Line::Update { table: table.clone(), old: None, new: unchanged },
        Line::Message { transactional: true, prefix: b"p".to_vec(), content: b"a\0b".to_vec() },
        Line::Commit { xid: 7, time },
        Line::Begin { xid: 8 },
        Line::Delete { table: table.clone(), old: Some(key) },
        Line::Truncate { tables: vec![table.clone(), table], restart_identity: true, cascade: true },
        phase("PREPARE TRANSACTION"),
        phase("COMMIT PREPARED"),
    ];
    lines.iter().map(|line| line.encode().to_vec()).collect()
}

fn transaction(case: &Case, lsn: u64) -> wal2json::Transaction {
    let columns = case.columns.iter().enumerate().map(|(at, (name, type_oid, printed))| {
        let column = wal2json::Column::new(&**name, &**printed, *type_oid);
        if at == 0 { column.in_key() } else { column }
    });
    let table = wal2json::Table::new("public", &*case.name, columns.collect(), ReplicaIdentity::Default);
    let table = Arc::new(table);
    let row = |at: usize| -> wal2json::Row {
        let value = |value: &Option<String>| match value {
            Some(text) => wal2json::Value::text(text.as_bytes()),
            None => wal2json::Value::Null,
        };
        case.rows[at].iter().map(value).collect()
    };
    let mut unchanged = row(1);
    if let Some(last) = unchanged.last_mut() {
        *last = wal2json::Value::Unchanged;
    }
    let key: wal2json::Row = row(0)
        .into_iter()
        .enumerate()
        .map(|(at, value)| if at == 0 { value } else { wal2json::Value::Null })
        .collect();
    let message = |transactional| wal2json::Change::Message {
        transactional,
        prefix: "p\"é".to_owned(),
        content: b"content".to_vec(),
    };
    let changes = vec![
        message(false),
        wal2json::Change::Insert { table: Arc::clone(&table), new: row(0) },
        wal2json::Change::Update { table: Arc::clone(&table), old: Some(key.clone()), new: row(1) },
        wal2json::Change::Update { table: Arc::clone(&table), old: None, new: unchanged },
        wal2json::Change::Truncate(vec![Arc::clone(&table)]),
        message(true),
        wal2json::Change::Delete { table, old: key },
    ];
    wal2json::Transaction::new(7, Lsn::new(lsn), Lsn::new(lsn + 10), changes)
}

fn buffers(case: &Case) -> Vec<Vec<u8>> {
    let datum = |type_oid: u32, text: &str| match type_oid {
        oid::BOOL => Datum::Bool(text == "t"),
        oid::INT2 | oid::INT4 => Datum::Int32(text.parse().unwrap_or_default()),
        oid::INT8 | oid::OID | oid::MONEY => Datum::Int64(text.parse().unwrap_or(150)),
        oid::FLOAT4 => Datum::Float(text.parse().unwrap_or_default()),
        oid::FLOAT8 => Datum::Double(text.parse().unwrap_or(1.5)),
        oid::TIMETZ => Datum::Double(43_200_000_000.0),
        oid::DATE => Datum::Int32(19_782),
        oid::TIMESTAMP | oid::TIMESTAMPTZ | oid::TIME => Datum::Int64(1_709_208_000_000_000),
        oid::POINT => Datum::Point { x: 1.0, y: -2.5 },
        oid::BYTEA => Datum::Bytes(text.as_bytes().to_vec()),
        _ => Datum::String(text.as_bytes().to_vec()),
    };
    let row = |at: usize| -> Vec<DatumMessage> {
        let columns = case.columns.iter().zip(&case.rows[at]);
        columns
            .map(|((name, type_oid, _), value)| {
                let datum = value.as_deref().map(|text| datum(*type_oid, text));
                DatumMessage::new(quote(name), *type_oid, datum)
            })
            .collect()
    };
    let mut missing = row(1);
    if let Some(last) = missing.last_mut() {
        last.datum = Some(Datum::Missing(true));
    }
    let types = || -> Vec<TypeInfo> {
        let columns = case.columns.iter().enumerate();
        columns.map(|(at, (_, _, printed))| TypeInfo::new(printed.as_bytes(), at != 0)).collect()
    };
    let change = |op, new: Vec<DatumMessage>, old: Vec<DatumMessage>| {
        let mut change = RowMessage::new(7, 5, op);
        change.table = Some(format!("public.{}", quote(&case.name)).into_bytes());
        change.new_typeinfo = if new.is_empty() { Vec::new() } else { types() };
        (change.new_tuple, change.old_tuple) = (new, old);
        change
    };
    let messages = [
        RowMessage::new(7, 5, Op::Begin),
        change(Op::Insert, row(0), Vec::new()),
        change(Op::Update, row(1), row(0)),
        change(Op::Update, missing, Vec::new()),
        change(Op::Delete, Vec::new(), row(1)),
        RowMessage::new(7, 5, Op::Commit),
    ];
    messages
        .iter()
        .enumerate()
        .map(|(at, message)| match at {
            2 => message.encode_in_any_order(9).to_vec(),
            _ => message.encode().to_vec(),
        })
        .collect()
}

fn changes(case: &Case) -> Vec<walminer::Change> {
    let [one, other] = [&case.rows[0], &case.rows[1]].map(Clone::clone);
    vec![
        walminer::Change::Insert(one.clone()),
        walminer::Change::Update(one, other.clone()),
        walminer::Change::Delete(other),
    ]
}

/// The rows as a transaction that commits at `lsn`.
fn mined(lsn: u64, rows: &[Vec<u8>]) -> Vec<Vec<u8>> {
    let lsn = Lsn::new(lsn);
    let begin = walminer::message(&Message::Begin { commit_lsn: lsn, commit_time: 5, xid: 7 });
    let commit = walminer::message(&Message::Commit { commit_lsn: lsn, end_lsn: lsn });
    [&[begin.to_vec()], rows, &[commit.to_vec()]].concat()
}

/// What version 1.0 printed.
fn recorded_rows(text: &str) -> Result<Vec<Vec<u8>>> {
    let mut rows = Vec::new();
    for record in csv(text).get(1..).unwrap_or_default() {
        let (Some(schema), Some(op_type), Some(statement)) = (record.get(6), record.get(7), record.get(8))
        else {
            return Err("a record of fewer fields".into());
        };
        let verb = Verb::from_op_type(op_type).ok_or("an operation that nobody knows")?;
        let relation = table_of(verb, schema, statement.as_bytes(), &[]).ok_or("a statement of no table")?;
        let row =
            MinedRow { verb, lsn: Lsn::ZERO, number: 1, schema, relation, statement: statement.as_bytes() };
        rows.push(walminer::message(&Message::Row(row)).to_vec());
    }
    Ok(rows)
}

/// The fields of a CSV file with quotes, records in rows.
fn csv(text: &str) -> Vec<Vec<String>> {
    let (mut records, mut record, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => field.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => record.push(std::mem::take(&mut field)),
            '\n' if !quoted => {
                record.push(std::mem::take(&mut field));
                records.push(std::mem::take(&mut record));
            }
            c => field.push(c),
        }
    }
    records
}
