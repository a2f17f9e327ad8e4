//! All rows of all kinds of tables, with all their values.

use pg_cdc_core::InvalidText;
use pg_cdc_core::batch::BufferPool;
use pg_cdc_snapshot::CopyFormatChoice;
use pg_cdc_testkit::{Cluster, Version};

use crate::harness::Database;

const TABLES: &str = r#"
    CREATE SCHEMA "Odd ""schema";
    CREATE TABLE "Odd ""schema"."t a.b;--" ("select" int PRIMARY KEY, "a""b\" text, "ü" text);
    INSERT INTO "Odd ""schema"."t a.b;--" SELECT i, 'v' || i, NULL FROM generate_series(1, 1234) i;
    CREATE TABLE empty (id int);
    CREATE TABLE nothing ();
    INSERT INTO nothing SELECT FROM generate_series(1, 17);
    CREATE TABLE dropped (a int, gone text, b text);
    INSERT INTO dropped VALUES (1, 'x', 'y');
    ALTER TABLE dropped DROP COLUMN gone;
    CREATE TABLE parts (id int, v text) PARTITION BY RANGE (id);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (10);
    CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (10) TO (100) PARTITION BY RANGE (id);
    CREATE TABLE parts_2_1 PARTITION OF parts_2 FOR VALUES FROM (10) TO (50);
    INSERT INTO parts SELECT i, i FROM generate_series(1, 30) i;
    CREATE TABLE parent (id int, v text);
    CREATE TABLE child (extra text) INHERITS (parent);
    INSERT INTO parent VALUES (1, 'parent');
    INSERT INTO child VALUES (2, 'child', 'e'), (3, 'child', 'f');
"#;

#[tokio::test]
async fn every_row_of_every_kind_of_table_comes_once() {
    for version in Version::under_test() {
        let database = Database::new(version, TABLES).await;
        for format in [CopyFormatChoice::Auto, CopyFormatChoice::Binary, CopyFormatChoice::Text] {
            let mut options = database.options().await;
            options.format = format;
            options.batch_rows = 100;
            let seen = database.snapshot(options).await.unwrap();
            let rows = |table: &str| seen.done[table].0;
            assert_eq!(rows(r#"Odd "schema.t a.b;--"#), 1234);
            assert_eq!(rows("public.empty"), 0);
            assert_eq!(rows("public.nothing"), 17);
            assert_eq!(seen.columns["public.dropped"], ["a", "b"]);
            assert_eq!(rows("public.dropped"), 1);
            assert_eq!(rows("public.parts"), 30);
            assert_eq!(rows("public.parts_1"), 9);
            assert_eq!(rows("public.parts_2_1"), 21);
            assert_eq!(rows("public.parent"), 1);
            assert_eq!(rows("public.child"), 2);
            assert!(seen.ended && seen.restarted.is_empty() && seen.largest <= 100);
            assert!(seen.done.values().all(|(_, point)| *point == seen.point));
        }
    }
}

#[tokio::test]
async fn text_comes_as_it_is_in_either_format() {
    let setup = r#"
        CREATE TABLE texts (id int PRIMARY KEY, v text, n text);
        INSERT INTO texts SELECT i, chr(i), NULL FROM generate_series(1, 300) i;
        INSERT INTO texts VALUES (1000, '', ''), (1001, '\N', '\\N'), (1002, '\.', E'\t\t'), (1003, E'a\nb\r\\', 'x'),
                                 (1004, repeat(E'\\\t', 10000), '\x41\101'), (1005, repeat('y', 1000000), NULL);"#;
    let database = Database::new(Version::under_test()[0], setup).await;
    let mut given = Vec::new();
    for format in [CopyFormatChoice::Binary, CopyFormatChoice::Text] {
        let mut options = database.options().await;
        options.format = format;
        let seen = database.snapshot(options).await.unwrap();
        let mut texts: Vec<_> = seen.texts("public.texts").into_iter().map(|row| row[1..].to_vec()).collect();
        texts.sort();
        given.push(texts);
    }
    assert_eq!(given[0], given[1]);
    let rows = database.client.query("SELECT v, n FROM texts", &[]).await.unwrap();
    let mut expected: Vec<Vec<Option<String>>> =
        rows.iter().map(|row| vec![row.get(0), row.get(1)]).collect();
    expected.sort();
    assert_eq!(given[0], expected);
}

#[tokio::test]
async fn types_without_a_known_binary_form_come_as_their_own_text() {
    let setup = r#"
        CREATE DOMAIN place AS regclass;
        CREATE TYPE pair AS (a regclass, b text);
        CREATE TABLE odd (id int, d place, p pair, c regclass, a regclass[], b money);
        INSERT INTO odd VALUES
            (1, 'odd', '(odd,"x y")', 'odd', '{odd,NULL,pg_class}', 12.5),
            (2, NULL, NULL, NULL, NULL, NULL),
            (3, '0', ROW(NULL, NULL), 'pg_class', '{}', -1);"#;
    for version in Version::under_test() {
        let database = Database::new(version, setup).await;
        let mut given = Vec::new();
        for format in [CopyFormatChoice::Auto, CopyFormatChoice::Text] {
            let mut options = database.options().await;
            options.format = format;
            let seen = database.snapshot(options).await.unwrap();
            let is_binary = seen.rows["public.odd"][0][0].as_ref().unwrap().0;
            assert_eq!(is_binary, format == CopyFormatChoice::Auto);
            let mut rows: Vec<_> =
                seen.texts("public.odd").into_iter().map(|row| row[1..].to_vec()).collect();
            rows.sort();
            given.push(rows);
        }
        assert_eq!(given[0], given[1]);
        let first = given[0].iter().find(|row| row[0].as_deref() == Some("public.odd")).unwrap();
        let first: Vec<_> = first.iter().map(|value| value.as_deref().unwrap()).collect();
        let expected = ["public.odd", "(public.odd,\"x y\")", "public.odd", "{public.odd,NULL,pg_class}"];
        assert_eq!(first[..4], expected);
        assert!(given[0].iter().any(|row| row[1].as_deref() == Some("(,)")));
        assert!(given[0].iter().any(|row| row.iter().all(Option::is_none)));
    }
}

#[tokio::test]
async fn as_many_columns_as_a_table_can_have() {
    let columns: Vec<String> = (0..1600).map(|at| format!("c{at} int")).collect();
    let values: Vec<String> = (0..1600).map(|at| at.to_string()).collect();
    let setup =
        format!("CREATE TABLE wide ({}); INSERT INTO wide VALUES ({})", columns.join(","), values.join(","));
    let database = Database::new(Version::under_test()[0], &setup).await;
    for format in [CopyFormatChoice::Auto, CopyFormatChoice::Text] {
        let mut options = database.options().await;
        options.format = format;
        let seen = database.snapshot(options).await.unwrap();
        let row = &seen.rows["public.wide"][0];
        assert_eq!(row.len(), 1600);
        let last = row[1599].as_ref().unwrap();
        assert_eq!(last.1, if last.0 { 1599_i32.to_be_bytes().to_vec() } else { b"1599".to_vec() });
    }
}

#[tokio::test]
async fn many_workers_with_little_memory_and_a_slow_reader_come_to_an_end() {
    let mut setup = String::from(
        "CREATE TABLE large (id int, v text);
        INSERT INTO large SELECT i, repeat(i::text, 500000) FROM generate_series(11, 22) i;",
    );
    for at in 0..12 {
        setup += &format!(
            "CREATE TABLE t{at} (id int, v text);
             INSERT INTO t{at} SELECT i, repeat('v', 100) FROM generate_series(1, 5000) i;"
        );
    }
    let database = Database::new(Version::under_test()[0], &setup).await;
    let mut options = database.options().await;
    options.parallelism = 8;
    options.memory = BufferPool::new(256 << 10);
    let memory = options.memory.clone();
    let (mut source, point) = database.start(options).await;
    let mut seen = crate::harness::Seen::new(point);
    let mut most = 0;
    while let Some(batch) = futures_util::StreamExt::next(&mut source).await {
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        most = most.max(memory.retained());
        seen.take(&batch.unwrap());
    }
    assert!(seen.ended);
    assert_eq!(seen.done.values().map(|(rows, _)| rows).sum::<u64>(), 12 * 5000 + 12);
    // The limit, a buffer beyond it for each worker, and a large row with what is behind it.
    assert!(most < (256 << 10) + 8 * (32 << 10) + (3 << 20), "{most} bytes");
    assert_eq!(memory.retained(), 0);
}

#[tokio::test]
async fn a_database_in_sql_ascii_is_read_as_text_where_bytes_that_are_none_are_dealt_with() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        let name = cluster.fresh_database("ascii").await.unwrap();
        let admin = cluster.connect("postgres").await.unwrap();
        let made = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'"
        );
        admin.batch_execute(&format!("DROP DATABASE {name}")).await.unwrap();
        admin.batch_execute(&made).await.unwrap();
        let setup = r"CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, E'\xff'), (2, 'x')";
        let database = Database::on(cluster, name, setup).await;
        for (invalid, value) in [
            (InvalidText::Error, (true, b"\xff".to_vec())),
            (InvalidText::Replace, (false, "\u{fffd}".as_bytes().to_vec())),
            (InvalidText::Base64, (false, b"/w==".to_vec())),
        ] {
            let mut options = database.options().await;
            options.invalid_text = invalid;
            let seen = database.snapshot(options.clone()).await.unwrap();
            assert_eq!(seen.rows["public.t"][0][1], Some(value));
            options.format = CopyFormatChoice::Binary;
            let binary = database.snapshot(options).await;
            match invalid {
                InvalidText::Error => assert_eq!(binary.unwrap().rows["public.t"].len(), 2),
                _ => {
                    let error = pg_cdc_core::Error::from(binary.unwrap_err());
                    assert_eq!(error.hint(), Some("copy in text"));
                    let told = error.with_causes();
                    assert!(told.contains("public.t") && told.contains("SQL_ASCII"), "{told}");
                }
            }
        }
    }
    // Elsewhere the server sees to it, and nothing is otherwise.
    let setup = "CREATE TABLE t (id int, v text); INSERT INTO t VALUES (1, 'é')";
    let database = Database::new(Version::under_test()[0], setup).await;
    let mut options = database.options().await;
    options.invalid_text = InvalidText::Base64;
    let seen = database.snapshot(options).await.unwrap();
    assert_eq!(seen.rows["public.t"][0][1], Some((true, "é".as_bytes().to_vec())));
}
