//! WKT (`liblwgeom/lwout_wkt.c`).

use super::number;
use super::{Coordinate, Dimensions, Geometry, PgGeometry};

/// What `ST_AsText` gives.
pub(super) fn iso(value: &PgGeometry) -> String {
    let mut writer = Writer { out: Vec::new(), iso: true, dimensions: value.dimensions };
    writer.geometry(&value.geometry, true);
    String::from_utf8(writer.out).unwrap_or_default()
}

/// What `ST_AsEWKT` gives.
pub(super) fn extended(value: &PgGeometry) -> String {
    let mut writer = Writer { out: Vec::new(), iso: false, dimensions: value.dimensions };
    if value.srid > 0 {
        writer.out.extend_from_slice(format!("SRID={};", value.srid).as_bytes());
    }
    writer.geometry(&value.geometry, true);
    String::from_utf8(writer.out).unwrap_or_default()
}

struct Writer {
    out: Vec<u8>,
    iso: bool,
    dimensions: Dimensions,
}

impl Writer {
    fn geometry(&mut self, geometry: &Geometry, named: bool) {
        if named {
            self.name(geometry);
        }
        let is_empty = match geometry {
            Geometry::Point(_)
            | Geometry::LineString(_)
            | Geometry::CircularString(_)
            | Geometry::Polygon(_)
            | Geometry::Triangle(_) => geometry.is_empty(),
            _ => geometry.members().is_empty(),
        };
        if is_empty {
            if !matches!(self.out.last(), Some(b' ' | b',' | b'(')) {
                self.out.push(b' ');
            }
            self.out.extend_from_slice(b"EMPTY");
            return;
        }
        match geometry {
            Geometry::Point(point) => self.coordinates(point.as_slice()),
            Geometry::LineString(coordinates) | Geometry::CircularString(coordinates) => {
                self.coordinates(coordinates);
            }
            Geometry::Polygon(rings) => self.list(rings, |writer, ring| writer.coordinates(ring)),
            Geometry::Triangle(coordinates) => {
                self.list(&[coordinates], |writer, ring| writer.coordinates(ring));
            }
            _ => self.list(geometry.members(), |writer, member| writer.member(geometry, member)),
        }
    }

    fn member(&mut self, of: &Geometry, member: &Geometry) {
        match (of, member) {
            // PostGIS's own form has no parentheses around the points of a multipoint.
            (Geometry::MultiPoint(_), Geometry::Point(Some(point))) if !self.iso => self.coordinate(point),
            (Geometry::Collection(_), _) => self.geometry(member, true),
            // Curves are named among other things, what is straight is not.
            _ => {
                let is_curve = matches!(
                    member,
                    Geometry::CircularString(_) | Geometry::CompoundCurve(_) | Geometry::CurvePolygon(_)
                );
                self.geometry(member, is_curve);
            }
        }
    }

    fn name(&mut self, geometry: &Geometry) {
        let name: &[u8] = match geometry {
            Geometry::Point(_) => b"POINT",
            Geometry::LineString(_) => b"LINESTRING",
            Geometry::Polygon(_) => b"POLYGON",
            Geometry::MultiPoint(_) => b"MULTIPOINT",
            Geometry::MultiLineString(_) => b"MULTILINESTRING",
            Geometry::MultiPolygon(_) => b"MULTIPOLYGON",
            Geometry::Collection(_) => b"GEOMETRYCOLLECTION",
            Geometry::CircularString(_) => b"CIRCULARSTRING",
            Geometry::CompoundCurve(_) => b"COMPOUNDCURVE",
            Geometry::CurvePolygon(_) => b"CURVEPOLYGON",
            Geometry::MultiCurve(_) => b"MULTICURVE",
            Geometry::MultiSurface(_) => b"MULTISURFACE",
            Geometry::PolyhedralSurface(_) => b"POLYHEDRALSURFACE",
            Geometry::Tin(_) => b"TIN",
            Geometry::Triangle(_) => b"TRIANGLE",
        };
        self.out.extend_from_slice(name);
        let dimensions: &[u8] = match (self.iso, self.dimensions) {
            (true, Dimensions { z: true, m: true }) => b" ZM ",
            (true, Dimensions { z: true, m: false }) => b" Z ",
            (true, Dimensions { z: false, m: true }) => b" M ",
            // Only what could be taken for Z is told.
            (false, Dimensions { z: false, m: true }) => b"M",
            _ => b"",
        };
        self.out.extend_from_slice(dimensions);
    }

    fn list<T>(&mut self, items: &[T], write: impl Fn(&mut Self, &T)) {
        self.out.push(b'(');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(b',');
            }
            write(self, item);
        }
        self.out.push(b')');
    }

    fn coordinates(&mut self, coordinates: &[Coordinate]) {
        self.list(coordinates, Self::coordinate);
    }

    fn coordinate(&mut self, coordinate: &Coordinate) {
        let Coordinate { x, y, z, m } = *coordinate;
        number::write(x, &mut self.out);
        for ordinate in [Some(y), z, m].into_iter().flatten() {
            self.out.push(b' ');
            number::write(ordinate, &mut self.out);
        }
    }
}
