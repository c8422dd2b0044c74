//! Servers of models on this machine, found by who listens.
//!
//! Only where the user allows it, and only by the loopback address: each listener is asked for three
//! documented paths at most, a few listeners at a time; who is nobody known is left alone for minutes. A
//! process that calls itself a server of models is asked again until it answers, because loading takes
//! long.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::local::{self, Listener};
use super::{LOADED, METRICS, MODELS, ModelServer};
use crate::config::address::Address;
use crate::metric::server::speaker;
use crate::model::id::SourceId;
use crate::model::serving::{Engine, Serving};
use crate::model::update::What;
use crate::source::client::{Client, parse};
use crate::source::{Clients, Source, Spec, Wants};

/// Listeners asked who they are in one round.
const AT_ONCE: usize = 8;
/// Servers that are watched.
const MOST: usize = 32;
/// Ports below are the system's.
const FIRST: u16 = 1_024;
/// Time until a listener nobody knows is asked again.
const AGAIN: Duration = Duration::from_mins(5);
/// The same for a process that calls itself a server of models.
const SOON: Duration = Duration::from_secs(10);

/// What is known of this machine's servers.
#[derive(Debug, Default)]
pub struct Scan {
    servers: BTreeMap<u16, (u32, ModelServer)>,
    /// Listeners that are nobody known, and when they may be asked again.
    strangers: HashMap<(u16, u32), Instant>,
    clients: Clients,
}

impl Scan {
    /// How each model of this machine is served now.
    pub async fn round(&mut self) -> Vec<Serving> {
        let looked = tokio::task::spawn_blocking(|| local::listeners(Path::new("/proc"))).await;
        let listeners = looked.unwrap_or_default();
        let is_there = |port: &u16, pid: &u32| {
            listeners.iter().any(|one| one.port == *port && one.pid == *pid)
        };
        self.servers.retain(|port, (pid, _)| is_there(port, pid));
        self.strangers.retain(|(port, pid), _| is_there(port, pid));
        self.meet(&listeners).await;
        let told = join_all(
            self.servers.values_mut().map(|(_, server)| Source::ask(server, Wants::default())),
        );
        let mut serving = Vec::new();
        for one in told.await.into_iter().flatten().flatten() {
            if let What::Serving(models) = one.what {
                serving.extend(models);
            }
        }
        serving
    }

    /// Asks listeners who they are, those first that look like a server of models.
    async fn meet(&mut self, listeners: &[Listener]) {
        let own = std::process::id();
        let now = Instant::now();
        let rests = |one: &Listener| {
            self.strangers.get(&(one.port, one.pid)).is_some_and(|until| now < *until)
        };
        let new = |one: &&Listener| {
            let known = self.servers.contains_key(&one.port);
            one.pid != own && one.port >= FIRST && !known && !rests(one)
        };
        let mut all: Vec<&Listener> = listeners.iter().filter(new).collect();
        all.sort_by_key(|one| one.engine.is_none());
        all.truncate(AT_ONCE);
        let clients = self.clients.clone();
        let met = join_all(all.into_iter().map(async |one| {
            let spec = spec(one.port, &clients);
            (one, who(&spec, one).await.map(|engine| (spec, engine)))
        }));
        for (one, found) in met.await {
            let server = found.and_then(|(spec, engine)| ModelServer::new(&spec, engine).ok());
            match server {
                Some(server) if self.servers.len() < MOST => {
                    self.servers.insert(one.port, (one.pid, server));
                }
                _ => {
                    let rest = if one.engine.is_some() { SOON } else { AGAIN };
                    self.strangers.insert((one.port, one.pid), now + rest);
                }
            }
        }
    }
}

fn spec(port: u16, clients: &Clients) -> Spec {
    let (kind, host) = (None, "127.0.0.1".to_owned());
    let address = Address::Http { kind, tls: false, host, port, base: String::new() };
    Spec { clients: clients.clone(), ..Spec::new(SourceId::local(), address) }
}

/// Which server of models answers there, if one does.
async fn who(spec: &Spec, listener: &Listener) -> Option<Engine> {
    let client = Client::new(spec).ok()?;
    if listener.engine == Some(Engine::Ollama) || listener.port == Engine::Ollama.port() {
        let reply = client.get(LOADED).await.ok()?;
        let list: serde_json::Value = parse(LOADED, &client.good(LOADED, reply).ok()?.body).ok()?;
        return list.get("models")?.is_array().then_some(Engine::Ollama);
    }
    let page = client.get(METRICS).await.ok()?;
    let page = client.good(METRICS, page).ok().map(|reply| reply.body);
    if let Some(engine) = page.and_then(|body| speaker(&body)) {
        return Some(engine);
    }
    let reply = client.get(MODELS).await.ok()?;
    let list: serde_json::Value = parse(MODELS, &client.good(MODELS, reply).ok()?.body).ok()?;
    super::owner(&list)
}
