//! The rules in force, how they stand, and who is told.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::entry::{severity_style, sign};
use crate::model::alert::{self, AlertState, Alerts, ReceiverBrief, RuleBrief};
use crate::model::unit::Seconds;
use crate::tui::look::Look;
use crate::tui::widget::fixed;
use crate::tui::widget::panel::{self, Panel};

/// How many lines they take with those who are told.
pub(super) const fn lines(alerts: &Alerts) -> usize {
    alerts.receivers.len() + alerts.rules.len()
}

/// Draws them from row `down` on.
pub(super) fn draw(
    alerts: Option<&Alerts>,
    down: usize,
    focused: bool,
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let Some(alerts) = alerts else {
        let area = Panel::new("Rules").focused(focused).of_then(None).open(area, buffer, look);
        let words = "No rules are asked here.";
        return panel::lines([Line::styled(words, look.theme.muted)], area, buffer);
    };
    let frame = Panel::new("Rules").aside(told(alerts)).focused(focused);
    let area = frame.of_then(None).open(area, buffer, look);
    let width = usize::from(area.width);
    let receivers = alerts.receivers.iter().map(|one| receiver(one, width, look));
    let rules = alerts.rules.iter().map(|rule| line(rule, width, look));
    panel::lines(receivers.chain(rules).skip(down), area, buffer);
}

/// Whether anybody is told.
fn told(alerts: &Alerts) -> String {
    match (alerts.receivers.len(), alerts.delivers) {
        (0, _) => format!("{} · nobody is told", alerts.rules.len()),
        (_, true) => format!("{}", alerts.rules.len()),
        (_, false) => format!("{} · another isomon here tells", alerts.rules.len()),
    }
}

fn receiver(one: &ReceiverBrief, width: usize, look: &Look<'_>) -> Line<'static> {
    let (words, style) = match &one.trouble {
        Some(why) => (format!("{} failed, the last: {why}", one.failed), look.theme.bad),
        None => (format!("{} sent", one.sent), look.theme.good),
    };
    let dropped =
        if one.dropped > 0 { format!(", {} told as a number", one.dropped) } else { String::new() };
    let name = format!("{} ({}) ", one.name, one.kind);
    let room = width.saturating_sub(name.chars().count());
    let words = fixed::cut(&format!("{words}{dropped}"), room);
    Line::from(vec![Span::styled(name, look.theme.text), Span::styled(words, style)])
}

fn line(rule: &RuleBrief, width: usize, look: &Look<'_>) -> Line<'static> {
    let [ok, unsure, pending, firing] = rule.counts;
    let asked = ok + unsure + pending + firing > 0;
    let state = match (firing, pending, unsure) {
        (0, 0, 0) => AlertState::Ok,
        (0, 0, _) => AlertState::Unsure,
        (0, ..) => AlertState::Pending,
        _ => AlertState::Firing,
    };
    let style = match state {
        _ if !asked => look.theme.muted,
        AlertState::Ok => look.theme.good,
        AlertState::Unsure | AlertState::Pending => look.theme.warn,
        AlertState::Firing => severity_style(rule.severity, look),
    };
    let sign = if asked { sign(state, look) } else { "·" };
    let lasts = if rule.for_ms > 0 {
        format!(" for {}", Seconds(rule.for_ms as f64 / 1e3))
    } else {
        String::new()
    };
    let labels = alert::written(&rule.labels);
    let labels = if labels.is_empty() { labels } else { format!(" · {labels}") };
    let when = format!("{}{lasts}{labels}", rule.when);
    let own: Style = if rule.preset { look.theme.text } else { look.theme.accent };
    let name = fixed::fit(rule.name.as_str(), 22, false);
    let room = width.saturating_sub(25);
    Line::from(vec![
        Span::styled(format!("{sign} "), style),
        Span::styled(format!("{name} "), own),
        Span::styled(fixed::cut(&when, room), look.theme.muted),
    ])
}
