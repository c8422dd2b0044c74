//! `/compare`: runs of workflows side by side.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Page;
use super::axis::figure;
use super::choice::{Choice, is_time};
use super::form::{self, Pairs};
use super::frame::{self, empty};
use super::markup::{Cell, Markup};
use super::run::{percent, picture};
use super::runs::{self, took, when};
use crate::serve::result::compare::{Compared, Comparison, MOST, compare, ids};
use crate::serve::result::loaded::{Desk, Loaded};
use crate::serve::result::own::matches;
use crate::serve::result::results;
use crate::serve::{Answer, Ask, Context};
use crate::store::result::shelf::Brief;

/// Runs that are compared unless some are named.
const LATEST: usize = 3;
/// Runs offered to be ticked.
const OFFERED: usize = 20;

/// What is said of every run: its name, and how it is read off.
type Fact = (&'static str, fn(&Brief) -> String);

/// What the page shows.
struct Side {
    runs: Vec<Loaded>,
    missing: Vec<String>,
    /// Runs to choose from.
    offered: Vec<Arc<Brief>>,
    /// Whether there are any runs at all.
    any: bool,
}

pub(super) async fn page(context: Arc<Context>, ask: Ask<Pairs>) -> Answer<Page> {
    let pairs = ask.query;
    results(&context)?.look(move |desk| drawn(desk, &Side::read(desk, &pairs), &pairs)).await
}

fn drawn(desk: &Desk, side: &Side, pairs: &Pairs) -> Page {
    frame::page("Compare", "/compare", |out| {
        out.leaf("h1", &[], "Compare runs");
        if !side.any {
            return runs::none(out);
        }
        side.picker(out, pairs.first("search").unwrap_or_default());
        for id in &side.missing {
            out.leaf("p", &[("class", "failure")], &format!("There is no run {id}."));
        }
        if side.runs.is_empty() {
            return empty(out, "No run is chosen. Tick some above.", "");
        }
        let compared = compare(&side.runs);
        side.metadata(out, &compared);
        side.columns(out, &compared);
        side.tables(out, desk, pairs);
        side.pictures(out);
    })
}

impl Side {
    fn read(desk: &Desk, pairs: &Pairs) -> Self {
        let all = desk.briefs();
        let mut wanted = ids(pairs.all("runs"));
        if wanted.is_empty() {
            wanted = all.iter().take(LATEST).map(|run| run.id.clone()).collect();
        }
        let search = pairs.first("search").unwrap_or_default();
        let chosen = |run: &&Arc<Brief>| wanted.contains(&run.id);
        let others = all.iter().filter(|run| !chosen(run) && matches(run, search));
        let offered = all.iter().filter(chosen).chain(others.take(OFFERED)).cloned().collect();
        let mut side =
            Self { runs: Vec::new(), missing: Vec::new(), offered, any: !all.is_empty() };
        for id in wanted.iter().take(MOST) {
            match desk.load(id, |_| true) {
                Some(run) => side.runs.push(run),
                None => side.missing.push(id.clone()),
            }
        }
        side
    }

    fn ids(&self) -> Vec<String> {
        self.runs.iter().map(|run| run.brief.id.clone()).collect()
    }

    fn picker(&self, out: &mut Markup, search: &str) {
        let mut given = vec![("class", "picker")];
        given.extend((!search.is_empty()).then_some(("open", "")));
        out.node("details", &given, |out| {
            out.leaf("summary", &[], "Choose runs");
            form::form(out, "/compare", "Search", |out| {
                form::hidden(out, "runs", &self.ids().join(","));
                form::field(out, "search", "Search", search, "id, workflow, key=value");
            });
            let words = format!("Compare what is ticked (at most {MOST})");
            form::form(out, "/compare", &words, |out| {
                runs::table(out, &self.offered, &self.ids());
            });
        });
    }

    fn metadata(&self, out: &mut Markup, compared: &Comparison) {
        out.leaf("h2", &[], "What is said of them");
        let mut heads = vec![String::new()];
        heads.extend(self.ids().iter().map(|id| format!("run {id}")));
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let links =
            self.runs.iter().map(|run| Cell::Link(runs::to(&run.brief.id), run.brief.id.clone()));
        let mut rows = vec![std::iter::once(Cell::Text("Run".to_owned())).chain(links).collect()];
        let own: [Fact; 4] = [
            ("Workflow", |run| run.benchmark_name.clone()),
            ("Began", |run| when(&run.start_time)),
            ("Took", took),
            ("Status", |run| run.status.word().to_owned()),
        ];
        for (name, of) in own {
            let cells = compared.runs.iter().map(|run| Cell::Text(of(run)));
            rows.push(std::iter::once(Cell::Text(name.to_owned())).chain(cells).collect());
        }
        for said in &compared.metadata {
            let first = said.values.first().cloned().flatten();
            let cell = |value: &Option<String>| {
                let text = value.clone().unwrap_or_else(|| "—".to_owned());
                if *value == first { Cell::Text(text) } else { Cell::Other(text) }
            };
            let name = std::iter::once(Cell::Text(said.name.clone()));
            rows.push(name.chain(said.values.iter().map(cell)).collect());
        }
        out.table("Metadata of the runs", &heads, |_| false, rows);
    }

    /// The medians of every column, and how they changed.
    fn columns(&self, out: &mut Markup, compared: &Comparison) {
        if compared.columns.is_empty() {
            return;
        }
        out.leaf("h2", &[], "Medians");
        let mut heads = vec!["Table".to_owned(), "Column".to_owned()];
        for (at, run) in compared.runs.iter().enumerate() {
            heads.push(format!("run {}", run.id));
            heads.extend((at > 0).then(|| "change".to_owned()));
        }
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        // That a run began later is no figure of it.
        let is_time = |column: &&Compared| {
            let view = self.runs.iter().find_map(|run| run.table(&column.file));
            view.is_some_and(|view| is_time(view, column.column.as_str()))
        };
        let rows = compared.columns.iter().filter(|column| !is_time(column)).map(row);
        out.table("Medians of the columns", &heads, |at| at > 1, rows);
        let words = "A change is against the first run. Whether it is more than chance, repetitions tell: `repeat:`.";
        out.leaf("p", &[("class", "sub")], words);
    }

    /// Every table, with a line for each run that has it.
    fn tables(&self, out: &mut Markup, desk: &Desk, pairs: &Pairs) {
        let all = self.runs.iter().flat_map(|run| &run.tables);
        let names: BTreeSet<&String> = all.map(|(name, _)| name).collect();
        for (at, file) in names.into_iter().enumerate() {
            let anchor = format!("data-{}", at + 1);
            out.leaf("h2", &[("id", &anchor)], file);
            let Some(first) = self.runs.iter().find_map(|run| run.table(file)) else {
                empty(
                    out,
                    "It cannot be shown of any of these runs; the page of a run says why.",
                    "",
                );
                continue;
            };
            let choice = Choice::read(pairs, file);
            let ids = self.ids().join(",");
            choice.form(
                out,
                &format!("/compare#{anchor}"),
                first,
                &[("runs", &ids), ("file", file)],
            );
            choice.draw(out, desk, file, &self.runs);
        }
    }

    /// Pictures of the same name side by side.
    fn pictures(&self, out: &mut Markup) {
        let names: BTreeSet<&str> = self.runs.iter().flat_map(Loaded::pictures).collect();
        if !names.is_empty() {
            out.leaf("h2", &[], "Pictures");
        }
        for name in names {
            out.leaf("h3", &[], name);
            out.node("div", &[("class", "pictures")], |out| {
                for run in &self.runs {
                    let id = &run.brief.id;
                    if run.pictures().any(|other| other == name) {
                        picture(out, id, name, &format!("run {id}"));
                    } else {
                        out.leaf("p", &[("class", "empty")], &format!("run {id} has none"));
                    }
                }
            });
        }
    }
}

fn row(column: &Compared) -> Vec<Cell> {
    let unit = column.unit.as_ref().map(|unit| format!(" ({unit})")).unwrap_or_default();
    let mut row =
        vec![Cell::Text(column.file.clone()), Cell::Text(format!("{}{unit}", column.column))];
    for (at, (figures, change)) in column.figures.iter().zip(&column.change_percent).enumerate() {
        let median = figures.map_or_else(|| "—".to_owned(), |figures| figure(figures.median));
        row.push(Cell::Text(median));
        let change = change.map_or_else(|| "—".to_owned(), percent);
        row.extend((at > 0).then_some(Cell::Text(change)));
    }
    row
}
