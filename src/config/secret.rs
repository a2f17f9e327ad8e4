//! Values that are never shown.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const HIDDEN: &str = "***";

/// A text that no log, error, `Debug`, `Display` or serialised form ever shows.
///
/// ```
/// use pg_cdc::config::Secret;
///
/// let password = Secret::new("hunter2");
/// assert_eq!(password.expose(), "hunter2");
/// assert_eq!(format!("{password} {password:?}"), "*** ***");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Secret(String);

impl Secret {
    /// Keeps `text` from being shown.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// A connection URL, `postgres://…`, whose password only [`ServerUrl::expose`] shows.
///
/// ```
/// use pg_cdc::config::ServerUrl;
///
/// let url = ServerUrl::new("postgres://cdc:hunter2@db1/shop?sslmode=require");
/// assert_eq!(url.to_string(), "postgres://cdc:***@db1/shop?sslmode=require");
/// ```
#[derive(Clone, PartialEq, Eq, JsonSchema)]
#[schemars(inline)]
pub struct ServerUrl(String);

impl ServerUrl {
    /// Keeps the URL `text` as it is; whether it can be used is for the connection to say.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The URL with its password, for the connection.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    fn redacted(&self) -> String {
        // Up to the last @, even behind a / or ?: a password that someone forgot to encode must not show either.
        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", &self.0));
        let (user, rest) = match rest.rsplit_once('@') {
            Some((user, rest)) => match user.split_once(':') {
                Some((user, _)) => (format!("{user}:{HIDDEN}@"), rest),
                None => (format!("{user}@"), rest),
            },
            None => (String::new(), rest),
        };
        let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
        let query: Vec<_> = query
            .split('&')
            .map(|pair| match pair.split_once('=') {
                Some((key, _)) if key.contains("password") => format!("{key}={HIDDEN}"),
                _ => pair.to_owned(),
            })
            .collect();
        let mark = if query.iter().any(|pair| !pair.is_empty()) { "?" } else { "" };
        format!("{scheme}://{user}{place}{mark}{}", query.join("&"))
    }
}

impl fmt::Display for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl fmt::Debug for ServerUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.redacted())
    }
}

impl Serialize for ServerUrl {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.redacted())
    }
}

impl<'de> Deserialize<'de> for ServerUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if ["postgres://", "postgresql://"].iter().any(|scheme| text.starts_with(scheme)) {
            Ok(Self(text))
        } else {
            Err(serde::de::Error::custom("expected a URL that begins with postgres:// or postgresql://"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_form_of_a_url_shows_its_password() {
        for (url, shown) in [
            ("postgres://u:pw@h/d", "postgres://u:***@h/d"),
            ("postgres://u@h/d", "postgres://u@h/d"),
            ("postgres://h:5432/d", "postgres://h:5432/d"),
            ("postgres://u:p/w?x@h/d", "postgres://u:***@h/d"),
            ("postgres://u:p@w@h/d", "postgres://u:***@h/d"),
            ("postgres:///d?host=/tmp&password=pw", "postgres:///d?host=/tmp&password=***"),
            ("postgres://h?sslpassword=pw&a=b", "postgres://h?sslpassword=***&a=b"),
        ] {
            let url = ServerUrl::new(url);
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
        }
    }
}
