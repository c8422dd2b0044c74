//! Any Prometheus-compatible store, asked in PromQL: one source for thousands of nodes.
//!
//! The store has scraped the nodes already; here it is asked a dozen fixed questions about all of them
//! at once, whatever their number. Each answer is bounded and may be missing: a store without DCGM has
//! no GPUs to tell of, which is no error. A node is what `node_exporter` calls `instance`; exporters of
//! GPUs and models on the same host are joined to it. What the store could not scrape, or has not
//! scraped for long, is left out, so that it goes stale here too.

use std::collections::BTreeMap;
use std::time::Duration;

use super::client::Client;
use super::{Asked, Error, Source, Spec, Told, Wants, detect};
use crate::model::command::Command;
use crate::model::node::NodeInfo;
use crate::model::origin::{Endpoint, Kind, Offer, Origin};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::update::What;

mod answer;
mod disk;
mod fold;
pub(in crate::source) mod gpu;
mod machine;
mod query;
mod sensor;
mod serving;

use answer::{Sample, Store};
use fold::Fleet;
use query::{Query, Window};

/// Questions in flight at once.
const AT_ONCE: usize = 4;
/// Time for all questions together.
const ALL: Duration = Duration::from_secs(10);
/// Asks between two looks at what changes seldom: what machines are.
const SELDOM: u32 = 30;
/// Asks between two looks at how often is scraped, and at machines that nothing is known of.
const AGAIN: u32 = 5;
/// How old what a store has of a node may be, at the least; else four times between two scrapes.
const OLD: Duration = Duration::from_secs(30);

/// A store and what it said last.
#[derive(Debug)]
pub struct Prom {
    store: Store,
    origin: Origin,
    told: Option<Origin>,
    asks: u32,
    scrape: Option<Duration>,
    nodes: BTreeMap<String, Known>,
}

/// What was answered so far.
#[derive(Debug, Default)]
struct Heard {
    fleet: Fleet,
    good: bool,
    failed: Option<Error>,
}

impl Heard {
    /// Everything that was answered, by node; an error if nothing was.
    fn whole(self) -> Result<Fleet, Error> {
        match self.failed {
            Some(error) if !self.good => Err(error),
            _ => Ok(self.fleet),
        }
    }
}

/// What was told of a node.
#[derive(Debug, Default)]
struct Known {
    info: Option<NodeInfo>,
    offer: Option<Offer>,
}

impl Prom {
    /// The store that `spec` names. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let origin = Origin {
            kind: Kind::Prometheus,
            address: spec.address.to_string().into(),
            group: spec.group.clone(),
            interval_seconds: Seconds(spec.interval.unwrap_or_default().as_secs_f64()),
            unverified: spec.insecure,
            ..Origin::default()
        };
        let (told, asks, scrape) = (None, 0, None);
        let store = Store::new(Client::new(spec)?);
        Ok(Self { store, origin, told, asks, scrape, nodes: BTreeMap::new() })
    }

    async fn tell(&mut self) -> Result<Vec<Told>, Error> {
        if self.asks < AGAIN || self.asks.is_multiple_of(AGAIN) {
            self.look().await?;
        }
        let seldom = self.is_time_for_machines();
        let window = Window::of(self.scrape);
        let queries: Vec<&'static Query> =
            query::ALL.iter().filter(|query| seldom || !query.seldom).collect();
        let mut heard = Heard::default();
        for some in queries.chunks(AT_ONCE) {
            let asked = some.iter().map(|query| ask(&self.store, query, window));
            let replies = futures_util::future::join_all(asked).await;
            // An answer may be of 16 MiB: it is let go of before more are asked for.
            for (query, reply) in some.iter().zip(replies) {
                self.fold(&mut heard, query, reply)?;
            }
        }
        let fleet = heard.whole()?;
        self.asks = self.asks.wrapping_add(1);
        Ok(self.say(fleet))
    }

    /// What machines are changes seldom; one that is new is asked about soon.
    fn is_time_for_machines(&self) -> bool {
        let lacking = self.nodes.values().any(|node| node.info.is_none());
        let every = if lacking { AGAIN } else { SELDOM };
        self.asks < AGAIN || self.asks.is_multiple_of(every)
    }

    /// Who it is, and how often it scrapes: a store that has just begun knows that better every time.
    async fn look(&mut self) -> Result<(), Error> {
        if self.origin.version.is_none() {
            self.origin.version = answer::version(&self.store.client).await;
        }
        let reply = match ask(&self.store, &query::SCRAPES, Window::of(None)).await {
            Err(Error::NotOffered { .. }) => {
                let wanted = "store that is asked in PromQL";
                return Err(detect::another(&self.store.client, wanted).await);
            }
            reply => reply?,
        };
        let own = self.origin.interval_seconds.0;
        self.scrape = query::interval(&reply.samples()?);
        let scrape = self.scrape.map_or(0.0, |scrape| scrape.as_secs_f64());
        self.origin.interval_seconds = Seconds(own.max(scrape));
        Ok(())
    }

    /// Adds what was answered to `query`; an error if there is no use in asking further.
    fn fold(
        &mut self,
        heard: &mut Heard,
        query: &Query,
        answer: Result<answer::Reply, Error>,
    ) -> Result<(), Error> {
        let offer = match answer.and_then(|reply| take(&mut heard.fleet, query, &reply)) {
            Ok(offer) => {
                heard.good = true;
                offer
            }
            Err(error) if error.is_of_one_question() => {
                let offer = error.offer();
                heard.failed = heard.failed.take().or(Some(error));
                offer
            }
            Err(error) => return Err(error),
        };
        self.note(query.name.into(), offer);
        Ok(())
    }

    /// Keeps what came of a question, at the place of the time before.
    fn note(&mut self, name: SafeText, offer: Offer) {
        let endpoints = &mut self.origin.endpoints;
        match endpoints.iter_mut().find(|endpoint| endpoint.name == name) {
            Some(endpoint) => endpoint.offer = offer,
            None => endpoints.push(Endpoint { name, offer }),
        }
    }

    fn say(&mut self, fleet: Fleet) -> Vec<Told> {
        let mut told = Vec::new();
        if self.told.as_ref() != Some(&self.origin) {
            self.told = Some(self.origin.clone());
            told.push(Told::own(What::Origin(Box::new(self.origin.clone()))));
        }
        let oldest = self.scrape.map_or(OLD, |scrape| OLD.max(scrape * 4));
        let mut known = std::mem::take(&mut self.nodes);
        for (instance, node) in fleet.nodes(oldest) {
            let name = SafeText::new(&instance);
            let before = known.remove(&instance).unwrap_or_default();
            let offer = Some(node.offer.clone());
            if offer != before.offer {
                let origin = self.below(&name, node.offer.clone());
                told.push(Told::of(name.clone(), What::Origin(Box::new(origin))));
            }
            let info = node.info.or_else(|| before.info.clone());
            if info != before.info
                && let Some(info) = &info
            {
                told.push(Told::of(name.clone(), What::Info(Box::new(info.clone()))));
            }
            told.extend(node.told.into_iter().map(|what| Told::of(name.clone(), what)));
            self.nodes.insert(instance, Known { info, offer });
        }
        told
    }

    /// What a node below the store is, and whether the store reaches it.
    fn below(&self, instance: &SafeText, offer: Offer) -> Origin {
        Origin {
            address: format!("{} {instance}", self.origin.address).into(),
            endpoints: vec![Endpoint { name: "scrape".into(), offer }],
            ..self.origin.clone()
        }
    }
}

async fn ask(store: &Store, query: &Query, window: Window) -> Result<answer::Reply, Error> {
    answer::ask(store, query.name, &query.text(window)).await
}

/// Adds what was answered to `fleet`; what that says about the question.
fn take(fleet: &mut Fleet, query: &Query, reply: &answer::Reply) -> Result<Offer, Error> {
    let samples: Vec<Sample<'_>> = reply.samples()?;
    for sample in &samples {
        fleet.take(query.about, sample)?;
    }
    Ok(match reply.warning()? {
        Some(warning) => Offer::Failed(format!("the answer is not whole: {warning}").into()),
        None if samples.is_empty() => Offer::NotOffered,
        None => Offer::Offered,
    })
}

impl Source for Prom {
    fn ask(&mut self, _wants: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(async move {
            let late = Error::Late { seconds: ALL.as_secs(), doing: "answering all questions" };
            tokio::time::timeout(ALL, self.tell()).await.unwrap_or(Err(late))
        })
    }

    fn wish<'a>(&'a mut self, _command: &'a Command) -> Asked<'a, ()> {
        let why = "a store only tells; a benchmark needs an isomon on the node".into();
        Box::pin(async move { Err(Error::Unable { why }) })
    }
}
