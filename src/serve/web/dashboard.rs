//! `/`: how one figure of one column went over the latest runs of a workflow.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Page;
use super::axis::figure;
use super::chart::{Line, Picture};
use super::choice::titled;
use super::form::{self, Pairs};
use super::frame::{self, empty};
use super::markup::{Cell, Markup};
use super::runs::{self, class, when};
use crate::model::workflow::result::{ColumnView, Figures};
use crate::serve::result::loaded::{Desk, Loaded};
use crate::serve::result::results;
use crate::serve::{Answer, Ask, Context};
use crate::store::result::shelf::Brief;

/// Runs looked at unless said, and at most.
const RUNS: usize = 8;
const MOST: usize = 50;
/// Any workflow.
const ANY: &str = "";

/// What can be drawn over the runs: the name in a form, its words, and how it is read off.
type Metric = (&'static str, &'static str, fn(&Figures) -> f64);

const METRICS: [Metric; 6] = [
    ("mean", "Mean", |of| of.mean),
    ("median", "Median", |of| of.median),
    ("p95", "P95", |of| of.p95),
    ("p99", "P99", |of| of.p99),
    ("min", "Min", |of| of.min),
    ("max", "Max", |of| of.max),
];

/// What the page shows.
struct Board {
    /// Every workflow.
    names: BTreeSet<String>,
    /// The one that is shown; [`ANY`] for all.
    name: String,
    /// Tables of the runs, and the one that is shown.
    files: BTreeSet<String>,
    file: String,
    /// The runs, earliest first.
    runs: Vec<Loaded>,
    /// Columns of the table, and the one that is shown.
    columns: Vec<String>,
    column: String,
}

pub(super) async fn page(context: Arc<Context>, ask: Ask<Pairs>) -> Answer<Page> {
    let pairs = ask.query.clone();
    let board = results(&context)?.look(move |desk| Board::read(desk, &pairs)).await?;
    Ok(frame::page("Dashboard", "/", |out| {
        out.leaf("h1", &[], "Dashboard");
        match board {
            None => runs::none(out),
            Some(board) => board.put(out, &ask.query),
        }
    }))
}

impl Board {
    /// What `pairs` choose; `None` where there are no runs.
    fn read(desk: &Desk, pairs: &Pairs) -> Option<Self> {
        let all = desk.briefs();
        let names: BTreeSet<String> = all.iter().map(|run| run.benchmark_name.clone()).collect();
        let latest = all.first()?.benchmark_name.clone();
        // Unless all are asked for, runs are of one workflow: others mean something else by the same name.
        let name = match pairs.all("workflow").next() {
            Some(ANY) => ANY.to_owned(),
            Some(name) if names.contains(name) => name.to_owned(),
            _ => latest,
        };
        let wanted = |run: &&Arc<Brief>| name == ANY || run.benchmark_name == name;
        let most = pairs.number("last", (1, MOST), RUNS);
        let ids: Vec<String> =
            all.iter().filter(wanted).take(most).map(|run| run.id.clone()).collect();
        let files: BTreeSet<String> = ids.iter().flat_map(|id| desk.names(id)).collect();
        let chosen = pairs.first("output").filter(|file| files.contains(*file)).map(str::to_owned);
        let file = chosen.or_else(|| files.first().cloned()).unwrap_or_default();
        let runs: Vec<Loaded> =
            ids.iter().rev().filter_map(|id| desk.load(id, |other| other == file)).collect();
        let columns = columns(&runs, &file);
        let column = pairs.first("column").filter(|name| columns.iter().any(|other| other == name));
        let first = || columns.iter().find(|name| !name.contains("time")).or(columns.first());
        let column = column.map(str::to_owned).or_else(|| first().cloned()).unwrap_or_default();
        Some(Self { names, name, files, file, runs, columns, column })
    }

    /// The column that is shown, in `run`.
    fn of<'a>(&self, run: &'a Loaded) -> Option<&'a ColumnView> {
        let columns = &run.table(&self.file)?.columns;
        columns.iter().find(|column| column.name.as_str() == self.column)
    }

    fn put(&self, out: &mut Markup, pairs: &Pairs) {
        let metric = METRICS.iter().find(|metric| pairs.first("metric") == Some(metric.0));
        let metric = metric.unwrap_or(&METRICS[0]);
        self.form(out, metric.0, pairs.number("last", (1, MOST), RUNS));
        if self.files.is_empty() {
            let words = "These runs have no tables. A stage keeps one as an output whose path ends in .csv:";
            let command = "stages:\n  - name: load\n    command: ./load.sh\n    outputs:\n      - name: results\n        remote_path: /tmp/results.csv";
            empty(out, words, command);
        } else {
            self.picture(metric).put(out);
        }
        self.table(out);
        out.node("p", &[], |out| out.leaf("a", &[("href", "/runs")], "Every run"));
    }

    fn form(&self, out: &mut Markup, metric: &str, last: usize) {
        form::form(out, "/", "Show", |out| {
            let any = [(ANY.to_owned(), "every workflow".to_owned())];
            let mut names = form::plain(self.names.iter().map(String::as_str));
            names.extend(any);
            form::select(out, "workflow", "Workflow", &names, &self.name);
            let files = form::plain(self.files.iter().map(String::as_str));
            form::select(out, "output", "Table", &files, &self.file);
            let columns = form::plain(self.columns.iter().map(String::as_str));
            form::select(out, "column", "Column", &columns, &self.column);
            let metrics = METRICS.map(|(name, words, _)| (name.to_owned(), words.to_owned()));
            form::select(out, "metric", "Figure", &metrics, metric);
            form::number(out, "last", "Latest runs", (1, MOST), last);
        });
    }

    fn picture(&self, metric: &Metric) -> Picture {
        let (mut line, mut y) =
            (Line { name: metric.1.to_owned(), ..Line::default() }, String::new());
        for run in &self.runs {
            let (Some(column), Some(started)) = (self.of(run), run.brief.started()) else {
                continue;
            };
            let Some(figures) = &column.figures else { continue };
            y = titled(column);
            line.points.push((started.as_millisecond() as f64 / 1e3, metric.2(figures)));
            line.marks.push(format!("run {}, {}", run.brief.id, when(&run.brief.start_time)));
        }
        let title = format!("{} of {} in {}", metric.1, self.column, self.file);
        Picture { title, x: "start of the run".to_owned(), time: true, y, lines: vec![line] }
    }

    fn table(&self, out: &mut Markup) {
        let heads =
            ["Run", "Began", "Status", "Count", "Min", "Mean", "Median", "P95", "P99", "Max"];
        let rows = self.runs.iter().rev().map(|run| {
            let mut row = vec![
                Cell::Link(runs::to(&run.brief.id), run.brief.id.clone()),
                Cell::Text(when(&run.brief.start_time)),
                Cell::Badge(class(run.brief.status), run.brief.status.word().to_owned()),
            ];
            row.extend(figures(self.of(run)).map(Cell::Text));
            row
        });
        let caption = format!("{} of the latest runs", self.column);
        out.table(&caption, &heads, |at| at > 2, rows);
    }
}

/// The numeric columns of table `file`, in the order of the latest run.
fn columns(runs: &[Loaded], file: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let views = runs.iter().rev().filter_map(|run| run.table(file));
    for column in views.flat_map(|view| &view.columns).filter(|column| column.figures.is_some()) {
        if names.iter().all(|name| name != column.name.as_str()) {
            names.push(column.name.to_string());
        }
    }
    names
}

/// Count, smallest, mean, median, 95 %, 99 % and largest, as they are written.
pub(super) fn figures(column: Option<&ColumnView>) -> [String; 7] {
    let Some((column, of)) = column.and_then(|column| Some((column, column.figures?))) else {
        return std::array::from_fn(|_| "—".to_owned());
    };
    let values = [of.min, of.mean, of.median, of.p95, of.p99, of.max].map(figure);
    let [min, mean, median, p95, p99, max] = values;
    [column.count.to_string(), min, mean, median, p95, p99, max]
}
