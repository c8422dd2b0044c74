//! One benchmark on several nodes, side by side: as tables for the terminal, and as JSON.
//!
//! What is fewer, nodes or rows of work, makes the columns. Below the tables stands what the machines do
//! not have in common, for a figure that differs may differ because of it.

use serde::Serialize;

use super::columns::aligned;
use super::load_row::{HEADS, load_rows};
use super::run_text::wrapped;
use crate::model::bench::{Cell, Estimate, Figure, Payload};
use crate::model::run::{Run, RunEnd};
use crate::stats::compare::{Difference, unlike};
use crate::stats::side::{Part, Rank, cells, ranks};
use crate::stats::summary::telling;
use crate::stats::verify::outcomes;

/// Version of the JSON.
pub const FORMAT: u32 = 1;
/// Columns of figures in one table; there are more tables where there are more.
const COLUMNS: usize = 5;
/// What stands for a figure that is not known.
const NOTHING: &str = "—";

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Fleet {
    /// Nodes that took part.
    pub nodes: Vec<Node>,
    /// Nodes that did not.
    pub left_out: Vec<LeftOut>,
}

/// A node's part.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Node {
    /// What it is called here.
    pub node: String,
    /// What went wrong beside the samples.
    pub fault: Option<String>,
    /// Its run; `None` if it never began.
    pub run: Option<Run>,
}

/// A node that took no part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// What it is called here.
    pub node: String,
    /// Why.
    pub reason: String,
}

/// The JSON: all of it, and what is not alike.
#[derive(Serialize)]
struct Document<'a> {
    format: u32,
    #[serde(flatten)]
    fleet: &'a Fleet,
    unlike: Vec<Unlike>,
}

/// A node that is not like the first.
#[derive(Serialize)]
struct Unlike {
    node: String,
    first: String,
    differences: Vec<Difference>,
}

/// As JSON, with a newline at its end.
pub fn json(fleet: &Fleet) -> serde_json::Result<String> {
    let document = Document { format: FORMAT, fleet, unlike: fleet.unlike() };
    serde_json::to_string_pretty(&document).map(|text| text + "\n")
}

/// As text, with a newline at its end.
pub fn text(fleet: &Fleet) -> String {
    let mut text = aligned(&fleet.standing());
    let runs = fleet.runs();
    let parts: Vec<Part<'_>> = runs
        .iter()
        .filter_map(|(_, run)| Some(Part { head: &run.head, summary: &run.tail.as_ref()?.summary }))
        .collect();
    let names: Vec<&str> =
        runs.iter().filter(|(_, run)| run.tail.is_some()).map(|(name, _)| *name).collect();
    let mut any = false;
    for payload in payloads(&parts) {
        for figure in telling(payload) {
            let mut of = cells(&parts, *figure);
            of.retain(|cell| cell.payload == payload);
            if of.is_empty() {
                continue;
            }
            any = true;
            text.extend(["\n", payload.name(), " · ", figure.name(), "\n\n"]);
            text.push_str(&table(&names, &parts, &of, *figure));
        }
    }
    let loads = loads(&runs);
    if loads.len() > 1 {
        text.push_str("\nloads\n\n");
        text.push_str(&aligned(&loads));
    }
    text.push('\n');
    for note in fleet.notes(any && parts.len() > 1) {
        text.push_str(&wrapped("", &note));
    }
    text
}

fn payloads(parts: &[Part<'_>]) -> Vec<Payload> {
    let mut all: Vec<Payload> = Vec::new();
    for cell in parts.iter().flat_map(|part| &part.head.cells) {
        if !all.contains(&cell.payload) {
            all.push(cell.payload);
        }
    }
    all
}

/// What the loads came to: a line for each and each node, those of a load one below the other.
fn loads(runs: &[(&str, &Run)]) -> Vec<Vec<String>> {
    let mut lines = vec![HEADS.into_iter().chain(["node"]).map(str::to_owned).collect::<Vec<_>>()];
    for (name, run) in runs {
        for row in load_rows(run) {
            let line: Vec<String> = row.line().into_iter().chain([(*name).to_owned()]).collect();
            // What is measured and where comes before what came of it.
            let alike = lines.iter().rposition(|other| other[..3] == line[..3]);
            lines.insert(alike.map_or(lines.len(), |at| at + 1), line);
        }
    }
    lines
}

/// Figures of `cells` on the nodes of `parts`, in as many tables as it takes.
fn table(names: &[&str], parts: &[Part<'_>], cells: &[Cell], figure: Figure) -> String {
    let mut written: Vec<Vec<String>> = Vec::new();
    for cell in cells {
        let estimates: Vec<Option<Estimate>> =
            parts.iter().map(|part| part.estimate(cell, figure)).collect();
        let ranks = ranks(&estimates);
        written
            .push(estimates.into_iter().zip(ranks).map(|(one, rank)| value(one, rank)).collect());
    }
    let labels: Vec<String> = cells.iter().map(Cell::label).collect();
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let by_node = cells.len() < names.len();
    let (rows, columns) = if by_node { (&names, &labels) } else { (&labels, &names) };
    let at = |row: usize, column: usize| {
        if by_node { &written[column][row] } else { &written[row][column] }
    };
    let mut text = String::new();
    for (first, heads) in (0..).step_by(COLUMNS).zip(columns.chunks(COLUMNS)) {
        if first > 0 {
            text.push('\n');
        }
        let corner = if by_node { "node" } else { "backend" };
        let head = std::iter::once(corner.to_owned()).chain(heads.iter().cloned()).collect();
        let line = |(row, name): (usize, &String)| {
            let figures = (first..first + heads.len()).map(|column| at(row, column).clone());
            std::iter::once(name.clone()).chain(figures).collect()
        };
        let lines: Vec<Vec<String>> =
            std::iter::once(head).chain(rows.iter().enumerate().map(line)).collect();
        text.push_str(&aligned(&lines));
    }
    text
}

/// `41.0 ms ±3 % *`.
fn value(estimate: Option<Estimate>, rank: Rank) -> String {
    let Some(estimate) = estimate else { return NOTHING.to_owned() };
    let median = estimate.median_seconds;
    let ends = estimate.low_seconds.zip(estimate.high_seconds);
    let half = ends.map(|(low, high)| (high.0 - low.0) / 2.0 / median.0 * 100.0);
    let half = half.filter(|half| half.is_finite()).map(|half| format!(" ±{half:.0} %"));
    let sign = match rank {
        Rank::Best => " *",
        Rank::Alike => " ~",
        Rank::Slower | Rank::Unknown => "  ",
    };
    format!("{median}{}{sign}", half.unwrap_or_default())
}

impl Fleet {
    /// The runs that began, each with the name of its node.
    fn runs(&self) -> Vec<(&str, &Run)> {
        let begun = |node: &'_ Node| node.run.is_some();
        let nodes = self.nodes.iter().filter(|node| begun(node));
        nodes.filter_map(|node| Some((node.node.as_str(), node.run.as_ref()?))).collect()
    }

    /// A line for each node: its run and how that ended.
    fn standing(&self) -> Vec<Vec<String>> {
        let mut lines = vec![["node", "run", "samples", "ended"].map(str::to_owned).to_vec()];
        for node in &self.nodes {
            let run = node.run.as_ref();
            let id = run.map_or(NOTHING, |run| run.head.id.as_str());
            let samples = run.map_or_else(|| NOTHING.to_owned(), counted);
            let ended = run.map_or_else(|| "never began".to_owned(), ended);
            lines.push(vec![node.node.clone(), id.to_owned(), samples, ended]);
        }
        let left_out = self.left_out.iter();
        lines.extend(left_out.map(|out| {
            let nothing = || NOTHING.to_owned();
            vec![out.node.clone(), nothing(), nothing(), "left out".to_owned()]
        }));
        lines
    }

    /// What is to be said beside the figures.
    fn notes(&self, ranked: bool) -> Vec<String> {
        let mut notes = Vec::new();
        if ranked {
            notes.push(
                "* best, ~ as good: their 95 % intervals overlap; ± is half of it".to_owned(),
            );
        }
        for unlike in self.unlike() {
            let each = unlike.differences.iter();
            let each = each.map(|one| format!("{}: {} (there {})", one.what, one.other, one.base));
            let each: Vec<String> = each.collect();
            notes.push(format!("{} is unlike {}: {}", unlike.node, unlike.first, each.join("; ")));
        }
        let faults = self.nodes.iter().filter_map(|node| Some((node, node.fault.as_ref()?)));
        notes.extend(faults.map(|(node, fault)| format!("{}: {fault}", node.node)));
        let left_out = self.left_out.iter();
        notes.extend(left_out.map(|out| format!("left out {}: {}", out.node, out.reason)));
        notes
    }

    /// The nodes that are not like the first.
    fn unlike(&self) -> Vec<Unlike> {
        let runs = self.runs();
        let Some(((first, base), others)) = runs.split_first() else { return Vec::new() };
        let unlike = others.iter().map(|(name, run)| Unlike {
            node: (*name).to_owned(),
            first: (*first).to_owned(),
            differences: unlike(&base.head, &run.head),
        });
        unlike.filter(|one| !one.differences.is_empty()).collect()
    }
}

/// What ended well and what failed; of a run that was cut off, of what came of it.
fn counted(run: &Run) -> String {
    let (good, bad) = run.tail.as_ref().map_or_else(
        || outcomes(run),
        |tail| (tail.progress.completed as usize, tail.progress.failed as usize),
    );
    if bad == 0 { format!("{good} good") } else { format!("{good} good, {bad} bad") }
}

fn ended(run: &Run) -> String {
    match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::Completed) => "completed".to_owned(),
        Some(RunEnd::BudgetSpent) => "time spent".to_owned(),
        Some(RunEnd::RoundsSpent) => "rounds spent".to_owned(),
        Some(RunEnd::Cancelled) => "cancelled".to_owned(),
        Some(RunEnd::Failed { reason }) => format!("failed: {reason}"),
        None => "cut off".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::bench::Outcome;
    use crate::report::run_sample::{loaded, run as sample};

    fn fleet(nodes: usize) -> Fleet {
        let node = |number: usize| {
            let mut run = sample();
            if number == 1 {
                run.head.fingerprint.kernel = Some("6.8.0".into());
            }
            Node { node: format!("web-{number}"), fault: None, run: Some(run) }
        };
        let left_out = LeftOut { node: "db".into(), reason: "no route to host".into() };
        Fleet { nodes: (0..nodes).map(node).collect(), left_out: vec![left_out] }
    }

    #[test]
    fn nodes_stand_side_by_side_and_what_is_unlike_is_said() {
        let mut both = fleet(2);
        for run in both.nodes.iter_mut().filter_map(|node| node.run.as_mut()) {
            run.tail = loaded().tail;
        }
        let text = text(&both);
        for words in [
            "web-0",
            "noop · start",
            "noop · cli",
            "syscall · work",
            "\nloads\n",
            " at once",
            "web-1 is unlike web-0: kernel: 6.8.0",
            "left out db: no route to host",
            " *",
            "best",
        ] {
            assert!(text.contains(words), "{words}: {text}");
        }
    }

    #[test]
    fn many_nodes_are_rows() {
        let text = text(&fleet(30));
        let wide = text.lines().map(|line| line.chars().count()).max();
        assert!(wide < Some(140) && text.contains("\nnode "), "{text}");
    }

    #[test]
    fn nothing_that_began_is_no_table() {
        let node = Node { node: "web".into(), fault: Some("it went away".into()), run: None };
        let text = text(&Fleet { nodes: vec![node], left_out: Vec::new() });
        assert!(text.contains("never began") && text.contains("web: it went away"), "{text}");
        assert!(!text.contains("start"), "{text}");
    }

    #[test]
    fn what_came_of_a_node_that_was_lost_is_counted() {
        let run = Run { tail: None, ..loaded() };
        let bad = run.samples.iter().filter(|sample| sample.outcome != Outcome::Good).count();
        let good = run.samples.len() - bad + run.steps.len();
        let node = Node { node: "web".into(), fault: Some("it went away".into()), run: Some(run) };
        let text = text(&Fleet { nodes: vec![node], left_out: Vec::new() });
        assert!(bad > 0 && text.contains(&format!("{good} good, {bad} bad")), "{text}");
        assert!(text.contains("cut off") && text.contains("\nloads\n"), "{text}");
    }

    #[test]
    fn json_holds_whole_runs() {
        let json: serde_json::Value = serde_json::from_str(&json(&fleet(2)).unwrap()).unwrap();
        assert_eq!(json["nodes"][1]["node"], "web-1");
        assert_eq!(json["nodes"][0]["run"]["id"], sample().head.id.as_str());
        assert_eq!(json["unlike"][0]["differences"][0]["what"], "kernel");
        assert_eq!(json["left_out"][0]["reason"], "no route to host");
    }
}
