//! A server of the tests' own that answers as it is told to, and a source that asks it.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use isomon::config::address::Address;
use isomon::model::id::SourceId;
use isomon::model::origin::{Offer, Origin};
use isomon::model::secret::Secret;
use isomon::model::update::What;
use isomon::source::{Error, Source, Spec, Told, Wants, open};
use tokio::task::JoinHandle;

/// The query of a request.
pub(crate) type Asked = HashMap<String, String>;
type Page = (u16, &'static str, Vec<u8>);
type Route = Arc<dyn Fn(&Asked) -> Page + Send + Sync>;

/// What a server says to a path it does not have.
pub(crate) const CHI: (&str, &str) = ("text/plain; charset=utf-8", "404 page not found\n");
pub(crate) const FAST_API: (&str, &str) = ("application/json", r#"{"detail":"Not Found"}"#);
pub(crate) const NGINX: (&str, &str) = (
    "text/html",
    "<html><head><title>404 Not Found</title></head><body><center><h1>404 Not Found</h1></center>\
     <hr><center>nginx/1.22.1</center></body></html>",
);

/// A server until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    world: Arc<World>,
    task: JoinHandle<()>,
}

struct World {
    routes: Mutex<BTreeMap<String, Route>>,
    missing: (&'static str, &'static str),
    asked: Mutex<Vec<String>>,
    token: Mutex<Option<String>>,
}

impl Server {
    /// A server without any path, which says `missing` to each.
    pub(crate) async fn start(missing: (&'static str, &'static str)) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let world = Arc::new(World {
            routes: Mutex::default(),
            missing,
            asked: Mutex::default(),
            token: Mutex::default(),
        });
        let router = Router::new().fallback(answer).with_state(world.clone());
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, world, task }
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Has `path` answered by `route`.
    pub(crate) fn route(
        &self,
        path: &str,
        route: impl Fn(&Asked) -> Page + Send + Sync + 'static,
    ) -> &Self {
        self.world.routes.lock().unwrap().insert(path.to_owned(), Arc::new(route));
        self
    }

    /// Has `path` answered with JSON.
    pub(crate) fn json(&self, path: &str, body: impl Into<Vec<u8>>) -> &Self {
        self.status(path, 200, body)
    }

    /// Has `path` answered with a status and JSON.
    pub(crate) fn status(&self, path: &str, status: u16, body: impl Into<Vec<u8>>) -> &Self {
        let body = body.into();
        self.route(path, move |_| (status, "application/json", body.clone()))
    }

    /// Lets only those in who bear `token`.
    pub(crate) fn lock(&self, token: &str) {
        *self.world.token.lock().unwrap() = Some(token.to_owned());
    }

    /// What was asked since the last time, method and path.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.world.asked.lock().unwrap())
    }

    /// What asks it; `scheme` is `vulcan+http` or the like.
    pub(crate) fn source(&self, scheme: &str) -> Box<dyn Source> {
        open(self.spec(scheme)).unwrap()
    }

    pub(crate) fn spec(&self, scheme: &str) -> Spec {
        spec(&format!("{scheme}://{}", self.address))
    }

    /// A source that bears `token`.
    pub(crate) fn source_with(&self, scheme: &str, token: &str) -> Box<dyn Source> {
        let mut spec = self.spec(scheme);
        spec.token = Some(Secret::new(token));
        open(spec).unwrap()
    }
}

pub(crate) fn spec(address: &str) -> Spec {
    Spec::new(SourceId("there".into()), Address::parse(address).unwrap())
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn answer(
    State(world): State<Arc<World>>,
    method: Method,
    uri: Uri,
    Query(query): Query<Asked>,
    headers: axum::http::HeaderMap,
) -> Response {
    world.asked.lock().unwrap().push(format!("{method} {uri}"));
    let route = world.routes.lock().unwrap().get(uri.path()).cloned();
    let wanted = world.token.lock().unwrap().as_ref().map(|token| format!("Bearer {token}"));
    let given = headers.get("authorization").and_then(|value| value.to_str().ok());
    let (status, media, body) = match route {
        _ if wanted.is_some() && wanted.as_deref() != given => {
            (401, "application/json", br#"{"detail":"Invalid API key"}"#.to_vec())
        }
        Some(route) => route(&query),
        None => (404, world.missing.0, world.missing.1.as_bytes().to_vec()),
    };
    (StatusCode::from_u16(status).unwrap(), [("content-type", media)], body).into_response()
}

/// Asks once.
pub(crate) async fn ask(source: &mut Box<dyn Source>) -> Result<Vec<Told>, Error> {
    tokio::time::timeout(Duration::from_mins(1), source.ask(Wants::default())).await.unwrap()
}

/// Lets the runtime's clock go on without waiting.
pub(crate) async fn later(seconds: u64) {
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(seconds)).await;
    tokio::time::resume();
}

/// What is offered, if it was told.
pub(crate) fn origin(told: &[Told]) -> Option<&Origin> {
    told.iter().find_map(|told| match &told.what {
        What::Origin(origin) if told.node.is_none() => Some(&**origin),
        _ => None,
    })
}

/// How `name` was answered.
pub(crate) fn offer(told: &[Told], name: &str) -> Offer {
    let origin = origin(told).expect("the source tells what it offers");
    let found = origin.endpoints.iter().find(|endpoint| endpoint.name.as_str() == name);
    found.unwrap_or_else(|| panic!("{name} in {:?}", origin.endpoints)).offer.clone()
}

/// The last of a kind that was told of the source's own node.
macro_rules! told {
    ($told:expr, $what:ident) => {
        $told.iter().rev().find_map(|told| match &told.what {
            isomon::model::update::What::$what(what) if told.node.is_none() => Some(what),
            _ => None,
        })
    };
}

pub(crate) use told;
