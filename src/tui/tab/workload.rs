//! Workloads of a window of time: how many, how many went well, how long each backend took. Of this
//! machine and of every node that tells.
//!
//! The numbers are those that `GET /v1/stats` gives; nothing is counted here but sums over nodes.

use std::cell::Cell;

use ratatui::buffer::Buffer;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;

use crate::model::id::SourceId;
use crate::model::reading::Reading;
use crate::model::unit::{Ratio, Seconds};
use crate::model::workload::{BackendFigures, Slot, Spell, Status, Window, Workloads};
use crate::state::{Part, State};
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::tab::done::Standing;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sparkline::Sparkline;
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{fixed, grid, value};

/// Rows of backends that a panel asks room for.
const ROWS: usize = 6;
/// Columns from which on the course over time stands beside the sum.
const WIDE: u16 = 56;
/// Lines of how they stand, which a panel with room for them has.
const LATELY: u16 = 3;

/// What is looked at.
#[derive(Debug, Default)]
pub(super) struct View {
    window: Window,
    /// Where it was drawn last.
    at: Cell<Rect>,
}

/// A backend of a node.
struct Row<'a> {
    node: &'a SourceId,
    of: &'a BackendFigures,
}

const COLUMNS: [Column; 6] = [
    Column::words("BACKEND", 10, 0).grows(),
    Column::numbers("COUNT", 7, 0),
    Column::numbers("GOOD", 7, 1),
    Column::numbers("MEAN", 8, 2),
    Column::numbers("P95", 8, 3),
    Column::words("NODE", 10, 4),
];

/// Whether any node tells of workloads over time.
pub(super) fn is_known(state: &State) -> bool {
    all(state).next().is_some()
}

/// Who tells of workloads over time, and what.
fn all(state: &State) -> impl Iterator<Item = (&SourceId, &Workloads)> {
    let told = |(id, node)| {
        let node: &crate::state::Node = node;
        let (_, workloads) = node.workloads.as_ref()?;
        (!workloads.spells.is_empty()).then_some((id, &**workloads))
    };
    state.telling(Part::Workloads).filter_map(told)
}

impl View {
    /// Goes on to the next window.
    pub(super) const fn next(&mut self) {
        self.window = self.window.next();
    }

    /// Goes on where the panel was clicked.
    pub(super) fn click(&mut self, column: u16, row: u16) -> bool {
        let hit = self.at.get().contains((column, row).into());
        if hit {
            self.next();
        }
        hit
    }

    /// It is not drawn, so there is nothing to click.
    pub(super) fn hide(&self) {
        self.at.set(Rect::default());
    }

    /// Rows it takes with its frame; none where nobody tells.
    pub(super) fn wanted(&self, state: &State) -> u16 {
        if !is_known(state) {
            return 0;
        }
        grid::narrow(self.rows(state).len().clamp(1, ROWS) + 4) + LATELY
    }

    /// The window's workloads of each node.
    fn spells<'a>(&self, state: &'a State) -> impl Iterator<Item = (&'a SourceId, &'a Spell)> {
        let window = self.window;
        all(state).filter_map(move |(id, told)| {
            Some((id, told.spells.iter().find(|spell| spell.window == window)?))
        })
    }

    /// Each backend of each node, those with most first.
    fn rows<'a>(&self, state: &'a State) -> Vec<Row<'a>> {
        let of = |(node, spell): (&'a SourceId, &'a Spell)| {
            spell.by_backend.iter().map(move |of| Row { node, of })
        };
        let mut rows: Vec<Row<'a>> = self.spells(state).flat_map(of).collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.of.count));
        rows
    }

    /// What was ordered in each slot up to now, over all nodes.
    fn slots(&self, state: &State, look: &Look<'_>) -> Vec<Slot> {
        let (minutes, count) = self.window.slots();
        let from_ms = self.window.from_ms(look.now.wall_ms);
        let mut slots: Vec<Slot> =
            (0..count).map(|number| Slot { number, ..Slot::default() }).collect();
        for (_, spell) in self.spells(state) {
            let moved = spell.from_ms.saturating_sub(from_ms).div_euclid(minutes * 60_000);
            for told in &spell.slots {
                let at = usize::try_from(i64::from(told.number) + moved).ok();
                if let Some(slot) = at.and_then(|at| slots.get_mut(at)) {
                    slot.count += told.count;
                    slot.succeeded += told.succeeded;
                    slot.failed += told.failed;
                }
            }
        }
        slots
    }

    /// How the window was, in a line; nothing where nobody tells.
    pub(super) fn line(&self, state: &State, look: &Look<'_>) -> Option<Line<'static>> {
        is_known(state).then(|| {
            let mut spans = vec![Span::styled(
                format!(" Workloads, {}: ", self.window.words()),
                look.theme.muted,
            )];
            spans.extend(self.sum(state, look));
            spans.into()
        })
    }

    /// The figures of `backend` on this machine in words; nothing where it had none.
    pub(super) fn words(&self, state: &State, backend: &str) -> Option<String> {
        let local = SourceId::local();
        let rows = self.rows(state);
        let row =
            rows.iter().find(|row| *row.node == local && row.of.backend.as_str() == backend)?;
        let time = |seconds: Option<Seconds>| {
            seconds.map_or_else(|| value::MISSING.to_owned(), |seconds| seconds.to_string())
        };
        let of = row.of;
        Some(format!(
            "{}: {}, {} good, mean {}, p95 {}",
            self.window.words(),
            of.count,
            value::percent(of.success),
            time(of.mean_seconds),
            time(of.p95_seconds)
        ))
    }

    /// Count, success, failures, and how many run.
    fn sum(&self, state: &State, look: &Look<'_>) -> Vec<Span<'static>> {
        let slots = self.slots(state, look);
        let sum = |of: fn(&Slot) -> u64| slots.iter().map(of).sum::<u64>();
        let (count, good, failed) =
            (sum(|slot| slot.count), sum(|slot| slot.succeeded), sum(|slot| slot.failed));
        let (text, muted) = (look.theme.text, look.theme.muted);
        if count == 0 {
            return vec![Span::styled("none", muted)];
        }
        let mut spans = vec![Span::styled(count.to_string(), look.theme.accent)];
        if let Some(share) = Ratio::of(good as f64, (good + failed) as f64) {
            spans.push(Span::styled(format!(" · {share} good"), text));
        }
        if failed > 0 {
            spans.push(Span::styled(format!(" · {failed} failed"), look.theme.bad));
        }
        let running = all(state).flat_map(|(_, told)| &told.by_status);
        let running = running.filter(|(status, _)| *status == Status::Running);
        let running: u64 = running.map(|(_, count)| count).sum();
        if running > 0 {
            spans.push(Span::styled(format!(" · {running} running"), text));
        }
        spans
    }

    /// Draws the panel.
    pub(super) fn draw(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        self.at.set(area);
        let key = look.key(Action::Window);
        let (first, second) = (self.window.words(), self.window.next().words());
        let aside = if area.width < 44 {
            format!("{first} · {key}")
        } else {
            format!("{first} · {key} {second}")
        };
        let inside = Panel::new("Workloads").aside(aside).open(area, buffer, look);
        let lines = standing(state, look).lines(usize::from(inside.width), look);
        let lately = grid::narrow(lines.len());
        let lately = if inside.height >= lately + 4 { lately } else { 0 };
        let rows = [Constraint::Length(1), Constraint::Length(lately), Constraint::Fill(1)];
        let [head, below, table] = Layout::vertical(rows).areas(inside);
        panel::lines(lines, below, buffer);
        let rows = self.rows(state);
        self.head(head, buffer, state, look);
        if rows.is_empty() {
            let words = empty(state, table.width, look);
            return panel::lines(words, table, buffer);
        }
        let many = all(state).count() > 1;
        let columns = if many { &COLUMNS[..] } else { &COLUMNS[..COLUMNS.len() - 1] };
        let table_of = Table {
            columns,
            hidden: &[],
            sort: None,
            rows: rows.len(),
            cursor: None,
            focused: false,
        };
        table_of.draw(table, buffer, look, &|row, column, _| cell(&rows[row], column, look));
    }

    /// The sum, and beside it how many were ordered over time.
    fn head(&self, area: Rect, buffer: &mut Buffer, state: &State, look: &Look<'_>) {
        let sum = self.sum(state, look);
        let used = grid::narrow(sum.iter().map(Span::width).sum::<usize>() + 2);
        Line::from(sum).render(area, buffer);
        let room = area.width.saturating_sub(used);
        if area.width < WIDE && room < 12 {
            return;
        }
        let columns = usize::from(room).min(60);
        let slots = self.slots(state, look);
        let counts = fold(&slots, columns);
        let most = counts.iter().flatten().fold(0.0, |most: f64, count| most.max(*count));
        if most <= 0.0 {
            return;
        }
        let style = |_| look.theme.series[0];
        let course = Sparkline { values: &counts, max: most, style: &style, glyph: look.glyph };
        let width = grid::narrow(counts.len());
        course.render(Rect { x: area.right() - width.min(room), width, ..area }, buffer);
    }
}

/// How they stand now and what became of them of late, in the words that agents have.
fn standing(state: &State, look: &Look<'_>) -> Standing {
    let of = |told: &Workloads| {
        let count = |wanted| {
            let found = told.by_status.iter().find(|(status, _)| *status == wanted);
            (!told.by_status.is_empty()).then(|| found.map_or(0.0, |(_, count)| *count as f64))
        };
        let (active, queue) = (count(Status::Running), count(Status::Pending));
        Standing::of(active, &oldest(told, look.now.wall_ms), queue, &told.done)
    };
    all(state).map(|(_, told)| of(told)).fold(Standing::default(), Standing::and)
}

/// Age of the oldest that runs: it grows where nothing new is told.
fn oldest(told: &Workloads, now_ms: i64) -> Reading<Seconds> {
    let running = told.latest.iter().filter(|one| one.status == Status::Running);
    let begun = running.filter_map(|one| one.started_ms).min();
    let seen = begun.map(|begun| now_ms.saturating_sub(begun).max(0) as f64 / 1e3);
    told.oldest_seconds.clone().map(|age| Seconds(seen.map_or(age.0, |seen| seen.max(age.0))))
}

/// Counts in at most `columns` columns, the latest on the right; nothing where nothing was ordered.
fn fold(slots: &[Slot], columns: usize) -> Vec<Option<f64>> {
    let each = slots.len().div_ceil(columns.max(1)).max(1);
    let sum = |slots: &[Slot]| slots.iter().map(|slot| slot.count).sum::<u64>();
    let folded = slots.rchunks(each).map(sum).map(|count| (count > 0).then_some(count as f64));
    let mut folded: Vec<Option<f64>> = folded.collect();
    folded.reverse();
    folded
}

/// What is said where the window is empty.
fn empty(state: &State, width: u16, look: &Look<'_>) -> Vec<Line<'static>> {
    let total: u64 = all(state).filter_map(|(_, told)| told.total).sum();
    let words = if total > 0 {
        format!("None was ordered in this time; {total} before.")
    } else {
        "None yet: `isomon exec` runs one here, `isomon serve --allow-exec` takes them.".to_owned()
    };
    let lines = fixed::wrap(&words, usize::from(width)).into_iter();
    lines.map(|line| Line::styled(line, look.theme.muted)).collect()
}

fn cell(row: &Row<'_>, column: usize, look: &Look<'_>) -> Vec<Span<'static>> {
    let (of, text) = (row.of, look.theme.text);
    vec![match column {
        0 => Span::styled(of.backend.to_string(), text),
        1 => Span::styled(of.count.to_string(), text),
        2 => {
            let style = match of.success {
                Some(share) if share.fraction() < 0.9 => look.theme.bad,
                Some(share) if share.fraction() < 0.99 => look.theme.warn,
                _ => text,
            };
            value::maybe(of.success, style, look)
        }
        3 => value::maybe(of.mean_seconds, text, look),
        4 => value::maybe(of.p95_seconds, text, look),
        _ => Span::styled(row.node.to_string(), look.theme.muted),
    }]
}
