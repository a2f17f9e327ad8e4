use super::{MANY, Script};

pub(super) fn script(tag: &str) -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA phases; CREATE TABLE phases.a (id int PRIMARY KEY, v text);
         CREATE TABLE phases.b (id int PRIMARY KEY, v text, big text); ALTER TABLE phases.b ALTER big SET STORAGE EXTERNAL;
         CREATE TABLE phases.c (id int PRIMARY KEY, v text); INSERT INTO phases.b VALUES (0, 'b', repeat('x', 5000))",
    );
    // Identifiers may hold anything, up to 199 bytes of it.
    let gid = |name: &str| format!("'{tag} {name}'");
    let odd = gid(&format!("it''s \"odd\",\n🐘 \\ {}", "o".repeat(150)));
    let rows = |table: &str, from: u32| {
        format!(
            "INSERT INTO phases.{table} SELECT i, repeat('p', 80) || i FROM generate_series({from}, {from} + {MANY} - 1) i"
        )
    };
    let prepare = |name: &str| format!("PREPARE TRANSACTION {}", gid(name));
    let commit = |name: &str| format!("COMMIT PREPARED {}", gid(name));
    let roll_back = |name: &str| format!("ROLLBACK PREPARED {}", gid(name));
    script
        // Over at once, in both ways.
        .sql(format!("BEGIN; INSERT INTO phases.a VALUES (1, 'one'); {}", prepare("one")))
        .sql(commit("one"))
        .sql(format!("BEGIN; INSERT INTO phases.a VALUES (2, 'two'); {}", prepare("two")))
        .sql(roll_back("two"))
        // An identifier that is used again.
        .sql(format!("BEGIN; INSERT INTO phases.a VALUES (2, 'two again'); {}", prepare("two")))
        .sql(commit("two"))
        // Without a change, or with none that is published.
        .sql(format!("BEGIN; {}", prepare("empty")))
        .sql(commit("empty"))
        .sql(format!("BEGIN; CREATE TABLE phases.made (id int); {}", prepare("made")))
        .sql(commit("made"))
        .sql(format!("BEGIN; SAVEPOINT s; INSERT INTO phases.a VALUES (3); ROLLBACK TO s; {}", prepare("nothing")))
        .sql(commit("nothing"))
        // Several at once, in another order at the end than at the beginning; changes between.
        .sql(format!("BEGIN; INSERT INTO phases.a VALUES (10, 'x'); UPDATE phases.b SET v = 'prepared'; PREPARE TRANSACTION {odd}"))
        .sql("INSERT INTO phases.a VALUES (11, 'between')")
        .sql(format!("BEGIN; SAVEPOINT s; INSERT INTO phases.a VALUES (12, 'lost'); ROLLBACK TO s; INSERT INTO phases.a VALUES (12, 'kept'); {}", prepare("savepoints")))
        .sql("BEGIN")
        .sql(rows("a", 1000))
        .sql("SAVEPOINT s")
        .sql(rows("a", 2000))
        .sql("ROLLBACK TO s")
        .sql(rows("a", 3000))
        .sql(prepare("large"))
        .sql("BEGIN")
        .sql(rows("a", 4000))
        .sql(prepare("large, for nothing"))
        .sql("BEGIN; ALTER TABLE phases.c ADD gone int; INSERT INTO phases.c VALUES (1, 'of another shape', 1)")
        .sql(prepare("another shape"))
        .sql("INSERT INTO phases.b VALUES (1, 'between', repeat('y', 5000))")
        // All of them are open when a reader stops, and when it goes on.
        .pause()
        .sql("INSERT INTO phases.b VALUES (2, 'between', repeat('z', 5000))")
        .sql(commit("savepoints"))
        .sql(roll_back("another shape"))
        .sql("INSERT INTO phases.c VALUES (2, 'of the old shape')")
        .pause()
        .sql(commit("large"))
        .sql("UPDATE phases.a SET v = 'changed' WHERE id >= 3000 AND id % 50 = 0")
        .pause()
        .sql(roll_back("large, for nothing"))
        .sql(format!("COMMIT PREPARED {odd}"))
        .sql("UPDATE phases.b SET v = 'after'; UPDATE phases.a SET id = 13 WHERE id = 10")
        // A shape that comes with its outcome.
        .sql("BEGIN; ALTER TABLE phases.c ADD w int DEFAULT 5; INSERT INTO phases.c VALUES (3, 'new', 1); UPDATE phases.c SET v = 'all'")
        .sql(prepare("new shape"))
        .sql("INSERT INTO phases.a VALUES (14, 'between')")
        .pause()
        .sql(commit("new shape"))
        .sql("INSERT INTO phases.c VALUES (4, 'after', 2)")
        .sql(format!("BEGIN; TRUNCATE phases.c; INSERT INTO phases.c VALUES (5, 'instead', 5); {}", prepare("emptied")))
        .sql(roll_back("emptied"))
        .sql("DELETE FROM phases.c WHERE id = 4")
        .compared("phases", &["a", "b", "c"]);
    script
}
