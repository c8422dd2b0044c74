//! What a click does: it gives the keys to what was clicked, and chooses there.

use ratatui::layout::{Position, Rect};

use super::place::{Mode, Panel, ResultPlaces};
use super::timeline::Within;
use super::{View, plan, runs, strip, table};
use crate::state::{RunState, State};
use crate::tui::reply::Reply;
use crate::tui::widget::titled;

impl View {
    /// Gives the keys to what was clicked, and chooses there.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let (at, present) = (Position::new(column, row), self.panel(state));
        if self.fleet.is_open() {
            let clicked = self.fleet.click(at, area, state);
            return clicked.unwrap_or_else(|run| self.look_at(run));
        }
        let places = self.places(area, state);
        for (panel, place) in [
            (Panel::Backends, places.backends),
            (Panel::Payloads, places.payloads),
            (Panel::Starts, places.starts),
            (Panel::Loads, places.loads),
            (Panel::Runs, runs::list(places.runs)),
        ] {
            // A list without the keys is drawn from its first row.
            let cursor = if present == panel { self.cursor(panel, state) } else { 0 };
            if let Some(index) = listed(place, at, cursor) {
                self.panel = Some(panel);
                // Nothing stands below the last row.
                if index >= self.length(panel, state) {
                    return Reply::Done;
                }
                self.go_to(panel, index, state);
                if panel == Panel::Runs {
                    return self.open(state);
                }
                return self.mark(panel, index, state);
            }
        }
        if self.pair.is_some() {
            return Reply::Ignored;
        }
        match self.runs.shown(state) {
            Some((_, run)) if places.result.contains(at) => {
                self.click_result(at, places.result, run)
            }
            _ => Reply::Ignored,
        }
    }

    fn click_result(&mut self, at: Position, area: Rect, run: &RunState) -> Reply {
        let sight = self.sight(run);
        let (rows, cursor) = (sight.group.rows.len(), sight.cursor);
        let places = ResultPlaces::of(area, self.wanted(&sight));
        let heading = u16::from(places.modes.len() > 1);
        let hit = places.modes.iter().find(|(_, place)| place.contains(at)).copied();
        if places.strip.contains(at) {
            let x = at.x - places.strip.x;
            let mode = strip::view_at(&sight, x, places.strip.width);
            self.mode = mode.unwrap_or(sight.mode);
        }
        match hit {
            Some((Mode::Table, place)) => {
                let height = place.height.saturating_sub(heading);
                let skip = table::scroll(height, rows, cursor).skip;
                let index = skip + usize::from((at.y - place.y).saturating_sub(heading + 1));
                self.row = index.min(rows.saturating_sub(1));
            }
            Some((Mode::Time, place)) => {
                let y = place.y + heading.min(place.height);
                let place = Rect { y, height: place.height.saturating_sub(heading), ..place };
                let end = run.digest.end_seconds.max(1e-3);
                self.at_seconds = Within::of(place).instant(at.x, end).or(self.at_seconds);
                self.mode = Mode::Time;
            }
            Some((mode, _)) => self.mode = mode,
            None => {}
        }
        self.focus(Panel::Result)
    }
}

/// The row of a framed list at `place` that was clicked, be one there or not.
fn listed(place: Rect, at: Position, cursor: usize) -> Option<usize> {
    let inside = titled::inside(place);
    let line = inside.contains(at).then(|| usize::from(at.y - inside.y))?;
    Some(line + plan::first(cursor, usize::from(inside.height)))
}
