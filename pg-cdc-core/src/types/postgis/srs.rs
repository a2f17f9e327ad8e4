//! Names of spatial reference systems.

/// The numbers that are ESRI's among EPSG's, in `spatial_ref_sys` as PostGIS 3.3 installs it.
const ESRI_AMONG_EPSG: [(i32, i32); 12] = [
    (2181, 2187),
    (4305, 4305),
    (20002, 20003),
    (20062, 20063),
    (24721, 24721),
    (26761, 26765),
    (26788, 26790),
    (30591, 30592),
    (31491, 31495),
    (31917, 31922),
    (32059, 32060),
    (37001, 104_992),
];

/// Whose number it is; `None` where only the database's own table could tell.
pub(super) fn authority_of(srid: i32) -> Option<&'static str> {
    if ESRI_AMONG_EPSG.iter().any(|&(first, last)| (first..=last).contains(&srid)) {
        return Some("ESRI");
    }
    match srid {
        2000..=32_767 => Some("EPSG"),
        900_913 => Some("spatialreferencing.org"),
        _ => None,
    }
}
