//! `geo-types`: points, lines and areas, of the plane's own types and of PostGIS.

use ::geo_types::{
    Coord, Geometry, GeometryCollection, Line, LineString, MultiLineString, MultiPoint, MultiPolygon, Point,
    Polygon, Rect,
};

use super::converts;
use crate::Datum;
use crate::types::{
    ColumnType, Coordinate, Flaw, FromDatum, Kind, Parsed, PgBox, PgGeometry, PgPath, PgPoint, PgPolygon,
    TypeError, postgis,
};

fn coord(point: PgPoint) -> Coord<f64> {
    Coord { x: point.x, y: point.y }
}

fn line_string(points: Vec<PgPoint>) -> LineString<f64> {
    points.into_iter().map(coord).collect()
}

fn rect(PgBox { high, low, .. }: PgBox) -> Parsed<Rect<f64>> {
    // The corners of a box are in order, unless one of them is not a number.
    if [high.x, high.y, low.x, low.y].iter().any(|number| number.is_nan()) {
        return Err(Flaw::new("has a corner that is NaN, which a Rect has not"));
    }
    Ok(Rect::new(coord(low), coord(high)))
}

fn path(path: PgPath) -> Parsed<LineString<f64>> {
    if path.closed {
        return Err(Flaw::new("is a closed path, which a LineString is not (ask for a PgPath)"));
    }
    Ok(line_string(path.points))
}

converts!(PgPoint(Point, POINT) to Coord<f64>, |point| Ok(coord(point)));
converts!(PgLseg(Lseg, LSEG) to Line<f64>, |segment| Ok(Line::new(coord(segment.start), coord(segment.end))));
converts!(
    /// A corner that is NaN is an error.
    PgBox(Box, BOX) to Rect<f64>, rect
);

const NOT_FLAT: Flaw = Flaw::new("has Z or M, which geo-types has not");
const NO_SUCH: Flaw = Flaw::new("is a geometry of another type than was asked for");

fn flat(coordinate: &Coordinate) -> Coord<f64> {
    Coord { x: coordinate.x, y: coordinate.y }
}

fn line(coordinates: &[Coordinate]) -> LineString<f64> {
    coordinates.iter().map(flat).collect()
}

/// A polygon's rings; PostGIS's own are closed, and so are geo-types'.
fn polygon(rings: &[Vec<Coordinate>]) -> Parsed<Polygon<f64>> {
    if rings.iter().any(|ring| ring.first() != ring.last()) {
        return Err(Flaw::new("has a ring that is not closed, which geo-types would close"));
    }
    let mut rings = rings.iter().map(|ring| line(ring));
    let exterior = rings.next().unwrap_or_else(|| LineString(Vec::new()));
    Ok(Polygon::new(exterior, rings.collect()))
}

fn members<T: TryFrom<Geometry<f64>>>(members: &[postgis::Geometry]) -> Parsed<Vec<T>> {
    members.iter().map(|member| T::try_from(planar(member)?).map_err(|_| NO_SUCH)).collect()
}

fn planar(geometry: &postgis::Geometry) -> Parsed<Geometry<f64>> {
    use postgis::Geometry as From;

    Ok(match geometry {
        From::Point(Some(point)) => Point(flat(point)).into(),
        From::Point(None) => return Err(Flaw::new("is an empty point, which geo-types has not")),
        From::LineString(coordinates) => line(coordinates).into(),
        From::Polygon(rings) => polygon(rings)?.into(),
        From::MultiPoint(points) => MultiPoint(members(points)?).into(),
        From::MultiLineString(lines) => MultiLineString(members(lines)?).into(),
        From::MultiPolygon(polygons) => MultiPolygon(members(polygons)?).into(),
        From::Collection(members) => {
            let members: Parsed<Vec<_>> = members.iter().map(planar).collect();
            Geometry::GeometryCollection(GeometryCollection::from(members?))
        }
        _ => return Err(Flaw::new("is a geometry of a type that geo-types has not")),
    })
}

fn geometry(value: &PgGeometry) -> Parsed<Geometry<f64>> {
    if value.has_z() || value.has_m() { Err(NOT_FLAT) } else { planar(value.geometry()) }
}

fn collection(value: &PgGeometry) -> Parsed<GeometryCollection<f64>> {
    match geometry(value)? {
        Geometry::GeometryCollection(collection) => Ok(collection),
        _ => Err(NO_SUCH),
    }
}

fn one<T: TryFrom<Geometry<f64>>>(value: &PgGeometry) -> Parsed<T> {
    T::try_from(geometry(value)?).map_err(|_| NO_SUCH)
}

/// What is had of a geometry or geography of PostGIS, and maybe of a type of the plane too.
macro_rules! drawn {
    ($($(#[$doc:meta])* $theirs:ty: $convert:expr $(, or $ours:ident ($kind:ident) $and:expr)?;)*) => {$(
        $(#[$doc])*
        ///
        /// Of PostGIS: the SRID is not told; Z and M, an empty point, and curves and surfaces are errors.
        impl<'a> FromDatum<'a> for $theirs {
            fn from_datum(type_: &ColumnType, datum: Datum<'a>) -> Result<Self, TypeError> {
                let drawn = match type_.kind() {
                    $(Kind::$kind => {
                        let convert: fn($ours) -> Parsed<$theirs> = $and;
                        convert($ours::from_datum(type_, datum)?)
                    })?
                    Kind::Geometry | Kind::Geography => $convert(&PgGeometry::from_datum(type_, datum)?),
                    _ => Err(Flaw::new(concat!("can't be had as ", stringify!($theirs)))),
                };
                drawn.map_err(|flaw| flaw.of(type_))
            }
        }
    )*};
}

drawn! {
    /// Of a `point`.
    Point<f64>: one, or PgPoint (Point) |point| Ok(Point(coord(point)));
    /// Of an open `path`; a closed one is an error.
    LineString<f64>: one, or PgPath (Path) path;
    /// Of a `polygon`, whose first corner stands at its ring's end again.
    Polygon<f64>: one, or PgPolygon (Polygon) |polygon| Ok(Polygon::new(line_string(polygon.points), Vec::new()));
    /// Of a `MULTIPOINT`.
    MultiPoint<f64>: one;
    /// Of a `MULTILINESTRING`.
    MultiLineString<f64>: one;
    /// Of a `MULTIPOLYGON`.
    MultiPolygon<f64>: one;
    /// Of a `GEOMETRYCOLLECTION`.
    GeometryCollection<f64>: collection;
    /// Of anything that geo-types has.
    Geometry<f64>: geometry;
}

#[cfg(test)]
mod tests {
    use ::geo_types::{line_string, point, polygon};

    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::{Extension, Shape, oid};

    #[test]
    fn what_is_drawn_is_the_same() {
        assert_eq!(read(oid::POINT, "(1.5,-2)"), Ok(point!(x: 1.5, y: -2.0)));
        assert_eq!(read(oid::POINT, "(1.5,-2)"), Ok(Coord { x: 1.5, y: -2.0 }));
        let (one, two) = (Coord { x: 1.0, y: 2.0 }, Coord { x: 3.0, y: 4.0 });
        assert_eq!(read(oid::LSEG, "[(3,4),(1,2)]"), Ok(Line::new(two, one)));
        assert_eq!(read(oid::BOX, "(3,4),(1,2)"), Ok(Rect::new(one, two)));
        assert_eq!(read(oid::PATH, "[(1,2),(3,4)]"), Ok(line_string![(x: 1.0, y: 2.0), (x: 3.0, y: 4.0)]));
        let triangle = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 1.0)];
        assert_eq!(read(oid::POLYGON, "((0,0),(1,0),(0,1))"), Ok(triangle));
        assert!(refusal::<LineString<f64>>(oid::PATH, "((1,2),(3,4))").contains("closed path"));
        assert!(refusal::<Rect<f64>>(oid::BOX, "(NaN,4),(1,2)").contains("NaN"));
        assert!(refusal::<Polygon<f64>>(oid::POINT, "(1,2)").contains("can't be had as Polygon"));
    }

    fn postgis<T: for<'a> FromDatum<'a>>(hex: &str) -> Result<T, String> {
        let shape = Shape::Extension(Extension::Geometry);
        let type_ = ColumnType::with_shape(70_000, -1, "public.geometry", shape);
        T::from_datum(&type_, Datum::Text(hex.as_bytes())).map_err(|error| error.to_string())
    }

    #[test]
    fn what_postgis_has_is_the_same() {
        // SRID=4326;POINT(1 2)
        let one = "0101000020E6100000000000000000F03F0000000000000040";
        assert_eq!(postgis(one), Ok(point!(x: 1.0, y: 2.0)));
        assert_eq!(postgis(one), Ok(Geometry::Point(point!(x: 1.0, y: 2.0))));
        assert!(postgis::<LineString<f64>>(one).unwrap_err().contains("of another type than"));
        // MULTIPOINT((1 2)), and a collection of it.
        let bare = "0101000000000000000000F03F0000000000000040";
        let multi = format!("010400000001000000{bare}");
        assert_eq!(postgis(&multi), Ok(MultiPoint(vec![point!(x: 1.0, y: 2.0)])));
        let all =
            GeometryCollection::from(vec![Geometry::MultiPoint(MultiPoint(vec![point!(x: 1.0, y: 2.0)]))]);
        assert_eq!(postgis(&format!("010700000001000000{multi}")), Ok(all));
        // POLYGON((0 0,1 0,0 1,0 0))
        let (zero, one) = ("0000000000000000", "000000000000F03F");
        let ring = format!("{zero}{zero}{one}{zero}{zero}{one}{zero}{zero}");
        let triangle = polygon![(x: 0.0, y: 0.0), (x: 1.0, y: 0.0), (x: 0.0, y: 1.0)];
        assert_eq!(postgis(&format!("01030000000100000004000000{ring}")), Ok(triangle));
    }

    #[test]
    fn what_geo_types_has_not_is_an_error() {
        for (hex, says) in [
            // POINT EMPTY, POINT Z (1 2 0), CIRCULARSTRING(0 0,1 1,2 0)
            ("0101000000000000000000F87F000000000000F87F", "empty point"),
            ("0101000080000000000000F03F00000000000000400000000000000000", "has Z or M"),
            (
                "01080000000300000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000",
                "geo-types has not",
            ),
        ] {
            let error = postgis::<Geometry<f64>>(hex).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
