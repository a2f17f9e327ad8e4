//! Types as plugins tell them: by OID, or by the name that `format_type` prints.

use pg_cdc_core::types::{Shape, oid};
use pg_cdc_core::{ColumnType, Tables};

/// What a message says of a column's type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SentType {
    /// Its OID, and the modifier where that is told.
    Oid { oid: u32, modifier: Option<i32> },
    /// Its name as `format_type(oid, NULL)` prints it.
    Printed(String),
    /// It is a column of the system's, which is not read.
    System,
}

impl SentType {
    /// Whether `type_` may be what it says.
    pub(crate) fn agrees(&self, type_: &ColumnType) -> bool {
        match self {
            Self::Oid { oid, modifier } => {
                *oid == type_.oid && modifier.is_none_or(|modifier| modifier == type_.modifier)
            }
            Self::Printed(printed) => {
                let (said, known) = (unquoted(printed), printed_name(type_));
                said == known
                    || built_in(printed) == Some(type_.oid)
                    // A schema that is in the search path is not printed. A name may hold dots, as a schema's may.
                    || (!is_qualified(printed)
                        && known.strip_suffix(&*said).is_some_and(|schema| schema.ends_with('.')))
            }
            Self::System => false,
        }
    }

    /// The type that it says, as far as that is known without the catalog's table.
    pub(crate) fn to_type(&self, tables: &Tables) -> ColumnType {
        match self {
            Self::Oid { oid, modifier } => {
                let modifier = modifier.unwrap_or(-1);
                tables.type_of(*oid, modifier).unwrap_or_else(|| ColumnType::new(*oid, modifier, ""))
            }
            Self::Printed(printed) => match built_in(printed) {
                Some(oid) => ColumnType::built_in(oid),
                None => ColumnType::new(0, -1, unquoted(printed)),
            },
            Self::System => ColumnType::new(0, -1, ""),
        }
    }

    /// Its OID, where only the catalog knows what that is.
    pub(crate) fn not_built_in(&self) -> Option<u32> {
        match self {
            Self::Oid { oid, .. } => Some(*oid).filter(|&known| oid::name_of(known).is_none()),
            _ => None,
        }
    }
}

/// What `format_type` calls built-in types otherwise than `pg_type` (`format_type_extended`).
const STANDARD: &[(u32, &str)] = &[
    (oid::BOOL, "boolean"),
    (oid::BPCHAR, "character"),
    (oid::FLOAT4, "real"),
    (oid::FLOAT8, "double precision"),
    (oid::INT2, "smallint"),
    (oid::INT4, "integer"),
    (oid::INT8, "bigint"),
    (oid::TIME, "time without time zone"),
    (oid::TIMETZ, "time with time zone"),
    (oid::TIMESTAMP, "timestamp without time zone"),
    (oid::TIMESTAMPTZ, "timestamp with time zone"),
    (oid::VARBIT, "bit varying"),
    (oid::VARCHAR, "character varying"),
];

/// The OID of the built-in type that is printed so.
fn built_in(printed: &str) -> Option<u32> {
    if let Some(element) = printed.strip_suffix("[]") {
        let element = oid::name_of(built_in(element)?)?;
        return oid::of_name(&format!("_{element}"));
    }
    let standard = STANDARD.iter().find(|(_, name)| *name == printed).map(|(oid, _)| *oid);
    standard.or_else(|| match printed {
        // What these names mean where nothing is quoted is in the list above.
        "\"char\"" => Some(oid::CHAR),
        "char" | "character" | "time" | "timestamp" => None,
        name => oid::of_name(name),
    })
}

/// `type_` as `format_type` prints it without a modifier, but without quotes.
fn printed_name(type_: &ColumnType) -> String {
    if let Some(Shape::Array { element, .. }) = type_.shape()
        // These two are arrays whose names are their own.
        && !matches!(type_.oid, oid::INT2VECTOR | oid::OIDVECTOR)
    {
        return printed_name(element) + "[]";
    }
    match STANDARD.iter().find(|(oid, _)| *oid == type_.oid) {
        Some((_, name)) => (*name).to_owned(),
        None => type_.name.to_string(),
    }
}

/// Whether a printed name tells the schema.
fn is_qualified(printed: &str) -> bool {
    let mut is_quoted = false;
    printed.chars().any(|character| {
        is_quoted ^= character == '"';
        character == '.' && !is_quoted
    })
}

/// A printed name without the quotes of its identifiers.
fn unquoted(printed: &str) -> String {
    let mut out = String::with_capacity(printed.len());
    let mut characters = printed.chars().peekable();
    let mut is_quoted = false;
    while let Some(character) = characters.next() {
        match character {
            '"' if is_quoted && characters.peek() == Some(&'"') => {
                characters.next();
                out.push('"');
            }
            '"' => is_quoted = !is_quoted,
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(name: &str) -> SentType {
        SentType::Printed(name.to_owned())
    }

    #[test]
    fn built_in_types_are_found_by_what_is_printed_of_them() {
        for (name, oid) in [
            ("integer", oid::INT4),
            ("timestamp with time zone[]", oid::TIMESTAMPTZ_ARRAY),
            ("character", oid::BPCHAR),
            // Without a length, where one is asked for.
            ("bpchar", oid::BPCHAR),
            ("bpchar[]", oid::BPCHAR_ARRAY),
            ("\"char\"", oid::CHAR),
            ("\"char\"[]", oid::CHAR_ARRAY),
            ("text", oid::TEXT),
            ("int4range", oid::INT4RANGE),
            ("oidvector", oid::OIDVECTOR),
        ] {
            let type_ = printed(name).to_type(&Tables::without_catalog());
            assert_eq!(type_.oid, oid, "{name}");
            assert!(printed(name).agrees(&type_), "{name}");
        }
        assert!(!printed("integer").agrees(&ColumnType::built_in(oid::INT8)));
        assert!(!printed("integer").agrees(&ColumnType::built_in(oid::INT4_ARRAY)));
        assert_eq!(printed("a.mood").to_type(&Tables::without_catalog()).oid, 0);
    }

    #[test]
    fn a_type_of_the_users_is_known_by_its_quoted_name_with_and_without_its_schema() {
        let odd = ColumnType::new(70_000, -1, r#"we.ir"d.m]:ood"#);
        assert!(printed(r#""we.ir""d"."m]:ood""#).agrees(&odd));
        let array = Shape::Array { element: ColumnType::new(70_001, -1, "public.mood"), delimiter: ',' };
        let array = ColumnType::with_shape(70_002, -1, "public._mood", array);
        assert!(printed("public.mood[]").agrees(&array) && printed("mood[]").agrees(&array));
        assert!(!printed("public.mood").agrees(&array) && !printed("other.mood[]").agrees(&array));
        let dotted = ColumnType::new(70_003, -1, "public.of.dots");
        assert!(printed(r#""of.dots""#).agrees(&dotted) && printed(r#"public."of.dots""#).agrees(&dotted));
        assert!(!printed("of.dots").agrees(&dotted) && !printed(r#""e.of.dots""#).agrees(&dotted));
    }

    #[test]
    fn oids_agree_with_the_modifier_where_it_is_told() {
        let type_ = ColumnType::new(oid::NUMERIC, 655_366, "numeric");
        let told = |modifier| SentType::Oid { oid: oid::NUMERIC, modifier };
        assert!(told(None).agrees(&type_) && told(Some(655_366)).agrees(&type_));
        assert!(!told(Some(-1)).agrees(&type_));
    }
}
