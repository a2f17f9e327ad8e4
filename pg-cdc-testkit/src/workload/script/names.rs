use super::{MANY, Script};
use crate::quote_ident;

const ODD: [&str; 14] = [
    "Upper",
    "dot.ted",
    "quo\"ted",
    "\"",
    "new\nline",
    "tab\tand\rreturn",
    "back\\slash",
    "select",
    "it's $1",
    " spaces ",
    "{\"json\": [1]}",
    "per%cent *, ?",
    "größe",
    "é",
];

/// What LATIN1 does not have.
const BEYOND: [&str; 3] = ["emoji 🐘", "表", "e\u{301}\u{202e}"];

pub(super) fn script(latin: bool) -> Script {
    let mut script = Script::new("SELECT 1");
    let beyond = if latin { &[] } else { &BEYOND[..] };
    let longest = "n".repeat(63);
    for name in ODD.iter().chain(beyond).copied().chain([longest.as_str()]) {
        add(&mut script, name);
    }
    let text = if latin { "é ÿ" } else { "é ÿ 漢字 🐘" };
    // Names that differ in case alone; one that is none of a row's, and all that lines have.
    script
        .make("CREATE TABLE public.cases (\"ID\" int, id int PRIMARY KEY, \"Id\" text, \"id \" text)")
        .make("CREATE TABLE public.\"CASES\" (op int PRIMARY KEY, \"table\" text, key text, before text, after text, lsn text, \"\"\"\" text)")
        .sql(format!("INSERT INTO public.cases VALUES (1, 2, '{text}', '4'); UPDATE public.cases SET id = 3"))
        .sql(format!("INSERT INTO public.\"CASES\" VALUES (1, 't', 'k', 'b', '{text}', '0/0', 'q'); UPDATE public.\"CASES\" SET op = 2, after = NULL"))
        .sql(format!(
            "INSERT INTO public.cases SELECT i, i, repeat('é', 50), '' FROM generate_series(1000, 1000 + {MANY}) i"
        ))
        .compared("public", &["cases", "CASES"]);
    script
}

/// A schema, a table, its columns, a type and its labels, all of one name.
fn add(script: &mut Script, name: &str) {
    let quoted = quote_ident(name);
    let literal = format!("'{}'", name.replace('\'', "''"));
    let table = format!("{quoted}.{quoted}");
    // The longest that a name may be, in bytes.
    let column = if name.len() > 60 { quote_ident(&name[..60]) } else { quote_ident(&format!("{name} 2")) };
    script
        .make(format!(
            "CREATE SCHEMA {quoted}; CREATE TYPE {quoted}.\"t {quoted_inside}\" AS ENUM ({literal}, 'plain');
             CREATE TABLE {table} ({column} int PRIMARY KEY, {quoted} text, e {quoted}.\"t {quoted_inside}\"[]);
             INSERT INTO {table} VALUES (1, {literal}, NULL)",
            quoted_inside = name[..name.len().min(60)].replace('"', "\"\""),
        ))
        .sql(format!("INSERT INTO {table} VALUES (2, {literal}, ARRAY[{literal}, 'plain']::{quoted}.\"t {}\"[])", name[..name.len().min(60)].replace('"', "\"\"")))
        .sql(format!("UPDATE {table} SET {column} = 3 WHERE {column} = 2; DELETE FROM {table} WHERE {column} = 1"))
        .sql(format!("ALTER TABLE {table} RENAME {quoted} TO \"renamed, \"\"once\"\"\"; UPDATE {table} SET \"renamed, \"\"once\"\"\" = 'r'"));
    script.compared(name, &[name]);
}
