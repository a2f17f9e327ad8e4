//! The JSON Schema of the pipeline file, made of the same structs that read it.

use schemars::transform::{Transform, transform_subschemas};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings, json_schema};
use serde_json::{Map, Value, json};

use super::PipelineFile;

/// The JSON Schema (draft 2020-12) of the pipeline file.
///
/// Where a value is not any text, a variable, `${NAME}`, may stand for it.
#[must_use]
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(Variables);
    let mut root = settings.into_generator().into_root_schema_for::<PipelineFile>().to_value();
    if let Some(Value::Object(defs)) = root.get_mut("$defs") {
        defs.insert(
            "Variable".to_owned(),
            json!({
                "description": "One variable of the environment, read as its key's type.",
                "type": "string",
                "pattern": r"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}$",
            }),
        );
    }
    root
}

/// Lets a variable stand for what is a number or one of a few words.
#[derive(Clone)]
struct Variables;

impl Transform for Variables {
    fn transform(&mut self, schema: &mut Schema) {
        let is_choice = |object: &Map<String, Value>| {
            let consts = |each: &Value| {
                each.as_array()
                    .is_some_and(|each| each.iter().all(|one| one.get("const").is_some_and(Value::is_string)))
            };
            object.get("type").is_some_and(|kind| kind == "integer" || kind == &json!(["integer", "null"]))
                || object.contains_key("enum")
                || object.contains_key("pattern")
                || object.get("oneOf").is_some_and(consts)
        };
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            // Sizes and durations are choices already, the one within an option too.
            choices.push(json!({ "$ref": "#/$defs/Variable" }));
        } else if is_choice(object) {
            let mut choice = std::mem::take(object);
            for about in ["title", "description", "default"] {
                object.extend(choice.remove_entry(about));
            }
            object.insert("anyOf".to_owned(), json!([choice, { "$ref": "#/$defs/Variable" }]));
        } else {
            transform_subschemas(self, schema);
        }
    }
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

/// Lets the sink `null` be written without quotes, where YAML and JSON read nothing.
pub(super) fn bare_null(schema: &mut Schema) {
    if let Some(Value::Array(sinks)) = schema.get_mut("oneOf") {
        for kind in sinks.iter_mut().filter_map(|sink| sink.pointer_mut("/properties/type")) {
            if kind["const"] == "null" {
                *kind = json!({ "enum": ["null", null] });
            }
        }
    }
}
