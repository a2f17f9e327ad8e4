//! What version 1 does not tell beside its statement: the table.

use super::Verb;
use crate::TableName;

/// The name of the table that a statement of version 1 is of, in `schema`.
///
/// Quotes are not doubled inside the name, which ends at the first quote that is followed by what follows a table's
/// name. `odd` are the tables whose names hold a quote: one of them is preferred where it fits, the longest first.
///
/// ```
/// use pg_cdc_core::walminer::{Verb, table_of};
///
/// let statement = br#"INSERT INTO "public"."Order Items"("id") VALUES(1);"#;
/// assert_eq!(table_of(Verb::Insert, "public", statement, &[]), Some("Order Items"));
/// ```
#[must_use]
pub fn table_of<'a>(verb: Verb, schema: &str, statement: &'a [u8], odd: &[TableName]) -> Option<&'a str> {
    let (before, after): (&[u8], &[&[u8]]) = match verb {
        Verb::Insert => (b"INSERT INTO \"", &[b"\"(\"", b"\"() VALUES();", b"\" VALUES(NULL)"]),
        Verb::Update => (b"UPDATE \"", &[b"\" SET \"", b"\" SET VALUES(NULL)"]),
        Verb::Delete => (b"DELETE FROM \"", &[b"\" WHERE \"", b"\" WHERE VALUES(NULL)"]),
    };
    let rest = statement.strip_prefix(before)?.strip_prefix(schema.as_bytes())?.strip_prefix(b"\".\"")?;
    let ends_at = |length: usize| {
        let rest = rest.get(length..).unwrap_or_default();
        after.iter().any(|after| rest.starts_with(after))
    };
    let odd = odd.iter().filter(|known| *known.schema == *schema).map(|known| &known.name);
    let odd =
        odd.filter(|name| rest.starts_with(name.as_bytes()) && ends_at(name.len())).map(|name| name.len());
    // A name is at most 63 bytes, unless the server was built otherwise.
    let length = odd.max().or_else(|| (0..rest.len()).find(|&length| ends_at(length)))?;
    rest.get(..length).and_then(|name| std::str::from_utf8(name).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<'a>(verb: Verb, statement: &'a str, odd: &[&str]) -> Option<&'a str> {
        let odd: Vec<_> = odd.iter().map(|&name| TableName::new("s", name)).collect();
        table_of(verb, "s", statement.as_bytes(), &odd)
    }

    #[test]
    fn a_name_ends_where_a_statement_goes_on() {
        assert_eq!(of(Verb::Insert, r#"INSERT INTO "s"."t"("a") VALUES('x"("y');"#, &[]), Some("t"));
        assert_eq!(of(Verb::Insert, r#"INSERT INTO "s"."t"() VALUES();"#, &[]), Some("t"));
        assert_eq!(of(Verb::Update, r#"UPDATE "s"."a b" SET "a" = 1 WHERE "a"=2;"#, &[]), Some("a b"));
        assert_eq!(of(Verb::Delete, r#"DELETE FROM "s"."W" WHERE "a"=2;"#, &[]), Some("W"));
    }

    #[test]
    fn a_name_that_holds_a_quote_is_known_from_the_catalog() {
        let statement = r#"DELETE FROM "s"."t" WHERE "x" WHERE "a"=1;"#;
        assert_eq!(of(Verb::Delete, statement, &[]), Some("t"));
        assert_eq!(of(Verb::Delete, statement, &[r#"t" WHERE "x"#]), Some(r#"t" WHERE "x"#));
        assert_eq!(of(Verb::Insert, r#"INSERT INTO "s"."a"b"("c") VALUES(1);"#, &[r#"a"b"#]), Some(r#"a"b"#));
    }

    #[test]
    fn what_could_not_be_restored_has_a_table_all_the_same() {
        let update = r#"UPDATE "s"."t" SET VALUES(NULL) (NOTICE:wal is not enought.);"#;
        assert_eq!(of(Verb::Update, update, &[]), Some("t"));
        let delete = r#"DELETE FROM "s"."t" WHERE VALUES(NULL) (NOTICE:wal is not enought.);"#;
        assert_eq!(of(Verb::Delete, delete, &[]), Some("t"));
        let insert = r#"INSERT INTO "s"."t" VALUES(NULL) (NOTICE:wal is not enought.);"#;
        assert_eq!(of(Verb::Insert, insert, &[]), Some("t"));
    }

    #[test]
    fn another_schema_or_statement_has_none() {
        assert_eq!(of(Verb::Insert, r#"INSERT INTO "x"."t"("a") VALUES(1);"#, &[]), None);
        assert_eq!(of(Verb::Delete, r#"INSERT INTO "s"."t"("a") VALUES(1);"#, &[]), None);
        assert_eq!(of(Verb::Insert, r#"INSERT INTO "s"."t"#, &[]), None);
        assert_eq!(of(Verb::Insert, "", &[]), None);
    }
}
