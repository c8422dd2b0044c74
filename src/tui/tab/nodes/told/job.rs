//! Jobs of stages and workers, each with its stages below it, and what the platform does not tell.

use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};

use super::workload::age;
use super::{Sheet, fact, style_of};
use crate::model::pipeline::{Exception, Pipeline, Stage};
use crate::state::Node;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, panel};

/// Exceptions of a job that are shown.
const EXCEPTIONS: usize = 3;
/// Largest lag of a partition over the mean from which on a stage is called skewed.
const SKEWED: f64 = 2.0;

/// How they stand, in a line.
pub(super) fn line(node: &Node, look: &Look<'_>) -> Option<Line<'static>> {
    let (_, all) = node.pipelines.as_ref()?;
    let running = all.jobs.iter().filter(|job| job.status.as_str() == "RUNNING").count();
    let words = format!("{running} running of {}", all.jobs.len());
    Some(fact("jobs", vec![Span::styled(words, look.theme.text)], look))
}

pub(super) fn draw(node: &Node, sheet: Sheet<'_>, buffer: &mut Buffer, look: &Look<'_>) {
    let Some((_, all)) = &node.pipelines else { return };
    let area = sheet.frame.aside(all.jobs.len().to_string()).open(sheet.area, buffer, look);
    let width = usize::from(area.width);
    let gaps = all.gaps.iter().map(|gap| {
        let sign = look.glyph.pick("✗", "!");
        Line::styled(fixed::cut(&format!("{sign} {gap}"), width), look.theme.warn)
    });
    let mut lines: Vec<Line<'static>> = gaps.collect();
    if all.jobs.is_empty() {
        lines.push(Line::styled("No job is told of.", look.theme.muted));
    }
    lines.extend(all.jobs.iter().flat_map(|job| told(job, width, look)));
    panel::lines(lines.into_iter().skip(sheet.scroll), area, buffer);
}

/// A job, why it failed, and its stages.
fn told(job: &Pipeline, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let took = job.duration_seconds.map(|took| format!("  {took}"));
    let begun = job.started_ms.map(|at| format!("  begun {} ago", age(at, look.now)));
    let done = job.progress.map(|share| format!("  {share} done"));
    let rest = [done, took, begun].into_iter().flatten().collect::<String>();
    let status = job.status.to_string();
    let room = width.saturating_sub(status.chars().count() + rest.chars().count() + 1);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{status} "), style_of(&status, look)),
        Span::styled(fixed::cut(job.id.as_str(), room), theme.title),
        Span::styled(rest, theme.muted),
    ])];
    let error = job
        .error
        .as_ref()
        .map(|error| Line::styled(fixed::cut(&format!("  {error}"), width), theme.bad));
    lines.extend(error);
    lines.extend(job.exceptions.iter().take(EXCEPTIONS).map(|one| exception(one, width, look)));
    lines.extend(job.stages.iter().map(|one| stage(one, job, width, look)));
    lines
}

/// Something that went wrong, and how often.
fn exception(one: &Exception, width: usize, look: &Look<'_>) -> Line<'static> {
    let many = if one.count > 1 { format!("{} times ", one.count) } else { String::new() };
    let at = one.last_ms.map(|at| format!(", last {} ago", age(at, look.now)));
    let words =
        format!("  {many}{}: {} in {}{}", one.kind, one.message, one.stage, at.unwrap_or_default());
    Line::styled(fixed::cut(&words, width), look.theme.bad)
}

/// `  a → b  map  running  4 (1-8) workers  1200 in 1100 out  12 wait  held back`.
fn stage(stage: &Stage, job: &Pipeline, width: usize, look: &Look<'_>) -> Line<'static> {
    let theme = look.theme;
    let arrow = look.glyph.pick(" → ", " -> ");
    let next = job.edges.iter().find(|(from, _)| *from == stage.id);
    let next = next.map(|(_, to)| format!("{arrow}{to}")).unwrap_or_default();
    let many = |count: Option<u64>, what: &str| count.map(|count| format!("{count} {what}"));
    let workers = stage.workers.map(|count| match stage.parallelism {
        Some((least, most)) => format!("{count} ({least}-{most}) workers"),
        None => format!("{count} workers"),
    });
    let known = [
        workers,
        many(stage.input, "in"),
        many(stage.output, "out"),
        many(stage.queue.filter(|wait| *wait > 0), "wait"),
    ];
    let known: Vec<String> = known.into_iter().flatten().collect();
    let skew = stage.skew.filter(|skew| *skew > SKEWED).map(|skew| format!(" skewed {skew:.1}×"));
    let held = if stage.backpressure == Some(true) { " holds back what feeds it" } else { "" };
    let bad = format!("{}{held}", skew.unwrap_or_default());
    let room = width.saturating_sub(bad.chars().count());
    let name = format!("  {}{next}  {}  ", stage.id, stage.operator);
    let name = fixed::cut(&name, room);
    let room = room.saturating_sub(name.chars().count());
    let status = fixed::cut(&format!("{} ", stage.status), room);
    let rest = fixed::cut(&known.join("  "), room.saturating_sub(status.chars().count()));
    Line::from(vec![
        Span::styled(name, theme.text),
        Span::styled(status, style_of(stage.status.as_str(), look)),
        Span::styled(rest, theme.muted),
        Span::styled(bad, theme.warn),
    ])
}
