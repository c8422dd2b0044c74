//! Alerts as the screen needs them: whose are shown, and which turned a moment ago.

use std::collections::VecDeque;

use super::{Part, State};
use crate::model::alert::{Alerts, Event, Turn};
use crate::model::id::SourceId;
use crate::model::time::Stamp;

/// Turns that are remembered to be shown for a moment.
const MOST: usize = 16;

/// Something that turned a moment ago.
#[derive(Clone, Debug, PartialEq)]
pub struct Fresh {
    /// When it was heard.
    pub at: Stamp,
    /// Of which isomon.
    pub from: SourceId,
    /// What happened.
    pub event: Event,
}

/// The latest turns, latest first.
pub type Freshly = VecDeque<Fresh>;

impl State {
    /// The alerts of every isomon that is to be listened to: of this one, and of those that judge and
    /// tell themselves. Another that has nobody to tell is judged here, and would say everything twice.
    pub fn alerts(&self) -> impl Iterator<Item = (&SourceId, &Alerts)> {
        let local = SourceId::local();
        let judged = self.nodes.get(&local).is_some_and(|node| node.alerts.is_some());
        self.telling(Part::Alerts).filter_map(move |(id, node)| {
            let alerts = &*node.alerts.as_ref()?.1;
            let shown = *id == local || !judged || !alerts.receivers.is_empty();
            shown.then_some((id, alerts))
        })
    }

    /// Remembers what is new in what `from` tells.
    pub(super) fn note_alerts(&mut self, from: &SourceId, alerts: &Alerts, at: Stamp) {
        let known = self.nodes.get(from).and_then(|node| node.alerts.as_ref());
        let known = known.map(|(_, alerts)| alerts.turns);
        // What another did before it was first heard is no news.
        let known =
            known.unwrap_or_else(|| if *from == SourceId::local() { 0 } else { alerts.turns });
        let new = usize::try_from(alerts.turns.saturating_sub(known)).unwrap_or(usize::MAX);
        let turned = alerts.past.iter().take(new.min(MOST)).rev();
        for event in turned.filter(|event| matches!(event.turn, Turn::Fired | Turn::Resolved)) {
            self.fresh.push_front(Fresh { at, from: from.clone(), event: event.clone() });
        }
        self.fresh.truncate(MOST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::alert::ReceiverBrief;
    use crate::model::update::{Update, What};

    fn tell(state: &mut State, from: &str, turns: u64, receivers: usize) {
        let past = vec![Event::default(); usize::try_from(turns).unwrap()];
        let receivers = vec![ReceiverBrief::default(); receivers];
        let alerts = Alerts { past, turns, receivers, ..Alerts::default() };
        let (from, what) = (SourceId(from.into()), What::Alerts(Box::new(alerts)));
        state.apply(&Update { at: Stamp::default(), from, what });
    }

    #[test]
    fn what_is_new_is_shown_once_and_nothing_twice() {
        let mut state = State::default();
        tell(&mut state, "far", 3, 0);
        assert_eq!((state.fresh.len(), state.alerts().count()), (0, 1), "nobody else judges");
        tell(&mut state, "local", 2, 0);
        tell(&mut state, "local", 2, 0);
        assert_eq!((state.fresh.len(), state.alerts().count()), (2, 1));
        tell(&mut state, "far", 5, 1);
        assert_eq!((state.fresh.len(), state.alerts().count()), (4, 2), "it tells itself now");
        tell(&mut state, "far", 1_000, 1);
        assert_eq!(state.fresh.len(), MOST);
    }
}
