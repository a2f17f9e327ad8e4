//! The JSON Schema of the pipeline file, made of the same structs that read it.

use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::Value;

use super::PipelineFile;

/// The JSON Schema (draft 2020-12) of the pipeline file.
#[must_use]
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<PipelineFile>().to_value()
}

/// `true` and `false` by all their names.
pub(super) fn switch(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "enum": [true, false, "on", "off"] })
}

/// Lets words that YAML reads as numbers or truth values be written as such: `1`, `true`, `on`.
pub(super) fn loose(schema: &mut Schema) {
    let object = schema.ensure_object();
    let mut words: Vec<Value> = match (object.remove("enum"), object.remove("oneOf")) {
        (Some(Value::Array(words)), _) => words,
        (_, Some(Value::Array(each))) => each.iter().filter_map(|one| one.get("const").cloned()).collect(),
        _ => Vec::new(),
    };
    for index in 0..words.len() {
        let more: &[Value] = match words.get(index).and_then(Value::as_str) {
            Some("true" | "on") => &["true".into(), "on".into(), true.into()],
            Some("false" | "off") => &["false".into(), "off".into(), false.into()],
            Some(word) => &word.parse::<u64>().map(Value::from).into_iter().collect::<Vec<_>>(),
            None => &[],
        };
        for value in more {
            if !words.contains(value) {
                words.push(value.clone());
            }
        }
    }
    object.remove("type");
    object.insert("enum".to_owned(), Value::Array(words));
}
