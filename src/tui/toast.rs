//! Alerts that turned a moment ago and what was just copied, in the lower right corner for a few seconds.
//!
//! They lie below every popup, above no prompt, and never take a key: what is typed is never covered.

use std::time::Duration;

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Clear;

use super::app::App;
use super::look::Look;
use super::tab::alerts::named;
use super::widget::fixed;
use crate::model::alert::{Severity, Turn};
use crate::model::time::Stamp;
use crate::state::State;
use crate::state::alert::Fresh;

/// How long an alert stands.
const STANDS: Duration = Duration::from_secs(8);
/// How long it stands what was copied.
const PASSES: Duration = Duration::from_secs(4);
/// How many stand at once; of more the worst do.
const MOST: usize = 3;
/// Columns of one, at most.
const WIDTH: u16 = 60;

/// Draws those of `app` and `state` in `area`, the tab in front.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, app: &App, state: &State, look: &Look<'_>) {
    if area.width < 24 || area.height < 6 {
        return;
    }
    let rows = copied(app, look).into_iter().chain(alerts(state, look));
    let width = WIDTH.min(area.width - 4);
    for (row, (text, style)) in (1..).zip(rows.take(MOST + 1)) {
        let place =
            Rect { x: area.right() - width - 2, y: area.bottom() - 1 - row, width, height: 1 };
        let text = fixed::fit(&text, usize::from(width), false);
        frame.render_widget(Clear, place);
        frame.render_widget(Line::styled(text, style.add_modifier(Modifier::REVERSED)), place);
    }
}

/// What was copied a moment ago.
fn copied(app: &App, look: &Look<'_>) -> Option<(String, Style)> {
    let (at, text) = app.copied.as_ref()?;
    let text = format!(" {} copied: {text}", look.glyph.pick("✓", "+"));
    (look.now.since(*at) < PASSES).then_some((text, look.theme.good))
}

/// The alerts that turned a moment ago, the worst first.
fn alerts(state: &State, look: &Look<'_>) -> Vec<(String, Style)> {
    let mut fresh: Vec<&Fresh> =
        state.fresh.iter().filter(|fresh| is_fresh(fresh, look.now)).collect();
    let all = fresh.len();
    fresh.sort_by_key(|fresh| std::cmp::Reverse((is_bad(fresh), fresh.event.severity)));
    let row = |(row, fresh): (usize, &&Fresh)| {
        let more = if row == MOST { all.saturating_sub(MOST) } else { 0 };
        let style = match (is_bad(fresh), fresh.event.severity) {
            (false, _) => look.theme.good,
            (true, Severity::Critical) => look.theme.bad,
            (true, Severity::Warning) => look.theme.warn,
            (true, Severity::Info) => look.theme.accent,
        };
        (words(fresh, more, look), style)
    };
    (1..).zip(fresh.iter().take(MOST)).map(row).collect()
}

fn is_bad(fresh: &Fresh) -> bool {
    fresh.event.turn == Turn::Fired
}

fn is_fresh(fresh: &Fresh, now: Stamp) -> bool {
    now.since(fresh.at) < STANDS
}

fn words(fresh: &Fresh, more: usize, look: &Look<'_>) -> String {
    let sign =
        if is_bad(fresh) { look.glyph.pick("▲", "!") } else { look.glyph.pick("✓", "+") };
    let event = &fresh.event;
    let what = if event.message.is_empty() {
        named(&fresh.from, &event.id)
    } else {
        event.message.to_string()
    };
    let over = if is_bad(fresh) { "" } else { "over: " };
    let more = if more > 0 { format!(" (+{more})") } else { String::new() };
    format!(" {sign} {over}{what}{more}")
}

/// When a critical alert last began to fire, for the bell.
pub(super) fn last_critical(state: &State) -> Option<Stamp> {
    let critical = |fresh: &&Fresh| is_bad(fresh) && fresh.event.severity == Severity::Critical;
    state.fresh.iter().find(critical).map(|fresh| fresh.at)
}
