//! Which backends are listed, and in which order.

use super::statuses;
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::text::SafeText;
use crate::state::State;
use crate::tui::widget::field::{Field, Row, Value};
use crate::tui::widget::filter::{Filter, Terms};

/// A backend as the filter sees it.
struct Entry<'a>(&'a BackendStatus);

impl Row for Entry<'_> {
    type Key = BackendId;
    const FIELDS: &'static [Field] = &[
        Field::text("backend"),
        Field::one_of("status", &["checking", "ready", "degraded", "unavailable"]),
        Field::text("version"),
    ];

    fn key(&self) -> BackendId {
        self.0.id
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            0 => Value::text(self.0.id.name()),
            1 => Value::text(word(&self.0.readiness)),
            _ => self
                .0
                .version
                .as_ref()
                .map_or(Value::Missing, |it| Value::text(SafeText::as_str(it))),
        }
    }
}

const fn word(readiness: &Readiness) -> &'static str {
    match readiness {
        Readiness::Checking => "checking",
        Readiness::Ready => "ready",
        Readiness::Degraded { .. } => "degraded",
        Readiness::Unavailable { .. } => "unavailable",
    }
}

/// `text` as a filter of backends; `None` where it is not understood.
pub(super) fn read(text: &str) -> Option<Filter> {
    Filter::parse(text, Entry::FIELDS).ok()
}

/// What a filter of backends may speak of.
pub(super) fn terms(state: &State) -> Terms {
    let rows: Vec<Entry<'_>> = statuses(state).iter().map(Entry).collect();
    Terms::of(&rows)
}

/// Those that pass `filter`: what runs here first, each group with the weakest wall first. While
/// backends are being tried none changes its place.
pub(super) fn rows<'a>(state: &'a State, filter: &Filter) -> Vec<&'a BackendStatus> {
    let all = statuses(state);
    let settled = all.iter().all(|status| status.readiness != Readiness::Checking);
    let mut rows: Vec<_> = all.iter().filter(|status| filter.lets(&Entry(status))).collect();
    if settled {
        rows.sort_by_key(|status| !status.readiness.runs());
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backend_is_asked_for_by_name_and_by_how_it_stands() {
        let mut ready = BackendStatus::new(BackendId::Runc);
        ready.readiness = Readiness::Ready;
        let gone = BackendStatus::new(BackendId::Crun);
        let passes = |text: &str| {
            let filter = read(text).expect(text);
            [filter.lets(&Entry(&ready)), filter.lets(&Entry(&gone))]
        };
        assert_eq!(passes("status=ready"), [true, false]);
        assert_eq!(passes("crun"), [false, true]);
        assert_eq!(passes("backend~run"), [true, true]);
        assert!(read("status>").is_none());
    }
}
