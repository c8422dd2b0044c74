//! The gate in front of every route, those that do not exist among them.
//!
//! It asks three things: was this server meant (`Host`), does no other site make a browser ask
//! (`Origin`, `Sec-Fetch-Site`), and who asks (`Authorization`). It answers no preflight, so a page from
//! elsewhere can neither read nor act.

use std::net::SocketAddr;

use axum::http::header::{
    ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, FORWARDED, HeaderMap, HeaderValue,
    RETRY_AFTER, TRANSFER_ENCODING, VIA, WWW_AUTHENTICATE,
};
use axum::http::request::Parts;
use axum::http::{HeaderName, Method};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::answer::Problem;
use super::setting::{Caller, Setting};
use crate::model::time::Stamp;

mod host;
mod limiter;

pub use host::Hosts;
use limiter::Limiter;

/// What a client that has to name itself is told.
pub(super) const CHALLENGE: &str = "Bearer realm=\"isomon\"";
/// What a browser is told, which then asks its user.
const CHALLENGE_PERSON: &str =
    "Basic realm=\"isomon: the password is the token\", charset=\"UTF-8\"";
/// Headers that only a proxy in between writes.
const PROXY: [HeaderName; 4] = [
    FORWARDED,
    VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-real-ip"),
];

/// A connection, as far as the gate looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link {
    /// Who connected.
    pub peer: SocketAddr,
    /// Where it connected to.
    pub local: SocketAddr,
    /// Whether it speaks TLS.
    pub tls: bool,
}

impl Link {
    /// Whether both ends are this machine's loopback.
    const fn is_loopback(&self) -> bool {
        self.peer.ip().to_canonical().is_loopback() && self.local.ip().to_canonical().is_loopback()
    }

    const fn scheme(&self) -> &'static str {
        if self.tls { "https" } else { "http" }
    }
}

/// The gate.
pub struct Gate {
    hosts: Hosts,
    limiter: Limiter,
}

impl Gate {
    /// A gate of a server that is known by `hosts`.
    pub fn new(hosts: Hosts) -> Self {
        Self { hosts, limiter: Limiter::default() }
    }

    /// Who asks, if it may ask at all.
    pub fn check(
        &self,
        request: &Parts,
        link: Link,
        setting: &Setting,
        now: Stamp,
    ) -> Result<Caller, Problem> {
        let host = self.hosts.check(request, link)?;
        same_site(&request.headers, &host, link)?;
        let caller = self.caller(&request.headers, link, setting, now)?;
        is_json(request)?;
        Ok(caller)
    }

    fn caller(
        &self,
        headers: &HeaderMap,
        link: Link,
        setting: &Setting,
        now: Stamp,
    ) -> Result<Caller, Problem> {
        let Some(token) = &setting.token else {
            // Without a token it listens on loopback alone.
            let local = link.is_loopback() && !is_forwarded(headers);
            let words =
                "this server answers its own machine alone; start it with --token-file and TLS";
            return if local { Ok(Caller::default()) } else { Err(Problem::forbidden(words)) };
        };
        match guess(headers) {
            Some(_) if !self.limiter.may_try(link.peer.ip(), now) => Err(later()),
            Some(Guess::Bearer(guess)) if token.is(guess) => Ok(Caller { token: true }),
            // A browser sends it by itself, so whoever comes with it may look and not act.
            Some(Guess::Basic(guess)) if token.is(&guess) => Ok(Caller { token: false }),
            Some(_) => {
                self.limiter.failed(link.peer.ip(), now);
                Err(stranger(headers, "this is not the token"))
            }
            None if link.is_loopback() && !is_forwarded(headers) => Ok(Caller::default()),
            None => Err(stranger(headers, "send the token: Authorization: Bearer TOKEN")),
        }
    }
}

/// What a client says the token is.
enum Guess<'a> {
    /// A program.
    Bearer(&'a str),
    /// A browser, which asked its user: the password; the name is of no matter.
    Basic(Zeroizing<String>),
    /// In no form there is.
    Wrong,
}

fn guess(headers: &HeaderMap) -> Option<Guess<'_>> {
    let mut given = headers.get_all(AUTHORIZATION).iter();
    let (first, alone) = (given.next()?, given.next().is_none());
    let form = || {
        let (scheme, token) = first.to_str().ok()?.split_once(' ')?;
        if scheme.eq_ignore_ascii_case("bearer") {
            return Some(Guess::Bearer(token.trim()));
        }
        let basic = scheme.eq_ignore_ascii_case("basic");
        basic.then(|| password(token.trim()).map(Guess::Basic))?
    };
    Some(form().filter(|_| alone).unwrap_or(Guess::Wrong))
}

/// The password in `name:password` in base64.
fn password(coded: &str) -> Option<Zeroizing<String>> {
    let bytes = Zeroizing::new(STANDARD.decode(coded).ok()?);
    let (_, password) = std::str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some(Zeroizing::new(password.to_owned()))
}

fn stranger(headers: &HeaderMap, words: &'static str) -> Problem {
    let challenge = if is_person(headers) { CHALLENGE_PERSON } else { CHALLENGE };
    Problem::new(401, words).with(WWW_AUTHENTICATE, challenge)
}

/// Whether a browser asks for a page that a person looks at.
pub(super) fn is_person(headers: &HeaderMap) -> bool {
    let wants = |kinds: &HeaderValue| kinds.to_str().is_ok_and(|kinds| kinds.contains("text/html"));
    headers.get_all(ACCEPT).iter().any(wants)
}

fn later() -> Problem {
    Problem::new(429, "too many wrong tokens from this address; wait a minute")
        .with(RETRY_AFTER, "60")
}

fn is_forwarded(headers: &HeaderMap) -> bool {
    PROXY.iter().any(|name| headers.contains_key(name))
}

/// Refuses what another site makes a browser ask.
fn same_site(headers: &HeaderMap, host: &host::Named, link: Link) -> Result<(), Problem> {
    let foreign = |name: &str| {
        Problem::forbidden(format!("{name} names another site, and only this one may ask"))
    };
    for site in headers.get_all("sec-fetch-site") {
        if !matches!(site.as_bytes(), b"same-origin" | b"none") {
            return Err(foreign("Sec-Fetch-Site"));
        }
    }
    for origin in headers.get_all("origin") {
        let own = origin.to_str().is_ok_and(|origin| host.is_origin(origin, link.scheme()));
        if !own {
            return Err(foreign("Origin"));
        }
    }
    Ok(())
}

/// A body is JSON and says so: no form of a web page can.
fn is_json(request: &Parts) -> Result<(), Problem> {
    let headers = &request.headers;
    let empty = headers.get(CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0");
    let acts = matches!(request.method, Method::POST | Method::PUT | Method::PATCH);
    if !acts && empty && !headers.contains_key(TRANSFER_ENCODING) {
        return Ok(());
    }
    let media = headers.get(CONTENT_TYPE).and_then(|media| media.to_str().ok()).unwrap_or_default();
    let essence = media.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        return Ok(());
    }
    Err(Problem::new(415, "send the body as JSON: Content-Type: application/json"))
}

#[cfg(test)]
mod tests;
