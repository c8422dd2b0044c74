//! All nodes, in a table or as a map, and below the table the recent past of the one under the cursor.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::entry::{Entry, Moment, Then};
use super::item::{Item, Spot, items};
use super::order::{Grouping, Order, Stamp};
use super::{cell, gap, heat, say, told};
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::state::{Node, State};
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::tab::fleet;
use crate::tui::widget::grid;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::strip;
use crate::tui::widget::table::{Column, Table};

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<Spot>,
    /// Nodes that are marked, also those that the filter hides now.
    marked: BTreeSet<SourceId>,
    grouped: bool,
    folded: BTreeSet<SafeText>,
    /// The map in place of the table.
    map: Option<heat::View>,
    /// Grows with whatever changes the order.
    revision: u64,
    /// The order that was made last; keys and clicks mean the lines that were drawn.
    order: RefCell<Option<(Stamp, Arc<Order>)>>,
    /// The instant of the past that was drawn last; keys and clicks mean its numbers.
    then: RefCell<Option<Arc<Then>>>,
}

impl Default for View {
    fn default() -> Self {
        Self {
            sheet: Sheet::sorted_by(0),
            marked: BTreeSet::new(),
            grouped: false,
            folded: BTreeSet::new(),
            map: None,
            revision: 0,
            order: RefCell::default(),
            then: RefCell::default(),
        }
    }
}

impl View {
    pub(super) fn act(&mut self, action: Action, state: &State) -> Reply {
        match action {
            Action::Back if !self.sheet.text.is_empty() => self.filter(""),
            Action::Back if self.map.is_some() => self.map = None,
            Action::View => self.map = self.map.take().xor(Some(heat::View::default())),
            Action::Group => self.grouped = !self.grouped,
            Action::Mark => self.mark(state),
            Action::MarkAll => self.mark_all(state),
            _ => return self.act_on_rows(action, state),
        }
        self.revision += 1;
        Reply::Done
    }

    fn act_on_rows(&mut self, action: Action, state: &State) -> Reply {
        let then = self.then.borrow().clone();
        let moment = Moment::new(state, None, then.as_deref());
        let entries = moment.entries(state);
        let order = self.order(&entries, &moment);
        let items = items(&order, &entries);
        if let Some(map) = &mut self.map {
            if let Some(place) = map.act(action, &order, &items, &self.sheet) {
                let rows: Vec<&Item<'_>> = items.iter().collect();
                self.sheet.select(place, &rows);
                return Reply::Done;
            }
            if matches!(action, Action::Sort | Action::Reverse) {
                return Reply::Done;
            }
        }
        let rows: Vec<&Item<'_>> = items.iter().collect();
        let known = self.sheet.act(action, &rows);
        if matches!(action, Action::Sort | Action::Reverse) {
            self.revision += 1;
        }
        if known { Reply::Done } else { Reply::Ignored }
    }

    /// The order of `entries`, made anew where the one at hand no longer stands.
    fn order(&self, entries: &[Entry<'_>], moment: &Moment<'_>) -> Arc<Order> {
        let stamp = Stamp::new(entries.len(), self.revision, moment);
        let mut kept = self.order.borrow_mut();
        if let Some((_, order)) = kept.as_ref().filter(|(made, _)| *made == stamp) {
            return Arc::clone(order);
        }
        let where_named = self.map.is_some();
        let grouping = Grouping { on: self.grouped, where_named, folded: &self.folded };
        let order = Arc::new(Order::of(entries, &self.sheet, grouping));
        *kept = Some((stamp, Arc::clone(&order)));
        order
    }

    /// Calls `look_at` with the line under the cursor.
    fn under<T>(
        &self,
        state: &State,
        look_at: impl FnOnce(&Item<'_>, &[Entry<'_>]) -> T,
    ) -> Option<T> {
        let then = self.then.borrow().clone();
        let moment = Moment::new(state, None, then.as_deref());
        let entries = moment.entries(state);
        let order = self.order(&entries, &moment);
        let items = items(&order, &entries);
        let rows: Vec<&Item<'_>> = items.iter().collect();
        self.sheet.current(&rows).map(|item| look_at(item, &entries))
    }

    /// The node under the cursor.
    pub(super) fn current(&self, state: &State) -> Option<SourceId> {
        let node = |item: &Item<'_>, _: &[Entry<'_>]| match item {
            Item::Node(entry) => Some(entry.id.clone()),
            Item::Group(_) => None,
        };
        self.under(state, node).flatten()
    }

    /// Folds the group under the cursor, or unfolds it; false if there is none.
    pub(super) fn fold(&mut self, state: &State) -> bool {
        let name = self.under(state, |item, _| match item {
            Item::Group(group) => Some(group.name.clone()),
            Item::Node(_) => None,
        });
        let Some(name) = name.flatten() else { return false };
        if !self.folded.remove(&name) {
            self.folded.insert(name);
        }
        self.revision += 1;
        true
    }

    /// Those that are marked and still there; else the one under the cursor.
    pub(super) fn chosen(&self, state: &State) -> Vec<SourceId> {
        let marked = self.marked.iter().filter(|id| state.nodes.contains_key(*id));
        let marked: Vec<SourceId> = marked.cloned().collect();
        if marked.is_empty() { self.current(state).into_iter().collect() } else { marked }
    }

    /// Marks the node under the cursor, or all of the group, and goes on to the next; or takes the
    /// mark away.
    fn mark(&mut self, state: &State) {
        let under = self.under(state, |item, entries| match item {
            Item::Node(entry) => BTreeSet::from([entry.id.clone()]),
            Item::Group(group) => {
                let of = group.places.iter().filter_map(|place| entries.get(*place));
                of.map(|entry| entry.id.clone()).collect()
            }
        });
        self.turn(under.unwrap_or_default());
        self.act_on_rows(Action::Down, state);
    }

    /// Marks every node that passes the filter; where all of them are, none.
    fn mark_all(&mut self, state: &State) {
        let then = self.then.borrow().clone();
        let moment = Moment::new(state, None, then.as_deref());
        let all = moment.entries(state);
        let passed = all.into_iter().filter(|entry| self.sheet.lets(entry));
        let passed = passed.map(|entry| entry.id.clone()).collect();
        self.turn(passed);
    }

    fn turn(&mut self, nodes: BTreeSet<SourceId>) {
        if nodes.iter().all(|id| self.marked.contains(id)) {
            self.marked.retain(|id| !nodes.contains(id));
        } else {
            self.marked.extend(nodes);
        }
    }

    pub(super) fn why(&self, state: &State) -> Reply {
        if self.then.borrow().is_some() {
            return say(&[gap::OF_THEN.to_owned()]);
        }
        let node = self.current(state).and_then(|id| state.nodes.get(&id));
        node.map_or(Reply::Ignored, |node| say(&gap::gaps(node)))
    }

    pub(super) fn arranged(&mut self) -> Arranged<'_> {
        self.sheet.arranged::<Item<'_>>("nodes", &cell::COLUMNS)
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
        self.revision += 1;
    }

    pub(super) const fn hints(&self) -> &'static [Action] {
        if self.map.is_some() {
            return &[Action::Enter, Action::Sort, Action::View, Action::Mark, Action::Group];
        }
        &[
            Action::Enter,
            Action::Sort,
            Action::Reverse,
            Action::Mark,
            Action::View,
            Action::Group,
            Action::Why,
        ]
    }

    /// Chooses what was clicked; `None` if that was chosen already, and is to be opened.
    pub(super) fn click(&mut self, x: u16, y: u16, area: Rect, state: &State) -> Option<Reply> {
        let then = self.then.borrow().clone();
        let moment = Moment::new(state, None, then.as_deref());
        let entries = moment.entries(state);
        let order = self.order(&entries, &moment);
        let items = items(&order, &entries);
        let rows: Vec<&Item<'_>> = items.iter().collect();
        let at = Position::new(x, y);
        if self.map.is_some() {
            let place = heat::place_at(at, panel::inside(area), &order, &items, &self.sheet);
            let Some(place) = place else { return Some(Reply::Ignored) };
            return self.choose(place, &rows);
        }
        let area = panel::inside(split(area, rows.len())[0]);
        let columns = columns(&order, area);
        let table = self.table(&rows, &columns);
        if !area.contains(at) {
            return Some(Reply::Ignored);
        }
        match (table.field_at(x, y, area), table.row_at(y, area)) {
            (Some(field), _) => match cell::sorted_by(Some(field)) {
                Some(field) => self.sheet.sort_by(field),
                None => return Some(Reply::Ignored),
            },
            (None, Some(row)) => return self.choose(row, &rows),
            (None, None) => return Some(Reply::Ignored),
        }
        self.revision += 1;
        Some(Reply::Done)
    }

    /// Puts the cursor on line `row`; `None` if it is there.
    fn choose(&mut self, row: usize, rows: &[&Item<'_>]) -> Option<Reply> {
        if self.sheet.position(rows) == Some(row) {
            return None;
        }
        self.sheet.select(row, rows);
        self.revision += 1;
        Some(Reply::Done)
    }

    fn table<'a>(&'a self, rows: &[&Item<'_>], columns: &'a [Column]) -> Table<'a> {
        self.sheet.table(columns, rows, true)
    }

    /// How many are shown of how many, and how many are marked.
    fn words(&self, order: &Order, all: usize) -> String {
        let words = self.sheet.words(order.passed, all);
        match self.marked.len() {
            0 => words,
            marked => format!("{marked} marked · {words}"),
        }
    }

    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        let then = Then::of(state, look).map(Arc::new);
        self.then.borrow_mut().clone_from(&then);
        let moment = Moment::new(state, Some(look), then.as_deref());
        let entries = moment.entries(state);
        let order = self.order(&entries, &moment);
        let items = items(&order, &entries);
        let words = self.words(&order, entries.len());
        if let Some(map) = &self.map {
            let frame = Panel::new(map.title()).aside(words).focused(true);
            let inner = frame.of_then(look.past_words()).open(area, buffer, look);
            let marked = |id: &SourceId| self.marked.contains(id);
            return map.draw(inner, buffer, (&order, &items), (&self.sheet, &marked), look);
        }
        let rows: Vec<&Item<'_>> = items.iter().collect();
        let [upper, lower] = split(area, rows.len());
        let title = match (order.groups.is_empty(), order.has.group) {
            (true, _) => "Nodes",
            (false, true) => "Nodes by group",
            (false, false) => "Nodes by kind",
        };
        let frame = Panel::new(title).aside(words).focused(true).of_then(look.past_words());
        let inner = frame.open(upper, buffer, look);
        let columns = columns(&order, inner);
        self.table(&rows, &columns).draw(inner, buffer, look, &|row, column, width| {
            cell::cell(rows[row], &columns[column], width, self.mark_of(rows[row]), look)
        });
        if let Some(item) = self.sheet.current(&rows).filter(|_| lower.height > 2) {
            preview(item, &entries, lower, buffer, look);
        }
    }

    /// Whether `item` is marked; `None` where nothing is.
    fn mark_of(&self, item: &Item<'_>) -> Option<bool> {
        match item {
            Item::Node(entry) if !self.marked.is_empty() => Some(self.marked.contains(entry.id)),
            _ => None,
        }
    }
}

/// The columns of a table of `order` in `area`.
fn columns(order: &Order, area: Rect) -> Vec<Column> {
    cell::columns(order.has, !order.groups.is_empty(), usize::from(area.width))
}

/// Room for the table and, where there is more than it needs, for the past of one node.
fn split(area: Rect, rows: usize) -> [Rect; 2] {
    let wanted = grid::narrow(rows.max(1) + 3);
    let past = (area.height * 2 / 5).clamp(7, 13);
    let upper = if area.height < 16 { area.height } else { wanted.min(area.height - past) };
    Layout::vertical([Constraint::Length(upper), Constraint::Fill(1)]).areas(area)
}

/// The recent past of a node, or of a group as a whole.
fn preview(
    item: &Item<'_>,
    entries: &[Entry<'_>],
    area: Rect,
    buffer: &mut Buffer,
    look: &Look<'_>,
) {
    let (name, aside, nodes): (_, _, Vec<fleet::Named<'_>>) = match item {
        Item::Node(entry) => {
            let info = entry.node.info.as_deref();
            let machine = info.map(|info| super::layout::machine(entry.id, info));
            (entry.id.to_string(), machine.unwrap_or_default(), vec![(entry.id, entry.node)])
        }
        Item::Group(group) => {
            let of = group.places.iter().filter_map(|place| entries.get(*place));
            let nodes = of.map(|entry| (entry.id, entry.node)).collect();
            (group.name.to_string(), "together".to_owned(), nodes)
        }
    };
    if let [(_, node @ Node { sample: None, .. })] = nodes.as_slice() {
        let area = Panel::new(&name).aside(aside).open(area, buffer, look);
        return told::brief(node, area, buffer, look);
    }
    let title = format!("{name} · {}", lower(&look.title()));
    let words = look.past_words();
    let area = Panel::new(&title).aside(aside).of_then(words).open(area, buffer, look);
    if nodes.len() > fleet::TOGETHER {
        let line = format!("{} nodes: too many to draw their past together", nodes.len());
        return panel::lines([line.into()], area, buffer);
    }
    let columns = strip::columns(area.width, nodes.len() == 1);
    let strips = fleet::strips(&nodes, look.window(), columns, look);
    strip::draw(&strips, area, buffer, look);
}

/// `title` within a line.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first.into_iter().chain(letters).collect()
}
