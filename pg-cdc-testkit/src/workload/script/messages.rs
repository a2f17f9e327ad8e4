use super::{MANY, Script};

pub(super) fn script() -> Script {
    let mut script =
        Script::new("CREATE SCHEMA messages; CREATE TABLE messages.t (id int PRIMARY KEY, v text)");
    let emit = |transactional: bool, prefix: &str, content: &str| {
        format!("SELECT pg_logical_emit_message({transactional}, '{prefix}', {content})")
    };
    let tell = |what: &str| emit(true, "p", &format!("'{what}'"));
    let many = |from: u32| {
        format!(
            "INSERT INTO messages.t SELECT i, repeat('m', 80) FROM generate_series({from}, {from} + {MANY} - 1) i"
        )
    };
    script
        // Alone, of odd prefixes, empty, of any bytes.
        .sql(tell("alone"))
        .sql(emit(true, "", "''"))
        .sql(emit(true, "prefix \"with\" 🐘, and more", "E'a\\nb'"))
        .sql(emit(false, "out", "'\\x00ff0a'::bytea"))
        .sql(emit(true, "large", "repeat('x', 100000)"))
        .sql(format!("BEGIN; {}; {}; COMMIT", tell("one"), tell("two")))
        // Before the first change, behind the last.
        .sql(format!("BEGIN; {}; INSERT INTO messages.t VALUES (1); {}; COMMIT", tell("before"), tell("after")))
        // In a savepoint that is rolled back: before the first change in it, behind it, without one.
        .sql(format!("BEGIN; SAVEPOINT s; {}; INSERT INTO messages.t VALUES (2); {}; ROLLBACK TO s; COMMIT", tell("lost"), tell("lost")))
        .sql(format!("BEGIN; INSERT INTO messages.t VALUES (3); SAVEPOINT s; {}; INSERT INTO messages.t VALUES (4); {}; ROLLBACK TO s; {}; COMMIT", tell("lost"), tell("lost"), tell("kept")))
        .sql(format!("BEGIN; SAVEPOINT s; {}; ROLLBACK TO s; INSERT INTO messages.t VALUES (5); COMMIT", tell("lost")))
        .sql(format!("BEGIN; SAVEPOINT s; {}; RELEASE s; INSERT INTO messages.t VALUES (6); COMMIT", tell("kept")))
        .sql(format!("BEGIN; SAVEPOINT s; {}; SAVEPOINT t; {}; ROLLBACK TO t; {}; COMMIT", tell("kept"), tell("lost"), tell("kept too")))
        // Those outside of a transaction stay, whatever becomes of the one that they were emitted in.
        .sql(format!("BEGIN; INSERT INTO messages.t VALUES (7); {}; {}; ROLLBACK", emit(false, "stays", "'a'"), tell("lost")))
        .sql(format!("BEGIN; SAVEPOINT s; INSERT INTO messages.t VALUES (8); {}; ROLLBACK TO s; {}; COMMIT", emit(false, "stays", "'b'"), tell("kept")))
        // In transactions that are sent before they end.
        .sql("BEGIN")
        .sql(format!("SAVEPOINT s; {}", tell("lost")))
        .sql(many(1000))
        .sql(tell("lost"))
        .sql(format!("ROLLBACK TO s; {}", tell("kept")))
        .sql(many(2000))
        .in_session(1, emit(false, "between", "'c'"))
        .in_session(1, format!("BEGIN; {}; INSERT INTO messages.t VALUES (9); COMMIT", tell("between")))
        .sql(format!("SAVEPOINT t; {}; {}", tell("lost"), emit(false, "stays", "'d'")))
        .sql(format!("ROLLBACK TO t; SAVEPOINT u; {}", emit(true, "large", "repeat('y', 70000)")))
        .sql("COMMIT")
        .pause()
        .sql("BEGIN")
        .sql(tell("lost"))
        .sql(many(3000))
        .sql(tell("lost"))
        .sql("ROLLBACK")
        .sql(tell("the last"))
        .compared("messages", &["t"]);
    script
}
