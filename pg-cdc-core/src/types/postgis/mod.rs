//! `geometry` and `geography` of PostGIS.

mod ewkb;
mod geojson;
mod number;
mod srs;
mod wkt;

use std::fmt;
use std::str::FromStr;

use super::encoded::Encoded;
use super::{ColumnType, Extension, Parsed, Shape, TypeError, bytea, text_is_display};

pub(super) use ewkb::UNKNOWN_TYPE;
pub(super) use geojson::write_natural;

/// A value of PostGIS's `geometry` or `geography`: a [`Geometry`], the dimensions of its coordinates, and its SRID.
///
/// Both types have the same encodings: binary is EWKB, text is EWKB in upper-case hexadecimal, which is what it
/// displays as.
///
/// ```
/// use pg_cdc_core::types::{Geometry, PgGeometry};
///
/// let value: PgGeometry = "0101000020E6100000000000000000F03F0000000000000040".parse()?;
/// assert_eq!(value.srid(), 4326);
/// let Geometry::Point(Some(point)) = value.geometry() else { unreachable!() };
/// assert_eq!((point.x, point.y, point.z), (1.0, 2.0, None));
/// assert_eq!(value.to_wkt(), "POINT(1 2)");
/// assert_eq!(value.to_ewkt(), "SRID=4326;POINT(1 2)");
/// # Ok::<(), pg_cdc_core::types::TypeError>(())
/// ```
#[derive(Clone, PartialEq)]
pub struct PgGeometry {
    srid: i32,
    dimensions: Dimensions,
    geometry: Geometry,
}

/// Which of Z and M every coordinate of a geometry has, empty ones too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Dimensions {
    z: bool,
    m: bool,
}

/// A coordinate: X (or longitude), Y (or latitude), and what else its geometry has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coordinate {
    /// X, or the longitude.
    pub x: f64,
    /// Y, or the latitude.
    pub y: f64,
    /// Z, in all coordinates of a geometry or in none.
    pub z: Option<f64>,
    /// The measure, in all coordinates of a geometry or in none.
    pub m: Option<f64>,
}

/// What a geometry is made of. An empty one has no coordinates, no rings or no members.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Geometry {
    /// `POINT`; `None` is `POINT EMPTY`.
    Point(Option<Coordinate>),
    /// `LINESTRING`
    LineString(Vec<Coordinate>),
    /// `POLYGON`: its outer ring, then its holes.
    Polygon(Vec<Vec<Coordinate>>),
    /// `MULTIPOINT`, of points.
    MultiPoint(Vec<Geometry>),
    /// `MULTILINESTRING`, of line strings.
    MultiLineString(Vec<Geometry>),
    /// `MULTIPOLYGON`, of polygons.
    MultiPolygon(Vec<Geometry>),
    /// `GEOMETRYCOLLECTION`, of anything.
    Collection(Vec<Geometry>),
    /// `CIRCULARSTRING`
    CircularString(Vec<Coordinate>),
    /// `COMPOUNDCURVE`, of line strings and circular strings.
    CompoundCurve(Vec<Geometry>),
    /// `CURVEPOLYGON`: its rings, of any kind of curve.
    CurvePolygon(Vec<Geometry>),
    /// `MULTICURVE`, of any kind of curve.
    MultiCurve(Vec<Geometry>),
    /// `MULTISURFACE`, of polygons and curve polygons.
    MultiSurface(Vec<Geometry>),
    /// `POLYHEDRALSURFACE`, of polygons.
    PolyhedralSurface(Vec<Geometry>),
    /// `TIN`, of triangles.
    Tin(Vec<Geometry>),
    /// `TRIANGLE`
    Triangle(Vec<Coordinate>),
}

impl Geometry {
    /// Whether there is no coordinate in it (`ST_IsEmpty`).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Point(point) => point.is_none(),
            Self::LineString(coordinates)
            | Self::CircularString(coordinates)
            | Self::Triangle(coordinates) => coordinates.is_empty(),
            // What has no outer ring has nothing, whatever its holes.
            Self::Polygon(rings) => rings.first().is_none_or(Vec::is_empty),
            _ => self.members().iter().all(Self::is_empty),
        }
    }

    /// What a geometry of several is made of; none for points, line strings, polygons, circular strings and triangles.
    #[must_use]
    pub fn members(&self) -> &[Self] {
        match self {
            Self::MultiPoint(members)
            | Self::MultiLineString(members)
            | Self::MultiPolygon(members)
            | Self::Collection(members)
            | Self::CompoundCurve(members)
            | Self::CurvePolygon(members)
            | Self::MultiCurve(members)
            | Self::MultiSurface(members)
            | Self::PolyhedralSurface(members)
            | Self::Tin(members) => members,
            _ => &[],
        }
    }
}

impl PgGeometry {
    /// Reads EWKB, ISO WKB or plain WKB of either byte order.
    ///
    /// # Errors
    ///
    /// [`TypeError`] where the bytes are none of these, name a type that PostGIS 3 does not have, or are nested 200
    /// deep, which PostGIS does not read either.
    pub fn from_ewkb(bytes: &[u8]) -> Result<Self, TypeError> {
        Self::from_binary(bytes).map_err(|flaw| flaw.of(&nameless()))
    }

    /// The identifier of its spatial reference system; 0 for none.
    #[must_use]
    pub fn srid(&self) -> i32 {
        self.srid
    }

    /// What it is made of.
    #[must_use]
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// What it is made of.
    #[must_use]
    pub fn into_geometry(self) -> Geometry {
        self.geometry
    }

    /// Whether its coordinates have Z: told for empty ones too.
    #[must_use]
    pub fn has_z(&self) -> bool {
        self.dimensions.z
    }

    /// Whether its coordinates have a measure: told for empty ones too.
    #[must_use]
    pub fn has_m(&self) -> bool {
        self.dimensions.m
    }

    /// What `ST_AsText` gives: `POINT Z (1 2 3)`.
    #[must_use]
    pub fn to_wkt(&self) -> String {
        wkt::iso(self)
    }

    /// What `ST_AsEWKT` gives: `SRID=4326;POINT(1 2 3)`.
    #[must_use]
    pub fn to_ewkt(&self) -> String {
        wkt::extended(self)
    }

    /// What the cast of a geometry to json gives: GeoJSON (RFC 7946) without the measures, with a `crs` member that
    /// names the spatial reference system, the one of SRID 4326 too, and at most 15 digits behind a number's point.
    ///
    /// `None` where GeoJSON has no such thing, and the cast is an error: curves, surfaces, collections of collections,
    /// numbers that are not finite.
    ///
    /// The server has the name from the database's own table `spatial_ref_sys`. Here it is what a fresh one has:
    /// `EPSG:srid`, or `ESRI:srid` for that authority's ranges. For a number outside of these, which only a row that
    /// somebody added could name, and for one within that the table lacks, this may differ from the server: no `crs` is
    /// written for the former, `EPSG:srid` for the latter.
    #[must_use]
    pub fn to_geojson(&self) -> Option<String> {
        let mut out = Vec::new();
        geojson::write(self, &mut out).then(|| String::from_utf8(out).unwrap_or_default())
    }

    /// WKB as `ST_AsBinary` gives it, little-endian: ISO's, with Z and M but without the SRID.
    #[must_use]
    pub fn wkb(&self) -> Vec<u8> {
        let mut out = Vec::new();
        ewkb::write(self, ewkb::Variant::Iso, &mut out);
        out
    }

    /// EWKB as PostGIS sends it, little-endian: with the SRID.
    #[must_use]
    pub fn ewkb(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_binary(&mut out);
        out
    }

    pub(crate) fn from_text(text: &[u8]) -> Parsed<Self> {
        Self::from_binary(&bytea::from_hex(text, 0)?)
    }

    pub(crate) fn from_binary(bytes: &[u8]) -> Parsed<Self> {
        ewkb::read(bytes)
    }

    fn from_encoded(value: Encoded<'_>) -> Parsed<Self> {
        value.read(Self::from_text, Self::from_binary)
    }

    /// Appends PostgreSQL's text form: the binary form in hexadecimal.
    pub fn write_text(&self, out: &mut Vec<u8>) {
        write_text_from_binary(&self.ewkb(), out);
    }

    /// Appends PostgreSQL's binary form: EWKB.
    pub fn write_binary(&self, out: &mut Vec<u8>) {
        ewkb::write(self, ewkb::Variant::Extended, out);
    }
}

/// Appends the text of a binary geometry or geography.
pub(super) fn write_text_from_binary(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    bytea::write_hex(bytes, out);
    out.get_mut(start..).unwrap_or_default().make_ascii_uppercase();
}

/// The type of what came from no column.
fn nameless() -> ColumnType {
    ColumnType::with_shape(0, -1, "geometry", Shape::Extension(Extension::Geometry))
}

impl FromStr for PgGeometry {
    type Err = TypeError;

    /// Reads EWKB in hexadecimal.
    fn from_str(text: &str) -> Result<Self, TypeError> {
        Self::from_text(text.as_bytes()).map_err(|flaw| flaw.of(&nameless()))
    }
}

text_is_display!(PgGeometry);

#[cfg(test)]
mod tests;
