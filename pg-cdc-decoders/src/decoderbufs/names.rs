//! Names as they stand in SQL: quoted where they must be (`quote_identifier` and `quote_qualified_identifier`,
//! `src/backend/utils/adt/ruleutils.c`).

use std::borrow::Cow;

/// A name in the database's encoding.
type Name<'a> = Cow<'a, [u8]>;

/// The name that stands here as an identifier; `None` where it is none.
pub(super) fn column(quoted: &[u8]) -> Option<Name<'_>> {
    match identifier(quoted)? {
        (name, []) => Some(name),
        _ => None,
    }
}

/// The schema and the name of the table that stands here; `None` where there are not both.
pub(super) fn table(quoted: &[u8]) -> Option<(Name<'_>, Name<'_>)> {
    let (schema, rest) = identifier(quoted)?;
    Some((schema, column(rest.strip_prefix(b".")?)?))
}

/// An identifier, and what follows it. Only one with a quote inside is copied.
fn identifier(text: &[u8]) -> Option<(Name<'_>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| matches!(byte, b'.' | b'"')).unwrap_or(text.len());
        let (name, rest) = text.split_at_checked(end)?;
        return (!name.is_empty()).then_some((name.into(), rest));
    };
    let mut from = 0;
    loop {
        let quote = from + quoted.get(from..)?.iter().position(|&byte| byte == b'"')?;
        let (name, rest) = quoted.split_at_checked(quote)?;
        match rest {
            [b'"', b'"', ..] => from = quote + 2,
            [_, rest @ ..] if !name.is_empty() => return Some((undoubled(name), rest)),
            _ => return None,
        }
    }
}

/// Two quotes are one.
fn undoubled(name: &[u8]) -> Name<'_> {
    if !name.contains(&b'"') {
        return name.into();
    }
    let mut out = Vec::with_capacity(name.len());
    let mut bytes = name.iter().copied();
    while let Some(byte) = bytes.next() {
        out.push(byte);
        if byte == b'"' {
            bytes.next();
        }
    }
    out.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn quoted(name: &str) -> String {
        pg_cdc_core::quote_identifier(name)
    }

    fn text(name: Name<'_>) -> String {
        String::from_utf8(name.into_owned()).unwrap()
    }

    #[test]
    fn names_are_what_they_were_before_sql_quoted_them() {
        for (sql, schema, name) in [
            ("public.t", "public", "t"),
            (r#"p."Order ""Items""#, "p", r#"Order "Items"#),
            (r#""a.b"."c.d""#, "a.b", "c.d"),
            (r#"""""."""""""#, "\"", "\"\""),
            (r#""Ü".é"#, "Ü", "é"),
            ("\"line\nbreak\".x", "line\nbreak", "x"),
        ] {
            let (found_schema, found_name) = table(sql.as_bytes()).unwrap();
            assert_eq!((text(found_schema), text(found_name)), (schema.to_owned(), name.to_owned()), "{sql}");
        }
    }

    #[test]
    fn only_a_name_with_a_quote_inside_is_copied() {
        let is_borrowed = |sql: &str| matches!(column(sql.as_bytes()), Some(Cow::Borrowed(_)));
        assert!(is_borrowed("plain") && is_borrowed(r#""With Space""#) && !is_borrowed(r#""a""b""#));
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for sql in
            ["", ".", "a", "a.", ".b", "a.b.c", r#""a"#, r#""a"."b"#, r#"""."b""#, r#""a"b.c"#, r#"a"b".c"#]
        {
            assert_eq!(table(sql.as_bytes()), None, "{sql}");
        }
        for sql in ["", "a.b", r#"""#, r#""""#, r#""a"b"#, r#"a"b"#] {
            assert_eq!(column(sql.as_bytes()), None, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn any_name_comes_back(schema in "(?s).{1,8}", name in "(?s).{1,8}") {
            let sql = format!("{}.{}", quoted(&schema), quoted(&name));
            let (found_schema, found_name) = table(sql.as_bytes()).unwrap();
            prop_assert_eq!((text(found_schema), text(found_name)), (schema, name));
        }

        #[test]
        fn random_bytes_are_a_name_or_none(bytes: Vec<u8>) {
            let _ = (table(&bytes), column(&bytes));
        }
    }
}
