//! One node in depth.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use super::layout::{self, Part};
use super::{chart, cpu, gap, memory, network, process, say, storage, then, told};
use crate::model::id::SourceId;
use crate::model::origin::Kind;
use crate::model::update::Health;
use crate::state::Node;
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::fleet::Named;
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
    /// For another node: nothing of the last one stays but the panel and the order.
    pub(super) fn reset(&mut self) {
        let (focus, zoom, habit) = (self.focus, self.zoom, self.arranged().habit());
        *self = Self { focus, zoom, ..Self::default() };
        self.arranged().take(&habit);
    }

    pub(super) fn arranged(&mut self) -> Arranged<'_> {
        self.processes.arranged()
    }

    pub(super) fn act(&mut self, action: Action, node: &Node) -> Reply {
        match action {
            Action::NextPanel => self.turn(node, true),
            Action::PreviousPanel => self.turn(node, false),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Back if self.zoom => self.zoom = false,
            Action::Why => return say(&self.gaps(node)),
            _ => return self.act_in_panel(action, node),
        }
        Reply::Done
    }

    /// Whether the keys are with the jobs of `node`.
    pub(super) fn is_at_jobs(&self, node: &Node) -> bool {
        self.focus(&Part::of(node)) == Part::Jobs
    }

    /// The panel that has the keys: the one that was chosen where `node` has it, else the first that
    /// says more than where it is.
    fn focus(&self, parts: &[Part]) -> Part {
        let chosen = parts.iter().find(|part| **part == self.focus);
        let telling = parts.iter().find(|part| **part != Part::Origin);
        chosen.or(telling).or_else(|| parts.first()).copied().unwrap_or_default()
    }

    fn turn(&mut self, node: &Node, on: bool) {
        let parts = Part::of(node);
        let focus = self.focus(&parts);
        let at = parts.iter().position(|part| *part == focus).unwrap_or(0);
        let steps = if on { 1 } else { parts.len() - 1 };
        self.focus_on(parts[(at + steps) % parts.len()]);
    }

    fn focus_on(&mut self, part: Part) {
        (self.focus, self.scroll) = (part, 0);
    }

    fn act_in_panel(&mut self, action: Action, node: &Node) -> Reply {
        match self.focus(&Part::of(node)) {
            Part::Processes => self.processes.act(action, node),
            Part::History => self.history.act(action),
            _ => self.scroll(action),
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
        let focus = self.focus(&Part::of(node));
        let Some((_, sample)) = node.sample.as_ref().filter(|_| focus.is_of_machine()) else {
            return gap::gaps(node);
        };
        match focus {
            Part::Cpu => gap::cpu(sample),
            Part::Memory => gap::memory(sample),
            Part::Storage => gap::storage(sample),
            Part::Network => gap::network(sample),
            Part::History => self.history.gaps(node),
            _ => self.processes.gaps(node),
        }
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.focus_on(Part::Processes);
        self.processes.filter(text);
    }

    pub(super) fn click(&mut self, x: u16, y: u16, area: Rect, node: &Node) -> Reply {
        let parts = Part::of(node);
        let focus = self.focus(&parts);
        let places = layout::places(&parts, area, focus, self.zoom);
        let at = Position::new(x, y);
        let Some((part, place)) = places.into_iter().find(|(_, place)| place.contains(at)) else {
            return Reply::Ignored;
        };
        if part != focus {
            self.focus_on(part);
        }
        match part {
            Part::Processes => self.processes.click(x, y, panel::inside(place), node),
            Part::History => return chart::View::click(x, panel::inside(place)),
            _ => {}
        }
        Reply::Done
    }

    pub(super) fn hints(&self, node: &Node) -> &'static [Action] {
        match self.focus(&Part::of(node)) {
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
                Action::Earlier,
                Action::Left,
                Action::Down,
                Action::View,
                Action::Zoom,
                Action::Back,
            ],
            Part::Jobs => {
                &[Action::NextPanel, Action::Enter, Action::Zoom, Action::Earlier, Action::Back]
            }
            _ => &[Action::NextPanel, Action::Zoom, Action::Earlier, Action::Why, Action::Back],
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
        let parts = Part::of(node);
        let focus = self.focus(&parts);
        let places = layout::places(&parts, area, focus, self.zoom);
        let status = Status::of(node, look);
        for (part, place) in &places {
            self.part(*part, *place, buffer, ((id, node), *part == focus), look);
            let of_now = !look.is_then() && !matches!(part, Part::History | Part::Origin);
            if !status.is_live() && of_now {
                buffer.set_style(panel::inside(*place), look.theme.muted);
            }
        }
        let mut heads = area.rows();
        if area.height >= 4 {
            let heads = heads.by_ref().take(usize::from(layout::heads(&parts, area, self.zoom)));
            let names = names(&parts, focus, area.width, look);
            let lines = [head(id, node, status, area.width, look), names];
            for (line, row) in lines.into_iter().zip(heads) {
                line.render(row, buffer);
            }
        }
    }

    fn part(
        &self,
        part: Part,
        area: Rect,
        buffer: &mut Buffer,
        ((id, node), focused): (Named<'_>, bool),
        look: &Look<'_>,
    ) {
        let scroll = if focused { self.scroll } else { 0 };
        let frame = || Panel::new(part.title()).focused(focused);
        if then::draw(part, (id, node), frame(), area, buffer, look) {
            return;
        }
        let frame = frame();
        match (part, &node.sample) {
            (Part::Processes, _) => self.processes.draw(area, buffer, node, focused, look),
            (Part::History, _) => self.history.draw(area, buffer, (id, node), focused, look),
            (Part::Cpu | Part::Memory | Part::Storage | Part::Network, None) => {
                let area = frame.open(area, buffer, look);
                notice::notice("No sample yet", &[], area, buffer, look);
            }
            (Part::Cpu, Some((_, sample))) => {
                let cpus = node.info.as_ref().map(|info| info.cpus);
                cpu::draw((sample, cpus), frame, area, buffer, look);
            }
            (Part::Memory, Some((_, sample))) => memory::draw(sample, frame, area, buffer, look),
            (Part::Storage, Some((_, sample))) => {
                storage::draw(sample, scroll, frame, area, buffer, look);
            }
            (Part::Network, Some((_, sample))) => {
                network::draw(sample, scroll, frame, area, buffer, look);
            }
            _ => told::draw((part, node), scroll, frame, area, buffer, look),
        }
    }
}

/// The names of the panels, the one with the keys marked.
fn names(parts: &[Part], focus: Part, width: u16, look: &Look<'_>) -> Line<'static> {
    let room: usize = parts.iter().map(|part| part.title().len() + 2).sum();
    if usize::from(width) < room {
        let at = parts.iter().position(|part| *part == focus).unwrap_or(0);
        let words = format!(" panel {} of {}: {}", at + 1, parts.len(), focus.title());
        return Line::styled(words, look.theme.muted);
    }
    let name = |part: &Part| {
        if *part == focus {
            Span::styled(format!("[{}]", part.title()), look.theme.accent)
        } else {
            Span::styled(format!(" {} ", part.title()), look.theme.muted)
        }
    };
    parts.iter().map(name).collect()
}

fn head(id: &SourceId, node: &Node, status: Status, width: u16, look: &Look<'_>) -> Line<'static> {
    let theme = look.theme;
    let sign = Span::styled(format!(" {} ", status.sign(look)), status.style(theme));
    let name = Span::styled(format!("{id}  "), theme.title);
    let origin = node.origin.as_deref().filter(|origin| origin.kind != Kind::Local);
    let open = origin.is_some_and(|origin| origin.unverified);
    let open = Span::styled(if open { "unverified  " } else { "" }, theme.bad);
    let state = match &node.health {
        Some(Health::Down { since, why }) => {
            format!("down for {}: {why} · ", value::age(look.age(*since)))
        }
        _ if status.is_live() => String::new(),
        _ if node.last_heard().is_none() => "nothing heard yet · ".to_owned(),
        _ => format!("{}, last heard {} ago · ", status.word(), status::age(node, look)),
    };
    let uptime = node.sample.as_ref().and_then(|(_, sample)| sample.uptime_seconds.get());
    let up = uptime.filter(|_| !look.is_then()).map(|uptime| format!("up {uptime}"));
    let machine = node.info.as_deref().map(|info| layout::machine(id, info));
    let server = origin.filter(|_| node.info.is_none()).map(told::server);
    let room = usize::from(width).saturating_sub(name.content.chars().count() + open.width() + 3);
    let state = fixed::cut(&state, room);
    let rest: Vec<String> = [up, machine, server].into_iter().flatten().collect();
    let rest = fixed::cut(&rest.join(" · "), room.saturating_sub(state.chars().count()));
    let state = Span::styled(state, status.style(theme));
    Line::from(vec![sign, name, open, state, Span::styled(rest, theme.muted)])
}
