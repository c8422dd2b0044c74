//! How far a run is, or how it ended; and whether the machine was quiet.

use ratatui::text::{Line, Span};

use super::verdict;
use crate::model::run::{RunEnd, RunTail};
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::pipeline::{CUT_OFF, elapsed, status_of};
use crate::state::RunState;
use crate::tui::look::Look;
use crate::tui::tab::runs::mark;
use crate::tui::widget::fixed;
use crate::tui::widget::value::many;

/// From this width on, whether it was quiet stands on the same line as the counts.
pub(super) const WIDE: u16 = 110;
/// Columns of the words beside the bar.
const TEXT: usize = 44;
/// Seconds without news after which a live run is said to be silent; longer than a sample may take.
const SILENT: u64 = 30;

/// The lines above the results, at most `room` of them, `width` columns wide.
pub(super) fn lines(
    run: &RunState,
    width: usize,
    room: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let mut lines = match &run.tail {
        None if run.stored => cut_off(run, width, look),
        None => live(run, width, look),
        Some(tail) => over(run, tail, width, look),
    };
    lines.truncate(room);
    lines.into_iter().map(|line| cut(line, width)).collect()
}

/// `line` in `width` columns, with a sign where something is missing.
fn cut(mut line: Line<'static>, width: usize) -> Line<'static> {
    let wide = line.width();
    if let Some(last) = line.spans.last_mut().filter(|_| wide > width) {
        let room = width.saturating_sub(wide - last.width());
        last.content = fixed::cut(&last.content, room).into();
    }
    line
}

/// What is left of a run that never came to its end.
fn cut_off(run: &RunState, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let samples = many(run.samples.len(), "sample");
    let are = if run.samples.len() == 1 { "is" } else { "are" };
    let first = Line::from(vec![
        mark::span(CUT_OFF, look),
        Span::styled(format!(" · {samples} {are} left of it"), look.theme.text),
    ]);
    let mut lines = beside(first, verdict::line(run, look), width);
    lines.push(labelled("repeat", safe(&run.head.repeat).as_str(), width, look));
    lines
}

fn live(run: &RunState, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let progress = &run.progress;
    let counts = format!(
        "submitted {} · completed {} · failed {} · remaining {}",
        progress.submitted, progress.completed, progress.failed, progress.remaining
    );
    let counts = Line::styled(counts, look.theme.muted);
    let mut lines = vec![gauge(run, width, look)];
    lines.extend(beside(counts, verdict::line(run, look), width));
    let silent = look.now.since(run.heard);
    if silent.as_secs() > SILENT {
        let text = format!("nothing heard of it for {}", Seconds::from(silent));
        lines.insert(1, Line::styled(text, look.theme.warn));
    }
    lines
}

/// A bar of what is done, and how long it took and will take.
fn gauge(run: &RunState, width: usize, look: &Look<'_>) -> Line<'static> {
    let progress = &run.progress;
    let ended = u64::from(progress.completed) + u64::from(progress.failed);
    let all = u64::from(progress.submitted) + u64::from(progress.remaining);
    let share = progress.share().unwrap_or_default();
    let left = progress.left_seconds.map_or_else(|| "—".to_owned(), |left| left.to_string());
    let gone = elapsed(run, look.now);
    let text = format!("{ended} of {all} · {gone} gone · {left} left");
    if width < TEXT + 10 {
        return Line::styled(text, look.theme.text);
    }
    let text = fixed::right(&text, TEXT);
    let long = (width - TEXT).min(60);
    Line::from(vec![
        Span::styled(bar(share, long), look.theme.accent),
        Span::styled(rest(share, long), look.theme.track),
        Span::styled(text, look.theme.text),
    ])
}

/// `first` and `second` on one line where there is room for both, always, else on two.
fn beside(first: Line<'static>, second: Line<'static>, width: usize) -> Vec<Line<'static>> {
    if width < usize::from(WIDE) {
        return vec![first, second];
    }
    let mut one = first;
    one.spans.push(Span::raw(" · "));
    one.extend(second);
    vec![one]
}

fn filled(share: Ratio, width: usize) -> usize {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of the width"
    )]
    let filled = (share.fraction() * width as f64).floor() as usize;
    filled.min(width)
}

fn bar(share: Ratio, width: usize) -> String {
    "█".repeat(filled(share, width))
}

fn rest(share: Ratio, width: usize) -> String {
    "░".repeat(width - filled(share, width))
}

fn over(run: &RunState, tail: &RunTail, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let progress = &tail.progress;
    let after = format!(
        "{} after {} · {} good, {} failed{}",
        spent(&tail.end),
        progress.elapsed_seconds,
        progress.completed,
        progress.failed,
        short(run, &tail.end).unwrap_or_default()
    );
    let first =
        Line::from(vec![mark::span(status_of(tail), look), Span::styled(after, look.theme.text)]);
    let mut lines = beside(first, verdict::line(run, look), width);
    if let RunEnd::Failed { reason } = &tail.end {
        lines.insert(1, Line::styled(format!("because {reason}"), look.theme.bad));
    }
    let overhead = tail.overhead_seconds.map_or_else(
        || "harness: not measured".to_owned(),
        |cost| format!("harness: {cost} for an empty spawn and wait (median)"),
    );
    lines.push(labelled("repeat", safe(&run.head.repeat).as_str(), width, look));
    lines.push(Line::styled(overhead, look.theme.muted));
    lines
}

/// That the time allowed was not enough for the rounds that were wanted.
fn short(run: &RunState, end: &RunEnd) -> Option<String> {
    let wanted = run.head.plan.effort.min_rounds;
    let begun = run.digest.rounds;
    let short = *end == RunEnd::BudgetSpent && begun <= wanted;
    short.then(|| format!(" · in round {begun} of {wanted}"))
}

/// A command of a file may be long, and of anyone.
fn safe(text: &str) -> SafeText {
    SafeText::within(text, 2_000)
}

fn labelled(label: &str, text: &str, width: usize, look: &Look<'_>) -> Line<'static> {
    let room = width.saturating_sub(label.len() + 2);
    Line::from(vec![
        Span::styled(format!("{label}: "), look.theme.muted),
        Span::styled(fixed::cut(text, room), look.theme.text),
    ])
}

/// What was spent before every cell was known as well as was asked.
const fn spent(end: &RunEnd) -> &'static str {
    match end {
        RunEnd::BudgetSpent => ", time spent",
        RunEnd::RoundsSpent => ", rounds spent",
        RunEnd::Completed | RunEnd::Cancelled | RunEnd::Failed { .. } => "",
    }
}
