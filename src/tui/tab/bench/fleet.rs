//! One benchmark on several nodes: how far each is, and what came of it side by side.
//!
//! A row is a node, a column a backend. What is best is said where intervals can tell, and what is not
//! alike about the machines stands below.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};

use super::anchor::Anchor;
use super::{FIGURES, wish};
use crate::model::bench::{Cell, Figure};
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::update::{FleetRun, Health};
use crate::state::{RunState, State};
use crate::stats::compare::unlike;
use crate::stats::side::{Part, cells};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;

mod ask;
mod draw;

pub(super) use ask::ask;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    /// It is in front of what else this tab shows.
    open: bool,
    /// The one that was there when another was wished; what is asked for comes later.
    before: Option<FleetRun>,
    at: Anchor<SourceId>,
    column: usize,
    figure: usize,
    /// The column that sorts the nodes, and whether the slowest come first; else they stand as named.
    sort: Option<(Cell, bool)>,
}

/// What was clicked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hit {
    /// The heading of this column; `None`: of the nodes' names.
    Head(Option<Cell>),
    /// This row.
    Row(usize),
}

/// A node of it.
#[derive(Clone, Copy)]
struct Row<'a> {
    node: &'a SourceId,
    place: Place<'a>,
}

#[derive(Clone, Copy)]
enum Place<'a> {
    /// Its run, and what is known of it.
    Run(&'a RunId, Option<&'a RunState>),
    /// Why it takes no part.
    LeftOut(&'a SafeText),
}

impl<'a> Row<'a> {
    const fn run(&self) -> Option<&'a RunState> {
        match self.place {
            Place::Run(_, run) => run,
            Place::LeftOut(_) => None,
        }
    }

    fn part(&self) -> Option<Part<'a>> {
        self.run().map(|run| Part { head: &run.head, summary: &run.summary })
    }

    fn median(&self, cell: &Cell, figure: Figure) -> Option<f64> {
        Some(self.part()?.estimate(cell, figure)?.median_seconds.0)
    }
}

/// Why a node that went away tells nothing more.
fn lost<'a>(row: &Row<'_>, state: &'a State) -> Option<&'a SafeText> {
    match state.nodes.get(row.node).and_then(|node| node.health.as_ref()) {
        Some(Health::Down { why, .. }) => Some(why),
        _ => None,
    }
}

/// The nodes of `rows`, in their order.
fn nodes<'a>(rows: &[Row<'a>]) -> Vec<&'a SourceId> {
    rows.iter().map(|row| row.node).collect()
}

/// Its nodes: those that take part, then those that do not.
fn rows(state: &State) -> Vec<Row<'_>> {
    let Some(fleet) = &state.fleet else { return Vec::new() };
    let parts = fleet.runs.iter().map(|(node, id)| Row {
        node,
        place: Place::Run(id, state.runs.get(id).filter(|run| run.from == *node || run.stored)),
    });
    let others = fleet.left_out.iter().map(|(node, why)| Row { node, place: Place::LeftOut(why) });
    parts.chain(others).collect()
}

impl View {
    /// Whether it is what the tab shows.
    pub(super) const fn is_open(&self) -> bool {
        self.open
    }

    /// One was wished: it will be looked at.
    pub(super) fn expect(&mut self, state: &State) {
        *self = Self { open: true, before: state.fleet.clone(), ..Self::default() };
    }

    /// Whether the one that was wished is not known yet.
    fn is_awaited(&self, state: &State) -> bool {
        state.fleet == self.before
    }

    /// Brings it to the front, or what lies behind.
    pub(super) fn toggle(&mut self, state: &State) -> Reply {
        if state.fleet.is_none() && !self.open {
            return Reply::Say("no benchmark has run on several nodes; mark some in tab 2".into());
        }
        self.before = None;
        self.open = !self.open;
        Reply::Done
    }

    /// The nodes in the order in which they stand.
    fn rows<'a>(&self, state: &'a State) -> Vec<Row<'a>> {
        let mut rows = rows(state);
        if let Some((cell, falls)) = self.sort {
            let figure = self.figure();
            rows.sort_by(|a, b| match (a.median(&cell, figure), b.median(&cell, figure)) {
                (Some(a), Some(b)) if falls => b.total_cmp(&a),
                (Some(a), Some(b)) => a.total_cmp(&b),
                (a, b) => b.is_some().cmp(&a.is_some()),
            });
        }
        rows
    }

    /// The row of `rows` that is looked at.
    fn row(&self, rows: &[Row<'_>]) -> usize {
        self.at.row(&nodes(rows))
    }

    fn figure(&self) -> Figure {
        FIGURES[self.figure % FIGURES.len()]
    }

    fn columns(&self, rows: &[Row<'_>]) -> Vec<Cell> {
        let parts: Vec<Part<'_>> = rows.iter().filter_map(Row::part).collect();
        cells(&parts, self.figure())
    }

    /// Does what `action` means here; `Err` holds the run that is to be looked at.
    pub(super) fn act(&mut self, action: Action, state: &State) -> Result<Reply, RunId> {
        let rows = self.rows(state);
        let mut row = self.row(&rows);
        let moved = super::walk::moved(&mut row, action, rows.len());
        self.at.set(row, &nodes(&rows));
        if moved {
            return Ok(Reply::Done);
        }
        let columns = self.columns(&rows).len().saturating_sub(1);
        self.column = self.column.min(columns);
        match action {
            Action::Left => self.column = self.column.saturating_sub(1),
            Action::Right => self.column = (self.column + 1).min(columns),
            Action::Sort => self.figure = (self.figure + 1) % FIGURES.len(),
            Action::Reverse => self.figure = (self.figure + FIGURES.len() - 1) % FIGURES.len(),
            Action::Back | Action::Fleet => self.open = false,
            Action::Enter => return self.enter(&rows),
            Action::Why => return Ok(self.why(&rows, state)),
            Action::Cancel => return Ok(cancel(state)),
            Action::Again => return Ok(self.again(&rows, state)),
            Action::Bench => {
                return Ok(Reply::Say(
                    "choose the nodes in tab 2; this is what came of some".into(),
                ));
            }
            _ => return Ok(Reply::Ignored),
        }
        Ok(Reply::Done)
    }

    /// Chooses what was clicked, and opens what was chosen already; `Err` holds the run that is to be
    /// looked at.
    pub(super) fn click(
        &mut self,
        at: Position,
        area: Rect,
        state: &State,
    ) -> Result<Reply, RunId> {
        let rows = self.rows(state);
        match draw::hit(self, at, area, state) {
            None => return Ok(Reply::Ignored),
            Some(Hit::Row(row)) if row == self.row(&rows) => return self.enter(&rows),
            Some(Hit::Row(row)) => self.at.set(row, &nodes(&rows)),
            Some(Hit::Head(column)) => self.sort_by(column, state),
        }
        Ok(Reply::Done)
    }

    /// Sorts by `column`, the other way round if that is so already; the cursor stays on its node.
    fn sort_by(&mut self, column: Option<Cell>, state: &State) {
        let rows = self.rows(state);
        let row = self.row(&rows);
        self.at.set(row, &nodes(&rows));
        self.sort = match (column, self.sort) {
            (Some(column), Some((before, falls))) if column == before => Some((column, !falls)),
            (column, _) => column.map(|column| (column, false)),
        };
    }

    fn enter(&mut self, rows: &[Row<'_>]) -> Result<Reply, RunId> {
        match rows.get(self.row(rows)).map(|row| row.place) {
            Some(Place::Run(id, Some(_))) => {
                self.open = false;
                Err(id.clone())
            }
            Some(Place::Run(_, None)) => Ok(Reply::Say("it has not begun yet".into())),
            Some(Place::LeftOut(why)) => Ok(Reply::Say(why.clone())),
            None => Ok(Reply::Done),
        }
    }

    /// Why the node under the cursor takes no part, or what is not alike about it.
    fn why(&self, rows: &[Row<'_>], state: &State) -> Reply {
        let Some(row) = rows.get(self.row(rows)) else { return Reply::Ignored };
        let words = match row.place {
            Place::LeftOut(why) => format!("{}: {why}", row.node),
            Place::Run(..) => {
                let lost = lost(row, state).map(|why| format!("it does not answer: {why}"));
                let unlike = differences(first(state), row);
                let all: Vec<String> = lost.into_iter().chain(unlike).collect();
                if all.is_empty() { "it is like the first".to_owned() } else { all.join(" · ") }
            }
        };
        Reply::Say(words.into())
    }

    /// The same on the same nodes, in a new order of cells.
    fn again(&mut self, rows: &[Row<'_>], state: &State) -> Reply {
        if state.fleet_live().next().is_some() {
            return Reply::Say("it is going on; wait, or cancel it".into());
        }
        let Some(head) = rows.iter().find_map(|row| Some(&row.run()?.head)) else {
            return Reply::Say("nothing of it is known to repeat".into());
        };
        let mut plan = head.plan.clone();
        plan.seed = super::choice::seed(state.now);
        let nodes = rows.iter().map(|row| row.node.clone()).collect();
        self.expect(state);
        Reply::Wish(Command::BenchOn { nodes, plan: Box::new(plan) })
    }

    /// Keys worth naming.
    pub(super) fn hints(state: &State) -> &'static [Action] {
        use Action::{Again, Back, Cancel, Enter, Sort, Why};
        if state.fleet_live().next().is_some() {
            &[Cancel, Enter, Sort, Why, Back]
        } else {
            &[Again, Enter, Sort, Why, Back]
        }
    }

    pub(super) fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        draw::draw(self, frame.buffer_mut(), area, state, look);
    }
}

/// The first node that is known, beside which the others are set.
fn first(state: &State) -> Option<Row<'_>> {
    rows(state).into_iter().find(|row| row.run().is_some())
}

/// What is not alike about `row` beside `first`.
fn differences(first: Option<Row<'_>>, row: &Row<'_>) -> Vec<String> {
    let first = first.and_then(|row| Some((row.node, row.run()?)));
    let (Some((node, first)), Some(run)) = (first, row.run()) else {
        return Vec::new();
    };
    let unlike = unlike(&first.head, &run.head).into_iter();
    unlike.map(|one| format!("{}: {} here, {} on {node}", one.what, one.other, one.base)).collect()
}

/// Ends it on every node, after a question.
fn cancel(state: &State) -> Reply {
    let live: Vec<_> = state.fleet_live().collect();
    match live.as_slice() {
        [] => wish::cancel(state),
        all => Reply::AskAll {
            question: format!(
                "Cancel the benchmark on {}? What each has stays.",
                crate::tui::widget::value::many(all.len(), "node")
            )
            .into(),
            then: all.iter().map(|(_, id)| Command::Cancel((*id).clone())).collect(),
        },
    }
}
