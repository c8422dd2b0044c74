//! Runs of workflows beside the first of them, for the terminal and as JSON.

use std::fs::File;
use std::path::Path;

use color_eyre::eyre::Result;

use super::{load, part};
use crate::model::id::SourceId;
use crate::model::pipeline::Pipeline;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::model::workflow::result::TableView;
use crate::pipeline::of_workflow;
use crate::report::flow_compare::{Side, data, metadata, rows, said, stages, time, undone};
use crate::state::State;
use crate::store::result::ResultDir;
use crate::store::result::shelf::{Brief, Status};
use crate::table;

mod json;

/// What is read of a run to be compared.
struct Read<'a> {
    dir: &'a ResultDir,
    status: Status,
    job: Option<Pipeline>,
    tables: Vec<TableView>,
}

impl<'a> Read<'a> {
    fn of(dir: &'a ResultDir) -> Self {
        let files = dir.files().unwrap_or_default();
        let tables = files.iter().filter_map(|file| view(dir, &file.name)).collect();
        Self { dir, status: Brief::of(dir.number(), dir).status, job: job(dir), tables }
    }

    fn side(&self) -> Side<'_> {
        let dir = self.dir;
        let tail = dir.run.as_ref().and_then(|run| run.tail.as_ref());
        let failure = tail.and_then(|tail| tail.failure.as_ref());
        let why = failure.map(|why| format!("{} on {}: {}", why.stage, why.host, why.reason));
        let told = || dir.metadata.error.as_deref().map(|why| SafeText::new(why).to_string());
        Side {
            name: dir.number(),
            word: self.status.word(),
            done: self.status == Status::Success,
            why: why.or_else(told),
            took: tail.map(|tail| tail.seconds).or_else(|| dir.metadata.seconds()),
            metadata: &dir.metadata.custom,
            stages: self.job.as_ref().map(|job| job.stages.as_slice()).unwrap_or_default(),
            tables: self.tables.iter().collect(),
        }
    }
}

/// A run beside the first.
struct Pair<'a> {
    base: &'a Side<'a>,
    other: Side<'a>,
    /// What their loads did not ask alike.
    unlike: Vec<String>,
}

impl Pair<'_> {
    fn sides(&self) -> [&Side<'_>; 2] {
        [self.base, &self.other]
    }

    fn is_worse(&self, noise: f64) -> bool {
        said(self.sides(), noise).iter().any(|one| one.worse)
    }

    fn text(&self, noise: f64) -> String {
        let sides = self.sides();
        let [one, two] = sides.map(|side| format!("{} ({})", SafeText::new(side.name), side.word));
        let mut text = format!("{one} -> {two}\n");
        let rows = rows(sides);
        // Where nothing is known of stages the line of the time says it all.
        let stages = (rows.len() > 1).then(|| stages(&rows));
        let unlike = ("not alike, so that figures differ for that alone", self.unlike.clone());
        let before = [undone(sides), unlike, metadata(sides, noise), time(sides)];
        for (title, lines) in before.into_iter().chain(stages).chain([data(sides)]) {
            part(&mut text, title, &lines);
        }
        text
    }
}

/// The others beside the first of `runs`, as JSON or for people: metadata, times, stages, and the columns of
/// files that both have; and whether a figure of a model is worse by more than the share `noise`.
pub(in crate::cli) fn compared(
    runs: &[ResultDir],
    noise: f64,
    as_json: bool,
) -> Result<(String, bool)> {
    let read: Vec<Read<'_>> = runs.iter().map(Read::of).collect();
    let Some((first, others)) = read.split_first() else { return Ok((String::new(), false)) };
    let base = first.side();
    let pairs = others.iter().map(|other| Pair {
        base: &base,
        other: other.side(),
        unlike: load::differences(first.dir, other.dir),
    });
    let pairs: Vec<Pair<'_>> = pairs.collect();
    let text: String = if as_json {
        json::text(&base, &pairs, noise)?
    } else {
        pairs.iter().map(|pair| pair.text(noise)).collect()
    };
    Ok((text, pairs.iter().any(|pair| pair.is_worse(noise))))
}

/// The run as a job, by what happened in it; `None` where that was not kept.
fn job(dir: &ResultDir) -> Option<Pipeline> {
    let id = dir.run.as_ref()?.head.id.clone()?;
    let mut state = State::default();
    for event in dir.events().ok()? {
        let what = What::Workflow { id: id.clone(), event };
        state.apply(&Update { at: Stamp::default(), from: SourceId::stored(), what });
    }
    Some(of_workflow(&id, state.workflows.get(&id)?, Stamp::default()))
}

/// The table in the file `name`; `None` where it is none.
fn view(dir: &ResultDir, name: &str) -> Option<TableView> {
    Path::new(name).extension().filter(|end| end.eq_ignore_ascii_case("csv"))?;
    let columns = dir.run.as_ref().and_then(|run| {
        run.files.iter().find(|file| file.file.as_str() == name).map(|file| file.columns.clone())
    });
    let file = File::open(dir.file(name)?).ok()?;
    table::view(name, name, file, &columns.unwrap_or_default()).ok()
}
