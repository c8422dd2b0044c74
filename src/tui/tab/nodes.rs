//! Nodes: a table of all, and one in depth.

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::state::{Node, State};
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::Terms;
use crate::tui::widget::notice;

mod cell;
mod chart;
mod cpu;
mod detail;
mod entry;
mod gap;
mod heat;
mod item;
mod layout;
mod list;
mod memory;
mod network;
mod order;
pub(super) mod process;
mod storage;
mod then;
mod told;
mod tree;

pub(super) use gap::{OF_THEN, gaps};
pub(super) use process::cores;

/// What is looked at.
#[derive(Debug, Default)]
pub struct View {
    list: list::View,
    /// The node seen in depth.
    open: Option<SourceId>,
    detail: detail::View,
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        if let Some(node) = self.opened(state) {
            let reply = self.detail.act(action, node);
            if reply == Reply::Ignored && action == Action::Back {
                self.open = None;
                return Reply::Done;
            }
            return reply;
        }
        match action {
            Action::Enter => self.enter(state),
            Action::Why => self.list.why(state),
            _ => self.list.act(action, state),
        }
    }

    fn enter(&mut self, state: &State) -> Reply {
        if self.list.fold(state) {
            return Reply::Done;
        }
        let Some(id) = self.list.current(state) else {
            return Reply::Ignored;
        };
        self.open(id);
        Reply::Done
    }

    /// Shows node `id` in depth.
    pub fn open(&mut self, id: SourceId) {
        if self.open.replace(id.clone()) != Some(id) {
            self.detail.reset();
        }
    }

    /// Whether one node is seen in depth.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The node that is seen in depth.
    pub const fn in_depth(&self) -> Option<&SourceId> {
        self.open.as_ref()
    }

    /// The node whose jobs have the keys.
    pub fn at_jobs(&self, state: &State) -> Option<SourceId> {
        let node = self.opened(state).filter(|node| self.detail.is_at_jobs(node));
        node.and_then(|_| self.open.clone())
    }

    /// The nodes that are marked; else the one that is looked at.
    pub fn chosen(&self, state: &State) -> Vec<SourceId> {
        match &self.open {
            Some(id) => vec![id.clone()],
            None => self.list.chosen(state),
        }
    }

    fn opened<'a>(&self, state: &'a State) -> Option<&'a Node> {
        state.nodes.get(self.open.as_ref()?)
    }

    /// Takes the filter as it is typed: of the processes in depth, else of the nodes.
    pub fn filter(&mut self, text: &str) {
        if self.open.is_some() {
            self.detail.filter(text);
        } else {
            self.list.filter(text);
        }
    }

    /// The table in front: the processes of a node in depth, else the nodes.
    pub fn front(&mut self) -> Arranged<'_> {
        if self.open.is_some() { self.detail.arranged() } else { self.list.arranged() }
    }

    /// How the nodes and the processes of one are arranged.
    pub fn arranged(&mut self) -> [Arranged<'_>; 2] {
        [self.list.arranged(), self.detail.arranged()]
    }

    /// What a filter may speak of.
    pub fn terms(&self, state: &State) -> Terms {
        match self.opened(state) {
            Some(node) => Terms::of(node.processes.iter().flat_map(|(_, all)| all)),
            None => Terms::of(&entry::Moment::new(state, None, None).entries(state)),
        }
    }

    /// Chooses what was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        if let Some(node) = self.opened(state) {
            return self.detail.click(column, row, area, node);
        }
        let reply = self.list.click(column, row, area, state);
        reply.unwrap_or_else(|| self.enter(state))
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        match self.opened(state) {
            Some(node) => self.detail.hints(node),
            None => self.list.hints(),
        }
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let buffer = frame.buffer_mut();
        let area = area.intersection(buffer.area);
        match (self.open.as_ref().zip(self.opened(state)), state.nodes.is_empty()) {
            (_, true) => {
                let words = ["The first sample follows in a moment.".to_owned()];
                notice::notice("No node has answered yet", &words, area, buffer, look);
            }
            (Some((id, node)), _) => self.detail.draw(area, buffer, id, node, look),
            (None, _) => self.list.draw(area, buffer, state, look),
        }
    }
}

/// The reply to "why is this missing".
fn say(gaps: &[String]) -> Reply {
    let text =
        if gaps.is_empty() { "nothing is missing here".to_owned() } else { gaps.join(" · ") };
    Reply::Say(SafeText::new(&text))
}
