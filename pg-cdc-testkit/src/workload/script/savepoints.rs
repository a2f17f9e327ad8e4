use super::{MANY, Script};

pub(super) fn script() -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA savepoints;
         CREATE TABLE savepoints.a (id int PRIMARY KEY, v text);
         CREATE TABLE savepoints.b (id int PRIMARY KEY, v text, big text); ALTER TABLE savepoints.b ALTER big SET STORAGE EXTERNAL;
         CREATE TABLE savepoints.c (id int PRIMARY KEY, v text); ALTER TABLE savepoints.c REPLICA IDENTITY FULL;
         INSERT INTO savepoints.b SELECT i, 'b', repeat('x', 5000) FROM generate_series(1, 5) i",
    );
    small(&mut script);
    many(&mut script);
    large(&mut script);
    beside_each_other(&mut script);
    script.compared("savepoints", &["a", "b", "c"]);
    script
}

fn small(script: &mut Script) {
    script.each(&[
        // Nothing but what is rolled back; and what is rolled back before anything is kept.
        "BEGIN; SAVEPOINT s; INSERT INTO savepoints.a VALUES (1); ROLLBACK TO s; COMMIT",
        "BEGIN; SAVEPOINT s; INSERT INTO savepoints.a VALUES (2); ROLLBACK TO s; INSERT INTO savepoints.a VALUES (3); COMMIT",
        "BEGIN; SAVEPOINT s; INSERT INTO savepoints.a VALUES (4); RELEASE s; SAVEPOINT t; COMMIT",
        // Within each other, of one name, rolled back to in the middle, and gone on with.
        "BEGIN; INSERT INTO savepoints.a VALUES (10); SAVEPOINT s; INSERT INTO savepoints.a VALUES (11); SAVEPOINT s;
         INSERT INTO savepoints.a VALUES (12); SAVEPOINT s; INSERT INTO savepoints.a VALUES (13); ROLLBACK TO s;
         INSERT INTO savepoints.a VALUES (14); RELEASE s; INSERT INTO savepoints.a VALUES (15); ROLLBACK TO s;
         INSERT INTO savepoints.a VALUES (16); RELEASE s; RELEASE s; INSERT INTO savepoints.a VALUES (17); COMMIT",
        "BEGIN; SAVEPOINT a; INSERT INTO savepoints.a VALUES (20); SAVEPOINT b; INSERT INTO savepoints.a VALUES (21); SAVEPOINT c;
         INSERT INTO savepoints.a VALUES (22); SAVEPOINT d; INSERT INTO savepoints.a VALUES (23); RELEASE c;
         ROLLBACK TO b; INSERT INTO savepoints.a VALUES (24); COMMIT",
        "BEGIN; SAVEPOINT a; DELETE FROM savepoints.b; ROLLBACK TO a; UPDATE savepoints.b SET v = 'kept' WHERE id = 1; ROLLBACK",
        // Values out of line, written in one and left unchanged in another.
        "BEGIN; SAVEPOINT a; UPDATE savepoints.b SET big = repeat('y', 6000) WHERE id = 1; SAVEPOINT b; UPDATE savepoints.b SET v = 'v' WHERE id = 1;
         ROLLBACK TO b; UPDATE savepoints.b SET v = 'w' WHERE id = 1; RELEASE a; COMMIT",
        "BEGIN; SAVEPOINT a; INSERT INTO savepoints.b VALUES (6, 'gone', repeat('z', 7000)); ROLLBACK TO a;
         INSERT INTO savepoints.b VALUES (6, 'kept', repeat('k', 7000)); COMMIT",
        // A row locked, changed and given up by one, and changed by the next.
        "BEGIN; SAVEPOINT a; SELECT * FROM savepoints.b WHERE id = 2 FOR UPDATE; UPDATE savepoints.b SET v = 'x' WHERE id = 2; ROLLBACK TO a;
         UPDATE savepoints.b SET id = 22 WHERE id = 2; COMMIT",
        "BEGIN; SAVEPOINT a; INSERT INTO savepoints.a VALUES (30) ON CONFLICT DO NOTHING; ROLLBACK TO a;
         INSERT INTO savepoints.a VALUES (30), (10) ON CONFLICT (id) DO UPDATE SET v = 'again'; COMMIT",
        "BEGIN; SAVEPOINT a; ALTER TABLE savepoints.c ADD w int; INSERT INTO savepoints.c VALUES (1, 'wide', 1); ROLLBACK TO a;
         INSERT INTO savepoints.c VALUES (1, 'narrow'); COMMIT",
        "BEGIN; SAVEPOINT a; TRUNCATE savepoints.c; ROLLBACK TO a; UPDATE savepoints.c SET v = 'still there'; COMMIT",
    ]);
}

/// More of them than a backend keeps beside its transaction (64), each a subtransaction.
fn many(script: &mut Script) {
    script.each(&[
        "DO $$ BEGIN FOR i IN 1001..1200 LOOP BEGIN INSERT INTO savepoints.a VALUES (i, repeat('m', 100));
             IF i % 3 = 0 THEN RAISE EXCEPTION 'no'; END IF; EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$",
        // The same, and all for nothing.
        "BEGIN; DO $$ BEGIN FOR i IN 2001..2300 LOOP BEGIN INSERT INTO savepoints.a VALUES (i, repeat('m', 200));
             EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$; ROLLBACK",
        "BEGIN; INSERT INTO savepoints.a VALUES (3000, 'first'); SAVEPOINT s; DO $$ BEGIN FOR i IN 3001..3150 LOOP BEGIN
             INSERT INTO savepoints.a VALUES (i, repeat('m', 400)); UPDATE savepoints.a SET v = 'u' WHERE id = i - 1;
             EXCEPTION WHEN OTHERS THEN NULL; END; END LOOP; END $$; ROLLBACK TO s; INSERT INTO savepoints.a VALUES (3001, 'last'); COMMIT",
    ]);
    // By hand, all within each other; taken back to the middle.
    let mut nested = String::from("BEGIN;");
    for n in 0..100 {
        nested += &format!("SAVEPOINT s{n}; INSERT INTO savepoints.a VALUES (4000 + {n}, repeat('n', 500));");
    }
    nested += "ROLLBACK TO s60; INSERT INTO savepoints.a VALUES (4060, 'instead'); COMMIT";
    script.sql(nested).pause();
}

/// Large enough to be sent before their end is known.
fn large(script: &mut Script) {
    let rows = |table: &str, from: u32, count: u32| {
        format!(
            "INSERT INTO savepoints.{table} SELECT i, repeat('l', 80) || i FROM generate_series({from}, {from} + {count} - 1) i"
        )
    };
    script
        .sql("BEGIN")
        .sql("SAVEPOINT a")
        .sql(rows("a", 10_000, MANY))
        .sql("ROLLBACK TO a")
        .sql(rows("a", 10_000, 5))
        .sql("SAVEPOINT b")
        .sql(rows("c", 10_000, MANY))
        .sql("SAVEPOINT c; UPDATE savepoints.c SET v = 'u' || id WHERE id >= 10000; RELEASE c")
        .sql("SAVEPOINT d; DELETE FROM savepoints.c WHERE id >= 10000")
        .sql("ROLLBACK TO d; DELETE FROM savepoints.c WHERE id % 2 = 1; RELEASE b")
        .sql("COMMIT")
        // Given up at the end, and in the middle.
        .sql("BEGIN")
        .sql(rows("a", 20_000, MANY))
        .sql("SAVEPOINT a")
        .sql(rows("a", 30_000, MANY))
        .sql("ROLLBACK TO a")
        .sql(rows("a", 40_000, MANY))
        .sql("ROLLBACK")
        .sql("INSERT INTO savepoints.a VALUES (20000, 'small')");
}

/// Several that are open at a time.
fn beside_each_other(script: &mut Script) {
    let rows = |from: u32| {
        format!(
            "INSERT INTO savepoints.a SELECT i, repeat('b', 80) || i FROM generate_series({from}, {from} + {MANY} - 1) i"
        )
    };
    script
        .in_session(0, "BEGIN")
        .in_session(1, "BEGIN")
        .in_session(2, "BEGIN")
        .in_session(0, rows(50_000))
        .in_session(1, format!("SAVEPOINT a; {}", rows(60_000)))
        .in_session(2, rows(70_000))
        .in_session(3, "INSERT INTO savepoints.b VALUES (100, 'between')")
        .in_session(1, format!("ROLLBACK TO a; SAVEPOINT b; {}", rows(61_000)))
        .in_session(0, format!("SAVEPOINT a; {}; RELEASE a", rows(51_000)))
        .in_session(2, "SAVEPOINT c; UPDATE savepoints.b SET v = 'by the third' WHERE id = 3; ROLLBACK TO c")
        .in_session(1, "UPDATE savepoints.b SET v = 'by the second' WHERE id = 3")
        .in_session(1, "COMMIT")
        .in_session(3, "UPDATE savepoints.b SET v = v || '!' WHERE id = 3")
        .in_session(2, "ROLLBACK")
        .in_session(0, rows(52_000))
        .in_session(0, "COMMIT")
        .pause();
}
