//! Rules between the keys of a workflow: names that have to be known, and what cannot stand together.
//!
//! Each is tried on whatever of the file is right, so that all that is wrong is said at once. The words
//! are benchctl's where it has words for it.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::ops::Range;

use super::check::spot;
use super::found::{Found, late, near};
use super::order;
use super::plan;
use super::yaml::Node;
use crate::model::workflow::{TASKS, Workflow};

mod host;
mod output;
mod stage;
mod template;

/// Stages in a file.
const STAGES: usize = 500;
/// Names in a matrix.
pub(super) const MATRIX: usize = 16;
/// `stages`, and the other list of such.
pub(super) const STAGE_LISTS: [&str; 2] = ["stages", "cleanup"];

/// What the rules are tried on.
#[derive(Debug)]
pub(super) struct Rules<'r, 'f, 't> {
    pub(super) file: &'r Node,
    pub(super) workflow: &'r Workflow,
    pub(super) found: &'f mut Found<'t>,
    /// What is worth saying and no mistake.
    pub(super) notes: Vec<String>,
    /// Whether something is put into texts that the design does not know.
    pub(super) own_words: bool,
    /// Whether stages wait for each other.
    has_circle: bool,
}

impl<'r, 'f, 't> Rules<'r, 'f, 't> {
    pub(super) const fn new(
        file: &'r Node,
        workflow: &'r Workflow,
        found: &'f mut Found<'t>,
    ) -> Self {
        Self { file, workflow, found, notes: Vec::new(), own_words: false, has_circle: false }
    }

    /// Tries them all.
    pub(super) fn all(&mut self) {
        let count = self.workflow.stages.len() + self.workflow.cleanup.len();
        if count > STAGES {
            let what = format!("there are {count} stages, at most {STAGES} are taken");
            return self.at_key("stages", what, "part the workflow");
        }
        let none = self.workflow.stages.is_empty();
        let stages = self.file.entry("stages").filter(|entry| none && !entry.value.is_null());
        if let Some(stages) = stages {
            let remedy = "a stage has a name and a command";
            self.found.add(&stages.at, "there are no stages", remedy);
        }
        self.hosts();
        self.cases();
        self.stages();
        self.circle();
        self.outputs();
        self.plots();
        self.templates();
        self.tasks();
    }

    fn cases(&mut self) {
        let items = self.items("cases");
        self.unique(items, "cases");
        if let Some(matrix) = self.file.entry("matrix").filter(|_| !items.is_empty()) {
            let remedy = "each makes cases; write the combinations as cases, or leave those out";
            self.found.add(&matrix.at, "cases and matrix cannot both be set", remedy);
        }
        let names = self.file.of("matrix").map_or(0, |matrix| matrix.entries().len());
        if names > MATRIX {
            let what = format!("matrix has {names} names, at most {MATRIX} are taken");
            self.at_key("matrix", what, "fix those of one value where they are used");
        }
    }

    /// No two of `items` have the same name.
    pub(super) fn unique(&mut self, items: &[Node], list: &str) {
        let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
        for (index, item) in items.iter().enumerate() {
            let Some((node, name)) = item.of("name").and_then(|node| Some((node, node.text()?)))
            else {
                continue;
            };
            if let Some(first) = seen.get(name) {
                let what = format!("{list}[{index}].name duplicates {list}[{first}] ({name})");
                self.found.add(&node.at, what, "name it something else");
            } else {
                seen.insert(name, index);
            }
        }
    }

    /// Stages do not wait for each other.
    fn circle(&mut self) {
        let circle = order::circle(self.workflow);
        let Some(first) = circle.first() else { return };
        self.has_circle = true;
        let name = |at: &usize| self.workflow.stages.get(*at).map_or("", |stage| &stage.name);
        let names: Vec<&str> = circle.iter().chain([first]).map(name).collect();
        let what = format!("stages wait for each other: {}", names.join(" -> "));
        let at = self.items("stages").get(*first).map(|node| {
            node.entry("needs").map_or_else(|| spot(node, &node.at), |entry| entry.at.clone())
        });
        self.found.add(&at.unwrap_or(0..0), what, "take one of them out of `needs`");
    }

    fn tasks(&mut self) {
        let tasks = plan::count(self.workflow);
        if tasks > TASKS as u64 {
            let what = format!("this comes to {tasks} tasks, at most {TASKS} are taken");
            let key = ["matrix", "repeat", "cases", "stages"];
            let key = key.into_iter().find(|key| self.file.entry(key).is_some());
            self.at_key(key.unwrap_or("stages"), what, "fewer cases or repetitions");
        }
    }

    pub(super) fn items(&self, list: &str) -> &'r [Node] {
        self.file.of(list).map(Node::items).unwrap_or_default()
    }

    /// Keeps a mistake at the key `key` of the file.
    fn at_key(&mut self, key: &str, what: impl Display, remedy: impl Display) {
        let at = self.file.entry(key).map_or(0..0, |entry| entry.at.clone());
        self.found.add(&at, what, remedy);
    }

    /// `name` is a host; else that is a mistake at `at`, told of by `path`.
    pub(super) fn known_host(&mut self, name: &str, path: &str, at: &Range<usize>) {
        if name.is_empty() || self.workflow.hosts.contains_key(name) {
            return;
        }
        let hosts = &self.workflow.hosts;
        let near = late(|| near(name, hosts.keys().map(String::as_str)));
        self.found.add(at, format!("{path} references unknown host '{name}'"), near);
    }
}
