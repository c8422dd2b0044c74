//! `isomon list`: the runs kept on this machine, or in a bucket.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::ValueEnum;
use color_eyre::eyre::{Result, eyre};

use super::advice::Advise;
use super::print;
use super::push::bad;
use super::setting::Setting;
use super::{Exit, Outcome, log, result, runtime};
use crate::config::Span;
use crate::config::place::{self, Place};
use crate::model::pipeline::PipelineKind;
use crate::model::run::{RunBrief, StoredRun};
use crate::model::text::SafeText;
use crate::model::time::{Clock as _, Stamp, SystemClock};
use crate::store::Listed;
use crate::store::bucket::Bucket;
use crate::store::bucket::index::Listing;
use crate::store::result::shelf::{Brief, Status};

/// Which runs, and how to print them.
#[derive(Clone, Debug, clap::Args)]
pub struct ListArgs {
    /// A bucket: `s3://bucket/prefix`, `gs://…`, `file:///directory`; or a directory of workflows'
    /// results; this machine if none
    #[arg(value_name = "PLACE", value_parser = spot)]
    place: Option<Spot>,
    /// Those in this state alone
    #[arg(long, value_enum, value_name = "STATE")]
    state: Option<State>,
    /// Those whose name has this in it alone
    #[arg(long, value_name = "WORD")]
    name: Option<String>,
    /// Those that began within this time alone: 30m, 24h
    #[arg(long, value_name = "TIME")]
    since: Option<Span>,
    /// As JSON
    #[arg(long)]
    json: bool,
}

/// How far a run is, as a word on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum State {
    /// It goes on now
    Running,
    /// It came to its end
    #[value(alias = "success")]
    Completed,
    /// It could not go on
    Failed,
    /// The user ended it
    Cancelled,
    /// It never said that it ended
    #[value(alias = "cut off")]
    CutOff,
    /// It can go on from a checkpoint
    Resumable,
    /// Its files cannot be read
    Corrupt,
}

impl State {
    fn holds(self, run: &StoredRun) -> bool {
        let word = match self {
            Self::Running => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failed => "FAILED",
            Self::Cancelled => "CANCELLED",
            Self::CutOff => "CUT OFF",
            Self::Corrupt => "CORRUPT",
            Self::Resumable => return can_go_on(run) || flow_can_go_on(run),
        };
        run.brief.as_ref().is_some_and(|brief| brief.status.as_str() == word)
    }

    /// The same of a run in a directory of results; one of benchctl has nothing to go on from.
    fn holds_result(self, run: &Brief) -> bool {
        match self {
            Self::Running => run.status == Status::Running,
            Self::Completed => run.status == Status::Success,
            Self::Failed => run.status == Status::Failed,
            Self::Cancelled => run.status == Status::Cancelled,
            Self::CutOff => run.status == Status::Unfinished,
            Self::Resumable => {
                run.run_id.is_some() && !matches!(run.status, Status::Running | Status::Success)
            }
            // One that cannot be read is told on standard error.
            Self::Corrupt => false,
        }
    }
}

/// Where runs are.
#[derive(Clone, Debug)]
enum Spot {
    Bucket(Place),
    Results(PathBuf),
}

/// What is no address is a directory.
fn spot(word: &str) -> Result<Spot, String> {
    if word.contains("://") {
        return word.parse().map(Spot::Bucket).map_err(|error: place::Error| error.to_string());
    }
    Ok(Spot::Results(PathBuf::from(word)))
}

pub(super) fn run(wish: &ListArgs, setting: &Setting) -> Outcome {
    let now = SystemClock.now();
    let place = match &wish.place {
        Some(Spot::Results(dir)) => {
            print::out(&result::listed(dir, wish.json, |run| wish.wants_result(run, now))?)?;
            return Ok(Exit::Good);
        }
        Some(Spot::Bucket(place)) => Some(place),
        None => None,
    };
    let all = match place {
        Some(place) => of_bucket(place)?,
        None => briefs(setting)?,
    };
    let none = all.is_empty();
    let runs: Vec<StoredRun> = all.into_iter().filter(|run| wish.wants(run, now)).collect();
    let text = match place {
        _ if wish.json => serde_json::to_string_pretty(&runs)? + "\n",
        None if none => "no run is kept; `isomon bench` makes one\n".to_owned(),
        Some(place) if none => {
            format!("{place} has no run; `isomon push RUN {place}` brings one there\n")
        }
        place => table(&runs, place.is_none(), now),
    };
    print::out(&text)?;
    Ok(Exit::Good)
}

impl ListArgs {
    fn wants(&self, run: &StoredRun, now: Stamp) -> bool {
        let brief = run.brief.as_deref();
        let name = brief.and_then(|brief| brief.name.as_ref()).map(SafeText::as_str);
        self.state.is_none_or(|state| state.holds(run))
            && self.wants_begun(name, brief.map(|brief| brief.started_ms), now)
    }

    /// The same of a run in a directory of results.
    fn wants_result(&self, run: &Brief, now: Stamp) -> bool {
        let started_ms = run.started().map(jiff::Timestamp::as_millisecond);
        self.state.is_none_or(|state| state.holds_result(run))
            && self.wants_begun(Some(run.benchmark_name.as_str()), started_ms, now)
    }

    /// Whether one of that name which began then is wanted, as far as those are known.
    fn wants_begun(&self, name: Option<&str>, started_ms: Option<i64>, now: Stamp) -> bool {
        let named = |word: &String| {
            name.is_some_and(|name| name.to_lowercase().contains(&word.to_lowercase()))
        };
        let since = |span: &Span| {
            let reach = i64::try_from(span.0.as_millis()).unwrap_or(i64::MAX);
            started_ms.is_some_and(|began| began >= now.wall_ms.saturating_sub(reach))
        };
        self.name.as_ref().is_none_or(named) && self.since.as_ref().is_none_or(since)
    }
}

/// Whether `run` can go on from a checkpoint.
pub(super) fn can_go_on(run: &StoredRun) -> bool {
    let brief = run.brief.as_ref().filter(|brief| brief.kind == PipelineKind::Benchmark);
    brief.is_some_and(|brief| match brief.status.as_str() {
        "CUT OFF" => brief.note.is_some(),
        "CANCELLED" => true,
        _ => false,
    })
}

/// Whether `run` is of a workflow that can go on.
pub(super) fn flow_can_go_on(run: &StoredRun) -> bool {
    let brief = run.brief.as_ref().filter(|brief| brief.kind == PipelineKind::Workflow);
    brief.is_some_and(|brief| matches!(brief.status.as_str(), "CUT OFF" | "FAILED" | "CANCELLED"))
}

/// The runs that are kept, latest first.
pub(super) fn kept(setting: &Setting) -> Result<Vec<Listed>> {
    setting.local.list().map_err(|why| eyre!("{why}").advise(REMEDY))
}

/// The same, each with what it was.
pub(super) fn briefs(setting: &Setting) -> Result<Vec<StoredRun>> {
    use crate::hub::Deed as _;
    setting.local.stored().map_err(|why| eyre!("{why}").advise(REMEDY))
}

const REMEDY: &str = "set XDG_STATE_HOME to a directory that can be read and written";

/// `here`: they are on this machine, where some can go on; those from elsewhere have their host's name.
fn table(runs: &[StoredRun], here: bool, now: Stamp) -> String {
    if runs.is_empty() {
        return "no run is like that; `isomon list` shows all\n".to_owned();
    }
    let mut text = format!(
        "{:24} {:10} {:>9} {:>9} {:>8} {:>6}  {}\n",
        "RUN", "STATE", "AGO", "TOOK", "SAMPLES", "FAILED", "NAME AND BACKENDS"
    );
    for run in runs {
        let none = RunBrief::default();
        let brief = run.brief.as_deref().unwrap_or(&none);
        let _infallible = writeln!(text, "{}", row(run, brief, here, now));
    }
    if let Some(run) = runs.iter().find(|run| here && can_go_on(run)) {
        let _infallible =
            writeln!(text, "\nthose CUT OFF or CANCELLED go on: isomon bench --resume {}", run.id);
    }
    text
}

fn row(run: &StoredRun, brief: &RunBrief, here: bool, now: Stamp) -> String {
    let ago = now.wall_ms.saturating_sub(brief.started_ms) / 1_000;
    let known = brief.started_ms > 0;
    let ago = if known { long(ago) } else { "—".to_owned() };
    let took = brief.seconds.map_or_else(|| "—".to_owned(), |took| took.to_string());
    // Of a workflow the tasks that passed, of all.
    let samples = match brief.tasks {
        Some(tasks) => format!("{}/{tasks}", brief.completed),
        None => brief.completed.saturating_add(brief.failed).to_string(),
    };
    let mut words: Vec<&str> = brief.name.iter().map(SafeText::as_str).collect();
    if !here {
        words.insert(0, brief.host.as_str());
    }
    words.extend(brief.parts.iter().map(SafeText::as_str));
    let mut about = words.join(" ");
    if let Some(note) = brief.note.as_ref().filter(|_| !can_go_on(run)) {
        about = if about.is_empty() { note.to_string() } else { format!("{about}; {note}") };
    }
    format!(
        "{:24} {:10} {ago:>9} {took:>9} {samples:>8} {:>6}  {about}",
        run.id.as_str(),
        brief.status,
        brief.failed
    )
}

/// A length of time in the largest unit that says something.
fn long(seconds: i64) -> String {
    match seconds {
        ..0 => "—".to_owned(),
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

/// The runs of a bucket.
fn of_bucket(place: &Place) -> Result<Vec<StoredRun>> {
    log::to_stderr()?;
    let list = async { Bucket::open(place).map_err(bad)?.list().await.map_err(bad) };
    let Listing { runs, strange, cut } = runtime::block_on(list)??;
    if strange > 0 {
        print::err(&format!("{strange} names in the index of {place} are none of isomon's"));
    }
    if cut {
        print::err(&format!("{place} has more runs than are listed: the earliest are missing"));
    }
    Ok(runs)
}
