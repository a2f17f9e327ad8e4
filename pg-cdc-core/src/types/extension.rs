//! The types of extensions whose values can be read.

use serde::{Deserialize, Serialize};

use super::kind::Kind;

/// Base types of extensions whose values can be read: known by the extension and the type's name, since their OIDs
/// differ from database to database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Extension {
    /// `citext`
    Citext,
    /// `hstore`
    Hstore,
    /// `ltree`
    Ltree,
    /// `lquery` of `ltree`
    Lquery,
    /// `ltxtquery` of `ltree`
    Ltxtquery,
    /// `geometry` of PostGIS
    Geometry,
    /// `geography` of PostGIS
    Geography,
    /// `vector` of pgvector
    Vector,
    /// `halfvec` of pgvector
    Halfvec,
    /// `sparsevec` of pgvector
    Sparsevec,
}

impl Extension {
    /// The type `name` of the extension `extension` (`pg_extension.extname`).
    #[must_use]
    pub fn of(extension: &str, name: &str) -> Option<Self> {
        Some(match (extension, name) {
            ("citext", "citext") => Self::Citext,
            ("hstore", "hstore") => Self::Hstore,
            ("ltree", "ltree") => Self::Ltree,
            ("ltree", "lquery") => Self::Lquery,
            ("ltree", "ltxtquery") => Self::Ltxtquery,
            ("postgis", "geometry") => Self::Geometry,
            ("postgis", "geography") => Self::Geography,
            ("vector", "vector") => Self::Vector,
            ("vector", "halfvec") => Self::Halfvec,
            ("vector", "sparsevec") => Self::Sparsevec,
            _ => return None,
        })
    }

    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Citext => Kind::Text,
            Self::Hstore => Kind::Hstore,
            Self::Ltree => Kind::Ltree,
            Self::Lquery => Kind::Lquery,
            Self::Ltxtquery => Kind::Ltxtquery,
            Self::Geometry => Kind::Geometry,
            Self::Geography => Kind::Geography,
            Self::Vector => Kind::Vector,
            Self::Halfvec => Kind::Halfvec,
            Self::Sparsevec => Kind::Sparsevec,
        }
    }
}
