//! What the plugin is asked for.

use std::borrow::Cow;

use pg_cdc_core::TableName;

/// Which of the plugin's formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum FormatVersion {
    /// One document a transaction, or one cut into frames where `write-in-chunks` is asked for, as
    /// [`options`](Self::options) does.
    V1,
    /// One object a change (wal2json 2.0).
    #[default]
    V2,
}

/// An option of the plugin, for `START_REPLICATION` or the SQL functions of a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PluginOption {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: Cow<'static, str>,
    /// Whether decoding goes on without it, in a release of the plugin that does not know it: what then can't be told
    /// is in the documentation of [`FormatVersion::options`].
    pub is_optional: bool,
}

impl PluginOption {
    fn new(name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self { name, value: value.into(), is_optional: false }
    }

    fn optional(name: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        Self { is_optional: true, ..Self::new(name, value) }
    }
}

impl FormatVersion {
    /// The options to ask for. A release of the plugin refuses the first that it does not know:
    /// [`unknown_option`] finds it in the error, and where it is optional it is to be left out in another try.
    ///
    /// | optional | known since | without it |
    /// | --- | --- | --- |
    /// | `numeric-data-types-as-string` | 2.6 | NaN and the infinities of numbers come as NULL |
    /// | `include-transaction`, `actions` | 2.0 | nothing: what they ask for is what is done |
    /// | `format-version` of version 1 | 2.0 | nothing: there was no other |
    ///
    /// Not asked for, since every change would carry it and the catalog tells it: `include-pk`, `include-not-null`,
    /// `include-column-positions`. Nor `include-default`, whose expressions are not escaped, `include-domain-data-type`,
    /// which takes the columns' own types away, and `pretty-print`. [`ONLY_LOCAL`] may be asked for besides.
    #[must_use]
    pub fn options(self) -> Vec<PluginOption> {
        let on = |name| PluginOption::new(name, "on");
        let optional = PluginOption::optional;
        let mut options = match self {
            Self::V1 => vec![optional("format-version", "1"), on("write-in-chunks")],
            Self::V2 => vec![PluginOption::new("format-version", "2"), optional("include-transaction", "on")],
        };
        options.extend([
            on("include-xids"),
            on("include-timestamp"),
            on("include-lsn"),
            on("include-schemas"),
            on("include-types"),
            on("include-type-oids"),
            on("include-typmod"),
            optional("actions", "insert,update,delete,truncate"),
            optional("numeric-data-types-as-string", "on"),
        ]);
        options
    }
}

/// What the plugin is to be asked for besides, for a decoder that passes over what came from other servers
/// ([`Wal2Json::only_local`](super::Wal2Json::only_local)).
pub const ONLY_LOCAL: PluginOption =
    PluginOption { name: "include-origin", value: Cow::Borrowed("on"), is_optional: false };

/// The option that has the plugin send changes of `tables` alone. `None` for no table: without the option all are sent.
#[must_use]
pub fn add_tables<'a>(tables: impl IntoIterator<Item = &'a TableName>) -> Option<PluginOption> {
    let mut value = String::new();
    for table in tables {
        if !value.is_empty() {
            value.push(',');
        }
        push_escaped(&table.schema, &mut value);
        value.push('.');
        push_escaped(&table.name, &mut value);
    }
    (!value.is_empty()).then(|| PluginOption::new("add-tables", value))
}

/// The plugin takes what follows a backslash as it is; what it would take for itself are white space, `,`, `.`, `*` and
/// the backslash.
fn push_escaped(name: &str, value: &mut String) {
    for character in name.chars() {
        if character.is_ascii() && !character.is_ascii_alphanumeric() && character != '_' {
            value.push('\\');
        }
        value.push(character);
    }
}

/// The option that the plugin does not know, where `message` is the error that says so
/// (`option "numeric-data-types-as-string" = "on" is unknown`, SQLSTATE 22023).
///
/// ```
/// use pg_cdc_decoders::wal2json::unknown_option;
///
/// assert_eq!(unknown_option(r#"option "include-pk" = "on" is unknown"#), Some("include-pk"));
/// assert_eq!(unknown_option(r#"could not parse value "x" for parameter "include-pk""#), None);
/// ```
#[must_use]
pub fn unknown_option(message: &str) -> Option<&str> {
    let (name, value) = message.strip_prefix("option \"")?.split_once("\" = \"")?;
    value.ends_with("\" is unknown").then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_first_releases_know_is_all_that_must_be_known() {
        let first =
            ["include-xids", "include-timestamp", "include-schemas", "include-types", "include-type-oids"];
        let first = [&first[..], &["include-typmod", "write-in-chunks", "include-lsn"]].concat();
        let required = |version: FormatVersion| {
            version.options().into_iter().filter(|option| !option.is_optional).map(|option| option.name)
        };
        assert!(required(FormatVersion::V1).all(|name| first.contains(&name)));
        assert!(required(FormatVersion::V2).all(|name| first.contains(&name) || name == "format-version"));
    }

    #[test]
    fn names_of_tables_are_escaped() {
        let tables = [TableName::new("public", "t_1"), TableName::new("*", "a.b, \\c*\té")];
        let option = add_tables(&tables).unwrap();
        assert_eq!(option.name, "add-tables");
        assert_eq!(option.value, "public.t_1,\\*.a\\.b\\,\\ \\\\c\\*\\\té");
        assert_eq!(add_tables([]), None);
    }

    #[test]
    fn only_an_unknown_option_is_found_out() {
        for message in ["", "option \"x\" is unknown", "option \"x\" = \"1\" is known", "x = y is unknown"] {
            assert_eq!(unknown_option(message), None, "{message}");
        }
        assert_eq!(unknown_option(r#"option "x" = "(null)" is unknown"#), Some("x"));
    }
}
