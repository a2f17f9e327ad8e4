use super::{MANY, Script};

pub(super) fn script(major: u32) -> Script {
    let generated = if major >= 12 { ", g int GENERATED ALWAYS AS (n * 2) STORED" } else { "" };
    let computed = if major >= 18 { ", computed int GENERATED ALWAYS AS (n * 3)" } else { "" };
    let columns = "(secret text, id int, region text, n int, big text, PRIMARY KEY (id, region))";
    let mut script = Script::new(&format!(
        "CREATE SCHEMA shapes; CREATE TABLE shapes.rows {columns}; CREATE TABLE shapes.columns {columns}; CREATE TABLE shapes.both {columns};
         CREATE TABLE shapes.parts {columns} PARTITION BY LIST (region); CREATE TABLE shapes.parts_eu PARTITION OF shapes.parts FOR VALUES IN ('eu');
         CREATE TABLE shapes.parts_us (big text, n int, region text NOT NULL, id int NOT NULL, secret text);
         ALTER TABLE shapes.parts ATTACH PARTITION shapes.parts_us FOR VALUES IN ('us');
         CREATE TABLE shapes.crossing {columns}; ALTER TABLE shapes.crossing ALTER big SET STORAGE EXTERNAL;
         INSERT INTO shapes.crossing VALUES ('secret', 1, 'us', 1, repeat('x', 5000));
         CREATE TABLE shapes.generated (id int PRIMARY KEY{generated}, n int{computed}, v text)"
    ));
    for table in ["rows", "columns", "both", "parts"] {
        script
            .make(format!("ALTER TABLE shapes.{table} ALTER big SET STORAGE EXTERNAL"))
            .make(format!("INSERT INTO shapes.{table} VALUES ('secret', 1, 'eu', 1, repeat('x', 5000)), ('secret', 2, 'us', 2, repeat('y', 5000))"))
            .sql(format!("INSERT INTO shapes.{table} VALUES ('secret', 3, 'eu', 3, 'b'), ('secret', 4, 'us', 4, 'b')"))
            // In, out, within, and of no interest.
            .sql(format!("UPDATE shapes.{table} SET region = 'eu', big = repeat('z', 5000) WHERE id = 2; UPDATE shapes.{table} SET region = 'us' WHERE id = 1"))
            .sql(format!("UPDATE shapes.{table} SET n = n + 10; UPDATE shapes.{table} SET secret = 'secret too'; UPDATE shapes.{table} SET id = id + 10 WHERE id < 3"))
            .sql(format!("DELETE FROM shapes.{table} WHERE id IN (3, 11)"))
            .sql("BEGIN")
            .sql(format!("INSERT INTO shapes.{table} SELECT 'secret', i, CASE i % 2 WHEN 0 THEN 'eu' ELSE 'us' END, i, repeat('r', 60) FROM generate_series(1000, 1000 + {MANY}) i"))
            .sql(format!("SAVEPOINT s; UPDATE shapes.{table} SET region = 'us' WHERE id > 1000; ROLLBACK TO s; UPDATE shapes.{table} SET region = 'us' WHERE id % 10 = 0"))
            .sql("COMMIT")
            .pause()
            .sql(format!("UPDATE shapes.{table} SET region = 'eu' WHERE id % 20 = 0; UPDATE shapes.{table} SET n = 0 WHERE region = 'us'"));
    }
    script
        // What comes in does not bring its large value, which was not written.
        .sql("UPDATE shapes.crossing SET region = 'eu'")
        .sql("INSERT INTO shapes.generated (id, n, v) SELECT i, i, 'g' FROM generate_series(1, 500) i")
        .sql("UPDATE shapes.generated SET n = n + 1 WHERE id < 10; UPDATE shapes.generated SET id = -id WHERE id < 5; DELETE FROM shapes.generated WHERE id = 7");
    script
}
