//! Why a value is missing and what went wrong in a row, in sentences.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::Row;
use crate::model::bench::Taint;
use crate::state::RunState;
use crate::state::run::CellDigest;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, titled};

/// A reason and how bad it is.
type Reason = (String, Style);

/// The quantiles, how many samples each needs, and what it is.
const NEEDS: [(u32, &str); 3] = [(6, "the 95 % interval of the median"), (20, "p95"), (100, "p99")];

/// Draws the reasons of `row` of `run`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    run: &RunState,
    row: &Row<'_>,
    look: &Look<'_>,
) {
    let block = titled::titled(&format!("Why: {}", row.cell.label()), false, look);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let width = usize::from(inside.width).max(1);
    let mut lines = Vec::new();
    for (text, style) in reasons(run, row, look) {
        let parts = fixed::wrap(&text, width).into_iter();
        lines.extend(parts.map(|part| Line::from(Span::styled(part, style))));
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

fn reasons(run: &RunState, row: &Row<'_>, look: &Look<'_>) -> Vec<Reason> {
    let digest = row.index.and_then(|index| run.digest.cell(index));
    if let (Some(left_out), Some(excuse)) = (row.left_out, row.excuse()) {
        return vec![
            (excuse, look.theme.warn),
            (format!("to mend it: {}", left_out.remedy), look.theme.accent),
        ];
    }
    let mut reasons = given_up(run, row, look);
    reasons.extend(missing(row, digest, look));
    if let Some(digest) = digest {
        reasons.extend(failures(digest, look));
        reasons.extend(taints(digest, look));
    }
    if reasons.is_empty() {
        reasons.push((
            "nothing is missing, nothing failed, nothing disturbed it".into(),
            look.theme.good,
        ));
    }
    reasons
}

/// That the run went on without it.
fn given_up(run: &RunState, row: &Row<'_>, look: &Look<'_>) -> Vec<Reason> {
    let suspended = run.tail.iter().flat_map(|tail| &tail.suspended);
    let own = suspended.filter(|out| out.holds(&row.cell));
    own.map(|out| (format!("given up: it {}", out.reason), look.theme.bad)).collect()
}

fn missing(row: &Row<'_>, digest: Option<&CellDigest>, look: &Look<'_>) -> Vec<Reason> {
    let n = row.summary.map_or(0, |summary| summary.n);
    if n == 0 {
        let text = if digest.is_some_and(|digest| digest.counted > digest.failed) {
            "its samples ended well and have no such phase, so there is no figure"
        } else {
            "no sample has ended well yet, so there is no figure"
        };
        return vec![(text.into(), look.theme.text)];
    }
    let lacking = NEEDS.iter().filter(|(needed, _)| n < *needed);
    lacking
        .map(|(needed, what)| {
            let text = format!("{what} needs {needed} good samples; there are {n}");
            (text, look.theme.text)
        })
        .collect()
}

/// Failures of one kind and message, counted.
fn failures(digest: &CellDigest, look: &Look<'_>) -> Vec<Reason> {
    let mut ways: Vec<_> = digest.failures.iter().filter(|(_, count)| **count > 0).collect();
    ways.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    ways.into_iter()
        .map(|((kind, message), count)| {
            (format!("{count} failed: {}", kind.told(message)), look.theme.bad)
        })
        .collect()
}

fn taints(digest: &CellDigest, look: &Look<'_>) -> Vec<Reason> {
    let words = |(kind, count): (&Taint, &u32)| {
        let text = format!("{count} of {} disturbed by {}", digest.counted, kind.words());
        (text, look.theme.warn)
    };
    digest.taints.iter().filter(|(_, count)| **count > 0).map(words).collect()
}
