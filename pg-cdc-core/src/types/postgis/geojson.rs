//! GeoJSON as the cast of a geometry to json gives it (`geometry_to_json`, `liblwgeom/lwout_geojson.c` from 3.4 on;
//! before, the cast's JSON of a multipoint with an empty point was none).

use super::ewkb::UNKNOWN_TYPE;
use super::{Coordinate, Encoded, Geometry, PgGeometry, number, srs, write_text_from_binary};
use crate::types::Parsed;

/// Appends what the cast to json gives. What it has no JSON for, which is an error on the server, is the value's text
/// as a string, so that a row with such a value can still be told.
pub(in crate::types) fn write_natural(value: Encoded<'_>, out: &mut Vec<u8>) -> Parsed<()> {
    let written = match PgGeometry::from_encoded(value) {
        Ok(geometry) => write(&geometry, out),
        Err(flaw) if flaw == UNKNOWN_TYPE => false,
        Err(flaw) => return Err(flaw),
    };
    if !written {
        out.push(b'"');
        match value {
            // Read as hexadecimal, so there is nothing to escape.
            Encoded::Text(text) => out.extend_from_slice(text),
            Encoded::Binary(bytes) => write_text_from_binary(bytes, out),
        }
        out.push(b'"');
    }
    Ok(())
}

/// Appends GeoJSON; nothing, and false, where there is none.
pub(super) fn write(value: &PgGeometry, out: &mut Vec<u8>) -> bool {
    let start = out.len();
    let written = write_geometry(&value.geometry, Some(value.srid), out).is_some();
    if !written {
        out.truncate(start);
    }
    written
}

/// `srid` is `None` for the members of a collection, which name no system of their own.
fn write_geometry(geometry: &Geometry, srid: Option<i32>, out: &mut Vec<u8>) -> Option<()> {
    let name = match geometry {
        Geometry::Point(_) => "Point",
        Geometry::LineString(_) => "LineString",
        Geometry::Polygon(_) | Geometry::Triangle(_) => "Polygon",
        Geometry::MultiPoint(_) => "MultiPoint",
        Geometry::MultiLineString(_) => "MultiLineString",
        Geometry::MultiPolygon(_) => "MultiPolygon",
        Geometry::Collection(_) | Geometry::Tin(_) if srid.is_some() => "GeometryCollection",
        _ => return None,
    };
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\",");
    if let Some(srid) = srid
        && let Some(authority) = srs::authority_of(srid)
    {
        let crs = format!(r#""crs":{{"type":"name","properties":{{"name":"{authority}:{srid}"}}}},"#);
        out.extend_from_slice(crs.as_bytes());
    }
    if matches!(geometry, Geometry::Collection(_) | Geometry::Tin(_)) {
        out.extend_from_slice(b"\"geometries\":");
        let members = if geometry.is_empty() { &[] } else { geometry.members() };
        list(members, out, |member, out| write_geometry(member, None, out))?;
    } else {
        out.extend_from_slice(b"\"coordinates\":");
        write_part(geometry, out)?;
    }
    out.push(b'}');
    Some(())
}

/// The coordinates of what is no collection.
fn write_part(geometry: &Geometry, out: &mut Vec<u8>) -> Option<()> {
    match geometry {
        Geometry::Point(Some(point)) => write_coordinate(point, out),
        Geometry::Triangle(coordinates) => {
            list(&[coordinates], out, |ring, out| list(ring, out, write_coordinate))
        }
        _ if geometry.is_empty() => {
            out.extend_from_slice(b"[]");
            Some(())
        }
        Geometry::LineString(coordinates) => list(coordinates, out, write_coordinate),
        Geometry::Polygon(rings) => list(rings, out, |ring, out| list(ring, out, write_coordinate)),
        _ => list(geometry.members(), out, write_part),
    }
}

fn list<T>(items: &[T], out: &mut Vec<u8>, write: impl Fn(&T, &mut Vec<u8>) -> Option<()>) -> Option<()> {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out)?;
    }
    out.push(b']');
    Some(())
}

fn write_coordinate(coordinate: &Coordinate, out: &mut Vec<u8>) -> Option<()> {
    let Coordinate { x, y, z, .. } = *coordinate;
    out.push(b'[');
    for (index, ordinate) in [Some(x), Some(y), z].into_iter().flatten().enumerate() {
        if !ordinate.is_finite() {
            return None;
        }
        if index > 0 {
            out.push(b',');
        }
        number::write(ordinate, out);
    }
    out.push(b']');
    Some(())
}
