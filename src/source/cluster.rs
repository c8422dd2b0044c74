//! The status proxy of a cluster of language-model servers: which nodes are healthy, and who serves.
//!
//! Its source is public nowhere, so that what is known of its answer is what others read from it:
//! four forms, which are all taken. Each node becomes a node below this source.

use super::detect;
use super::foreign::Survey;
use super::{Asked, Error, Source, Spec, Told, Wants};
use crate::model::agent::Agents;
use crate::model::command::Command;
use crate::model::origin::Kind;
use crate::model::update::What;

mod form;

pub(super) use form::{tell, together};

const STATUS: &str = "/status";

/// The status proxy of a cluster.
#[derive(Debug)]
pub struct Cluster {
    survey: Survey,
}

impl Cluster {
    /// The proxy of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        Ok(Self { survey: Survey::new(spec, Kind::Cluster)? })
    }

    async fn round(&mut self) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        let pace = self.survey.pace();
        let answer = self.survey.ask(STATUS, pace).await.value();
        self.survey.end()?;
        detect::check(&self.survey, "status proxy of a cluster", &[STATUS]).await?;
        let nodes = answer.as_ref().and_then(tell);
        if answer.is_some() && nodes.is_none() {
            self.survey.misshapen(STATUS, "there are no `nodes` in it");
        }
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        if let Some(cluster) = answer.as_ref().and_then(together) {
            let agents = Agents { cluster: Some(cluster), ..Agents::untold() };
            told.push(Told::own(What::Agents(Box::new(agents))));
        }
        for one in nodes.into_iter().flatten() {
            if let (Some(node), What::Info(_)) = (&one.node, &one.what) {
                told.push(Told::of(node.clone(), self.survey.below()));
            }
            told.push(one);
        }
        Ok(told)
    }
}

impl Source for Cluster {
    fn ask(&mut self, _: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round())
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "a cluster's status proxy takes no orders";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}

#[cfg(test)]
mod tests;
