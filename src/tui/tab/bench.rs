//! Bench: choose backends, starts, payloads and a preset, run it, and see what came of it.
//!
//! Whatever is ready is chosen already, so one key measures. The results of the latest run are
//! drawn from the same fold while it goes on and when it is over. Where there is room the choice
//! stays beside them; where there is none one thing is shown at a time.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::model::backend::Start;
use crate::model::bench::Figure;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;

mod bars;
mod choice;
mod group;
mod ladder;
mod mouse;
mod outlook;
mod place;
mod plan;
mod progress;
mod reason;
mod result;
mod samples;
mod table;
mod timeline;
mod wish;

use choice::Choice;
use group::Group;
use place::{Mode, Panel, Places, ResultPlaces};
use result::Sight;
use wish::{Wished, shown};

/// The figures in the order in which they are gone through.
const FIGURES: [Figure; 5] =
    [Figure::Start, Figure::Request, Figure::Cli, Figure::Work, Figure::Clean];

/// What is looked at on this tab, and what is chosen for the next run.
#[derive(Debug, Default)]
pub struct View {
    choice: Choice,
    /// `None`: the results where there are some, else the backends.
    panel: Option<Panel>,
    backend: usize,
    payload: usize,
    start: usize,
    row: usize,
    group: usize,
    figure: usize,
    mode: Mode,
    why: bool,
    zoom: bool,
    filter: String,
    wished: Option<Wished>,
}

impl View {
    /// Does what `action` means here.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        match action {
            Action::Bench | Action::Again | Action::Cancel | Action::Check
                if self.is_preparing(state) =>
            {
                Reply::Say("the run is being prepared; a moment, please".into())
            }
            Action::Bench => self.wish(self.choice.run(state), state),
            Action::Again => self.wish(wish::again(state), state),
            Action::Cancel => wish::cancel(state),
            Action::Export => wish::export(state),
            Action::Copy => wish::copy(state),
            Action::Check => super::backends::check(state),
            Action::Preset => self.choice.next_preset(),
            Action::NextPanel => self.turn(state, 1),
            Action::PreviousPanel => self.turn(state, 3),
            _ if self.panel(state) == Panel::Result => self.act_on_result(action, state),
            _ => self.act_on_choice(action, state),
        }
    }

    /// Whether a run was wished and has not begun yet.
    pub fn is_preparing(&self, state: &State) -> bool {
        self.wished.as_ref().is_some_and(|wished| wished.is_pending(state))
    }

    /// What is wished will be looked at.
    fn wish(&mut self, reply: Reply, state: &State) -> Reply {
        if matches!(reply, Reply::Wish(_)) {
            self.panel = None;
            self.wished = Some(Wished::now(state));
        }
        reply
    }

    fn act_on_choice(&mut self, action: Action, state: &State) -> Reply {
        let panel = self.panel(state);
        let length = match panel {
            Panel::Payloads => self.choice.payloads(state).len(),
            Panel::Starts => Start::ALL.len(),
            Panel::Backends | Panel::Result => super::backends::statuses(state).len(),
        };
        let row = self.cursor(panel);
        *row = (*row).min(length.saturating_sub(1));
        if moved(row, action, length) {
            return Reply::Done;
        }
        let row = *row;
        match (action, panel) {
            (Action::Mark | Action::Enter, _) => self.mark(panel, row, state),
            (Action::MarkAll, Panel::Backends) => self.choice.mark_all(state),
            (Action::Back, _) if shown(state).is_some() => self.focus(Panel::Result),
            _ => Reply::Ignored,
        }
    }

    /// The row of the list `panel` that is looked at.
    const fn cursor(&mut self, panel: Panel) -> &mut usize {
        match panel {
            Panel::Payloads => &mut self.payload,
            Panel::Starts => &mut self.start,
            Panel::Backends => &mut self.backend,
            Panel::Result => &mut self.row,
        }
    }

    /// Takes the row `row` of the list `panel` in or out.
    fn mark(&mut self, panel: Panel, row: usize, state: &State) -> Reply {
        match panel {
            Panel::Payloads => self.choice.mark_payload(row, state),
            Panel::Starts => self.choice.mark_start(row, state),
            Panel::Backends | Panel::Result => self.choice.mark_backend(row, state),
        }
    }

    fn act_on_result(&mut self, action: Action, state: &State) -> Reply {
        let Some((_, run)) = shown(state) else {
            return Reply::Ignored;
        };
        let groups = group::payloads(run).len().max(1);
        let rows = self.sight(run).group.rows.len();
        self.row = self.row.min(rows.saturating_sub(1));
        if moved(&mut self.row, action, rows) {
            return Reply::Done;
        }
        match action {
            Action::Left => self.group = (self.group.min(groups - 1) + groups - 1) % groups,
            Action::Right => self.group = (self.group.min(groups - 1) + 1) % groups,
            Action::Sort => self.figure = (self.figure + 1) % FIGURES.len(),
            Action::Reverse => self.figure = (self.figure + FIGURES.len() - 1) % FIGURES.len(),
            Action::View => self.mode = next(self.mode),
            Action::Why | Action::Enter => self.why = !self.why,
            Action::Zoom => self.zoom = !self.zoom,
            Action::Back if self.why => self.why = false,
            Action::Back if self.zoom => self.zoom = false,
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    fn focus(&mut self, panel: Panel) -> Reply {
        self.panel = Some(panel);
        Reply::Done
    }

    /// Goes `steps` panels on.
    fn turn(&mut self, state: &State, steps: usize) -> Reply {
        let all = [Panel::Backends, Panel::Payloads, Panel::Starts, Panel::Result];
        let count = if shown(state).is_some() { 4 } else { 3 };
        let present = self.panel(state);
        let at = all.iter().position(|panel| *panel == present).unwrap_or(0);
        let steps = if steps == 1 { 1 } else { count - 1 };
        self.zoom = false;
        self.focus(all[(at + steps) % count])
    }

    /// What has the keys.
    fn panel(&self, state: &State) -> Panel {
        match (self.panel, shown(state)) {
            (Some(Panel::Result) | None, None) => Panel::Backends,
            (None, Some(_)) => Panel::Result,
            (Some(panel), _) => panel,
        }
    }

    fn sight<'a>(&self, run: &'a RunState) -> Sight<'a> {
        let payloads = group::payloads(run);
        let payload = self.group.min(payloads.len().saturating_sub(1));
        let figure = FIGURES[self.figure % FIGURES.len()];
        let group = match payloads.get(payload) {
            Some(payload) => Group::of(run, *payload, figure, &self.filter),
            None => Group { figure, rows: Vec::new() },
        };
        let cursor = self.row.min(group.rows.len().saturating_sub(1));
        Sight {
            run,
            payloads,
            payload,
            group,
            mode: self.mode,
            cursor,
            focused: true,
            preparing: false,
        }
    }

    /// Shows only rows whose name holds `text`: a backend, or how it was started.
    pub fn filter(&mut self, text: &str) {
        self.filter = text.to_lowercase();
        self.row = 0;
    }

    /// What can be done here, the most wanted first.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        wish::hints(self.panel(state), state)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let panel = self.panel(state);
        let run = shown(state).map(|(_, run)| run);
        let places = self.places(area, state);
        self.draw_choice(frame, &places, state, look);
        if let Some(run) = run.filter(|_| !places.result.is_empty()) {
            let mut sight = self.sight(run);
            sight.focused = panel == Panel::Result;
            sight.preparing = self.is_preparing(state);
            let rows = sight.group.rows.len();
            let within = ResultPlaces::of(places.result, rows, self.mode, self.why, self.zoom);
            result::draw(frame, places.result, &within, &sight, look);
        }
    }

    fn places(&self, area: Rect, state: &State) -> Places {
        let listed = super::backends::statuses(state).len();
        Places::of(area, (self.panel(state), listed), shown(state).is_some(), self.zoom)
    }

    fn draw_choice(&self, frame: &mut Frame<'_>, places: &Places, state: &State, look: &Look<'_>) {
        let panel = self.panel(state);
        let cursor = |owner, row| (panel == owner).then_some(row);
        if !places.backends.is_empty() {
            let cursor = cursor(Panel::Backends, self.backend);
            plan::draw_backends(frame, places.backends, &self.choice, state, cursor, look);
        }
        if !places.payloads.is_empty() {
            let cursor = cursor(Panel::Payloads, self.payload);
            plan::draw_payloads(frame, places.payloads, &self.choice, state, cursor, look);
        }
        if !places.starts.is_empty() {
            let cursor = cursor(Panel::Starts, self.start);
            plan::draw_starts(frame, places.starts, &self.choice, state, cursor, look);
        }
        if !places.outlook.is_empty() {
            let preparing = self.is_preparing(state);
            let backends = Choice::backends(state);
            let under = cursor(Panel::Backends, self.backend).and_then(|row| backends.get(row));
            let state = (state, preparing, under.copied());
            outlook::draw(frame, places.outlook, &self.choice, state, look);
        }
        if !places.brief.is_empty() {
            let preparing = self.is_preparing(state);
            let brief = outlook::brief(&self.choice, (state, preparing), look);
            frame.render_widget(brief, places.brief);
        }
    }
}

/// Moves `row` within `length` rows, if `action` is a movement.
fn moved(row: &mut usize, action: Action, length: usize) -> bool {
    let last = length.saturating_sub(1);
    *row = match action {
        Action::Up => row.saturating_sub(1),
        Action::Down => (*row + 1).min(last),
        Action::First | Action::PageUp | Action::HalfUp => 0,
        Action::Last | Action::PageDown | Action::HalfDown => last,
        _ => return false,
    };
    true
}

fn next(mode: Mode) -> Mode {
    let at = Mode::ALL.iter().position(|other| *other == mode);
    Mode::ALL[(at.unwrap_or(0) + 1) % Mode::ALL.len()]
}
