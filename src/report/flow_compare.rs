//! One run of a workflow beside another: how each ended, stage by stage and as a whole, what is said of them,
//! and what the columns of their tables come to.
//!
//! The one reckoning for the terminal and the screen. Where one of two is not done, or more was passed over in
//! it, its time is of less work: both times are told, and no difference.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::aligned;
use super::serving::is_worse;
use crate::model::pipeline::Stage;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::result::{ColumnView, Figures, TableView};

/// Share below which a figure of a model is not worse.
pub const NOISE: f64 = 0.2;
/// What stands behind a figure that is worse.
const WORSE: &str = " WORSE";
/// What stands for what is not known.
const NOTHING: &str = "—";
/// The row of all stages together.
const WHOLE: &str = "whole run";

/// A run, as far as it is compared.
#[derive(Debug)]
pub struct Side<'a> {
    /// What it is called.
    pub name: &'a str,
    /// How it ended, in a word.
    pub word: &'a str,
    /// Whether everything in it was done.
    pub done: bool,
    /// Why it was not, where that is known.
    pub why: Option<String>,
    /// How long it took, or has taken.
    pub took: Option<Seconds>,
    /// What the user and its stages said of it.
    pub metadata: &'a BTreeMap<String, String>,
    /// Its stages; none where that was not kept.
    pub stages: &'a [Stage],
    /// Its tables.
    pub tables: Vec<&'a TableView>,
}

/// A stage, or the whole run, of one side.
#[derive(Clone, Debug, PartialEq)]
pub struct Of {
    /// How it stands, in a word.
    pub word: SafeText,
    /// How long it took.
    pub took: Option<Seconds>,
    /// Whether all of it was done.
    done: bool,
    /// How many of its tasks passed, of how many.
    pub tasks: Option<(u64, u64)>,
}

/// A stage, or the whole run, of both.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its name.
    pub name: SafeText,
    /// What it is in each; `None` where it is not in it.
    pub sides: [Option<Of>; 2],
}

/// What is said of both under one name.
#[derive(Clone, Debug, PartialEq)]
pub struct Said<'a> {
    /// The name.
    pub name: &'a str,
    /// What is said of each; `None` where nothing is.
    pub sides: [Option<&'a str>; 2],
    /// The same as numbers, where both are some.
    pub numbers: Option<[f64; 2]>,
    /// Whether that is a figure of a model that is worse in the second.
    pub worse: bool,
}

/// What is said of both under a title, a line each.
pub type Part = (&'static str, Vec<String>);

impl Of {
    fn stage(stage: &Stage) -> Self {
        Self {
            word: stage.status.clone(),
            took: stage.duration_seconds,
            done: stage.status.as_str() == "finished",
            tasks: stage.output.zip(stage.input),
        }
    }

    fn whole(side: &Side<'_>) -> Self {
        let sum = |of: fn(&Stage) -> Option<u64>| side.stages.iter().filter_map(of).sum();
        let tasks = (sum(|stage| stage.output), sum(|stage| stage.input));
        let tasks = (!side.stages.is_empty()).then_some(tasks);
        Self { word: side.word.into(), took: side.took, done: side.done, tasks }
    }

    /// `3/7`: three of seven tasks passed.
    pub fn tasks(&self) -> String {
        self.tasks.map_or_else(|| NOTHING.to_owned(), |(passed, all)| format!("{passed}/{all}"))
    }
}

impl Row {
    /// How much longer it took in the second, in seconds and in percent of the first; `None` where it was not
    /// done in both, or was of more tasks in one.
    pub fn longer(&self) -> Option<(f64, Option<f64>)> {
        let [Some(old), Some(new)] = &self.sides else { return None };
        let is_alike = old.done && new.done && old.tasks == new.tasks;
        let (Seconds(from), Seconds(to)) = old.took.zip(new.took).filter(|_| is_alike)?;
        let percent = Some((to - from) / from * 100.0).filter(|percent| percent.is_finite());
        Some((to - from, percent))
    }

    /// The same in words: `+1.2 s` and `+3.1 %`.
    pub fn longer_words(&self) -> [String; 2] {
        let none = || NOTHING.to_owned();
        let Some((seconds, percent)) = self.longer() else { return [none(), none()] };
        let sign = if seconds < 0.0 { "-" } else { "+" };
        let percent = percent.map_or_else(none, |percent| format!("{percent:+.1} %"));
        [format!("{sign}{}", Seconds(seconds.abs())), percent]
    }

    fn cells(&self) -> Vec<String> {
        let told = |of: &dyn Fn(&Of) -> String| {
            let told = |side: &Option<Of>| side.as_ref().map_or_else(|| NOTHING.to_owned(), of);
            let [old, new] = [told(&self.sides[0]), told(&self.sides[1])];
            if old == new { old } else { format!("{old} -> {new}") }
        };
        let took = |of: &Of| of.took.map_or_else(|| NOTHING.to_owned(), |took| took.to_string());
        let [seconds, percent] = self.longer_words();
        let name = self.name.to_string();
        vec![name, told(&|of| of.word.to_string()), told(&Of::tasks), told(&took), seconds, percent]
    }
}

/// The whole runs, then their stages: in the order of the first, and behind them those of the second alone.
pub fn rows(sides: [&Side<'_>; 2]) -> Vec<Row> {
    let mut names: Vec<&SafeText> = Vec::new();
    for stage in sides.iter().flat_map(|side| side.stages) {
        if !names.contains(&&stage.id) {
            names.push(&stage.id);
        }
    }
    let of = |name: &SafeText, side: &Side<'_>| {
        side.stages.iter().find(|stage| stage.id == *name).map(Of::stage)
    };
    let row = |name: &SafeText| Row { name: name.clone(), sides: sides.map(|side| of(name, side)) };
    std::iter::once(whole(sides)).chain(names.into_iter().map(row)).collect()
}

/// The rows as a table for the terminal.
pub fn stages(rows: &[Row]) -> Part {
    let heads = ["stage", "outcome", "tasks", "took", "longer", ""].map(str::to_owned).to_vec();
    let lines: Vec<_> = std::iter::once(heads).chain(rows.iter().map(Row::cells)).collect();
    ("stages", aligned(&lines).lines().map(str::to_owned).collect())
}

/// What was not done in either.
pub fn undone(sides: [&Side<'_>; 2]) -> Part {
    let line = |side: &Side<'_>| {
        let why = side.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        (!side.done).then(|| format!("{} {}{why}", SafeText::new(side.name), side.word))
    };
    (
        "not done, so that times and figures are of less work",
        sides.into_iter().filter_map(line).collect(),
    )
}

/// What is said of them; a figure of a model is worse where it is so by more than the share `noise`.
pub fn said<'a>(sides: [&Side<'a>; 2], noise: f64) -> Vec<Said<'a>> {
    let [old, new] = sides.map(|side| side.metadata);
    let names: BTreeSet<&'a String> = old.keys().chain(new.keys()).collect();
    let one = |name: &'a String| {
        let sides = [old, new].map(|said| said.get(name).map(String::as_str));
        let [old, new] = sides.map(|text| text.and_then(|text| text.parse::<f64>().ok()));
        let numbers = old.zip(new).map(<[f64; 2]>::from);
        let worse = numbers.is_some_and(|[old, new]| is_worse(name, old, new, noise));
        Said { name, sides, numbers, worse }
    };
    names.into_iter().map(one).collect()
}

/// The same in lines; a figure that is worse is marked.
pub fn metadata(sides: [&Side<'_>; 2], noise: f64) -> Part {
    let line = |one: Said<'_>| {
        let name = SafeText::new(one.name);
        if let Some([old, new]) = one.numbers {
            let worse = if one.worse { WORSE } else { "" };
            return format!("{name}: {}{worse}", change(old, new));
        }
        let [old, new] = one.sides.map(|text| SafeText::new(text.unwrap_or("(missing)")));
        format!("{name}: {old} -> {new}")
    };
    ("metadata", said(sides, noise).into_iter().map(line).collect())
}

/// Whether a line of [`metadata`] is of a figure that is worse.
pub fn says_worse(line: &str) -> bool {
    line.ends_with(WORSE)
}

/// How long both took; by how much the second took longer only where that is of as much work.
pub fn time(sides: [&Side<'_>; 2]) -> Part {
    let [first, other] = sides;
    let line = first.took.zip(other.took).map(|(old, new)| {
        let percent = whole(sides).longer().and_then(|(_, percent)| percent);
        let change = percent.filter(|percent| percent.abs() > 0.0);
        let change = change.map(|percent| format!(" ({percent:+.1} %)")).unwrap_or_default();
        format!("took {old} -> {new}{change}")
    });
    ("time", line.into_iter().collect())
}

fn whole(sides: [&Side<'_>; 2]) -> Row {
    Row { name: WHOLE.into(), sides: sides.map(|side| Some(Of::whole(side))) }
}

/// The tables that both have.
pub fn tables<'a>([first, other]: [&Side<'a>; 2]) -> Vec<[&'a TableView; 2]> {
    let both = |old: &'a TableView| {
        let new = other.tables.iter().find(|same| same.file == old.file)?;
        Some([old, *new])
    };
    first.tables.iter().copied().filter_map(both).collect()
}

/// The columns with numbers in both of two tables, and what those come to in each.
pub fn columns<'a>([old, new]: [&'a TableView; 2]) -> Vec<(&'a ColumnView, [Figures; 2])> {
    let both = |column: &'a ColumnView| {
        let same = new.columns.iter().find(|same| same.name == column.name)?;
        Some((column, [column.figures?, same.figures?]))
    };
    old.columns.iter().filter_map(both).collect()
}

/// The medians of the columns of tables that both have.
pub fn data(sides: [&Side<'_>; 2]) -> Part {
    let mut lines = Vec::new();
    for both in tables(sides) {
        let [old, new] = both;
        lines.push(format!("{}: rows {}", old.file, change(old.rows as f64, new.rows as f64)));
        for (column, [old, new]) in columns(both) {
            let unit = column.unit.as_ref().map_or_else(String::new, |unit| format!(" [{unit}]"));
            let (median, p95) = (change(old.median, new.median), change(old.p95, new.p95));
            lines.push(format!("  {}{unit}: median {median}, p95 {p95}", column.name));
        }
    }
    ("data", lines)
}

/// By how many percent `new` is more than `old`; that of zero has no percent.
pub fn percent(old: f64, new: f64) -> Option<f64> {
    Some((new - old) / old.abs() * 100.0).filter(|percent| percent.is_finite())
}

/// Two numbers, and by how much the second is larger.
fn change(old: f64, new: f64) -> String {
    match percent(old, new).filter(|percent| percent.abs() > 0.0) {
        Some(percent) => format!("{old} -> {new} ({percent:.1} % change)"),
        None => format!("{old} -> {new}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(id: &str, status: &str, took: Option<f64>, (passed, all): (u64, u64)) -> Stage {
        Stage {
            id: id.into(),
            status: status.into(),
            duration_seconds: took.map(Seconds),
            output: Some(passed),
            input: Some(all),
            ..Stage::default()
        }
    }

    fn side<'a>(
        done: bool,
        stages: &'a [Stage],
        metadata: &'a BTreeMap<String, String>,
    ) -> Side<'a> {
        let (word, took) = (if done { "success" } else { "failed" }, Some(Seconds(10.0)));
        Side { name: "1", word, done, why: None, took, metadata, stages, tables: Vec::new() }
    }

    #[test]
    fn a_difference_is_told_of_what_was_done_in_both_alone() {
        let none = BTreeMap::new();
        let base = [
            stage("build", "finished", Some(4.0), (1, 1)),
            stage("load", "finished", Some(2.0), (2, 2)),
            stage("tune", "finished", Some(2.0), (2, 2)),
            stage("old", "finished", Some(0.0), (1, 1)),
        ];
        let new = [
            stage("new", "finished", Some(1.0), (1, 1)),
            stage("build", "finished", Some(5.0), (1, 1)),
            stage("load", "failed", Some(0.1), (1, 2)),
            stage("tune", "finished", Some(1.0), (1, 2)),
        ];
        let rows = rows([&side(true, &base, &none), &side(false, &new, &none)]);
        let told: Vec<_> = rows.iter().map(|row| (row.name.as_str(), row.longer())).collect();
        assert_eq!(
            told,
            [
                (WHOLE, None),
                ("build", Some((1.0, Some(25.0)))),
                ("load", None),
                ("tune", None),
                ("old", None),
                ("new", None),
            ]
        );
        let (_, lines) = stages(&rows);
        let expected = "stage                 outcome       tasks              took   longer
whole run   success -> failed  6/6 -> 4/6            10.0 s        —        —
build                finished         1/1  4.00 s -> 5.00 s  +1.00 s  +25.0 %";
        let shown: Vec<&str> = lines.iter().take(3).map(String::as_str).collect();
        assert_eq!(shown.join("\n"), expected);
        assert_eq!(rows[4].sides[1], None, "what is not in a run is not zero");
    }
}
