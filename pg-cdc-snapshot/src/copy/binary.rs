//! Rows of COPY's binary format.

use pg_cdc_core::batch::ChangeWriter;

use super::{Stage, Trouble};
use crate::plan::Encoding;

const SIGNATURE: &[u8; 11] = b"PGCOPY\n\xff\r\n\0";
/// Bits that a reader must understand.
const CRITICAL: u32 = 0xffff_0000;

/// What stage follows the message at `at`, and where in it a row begins, if one does.
#[inline]
pub(super) fn row_start(bytes: &[u8], at: usize, stage: Stage) -> Result<(Stage, Option<usize>), Trouble> {
    let at = match stage {
        Stage::Rows => at,
        Stage::Header => {
            let at = after_header(bytes, at)?;
            if at == bytes.len() {
                return Ok((Stage::Rows, None));
            }
            at
        }
        Stage::Over => return Err(Trouble::AfterTrailer),
    };
    if bytes.get(at..) == Some(&[0xff, 0xff]) {
        return Ok((Stage::Over, None));
    }
    Ok((Stage::Rows, Some(at)))
}

/// Signature, flags, length of the extension, the extension.
fn after_header(bytes: &[u8], at: usize) -> Result<usize, Trouble> {
    let header = bytes.get(at..).unwrap_or_default();
    let header = header.strip_prefix(SIGNATURE).ok_or(Trouble::NoSignature)?;
    let field = |at| {
        let field: Option<&[u8; 4]> = header.get(at..at + 4).and_then(|field| field.try_into().ok());
        field.map(|field| u32::from_be_bytes(*field)).ok_or(Trouble::Truncated)
    };
    let (flags, extension) = (field(0)?, field(4)?);
    if flags & CRITICAL != 0 {
        return Err(Trouble::UnknownFlags(flags & CRITICAL));
    }
    let after = at + SIGNATURE.len() + 8 + extension as usize;
    if after > bytes.len() { Err(Trouble::Truncated) } else { Ok(after) }
}

/// The row from `at` to the end of `bytes`.
#[inline]
pub(super) fn row(
    bytes: &[u8],
    mut at: usize,
    encodings: &[Encoding],
    writer: &mut ChangeWriter<'_>,
) -> Result<(), Trouble> {
    let count: &[u8; 2] =
        bytes.get(at..at + 2).and_then(|count| count.try_into().ok()).ok_or(Trouble::Truncated)?;
    let count = usize::from(u16::from_be_bytes(*count));
    if count != encodings.len() {
        return Err(Trouble::Columns { found: count, expected: encodings.len() });
    }
    at += 2;
    for encoding in encodings {
        let length: &[u8; 4] =
            bytes.get(at..at + 4).and_then(|length| length.try_into().ok()).ok_or(Trouble::Truncated)?;
        at += 4;
        let length = i32::from_be_bytes(*length);
        let Ok(length) = usize::try_from(length) else {
            if length != -1 {
                return Err(Trouble::NegativeLength(length));
            }
            writer.null();
            continue;
        };
        if length > bytes.len() - at {
            return Err(Trouble::Truncated);
        }
        match encoding {
            Encoding::Binary => writer.binary(at, length)?,
            Encoding::Text => writer.text(at, length)?,
        }
        at += length;
    }
    if at == bytes.len() { Ok(()) } else { Err(Trouble::BytesBehind) }
}
