//! The JSON schema of workflow files, made from the tables that check them.
//!
//! Editors use it to offer keys. What is between keys it cannot say; `isomon run --check` says that too.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::grammar::{COLUMN, FILE, Form, Key, Part, SCHEMA};

/// What it is called; it is read from nowhere.
const ID: &str = "urn:isomon:schema:workflow";

/// The schema, indented, with a newline at its end; `assets/schema/workflow.json` holds it.
pub fn schema() -> serde_json::Result<String> {
    let mut parts = BTreeMap::new();
    part(&FILE, &mut parts);
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ID,
        "title": "A workflow of isomon",
        "$defs": parts.into_iter().collect::<Map<String, Value>>(),
    });
    whole["$ref"] = refer(&FILE)["$ref"].clone();
    serde_json::to_string_pretty(&whole).map(|text| text + "\n")
}

/// What `part` is called among the definitions.
fn name(part: &Part) -> String {
    let name = part.name.replace('`', "");
    let name =
        ["a ", "an ", "the "].iter().find_map(|word| name.strip_prefix(word)).unwrap_or(&name);
    name.replace(' ', "_")
}

fn refer(part: &Part) -> Value {
    json!({ "$ref": format!("#/$defs/{}", name(part)) })
}

/// Adds `part`, and those it holds, to `parts`.
fn part(of: &'static Part, parts: &mut BTreeMap<String, Value>) {
    if parts.contains_key(&name(of)) {
        return;
    }
    parts.insert(name(of), Value::Null);
    let keys = of.keys.iter().map(|key| (key.name.to_owned(), key_schema(key, parts)));
    let keys: Map<String, Value> = keys.collect();
    let must: Vec<&str> = of.keys.iter().filter(|key| key.must).map(|key| key.name).collect();
    let mut schema =
        json!({ "type": "object", "properties": keys, "additionalProperties": of.open });
    if !must.is_empty() {
        schema["required"] = json!(must);
    }
    parts.insert(name(of), schema);
}

fn key_schema(key: &Key, parts: &mut BTreeMap<String, Value>) -> Value {
    let mut schema = form(key.form, parts);
    if let Some(schema) = schema.as_object_mut() {
        schema.insert("description".to_owned(), Value::from(key.about));
    }
    schema
}

fn form(of: Form, parts: &mut BTreeMap<String, Value>) -> Value {
    let text = || json!({ "type": ["string", "number", "boolean"] });
    match of {
        Form::Text | Form::Name | Form::Secret => text(),
        Form::Flag => json!({ "type": "boolean" }),
        Form::Whole(from, to) => json!({
            "type": ["integer", "string"], "minimum": from, "maximum": to, "pattern": "^[0-9]+$",
        }),
        Form::Number => json!({ "type": "number" }),
        Form::Time => json!({
            "type": "string", "pattern": r"^\+?([0-9.]+(ns|us|µs|μs|ms|s|m|h))+$",
        }),
        Form::Word(words) => json!({ "enum": words }),
        Form::Names | Form::Texts => json!({ "type": "array", "items": text() }),
        Form::TextOrTexts => json!({
            "type": ["string", "number", "boolean", "array"], "items": text(),
        }),
        Form::Pairs => json!({
            "type": "object",
            "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
        }),
        Form::Lists => json!({
            "type": "object",
            "propertyNames": { "pattern": "^[A-Za-z0-9_-]+$" },
            "additionalProperties": { "type": "array", "minItems": 1, "items": text() },
        }),
        Form::Part(one) => {
            part(one, parts);
            refer(one)
        }
        Form::Parts(one) => {
            part(one, parts);
            json!({ "type": "array", "items": refer(one) })
        }
        Form::Named(one) => {
            part(one, parts);
            json!({
                "type": "object", "additionalProperties": { "anyOf": [refer(one), { "type": "null" }] },
            })
        }
        Form::Columns => columns(parts),
    }
}

/// Columns as a list, as a map, and as a map with a list of one key each.
fn columns(parts: &mut BTreeMap<String, Value>) -> Value {
    part(&SCHEMA, parts);
    part(&COLUMN, parts);
    let keys = COLUMN.keys.iter().filter(|key| key.name != "name");
    let keys: Map<String, Value> =
        keys.map(|key| (key.name.to_owned(), key_schema(key, parts))).collect();
    let one = json!({ "type": "object", "properties": keys, "additionalProperties": false });
    let mut whole = one.clone();
    whole["required"] = json!(["type"]);
    let kinds = COLUMN.key("type").map(|key| form(key.form, parts));
    json!({ "anyOf": [
        refer(&SCHEMA),
        {
            "type": "object",
            "properties": { "format": { "enum": ["csv"] } },
            "additionalProperties": { "anyOf": [whole, { "type": "array", "items": one }, kinds] },
        },
    ] })
}
