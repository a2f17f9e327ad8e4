//! The pipeline file as a whole: the contract's own example, and what may never happen.

use std::path::Path;
use std::time::Duration;

use pg_cdc_core::types::json::{self, DebeziumValues};
use proptest::prelude::*;
use serde_json::Value;

use super::load::read_whole;
use super::*;

const CONTRACT: &str = include_str!("contract.yaml");

fn env(name: &str) -> Option<String> {
    match name {
        "PGPASSWORD" => Some("0123".to_owned()),
        "SECRET" => Some("hunter2".to_owned()),
        "FOUR" => Some("4".to_owned()),
        _ => None,
    }
}

fn read(text: &str) -> Result<PipelineFile, String> {
    parse(text, "f", Path::new("/etc/pg-cdc"), &env).map_err(|error| error.to_string())
}

/// A file that works, with `more` at its end and `source` within the source.
fn with(source: &str, more: &str) -> String {
    format!("sink: {{ type: null }}\nsource:\n  url: postgres://h/d\n{source}{more}")
}

#[test]
fn every_key_of_the_contract_is_read() {
    let (file, _) = read_whole(CONTRACT, &env).unwrap();
    assert_eq!(file.source.password.as_ref().unwrap().expose(), "0123");
    assert_eq!(file.source.tables.key["public.log"], ["ts", "id"]);
    assert_eq!(file.source.cursor["public.legacy"].every, Duration::from_secs(30));
    let SinkConfig::Jsonl(jsonl) = &file.sink else { panic!("{:?}", file.sink) };
    assert_eq!(jsonl.rotate.as_ref().unwrap().bytes, Some(1 << 30));
}

#[test]
fn debezium_s_handling_modes_have_its_names_with_their_dots() {
    let sink = |keys: &str| {
        read(&format!("source: {{ url: postgres://h/d }}\nsink: {{ type: jsonl, {keys} }}"))
            .map(|file| file.sink)
    };
    let debezium = |keys: &str| match sink(keys).unwrap() {
        SinkConfig::Jsonl(jsonl) => jsonl.debezium,
        other => panic!("{other:?}"),
    };
    assert_eq!(debezium("values: debezium"), None);
    let modes = "debezium: { decimal.handling: string, time.precision: adaptive_time_microseconds, interval.handling: string, \
                 hstore.handling: map, binary.handling: base64-url-safe, money.fraction.digits: 3, \
                 unavailable.value.placeholder: 'hex:3f', include.unknown.datatypes: on }";
    let read = debezium(&format!("values: debezium, {modes}")).unwrap();
    let values = DebeziumValues::default()
        .with_decimal(json::DecimalHandling::String)
        .with_time(json::TimePrecision::AdaptiveTimeMicroseconds)
        .with_interval(json::IntervalHandling::String)
        .with_hstore(json::HstoreHandling::Map)
        .with_binary(json::BinaryHandling::Base64UrlSafe)
        .with_money_fraction_digits(3)
        .with_unavailable("?")
        .with_include_unknown(true);
    assert_eq!(read.values(), Some(values));
    assert_eq!(DebeziumConfig::default().values(), Some(DebeziumValues::default()));
    for (keys, error) in [
        (
            "debezium: { decimal.handling: string }",
            "f:2:32: sink.debezium: only goes with values: debezium; found values: natural",
        ),
        (
            "values: debezium, debezium: { decimal.handling: exact }",
            "f:2:70: sink.debezium.\"decimal.handling\": unknown value exact; expected one of precise, double, string",
        ),
        (
            "values: debezium, debezium: { decimal: { handling: precise } }",
            "f:2:52: sink.debezium.decimal: unknown key; expected one of decimal.handling, time.precision, interval.handling, hstore.handling, binary.handling, money.fraction.digits, unavailable.value.placeholder, include.unknown.datatypes",
        ),
        (
            "values: debezium, debezium: { money.fraction.digits: 19 }",
            "f:2:50: sink.debezium.\"money.fraction.digits\": expected 0 to 18, found 19",
        ),
        (
            "values: debezium, debezium: { unavailable.value.placeholder: hex:ff }",
            "f:2:50: sink.debezium.\"unavailable.value.placeholder\": expected a text, or hex: and the hexadecimal digits of one in UTF-8",
        ),
    ] {
        assert_eq!(sink(keys).unwrap_err(), error, "{keys}");
    }
    let schema = schema();
    let defs = schema["$defs"].as_object().unwrap();
    let keys: Vec<_> = defs["DebeziumConfig"]["properties"].as_object().unwrap().keys().collect();
    assert!(keys.contains(&&"decimal.handling".to_owned()) && keys.len() == 8, "{keys:?}");
}

#[test]
fn defaults_are_the_contracts() {
    let (mut said, _) = read_whole(CONTRACT, &env).unwrap();
    let (left_out, _) = read_whole("sink: { type: jsonl }\nsource: { url: postgres://h/d }", &env).unwrap();
    // What the example sets beyond the defaults.
    said.name = "pg_cdc".to_owned();
    said.source = SourceConfig {
        url: left_out.source.url.clone(),
        password: None,
        primary_url: None,
        tls: TlsConfig::default(),
        tables: TablesConfig {
            include: vec![],
            exclude: vec![],
            columns: Default::default(),
            rows: Default::default(),
            key: Default::default(),
            ..said.source.tables
        },
        options: Default::default(),
        cursor: Default::default(),
        slot: SlotConfig { name: None, ..said.source.slot },
        publication: PublicationConfig { name: None, ..said.source.publication },
        snapshot: SnapshotConfig { sharding_keys: Default::default(), ..said.source.snapshot },
        ..said.source
    };
    said.sink = SinkConfig::Jsonl(JsonlSink::default());
    said.state.path = None;
    assert_eq!(said, left_out);
}

#[test]
fn names_and_paths_follow_the_pipelines_name_and_folder() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("ca.pem"), "").unwrap();
    let read = |text: &str| parse(text, "f", folder.path(), &env).unwrap();
    let file = read(
        "name: shop\nsink: { type: jsonl, path: out.jsonl }\nsource: { url: postgres://h/d, tls: { ca: ca.pem } }",
    );
    assert_eq!((file.slot_name(), file.publication_name()), ("shop", "shop"));
    assert_eq!(file.state_path(), folder.path().join(".pg-cdc/shop.json"));
    assert_eq!(file.source.tls.ca, Some(Pem::Path(folder.path().join("ca.pem"))));
    assert!(matches!(file.sink, SinkConfig::Jsonl(jsonl) if jsonl.path == folder.path().join("out.jsonl")));
    let file = read("sink: { type: jsonl }\nsource: { url: postgres://h/d }\nstate: { path: /var/x.json }");
    assert_eq!(file.state_path(), Path::new("/var/x.json"));
    assert!(matches!(file.sink, SinkConfig::Jsonl(jsonl) if jsonl.is_stdout()));
}

#[test]
fn a_server_that_cannot_be_connected_to_is_found_when_the_file_is_read() {
    for (source, error) in [
        ("url: 'postgres://h/d?sslmode=never'", "f:1:16: source.url: unknown sslmode \"never\"; one of "),
        (
            "url: 'postgres://h/d?sslcert=x'",
            "f:1:16: source.url: the URL's parameter \"sslcert\" is not supported yet",
        ),
        ("url: 'postgres://u:hunter%2@h/d'", "f:1:16: source.url: the URL's password holds a '%' without"),
        (
            "hosts: ['::1']",
            "f:1:18: source.hosts: \"::1\" is no host and port; an IPv6 address stands in brackets",
        ),
        (
            "url: 'postgres://h', tls: { ca: no.pem }",
            "f:1:43: source.tls.ca: the file /etc/pg-cdc/no.pem can't be read: ",
        ),
    ] {
        let found = read(&format!("source: {{ {source} }}\nsink: {{ type: null }}")).unwrap_err();
        assert!(found.starts_with(error), "{found}");
        assert!(!found.contains("hunter"), "{found}");
    }
}

#[test]
fn a_variable_is_read_as_its_keys_type() {
    let file = read(&with(
        "  snapshot: { parallelism: \"${FOUR}\" }\n  password: ${PGPASSWORD}\n  pgoutput: { messages: \"${NO:-off}\" }\n  port_: 1\n",
        "",
    ));
    assert!(file.unwrap_err().contains("source.port_: unknown key; did you mean port?"));
    let file = read(&with(
        "  snapshot: { parallelism: \"${FOUR}\" }\n  password: ${PGPASSWORD}\n  pgoutput: { messages: \"${NO:-off}\" }\n",
        "",
    ))
    .unwrap();
    assert_eq!(file.source.snapshot.parallelism, 4);
    assert!(!file.source.pgoutput.messages);
    assert_eq!(file.source.password.unwrap().expose(), "0123");
}

#[test]
fn on_and_true_are_the_same_wherever_either_is_allowed() {
    let pgoutput = |text: &str| {
        read_whole(&with(&format!("  pgoutput: {{ {text} }}\n"), ""), &env).map(|(f, _)| f.source.pgoutput)
    };
    for word in ["on", "true"] {
        let read = pgoutput(&format!("binary: {word}, streaming: {word}, two_phase: {word}")).unwrap();
        assert_eq!((read.binary, read.streaming, read.two_phase), (Binary::On, Streaming::On, true));
    }
    for word in ["off", "false"] {
        let read = pgoutput(&format!("binary: {word}, streaming: {word}, messages: {word}")).unwrap();
        assert_eq!((read.binary, read.streaming, read.messages), (Binary::Off, Streaming::Off, false));
    }
}

#[test]
fn errors_name_key_line_column_and_what_was_expected() {
    for (text, error) in [
        ("", "f:1:1: the file is empty; expected at least source and sink"),
        ("- a", "f:1:1: expected a mapping, found a list"),
        ("source: { url: postgres://h }", "f:1:1: sink: this key is required and missing"),
        (
            "source: {}\nsink: { type: jsonl }",
            "f:1:9: source.url: this key is required and missing (or, instead of a url, hosts, user, database)",
        ),
        (
            "source: { url: postgres://h }\nsink: { path: x }",
            "f:2:7: sink.type: this key is required and missing; expected one of jsonl, null, postgres, clickhouse, kafka, parquet",
        ),
        (
            "source: { url: postgres://h }\nsink: { type: json }",
            "f:2:15: sink.type: unknown value json; did you mean jsonl? expected one of jsonl, null, postgres, clickhouse, kafka, parquet",
        ),
        (
            "source: { url: postgres://h }\nsink: jsonl",
            "f:2:7: sink: expected a mapping with the key type, as in { type: jsonl }, found jsonl",
        ),
        (
            "source: { url: mysql://h }",
            "f:1:16: source.url: expected a URL that begins with postgres:// or postgresql://",
        ),
        (
            &with("  slot: { nam: x }\n", ""),
            "f:4:11: source.slot.nam: unknown key; did you mean name? expected one of name, create, create_timeout, failover, lag_limit, on_lag_limit, on_lost",
        ),
        (
            &with("  plugin: pgoutptu\n", ""),
            "f:4:11: source.plugin: unknown value pgoutptu; did you mean pgoutput? expected one of pgoutput, wal2json, decoderbufs, test_decoding, walminer",
        ),
        (
            &with("  snapshot: { parallelism: many }\n", ""),
            "f:4:28: source.snapshot.parallelism: expected a whole number from 0 to 4294967295, found many",
        ),
        (
            &with("  snapshot: { parallelism: '4' }\n", ""),
            "f:4:28: source.snapshot.parallelism: expected a whole number from 0 to 4294967295, found the text 4; take the quotes away",
        ),
        (
            &with("  snapshot: { parallelism: 0 }\n", ""),
            "f:4:28: source.snapshot.parallelism: expected at least 1, found 0",
        ),
        (
            &with("  tables: { include: [public.a, b] }\n", ""),
            "f:4:33: source.tables.include[1]: expected schema.table or schema.*, in which * and ? may stand, found \"b\"",
        ),
        (
            &with("  tables: { include: public.a }\n", ""),
            "f:4:22: source.tables.include: expected a list, found \"public.a\"",
        ),
        (
            &with("  user: x\n", ""),
            "f:4:9: source.user: stands beside source.url; expected the url or its parts, not both",
        ),
        (
            &with("", "stop_timeout: 30\n"),
            "f:4:15: stop_timeout: expected a duration such as 500ms, 10s, 5m, 1h or 0, found \"30\"",
        ),
        (
            &with("  memory_limit: 64mb\n", ""),
            "f:4:17: source.memory_limit: expected a size such as 64MiB, 1GB or a number of bytes (units: B, kB, MB, GB, KiB, MiB, GiB, TiB), found \"64mb\"",
        ),
        (&with("", "name: Shop\n"), "f:4:7: name: expected 1 to 63 lower-case letters a to z, digits and _"),
        (&with("", "state: { type: memory, path: x }\n"), "f:4:30: state.path: only goes with type: file"),
        (
            &with("  tables: { rows: { public.a: \"x) OR (y\" } }\n", ""),
            "f:4:19: source.tables.rows: public.a: expected one SQL condition, found a closing parenthesis too many",
        ),
        (
            &with("  tables: { key: { \"public.*\": [a] } }\n", ""),
            "f:4:18: source.tables.key: expected a table as schema.name, found \"public.*\"",
        ),
        (&with("  password: [a]\n", ""), "f:4:13: source.password: expected a text, found a list"),
    ] {
        assert_eq!(read(text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn what_comes_later_is_refused_by_name() {
    for (text, error) in [
        (
            with("  tables: { on_unknown_table: add }\n", ""),
            "f:4:31: source.tables.on_unknown_table: add is not supported yet; what works today: ignore",
        ),
        (
            with("  snapshot: { shard_rows: 500000 }\n", ""),
            "f:4:27: source.snapshot.shard_rows: this key is not supported yet",
        ),
        (
            "source: { url: postgres://h }\nsink: { type: kafka, brokers: [a] }".to_owned(),
            "f:2:15: sink.type: kafka is not supported yet; what works today: jsonl, null",
        ),
    ] {
        assert_eq!(read(&text).unwrap_err(), error, "{text}");
    }
}

#[test]
fn what_is_done_now_may_be_said_and_then_warns_of_nothing() {
    let file = read(&with(
        "  tables: { on_unknown_table: ignore }\n  tls: { channel_binding: disable }\n  slot: { lag_limit: 0, failover: off }\n  snapshot: { mode: never, max_age: 0s, chunk_rows: 0 }\n  heartbeat: { every: 1s, table: none }\n  cursor: {}\n",
        "",
    ))
    .unwrap();
    assert_eq!((file.warning(), file.unsupported()), (None, None));
    let file = read(&with("", "")).unwrap();
    assert_eq!(file.unsupported(), None);
    let warning = file.warning().unwrap();
    for key in ["on_unknown_table", "shard_rows", "lag_limit", "channel_binding"] {
        assert!(warning.contains(key), "{warning}");
    }
}

#[test]
fn no_form_of_a_pipeline_shows_a_secret() {
    let text = with("  password: hunter2\n", "").replace("//h/", "//u:hunter2@h/");
    let file = read(&text).unwrap();
    assert!(!format!("{file:?}{}", serde_json::to_string(&file.source).unwrap()).contains("hunter2"));
    for text in [
        text.replace("postgres:", "mysql:"),
        with("  slot: postgres://u:hunter2@h/d\n", ""),
        with("  plugin: postgres://u:hunter2@h/d\n", ""),
        with("  port: 'postgres://u:hunter2@h/d'\n", ""),
        with("  postgres://u:hunter2@h/d: 1\n", ""),
        with("  port: ${SECRET}\n", ""),
        with("  slot: ${SECRET}\n", ""),
    ] {
        let error = read(&text).unwrap_err();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

/// Every key of the example, as the schema has it: `$ref`s followed, `anyOf` and `oneOf` looked through.
#[test]
fn the_schema_has_every_key_and_no_other() {
    let schema = schema();
    let example = to_json(&yaml::parse(CONTRACT).unwrap());
    assert_known(&schema, &schema, &example, "");
    let closed = schema["$defs"].as_object().unwrap().values().filter(|def| def.get("properties").is_some());
    for def in closed.chain([&schema]) {
        assert_eq!(def["additionalProperties"], false, "{def}");
    }
}

fn to_json(node: &yaml::Node) -> Value {
    match &node.value {
        yaml::Value::Scalar(scalar) => scalar.text.clone().into(),
        yaml::Value::List(items) => items.iter().map(to_json).collect(),
        yaml::Value::Map(entries) => {
            entries.iter().map(|(key, node)| (key.text.clone(), to_json(node))).collect()
        }
    }
}

/// The schemas that may be meant at this place.
fn meant<'a>(root: &'a Value, schema: &'a Value) -> Vec<&'a Value> {
    let mut all = vec![schema];
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")) {
        all.extend(meant(root, &root["$defs"][name]));
    }
    for several in ["anyOf", "oneOf", "allOf"] {
        all.extend(schema[several].as_array().into_iter().flatten().flat_map(|one| meant(root, one)));
    }
    all
}

fn assert_known(root: &Value, schema: &Value, value: &Value, path: &str) {
    for (key, value) in value.as_object().into_iter().flatten() {
        let path = format!("{path}.{key}");
        let below = meant(root, schema).into_iter().find_map(|schema| {
            schema["properties"]
                .get(key)
                .or_else(|| schema.get("additionalProperties").filter(|more| more.is_object()))
        });
        assert_known(root, below.unwrap_or_else(|| panic!("{path} is not in the schema")), value, &path);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn random_text_is_read_or_refused(text in ".{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn random_yaml_is_read_or_refused(text in "([-?:,\\[\\]{}#&*!|>'\"%@` \n\ta-c$~.0]|\n  |source|url|sink|type|jsonl|\\$\\{A|: ){0,60}") {
        let _ = read(&text);
    }

    #[test]
    fn a_damaged_file_is_read_or_refused(at in 0..CONTRACT.len(), length in 0..40_usize, text in "[-:{}\\[\\]\"', \n#&*$]{0,4}") {
        let mut damaged = CONTRACT.to_owned();
        damaged.replace_range(at..(at + length).min(CONTRACT.len()), &text);
        if let Err(error) = read(&damaged) {
            prop_assert!(error.starts_with("f:"), "{}", error);
        }
    }
}
