//! The connections of many sources together: one connection pool for each way to trust a server, one
//! resolver of names for all of them.
//!
//! Certificates and keys of TLS are read once and not for each of ten thousand nodes. Names are looked
//! up beside everything else, a few at a time, remembered for a while, and at most eight addresses of
//! one are tried: a resolver that is slow or lies costs the node it is asked for, and nobody else.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

use super::Spec;
use super::client::{CONNECT, TOTAL};

/// Names looked up at the same time; each may hold a thread for as long as the system's resolver
/// takes, which may be half a minute.
const LOOKUPS: usize = 4;
/// Time a look-up has; less than connecting has, so that the reason is told.
const LOOKUP: Duration = Duration::from_millis(1_500);
/// How long an address is believed.
const FRESH: Duration = Duration::from_mins(1);
/// How long it is believed that a name has none.
const ABSENT: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 8;
/// Names that are remembered.
const NAMES: usize = 20_000;

/// What sources share. Cheap to clone; a fresh one shares with nobody.
#[derive(Clone, Debug, Default)]
pub struct Clients(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    /// Connections to one server that are kept open for the next question; `None` is one.
    idle: Option<usize>,
    made: Mutex<HashMap<Trust, reqwest::Client>>,
    names: Names,
}

/// How a server is trusted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Trust {
    tls: bool,
    ca: Option<Vec<u8>>,
    insecure: bool,
}

impl Clients {
    /// Connections for `count` sources. Where each could not keep one of `sockets` open, none does.
    pub fn of_fleet(count: usize, sockets: usize) -> Self {
        Self(Arc::new(Shared { idle: (count > sockets).then_some(0), ..Shared::default() }))
    }

    /// Connections for `at_once` questions to one server, each kept open for the next.
    pub fn of_load(at_once: usize) -> Self {
        Self(Arc::new(Shared { idle: Some(at_once), ..Shared::default() }))
    }

    /// What speaks to the source that `spec` names.
    pub(super) fn of(&self, spec: &Spec) -> Result<reqwest::Client, reqwest::Error> {
        let tls = spec.address.url().is_some_and(|url| url.starts_with("https:"));
        let (ca, insecure) = (spec.ca.clone().filter(|_| tls), spec.insecure && tls);
        let trust = Trust { tls, ca, insecure };
        let mut made = self.0.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&trust) {
            return Ok(client.clone());
        }
        let client = self.build(&trust)?;
        made.insert(trust, client.clone());
        Ok(client)
    }

    fn build(&self, trust: &Trust) -> Result<reqwest::Client, reqwest::Error> {
        // Whoever was first has set it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .timeout(TOTAL)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("isomon/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(self.0.names.clone()))
            .pool_max_idle_per_host(self.0.idle.unwrap_or(1))
            .tcp_keepalive(Duration::from_secs(15));
        if let Some(pem) = &trust.ca {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem)?);
        } else if !trust.tls {
            // Nobody needs the system's certificates, which take time and memory to read.
            builder = builder.tls_certs_only([]);
        }
        if trust.insecure {
            builder = builder.tls_danger_accept_invalid_certs(true);
        }
        builder.build()
    }
}

/// Names, and what is known of them.
#[derive(Clone, Debug)]
struct Names {
    turns: Arc<Semaphore>,
    known: Arc<Mutex<HashMap<String, Known>>>,
    /// Names that are asked for; each takes one turn, and whoever asks meanwhile waits for its end.
    asking: Arc<Mutex<HashMap<String, watch::Receiver<()>>>>,
}

/// A name that is asked for, until this is dropped.
#[derive(Debug)]
struct Asking {
    names: Names,
    name: String,
    /// Wakes those who wait for it.
    _over: watch::Sender<()>,
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.names.asking.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.name);
    }
}

/// What is known of a name, and until when it is believed.
#[derive(Clone, Debug)]
struct Known {
    addresses: Vec<IpAddr>,
    until: Instant,
}

impl Default for Names {
    fn default() -> Self {
        let turns = Arc::new(Semaphore::new(LOOKUPS));
        Self { turns, known: Arc::default(), asking: Arc::default() }
    }
}

/// Why a name has no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    /// The system's resolver says so.
    #[error("no address is known")]
    Absent,
    /// It did not answer in time.
    #[error("the name was not found in time")]
    Late,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let names = self.clone();
        Box::pin(async move {
            let addresses = names.look_up(name.as_str()).await?;
            let addresses = addresses.into_iter().map(|ip| SocketAddr::new(ip, 0));
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

impl Names {
    async fn look_up(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        match tokio::time::timeout(LOOKUP, self.found(name)).await {
            Ok(found) => found,
            // An address that was right a minute ago is better than none.
            Err(_) => self
                .known(name)
                .filter(|known| !known.addresses.is_empty())
                .map_or(Err(Unknown::Late), |known| Ok(known.addresses)),
        }
    }

    /// What is believed of `name`, else what the system says.
    async fn found(&self, name: &str) -> Result<Vec<IpAddr>, Unknown> {
        loop {
            if let Some(known) = self.known(name).filter(|known| known.until > Instant::now()) {
                return known.found();
            }
            match self.begin(name) {
                Ok(asking) => {
                    let addresses = asking.ask().await;
                    return if addresses.is_empty() { Err(Unknown::Absent) } else { Ok(addresses) };
                }
                // It never changes, and ends when the name is asked for no more.
                Err(mut other) => {
                    other.changed().await.ok();
                }
            }
        }
    }

    /// Begins to ask for `name`; an error is who does so already.
    fn begin(&self, name: &str) -> Result<Asking, watch::Receiver<()>> {
        let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(other) = asking.get(name) {
            return Err(other.clone());
        }
        let (over, waiting) = watch::channel(());
        asking.insert(name.to_owned(), waiting);
        Ok(Asking { names: self.clone(), name: name.to_owned(), _over: over })
    }

    fn known(&self, name: &str) -> Option<Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }

    fn keep(&self, name: &str, addresses: Vec<IpAddr>) -> Result<Vec<IpAddr>, Unknown> {
        let believed = if addresses.is_empty() { ABSENT } else { FRESH };
        let known = Known { addresses, until: Instant::now() + believed };
        let found = known.found();
        let mut all = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= NAMES {
            all.clear();
        }
        all.insert(name.to_owned(), known);
        found
    }
}

impl Asking {
    /// Asks the system, in a thread of its own; the turn ends with the thread and not before.
    async fn ask(self) -> Vec<IpAddr> {
        let turns = Arc::clone(&self.names.turns);
        let Ok(turn) = turns.acquire_owned().await else { return Vec::new() };
        let asked = tokio::task::spawn_blocking(move || {
            let (_turn, asking) = (turn, self);
            let found = std::net::ToSocketAddrs::to_socket_addrs(&(asking.name.as_str(), 0));
            let mut addresses: Vec<IpAddr> = Vec::new();
            for address in found.into_iter().flatten().map(|address| address.ip()) {
                if addresses.len() < ADDRESSES && !addresses.contains(&address) {
                    addresses.push(address);
                }
            }
            // Whoever asked may have gone; the next one finds it.
            asking.names.keep(&asking.name, addresses.clone()).ok();
            addresses
        });
        asked.await.unwrap_or_default()
    }
}

impl Known {
    fn found(&self) -> Result<Vec<IpAddr>, Unknown> {
        if self.addresses.is_empty() { Err(Unknown::Absent) } else { Ok(self.addresses.clone()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::address::Address;
    use crate::model::id::SourceId;

    #[tokio::test]
    async fn a_name_is_looked_up_once_and_believed_for_a_while() {
        let names = Names::default();
        let found = names.look_up("localhost").await.unwrap();
        assert!(found.iter().all(IpAddr::is_loopback) && found.len() <= ADDRESSES);
        names.turns.close();
        assert_eq!(names.look_up("localhost").await, Ok(found));
        assert_eq!(names.look_up("b.invalid").await, Err(Unknown::Absent));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_a_name_is_told_so_and_an_old_address_stands() {
        let names = Names::default();
        let _all = Arc::clone(&names.turns).acquire_many_owned(4).await.unwrap();
        assert_eq!(names.look_up("a.invalid").await, Err(Unknown::Late));
        let old: Vec<IpAddr> = vec!["127.0.0.9".parse().unwrap()];
        names.keep("a.invalid", old.clone()).unwrap();
        tokio::time::advance(FRESH * 2).await;
        assert_eq!(names.look_up("a.invalid").await, Ok(old));
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_that_is_slow_takes_one_turn_and_all_who_ask_wait_for_its_end() {
        let names = Names::default();
        let slow = names.begin("a.invalid").unwrap();
        for _ in 0..=LOOKUPS {
            assert_eq!(names.look_up("a.invalid").await, Err(Unknown::Late), "nobody else asks");
        }
        let found: Vec<IpAddr> = vec!["127.0.0.9".parse().unwrap()];
        let answer = async {
            names.keep("a.invalid", found.clone()).unwrap();
            drop(slow);
        };
        let (waited, ()) = tokio::join!(names.look_up("a.invalid"), answer);
        assert_eq!(waited, Ok(found));
        assert!(names.asking.lock().unwrap().is_empty());
        drop(names.begin("a.invalid").unwrap());
    }

    #[test]
    fn those_who_trust_alike_share_and_others_do_not() {
        let clients = Clients::default();
        let spec = |text: &str| {
            let id = SourceId(text.into());
            Spec { clients: clients.clone(), ..Spec::new(id, Address::parse(text).unwrap()) }
        };
        for text in ["http://a", "http://b", "https://c"] {
            clients.of(&spec(text)).unwrap();
        }
        let strange = Spec { insecure: true, ..spec("https://d") };
        clients.of(&strange).unwrap();
        assert_eq!(clients.0.made.lock().unwrap().len(), 3);
    }
}
