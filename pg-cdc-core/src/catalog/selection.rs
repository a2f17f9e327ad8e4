//! Which tables are wanted, by patterns. Pure.

use std::fmt;
use std::str::FromStr;

use crate::TableName;

/// A pattern for tables: `schema.table`, `*` for any run of characters and `?` for any one, in either part.
///
/// A part in double quotes is taken as it is (a quote inside is doubled, and `*` and `?` keep their meaning); one
/// without them too: names are compared as PostgreSQL stores them, case and all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    schema: String,
    table: String,
}

/// A text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected schema.table or schema.*, in which * and ? may stand, found {0:?}")]
pub struct ParsePatternError(String);

impl FromStr for Pattern {
    type Err = ParsePatternError;

    fn from_str(text: &str) -> Result<Self, ParsePatternError> {
        let wrong = || ParsePatternError(text.to_owned());
        let (schema, rest) = part(text).ok_or_else(wrong)?;
        let (table, rest) = rest.strip_prefix('.').and_then(part).ok_or_else(wrong)?;
        if rest.is_empty() { Ok(Self { schema, table }) } else { Err(wrong()) }
    }
}

/// One part of a name and what follows it.
fn part(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find('.').unwrap_or(text.len());
        let (part, rest) = text.split_at(end);
        return (!part.is_empty() && !part.contains('"')).then(|| (part.to_owned(), rest));
    };
    let mut part = String::new();
    let mut rest = quoted;
    loop {
        let (before, after) = rest.split_once('"')?;
        part.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                part.push('"');
                rest = more;
            }
            None => return (!part.is_empty()).then_some((part, after)),
        }
    }
}

impl Pattern {
    /// Whether it fits `name`.
    #[must_use]
    pub fn matches(&self, name: &TableName) -> bool {
        fits(&self.schema, &name.schema) && fits(&self.table, &name.name)
    }

    /// Whether it names exactly one table, without `*` and `?`.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        !self.schema.contains(['*', '?']) && !self.table.contains(['*', '?'])
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.schema, self.table)
    }
}

/// Whether `name` fits `pattern`: in time of the product of their lengths at worst.
fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (pattern.chars().collect(), name.chars().collect());
    let (mut p, mut n) = (0, 0);
    // Where the last `*` stands, and how much of the name it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some('?') => (p, n) = (p + 1, n + 1),
            Some(wanted) if name.get(n) == Some(wanted) => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    (p, n) = (at + 1, taken + 1);
                }
                None => return false,
            },
        }
    }
    pattern.get(p..).unwrap_or_default().iter().all(|&rest| rest == '*')
}

/// What is wanted: everything that one of the includes fits (all, where there is none) and no exclude does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Tables to take; empty for all.
    pub include: Vec<Pattern>,
    /// Tables to leave out of these.
    pub exclude: Vec<Pattern>,
}

impl Selection {
    /// Whether the table called `name` is wanted.
    #[must_use]
    pub fn wants(&self, name: &TableName) -> bool {
        let fits = |pattern: &Pattern| pattern.matches(name);
        (self.include.is_empty() || self.include.iter().any(fits)) && !self.exclude.iter().any(fits)
    }

    /// Includes that fit none of `names`: most likely misspelt.
    pub fn unmatched<'a>(&'a self, names: &'a [TableName]) -> impl Iterator<Item = &'a Pattern> {
        self.include.iter().filter(|pattern| !names.iter().any(|name| pattern.matches(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn stars_and_question_marks_fit_as_in_a_shell() {
        let name = TableName::new("public", "audit_2026");
        for fit in ["public.*", "*.*", "pub*.audit_????", "public.audit_*", "*.*2*6", "public.audit_2026*"] {
            assert!(pattern(fit).matches(&name), "{fit}");
        }
        for unfit in ["public.audit", "Public.*", "public.audit_?", "*.*7", "public.?audit_2026"] {
            assert!(!pattern(unfit).matches(&name), "{unfit}");
        }
    }

    #[test]
    fn a_quoted_part_may_hold_dots_spaces_and_quotes() {
        assert!(pattern(r#"sales."Order Items""#).matches(&TableName::new("sales", "Order Items")));
        assert!(pattern(r#""a.b"."we""ird""#).matches(&TableName::new("a.b", "we\"ird")));
        assert!(pattern("sales.Order Items").matches(&TableName::new("sales", "Order Items")));
    }

    #[test]
    fn what_is_no_pattern_is_refused() {
        for text in ["", "orders", "a.b.c", ".b", "a.", r#""a.b"#, r#""a"b.c"#, r#"a"."b"#] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_exclude_wins_over_an_include() {
        let selection =
            Selection { include: vec![pattern("public.*")], exclude: vec![pattern("public.audit_*")] };
        assert!(selection.wants(&TableName::new("public", "orders")));
        assert!(!selection.wants(&TableName::new("public", "audit_x")));
        assert!(!selection.wants(&TableName::new("sales", "orders")));
        assert!(Selection::default().wants(&TableName::new("any", "table")));
    }

    proptest! {
        #[test]
        fn every_name_fits_itself(schema in "[^\"*?.]{1,9}", table in "[^\"*?.]{1,9}") {
            let name = TableName::new(schema.as_str(), table.as_str());
            let same = pattern(&format!("{schema}.{table}"));
            prop_assert!(same.matches(&name));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{0,30}") {
            let _ = text.parse::<Pattern>();
        }
    }
}
