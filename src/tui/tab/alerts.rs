//! Alerts: what fires, what happened, and by which rules.
//!
//! The list of what is not in order is on top, the worst first; below it the history and the rules. An
//! alert of another isomon that judges itself is shown, and said to be seen to there.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::text::Line;

use crate::model::alert::{AlertId, AlertWish, Alerts, written};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::text::{self, SafeText};
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::note::Note;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::Terms;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::{fixed, grid, notice};

mod entry;
mod past;
mod rules;

use entry::{Entry, Key};

/// Columns from which on history and rules stand side by side.
const BESIDE: u16 = 110;
/// Rows below which one panel has all the room.
const SCARCE: u16 = 16;

/// The panels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    /// What is not in order.
    #[default]
    List,
    /// What happened.
    Past,
    /// The rules.
    Rules,
}

impl Part {
    const ALL: [Self; 3] = [Self::List, Self::Past, Self::Rules];

    fn step(self, steps: usize) -> Self {
        let at = Self::ALL.iter().position(|part| *part == self).unwrap_or(0);
        Self::ALL[(at + steps) % Self::ALL.len()]
    }
}

/// What is looked at.
#[derive(Debug)]
pub struct View {
    sheet: Sheet<Key>,
    part: Part,
    zoom: bool,
    /// The first row of the history, and of the rules.
    down: [usize; 2],
}

impl Default for View {
    fn default() -> Self {
        let sheet = Sheet::sorted_by(entry::RANK);
        Self { sheet, part: Part::List, zoom: false, down: [0; 2] }
    }
}

/// An alert of `source` in words: what that isomon calls itself is `source` here.
pub fn named(source: &SourceId, id: &AlertId) -> String {
    AlertId { node: entry::node(source, id), ..id.clone() }.to_string()
}

/// The alerts of this isomon.
fn own(state: &State) -> Option<&Alerts> {
    let node = state.nodes.get(&SourceId::local())?;
    node.alerts.as_ref().map(|(_, alerts)| &**alerts)
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        let entries = entry::entries(state);
        let rows = self.sheet.arrange(&entries);
        match action {
            Action::NextPanel => self.part = self.part.step(1),
            Action::PreviousPanel => self.part = self.part.step(2),
            Action::Zoom => self.zoom = !self.zoom,
            Action::Back if self.zoom => self.zoom = false,
            Action::Back if !self.sheet.text.is_empty() => self.filter(""),
            Action::Acknowledge | Action::Silence => {
                return reply(action, self.sheet.current(&rows));
            }
            Action::Why | Action::Enter => {
                return Reply::Say(why(self.sheet.current(&rows), state));
            }
            _ if self.part != Part::List && self.scroll(action, state) => {}
            _ if self.part == Part::List && self.sheet.act(action, &rows) => {}
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    /// Goes through the history or the rules.
    fn scroll(&mut self, action: Action, state: &State) -> bool {
        let (place, count) = match self.part {
            Part::Rules => (1, own(state).map_or(0, rules::lines)),
            Part::List | Part::Past => (0, past::events(state).len()),
        };
        let down = &mut self.down[place];
        *down = match action {
            Action::Up => down.saturating_sub(1),
            Action::Down => *down + 1,
            Action::PageUp | Action::HalfUp => down.saturating_sub(10),
            Action::PageDown | Action::HalfDown => *down + 10,
            Action::First => 0,
            Action::Last => count,
            _ => return false,
        };
        *down = (*down).min(count.saturating_sub(1));
        true
    }

    /// Takes the filter as it is typed.
    pub fn filter(&mut self, text: &str) {
        self.sheet.filter::<Entry<'_>>(text);
    }

    /// How its table is sorted.
    pub fn arranged(&mut self) -> Arranged<'_> {
        self.sheet.arranged::<Entry<'_>>("alerts", &entry::COLUMNS)
    }

    /// What a filter may speak of.
    pub fn terms(state: &State) -> Terms {
        Terms::of(&entry::entries(state))
    }

    /// Chooses what was clicked.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let entries = entry::entries(state);
        let rows = self.sheet.arrange(&entries);
        let areas = self.areas(area, rows.len());
        let at = Position::new(column, row);
        for (part, area) in Part::ALL.into_iter().zip(areas) {
            if area.contains(at) {
                self.part = part;
            }
        }
        let inner = panel::inside(areas[0]);
        let area = table_area(inner, mistake(inner, state).len());
        let columns = entry::columns(&rows, area.width);
        Reply::done(!area.contains(at) || self.sheet.click(&columns, at, area, &rows))
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        if state.alerts().all(|(_, alerts)| alerts.alerts.is_empty()) {
            return &[Action::NextPanel, Action::Zoom, Action::Reload];
        }
        &[Action::Acknowledge, Action::Silence, Action::Why, Action::NextPanel, Action::Reload]
    }

    /// Where the three panels lie; one that is not shown has no room.
    fn areas(&self, area: Rect, rows: usize) -> [Rect; 3] {
        let none = Rect { height: 0, ..area };
        if self.zoom || area.height < SCARCE {
            return Part::ALL.map(|part| if part == self.part { area } else { none });
        }
        let wanted = grid::narrow(rows.max(2) + 3);
        let high = wanted.min(area.height * 3 / 5);
        let [upper, lower] =
            Layout::vertical([Constraint::Length(high), Constraint::Fill(1)]).areas(area);
        if area.width >= BESIDE {
            let [left, right] =
                Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(lower);
            return [upper, left, right];
        }
        if self.part == Part::Rules { [upper, none, lower] } else { [upper, lower, none] }
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        let buffer = frame.buffer_mut();
        let area = area.intersection(buffer.area);
        if state.alerts().next().is_none() {
            let words = [
                "The rules are asked once a second, from the first sample on.".to_owned(),
                "Where isomon was started with --no-alerts none are.".to_owned(),
            ];
            return notice::notice("No rules have been asked yet", &words, area, buffer, look);
        }
        let entries = entry::entries(state);
        let rows = self.sheet.arrange(&entries);
        let [list, past, rules] = self.areas(area, rows.len());
        self.draw_list((&rows, entries.len()), list, buffer, state, look);
        if !past.is_empty() {
            past::draw(state, self.down[0], self.part == Part::Past, past, buffer, look);
        }
        if !rules.is_empty() {
            rules::draw(own(state), self.down[1], self.part == Part::Rules, rules, buffer, look);
        }
    }

    fn draw_list(
        &self,
        (rows, all): (&[&Entry<'_>], usize),
        area: Rect,
        buffer: &mut Buffer,
        state: &State,
        look: &Look<'_>,
    ) {
        if area.is_empty() {
            return;
        }
        let aside = if self.sheet.is_filtered() {
            self.sheet.words(rows.len(), all)
        } else {
            counted(state)
        };
        let frame = Panel::new("Alerts").aside(aside).focused(self.part == Part::List);
        let inner = frame.of_then(None).open(area, buffer, look);
        let mistake = mistake(inner, state);
        let table = table_area(inner, mistake.len());
        let lines = mistake.into_iter().map(|line| Line::styled(line, look.theme.bad));
        panel::lines(lines, inner, buffer);
        if rows.is_empty() {
            let words = if all > 0 { "Nothing matches the filter." } else { "Nothing is wrong." };
            let lines = [(words.to_owned(), look.theme.text), (asked(state), look.theme.muted)];
            let lines = lines.map(|(words, style)| Line::styled(words, style));
            return panel::lines(lines, table, buffer);
        }
        let columns = entry::columns(rows, table.width);
        let sheet = self.sheet.table(&columns, rows, self.part == Part::List);
        sheet.draw(table, buffer, look, &|row, column, width| {
            entry::cell(rows[row], &columns[column], width, look)
        });
    }
}

/// What is said above the list of a mistake in the rules; nothing where `inner` has no room for it.
fn mistake(inner: Rect, state: &State) -> Vec<String> {
    let mistake = own(state).and_then(|alerts| alerts.mistake.as_ref());
    let Some(mistake) = mistake.filter(|_| inner.height > 3) else { return Vec::new() };
    let words = format!("{mistake}; the rules before are still in force");
    let mut lines = fixed::wrap(&words, usize::from(inner.width));
    lines.truncate(3);
    lines
}

/// What the list has of `inner` below `lines` lines.
fn table_area(inner: Rect, lines: usize) -> Rect {
    let above = grid::narrow(lines).min(inner.height);
    Rect { y: inner.y + above, height: inner.height - above, ..inner }
}

/// How many are how.
fn counted(state: &State) -> String {
    let mut counts = [0; 4];
    let mut beyond = 0;
    for (_, alerts) in state.alerts() {
        counts.iter_mut().zip(alerts.counts).for_each(|(all, count)| *all += count);
        beyond += alerts.beyond;
    }
    let [_, unsure, pending, firing] = counts;
    let mut words: Vec<String> = [(firing, "firing"), (pending, "pending"), (unsure, "unsure")]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    if beyond > 0 {
        words.push(format!("{beyond} not listed"));
    }
    words.join(", ")
}

/// What was asked, where nothing is wrong.
fn asked(state: &State) -> String {
    let things: u64 = state.alerts().flat_map(|(_, alerts)| alerts.counts).sum();
    let rules: usize = state.alerts().map(|(_, alerts)| alerts.rules.len()).sum();
    let (rules, things) = (text::counted(rules as u64, "rule"), text::counted(things, "thing"));
    format!("{rules}, asked of {things} each second.")
}

/// Has the alert of `entry` acknowledged or silenced, or that taken back.
fn reply(action: Action, entry: Option<&Entry<'_>>) -> Reply {
    let Some(entry) = entry else { return Reply::Say("there is no alert under the cursor".into()) };
    if *entry.source != SourceId::local() {
        let words = format!("{} judges itself; see to it there", entry.source);
        return Reply::Say(words.into());
    }
    let (id, alert) = (entry.alert.id.clone(), entry.alert);
    let lift = Reply::Wish(Command::Alert(AlertWish::Lift(id.clone())));
    match action {
        Action::Acknowledge if alert.acknowledged.is_some() => lift,
        Action::Silence if alert.silenced_until_ms.is_some() => lift,
        Action::Acknowledge => Reply::Note(Note::acknowledge(id)),
        _ => Reply::Note(Note::silence(id)),
    }
}

/// All that is known of an alert.
fn why(entry: Option<&Entry<'_>>, state: &State) -> SafeText {
    let Some(entry) = entry else { return SafeText::new("nothing is wrong") };
    let alert = entry.alert;
    let matter = alert.matter(state.now.wall_ms);
    let mut words = vec![format!("{}: {matter}", named(entry.source, &alert.id))];
    let rules = state.alerts().filter(|(id, _)| *id == entry.source);
    let mut rules = rules.flat_map(|(_, alerts)| &alerts.rules);
    if let Some(rule) = rules.find(|rule| rule.name == alert.id.rule) {
        words.push(format!("its rule: {}", rule.when));
    }
    if !alert.labels.is_empty() {
        words.push(written(&alert.labels));
    }
    if let Some(seen) = alert.acknowledged.as_ref().filter(|seen| !seen.reason.is_empty()) {
        words.push(format!("acknowledged: {}", seen.reason));
    }
    SafeText::new(&words.join(" · "))
}
