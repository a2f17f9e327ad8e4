//! A generated value goes in, and comes back in text and in binary: both are the same value, and its text and JSON are
//! the server's own.

use pg_cdc_core::catalog::{self, TypeCatalog};
use pg_cdc_core::types::json::write_natural;
use pg_cdc_core::types::{FromDatum, Value, is_binary_known, write_text};
use pg_cdc_core::wire::ConnectConfig;
use pg_cdc_core::{ColumnType, Datum};
use pg_cdc_testkit::{Cluster, Version};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::generators::{MADE, all};

/// Values a type; `PG_CDC_TEST_VALUES` asks for more.
fn count() -> usize {
    std::env::var("PG_CDC_TEST_VALUES").ok().and_then(|n| n.parse().ok()).unwrap_or(100)
}

/// What the server makes of each of `values`, one that it refuses left out: text, binary, and JSON within `{"v":…}`.
const OUTPUT: &str = "
    CREATE FUNCTION output(of_type text, given text[]) RETURNS TABLE (t text, b bytea, j text) LANGUAGE plpgsql
    SET timezone = 'UTC' SET datestyle = 'ISO' SET intervalstyle = 'postgres' SET extra_float_digits = 1
    SET search_path = pg_catalog AS $$
    DECLARE value text;
    BEGIN
      FOREACH value IN ARRAY given LOOP
        BEGIN
          RETURN QUERY EXECUTE format(
            'SELECT format(''%%s'', v), substr(record_send(ROW(v)), 13), row_to_json(t)::text FROM (SELECT %L::%s AS v) t',
            value, of_type);
        EXCEPTION WHEN OTHERS THEN NULL;
        END;
      END LOOP;
    END $$";

struct Case {
    text: String,
    binary: Vec<u8>,
    json: String,
}

fn written(
    write: impl Fn(&ColumnType, Datum<'_>, &mut Vec<u8>) -> Result<(), pg_cdc_core::types::TypeError>,
    type_: &ColumnType,
    datum: Datum<'_>,
) -> String {
    let mut out = Vec::new();
    write(type_, datum, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// Numbers as their digits.
fn parsed(json: &str) -> serde_json::Value {
    fn strings(value: &mut serde_json::Value) {
        match value {
            serde_json::Value::Number(number) => *value = format!("number {number}").into(),
            serde_json::Value::Array(items) => items.iter_mut().for_each(strings),
            serde_json::Value::Object(members) => members.values_mut().for_each(strings),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(json).unwrap();
    strings(&mut value);
    value
}

fn check(type_: &ColumnType, case: &Case) {
    let value = &case.json[r#"{"v":"#.len()..case.json.len() - 1].replace(['\n', '\r'], " ");
    assert!(is_binary_known(type_), "{}", type_.name);
    let from_text = Value::from_datum(type_, Datum::Text(case.text.as_bytes())).unwrap();
    let from_binary = Value::from_datum(type_, Datum::Binary(&case.binary)).unwrap();
    assert_eq!(from_text, from_binary, "{} {}", type_.name, case.text);
    assert_eq!(from_binary.into_owned().to_string(), case.text, "{}", type_.name);
    for datum in [Datum::Text(case.text.as_bytes()), Datum::Binary(&case.binary)] {
        assert_eq!(written(write_text, type_, datum), case.text, "{} {datum:?}", type_.name);
        let natural = written(write_natural, type_, datum);
        assert!(!natural.contains(['\n', '\r']));
        if natural != *value {
            assert_eq!(parsed(&natural), parsed(value), "{} {}", type_.name, case.text);
        }
    }
}

#[tokio::test]
async fn what_goes_in_comes_back_the_same_in_text_and_in_binary() {
    for version in Version::under_test() {
        let cluster = Cluster::shared(version).await.unwrap();
        // Text of floats is not the shortest before 12; composites and multiranges have their all from 14.
        if cluster.major() < 14 {
            continue;
        }
        let database = cluster.fresh_database("types").await.unwrap();
        let client = cluster.connect(&database).await.unwrap();
        client.batch_execute(&format!("{MADE}; {OUTPUT}")).await.unwrap();
        let connect: ConnectConfig = cluster.url(&database).parse().unwrap();
        let session = catalog::connect(&connect).await.unwrap();
        let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
        let config = Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() };
        let mut runner = TestRunner::new(config);
        for (name, strategy) in all() {
            let given: Vec<String> =
                (0..count()).map(|_| strategy.new_tree(&mut runner).unwrap().current()).collect();
            let qualified =
                if name.contains("mood") || MADE.contains(&format!(" {} ", name.trim_end_matches("[]"))) {
                    format!("public.{name}")
                } else {
                    name.to_owned()
                };
            let row = client.query_one(&format!("SELECT '{qualified}'::regtype::oid"), &[]).await.unwrap();
            let oid: u32 = row.get(0);
            let types = TypeCatalog::load(&session, cluster.version_num(), &[oid]).await.unwrap();
            let type_ = types.column_type(oid, -1);
            let rows = client
                .query("SELECT t, b, j FROM public.output($1, $2)", &[&qualified, &given])
                .await
                .unwrap();
            // Not everything that is generated is a value, but most is.
            assert!(rows.len() >= given.len() / 8, "{name}: {} of {}", rows.len(), given.len());
            for row in rows {
                check(&type_, &Case { text: row.get(0), binary: row.get(1), json: row.get(2) });
            }
        }
    }
}
