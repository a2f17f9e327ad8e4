use super::{MANY, Script};

pub(super) fn script() -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA ids;
         CREATE TABLE ids.one (id int PRIMARY KEY, n int, v text);
         CREATE TABLE ids.several (v text, b text, n int, a int, PRIMARY KEY (b, a));
         CREATE TABLE ids.whole (id int PRIMARY KEY, n int, v text); ALTER TABLE ids.whole REPLICA IDENTITY FULL;
         CREATE TABLE ids.keyless (n int, v text); ALTER TABLE ids.keyless REPLICA IDENTITY FULL;
         CREATE TABLE ids.by_index (n int, id int NOT NULL, v text, also text NOT NULL); CREATE UNIQUE INDEX by_index_id ON ids.by_index (also, id);
         ALTER TABLE ids.by_index REPLICA IDENTITY USING INDEX by_index_id;
         CREATE TABLE ids.beside_key (id int PRIMARY KEY, other int NOT NULL, v text); CREATE UNIQUE INDEX beside_key_other ON ids.beside_key (other);
         ALTER TABLE ids.beside_key REPLICA IDENTITY USING INDEX beside_key_other;
         CREATE TABLE ids.nothing (id int, v text); ALTER TABLE ids.nothing REPLICA IDENTITY NOTHING;
         CREATE TABLE ids.without (id int, v text);
         CREATE TABLE ids.long (id text PRIMARY KEY, v text)",
    );
    keys(&mut script);
    large_values(&mut script);
    script.compared(
        "ids",
        &[
            "one",
            "several",
            "whole",
            "keyless",
            "by_index",
            "beside_key",
            "nothing",
            "without",
            "long",
            "big",
            "big_whole",
            "big_key",
        ],
    );
    script
}

fn keys(script: &mut Script) {
    for table in ["one", "whole"] {
        script
            .sql(format!("INSERT INTO ids.{table} VALUES (1, 1, 'a'), (2, NULL, NULL), (3, 3, '')"))
            .sql(format!("UPDATE ids.{table} SET n = n + 1; UPDATE ids.{table} SET id = id + 10 WHERE n IS NULL"))
            .sql(format!("BEGIN; UPDATE ids.{table} SET id = -id; UPDATE ids.{table} SET id = -id, v = 'back'; DELETE FROM ids.{table} WHERE id = 3; COMMIT"))
            // A key that another row had a moment ago.
            .sql(format!("BEGIN; DELETE FROM ids.{table} WHERE id = 1; UPDATE ids.{table} SET id = 1 WHERE id = 12; INSERT INTO ids.{table} VALUES (12, 0, 'new'); COMMIT"))
            .sql("BEGIN")
            .sql(format!("INSERT INTO ids.{table} SELECT i, i, repeat('k', 60) FROM generate_series(1000, 1000 + {MANY}) i"))
            .sql(format!("UPDATE ids.{table} SET id = id + 5000 WHERE id % 3 = 0; DELETE FROM ids.{table} WHERE id % 5 = 0"))
            .sql("COMMIT");
    }
    script.each(&[
        "INSERT INTO ids.several VALUES ('v', 'x', 1, 1), ('w', 'x', 2, 2), (NULL, 'it''s \"x\"', NULL, 3)",
        "UPDATE ids.several SET n = 5; UPDATE ids.several SET a = a + 10 WHERE b = 'x'; UPDATE ids.several SET b = 'é🐘' WHERE a = 3; DELETE FROM ids.several WHERE a = 11",
        // Rows that look the same.
        "INSERT INTO ids.keyless VALUES (1, 'a'), (1, 'a'), (1, 'a'), (NULL, NULL)",
        "UPDATE ids.keyless SET v = 'b' WHERE ctid = (SELECT min(ctid) FROM ids.keyless); DELETE FROM ids.keyless WHERE ctid = (SELECT max(ctid) FROM ids.keyless)",
        "UPDATE ids.keyless SET v = NULL WHERE n IS NULL; UPDATE ids.keyless SET n = n",
        "INSERT INTO ids.by_index VALUES (1, 1, 'a', 'x'), (NULL, 2, NULL, 'y'), (3, 3, 'c', 'z')",
        "UPDATE ids.by_index SET n = 7; UPDATE ids.by_index SET id = id + 10 WHERE id < 3; UPDATE ids.by_index SET also = 'zz' WHERE id = 3; DELETE FROM ids.by_index WHERE id = 11",
        "INSERT INTO ids.beside_key VALUES (1, 1, 'a'), (2, 2, 'b')",
        // Of a primary key that is not the identity no old value is told: it stays.
        "UPDATE ids.beside_key SET v = 'c'; UPDATE ids.beside_key SET other = other + 10 WHERE id = 1",
        "INSERT INTO ids.nothing VALUES (1, 'a'), (1, 'a'), (NULL, NULL)",
        "INSERT INTO ids.without VALUES (1, 'a'), (2, 'b')",
        "INSERT INTO ids.long VALUES (repeat('k', 2500), 'a'), ('', 'empty'), (E' \\n\"\\\\', 'odd')",
        "UPDATE ids.long SET v = 'b'; UPDATE ids.long SET id = id || '+'; DELETE FROM ids.long WHERE id = '+'",
    ]);
    script.pause();
}

/// Values out of line, which come again only where they are written again.
fn large_values(script: &mut Script) {
    let columns = "(id int PRIMARY KEY, n int, a text, b text, j jsonb, x bytea, ar text[])";
    script.make(format!(
        "CREATE TABLE ids.big {columns}; CREATE TABLE ids.big_whole {columns}; ALTER TABLE ids.big_whole REPLICA IDENTITY FULL;
         CREATE TABLE ids.big_key (id int, k text, a text, PRIMARY KEY (id, k)); ALTER TABLE ids.big_key ALTER a SET STORAGE EXTERNAL"
    ));
    // Compressed, out of line, both, and at the edge of being so.
    let noise = |seed: &str, times: u32| {
        format!("(SELECT string_agg(md5('{seed}' || i), '') FROM generate_series(1, {times}) i)")
    };
    for table in ["big", "big_whole"] {
        script.make(format!("ALTER TABLE ids.{table} ALTER a SET STORAGE EXTERNAL; ALTER TABLE ids.{table} ALTER ar SET STORAGE EXTERNAL"));
        script.make(format!(
            "INSERT INTO ids.{table} VALUES (1, 1, repeat('é', 5000), {}, '{{\"a\": 1}}', '\\x00', '{{}}')",
            noise("s", 300)
        ));
        script
            .sql(format!(
                "INSERT INTO ids.{table} VALUES
                 (2, 2, repeat('x', 9000), repeat('compressed', 5000), jsonb_build_object('k', {}), decode({}, 'hex'), ARRAY[repeat('x', 5000), NULL, '{{,}}']),
                 (3, 3, repeat('x', 1990), repeat('y', 2010), NULL, NULL, NULL), (4, NULL, NULL, NULL, NULL, NULL, NULL)",
                noise("j", 200),
                noise("b", 200)
            ))
            .sql(format!("UPDATE ids.{table} SET n = 10"))
            .sql(format!("UPDATE ids.{table} SET id = id + 10 WHERE id < 3"))
            .sql(format!("UPDATE ids.{table} SET a = a || '!' WHERE n = 10; UPDATE ids.{table} SET b = NULL WHERE id = 11"))
            .sql(format!("BEGIN; UPDATE ids.{table} SET j = j || '{{\"more\": true}}' WHERE id = 12; UPDATE ids.{table} SET n = 11; COMMIT"))
            .sql(format!("BEGIN; SAVEPOINT s; UPDATE ids.{table} SET a = repeat('lost', 3000); ROLLBACK TO s; UPDATE ids.{table} SET n = 12; COMMIT"))
            // Swapped, and short ones become long.
            .sql(format!("UPDATE ids.{table} SET a = b, b = a; UPDATE ids.{table} SET a = repeat('z', 8000) WHERE a IS NULL; UPDATE ids.{table} SET n = 13"))
            .sql(format!("ALTER TABLE ids.{table} ADD late text; UPDATE ids.{table} SET late = 'l'; ALTER TABLE ids.{table} DROP x"))
            .sql(format!("UPDATE ids.{table} SET n = 14; DELETE FROM ids.{table} WHERE id = 3; UPDATE ids.{table} SET id = 20 WHERE id = 4"))
            .sql("BEGIN")
            .sql(format!("INSERT INTO ids.{table} (id, n, a) SELECT i, i, repeat('r', 3000) || i FROM generate_series(100, 150) i"))
            .sql(format!("UPDATE ids.{table} SET n = -n WHERE id >= 100; UPDATE ids.{table} SET id = id + 1000 WHERE id >= 140"))
            .sql("COMMIT");
    }
    script.each(&[
        "INSERT INTO ids.big_key VALUES (1, repeat('k', 1500), repeat('a', 5000)), (2, 'k', repeat('b', 5000))",
        "UPDATE ids.big_key SET id = id + 10; UPDATE ids.big_key SET k = 'short' WHERE id = 11; UPDATE ids.big_key SET k = repeat('l', 1500) WHERE id = 12",
        "DELETE FROM ids.big_key WHERE id = 11",
    ]);
}
