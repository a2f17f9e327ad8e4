//! Which tables are meant: `schema.table` with wildcards.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A table by name or a pattern for several: `schema.table`, `schema.*`, `sales."Order Items"`.
///
/// `*` stands for any number of characters and `?` for one, in either part; within double quotes everything is
/// meant literally, and `""` is one quote. Names match as written: upper and lower case differ, quoted or not.
///
/// ```
/// use pg_cdc::config::TablePattern;
///
/// let pattern: TablePattern = "public.audit_*".parse()?;
/// assert!(pattern.matches("public", "audit_2024"));
/// assert!(!pattern.matches("public", "orders"));
/// # Ok::<(), pg_cdc::config::ParsePatternError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(inline, with = "String")]
pub struct TablePattern {
    schema: Vec<Piece>,
    table: Vec<Piece>,
    text: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Piece {
    Literal(char),
    One,
    Any,
}

/// A text that is not `schema.table`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ParsePatternError(&'static str);

impl TablePattern {
    /// Whether the table `schema.table` is meant.
    #[must_use]
    pub fn matches(&self, schema: &str, table: &str) -> bool {
        covers(&self.schema, schema) && covers(&self.table, table)
    }

    /// The schema and table it names, if it has no wildcard.
    #[must_use]
    pub fn exact(&self) -> Option<(String, String)> {
        let literal = |pieces: &[Piece]| {
            pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Literal(c) => Some(*c),
                    Piece::One | Piece::Any => None,
                })
                .collect::<Option<String>>()
        };
        Some((literal(&self.schema)?, literal(&self.table)?))
    }
}

/// Greedy match that only ever goes back to the last `*`: quadratic at worst.
fn covers(pieces: &[Piece], name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n, mut back) = (0, 0, None);
    while n < name.len() {
        match (pieces.get(p), name.get(n)) {
            (Some(Piece::Any), _) => {
                back = Some((p + 1, n));
                p += 1;
            }
            (Some(Piece::One), _) => (p, n) = (p + 1, n + 1),
            (Some(Piece::Literal(want)), Some(have)) if want == have => (p, n) = (p + 1, n + 1),
            _ => match back {
                Some((after, start)) => {
                    back = Some((after, start + 1));
                    (p, n) = (after, start + 1);
                }
                None => return false,
            },
        }
    }
    pieces.get(p..).is_some_and(|rest| rest.iter().all(|piece| *piece == Piece::Any))
}

impl FromStr for TablePattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, ParsePatternError> {
        let mut parts = vec![Vec::new()];
        let mut chars = text.chars().peekable();
        let mut quoted = false;
        while let Some(c) = chars.next() {
            let piece = match c {
                '"' if quoted && chars.peek() == Some(&'"') => {
                    chars.next();
                    Piece::Literal('"')
                }
                '"' => {
                    quoted = !quoted;
                    continue;
                }
                _ if quoted => Piece::Literal(c),
                '.' => {
                    parts.push(Vec::new());
                    continue;
                }
                '*' => Piece::Any,
                '?' => Piece::One,
                _ => Piece::Literal(c),
            };
            if let Some(part) = parts.last_mut() {
                part.push(piece);
            }
        }
        if quoted {
            return Err(ParsePatternError("a double quote is not closed"));
        }
        match <[Vec<Piece>; 2]>::try_from(parts) {
            Ok([schema, table]) if !schema.is_empty() && !table.is_empty() => {
                Ok(Self { schema, table, text: text.to_owned() })
            }
            Ok(_) => Err(ParsePatternError("the schema or the table is empty: expected schema.table")),
            Err(parts) if parts.len() == 1 => Err(ParsePatternError(
                "the schema is missing: expected schema.table or schema.*, as in public.orders",
            )),
            Err(_) => Err(ParsePatternError(
                "too many dots: expected schema.table, a name that holds a dot in double quotes",
            )),
        }
    }
}

impl fmt::Display for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for TablePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.text)
    }
}

impl Serialize for TablePattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for TablePattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|e| serde::de::Error::custom(format!("{e}, found {text:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn wildcards_stand_anywhere_but_in_quotes() {
        let yes = [
            ("public.*", "public", "orders"),
            ("*.orders", "public", "orders"),
            ("p?blic.o*r*s", "public", "orders"),
            (r#"sales."Order Items""#, "sales", "Order Items"),
            (r#"sales."a.b*""#, "sales", "a.b*"),
            (r#"sales."a""b""#, "sales", "a\"b"),
            (r#"sales."Order "*"#, "sales", "Order Items"),
        ];
        for (pattern, schema, table) in yes {
            assert!(pattern.parse::<TablePattern>().unwrap().matches(schema, table), "{pattern}");
        }
        let no = [
            ("public.order", "public", "orders"),
            ("public.orders?", "public", "orders"),
            ("public.Orders", "public", "orders"),
            (r#"sales."a*""#, "sales", "ab"),
        ];
        for (pattern, schema, table) in no {
            assert!(!pattern.parse::<TablePattern>().unwrap().matches(schema, table), "{pattern}");
        }
    }

    #[test]
    fn refuses_what_is_not_schema_and_table() {
        for text in ["", "orders", "a.b.c", ".b", "a.", "a.\"b"] {
            assert!(text.parse::<TablePattern>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_name_matches_itself(schema in ".+", table in ".+") {
            let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
            let pattern: TablePattern = format!("{}.{}", quote(&schema), quote(&table)).parse().unwrap();
            prop_assert!(pattern.matches(&schema, &table));
            prop_assert_eq!(pattern.exact(), Some((schema, table)));
        }
    }
}
