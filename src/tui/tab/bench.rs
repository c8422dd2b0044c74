//! Bench: choose backends, starts, payloads and a preset, run it, and see what came of it.
//!
//! Whatever is ready is chosen already, so one key measures. The results of the latest run are
//! drawn from the same fold while it goes on and when it is over. Where there is room the choice
//! stays beside them; where there is none one thing is shown at a time.

use std::collections::BTreeSet;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::model::backend::{BackendId, Start};
use crate::model::bench::{Cell, Figure};
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::load::Load;
use crate::state::{RunState, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::{Filter, Terms};
use crate::tui::widget::fixed;

mod anchor;
mod bars;
mod beside;
mod choice;
mod claims;
mod compare;
mod density;
mod doubt;
mod fleet;
mod group;
mod instant;
mod ladder;
mod latency;
mod load;
mod memory;
mod mouse;
mod outlook;
mod place;
mod plan;
mod progress;
mod rate;
mod reason;
mod result;
mod runs;
mod samples;
mod spread;
mod strip;
mod table;
mod timeline;
mod verdict;
mod walk;
mod wish;

use anchor::Anchor;
use choice::Choice;
pub(super) use choice::seed;
use claims::Claims;
pub(super) use compare::{Pair, draw as draw_pair};
use group::Group;
use place::{Mode, Panel, Places, ResultPlaces, Wanted};
use result::Sight;
use runs::Runs;
use wish::Wished;

/// The figures in the order in which they are gone through.
const FIGURES: [Figure; 5] =
    [Figure::Start, Figure::Request, Figure::Cli, Figure::Work, Figure::Clean];

/// What is looked at on this tab, and what is chosen for the next run.
#[derive(Debug, Default)]
pub struct View {
    choice: Choice,
    /// `None`: the results where there are some, else the backends.
    panel: Option<Panel>,
    backend: Anchor<BackendId>,
    payload: usize,
    start: usize,
    load: usize,
    row: usize,
    claim: usize,
    claims: Claims,
    group: usize,
    figure: usize,
    mode: Mode,
    /// The instant that is looked at, in seconds since the run began; the latest if `None`.
    at_seconds: Option<f64>,
    /// The rows that are drawn over each other.
    marked: BTreeSet<Cell>,
    runs: Runs,
    /// Two runs that are compared instead of one that is looked at.
    pair: Option<Pair>,
    why: bool,
    zoom: bool,
    filter: Filter,
    wished: Option<Wished>,
    /// The benchmark on several nodes.
    fleet: fleet::View,
}

impl View {
    /// Does what `action` means here.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        if action == Action::Fleet {
            return self.fleet.toggle(state);
        }
        if self.fleet.is_open() {
            return match self.fleet.act(action, state) {
                Err(run) => self.look_at(run),
                Ok(Reply::Ignored) => self.act_alone(action, state),
                Ok(reply) => reply,
            };
        }
        self.act_alone(action, state)
    }

    /// Looks at `run`, which was one of several nodes'.
    fn look_at(&mut self, run: RunId) -> Reply {
        self.runs.open = Some(run);
        self.focus(Panel::Result)
    }

    /// Asks whether to run what is chosen on `nodes`.
    pub fn ask_on(&self, nodes: Vec<SourceId>, state: &State) -> Reply {
        fleet::ask(&self.choice, nodes, state)
    }

    /// A benchmark on several nodes was wished: it will be looked at.
    pub fn expect_fleet(&mut self, state: &State) {
        self.fleet.expect(state);
    }

    /// Does what `action` means for runs of one machine.
    fn act_alone(&mut self, action: Action, state: &State) -> Reply {
        let shown = self.runs.shown(state);
        match action {
            Action::Bench | Action::Again | Action::Cancel | Action::Check
                if self.is_preparing(state) =>
            {
                Reply::Say("the run is being prepared; a moment, please".into())
            }
            Action::Bench => self.wish(self.choice.run(state), state),
            Action::Again => self.wish(wish::again(shown, state), state),
            Action::Cancel => wish::cancel(state),
            Action::Export => wish::export(shown),
            Action::Copy => wish::copy(shown),
            Action::Check => super::backends::check(state),
            Action::Preset => self.choice.next_preset(),
            Action::Runs => self.list(),
            Action::Compare => self.compare(state),
            Action::NextPanel => self.turn(state, true),
            Action::PreviousPanel => self.turn(state, false),
            _ if self.panel(state) == Panel::Result => self.act_on_result(action, state),
            _ => self.act_on_choice(action, state),
        }
    }

    /// Goes to the list of runs and has it read anew.
    fn list(&mut self) -> Reply {
        self.zoom = false;
        self.panel = Some(Panel::Runs);
        Reply::Wish(Command::ListRuns)
    }

    /// Compares the two runs that are marked.
    fn compare(&mut self, state: &State) -> Reply {
        let keys = |action: Action| match action {
            Action::Mark => "space",
            _ => "R",
        };
        match self.runs.pair(state, keys).map(Pair::begin) {
            Ok(Ok(pair)) => {
                self.pair = Some(pair);
                self.focus(Panel::Result)
            }
            Ok(Err(error)) => Reply::Say(format!("they cannot be compared: {error}").into()),
            Err(lacking) => Reply::Say(lacking.into()),
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
            self.pair = None;
            self.at_seconds = None;
            self.runs.open = None;
            self.wished = Some(Wished::now(state));
        }
        reply
    }

    fn act_on_choice(&mut self, action: Action, state: &State) -> Reply {
        let panel = self.panel(state);
        let length = self.length(panel, state);
        let mut row = self.cursor(panel, state);
        let moved = walk::moved(&mut row, action, length);
        self.go_to(panel, row, state);
        if moved {
            return Reply::Done;
        }
        match (action, panel) {
            (Action::Enter, Panel::Runs) => self.open(state),
            (Action::Mark | Action::Enter, _) => self.mark(panel, row, state),
            (Action::MarkAll, Panel::Backends) => self.choice.mark_all(state),
            (Action::Back, _) if self.runs.shown(state).is_some() => self.focus(Panel::Result),
            _ => Reply::Ignored,
        }
    }

    /// Looks at the run in the row of the list that is looked at.
    fn open(&mut self, state: &State) -> Reply {
        let reply = self.runs.open(state);
        if !matches!(reply, Reply::Say(_)) {
            self.pair = None;
            self.at_seconds = None;
            self.panel = Some(Panel::Result);
        }
        reply
    }

    /// How many rows the list `panel` has.
    fn length(&self, panel: Panel, state: &State) -> usize {
        match panel {
            Panel::Payloads => self.choice.payloads(state).len(),
            Panel::Starts => Start::ALL.len(),
            Panel::Loads => Load::NAMES.len(),
            Panel::Runs => runs::entries(state).len(),
            Panel::Backends | Panel::Result => super::backends::statuses(state).len(),
        }
    }

    /// The row of the list `panel` that is looked at.
    fn cursor(&self, panel: Panel, state: &State) -> usize {
        let row = match panel {
            Panel::Payloads => self.payload,
            Panel::Starts => self.start,
            Panel::Loads => self.load,
            Panel::Backends => self.backend.row(&Choice::names(state)),
            Panel::Runs => self.runs.row(&runs::entries(state)),
            Panel::Result => self.row,
        };
        row.min(self.length(panel, state).saturating_sub(1))
    }

    /// Looks at the row `row` of the list `panel`.
    fn go_to(&mut self, panel: Panel, row: usize, state: &State) {
        match panel {
            Panel::Payloads => self.payload = row,
            Panel::Starts => self.start = row,
            Panel::Loads => self.load = row,
            Panel::Backends => self.backend.set(row, &Choice::names(state)),
            Panel::Runs => self.runs.at.set(row, &runs::ids(&runs::entries(state))),
            Panel::Result => self.row = row,
        }
    }

    /// Takes the row `row` of the list `panel` in or out.
    fn mark(&mut self, panel: Panel, row: usize, state: &State) -> Reply {
        match panel {
            Panel::Payloads => self.choice.mark_payload(row, state),
            Panel::Starts => self.choice.mark_start(row, state),
            Panel::Loads => self.choice.mark_load(row),
            Panel::Runs => self.runs.mark(state),
            Panel::Backends | Panel::Result => self.choice.mark_backend(row, state),
        }
    }

    fn focus(&mut self, panel: Panel) -> Reply {
        self.panel = Some(panel);
        Reply::Done
    }

    /// Goes a panel on, or back.
    fn turn(&mut self, state: &State, on: bool) -> Reply {
        let mut all = Panel::ALL.to_vec();
        all.retain(|panel| match panel {
            Panel::Result => self.runs.shown(state).is_some(),
            Panel::Runs => !runs::entries(state).is_empty(),
            _ => true,
        });
        let present = self.panel(state);
        let at = all.iter().position(|panel| *panel == present).unwrap_or(0);
        let steps = if on { 1 } else { all.len() - 1 };
        self.zoom = false;
        self.focus(all[(at + steps) % all.len()])
    }

    /// What has the keys.
    fn panel(&self, state: &State) -> Panel {
        match (self.panel, self.runs.shown(state)) {
            (Some(Panel::Result) | None, None) => Panel::Backends,
            (None, Some(_)) => Panel::Result,
            (Some(panel), _) => panel,
        }
    }

    fn sight<'a>(&'a self, run: &'a RunState) -> Sight<'a> {
        let payloads = group::payloads(run);
        let payload = self.group.min(payloads.len().saturating_sub(1));
        let figure = FIGURES[self.figure % FIGURES.len()];
        let group = match payloads.get(payload) {
            Some(payload) => Group::of(run, *payload, figure, &self.filter),
            None => Group { figure, rows: Vec::new(), placed: false },
        };
        let cursor = self.row.min(group.rows.len().saturating_sub(1));
        let offered = Mode::offered(run);
        let mode = if offered.contains(&self.mode) { self.mode } else { Mode::Table };
        Sight {
            run,
            payloads,
            payload,
            group,
            mode,
            offered,
            cursor,
            claim: self.claim,
            claims: &self.claims,
            at_seconds: self.at_seconds,
            marked: &self.marked,
            filter: &self.filter,
            focused: true,
            preparing: false,
        }
    }

    /// What decides how the results are divided.
    const fn wanted<'a>(&self, sight: &'a Sight<'_>) -> Wanted<'a> {
        Wanted {
            rows: sight.group.rows.len(),
            mode: sight.mode,
            offered: sight.offered.as_slice(),
            why: self.why,
            alone: self.zoom,
        }
    }

    /// Shows only rows that pass the filter `text`; one half typed leaves the one before in force.
    pub fn filter(&mut self, text: &str) {
        self.filter = group::read(text).unwrap_or_else(|| self.filter.clone());
        self.row = 0;
    }

    /// What a filter may speak of.
    pub fn terms(&self, state: &State) -> Terms {
        let cells = self.runs.shown(state).map_or(&[][..], |(_, run)| &run.head.cells);
        group::terms(cells.iter())
    }

    /// What can be done here, the most wanted first.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        if self.fleet.is_open() {
            return fleet::View::hints(state);
        }
        let mode = self.runs.shown(state).map(|(_, run)| self.sight(run).mode);
        wish::hints(self.panel(state), (mode.unwrap_or_default(), self.pair.is_some()), state)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        if self.fleet.is_open() {
            return self.fleet.draw(frame, area, state, look);
        }
        let panel = self.panel(state);
        let run = self.runs.shown(state).map(|(_, run)| run);
        let places = self.places(area, state);
        self.draw_choice(frame, &places, state, look);
        if places.result.is_empty() {
            return;
        }
        if let Some(pair) = &self.pair {
            return compare::draw(frame, places.result, pair, look);
        }
        if let Some(run) = run {
            let mut sight = self.sight(run);
            sight.focused = panel == Panel::Result;
            sight.preparing = self.is_preparing(state);
            let within = ResultPlaces::of(places.result, self.wanted(&sight));
            result::draw(frame, places.result, &within, &sight, look);
        }
    }

    fn places(&self, area: Rect, state: &State) -> Places {
        let listed = super::backends::statuses(state).len();
        let kept = runs::entries(state).len();
        let has_run = self.runs.shown(state).is_some();
        Places::of(area, (self.panel(state), listed, kept), has_run, self.zoom)
    }

    fn draw_choice(&self, frame: &mut Frame<'_>, places: &Places, state: &State, look: &Look<'_>) {
        let panel = self.panel(state);
        let cursor = |owner| (panel == owner).then(|| self.cursor(owner, state));
        if !places.runs.is_empty() {
            let cursor = cursor(Panel::Runs);
            runs::draw(frame, places.runs, (&self.runs, state), cursor, look);
        }
        if !places.backends.is_empty() {
            let cursor = cursor(Panel::Backends);
            plan::draw_backends(frame, places.backends, &self.choice, state, cursor, look);
        }
        if !places.payloads.is_empty() {
            let cursor = cursor(Panel::Payloads);
            plan::draw_payloads(frame, places.payloads, &self.choice, state, cursor, look);
        }
        if !places.starts.is_empty() {
            let cursor = cursor(Panel::Starts);
            plan::draw_starts(frame, places.starts, &self.choice, state, cursor, look);
        }
        if !places.loads.is_empty() {
            let cursor = cursor(Panel::Loads);
            plan::draw_loads(frame, places.loads, &self.choice, cursor, look);
        }
        self.draw_outlook(frame, places, state, look);
    }

    /// What the next run will do, in a frame or in a line.
    fn draw_outlook(&self, frame: &mut Frame<'_>, places: &Places, state: &State, look: &Look<'_>) {
        let preparing = self.is_preparing(state);
        if !places.outlook.is_empty() {
            let here = self.panel(state) == Panel::Backends;
            let backends = Choice::backends(state);
            let at = self.cursor(Panel::Backends, state);
            let under = backends.get(at).filter(|_| here).copied();
            let state = (state, preparing, under);
            outlook::draw(frame, places.outlook, &self.choice, state, look);
        }
        if !places.brief.is_empty() {
            let brief = outlook::brief(&self.choice, (state, preparing), look);
            let brief = fixed::cut_line(brief, usize::from(places.brief.width));
            frame.render_widget(brief, places.brief);
        }
    }
}
