//! Bytes in base64 or hexadecimal, and bits.
//!
//! `binary.handling.mode`: `convertBinary` in `JdbcValueConverters`; bytes that stay bytes are base64 in `JsonConverter`.
//! Bits: `convertBits` in `PostgresValueConverter`.

use base64::Engine as _;
use base64::engine::general_purpose::{GeneralPurpose, STANDARD, URL_SAFE};

use super::handling::BinaryHandling;
use crate::types::bytea::{self, byte_of, write_hex};
use crate::types::encoded::Encoded;
use crate::types::{ColumnType, Flaw, Parsed, oid};

/// Appends a string of bytes in base64.
pub(super) fn push_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    extend_base64(&STANDARD, bytes, out);
    out.push(b'"');
}

fn extend_base64(engine: &GeneralPurpose, bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // There is room for all of it, so this can't fail.
    let written = engine.encode_slice(bytes, out.get_mut(start..).unwrap_or_default()).unwrap_or(0);
    out.truncate(start + written);
}

/// Appends a string of bytes as the option has it.
pub(super) fn push_bytes(bytes: &[u8], handling: BinaryHandling, out: &mut Vec<u8>) {
    out.push(b'"');
    extend_bytes(bytes, handling, out);
    out.push(b'"');
}

fn extend_bytes(bytes: &[u8], handling: BinaryHandling, out: &mut Vec<u8>) {
    match handling {
        BinaryHandling::Bytes | BinaryHandling::Base64 => extend_base64(&STANDARD, bytes, out),
        BinaryHandling::Base64UrlSafe => extend_base64(&URL_SAFE, bytes, out),
        BinaryHandling::Hex => write_hex(bytes, out),
    }
}

/// Appends a `bytea`.
pub(super) fn push_bytea(value: Encoded<'_>, handling: BinaryHandling, out: &mut Vec<u8>) -> Parsed<()> {
    let text = match value {
        Encoded::Binary(bytes) => {
            push_bytes(bytes, handling, out);
            return Ok(());
        }
        Encoded::Text(text) => text,
    };
    match text.strip_prefix(b"\\x") {
        Some(hex) => {
            out.push(b'"');
            extend_hex(hex, handling, out)?;
            out.push(b'"');
        }
        None => push_bytes(&bytea::from_text(text)?, handling, out),
    }
    Ok(())
}

/// Appends bytes that are given in hexadecimal, a piece at a time, so that nothing is allocated for them.
fn extend_hex(hex: &[u8], handling: BinaryHandling, out: &mut Vec<u8>) -> Parsed<()> {
    /// A multiple of three: only the last piece is padded.
    const PIECE: usize = 384;
    let mut bytes = [0; PIECE];
    for (index, piece) in hex.chunks(2 * PIECE).enumerate() {
        let (pairs, odd) = piece.as_chunks::<2>();
        let flaw = |at| Flaw::at("is not hexadecimal", 2 + index * 2 * PIECE + at);
        if !odd.is_empty() {
            return Err(flaw(piece.len()));
        }
        for (at, (byte, pair)) in bytes.iter_mut().zip(pairs).enumerate() {
            *byte = byte_of(*pair).ok_or_else(|| flaw(2 * at))?;
        }
        let bytes = bytes.get(..pairs.len()).unwrap_or_default();
        extend_bytes(bytes, handling, out);
    }
    Ok(())
}

/// Whether values of a `bit` or `varbit` are a boolean: those of a length of 1, and a `bit` without any.
fn is_boolean(type_: &ColumnType) -> bool {
    let base = type_.base();
    base.modifier == 1 || (base.modifier < 1 && base.oid == oid::BIT)
}

/// Appends a `bit` or `varbit` from its text: a boolean, or the bytes of the number that its digits are, the lowest
/// first, without those that are zero at the high end.
pub(super) fn push_bits(type_: &ColumnType, text: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    if let Some(at) = text.iter().position(|byte| !matches!(byte, b'0' | b'1')) {
        return Err(Flaw::at("is not of the digits 0 and 1", at));
    }
    let first = text.iter().position(|&byte| byte == b'1').unwrap_or(text.len());
    let digits = text.get(first..).unwrap_or_default();
    if is_boolean(type_) {
        // `Integer.valueOf` of nothing is an error to Debezium, and the value is left null.
        out.extend_from_slice(match (text, digits) {
            ([], _) => &b"null"[..],
            (_, []) => b"false",
            _ => b"true",
        });
        return Ok(());
    }
    let bytes: Vec<u8> =
        digits.rchunks(8).map(|byte| byte.iter().fold(0, |byte, digit| byte << 1 | (digit - b'0'))).collect();
    push_base64(&bytes, out);
    Ok(())
}
