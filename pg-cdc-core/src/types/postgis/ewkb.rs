//! EWKB and WKB (`liblwgeom/lwin_wkb.c`, `lwout_wkb.c`).

use super::{Coordinate, Dimensions, Geometry, PgGeometry};
use crate::types::{Flaw, Parsed};

const Z: u32 = 0x8000_0000;
const M: u32 = 0x4000_0000;
const SRID: u32 = 0x2000_0000;

/// PostGIS's own limit (`LW_PARSER_MAX_DEPTH`).
const MOST_LEVELS: usize = 200;

/// A type of a later PostGIS.
pub(in crate::types) const UNKNOWN_TYPE: Flaw = Flaw::new("is a geometry of an unknown type");

const TOO_SHORT: Flaw = Flaw::new("ends too early");

/// A cursor over numbers of either byte order.
struct Cursor<'a> {
    rest: &'a [u8],
    length: usize,
    little_endian: bool,
}

impl Cursor<'_> {
    fn array<const N: usize>(&mut self) -> Parsed<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(TOO_SHORT)?;
        self.rest = rest;
        Ok(*taken)
    }

    fn at(&self) -> usize {
        self.length - self.rest.len()
    }

    fn byte_order(&mut self) -> Parsed<()> {
        let at = self.at();
        self.little_endian = match self.array()? {
            [0] => false,
            [1] => true,
            _ => return Err(Flaw::at("has an unknown byte order", at)),
        };
        Ok(())
    }

    fn u32(&mut self) -> Parsed<u32> {
        let bytes = self.array()?;
        Ok(if self.little_endian { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    }

    fn f64(&mut self) -> Parsed<f64> {
        let bytes = self.array()?;
        Ok(if self.little_endian { f64::from_le_bytes(bytes) } else { f64::from_be_bytes(bytes) })
    }

    fn coordinate(&mut self, dimensions: Dimensions) -> Parsed<Coordinate> {
        let (x, y) = (self.f64()?, self.f64()?);
        let z = if dimensions.z { Some(self.f64()?) } else { None };
        let m = if dimensions.m { Some(self.f64()?) } else { None };
        Ok(Coordinate { x, y, z, m })
    }

    fn coordinates(&mut self, dimensions: Dimensions) -> Parsed<Vec<Coordinate>> {
        let count = self.u32()? as usize;
        // Nothing is allocated for what isn't there.
        if count > self.rest.len() / dimensions.size() {
            return Err(TOO_SHORT);
        }
        (0..count).map(|_| self.coordinate(dimensions)).collect()
    }

    fn rings(&mut self, dimensions: Dimensions) -> Parsed<Vec<Vec<Coordinate>>> {
        let mut rings = Vec::new();
        for _ in 0..self.u32()? {
            rings.push(self.coordinates(dimensions)?);
        }
        Ok(rings)
    }
}

impl Dimensions {
    /// The bytes of a coordinate.
    fn size(self) -> usize {
        8 * (2 + usize::from(self.z) + usize::from(self.m))
    }
}

/// Reads a whole value.
pub(super) fn read(bytes: &[u8]) -> Parsed<PgGeometry> {
    let mut cursor = Cursor { rest: bytes, length: bytes.len(), little_endian: true };
    let mut srid = 0;
    let (dimensions, geometry) = read_geometry(&mut cursor, Some(&mut srid), 0)?;
    if !cursor.rest.is_empty() {
        return Err(Flaw::at("has bytes behind its end", cursor.at()));
    }
    Ok(PgGeometry { srid, dimensions, geometry })
}

/// Byte order, type with its flags, the SRID where the flag says so, and what the type has.
fn read_geometry(
    cursor: &mut Cursor<'_>,
    srid: Option<&mut i32>,
    level: usize,
) -> Parsed<(Dimensions, Geometry)> {
    cursor.byte_order()?;
    let at = cursor.at();
    let flags_and_type = cursor.u32()?;
    // ISO's dimensions are thousands: 1 for Z, 2 for M, 3 for both.
    let code = flags_and_type & 0x0fff_ffff;
    let thousands = code / 1000;
    let dimensions = Dimensions {
        z: flags_and_type & Z != 0 || thousands & 1 == 1,
        m: flags_and_type & M != 0 || thousands & 2 == 2,
    };
    if flags_and_type & SRID != 0 {
        let own = cursor.u32()? as i32;
        // A member's is that of the whole.
        if let Some(srid) = srid {
            *srid = own.max(0);
        }
    }
    if thousands > 3 {
        return Err(UNKNOWN_TYPE);
    }
    let geometry = match code % 1000 {
        1 => {
            let point = cursor.coordinate(dimensions)?;
            Geometry::Point((!point.x.is_nan() || !point.y.is_nan()).then_some(point))
        }
        2 => Geometry::LineString(cursor.coordinates(dimensions)?),
        3 => Geometry::Polygon(cursor.rings(dimensions)?),
        8 => Geometry::CircularString(cursor.coordinates(dimensions)?),
        17 => {
            let mut rings = cursor.rings(dimensions)?;
            if rings.len() > 1 {
                return Err(Flaw::at("has a triangle of several rings", at));
            }
            Geometry::Triangle(rings.pop().unwrap_or_default())
        }
        of_members => {
            let geometry = container(of_members).ok_or(UNKNOWN_TYPE)?;
            let empty = geometry(Vec::new());
            let mut members = Vec::new();
            for _ in 0..cursor.u32()? {
                if level + 1 >= MOST_LEVELS {
                    return Err(Flaw::at("is nested too deep", at));
                }
                let at = cursor.at();
                let (own, member) = read_geometry(cursor, None, level + 1)?;
                if own != dimensions {
                    return Err(Flaw::at("has a member of other dimensions", at));
                }
                if !empty.may_hold(&member) {
                    return Err(Flaw::at("has a member of a type that it can't have", at));
                }
                members.push(member);
            }
            geometry(members)
        }
    };
    Ok((dimensions, geometry))
}

/// What has members, by its number in WKB.
fn container(code: u32) -> Option<fn(Vec<Geometry>) -> Geometry> {
    Some(match code {
        4 => Geometry::MultiPoint,
        5 => Geometry::MultiLineString,
        6 => Geometry::MultiPolygon,
        7 => Geometry::Collection,
        9 => Geometry::CompoundCurve,
        // 13 and 14 are those of PostGIS 1.5.
        10 | 13 => Geometry::CurvePolygon,
        11 | 14 => Geometry::MultiCurve,
        12 => Geometry::MultiSurface,
        15 => Geometry::PolyhedralSurface,
        16 => Geometry::Tin,
        _ => return None,
    })
}

impl Geometry {
    /// Whether `member` is what it is made of (`lwcollection_allows_subtype`).
    fn may_hold(&self, member: &Self) -> bool {
        match self {
            Self::Collection(_) => true,
            Self::MultiPoint(_) => matches!(member, Self::Point(_)),
            Self::MultiLineString(_) => matches!(member, Self::LineString(_)),
            Self::MultiPolygon(_) | Self::PolyhedralSurface(_) => matches!(member, Self::Polygon(_)),
            Self::CompoundCurve(_) => matches!(member, Self::LineString(_) | Self::CircularString(_)),
            Self::CurvePolygon(_) | Self::MultiCurve(_) => {
                matches!(member, Self::LineString(_) | Self::CircularString(_) | Self::CompoundCurve(_))
            }
            Self::MultiSurface(_) => matches!(member, Self::Polygon(_) | Self::CurvePolygon(_)),
            Self::Tin(_) => matches!(member, Self::Triangle(_)),
            _ => false,
        }
    }

    fn code(&self) -> u32 {
        match self {
            Self::Point(_) => 1,
            Self::LineString(_) => 2,
            Self::Polygon(_) => 3,
            Self::MultiPoint(_) => 4,
            Self::MultiLineString(_) => 5,
            Self::MultiPolygon(_) => 6,
            Self::Collection(_) => 7,
            Self::CircularString(_) => 8,
            Self::CompoundCurve(_) => 9,
            Self::CurvePolygon(_) => 10,
            Self::MultiCurve(_) => 11,
            Self::MultiSurface(_) => 12,
            Self::PolyhedralSurface(_) => 15,
            Self::Tin(_) => 16,
            Self::Triangle(_) => 17,
        }
    }
}

/// The two ways of telling Z, M and the SRID.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Variant {
    /// PostGIS's flags.
    Extended,
    /// ISO's thousands, which have no SRID.
    Iso,
}

/// Appends a whole value, little-endian.
pub(super) fn write(value: &PgGeometry, variant: Variant, out: &mut Vec<u8>) {
    write_geometry(&value.geometry, value.dimensions, value.srid, variant, out);
}

fn write_geometry(
    geometry: &Geometry,
    dimensions: Dimensions,
    srid: i32,
    variant: Variant,
    out: &mut Vec<u8>,
) {
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    let (z, m) = if variant == Variant::Iso { (1000, 2000) } else { (Z, M) };
    let with_srid = variant == Variant::Extended && srid > 0;
    out.push(1);
    put(geometry.code() + flag(dimensions.z, z) + flag(dimensions.m, m) + flag(with_srid, SRID), out);
    if with_srid {
        put(srid as u32, out);
    }
    match geometry {
        Geometry::Point(point) => {
            let nowhere = Coordinate { x: f64::NAN, y: f64::NAN, z: None, m: None };
            write_coordinate(point.as_ref().unwrap_or(&nowhere), dimensions, out);
        }
        Geometry::LineString(coordinates) | Geometry::CircularString(coordinates) => {
            write_coordinates(coordinates, dimensions, out);
        }
        // An empty one has no rings, and in ISO's form no members either.
        _ if geometry.is_empty() && (variant == Variant::Iso || geometry.members().is_empty()) => put(0, out),
        Geometry::Polygon(rings) => {
            put(rings.len() as u32, out);
            for ring in rings {
                write_coordinates(ring, dimensions, out);
            }
        }
        Geometry::Triangle(coordinates) => {
            put(1, out);
            write_coordinates(coordinates, dimensions, out);
        }
        _ => {
            put(geometry.members().len() as u32, out);
            for member in geometry.members() {
                write_geometry(member, dimensions, 0, variant, out);
            }
        }
    }
}

fn put(number: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&number.to_le_bytes());
}

fn write_coordinates(coordinates: &[Coordinate], dimensions: Dimensions, out: &mut Vec<u8>) {
    put(coordinates.len() as u32, out);
    for coordinate in coordinates {
        write_coordinate(coordinate, dimensions, out);
    }
}

fn write_coordinate(coordinate: &Coordinate, dimensions: Dimensions, out: &mut Vec<u8>) {
    let mut put = |ordinate: f64| out.extend_from_slice(&ordinate.to_le_bytes());
    put(coordinate.x);
    put(coordinate.y);
    if dimensions.z {
        put(coordinate.z.unwrap_or(f64::NAN));
    }
    if dimensions.m {
        put(coordinate.m.unwrap_or(f64::NAN));
    }
}
