//! One frame: the top line, the tab in front, the bottom line, and what lies over them.
//!
//! Pure: the same app, state and time make the same picture.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::app::App;
use super::toast;
use crate::model::time::Stamp;
use crate::state::State;

mod foot;
pub mod top;

/// Columns and rows below which only one line is shown.
pub const LEAST: (u16, u16) = (20, 5);

/// Where the parts of a frame lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Areas {
    /// Tabs and the state of things.
    pub top: Rect,
    /// The tab in front.
    pub body: Rect,
    /// Keys, the prompt, or what was said.
    pub foot: Rect,
}

/// The parts of a screen of this size; `None` if it is too small for them.
pub const fn areas(whole: Rect) -> Option<Areas> {
    if whole.width < LEAST.0 || whole.height < LEAST.1 {
        return None;
    }
    let line = Rect { height: 1, ..whole };
    Some(Areas {
        top: line,
        body: Rect { y: whole.y + 1, height: whole.height - 2, ..whole },
        foot: Rect { y: whole.y + whole.height - 1, ..line },
    })
}

/// Draws everything as it is at `now`.
pub fn draw(frame: &mut Frame<'_>, app: &App, state: &State, now: Stamp) {
    let whole = frame.area();
    let look = app.look(now);
    frame.buffer_mut().set_style(whole, look.theme.blank());
    let Some(areas) = areas(whole) else {
        return say_too_small(frame, whole);
    };
    top::draw(frame, areas.top, app, state, &look);
    app.views.draw(app.tab, frame, areas.body, state, &look);
    toast::draw(frame, areas.body, app, state, &look);
    foot::draw(frame, areas.foot, app, state, &look);
    for popup in &app.popups {
        popup.draw(frame, whole, &app.setup.keymap, state, &look);
    }
}

fn say_too_small(frame: &mut Frame<'_>, whole: Rect) {
    let (columns, rows) = LEAST;
    let (width, height) = (whole.width, whole.height);
    let words = format!("isomon needs {columns}×{rows}, this is {width}×{height}");
    frame.render_widget(Line::from(words), whole);
}
