//! Processes of a node: table or tree, the sandbox each belongs to.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::text::Span;

use super::tree::{self, Branch};
use crate::model::origin;
use crate::model::process::Process;
use crate::model::unit::BytesPerSecond;
use crate::state::Node;
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::field::{Field, Kind, Row, Value};
use crate::tui::widget::panel::Panel;
use crate::tui::widget::sheet::Sheet;
use crate::tui::widget::table::{Column, Table};
use crate::tui::widget::{notice, value};

pub(crate) const CPU: usize = 0;
pub(crate) const MEM: usize = 1;
pub(crate) const IO: usize = 2;
pub(crate) const PID: usize = 3;
pub(crate) const NAME: usize = 4;
const USER: usize = 5;
pub(crate) const SANDBOX: usize = 6;
const THREADS: usize = 7;
const STATE: usize = 8;
const COMMAND: usize = 9;

impl Row for Process {
    type Key = u32;
    const FIELDS: &'static [Field] = &[
        Field::new("cpu", Kind::Percent),
        Field::new("mem", Kind::Bytes),
        Field::new("io", Kind::Bytes),
        Field::new("pid", Kind::Number),
        Field::text("name"),
        Field::text("user"),
        Field::text("sandbox"),
        Field::new("threads", Kind::Number),
        Field::text("state"),
        Field::text("command"),
    ];
    const SORTED: usize = 7;

    fn key(&self) -> u32 {
        self.pid
    }

    fn value(&self, field: usize) -> Value<'_> {
        match field {
            CPU => self.cpu_cores.get().map(|cores| cores * 100.0).into(),
            MEM => Value::Number(self.memory_bytes.0 as f64),
            IO => io(self).into(),
            PID => Value::Number(f64::from(self.pid)),
            NAME => Value::text(self.name.as_str()),
            USER => Value::text(self.user.as_str()),
            SANDBOX => match sandbox(self) {
                Some(sandbox) => Value::Text(sandbox.into()),
                None => Value::Missing,
            },
            THREADS => Value::Number(f64::from(self.threads)),
            STATE => Value::Text(self.state.to_string().into()),
            _ => Value::text(self.command.as_str()),
        }
    }
}

/// Bytes a second read and written together.
fn io(process: &Process) -> Option<f64> {
    let read = process.read_bytes_per_second.get().into_iter();
    let both = read.chain(process.write_bytes_per_second.get());
    both.map(|rate| rate.0).reduce(|a, b| a + b)
}

fn sandbox(process: &Process) -> Option<String> {
    process.sandbox.as_ref().map(|sandbox| format!("{} {}", sandbox.engine, sandbox.name))
}

/// Processor time in percent of one core; the dash where it is not known.
pub(crate) fn cores(cores: Option<f64>, look: &Look<'_>) -> Span<'static> {
    let percent = cores.map(|cores| cores * 100.0);
    let text = percent.map(|percent| match percent {
        small if small < 9.95 => format!("{small:.1} %"),
        large => format!("{large:.0} %"),
    });
    let style = match percent {
        Some(percent) if percent >= 50.0 => look.theme.accent,
        _ => look.theme.text,
    };
    value::maybe(text, style, look)
}

/// What the table shows of field number `field`.
pub(crate) fn cell(process: &Process, field: usize, look: &Look<'_>) -> Span<'static> {
    let (text, muted) = (look.theme.text, look.theme.muted);
    match field {
        CPU => cores(process.cpu_cores.get(), look),
        MEM => Span::styled(process.memory_bytes.to_string(), text),
        IO => value::maybe(io(process).map(BytesPerSecond), text, look),
        PID => Span::styled(process.pid.to_string(), muted),
        NAME => Span::styled(process.name.to_string(), text),
        USER => Span::styled(process.user.to_string(), muted),
        SANDBOX => Span::styled(sandbox(process).unwrap_or_default(), look.theme.series[3]),
        THREADS => Span::styled(process.threads.to_string(), muted),
        STATE => Span::styled(process.state.to_string(), muted),
        _ if process.command.is_empty() => Span::styled(process.name.to_string(), text),
        _ => Span::styled(told(process.command.as_str()).to_owned(), text),
    }
}

/// A command without the directory of its program: the name is what tells processes apart.
fn told(command: &str) -> &str {
    if !command.starts_with(['/', '.']) {
        return command;
    }
    let end = command.find(' ').unwrap_or(command.len());
    let start = command.get(..end).and_then(|program| program.rfind('/')).map_or(0, |at| at + 1);
    command.get(start..).filter(|rest| !rest.is_empty()).unwrap_or(command)
}

const COLUMNS: [Column; 9] = [
    Column::numbers("PID", 7, 1).by(PID),
    Column::words("USER", 8, 3).by(USER),
    Column::words("S", 1, 5).by(STATE),
    Column::numbers("CPU", 7, 0).by(CPU),
    Column::numbers("MEMORY", 8, 1).by(MEM),
    Column::numbers("I/O", 10, 4).by(IO),
    Column::numbers("THR", 4, 6).by(THREADS),
    Column::words("SANDBOX", 20, 2).by(SANDBOX),
    Column::words("COMMAND", 16, 0).grows().by(NAME),
];

/// Why there are no processes of `node`.
fn nothing(node: &Node) -> &'static str {
    match node.origin.as_ref().map(|origin| origin.kind) {
        None | Some(origin::Kind::Local | origin::Kind::Isomon | origin::Kind::Ssh) => {
            "Processes have not been read yet"
        }
        Some(_) => "This source does not tell of processes",
    }
}

/// What is looked at.
#[derive(Debug)]
pub(super) struct View {
    sheet: Sheet<u32>,
    tree: bool,
}

impl Default for View {
    fn default() -> Self {
        Self { sheet: Sheet::sorted_by(CPU), tree: false }
    }
}

impl View {
    fn rows<'a>(&self, node: &'a Node) -> Vec<Branch<'a>> {
        let all = node.processes.iter().flat_map(|(_, processes)| processes);
        let rows = self.sheet.arrange(all);
        if self.tree { tree::grow(&rows) } else { rows.into_iter().map(|row| (row, 0)).collect() }
    }

    pub(super) fn act(&mut self, action: Action, node: &Node) -> Reply {
        let rows: Vec<_> = self.rows(node).into_iter().map(|(process, _)| process).collect();
        match action {
            Action::Tree => self.tree = !self.tree,
            Action::Back if !self.sheet.text.is_empty() => self.filter(""),
            Action::Copy => {
                let current = self.sheet.current(&rows);
                return current.map_or(Reply::Ignored, |row| Reply::Copy(row.command.to_string()));
            }
            _ if self.sheet.act(action, &rows) => {}
            _ => return Reply::Ignored,
        }
        Reply::Done
    }

    pub(super) fn arranged(&mut self) -> Arranged<'_> {
        self.sheet.arranged::<Process>("processes", &COLUMNS)
    }

    pub(super) fn filter(&mut self, text: &str) {
        self.sheet.filter::<Process>(text);
    }

    pub(super) fn click(&mut self, x: u16, y: u16, area: Rect, node: &Node) {
        let rows: Vec<_> = self.rows(node).into_iter().map(|(process, _)| process).collect();
        let table = self.table(&rows, true);
        if !area.contains(Position::new(x, y)) {
            return;
        }
        if let Some(field) = table.field_at(x, y, area) {
            self.sheet.sort_by(field);
        } else if let Some(row) = table.row_at(y, area) {
            self.sheet.select(row, &rows);
        }
    }

    /// Why values of the process under the cursor are missing.
    pub(super) fn gaps(&self, node: &Node) -> Vec<String> {
        let rows: Vec<_> = self.rows(node).into_iter().map(|(process, _)| process).collect();
        let Some(process) = self.sheet.current(&rows) else {
            return Vec::new();
        };
        let reasons = [
            process.cpu_cores.why().map(|why| format!("CPU of {}: {why}", process.pid)),
            process.read_bytes_per_second.why().map(|why| format!("I/O of {}: {why}", process.pid)),
        ];
        reasons.into_iter().flatten().collect()
    }

    fn table(&self, rows: &[&Process], focused: bool) -> Table<'_> {
        self.sheet.table(&COLUMNS, rows, focused)
    }

    pub(super) fn draw(
        &self,
        area: Rect,
        buffer: &mut Buffer,
        node: &Node,
        focused: bool,
        look: &Look<'_>,
    ) {
        let Some((_, all)) = &node.processes else {
            let area = Panel::new("Processes").focused(focused).open(area, buffer, look);
            notice::notice(nothing(node), &[], area, buffer, look);
            return;
        };
        let rows = self.rows(node);
        let title = if self.tree { "Processes · tree" } else { "Processes" };
        let sorted = Process::FIELDS[self.sheet.sort].name;
        let words = format!("{} · by {sorted}", self.sheet.words(rows.len(), all.len()));
        let area = Panel::new(title).aside(words).focused(focused).open(area, buffer, look);
        let plain: Vec<_> = rows.iter().map(|(process, _)| *process).collect();
        self.table(&plain, focused).draw(area, buffer, look, &|row, column, _| {
            let (process, depth) = rows[row];
            let field = [PID, USER, STATE, CPU, MEM, IO, THREADS, SANDBOX, COMMAND][column];
            let cell = cell(process, field, look);
            if field != COMMAND || depth == 0 {
                return vec![cell];
            }
            let twig = look.glyph.pick("└ ", "` ");
            let indent = "  ".repeat(depth.min(12) - 1);
            vec![Span::styled(format!("{indent}{twig}{}", cell.content), cell.style)]
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::origin::Origin;

    #[test]
    fn a_source_without_processes_is_not_waited_for() {
        let node = |kind| Node {
            origin: Some(Box::new(Origin { kind, ..Origin::default() })),
            ..Node::default()
        };
        assert_eq!(nothing(&Node::default()), nothing(&node(origin::Kind::Ssh)));
        let words = nothing(&node(origin::Kind::Prometheus));
        assert_eq!(words, "This source does not tell of processes");
    }
}
