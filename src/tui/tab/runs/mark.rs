//! How something is: a letter and a colour for each word, so that neither is needed alone.
//!
//! The words are those of all platforms together; one that is not known is shown as it is.

use ratatui::style::Style;
use ratatui::text::Span;

use crate::model::pipeline::MomentKind;
use crate::tui::look::Look;
use crate::tui::widget::fixed;

/// The letter of `word` and its colour.
pub(in crate::tui::tab) fn mark(word: &str, look: &Look<'_>) -> (&'static str, Style) {
    let theme = look.theme;
    match word.to_ascii_lowercase().as_str() {
        "running" | "started" | "in_progress" => (look.glyph.pick("▶", ">"), theme.accent),
        "completed" | "finished" | "done" | "ok" | "good" => {
            (look.glyph.pick("✓", "+"), theme.good)
        }
        "failed" | "dead" | "error" | "lost" => (look.glyph.pick("✗", "x"), theme.bad),
        "cut off" => ("!", theme.bad),
        "cancelled" | "skipped" | "blocked" | "corrupt" => (look.glyph.pick("◐", "~"), theme.warn),
        "pending" | "queued" | "idle" | "stopped" | "on disk" | "kept" => {
            (look.glyph.pick("○", "o"), theme.muted)
        }
        _ => ("?", theme.muted),
    }
}

/// Letter and word, as long as they are.
pub(in crate::tui::tab) fn span(word: &str, look: &Look<'_>) -> Span<'static> {
    let (sign, style) = mark(word, look);
    Span::styled(format!("{sign} {}", word.to_lowercase()), style)
}

/// Letter and word, `width` columns wide.
pub(super) fn spans(word: &str, width: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let (sign, style) = mark(word, look);
    let word = word.to_lowercase();
    vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(fixed::left(&word, width.saturating_sub(2)), style),
    ]
}

/// The letter of something that happened, and its colour.
pub(super) const fn moment(kind: MomentKind, look: &Look<'_>) -> (&'static str, Style) {
    let (glyph, theme) = (look.glyph, look.theme);
    match kind {
        MomentKind::RunStarted | MomentKind::Resumed => (glyph.pick("▶", ">"), theme.accent),
        MomentKind::RunEnded => (glyph.pick("■", "#"), theme.accent),
        MomentKind::StageStarted | MomentKind::WorkerStarted => (glyph.pick("▸", ">"), theme.text),
        MomentKind::StageEnded | MomentKind::WorkerEnded => (glyph.pick("✓", "+"), theme.good),
        MomentKind::Checkpoint => (glyph.pick("◆", "o"), theme.series[0]),
        MomentKind::Error => (glyph.pick("✗", "x"), theme.bad),
        MomentKind::Pressure => (glyph.pick("▲", "^"), theme.warn),
        MomentKind::Relief => (glyph.pick("▽", "v"), theme.muted),
        MomentKind::Notice => (glyph.pick("·", "."), theme.muted),
    }
}

/// A word for what happened, for filters.
pub(super) const fn word(kind: MomentKind) -> &'static str {
    match kind {
        MomentKind::RunStarted => "begin",
        MomentKind::RunEnded => "end",
        MomentKind::Resumed => "resume",
        MomentKind::StageStarted | MomentKind::StageEnded => "stage",
        MomentKind::WorkerStarted | MomentKind::WorkerEnded => "worker",
        MomentKind::Checkpoint => "checkpoint",
        MomentKind::Error => "error",
        MomentKind::Pressure => "pressure",
        MomentKind::Relief => "relief",
        MomentKind::Notice => "notice",
    }
}
