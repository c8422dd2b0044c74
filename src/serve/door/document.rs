//! The OpenAPI 3.1 document of a table of routes. Pure.

use axum::http::Method;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::Route;
use crate::serve::answer::{Reply, Said};
use crate::serve::setting::Permit;

/// Where it is served.
pub(super) const PATH: &str = "/openapi.json";

/// What a route takes and gives.
pub(super) struct Shape {
    query: fn(&mut SchemaGenerator) -> Schema,
    body: fn(&mut SchemaGenerator) -> Schema,
    reply: fn(&mut SchemaGenerator) -> Schema,
    status: u16,
    media: &'static str,
}

impl Shape {
    /// Of a handler with these types.
    pub(super) fn of<Q: JsonSchema, B: JsonSchema, R: Reply>() -> Self {
        Self {
            query: |generator| generator.root_schema_for::<Q>(),
            body: |generator| generator.root_schema_for::<B>(),
            reply: R::schema,
            status: R::STATUS,
            media: R::MEDIA,
        }
    }
}

/// The document of `routes`.
pub(super) fn document(routes: &[Route]) -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut given = settings.clone().for_serialize().into_generator();
    let mut taken = settings.with(|settings| settings.inline_subschemas = true).into_generator();
    let problem = given.subschema_for::<Said>();
    let mut paths = Map::new();
    for route in routes {
        let methods = paths.entry(route.path.replace("{*", "{")).or_insert_with(|| json!({}));
        let method = route.method.as_str().to_ascii_lowercase();
        methods[method] = operation(route, &mut given, &mut taken, &problem);
    }
    paths.insert(PATH.to_owned(), own());
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "isomon",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A node as isomon sees it. What is missing is null; every error is {\"error\": \"…\"}.",
            "license": { "name": "MIT OR Apache-2.0" },
        },
        "paths": paths,
        "components": {
            "schemas": given.take_definitions(true),
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
        },
        "security": [{}, { "token": [] }],
    })
}

/// One method of one path.
fn operation(
    route: &Route,
    given: &mut SchemaGenerator,
    taken: &mut SchemaGenerator,
    problem: &Schema,
) -> Value {
    let shape = &route.shape;
    let mut responses = json!({ "default": {
        "description": "What is wrong, why, and what mends it.",
        "content": { "application/json": { "schema": problem } },
    }});
    responses[shape.status.to_string()] = json!({
        "description": route.summary,
        "content": { shape.media: { "schema": (shape.reply)(given) } },
    });
    let parameters: Vec<Value> = parts(route.path).chain(queries(&(shape.query)(taken))).collect();
    let mut operation = json!({
        "summary": route.summary,
        "operationId": name(route),
        "parameters": parameters,
        "responses": responses,
    });
    if let Some(permit) = route.permit {
        operation["description"] = described(permit).into();
    }
    if route.method == Method::POST {
        let schema = (shape.body)(taken);
        operation["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    operation
}

fn described(permit: Permit) -> String {
    let flag = permit.flag();
    format!("Needs a server started with {flag}, and its token where it has one.")
}

/// The document's own entry.
fn own() -> Value {
    json!({ "get": {
        "summary": "This document",
        "operationId": "get_openapi",
        "responses": { "200": {
            "description": "OpenAPI 3.1.",
            "content": { "application/json": { "schema": { "type": "object" } } },
        }},
    }})
}

/// `get_v1_nodes_id` for `GET /v1/nodes/{id}`.
fn name(route: &Route) -> String {
    let path = route.path.replace(['/', '{', '*', '}', '.', '-'], "_");
    let words: Vec<&str> = path.split('_').filter(|word| !word.is_empty()).collect();
    format!("{}_{}", route.method.as_str().to_ascii_lowercase(), words.join("_"))
}

/// The `{…}` of a path.
fn parts(path: &'static str) -> impl Iterator<Item = Value> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let names = names.map(|name| name.trim_start_matches('*'));
    names.map(|name| {
        let schema = json!({ "type": "string", "minLength": 1 });
        json!({ "name": name, "in": "path", "required": true, "schema": schema })
    })
}

/// Each field of a query as a parameter.
fn queries(schema: &Schema) -> impl Iterator<Item = Value> {
    let required = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
    let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
    fields.into_iter().map(move |(name, mut schema)| {
        let words = schema.as_object_mut().and_then(|schema| schema.remove("description"));
        let required = required.iter().any(|field| *field == name.as_str());
        let words = words.unwrap_or_default();
        json!({ "name": name, "in": "query", "required": required, "schema": schema, "description": words })
    })
}
