//! point, and PostGIS' geometry and geography: `io.debezium.data.geometry` and `PostgisGeometry`.

use super::bytes::push_base64;
use super::float::push_float8;
use crate::types::encoded::Encoded;
use crate::types::{Flaw, Parsed, PgPoint, bytea, integer};

/// Appends a point: its coordinates, and itself as well-known binary without a reference system.
pub(super) fn push_point(value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let PgPoint { x, y } = value.read(PgPoint::from_text, PgPoint::from_binary)?;
    let mut wkb = [0; 21];
    // Little-endian, and the number of points among geometries.
    wkb[..5].copy_from_slice(&[1, 1, 0, 0, 0]);
    wkb[5..13].copy_from_slice(&x.to_le_bytes());
    wkb[13..].copy_from_slice(&y.to_le_bytes());
    out.extend_from_slice(b"{\"x\":");
    push_float8(x, out);
    out.extend_from_slice(b",\"y\":");
    push_float8(y, out);
    out.extend_from_slice(b",\"wkb\":");
    push_base64(&wkb, out);
    out.extend_from_slice(b",\"srid\":null}");
    Ok(())
}

/// Appends a geometry or geography: its bytes as PostGIS has them (EWKB), and its reference system beside them.
///
/// The text is those bytes in hexadecimal.
pub(super) fn push_geometry(value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    match value {
        Encoded::Binary(ewkb) => push_ewkb(ewkb, out),
        Encoded::Text(hex) => push_ewkb(&bytea::from_hex(hex, 0)?, out),
    }
}

fn push_ewkb(ewkb: &[u8], out: &mut Vec<u8>) -> Parsed<()> {
    /// Of the type's number: the system's number stands behind it.
    const HAS_SRID: u32 = 0x2000_0000;
    let [order, kind @ .., a, b, c, d] =
        *ewkb.first_chunk::<9>().ok_or(Flaw::new("is too short for a geometry"))?;
    let number = if order == 0 { u32::from_be_bytes } else { u32::from_le_bytes };
    out.extend_from_slice(b"{\"wkb\":");
    push_base64(ewkb, out);
    out.extend_from_slice(b",\"srid\":");
    if number(kind) & HAS_SRID != 0 {
        let srid = number([a, b, c, d]).cast_signed();
        integer::write_text(srid.into(), out);
    } else {
        out.extend_from_slice(b"null");
    }
    out.push(b'}');
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_has_its_coordinates_and_its_bytes() {
        let mut out = Vec::new();
        push_point(Encoded::Text(b"(1,1)"), &mut out).unwrap();
        let expected = r#"{"x":1.0,"y":1.0,"wkb":"AQEAAAAAAAAAAADwPwAAAAAAAPA/","srid":null}"#;
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        for bad in ["", "(1)", "(1,2", "(1,2,3)", "1,2"] {
            assert!(push_point(Encoded::Text(bad.as_bytes()), &mut Vec::new()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_geometry_has_its_bytes_and_its_reference_system() {
        let hex = b"0101000020E610000000000000000000000000000000000000";
        let mut out = Vec::new();
        push_geometry(Encoded::Text(hex), &mut out).unwrap();
        let from_text = String::from_utf8(out).unwrap();
        assert_eq!(from_text, r#"{"wkb":"AQEAACDmEAAAAAAAAAAAAAAAAAAAAAAAAA==","srid":4326}"#);
        let mut out = Vec::new();
        push_geometry(Encoded::Binary(&bytea::from_hex(hex, 0).unwrap()), &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), from_text);
        let mut out = Vec::new();
        push_geometry(Encoded::Text(b"010700000000000000"), &mut out).unwrap();
        assert_eq!(out, br#"{"wkb":"AQcAAAAAAAAA","srid":null}"#);
        assert!(push_geometry(Encoded::Text(b"0107"), &mut Vec::new()).is_err());
    }
}
