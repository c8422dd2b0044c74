//! What happened to alerts, latest first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::entry::severity_style;
use super::named;
use crate::model::alert::{Event, Turn};
use crate::model::id::SourceId;
use crate::state::State;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::panel::{self, Panel};

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

/// What happened anywhere, latest first.
pub(super) fn events(state: &State) -> Vec<(&SourceId, &Event)> {
    let mut all: Vec<(&SourceId, &Event)> = Vec::new();
    for (source, alerts) in state.alerts() {
        all.extend(alerts.past.iter().map(|event| (source, event)));
    }
    all.sort_by_key(|(_, event)| std::cmp::Reverse(event.at_ms));
    all
}

/// Draws it from row `down` on.
pub(super) fn draw(
    state: &State,
    down: usize,
    focused: bool,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let events = events(state);
    let aside = if events.is_empty() { String::new() } else { format!("{}", events.len()) };
    let frame = Panel::new("History").aside(aside).focused(focused);
    let area = frame.of_then(None).open(area, buffer, look);
    if events.is_empty() {
        let words = "Nothing has fired yet.";
        return panel::lines([Line::styled(words, look.theme.muted)], area, buffer);
    }
    let width = usize::from(area.width);
    let lines = events.iter().skip(down).map(|(source, event)| line(source, event, width, look));
    panel::lines(lines, area, buffer);
}

fn line(source: &SourceId, event: &Event, width: usize, look: &Look<'_>) -> Line<'static> {
    let style = match event.turn {
        Turn::Fired => severity_style(event.severity, look),
        Turn::Resolved => look.theme.good,
        Turn::Unsure => look.theme.warn,
        Turn::Acknowledged | Turn::Silenced | Turn::Lifted => look.theme.accent,
    };
    let at = time(event.at_ms, look);
    let turn = fixed::fit(event.turn.name(), 12, false);
    let what = if event.message.is_empty() {
        named(source, &event.id)
    } else if event.turn == Turn::Acknowledged || event.turn == Turn::Silenced {
        format!("{}: {}", named(source, &event.id), event.message)
    } else {
        event.message.to_string()
    };
    let room = width.saturating_sub(at.chars().count() + 15);
    Line::from(vec![
        Span::styled(format!("{at} "), look.theme.muted),
        Span::styled(format!("{turn} "), style),
        Span::styled(fixed::cut(&what, room), look.theme.text),
    ])
}

/// The time of day; with the date where it is not of the last day.
fn time(at_ms: i64, look: &Look<'_>) -> String {
    let old = look.now.wall_ms.saturating_sub(at_ms) > DAY_MS;
    let form = if old { "%m-%d %H:%M" } else { "%H:%M:%S" };
    jiff::Timestamp::from_millisecond(at_ms).map_or_else(
        |_| "—".to_owned(),
        |at| at.to_zoned(look.zone.clone()).strftime(form).to_string(),
    )
}
