//! What must hold of a value.

use pg_cdc_core::Datum;
use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::{
    ColumnType, Format, FromDatum, TypeError, fits, is_binary_known, may_misfit, write_text,
};

use crate::choice::{describe, type_of};
use crate::memory::{most_held, most_written};
use crate::values;

/// Checks all that is promised of the value that `input` holds behind its type.
///
/// # Panics
///
/// Where a promise is broken.
pub fn check(format: Format, input: &[u8]) {
    let (type_, bytes) = type_of(input);
    let datum = match format {
        Format::Text => Datum::Text(bytes),
        Format::Binary => Datum::Binary(bytes),
    };
    let text = written(write_text, &type_, datum, bytes.len());
    // What holds others may be empty.
    if format == Format::Binary && type_.shape().is_none() && !is_binary_known(&type_) {
        assert_eq!(text, None, "binary of {}", describe(&type_));
    }
    let string = within(&type_, bytes.len(), || String::from_datum(&type_, datum));
    let is_string = text.as_ref().and_then(|text| std::str::from_utf8(text).ok());
    assert_eq!(string.ok().as_deref(), is_string, "{}", describe(&type_));

    let json = written(write_natural, &type_, datum, bytes.len());
    if let Some(json) = &json {
        assert!(serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok(), "{}", describe(&type_));
        assert!(!json.iter().any(|byte| matches!(byte, b'\n' | b'\r')), "{}", describe(&type_));
    }
    if may_misfit(&type_) {
        within(&type_, bytes.len(), || fits(&type_, datum));
    }
    // What came in binary is the same from its text.
    let other = text.as_deref().filter(|_| format == Format::Binary).map(Datum::Text);
    if let Some(other) = other {
        let length = text.as_ref().map_or(0, Vec::len);
        assert_eq!(written(write_text, &type_, other, length), text, "text of {}", describe(&type_));
        assert_eq!(written(write_natural, &type_, other, length), json, "JSON of {}", describe(&type_));
    }
    within(&type_, bytes.len() + text.as_ref().map_or(0, Vec::len), || values::check(&type_, datum, other));
}

/// What is written of a value, if it is one.
pub(crate) fn written(
    write: impl Fn(&ColumnType, Datum<'_>, &mut Vec<u8>) -> Result<(), TypeError>,
    type_: &ColumnType,
    datum: Datum<'_>,
    length: usize,
) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    let result = within(type_, length, || write(type_, datum, &mut out));
    let value = out.split_off(6);
    assert_eq!(out, b"before");
    assert!(
        value.len() <= most_written(type_, length),
        "{} bytes of {length}, {}",
        value.len(),
        describe(type_)
    );
    match result {
        Ok(()) => Some(value),
        Err(error) => {
            assert!(value.is_empty(), "{error}");
            None
        }
    }
}

/// What `read` gives, unless it takes more memory than a value of `length` bytes warrants.
fn within<T>(type_: &ColumnType, length: usize, read: impl FnOnce() -> T) -> T {
    let mut read_value = None;
    let counted = allocation_counter::measure(|| read_value = Some(read()));
    let most = most_held(type_, length) as u64;
    assert!(counted.bytes_max <= most, "{} bytes held for {length}, {}", counted.bytes_max, describe(type_));
    read_value.expect("was read")
}
