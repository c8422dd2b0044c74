//! `/screen`: the program's own screen in a browser.
//!
//! For each viewer the server keeps a terminal with isomon in it, and a WebSocket carries its bytes. So the
//! screen is the same program and no second one. It is read-only, unless the viewer has shown the token
//! and the server was started with `--allow-screen`: then a key is left in a cookie that no script can
//! read and no other site can have sent. A browser names the site that a WebSocket is opened from, and
//! only this one may.

use std::sync::Arc;

use axum::body::Body;
use axum::http::header::{self, HeaderMap, HeaderValue};
use axum::response::Response;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use tokio::sync::Semaphore;
use tokio_tungstenite::tungstenite::handshake::server::create_response;

use super::answer::{Reply, json, with_type};
use super::listen::Upgrade;
use super::setting::Permit;
use super::{Answer, Ask, Context, Door, Problem};
use crate::model::secret::Secret;

mod bridge;
mod key;
mod page;
mod terminal;

use bridge::Guest;
use key::Keys;
pub use page::is_built_in;
pub use terminal::Program;
use terminal::Size;

/// Screens at once: each is a program.
pub const SEATS: usize = 8;
/// How long somebody may act who has shown the token, in seconds.
const KEY_SECONDS: u64 = 12 * 3_600;

/// What screens are made of.
pub struct Screens {
    program: Program,
    seats: Arc<Semaphore>,
    keys: Keys,
    /// Whether cookies are for TLS alone.
    tls: bool,
}

impl Screens {
    /// Screens that show `program`; with `tls`, to whom speaks that.
    pub fn new(program: Program, tls: bool) -> Self {
        Self { program, seats: Arc::new(Semaphore::new(SEATS)), keys: Keys::default(), tls }
    }
}

/// The size of the terminal in the browser.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
pub(super) struct Query {
    /// Letters in a row; 80 unless said.
    #[schemars(range(min = 1, max = 500))]
    columns: Option<u16>,
    /// Rows; 24 unless said.
    #[schemars(range(min = 1, max = 300))]
    rows: Option<u16>,
}

pub(super) fn routes(door: Door) -> Door {
    page::routes(door)
        .get("/screen/socket", "The screen as a WebSocket: bytes of a terminal", socket)
        .post("/screen/key", "Act on the screen: leaves a key as a cookie", Permit::Screen, give)
        .give_back("/screen/key", "Give that key back", take_back)
}

fn screens(context: &Context) -> Result<&Screens, Problem> {
    let words = "no screen is shown here; start `isomon serve` with --web";
    context.screens.get().ok_or_else(|| Problem::unknown(words))
}

/// A WebSocket that begins.
struct Begun(Response);

impl Reply for Begun {
    const STATUS: u16 = 101;
    const MEDIA: &'static str = "application/octet-stream";

    fn schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": "binary" })
    }

    fn respond(self) -> Response {
        self.0
    }
}

async fn socket(context: Arc<Context>, ask: Ask<Query>) -> Answer<Begun> {
    let screens = screens(&context)?;
    let plain = || {
        Problem::new(426, "a WebSocket is spoken here; open /screen in a browser")
            .with(header::UPGRADE, "websocket")
    };
    let upgrade = ask.upgrade.ok_or_else(plain)?;
    // The gate has refused the origin of another site; a browser always names one.
    if !ask.headers.contains_key(header::ORIGIN) {
        return Err(Problem::forbidden("Origin is missing: who opens a WebSocket says from where"));
    }
    let response = accept(ask.headers.clone()).ok_or_else(plain)?;
    let may_act = context.setting.allows(Permit::Screen);
    let guest = Guest {
        size: Size::new(ask.query.columns.unwrap_or(80), ask.query.rows.unwrap_or(24)),
        acts: may_act && (ask.caller.token || holds_key(&context, screens, &ask.headers)),
        may_act,
        seat: Arc::clone(&screens.seats).try_acquire_owned().ok(),
    };
    let Upgrade { on, beyond } = upgrade;
    let shared = Arc::clone(&context);
    beyond.go_on(|stop| async move {
        if let (Ok(stream), Some(screens)) = (on.await, shared.screens.get()) {
            bridge::serve(stream, &screens.program, guest, stop).await;
        }
    });
    Ok(Begun(response))
}

/// The answer with which a WebSocket begins, if `headers` ask for one as the protocol has it.
fn accept(headers: HeaderMap) -> Option<Response> {
    let mut request = axum::http::Request::new(());
    *request.headers_mut() = headers;
    create_response(&request).ok().map(|response| response.map(|()| Body::empty()))
}

/// The name of the cookie; another server on this machine has another.
fn cookie(context: &Context) -> String {
    format!("isomon-screen-{}", context.instance)
}

/// The keys in `headers`.
fn keys<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = all.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(given, _)| given.trim() == name).map(|(_, key)| key.trim())
}

fn holds_key(context: &Context, screens: &Screens, headers: &HeaderMap) -> bool {
    let (name, now) = (cookie(context), context.clock.now());
    keys(headers, &name).any(|key| screens.keys.is(key, now))
}

/// A cookie that is left with a browser.
struct Cookie(Option<HeaderValue>);

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ScreenKey")]
struct Said {
    /// How long the key is good, in seconds; 0 where it was given back.
    seconds: u64,
}

impl Reply for Cookie {
    const STATUS: u16 = 200;
    const MEDIA: &'static str = "application/json";

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<Said>()
    }

    fn respond(self) -> Response {
        let seconds = if self.0.is_some() { KEY_SECONDS } else { 0 };
        let mut response = json(Self::STATUS, &Said { seconds });
        if let Some(value) = self.0 {
            response.headers_mut().insert(header::SET_COOKIE, value);
        }
        response
    }
}

async fn give(context: Arc<Context>, _: Ask) -> Answer<Cookie> {
    let screens = screens(&context)?;
    let key = screens.keys.make(context.clock.now());
    let cookie = written(&cookie(&context), &key, screens.tls);
    let words = "a fault of isomon: the cookie cannot be written";
    cookie.map(|cookie| Cookie(Some(cookie))).ok_or_else(|| Problem::new(500, words))
}

/// `Set-Cookie` for `key`: for no script, for no other site, and not without TLS where there is any.
fn written(name: &str, key: &Secret, tls: bool) -> Option<HeaderValue> {
    let secure = if tls { "; Secure" } else { "" };
    let text = format!(
        "{name}={}; Path=/screen; Max-Age={KEY_SECONDS}; HttpOnly; SameSite=Strict{secure}",
        key.reveal()
    );
    let mut value = HeaderValue::from_str(&text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

async fn take_back(context: Arc<Context>, ask: Ask) -> Answer<Cookie> {
    let name = cookie(&context);
    for key in keys(&ask.headers, &name) {
        screens(&context)?.keys.forget(key);
    }
    Ok(Cookie(None))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_among_other_cookies_and_by_its_name_alone() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; b=x=y;isomon-1=k"));
        headers.append(header::COOKIE, HeaderValue::from_static("isomon-1=z; isomon-12=no"));
        assert_eq!(keys(&headers, "isomon-1").collect::<Vec<_>>(), ["k", "z"]);
        assert_eq!(keys(&headers, "isomon-").count(), 0);
    }

    #[test]
    fn a_cookie_is_for_no_script_and_no_other_site() {
        let key = Secret::new("0123");
        let value = |tls| written("n", &key, tls).unwrap().to_str().unwrap().to_owned();
        assert!(value(false).ends_with("; Path=/screen; Max-Age=43200; HttpOnly; SameSite=Strict"));
        assert!(value(true).ends_with("; SameSite=Strict; Secure"));
        assert!(format!("{:?}", written("n", &key, true)).contains("Sensitive"));
    }
}
