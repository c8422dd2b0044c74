//! The tasks of a workflow's stage: how each stands, what its host looks at, and what it wrote last.

use ratatui::text::{Line, Span};

use super::super::mark;
use crate::model::unit::Seconds;
use crate::model::workflow::{TaskPlan, TaskState};
use crate::pipeline::workflow::label;
use crate::state::WorkflowState;
use crate::tui::look::Look;
use crate::tui::widget::{fixed, value};

/// Tasks shown of a stage.
const MOST: usize = 200;
/// Last lines of a task that runs or failed, and of one that is done.
const LINES: (usize, usize) = (12, 3);

/// The tasks of stage `name`, each with the last lines it wrote.
pub(super) fn lines(
    name: &str,
    flow: &WorkflowState,
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let numbered = (0_u32..).zip(&flow.run.head.tasks);
    let own: Vec<(u32, &TaskPlan)> =
        numbered.filter(|(_, plan)| plan.stage.as_str() == name).collect();
    let heading = Line::styled(value::many(own.len(), "task"), look.theme.title);
    let mut lines = vec![Line::default(), heading];
    for (number, plan) in own.into_iter().take(MOST) {
        lines.extend(task(number, plan, flow, width, look));
    }
    lines
}

fn task(
    number: u32,
    plan: &TaskPlan,
    flow: &WorkflowState,
    width: usize,
    look: &Look<'_>,
) -> Vec<Line<'static>> {
    let theme = look.theme;
    let Some(end) = flow.run.tasks.get(number as usize) else { return Vec::new() };
    let (word, rest) = standing(&end.state);
    let (sign, style) = mark::mark(word, look);
    let head = format!("{}  {word}{rest}", label(plan));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(fixed::cut(&head, width.saturating_sub(2)), theme.text),
    ])];
    let quiet = |text: String| Line::styled(fixed::cut(&format!("  {text}"), width), theme.muted);
    lines.extend(command(plan).into_iter().map(quiet));
    lines.extend(flow.attempts.get(&number).map(|attempt| {
        let of = attempt.of.map(|of| format!(" of {of}")).unwrap_or_default();
        quiet(format!("look {}{of}: {}, {} left", attempt.attempt, attempt.said, attempt.left))
    }));
    let most = if matches!(end.state, TaskState::Passed { .. }) { LINES.1 } else { LINES.0 };
    let own = flow.lines.iter().rev().filter(|line| line.task == number).take(most);
    let mut last: Vec<Line<'static>> = own
        .map(|line| {
            let bar = Span::styled(look.glyph.pick("  │ ", "  | "), theme.muted);
            let style = if line.bad { theme.warn } else { theme.text };
            let text = fixed::cut(line.text.as_str(), width.saturating_sub(4));
            Line::from(vec![bar, Span::styled(text, style)])
        })
        .collect();
    last.reverse();
    lines.extend(last);
    lines
}

/// What is run, line by line.
fn command(plan: &TaskPlan) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in &plan.argv {
        let mut parts = word.lines();
        let first = parts.next().unwrap_or_default();
        match lines.last_mut() {
            Some(line) => line.extend([" ", first]),
            None => lines.push(format!("$ {first}")),
        }
        lines.extend(parts.map(|part| format!("  {part}")));
    }
    lines
}

/// How a task stands: a word, and what is to be said beside it.
fn standing(state: &TaskState) -> (&'static str, String) {
    let took = |seconds: &Seconds| format!(" in {seconds}");
    match state {
        TaskState::Pending => ("pending", String::new()),
        TaskState::Running { pid } => {
            ("running", pid.map(|pid| format!(", process {pid}")).unwrap_or_default())
        }
        TaskState::Checking => ("running", ", not ready yet".to_owned()),
        TaskState::Background => ("running", ", ready, in the background".to_owned()),
        TaskState::Passed { seconds } => ("done", took(seconds)),
        TaskState::Failed { seconds, reason, .. } => {
            ("failed", format!(" after {seconds}: {reason}"))
        }
        TaskState::Skipped { reason } => ("skipped", format!(": {reason}")),
        TaskState::Unknown { reason } => ("lost", format!(": {reason}")),
    }
}
