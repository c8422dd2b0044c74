//! What a handler answers with: a reply of a type that describes itself, or a problem in words.
//!
//! Every problem is `{"error": "…"}`, whichever route it is of and whether there is such a route; to a
//! browser whose user looks at it, it is a page.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;

use crate::model::text::SafeText;
use crate::report::plain::plain;

/// What comes of a request.
pub type Answer<R> = Result<R, Problem>;

/// A good answer that says of itself what it is.
pub trait Reply: Send + 'static {
    /// Its status.
    const STATUS: u16;
    /// Its media type.
    const MEDIA: &'static str;

    /// Its shape, for the document.
    fn schema(generator: &mut SchemaGenerator) -> Schema;

    /// It as a response.
    fn respond(self) -> Response;
}

/// 200 with JSON, in which what is missing is `null`.
#[derive(Clone, Debug, PartialEq)]
pub struct Json<T>(pub T);

/// 201 with JSON: something was made and is done.
#[derive(Clone, Debug, PartialEq)]
pub struct Made<T>(pub T);

/// 202 with JSON: something was begun.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun<T>(pub T);

macro_rules! json_reply {
    ($name:ident, $status:literal) => {
        impl<T: Serialize + JsonSchema + Send + 'static> Reply for $name<T> {
            const STATUS: u16 = $status;
            const MEDIA: &'static str = "application/json";

            fn schema(generator: &mut SchemaGenerator) -> Schema {
                generator.subschema_for::<T>()
            }

            fn respond(self) -> Response {
                json(Self::STATUS, &self.0)
            }
        }
    };
}

json_reply!(Json, 200);
json_reply!(Made, 201);
json_reply!(Begun, 202);

/// Why a request came to nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {text}")]
pub struct Problem {
    /// 400 to 599.
    pub status: u16,
    /// What is wrong, why, and what mends it.
    pub text: SafeText,
    /// A header that goes with it.
    pub header: Option<(header::HeaderName, HeaderValue)>,
}

/// How a problem looks to a client.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub(super) struct Said {
    /// What is wrong, why, and what mends it.
    error: SafeText,
}

impl Problem {
    /// A problem of `status` in words.
    pub fn new(status: u16, text: impl Into<Cow<'static, str>>) -> Self {
        Self { status, text: SafeText::new(&text.into()), header: None }
    }

    /// 400: the request itself is wrong.
    pub fn bad(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(400, text)
    }

    /// 403: not to this client, or not here.
    pub fn forbidden(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(403, text)
    }

    /// 404: there is no such thing.
    pub fn unknown(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(404, text)
    }

    /// 503: not now.
    pub fn busy(text: impl Into<Cow<'static, str>>) -> Self {
        Self::new(503, text).with(header::RETRY_AFTER, "1")
    }

    /// The same with a header.
    #[must_use]
    pub fn with(self, name: header::HeaderName, value: &'static str) -> Self {
        Self { header: Some((name, HeaderValue::from_static(value))), ..self }
    }

    /// It as a response.
    pub fn respond(self) -> Response {
        let mut response = json(self.status, &Said { error: self.text.clone() });
        if let Some((name, value)) = self.header.clone() {
            response.headers_mut().insert(name, value);
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// `value` as JSON in which what is missing is `null`.
pub(super) fn json(status: u16, value: &impl Serialize) -> Response {
    match plain(value).and_then(|value| serde_json::to_vec(&value)) {
        Ok(bytes) => with_type(status, "application/json", bytes.into()),
        Err(error) => {
            tracing::error!(%error, "an answer cannot be written as JSON");
            let bytes = r#"{"error":"a fault of isomon: the answer cannot be written"}"#;
            with_type(500, "application/json", bytes.into())
        }
    }
}

/// A response of `status` and media type with `body`.
pub(super) fn with_type(status: u16, media: &'static str, body: Body) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
