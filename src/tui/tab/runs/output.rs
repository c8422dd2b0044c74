//! What a workflow's stages made: files as rows, and a table's columns with figures and course.
//!
//! It stands where a benchmark has its samples. A file that is expected and not there yet is a row too.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::job::Job;
use super::mark;
use super::pane::{Pane, Place, Scroll, Shown, act_on, click_rows, draw_rows};
use crate::model::text::SafeText;
use crate::model::unit::three_digits;
use crate::model::workflow::result::{Collected, ColumnView, Figures, TableView};
use crate::state::WorkflowState;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::sparkline;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, panel, value};

/// Rows of the look into the file under the cursor.
const BELOW: u16 = 9;
/// Rows of the panel from which there is that look.
const TALL: u16 = 16;
/// Columns of a column's name, and of each of its figures.
const NAME: usize = 22;
const FIGURE: usize = 9;
/// Widest cell of a row of the file.
const CELL: usize = 18;
const FIELD_STATUS: usize = 3;

/// A row: a file that is there, or one that is expected.
pub(super) struct Item<'a> {
    name: &'a SafeText,
    stage: SafeText,
    host: SafeText,
    file: Option<&'a Collected>,
    table: Option<&'a TableView>,
    live: bool,
}

impl Item<'_> {
    const fn status(&self) -> &'static str {
        match (self.file, self.live) {
            (Some(Collected { error: Some(_), .. }), _) => "failed",
            (Some(_), _) => "done",
            (None, true) => "pending",
            (None, false) => "lost",
        }
    }
}

impl Row for Item<'_> {
    type Key = (SafeText, SafeText);
    const FIELDS: &'static [Field] = &[
        Field::text("output"),
        Field::text("stage"),
        Field::text("host"),
        Field::text("status"),
        Field::new("rows", Kind::Number),
        Field::new("size", Kind::Number),
    ];

    fn key(&self) -> Self::Key {
        let file = self.file.map(|file| file.file.clone()).unwrap_or_default();
        (self.name.clone(), file)
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            0 => Value::text(self.name.as_str()),
            1 => Value::text(self.stage.as_str()),
            2 => Value::text(self.host.as_str()),
            FIELD_STATUS => Value::text(self.status()),
            4 => self.table.map(|table| table.rows as f64).into(),
            _ => self.file.and_then(|file| file.bytes).map(|bytes| bytes.0 as f64).into(),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::words("STATUS", 10, 0).by(FIELD_STATUS),
        Column::words("OUTPUT", 16, 0).grows().by(0),
        Column::words("STAGE", 14, 2).by(1),
        Column::words("HOST", 12, 3).by(2),
        Column::numbers("ROWS", 9, 1).by(4),
        Column::numbers("SIZE", 9, 1).by(5),
        Column::words("FILE", 20, 4),
    ];

    fn cell(&self, column: usize, width: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let theme = look.theme;
        let word = |text: &SafeText, style| vec![Span::styled(text.to_string(), style)];
        match column {
            0 => mark::spans(self.status(), width, look),
            1 => word(self.name, theme.text),
            2 => word(&self.stage, theme.muted),
            3 => word(&self.host, theme.muted),
            4 => vec![value::maybe(self.table.map(|table| table.rows), theme.text, look)],
            5 => {
                let bytes = self.file.and_then(|file| file.bytes);
                vec![value::maybe(bytes, theme.text, look)]
            }
            _ => vec![value::maybe(self.file.map(|file| file.file.clone()), theme.muted, look)],
        }
    }
}

fn items(flow: &WorkflowState) -> Vec<Item<'_>> {
    let live = flow.is_live();
    let there = flow.run.files.iter().map(|file| {
        let plan = flow.run.head.tasks.get(file.task as usize);
        Item {
            name: &file.output,
            stage: plan.map(|plan| plan.stage.clone()).unwrap_or_default(),
            host: plan.map(|plan| plan.host.clone()).unwrap_or_default(),
            file: Some(file),
            table: flow.tables.get(&file.file),
            live,
        }
    });
    let absent = |name: &SafeText| flow.run.files.iter().all(|file| file.output != *name);
    let expected = flow.run.head.outputs.iter().filter(|(name, _)| absent(name));
    let expected = expected.map(|(name, stage)| Item {
        name,
        stage: stage.clone(),
        host: SafeText::default(),
        file: None,
        table: None,
        live,
    });
    there.chain(expected).collect()
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<(SafeText, SafeText)>,
    /// Whether the file under the cursor is seen in depth.
    open: bool,
    scroll: Scroll,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0), open: false, scroll: Scroll::default() }
    }
}

/// What the table of `rows` rows has of `inner`: below it stands the look into the file under the cursor.
fn table_area(inner: Rect, rows: usize) -> Rect {
    let below = if rows > 0 && inner.height >= TALL { BELOW } else { 0 };
    Rect { height: inner.height - below, ..inner }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let Some(flow) = job.flow else { return Reply::Ignored };
        let all = items(flow);
        match action {
            Action::Back if self.open => self.open = false,
            Action::Enter if !all.is_empty() => self.open = !self.open,
            _ if self.open => return self.scroll.act(action),
            _ => return act_on(&mut self.sheet, &all, action),
        }
        self.scroll = Scroll::default();
        Reply::Done
    }

    fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
    }

    fn fields(&self) -> &'static [Field] {
        <Item<'_> as Row>::FIELDS
    }

    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        let Some(flow) = job.flow else { return Reply::Ignored };
        let all = items(flow);
        let rows = self.sheet.arrange(&all);
        let table = table_area(panel::inside(area), rows.len());
        self.open = self.open || click_rows(&mut self.sheet, &rows, at, table);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = job.flow.map(items).unwrap_or_default();
        if all.is_empty() {
            return place.quiet("The stages of this workflow name no outputs to fetch.");
        }
        let rows = self.sheet.arrange(&all);
        let current = self.sheet.current(&rows);
        let width = usize::from(panel::inside(place.area).width);
        if let Some(item) = current.filter(|_| self.open) {
            let lines = depth(item, width, place.look);
            return self.scroll.read(&format!("Output {}", item.name), lines, place);
        }
        let inner = place.open(self.sheet.words(rows.len(), all.len()));
        let table = table_area(inner, rows.len());
        if let Some(item) = current.filter(|_| table.height < inner.height) {
            let below = Rect { y: table.bottom(), height: BELOW, ..inner };
            panel::lines(depth(item, width, place.look), below, place.buffer);
        }
        let to = (&mut *place.buffer, place.focused);
        draw_rows(&self.sheet, &rows, table, to, (job, place.look));
    }

    fn hints(&self) -> &'static [Action] {
        if self.open {
            return &[Action::Back, Action::Down, Action::Zoom];
        }
        &[Action::NextPanel, Action::Enter, Action::Filter, Action::Sort, Action::Zoom]
    }
}

/// Everything that is told of a file.
fn depth(item: &Item<'_>, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let Some(file) = item.file else {
        let words = if item.live {
            format!("{} is fetched when {} is done.", item.name, item.stage)
        } else {
            format!("{} was not fetched: {} did not come to its end.", item.name, item.stage)
        };
        return vec![Line::styled(fixed::cut(&words, width), theme.muted)];
    };
    let path = if file.remote_path.is_empty() { &file.file } else { &file.remote_path };
    let from = format!("{path} of {} on {}", item.stage, item.host);
    let mut lines = vec![Line::styled(fixed::cut(&from, width), theme.muted)];
    let hash = file.sha256.iter().map(|hash| format!("SHA-256 {hash}"));
    let error = file.error.iter().flat_map(|error| fixed::wrap(error.as_str(), width));
    lines.extend(error.map(|words| Line::styled(words, theme.bad)));
    lines.extend(item.table.iter().flat_map(|table| columns(table, width, look)));
    lines.extend(item.table.iter().flat_map(|table| last(table, width, look)));
    lines.extend(hash.map(|words| Line::styled(fixed::cut(&words, width), theme.muted)));
    lines
}

/// The columns of a table, each with its figures and its course over the rows.
fn columns(table: &TableView, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let heads = ["COLUMN", "MIN", "MEAN", "MEDIAN", "P95", "P99", "MAX"];
    let mut heading = fixed::left(heads[0], NAME);
    heading.extend(heads[1..].iter().map(|head| fixed::right(head, FIGURE)));
    let mut lines = vec![Line::styled(fixed::cut(&heading, width), look.theme.title)];
    lines.extend(table.columns.iter().map(|one| column(one, width, look)));
    lines
}

fn column(one: &ColumnView, width: usize, look: &Look<'_>) -> Line<'static> {
    let theme = look.theme;
    let unit = one.unit.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
    let name = fixed::left(&fixed::cut(&format!("{}{unit}", one.name), NAME - 1), NAME);
    let Some(Figures { min, mean, median, p95, p99, max }) = one.figures else {
        return Line::from(vec![
            Span::styled(name, theme.text),
            Span::styled(" no numbers", theme.muted),
        ]);
    };
    let figures = [min, mean, median, p95, p99, max].map(|figure| {
        let text =
            if figure.is_finite() { three_digits(figure) } else { value::MISSING.to_owned() };
        fixed::right(&text, FIGURE)
    });
    let room = width.saturating_sub(NAME + 6 * FIGURE + 2);
    Line::from(vec![
        Span::styled(name, theme.text),
        Span::styled(figures.concat(), theme.text),
        Span::raw("  "),
        Span::styled(sparkline::text(&one.course, room, look.glyph), theme.series[0]),
    ])
}

/// Its last rows.
fn last(table: &TableView, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    if table.last.is_empty() {
        return Vec::new();
    }
    let words = format!("last {} of {} rows", table.last.len(), table.rows);
    let line = |cells: &Vec<SafeText>| {
        let cells =
            cells.iter().map(|cell| fixed::left(&fixed::cut(cell.as_str(), CELL), CELL + 1));
        Line::styled(fixed::cut(&cells.collect::<String>(), width), look.theme.text)
    };
    let names: Vec<SafeText> = table.columns.iter().map(|one| one.name.clone()).collect();
    let heading = line(&names).patch_style(look.theme.title);
    let rows = table.last.iter().map(line);
    let first = [Line::default(), Line::styled(words, look.theme.muted), heading];
    first.into_iter().chain(rows).collect()
}
