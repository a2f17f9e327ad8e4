//! Conditions on rows, as SQL that may stand in a statement.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A condition on a table's rows: SQL that stays within the parentheses it is put in.
///
/// What it means only the server knows. This sees to the rest: parentheses that are closed, and none that were not
/// opened in it; no comment and no semicolon outside of quotes. So `WHERE (…)` around it holds all of it, whatever the
/// statement.
///
/// ```
/// use pg_cdc_core::RowFilter;
///
/// let filter: RowFilter = "region = 'eu'".parse()?;
/// assert_eq!(filter.to_sql(), "(region = 'eu')");
/// assert!("true) OR (true".parse::<RowFilter>().is_err());
/// # Ok::<(), pg_cdc_core::ParseRowFilterError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RowFilter(String);

/// A text that is no condition, or more than one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected one SQL condition, found {0}")]
pub struct ParseRowFilterError(&'static str);

impl RowFilter {
    /// The condition in parentheses, to be put behind WHERE.
    #[must_use]
    pub fn to_sql(&self) -> String {
        format!("({})", self.0)
    }

    /// The condition as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RowFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RowFilter {
    type Err = ParseRowFilterError;

    fn from_str(text: &str) -> Result<Self, ParseRowFilterError> {
        let text = text.trim();
        is_enclosed(text).map_err(ParseRowFilterError)?;
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for RowFilter {
    type Error = ParseRowFilterError;

    fn try_from(text: String) -> Result<Self, ParseRowFilterError> {
        text.parse()
    }
}

impl From<RowFilter> for String {
    fn from(filter: RowFilter) -> Self {
        filter.0
    }
}

/// Whether `text` stays within parentheses around it, by the lexical rules of PostgreSQL's documentation, "Lexical
/// Structure"; what would be read otherwise under another `standard_conforming_strings` does not.
fn is_enclosed(text: &str) -> Result<(), &'static str> {
    if text.is_empty() {
        return Err("nothing");
    }
    if text.contains('\0') {
        return Err("a zero byte");
    }
    let mut depth = 0_usize;
    let mut rest = text;
    // What stands before `rest`, where it is part of a word.
    let mut word = String::new();
    while let Some(c) = rest.chars().next() {
        let after = rest.get(c.len_utf8()..).unwrap_or_default();
        let is_word = c.is_alphanumeric() || c == '_' || !c.is_ascii();
        match c {
            '\'' => rest = string(after, word.eq_ignore_ascii_case("e"))?,
            '"' => rest = after.split_once('"').ok_or("a quoted name without an end")?.1,
            // Within a word it is a letter as any other.
            '$' if word.is_empty() => rest = dollar_quoted(after)?,
            '$' if word.starts_with(|c: char| c.is_ascii_digit()) => return Err("a $ behind a number"),
            '(' => (depth, rest) = (depth + 1, after),
            ')' => {
                depth = depth.checked_sub(1).ok_or("a closing parenthesis too many")?;
                rest = after;
            }
            ';' => return Err("a semicolon"),
            '-' if after.starts_with('-') => return Err("a comment"),
            '/' if after.starts_with('*') => return Err("a comment"),
            _ => rest = after,
        }
        if is_word || (c == '$' && !word.is_empty()) {
            word.push(c);
        } else {
            word.clear();
        }
    }
    if depth == 0 { Ok(()) } else { Err("a parenthesis that is not closed") }
}

/// What follows a string constant, whose first quote is behind us. A quote that is doubled begins another one, which
/// comes to the same.
fn string(text: &str, escapes: bool) -> Result<&str, &'static str> {
    const NO_END: &str = "a string without an end";
    let mut rest = text;
    loop {
        let at = rest.find(['\'', '\\']).ok_or(NO_END)?;
        let (found, after) = rest.split_at_checked(at).ok_or(NO_END)?.1.split_at_checked(1).ok_or(NO_END)?;
        if found == "'" {
            // Doubled, it is a part of the string; and so are the escapes behind it.
            match after.strip_prefix('\'') {
                Some(more) => rest = more,
                None => return Ok(after),
            }
            continue;
        }
        let escaped = after.chars().next().ok_or(NO_END)?;
        rest = match (escaped, escapes) {
            ('\'', false) => return Err("a backslash before a quote outside of E'…'"),
            ('\\' | '\'', _) => after.get(1..).unwrap_or_default(),
            _ => after,
        };
    }
}

/// What follows `$tag$ … $tag$`, whose first `$` is behind us. `$1` is a parameter, of which there are none.
fn dollar_quoted(text: &str) -> Result<&str, &'static str> {
    let (tag, body) = text.split_once('$').ok_or("a parameter")?;
    let is_tag = !tag.starts_with(|c: char| c.is_ascii_digit())
        && tag.chars().all(|c| c.is_alphanumeric() || c == '_' || !c.is_ascii());
    if !is_tag {
        return Err("a parameter");
    }
    let end = format!("${tag}$");
    Ok(body.split_once(&*end).ok_or("a dollar-quoted string without an end")?.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_condition_is_taken_as_it_is() {
        for text in [
            "region = 'eu'",
            "(a > 1) AND (b IN (1, 2))",
            "note = ') OR (''; -- /*'",
            r#""odd ) name;" IS NULL"#,
            "a = $$)--$$ OR a = $x$ $$ ; $x$",
            r"a = E'\'); --' AND b = 'c:\dir\\'",
            "a - -1 > 0 AND b / 2 = 1",
            "a$b = 1",
            "naïve = 'ü'",
        ] {
            assert_eq!(text.parse::<RowFilter>().map(|filter| filter.to_sql()), Ok(format!("({text})")));
        }
    }

    #[test]
    fn what_would_leave_its_parentheses_is_refused() {
        for text in [
            "",
            "  ",
            "true) OR (true",
            "true), public.secrets WHERE (true",
            "id = 1) LIMIT (1",
            "(a = 1",
            "a = 1; DROP TABLE t",
            "a = 1 --",
            "a = 1 /* ",
            "a /**/ = 1",
            "a = 'x",
            r#""a = 1"#,
            "a = $$x",
            "a = $x$ $$",
            "a = $1",
            "a = 1$$($$) OR (true)",
            // Ends the string or not, by standard_conforming_strings.
            r"a = '\') OR (b = ''",
            r"a = E'\\') OR (true",
            "a = 1\0",
        ] {
            assert!(text.parse::<RowFilter>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in r#"[a$'"()\\;ü /*-]{0,24}"#) {
            if let Ok(filter) = text.parse::<RowFilter>() {
                let again: RowFilter = filter.to_sql().parse().unwrap();
                prop_assert_eq!(again.as_str(), filter.to_sql());
            }
        }
    }
}
