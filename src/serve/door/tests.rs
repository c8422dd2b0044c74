//! The table makes a router and a document that agree.

use axum::body::{Body, to_bytes};
use serde::Serialize;
use tower::ServiceExt;

use super::*;
use crate::serve::answer::Json;
use crate::serve::setting::Setting;

#[derive(Deserialize, JsonSchema)]
struct Query {
    /// How many times.
    times: Option<u8>,
}

#[derive(Deserialize, JsonSchema)]
struct Wish {
    word: String,
}

#[derive(Serialize, JsonSchema)]
struct Echo {
    word: String,
}

async fn read(_: Arc<Context>, ask: Ask<Query>) -> Answer<Json<Echo>> {
    let times = ask.query.times.unwrap_or(1);
    Ok(Json(Echo { word: ask.part("word").repeat(usize::from(times)) }))
}

async fn act(_: Arc<Context>, ask: Ask<Nothing, Wish>) -> Answer<Json<Echo>> {
    Ok(Json(Echo { word: ask.body.word }))
}

fn door() -> Door {
    Door::new()
        .get("/v1/echo/{word}", "Says it again", read)
        .post("/v1/echo", "Says it again", Permit::Bench, act)
        .body(64)
}

async fn ask(method: &str, path: &str, body: &str) -> (u16, String, Option<String>) {
    let setting = Setting { bench: true, ..Setting::default() };
    let context = Context::for_test(setting);
    let request = Request::builder().method(method).uri(path).body(Body::from(body.to_owned()));
    let response = door().router(&context).oneshot(request.unwrap()).await.unwrap();
    let allow = response.headers().get("allow").map(|allow| allow.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), 1 << 20).await.unwrap();
    (status, String::from_utf8(body.to_vec()).unwrap(), allow)
}

#[tokio::test]
async fn a_route_is_typed_bounded_and_wrong_ones_are_told_in_json() {
    let rows = [
        ("GET", "/v1/echo/a%20b?times=2", "", 200, r#"{"word":"a ba b"}"#),
        ("HEAD", "/v1/echo/a", "", 200, ""),
        ("GET", "/v1/echo/a?times=x", "", 400, "it takes a whole number from 0 to 255"),
        ("POST", "/v1/echo", r#"{"word":"w"}"#, 200, r#"{"word":"w"}"#),
        ("POST", "/v1/echo", r#"{"word":1}"#, 400, "error"),
        ("POST", "/v1/echo", "", 400, "missing field"),
        ("POST", "/v1/echo", &"x".repeat(65), 413, "longer than"),
        ("DELETE", "/v1/echo", "", 405, "error"),
        ("GET", "/v2", "", 404, "error"),
        ("OPTIONS", "/v1/echo", "", 204, ""),
    ];
    for (method, path, body, status, words) in rows {
        let (got, said, allow) = ask(method, path, body).await;
        assert_eq!(got, status, "{method} {path}: {said}");
        assert!(said.contains(words), "{method} {path}: {said}");
        assert_eq!(allow.is_some(), matches!(status, 204 | 405), "{method} {path}");
    }
}

#[test]
fn the_document_names_what_the_types_say() {
    let document = door().document();
    let read = &document["paths"]["/v1/echo/{word}"]["get"];
    assert_eq!(read["operationId"], "get_v1_echo_word");
    let names: Vec<_> = read["parameters"].as_array().unwrap().iter().map(|p| &p["name"]).collect();
    assert_eq!(names, ["word", "times"]);
    assert_eq!(read["parameters"][1]["required"], false);
    let act = &document["paths"]["/v1/echo"]["post"];
    let body = &act["requestBody"]["content"]["application/json"]["schema"];
    assert_eq!(body["properties"]["word"]["type"], "string");
    let reply = &act["responses"]["200"]["content"]["application/json"]["schema"];
    assert_eq!(reply["$ref"], "#/components/schemas/Echo");
    assert_eq!(document["components"]["schemas"]["Echo"]["type"], "object");
}
