//! `values: debezium` from a real server: what the snapshot and the stream give of one row is the same.

use serde_json::{Value, json};

use crate::case::{Case, cases};

const TABLE: &str = r#"
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE TYPE pair AS (a int, b text);
    CREATE DOMAIN price AS numeric(6,2);
    CREATE TABLE d (
        id int PRIMARY KEY, n numeric, n2 numeric(6,2), p price, mo money, f float8, ts timestamp, ts3 timestamp(3),
        tz timestamptz, tz3 timestamptz(3), ti time(0), ttz timetz, da date, iv interval, b1 bit(1), b12 bit(12),
        vb varbit, by bytea, j jsonb, e mood, po point, r tstzrange, n2s numeric(6,2)[], es mood[], t text,
        pr pair, ci circle, prs price[], lsn pg_lsn);
    ALTER TABLE d ALTER t SET STORAGE EXTERNAL"#;

const ROW: &str = r#"
    INSERT INTO d VALUES (ID, 1.500, -1.5, 3.3, '$1,234.11', 1e20, '2018-06-20 15:13:16.945104', '2018-06-20 15:13:16.945',
        '2016-11-04 13:51:30.1+02', '2016-11-04 13:51:30+02', '13:51:30', '13:51:30.5+02', '2016-11-04',
        '1 year 2 mons 3 days 04:05:06.78', B'1', B'000100000001', B'101', '\x010203', '{"a": [1]}', 'ok', '(1,-2.5)',
        '["2017-06-05 11:29:12+00",)', '{1.1,NULL}', '{sad,ok}', repeat('x', 3000),
        '(1,x)', '<(1,1),2>', '{1.1}', '0/16B3748')"#;

fn expected() -> Value {
    json!({
        "n": { "scale": 1, "value": "Dw==" }, "n2": "/2o=", "p": "AUo=", "mo": "AeIT", "f": 1e20,
        "ts": 1_529_507_596_945_104_u64, "ts3": 1_529_507_596_945_u64, "tz": "2016-11-04T11:51:30.100000Z",
        "tz3": "2016-11-04T11:51:30.000Z", "ti": 49_890_000, "ttz": "11:51:30.5Z", "da": 17_109,
        "iv": 37_091_106_780_000_u64, "b1": true, "b12": "AQE=", "vb": "BQ==", "by": "AQID", "j": "{\"a\": [1]}",
        "e": "ok", "po": { "x": 1.0, "y": -2.5, "wkb": "AQEAAAAAAAAAAADwPwAAAAAAAATA", "srid": null },
        "r": "[\"2017-06-05 11:29:12+00\",)", "n2s": ["bg==", null], "es": ["sad", "ok"], "t": "x".repeat(3_000),
    })
}

fn with_id(row: &Value, id: i32) -> Value {
    let mut row = row.clone();
    row["id"] = id.into();
    row
}

async fn row_goes_through(case: &Case, format: &str) {
    case.sql(&format!("{TABLE}; {}", ROW.replace("ID", "1"))).await;
    case.set(json!({
        "source": { "snapshot": { "format": format } },
        "sink": { "envelope": "debezium", "values": "debezium", "debezium": { "unavailable.value.placeholder": "?" } },
    }));
    case.catch_up();
    case.sql(&ROW.replace("ID", "2")).await;
    case.sql("UPDATE d SET da = 'infinity' WHERE id = 2; DELETE FROM d WHERE id = 2").await;
    case.catch_up();
    let lines = case.lines();
    let [read, insert, update, delete] = &lines[..] else { panic!("{lines:#?}") };
    assert_eq!(read["after"], with_id(&expected(), 1));
    assert_eq!(insert["after"], with_id(&expected(), 2));
    let mut updated = with_id(&expected(), 2);
    updated["da"] = (-2_147_472_692).into();
    updated["t"] = "?".into();
    assert_eq!(update["after"], updated);
    assert_eq!((update.get("unchanged"), &update["before"]), (None, &Value::Null));
    let mut gone = with_id(&expected(), 2);
    for (_, value) in gone.as_object_mut().unwrap().iter_mut().filter(|(name, _)| *name != "id") {
        *value = Value::Null;
    }
    assert_eq!(delete["before"], gone);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_snapshot_and_the_stream_give_the_same() {
    for case in cases().await {
        row_goes_through(&case, "binary").await;
    }
    for case in cases().await {
        row_goes_through(&case, "text").await;
    }
}
