//! Geometries against what a real server gave (`testdata/geometries.tsv`), and hostile bytes.

use proptest::prelude::*;

use super::*;

fn unhex(hex: &str) -> Vec<u8> {
    bytea::from_hex(hex.as_bytes(), 0).unwrap()
}

#[test]
fn every_form_is_that_of_the_server() {
    let mut cases = 0;
    for line in include_str!("../testdata/geometries.tsv").lines() {
        let [little, big, wkt, ewkt, wkb, json] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let value = PgGeometry::from_ewkb(&unhex(little)).unwrap();
        assert_eq!(PgGeometry::from_ewkb(&unhex(big)).unwrap(), value, "{ewkt}");
        assert_eq!(value.ewkb(), unhex(little), "{ewkt}");
        assert_eq!(value.to_string(), little.to_uppercase());
        assert_eq!(value.wkb(), unhex(wkb), "{ewkt}");
        assert_eq!(value.to_wkt(), wkt);
        assert_eq!(value.to_ewkt(), ewkt);
        // The JSON of 3.3 for an empty point among others was none.
        let has_json = serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok();
        if has_json || json.is_empty() {
            assert_eq!(value.to_geojson().unwrap_or_default(), json, "{ewkt}");
        }
        assert_eq!(value.has_z(), wkt.contains(" Z"), "{ewkt}");
        // Without the SRID it reads back from WKB, where that does not leave out empty members.
        let mut plain = value.clone();
        plain.srid = 0;
        if !wkt.contains("EMPTY)") {
            assert_eq!(PgGeometry::from_ewkb(&unhex(wkb)).unwrap(), plain, "{ewkt}");
        }
        cases += 1;
    }
    assert_eq!(cases, 55);
}

#[test]
fn an_empty_point_among_others_is_an_empty_list_as_from_postgis_3_4_on() {
    let hex = "010400000002000000010100000000000000000000000000000000000000\
               0101000000000000000000f87f000000000000f87f";
    let value: PgGeometry = hex.parse().unwrap();
    assert_eq!(value.to_wkt(), "MULTIPOINT((0 0),EMPTY)");
    assert_eq!(value.to_geojson().as_deref(), Some(r#"{"type":"MultiPoint","coordinates":[[0,0],[]]}"#));
}

fn natural(value: Encoded<'_>) -> Parsed<String> {
    let mut out = Vec::new();
    write_natural(value, &mut out).map(|()| String::from_utf8(out).unwrap())
}

#[test]
fn what_geojson_does_not_have_is_its_text() {
    // CIRCULARSTRING(0 0,1 1,2 0), POINT(NaN 0), and type 21, which a later PostGIS may have.
    for hex in [
        "01080000000300000000000000000000000000000000000000000000000000F03F000000000000F03F00000000000000400000000000000000",
        "0101000000000000000000F87F0000000000000000",
        "0115000000",
    ] {
        let expected = format!("\"{hex}\"");
        assert_eq!(natural(Encoded::Text(hex.as_bytes())).as_ref(), Ok(&expected));
        assert_eq!(natural(Encoded::Binary(&unhex(hex))).as_ref(), Ok(&expected));
    }
    for bad in ["", "0", "01", "0g", "0101000000", "0201000000"] {
        assert!(natural(Encoded::Text(bad.as_bytes())).is_err(), "{bad}");
    }
}

/// Collections of one collection each, so many deep.
fn nested(levels: usize) -> Vec<u8> {
    [1, 7, 0, 0, 0, 1, 0, 0, 0].repeat(levels)
}

#[test]
fn depth_is_bounded() {
    let point = unhex("0101000000000000000000f03f0000000000000040");
    let readable = [nested(198), point.clone()].concat();
    assert_eq!(PgGeometry::from_ewkb(&readable).unwrap().ewkb(), readable);
    for levels in [200, 1_000_000] {
        let bytes = [nested(levels), point.clone()].concat();
        assert!(PgGeometry::from_ewkb(&bytes).unwrap_err().to_string().contains("nested too deep"));
    }
}

#[test]
fn counts_of_what_is_not_there_are_errors() {
    for hex in [
        "0102000000ffffffff0000000000000000",
        "0103000000ffffffffffffffff",
        "0103000000ffffff7f00000000",
        "0104000000ffffffff",
        "0107000000ffffff7f0107000000ffffff7f",
        "01020000c0010000000000000000000000",
        "000000000200000001",
    ] {
        assert!(PgGeometry::from_ewkb(&unhex(hex)).is_err(), "{hex}");
    }
}

#[test]
fn members_must_be_of_the_type_and_dimensions_of_the_whole() {
    let says = |hex: &str| hex.parse::<PgGeometry>().unwrap_err().to_string();
    // A multipoint of a line string; one with Z of a point without.
    assert!(says("010400000001000000010200000000000000").contains("of a type"));
    assert!(
        says("0104000080010000000101000000000000000000f03f0000000000000040").contains("of other dimensions")
    );
}

fn coordinate(dimensions: Dimensions) -> impl Strategy<Value = Coordinate> + Clone {
    let number = prop_oneof![-1e3..1e3f64, any::<f64>().prop_filter("finite", |it| it.is_finite())];
    prop::collection::vec(number, 4).prop_map(move |it| Coordinate {
        x: it[0],
        y: it[1],
        z: dimensions.z.then_some(it[2]),
        m: dimensions.m.then_some(it[3]),
    })
}

fn value() -> impl Strategy<Value = PgGeometry> {
    (any::<(bool, bool)>(), prop_oneof![Just(0), Just(4326), 1..999_999i32]).prop_flat_map(
        |((z, m), srid)| {
            let dimensions = Dimensions { z, m };
            let coordinate = coordinate(dimensions);
            let line = prop::collection::vec(coordinate.clone(), 0..4);
            let ring = prop::collection::vec(coordinate.clone(), 1..4);
            let point = prop::option::of(coordinate).prop_map(Geometry::Point);
            let polygon = prop::collection::vec(ring, 0..3).prop_map(Geometry::Polygon);
            let leaf = prop_oneof![
                point.clone(),
                line.clone().prop_map(Geometry::LineString),
                line.clone().prop_map(Geometry::CircularString),
                line.prop_map(Geometry::Triangle),
                polygon.clone(),
                prop::collection::vec(point, 0..3).prop_map(Geometry::MultiPoint),
                prop::collection::vec(polygon, 0..3).prop_map(Geometry::MultiPolygon),
            ];
            let any = leaf.prop_recursive(4, 16, 3, |inner| {
                prop::collection::vec(inner, 0..3).prop_map(Geometry::Collection)
            });
            any.prop_map(move |geometry| PgGeometry { srid, dimensions, geometry })
        },
    )
}

proptest! {
    #[test]
    fn text_and_binary_go_there_and_back_and_json_is_json(value in value()) {
        prop_assert_eq!(&PgGeometry::from_ewkb(&value.ewkb()).unwrap(), &value);
        prop_assert_eq!(&value.to_string().parse::<PgGeometry>().unwrap(), &value);
        prop_assert!(PgGeometry::from_ewkb(&value.wkb()).is_ok());
        if let Some(json) = value.to_geojson() {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(), "{}", json);
        }
        prop_assert!(natural(Encoded::Binary(&value.ewkb())).is_ok());
    }

    #[test]
    fn damaged_bytes_are_a_geometry_or_an_error(value in value(), at: prop::sample::Index, byte: u8, length: prop::sample::Index) {
        let mut bytes = value.ewkb();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(length.index(bytes.len() + 1));
        if let Ok(json) = natural(Encoded::Binary(&bytes)) {
            prop_assert!(serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok());
        }
    }
}
