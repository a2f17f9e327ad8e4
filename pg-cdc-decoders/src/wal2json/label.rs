//! What names a column: the members `name`, `type` and `typeoid` of its object in format version 2, in this order and
//! without the last two where the plugin leaves them out. Of format version 1 the same is made.

use super::json::Json;
use super::type_name;
use crate::TextEncoding;
use crate::cursor::{Fault, What};
use crate::named::{SentColumn, SentType};

/// Passes over a label and over what follows it up to a column's value, if it has one. Gives the end of the label.
pub(super) fn pass_over(json: &mut Json<'_>, has_value: bool) -> Result<usize, Fault> {
    let (mut is_first, mut end) = (true, json.offset());
    while let Some(key) = json.key(&mut is_first)? {
        match key {
            b"name" => drop(json.string("a column's name")?),
            b"type" => type_name::pass_over(json)?,
            b"typeoid" => drop(type_oid(json)?),
            b"value" if has_value => return Ok(end),
            _ => return Err(json.expected("a column's name, type, or value")),
        }
        end = json.offset();
    }
    if has_value { Err(json.expected("a column's value")) } else { Ok(end) }
}

/// What a label says.
pub(super) fn read(label: &[u8], text: &TextEncoding) -> Result<SentColumn, Fault> {
    let mut json = Json::new(label);
    let (mut name, mut printed, mut oid) = (None, None, None);
    let mut is_first = true;
    while !json.is_at_end() {
        if !std::mem::take(&mut is_first) {
            json.expect(b',', "a comma")?;
        }
        match json.name()? {
            b"name" => name = Some(json.string("a column's name")?),
            b"type" => {
                let start = json.offset();
                type_name::pass_over(&mut json)?;
                printed = label.get(start..json.offset());
            }
            b"typeoid" => oid = type_oid(&mut json)?,
            _ => json.pass_over()?,
        }
    }
    let Some(name) = name else { return Err(Fault::new(0, What::Malformed("a column without a name"))) };
    let name = json.text(name, text, "a column's name")?;
    let type_ = match (oid, printed) {
        (Some(oid), printed) => SentType::Oid { oid, modifier: printed.and_then(type_name::modifier) },
        (None, Some(printed)) => SentType::Printed(type_name::without_modifier(printed, text)?),
        (None, None) => {
            return Err(Fault::new(0, What::Malformed("a column without a type: include-type-oids")));
        }
    };
    Ok(SentColumn { name, type_ })
}

/// A type's OID, which format version 2 prints signed; `None` for `null`.
pub(super) fn type_oid(json: &mut Json<'_>) -> Result<Option<u32>, Fault> {
    let at = json.offset();
    let Some(number) = json.integer("a type's OID")? else { return Ok(None) };
    // As 32 bits, whichever way they were printed.
    let bits = i32::try_from(number).map(i32::cast_unsigned).or_else(|_| u32::try_from(number));
    bits.map(Some).map_err(|_| Fault::new(at, What::Malformed("a type's OID of more than 32 bits")))
}
