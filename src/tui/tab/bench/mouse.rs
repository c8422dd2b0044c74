//! What a click does: it gives the keys to what was clicked, and chooses there.

use ratatui::layout::{Position, Rect};

use super::place::{Mode, Panel, ResultPlaces};
use super::wish::shown;
use super::{View, plan, table};
use crate::state::{RunState, State};
use crate::tui::reply::Reply;
use crate::tui::widget::titled;

impl View {
    /// Gives the keys to what was clicked, and chooses there.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let (at, present) = (Position::new(column, row), self.panel(state));
        let places = self.places(area, state);
        for (panel, place) in [
            (Panel::Backends, places.backends),
            (Panel::Payloads, places.payloads),
            (Panel::Starts, places.starts),
        ] {
            let row = self.cursor(panel);
            // A list without the keys is drawn from its first row.
            let cursor = if present == panel { *row } else { 0 };
            if let Some(index) = listed(place, at, cursor) {
                *row = index;
                self.panel = Some(panel);
                return self.mark(panel, index, state);
            }
        }
        match shown(state) {
            Some((_, run)) if places.result.contains(at) => {
                self.click_result(at, places.result, run)
            }
            _ => Reply::Ignored,
        }
    }

    fn click_result(&mut self, at: Position, area: Rect, run: &RunState) -> Reply {
        let sight = self.sight(run);
        let rows = sight.group.rows.len();
        let places = ResultPlaces::of(area, rows, self.mode, self.why, self.zoom);
        let heading = u16::from(places.modes.len() > 1);
        let hit =
            places.modes.iter().find(|(mode, place)| *mode == Mode::Table && place.contains(at));
        if let Some((_, place)) = hit {
            let skip = table::scroll(place.height.saturating_sub(heading), rows, sight.cursor).skip;
            let index = skip + usize::from((at.y - place.y).saturating_sub(heading + 1));
            self.row = index.min(rows.saturating_sub(1));
        }
        self.focus(Panel::Result)
    }
}

/// The row of a framed list at `place` that was clicked.
fn listed(place: Rect, at: Position, cursor: usize) -> Option<usize> {
    let inside = titled::inside(place);
    let line = inside.contains(at).then(|| usize::from(at.y - inside.y))?;
    Some(line + plan::first(cursor, usize::from(inside.height)))
}
