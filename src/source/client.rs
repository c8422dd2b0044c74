//! The HTTP client of every source: one place for its bounds.
//!
//! A server may be dead, slow or hostile. Connecting takes at most 2 s, a whole exchange 5 s, a body at
//! most 16 MiB after decompression; redirects are not followed and no proxy is asked, so that a token
//! never goes anywhere but where it was meant for.

use std::error::Error as _;
use std::io::ErrorKind;
use std::time::Duration;

use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::clients::Unknown;
use super::{Error, Spec};
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::time::{Clock as _, SystemClock};

/// Time to connect.
pub const CONNECT: Duration = Duration::from_secs(2);
/// Time for a question and its whole answer.
pub const TOTAL: Duration = Duration::from_secs(5);
/// Largest body, decompressed.
pub const LONGEST_BODY: usize = 16 << 20;
/// From here on there is room for the longest at once: a body that grows is held twice for a moment.
const LONG_BODY: usize = 1 << 20;
/// The same in words.
const LONGEST_WORDS: &str = "16 MiB";
/// Letters of an error page that are kept.
const SAID: usize = 160;

/// A server, and what it is told to let us in.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    at: SafeText,
    token: Option<Secret>,
    login: Option<Secret>,
}

/// An answer, whole and bounded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reply {
    /// 200 and the like.
    pub status: u16,
    /// `Content-Type`, in lower case, without its parameters.
    pub media: String,
    /// It asks for a name and a password.
    pub wants_login: bool,
    /// By how much its clock is ahead of this machine's, by its `Date`, which knows whole seconds.
    pub ahead_seconds: Option<f64>,
    /// The body.
    pub body: Vec<u8>,
}

/// An answer that comes piece by piece. Dropped, its connection is closed.
#[derive(Debug)]
pub struct Answer {
    /// 200 and the like.
    pub status: u16,
    /// `Content-Type`, in lower case, without its parameters.
    pub media: String,
    response: reqwest::Response,
    client: Client,
}

impl Answer {
    /// The next piece, as the network cut it; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<bytes::Bytes>, Error> {
        self.response.chunk().await.map_err(|error| self.client.told(&error))
    }
}

impl Client {
    /// A client of the server that `spec` names.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let Some(base) = spec.address.url() else {
            return Err(setting("it is no HTTP address", "write http://host:port"));
        };
        let secret = match (&spec.token, &spec.login) {
            (None, None) => None,
            (Some(_), _) => Some("a token is never sent without TLS beyond this machine"),
            (None, Some(_)) => Some("a password is never sent without TLS beyond this machine"),
        };
        if let Some(why) = secret.filter(|_| base.starts_with("http:"))
            && !spec.address.is_loopback()
        {
            return Err(setting(why, "write https://, or take a tunnel: ssh -L"));
        }
        let http =
            spec.clients.of(spec).map_err(|error| setting(&chain(&error), "mend its `ca`"))?;
        let at = SafeText::new(base.split("://").last().unwrap_or_default());
        Ok(Self { http, base, at, token: spec.token.clone(), login: spec.login.clone() })
    }

    /// Asks for `path`, which begins with `/`; any status is an answer.
    pub async fn get(&self, path: &str) -> Result<Reply, Error> {
        self.exchange(Method::GET, path, None).await
    }

    /// Asks for `path` and reads the JSON of a good answer.
    pub async fn json<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        let reply = self.good(path, self.get(path).await?)?;
        parse(path, &reply.body)
    }

    /// Sends `body` as JSON; any status is an answer.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: &impl Serialize,
    ) -> Result<Reply, Error> {
        let body = serde_json::to_vec(body);
        let body = body.map_err(|error| shape(path, &error.to_string()))?;
        self.exchange(method, path, Some(("application/json", body))).await
    }

    /// Asks for `path` with `form`, escaped as in a URL, as the body; any status is an answer.
    pub async fn form(&self, path: &str, form: String) -> Result<Reply, Error> {
        let body = ("application/x-www-form-urlencoded", form.into_bytes());
        self.exchange(Method::POST, path, Some(body)).await
    }

    /// Sends `body`, which is JSON, and gives the answer as it comes; any status is an answer. The whole
    /// of it has `limit`; who asks bounds what is read.
    pub async fn open(&self, path: &str, body: Vec<u8>, limit: Duration) -> Result<Answer, Error> {
        let request = self.introduce(self.http.post(format!("{}{path}", self.base)));
        let request = request.header("content-type", "application/json").body(body).timeout(limit);
        let response = request.send().await.map_err(|error| self.told(&error))?;
        let (status, media) = (response.status().as_u16(), media(&response));
        Ok(Answer { status, media, response, client: self.clone() })
    }

    /// Has a connection for `path` go over to WebSocket.
    pub async fn upgrade(&self, path: &str) -> Result<reqwest::Upgraded, Error> {
        let key = generate_key();
        let request = self.introduce(self.http.get(format!("{}{path}", self.base)));
        let request = request.header("connection", "Upgrade").header("upgrade", "websocket");
        let request = request.header("sec-websocket-version", "13");
        let sent = request.header("sec-websocket-key", &key).send().await;
        let response = sent.map_err(|error| self.told(&error))?;
        let status = response.status().as_u16();
        if status != 101 {
            let wants_login = wants_login(&response);
            // A server without such a stream answers with a page, or that there is none.
            let status = if status == 200 { 404 } else { status };
            let reply = Reply { status, wants_login, ..Reply::default() };
            return Err(self
                .good(path, reply)
                .err()
                .unwrap_or_else(|| shape(path, "no WebSocket")));
        }
        let accepted = response.headers().get("sec-websocket-accept");
        let wanted = derive_accept_key(key.as_bytes());
        if accepted.is_none_or(|accepted| accepted.as_bytes() != wanted.as_bytes()) {
            return Err(shape(path, "it goes over to another WebSocket than the one asked for"));
        }
        response.upgrade().await.map_err(|error| self.told(&error))
    }

    /// The answer, if its status is good.
    pub fn good(&self, path: &str, reply: Reply) -> Result<Reply, Error> {
        let (path, status) = (SafeText::new(path), reply.status);
        match status {
            200..=299 => Ok(reply),
            300..=399 => Err(Error::Redirect { path, status }),
            401 | 403 => {
                let wants = if reply.wants_login { "a login" } else { "a token" };
                let given = if reply.wants_login { &self.login } else { &self.token };
                Err(Error::Denied { path, status, wants, given: given.is_some() })
            }
            404 | 405 | 501 => Err(Error::NotOffered { path }),
            _ => {
                let text = String::from_utf8_lossy(&reply.body);
                Err(Error::Status { path, status, said: SafeText::within(text.trim(), SAID) })
            }
        }
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Vec<u8>)>,
    ) -> Result<Reply, Error> {
        let mut request = self.introduce(self.http.request(method, format!("{}{path}", self.base)));
        if let Some((media, body)) = body {
            request = request.header("content-type", media).body(body);
        }
        let asked_ms = SystemClock.now().wall_ms;
        let mut response = request.send().await.map_err(|error| self.told(&error))?;
        let ahead_seconds = ahead(&response, asked_ms.midpoint(SystemClock.now().wall_ms));
        let status = response.status();
        let (media, wants_login) = (media(&response), wants_login(&response));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.told(&error))? {
            if body.len() + piece.len() > LONGEST_BODY {
                return Err(Error::Limit { what: "the answer", most: LONGEST_WORDS });
            }
            if body.len() + piece.len() > LONG_BODY {
                body.reserve_exact(LONGEST_BODY - body.len());
            }
            body.extend_from_slice(&piece);
        }
        let status = StatusCode::as_u16(&status);
        Ok(Reply { status, media, wants_login, ahead_seconds, body })
    }

    /// `request` with what lets us in.
    fn introduce(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        if let Some(token) = &self.token {
            return request.bearer_auth(token.reveal());
        }
        let Some(login) = &self.login else { return request };
        let (name, password) = login.reveal().split_once(':').unwrap_or_default();
        request.basic_auth(name, Some(password))
    }

    /// What went wrong, by what can be done about it.
    fn told(&self, error: &reqwest::Error) -> Error {
        let at = self.at.clone();
        if let Some(unknown) = behind::<Unknown>(error) {
            return match unknown {
                Unknown::Absent => Error::Name { host: at },
                Unknown::Late => late(CONNECT, "looking its name up"),
            };
        }
        if error.is_timeout() {
            let connecting = error.is_connect();
            return if connecting { late(CONNECT, "connecting") } else { late(TOTAL, "answering") };
        }
        if let Some(tls) = tls_in(error) {
            return Error::Tls { why: tls_words(tls).into() };
        }
        let connecting = error.is_connect();
        let io = behind::<std::io::Error>(error);
        let why = io.map_or_else(|| chain(error), words).into();
        match io.map(std::io::Error::kind) {
            Some(ErrorKind::ConnectionRefused) => Error::Refused { at },
            Some(ErrorKind::TimedOut) => late(CONNECT, "connecting"),
            _ if connecting => Error::Unreachable { at, why },
            _ if self.base.starts_with("http:") && is_no_http(error) => {
                Error::Cut { why: "its answer is not of HTTP; is it https://?".into() }
            }
            _ => Error::Cut { why },
        }
    }
}

fn late(time: Duration, doing: &'static str) -> Error {
    Error::Late { seconds: time.as_secs(), doing }
}

/// What the system said, in words; one way to nowhere is told from the other.
fn words(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EINVAL) => "its route leads nowhere (blackhole)".to_owned(),
        Some(libc::EACCES | libc::EPERM) => {
            "a rule of this machine's network forbids it".to_owned()
        }
        _ => {
            let words = error.to_string();
            words.split(" (os error ").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// Reads JSON; the place of a mistake is in the error.
pub fn parse<T: DeserializeOwned>(path: &str, body: &[u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| shape(path, &error.to_string()))
}

fn media(response: &reqwest::Response) -> String {
    let value = response.headers().get("content-type").and_then(|value| value.to_str().ok());
    value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

/// Whether it says that it lets in whoever has a name and a password.
fn wants_login(response: &reqwest::Response) -> bool {
    let ways = response.headers().get_all("www-authenticate").iter();
    ways.filter_map(|way| way.to_str().ok())
        .any(|way| way.get(..5).is_some_and(|way| way.eq_ignore_ascii_case("basic")))
}

/// By how much its clock is ahead, if it was `here_ms` here when it answered. Half a second is what was
/// cut off its time in the middle.
fn ahead(response: &reqwest::Response, here_ms: i64) -> Option<f64> {
    let date = response.headers().get("date")?.to_str().ok()?;
    let there = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok()?;
    let ahead_ms = there.as_millisecond().saturating_add(500).saturating_sub(here_ms);
    Some(ahead_ms as f64 / 1e3)
}

fn shape(path: &str, why: &str) -> Error {
    Error::Shape { path: SafeText::new(path), why: SafeText::new(why) }
}

fn setting(why: &str, remedy: &str) -> Error {
    Error::Setting { why: why.into(), remedy: remedy.into() }
}

/// The error of kind `E` behind `error`.
fn behind<E: std::error::Error + 'static>(error: &reqwest::Error) -> Option<&E> {
    let mut source = error.source();
    while let Some(error) = source {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        source = error.source();
    }
    None
}

/// The error of TLS in `error`, however often it is wrapped.
fn tls_in<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(found) = error.downcast_ref::<rustls::Error>() {
        return Some(found);
    }
    let inner = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    inner.and_then(|inner| tls_in(inner)).or_else(|| error.source().and_then(tls_in))
}

/// Whether what came does not even begin as an answer of HTTP does: so answers who wants TLS.
fn is_no_http(error: &reqwest::Error) -> bool {
    let hyper = behind::<hyper::Error>(error).filter(|error| error.is_parse());
    hyper.is_some_and(|error| error.to_string().contains("HTTP version"))
}

/// What is wrong with who answers, and what mends it where something does.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::CertificateError as Bad;
    let words = match error {
        rustls::Error::InvalidCertificate(bad) => match bad {
            Bad::Expired | Bad::ExpiredContext { .. } => "its certificate has expired",
            Bad::NotValidYet | Bad::NotValidYetContext { .. } => {
                "its certificate is not valid yet; is the clock right?"
            }
            Bad::NotValidForName | Bad::NotValidForNameContext { .. } => {
                "its certificate is for another name than this address"
            }
            Bad::UnknownIssuer | Bad::BadSignature => {
                "nobody who is trusted here vouches for its certificate; name who does with `ca`"
            }
            _ => return error.to_string(),
        },
        rustls::Error::InvalidMessage(_) => "it does not speak TLS; is it http://?",
        _ => return error.to_string(),
    };
    words.to_owned()
}

/// The last words of an error: what is behind it, without its address.
fn chain(error: &reqwest::Error) -> String {
    let mut words = String::new();
    let mut source = error.source();
    while let Some(error) = source {
        words = error.to_string();
        source = error.source();
    }
    if words.is_empty() { "no more is known".to_owned() } else { words }
}
