use super::{MANY, Script};

/// As many as there can be.
const MOST: u32 = 1600;

pub(super) fn script() -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA wide; CREATE TABLE wide.nothing (); ALTER TABLE wide.nothing REPLICA IDENTITY FULL",
    );
    let columns: String = (1..MOST)
        .map(|n| {
            format!(
                ", c{n} {} DEFAULT {n}",
                ["int", "smallint", "bool"][if n % 7 == 0 { 2 } else { n as usize % 2 }]
            )
            .replace(&format!("bool DEFAULT {n}"), "bool DEFAULT true")
        })
        .collect();
    for (table, identity) in [("whole", "FULL"), ("keyed", "DEFAULT")] {
        script
            .make(format!("CREATE TABLE wide.{table} (id int PRIMARY KEY{columns}); ALTER TABLE wide.{table} REPLICA IDENTITY {identity}; INSERT INTO wide.{table} (id) VALUES (1)"))
            .sql(format!("INSERT INTO wide.{table} (id, c1) VALUES (2, NULL), (3, -1)"))
            .sql(format!("UPDATE wide.{table} SET c1599 = NULL, c800 = 0 WHERE id < 3; UPDATE wide.{table} SET id = 4 WHERE id = 3; DELETE FROM wide.{table} WHERE id = 1"))
            .sql(format!("INSERT INTO wide.{table} (id) SELECT i FROM generate_series(100, 110) i"));
    }
    script
        .sql("INSERT INTO wide.nothing DEFAULT VALUES; INSERT INTO wide.nothing DEFAULT VALUES")
        .sql(format!("DO $$ BEGIN FOR i IN 1..{MANY} LOOP INSERT INTO wide.nothing DEFAULT VALUES; END LOOP; END $$"))
        .sql("DELETE FROM wide.nothing WHERE ctid = '(0,1)'")
        .sql("ALTER TABLE wide.nothing ADD n int; INSERT INTO wide.nothing VALUES (1); ALTER TABLE wide.nothing DROP n; INSERT INTO wide.nothing DEFAULT VALUES")
        .compared("wide", &["whole", "keyed"]);
    script
}
