//! The samples of a run, each visit of each cell, through a filter.
//!
//! There may be a hundred thousand. So their order is made once for what has come and what is asked for,
//! and a frame touches those that are seen.

use std::cell::RefCell;
use std::sync::Arc;

use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::job::Job;
use super::pane::{Pane, Place, Shown, click_rows, draw_rows};
use crate::model::bench::{Cell as BenchCell, Outcome, Phase, Sample};
use crate::model::id::RunId;
use crate::model::time::Stamp;
use crate::model::unit::{Ratio, Seconds};
use crate::state::RunState;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::panel;
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column};
use crate::tui::widget::{fixed, value};

/// A row.
pub(super) struct Item<'a> {
    /// Its place among the samples that are kept.
    place: u32,
    sample: &'a Sample,
    cell: Option<&'a BenchCell>,
}

/// What tells a sample from the others: cell, round, whether it warmed up, attempt.
pub(super) type Key = (u32, u32, bool, u32);

impl Item<'_> {
    fn taints(&self) -> String {
        let words: Vec<&str> = self.sample.taints.iter().map(|taint| taint.words()).collect();
        words.join(", ")
    }

    const fn outcome(&self) -> &'static str {
        match self.sample.outcome {
            Outcome::Good => "good",
            Outcome::Failed { .. } => "failed",
        }
    }

    fn until(&self, phase: Phase) -> Option<Seconds> {
        self.sample.phases.until(phase)
    }

    fn message(&self) -> Option<String> {
        match &self.sample.outcome {
            Outcome::Good => None,
            Outcome::Failed { kind, message } => Some(kind.told(message)),
        }
    }
}

impl Row for Item<'_> {
    type Key = Key;
    const FIELDS: &'static [Field] = &[
        Field::new("at", Kind::Time),
        Field::text("cell"),
        Field::new("round", Kind::Number),
        Field::text("outcome"),
        Field::new("ready", Kind::Time),
        Field::new("run", Kind::Time),
        Field::new("total", Kind::Time),
        Field::text("taint"),
        Field::text("backend"),
        Field::text("start"),
        Field::text("payload"),
        Field::text("warmup"),
        Field::new("steal", Kind::Percent),
    ];
    const SORTED: usize = 8;

    fn key(&self) -> Key {
        let one = self.sample;
        (one.cell, one.round, one.warmup, one.attempt)
    }

    fn value(&self, field: usize) -> Value<'_> {
        let (sample, seconds) =
            (self.sample, |length: Option<Seconds>| length.map(|one| one.0).into());
        match field {
            0 => Value::Number(sample.at_seconds.0),
            1 => self.cell.map_or(Value::Missing, |cell| Value::Text(cell.name().into())),
            2 => Value::Number(f64::from(sample.round) + 1.0),
            3 => Value::text(self.outcome()),
            4 => seconds(self.until(Phase::Ready)),
            5 => seconds(sample.phases.get(Phase::Run)),
            6 => seconds(self.until(Phase::Clean)),
            7 => Value::Text(self.taints().into()),
            8 => self.cell.map_or(Value::Missing, |cell| Value::text(cell.backend.name())),
            9 => self.cell.map_or(Value::Missing, |cell| Value::text(cell.start.name())),
            10 => self.cell.map_or(Value::Missing, |cell| Value::text(cell.payload.name())),
            11 => Value::text(if sample.warmup { "yes" } else { "no" }),
            _ => sample.host.steal.map(Ratio::percent).into(),
        }
    }
}

impl Shown for Item<'_> {
    const COLUMNS: &'static [Column] = &[
        Column::numbers("AT", 8, 0).by(0),
        Column::words("CELL", 18, 0).grows().by(1),
        Column::numbers("ROUND", 6, 3).by(2),
        Column::words("OUTCOME", 8, 1).by(3),
        Column::numbers("READY", 8, 1).by(4),
        Column::numbers("RUN", 8, 2).by(5),
        Column::numbers("TOTAL", 8, 1).by(6),
        Column::words("TAINT", 16, 4).by(7),
        Column::words("WHAT WENT WRONG", 30, 6),
    ];

    fn cell(&self, column: usize, _: usize, _: &Job<'_>, look: &Look<'_>) -> Cell {
        let (sample, theme) = (self.sample, look.theme);
        let style = if sample.warmup { theme.muted } else { theme.text };
        let one = match column {
            0 => Span::styled(sample.at_seconds.to_string(), theme.muted),
            1 => value::maybe(self.cell.map(BenchCell::name), style, look),
            2 if sample.warmup => Span::styled("warm", theme.muted),
            2 => Span::styled((sample.round + 1).to_string(), theme.muted),
            3 => {
                let bad = self.outcome() == "failed";
                Span::styled(self.outcome(), if bad { theme.bad } else { theme.good })
            }
            4 => value::maybe(self.until(Phase::Ready), style, look),
            5 => value::maybe(sample.phases.get(Phase::Run), style, look),
            6 => value::maybe(self.until(Phase::Clean), style, look),
            7 => Span::styled(self.taints(), theme.warn),
            _ => Span::styled(self.message().unwrap_or_default(), theme.bad),
        };
        vec![one]
    }
}

/// What an order was made of: the run, its last update, how many samples, what was asked.
type Made = (RunId, Stamp, usize, u64);

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<Key>,
    /// Grows with whatever changes the order.
    revision: u64,
    order: RefCell<Option<(Made, Arc<Vec<u32>>)>>,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(0), revision: 0, order: RefCell::default() }
    }
}

impl View {
    /// The places of the samples that pass, in order.
    fn order(&self, id: &RunId, run: &RunState) -> Arc<Vec<u32>> {
        let made = (id.clone(), run.heard, run.samples.len(), self.revision);
        let mut kept = self.order.borrow_mut();
        if let Some((_, order)) = kept.as_ref().filter(|(known, _)| *known == made) {
            return Arc::clone(order);
        }
        let numbered = (0..).zip(&run.samples);
        let all: Vec<Item<'_>> = numbered.map(|(place, sample)| item(run, place, sample)).collect();
        let rows = self.sheet.arrange(&all);
        let order = Arc::new(rows.into_iter().map(|row| row.place).collect::<Vec<u32>>());
        *kept = Some((made, Arc::clone(&order)));
        order
    }

    fn rows<'a>(&self, id: &RunId, run: &'a RunState) -> Vec<Item<'a>> {
        let order = self.order(id, run);
        let row = |place: &u32| Some(item(run, *place, run.samples.get(*place as usize)?));
        order.iter().filter_map(row).collect()
    }
}

fn item<'a>(run: &'a RunState, place: u32, sample: &'a Sample) -> Item<'a> {
    Item { place, sample, cell: run.head.cells.get(sample.cell as usize) }
}

/// What the table has of `inner`: below it stands what went wrong, if the sample under the cursor `fails`.
fn table_area(inner: Rect, fails: bool) -> Rect {
    let below = u16::from(fails && inner.height > 6);
    Rect { height: inner.height - below, ..inner }
}

impl Pane for View {
    fn act(&mut self, action: Action, job: &Job<'_>) -> Reply {
        let Some((id, run)) = job.run else { return Reply::Ignored };
        let all = self.rows(id, run);
        let rows: Vec<&Item<'_>> = all.iter().collect();
        if !self.sheet.act(action, &rows) {
            return Reply::Ignored;
        }
        if matches!(action, Action::Sort | Action::Reverse) {
            self.revision += 1;
        }
        Reply::Done
    }

    fn filter(&mut self, text: &str) {
        self.sheet.filter::<Item<'_>>(text);
        self.revision += 1;
    }

    fn fields(&self) -> &'static [Field] {
        <Item<'_> as Row>::FIELDS
    }

    fn click(&mut self, at: Position, area: Rect, job: &Job<'_>) -> Reply {
        let Some((id, run)) = job.run else { return Reply::Ignored };
        let all = self.rows(id, run);
        let rows: Vec<&Item<'_>> = all.iter().collect();
        let current = self.sheet.current(&rows).and_then(Item::message);
        let table = table_area(panel::inside(area), current.is_some());
        click_rows(&mut self.sheet, &rows, at, table);
        self.revision += 1;
        Reply::Done
    }

    fn draw(&self, mut place: Place<'_, '_>, job: &Job<'_>) {
        let Some((id, run)) = job.run else {
            return place.quiet(&format!("{} tells of no single records.", job.place));
        };
        if run.samples.is_empty() {
            let why = if run.is_bare() {
                "Its samples were let go of, to spare memory; they are on disk. Leave this run and open \
                 it again to read them."
            } else if run.is_live() {
                "The first sample follows in a moment."
            } else {
                "There is no sample: the run ended before the first, or it measured a load alone."
            };
            return place.quiet(why);
        }
        let all = self.rows(id, run);
        let rows: Vec<&Item<'_>> = all.iter().collect();
        let words = self.sheet.words(rows.len(), run.samples.len());
        let inner = place.open(words);
        let current = self.sheet.current(&rows).and_then(Item::message);
        let table = table_area(inner, current.is_some());
        if let Some(message) = current.filter(|_| table.height < inner.height) {
            let row = Rect { y: table.bottom(), height: 1, ..inner };
            let text = fixed::cut(&message, usize::from(row.width));
            let line = ratatui::text::Line::styled(text, place.look.theme.bad);
            panel::lines([line], row, place.buffer);
        }
        let to = (&mut *place.buffer, place.focused);
        draw_rows(&self.sheet, &rows, table, to, (job, place.look));
    }

    fn hints(&self) -> &'static [Action] {
        &[Action::NextPanel, Action::Filter, Action::Sort, Action::Reverse, Action::Zoom]
    }
}
