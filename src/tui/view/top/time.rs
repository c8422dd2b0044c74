//! What the top line says where it is not now that is shown: which time, and how to leave it.

use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use unicode_width::UnicodeWidthStr;

use crate::model::replay::Replay;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::look::Look;
use crate::tui::when::words;

/// What is said in `width` columns.
pub(super) fn banner(width: u16, app: &App, state: &State, look: &Look<'_>) -> Line<'static> {
    words(usize::from(width), app, state, look)
}

/// As much as fits into `most` columns, the most important first; empty where now is shown.
pub(super) fn words(most: usize, app: &App, state: &State, look: &Look<'_>) -> Line<'static> {
    let (parts, style) = match state.replay.as_deref() {
        Some(replay) => (replayed(replay, look), look.theme.accent),
        None if app.shows_time() => (look.past_banner(), look.theme.warn),
        None => (Vec::new(), Style::new()),
    };
    let mut text = String::new();
    for part in parts {
        let joint = if text.is_empty() { " " } else { " · " };
        if text.width() + joint.width() + part.width() < most {
            text = text + joint + &part;
        }
    }
    if text.is_empty() {
        return Line::default();
    }
    Line::styled(text + " ", style.add_modifier(Modifier::REVERSED | Modifier::BOLD))
}

/// Where a recording is, and which keys move in it.
fn replayed(replay: &Replay, look: &Look<'_>) -> Vec<String> {
    let day = |at| words::written(at, look.zone, "%Y-%m-%d");
    let form = if day(replay.from_ms) == day(replay.to_ms) { "%H:%M:%S" } else { "%m-%d %H:%M:%S" };
    let at = words::written(replay.at_ms, look.zone, form);
    let sign =
        if replay.paused { look.glyph.pick("▮▮", "||") } else { look.glyph.pick("▶", ">") };
    let length = replay.to_ms.saturating_sub(replay.from_ms).max(1);
    let share = replay.at_ms.saturating_sub(replay.from_ms) as f64 / length as f64;
    let pause = if replay.paused { "go on" } else { "pause" };
    let mut parts = vec![
        format!("REPLAY {at} {sign} ×{}", replay.speed),
        format!("{:.0} %", (share * 100.0).clamp(0.0, 100.0).floor()),
        format!("{} {pause}", look.key(Action::Pause)),
    ];
    if replay.bad_lines > 0 {
        parts.insert(1, format!("{} bad lines", replay.bad_lines));
    }
    let keys = [Action::Earlier, Action::Later].map(|action| look.key(action));
    parts.push(format!("{} go", keys.join(" ")));
    parts.push(format!("{} of {}", day(replay.at_ms), replay.name));
    parts
}
