//! What of the results is looked at: payload, figure and view, each with the keys that change it.
//!
//! The mouse asks the same words where they stand.

use ratatui::Frame;
use ratatui::text::{Line, Span};

use super::FIGURES;
use super::place::{Mode, ResultPlaces};
use super::result::Sight;
use crate::tui::action::Action;
use crate::tui::look::Look;

/// Draws payload and figure, and below them the views.
pub(super) fn draw(
    frame: &mut Frame<'_>,
    places: &ResultPlaces,
    sight: &Sight<'_>,
    look: &Look<'_>,
) {
    let alone = places.strip.height == 0;
    let width = usize::from(places.tabs.width);
    frame.render_widget(first(sight, width, alone, look), places.tabs);
    frame.render_widget(views(sight, usize::from(places.strip.width), look), places.strip);
}

/// Payload and figure; the view too where it has no line of its own.
fn first(sight: &Sight<'_>, width: usize, alone: bool, look: &Look<'_>) -> Line<'static> {
    let payloads: Vec<&str> = sight.payloads.iter().map(|payload| payload.name()).collect();
    let figure = FIGURES.iter().position(|figure| *figure == sight.group.figure).unwrap_or(0);
    let figures = FIGURES.map(crate::model::bench::Figure::name);
    let (wide, roomy) = (width >= 70, width >= 92);
    let mut spans = Vec::new();
    let label = |words: &'static str| Span::styled(words, look.theme.muted);
    if roomy {
        spans.push(label("payload "));
    }
    spans.extend(choices(&payloads, sight.payload, wide, look));
    if roomy && payloads.len() > 1 && !sight.mode.has_cursor() {
        spans.push(keys(&[Action::Left, Action::Right], look));
    }
    spans.push(Span::raw(if wide { "   " } else { " " }));
    if roomy {
        spans.push(label("figure "));
    }
    spans.extend(choices(&figures, figure, wide, look));
    if roomy {
        spans.push(keys(&[Action::Sort], look));
    }
    if alone {
        spans.push(Span::raw(" "));
        spans.extend(choices(&[sight.mode.name()], 0, true, look));
    }
    Line::from(spans)
}

/// The views: as many as have room, the one that is looked at among them.
fn views(sight: &Sight<'_>, width: usize, look: &Look<'_>) -> Line<'static> {
    let names: Vec<&str> = sight.offered.iter().map(|mode| mode.name()).collect();
    let chosen = sight.offered.iter().position(|mode| *mode == sight.mode).unwrap_or(0);
    let (from, to) = window(&names, chosen, width);
    let mut spans = Vec::new();
    if from > 0 {
        spans.push(Span::styled("‹ ", look.theme.muted));
    }
    spans.extend(choices(&names[from..to], chosen - from, true, look));
    if to < names.len() {
        spans.push(Span::styled(" ›", look.theme.muted));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    let keys = keys(&[Action::View, Action::ViewBack], look);
    if used + keys.width() <= width {
        spans.push(keys);
    }
    Line::from(spans)
}

/// Which of `names` have room in `width`, `chosen` among them.
fn window(names: &[&str], chosen: usize, width: usize) -> (usize, usize) {
    let room = width.saturating_sub(4);
    let fits = |from: usize, to: usize| {
        names[from..to].iter().map(|name| name.chars().count() + 2).sum::<usize>() <= room
    };
    if fits(0, names.len()) {
        return (0, names.len());
    }
    let mut to = (chosen + 1).min(names.len());
    let mut from = to.saturating_sub(1);
    while from > 0 && fits(from - 1, to) {
        from -= 1;
    }
    while to < names.len() && fits(from, to + 1) {
        to += 1;
    }
    (from, to)
}

/// The view whose name stands at column `x` of the strip.
pub(super) fn view_at(sight: &Sight<'_>, x: u16, width: u16) -> Option<Mode> {
    let names: Vec<&str> = sight.offered.iter().map(|mode| mode.name()).collect();
    let chosen = sight.offered.iter().position(|mode| *mode == sight.mode).unwrap_or(0);
    let (from, to) = window(&names, chosen, usize::from(width));
    let mut end = if from > 0 { 2 } else { 0 };
    let mut shown = names.iter().zip(&sight.offered).take(to).skip(from);
    let hit = shown.find(|(name, _)| {
        end += name.chars().count() + 2;
        usize::from(x) < end
    });
    hit.map(|(_, mode)| *mode)
}

/// The keys of `actions`, to stand behind what they change.
fn keys(actions: &[Action], look: &Look<'_>) -> Span<'static> {
    let keys: Vec<_> = actions.iter().map(|action| look.key(*action)).collect();
    Span::styled(format!(" {}", keys.join(" ")), look.theme.accent)
}

fn choices(names: &[&str], chosen: usize, all: bool, look: &Look<'_>) -> Vec<Span<'static>> {
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
