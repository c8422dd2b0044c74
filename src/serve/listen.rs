//! The accept loop: who may connect, for how long, and with how much.
//!
//! There are [`SEATS`] connections. When all are taken, the one that has been idle longest goes, so that
//! neither clients that never finish a request nor forgotten ones keep others out.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::response::Response;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::answer::Problem;
use super::context::Context;
use super::door::Matched;
use super::gate::{Gate, Link, is_person};
use super::web;

mod beyond;
mod crowd;
mod held;
mod patience;

use beyond::Beyond;
pub use beyond::Upgrade;
use crowd::{Crowd, Seat};
use held::Held;
use patience::Patience;

/// Connections at once.
pub const SEATS: usize = 64;
/// Connections that may be ending while others begin.
const ENDING: usize = 32;
/// Requests at once whose answer has not begun.
const IN_FLIGHT: usize = 40;
/// Time for the head of a request, and for a TLS handshake.
const HEAD: Duration = Duration::from_secs(5);
/// Largest head of a request, in bytes.
const HEAD_BYTES: usize = 16 << 10;
/// Headers of a request.
const HEADERS: usize = 100;
/// Time in which a client takes at least something of what it is sent.
const STALL: Duration = Duration::from_secs(10);
/// Time for connections to end when the server does.
const LEAVE: Duration = Duration::from_millis(500);
/// Pause where the system has no descriptor left.
const BREATH: Duration = Duration::from_millis(100);

/// A server: what is behind its connections.
pub struct Server {
    context: Arc<Context>,
    gate: Gate,
    router: Router,
    tls: Option<TlsAcceptor>,
    crowd: Crowd,
    /// One for each descriptor of a connection; held until it is closed.
    open: Arc<Semaphore>,
    in_flight: Semaphore,
}

impl Server {
    /// A server of `router`; with `tls` it speaks nothing else.
    pub fn new(
        context: Arc<Context>,
        gate: Gate,
        router: Router,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let (crowd, in_flight) = (Crowd::new(SEATS), Semaphore::new(IN_FLIGHT));
        let open = Arc::new(Semaphore::new(SEATS + ENDING));
        Self { context, gate, router, tls, crowd, open, in_flight }
    }

    /// Takes connections from `listener` until `stop`.
    pub async fn run(self: Arc<Self>, listener: TcpListener, stop: CancellationToken) {
        let tasks = TaskTracker::new();
        loop {
            let accepting = async {
                // It is never closed.
                let open = Arc::clone(&self.open).acquire_owned().await.ok();
                (listener.accept().await, open)
            };
            let (accepted, open) = tokio::select! {
                () = stop.cancelled() => break,
                accepted = accepting => accepted,
            };
            match accepted {
                Ok((stream, peer)) => self.seat(stream, peer, open, &tasks, &stop),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not taken");
                    tokio::time::sleep(BREATH).await;
                }
            }
        }
        tasks.close();
        tokio::time::timeout(LEAVE, tasks.wait()).await.ok();
    }

    /// Gives a connection a seat, if there is one to be had.
    fn seat(
        self: &Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        open: Option<OwnedSemaphorePermit>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) {
        let Some(seat) = self.crowd.seat() else {
            tracing::debug!(%peer, "every connection is busy; one more is dropped");
            return self.context.counts.refused();
        };
        let (server, stop) = (Arc::clone(self), stop.clone());
        tasks.spawn(async move {
            let _open = open;
            let dropped = seat.dropped();
            tokio::select! {
                () = dropped.cancelled() => {}
                result = server.converse(stream, peer, Arc::new(seat), stop) => {
                    if let Err(error) = result {
                        tracing::debug!(%peer, %error, "a connection ended");
                    }
                }
            }
        });
    }

    async fn converse(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        seat: Arc<Seat>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let link = Link { peer, local: stream.local_addr()?, tls: self.tls.is_some() };
        let stream = Patience::new(stream, STALL);
        match &self.tls {
            None => self.clone().speak(stream, link, seat, stop).await,
            Some(tls) => {
                let handshake = tokio::time::timeout(HEAD, tls.accept(stream));
                let stream = handshake.await.map_err(|_| io::ErrorKind::TimedOut)??;
                self.clone().speak(stream, link, seat, stop).await
            }
        }
        .map_err(io::Error::other)
    }

    /// HTTP on `stream`, until either side ends it.
    async fn speak(
        self: Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        link: Link,
        seat: Arc<Seat>,
        stop: CancellationToken,
    ) -> hyper::Result<()> {
        let (beyond, _guard) = Beyond::new(&stop);
        let (kept, further) = (Arc::clone(&seat), beyond.clone());
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            let (server, seat) = (Arc::clone(&self), Arc::clone(&seat));
            if let Some(on) = request.extensions_mut().remove::<OnUpgrade>() {
                request.extensions_mut().insert(Upgrade { on, beyond: further.clone() });
            }
            async move {
                let busy = seat.busy();
                let response = server.answer(request.map(Body::new), link).await;
                Ok::<_, std::convert::Infallible>(response.map(|body| Held::new(body, busy)))
            }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .max_buf_size(HEAD_BYTES)
            .max_headers(HEADERS)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        tokio::pin!(connection);
        tokio::select! {
            result = &mut connection => result?,
            () = stop.cancelled() => {
                connection.as_mut().graceful_shutdown();
                connection.await?;
            }
        }
        let _busy = kept.busy();
        beyond.over().await;
        Ok(())
    }

    /// The answer to `request`, whatever it is.
    async fn answer(&self, request: Request, link: Link) -> Response {
        let method = request.method().clone();
        let person = is_person(request.headers());
        let mut response = self.let_in(request, link).await;
        let problem = response.extensions_mut().remove::<Problem>().filter(|_| person);
        let matched = response.extensions().get::<Matched>().copied();
        self.context.counts.answered(&method, matched.map(|path| path.0), response.status());
        if let Some(problem) = problem {
            response = web::problem(&problem);
        }
        harden(response.headers_mut());
        response
    }

    async fn let_in(&self, request: Request, link: Link) -> Response {
        let (mut parts, body) = request.into_parts();
        let now = self.context.clock.now();
        let caller = match self.gate.check(&parts, link, &self.context.setting, now) {
            Ok(caller) => caller,
            Err(problem) => return problem.respond(),
        };
        let Ok(_permit) = self.in_flight.try_acquire() else {
            return Problem::busy("too many requests at once; ask again in a second").respond();
        };
        parts.extensions.insert(caller);
        let Ok(response) = self.router.clone().oneshot(Request::from_parts(parts, body)).await;
        response
    }
}

/// What every answer says to a browser, unless it says itself what may be loaded.
fn harden(headers: &mut HeaderMap) {
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
