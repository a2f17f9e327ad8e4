//! Names of types, which the plugin does not always write as JSON.
//!
//! A name that `format_type` puts in double quotes, and that is no array's, is printed as it is, without another pair
//! and without an escape: `"type":"My ""Type"`, `"type":"S"."T"(7)`. In the list of key columns of format version 1 that
//! goes for arrays too. Releases before 2.5 put every name of format version 2 into quotes and escape nothing:
//! `"type":"public."T""`. What is meant must be seen from what follows, and all that is needed is where it ends.

use super::json::Json;
use crate::TextEncoding;
use crate::cursor::{Fault, What};

const WHAT: &str = "a type's name";

/// Passes over the name of a type.
#[inline]
pub(super) fn pass_over(json: &mut Json<'_>) -> Result<(), Fault> {
    let mut plain = *json;
    match plain.string(WHAT) {
        Ok(name) if !name.is_escaped && name.end > name.start && ends(&plain) => {
            *json = plain;
            Ok(())
        }
        _ => pass_over_unusual(json),
    }
}

#[cold]
fn pass_over_unusual(json: &mut Json<'_>) -> Result<(), Fault> {
    if !json.eat(b'"') {
        return Err(json.expected(WHAT));
    }
    let start = json.from(json.offset() - 1);
    let Some(end) = [escaped, bare, enclosed].iter().find_map(|way| way(start).filter(ends)) else {
        return Err(start.expected("a type's name that ends"));
    };
    *json = end;
    Ok(())
}

/// Whether what follows a name follows: the next member or element, or the end.
fn ends(json: &Json<'_>) -> bool {
    let mut json = *json;
    [b',', b'}', b']'].iter().any(|&byte| json.eat(byte)) || json.is_at_end()
}

/// What `format_type` gave, of which `written` is what the plugin made.
fn printed(written: &[u8]) -> Vec<u8> {
    let json = Json::new(written);
    let is_whole = |end: &Json<'_>| end.offset() == written.len();
    if escaped(json).filter(is_whole).is_some() {
        let mut said = Vec::new();
        let mut string = json;
        let unescaped = string.string(WHAT).and_then(|name| json.unescape(name, &mut said));
        return unescaped.map(|()| said).unwrap_or_default();
    }
    match bare(json).filter(is_whole) {
        Some(_) => written.to_vec(),
        None => written.get(1..written.len().saturating_sub(1)).unwrap_or_default().to_vec(),
    }
}

/// The modifier that a type's name tells, as far as the type is one of those that `format_type` knows itself; `None`
/// where it is another.
pub(super) fn modifier(written: &[u8]) -> Option<i32> {
    let printed = printed(written);
    let printed = std::str::from_utf8(&printed).ok()?;
    let printed = printed.strip_suffix("[]").unwrap_or(printed);
    let (name, given) = match printed.split_once('(') {
        Some((name, rest)) => {
            let (given, behind) = rest.split_once(')')?;
            (format!("{name}{behind}"), Some(given))
        }
        None => (printed.to_owned(), None),
    };
    // `VARHDRSZ`, which is added where a length is meant.
    const HEADER: i32 = 4;
    let number = |text: &str| text.parse::<i32>().ok();
    match (&*name, given) {
        ("numeric", Some(given)) => {
            let (precision, scale) = given.split_once(',')?;
            // `make_numeric_typmod`
            (number(precision)?.checked_mul(1 << 16)? | (number(scale)? & 0x7FF)).checked_add(HEADER)
        }
        ("character" | "character varying", Some(length)) => number(length)?.checked_add(HEADER),
        ("interval", Some(precision)) => Some(0x7FFF_0000 | (number(precision)? & 0xFFFF)),
        (
            "bit"
            | "bit varying"
            | "time without time zone"
            | "time with time zone"
            | "timestamp without time zone"
            | "timestamp with time zone",
            Some(given),
        ) => number(given),
        (
            "numeric"
            | "character"
            | "bpchar"
            | "character varying"
            | "interval"
            | "bit"
            | "bit varying"
            | "time without time zone"
            | "time with time zone"
            | "timestamp without time zone"
            | "timestamp with time zone",
            None,
        ) => Some(-1),
        _ => None,
    }
}

/// A type's name without its modifier, as `format_type(oid, NULL)` prints it.
pub(super) fn without_modifier(written: &[u8], text: &TextEncoding) -> Result<String, Fault> {
    let printed = printed(written);
    let mut printed = text.name_of(&printed).map_err(|_| Fault::new(0, What::NotUtf8(WHAT)))?;
    let mut is_quoted = false;
    let open = printed.bytes().position(|byte| {
        is_quoted ^= byte == b'"';
        byte == b'(' && !is_quoted
    });
    if let Some(open) = open {
        let close =
            printed.get(open..).and_then(|rest| rest.find(')')).map_or(printed.len(), |at| open + at + 1);
        printed.replace_range(open..close, "");
    }
    Ok(printed)
}

/// A JSON string, as which the plugin writes what begins without a quote, and arrays.
fn escaped(mut json: Json<'_>) -> Option<Json<'_>> {
    let name = json.string(WHAT).ok()?;
    let mut said = Vec::new();
    json.unescape(name, &mut said).ok()?;
    let quotes = said.iter().filter(|&&byte| byte == b'"').count();
    let as_written = said.first() != Some(&b'"') || said.last() == Some(&b']');
    (!said.is_empty() && quotes % 2 == 0 && as_written).then_some(json)
}

/// What `format_type` gave, which begins with a quote.
fn bare(mut json: Json<'_>) -> Option<Json<'_>> {
    quoted(&mut json)?;
    if json.eat_exactly(b".") {
        match json.peek() {
            Some(b'"') => quoted(&mut json)?,
            _ => unquoted(&mut json),
        }
    }
    if json.eat_exactly(b"(") {
        while json.take()? != b')' {}
    }
    json.eat_exactly(b"[]");
    Some(json)
}

/// An identifier in double quotes, any in it doubled.
fn quoted(json: &mut Json<'_>) -> Option<()> {
    json.eat_exactly(b"\"").then_some(())?;
    let start = json.offset();
    loop {
        while json.take()? != b'"' {}
        if !json.eat_exactly(b"\"") {
            return (json.offset() > start + 1).then_some(());
        }
    }
}

fn unquoted(json: &mut Json<'_>) {
    let of_identifier = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | 0x80..);
    while json.peek().is_some_and(of_identifier) {
        let _ = json.take();
    }
}

/// What `format_type` gave, in another pair of quotes. Those in it are even in number.
fn enclosed(mut json: Json<'_>) -> Option<Json<'_>> {
    json.eat_exactly(b"\"").then_some(())?;
    let (start, mut quotes) = (json.offset(), 0);
    loop {
        if json.take()? == b'"' {
            if quotes % 2 == 0 && json.offset() > start + 1 && ends(&json) {
                return Some(json);
            }
            quotes += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn modifiers_are_those_of_the_catalog() {
        for (name, expected) in [
            ("numeric(10,2)", Some(655_366)),
            ("numeric(3,-2)", Some(198_658)),
            ("numeric", Some(-1)),
            ("numeric(10,2)[]", Some(655_366)),
            ("character varying(10)", Some(14)),
            ("character(1)", Some(5)),
            ("bpchar", Some(-1)),
            ("timestamp(3) without time zone", Some(3)),
            ("timestamp with time zone", Some(-1)),
            ("bit(7)", Some(7)),
            ("interval(2)", Some(2_147_418_114)),
            ("interval day to second(2)", None),
            ("integer", None),
            ("public.geometry(Point,4326)", None),
        ] {
            assert_eq!(modifier(format!("\"{name}\"").as_bytes()), expected, "{name}");
        }
        for broken in ["numeric(10)", "numeric(99999999999,2)", "numeric(32768,0)", "bit(", "bit(x)", "bit)"]
        {
            assert_eq!(modifier(format!("\"{broken}\"").as_bytes()), None, "{broken}");
        }
    }

    #[test]
    fn a_name_is_what_was_printed_whatever_the_plugin_made_of_it() {
        for (written, expected) in [
            (r#""timestamp(3) without time zone""#, "timestamp without time zone"),
            (r#""public.\"My (\"(7)[]""#, r#"public."My ("[]"#),
            (r#""My ""T""#, r#""My ""T""#),
            (r#""S"."T"(7)"#, r#""S"."T""#),
            (r#""public."T"(7)""#, r#"public."T""#),
        ] {
            assert_eq!(without_modifier(written.as_bytes(), &TextEncoding::default()).unwrap(), expected);
        }
    }

    /// What is left behind the name, where it is one.
    fn rest(text: &str) -> Option<&str> {
        let mut json = Json::new(text.as_bytes());
        pass_over(&mut json).ok()?;
        text.get(json.offset()..)
    }

    #[test]
    fn a_name_ends_where_it_does_however_it_is_written() {
        for name in [
            r#""integer""#,
            r#""character varying(10)""#,
            r#""timestamp(3) without time zone""#,
            r#""char""#,
            // Escaped.
            r#""public.\"My Type\"""#,
            r#""\"My Type\"[]""#,
            r#""x.\",\\\"""#,
            r#""x.\"a\nb\"""#,
            // As it is.
            r#""My Type""#,
            r#""My ""Type""#,
            r#""S"."T""#,
            r#""S".t"#,
            r#""S".t(3,4)[]"#,
            r#""My "", ""Type""#,
            "\"line\nbreak\"",
            r#""ends with \""#,
            r#""ends with \".t"#,
            r#""\u""#,
            r#""x.\""y""#,
            r#"""",""typeoid"":1,""value"":""""#,
            // As releases before 2.5 write it.
            r#"""My Type"""#,
            r#""public."My Type"[]""#,
            r#"""S"."T"[]""#,
            r#"""My Type"(3)""#,
        ] {
            for behind in [r#","typeoid":1,"value":"x"}"#, r#"},{"name":"x"}"#, r#","integer"]"#, "]}"] {
                assert_eq!(rest(&format!("{name}{behind}")), Some(behind), "{name}{behind}");
            }
        }
    }

    #[test]
    fn what_is_no_name_is_refused() {
        for text in ["", "x", "\"", "\"x", "\"\"", "\"\",", "\"x\"y,", "1,", "null,"] {
            assert_eq!(rest(text), None, "{text}");
        }
    }

    /// As the plugin writes the type `name` (a name that `format_type` quotes), alone or of a schema, a scalar or an
    /// array.
    fn written(name: &str, schema: Option<&str>, is_array: bool) -> String {
        let quote = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let schema = schema.map(|schema| format!("{schema}.")).unwrap_or_default();
        let type_ = format!("{schema}{}{}", quote(name), if is_array { "[]" } else { "" });
        match type_.starts_with('"') && !is_array {
            true => type_,
            false => serde_json::to_string(&type_).unwrap(),
        }
    }

    proptest! {
        #[test]
        fn any_name_ends_where_it_does(
            name in r#"[a",:.\\\[\]{}()\n é]{1,12}"#,
            schema in prop::option::of(prop_oneof![Just("s"), Just("\"S\""), Just("\"\\\"")]),
            is_array: bool,
            behind in prop_oneof![Just(",\"typeoid\":1,\"value\":\"x\"}"), Just(",\"integer\"]"), Just("]}"), Just("},{\"a\":1}")],
        ) {
            let text = format!("{}{behind}", written(&name, schema, is_array));
            prop_assert_eq!(rest(&text), Some(behind), "{}", text);
        }
    }
}
