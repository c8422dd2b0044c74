//! What is put into texts is known, and known by then: nothing starts with a name that stands for nothing.

use std::collections::BTreeSet;

use super::super::found::near;
use super::super::order;
use super::super::template::{self, Placeholder, Values};
use super::super::yaml::Node;
use super::{Rules, STAGE_LISTS};
use crate::model::workflow::{Stage, Workflow};

/// What stands for what by when.
struct Known {
    /// From the start on.
    always: BTreeSet<String>,
    /// By stage: what is known once it is over.
    after: Vec<Vec<String>>,
}

impl Known {
    fn of(workflow: &Workflow) -> Self {
        let mut always: BTreeSet<String> =
            Values::of(workflow).names().map(str::to_owned).collect();
        always.extend(["run.id", "run.dir"].map(str::to_owned));
        if !workflow.cases.is_empty() {
            always.insert("case".to_owned());
        }
        let matrix = workflow.cases.first().map(|case| case.matrix.keys());
        always.extend(matrix.into_iter().flatten().map(|name| format!("matrix.{name}")));
        let after = workflow.stages.iter().map(names_of).collect();
        Self { always, after }
    }

    fn all(&self) -> impl Iterator<Item = &str> {
        self.always.iter().chain(self.after.iter().flatten()).map(String::as_str)
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
        let known = Known::of(self.workflow);
        let ancestors = order::ancestors(self.workflow);
        let every: BTreeSet<usize> = (0..ancestors.len()).collect();
        for list in STAGE_LISTS {
            for (index, node) in self.items(list).iter().enumerate() {
                let cleanup = list != "stages";
                let before = ancestors.get(index).filter(|_| !cleanup).unwrap_or(&every);
                for (text, how) in texts(node) {
                    self.text(text, how, &known, before, cleanup);
                }
                let mut with_own = before.clone();
                with_own.insert(index);
                for text in output_texts(node) {
                    self.text(text, As::Plain, &known, &with_own, cleanup);
                }
            }
        }
        let plots = self.items("plots").iter().filter_map(|plot| plot.of("export_path"));
        for text in plots {
            self.text(text, As::Plain, &known, &every, true);
        }
    }

    fn text(
        &mut self,
        node: &Node,
        how: As,
        known: &Known,
        before: &BTreeSet<usize>,
        at_the_end: bool,
    ) {
        for one in template::placeholders(node.text().unwrap_or_default()) {
            self.own_words |= !one.name.starts_with("hosts.");
            let at = self.found.within(&node.at, &one.name);
            if known.always.contains(&one.name) {
                self.guarded(&one, how, node);
                continue;
            }
            let stage = known.after.iter().position(|names| names.contains(&one.name));
            let Some(stage) = stage else {
                let what = format!("nothing is known as `{{{{{}}}}}`", one.name);
                let near = near(&one.name, known.all().take(50));
                let remedy = format!("{near}; for the braces themselves: `{{{{{{{{…}}}}}}}}`");
                self.found.add(&at, what, remedy);
                continue;
            };
            let name = self.workflow.stages.get(stage).map_or("", |stage| &stage.name);
            let background = self.workflow.stages.get(stage).is_some_and(|stage| stage.background);
            if !at_the_end && (!before.contains(&stage) || background) {
                let what = format!("`{{{{{}}}}}` is not known yet here", one.name);
                let remedy = if background {
                    format!("stage '{name}' is in the background, and over at the end")
                } else {
                    format!("let this stage wait for '{name}', by its place or by `needs`")
                };
                self.found.add(&at, what, remedy);
            }
            self.guarded(&one, how, node);
        }
    }

    /// A value that may be anything does not stand where a shell would read more into it; one that is
    /// known is looked at.
    fn guarded(&mut self, one: &Placeholder, how: As, node: &Node) {
        if how == As::Plain || !one.guarded || one.name == "run.id" {
            return;
        }
        let values = Values::of(self.workflow);
        let matrix = one.name.strip_prefix("matrix.");
        let of_cases = |name: &str| {
            let cases = &self.workflow.cases;
            cases.iter().all(|case| case.matrix.get(name).is_some_and(|value| raw(value)))
        };
        let fine = match (values.value(&one.name), matrix) {
            (Some(value), _) => raw(value),
            (None, Some(name)) => of_cases(name),
            (None, None) => {
                one.name == "case" && self.workflow.cases.iter().all(|case| raw(&case.name))
            }
        };
        if !fine {
            let what = format!("`{{{{{}}}}}` stands in quotes, a comment or the like", one.name);
            let remedy = "take it out of them: isomon quotes its value itself";
            let at = self.found.within(&node.at, &one.name);
            self.found.add(&at, what, remedy);
        }
    }
}

fn raw(value: &str) -> bool {
    let mut values = Values::default();
    values.set("x", value);
    template::command("'{{x}}'", &values).is_ok()
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
