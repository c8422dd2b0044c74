//! One screen of truth: how everything is, at a glance.
//!
//! Top to bottom: who answers, how loaded they are and were, who is to blame. Nothing here needs a
//! key; sort and filter narrow the list of processes.

use std::cell::RefCell;
use std::sync::Arc;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Span;

use super::fleet::{self, Survey, Surveyor};
use super::{models, workload};
use crate::model::node::Network;
use crate::model::text::SafeText;
use crate::state::{Node, Part, State};
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::Terms;
use crate::tui::widget::{grid, notice, panel, strip};

pub(super) mod agent;
mod head;
mod result;
mod sandbox;
mod top;

/// Which traffic the numbers and charts of the network are not of.
const WITHOUT_LOOPBACK: &str = "network: without lo, which carries nothing out of the machine";

/// What is looked at.
#[derive(Debug, Default)]
pub struct View {
    top: top::View,
    workloads: workload::View,
    /// The past of very many nodes, kept as it is seen.
    past: RefCell<fleet::Past>,
    surveyor: Surveyor,
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        match action {
            Action::Sort => self.top.sort(),
            Action::Reverse => self.top.reverse(),
            Action::Window if workload::is_known(state) => self.workloads.next(),
            Action::Back => return self.top.clear(),
            Action::Why => return Reply::Say(SafeText::from(why(state))),
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    /// Takes the filter as it is typed.
    pub fn filter(&mut self, text: &str) {
        self.top.filter(text);
    }

    /// How its processes are sorted.
    pub fn arranged(&mut self) -> Arranged<'_> {
        self.top.arranged()
    }

    /// What a filter may speak of.
    pub fn terms(state: &State) -> Terms {
        top::terms(state)
    }

    /// A click on the workloads shows another window of them.
    pub fn click(&mut self, column: u16, row: u16, _: Rect, _: &State) -> Reply {
        if self.workloads.click(column, row) { Reply::Done } else { Reply::Ignored }
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        const PLAIN: &[Action] =
            &[Action::Earlier, Action::Sort, Action::Reverse, Action::Filter, Action::Why];
        const TOLD: &[Action] = &[
            Action::Earlier,
            Action::Sort,
            Action::Reverse,
            Action::Window,
            Action::Filter,
            Action::Why,
        ];
        if workload::is_known(state) { TOLD } else { PLAIN }
    }

    /// Keeps how all nodes are together, whatever tab is in front.
    pub fn note(&self, state: &State, look: &Look<'_>) {
        self.surveyor.go_on(state, look);
        if state.nodes.len() > fleet::TOGETHER {
            self.past.borrow_mut().take(state, look);
        }
    }

    /// All nodes at a glance, as every part of a frame tells of them.
    pub(in crate::tui) fn survey(&self, state: &State, look: &Look<'_>) -> Arc<Survey> {
        self.surveyor.survey(state, look)
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        self.workloads.hide();
        let buffer = frame.buffer_mut();
        let area = area.intersection(buffer.area);
        if state.nodes.is_empty() {
            notice::notice("Taking the first sample", &loading(), area, buffer, look);
        } else {
            self.fill(area, buffer, state, look);
        }
    }

    fn fill(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        let mut head = head::lines((state, &self.survey(state, look)), look, area.width);
        if area.height < ROOMY {
            head.extend(agent::line(state, look));
            head.extend(self.workloads.line(state, look));
        }
        if look.is_then() {
            let now = || Span::styled(" now", look.theme.warn);
            for line in &mut head {
                line.spans.insert(0, now());
            }
        }
        let count = state.nodes.len();
        let columns = strip::columns(panel::inside(area).width, count == 1);
        let window = look.window();
        let kept = count > fleet::TOGETHER && !look.is_past() && look.when.minutes() <= 60;
        let mut strips = if kept {
            fleet::kept(&self.past.borrow(), window, columns, look)
        } else {
            fleet::strips(&fleet::all(state), window, columns, look)
        };
        let after = strips.iter().position(|strip| !FIRST.contains(&strip.name));
        let after = after.unwrap_or(strips.len());
        strips.splice(after..after, models::strip(state, window, columns, look));
        let heads = grid::narrow(head.len()).min(area.height / 3 + 1);
        let high = strips_height(strips.len(), area.height.saturating_sub(heads));
        let [top, middle, bottom] = Layout::vertical([
            Constraint::Length(heads),
            Constraint::Length(high),
            Constraint::Fill(1),
        ])
        .areas(area);
        panel::lines(head, top, buffer);
        let title = look.title();
        let frame = panel::Panel::new(&title).of_then(look.past_words());
        let room = if middle.height > 5 { frame.open(middle, buffer, look) } else { middle };
        strip::draw(&strips, room, buffer, look);
        self.lower(bottom, buffer, state, look);
    }

    fn lower(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        if area.height < 4 {
            return;
        }
        let side = if area.width >= 76 && area.height >= LISTS { area.width * 2 / 5 } else { 0 };
        let [left, right] =
            Layout::horizontal([Constraint::Fill(1), Constraint::Length(side)]).areas(area);
        self.top.draw(left, buffer, state, look);
        let sandboxes = sandbox::rows(state);
        let wanted = grid::narrow(sandboxes.len().max(1) + 3);
        let upper = match right.height {
            0..8 if state.runs.is_empty() => right.height,
            0..8 => 0,
            high => wanted.min(high / 2),
        };
        let [upper, lower] =
            Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(right);
        let low = area.height < PANEL;
        let agents = if low { 0 } else { agent::wanted(state, look) };
        let agents = agents.min(lower.height.saturating_sub(RESULT));
        let wanted = if low { 0 } else { self.workloads.wanted(state) };
        let [first, middle, lower] = Layout::vertical([
            Constraint::Length(agents),
            Constraint::Length(wanted.min((lower.height - agents).saturating_sub(RESULT))),
            Constraint::Fill(1),
        ])
        .areas(lower);
        if first.height > 2 {
            agent::draw(first, buffer, state, look);
        }
        if middle.height > 0 {
            self.workloads.draw(middle, buffer, state, look);
        }
        if upper.height > 0 {
            let known = state.telling(Part::Processes).any(|(_, node)| node.processes.is_some());
            sandbox::draw(&sandboxes, known, upper, buffer, look);
        }
        if lower.height > 0 {
            result::draw(lower, buffer, state, look);
        }
    }
}

/// Rows that the last run keeps below the workloads.
const RESULT: u16 = 4;
/// Rows of the tab below which the workloads are a line.
const ROOMY: u16 = 30;
/// Rows of the lists from which on the workloads are a panel among them.
const PANEL: u16 = 14;
/// Strips that stand before that of the models, however few have room.
const FIRST: [&str; 4] = ["CPU", "Memory", "GPU busy", "VRAM"];
/// Rows that the lists below the strips keep, where there are any.
const LISTS: u16 = 7;

/// One row each where room is short, up to three where there is plenty, half of it at most.
fn strips_height(count: usize, room: u16) -> u16 {
    let count = grid::narrow(count).max(1);
    let rows = (room / 2 / count).clamp(1, 3);
    let wanted = count * rows + 2;
    if room < 2 * LISTS {
        return wanted.min(room);
    }
    wanted.min(room - LISTS)
}

fn loading() -> Vec<String> {
    vec!["Rates need two samples; the second one follows in a moment.".to_owned()]
}

/// Whether `node` told of an interface that the numbers of its network leave out.
fn has_loopback(node: &Node) -> bool {
    let sample = node.sample.as_ref();
    sample.is_some_and(|(_, sample)| sample.networks.iter().any(Network::is_loopback))
}

/// Why what is missing on this tab is missing, from the first node that can say, and what is left out.
fn why(state: &State) -> String {
    let reasons = state.nodes.iter().filter_map(|(id, node)| {
        let gaps = super::nodes::gaps(node);
        (!gaps.is_empty()).then(|| format!("{id}: {}", gaps.join("; ")))
    });
    let mut reasons: Vec<_> = reasons.collect();
    if reasons.is_empty() {
        reasons.push("nothing is missing".to_owned());
    }
    if state.nodes.values().any(has_loopback) {
        reasons.push(WITHOUT_LOOPBACK.to_owned());
    }
    reasons.join(" · ")
}
