//! What is done with bytes that are no text. Pure.

use pg_cdc_core::{Error, ErrorKind, InvalidText};

use crate::config::{SnapshotFormat, SnapshotMode, SourceConfig};

/// What is done with text that is not UTF-8 in what the server converts from a database in `encoding`: only of SQL_ASCII
/// it converts nothing.
pub(crate) fn unconverted(source: &SourceConfig, encoding: &str) -> InvalidText {
    if encoding == "SQL_ASCII" { source.invalid_text.into() } else { InvalidText::Error }
}

/// Sees that the snapshot is not asked for in a form in which such text can't be found.
///
/// # Errors
///
/// Where it is.
pub(super) fn check(source: &SourceConfig, encoding: &str) -> Result<(), Error> {
    let copies = source.snapshot.mode != SnapshotMode::Never;
    if copies
        && source.snapshot.format == SnapshotFormat::Binary
        && unconverted(source, encoding) != InvalidText::Error
    {
        return Err(needs_text("snapshot.format: binary", "snapshot.format: auto"));
    }
    Ok(())
}

/// `key` asks for values in binary, of a database whose text is to be mended.
pub(super) fn needs_text(key: &str, instead: &str) -> Error {
    let what = format!(
        "{key}: with invalid_text other than error a database in SQL_ASCII is read as text, since what lies within a \
         value's binary form is not seen"
    );
    Error::new(ErrorKind::Unsupported, what).with_hint(format!("set {instead}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    #[test]
    fn only_a_database_in_sql_ascii_is_read_otherwise() {
        let mut source = SourceConfig::from_url("postgres://h/d");
        assert_eq!(unconverted(&source, "SQL_ASCII"), InvalidText::Error);
        source.invalid_text = config::InvalidText::Replace;
        assert_eq!(unconverted(&source, "SQL_ASCII"), InvalidText::Replace);
        assert_eq!(unconverted(&source, "UTF8"), InvalidText::Error);
        assert!(check(&source, "SQL_ASCII").is_ok());

        source.snapshot.format = SnapshotFormat::Binary;
        assert!(check(&source, "UTF8").is_ok());
        let error = check(&source, "SQL_ASCII").unwrap_err();
        assert!(error.to_string().contains("snapshot.format: binary"), "{error}");
        assert_eq!(error.hint(), Some("set snapshot.format: auto"));
        source.snapshot.mode = SnapshotMode::Never;
        assert!(check(&source, "SQL_ASCII").is_ok());
    }
}
