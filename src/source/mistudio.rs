//! A miStudio back end: the machine it runs on, its GPUs, and its operations.
//!
//! The numbers come by a stream, and by REST as soon as the stream's are stale. What decides is the
//! time since the last sample and never the state of a socket: such a server once lost every number
//! for weeks while the connection stood. Nothing is ever sent there but questions.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use super::client::Client;
use super::detect;
use super::foreign::{Survey, value};
use super::{Asked, Error, Source, Spec, Told, Wants};
use crate::model::command::Command;
use crate::model::node::NodeInfo;
use crate::model::origin::{Kind, Offer};
use crate::model::reading::{Reading, Why};
use crate::model::text::SafeText;
use crate::model::update::What;

mod gpu;
mod part;
mod sample;
mod stream;
mod task;

use gpu::Gpus;
use part::Parts;
use sample::Maker;
use stream::Stream;
use task::Tasks;

const METRICS: &str = "/api/v1/system/metrics";
const DISKS: &str = "/api/v1/system/disk-usage";
const HEALTH: &str = "/api/health";
const STREAM: &str = "/ws/socket.io";
/// Age from which a sample is stale.
const STALE: Duration = Duration::from_secs(10);
/// Time from one question about what changes slowly to the next.
const SLOWLY: Duration = Duration::from_secs(30);
/// Time from one question about what hardly changes to the next.
const RARELY: Duration = Duration::from_mins(5);

/// A miStudio back end.
#[derive(Debug)]
pub struct MiStudio {
    client: Client,
    name: SafeText,
    survey: Survey,
    stream: Option<Stream>,
    parts: Parts,
    maker: Maker,
    gpus: Gpus,
    tasks: Tasks,
    info: Option<NodeInfo>,
    told: Option<Instant>,
}

impl MiStudio {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Ok(Self {
            client: Client::new(spec)?,
            name: spec.address.name().into(),
            survey: Survey::new(spec, Kind::MiStudio)?,
            stream: None,
            parts: Parts::default(),
            maker: Maker::default(),
            gpus: Gpus::default(),
            tasks: Tasks::default(),
            info: None,
            told: None,
        })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        self.listen();
        self.ask_metrics().await;
        self.gpus.ask(&mut self.survey, &mut self.parts).await;
        self.ask_slowly().await;
        self.tasks.ask(&mut self.survey).await;
        self.survey.end()?;
        detect::check(&self.survey, "miStudio back end", &[METRICS]).await?;
        let mut told: Vec<What> = self.survey.news().into_iter().collect();
        told.extend(self.tell());
        told.extend(self.tasks.news());
        Ok(told.into_iter().map(Told::own).collect())
    }

    /// Takes in what the stream brought, and begins it once it is known what to ask for.
    fn listen(&mut self) {
        if self.stream.is_none() && self.survey.offers_one_of(&[METRICS]) {
            self.stream = Some(Stream::open(self.client.clone(), &self.gpus.ids()));
        }
        let Some(stream) = &self.stream else { return };
        let (parts, mut offer) = stream.take();
        self.parts.merge(parts);
        if offer == Offer::Offered && !self.is_fresh() {
            let why = "connected, and no sample in 10 s: asking by REST";
            offer = Offer::Failed(why.into());
        }
        self.survey.note(STREAM, offer, Duration::ZERO);
    }

    /// Whether all that is always sent came lately.
    fn is_fresh(&self) -> bool {
        let parts = [&self.parts.cpu, &self.parts.memory];
        parts.into_iter().all(|part| part.as_ref().is_some_and(|part| part.age() < STALE))
    }

    /// Asks by REST, unless the stream brings it.
    async fn ask_metrics(&mut self) {
        let by_stream = *self.survey.offer(STREAM) == Offer::Offered;
        if by_stream && self.is_fresh() {
            return;
        }
        let pace = self.survey.pace();
        let Some(answer) = self.survey.ask(METRICS, pace).await.value() else { return };
        match answer.get("metrics").filter(|metrics| metrics.is_object()) {
            Some(metrics) => self.parts.take_all(metrics),
            None => self.survey.misshapen(METRICS, "there are no `metrics` in it"),
        }
    }

    async fn ask_slowly(&mut self) {
        if let Some(answer) = self.survey.ask(DISKS, SLOWLY).await.value() {
            match answer.get("mount_points").and_then(Value::as_array) {
                Some(mounts) => self.maker.mounts = sample::mounts(mounts),
                None => self.survey.misshapen(DISKS, "there are no `mount_points` in it"),
            }
        }
        if let Some(answer) = self.survey.ask(HEALTH, RARELY).await.value() {
            self.survey.set_version(value::text(&answer, "version"));
        }
    }

    /// The node and its GPUs, if there is a sample that was not told yet.
    fn tell(&mut self) -> Vec<What> {
        let newest = self.parts.newest();
        if newest.is_none() || newest == self.told {
            return Vec::new();
        }
        self.told = newest;
        let sample = self.maker.make(&self.parts);
        let info = self.learn(&sample);
        let mut whats: Vec<What> = info.into_iter().collect();
        whats.push(What::Node(Box::new(sample)));
        whats.extend(self.gpus.tell(&self.parts));
        whats
    }

    /// What the node is, if that is new.
    fn learn(&mut self, sample: &crate::model::node::NodeSample) -> Option<What> {
        let cpus = self.parts.cpu.as_ref().and_then(|part| value::small(&part.value, "count"));
        let info = NodeInfo {
            hostname: self.name.clone(),
            cpus: cpus.unwrap_or_default(),
            memory_bytes: sample.memory.clone().map(|memory| memory.total_bytes),
            os: Reading::Missing(Why::NotSupported),
            kernel: Reading::Missing(Why::NotSupported),
            cpu_model: Reading::Missing(Why::NotSupported),
            virtualization: Reading::Missing(Why::NotSupported),
            ..NodeInfo::default()
        };
        if self.info.as_ref() == Some(&info) {
            return None;
        }
        self.info = Some(info.clone());
        Some(What::Info(Box::new(info)))
    }
}

impl Source for MiStudio {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "miStudio is only looked at, never told to do something: isomon measures only on \
                   nodes where an isomon runs";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}

#[cfg(test)]
mod tests;
