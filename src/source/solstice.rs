//! A Solstice portal or history server: jobs, their stages, and what goes wrong in them.
//!
//! Three generations of its API are about, with two forms of its list of jobs and a prefix before
//! the portal's; each is found by asking. What a generation cannot tell is told as a gap: no failed
//! jobs in one, no list at all while two jobs run at once in the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::detect;
use super::foreign::Survey;
use super::foreign::survey::Answer;
use super::{Asked, Error, Source, Spec, Told, Wants};
use crate::model::command::Command;
use crate::model::origin::{Kind, Offer};
use crate::model::pipeline::{Moment, Pipeline, Pipelines};
use crate::model::text::SafeText;
use crate::model::update::What;

mod depth;
mod job;
mod stage;
mod told;
mod worker;

const JOBS: &str = "/api/jobs";
const STAGES: &str = "/api/jobs/{id}/stages";
const WORKERS: &str = "/api/jobs/{id}/workers";
const EXCEPTIONS: &str = "/api/jobs/{id}/exceptions";
/// What stands before every path of a portal.
const PORTAL: &str = "/solstice";
/// Jobs asked for in a list, and kept.
const MOST: usize = 100;
/// Running jobs that are asked about one by one.
const SINGLY: usize = 5;
/// Time from one question about workers or exceptions to the next.
const DETAIL: Duration = Duration::from_secs(15);

/// Why there is no list of jobs while two of them run.
const UNSORTED: &str = "the list of jobs fails with 500, which is the server's own fault: it sorts \
    jobs by their end, which two that run at once do not have; a job seen before is still asked for \
    by itself (/api/jobs/<id>/stages), others are seen when one alone runs";

/// A Solstice portal or history server.
#[derive(Debug)]
pub struct Solstice {
    survey: Survey,
    /// What stands before every path, once that is known.
    prefix: Option<&'static str>,
    known: Pipelines,
    told: Option<Pipelines>,
    /// Whether somebody looks, so that jobs that are over are asked about too.
    deep: bool,
    /// What was answered of jobs that are over: it does not change any more.
    settled: BTreeSet<(&'static str, SafeText)>,
    /// What happened in each job as the server tells it, and how much of that has no time.
    events: BTreeMap<SafeText, (Vec<Moment>, usize)>,
}

impl Solstice {
    /// The server of `spec`. Nothing is asked yet.
    pub fn new(spec: &Spec) -> Result<Self, Error> {
        let survey = Survey::new(spec, Kind::Solstice)?;
        Ok(Self {
            survey,
            prefix: None,
            known: Pipelines::default(),
            told: None,
            deep: false,
            settled: BTreeSet::new(),
            events: BTreeMap::new(),
        })
    }

    async fn round(&mut self, wants: Wants) -> Result<Vec<Told>, Error> {
        self.survey.begin();
        self.deep = wants.depth;
        self.ask_jobs().await;
        self.ask_stages().await;
        self.ask_workers().await;
        self.ask_exceptions().await;
        if wants.depth {
            self.ask_in_depth().await;
        }
        self.tell_gaps();
        self.survey.end()?;
        detect::check(&self.survey, "Solstice server", &[JOBS]).await?;
        let mut told: Vec<Told> = self.survey.news().map(Told::own).into_iter().collect();
        told.extend(self.news().map(Told::own));
        Ok(told)
    }

    async fn ask_jobs(&mut self) {
        if !self.survey.is_due(JOBS) {
            return;
        }
        let outcome = self.fetch_jobs().await;
        let fails = matches!(outcome, Err(Error::Status { status: 500, .. }));
        let pace = self.survey.pace();
        match self.survey.keep(JOBS, pace, outcome) {
            Answer::Value(answer) => match job::list(&answer, MOST) {
                Some(list) => self.take(list),
                None => self.survey.misshapen(JOBS, "there are neither `running` nor `jobs` in it"),
            },
            _ if fails => self.tell_unsorted(),
            _ => {}
        }
    }

    /// The list, with the prefix of this server; both are tried until one answers.
    async fn fetch_jobs(&mut self) -> Result<Value, Error> {
        let prefixes: &[&'static str] = match &self.prefix {
            Some(prefix) => &[*prefix],
            None => &["", PORTAL],
        };
        let mut outcome = Err(Error::NotOffered { path: JOBS.into() });
        for prefix in prefixes {
            outcome = self.survey.fetch(&format!("{prefix}{JOBS}?limit={MOST}")).await;
            match &outcome {
                Err(Error::NotOffered { .. } | Error::Shape { .. }) => {}
                Err(Error::Status { .. }) | Ok(_) => {
                    self.prefix = Some(*prefix);
                    break;
                }
                Err(_) => break,
            }
        }
        outcome
    }

    /// Takes a list in; what was known of a job beyond the list stays.
    fn take(&mut self, mut list: Pipelines) {
        let now_ms = self.survey.there_ms();
        for job in &mut list.jobs {
            if let Some(old) = self.known.jobs.iter_mut().find(|old| old.id == job.id) {
                let fresh = std::mem::take(job);
                *job = job::beyond(fresh, std::mem::take(old));
            }
            told::note_queues(job, now_ms);
        }
        self.known = list;
    }

    /// The server sorts jobs by an end that running ones do not have, which fails with two of them.
    fn tell_unsorted(&mut self) {
        let gap = SafeText::new(UNSORTED);
        self.known.gaps.retain(|known| *known != gap);
        self.known.gaps.push(gap);
    }

    /// Stages of running jobs where the list does not describe them, or there is no list.
    async fn ask_stages(&mut self) {
        let no_list = matches!(self.survey.offer(JOBS), Offer::Failed(_));
        let is_bare = |job: &Pipeline| job.stages.iter().all(|stage| stage.operator.is_empty());
        let pace = self.survey.pace();
        let wanted = |job: &Pipeline| no_list || is_bare(job);
        for (id, answer) in self.details(STAGES, pace, wanted).await {
            let job = self.known.jobs.iter_mut().find(|job| job.id == id);
            if job.and_then(|job| stage::fill(job, &answer)).is_none() {
                self.survey.misshapen(STAGES, "there is no list of stages in it");
            }
        }
    }

    async fn ask_workers(&mut self) {
        for (id, answer) in self.details(WORKERS, DETAIL, |_| true).await {
            if let Some(job) = self.known.jobs.iter_mut().find(|job| job.id == id) {
                job.workers = worker::workers(&answer, job.started_ms);
            }
        }
    }

    async fn ask_exceptions(&mut self) {
        for (id, answer) in self.details(EXCEPTIONS, DETAIL, |_| true).await {
            if let Some(job) = self.known.jobs.iter_mut().find(|job| job.id == id) {
                job.exceptions = told::exceptions(&answer);
            }
        }
    }

    /// Jobs that run or failed and are `wanted`, a few of them; where somebody looks as many of those that
    /// are over and of which `name` was not answered yet.
    fn asked_about(&self, name: &'static str, wanted: impl Fn(&Pipeline) -> bool) -> Vec<SafeText> {
        let plain = |job: &&Pipeline| is_id(job.id.as_str());
        let jobs = || self.known.jobs.iter().filter(plain);
        let open = jobs().filter(|job| is_open(job) && wanted(job)).take(SINGLY);
        let fresh = |job: &&Pipeline| !self.settled.contains(&(name, job.id.clone()));
        let over = jobs().filter(|job| self.deep && !is_open(job)).filter(fresh).take(SINGLY);
        open.chain(over).map(|job| job.id.clone()).collect()
    }

    /// Asks about the jobs that are `wanted`, a few of them, one by one.
    async fn details(
        &mut self,
        name: &'static str,
        every: Duration,
        wanted: impl Fn(&Pipeline) -> bool,
    ) -> Vec<(SafeText, Value)> {
        let prefix = self.prefix.unwrap_or_default();
        let ids = self.asked_about(name, wanted);
        if ids.is_empty() || !self.survey.is_due(name) {
            return Vec::new();
        }
        let mut found = Vec::new();
        let mut last = Ok(Value::Null);
        for id in ids {
            let path = format!("{prefix}{}", name.replace("{id}", id.as_str()));
            match self.survey.fetch(&path).await {
                Ok(answer) => {
                    self.settle(name, &id);
                    found.push((id, answer));
                }
                // That a server has nothing more of a job that is over says nothing of the others.
                Err(Error::NotOffered { .. }) if self.is_over(&id) => self.settle(name, &id),
                Err(error) => last = Err(error),
            }
            if matches!(last, Err(Error::NotOffered { .. } | Error::Late { .. })) {
                break;
            }
        }
        if found.is_empty() && last.is_ok() {
            let offer = self.survey.offer(name).clone();
            self.survey.note(name, offer, every);
            return found;
        }
        let outcome = if found.is_empty() { last } else { Ok(Value::Null) };
        self.survey.keep(name, every, outcome);
        found
    }

    /// Remembers that `name` was answered of job `id`, if that is over.
    fn settle(&mut self, name: &'static str, id: &SafeText) {
        let kept = &self.known.jobs;
        self.settled.retain(|(_, id)| kept.iter().any(|job| job.id == *id));
        if self.is_over(id) {
            self.settled.insert((name, id.clone()));
        }
    }

    fn is_over(&self, id: &SafeText) -> bool {
        self.known.jobs.iter().any(|job| job.id == *id && !is_open(job))
    }

    /// The jobs, if something about them is new.
    fn news(&mut self) -> Option<What> {
        let asked = *self.survey.offer(JOBS) != Offer::Unasked;
        if !asked || self.told.as_ref() == Some(&self.known) {
            return None;
        }
        self.told = Some(self.known.clone());
        Some(What::Pipelines(Box::new(self.known.clone())))
    }
}

impl Source for Solstice {
    fn ask(&mut self, wants: Wants) -> Asked<'_, Vec<Told>> {
        Box::pin(self.round(wants))
    }

    fn wish<'a>(&'a mut self, _: &'a Command) -> Asked<'a, ()> {
        let why = "Solstice shows its jobs and takes no orders: isomon measures only on nodes where \
                   an isomon runs";
        Box::pin(async move { Err(Error::Unable { why: why.into() }) })
    }
}

/// Whether `id` can stand in a path and means nothing there.
fn is_id(id: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    (1..=128).contains(&id.len()) && id.bytes().all(plain) && !id.starts_with('.')
}

/// Whether there is more to learn of `job`.
fn is_open(job: &Pipeline) -> bool {
    matches!(job.status.as_str(), "RUNNING" | "FAILED")
}

#[cfg(test)]
mod tests;
