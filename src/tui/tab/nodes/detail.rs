//! One node in depth.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{self, Part};
use super::{chart, cpu, gap, memory, network, process, say, storage};
use crate::model::id::SourceId;
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::state::Node;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::status::{self, Status};
use crate::tui::widget::{fixed, notice, value};

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    focus: Part,
    zoom: bool,
    /// Rows scrolled in a panel without a cursor.
    scroll: usize,
    processes: process::View,
    history: chart::View,
}

impl View {
    /// For another node: nothing of the last one stays but the panel.
    pub(super) fn reset(&mut self) {
        let (focus, zoom) = (self.focus, self.zoom);
        *self = Self { focus, zoom, ..Self::default() };
    }

    pub(super) fn act(&mut self, action: Action, node: &Node, now: Stamp) -> Reply {
        match action {
            Action::NextPanel => self.focus_on(self.focus.next(1)),
            Action::PreviousPanel => self.focus_on(self.focus.next(Part::ALL.len() - 1)),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Back if self.zoom => self.zoom = false,
            Action::Why => return say(&self.gaps(node)),
            _ => return self.act_in_panel(action, node, now),
        }
        Reply::Done
    }

    fn focus_on(&mut self, part: Part) {
        (self.focus, self.scroll) = (part, 0);
    }

    fn act_in_panel(&mut self, action: Action, node: &Node, now: Stamp) -> Reply {
        match self.focus {
            Part::Processes => self.processes.act(action, node),
            Part::History => self.history.act(action, now),
            Part::Cpu | Part::Memory | Part::Storage | Part::Network => self.scroll(action),
        }
    }

    const fn scroll(&mut self, action: Action) -> Reply {
        self.scroll = match action {
            Action::Up => self.scroll.saturating_sub(1),
            Action::Down => self.scroll.saturating_add(1),
            Action::First => 0,
            _ => return Reply::Ignored,
        };
        Reply::Done
    }

    fn gaps(&self, node: &Node) -> Vec<String> {
        let Some((_, sample)) = &node.sample else {
            return gap::gaps(node);
        };
        match self.focus {
            Part::Cpu => gap::cpu(sample),
            Part::Memory => gap::memory(sample),
            Part::Storage => gap::storage(sample),
            Part::Network => gap::network(sample),
            Part::History => self.history.gaps(node),
            Part::Processes => self.processes.gaps(node),
        }
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.focus_on(Part::Processes);
        self.processes.filter(text);
    }

    pub(super) fn click(&mut self, x: u16, y: u16, area: Rect, node: &Node, now: Stamp) -> Reply {
        let places = layout::places(area, self.focus, self.zoom);
        let at = Position::new(x, y);
        let Some((part, place)) = places.into_iter().find(|(_, place)| place.contains(at)) else {
            return Reply::Ignored;
        };
        if part != self.focus {
            self.focus_on(part);
        }
        match part {
            Part::Processes => self.processes.click(x, y, panel::inside(place), node),
            Part::History => self.history.click(x, panel::inside(place), now),
            _ => {}
        }
        Reply::Done
    }

    pub(super) const fn hints(&self) -> &'static [Action] {
        match self.focus {
            Part::Processes => &[
                Action::NextPanel,
                Action::Zoom,
                Action::Sort,
                Action::Reverse,
                Action::Tree,
                Action::Filter,
                Action::Back,
            ],
            Part::History => &[
                Action::NextPanel,
                Action::Left,
                Action::Right,
                Action::Down,
                Action::View,
                Action::Zoom,
                Action::Back,
            ],
            _ => &[Action::NextPanel, Action::Zoom, Action::Why, Action::Back],
        }
    }

    pub(super) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        id: &SourceId,
        node: &Node,
        look: &Look<'_>,
    ) {
        let places = layout::places(area, self.focus, self.zoom);
        let status = Status::of(node, look);
        for (part, place) in &places {
            self.part(*part, *place, buffer, node, look);
            if !status.is_live() && *part != Part::History {
                buffer.set_style(panel::inside(*place), look.theme.muted);
            }
        }
        let mut heads = area.rows();
        if area.height >= 4 {
            let heads = heads.by_ref().take(usize::from(layout::heads(area, self.zoom)));
            let lines = [head(id, node, status, area.width, look), self.names(area.width, look)];
            for (line, row) in lines.into_iter().zip(heads) {
                line.render(row, buffer);
            }
        }
    }

    /// The names of the panels, the one with the keys marked.
    fn names(&self, width: u16, look: &Look<'_>) -> Line<'static> {
        if width < 60 {
            let (number, count) = (self.focus as usize + 1, Part::ALL.len());
            let words = format!(" panel {number} of {count}");
            return Line::styled(words, look.theme.muted);
        }
        let name = |part: Part| {
            if part == self.focus {
                Span::styled(format!("[{}]", part.title()), look.theme.accent)
            } else {
                Span::styled(format!(" {} ", part.title()), look.theme.muted)
            }
        };
        Part::ALL.into_iter().map(name).collect()
    }

    fn part(&self, part: Part, area: Rect, buffer: &mut Buffer, node: &Node, look: &Look<'_>) {
        let focused = part == self.focus;
        let scroll = if focused { self.scroll } else { 0 };
        match (part, &node.sample) {
            (Part::Processes, _) => self.processes.draw(area, buffer, node, focused, look),
            (Part::History, _) => self.history.draw(area, buffer, node, focused, look),
            (_, None) => {
                let area = Panel::new(part.title()).focused(focused).open(area, buffer, look);
                notice::notice("No sample yet", &[], area, buffer, look);
            }
            (_, Some((_, sample))) => {
                let frame = Panel::new(part.title()).focused(focused);
                match part {
                    Part::Cpu => cpu::draw(sample, frame, area, buffer, look),
                    Part::Memory => memory::draw(sample, frame, area, buffer, look),
                    Part::Storage => storage::draw(sample, scroll, frame, area, buffer, look),
                    _ => network::draw(sample, scroll, frame, area, buffer, look),
                }
            }
        }
    }
}

fn head(id: &SourceId, node: &Node, status: Status, width: u16, look: &Look<'_>) -> Line<'static> {
    let sign = Span::styled(format!(" {} ", status.sign(look)), status.style(look.theme));
    let name = Span::styled(format!("{id}  "), look.theme.title);
    let state = match &node.health {
        Some(Health::Down { since, why }) => {
            format!("down for {}: {why} · ", value::age(look.now.since(*since)))
        }
        _ if status.is_live() => String::new(),
        _ => format!("{}, last heard {} ago · ", status.word(), status::age(node, look)),
    };
    let uptime = node.sample.as_ref().and_then(|(_, sample)| sample.uptime_seconds.get());
    let up = uptime.map_or_else(String::new, |uptime| format!("up {uptime} · "));
    let machine = node.info.as_deref().map(|info| layout::machine(id, info));
    let room = usize::from(width).saturating_sub(name.content.chars().count() + 3);
    let state = fixed::cut(&state, room);
    let rest = up + &machine.unwrap_or_default();
    let rest = fixed::cut(&rest, room.saturating_sub(state.chars().count()));
    let state = Span::styled(state, status.style(look.theme));
    Line::from(vec![sign, name, state, Span::styled(rest, look.theme.muted)])
}
