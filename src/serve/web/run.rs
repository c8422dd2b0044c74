//! `/run/{id}`: a run of a workflow with all that is kept of it.

use std::sync::Arc;

use super::Page;
use super::choice::{Choice, is_time, titled};
use super::dashboard::figures;
use super::form::Pairs;
use super::frame::{self, empty};
use super::markup::{Cell, Markup, badge, pills, segment};
use super::runs::{self, class, took, when};
use crate::model::unit::Bytes;
use crate::model::workflow::result::{ColumnView, TableView};
use crate::serve::result::loaded::{Desk, Loaded};
use crate::serve::result::results;
use crate::serve::{Answer, Ask, Context, Problem};

mod stage;

pub(super) async fn page(context: Arc<Context>, ask: Ask<Pairs>) -> Answer<Page> {
    let id = ask.part("id").to_owned();
    let draw = move |desk: &Desk| Some(drawn(desk, &desk.load(&id, |_| true)?, &ask.query));
    let found = results(&context)?.look(draw).await?;
    found.ok_or_else(|| Problem::unknown("run not found; /runs lists every one"))
}

fn drawn(desk: &Desk, run: &Loaded, pairs: &Pairs) -> Page {
    frame::page(&format!("Run {}", run.brief.id), "/runs", |out| {
        head(out, run);
        stage::failure(out, run);
        stage::stages(out, run);
        statistics(out, run);
        tables(out, desk, run, pairs);
        pictures(out, run);
        files(out, run);
    })
}

fn head(out: &mut Markup, run: &Loaded) {
    let brief = &run.brief;
    out.node("h1", &[], |out| {
        out.text(&brief.benchmark_name);
        out.leaf("span", &[("class", "sub")], &format!(" run {}", brief.id));
    });
    let mut facts = vec![
        ("Began", when(&brief.start_time)),
        ("Ended", when(&brief.end_time)),
        ("Took", took(brief)),
    ];
    let git = |key: &str| run.dir.metadata.git.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let short = |commit: String| commit.chars().take(12).collect();
    facts.extend(git("commit").map(|commit| ("Commit", short(commit))));
    facts.extend(git("branch").map(|branch| ("Branch", branch)));
    let dirty = run.dir.metadata.git.as_ref().and_then(|git| git.get("dirty")?.as_bool());
    facts.extend(dirty.filter(|dirty| *dirty).map(|_| ("Files", "changed since".to_owned())));
    if let Some(own) = &run.dir.run {
        facts.push(("File", own.head.file.to_string()));
        facts.push(("To repeat it", own.head.repeat.to_string()));
        facts.push(("Machine", own.head.fingerprint.hostname.to_string()));
    }
    out.node("dl", &[("class", "facts")], |out| {
        fact(out, "Status", |out| badge(out, class(brief.status), brief.status.word()));
        for (name, value) in facts.iter().filter(|fact| !fact.1.is_empty()) {
            fact(out, name, |out| out.text(value));
        }
    });
    let pairs: Vec<(String, String)> =
        brief.custom.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
    pills(out, &pairs);
    let to = format!("/compare?runs={}", segment(&brief.id));
    out.node("p", &[], |out| out.leaf("a", &[("href", &to)], "Compare it with others"));
}

fn fact(out: &mut Markup, name: &str, value: impl FnOnce(&mut Markup)) {
    out.node("div", &[], |out| {
        out.leaf("dt", &[], name);
        out.node("dd", &[], value);
    });
}

/// What its repetitions came to.
fn statistics(out: &mut Markup, run: &Loaded) {
    let all = run.dir.run.as_ref().map(|run| run.statistics.as_slice()).unwrap_or_default();
    if all.is_empty() {
        return;
    }
    out.leaf("h2", &[], "Repetitions");
    let heads = ["Case", "Figure", "Unit", "Values", "Median", "95 % interval", "Change", ""];
    let known = |text: &Option<crate::model::text::SafeText>| {
        text.as_ref().map_or_else(String::new, ToString::to_string)
    };
    let rows = all.iter().map(|of| {
        let interval = of.interval.map(|(low, high)| {
            format!("{} – {}", super::axis::figure(low), super::axis::figure(high))
        });
        let cells = [
            known(&of.case),
            of.figure.to_string(),
            known(&of.unit),
            of.values.len().to_string(),
            super::axis::figure(of.median),
            interval.unwrap_or_else(|| "too few".to_owned()),
            of.change_percent.map_or_else(|| "—".to_owned(), percent),
            known(&of.verdict),
        ];
        cells.map(Cell::Text).into()
    });
    out.table("What repetitions came to", &heads, |at| (3..7).contains(&at), rows);
}

/// A change as it is written.
pub(super) fn percent(change: f64) -> String {
    if change.abs() < 0.05 { "0.0 %".to_owned() } else { format!("{change:+.1} %") }
}

fn tables(out: &mut Markup, desk: &Desk, run: &Loaded, pairs: &Pairs) {
    out.leaf("h2", &[], "Data");
    if run.tables.is_empty() {
        return empty(
            out,
            "This run keeps no table. Outputs whose files end in .csv are shown here.",
            "",
        );
    }
    for (at, (file, view)) in run.tables.iter().enumerate() {
        let anchor = format!("data-{}", at + 1);
        out.leaf("h3", &[("id", &anchor)], file);
        match view {
            Ok(view) => {
                let choice = Choice::read(pairs, file);
                let to = format!("{}#{anchor}", runs::to(&run.brief.id));
                choice.form(out, &to, view, &[("file", file)]);
                choice.draw(out, desk, file, std::slice::from_ref(run));
                figures_of(out, file, view);
            }
            Err(why) => empty(out, &format!("It is not shown: {why}"), ""),
        }
    }
}

/// The figures of each column, and the last rows.
fn figures_of(out: &mut Markup, file: &str, view: &TableView) {
    let heads = ["Column", "Count", "Min", "Mean", "Median", "P95", "P99", "Max"];
    let measured =
        |column: &&ColumnView| column.figures.is_some() && !is_time(view, column.name.as_str());
    let numeric = view.columns.iter().filter(measured);
    let rows = numeric.map(|column| {
        let name = std::iter::once(titled(column));
        name.chain(figures(Some(column))).map(Cell::Text).collect()
    });
    out.table(&format!("Columns of {file}"), &heads, |at| at > 0, rows);
    out.node("details", &[], |out| {
        let words = format!("The last {} of {} rows", view.last.len(), view.rows);
        out.leaf("summary", &[], &words);
        let heads: Vec<&str> = view.columns.iter().map(|column| column.name.as_str()).collect();
        let cells =
            |row: &Vec<_>| row.iter().map(|cell| Cell::Text(ToString::to_string(cell))).collect();
        out.table(&format!("Last rows of {file}"), &heads, |_| true, view.last.iter().map(cells));
    });
}

/// The address of file `name` of run `id`.
pub(super) fn to_file(id: &str, name: &str) -> String {
    let parts: Vec<String> = name.split('/').map(segment).collect();
    format!("/v1/results/{}/files/{}", segment(id), parts.join("/"))
}

fn pictures(out: &mut Markup, run: &Loaded) {
    let names: Vec<&str> = run.pictures().collect();
    if names.is_empty() {
        return;
    }
    out.leaf("h2", &[], "Pictures");
    out.node("div", &[("class", "pictures")], |out| {
        for name in names {
            picture(out, &run.brief.id, name, name);
        }
    });
}

/// A picture of run `id`, which leads to itself.
pub(super) fn picture(out: &mut Markup, id: &str, name: &str, words: &str) {
    let to = to_file(id, name);
    out.node("figure", &[], |out| {
        out.node("a", &[("href", &to)], |out| {
            let alt = format!("{name} of run {id}");
            out.void("img", &[("src", &to), ("alt", &alt), ("loading", "lazy")]);
        });
        out.leaf("figcaption", &[], words);
    });
}

fn files(out: &mut Markup, run: &Loaded) {
    out.leaf("h2", &[], "Files");
    if run.files.is_empty() {
        return empty(out, "No file is kept of this run but what was said above.", "");
    }
    let rows = run.files.iter().map(|file| {
        let at = jiff::Timestamp::from_millisecond(file.written_ms).unwrap_or_default();
        vec![
            Cell::Link(to_file(&run.brief.id, &file.name), file.name.clone()),
            Cell::Text(Bytes(file.bytes).to_string()),
            Cell::Text(when(&at.to_string())),
        ]
    });
    out.table("Files of the run", &["File", "Size", "Written"], |at| at == 1, rows);
}
