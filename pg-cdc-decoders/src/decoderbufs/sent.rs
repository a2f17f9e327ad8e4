//! A change as the shared part of the decoders takes it.

use pg_cdc_core::TableName;
use pg_cdc_core::batch::Op;

use super::MoneyFormat;
use super::names;
use super::protobuf::Reader;
use super::row::{ColumnMessage, Messages, RowMessage};
use super::values::{Carrier, Datum, Value};
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{Label, SentChange, SentColumn, SentColumns, SentType, SentValue};

/// A message of an INSERT, UPDATE or DELETE.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) row: RowMessage<'a>,
    pub(super) table: &'a [u8],
    pub(super) op: Op,
    pub(super) money: Option<&'a MoneyFormat>,
}

impl SentChange for Change<'_> {
    #[inline(always)]
    fn table(&self) -> &[u8] {
        self.table
    }

    #[inline(always)]
    fn op(&self) -> Op {
        self.op
    }

    /// The modifiers of types and whether NULL is allowed, which nothing else tells: they are compared, not read.
    #[inline(always)]
    fn declared(&self) -> &[u8] {
        self.row.new_types.bytes(self.row.message)
    }

    #[inline(always)]
    fn rows<C: SentColumns>(&self, columns: &mut C) -> Result<(), Fault> {
        let RowMessage { new_tuple, old_tuple, message, .. } = &self.row;
        if !old_tuple.is_empty() {
            columns.old_row()?;
            self.tuple(old_tuple.messages(message), columns)?;
        }
        if self.op != Op::Delete {
            columns.new_row()?;
            self.tuple(new_tuple.messages(message), columns)?;
        }
        Ok(())
    }

    fn table_name(&self, text: &TextEncoding) -> Result<TableName, Fault> {
        table_name(self.table, text)
    }

    fn column(&self, label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault> {
        let ColumnMessage { name, type_oid, .. } = ColumnMessage::read(Reader::new(label))?;
        let name = names::column(name)
            .ok_or_else(|| Fault::new(0, What::Wrong("a column's name is not as SQL quotes it")))?;
        let name = text.name_of(&name).map_err(|_| Fault::new(0, What::NotUtf8("a column's name")))?;
        Ok(SentColumn { name, type_: SentType::Oid { oid: type_oid, modifier: None } })
    }
}

impl Change<'_> {
    #[inline(always)]
    fn tuple<C: SentColumns, const FIELD: u32>(
        &self,
        mut messages: Messages<'_, FIELD>,
        columns: &mut C,
    ) -> Result<(), Fault> {
        while let Some(message) = messages.next()? {
            self.datum(message, columns)?;
        }
        Ok(())
    }

    /// A column. Its label is what of it names column and type, as the plugin writes it.
    #[inline(always)]
    fn datum<C: SentColumns>(&self, message: Reader<'_>, columns: &mut C) -> Result<(), Fault> {
        let expected = columns.expected();
        let mut rest = message;
        if !expected.is_empty() && rest.strip(expected) {
            let carrier = Carrier::of(type_of(expected));
            if let Some(datum) = only_datum(rest)? {
                return self.put(Label::Expected, carrier, datum, message, columns);
            }
        }
        self.other_datum(message, columns)
    }

    /// A column that is not the one that was expected, or not as the plugin writes it.
    #[inline(never)]
    fn other_datum<C: SentColumns>(&self, message: Reader<'_>, columns: &mut C) -> Result<(), Fault> {
        let ColumnMessage { name, type_oid, datum } = ColumnMessage::read(message)?;
        let carrier = Carrier::of(type_oid);
        let label = label(name, type_oid);
        self.put(Label::Read(&label), carrier, datum, message, columns)
    }

    #[inline(always)]
    fn put<C: SentColumns>(
        &self,
        label: Label<'_>,
        carrier: Carrier,
        datum: Datum<'_>,
        message: Reader<'_>,
        columns: &mut C,
    ) -> Result<(), Fault> {
        let place = |value: Reader<'_>| (value.offset(), value.rest().len());
        match Value::new(carrier, datum) {
            Some(Value::Null) => columns.value(label, SentValue::Null),
            Some(Value::Unchanged) => columns.value(label, SentValue::Unchanged),
            Some(Value::Text(text)) => {
                let (offset, length) = place(text);
                columns.value(label, SentValue::Text { offset, length })
            }
            Some(Value::Binary(bytes)) => {
                let (offset, length) = place(bytes);
                columns.value(label, SentValue::Binary { offset, length })
            }
            Some(Value::Made(bytes, length)) => columns.made(label, true, |arena| {
                arena.extend_from_slice(bytes.get(..length).unwrap_or_default());
                Ok(())
            }),
            Some(Value::Money(units)) => match self.money {
                Some(format) => columns.made_utf8(label, |arena| format.write(units, arena)),
                None => columns.made(label, true, |arena| {
                    arena.extend_from_slice(&units.to_be_bytes());
                    Ok(())
                }),
            },
            None => Err(misfit(message)),
        }
    }
}

/// What the bytes that name a table say.
pub(super) fn table_name(sent: &[u8], text: &TextEncoding) -> Result<TableName, Fault> {
    let Some((schema, name)) = names::table(sent) else {
        return Err(Fault::new(
            0,
            What::Wrong("the table's name is not a schema and a name as SQL quotes them"),
        ));
    };
    let read = |name: &[u8]| text.name_of(name).map_err(|_| Fault::new(0, What::NotUtf8("the table's name")));
    Ok(TableName::new(read(&schema)?, read(&name)?))
}

/// The datum, where it is all that stands there.
#[inline(always)]
fn only_datum(mut rest: Reader<'_>) -> Result<Option<Datum<'_>>, Fault> {
    if rest.is_empty() {
        return Ok(Some(Datum::Null));
    }
    let tag = rest.tag()?;
    Ok(Datum::read(&mut rest, tag)?.filter(|_| rest.is_empty()))
}

/// What the plugin writes of a column's name and type.
fn label(name: &[u8], type_oid: u32) -> Vec<u8> {
    let mut label = Vec::with_capacity(name.len() + 12);
    let number = |tag: u8, mut value: usize, label: &mut Vec<u8>| {
        label.push(tag);
        while value >= 0x80 {
            label.push(value as u8 | 0x80);
            value >>= 7;
        }
        label.push(value as u8);
    };
    number(0x0A, name.len(), &mut label);
    label.extend_from_slice(name);
    number(0x10, type_oid as usize, &mut label);
    label
}

/// The type at the end of a label: a varint behind its tag, which is a byte below 0x80.
#[inline(always)]
fn type_of(label: &[u8]) -> u32 {
    let Some((&last, rest)) = label.split_last() else { return 0 };
    let mut value = u32::from(last);
    for &byte in rest.iter().rev() {
        if byte < 0x80 {
            break;
        }
        value = value << 7 | u32::from(byte & 0x7F);
    }
    value
}

#[cold]
fn misfit(message: Reader<'_>) -> Fault {
    let (name, type_oid) = match ColumnMessage::read(message) {
        Ok(column) => (String::from_utf8_lossy(column.name).into_owned(), column.type_oid),
        Err(fault) => return fault,
    };
    let what = format!(
        "column {name}: the plugin sends values of its type (OID {type_oid}) as another kind of datum, or within another \
         range"
    );
    message.fault(What::Said(what.into()))
}

#[cfg(test)]
mod tests {
    use pg_cdc_testkit::encode::decoderbufs::{DatumMessage, Op, RowMessage};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_label_is_what_the_plugin_writes(name in "\\PC{0,140}", type_oid: u32, bits in 0..32) {
            let type_oid = type_oid >> bits;
            let label = label(name.as_bytes(), type_oid);
            prop_assert_eq!(type_of(&label), type_oid);
            let mut message = RowMessage::new(1, 1, Op::Insert);
            message.new_tuple = vec![DatumMessage::new(name.as_str(), type_oid, None)];
            prop_assert!(message.encode().ends_with(&label));
        }
    }
}
