//! One run or job in depth: how it is, and its panels.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::entry::{HERE, word_of};
use super::job::Job;
use super::list::{ago, when};
use super::pane::{Pane, Place};
use super::part::{HEAD, Part, places};
use super::{
    advice, checkpoint, configuration, error, lineage, log, mark, output, pressure, sample, stage,
    timeline, worker,
};
use crate::model::pipeline::PipelineKind;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::Field;
use crate::tui::widget::{fixed, meter};

/// Columns of the bar of progress.
const BAR: usize = 20;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) focus: Part,
    zoom: bool,
    stages: stage::View,
    workers: worker::View,
    samples: sample::View,
    outputs: output::View,
    timeline: timeline::View,
    log: log::View,
    errors: error::View,
    checkpoints: checkpoint::View,
    lineage: lineage::View,
    pressure: pressure::View,
    configuration: configuration::View,
    advice: advice::View,
}

impl View {
    fn pane(&self, part: Part, kind: PipelineKind) -> &dyn Pane {
        match part {
            Part::Samples if kind == PipelineKind::Workflow => &self.outputs,
            Part::Stages => &self.stages,
            Part::Workers => &self.workers,
            Part::Samples => &self.samples,
            Part::Timeline => &self.timeline,
            Part::Log => &self.log,
            Part::Errors => &self.errors,
            Part::Checkpoints => &self.checkpoints,
            Part::Lineage => &self.lineage,
            Part::Pressure => &self.pressure,
            Part::Configuration => &self.configuration,
            Part::Advice => &self.advice,
        }
    }

    fn pane_mut(&mut self, part: Part, kind: PipelineKind) -> &mut dyn Pane {
        match part {
            Part::Samples if kind == PipelineKind::Workflow => &mut self.outputs,
            Part::Stages => &mut self.stages,
            Part::Workers => &mut self.workers,
            Part::Samples => &mut self.samples,
            Part::Timeline => &mut self.timeline,
            Part::Log => &mut self.log,
            Part::Errors => &mut self.errors,
            Part::Checkpoints => &mut self.checkpoints,
            Part::Lineage => &mut self.lineage,
            Part::Pressure => &mut self.pressure,
            Part::Configuration => &mut self.configuration,
            Part::Advice => &mut self.advice,
        }
    }

    pub(super) fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let kind = job.pipeline.kind;
        match action {
            Action::NextPanel => self.focus = self.focus.step(1),
            Action::PreviousPanel => self.focus = self.focus.step(Part::ALL.len() - 1),
            Action::Zoom => self.zoom = !self.zoom,
            // A stack is asked of a worker, wherever one looks.
            Action::Stack => {
                self.focus = Part::Workers;
                return self.workers.act(action, job);
            }
            Action::Why => {
                let gaps: Vec<String> = job.pipeline.gaps.iter().map(ToString::to_string).collect();
                let words = if gaps.is_empty() {
                    "nothing is kept back here".to_owned()
                } else {
                    gaps.join(" · ")
                };
                return Reply::Say(words.into());
            }
            Action::Back => {
                let reply = self.pane_mut(self.focus, kind).act(action, job);
                if reply == Reply::Ignored && self.zoom {
                    self.zoom = false;
                    return Reply::Done;
                }
                return reply;
            }
            _ => return self.pane_mut(self.focus, kind).act(action, job),
        }
        Reply::Done
    }

    /// Whether the keys are with a log that is searched.
    pub(super) fn is_searching(&self) -> bool {
        self.focus == Part::Log && self.log.is_searched()
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.pane_mut(self.focus, PipelineKind::Benchmark).filter(text);
        if self.focus == Part::Samples {
            self.outputs.filter(text);
        }
    }

    pub(super) fn fields(&self, kind: PipelineKind) -> &'static [Field] {
        self.pane(self.focus, kind).fields()
    }

    pub(super) fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        let hit = names_at(at, area, self.focus, job.pipeline.kind);
        if let Some(part) = hit {
            self.focus = part;
            return Reply::Done;
        }
        let places = places(area, self.focus, self.zoom);
        let Some((part, place)) = places.into_iter().find(|(_, place)| place.contains(at)) else {
            return Reply::Ignored;
        };
        self.focus = part;
        self.pane_mut(part, job.pipeline.kind).click(at, place, job)
    }

    pub(super) fn hints(&self, kind: PipelineKind) -> &'static [Action] {
        self.pane(self.focus, kind).hints()
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, job: &Job<'_>, look: &Look<'_>) {
        let head = [
            title(job, area.width, look),
            progress(job, area.width, look),
            names(job, self.focus, area.width, look),
        ];
        let rows = if area.height > 2 * HEAD { HEAD } else { area.height.min(1) };
        for (line, row) in head.into_iter().zip(area.rows().take(usize::from(rows))) {
            line.render(row, buffer);
        }
        for (part, area) in places(area, self.focus, self.zoom) {
            let focused = part == self.focus;
            let kind = job.pipeline.kind;
            let title = part.title(kind);
            self.pane(part, kind).draw(Place { title, area, buffer, focused, look }, job);
        }
    }
}

/// How it is, what it is, where it is, since when.
fn title(job: &Job<'_>, width: u16, look: &Look<'_>) -> Line<'static> {
    let (pipeline, theme) = (job.pipeline, look.theme);
    let status = pipeline.status.as_str().to_lowercase();
    let (sign, style) = mark::mark(&status, look);
    let head = format!(" {sign} {status}  ");
    let name = pipeline.name.as_ref().filter(|name| !name.is_empty());
    let name = match name {
        Some(name) => format!("{name}  {}", pipeline.id),
        None => pipeline.id.to_string(),
    };
    let place = if job.place == HERE { "here".to_owned() } else { format!("on {}", job.place) };
    let began = pipeline.started_ms.map(|at| format!("began {} ({})", ago(at, look.now), when(at)));
    let took = pipeline.duration_seconds.map(|took| {
        if pipeline.is_live() { format!("for {took}") } else { format!("took {took}") }
    });
    let rest = [took, Some(word_of(pipeline.kind).to_owned()), Some(place), began];
    let rest: Vec<String> = rest.into_iter().flatten().collect();
    let room = usize::from(width).saturating_sub(head.chars().count());
    let name = fixed::cut(&name, room);
    let rest = fixed::cut(&rest.join(" · "), room.saturating_sub(name.chars().count() + 2));
    Line::from(vec![
        Span::styled(head, style),
        Span::styled(format!("{name}  "), theme.title),
        Span::styled(rest, theme.muted),
    ])
}

/// How far it is and what went wrong, else what holds it up.
fn progress(job: &Job<'_>, width: u16, look: &Look<'_>) -> Line<'static> {
    let (pipeline, theme) = (job.pipeline, look.theme);
    let mut spans = vec![Span::raw(" ")];
    if let Some(share) = pipeline.progress {
        let live = pipeline.is_live();
        let style = if live { theme.accent } else { theme.good };
        spans.extend(meter::plain(Some(share), BAR, style, look));
        spans.push(Span::styled(format!(" {:.0} %  ", share.percent().floor()), theme.text));
    }
    if let Some(left) = pipeline.left_seconds.filter(|_| pipeline.is_live()) {
        spans.push(Span::styled(format!("about {left} left  "), theme.text));
    }
    if let Some((_, run)) = job.run {
        let (good, failed) = (run.progress.completed, run.progress.failed);
        spans.push(Span::styled(format!("{good} good  "), theme.good));
        let style = if failed > 0 { theme.bad } else { theme.muted };
        spans.push(Span::styled(format!("{failed} failed  "), style));
    }
    if let Some(flow) = job.flow {
        spans.push(Span::styled(format!("{}  ", flow.run.head.number), theme.text));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let room = usize::from(width).saturating_sub(used);
    let (words, style) = match (&pipeline.error, pressure::bottleneck(job)) {
        (Some(error), _) => (error.to_string(), theme.bad),
        (None, Some((stage, why))) => (format!("bottleneck {stage}: {why}"), theme.muted),
        (None, None) => (String::new(), theme.muted),
    };
    spans.push(Span::styled(fixed::cut(&words, room), style));
    Line::from(spans)
}

/// How many things a panel holds, where a number says something.
fn count(part: Part, job: &Job<'_>) -> Option<usize> {
    let pipeline = job.pipeline;
    let count = match part {
        Part::Stages => pipeline.stages.len(),
        Part::Workers => pipeline.workers.len(),
        Part::Samples => job.flow.map_or(0, |flow| flow.run.files.len()),
        Part::Errors => pipeline.exceptions.len(),
        Part::Checkpoints => pipeline.checkpoints.len(),
        Part::Advice => pipeline.advice.len(),
        _ => 0,
    };
    (count > 0).then_some(count)
}

/// The names of the panels around `focus` that fit into `width`: each with its column.
fn shown(focus: Part, width: u16, kind: PipelineKind) -> Vec<(Part, u16)> {
    let wide = |part: Part| part.title(kind).len() + 5;
    let (mut first, mut last) = (focus.place(), focus.place());
    let mut used = wide(focus);
    let room = usize::from(width).saturating_sub(4);
    loop {
        let next = Part::ALL.get(last + 1).filter(|part| used + wide(**part) <= room);
        let before = first.checked_sub(1).map(|at| Part::ALL[at]);
        let before = before.filter(|part| used + wide(*part) <= room);
        match (next, before) {
            (Some(part), _) => (last, used) = (last + 1, used + wide(*part)),
            (None, Some(part)) => (first, used) = (first - 1, used + wide(part)),
            (None, None) => break,
        }
    }
    let mut x = 2;
    let place = |part: &Part| {
        let at = x;
        x += crate::tui::widget::grid::narrow(wide(*part));
        (*part, at)
    };
    Part::ALL[first..=last].iter().map(place).collect()
}

/// The names of the panels, the one with the keys marked; an arrow where there are more.
fn names(job: &Job<'_>, focus: Part, width: u16, look: &Look<'_>) -> Line<'static> {
    let kind = job.pipeline.kind;
    let shown = shown(focus, width, kind);
    let more = |there: bool, sign| Span::styled(if there { sign } else { "  " }, look.theme.muted);
    let first = shown.first().is_some_and(|(part, _)| part.place() > 0);
    let last = shown.last().is_some_and(|(part, _)| part.place() + 1 < Part::ALL.len());
    let mut spans = vec![more(first, look.glyph.pick("‹ ", "< "))];
    for (part, _) in &shown {
        let number = count(*part, job).map(|count| format!(" {count}")).unwrap_or_default();
        let name = fixed::cut(&format!("{}{number}", part.title(kind)), part.title(kind).len() + 3);
        let wide = part.title(kind).len() + 5;
        let (text, style) = if *part == focus {
            (format!("[{name}]"), look.theme.accent)
        } else if *part == Part::Errors && !number.is_empty() {
            (format!(" {name}"), look.theme.bad)
        } else {
            (format!(" {name}"), look.theme.muted)
        };
        spans.push(Span::styled(fixed::left(&text, wide), style));
    }
    spans.push(more(last, look.glyph.pick("›", ">")));
    Line::from(spans)
}

/// The panel whose name is at `at`.
fn names_at(at: Position, area: Rect, focus: Part, kind: PipelineKind) -> Option<Part> {
    if area.height <= 2 * HEAD || at.y != area.y + HEAD - 1 || at.x < area.x {
        return None;
    }
    let across = at.x - area.x;
    let shown = shown(focus, area.width, kind);
    let hit = shown.into_iter().rev().find(|(_, x)| *x <= across);
    hit.map(|(part, _)| part)
}
