//! What went wrong in a job, grouped: how often, first and last; one with its stack and a hint.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::job::Job;
use super::list::{ago, when};
use super::pane::{Pane, Place, Scroll, Shown, click_rows, draw_rows};
use crate::model::pipeline::Exception;
use crate::model::text::SafeText;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, panel, value};

/// Lines of a stack that are shown.
const MOST: usize = 1_000;

/// A row.
pub(super) struct Item<'a>(&'a Exception, i64);

impl Item<'_> {
    fn age(&self) -> Option<f64> {
        let gone = self.1.checked_sub(self.0.last_ms?)?;
        Some(gone.max(0) as f64 / 1e3)
    }
}

impl Row for Item<'_> {
    type Key = (SafeText, SafeText, SafeText, SafeText);
    const FIELDS: &'static [Field] = &[
        Field::new("age", Kind::Time),
        Field::new("count", Kind::Number),
        Field::text("kind"),
        Field::text("stage"),
        Field::text("worker"),
        Field::text("part"),
        Field::text("message"),
    ];

    fn key(&self) -> Self::Key {
        let one = self.0;
        (one.kind.clone(), one.message.clone(), one.stage.clone(), one.worker.clone())
    }

    fn value(&self, field: usize) -> Value<'_> {
        let one = self.0;
        match field {
            0 => self.age().into(),
            1 => Value::Number(one.count as f64),
            2 => Value::text(one.kind.as_str()),
            3 => Value::text(one.stage.as_str()),
            4 => Value::text(one.worker.as_str()),
            5 => Value::text(one.part.as_str()),
            _ => Value::text(one.message.as_str()),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::numbers("COUNT", 6, 0).by(1),
        Column::words("KIND", 16, 0).by(2),
        Column::words("STAGE", 12, 3).by(3),
        Column::words("WORKER", 10, 5).by(4),
        Column::words("PART", 14, 6).by(5),
        Column::numbers("FIRST", 11, 4),
        Column::numbers("LAST", 11, 1).by(0),
        Column::words("MESSAGE", 16, 0).grows().by(6),
    ];

    fn cell(&self, column: usize, _: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (one, theme) = (self.0, look.theme);
        let time =
            |at: Option<i64>| value::maybe(at.map(|at| ago(at, look.now)), theme.muted, look);
        let text = |text: &SafeText, style| Span::styled(text.to_string(), style);
        let cell = match column {
            0 => Span::styled(one.count.to_string(), theme.bad),
            1 => text(&one.kind, theme.bad),
            2 => text(&one.stage, theme.muted),
            3 => text(&one.worker, theme.muted),
            4 => text(&one.part, theme.muted),
            5 => time(one.first_ms),
            6 => time(one.last_ms),
            _ => text(&one.message, theme.text),
        };
        vec![cell]
    }
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<(SafeText, SafeText, SafeText, SafeText)>,
    open: bool,
    scroll: Scroll,
}

impl Default for View {
    fn default() -> Self {
        let mut sheet = Sheet::sorted_by(0);
        // The latest first.
        sheet.reversed = true;
        Self { sheet, open: false, scroll: Scroll::default() }
    }
}

fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    job.pipeline.exceptions.iter().map(|one| Item(one, job.now.wall_ms)).collect()
}

/// What the table of `rows` rows has of `inner`: below it stands the one under the cursor.
fn table_area(inner: Rect, rows: usize) -> Rect {
    let high = super::list::rows(rows).min(inner.height.saturating_sub(6).max(4));
    Rect { height: high.min(inner.height), ..inner }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        match action {
            Action::Back if self.open => self.open = false,
            Action::Enter if !rows.is_empty() => self.open = !self.open,
            _ if self.open => return self.scroll.act(action),
            _ if self.sheet.act(action, &rows) => {}
            _ => return Reply::Ignored,
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
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        let table = table_area(panel::inside(area), rows.len());
        self.open = self.open || click_rows(&mut self.sheet, &rows, at, table);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            let why = if job.is_silent("errors") {
                "Nothing went wrong, as far as is told.".to_owned()
            } else {
                job.gap("errors")
            };
            return place.quiet(&why);
        }
        let rows = self.sheet.arrange(&all);
        let current = self.sheet.current(&rows);
        if let Some(item) = current.filter(|_| self.open) {
            let width = usize::from(panel::inside(place.area).width);
            let lines = depth(item.0, width, place.look);
            return self.scroll.read(&format!("Error {}", item.0.kind), lines, place);
        }
        let inner = place.open(self.sheet.words(rows.len(), all.len()));
        let upper = table_area(inner, rows.len());
        let to = (&mut *place.buffer, place.focused);
        draw_rows(&self.sheet, &rows, upper, to, (job, place.look));
        let below = inner.height - upper.height;
        if let Some(item) = current.filter(|_| below > 2) {
            let lower = Rect { y: upper.bottom() + 1, height: below - 1, ..inner };
            let lines = depth(item.0, usize::from(inner.width), place.look);
            panel::lines(lines, lower, place.buffer);
        }
    }

    fn hints(&self) -> &'static [Action] {
        if self.open {
            return &[Action::Back, Action::Down, Action::Zoom];
        }
        &[Action::NextPanel, Action::Enter, Action::Filter, Action::Sort, Action::Zoom]
    }
}

/// Everything that is told of one.
fn depth(one: &Exception, width: usize, look: &Look<'_>) -> Vec<Line<'static>> {
    let theme = look.theme;
    let wrapped = |text: &str, style| {
        fixed::wrap(text, width).into_iter().map(move |line| Line::styled(line, style))
    };
    let mut lines: Vec<Line<'static>> = wrapped(one.message.as_str(), theme.bad).collect();
    if let Some(hint) = &one.hint {
        lines.extend(wrapped(&format!("Hint: {hint}"), theme.accent));
    }
    let places = [("stage", &one.stage), ("worker", &one.worker), ("part", &one.part)];
    let told = places.iter().filter(|(_, text)| !text.is_empty());
    let mut words: Vec<String> = told.map(|(label, text)| format!("{label} {text}")).collect();
    words.insert(0, value::many(usize::try_from(one.count).unwrap_or(usize::MAX), "time"));
    let time = |label: &str, at: Option<i64>| at.map(|at| format!("{label} {}", when(at)));
    words.extend([time("first", one.first_ms), time("last", one.last_ms)].into_iter().flatten());
    lines.extend(wrapped(&words.join(" · "), theme.muted));
    lines.push(Line::default());
    if one.stack.is_empty() {
        lines.push(Line::styled("No stack is told, and no last words.", theme.muted));
    }
    let stack = one.stack.iter().take(MOST);
    lines.extend(stack.map(|line| Line::styled(fixed::cut(line.as_str(), width), theme.text)));
    lines
}
