//! Runs of workflows as people ask for them and read them: found, listed, shown, set beside each other.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use color_eyre::eyre::{Result, eyre};

use super::kept;
use super::setting::Setting;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::workflow::event::Failure;
use crate::model::workflow::result::Statistic;
use crate::model::workflow::{Collected, TaskState, WorkflowRun};
use crate::store::result::shelf::Brief;
use crate::store::result::{self, METADATA, RUN, ResultDir};

mod beside;
mod load;

pub(super) use beside::compared;

/// Where runs are unless somebody says.
const RESULTS: &str = "results";

/// Where loads of models are kept.
pub(super) fn of_loads(setting: &Setting) -> PathBuf {
    setting.local.runs.with_file_name(RESULTS)
}

/// Where a number names a run: in `./results`, else among loads of models.
pub(super) fn numbered(setting: &Setting) -> [PathBuf; 2] {
    [PathBuf::from(RESULTS), of_loads(setting)]
}

/// The same as [`find`], where `last` is the latest that is finished.
pub(super) fn meant(word: &str, setting: &Setting) -> Result<Option<ResultDir>> {
    if word == "last" {
        let latest = kept::latest(kept::Kind::Workflow, setting)?;
        return ResultDir::open(&latest.path).map(Some).map_err(kept::bad);
    }
    find(word, setting)
}

/// Whether a workflow's run of isomon is at `path`: its directory, or a file that stands for it.
pub(super) fn is_at(path: &Path) -> bool {
    let dir = if path.is_file() { path.parent() } else { Some(path) };
    let opened = dir.and_then(|dir| ResultDir::open(dir).ok());
    opened.is_some_and(|of| of.run.is_some())
}

/// The workflow's run that `word` means: isomon's id of it, a number in `./results` or of a load, or a
/// directory.
/// `None` where that is none of a workflow.
pub(super) fn find(word: &str, setting: &Setting) -> Result<Option<ResultDir>> {
    let Some(path) = place(word, setting) else { return Ok(None) };
    match ResultDir::open(&path) {
        Ok(dir) => Ok(Some(dir)),
        Err(_) if !path.join(METADATA).exists() && !is_link(&path, setting) => Ok(None),
        Err(error) => Err(kept::bad(error)),
    }
}

/// Whether `path` is isomon's link to a workflow's run, so that it is nothing else.
fn is_link(path: &Path, setting: &Setting) -> bool {
    path.is_symlink() && path.parent() == Some(setting.local.runs.as_path())
}

fn place(word: &str, setting: &Setting) -> Option<PathBuf> {
    let known = RunId::parse(word).map(|id| setting.local.runs.join(id.as_str()));
    let numbered = result::number_of(word).into_iter().flat_map(|number| {
        let names = [word.to_owned(), format!("run-{number:03}"), number.to_string()];
        numbered(setting).into_iter().flat_map(move |dir| names.clone().map(|name| dir.join(name)))
    });
    let named = PathBuf::from(word);
    let named = if named.is_file() { named.parent().map(Path::to_owned) } else { Some(named) };
    let is_run = |path: &PathBuf| path.join(METADATA).is_file() || path.join(RUN).is_file();
    known.into_iter().chain(numbered).chain(named).find(is_run)
}

/// Those runs in the directory of results `dir` that are wanted.
pub(super) fn listed(dir: &Path, json: bool, wants: impl Fn(&Brief) -> bool) -> Result<String> {
    if !dir.exists() {
        return Err(eyre!("there is no directory {}", dir.display()));
    }
    let mut briefs = Vec::new();
    for (path, read) in result::list(dir).map_err(kept::bad)? {
        match read {
            Ok(run) => briefs.push(Brief::of(run.number(), &run)),
            Err(error) => super::print::err(&format!("{}: {error}", path.display())),
        }
    }
    let none = briefs.is_empty();
    briefs.retain(wants);
    let dir = dir.display();
    Ok(match () {
        () if json => serde_json::to_string_pretty(&briefs)? + "\n",
        () if none => format!("{dir} has no run; `isomon run` makes one\n"),
        () if briefs.is_empty() => format!("no run is like that; `isomon list {dir}` shows all\n"),
        () => table(&briefs),
    })
}

fn table(briefs: &[Brief]) -> String {
    let mut text =
        format!("{:10} {:12} {:25} {:>9}  NAME AND METADATA\n", "RUN", "STATE", "BEGAN", "TOOK");
    for brief in briefs {
        let took = brief.seconds.map_or_else(|| "—".to_owned(), |took| took.to_string());
        let began = began(&brief.start_time);
        let mut about = vec![brief.benchmark_name.clone()];
        about.extend(brief.custom.iter().take(8).map(|(key, value)| format!("{key}={value}")));
        let (id, about) = (SafeText::new(&brief.id), SafeText::new(&about.join(" ")));
        let state = brief.status.word();
        let _infallible = writeln!(
            text,
            "{:10} {state:12} {:25} {took:>9}  {about}",
            id.as_str(),
            SafeText::new(&began)
        );
    }
    text
}

/// A run for people, or as JSON.
pub(super) fn shown(dir: &ResultDir, json: bool) -> Result<String> {
    if json {
        let json = match &dir.run {
            Some(run) => serde_json::to_string_pretty(run)?,
            None => serde_json::to_string_pretty(&dir.metadata)?,
        };
        return Ok(json + "\n");
    }
    let brief = Brief::of(dir.number(), dir);
    let mut text = format!(
        "{} {}: {}\n",
        SafeText::new(&brief.benchmark_name),
        SafeText::new(dir.number()),
        brief.status.word()
    );
    let took = brief.seconds.map_or_else(String::new, |took| format!(", took {took}"));
    let _infallible = writeln!(text, "  began {}{took}", SafeText::new(&began(&brief.start_time)));
    let _infallible = writeln!(text, "  kept in {}", whereabouts(&dir.path));
    if let Some(run) = &dir.run {
        let _infallible = writeln!(text, "  repeat it: {}", run.head.repeat);
    }
    part(&mut text, "metadata", &pairs(dir));
    if let Some(run) = &dir.run {
        part(&mut text, "tasks", &tasks(run));
        part(&mut text, "failure", &failure(run));
        part(&mut text, "files", &run.files.iter().map(file).collect::<Vec<_>>());
        part(&mut text, "statistics", &statistics(run));
    } else {
        let why = dir.metadata.error.iter().map(|why| SafeText::new(why).to_string());
        part(&mut text, "failure", &why.collect::<Vec<_>>());
        let files = dir.files().map_err(kept::bad)?;
        let files =
            files.iter().map(|file| format!("{}  {} B", SafeText::new(&file.name), file.bytes));
        part(&mut text, "files", &files.collect::<Vec<_>>());
    }
    Ok(text)
}

/// `2026-11-22T06:35:50.079712174+00:00` to the second; another zone than UTC stays as it was written.
fn began(time: &str) -> String {
    let utc = ["Z", "+00:00"].iter().any(|end| time.ends_with(end));
    match time.split_once('.') {
        Some((seconds, _)) if utc => format!("{seconds}Z"),
        _ => time.to_owned(),
    }
}

/// Where a run is; where a link leads to it, that too.
fn whereabouts(path: &Path) -> String {
    let shown = |path: &Path| SafeText::within(&path.to_string_lossy(), 1_024).to_string();
    match path.read_link().and_then(|_| path.canonicalize()) {
        Ok(real) => format!("{}; {} is a link to it", shown(&real), shown(path)),
        Err(_) => shown(path),
    }
}

/// Lines under a word; nothing where there are none.
fn part(text: &mut String, word: &str, lines: &[String]) {
    if lines.is_empty() {
        return;
    }
    let _infallible = writeln!(text, "\n{word}");
    for line in lines {
        let _infallible = writeln!(text, "  {line}");
    }
}

fn pairs(dir: &ResultDir) -> Vec<String> {
    let pair = |(key, value): (&String, &String)| {
        format!("{}: {}", SafeText::new(key), SafeText::new(value))
    };
    dir.metadata.custom.iter().map(pair).collect()
}

fn tasks(run: &WorkflowRun) -> Vec<String> {
    let all = run.head.tasks.iter().zip(&run.tasks);
    all.map(|(plan, end)| {
        let case = plan.case.as_ref().map_or_else(String::new, |case| format!(" case {case}"));
        let times =
            if plan.repetition > 0 { format!(" #{}", plan.repetition) } else { String::new() };
        format!("{} on {}{case}{times}: {}", plan.stage, plan.host, stood(&end.state))
    })
    .collect()
}

fn stood(state: &TaskState) -> String {
    match state {
        TaskState::Pending => "not begun".to_owned(),
        TaskState::Running { .. } => "was running".to_owned(),
        TaskState::Checking => "was not ready yet".to_owned(),
        TaskState::Background => "was in the background".to_owned(),
        TaskState::Passed { seconds } => format!("passed, {seconds}"),
        TaskState::Failed { seconds, reason, .. } => format!("FAILED, {seconds}: {reason}"),
        TaskState::Skipped { reason } => format!("skipped: {reason}"),
        TaskState::Unknown { reason } => format!("UNKNOWN: {reason}"),
    }
}

fn failure(run: &WorkflowRun) -> Vec<String> {
    let Some(tail) = &run.tail else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(failure) = &tail.failure {
        lines.push(format!("{} on {}: {}", failure.stage, failure.host, failure.reason));
        lines.extend(command(failure));
        lines.extend(failure.lines.iter().map(|line| format!("| {line}")));
    }
    lines.extend(tail.troubles.iter().map(|trouble| format!("also: {trouble}")));
    lines
}

/// The command that failed; the lines of one that has several stand below each other.
pub(super) fn command(failure: &Failure) -> impl Iterator<Item = String> {
    let heads = std::iter::once("command: ").chain(std::iter::repeat("         "));
    heads.zip(failure.command.lines()).map(|(head, line)| format!("{head}{line}"))
}

fn file(file: &Collected) -> String {
    let bytes = file.bytes.map_or_else(|| "—".to_owned(), |bytes| bytes.to_string());
    let error = file.error.as_ref().map_or_else(String::new, |why| format!("  {why}"));
    format!("{}  {bytes}{error}", file.file)
}

fn statistics(run: &WorkflowRun) -> Vec<String> {
    run.statistics.iter().map(statistic).collect()
}

/// What repetitions came to: `case big, load: seconds 0.037 s (median of 5, 0.035 to 0.040), +3.1 %: …`.
pub(super) fn statistic(of: &Statistic) -> String {
    let unit = of.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let case = of.case.as_ref().map(|case| format!("case {case}, ")).unwrap_or_default();
    let bounds = of.interval.map(|(low, high)| format!(", {} to {}", number(low), number(high)));
    let change = of.change_percent.zip(of.verdict.as_ref());
    let change = change.map(|(change, verdict)| format!(", {change:+.1} %: {verdict}"));
    let (bounds, change) = (bounds.unwrap_or_default(), change.unwrap_or_default());
    let (value, count) = (number(of.median), of.values.len());
    format!("{case}{}: {value}{unit} (median of {count}{bounds}){change}", of.figure)
}

/// A number as it is, so that what is reckoned with it can be reckoned again: a whole one with all its
/// digits, another with nine that count.
fn number(value: f64) -> String {
    let rounded = format!("{value:.8e}").parse().unwrap_or(value);
    let shown = if value.fract() == 0.0 { value } else { rounded };
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_their_change_is_reckoned_with() {
        let rows = [
            (30.5, "30.5"),
            (2_550.5, "2550.5"),
            (12_345_678_901.0, "12345678901"),
            (0.1 + 0.2, "0.3"),
            (-0.000_012_345, "-0.000012345"),
            (0.0, "0"),
        ];
        for (value, wanted) in rows {
            assert_eq!(number(value), wanted);
        }
        let statistic = statistic(&Statistic {
            figure: "value median".into(),
            values: vec![2_500.0, 2_601.0],
            median: 2_550.5,
            change_percent: Some((2_550.5 / 30.5 - 1.0) * 100.0),
            verdict: Some("changed".into()),
            ..Statistic::default()
        });
        assert_eq!(statistic, "value median: 2550.5 (median of 2), +8262.3 %: changed");
    }
}
