use super::Script;

pub(super) fn script(major: u32) -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA schemas; CREATE SCHEMA schemas_2;
         CREATE TYPE schemas.mood AS ENUM ('sad', 'happy'); CREATE TYPE schemas.size AS ENUM ('S', 'M');
         CREATE DOMAIN schemas.small AS int CHECK (value < 1000);
         CREATE TABLE schemas.t (id int PRIMARY KEY, a int, b text, big text, n numeric(8,2), v varchar(5), s schemas.small);
         ALTER TABLE schemas.t ALTER big SET STORAGE EXTERNAL;
         INSERT INTO schemas.t SELECT i, i, 'b' || i, repeat('x', 9000), i, 'v', i FROM generate_series(1, 3) i;
         CREATE TABLE schemas.f (a int PRIMARY KEY, b text); ALTER TABLE schemas.f REPLICA IDENTITY FULL;
         CREATE TABLE schemas.other (id int PRIMARY KEY, v text);
         CREATE TABLE schemas.typed (id int PRIMARY KEY, m schemas.mood, ms schemas.mood[]);
         CREATE TABLE schemas.renamed (id int PRIMARY KEY, v text);
         CREATE TABLE schemas.left (id int PRIMARY KEY, l text); CREATE TABLE schemas.right (id int PRIMARY KEY, r int);
         CREATE TABLE schemas.again (id int PRIMARY KEY, v text);
         CREATE TABLE schemas.dropped (id int PRIMARY KEY, v text);
         CREATE TABLE schemas.keyed (id int PRIMARY KEY, other int NOT NULL UNIQUE, v text);
         CREATE TABLE schemas.identity (id int PRIMARY KEY, u int NOT NULL UNIQUE, v text)",
    );
    columns(&mut script);
    in_transactions(&mut script);
    types(&mut script);
    names(&mut script);
    keys(&mut script);
    rewritten(&mut script, major);
    script.compared("schemas", &["t", "f", "other", "typed", "left", "right", "keyed", "identity"]);
    script.compared("schemas_2", &["renamed_2"]);
    script
}

/// A step, then a row of the new shape, and those that were there brought into it.
fn columns(script: &mut Script) {
    let steps = [
        "ALTER TABLE schemas.t ADD c numeric DEFAULT 1.5",
        "ALTER TABLE schemas.t ADD d timestamptz NOT NULL DEFAULT '2024-02-29 12:00Z', ADD e int[]",
        "ALTER TABLE schemas.t ALTER a TYPE text USING 'was ' || a",
        "ALTER TABLE schemas.t RENAME b TO \"B \"\"b\"",
        "ALTER TABLE schemas.t DROP c",
        "ALTER TABLE schemas.t ALTER id TYPE bigint",
        "ALTER TABLE schemas.t ALTER n TYPE numeric(20,4), ALTER v TYPE varchar(50)",
        "ALTER TABLE schemas.t ALTER v TYPE text",
        "ALTER TABLE schemas.t ALTER s TYPE int",
        // Names that change hands.
        "ALTER TABLE schemas.t RENAME a TO x; ALTER TABLE schemas.t RENAME v TO a; ALTER TABLE schemas.t RENAME x TO v",
        "ALTER TABLE schemas.t DROP e; ALTER TABLE schemas.t ADD e text DEFAULT 'of the same name'",
        "UPDATE schemas.t SET a = coalesce(a, 'none'); ALTER TABLE schemas.t ALTER a SET NOT NULL, ALTER n SET DEFAULT 7, ALTER d SET STORAGE PLAIN",
        "ALTER TABLE schemas.t ALTER big TYPE bytea USING big::bytea",
    ];
    for (nth, step) in steps.iter().enumerate() {
        let id = 10 + nth * 10;
        script
            .sql(format!("INSERT INTO schemas.t (id, a) VALUES ({id}, '{id}')"))
            .sql(*step)
            .sql(format!("INSERT INTO schemas.t (id, a) VALUES ({id} + 1, '{id}')"))
            .sql(format!("BEGIN; UPDATE schemas.t SET s = {id}; INSERT INTO schemas.t (id, a) VALUES ({id} + 2, '{id}'); COMMIT"));
        if nth == 5 {
            script.pause();
        }
    }
    script.each(&[
        // A value that is not sent is still the one of before the column was retyped.
        "UPDATE schemas.t SET big = big || '\\x00ff'::bytea",
        "INSERT INTO schemas.f VALUES (1, 'x'), (2, 'y')",
        "ALTER TABLE schemas.f ADD c int",
        "INSERT INTO schemas.f VALUES (3, 'z', 3)",
        // Rows that are older than the column: it is NULL in their old ones.
        "DELETE FROM schemas.f WHERE a = 3",
        "DELETE FROM schemas.f",
        "ALTER TABLE schemas.f DROP b",
        "INSERT INTO schemas.f VALUES (4, 4)",
        "UPDATE schemas.f SET c = 5",
    ]);
}

/// Shapes that change within a transaction, are rolled back, or belong to one that is still open.
fn in_transactions(script: &mut Script) {
    let rows = |from: u32, columns: &str, values: &str| {
        format!(
            "INSERT INTO schemas.other ({columns}) SELECT i, {values} FROM generate_series({from}, {from} + 99) i"
        )
    };
    // A hundred of these are too many for the server's memory, and each may be announced anew.
    let text = "repeat('o', 800) || i";
    script
        .sql("BEGIN")
        .sql(rows(1000, "id, v", text))
        .sql("ALTER TABLE schemas.other ADD w int DEFAULT 7")
        .sql(rows(2000, "id, v, w", &format!("{text}, i")))
        .sql("SAVEPOINT a; ALTER TABLE schemas.other DROP v")
        .sql(rows(3000, "id, w", "i"))
        .sql("ROLLBACK TO a")
        .sql(rows(4000, "id, v, w", &format!("{text}, -i")))
        .sql("SAVEPOINT b; ALTER TABLE schemas.other RENAME w TO \"w w\"")
        .sql("INSERT INTO schemas.other (id, \"w w\") VALUES (1, 1); RELEASE b")
        // Others go on beside it.
        .in_session(1, "INSERT INTO schemas.t (id, a) VALUES (1000, 'beside'); ALTER TABLE schemas.t ADD beside int")
        .in_session(1, "INSERT INTO schemas.t (id, a, beside) VALUES (1001, 'beside', 1); UPDATE schemas.t SET s = 1001")
        .sql("UPDATE schemas.other SET \"w w\" = 0 WHERE id % 30 = 0; INSERT INTO schemas.t (id, a) VALUES (1002, 'in')")
        .sql("COMMIT")
        .sql("UPDATE schemas.other SET \"w w\" = 1 WHERE id % 3 = 1")
        // As a whole for nothing.
        .sql("BEGIN; ALTER TABLE schemas.other ADD gone int, ALTER v TYPE varchar(9999)")
        .sql("INSERT INTO schemas.other (id, v, gone) SELECT i, repeat('gone', 200), 1 FROM generate_series(10001, 10100) i")
        .in_session(1, "INSERT INTO schemas.t (id, a) VALUES (1003, 'beside')")
        .sql("ROLLBACK")
        .sql("INSERT INTO schemas.other (id) VALUES (2); UPDATE schemas.other SET v = coalesce(v, '')");
}

fn types(script: &mut Script) {
    script.each(&[
        "INSERT INTO schemas.typed VALUES (1, 'sad', '{sad,happy}')",
        "ALTER TYPE schemas.mood ADD VALUE 'it''s \"new\", 🐘' BEFORE 'sad'",
        "INSERT INTO schemas.typed VALUES (2, 'it''s \"new\", 🐘', ARRAY['it''s \"new\", 🐘', NULL]::schemas.mood[])",
        "ALTER TYPE schemas.mood RENAME VALUE 'sad' TO 'so\nso'",
        "UPDATE schemas.typed SET m = 'so\nso', ms = ARRAY['so\nso']::schemas.mood[]",
        "ALTER TYPE schemas.mood RENAME TO \"Mood\"",
        "INSERT INTO schemas.typed VALUES (3, 'happy')",
        "ALTER TYPE schemas.\"Mood\" SET SCHEMA schemas_2",
        "INSERT INTO schemas.typed VALUES (4, 'so\nso')",
        "ALTER TABLE schemas.typed ALTER m TYPE text",
        "UPDATE schemas.typed SET m = upper(m)",
        "ALTER TABLE schemas.typed ALTER m TYPE schemas.size USING CASE id WHEN 1 THEN 'S' ELSE 'M' END::schemas.size, ALTER ms TYPE text[]",
        "UPDATE schemas.typed SET m = m",
        "BEGIN; ALTER TABLE schemas.typed DROP ms; DROP TYPE schemas_2.\"Mood\"; CREATE TYPE schemas_2.\"Mood\" AS ENUM ('other');
         ALTER TABLE schemas.typed ADD ms schemas_2.\"Mood\"[]; INSERT INTO schemas.typed VALUES (5, 'S', '{other}'); COMMIT",
        "UPDATE schemas.typed SET ms = '{}' WHERE ms IS NULL",
        "BEGIN; CREATE TYPE schemas.brief AS ENUM ('x'); ALTER TABLE schemas.typed ADD b schemas.brief; UPDATE schemas.typed SET b = 'x'; ROLLBACK",
        "UPDATE schemas.typed SET ms = NULL WHERE id < 3",
    ]);
}

/// Tables that go by other names: what the lines call them is their name of then.
fn names(script: &mut Script) {
    script.each(&[
        "INSERT INTO schemas.renamed VALUES (1, 'under the first name'); DELETE FROM schemas.renamed",
        "ALTER TABLE schemas.renamed RENAME TO renamed_2",
        "INSERT INTO schemas.renamed_2 VALUES (2, 'under the second name'); DELETE FROM schemas.renamed_2",
        "ALTER TABLE schemas.renamed_2 SET SCHEMA schemas_2",
        "INSERT INTO schemas_2.renamed_2 VALUES (3, 'in another schema')",
        "INSERT INTO schemas.left VALUES (1, 'l'); INSERT INTO schemas.right VALUES (1, 1)",
        "DELETE FROM schemas.left; DELETE FROM schemas.right",
        "BEGIN; ALTER TABLE schemas.left RENAME TO between; ALTER TABLE schemas.right RENAME TO \"left\";
         ALTER TABLE schemas.between RENAME TO \"right\"; INSERT INTO schemas.left VALUES (2, 2); INSERT INTO schemas.right VALUES (2, 'l'); COMMIT",
        "UPDATE schemas.left SET r = 3; UPDATE schemas.right SET l = 'll'",
        "INSERT INTO schemas.dropped VALUES (1, 'before it is dropped'); DROP TABLE schemas.dropped",
        "INSERT INTO schemas.again VALUES (1, 'first'), (2, 'first')",
        // Another table, whatever it is called: nobody asked for it.
        "BEGIN; DELETE FROM schemas.again WHERE id = 1; DROP TABLE schemas.again; CREATE TABLE schemas.again (v text, id int PRIMARY KEY);
         INSERT INTO schemas.again VALUES ('second', 1); COMMIT",
        "INSERT INTO schemas.again VALUES ('second', 2); UPDATE schemas.again SET v = 'second, changed'; ALTER TABLE schemas.again ADD n int",
        "INSERT INTO schemas.again VALUES ('second', 3, 3); DELETE FROM schemas.again WHERE id = 2",
    ]);
}

fn keys(script: &mut Script) {
    script.each(&[
        "INSERT INTO schemas.keyed VALUES (1, 11, 'a'); UPDATE schemas.keyed SET id = 2; DELETE FROM schemas.keyed",
        "ALTER TABLE schemas.keyed RENAME id TO old_id",
        "INSERT INTO schemas.keyed VALUES (3, 13, 'b'); UPDATE schemas.keyed SET old_id = 4, v = 'c'; DELETE FROM schemas.keyed",
        "ALTER TABLE schemas.keyed DROP CONSTRAINT keyed_pkey; ALTER TABLE schemas.keyed ADD PRIMARY KEY (other)",
        "INSERT INTO schemas.keyed VALUES (5, 15, 'd'); UPDATE schemas.keyed SET old_id = 6; UPDATE schemas.keyed SET other = 16",
        "INSERT INTO schemas.identity VALUES (1, 1, 'default'), (2, 2, 'default')",
        "ALTER TABLE schemas.identity REPLICA IDENTITY FULL",
        "UPDATE schemas.identity SET v = 'full', id = id + 10; DELETE FROM schemas.identity WHERE u = 2",
        "ALTER TABLE schemas.identity REPLICA IDENTITY NOTHING",
        "INSERT INTO schemas.identity VALUES (3, 3, 'nothing')",
        "ALTER TABLE schemas.identity REPLICA IDENTITY DEFAULT",
        "BEGIN; UPDATE schemas.identity SET v = 'default again'; ALTER TABLE schemas.identity REPLICA IDENTITY FULL;
         UPDATE schemas.identity SET v = 'full again', id = id + 10; COMMIT",
        "ALTER TABLE schemas.identity REPLICA IDENTITY DEFAULT",
        "UPDATE schemas.identity SET id = id + 10",
    ]);
}

/// What is written anew without a change of a row.
fn rewritten(script: &mut Script, major: u32) {
    script.each(&[
        "VACUUM FULL schemas.t",
        "CLUSTER schemas.t USING t_pkey",
        "CREATE MATERIALIZED VIEW schemas.seen AS SELECT * FROM schemas.t",
        "REFRESH MATERIALIZED VIEW schemas.seen",
        "CREATE INDEX CONCURRENTLY ON schemas.t (s)",
        "UPDATE schemas.t SET s = 5 WHERE id < 20",
        "REINDEX TABLE schemas.t",
        "ANALYZE schemas.t",
        "ALTER TABLE schemas.t ADD stays int DEFAULT 9; UPDATE schemas.t SET s = 6",
    ]);
    if major >= 14 {
        script.sql("ALTER TABLE schemas.t ALTER big SET COMPRESSION pglz");
    }
    script.sql("UPDATE schemas.t SET big = NULL WHERE id = 1");
}
