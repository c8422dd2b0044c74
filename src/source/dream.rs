//! A DreamServer dashboard in any of its three implementations: GPUs, models, agents, services.
//!
//! What one of them lacks another has, so each question stands for itself: the page with two GPUs and
//! counters of vLLM, the API with services and an estimate of tokens, its successor with every GPU in
//! detail. The cluster it passes on is that of the status proxy ([`super::cluster`]).

use std::time::Duration;

use serde_json::Value;

use super::foreign::{Survey, value};
use super::{Asked, Error, Source, Spec, Told, Wants, cluster, detect};
use crate::model::command::Command;
use crate::model::origin::{Kind, Offer};
use crate::model::update::What;

mod agent;
mod gpu;
mod service;
mod serving;

use serving::Tokens;

const DETAILED: &str = "/api/gpu/detailed";
const GPU: &str = "/api/gpu";
const ONE_GPU: &str = "/gpu";
const STATUS: &str = "/status";
const SERVICES: &str = "/services";
const CAMEL: &str = "/api/status";
const VLLM: &str = "/api/vllm";
const AGENTS: &str = "/api/agents";
const METRICS: &str = "/api/agents/metrics";
const ERRORS: &str = "/api/errors";
const CLUSTER: &str = "/api/cluster";
/// Questions only a dashboard answers.
const OWN: [&str; 8] = [DETAILED, GPU, ONE_GPU, STATUS, SERVICES, CAMEL, VLLM, METRICS];
/// Time from one question about what changes slowly to the next.
const SLOWLY: Duration = Duration::from_secs(30);

/// A DreamServer dashboard, or its API.
#[derive(Debug)]
pub struct Dream {
    survey: Survey,
    tokens: Tokens,
    agents: agent::Known,
}

impl Dream {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let survey = Survey::new(spec, Kind::Dream)?;
        Ok(Self { survey, tokens: Tokens::default(), agents: agent::Known::default() })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        let status = self.ask(STATUS).await;
        let camel = self.ask(CAMEL).await;
        let mut whats = self.ask_gpus(status.as_ref()).await;
        whats.extend(self.ask_services(status.as_ref(), camel.as_ref()).await);
        let metrics = self.ask(METRICS).await;
        whats.extend(self.ask_serving(status.as_ref(), camel.as_ref(), metrics.as_ref()).await);
        let nodes = self.ask_cluster().await;
        whats.extend(self.ask_agents(metrics.as_ref()).await);
        self.survey.end()?;
        detect::check(&self.survey, "DreamServer dashboard", &OWN).await?;
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        told.extend(whats.into_iter().map(Told::own));
        told.extend(nodes);
        Ok(told)
    }

    /// Asks for `name`; an answer that holds an error of its own is none.
    async fn ask(&mut self, name: &'static str) -> Option<Value> {
        self.ask_every(name, self.survey.pace()).await
    }

    async fn ask_every(&mut self, name: &'static str, every: Duration) -> Option<Value> {
        let answer = self.survey.ask(name, every).await.value()?;
        if let Some(why) = value::text(&answer, "error") {
            self.survey.note(name, Offer::Failed(why), every);
            return None;
        }
        Some(answer)
    }

    /// Every GPU, from who tells most of them.
    async fn ask_gpus(&mut self, status: Option<&Value>) -> Vec<What> {
        let mut whats = Vec::new();
        let mut sample = gpu::list(self.ask_detailed().await.as_ref());
        if sample.is_none() && !self.survey.offers_one_of(&[DETAILED]) {
            sample = gpu::list(self.ask(GPU).await.as_ref());
        }
        let known = self.survey.offers_one_of(&[DETAILED, GPU]);
        if sample.is_none() && !known {
            let whole = self.survey.offers_one_of(&[STATUS]);
            let own = if whole { None } else { self.ask(ONE_GPU).await };
            sample = gpu::one(status.and_then(|status| status.get("gpu")).or(own.as_ref()));
        }
        whats.extend(sample.map(|sample| What::Gpus(Box::new(sample))));
        let node = status.and_then(service::node).map(|node| What::Node(Box::new(node)));
        whats.extend(node);
        whats
    }

    /// Every GPU in detail; that there is none is told by an error, and is an answer.
    async fn ask_detailed(&mut self) -> Option<Value> {
        if !self.survey.is_due(DETAILED) {
            return None;
        }
        let outcome = self.survey.fetch(DETAILED).await;
        if let Err(Error::Status { status: 503, said, .. }) = &outcome {
            self.survey.note(DETAILED, Offer::Offered, SLOWLY);
            return Some(serde_json::json!({"gpus": [], "none": said.as_str()}));
        }
        let pace = self.survey.pace();
        self.survey.keep(DETAILED, pace, outcome).value()
    }

    async fn ask_services(
        &mut self,
        status: Option<&Value>,
        camel: Option<&Value>,
    ) -> Option<What> {
        let whole = self.survey.offers_one_of(&[STATUS, CAMEL]);
        let bare = if whole { None } else { self.ask(SERVICES).await };
        let lists = [status.and_then(|all| all.get("services")), bare.as_ref()];
        let camel = camel.and_then(|all| all.get("services"));
        let list = lists.into_iter().chain([camel]).flatten().find_map(Value::as_array)?;
        Some(What::Services(service::list(list)))
    }

    async fn ask_serving(
        &mut self,
        status: Option<&Value>,
        camel: Option<&Value>,
        metrics: Option<&Value>,
    ) -> Option<What> {
        let version = camel.and_then(|camel| value::text(camel, "version"));
        self.survey.set_version(version);
        let vllm = self.ask(VLLM).await;
        let serving = self.tokens.take(vllm.as_ref(), status, camel, metrics)?;
        Some(What::Serving(vec![serving]))
    }

    async fn ask_agents(&mut self, metrics: Option<&Value>) -> Option<What> {
        let agents = self.ask(AGENTS).await;
        let errors = self.ask_every(ERRORS, SLOWLY).await;
        self.agents.take(agents.as_ref(), errors.as_ref(), metrics);
        let told = agents.is_some() || metrics.is_some();
        told.then(|| What::Agents(Box::new(self.agents.tell())))
    }

    async fn ask_cluster(&mut self) -> Vec<Told> {
        let Some(answer) = self.ask(CLUSTER).await else { return Vec::new() };
        self.agents.set_cluster(cluster::together(&answer));
        let told = cluster::tell(&answer).unwrap_or_default();
        // Its own summary would stand where the dashboard's services stand.
        let below = told.into_iter().filter(|told| told.node.is_some());
        let tell = |one: Told| match (&one.node, &one.what) {
            (Some(node), What::Info(_)) => vec![Told::of(node.clone(), self.survey.below()), one],
            _ => vec![one],
        };
        below.flat_map(tell).collect()
    }
}

impl Source for Dream {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "a DreamServer dashboard takes no orders: isomon measures only on nodes where an \
                   isomon runs";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}

#[cfg(test)]
mod tests;
