//! Which runs a bucket has, out of the names of its objects alone.
//!
//! Below `<prefix>/index/` stands one empty object for each run, `<id>.<brief>`: what a list shows is
//! in its name, so ten thousand runs are ten requests and nothing is opened. `<id>.begun` says that a
//! run is on its way; it goes when the run is whole. A name is no longer than a file system lets one be,
//! since a directory may be the bucket. What does not read as such a name is counted and passed over.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as LETTERS;
use futures_util::StreamExt;
use object_store::ObjectStore;
use object_store::path::Path as Key;

use super::{Bucket, Error};
use crate::model::id::RunId;
use crate::model::pipeline::PipelineKind;
use crate::model::run::{Run, RunBrief, RunEnd, RunTail, StoredRun};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::stats::verify::outcomes;
use crate::store::brief::{number, stages, workers};

/// The directory of the index.
const INDEX: &str = "index";
/// What stands in place of a brief while a run is on its way: no length of base64.
const BEGUN: &str = "begun";
/// Letters of a brief: with the id and the dot they are a name of 255 bytes at most.
const LONGEST: usize = 228;
/// Longest name of a run or of a host in a brief, in bytes.
const WORD: usize = 32;
/// Runs that are listed; the earliest beyond it are left out.
const MOST: usize = 250_000;
/// Time a whole list has.
const TIME: Duration = Duration::from_mins(1);
/// The status of a run that is on its way.
pub const HALF: &str = "HALF PUSHED";

/// The runs of a bucket.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// They, latest first.
    pub runs: Vec<StoredRun>,
    /// Names in the index that are none of isomon's.
    pub strange: u64,
    /// Whether there are more than are listed.
    pub cut: bool,
}

/// A brief as it stands in a name: kind, status, start, seconds, good, failed, host, name, parts, counts.
type Short<'a> =
    (u8, &'a str, i64, Option<f64>, u32, u32, String, Option<String>, Vec<&'a str>, Counts);
/// How many stages, how many workers; of a workflow also how many tasks, and how many were passed over.
/// What a later isomon puts behind them is passed over.
type Counts = Vec<Option<u32>>;
/// The same, read.
type Read = (u8, String, i64, Option<f64>, u32, u32, String, Option<String>, Vec<String>, Counts);
/// One of before the counts were in it.
type Older = (u8, String, i64, Option<f64>, u32, u32, String, Option<String>, Vec<String>);

/// What a list shows of `run`.
pub fn brief(run: &Run) -> RunBrief {
    let (head, tail) = (&run.head, run.tail.as_ref());
    let (good, bad) = outcomes(run);
    let counted = (number(good), number(bad));
    let told = tail.map(|tail| (tail.progress.completed, tail.progress.failed));
    let (completed, failed) = told.unwrap_or(counted);
    let mut parts: Vec<SafeText> = Vec::new();
    for part in head.plan.backends.iter().map(|backend| SafeText::from(backend.name())) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let note = match tail.map(|tail| &tail.end) {
        Some(RunEnd::Failed { reason }) => Some(reason.clone()),
        _ => None,
    };
    RunBrief {
        kind: PipelineKind::Benchmark,
        name: head.plan.name.clone(),
        host: head.fingerprint.hostname.clone(),
        started_ms: head.started.wall_ms,
        seconds: tail.map(|tail| tail.progress.elapsed_seconds),
        status: tail.map_or("CUT OFF", |tail| tail.end.word()).into(),
        parts,
        stages: Some(stages(&head.plan)),
        workers: workers(&run.workers),
        tasks: None,
        skipped: None,
        completed,
        failed,
        share: tail.and_then(RunTail::share),
        note,
    }
}

/// The name of the object that shows run `id`.
pub(super) fn name(id: &RunId, brief: &RunBrief) -> String {
    let text = |text: &SafeText| cut(text.as_str());
    let mut parts: Vec<&str> = brief.parts.iter().map(AsRef::as_ref).collect();
    let mut counts = vec![brief.stages, brief.workers];
    if brief.tasks.is_some() {
        counts.extend([brief.tasks, brief.skipped]);
    }
    let kind = match brief.kind {
        PipelineKind::Job => 0,
        PipelineKind::Benchmark => 1,
        PipelineKind::Workflow => 2,
    };
    loop {
        let short: Short<'_> = (
            kind,
            brief.status.as_str(),
            brief.started_ms,
            brief.seconds.map(|seconds| (seconds.0 * 1e3).round() / 1e3),
            brief.completed,
            brief.failed,
            text(&brief.host),
            brief.name.as_ref().map(text),
            parts.clone(),
            counts.clone(),
        );
        let letters = LETTERS.encode(serde_json::to_vec(&short).unwrap_or_default());
        if letters.len() <= LONGEST || parts.is_empty() {
            return format!("{id}.{letters}");
        }
        // The last ones go first, which three dots say.
        parts.retain(|part| *part != "…");
        parts.pop();
        parts.push("…");
        if parts.len() == 1 {
            parts.clear();
        }
    }
}

/// The name of the object that says that run `id` is on its way.
pub(super) fn begun(id: &RunId) -> String {
    format!("{id}.{BEGUN}")
}

/// `text`, no longer than a word in a brief.
fn cut(text: &str) -> String {
    let mut cut = String::new();
    for letter in text.chars() {
        if cut.len() + letter.len_utf8() > WORD {
            break;
        }
        cut.push(letter);
    }
    cut
}

/// The brief in the letters of a name.
fn decoded(letters: &str) -> Option<Read> {
    let json = LETTERS.decode(letters).ok()?;
    let older = || {
        let (kind, status, from, took, good, bad, host, name, parts): Older =
            serde_json::from_slice(&json).ok()?;
        Some((kind, status, from, took, good, bad, host, name, parts, Counts::new()))
    };
    serde_json::from_slice(&json).ok().or_else(older)
}

/// What a name in the index says; `None` where it is none of isomon's.
fn read(name: &str) -> Option<StoredRun> {
    let (id, rest) = name.split_once('.')?;
    let id = RunId::parse(id)?;
    if rest == BEGUN {
        let note = "not all of it has arrived; where it was made, push it again".into();
        let brief = RunBrief { status: HALF.into(), note: Some(note), ..RunBrief::default() };
        return Some(StoredRun { id, finished: false, brief: Some(Box::new(brief)) });
    }
    let (kind, status, started_ms, seconds, completed, failed, host, name, parts, counts) =
        decoded(rest)?;
    let seconds = seconds.filter(|seconds| seconds.is_finite() && *seconds >= 0.0);
    let count = |at: usize| counts.get(at).copied().flatten();
    let brief = RunBrief {
        kind: match kind {
            1 => PipelineKind::Benchmark,
            2 => PipelineKind::Workflow,
            _ => PipelineKind::Job,
        },
        name: name.map(|name| SafeText::new(&name)),
        host: SafeText::new(&host),
        started_ms,
        seconds: seconds.map(Seconds),
        status: SafeText::new(&status),
        parts: parts.iter().map(|part| SafeText::new(part)).collect(),
        stages: count(0),
        workers: count(1),
        tasks: count(2),
        skipped: count(3),
        completed,
        failed,
        share: None,
        note: None,
    };
    let finished = brief.status.as_str() != "CUT OFF";
    Some(StoredRun { id, finished, brief: Some(Box::new(brief)) })
}

impl Bucket {
    /// The runs that are here, latest first.
    pub async fn list(&self) -> Result<Listing, Error> {
        let late = |_| {
            let (place, seconds) = (self.place.clone(), TIME.as_secs());
            Error::Late { place, doing: "listing", seconds }
        };
        tokio::time::timeout(TIME, self.read_index()).await.map_err(late)?
    }

    async fn read_index(&self) -> Result<Listing, Error> {
        let mut found: BTreeMap<RunId, StoredRun> = BTreeMap::new();
        let mut listing = Listing::default();
        let mut names = self.store.list(Some(&self.prefix.clone().join(INDEX)));
        loop {
            let next = async { names.next().await.transpose() };
            let object = match self.within("listing", 0, next).await {
                Ok(Some(object)) => object,
                Ok(None) | Err(Error::Missing) => break,
                Err(error) => return Err(error),
            };
            match object.location.filename().and_then(read) {
                Some(run) => listing.cut |= is_cut_by(run, &mut found, MOST),
                None => listing.strange += 1,
            }
        }
        listing.runs = found.into_values().rev().collect();
        Ok(listing)
    }

    /// The key of a name in the index.
    pub(super) fn index_key(&self, name: &str) -> Key {
        self.prefix.clone().join(INDEX).join(name)
    }
}

/// Takes `run` among those that were found; whether the earliest went, as they are more than `most`.
fn is_cut_by(run: StoredRun, found: &mut BTreeMap<RunId, StoredRun>, most: usize) -> bool {
    let id = run.id.clone();
    if is_half(&run) {
        // A whole run goes before one that has begun.
        found.entry(id).or_insert(run);
    } else {
        found.insert(id, run);
    }
    found.len() > most && found.pop_first().is_some()
}

/// Whether not all of `run` has arrived.
pub fn is_half(run: &StoredRun) -> bool {
    run.brief.as_ref().is_some_and(|brief| brief.status.as_str() == HALF)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::Outcome;
    use crate::report::run_sample;

    #[test]
    fn a_name_says_what_a_list_shows() {
        let id = RunId::new(1_000, 7);
        let full = RunBrief {
            kind: PipelineKind::Benchmark,
            name: Some("before".into()),
            host: "web-1".into(),
            started_ms: 1_000,
            seconds: Some(Seconds(12.3)),
            status: "COMPLETED".into(),
            parts: vec!["runc".into(), "crun".into()],
            stages: Some(5),
            workers: Some(9),
            tasks: None,
            skipped: None,
            completed: 120,
            failed: 3,
            share: None,
            note: None,
        };
        let told = read(&name(&id, &full)).unwrap();
        assert_eq!(told.brief.as_deref(), Some(&full));
        assert!(told.finished && told.id == id);
        let many = RunBrief {
            parts: (0..40).map(|part| format!("backend-{part}").as_str().into()).collect(),
            host: "x".repeat(200).as_str().into(),
            name: Some("ü".repeat(200).as_str().into()),
            ..full
        };
        let long = name(&id, &many);
        assert!(long.len() <= 255, "{}", long.len());
        let told = read(&long).unwrap().brief.unwrap();
        assert!(told.parts.len() > 3 && told.parts.last().unwrap().as_str() == "…");
    }

    #[test]
    fn a_name_says_how_many_tasks_a_workflow_had_and_one_of_before_does_not() {
        let id = RunId::new(1_000, 7);
        let (tasks, skipped) = (Some(7), Some(3));
        let kind = PipelineKind::Workflow;
        let seconds = Some(Seconds(0.041));
        let flow = RunBrief { kind, seconds, tasks, skipped, ..RunBrief::default() };
        assert_eq!(read(&name(&id, &flow)).unwrap().brief.as_deref(), Some(&flow));
        for (counts, known) in [("[4,2]", None), ("[4,2,7,3,1]", tasks)] {
            let told = format!(r#"[2,"FAILED",1000,null,2,3,"web-1",null,["load"],{counts}]"#);
            let brief = read(&format!("{id}.{}", LETTERS.encode(told))).unwrap().brief.unwrap();
            assert_eq!((brief.stages, brief.workers, brief.tasks), (Some(4), Some(2), known));
        }
    }

    #[test]
    fn a_name_of_before_the_counts_is_read_without_them() {
        let id = RunId::new(1_000, 7);
        let older = r#"[1,"FAILED",1000,null,2,3,"web-1",null,["runc"]]"#;
        let brief = read(&format!("{id}.{}", LETTERS.encode(older))).unwrap().brief.unwrap();
        assert_eq!((brief.status.as_str(), brief.failed), ("FAILED", 3));
        assert_eq!((brief.stages, brief.workers), (None, None));
    }

    #[test]
    fn of_too_many_runs_the_latest_are_listed() {
        let mut found = BTreeMap::new();
        let mut cut = false;
        for at in [3, 1, 2, 4] {
            cut |= is_cut_by(StoredRun::bare(RunId::new(at * 1_000, 7), true), &mut found, 2);
        }
        let kept: Vec<RunId> = found.into_keys().collect();
        assert_eq!((kept, cut), ([3_000, 4_000].map(|at| RunId::new(at, 7)).into(), true));
    }

    #[test]
    fn a_run_that_was_cut_off_has_its_steps_counted() {
        let mut run = run_sample::loaded();
        let whole = brief(&run);
        let told = run.tail.as_ref().map(|tail| tail.progress.completed);
        assert_eq!(Some(whole.completed), told, "the end says it");
        run.tail = None;
        let good = run.samples.iter().filter(|sample| sample.outcome == Outcome::Good).count();
        let steps = run.steps.iter().filter(|step| !step.failed()).count();
        let all = u32::try_from(run.samples.len() + run.steps.len()).unwrap();
        let cut = brief(&run);
        assert!(steps > 0 && cut.completed as usize == good + steps, "{}", cut.completed);
        assert_eq!(cut.completed + cut.failed, all);
    }

    #[test]
    fn names_of_others_are_none() {
        let id = RunId::new(1_000, 7);
        let hostile = LETTERS.encode(br#"[1,"\u001b[2J",0,-1.0,1,1,"a\u202eb",null,[]]"#);
        let told = read(&format!("{id}.{hostile}")).unwrap().brief.unwrap();
        assert!(!told.status.as_str().contains('\u{1b}') && told.seconds.is_none());
        for name in ["", "x", "..", &format!("{id}"), &format!("{id}.x"), &format!("../{id}.begun")]
        {
            assert_eq!(read(name), None, "{name}");
        }
        assert!(is_half(&read(&begun(&id)).unwrap()));
    }
}
