//! Certificates and keys, in a file or in place.

use std::fmt;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Secret;

/// PEM text, or the path of a file that holds it.
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(inline, with = "String")]
pub enum Pem {
    /// A file to be read when connecting.
    Path(PathBuf),
    /// The text itself, `-----BEGIN …`.
    Text(Secret),
}

impl Pem {
    pub(super) fn resolve(&mut self, folder: &Path) {
        if let Self::Path(path) = self {
            *path = folder.join(&*path);
        }
    }
}

impl fmt::Debug for Pem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Text(text) => write!(f, "{text:?}"),
        }
    }
}

impl Serialize for Pem {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Path(path) => path.serialize(serializer),
            Self::Text(text) => text.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Pem {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Ok(if text.contains("-----BEGIN ") { Self::Text(Secret::new(text)) } else { Self::Path(text.into()) })
    }
}
