//! Whether the stream's values come in their binary form. Pure.

use std::sync::Arc;

use pg_cdc_core::stream::{BinaryValues, check_binary};
use pg_cdc_core::{Error, ErrorKind, InvalidText, Table};

use super::invalid_text::needs_text;
use crate::config::Binary;

/// pgoutput's option `binary` came with 14.
const BINARY: u32 = 140_000;

/// What `pgoutput.binary` comes to on a server of `version` with `tables`, whose text is dealt with as `invalid` says.
///
/// # Errors
///
/// Where it is `true` and can't be: the server is too old, a column's binary form can't be mapped, or text that is none
/// could not be found in it.
pub(crate) fn binary_values(
    asked: Binary,
    version: u32,
    tables: &[Arc<Table>],
    invalid: InvalidText,
) -> Result<BinaryValues, Error> {
    match asked {
        Binary::On if invalid != InvalidText::Error => {
            return Err(needs_text("pgoutput.binary: true", "pgoutput.binary: auto"));
        }
        Binary::Auto if invalid != InvalidText::Error => return Ok(BinaryValues::Never),
        Binary::Off => return Ok(BinaryValues::Never),
        Binary::Auto if version < BINARY => return Ok(BinaryValues::Never),
        Binary::Auto => return Ok(BinaryValues::WherePossible),
        Binary::On => {}
    }
    if version < BINARY {
        let found = version / 10_000;
        let what = format!("pgoutput.binary: true needs PostgreSQL 14, the server is {found}");
        return Err(Error::new(ErrorKind::Unsupported, what).with_hint("set pgoutput.binary: auto"));
    }
    check_binary(tables.iter().map(|table| &**table))?;
    Ok(BinaryValues::Always)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pg_cdc_core::types::oid;
    use pg_cdc_core::{Column, ColumnType, ReplicaIdentity, TableName};

    fn table(type_: u32) -> Vec<Arc<Table>> {
        let columns = vec![Column::new("c", ColumnType::built_in(type_))];
        vec![Arc::new(Table::new(1, TableName::new("public", "t"), columns, ReplicaIdentity::Default))]
    }

    #[test]
    fn auto_is_binary_where_the_server_has_it() {
        let auto =
            |version| binary_values(Binary::Auto, version, &table(oid::REGCLASS), InvalidText::Error).ok();
        assert_eq!(auto(130_000), Some(BinaryValues::Never));
        assert_eq!(auto(140_000), Some(BinaryValues::WherePossible));
        let off = binary_values(Binary::Off, 180_000, &[], InvalidText::Error);
        assert_eq!(off.ok(), Some(BinaryValues::Never));
    }

    #[test]
    fn text_that_is_none_is_looked_for_in_text() {
        let values = |asked| binary_values(asked, 150_000, &table(oid::TEXT), InvalidText::Base64);
        assert_eq!(values(Binary::Auto).ok(), Some(BinaryValues::Never));
        let error = values(Binary::On).unwrap_err().to_string();
        assert!(error.contains("pgoutput.binary: true: with invalid_text"), "{error}");
    }

    #[test]
    fn true_names_what_stands_in_the_way() {
        assert_eq!(
            binary_values(Binary::On, 150_000, &table(oid::INT4_ARRAY), InvalidText::Error).ok(),
            Some(BinaryValues::Always)
        );
        let error = |version, tables: &[Arc<Table>]| {
            binary_values(Binary::On, version, tables, InvalidText::Error).unwrap_err().to_string()
        };
        let (unmapped, old) = (error(150_000, &table(oid::REGCLASS)), error(130_000, &[]));
        assert!(
            unmapped.contains("table public.t, column c: the binary form of type regclass"),
            "{unmapped}"
        );
        assert!(old.contains("PostgreSQL 14"), "{old}");
    }
}
