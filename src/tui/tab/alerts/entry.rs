//! An alert as a row: its fields and its cells.

use ratatui::style::Style;
use ratatui::text::Span;
use unicode_width::UnicodeWidthStr;

use crate::model::alert::{Alert, AlertId, AlertState, Severity, written};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::state::State;
use crate::tui::look::Look;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::fixed;
use crate::tui::widget::table::Column;

/// What tells an alert from others.
pub(super) type Key = (SourceId, AlertId);

/// An alert and whose it is.
pub(super) struct Entry<'a> {
    pub(super) source: &'a SourceId,
    pub(super) alert: &'a Alert,
    node: SafeText,
}

/// Every alert that is shown.
pub(super) fn entries(state: &State) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for (source, alerts) in state.alerts() {
        for alert in &alerts.alerts {
            entries.push(Entry { source, alert, node: node(source, &alert.id) });
        }
    }
    entries
}

/// What the node of `id`, which `source` tells of, is called here.
pub(super) fn node(source: &SourceId, id: &AlertId) -> SafeText {
    let local = SourceId::local();
    if *source == local {
        id.node.clone()
    } else if id.node == local.0 {
        source.0.clone()
    } else {
        source.below(&id.node).0
    }
}

pub(super) const RANK: usize = 0;
const STATE: usize = 1;
const SEVERITY: usize = 2;
const RULE: usize = 3;
const NODE: usize = 4;
const THING: usize = 5;
const SINCE: usize = 6;
const MESSAGE: usize = 7;

impl Row for Entry<'_> {
    type Key = Key;
    const FIELDS: &'static [Field] = &[
        Field::new("rank", Kind::Number),
        Field::one_of("state", &["ok", "unsure", "pending", "firing", "seen", "silenced"]),
        Field::one_of("severity", &["info", "warning", "critical"]),
        Field::text("rule"),
        Field::text("node"),
        Field::text("thing"),
        Field::new("since", Kind::Number),
        Field::text("message"),
        Field::text("labels"),
    ];
    const SORTED: usize = 7;

    fn key(&self) -> Key {
        (self.source.clone(), self.alert.id.clone())
    }

    fn value(&self, field: usize) -> Value<'_> {
        let alert = self.alert;
        match field {
            RANK => Value::Number(rank(alert)),
            STATE => Value::text(state(alert)),
            SEVERITY => Value::text(alert.severity.name()),
            RULE => Value::text(alert.id.rule.as_str()),
            NODE => Value::text(self.node.as_str()),
            THING => Value::text(alert.id.thing.as_str()),
            SINCE => Value::Number(alert.since_ms as f64),
            MESSAGE => Value::text(alert.message.as_str()),
            _ => Value::Text(written(&alert.labels).into()),
        }
    }
}

/// The worse the higher.
fn rank(alert: &Alert) -> f64 {
    let loud = if alert.is_loud() { 100 } else { 0 };
    f64::from(loud + 10 * alert.state as i32 + alert.severity as i32)
}

/// How it stands, in a word.
fn state(alert: &Alert) -> &'static str {
    match alert.state {
        AlertState::Firing if alert.acknowledged.is_some() => "seen",
        AlertState::Firing if alert.silenced_until_ms.is_some() => "silenced",
        other => other.name(),
    }
}

/// What each row shows.
pub(super) const COLUMNS: [Column; 7] = [
    Column::words("  STATE", 10, 0).by(RANK),
    Column::words("SEVERITY", 8, 5).by(SEVERITY),
    Column::words("RULE", 18, 3).by(RULE),
    Column::words("NODE", 12, 4).by(NODE),
    Column::words("THING", 16, 6).by(THING),
    Column::words("WHAT", 34, 0).grows(),
    Column::numbers("FOR", 7, 1).by(SINCE),
];

/// Most columns that names of nodes have.
const NODES: usize = 28;

/// The columns of `rows` in `room`: no things where no row has one, and names of nodes as long as they are, as
/// far as there is room beside the others.
pub(super) fn columns(rows: &[&Entry<'_>], room: u16) -> Vec<Column> {
    let has_things = rows.iter().any(|entry| !entry.alert.id.thing.is_empty());
    let shown = |column: &Column| has_things || column.field != Some(THING);
    let mut columns: Vec<Column> = COLUMNS.into_iter().filter(shown).collect();
    let taken: usize = columns.iter().map(|column| column.width + 1).sum();
    let spare = (usize::from(room) + 1).saturating_sub(taken);
    let longest = rows.iter().map(|entry| entry.node.as_str().width()).max().unwrap_or(0);
    for column in columns.iter_mut().filter(|column| column.field == Some(NODE)) {
        column.width += longest.min(NODES).saturating_sub(column.width).min(spare);
    }
    columns
}

/// A cell of the table.
pub(super) fn cell(
    entry: &Entry<'_>,
    column: &Column,
    width: usize,
    look: &Look<'_>,
) -> Vec<Span<'static>> {
    let alert = entry.alert;
    let muted = look.theme.muted;
    let text = if alert.is_loud() { look.theme.text } else { muted };
    let span = |words: &str, style: Style| vec![Span::styled(words.to_owned(), style)];
    match column.field {
        Some(RANK) => {
            let style = style(alert.state, alert.severity, alert.is_loud(), look);
            let words = format!("{} {}", sign(alert.state, look), state(alert));
            vec![Span::styled(fixed::fit(&words, width, false), style)]
        }
        Some(SEVERITY) => span(alert.severity.name(), severity_style(alert.severity, look)),
        Some(RULE) => span(alert.id.rule.as_str(), text),
        Some(NODE) => span(entry.node.as_str(), muted),
        Some(THING) => span(alert.id.thing.as_str(), muted),
        Some(SINCE) => span(&age(alert.since_ms, look), muted),
        _ => span(&alert.matter(look.now.wall_ms), text),
    }
}

/// How long ago `at_ms` was.
pub(super) fn age(at_ms: i64, look: &Look<'_>) -> String {
    let seconds = look.now.wall_ms.saturating_sub(at_ms).max(0) / 1_000;
    Seconds(seconds as f64).to_string()
}

/// The sign of a state, for who sees no colour.
pub(super) const fn sign(state: AlertState, look: &Look<'_>) -> &'static str {
    match state {
        AlertState::Firing => look.glyph.pick("▲", "!"),
        AlertState::Pending => look.glyph.pick("◔", "~"),
        AlertState::Unsure => look.glyph.pick("?", "?"),
        AlertState::Ok => look.glyph.pick("●", "+"),
    }
}

/// The colour of an alert.
pub(super) fn style(state: AlertState, severity: Severity, loud: bool, look: &Look<'_>) -> Style {
    match state {
        AlertState::Firing if loud => severity_style(severity, look),
        AlertState::Unsure => look.theme.warn,
        AlertState::Firing | AlertState::Pending | AlertState::Ok => look.theme.muted,
    }
}

/// The colour of a severity.
pub(super) const fn severity_style(severity: Severity, look: &Look<'_>) -> Style {
    match severity {
        Severity::Critical => look.theme.bad,
        Severity::Warning => look.theme.warn,
        Severity::Info => look.theme.accent,
    }
}
