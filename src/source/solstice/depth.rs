//! The questions about single jobs that are asked while somebody looks: each may be missing, and is then
//! named among what the job's source does not tell.

use std::time::Duration;

use serde_json::Value;

use super::{DETAIL, EXCEPTIONS, STAGES, Solstice, WORKERS, is_id, is_open, told};
use crate::model::origin::Offer;
use crate::model::pipeline::{LogLine, Moment, Pipeline, Pressure};
use crate::model::text::SafeText;
use crate::source::Error;

pub(super) const HISTORY: &str = "/api/jobs/{id}/stages/{stage}/metrics-history";
pub(super) const EVENTS: &str = "/api/jobs/{id}/events";
pub(super) const LINEAGE: &str = "/api/jobs/{id}/lineage";
pub(super) const CONFIGURATION: &str = "/api/jobs/{id}/configuration";
pub(super) const CHECKPOINTS: &str = "/api/jobs/{id}/checkpoints";
pub(super) const LOGS: &str = "/api/jobs/{id}/workers/{worker}/logs";
pub(super) const STACK: &str = "/api/jobs/{id}/workers/{worker}/stacktrace";

/// What each question is about, in the word a panel has for it.
const ABOUT: [(&str, &str); 10] = [
    ("stages", STAGES),
    ("workers", WORKERS),
    ("errors", EXCEPTIONS),
    ("pressure over time", HISTORY),
    ("events", EVENTS),
    ("lineage", LINEAGE),
    ("configuration", CONFIGURATION),
    ("checkpoints", CHECKPOINTS),
    ("log", LOGS),
    ("stack of a stuck worker", STACK),
];
/// Stages and workers of a job that are asked about one by one.
const SINGLY: usize = 8;
/// Lines of a worker's log that are asked for.
const TAIL: usize = 500;
/// Longest text of a log or a stack that is read, in bytes.
const TEXT: usize = 1 << 20;
/// What the server says, with a good status, of a worker whose log it does not have.
const NO_LOG: &str = "Logs only available";

impl Solstice {
    /// Asks what only somebody who looks wants to know.
    pub(super) async fn ask_in_depth(&mut self) {
        for (id, answer) in self.details(LINEAGE, DETAIL, |_| true).await {
            self.with(&id, |job| job.lineage = told::lineage(&answer));
        }
        for (id, answer) in self.details(CONFIGURATION, DETAIL, |_| true).await {
            self.with(&id, |job| job.configuration = told::configuration(&answer));
        }
        for (id, answer) in self.details(CHECKPOINTS, DETAIL, |_| true).await {
            self.with(&id, |job| job.checkpoints = told::checkpoints(&answer));
        }
        let events = self.details(EVENTS, DETAIL, |_| true).await;
        self.ask_queues().await;
        self.ask_logs().await;
        self.ask_stacks().await;
        self.tell_timelines(&events);
    }

    fn with(&mut self, id: &SafeText, change: impl FnOnce(&mut Pipeline)) {
        if let Some(job) = self.known.jobs.iter_mut().find(|job| job.id == *id) {
            change(job);
        }
    }

    /// Puts what happened in each job in order.
    fn tell_timelines(&mut self, answers: &[(SafeText, Value)]) {
        for (id, answer) in answers {
            let began =
                self.known.jobs.iter().find(|job| job.id == *id).and_then(|job| job.started_ms);
            let (events, timeless) = told::events(answer, began);
            self.events.insert(id.clone(), (events, timeless));
        }
        let kept = &self.known.jobs;
        self.events.retain(|id, _| kept.iter().any(|job| job.id == *id));
        for job in &mut self.known.jobs {
            let none: (Vec<Moment>, usize) = Default::default();
            let (events, _) = self.events.get(&job.id).unwrap_or(&none);
            job.timeline = told::timeline(job, events);
        }
    }

    /// Queues of the stages of running jobs over time.
    async fn ask_queues(&mut self) {
        let of = |job: &Pipeline| -> Vec<SafeText> {
            job.stages.iter().map(|stage| stage.id.clone()).collect()
        };
        for (job, stage, answer) in self.singles(HISTORY, "{stage}", DETAIL, of).await {
            let queues = told::queues(&answer, &stage);
            self.with(&job, |job| replace(&mut job.pressure, &stage, queues));
        }
    }

    /// Asks `name` about some things of some jobs, one by one: job, thing, answer.
    async fn singles(
        &mut self,
        name: &'static str,
        mark: &str,
        every: Duration,
        of: impl Fn(&Pipeline) -> Vec<SafeText>,
    ) -> Vec<(SafeText, SafeText, Value)> {
        let mut found = Vec::new();
        let mut last = Ok(Value::Null);
        let asked = self.each(name, of);
        if asked.is_empty() {
            return found;
        }
        for (job, thing) in asked {
            let path = self.path(name, &job).replace(mark, thing.as_str());
            match self.survey.fetch(&path).await {
                Ok(answer) => found.push((job, thing, answer)),
                Err(error) => {
                    let is_late = matches!(error, Error::Late { .. });
                    last = Err(error);
                    if is_late {
                        break;
                    }
                }
            }
        }
        let outcome = if found.is_empty() { last } else { Ok(Value::Null) };
        self.survey.keep(name, every, outcome);
        found
    }

    /// Jobs that are open and things of them that `name` can be asked about; nothing before its time.
    fn each(
        &self,
        name: &str,
        of: impl Fn(&Pipeline) -> Vec<SafeText>,
    ) -> Vec<(SafeText, SafeText)> {
        if !self.survey.is_due(name) {
            return Vec::new();
        }
        // Workers of a job that is over have no log and no stack any more; its queues may be kept.
        let over = |job: &Pipeline| {
            name == HISTORY && self.deep && job.pressure.is_empty() && !is_open(job)
        };
        let plain = |job: &&Pipeline| is_id(job.id.as_str());
        let jobs = self.known.jobs.iter().filter(plain);
        let jobs = jobs.filter(|job| is_open(job) || over(job));
        let things = jobs.take(2).flat_map(|job| {
            let plain = of(job).into_iter().filter(|thing| is_id(thing.as_str()));
            plain.take(SINGLY).map(|thing| (job.id.clone(), thing)).collect::<Vec<_>>()
        });
        things.collect()
    }

    fn path(&self, name: &str, job: &SafeText) -> String {
        format!("{}{}", self.prefix.unwrap_or_default(), name.replace("{id}", job.as_str()))
    }

    /// Logs of the workers of running jobs, one after the other.
    async fn ask_logs(&mut self) {
        let of = |job: &Pipeline| -> Vec<SafeText> {
            job.workers.iter().map(|worker| worker.id.clone()).collect()
        };
        let asked = self.each(LOGS, of);
        let mut texts = Vec::new();
        for (job, worker) in asked {
            let path = self.path(LOGS, &job).replace("{worker}", worker.as_str());
            match self.text(LOGS, &format!("{path}?tail={TAIL}")).await {
                Some(text) => texts.push((job, worker, text)),
                None => break,
            }
        }
        let now = self.survey.there_ms();
        for (job, worker, text) in texts {
            let lines = told::log(&text, &worker, now, TAIL);
            self.with(&job, |job| renew(&mut job.log, &worker, lines));
        }
    }

    /// The stacks of workers that say they are blocked, at the end of the log: who looks for one looks
    /// there.
    async fn ask_stacks(&mut self) {
        let of = |job: &Pipeline| -> Vec<SafeText> {
            let stuck = |status: &str| matches!(status, "BLOCKED" | "STUCK");
            let workers = job.workers.iter().filter(|worker| stuck(worker.status.as_str()));
            workers.take(1).map(|worker| worker.id.clone()).collect()
        };
        for (job, worker) in self.each(STACK, of) {
            let path = self.path(STACK, &job).replace("{worker}", worker.as_str());
            let Some(text) = self.text(STACK, &path).await else { return };
            let from = SafeText::from(format!("{worker} stack"));
            let lines = told::log(&text, &from, self.survey.there_ms(), TAIL);
            self.with(&job, |job| renew(&mut job.log, &from, lines));
        }
    }

    /// A plain text, if there is one at `path`.
    async fn text(&mut self, name: &'static str, path: &str) -> Option<String> {
        let client = self.survey.client();
        let reply = match client.get(path).await {
            Ok(reply) => client.good(path, reply),
            Err(error) => Err(error),
        };
        match reply {
            Ok(reply) if reply.media == "text/plain" && reply.body.len() <= TEXT => {
                self.survey.note(name, Offer::Offered, DETAIL);
                let text = String::from_utf8_lossy(&reply.body).into_owned();
                Some(if text.contains(NO_LOG) { String::new() } else { text })
            }
            Ok(_) => {
                self.survey.misshapen(name, "it is no plain text of bounded length");
                None
            }
            Err(error) => {
                self.survey.note(name, error.offer(), DETAIL);
                None
            }
        }
    }

    /// Names in each job what this server does not tell.
    pub(super) fn tell_gaps(&mut self) {
        let gap = |(what, name): &(&str, &'static str)| match self.survey.offer(name) {
            Offer::NotOffered => Some(format!("{what}: {name} is not offered by this server")),
            Offer::Failed(why) => Some(format!("{what}: {why}")),
            Offer::Offered | Offer::Unasked => None,
        };
        let common: Vec<SafeText> = ABOUT.iter().filter_map(gap).map(SafeText::from).collect();
        for job in &mut self.known.jobs {
            job.gaps.clone_from(&common);
            let timeless = self.events.get(&job.id).map_or(0, |(_, timeless)| *timeless);
            if timeless > 0 {
                let words = format!("events: {timeless} are told without their time and left out");
                job.gaps.push(words.into());
            }
        }
    }
}

/// Puts `fresh` in the place of what was known of `stage`.
fn replace(all: &mut Vec<Pressure>, stage: &SafeText, fresh: Vec<Pressure>) {
    if fresh.is_empty() {
        return;
    }
    all.retain(|one| one.stage != *stage);
    all.extend(fresh);
    all.sort_by_key(|one| one.at_ms);
}

/// Puts `fresh` in the place of what was known of `from`; lines that were known keep their time.
pub(super) fn renew(all: &mut Vec<LogLine>, from: &SafeText, mut fresh: Vec<LogLine>) {
    let (old, mut others): (Vec<LogLine>, Vec<LogLine>) =
        std::mem::take(all).into_iter().partition(|line| line.from == *from);
    let first = fresh.first().map(|line| line.text.clone());
    let known = old.iter().position(|line| Some(&line.text) == first.as_ref());
    for (line, before) in fresh.iter_mut().zip(known.map_or(&[][..], |at| &old[at..])) {
        if line.text == before.text {
            line.at_ms = before.at_ms;
        }
    }
    others.extend(fresh);
    others.sort_by_key(|line| line.at_ms);
    let beyond = others.len().saturating_sub(crate::model::pipeline::LOG_LINES);
    others.drain(..beyond);
    *all = others;
}
