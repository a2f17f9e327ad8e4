use super::{MANY, Script};

/// As many as there can be.
const MOST: u32 = 1600;

pub(super) fn script() -> Script {
    let mut script = Script::new(
        "CREATE SCHEMA wide; CREATE TABLE wide.nothing (); ALTER TABLE wide.nothing REPLICA IDENTITY FULL",
    );
    // Values of two bytes and less: they must go into one page. Without defaults, of which old servers make slow work.
    let of =
        |n: u32| if n.is_multiple_of(7) { ("bool", "true".to_owned()) } else { ("smallint", n.to_string()) };
    let columns: String = (1..MOST).map(|n| format!(", c{n} {}", of(n).0)).collect();
    let values: String = (1..MOST).map(|n| format!(", {}", of(n).1)).collect();
    for (table, identity) in [("whole", "FULL"), ("keyed", "DEFAULT")] {
        script
            .make(format!("CREATE TABLE wide.{table} (id int PRIMARY KEY{columns}); ALTER TABLE wide.{table} REPLICA IDENTITY {identity}"))
            .make(format!("INSERT INTO wide.{table} VALUES (1{values})"))
            .sql(format!("INSERT INTO wide.{table} VALUES (2{values}), (3{values}); INSERT INTO wide.{table} (id, c1598) VALUES (5, -5)"))
            .sql(format!("UPDATE wide.{table} SET c1599 = NULL, c800 = 0 WHERE id < 3; UPDATE wide.{table} SET id = 4 WHERE id = 3"))
            .sql(format!("DELETE FROM wide.{table} WHERE id = 1"))
            .sql(format!("INSERT INTO wide.{table} SELECT i{values} FROM generate_series(100, 125) i"));
    }
    script
        .sql("INSERT INTO wide.nothing DEFAULT VALUES; INSERT INTO wide.nothing DEFAULT VALUES")
        .sql(format!("DO $$ BEGIN FOR i IN 1..{MANY} LOOP INSERT INTO wide.nothing DEFAULT VALUES; END LOOP; END $$"))
        .sql("DELETE FROM wide.nothing WHERE ctid = '(0,1)'")
        .sql("ALTER TABLE wide.nothing ADD n int; INSERT INTO wide.nothing VALUES (1); ALTER TABLE wide.nothing DROP n; INSERT INTO wide.nothing DEFAULT VALUES")
        .compared("wide", &["whole", "keyed"]);
    script
}
