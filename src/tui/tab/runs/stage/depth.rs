//! One stage in depth: its numbers, its parts with their lag, its workers, what went wrong in it.

use ratatui::text::{Line, Span};

use super::super::job::Job;
use super::super::list::when;
use super::super::mark;
use super::{task, workers};
use crate::model::pipeline::{Partition, SKEWED, Stage};
use crate::model::text::counted;
use crate::model::unit::{Ratio, three_digits};
use crate::tui::look::Look;
use crate::tui::widget::{fixed, meter, value};

/// Columns of a label.
const LABEL: usize = 12;
/// Parts, workers and errors that are shown.
const MOST: usize = 500;
/// Columns of the bar of a lag.
const BAR: usize = 16;

/// Everything that is told of `stage`.
pub(super) fn lines(
    stage: &Stage,
    job: &Job<'_>,
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let mut lines = facts(stage, job, width, look);
    lines.extend(partitions(stage, look));
    match job.flow {
        Some(flow) => lines.extend(task::lines(stage.id.as_str(), flow, width, look)),
        None => lines.extend(at_work(stage, job, width, look)),
    }
    lines.extend(errors(stage, job, width, look));
    lines
}

fn facts(stage: &Stage, job: &Job<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let (sign, style) = mark::mark(stage.status.as_str(), look);
    let fact = |label: &str, text: String, style| {
        Line::from(vec![
            Span::styled(fixed::left(label, LABEL), theme.muted),
            Span::styled(fixed::cut(&text, width.saturating_sub(LABEL)), style),
        ])
    };
    let records = |count: Option<u64>, rate: Option<f64>| {
        let rate = rate.filter(|rate| rate.is_finite());
        let rate = rate.map(|rate| format!(", {} each second", three_digits(rate)));
        count.map(|count| format!("{count}{}", rate.unwrap_or_default()))
    };
    let held = match stage.backpressure {
        Some(true) => Some(("it holds back what feeds it".to_owned(), theme.warn)),
        Some(false) => Some(("it holds nothing back".to_owned(), theme.text)),
        None => None,
    };
    let skew = stage.skew.map(|skew| {
        let skewed = skew > SKEWED;
        let words = format!("{skew:.2}× the mean lag{}", if skewed { ": skewed" } else { "" });
        (words, if skewed { theme.warn } else { theme.text })
    });
    let even = || stage.skew_gap.as_ref().map(|why| (format!("none: {why}"), theme.muted));
    let plain = |text: Option<String>| text.map(|text| (text, theme.text));
    let took = stage.duration_seconds.map(|took| took.to_string());
    let rows = [
        ("does", plain(Some(stage.operator.to_string()).filter(|text| !text.is_empty()))),
        ("began", plain(stage.started_ms.map(when))),
        ("took", plain(took)),
        ("done", plain(stage.progress.map(|share| share.to_string()))),
        ("workers", plain(workers(stage))),
        ("took in", plain(records(stage.input, stage.input_per_second))),
        ("gave out", plain(records(stage.output, stage.output_per_second))),
        ("waiting", plain(stage.queue.map(|queue| queue.to_string()))),
        ("pressure", held),
        ("waited for", waited(stage, job).map(|words| (words, theme.text))),
        ("skew", skew.or_else(even)),
    ];
    let skipped = stage.skipped.filter(|count| *count > 0 && stage.status.as_str() != "skipped");
    let skipped = skipped.map(|count| format!(", {count} skipped")).unwrap_or_default();
    let mut lines = vec![fact("status", format!("{sign} {}{skipped}", stage.status), style)];
    lines.extend(rows.into_iter().filter_map(|(label, told)| {
        let (text, style) = told?;
        Some(fact(label, text, style))
    }));
    lines.extend(stage.error.iter().map(|error| fact("failed", error.to_string(), theme.bad)));
    lines.push(joined("fed by", stage, job, false, look));
    lines.push(joined("feeds", stage, job, true, look));
    lines
}

/// What its work waited for most, and for what share of the time.
fn waited(stage: &Stage, job: &Job<'_>) -> Option<String> {
    let (what, share) = job.pipeline.waits(&stage.id).worst()?;
    Some(format!("{what}, {share} of the time at the worst"))
}

/// The stages before it or after it.
fn joined(label: &str, stage: &Stage, job: &Job<'_>, on: bool, look: &Look<'_>) -> Line<'static> {
    let edges = job.pipeline.edges.iter();
    let names: Vec<&str> = edges
        .filter(|(from, to)| if on { *from == stage.id } else { *to == stage.id })
        .map(|(from, to)| if on { to.as_str() } else { from.as_str() })
        .collect();
    let names = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    Line::from(vec![
        Span::styled(fixed::left(label, LABEL), look.theme.muted),
        Span::styled(names, look.theme.text),
    ])
}

fn heading(text: String, look: &Look<'_>) -> [Line<'static>; 2] {
    [Line::default(), Line::styled(text, look.theme.title)]
}

/// The parts of its work, each with its lag as a bar against the largest.
fn partitions(stage: &Stage, look: &Look<'_>) -> Vec<Line<'static>> {
    let all = stage.partitions.iter();
    let mut kinds: Vec<&str> = all.map(|part| part.kind.as_str()).collect();
    kinds.dedup();
    // Parts of the last kind are those that its skew is of.
    let judged = kinds.last().copied().filter(|kind| kind.is_empty() || stage.skew.is_some());
    kinds.iter().flat_map(|kind| alike(kind, stage, judged == Some(kind), look)).collect()
}

/// The parts of one kind; those that are far behind are marked where they are `judged`.
fn alike(kind: &str, stage: &Stage, judged: bool, look: &Look<'_>) -> Vec<Line<'static>> {
    let of = |part: &&Partition| part.kind.as_str() == kind;
    let parts: Vec<&Partition> = stage.partitions.iter().filter(of).collect();
    let name = if kind.is_empty() { "partition" } else { kind };
    let lags: Vec<f64> = parts.iter().filter_map(|part| part.lag).map(|lag| lag as f64).collect();
    let most = lags.iter().copied().fold(0.0, f64::max);
    let mean = lags.iter().sum::<f64>() / lags.len().max(1) as f64;
    let mut lines = heading(value::many(parts.len(), name), look).to_vec();
    let line = |part: &&Partition| {
        let lag = part.lag.map(|lag| lag as f64);
        let skewed = judged && lag.is_some_and(|lag| mean > 0.0 && lag / mean > SKEWED);
        let style = if skewed { look.theme.warn } else { look.theme.series[0] };
        let share = lag.and_then(|lag| Ratio::of(lag, most));
        let number = |count: Option<u64>| {
            fixed::right(&count.map_or_else(|| value::MISSING.to_owned(), |n| n.to_string()), 10)
        };
        let times = lag.filter(|_| skewed).map(|lag| format!(" {:.1}× the mean", lag / mean));
        let mut spans = vec![
            Span::styled(fixed::left(part.id.as_str(), 14), look.theme.text),
            Span::styled(number(part.committed), look.theme.muted),
            Span::styled(" of", look.theme.muted),
            Span::styled(number(part.latest), look.theme.muted),
            Span::styled(format!("  lag {} ", number(part.lag).trim_start()), look.theme.text),
        ];
        spans.extend(meter::plain(share, BAR, style, look));
        spans.push(Span::styled(times.unwrap_or_default(), look.theme.warn));
        spans.push(Span::styled(format!("  {}", part.worker), look.theme.muted));
        Line::from(spans)
    };
    lines.extend(parts.iter().take(MOST).map(line));
    lines
}

fn at_work(stage: &Stage, job: &Job<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let workers = job.pipeline.workers.iter().filter(|worker| worker.stage == stage.id);
    let mut lines: Vec<Line<'static>> = workers
        .take(MOST)
        .map(|worker| {
            let (sign, style) = mark::mark(worker.status.as_str(), look);
            let doing = worker.doing.as_ref().map(|doing| format!(": {doing}"));
            let done = worker
                .output
                .or(worker.input)
                .map(|count| format!(", {}", counted(count, "record")));
            let node =
                if worker.node.is_empty() { String::new() } else { format!(" on {}", worker.node) };
            let (doing, done) = (doing.unwrap_or_default(), done.unwrap_or_default());
            let words = format!("{}{node}{done}{doing}", worker.id);
            Line::from(vec![
                Span::styled(format!("{sign} "), style),
                Span::styled(fixed::cut(&words, width.saturating_sub(2)), look.theme.text),
            ])
        })
        .collect();
    if !lines.is_empty() {
        lines.splice(0..0, heading(value::many(lines.len(), "worker"), look));
    }
    lines
}

fn errors(stage: &Stage, job: &Job<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let of = job.pipeline.exceptions.iter().filter(|one| one.stage == stage.id);
    let mut lines: Vec<Line<'static>> = of
        .take(MOST)
        .map(|one| {
            let words = format!("{}× {}: {}", one.count, one.kind, one.message);
            Line::styled(fixed::cut(&words, width), look.theme.bad)
        })
        .collect();
    if !lines.is_empty() {
        lines.splice(0..0, heading(value::many(lines.len(), "kind") + " of errors", look));
    }
    lines
}
