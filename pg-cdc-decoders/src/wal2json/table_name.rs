//! What names a table: the members `schema` and `table`, one behind the other, as they stand in the message.

use std::ops::Range;

use pg_cdc_core::TableName;

use super::json::Json;
use crate::TextEncoding;
use crate::cursor::{Fault, What};

/// Passes over the members, of which the first is `key`, and has been read; `before` is the place before it, or before
/// the comma in front of it.
pub(super) fn pass_over(json: &mut Json<'_>, before: Json<'_>, key: &[u8]) -> Result<Range<usize>, Fault> {
    if key != b"schema" {
        return Err(before.expected("a table's schema: include-schemas"));
    }
    let mut start = before;
    start.eat(b',');
    start.is_at_end();
    json.string("a schema's name")?;
    let mut is_first = false;
    if json.key(&mut is_first)? != Some(b"table") {
        return Err(json.expected("a table's name behind its schema"));
    }
    json.string("a table's name")?;
    Ok(start.offset()..json.offset())
}

/// The name that the members tell.
pub(super) fn read(members: &[u8], text: &TextEncoding) -> Result<TableName, Fault> {
    let mut json = Json::new(members);
    json.name()?;
    let schema = json.string("a schema's name")?;
    json.expect(b',', "a comma")?;
    json.name()?;
    let table = json.string("a table's name")?;
    if !json.is_at_end() {
        return Err(Fault::new(json.offset(), What::Malformed("more than a schema and a table")));
    }
    let name = |string, what| json.text(string, text, what);
    Ok(TableName::new(name(schema, "a schema's name")?, name(table, "a table's name")?))
}
