//! How a job was set up, as it was run: every setting, with a search. Secrets arrive redacted.

use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::job::Job;
use super::pane::{Pane, Place, Shown, click_on, draw_on};
use crate::model::text::SafeText;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};

/// A row.
pub(super) struct Item<'a>(&'a SafeText, &'a SafeText, usize);

impl Row for Item<'_> {
    type Key = SafeText;
    const FIELDS: &'static [Field] =
        &[Field::new("order", Kind::Number), Field::text("setting"), Field::text("value")];

    fn key(&self) -> SafeText {
        self.0.clone()
    }

    fn is(&self, key: &SafeText) -> bool {
        self.0 == key
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            0 => Value::Number(-(self.2 as f64)),
            1 => Value::text(self.0.as_str()),
            _ => Value::text(self.1.as_str()),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] =
        &[Column::words("SETTING", 30, 0).by(1), Column::words("VALUE", 20, 0).grows().by(2)];

    fn cell(&self, column: usize, _: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let hidden = self.1.as_str() == "[redacted]";
        vec![match column {
            0 => Span::styled(self.0.to_string(), look.theme.muted),
            _ if hidden => Span::styled(self.1.to_string(), look.theme.warn),
            _ => Span::styled(self.1.to_string(), look.theme.text),
        }]
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
    let settings = job.pipeline.configuration.iter().zip(0..);
    settings.map(|((path, value), place)| Item(path, value, place)).collect()
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let all = items(job);
        let rows = self.sheet.arrange(&all);
        if let (Action::Copy, Some(item)) = (action, self.sheet.current(&rows)) {
            return Reply::Copy(format!("{} = {}", item.0, item.1));
        }
        if self.sheet.act(action, &rows) { Reply::Done } else { Reply::Ignored }
    }

    fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
    }

    fn fields(&self) -> &'static [Field] {
        <Item<'_> as Row>::FIELDS
    }

    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        click_on(&mut self.sheet, &items(job), at, area);
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let all = items(job);
        if all.is_empty() {
            return place.quiet(&job.gap("configuration"));
        }
        draw_on(&self.sheet, &all, place, job);
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Filter, Action::Copy, Action::Zoom]
    }
}
