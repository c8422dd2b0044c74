//! A map of all nodes: a cell each, as high and as coloured as the number that is looked at.
//!
//! Nodes stand in the order of the list and keep their places while their numbers change. Without
//! colours, or with plain letters, a digit stands for tenths.

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line as Text, Span};
use ratatui::widgets::Widget;

use super::entry::{Entry, psi};
use super::item::{Item, Spot};
use super::order::Order;
use crate::model::id::SourceId;
use crate::model::unit::Ratio;
use crate::state::history::{GpuMetric, Metric, Scale};
use crate::tui::action::Action;
use crate::tui::look::{Glyph, Look};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::status::Status;
use crate::tui::widget::{fixed, grid, value};

/// A bar for each eighth.
const BARS: [&str; 8] = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];

/// The row under the cursor, and whether a node is marked.
type Chosen<'a> = (&'a Sheet<Spot>, &'a dyn Fn(&SourceId) -> bool);

/// What a map can show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Heat {
    #[default]
    Cpu,
    Memory,
    Gpu,
    GpuMemory,
    Pressure,
    Temperature,
    Age,
}

/// What is looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    heat: Heat,
    /// Cells in a row when it was drawn last; keys move over what was drawn.
    across: Cell<usize>,
}

/// A row of the map: the heading of a group, or nodes by their places among the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Strip {
    Head(usize),
    Cells(std::ops::Range<usize>),
}

impl Heat {
    const ALL: [Self; 7] = [
        Self::Cpu,
        Self::Memory,
        Self::Gpu,
        Self::GpuMemory,
        Self::Pressure,
        Self::Temperature,
        Self::Age,
    ];

    const fn title(self) -> &'static str {
        match self {
            Self::Cpu => "Map of nodes · CPU use",
            Self::Memory => "Map of nodes · memory use",
            Self::Gpu => "Map of nodes · busiest GPU",
            Self::GpuMemory => "Map of nodes · fullest GPU memory",
            Self::Pressure => "Map of nodes · worst pressure",
            Self::Temperature => "Map of nodes · hottest sensor",
            Self::Age => "Map of nodes · age of the last sample",
        }
    }

    /// The ends of its scale, in words.
    const fn ends(self) -> (&'static str, &'static str) {
        match self {
            Self::Temperature => ("20 °C", "100 °C"),
            Self::Age => ("now", "1 minute"),
            _ => ("0 %", "100 %"),
        }
    }

    fn value(self, entry: &Entry<'_>) -> Option<f64> {
        let number = |metric: Metric| entry.numbers()[metric as usize];
        match self {
            Self::Cpu => number(Metric::Cpu),
            Self::Memory => number(Metric::Memory),
            Self::Gpu => entry.gpu(GpuMetric::Utilization),
            Self::GpuMemory => entry.gpu(GpuMetric::Memory),
            Self::Pressure => psi(&entry.numbers()),
            Self::Temperature => {
                let known = [number(Metric::Temperature), entry.gpu(GpuMetric::Temperature)];
                known.into_iter().flatten().reduce(f64::max)
            }
            Self::Age => entry.age(),
        }
    }

    /// Where `value` is between the ends, 0 to 1.
    fn share(self, value: f64) -> f64 {
        let share = match self {
            Self::Temperature => (value - 20.0) / 80.0,
            Self::Age => value / 60.0,
            _ => value / 100.0,
        };
        share.clamp(0.0, 1.0)
    }

    fn style(self, value: f64, status: Status, look: &Look<'_>) -> Style {
        let theme = look.theme;
        let share = Ratio::new(value / 100.0);
        match self {
            Self::Temperature => look.heat(value),
            // That a GPU is busy is no alarm.
            Self::Gpu => theme.series[0],
            Self::Age => status.style(theme),
            Self::Pressure => share.map_or(theme.text, |share| look.pressure(share)),
            _ => share.map_or(theme.text, |share| look.load(share)),
        }
    }

    fn written(self, value: f64) -> String {
        match self {
            Self::Temperature => value::written(Scale::Celsius, value),
            Self::Age => {
                value::age(std::time::Duration::try_from_secs_f64(value).unwrap_or_default())
            }
            _ => value::written(Scale::Percent, value),
        }
    }
}

impl View {
    pub(super) const fn title(&self) -> &'static str {
        self.heat.title()
    }

    /// Answers `action`: the place of the line to go to, if it moves. Another number is looked at
    /// where it sorts.
    pub(super) fn act(
        &mut self,
        action: Action,
        order: &Order,
        items: &[Item<'_>],
        sheet: &Sheet<Spot>,
    ) -> Option<usize> {
        let at = Heat::ALL.iter().position(|heat| *heat == self.heat).unwrap_or(0);
        let count = Heat::ALL.len();
        match action {
            Action::Sort => self.heat = Heat::ALL[(at + 1) % count],
            Action::Reverse => self.heat = Heat::ALL[(at + count - 1) % count],
            _ => {}
        }
        let cursor = cursor(items, sheet)?;
        let nodes = || (0..items.len()).filter(|place| matches!(items[*place], Item::Node(_)));
        match action {
            Action::Left => nodes().take_while(|place| *place < cursor).last().or(Some(cursor)),
            Action::Right => nodes().find(|place| *place > cursor).or(Some(cursor)),
            Action::First => nodes().next(),
            Action::Last => nodes().next_back(),
            Action::Up => Some(self.beside(cursor, 1, false, order, items)),
            Action::Down => Some(self.beside(cursor, 1, true, order, items)),
            Action::PageUp | Action::HalfUp => Some(self.beside(cursor, 10, false, order, items)),
            Action::PageDown | Action::HalfDown => {
                Some(self.beside(cursor, 10, true, order, items))
            }
            _ => None,
        }
    }

    /// The place `rows` rows of cells above or below `cursor`.
    fn beside(
        &self,
        cursor: usize,
        rows: usize,
        down: bool,
        order: &Order,
        items: &[Item<'_>],
    ) -> usize {
        let cells = strips(items, order, self.across.get().max(1)).into_iter();
        let cells: Vec<_> = cells
            .filter_map(|strip| match strip {
                Strip::Cells(range) if !range.is_empty() => Some(range),
                _ => None,
            })
            .collect();
        let Some(row) = cells.iter().position(|range| range.contains(&cursor)) else {
            return cursor;
        };
        let last = cells.len() - 1;
        let to = if down { (row + rows).min(last) } else { row.saturating_sub(rows) };
        let across = cursor - cells[row].start;
        (cells[to].start + across).min(cells[to].end - 1)
    }

    pub(super) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        (order, items): (&Order, &[Item<'_>]),
        (sheet, marked): Chosen<'_>,
        look: &Look<'_>,
    ) {
        let cursor = cursor(items, sheet);
        let plan = Plan::of(area, order, items, cursor);
        self.across.set(plan.across);
        for (strip, row) in plan.strips.iter().skip(plan.first).zip(plan.map.rows()) {
            match strip {
                Strip::Head(place) => head(&items[*place], look).render(row, buffer),
                Strip::Cells(range) => {
                    let cells = range.clone().map(|place| (place, &items[place]));
                    self.cells(cells, (cursor, plan.wide), row, buffer, look);
                }
            }
        }
        let mut below =
            Rect { y: plan.map.bottom(), height: area.bottom() - plan.map.bottom(), ..area }.rows();
        if let Some(row) = below.next() {
            self.legend(look).render(row, buffer);
        }
        if let Some((row, Item::Node(entry))) = below.next().zip(cursor.map(|at| &items[at])) {
            self.reading(entry, marked(entry.id), usize::from(row.width), look).render(row, buffer);
        }
    }

    fn cells<'a>(
        &self,
        cells: impl Iterator<Item = (usize, &'a Item<'a>)>,
        (cursor, wide): (Option<usize>, usize),
        row: Rect,
        buffer: &mut Buffer,
        look: &Look<'_>,
    ) {
        let digits = digits(look);
        for ((place, item), x) in cells.zip((row.x..row.right()).step_by(wide)) {
            let Item::Node(entry) = item else { continue };
            let (sign, mut style) = self.sign(entry, digits, look);
            let here = cursor == Some(place);
            if here {
                style = style.patch(look.theme.selected);
            }
            buffer.set_string(x, row.y, &sign, style);
            if wide > 1 {
                let bare = here && look.theme.selected == Style::default();
                let rest = if bare { look.glyph.pick("◂", "<") } else { " " };
                buffer.set_string(x + 1, row.y, rest, style);
            }
        }
    }

    /// What stands for `entry`: a letter and its colour.
    fn sign(&self, entry: &Entry<'_>, digits: bool, look: &Look<'_>) -> (String, Style) {
        let (status, theme) = (entry.status(), look.theme);
        let known = self.heat.value(entry);
        let value = match (status, known) {
            (_, None) if entry.is_then() => {
                return (look.glyph.pick("·", "-").to_owned(), theme.muted);
            }
            (Status::Down, _) => return (status.sign(look).to_owned(), theme.bad),
            (Status::Waiting, _) => return (status.sign(look).to_owned(), theme.muted),
            (_, None) => return (look.glyph.pick("·", "-").to_owned(), theme.muted),
            (_, Some(value)) => value,
        };
        let late = status == Status::Stale && self.heat != Heat::Age;
        let style = if late { theme.muted } else { self.heat.style(value, status, look) };
        let share = self.heat.share(value);
        if digits {
            return (grid::part(share * 9.0 / 10.0, 10).min(9).to_string(), style);
        }
        (BARS[grid::part(share, 7)].to_owned(), style)
    }

    fn legend(&self, look: &Look<'_>) -> Text<'static> {
        let (low, high) = self.heat.ends();
        let scale = if digits(look) {
            format!("0 is {low}, 9 is {high}")
        } else {
            format!("▁ {low}  █ {high}")
        };
        let mut spans = vec![Span::styled(scale, look.theme.text)];
        let others = [Status::Stale, Status::Down, Status::Waiting];
        for status in others.into_iter().filter(|_| !look.is_then()) {
            let (sign, word) = (status.sign(look), status.word());
            let (text, style) = match status {
                Status::Stale => (format!("  dim is {word}"), look.theme.muted),
                _ => (format!("  {sign} {word}"), status.style(look.theme)),
            };
            spans.push(Span::styled(text, style));
        }
        let none = look.glyph.pick("·", "-");
        let words = if look.is_then() { "not kept of then" } else { "not told" };
        spans.push(Span::styled(format!("  {none} {words}"), look.theme.muted));
        spans.into()
    }

    /// The node under the cursor in words.
    fn reading(
        &self,
        entry: &Entry<'_>,
        marked: bool,
        width: usize,
        look: &Look<'_>,
    ) -> Text<'static> {
        let status = entry.status();
        let value = self.heat.value(entry);
        let value =
            value.map_or_else(|| value::MISSING.to_owned(), |value| self.heat.written(value));
        let group = entry.origin().and_then(|origin| origin.group.as_ref());
        let group = group.map(|group| format!(" · {group}")).unwrap_or_default();
        let mark = if marked { " · marked" } else { "" };
        let word = entry.word().unwrap_or("nothing is kept");
        let words = format!(" {} · {value} · {word}{group}{mark}", entry.id);
        Text::from(vec![
            Span::styled(status.sign(look), status.style(look.theme)),
            Span::styled(fixed::cut(&words, width.saturating_sub(2)), look.theme.title),
        ])
    }
}

/// The place of the line whose cell is at `at` when the map was drawn in `area`.
pub(super) fn place_at(
    at: Position,
    area: Rect,
    order: &Order,
    items: &[Item<'_>],
    sheet: &Sheet<Spot>,
) -> Option<usize> {
    let plan = Plan::of(area, order, items, cursor(items, sheet));
    let map = plan.map;
    let line = map.contains(at).then(|| usize::from(at.y - map.y))?;
    let Strip::Cells(range) = plan.strips.get(plan.first + line)? else { return None };
    let place = range.start + usize::from(at.x - map.x) / plan.wide;
    range.contains(&place).then_some(place)
}

/// Whether a digit stands for a value: there are no colours, or no bars.
fn digits(look: &Look<'_>) -> bool {
    look.glyph == Glyph::Ascii || (look.theme.good.fg.is_none() && look.theme.bad.fg.is_none())
}

/// Where the cursor is; from the heading of a group it goes on to the first node.
fn cursor(items: &[Item<'_>], sheet: &Sheet<Spot>) -> Option<usize> {
    let rows: Vec<&Item<'_>> = items.iter().collect();
    let at = sheet.position(&rows)?;
    let is_node = |place: &usize| matches!(items[*place], Item::Node(_));
    (at..items.len()).find(is_node).or_else(|| (0..at).rev().find(is_node))
}

fn head(item: &Item<'_>, look: &Look<'_>) -> Text<'static> {
    let Item::Group(group) = item else { return Text::default() };
    let sign = if group.folded { look.glyph.pick("▸", ">") } else { look.glyph.pick("▾", "v") };
    let mut spans = vec![Span::styled(format!("{sign} {}  ", group.name), look.theme.title)];
    spans.extend(group.standing.spans(true, look));
    spans.into()
}

/// Where what is drawn.
struct Plan {
    strips: Vec<Strip>,
    /// The first of them that is seen.
    first: usize,
    map: Rect,
    /// Columns of a cell.
    wide: usize,
    /// Cells in a row.
    across: usize,
}

impl Plan {
    /// Two columns a cell where all find room, else one.
    fn of(area: Rect, order: &Order, items: &[Item<'_>], cursor: Option<usize>) -> Self {
        let words = if area.height >= 4 { 2 } else { 0 };
        let map = Rect { height: area.height - words, ..area };
        let (width, height) = (usize::from(map.width).max(1), usize::from(map.height));
        let of = |wide: usize| strips(items, order, (width / wide).max(1));
        let (mut wide, mut strips) = (2, of(2));
        if strips.len() > height {
            (wide, strips) = (1, of(1));
        }
        let holds = |strip: &Strip| match (strip, cursor) {
            (Strip::Cells(range), Some(cursor)) => range.contains(&cursor),
            _ => false,
        };
        let line = strips.iter().position(holds).unwrap_or(0);
        let first = grid::offset(line, strips.len(), height);
        Self { strips, first, map, wide, across: (width / wide).max(1) }
    }
}

/// The rows of the map with `across` cells in each.
fn strips(items: &[Item<'_>], order: &Order, across: usize) -> Vec<Strip> {
    let mut strips = Vec::new();
    let rows = |from: usize, to: usize, strips: &mut Vec<Strip>| {
        let starts = (from..to).step_by(across);
        strips.extend(starts.map(|start| Strip::Cells(start..(start + across).min(to))));
    };
    let mut begun = 0;
    let heads = items.iter().enumerate().filter(|(_, item)| matches!(item, Item::Group(_)));
    for (place, _) in heads.take(order.groups.len()) {
        rows(begun, place, &mut strips);
        strips.push(Strip::Head(place));
        begun = place + 1;
    }
    rows(begun, items.len(), &mut strips);
    strips
}
