//! What is put into texts is known, and known by then: nothing starts with a name that stands for nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::super::found::{late, near};
use super::super::order::{self, Stages};
use super::super::template::{self, Placeholder, Values};
use super::super::yaml::Node;
use super::{Rules, STAGE_LISTS};
use crate::model::workflow::{Stage, Workflow};

/// What stands for what by when.
struct Known {
    /// From the start on.
    always: BTreeSet<String>,
    /// What is known once a stage is over, and which.
    after: BTreeMap<String, usize>,
    /// What hosts stand for.
    values: Values,
    /// Whether what a name stands for is plain letters, for the names that were asked for.
    raw: BTreeMap<String, bool>,
}

impl Known {
    fn of(workflow: &Workflow) -> Self {
        let values = Values::of(workflow);
        let mut always: BTreeSet<String> = values.names().map(str::to_owned).collect();
        always.extend(["run.id", "run.dir"].map(str::to_owned));
        if !workflow.cases.is_empty() {
            always.insert("case".to_owned());
        }
        let matrix = workflow.cases.first().map(|case| case.matrix.keys());
        always.extend(matrix.into_iter().flatten().map(|name| format!("matrix.{name}")));
        let mut after = BTreeMap::new();
        for (at, stage) in workflow.stages.iter().enumerate() {
            for name in names_of(stage) {
                after.entry(name).or_insert(at);
            }
        }
        Self { always, after, values, raw: BTreeMap::new() }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.always.iter().chain(self.after.keys()).map(String::as_str)
    }
}

/// What a stage lets be known.
fn names_of(stage: &Stage) -> Vec<String> {
    let outputs = stage.outputs.iter().map(|output| output.name.as_str());
    std::iter::once("out").chain(outputs).map(|name| format!("{}.{name}", stage.name)).collect()
}

/// Whether a shell reads the text.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Command,
    Plain,
}

impl Rules<'_, '_, '_> {
    pub(super) fn templates(&mut self) {
        let mut known = Known::of(self.workflow);
        let ancestors = order::ancestors(self.workflow);
        let every = Stages::all(ancestors.len());
        for list in STAGE_LISTS {
            for (index, node) in self.items(list).iter().enumerate() {
                let cleanup = list != "stages";
                // Where stages wait for each other, that is said, and none is before another.
                let before = ancestors.get(index).filter(|_| !cleanup && !self.has_circle);
                let before = before.unwrap_or(&every);
                for (text, how) in texts(node) {
                    self.text(text, how, &mut known, before, cleanup);
                }
                let mut with_own = before.clone();
                with_own.insert(index);
                for text in output_texts(node) {
                    self.text(text, As::Plain, &mut known, &with_own, cleanup);
                }
            }
        }
        let plots = self.items("plots").iter().filter_map(|plot| plot.of("export_path"));
        for text in plots {
            self.text(text, As::Plain, &mut known, &every, true);
        }
    }

    fn text(&mut self, node: &Node, how: As, known: &mut Known, before: &Stages, at_the_end: bool) {
        for one in template::placeholders(node.text().unwrap_or_default()) {
            self.own_words |= !one.name.starts_with("hosts.");
            let at = (&node.at, one.name.as_str(), one.at.start);
            if known.always.contains(&one.name) {
                if at_the_end && is_of_case(&one.name) {
                    let what = format!("`{{{{{}}}}}` is not known at the end", one.name);
                    self.found.add_within(at, what, "there all cases are over: leave it out");
                }
                self.guarded(&one, how, node, known);
                continue;
            }
            let Some(stage) = known.after.get(&one.name).copied() else {
                let what = format!("nothing is known as `{{{{{}}}}}`", one.name);
                let remedy = late(|| {
                    let near = near(&one.name, known.all().take(50));
                    format!("{near}; for the braces themselves: `{{{{{{{{…}}}}}}}}`")
                });
                self.found.add_within(at, what, remedy);
                continue;
            };
            let name = self.workflow.stages.get(stage).map_or("", |stage| &stage.name);
            let background = self.workflow.stages.get(stage).is_some_and(|stage| stage.background);
            if !at_the_end && (!before.contains(stage) || background) {
                let what = format!("`{{{{{}}}}}` is not known yet here", one.name);
                let remedy = if background {
                    format!("stage '{name}' is in the background, and over at the end")
                } else {
                    format!("let this stage wait for '{name}', by its place or by `needs`")
                };
                self.found.add_within(at, what, remedy);
            }
            self.guarded(&one, how, node, known);
        }
    }

    /// A value that may be anything does not stand where a shell would read more into it; one that is
    /// known is looked at.
    fn guarded(&mut self, one: &Placeholder, how: As, node: &Node, known: &mut Known) {
        if how == As::Plain || !one.guarded || one.name == "run.id" {
            return;
        }
        let fine = known.raw.get(&one.name).copied().unwrap_or_else(|| {
            let fine = self.is_raw(&one.name, &known.values);
            known.raw.insert(one.name.clone(), fine);
            fine
        });
        if !fine {
            let what = format!("`{{{{{}}}}}` stands in quotes, a comment or the like", one.name);
            let remedy = "take it out of them: isomon quotes its value itself";
            self.found.add_within((&node.at, &one.name, one.at.start), what, remedy);
        }
    }
}

impl Rules<'_, '_, '_> {
    /// Whether what `name` stands for, in every case, means the same to a shell wherever it stands.
    fn is_raw(&self, name: &str, values: &Values) -> bool {
        let cases = &self.workflow.cases;
        match (values.value(name), name.strip_prefix("matrix.")) {
            (Some(value), _) => raw(value),
            (None, Some(name)) => {
                cases.iter().all(|case| case.matrix.get(name).is_some_and(|value| raw(value)))
            }
            (None, None) => name == "case" && cases.iter().all(|case| raw(&case.name)),
        }
    }
}

fn raw(value: &str) -> bool {
    let mut values = Values::default();
    values.set("x", value);
    template::command("'{{x}}'", &values).is_ok()
}

/// Whether `name` stands for something else in each case.
fn is_of_case(name: &str) -> bool {
    name == "case" || name.starts_with("matrix.")
}

/// The texts of a stage that something is put into.
fn texts(node: &Node) -> Vec<(&Node, As)> {
    let mut texts = Vec::new();
    texts.extend(node.of("command").map(|text| (text, As::Command)));
    texts.extend(node.of("script").map(|text| (text, As::Plain)));
    texts.extend(node.of("env").into_iter().flat_map(values).map(|text| (text, As::Plain)));
    texts.extend(node.of("copy").into_iter().flat_map(values).map(|text| (text, As::Plain)));
    if let Some(bench) = node.of("bench") {
        let one = bench.text().map(|_| bench).into_iter();
        texts.extend(one.chain(bench.items()).map(|text| (text, As::Plain)));
    }
    if let Some(check) = node.of("health_check") {
        let shell = check.of("type").and_then(Node::text) == Some("command");
        let how = if shell { As::Command } else { As::Plain };
        texts.extend(check.of("target").map(|target| (target, how)));
    }
    texts
}

fn output_texts(node: &Node) -> impl Iterator<Item = &Node> {
    let outputs = node.of("outputs").map(Node::items).unwrap_or_default().iter();
    outputs.flat_map(|output| {
        ["remote_path", "local_path"].into_iter().filter_map(|key| output.of(key))
    })
}

fn values(node: &Node) -> impl Iterator<Item = &Node> {
    node.entries().iter().map(|entry| &entry.value)
}
