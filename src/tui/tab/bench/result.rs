//! A run's results: how far it is, which payload and figure are looked at, and the views of them.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::group::Group;
use super::place::{Mode, ResultPlaces};
use super::wish::PREPARING;
use super::{bars, ladder, progress, reason, samples, table, timeline};
use crate::model::bench::Payload;
use crate::state::RunState;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::widget::titled;

/// What of the results is looked at.
pub(super) struct Sight<'a> {
    pub(super) run: &'a RunState,
    pub(super) payloads: Vec<Payload>,
    pub(super) payload: usize,
    pub(super) group: Group<'a>,
    pub(super) mode: Mode,
    pub(super) cursor: usize,
    pub(super) focused: bool,
    /// Whether the next run is being prepared while this one is shown.
    pub(super) preparing: bool,
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
    frame.render_widget(Paragraph::new(head), places.head);
    frame.render_widget(tabs(sight, places.tabs.width, look), places.tabs);
    let several = places.modes.len() > 1;
    for (mode, place) in &places.modes {
        let mut place = *place;
        if several {
            place = headed(frame, place, &heading(*mode, sight), look);
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

/// What stands above a view: its name, and the row it is about if it is about one.
fn heading(mode: Mode, sight: &Sight<'_>) -> String {
    let row = sight.group.rows.get(sight.cursor).filter(|_| mode == Mode::Time);
    row.map_or_else(
        || mode.name().to_owned(),
        |row| format!("{} of {}", mode.name(), row.cell.label()),
    )
}

/// Names a view on its first line; the rest is left for it.
fn headed(frame: &mut Frame<'_>, place: Rect, name: &str, look: &Look<'_>) -> Rect {
    if place.height < 2 {
        return place;
    }
    let title = format!("── {name} ");
    let rule = "─".repeat(usize::from(place.width).saturating_sub(title.chars().count()));
    let line = Line::styled(title + &rule, look.theme.border);
    frame.render_widget(line, Rect { height: 1, ..place });
    Rect { y: place.y + 1, height: place.height - 1, ..place }
}

fn draw_mode(frame: &mut Frame<'_>, place: Rect, mode: Mode, sight: &Sight<'_>, look: &Look<'_>) {
    let (run, group, cursor) = (sight.run, &sight.group, sight.cursor);
    match mode {
        Mode::Table => table::draw(frame, place, run, group, cursor, look),
        Mode::Bars => bars::draw(frame, place, group, cursor, look),
        Mode::Ladder => ladder::draw(frame, place, run, group, cursor, look),
        Mode::Samples => samples::draw(frame, place, run, group, cursor, look),
        Mode::Time => timeline::draw(frame, place, run, group, cursor, look),
    }
}

fn draw_reasons(frame: &mut Frame<'_>, place: Rect, sight: &Sight<'_>, look: &Look<'_>) {
    let Some(row) = sight.group.rows.get(sight.cursor) else {
        return;
    };
    if place.height > 0 {
        let samples = sight.group.samples(sight.run);
        let samples = samples.get(sight.cursor).map_or(&[][..], Vec::as_slice);
        reason::draw(frame, place, sight.run, row, samples, look);
    }
}

/// Which payload, which figure, which view: the chosen among the others, or alone if it is narrow.
fn tabs(sight: &Sight<'_>, width: u16, look: &Look<'_>) -> Line<'static> {
    let payloads = sight.payloads.iter().map(|payload| payload.name());
    let payloads: Vec<_> = payloads.collect();
    let modes = Mode::ALL.map(Mode::name);
    let mode = Mode::ALL.iter().position(|mode| *mode == sight.mode).unwrap_or(0);
    let (wide, roomy) = (width >= 76, width >= 108);
    let gap = || Span::raw(if width >= 82 { "   " } else { " " });
    let named = |actions: &[Action], wanted: bool| (roomy && wanted).then(|| keys(actions, look));
    let mut spans = choices(&payloads, sight.payload, wide, look);
    spans.extend(named(&[Action::Left, Action::Right], payloads.len() > 1));
    spans.push(gap());
    spans.push(Span::styled(sight.group.figure.name(), look.theme.title));
    spans.extend(named(&[Action::Sort], true));
    spans.push(gap());
    spans.extend(choices(&modes, mode, wide, look));
    spans.extend(named(&[Action::View], true));
    Line::from(spans)
}

/// The keys of `actions`, to stand behind what they change.
fn keys(actions: &[Action], look: &Look<'_>) -> Span<'static> {
    let keys: Vec<_> = actions.iter().map(|action| look.key(*action)).collect();
    Span::styled(format!(" {}", keys.join(" ")), look.theme.accent)
}

fn choices(
    names: &[&'static str],
    chosen: usize,
    all: bool,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let shown = names.iter().enumerate().filter(|(index, _)| all || *index == chosen);
    shown
        .map(|(index, name)| {
            if index == chosen {
                Span::styled(format!("‹{name}›"), look.theme.accent)
            } else {
                Span::styled(format!(" {name} "), look.theme.muted)
            }
        })
        .collect()
}
