//! From where a job can go on: each checkpoint with why it was made, how long that took, how large it is.

use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::job::Job;
use super::list::{ago, when};
use super::mark;
use super::pane::{Pane, Place, Shown, act_on, click_rows, draw_rows};
use super::timeline::maybe;
use crate::model::pipeline::Checkpoint;
use crate::model::text::SafeText;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{panel, value};

/// A row.
pub(super) struct Item<'a>(&'a Checkpoint, usize);

impl Row for Item<'_> {
    type Key = SafeText;
    const FIELDS: &'static [Field] = &[
        Field::new("order", Kind::Number),
        Field::text("id"),
        Field::text("trigger"),
        Field::new("took", Kind::Time),
        Field::new("size", Kind::Bytes),
        Field::text("status"),
        Field::text("reached"),
    ];

    fn key(&self) -> SafeText {
        self.0.id.clone()
    }

    fn is(&self, key: &SafeText) -> bool {
        self.0.id == *key
    }

    fn value(&self, field: usize) -> Value<'_> {
        let one = self.0;
        match field {
            0 => Value::Number(-(self.1 as f64)),
            1 => Value::text(one.id.as_str()),
            2 => Value::text(one.trigger.as_str()),
            3 => one.duration_seconds.map(|took| took.0).into(),
            4 => one.bytes.map(|bytes| bytes.0 as f64).into(),
            5 => Value::text(one.status.as_str()),
            _ => Value::text(one.reached.as_str()),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::words("ID", 8, 0).by(1),
        Column::words("STATUS", 13, 1).by(5),
        Column::words("REACHED", 16, 0).grows().by(6),
        Column::words("TRIGGER", 9, 2).by(2),
        Column::numbers("MADE", 23, 6),
        Column::numbers("AGE", 12, 1),
        Column::numbers("TOOK", 8, 2).by(3),
        Column::numbers("SIZE", 9, 1).by(4),
    ];

    fn cell(&self, column: usize, width: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (one, theme) = (self.0, look.theme);
        let cell = match column {
            0 => Span::styled(one.id.to_string(), theme.text),
            1 => return mark::spans(one.status.as_str(), width, look),
            2 => Span::styled(one.reached.to_string(), theme.text),
            3 => Span::styled(one.trigger.to_string(), theme.muted),
            4 => Span::styled(when(one.at_ms), theme.muted),
            5 => Span::styled(ago(one.at_ms, look.now), theme.muted),
            6 => Span::styled(maybe(one.duration_seconds), theme.muted),
            _ => value::maybe(one.bytes, theme.text, look),
        };
        vec![cell]
    }
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<SafeText>,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0) }
    }
}

fn items<'a>(job: &Job<'a>) -> Vec<Item<'a>> {
    job.pipeline.checkpoints.iter().zip(0..).map(|(one, place)| Item(one, place)).collect()
}

/// What the table has of `inner`: above it stands how a run that was cut off goes on.
fn table_area(inner: Rect, job: &Job<'_>) -> Rect {
    let above = u16::from(inner.height > 4 && super::deed::can_resume(job));
    Rect { y: inner.y + above, height: inner.height - above, ..inner }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        act_on(&mut self.sheet, &items(job), action)
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
        click_rows(&mut self.sheet, &rows, at, table_area(panel::inside(area), job));
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            return place.quiet(&job.gap("checkpoints"));
        }
        let rows = self.sheet.arrange(&all);
        let inner = place.open(self.sheet.words(rows.len(), all.len()));
        let table = table_area(inner, job);
        if table.y > inner.y {
            let key = place.look.key(Action::Resume);
            let words = if place.look.readonly {
                "It was cut off; with --readonly it cannot go on from here.".to_owned()
            } else {
                format!("It was cut off; {key} goes on from the latest checkpoint.")
            };
            let line = Line::styled(words, place.look.theme.accent);
            panel::lines([line], inner, place.buffer);
        }
        let to = (&mut *place.buffer, place.focused);
        draw_rows(&self.sheet, &rows, table, to, (job, place.look));
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Sort, Action::Zoom]
    }
}
