//! Runs of workflows as people ask for them and read them: found, listed, shown, set beside each other.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use color_eyre::eyre::Result;

use super::kept;
use super::setting::Setting;
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::event::Failure;
use crate::model::workflow::result::{Statistic, TableView};
use crate::model::workflow::{Collected, TaskState, WorkflowRun};
use crate::report::serving::is_worse;
use crate::store::result::shelf::{Brief, Status};
use crate::store::result::{self, METADATA, RUN, ResultDir};
use crate::table;

mod load;

/// Where runs are unless somebody says.
const RESULTS: &str = "results";

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

/// The workflow's run that `word` means: isomon's id of it, a number in `./results`, or a directory.
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
        names.map(|name| Path::new(RESULTS).join(name))
    });
    let named = PathBuf::from(word);
    let named = if named.is_file() { named.parent().map(Path::to_owned) } else { Some(named) };
    let is_run = |path: &PathBuf| path.join(METADATA).is_file() || path.join(RUN).is_file();
    known.into_iter().chain(numbered).chain(named).find(is_run)
}

/// The runs in the directory of results `dir`.
pub(super) fn listed(dir: &Path, json: bool) -> Result<String> {
    let mut briefs = Vec::new();
    let mut text = String::new();
    for (path, read) in result::list(dir).map_err(kept::bad)? {
        match read {
            Ok(run) => briefs.push(Brief::of(run.number(), &run)),
            Err(error) => super::print::err(&format!("{}: {error}", path.display())),
        }
    }
    if json {
        return Ok(serde_json::to_string_pretty(&briefs)? + "\n");
    }
    if briefs.is_empty() {
        return Ok(format!("{} has no run; `isomon run` makes one\n", dir.display()));
    }
    let _infallible = writeln!(
        text,
        "{:10} {:12} {:25} {:>9}  NAME AND METADATA",
        "RUN", "STATE", "BEGAN", "TOOK"
    );
    for brief in &briefs {
        let took = brief.seconds.map_or_else(|| "—".to_owned(), |took| took.to_string());
        let began: String = brief.start_time.chars().take(19).collect();
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
    Ok(text)
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
    part(&mut text, "metadata", &pairs(dir));
    if let Some(run) = &dir.run {
        let _infallible = writeln!(text, "  repeat it: {}", run.head.repeat);
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

/// A number with four significant digits.
fn number(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if size >= 1_000.0 || value.fract() == 0.0 => format!("{value:.0}"),
        _ if size >= 1.0 => format!("{value:.3}"),
        _ => format!("{value:.6}"),
    }
}

/// The others beside the first of `runs`: metadata, times, and the columns of files that both have; and
/// whether a figure of a model is worse by more than the share `noise`.
pub(super) fn compared(runs: &[ResultDir], noise: f64) -> (String, bool) {
    let Some((first, others)) = runs.split_first() else { return (String::new(), false) };
    let (mut text, mut worse) = (String::new(), false);
    for other in others {
        let name =
            |dir: &ResultDir| format!("{} ({})", SafeText::new(dir.number()), status(dir).word());
        let _infallible = writeln!(text, "{} -> {}", name(first), name(other));
        let unlike: Vec<String> = [first, other].into_iter().filter_map(undone).collect();
        part(&mut text, "not done, so that times and figures are of less work", &unlike);
        part(
            &mut text,
            "not alike, so that figures differ for that alone",
            &load::differences(first, other),
        );
        let lines = metadata(first, other, noise);
        worse |= lines.iter().any(|line| line.ends_with(WORSE));
        part(&mut text, "metadata", &lines);
        let took = |dir: &ResultDir| dir.metadata.seconds().map(|Seconds(seconds)| seconds);
        if let (Some(old), Some(new)) = (took(first), took(other)) {
            part(&mut text, "time", &[took_change(old, new, unlike.is_empty())]);
        }
        part(&mut text, "data", &data(first, other));
    }
    (text, worse)
}

fn status(dir: &ResultDir) -> Status {
    Brief::of(dir.number(), dir).status
}

/// How the run in `dir` ended, and why, where that was not well.
fn undone(dir: &ResultDir) -> Option<String> {
    let status = status(dir);
    let tail = dir.run.as_ref().and_then(|run| run.tail.as_ref());
    let failure = tail.and_then(|tail| tail.failure.as_ref());
    let why = failure.map(|why| format!("{} on {}: {}", why.stage, why.host, why.reason));
    let why =
        why.or_else(|| dir.metadata.error.as_deref().map(|why| SafeText::new(why).to_string()));
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let number = SafeText::new(dir.number());
    (status != Status::Success).then(|| format!("{number} {}{why}", status.word()))
}

/// What stands behind a figure that is worse.
const WORSE: &str = " WORSE";

fn metadata(first: &ResultDir, other: &ResultDir, noise: f64) -> Vec<String> {
    let (old, new) = (&first.metadata.custom, &other.metadata.custom);
    let keys: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let line = |key: &String| {
        let key_shown = SafeText::new(key);
        let (old, new) = (old.get(key).map(String::as_str), new.get(key).map(String::as_str));
        let number = |text: Option<&str>| text.and_then(|text| text.parse::<f64>().ok());
        if let (Some(old), Some(new)) = (number(old), number(new)) {
            let worse = if is_worse(key, old, new, noise) { WORSE } else { "" };
            return format!("{key_shown}: {}{worse}", change(old, new));
        }
        let shown = |text: Option<&str>| SafeText::new(text.unwrap_or("(missing)"));
        format!("{key_shown}: {} -> {}", shown(old), shown(new))
    };
    keys.into_iter().map(line).collect()
}

/// Two numbers, and by how much the second is larger; that of zero has no percent.
fn change(old: f64, new: f64) -> String {
    let percent = (new - old) / old.abs() * 100.0;
    if percent.is_finite() && percent.abs() > 0.0 {
        return format!("{old} -> {new} ({percent:.1} % change)");
    }
    format!("{old} -> {new}")
}

/// How long two runs took; by how much the second took longer only where both are `done`.
fn took_change(old: f64, new: f64, done: bool) -> String {
    let percent = (new - old) / old.abs() * 100.0;
    let change = if done && percent.is_finite() && percent.abs() > 0.0 {
        format!(" ({percent:+.1} %)")
    } else {
        String::new()
    };
    format!("took {} -> {}{change}", Seconds(old), Seconds(new))
}

/// The medians of the columns of tables that both have.
fn data(first: &ResultDir, other: &ResultDir) -> Vec<String> {
    let files = first.files().unwrap_or_default();
    let tables = files.iter().map(|file| file.name.as_str()).filter(|name| {
        Path::new(name).extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"))
    });
    let mut lines = Vec::new();
    for name in tables {
        let (Some(old), Some(new)) = (view(first, name), view(other, name)) else { continue };
        lines.push(format!("{}: rows {}", old.file, change(old.rows as f64, new.rows as f64)));
        for column in &old.columns {
            let same = new.columns.iter().find(|same| same.name == column.name);
            let (Some(old), Some(new)) = (column.figures, same.and_then(|same| same.figures))
            else {
                continue;
            };
            let unit = column.unit.as_ref().map_or_else(String::new, |unit| format!(" [{unit}]"));
            let (median, p95) = (change(old.median, new.median), change(old.p95, new.p95));
            lines.push(format!("  {}{unit}: median {median}, p95 {p95}", column.name));
        }
    }
    lines
}

fn view(dir: &ResultDir, name: &str) -> Option<TableView> {
    let columns = dir.run.as_ref().and_then(|run| {
        run.files.iter().find(|file| file.file.as_str() == name).map(|file| file.columns.clone())
    });
    let file = File::open(dir.file(name)?).ok()?;
    table::view(name, name, file, &columns.unwrap_or_default()).ok()
}
