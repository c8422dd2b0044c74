//! A run's results: how far it is, which payload and figure are looked at, and the views of them.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::claims::Claims;
use super::group::{Group, Row};
use super::place::{Mode, ResultPlaces};
use super::wish::PREPARING;
use super::{bars, beside, claims, density, ladder, latency, load, memory, progress, rate, reason};
use super::{samples, spread, strip, table, timeline};
use crate::model::bench::{Cell, Payload, Sample};
use crate::state::RunState;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::filter::Filter;
use crate::tui::widget::{fixed, panel, titled};

/// What of the results is looked at.
pub(super) struct Sight<'a> {
    pub(super) run: &'a RunState,
    pub(super) payloads: Vec<Payload>,
    pub(super) payload: usize,
    pub(super) group: Group<'a>,
    pub(super) mode: Mode,
    /// The ways to look that there are.
    pub(super) offered: Vec<Mode>,
    pub(super) cursor: usize,
    /// The claim that is looked at.
    pub(super) claim: usize,
    /// What others claim about it.
    pub(super) claims: &'a Claims,
    /// The instant that is looked at, in seconds since the run began; the last sample if `None`.
    pub(super) at_seconds: Option<f64>,
    /// The rows that are drawn over each other.
    pub(super) marked: &'a BTreeSet<Cell>,
    /// Only rows whose name holds this are shown.
    pub(super) filter: &'a Filter,
    pub(super) focused: bool,
    /// Whether the next run is being prepared while this one is shown.
    pub(super) preparing: bool,
}

impl<'a> Sight<'a> {
    /// The row that is looked at.
    pub(super) fn row(&self) -> Option<&Row<'a>> {
        self.group.rows.get(self.cursor)
    }

    /// The sample that is looked at, and where it stands among those of its row.
    pub(super) fn sample(&self) -> Option<(usize, &'a Sample)> {
        let index = self.row()?.index?;
        let at = self.run.at_or_before(index, self.at_seconds.unwrap_or(f64::INFINITY))?;
        Some((at, self.run.sample(index, at)?))
    }
}

/// Draws `sight` into `area`, divided into `places`.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    area: Rect,
    places: &ResultPlaces,
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    if places.framed {
        let block = titled::titled(&title(sight.run), sight.focused, look);
        frame.render_widget(block, area);
    }
    let (width, room) = (usize::from(places.head.width), usize::from(places.head.height));
    let mut head = progress::lines(sight.run, width, room, look);
    if sight.preparing {
        head.insert(0, Line::styled(PREPARING, look.theme.accent));
        head.truncate(room);
    }
    panel::lines(head, places.head, frame.buffer_mut());
    strip::draw(frame, places, sight, look);
    let several = places.modes.len() > 1;
    for (mode, place) in &places.modes {
        let mut place = *place;
        if several {
            place = headed(frame, place, *mode, sight, look);
        }
        draw_mode(frame, place, *mode, sight, look);
    }
    draw_reasons(frame, places.reasons, sight, look);
}

fn title(run: &RunState) -> String {
    let name = run.head.plan.name.as_ref().map(|name| format!("{name}: "));
    let live = if run.is_live() { ", going on" } else { "" };
    format!("Run {}{}{live}", name.unwrap_or_default(), run.head.id)
}

/// What stands above a view: what it shows, and the row it is about if it is about one.
fn heading(mode: Mode, sight: &Sight<'_>) -> String {
    let about = matches!(mode, Mode::Time | Mode::Spread);
    let row = sight.row().filter(|_| about);
    row.map_or_else(
        || mode.words().to_owned(),
        |row| format!("{}: {}", row.cell.label(), mode.words()),
    )
}

/// Names a view on its first line, bright if it is the one that is wanted; the rest is left for it.
fn headed(
    frame: &mut Frame<'_>,
    place: Rect,
    mode: Mode,
    sight: &Sight<'_>,
    look: &Look<'_>,
) -> Rect {
    if place.height < 2 {
        return place;
    }
    let wanted = mode == sight.mode;
    let (rule, name) = if wanted {
        (look.theme.focus, look.theme.accent)
    } else {
        (look.theme.border, look.theme.title)
    };
    let width = usize::from(place.width);
    let title = fixed::cut(&heading(mode, sight), width.saturating_sub(6));
    let rest = "─".repeat(width.saturating_sub(title.chars().count() + 4));
    let line = Line::from(vec![
        Span::styled("── ", rule),
        Span::styled(title, name),
        Span::styled(format!(" {rest}"), rule),
    ]);
    frame.render_widget(line, Rect { height: 1, ..place });
    Rect { y: place.y + 1, height: place.height - 1, ..place }
}

fn draw_mode(frame: &mut Frame<'_>, place: Rect, mode: Mode, sight: &Sight<'_>, look: &Look<'_>) {
    let (run, group, cursor) = (sight.run, &sight.group, sight.cursor);
    if let Some(words) = lacking(mode, sight, look) {
        return lack(frame, place, &words, look);
    }
    match mode {
        Mode::Table => table::draw(frame, place, run, group, cursor, look),
        Mode::Bars => bars::draw(frame, place, group, cursor, look),
        Mode::Ladder => ladder::draw(frame, place, run, group, cursor, look),
        Mode::Samples => samples::draw(frame, place, sight, look),
        Mode::Spread => spread::draw(frame, place, sight, look),
        Mode::Time => timeline::draw(frame, place, sight, look),
        Mode::Rate => rate::draw(frame, place, sight, look),
        Mode::Latency => latency::draw(frame, place, sight, look),
        Mode::Memory => memory::draw(frame, place, sight, look),
        Mode::Density => density::draw(frame, place, sight, look),
        Mode::Beside => beside::draw(frame, place, sight, look),
        Mode::Loads => {}
        Mode::Claims => claims::draw(frame, place, sight, look),
    }
}

/// Why a view has nothing to show, and what would change that.
fn lacking(mode: Mode, sight: &Sight<'_>, look: &Look<'_>) -> Option<String> {
    let run = sight.run;
    let needs_samples = matches!(mode, Mode::Ladder | Mode::Samples | Mode::Spread | Mode::Time);
    if run.is_bare() && needs_samples {
        let key = look.key(Action::Runs);
        return Some(format!("its samples are on disk; {key}, then enter, reads them again"));
    }
    match mode.load() {
        _ if mode == Mode::Loads => Some(format!(
            "throughput, latency, memory, density and neighbours were not measured in this run.              {} goes to what is measured next: mark loads there, or take the preset standard ({});              then {} runs it.",
            look.key(Action::NextPanel),
            look.key(Action::Preset),
            look.key(Action::Bench)
        )),
        Some(name) if !load::is_known(run, name) && run.is_live() => {
            Some(format!("{name} is measured after the rounds; nothing is known of it yet"))
        }
        Some(name) if !load::is_known(run, name) => {
            Some(format!("{name} was asked for, and the run ended before it was measured"))
        }
        _ => None,
    }
}

/// Words in the place of a view.
fn lack(frame: &mut Frame<'_>, place: Rect, words: &str, look: &Look<'_>) {
    let lines = fixed::wrap(words, usize::from(place.width.min(90)));
    let lines: Vec<Line<'_>> =
        lines.into_iter().map(|line| Line::styled(line, look.theme.muted)).collect();
    frame.render_widget(Paragraph::new(lines), place);
}

fn draw_reasons(frame: &mut Frame<'_>, place: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let Some(row) = sight.group.rows.get(sight.cursor) else {
        return;
    };
    if place.height > 0 {
        reason::draw(frame, place, sight.run, row, look);
    }
}
