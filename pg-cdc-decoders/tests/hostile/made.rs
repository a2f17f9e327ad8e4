//! Schemas and workloads of names, types and values that nobody would choose.

use std::fmt::Write as _;

/// A character that only UTF-8 has.
pub(crate) const BOMB: &str = "💣";
/// Kinds of columns.
const KINDS: usize = 26;

/// SplitMix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) as usize % count
    }

    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.below(of.len())]
    }

    fn name(&mut self) -> String {
        const PIECES: &[&str] = &[
            "a",
            "b",
            "B",
            "\"",
            ".",
            ":",
            "[",
            "]",
            "]:",
            "(",
            ")",
            ",",
            "\\",
            " ",
            "\n",
            "'",
            "é",
            "{",
            "}",
            "1",
            "_",
            "=",
            "\t",
            "new-tuple:",
            "select",
            "null",
            "char",
            "\",\"value\":",
            ": INSERT:",
            BOMB,
            "[]",
            "N",
        ];
        (0..1 + self.below(4)).map(|_| self.pick(PIECES)).collect()
    }

    fn text(&mut self) -> String {
        const PIECES: &[&str] = &[
            "' new-tuple: a[text]:'",
            "unchanged-toast-datum",
            "null",
            "NULL",
            "NaN",
            "\\",
            "\"",
            "{",
            "}",
            ",",
            "]:",
            "\n",
            "\r",
            "\u{b}",
            "é",
            "'",
            "''",
            "\\x",
            "E'",
            "a",
            "",
            "\u{1}",
            "\u{7f}",
            BOMB,
            "table public.t: INSERT:",
            "\",\"value\":",
            "\\u00e9",
            "\\\"",
            "t",
            "true",
            " ",
            "::text",
            ");",
            "(NOTICE:wal is not enough.);",
        ];
        let mut text: String = (0..self.below(5)).map(|_| self.pick(PIECES)).collect();
        if self.below(6) == 0 {
            text += &(0..700).map(|at| format!("{:x}'", at * self.below(9_999))).collect::<String>();
        }
        text
    }
}

/// A name in quotes.
fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string as SQL has it.
fn literal(text: &str) -> String {
    format!("E'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// An enum.
struct Type {
    name: String,
    labels: Vec<String>,
}

/// A column as it is written in SQL.
struct Column {
    name: String,
    kind: usize,
    type_: String,
}

/// A table whose first column is its key.
struct Table {
    name: String,
    columns: Vec<Column>,
}

/// The type of a column of that kind; the last kinds are enums, and arrays of them.
fn type_of(kind: usize, enums: &[Type]) -> String {
    match kind {
        0 => "int".to_owned(),
        1 | 2 => "text".to_owned(),
        3 => "varchar(9000)".to_owned(),
        4 => "char(5)".to_owned(),
        5 => "bytea".to_owned(),
        6 => "bool".to_owned(),
        7 => "numeric(10,2)".to_owned(),
        8 => "bit(4)".to_owned(),
        9 => "varbit".to_owned(),
        10 => "\"char\"".to_owned(),
        11 => "name".to_owned(),
        12 => "json".to_owned(),
        13 => "jsonb".to_owned(),
        14 => "text[]".to_owned(),
        15 => "bytea[]".to_owned(),
        16 => "int[]".to_owned(),
        17 => "timestamptz(3)".to_owned(),
        18 => "public.\"do.m [\"".to_owned(),
        19 => "public.\"by,t\"\"es\"".to_owned(),
        20 => "public.\"pa]:ir\"".to_owned(),
        21 => "public.\"pa]:ir\"[]".to_owned(),
        22 => "bpchar".to_owned(),
        23 => "interval(2)".to_owned(),
        other if other % 2 == 0 => enums[other % enums.len()].name.clone(),
        other => format!("{}[]", enums[other % enums.len()].name),
    }
}

/// A value for the column, in SQL.
fn value(random: &mut Random, column: &Column, enums: &[Type]) -> String {
    if random.below(7) == 0 {
        return "NULL".to_owned();
    }
    let number = random.below(100_000) as i64 - 50_000;
    let text = random.text();
    let short: String = text.chars().take(5).filter(|c| c.is_ascii()).collect();
    match column.kind {
        0 => number.to_string(),
        1 | 2 | 18 => literal(&text),
        3 => literal(&text),
        4 | 22 => literal(&short),
        5 | 19 => format!("convert_to({}, 'UTF8')", literal(&text)),
        6 => (number > 0).to_string(),
        7 => format!("{}.{:02}", number, number.abs() % 100),
        8 => format!("B'{:04b}'", number.abs() % 16),
        9 => format!("B'{:b}'", number.abs()),
        10 => literal(&short.chars().take(1).collect::<String>()),
        11 => literal(&text.chars().take(15).collect::<String>()),
        12 => format!("to_json({}::text)", literal(&text)),
        13 => format!("jsonb_build_object({}::text, {}::text)", literal(&short), literal(&text)),
        14 => format!("ARRAY[[{}, NULL], [{}, {}]]", literal(&text), literal(&short), literal(&text)),
        15 => format!("ARRAY[convert_to({}, 'UTF8')]", literal(&text)),
        16 => format!("ARRAY[{number}, NULL, 0]"),
        17 => format!("'2024-02-29 12:00:00+00'::timestamptz + {number} * interval '1 hour 1.234 s'"),
        20 => format!("ROW({}, {number})::public.\"pa]:ir\"", literal(&text)),
        21 => format!("ARRAY[ROW({}, {number})::public.\"pa]:ir\", NULL]", literal(&text)),
        23 => format!("interval '1 day 1.236 s' * {number}"),
        other => {
            let type_ = &enums[other % enums.len()];
            let label = literal(&type_.labels[random.below(type_.labels.len())]);
            match other % 2 == 0 {
                true => format!("{label}::{}", type_.name),
                false => format!("ARRAY[{label}]::{}[]", type_.name),
            }
        }
    }
}

/// A schema of that kind, and what is done in it: a transaction each.
pub(crate) fn made(random: &mut Random) -> (Vec<String>, Vec<String>) {
    let mut ddl = vec![
        "CREATE DOMAIN public.\"do.m [\" AS text".to_owned(),
        "CREATE DOMAIN public.\"by,t\"\"es\" AS bytea".to_owned(),
        "CREATE TYPE public.\"pa]:ir\" AS (\"f\"\",\" text, g int)".to_owned(),
    ];
    let schemas: Vec<String> = ["s.", "t\"", "public"]
        .iter()
        .map(|prefix| match *prefix {
            "public" => "public".to_owned(),
            prefix => ident(&(prefix.to_owned() + &random.name())),
        })
        .collect();
    ddl.extend(schemas[..2].iter().map(|schema| format!("CREATE SCHEMA {schema}")));
    let enums: Vec<Type> = (0..6)
        .map(|number| {
            let schema = &schemas[random.below(3)];
            let name = format!("{schema}.{}", ident(&format!("{}{number}", random.name())));
            let labels = (0..2).map(|at| format!("{}{at}", random.name())).collect::<Vec<_>>();
            Type { name, labels }
        })
        .collect();
    for type_ in &enums {
        let labels: Vec<_> = type_.labels.iter().map(|label| literal(label)).collect();
        ddl.push(format!("CREATE TYPE {} AS ENUM ({})", type_.name, labels.join(", ")));
    }
    let mut tables = Vec::new();
    for number in 0..8 {
        let schema = &schemas[random.below(3)];
        let name = format!("{schema}.{}", ident(&format!("{}{number}", random.name())));
        let mut columns =
            vec![Column { name: ident(&format!("{}k", random.name())), kind: 0, type_: "int".into() }];
        for at in 0..random.below(8) {
            let kind = random.below(KINDS);
            let name = ident(&format!("{}{at}", random.name()));
            columns.push(Column { name, kind, type_: type_of(kind, &enums) });
        }
        let list: Vec<_> = columns.iter().map(|column| format!("{} {}", column.name, column.type_)).collect();
        ddl.push(format!("CREATE TABLE {name} ({}, PRIMARY KEY ({}))", list.join(", "), columns[0].name));
        for column in &columns {
            if matches!(column.kind, 1..=3 | 5 | 14) && random.below(2) == 0 {
                ddl.push(format!("ALTER TABLE {name} ALTER {} SET STORAGE EXTERNAL", column.name));
            }
        }
        if random.below(3) == 0 {
            ddl.push(format!("ALTER TABLE {name} REPLICA IDENTITY FULL"));
        }
        tables.push(Table { name, columns });
    }
    ddl.push("CREATE PUBLICATION p FOR ALL TABLES".to_owned());
    let (mut work, mut keys) = (Vec::new(), 0);
    for _ in 0..150 {
        let mut sql = String::from("BEGIN;");
        for _ in 0..1 + random.below(4) {
            let table = &tables[random.below(tables.len())];
            let key = &table.columns[0].name;
            match random.below(6) {
                0..3 => {
                    keys += 1;
                    let mut values = vec![keys.to_string()];
                    values.extend(table.columns[1..].iter().map(|column| value(random, column, &enums)));
                    let _ = write!(sql, "INSERT INTO {} VALUES ({});", table.name, values.join(", "));
                }
                3 | 4 => {
                    let at = random.below(table.columns.len());
                    let column = &table.columns[at];
                    let new = if at == 0 { format!("-{key}") } else { value(random, column, &enums) };
                    let (table, odd) = (&table.name, random.below(5));
                    let _ = write!(
                        sql,
                        "UPDATE {table} SET {} = {new} WHERE abs({key}) % 5 = {odd};",
                        column.name
                    );
                }
                _ => {
                    let _ =
                        write!(sql, "DELETE FROM {} WHERE abs({key}) % 9 = {};", table.name, random.below(9));
                }
            }
        }
        work.push(sql + "COMMIT");
    }
    (ddl, work)
}
