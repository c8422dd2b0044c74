//! The table of routes: it makes both the router and the OpenAPI document, so that neither can say
//! what the other does not do.
//!
//! A route is declared once, with its method, path and a sentence. What it takes and gives is told by
//! the types of its handler. What acts names the [`Permit`] it needs, which is asked for before the
//! handler is.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::Response;
use axum::routing::{MethodFilter, on};
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::answer::{Answer, Problem, Reply, with_type};
use super::context::Context;
use super::setting::Permit;

mod ask;
mod document;
mod query;

pub use ask::Ask;

/// Largest body unless a route says otherwise, in bytes.
pub const BODY: usize = 64 << 10;
/// Time for a request and its answer unless a route says otherwise.
pub const TIME: Duration = Duration::from_secs(10);

/// A query or a body of which nothing is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub struct Nothing {}

/// Every route, as it was declared.
#[derive(Default)]
pub struct Door {
    routes: Vec<Route>,
}

/// The route a response is of, as it was declared.
#[derive(Clone, Copy, Debug)]
pub(super) struct Matched(pub(super) &'static str);

/// How much a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Largest body, in bytes.
    pub body: usize,
    /// Time for a request until its answer begins; `None` for the route's own.
    pub time: Option<Duration>,
}

type Work = std::pin::Pin<Box<dyn Future<Output = Response> + Send>>;
type Handler = Arc<dyn Fn(Arc<Context>, Request, Limit) -> Work + Send + Sync>;

/// One route.
pub(crate) struct Route {
    method: Method,
    path: &'static str,
    summary: &'static str,
    permit: Option<Permit>,
    limit: Limit,
    shape: document::Shape,
    handler: Handler,
}

impl Door {
    /// A door without routes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Something that can be read. HEAD and OPTIONS come with it.
    #[must_use]
    pub fn get<Q, R, H, F>(self, path: &'static str, summary: &'static str, handler: H) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        R: Reply,
        H: Fn(Arc<Context>, Ask<Q>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<R>> + Send + 'static,
    {
        self.add(Method::GET, path, summary, None, handler)
    }

    /// Something that is done with a body of JSON; one that is empty counts as `{}`.
    #[must_use]
    pub fn post<Q, B, R, H, F>(
        self,
        path: &'static str,
        summary: &'static str,
        permit: Permit,
        handler: H,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Reply,
        H: Fn(Arc<Context>, Ask<Q, B>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<R>> + Send + 'static,
    {
        self.add(Method::POST, path, summary, Some(permit), handler)
    }

    /// Something that is ended or taken away.
    #[must_use]
    pub fn delete<Q, R, H, F>(
        self,
        path: &'static str,
        summary: &'static str,
        permit: Permit,
        handler: H,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        R: Reply,
        H: Fn(Arc<Context>, Ask<Q>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<R>> + Send + 'static,
    {
        self.add(Method::DELETE, path, summary, Some(permit), handler)
    }

    /// Something of the caller's own that is given back; who has it may.
    #[must_use]
    pub fn give_back<Q, R, H, F>(
        self,
        path: &'static str,
        summary: &'static str,
        handler: H,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        R: Reply,
        H: Fn(Arc<Context>, Ask<Q>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<R>> + Send + 'static,
    {
        self.add(Method::DELETE, path, summary, None, handler)
    }

    /// The route declared last takes bodies up to `bytes`.
    #[must_use]
    pub fn body(mut self, bytes: usize) -> Self {
        self.routes.iter_mut().next_back().into_iter().for_each(|route| route.limit.body = bytes);
        self
    }

    /// The answer of the route declared last may begin as late as `time`; `None`: when it likes.
    #[must_use]
    pub fn time(mut self, time: Option<Duration>) -> Self {
        self.routes.iter_mut().next_back().into_iter().for_each(|route| route.limit.time = time);
        self
    }

    fn add<Q, B, R, H, F>(
        mut self,
        method: Method,
        path: &'static str,
        summary: &'static str,
        permit: Option<Permit>,
        handler: H,
    ) -> Self
    where
        Q: DeserializeOwned + JsonSchema + Send + 'static,
        B: DeserializeOwned + JsonSchema + Send + 'static,
        R: Reply,
        H: Fn(Arc<Context>, Ask<Q, B>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Answer<R>> + Send + 'static,
    {
        let limit = Limit { body: BODY, time: Some(TIME) };
        let handler: Handler = Arc::new(move |context, request, limit| {
            let handler = handler.clone();
            Box::pin(async move {
                let asked = ask::read::<Q, B>(&context, request, permit, limit).await;
                let answer = match asked {
                    Ok(ask) => handler(context, ask).await,
                    Err(problem) => Err(problem),
                };
                answer.map_or_else(Problem::respond, Reply::respond)
            })
        });
        let shape = document::Shape::of::<Q, B, R>();
        self.routes.push(Route { method, path, summary, permit, limit, shape, handler });
        self
    }

    /// The document of all routes: OpenAPI 3.1.
    pub fn document(&self) -> serde_json::Value {
        document::document(&self.routes)
    }

    /// The router, which serves the document too.
    pub fn router(self, context: &Arc<Context>) -> Router {
        let document: bytes::Bytes = self.document().to_string().into();
        let serve = move || async move {
            let mut response = with_type(200, "application/json", document.into());
            response.extensions_mut().insert(Matched(document::PATH));
            response
        };
        let mut router = Router::new()
            .route(
                document::PATH,
                axum::routing::get(serve).options(|| async { options("GET, HEAD, OPTIONS") }),
            )
            .fallback(|| async { unknown() });
        let paths: std::collections::BTreeSet<&str> =
            self.routes.iter().map(|route| route.path).collect();
        for path in paths {
            let allowed = self.methods(path);
            router = router
                .route(path, on(MethodFilter::OPTIONS, move || async move { options(allowed) }));
        }
        for route in self.routes {
            let Ok(filter) = MethodFilter::try_from(route.method) else { continue };
            let (context, handler, limit) = (Arc::clone(context), route.handler, route.limit);
            let serve = move |request| async move {
                let work = handler(context, request, limit);
                let mut response = in_time(work, limit.time).await;
                response.extensions_mut().insert(Matched(route.path));
                response
            };
            router = router.route(route.path, on(filter, serve));
        }
        // Of the routes so far; so it stands last.
        router.method_not_allowed_fallback(|| async { not_allowed() })
    }

    /// The methods of `path`, as `Allow` lists them.
    fn methods(&self, path: &str) -> &'static str {
        let has =
            |method| self.routes.iter().any(|route| route.path == path && route.method == method);
        match (has(Method::GET), has(Method::POST), has(Method::DELETE)) {
            (true, true, true) => "GET, HEAD, POST, DELETE, OPTIONS",
            (true, true, false) => "GET, HEAD, POST, OPTIONS",
            (true, false, true) => "GET, HEAD, DELETE, OPTIONS",
            (true, false, false) => "GET, HEAD, OPTIONS",
            (false, true, true) => "POST, DELETE, OPTIONS",
            (false, true, false) => "POST, OPTIONS",
            (false, false, _) => "DELETE, OPTIONS",
        }
    }
}

fn options(allowed: &'static str) -> Response {
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = axum::http::StatusCode::NO_CONTENT;
    let allowed = header::HeaderValue::from_static(allowed);
    response.headers_mut().insert(header::ALLOW, allowed);
    response
}

/// The answer, or that it took too long.
async fn in_time(work: Work, time: Option<Duration>) -> Response {
    let Some(time) = time else { return work.await };
    tokio::time::timeout(time, work).await.unwrap_or_else(|_| {
        Problem::new(504, format!("no answer within {} s", time.as_secs())).respond()
    })
}

fn unknown() -> Response {
    Problem::unknown("no such path; GET /openapi.json lists every one").respond()
}

fn not_allowed() -> Response {
    Problem::new(405, "this path does not take that method; `Allow` names those it takes").respond()
}

#[cfg(test)]
mod tests;
