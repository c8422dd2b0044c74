//! A Vulcan API server: its backends, its workloads, and its nodes where it has any.
//!
//! The server gives figures over all workloads and none of a backend, so those are made from the
//! list of the latest (`figures`). It documents nodes and does not serve them: they are asked for
//! and become nodes below this source if they come. Workloads are not benchmarks: nothing is started
//! there.

use std::time::Duration;

use serde_json::Value;

use super::detect;
use super::foreign::{Survey, value};
use super::{Asked, Error, Source, Spec, Told, Wants};
use crate::model::command::Command;
use crate::model::origin::Kind;
use crate::model::reading::Reading;
use crate::model::update::What;
use crate::model::workload::{Capability, Status, Workloads};

mod figures;
mod list;
mod node;

use list::List;

const BACKENDS: &str = "/v1/backends";
const STATS: &str = "/v1/stats";
const WORKLOADS: &str = "/v1/workloads";
const NODES: &str = "/v1/nodes";
/// Questions only a Vulcan answers.
const OWN: [&str; 3] = [BACKENDS, STATS, WORKLOADS];
/// Backends come and go with a restart of the server.
const RARELY: Duration = Duration::from_secs(30);
/// Backends that are kept.
const MOST_BACKENDS: usize = 64;

/// A Vulcan API server.
#[derive(Debug)]
pub struct Vulcan {
    survey: Survey,
    list: List,
    capabilities: Vec<Capability>,
    stats: Option<Stats>,
    told: Option<Workloads>,
}

/// Figures over all workloads.
#[derive(Clone, Debug, Default, PartialEq)]
struct Stats {
    total: Option<u64>,
    by_status: Vec<(Status, u64)>,
    mean_seconds: Option<crate::model::unit::Seconds>,
}

impl Vulcan {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let survey = Survey::new(spec, Kind::Vulcan)?;
        let (list, capabilities) = (List::default(), Vec::new());
        Ok(Self { survey, list, capabilities, stats: None, told: None })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        self.ask_backends().await;
        self.ask_stats().await;
        self.list.ask(&mut self.survey).await;
        let nodes = self.ask_nodes().await;
        self.survey.end()?;
        detect::check(&self.survey, "Vulcan API server", &OWN).await?;
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        told.extend(self.news().map(Told::own));
        told.extend(nodes);
        Ok(told)
    }

    async fn ask_backends(&mut self) {
        let Some(answer) = self.survey.ask(BACKENDS, RARELY).await.value() else { return };
        match answer.as_array() {
            Some(backends) => {
                let backends = backends.iter().take(MOST_BACKENDS);
                self.capabilities = backends.filter_map(capability).collect();
            }
            None => self.survey.misshapen(BACKENDS, "this is no list of backends"),
        }
    }

    async fn ask_stats(&mut self) {
        let pace = self.survey.pace();
        let Some(answer) = self.survey.ask(STATS, pace).await.value() else { return };
        match stats(&answer) {
            Some(stats) => self.stats = Some(stats),
            None => self.survey.misshapen(STATS, "this holds no count of workloads"),
        }
    }

    async fn ask_nodes(&mut self) -> Vec<Told> {
        let pace = self.survey.pace();
        let Some(answer) = self.survey.ask(NODES, pace).await.value() else { return Vec::new() };
        let Some(nodes) = node::read(&answer) else {
            self.survey.misshapen(NODES, "this is no list of nodes");
            return Vec::new();
        };
        let tell = |node: &node::Node| node.tell(self.survey.below(), self.list.latest());
        nodes.iter().flat_map(tell).collect()
    }

    /// The workloads, if something about them is new.
    fn news(&mut self) -> Option<What> {
        if !self.survey.offers_one_of(&OWN) {
            return None;
        }
        let latest = self.list.latest().to_vec();
        let stats = self.stats.clone().unwrap_or_default();
        let counted = figures::by_status(&latest);
        let derived = stats.by_status.is_empty();
        let now_ms = self.survey.there_ms();
        let (done, oldest_seconds) = figures::lately(&latest, now_ms);
        let news = Workloads {
            by_backend: figures::by_backend(&latest),
            total: stats.total.or_else(|| self.list.total()),
            by_status: if derived { counted } else { stats.by_status },
            derived: true,
            mean_seconds: stats.mean_seconds,
            capabilities: self.capabilities.clone(),
            gaps: figures::gaps(&latest, self.list.newest_ms()),
            spells: figures::spells(&latest, now_ms),
            oldest_seconds,
            done,
            latest,
        };
        // That what runs has grown older is nothing new.
        let key = Workloads { oldest_seconds: Reading::default(), ..news.clone() };
        if self.told.as_ref() == Some(&key) {
            return None;
        }
        self.told = Some(key);
        Some(What::Workloads(Box::new(news)))
    }
}

impl Source for Vulcan {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "Vulcan runs workloads, and workloads are no benchmarks: isomon measures only on \
                   nodes where an isomon runs";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}

fn capability(backend: &Value) -> Option<Capability> {
    let can = backend.get("capabilities").unwrap_or(&Value::Null);
    Some(Capability {
        backend: value::text(backend, "name")?,
        engine: value::words(can, "name"),
        runtimes: value::texts(can, "supported_runtimes", 16),
        isolations: value::texts(can, "supported_isolations", 16),
        max_concurrency: value::count(can, "max_concurrency"),
    })
}

fn stats(answer: &Value) -> Option<Stats> {
    let by_status = answer.get("by_status").and_then(Value::as_object);
    let total = value::count(answer, "total");
    if total.is_none() && by_status.is_none() {
        return None;
    }
    let counts = by_status.into_iter().flatten().filter_map(|(name, count)| {
        let status = Status::ALL.into_iter().find(|status| status.name() == name)?;
        Some((status, count.as_u64()?))
    });
    let mut by_status: Vec<(Status, u64)> = counts.collect();
    by_status.sort_unstable();
    // It is 0 where nothing completed.
    let mean_seconds = value::seconds(answer, "avg_duration_ms", 1e-3).filter(|mean| mean.0 > 0.0);
    Some(Stats { total, by_status, mean_seconds })
}

#[cfg(test)]
mod tests;
