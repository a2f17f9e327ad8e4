use super::{MANY, Script};

pub(super) fn script(encoding: &str) -> Script {
    let (text, label) = match encoding {
        "LATIN1" => ("é ÿ \"ü\"", "größe"),
        "WIN1252" => ("€ – “ü” ÿ", "größe in €"),
        "EUC_JP" => ("é 日本語 ｱｲｳ ～－", "größe 表"),
        _ => ("é 漢字 🐘 \"ü\"", "größe 🐘"),
    };
    let mut script = Script::new(&format!(
        "CREATE SCHEMA encoded; CREATE TYPE encoded.label AS ENUM ('{label}', 'plain'); CREATE TYPE encoded.pair AS (\"é\" text, n int);
         CREATE TABLE encoded.\"{label}\" (id int PRIMARY KEY, t text, c char(9), v varchar, j json, b jsonb, e encoded.label, a text[], p encoded.pair, big text);
         ALTER TABLE encoded.\"{label}\" ALTER big SET STORAGE EXTERNAL"
    ));
    script
        .sql(format!(
            "INSERT INTO encoded.\"{label}\" VALUES (1, '{text}', 'é', '{text}', '{{\"é\": \"ü\"}}', '{{\"é\": \"ü\"}}', '{label}', ARRAY['{text}', 'é,'], ROW('{text}', 1), repeat('é', 9000))"
        ))
        .sql(format!("UPDATE encoded.\"{label}\" SET id = 2; UPDATE encoded.\"{label}\" SET t = t || '!', e = 'plain'"))
        .sql(format!("INSERT INTO encoded.\"{label}\" (id, t) SELECT i, '{text}' || i FROM generate_series(1000, 1000 + {MANY}) i"))
        .sql(format!("ALTER TABLE encoded.\"{label}\" RENAME t TO \"ü\""))
        .sql(format!("UPDATE encoded.\"{label}\" SET \"ü\" = 'ü'"))
        .compared("encoded", &[label]);
    script
}
