use super::{MANY, Script};

pub(super) fn script(major: u32) -> Script {
    // In three levels; one with other columns in another order, one of which was dropped.
    let mut script = Script::new(
        "CREATE SCHEMA parts;
         CREATE TABLE parts.p (id int NOT NULL, kind text NOT NULL, n numeric, big text, PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
         ALTER TABLE parts.p ALTER big SET STORAGE EXTERNAL;
         CREATE TABLE parts.p_a PARTITION OF parts.p FOR VALUES IN ('a');
         CREATE TABLE parts.p_b (gone int, big text, kind text NOT NULL, n numeric, id int NOT NULL);
         ALTER TABLE parts.p_b DROP gone; ALTER TABLE parts.p_b ALTER big SET STORAGE EXTERNAL;
         ALTER TABLE parts.p ATTACH PARTITION parts.p_b FOR VALUES IN ('b');
         CREATE TABLE parts.p_cd PARTITION OF parts.p FOR VALUES IN ('c', 'd') PARTITION BY RANGE (id);
         CREATE TABLE parts.p_cd_1 PARTITION OF parts.p_cd FOR VALUES FROM (0) TO (1000);
         CREATE TABLE parts.p_cd_2 (n numeric, id int NOT NULL, big text, kind text NOT NULL);
         ALTER TABLE parts.p_cd ATTACH PARTITION parts.p_cd_2 FOR VALUES FROM (1000) TO (100000);
         CREATE TABLE parts.p_rest PARTITION OF parts.p DEFAULT;
         INSERT INTO parts.p SELECT i, chr(96 + i), i, repeat('x', 5000) FROM generate_series(1, 5) i;
         CREATE TABLE parts.hashed (id int PRIMARY KEY, v text) PARTITION BY HASH (id);
         CREATE TABLE parts.hashed_0 PARTITION OF parts.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 0);
         CREATE TABLE parts.hashed_1 PARTITION OF parts.hashed FOR VALUES WITH (MODULUS 2, REMAINDER 1);
         CREATE TABLE parts.lists (id int PRIMARY KEY, v text) PARTITION BY LIST (id);
         CREATE TABLE parts.lists_1 PARTITION OF parts.lists FOR VALUES IN (1); CREATE TABLE parts.lists_2 PARTITION OF parts.lists FOR VALUES IN (2);
         INSERT INTO parts.lists VALUES (2, 'two');
         CREATE TABLE parts.alone (id int PRIMARY KEY, v text)",
    );
    script
        .sql("INSERT INTO parts.p VALUES (10, 'a', 1), (11, 'b', 1), (12, 'c', 1), (1013, 'd', 1), (14, 'z', 1)")
        .sql("UPDATE parts.p SET n = n + 1")
        // From one to another, also of another shape; the large value goes with it.
        .sql("UPDATE parts.p SET kind = 'b' WHERE id = 1; UPDATE parts.p SET kind = 'a' WHERE id = 2")
        .sql("UPDATE parts.p SET id = id + 2000, kind = 'd' WHERE id IN (3, 10); UPDATE parts.p SET id = id - 1000 WHERE kind = 'd' AND id > 1100")
        .sql("DELETE FROM parts.p WHERE id = 14; UPDATE parts.p SET id = 9 WHERE kind = 'e'")
        .sql("INSERT INTO parts.p_b (id, kind, n) VALUES (20, 'b', 20); UPDATE parts.p_cd SET n = -1; DELETE FROM parts.p_cd_1 WHERE id = 12")
        .pause()
        .sql("BEGIN")
        .sql(format!("INSERT INTO parts.p SELECT i, chr(97 + i % 4), i, repeat('x', 60) FROM generate_series(3000, 3000 + {MANY}) i"))
        .sql("SAVEPOINT s; UPDATE parts.p SET kind = 'a' WHERE id > 3000 AND kind = 'b'; ROLLBACK TO s")
        .sql("UPDATE parts.p SET kind = 'c' WHERE id > 3000 AND kind = 'b'; DELETE FROM parts.p WHERE id > 3000 AND id % 5 = 0")
        .sql("COMMIT")
        .sql("INSERT INTO parts.hashed SELECT i, 'h' || i FROM generate_series(1, 20) i")
        .sql("UPDATE parts.hashed SET id = id + 100 WHERE id % 3 = 0; DELETE FROM parts.hashed WHERE id < 5");
    if major >= 15 {
        script.sql(
            "MERGE INTO parts.p USING (VALUES (20, 'b'), (21, 'b'), (22, 'q')) v (id, kind) ON p.id = v.id AND p.kind = v.kind
             WHEN MATCHED THEN UPDATE SET n = 0 WHEN NOT MATCHED THEN INSERT VALUES (v.id, v.kind, 99)",
        );
    }
    come_and_go(&mut script, major);
    script.compared("parts", &["alone"]);
    script
}

/// Partitions that are made, attached and detached between changes, each empty when it comes or goes: no change tells of
/// the rows that it has.
fn come_and_go(script: &mut Script, major: u32) {
    script.each(&[
        "UPDATE parts.p SET kind = 'y' WHERE kind = 'q' OR kind NOT IN ('a', 'b', 'c', 'd')",
        "DELETE FROM parts.p_a; ALTER TABLE parts.p DETACH PARTITION parts.p_a",
        // By itself, a row comes and goes.
        "INSERT INTO parts.p_a VALUES (30, 'a', 30); DELETE FROM parts.p_a",
        "INSERT INTO parts.p VALUES (31, 'a', 31)",
        "DELETE FROM parts.p WHERE kind = 'a'",
        "ALTER TABLE parts.p ATTACH PARTITION parts.p_a FOR VALUES IN ('a')",
        "INSERT INTO parts.p VALUES (32, 'a', 32); UPDATE parts.p SET kind = 'b' WHERE kind = 'a'; UPDATE parts.p SET kind = 'a' WHERE id = 32",
        "ALTER TABLE parts.p ADD more int DEFAULT 1",
        "UPDATE parts.p SET more = 2, n = n WHERE id < 100; UPDATE parts.p SET kind = 'd' WHERE id = 32",
        "INSERT INTO parts.p (id, kind, more) VALUES (33, 'b', 3), (34, 'c', 3), (1035, 'd', 3); UPDATE parts.p SET more = 5",
    ]);
    if major >= 14 {
        script.each(&[
            "DELETE FROM parts.lists WHERE id = 2",
            "ALTER TABLE parts.lists DETACH PARTITION parts.lists_2 CONCURRENTLY",
            "INSERT INTO parts.lists VALUES (1, 'kept'); UPDATE parts.lists SET v = 'changed'",
        ]);
    }
    script.each(&["INSERT INTO parts.alone VALUES (1, 'a')", "UPDATE parts.p SET more = 6"]);
}
