//! The names this server answers to.
//!
//! A name that somebody else's DNS points here is not ours: that is how a page in a browser reaches what
//! only this machine should. So a name must be on the list, and an address must be the one that was
//! connected to, each with the port.

use std::net::IpAddr;

use axum::http::header::HOST;
use axum::http::request::Parts;
use axum::http::uri::{Authority, Scheme};

use super::Link;
use crate::serve::answer::Problem;

/// The names this server answers to, beside its addresses and `localhost`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Names it has by itself, in lower case; with its own port alone.
    own: Vec<String>,
    /// What the user allowed: a name, and a port if only that one.
    allowed: Vec<(String, Option<u16>)>,
}

/// The host of a request: its name in lower case, and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    name: String,
    port: u16,
}

impl Hosts {
    /// Answers to `names`, which are the machine's own, and to `localhost`.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let own = names.into_iter().chain(["localhost"]);
        Self { own: own.map(str::to_ascii_lowercase).collect(), allowed: Vec::new() }
    }

    /// Answers to `text` too: `name`, `name:port`, or an address. False if it is none.
    #[must_use]
    pub fn allow(&mut self, text: &str) -> bool {
        let Ok(authority) = text.parse::<Authority>() else { return false };
        if text.contains('@') || authority.host().is_empty() || text.contains('*') {
            return false;
        }
        self.allowed.push((authority.host().to_ascii_lowercase(), authority.port_u16()));
        true
    }

    /// The host `request` names, if it is this server.
    pub(super) fn check(&self, request: &Parts, link: Link) -> Result<Named, Problem> {
        let mut given = request.headers.get_all(HOST).iter();
        let (Some(host), None) = (given.next(), given.next()) else {
            return Err(Problem::bad("a request has exactly one Host"));
        };
        let named = host.to_str().ok().and_then(|host| Named::read(host, link.tls));
        let named = named.ok_or_else(|| Problem::bad("Host is not a name or an address"))?;
        if let Some(authority) = request.uri.authority() {
            let target = Named::read(authority.as_str(), link.tls);
            let scheme = if link.tls { Scheme::HTTPS } else { Scheme::HTTP };
            let same = target.as_ref() == Some(&named) && request.uri.scheme() == Some(&scheme);
            if !same {
                return Err(Problem::bad("the address in the first line is not that of Host"));
            }
        }
        if self.knows(&named, link) {
            return Ok(named);
        }
        Err(Problem::forbidden(
            "this server does not go by that Host; if it should, start it with --allow-host NAME",
        ))
    }

    fn knows(&self, named: &Named, link: Link) -> bool {
        let allowed = |(name, port): &(String, Option<u16>)| {
            *name == named.name && port.is_none_or(|port| port == named.port)
        };
        if self.allowed.iter().any(allowed) {
            return true;
        }
        if named.port != link.local.port() {
            return false;
        }
        match named.address() {
            Some(address) => address == link.local.ip().to_canonical(),
            None => self.own.contains(&named.name),
        }
    }
}

impl Named {
    fn read(text: &str, tls: bool) -> Option<Self> {
        let authority: Authority = text.parse().ok()?;
        if text.contains('@') || authority.host().is_empty() {
            return None;
        }
        let port = match text.strip_prefix(authority.host())? {
            "" => {
                if tls {
                    443
                } else {
                    80
                }
            }
            port => port.strip_prefix(':')?.parse().ok()?,
        };
        Some(Self { name: authority.host().to_ascii_lowercase(), port })
    }

    /// The address, if it is one and no name.
    fn address(&self) -> Option<IpAddr> {
        match self.name.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
            None => self.name.parse().ok().map(IpAddr::V4),
        }
        .map(|address: IpAddr| address.to_canonical())
    }

    /// Whether `origin` is this host by `scheme`.
    pub(super) fn is_origin(&self, origin: &str, scheme: &str) -> bool {
        let rest = origin.split_once("://");
        rest.is_some_and(|(given, rest)| {
            given.eq_ignore_ascii_case(scheme)
                && Self::read(rest, scheme == "https").as_ref() == Some(self)
        })
    }
}
