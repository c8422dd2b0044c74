//! NVIDIA's DCGM exporter: the GPUs of one machine, as its own page of metrics tells of them.
//!
//! What its names mean is known where a store's answers with the same names are read. It knows of no
//! processes and of nothing else of its machine. It reads its GPUs every 30 s unless told otherwise, so that
//! figures may stand still for as long.

use super::foreign::Survey;
use super::prom::gpu::Gpus;
use super::{Asked, Error, Source, Spec, Told, Wants, detect};
use crate::model::command::Command;
use crate::model::node::NodeInfo;
use crate::model::origin::Kind;
use crate::model::text::SafeText;
use crate::model::update::What;

const METRICS: &str = "/metrics";
/// GPUs that are told of.
const MOST: usize = 256;

/// A DCGM exporter.
#[derive(Debug)]
pub struct Dcgm {
    survey: Survey,
    /// The name of its machine as it was told last.
    hostname: Option<SafeText>,
}

impl Dcgm {
    /// The exporter of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Ok(Self { survey: Survey::new(spec, Kind::Dcgm)?, hostname: None })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        let body = self.survey.page(METRICS, self.survey.pace()).await;
        self.survey.end()?;
        detect::check(&self.survey, "DCGM exporter", &[METRICS]).await?;
        let gpus = match body.map(|body| Gpus::of_page(&body, MOST)) {
            None => None,
            Some(Ok(gpus)) if !gpus.is_empty() => Some(gpus),
            Some(Ok(_)) => {
                self.survey.misshapen(METRICS, "it tells of no GPU");
                None
            }
            Some(Err(error)) => {
                self.survey.misshapen(METRICS, &error.to_string());
                None
            }
        };
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        if let Some(gpus) = gpus {
            told.extend(self.name(&gpus).map(Told::own));
            told.push(Told::own(What::Gpus(Box::new(gpus.sample()))));
        }
        Ok(told)
    }

    /// What its machine is called, where that is new.
    fn name(&mut self, gpus: &Gpus) -> Option<What> {
        let name = gpus.hostname().map(SafeText::new).filter(|name| !name.is_empty())?;
        if self.hostname.as_ref() == Some(&name) {
            return None;
        }
        self.hostname = Some(name.clone());
        Some(What::Info(Box::new(NodeInfo { hostname: name, ..NodeInfo::default() })))
    }
}

impl Source for Dcgm {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "an exporter only tells; a benchmark needs an isomon on the node";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}
