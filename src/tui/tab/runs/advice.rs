//! What a job uses, what could be set better with the evidence for it, and what its source does not tell.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::job::Job;
use super::pane::{Pane, Place, Scroll};
use crate::model::unit::{Bytes, Ratio, three_digits};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::Field;
use crate::tui::widget::{fixed, panel, value};

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    scroll: Scroll,
}

impl Pane for View {
    fn act(&mut self, action: Action, _: &Job<'_>) -> Reply {
        self.scroll.act(action)
    }

    fn filter(&mut self, _: &str) {}

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn click(&mut self, _: Position, _: Rect, _: &Job<'_>) -> Reply {
        Reply::Done
    }

    fn draw(&self, place: Place<'_, '_>, job: &Job<'_>) {
        let width = usize::from(panel::inside(place.area).width);
        let lines = lines(job, width, place.look);
        self.scroll.read("Advice and resources", lines, place);
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Down, Action::Zoom]
    }
}

fn lines(job: &Job<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let mut lines = vec![resources(job, look)];
    for advice in &job.pipeline.advice {
        lines.push(Line::default());
        let words = fixed::wrap(advice.words.as_str(), width.saturating_sub(2)).into_iter();
        let sign = look.glyph.pick("▸ ", "> ");
        lines.extend(words.enumerate().map(|(row, text)| {
            let lead = if row == 0 { sign } else { "  " };
            Line::from(vec![Span::styled(lead, theme.accent), Span::styled(text, theme.text)])
        }));
        let why = fixed::wrap(advice.evidence.as_str(), width.saturating_sub(2)).into_iter();
        lines.extend(why.map(|text| Line::styled(format!("  {text}"), theme.muted)));
    }
    if job.pipeline.advice.is_empty() {
        let words = if job.pipeline.is_live() {
            "What could be set better is known when there are samples enough."
        } else {
            "Nothing stands out that should be set otherwise."
        };
        lines.extend([Line::default(), Line::styled(words, theme.muted)]);
    }
    if !job.pipeline.gaps.is_empty() {
        lines.extend([Line::default(), Line::styled("What is not told", theme.title)]);
        for gap in &job.pipeline.gaps {
            let words = fixed::wrap(gap.as_str(), width).into_iter();
            lines.extend(words.map(|text| Line::styled(text, theme.muted)));
        }
    }
    lines
}

/// What all workers use together.
fn resources(job: &Job<'_>, look: &Look<'_>) -> Line<'static> {
    let workers = &job.pipeline.workers;
    let cores: Vec<f64> = workers.iter().filter_map(|worker| worker.cores).collect();
    let memory: Vec<u64> =
        workers.iter().filter_map(|worker| worker.memory_bytes).map(|bytes| bytes.0).collect();
    let gpu = workers.iter().filter_map(|worker| worker.gpu).map(Ratio::fraction);
    let gpu = gpu.fold(None, |most: Option<f64>, one| Some(most.map_or(one, |most| most.max(one))));
    let uses = [
        (!cores.is_empty()).then(|| format!("{} cores", three_digits(cores.iter().sum()))),
        (!memory.is_empty()).then(|| {
            Bytes(memory.iter().fold(0, |sum, one| u64::saturating_add(sum, *one))).to_string()
        }),
        gpu.and_then(Ratio::new).map(|gpu| format!("GPU {gpu} at most")),
    ];
    let uses: Vec<String> = uses.into_iter().flatten().collect();
    let words = if uses.is_empty() {
        "is not told".to_owned()
    } else {
        format!("{}, by {}", uses.join(", "), value::many(workers.len(), "worker"))
    };
    let name = if job.pipeline.is_live() { "used now    " } else { "used last   " };
    Line::from(vec![Span::styled(name, look.theme.muted), Span::styled(words, look.theme.text)])
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::pipeline::Pipeline;
    use crate::model::time::Stamp;
    use crate::state::State;
    use crate::tui::app::{App, Setup};

    #[test]
    fn what_a_run_used_that_is_over_is_not_of_now() {
        let app = App::new(Setup::default(), Duration::from_secs(1), false);
        let (state, now) = (State::default(), Stamp::default());
        for (status, wanted) in [("RUNNING", "used now "), ("COMPLETED", "used last ")] {
            let pipeline = Pipeline { status: status.into(), ..Pipeline::default() };
            let place = "here";
            let job = Job { pipeline: &pipeline, place, run: None, flow: None, state: &state, now };
            let line = resources(&job, &app.look(now)).to_string();
            assert!(line.starts_with(wanted), "{line}");
        }
    }
}
