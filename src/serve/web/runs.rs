//! `/runs`: every run of a workflow, searched by id, name and metadata, and ticked to be compared.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::Page;
use super::form::{self, Pairs};
use super::frame::{self, empty};
use super::markup::{Cell, Markup, segment};
use crate::serve::result::own::matches;
use crate::serve::result::results;
use crate::serve::{Answer, Ask, Context};
use crate::store::result::shelf::{Brief, Status};

/// Runs of one page.
const EACH: usize = 50;

pub(super) async fn page(context: Arc<Context>, ask: Ask<Pairs>) -> Answer<Page> {
    let all = results(&context)?.briefs().await?;
    let search = ask.query.first("search").unwrap_or_default().to_owned();
    let found: Vec<Arc<Brief>> = all.iter().filter(|run| matches(run, &search)).cloned().collect();
    let pages = found.len().div_ceil(EACH).max(1);
    let at = ask.query.number("page", (1, pages), 1);
    let shown: Vec<Arc<Brief>> = found.iter().skip((at - 1) * EACH).take(EACH).cloned().collect();
    Ok(frame::page("Runs", "/runs", |out| {
        out.leaf("h1", &[], "Runs of workflows");
        if all.is_empty() {
            return none(out);
        }
        form::form(out, "/runs", "Search", |out| {
            form::field(out, "search", "Search", &search, "id, workflow, key=value");
        });
        out.leaf("p", &[("class", "sub")], &counted(found.len(), all.len()));
        if found.is_empty() {
            return empty(
                out,
                "No run matches. Every word has to stand in its id, name or metadata.",
                "",
            );
        }
        form::form(out, "/compare", "Compare what is ticked", |out| table(out, &shown, &[]));
        turn(out, &search, at, pages);
    }))
}

fn counted(found: usize, all: usize) -> String {
    if found == all {
        format!("{all} in all, latest first")
    } else {
        format!("{found} of {all}, latest first")
    }
}

/// Where there are no runs at all.
pub(super) fn none(out: &mut Markup) {
    let words = "No runs yet. Run a workflow, and load this page again. Results that lie elsewhere are shown \
                 by a server that is told where:";
    empty(out, words, "isomon run benchmark.yaml\nisomon serve --results ./results");
}

/// The way to the pages before and behind.
fn turn(out: &mut Markup, search: &str, at: usize, pages: usize) {
    if pages < 2 {
        return;
    }
    let to = |page: usize| format!("/runs?search={}&page={page}", segment(search));
    out.node("nav", &[("class", "turn"), ("aria-label", "More runs")], |out| {
        if at > 1 {
            out.leaf("a", &[("href", &to(at - 1)), ("rel", "prev")], "Later runs");
        }
        out.leaf("span", &[], &format!("{at} of {pages}"));
        if at < pages {
            out.leaf("a", &[("href", &to(at + 1)), ("rel", "next")], "Earlier runs");
        }
    });
}

/// Runs as a table, each with a box to tick; those in `chosen` are ticked.
pub(super) fn table(out: &mut Markup, runs: &[Arc<Brief>], chosen: &[String]) {
    let heads = ["", "Run", "Workflow", "Began", "Took", "Status", "Metadata"];
    let rows = runs.iter().map(|run| {
        let ticked = chosen.contains(&run.id);
        let pairs = run.custom.iter().map(|(key, value)| (key.clone(), value.clone())).collect();
        vec![
            Cell::Tick("runs", run.id.clone(), format!("compare run {}", run.id), ticked),
            Cell::Link(to(&run.id), run.id.clone()),
            Cell::Text(run.benchmark_name.clone()),
            Cell::Text(when(&run.start_time)),
            Cell::Text(took(run)),
            Cell::Badge(class(run.status), run.status.word().to_owned()),
            Cell::Pills(pairs),
        ]
    });
    out.table("Runs of workflows", &heads, |at| at == 4, rows);
}

/// The page of run `id`.
pub(super) fn to(id: &str) -> String {
    format!("/run/{}", segment(id))
}

/// The colour of a status.
pub(super) const fn class(status: Status) -> &'static str {
    match status {
        Status::Success => "good",
        Status::Failed => "bad",
        Status::Cancelled | Status::Unfinished => "warn",
    }
}

/// How long a run took.
pub(super) fn took(run: &Brief) -> String {
    run.seconds.map_or_else(|| "—".to_owned(), |seconds| seconds.to_string())
}

/// A time in RFC 3339 as it is read here; one that cannot be read as it stands.
pub(super) fn when(text: &str) -> String {
    let Ok(at) = text.parse::<jiff::Timestamp>() else {
        return if text.is_empty() { "—".to_owned() } else { text.to_owned() };
    };
    at.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}
