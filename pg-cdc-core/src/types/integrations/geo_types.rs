//! `geo-types`: points, lines and areas.

use ::geo_types::{Coord, Line, LineString, Point, Polygon, Rect};

use super::converts;
use crate::types::{Flaw, Parsed, PgBox, PgPath, PgPoint, PgPolygon};

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
        return Err(Flaw::new("is a closed path (ask for a Polygon)"));
    }
    Ok(line_string(path.points))
}

converts!(PgPoint(Point, POINT) to Coord<f64>, |point| Ok(coord(point)));
converts!(PgPoint(Point, POINT) to Point<f64>, |point| Ok(Point(coord(point))));
converts!(PgLseg(Lseg, LSEG) to Line<f64>, |segment| Ok(Line::new(coord(segment.start), coord(segment.end))));
converts!(
    /// A corner that is NaN is an error.
    PgBox(Box, BOX) to Rect<f64>, rect
);
converts!(
    /// An open path; a closed one is an error.
    PgPath(Path, PATH) to LineString<f64>, path
);
converts!(
    /// Its ring is closed: the first point stands at the end again.
    PgPolygon(Polygon, POLYGON) to Polygon<f64>, |polygon: PgPolygon| {
        Ok(Polygon::new(line_string(polygon.points), Vec::new()))
    }
);

#[cfg(test)]
mod tests {
    use ::geo_types::{line_string, point, polygon};

    use super::*;
    use crate::types::integrations::tests::{read, refusal};
    use crate::types::oid;

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
}
