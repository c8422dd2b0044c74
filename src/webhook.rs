//! Sends a message to an address of the web that a user wrote, and to no other.
//!
//! Whoever can change a name's addresses, or answers there, must not make isomon call anything else:
//! the name is looked up, every address it has is looked at, and what is dialled is what was looked at.
//! No proxy, no redirect, 5 s in all, at most 64 KiB of an answer is read and none of it shown. The
//! address is a secret: no error holds more of it than its host.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};

use crate::model::secret::Secret;
use crate::model::text::SafeText;

pub mod address;

pub use address::{Allow, Denied};

/// Time for a message and its answer.
const TOTAL: Duration = Duration::from_secs(5);
/// Time to connect.
const CONNECT: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const READ: usize = 64 << 10;
/// Longest time that a server may ask to be left alone.
const ALONE: Duration = Duration::from_mins(1);
/// Longest address.
const LONGEST: usize = 2_048;

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no address that anything can be sent to.
    #[error("its address {why}")]
    Address {
        /// What is wrong with it.
        why: &'static str,
    },
    /// The address leads where nothing may be sent to.
    #[error("{host} leads to {denied}")]
    Denied {
        /// The host.
        host: SafeText,
        /// Where to, and why not.
        #[source]
        denied: Denied,
    },
    /// The name has no address.
    #[error("{host} has no address")]
    Name {
        /// The host.
        host: SafeText,
    },
    /// It asks for the message elsewhere.
    #[error("it answered {status}, a redirect, which is not followed")]
    Redirect {
        /// The status.
        status: u16,
    },
    /// It does not want the message.
    #[error("it answered {status}")]
    Status {
        /// The status.
        status: u16,
        /// How long it asks to be left alone.
        after: Option<Duration>,
    },
    /// It did not answer in time.
    #[error("no answer within 5 s")]
    Late,
    /// The connection could not be made, or broke.
    #[error("{why}")]
    Cut {
        /// Why.
        why: SafeText,
    },
}

impl Error {
    /// Whether it may go better later.
    pub const fn may_pass(&self) -> bool {
        match self {
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..=599),
            Self::Late | Self::Cut { .. } | Self::Name { .. } => true,
            Self::Address { .. } | Self::Denied { .. } | Self::Redirect { .. } => false,
        }
    }

    /// How long the server asks to be left alone.
    pub const fn after(&self) -> Option<Duration> {
        match self {
            Self::Status { after, .. } => *after,
            _ => None,
        }
    }
}

/// What a look-up comes to.
pub type LookUp = Pin<Box<dyn Future<Output = Vec<IpAddr>> + Send>>;

/// Who knows names.
pub trait Names: Send + Sync + 'static {
    /// The addresses of `host`; none where it has none.
    fn look_up(&self, host: String) -> LookUp;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct System;

impl Names for System {
    fn look_up(&self, host: String) -> LookUp {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, 0)).await;
            found.map(|found| found.map(|address| address.ip()).collect()).unwrap_or_default()
        })
    }
}

/// Looks names up, and at every address before it is dialled.
#[derive(Clone)]
struct Gate {
    names: Arc<dyn Names>,
    allow: Allow,
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let found = gate.names.look_up(name.as_str().to_owned()).await;
            if found.is_empty() {
                return Err(Box::new(address::Nowhere) as Box<dyn std::error::Error + Send + Sync>);
            }
            for address in &found {
                address::check(*address, gate.allow)?;
            }
            let found: Vec<SocketAddr> =
                found.into_iter().take(8).map(|ip| SocketAddr::new(ip, 0)).collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// An address that takes messages.
pub struct Webhook {
    url: Url,
    host: SafeText,
    client: reqwest::Client,
}

impl Webhook {
    /// The address `url`, where `allow` lets it lead.
    ///
    /// # Errors
    /// If it is no address of the web, would be read by all on the way, or is one that is denied.
    pub fn new(url: &Secret, allow: Allow) -> Result<Self, Error> {
        Self::with(url, allow, Arc::new(System))
    }

    /// The same, with names known by `names`.
    pub fn with(url: &Secret, allow: Allow, names: Arc<dyn Names>) -> Result<Self, Error> {
        let wrong = |why| Error::Address { why };
        if url.reveal().len() > LONGEST {
            return Err(wrong("is too long"));
        }
        let url = Url::parse(url.reveal()).map_err(|_| wrong("is no URL: https://host/path"))?;
        if !matches!(url.scheme(), "https" | "http") {
            return Err(wrong("begins with neither https:// nor http://"));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("holds a name or a password, which servers keep in their logs"));
        }
        let Some(host) = url.host_str() else { return Err(wrong("has no host")) };
        let bare = host.trim_matches(['[', ']']);
        let host = SafeText::new(bare);
        if let Ok(ip) = bare.parse::<IpAddr>() {
            address::check(ip, allow)
                .map_err(|denied| Error::Denied { host: host.clone(), denied })?;
        }
        if url.scheme() == "http" && !allow.private && !allow.loopback {
            return Err(wrong("is http://, so that all on the way could read it; write https://"));
        }
        let client = client(&url, Gate { names, allow })?;
        Ok(Self { url, host, client })
    }

    /// Sends `body`, which is JSON.
    pub async fn post(&self, body: Vec<u8>) -> Result<(), Error> {
        let request = self.client.post(self.url.clone()).header(CONTENT_TYPE, "application/json");
        let mut response = request.body(body).send().await.map_err(|error| self.told(&error))?;
        let status = response.status().as_u16();
        let after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|text| text.trim().parse::<f64>().ok());
        let after = after.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
        let mut read = 0;
        // What it says is of no use; it is read so that a server is not cut off in the middle.
        while read < READ {
            match response.chunk().await {
                Ok(Some(piece)) => read += piece.len(),
                Ok(None) | Err(_) => break,
            }
        }
        match status {
            200..=299 => Ok(()),
            300..=399 => Err(Error::Redirect { status }),
            _ => Err(Error::Status { status, after: after.map(|after| after.min(ALONE)) }),
        }
    }

    fn told(&self, error: &reqwest::Error) -> Error {
        let mut source = std::error::Error::source(error);
        let mut why = String::new();
        while let Some(cause) = source {
            if let Some(denied) = cause.downcast_ref::<Denied>() {
                return Error::Denied { host: self.host.clone(), denied: *denied };
            }
            if cause.is::<address::Nowhere>() {
                return Error::Name { host: self.host.clone() };
            }
            why = cause.to_string();
            source = cause.source();
        }
        if error.is_timeout() {
            return Error::Late;
        }
        let why = why.split(" (os error ").next().unwrap_or_default().to_lowercase();
        let why = if why.is_empty() { "the connection broke".to_owned() } else { why };
        Error::Cut { why: SafeText::within(&why, 120) }
    }
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Webhook").field("host", &self.host).finish_non_exhaustive()
    }
}

fn client(url: &Url, gate: Gate) -> Result<reqwest::Client, Error> {
    // Whoever was first has set it.
    drop(rustls::crypto::ring::default_provider().install_default());
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .no_gzip()
        .referer(false)
        .user_agent(concat!("isomon/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Arc::new(gate))
        // Each message dials anew, so that each address is looked at when it is used.
        .pool_max_idle_per_host(0);
    if url.scheme() == "http" {
        builder = builder.tls_certs_only([]);
    }
    builder.build().map_err(|_| Error::Address { why: "needs TLS, which cannot be set up here" })
}
