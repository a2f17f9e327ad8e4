//! Messages of `decoderbufs`.
//!
//! Written from the plugin's schema (`proto/pg_logicaldec.proto`, proto2) and the encoding of protocol buffers, and not
//! from the decoder, so that the two check each other. Nothing is validated: a test may want a message that no plugin
//! would send.
//!
//! ```
//! use pg_cdc_testkit::encode::decoderbufs::{Datum, DatumMessage, Op, RowMessage};
//!
//! let mut insert = RowMessage::new(7, 5, Op::Insert);
//! insert.table = Some(b"public.t".to_vec());
//! insert.new_tuple = vec![DatumMessage::new("id", 23, Some(Datum::Int32(1)))];
//! assert_eq!(&insert.encode()[..], b"\x08\x07\x10\x05\x1A\x08public.t\x20\0\x2A\x08\x0A\x02id\x10\x17\x18\x01");
//! ```

mod wire;

use bytes::Bytes;

use wire::{Dice, counted, fixed32, fixed64, in_any_order, in_order, varint};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `UNKNOWN`
    Unknown,
    /// `INSERT`
    Insert,
    /// `UPDATE`
    Update,
    /// `DELETE`
    Delete,
    /// `BEGIN`
    Begin,
    /// `COMMIT`
    Commit,
    /// A number that the schema does not have.
    Other(i32),
}

impl Op {
    fn number(self) -> i32 {
        match self {
            Self::Unknown => -1,
            Self::Insert => 0,
            Self::Update => 1,
            Self::Delete => 2,
            Self::Begin => 3,
            Self::Commit => 4,
            Self::Other(number) => number,
        }
    }
}

/// `RowMessage`: all that the plugin sends.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RowMessage {
    /// The transaction's id.
    pub transaction_id: Option<u32>,
    /// When it committed, in microseconds since 1970-01-01 UTC.
    pub commit_time: Option<u64>,
    /// The table, schema and name quoted as SQL has them.
    pub table: Option<Vec<u8>>,
    /// What it is about.
    pub op: Option<Op>,
    /// The new row.
    pub new_tuple: Vec<DatumMessage>,
    /// The old row.
    pub old_tuple: Vec<DatumMessage>,
    /// The types of the new row's columns.
    pub new_typeinfo: Vec<TypeInfo>,
}

/// `DatumMessage`: a column with its value.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct DatumMessage {
    /// Its name, quoted as SQL has it.
    pub column_name: Option<Vec<u8>>,
    /// OID of its type.
    pub column_type: Option<i64>,
    /// The value; `None` for NULL.
    pub datum: Option<Datum>,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Datum {
    /// `datum_int32`
    Int32(i32),
    /// `datum_int64`
    Int64(i64),
    /// `datum_float`
    Float(f32),
    /// `datum_double`
    Double(f64),
    /// `datum_bool`
    Bool(bool),
    /// `datum_string`
    String(Vec<u8>),
    /// `datum_bytes`
    Bytes(Vec<u8>),
    /// `datum_point`
    Point {
        /// Its `x`.
        x: f64,
        /// Its `y`.
        y: f64,
    },
    /// `datum_missing`
    Missing(bool),
}

/// `TypeInfo`: a column's type in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeInfo {
    /// As `format_type` prints it.
    pub modifier: Vec<u8>,
    /// Whether NULL is allowed.
    pub value_optional: bool,
}

impl TypeInfo {
    /// A type in words, and whether NULL is allowed.
    pub fn new(modifier: impl Into<Vec<u8>>, value_optional: bool) -> Self {
        Self { modifier: modifier.into(), value_optional }
    }
}

impl DatumMessage {
    /// The column `name`, quoted as SQL has it, of type `column_type`.
    pub fn new(name: impl Into<Vec<u8>>, column_type: u32, datum: Option<Datum>) -> Self {
        Self { column_name: Some(name.into()), column_type: Some(column_type.into()), datum }
    }

    fn fields(&self, dice: Option<&mut Dice>) -> Vec<(u32, Vec<u8>)> {
        let mut fields = Vec::new();
        if let Some(name) = &self.column_name {
            fields.push((1, counted(1, name)));
        }
        if let Some(type_) = self.column_type {
            fields.push((2, varint(2, type_ as u64)));
        }
        let datum = self.datum.as_ref().map(|datum| match datum {
            // int32 is extended to 64 bits.
            Datum::Int32(value) => varint(3, i64::from(*value) as u64),
            Datum::Int64(value) => varint(4, *value as u64),
            Datum::Float(value) => fixed32(5, value.to_bits()),
            Datum::Double(value) => fixed64(6, value.to_bits()),
            Datum::Bool(value) => varint(7, u64::from(*value)),
            Datum::String(value) => counted(8, value),
            Datum::Bytes(value) => counted(9, value),
            Datum::Point { x, y } => {
                let fields = vec![(1, fixed64(1, x.to_bits())), (2, fixed64(2, y.to_bits()))];
                counted(10, &arranged(fields, true, dice))
            }
            Datum::Missing(value) => varint(11, u64::from(*value)),
        });
        fields.extend(datum.map(|datum| (3, datum)));
        fields
    }
}

fn arranged(fields: Vec<(u32, Vec<u8>)>, strewn: bool, dice: Option<&mut Dice>) -> Vec<u8> {
    match dice {
        Some(dice) => in_any_order(fields, strewn, dice),
        None => in_order(fields),
    }
}

impl RowMessage {
    /// A message of transaction `xid`, which committed `commit_time` microseconds after 1970-01-01 UTC.
    #[must_use]
    pub fn new(xid: u32, commit_time: u64, op: Op) -> Self {
        Self { transaction_id: Some(xid), commit_time: Some(commit_time), op: Some(op), ..Self::default() }
    }

    /// The message's bytes, as the plugin writes them.
    #[must_use]
    pub fn encode(&self) -> Bytes {
        self.write(None).into()
    }

    /// The message's bytes as another writer of the same schema might have them: fields in an order that `seed` says,
    /// with fields that nobody knows in between, but for columns that are NULL.
    #[must_use]
    pub fn encode_in_any_order(&self, seed: u64) -> Bytes {
        self.write(Some(&mut Dice::new(seed))).into()
    }

    fn write(&self, mut dice: Option<&mut Dice>) -> Vec<u8> {
        let mut fields = Vec::new();
        if let Some(xid) = self.transaction_id {
            fields.push((1, varint(1, xid.into())));
        }
        if let Some(time) = self.commit_time {
            fields.push((2, varint(2, time)));
        }
        if let Some(table) = &self.table {
            fields.push((3, counted(3, table)));
        }
        if let Some(op) = self.op {
            fields.push((4, varint(4, i64::from(op.number()) as u64)));
        }
        for (number, tuple) in [(5, &self.new_tuple), (6, &self.old_tuple)] {
            for datum in tuple {
                let inner = datum.fields(dice.as_deref_mut());
                // A field beside a value that is not set may be one, of a kind that nobody knows.
                let inner = arranged(inner, datum.datum.is_some(), dice.as_deref_mut());
                fields.push((number, counted(number, &inner)));
            }
        }
        for TypeInfo { modifier, value_optional } in &self.new_typeinfo {
            let inner = vec![(1, counted(1, modifier)), (2, varint(2, u64::from(*value_optional)))];
            fields.push((7, counted(7, &arranged(inner, true, dice.as_deref_mut()))));
        }
        arranged(fields, true, dice)
    }
}
