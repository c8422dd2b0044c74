//! The tabs: each one file with a `View` (what is looked at), its `act` and its `draw`.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::action::Action;
use super::habit::Arranged;
use super::look::Look;
use super::reply::Reply;
use super::widget::filter::Terms;
use crate::model::id::SourceId;
use crate::state::State;

pub mod alerts;
pub mod backends;
pub mod bench;
mod done;
mod fleet;
pub mod gpus;
pub mod logs;
pub mod models;
pub mod nodes;
pub mod overview;
pub mod runs;
mod workload;

/// A tab that works; one that does not is not listed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// One screen of truth.
    #[default]
    Overview,
    /// Nodes, and one node in depth.
    Nodes,
    /// GPUs.
    Gpus,
    /// What can isolate here.
    Backends,
    /// Run benchmarks and see them.
    Bench,
    /// Every run and job, wherever it is.
    Runs,
    /// Models that are served.
    Models,
    /// What is wrong.
    Alerts,
    /// What isomon did.
    Logs,
}

impl Tab {
    /// Every tab, in order.
    pub const ALL: [Self; 9] = [
        Self::Overview,
        Self::Nodes,
        Self::Gpus,
        Self::Backends,
        Self::Bench,
        Self::Runs,
        Self::Models,
        Self::Alerts,
        Self::Logs,
    ];

    /// Its title.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Overview => "Overview",
            Self::Nodes => "Nodes",
            Self::Gpus => "GPUs",
            Self::Backends => "Backends",
            Self::Bench => "Bench",
            Self::Runs => "Runs",
            Self::Models => "Models",
            Self::Alerts => "Alerts",
            Self::Logs => "Logs",
        }
    }

    /// What keys mean in it that mean something else elsewhere.
    pub const fn keys(self) -> &'static [(Action, &'static str)] {
        match self {
            Self::Logs => logs::KEYS,
            _ => &[],
        }
    }

    /// Its title in at most five letters, for a narrow screen.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Overview => "Over",
            Self::Nodes => "Nodes",
            Self::Gpus => "GPUs",
            Self::Backends => "Backs",
            Self::Bench => "Bench",
            Self::Runs => "Runs",
            Self::Models => "Model",
            Self::Alerts => "Alert",
            Self::Logs => "Logs",
        }
    }

    /// Its title in three letters.
    pub const fn brief(self) -> &'static str {
        match self {
            Self::Overview => "Ovr",
            Self::Nodes => "Nod",
            Self::Gpus => "GPU",
            Self::Backends => "Bck",
            Self::Bench => "Ben",
            Self::Runs => "Run",
            Self::Models => "Mod",
            Self::Alerts => "Alr",
            Self::Logs => "Log",
        }
    }

    /// The tab `steps` further, round and round.
    #[must_use]
    pub fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|tab| *tab == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }

    /// Whether a run is in view there that can be written.
    const fn shows_run(self) -> bool {
        matches!(self, Self::Bench | Self::Runs)
    }

    /// The digit that opens it.
    pub const fn digit(self) -> char {
        match self {
            Self::Overview => '1',
            Self::Nodes => '2',
            Self::Gpus => '3',
            Self::Backends => '4',
            Self::Bench => '5',
            Self::Runs => '6',
            Self::Models => '7',
            Self::Alerts => '8',
            Self::Logs => '9',
        }
    }
}

/// What is looked at in each tab; it stays while another tab is in front.
#[derive(Debug, Default)]
pub struct Views {
    /// The tab Overview.
    pub overview: overview::View,
    /// The tab Nodes.
    pub nodes: nodes::View,
    /// The tab GPUs.
    pub gpus: gpus::View,
    /// The tab Backends.
    pub backends: backends::View,
    /// The tab Bench.
    pub bench: bench::View,
    /// The tab Runs.
    pub runs: runs::View,
    /// The tab Models.
    pub models: models::View,
    /// The tab Alerts.
    pub alerts: alerts::View,
    /// The tab Logs.
    pub logs: logs::View,
}

impl Views {
    /// Lets `tab` answer `action`.
    pub fn act(&mut self, tab: Tab, action: Action, state: &State) -> Reply {
        if action == Action::Export && !tab.shows_run() {
            let words = "no run is in view here; one is written in the tabs Bench and Runs";
            return Reply::Say(words.into());
        }
        match tab {
            Tab::Overview => self.overview.act(action, state),
            Tab::Nodes => self.nodes.act(action, state),
            Tab::Gpus => self.gpus.act(action, state),
            Tab::Backends => self.backends.act(action, state),
            Tab::Bench => self.bench.act(action, state),
            Tab::Runs => self.runs.act(action, state),
            Tab::Models => self.models.act(action, state),
            Tab::Alerts => self.alerts.act(action, state),
            Tab::Logs => self.logs.act(action, state),
        }
    }

    /// Asks whether to run a benchmark on the nodes that are chosen in the tab Nodes; ignored where that
    /// is this machine alone.
    pub fn bench_on(&self, state: &State) -> Reply {
        let nodes = self.nodes.chosen(state);
        let other = nodes.iter().any(|node| *node != SourceId::local());
        if other { self.bench.ask_on(nodes, state) } else { Reply::Ignored }
    }

    /// Shows only rows of `tab` that match `text`.
    pub fn filter(&mut self, tab: Tab, text: &str) {
        match tab {
            Tab::Overview => self.overview.filter(text),
            Tab::Nodes => self.nodes.filter(text),
            Tab::Gpus => self.gpus.filter(text),
            Tab::Backends => self.backends.filter(text),
            Tab::Bench => self.bench.filter(text),
            Tab::Runs => self.runs.filter(text),
            Tab::Models => self.models.filter(text),
            Tab::Alerts => self.alerts.filter(text),
            Tab::Logs => self.logs.filter(text),
        }
    }

    /// The table of `tab` whose columns can be chosen.
    pub fn front(&mut self, tab: Tab) -> Option<Arranged<'_>> {
        match tab {
            Tab::Overview => Some(self.overview.arranged()),
            Tab::Nodes => Some(self.nodes.front()),
            Tab::Gpus => Some(self.gpus.arranged()),
            Tab::Runs => self.runs.front(),
            Tab::Models => Some(self.models.arranged()),
            Tab::Alerts => Some(self.alerts.arranged()),
            Tab::Backends | Tab::Bench | Tab::Logs => None,
        }
    }

    /// How each table is arranged.
    pub fn arranged(&mut self) -> Vec<Arranged<'_>> {
        let others = [
            self.overview.arranged(),
            self.gpus.arranged(),
            self.runs.arranged(),
            self.models.arranged(),
            self.alerts.arranged(),
        ];
        self.nodes.arranged().into_iter().chain(others).collect()
    }

    /// What a filter of `tab` may speak of.
    pub fn terms(&self, tab: Tab, state: &State) -> Terms {
        match tab {
            Tab::Overview => overview::View::terms(state),
            Tab::Nodes => self.nodes.terms(state),
            Tab::Gpus => gpus::View::terms(state),
            Tab::Backends => backends::View::terms(state),
            Tab::Bench => self.bench.terms(state),
            Tab::Runs => self.runs.terms(state),
            Tab::Models => models::View::terms(state),
            Tab::Alerts => alerts::View::terms(state),
            Tab::Logs => logs::View::terms(),
        }
    }

    /// Lets `tab`, which is drawn in `area`, answer a click at (`column`, `row`).
    pub fn click(&mut self, tab: Tab, at: (u16, u16), area: Rect, state: &State) -> Reply {
        let (column, row) = at;
        match tab {
            Tab::Overview => self.overview.click(column, row, area, state),
            Tab::Nodes => self.nodes.click(column, row, area, state),
            Tab::Gpus => self.gpus.click(column, row, area, state),
            Tab::Backends => self.backends.click(column, row, area, state),
            Tab::Bench => self.bench.click(column, row, area, state),
            Tab::Runs => self.runs.click(column, row, area, state),
            Tab::Models => self.models.click(column, row, area, state),
            Tab::Alerts => self.alerts.click(column, row, area, state),
            Tab::Logs => Reply::Ignored,
        }
    }

    /// What the footer should name while `tab` is in front.
    pub fn hints(&self, tab: Tab, state: &State) -> &'static [Action] {
        match tab {
            Tab::Overview => self.overview.hints(state),
            Tab::Nodes => self.nodes.hints(state),
            Tab::Gpus => self.gpus.hints(state),
            Tab::Backends => self.backends.hints(state),
            Tab::Bench => self.bench.hints(state),
            Tab::Runs => self.runs.hints(state),
            Tab::Models => self.models.hints(state),
            Tab::Alerts => self.alerts.hints(state),
            Tab::Logs => self.logs.hints(state),
        }
    }

    /// Draws `tab`.
    pub fn draw(
        &self,
        tab: Tab,
        frame: &mut Frame<'_>,
        area: Rect,
        state: &State,
        look: &Look<'_>,
    ) {
        self.overview.note(state, look);
        match tab {
            Tab::Overview => self.overview.draw(frame, area, state, look),
            Tab::Nodes => self.nodes.draw(frame, area, state, look),
            Tab::Gpus => self.gpus.draw(frame, area, state, look),
            Tab::Backends => self.backends.draw(frame, area, state, look),
            Tab::Bench => self.bench.draw(frame, area, state, look),
            Tab::Runs => self.runs.draw(frame, area, state, look),
            Tab::Models => self.models.draw(frame, area, state, look),
            Tab::Alerts => self.alerts.draw(frame, area, state, look),
            Tab::Logs => self.logs.draw(frame, area, state, look),
        }
    }
}
