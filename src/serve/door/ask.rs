//! A request as a handler sees it: read, bounded and typed.

use axum::extract::{FromRequestParts, RawPathParams, Request};
use axum::http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use schemars::JsonSchema;
use serde::de::DeserializeOwned;

use super::{Limit, Nothing, query};
use crate::serve::answer::Problem;
use crate::serve::context::Context;
use crate::serve::listen::Upgrade;
use crate::serve::setting::{Caller, Permit};

/// A request.
#[derive(Clone, Debug, Default)]
pub struct Ask<Q = Nothing, B = Nothing> {
    /// What stands behind the `?`.
    pub query: Q,
    /// The body.
    pub body: B,
    /// Who asks.
    pub caller: Caller,
    /// The headers, without the token.
    pub headers: HeaderMap,
    /// How to go on in another protocol, where the caller asks for one.
    pub upgrade: Option<Upgrade>,
    path: Vec<(String, String)>,
}

impl<Q, B> Ask<Q, B> {
    /// The part of the path that stands for `{name}`; empty if the route has none of that name.
    pub fn part(&self, name: &str) -> &str {
        let part = self.path.iter().find(|(other, _)| other == name);
        part.map_or("", |(_, value)| value)
    }
}

/// Reads a request, if its caller may ask it.
pub(super) async fn read<Q: DeserializeOwned + JsonSchema, B: DeserializeOwned>(
    context: &Context,
    request: Request,
    permit: Option<Permit>,
    limit: Limit,
) -> Result<Ask<Q, B>, Problem> {
    let caller = request.extensions().get::<Caller>().copied().unwrap_or_default();
    if let Some(permit) = permit {
        context.permit(caller, permit)?;
    }
    let (mut parts, body) = request.into_parts();
    let path = RawPathParams::from_request_parts(&mut parts, &()).await;
    let path = path.map_err(|error| Problem::bad(error.to_string()))?;
    let path = path.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = query::read(&parts.uri)?;
    let body = if matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
        json(&whole(body, limit.body).await?)?
    } else {
        json(b"")?
    };
    parts.headers.remove(header::AUTHORIZATION);
    let upgrade = parts.extensions.remove::<Upgrade>();
    Ok(Ask { query, body, caller, headers: parts.headers, upgrade, path })
}

/// The body, which is at most `most` bytes.
async fn whole(body: axum::body::Body, most: usize) -> Result<bytes::Bytes, Problem> {
    match Limited::new(body, most).collect().await {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => {
            Err(Problem::new(413, format!("the body is longer than {} KiB", most >> 10)))
        }
        Err(error) => Err(Problem::bad(format!("the body cannot be read: {error}"))),
    }
}

fn json<B: DeserializeOwned>(bytes: &[u8]) -> Result<B, Problem> {
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes)
        .map_err(|error| Problem::bad(format!("the body is not as it should be: {error}")))
}
