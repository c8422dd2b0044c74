//! Every run and job in one table; what is known of the one under the cursor stands below it.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};

use super::entry::{self, Entry, HERE, Key, entries};
use super::mark;
use super::shelf::Shelf;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::panel::{self, Panel};
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Cell, Column, Table};
use crate::tui::widget::{fixed, grid, notice, value};

/// From this height on what is known of a run stands below the table.
const TALL: u16 = 16;
/// Rows of what stands below.
const BELOW: u16 = 6;
/// Places that cannot be read, of which each has a line.
const MOST_UNREAD: u16 = 3;
/// Columns from which an id is written out.
const WHOLE: usize = 24;

/// What each row shows.
pub(super) const COLUMNS: [Column; 13] = [
    Column::words("STATUS", 11, 0).by(entry::STATUS),
    Column::words("RUN", 14, 0).grows().by(entry::NAME),
    Column::words("KIND", 8, 5).by(entry::KIND),
    Column::words("WHERE", 10, 2).by(entry::WHERE),
    Column::numbers("AGE", 8, 1).by(entry::AGE),
    Column::numbers("TOOK", 8, 1).by(entry::TOOK),
    Column::numbers("DONE", 6, 1).by(entry::DONE),
    Column::numbers("LEFT", 7, 3).by(entry::LEFT),
    Column::numbers("STAGES", 6, 6).by(entry::STAGES),
    Column::numbers("WORKERS", 7, 7).by(entry::WORKERS),
    Column::numbers("RECORDS", 8, 4).by(entry::RECORDS),
    Column::numbers("FAILED", 6, 2).by(entry::FAILED),
    Column::words("WITH", 26, 8).by(entry::WITH),
];

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    pub(super) sheet: Sheet<Key>,
    /// Runs that are marked, the earliest mark first; two at most.
    pub(super) marked: Vec<Key>,
}

impl Default for View {
    fn default() -> Self {
        let mut sheet = Sheet::sorted_by(entry::AGE);
        // The youngest first.
        sheet.reversed = true;
        Self { sheet, marked: Vec::new() }
    }
}

impl View {
    /// Moves, sorts or marks.
    pub(super) fn act(&mut self, action: Action, state: &State, known: &Shelf) -> Reply {
        let all = entries(state, known, state.now);
        let rows = self.sheet.arrange(&all);
        match action {
            Action::Mark => {
                let reply = match self.sheet.current(&rows) {
                    Some(entry) => self.mark(entry),
                    None => Reply::Ignored,
                };
                self.sheet.act(Action::Down, &rows);
                reply
            }
            _ if self.sheet.act(action, &rows) => Reply::Done,
            _ => Reply::Ignored,
        }
    }

    /// Marks a run, or takes the mark away. What is marked is fetched, to be compared.
    fn mark(&mut self, entry: &Entry<'_>) -> Reply {
        if entry.run().is_none() {
            return Reply::Say(
                "jobs of other platforms hold no samples that could be compared".into(),
            );
        }
        let key = crate::tui::widget::field::Row::key(entry);
        if let Some(at) = self.marked.iter().position(|marked| *marked == key) {
            self.marked.remove(at);
            return Reply::Done;
        }
        if self.marked.len() == 2 {
            self.marked.remove(0);
        }
        self.marked.push(key.clone());
        match super::deed::fetch(&key, entry.known()) {
            Some(command) => Reply::Wish(command),
            None => Reply::Done,
        }
    }

    /// Calls `look_at` with the row under the cursor.
    pub(super) fn under<T>(
        &self,
        state: &State,
        known: &Shelf,
        look_at: impl FnOnce(&Entry<'_>) -> T,
    ) -> Option<T> {
        let all = entries(state, known, state.now);
        let rows = self.sheet.arrange(&all);
        self.sheet.current(&rows).map(look_at)
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.sheet.filter::<Entry<'_>>(text);
    }

    /// Chooses the row that was clicked, or sorts by its heading; whether the row was chosen before.
    pub(super) fn click(
        &mut self,
        at: Position,
        area: Rect,
        state: &State,
        known: &Shelf,
    ) -> Option<bool> {
        let all = entries(state, known, state.now);
        let rows = self.sheet.arrange(&all);
        let area = table_room(panel::inside(split(area).0), state);
        if !area.contains(at) {
            return None;
        }
        let table = self.table(&rows);
        match (table.field_at(at.x, at.y, area), table.row_at(at.y, area)) {
            (Some(field), _) => self.sheet.sort_by(field),
            (None, Some(row)) => {
                let again = self.sheet.position(&rows) == Some(row);
                self.sheet.select(row, &rows);
                return Some(again);
            }
            (None, None) => return None,
        }
        Some(false)
    }

    fn table(&self, rows: &[&Entry<'_>]) -> Table<'_> {
        self.sheet.table(&COLUMNS, rows, true)
    }

    pub(super) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        (state, known): (&State, &Shelf),
        look: &Look<'_>,
    ) {
        let all = entries(state, known, look.now);
        let rows = self.sheet.arrange(&all);
        let (upper, lower) = if rows.is_empty() { (area, Rect::default()) } else { split(area) };
        let inner = Panel::new("Runs")
            .aside(self.words(rows.len(), &all))
            .below(self.tips(look))
            .focused(true)
            .open(upper, buffer, look);
        let inner = unread(state, inner, buffer, look);
        if rows.is_empty() {
            return self.say_nothing(all.is_empty(), inner, buffer, look);
        }
        self.table(&rows).draw(inner, buffer, look, &|row, column, width| {
            cell(rows[row], column, width, self.is_marked(rows[row]), look)
        });
        if let Some(entry) = self.sheet.current(&rows).filter(|_| lower.height > 2) {
            preview(entry, lower, buffer, look);
        }
    }

    fn is_marked(&self, entry: &Entry<'_>) -> Option<bool> {
        let is = |key: &Key| crate::tui::widget::field::Row::is(entry, key);
        (!self.marked.is_empty()).then(|| self.marked.iter().any(is))
    }

    /// How many are shown and how many go on.
    fn words(&self, shown: usize, all: &[Entry<'_>]) -> String {
        let live = all.iter().filter(|entry| entry.status() == "running").count();
        let words = self.sheet.words(shown, all.len());
        if live > 0 { format!("{live} running · {words}") } else { words }
    }

    fn tips(&self, look: &Look<'_>) -> String {
        match self.marked.len() {
            0 => String::new(),
            1 => "1 marked, mark one more".to_owned(),
            _ => format!("2 marked, {} compares them", look.key(Action::Compare)),
        }
    }

    fn say_nothing(&self, none: bool, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
        if none {
            let how = format!(
                "{} in the tab Bench runs a benchmark, and `isomon run FILE` a workflow; it is seen \
                 here while it goes on and kept when it is over. `isomon init` writes a file to begin \
                 with. Jobs of other platforms and runs of other nodes stand here too, once those are \
                 watched (`--source URL`).",
                look.key(Action::Bench)
            );
            let how = if look.readonly {
                "Runs that are on disk, and those of the nodes that are watched, stand here."
                    .to_owned()
            } else {
                how
            };
            return notice::notice("No run yet", &[how], area, buffer, look);
        }
        let words = format!("{} takes the filter away.", look.key(Action::Back));
        let said = format!("Nothing matches “{}”", self.sheet.text);
        notice::notice(&said, &[words], area, buffer, look);
    }
}

/// What the table has of `inner`: below it stand the places that cannot be read.
fn table_room(inner: Rect, state: &State) -> Rect {
    let lines = grid::narrow(state.unread.len()).min(MOST_UNREAD).min(inner.height / 3);
    Rect { height: inner.height - lines, ..inner }
}

/// Names the places that cannot be read, since when and why; what is left of `inner`.
fn unread(state: &State, inner: Rect, buffer: &mut Buffer, look: &Look<'_>) -> Rect {
    let table = table_room(inner, state);
    let below = Rect { y: inner.y + table.height, height: inner.height - table.height, ..inner };
    let line = |(place, (since, why)): (&SourceId, &(Stamp, SafeText))| {
        let sign = look.glyph.pick("✗", "x");
        let began = when(since.wall_ms);
        let words = format!("{sign} {place} cannot be read since {began}: {why}");
        Line::styled(fixed::cut(&words, usize::from(inner.width)), look.theme.bad)
    };
    panel::lines(state.unread.iter().map(line), below, buffer);
    table
}

/// The table, and what stands below it.
const fn split(area: Rect) -> (Rect, Rect) {
    let below = if area.height >= TALL { BELOW } else { 0 };
    let upper = Rect { height: area.height - below, ..area };
    (upper, Rect { y: area.y + upper.height, height: below, ..area })
}

fn seconds(value: Option<f64>) -> String {
    value.map_or_else(|| value::MISSING.to_owned(), |seconds| Seconds(seconds).to_string())
}

fn count(value: Option<f64>) -> String {
    value.map_or_else(|| value::MISSING.to_owned(), |count| format!("{count:.0}"))
}

fn cell(
    entry: &Entry<'_>,
    column: usize,
    width: usize,
    marked: Option<bool>,
    look: &Look<'_>,
) -> Cell {
    let theme = look.theme;
    let plain = |text: String| vec![Span::styled(text, theme.text)];
    let muted = |text: String| vec![Span::styled(text, theme.muted)];
    match column {
        entry::STATUS => mark::spans(&entry.status(), width, look),
        entry::NAME => name(entry, width, marked, look),
        entry::KIND => muted(entry.kind().to_owned()),
        entry::WHERE if entry.place == HERE => muted(HERE.to_owned()),
        entry::WHERE => plain(entry.place.to_owned()),
        entry::AGE => muted(entry.age_seconds().map_or_else(
            || value::MISSING.to_owned(),
            |age| value::age(std::time::Duration::try_from_secs_f64(age).unwrap_or_default()),
        )),
        entry::TOOK => plain(seconds(entry.took())),
        entry::DONE => match entry.done() {
            Some(done) => plain(format!("{:.0} %", done.floor())),
            None => muted(value::MISSING.to_owned()),
        },
        entry::LEFT => muted(entry.left().map_or_else(String::new, |left| seconds(Some(left)))),
        entry::STAGES => muted(count(entry.stages())),
        entry::WORKERS => muted(count(entry.workers())),
        entry::RECORDS => match (entry.records(), entry.tasks()) {
            (Some(passed), Some(tasks)) => plain(format!("{passed:.0}/{tasks:.0}")),
            (records, _) => plain(count(records)),
        },
        entry::FAILED => match entry.failed() {
            Some(failed) if failed > 0.0 => vec![Span::styled(format!("{failed:.0}"), theme.bad)],
            failed => muted(count(failed)),
        },
        _ => muted(entry.parts()),
    }
}

/// Its name, else its id, in short where there is little room.
fn name(entry: &Entry<'_>, width: usize, marked: Option<bool>, look: &Look<'_>) -> Cell {
    let sign = match marked {
        None => "",
        Some(true) => "[x] ",
        Some(false) => "[ ] ",
    };
    let room = width.saturating_sub(sign.len());
    let id = entry.id();
    let short = entry.run().filter(|_| room < WHOLE).map_or(id, RunId::short);
    let text = entry.name().map_or(short, |name| name.as_str());
    let style = if entry.status() == "running" { look.theme.accent } else { look.theme.text };
    vec![Span::styled(sign, look.theme.accent), Span::styled(fixed::cut(text, room), style)]
}

/// What is known of a run, in a few lines.
fn preview(entry: &Entry<'_>, area: Rect, buffer: &mut Buffer, look: &Look<'_>) {
    let inner = Panel::new(entry.id()).aside(entry.place).open(area, buffer, look);
    let width = usize::from(inner.width);
    let status = entry.status();
    let (sign, style) = mark::mark(&status, look);
    let began = entry.started_ms().map(when).unwrap_or_default();
    let mut first = vec![Span::styled(format!("{sign} {status}"), style)];
    let took = entry.took().map(|took| {
        let word = if status == "running" { "for" } else { "took" };
        format!("{word} {}", Seconds(took))
    });
    let rest = [
        Some(entry.kind().to_owned()),
        entry.name().map(ToString::to_string),
        took,
        entry.left().map(|left| format!("about {} left", Seconds(left))),
        Some(began).filter(|began| !began.is_empty()).map(|began| format!("began {began}")),
    ];
    for words in rest.into_iter().flatten() {
        first.push(Span::styled(format!(" · {words}"), look.theme.text));
    }
    let parts = entry.parts();
    let named = (!parts.is_empty()).then(|| fixed::cut(&format!("with {parts}"), width));
    let note =
        entry.note().map(|note| Line::styled(fixed::cut(note.as_str(), width), look.theme.bad));
    let good = entry.records().map(|good| match entry.tasks() {
        Some(tasks) => format!("{good:.0} of {tasks:.0} tasks passed"),
        None => format!("{good:.0} good"),
    });
    let skipped = entry.skipped().filter(|skipped| *skipped > 0.0);
    let counts = [
        good,
        entry.failed().map(|failed| format!("{failed:.0} failed")),
        skipped.map(|skipped| format!("{skipped:.0} skipped")),
    ];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let tip = format!("{} opens it", look.key(Action::Enter));
    let last = [counts.join(", "), tip].join(if counts.is_empty() { "" } else { " · " });
    let lines = [
        Some(Line::from(first)),
        named.map(|named| Line::styled(named, look.theme.muted)),
        note,
        Some(Line::styled(last, look.theme.muted)),
    ];
    panel::lines(lines.into_iter().flatten(), inner, buffer);
}

/// A time of the wall clock, UTC.
pub(super) fn when(wall_ms: i64) -> String {
    jiff::Timestamp::from_millisecond(wall_ms).map_or_else(
        |_| value::MISSING.to_owned(),
        |at| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// Time of `now` since `wall_ms`.
pub(super) fn ago(wall_ms: i64, now: Stamp) -> String {
    let gone = now.wall_ms.saturating_sub(wall_ms).max(0);
    value::ago(std::time::Duration::from_millis(u64::try_from(gone).unwrap_or_default()))
}

/// Rows a list of `rows` needs with its heading.
pub(super) fn rows(rows: usize) -> u16 {
    grid::narrow(rows.saturating_add(1))
}
