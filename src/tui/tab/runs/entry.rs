//! The rows of the list: every run and job that is known, wherever it is.
//!
//! A run that is kept on disk and one that goes on are rows of one kind; so is a job of another platform.
//! What a row's source does not tell is missing.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::shelf::{Shelf, Sum};
use crate::model::id::{RunId, SourceId};
use crate::model::pipeline::{Pipeline, PipelineKind, Stage, Worker};
use crate::model::run::{RunBrief, StoredRun};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Ratio;
use crate::pipeline;
use crate::state::{Part, RunState, State, WorkflowState};
use crate::tui::widget::field::{Field, Kind, Row, Value};

/// What stands for this machine, as a place.
pub(super) const HERE: &str = "here";

/// What tells a row from every other.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    /// Where it is: [`HERE`], or the name of a source.
    pub(super) place: SafeText,
    /// Its id there.
    pub(super) id: SafeText,
}

/// Where a row comes from.
#[derive(Clone, Copy)]
pub(super) enum Origin<'a> {
    /// A run of isomon: its id, what is known of it, and what stands in the list it is kept in.
    Run(&'a RunId, Option<&'a RunState>, Option<&'a StoredRun>),
    /// A workflow's run that is in memory.
    Flow(&'a RunId, &'a WorkflowState),
    /// A job of another platform.
    Job(&'a Pipeline),
}

/// What is known of a run that is in memory.
#[derive(Clone, Copy)]
pub(super) enum Known<'a> {
    /// A benchmark.
    Bench(&'a RunState),
    /// A workflow.
    Flow(&'a WorkflowState),
}

impl<'a> Known<'a> {
    /// What `state` knows of run `id`.
    pub(super) fn of(id: &RunId, state: &'a State) -> Option<Self> {
        let flow = || state.workflows.get(id).map(Self::Flow);
        state.runs.get(id).map(Self::Bench).or_else(flow)
    }

    /// Who tells of it.
    pub(super) const fn from(self) -> &'a SourceId {
        match self {
            Self::Bench(run) => &run.from,
            Self::Flow(flow) => &flow.from,
        }
    }

    /// Whether it is still going on.
    pub(super) const fn is_live(self) -> bool {
        match self {
            Self::Bench(run) => run.is_live(),
            Self::Flow(flow) => flow.is_live(),
        }
    }
}

/// A row.
pub(super) struct Entry<'a> {
    pub(super) place: &'a str,
    pub(super) origin: Origin<'a>,
    sum: Option<Sum>,
    /// A workflow as a job.
    flow: Option<Arc<Pipeline>>,
    now: Stamp,
}

/// Everything there is, in no order.
pub(super) fn entries<'a>(state: &'a State, shelf: &Shelf, now: Stamp) -> Vec<Entry<'a>> {
    shelf.forget(state);
    let mut listed: HashSet<(&str, &RunId)> = HashSet::new();
    let mut all = Vec::new();
    for (source, kept) in &state.stored {
        let place = place_of(source);
        for kept in kept {
            listed.insert((place, &kept.id));
            if let Some((id, flow)) = state.workflows.get_key_value(&kept.id) {
                all.push(Entry::new(place, Origin::Flow(id, flow), shelf, now));
                continue;
            }
            let known = state.runs.get_key_value(&kept.id);
            let known = known.filter(|(_, run)| speaks_for(run, place)).map(|(_, run)| run);
            let origin = Origin::Run(&kept.id, known, Some(kept));
            all.push(Entry::new(place, origin, shelf, now));
        }
    }
    for (id, run) in &state.runs {
        let place = place_of(&run.from);
        // One that was told again from elsewhere stands in the list of its place already.
        let kept_elsewhere = run.stored && listed.iter().any(|(_, known)| *known == id);
        if !listed.contains(&(place, id)) && !kept_elsewhere {
            all.push(Entry::new(place, Origin::Run(id, Some(run), None), shelf, now));
        }
    }
    for (id, flow) in &state.workflows {
        let place = place_of(&flow.from);
        if !listed.iter().any(|(_, known)| *known == id) {
            all.push(Entry::new(place, Origin::Flow(id, flow), shelf, now));
        }
    }
    for (source, node) in state.telling(Part::Pipelines) {
        let jobs = node.pipelines.iter().flat_map(|(_, told)| &told.jobs);
        all.extend(jobs.map(|job| Entry::new(place_of(source), Origin::Job(job), shelf, now)));
    }
    all
}

/// The place that `source` names.
pub(super) fn place_of(source: &SourceId) -> &str {
    match source.0.as_str() {
        "local" | "local/beside" | "stored" => HERE,
        name => name.strip_prefix("stored/").unwrap_or(name),
    }
}

/// Whether what is known of `run` is of the run that is kept at `place`.
fn speaks_for(run: &RunState, place: &str) -> bool {
    let from = place_of(&run.from);
    from == place || (run.stored && from == HERE)
}

/// Whether what is known of `flow` is shown as the run that is kept at `place`: while it goes on, no copy
/// takes its place.
pub(super) fn stands_for(flow: &WorkflowState, place: &str) -> bool {
    flow.is_live() || place_of(&flow.from) == place
}

impl<'a> Entry<'a> {
    fn new(place: &'a str, origin: Origin<'a>, shelf: &Shelf, now: Stamp) -> Self {
        let (sum, flow) = match origin {
            Origin::Run(id, Some(run), _) => (Some(shelf.sum(id, run, now)), None),
            Origin::Flow(id, flow) => (None, Some(shelf.flow(id, flow, now))),
            _ => (None, None),
        };
        Self { place, origin, sum, flow, now }
    }

    /// Its id.
    pub(super) fn id(&self) -> &'a str {
        match self.origin {
            Origin::Run(id, ..) | Origin::Flow(id, _) => id.as_str(),
            Origin::Job(job) => job.id.as_str(),
        }
    }

    /// Its id, if it is a run of isomon.
    pub(super) const fn run(&self) -> Option<&'a RunId> {
        match self.origin {
            Origin::Run(id, ..) | Origin::Flow(id, _) => Some(id),
            Origin::Job(_) => None,
        }
    }

    /// What is known of it, if it is a run that is in memory.
    pub(super) fn known(&self) -> Option<Known<'a>> {
        match self.origin {
            Origin::Run(_, known, _) => known.map(Known::Bench),
            Origin::Flow(_, flow) => Some(Known::Flow(flow)),
            Origin::Job(_) => None,
        }
    }

    /// The form that tells all of it: of a job, and of a workflow.
    fn job(&self) -> Option<&Pipeline> {
        match (self.origin, &self.flow) {
            (Origin::Job(job), _) => Some(job),
            (_, flow) => flow.as_deref(),
        }
    }

    fn stored(&self) -> Option<&'a StoredRun> {
        match self.origin {
            Origin::Run(_, _, stored) => stored,
            Origin::Flow(..) | Origin::Job(_) => None,
        }
    }

    fn brief(&self) -> Option<&'a RunBrief> {
        self.stored().and_then(|stored| stored.brief.as_deref())
    }

    /// How it stands, in lower case.
    pub(super) fn status(&self) -> Cow<'a, str> {
        if let Some(job) = self.job() {
            return Cow::Owned(job.status.as_str().to_lowercase());
        }
        let word = match (self.stored(), &self.sum) {
            (_, Some(sum)) => sum.status.as_str().to_lowercase(),
            (stored, None) => {
                let brief = self.brief().map(|brief| brief.status.as_str().to_lowercase());
                let finished = stored.is_some_and(|stored| stored.finished);
                let word = if finished { "on disk" } else { "cut off" };
                brief.filter(|word| !word.is_empty()).unwrap_or_else(|| word.to_owned())
            }
        };
        Cow::Owned(word)
    }

    /// Its name, if it was given one.
    pub(super) fn name(&self) -> Option<&'a SafeText> {
        let name = match self.origin {
            Origin::Job(job) => job.name.as_ref(),
            Origin::Flow(_, flow) => Some(&flow.run.head.name),
            Origin::Run(_, Some(run), _) => run.head.plan.name.as_ref(),
            Origin::Run(..) => self.brief().and_then(|brief| brief.name.as_ref()),
        };
        name.filter(|name| !name.is_empty())
    }

    /// What kind of work it is, in a word.
    pub(super) fn kind(&self) -> &'static str {
        let kind = match self.origin {
            Origin::Job(job) => job.kind,
            Origin::Flow(..) => PipelineKind::Workflow,
            Origin::Run(..) => self.brief().map_or(PipelineKind::Benchmark, |brief| brief.kind),
        };
        word_of(kind)
    }

    /// When it began, in milliseconds since 1970 UTC.
    pub(super) fn started_ms(&self) -> Option<i64> {
        match self.origin {
            Origin::Job(job) => job.started_ms,
            Origin::Flow(_, flow) => Some(flow.run.head.started.wall_ms),
            Origin::Run(_, Some(run), _) => Some(run.head.started.wall_ms),
            Origin::Run(id, ..) => {
                self.brief().map(|brief| brief.started_ms).or_else(|| id.started_ms())
            }
        }
    }

    /// Time since it began, in seconds.
    pub(super) fn age_seconds(&self) -> Option<f64> {
        let age = self.now.wall_ms.checked_sub(self.started_ms()?)?;
        Some(age.max(0) as f64 / 1e3)
    }

    /// How long it took, or has taken, in seconds.
    pub(super) fn took(&self) -> Option<f64> {
        let took = match (self.job(), &self.sum) {
            (Some(job), _) => job.duration_seconds,
            (_, Some(sum)) => sum.took,
            _ => self.brief().and_then(|brief| brief.seconds),
        };
        took.map(|took| took.0)
    }

    /// How much of it is done, in percent.
    pub(super) fn done(&self) -> Option<f64> {
        let share = match (self.job(), self.origin) {
            (Some(job), _) => job.progress,
            (_, Origin::Run(_, Some(run), _)) => {
                pipeline::done(run).or_else(|| self.brief()?.share)
            }
            _ => self.brief().and_then(share),
        };
        if self.status() == "completed" { Some(100.0) } else { share.map(Ratio::percent) }
    }

    /// Expected time left, in seconds.
    pub(super) fn left(&self) -> Option<f64> {
        match (self.job(), &self.sum) {
            (Some(job), _) => job.left_seconds.map(|left| left.0),
            (_, Some(sum)) => sum.left_seconds,
            _ => None,
        }
    }

    /// How many stages it has.
    pub(super) fn stages(&self) -> Option<f64> {
        let count = match (self.job(), &self.sum) {
            (Some(job), _) => job.stages.len(),
            (_, Some(sum)) => sum.stages,
            _ => return self.brief().and_then(|brief| brief.stages).map(f64::from),
        };
        (count > 0).then_some(count as f64)
    }

    /// How many workers it has.
    pub(super) fn workers(&self) -> Option<f64> {
        let count = match (self.job(), &self.sum) {
            (Some(job), _) => {
                let told: Vec<u32> = job.stages.iter().filter_map(|stage| stage.workers).collect();
                let counted: usize = told.iter().map(|count| *count as usize).sum();
                job.workers.len().max(counted)
            }
            (_, Some(sum)) => sum.workers,
            _ => return self.brief().and_then(|brief| brief.workers).map(f64::from),
        };
        (count > 0).then_some(count as f64)
    }

    /// Samples or tasks that ended well, or records that came out of its last stages.
    pub(super) fn records(&self) -> Option<f64> {
        match (self.job(), self.origin) {
            (Some(job), Origin::Flow(..)) => Some(of_hosts(job, |host| host.output)),
            (Some(job), _) => given_out(job).map(|count| count as f64),
            (_, Origin::Run(_, Some(run), _)) => Some(f64::from(run.progress.completed)),
            _ => self.brief().map(|brief| f64::from(brief.completed)),
        }
    }

    /// How many tasks it has, if it is a workflow's run.
    pub(super) fn tasks(&self) -> Option<f64> {
        match (self.job(), self.origin) {
            (Some(job), Origin::Flow(..)) => Some(of_stages(job, |stage| stage.input)),
            _ => self.brief().and_then(|brief| brief.tasks).map(f64::from),
        }
    }

    /// How many of its tasks were passed over, if it is a workflow's run.
    pub(super) fn skipped(&self) -> Option<f64> {
        match (self.job(), self.origin) {
            (Some(job), Origin::Flow(..)) => Some(of_stages(job, |stage| stage.skipped)),
            _ => self.brief().and_then(|brief| brief.skipped).map(f64::from),
        }
    }

    /// How many failed.
    pub(super) fn failed(&self) -> Option<f64> {
        match (self.job(), self.origin) {
            (Some(job), Origin::Flow(..)) => Some(of_hosts(job, |host| host.failed)),
            (Some(job), _) => {
                let counted = job.exceptions.iter().map(|one| one.count).sum::<u64>();
                (counted > 0).then_some(counted as f64)
            }
            (_, Origin::Run(_, Some(run), _)) => Some(f64::from(run.progress.failed)),
            _ => self.brief().map(|brief| f64::from(brief.failed)),
        }
    }

    /// What runs in it: backends, or stages.
    pub(super) fn parts(&self) -> String {
        let join = |names: Vec<&str>| names.join(" ");
        match (self.job(), self.origin) {
            (Some(job), _) => join(job.stages.iter().map(|stage| stage.id.as_str()).collect()),
            (_, Origin::Run(_, Some(run), _)) => {
                join(run.head.plan.backends.iter().map(|id| id.name()).collect())
            }
            _ => self.brief().map_or_else(String::new, |brief| {
                join(brief.parts.iter().map(SafeText::as_str).collect())
            }),
        }
    }

    /// Why it is unlike what was wished.
    pub(super) fn note(&self) -> Option<&SafeText> {
        match self.job() {
            Some(job) => job.error.as_ref(),
            None => self.brief().and_then(|brief| brief.note.as_ref()),
        }
    }
}

/// The word for a kind of work.
pub(super) const fn word_of(kind: PipelineKind) -> &'static str {
    match kind {
        PipelineKind::Job => "job",
        PipelineKind::Benchmark => "bench",
        PipelineKind::Workflow => "workflow",
    }
}

/// What the hosts of a workflow come to together.
fn of_hosts(job: &Pipeline, count: fn(&Worker) -> Option<u64>) -> f64 {
    job.workers.iter().filter_map(count).sum::<u64>() as f64
}

/// What the stages of a workflow come to together.
fn of_stages(job: &Pipeline, count: fn(&Stage) -> Option<u64>) -> f64 {
    job.stages.iter().filter_map(count).sum::<u64>() as f64
}

/// How much is done of a run that did not come to its end, by its brief: as it is told once it is opened.
fn share(brief: &RunBrief) -> Option<Ratio> {
    if brief.kind != PipelineKind::Workflow {
        return brief.share;
    }
    let goes_on = brief.status.as_str() == "RUNNING" && brief.failed == 0;
    let settled = if goes_on { brief.skipped? } else { 0 };
    Ratio::of(f64::from(brief.completed) + f64::from(settled), f64::from(brief.tasks?))
}

/// Records that came out of the stages that feed no other.
fn given_out(job: &Pipeline) -> Option<u64> {
    let last =
        job.stages.iter().filter(|stage| job.edges.iter().all(|(from, _)| *from != stage.id));
    last.map(|stage| stage.output.or(stage.input)).fold(None, |sum, count| match (sum, count) {
        (Some(sum), Some(count)) => Some(u64::saturating_add(sum, count)),
        (sum, count) => sum.or(count),
    })
}

pub(super) const STATUS: usize = 0;
pub(super) const NAME: usize = 1;
pub(super) const KIND: usize = 2;
pub(super) const WHERE: usize = 3;
pub(super) const AGE: usize = 4;
pub(super) const TOOK: usize = 5;
pub(super) const DONE: usize = 6;
pub(super) const LEFT: usize = 7;
pub(super) const STAGES: usize = 8;
pub(super) const WORKERS: usize = 9;
pub(super) const RECORDS: usize = 10;
pub(super) const FAILED: usize = 11;
pub(super) const WITH: usize = 12;

impl Row for Entry<'_> {
    type Key = Key;
    const FIELDS: &'static [Field] = &[
        Field::text("status"),
        Field::text("name"),
        Field::text("kind"),
        Field::text("where"),
        Field::new("age", Kind::Time),
        Field::new("took", Kind::Time),
        Field::new("done", Kind::Percent),
        Field::new("left", Kind::Time),
        Field::new("stages", Kind::Number),
        Field::new("workers", Kind::Number),
        Field::new("records", Kind::Number),
        Field::new("failed", Kind::Number),
        Field::text("backend"),
        Field::text("id"),
    ];
    const SORTED: usize = 13;

    fn key(&self) -> Key {
        Key { place: self.place.into(), id: self.id().into() }
    }

    fn is(&self, key: &Key) -> bool {
        self.place == key.place.as_str() && self.id() == key.id.as_str()
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            STATUS => Value::Text(self.status()),
            NAME => Value::text(self.name().map_or_else(|| self.id(), |name| name.as_str())),
            KIND => Value::text(self.kind()),
            WHERE => Value::text(self.place),
            AGE => self.age_seconds().into(),
            TOOK => self.took().into(),
            DONE => self.done().into(),
            LEFT => self.left().into(),
            STAGES => self.stages().into(),
            WORKERS => self.workers().into(),
            RECORDS => self.records().into(),
            FAILED => self.failed().into(),
            WITH => Value::Text(Cow::Owned(self.parts())),
            _ => Value::text(self.id()),
        }
    }
}
