//! What a stage may be: one thing to do, on hosts that are known, in cases that are there.

use std::collections::BTreeSet;

use super::super::build;
use super::super::check::{spot, within};
use super::super::found::{late, near};
use super::super::yaml::Node;
use super::{Rules, STAGE_LISTS};
use crate::model::backend::BackendId;
use crate::model::workflow::{LOCAL, Spot, Stage, Work};

/// What a stage may do, a key each.
const WORK: [&str; 4] = ["command", "script", "bench", "copy"];

impl Rules<'_, '_, '_> {
    pub(super) fn stages(&mut self) {
        let workflow = self.workflow;
        for (list, stages) in STAGE_LISTS.into_iter().zip([&workflow.stages, &workflow.cleanup]) {
            let items = self.items(list);
            self.unique(items, list);
            for (index, (node, stage)) in items.iter().zip(stages).enumerate() {
                let path = format!("{list}[{index}]");
                self.work(node, &path);
                self.on(node, &path);
                self.shell(node, &path);
                self.sandbox(node, stage, &path);
                self.copied(node, stage, &path);
                self.case(node, &path);
                self.needs(node, stage, &path);
                self.repeated(node, stage, &path);
            }
        }
    }

    /// It does exactly one thing.
    fn work(&mut self, node: &Node, path: &str) {
        let set: Vec<&str> = WORK.into_iter().filter(|key| node.of(key).is_some()).collect();
        if set.len() == 1 {
            let empty = |node: &&Node| node.text().is_some_and(|text| text.trim().is_empty());
            if let Some(work) = set.first().and_then(|key| node.of(key)).filter(empty) {
                self.found.add(&work.at, format!("{path}.{} must be set", set[0]), "it is empty");
            }
            return;
        }
        let second = set.get(1).and_then(|key| node.entry(key));
        let at = second.map_or_else(|| spot(node, &node.at), |entry| entry.at.clone());
        let what = format!("{path}: exactly one of command or script must be set");
        let remedy = if set.is_empty() {
            "say what it does: command, script, bench or copy".to_owned()
        } else {
            format!("it has {}; part it into stages", set.join(" and "))
        };
        self.found.add(&at, what, remedy);
    }

    /// Its hosts are known, and no host is named twice.
    fn on(&mut self, node: &Node, path: &str) {
        let one = node.of("host").and_then(|node| Some((node, node.text()?)));
        let list = node.of("hosts").map(Node::items).unwrap_or_default();
        if let (Some(_), Some(entry)) = (one, node.entry("hosts").filter(|_| !list.is_empty())) {
            let what = format!("{path} cannot set both host and hosts");
            self.found.add(&entry.at, what, "keep one of them");
        }
        if let Some((node, name)) = one {
            self.known_host(name, &within(path, "host"), &node.at);
        }
        let mut seen = BTreeSet::new();
        for (node, name) in list.iter().filter_map(|node| Some((node, node.text()?))) {
            self.known_host(name, &within(path, "hosts"), &node.at);
            if !seen.insert(name) {
                let what = format!("{path}.hosts has '{name}' twice");
                self.found.add(&node.at, what, "remove one of them");
            }
        }
    }

    /// Its shell can be parted into words.
    fn shell(&mut self, node: &Node, path: &str) {
        for key in ["shell", "bench"] {
            let Some((node, text)) = node.of(key).and_then(|node| Some((node, node.text()?)))
            else {
                continue;
            };
            if shell_words::split(text).map_or(true, |words| words.is_empty()) {
                let what = format!("{path}.{key} cannot be parted into words");
                self.found.add(&node.at, what, "close every quote");
            }
        }
    }

    /// A backend is known, has a command, and is on this machine; so is a benchmark.
    fn sandbox(&mut self, node: &Node, stage: &Stage, path: &str) {
        if let Some((at, word)) = node.of("backend").and_then(|node| Some((&node.at, node.text()?)))
        {
            if build::stage::backend(word).is_none() {
                let near = late(|| near(word, BackendId::ALL.map(BackendId::name)));
                self.found.add(at, format!("{path}.backend: there is no backend '{word}'"), near);
            }
            if node.of("command").is_none() {
                let what = format!("{path}.backend runs a command, and there is none");
                self.found.add(at, what, "set `command`");
            }
        }
        let here = matches!(stage.work, Work::Bench(_) | Work::Exec { .. });
        if here && stage.hosts.iter().any(|host| host != LOCAL) {
            let what = format!("{path} is done by isomon itself, on this machine");
            self.found.add(&spot(node, &node.at), what, "leave `host` out");
        }
    }

    /// Both ends of a copy are known.
    fn copied(&mut self, node: &Node, stage: &Stage, path: &str) {
        let (Some(copy), Work::Copy { from, to }) = (node.of("copy"), &stage.work) else { return };
        for (key, Spot { host, path: file }) in [("from", from), ("to", to)] {
            let Some(node) = copy.of(key) else { continue };
            self.known_host(host, &format!("{path}.copy.{key}"), &node.at);
            if host.is_empty() || file.is_empty() {
                let what = format!("{path}.copy.{key} names no file");
                self.found.add(&node.at, what, "`host:path`");
            }
        }
        if let Some(entry) = node.entry("host").or_else(|| node.entry("hosts")) {
            let what = format!("{path} is a copy and names its hosts itself");
            self.found.add(&entry.at, what, "leave it out");
        }
    }

    /// The case it is for is there.
    fn case(&mut self, node: &Node, path: &str) {
        let Some((node, name)) =
            node.of("execute_only_for").and_then(|node| Some((node, node.text()?)))
        else {
            return;
        };
        let cases = &self.workflow.cases;
        if cases.is_empty() {
            let what = format!("{path}.execute_only_for requires cases");
            self.found.add(&node.at, what, "name cases under `cases`, or leave it out");
        } else if !cases.iter().any(|case| case.name == name) {
            let names = || cases.iter().take(20).map(|case| case.name.as_str());
            let near = late(|| near(name, names()));
            let what = format!("{path}.execute_only_for references unknown case '{name}'");
            self.found.add(&node.at, what, near);
        }
    }

    /// The stages it needs are there.
    fn needs(&mut self, node: &Node, stage: &Stage, path: &str) {
        let items = node.of("needs").map(Node::items).unwrap_or_default();
        let names = || self.workflow.stages.iter().map(|stage| stage.name.as_str());
        let known: BTreeSet<&str> =
            if items.is_empty() { BTreeSet::new() } else { names().collect() };
        for need in items {
            let Some(name) = need.text() else { continue };
            if !known.contains(name) {
                let near = late(|| near(name, names().filter(|name| *name != stage.name)));
                let what = format!("{path}.needs references unknown stage '{name}'");
                self.found.add(&need.at, what, near);
            }
        }
    }

    fn repeated(&mut self, node: &Node, stage: &Stage, path: &str) {
        if let Some(entry) = node.entry("repeat").filter(|_| stage.background && stage.repeat > 1) {
            let what = format!("{path} is in the background and cannot be repeated");
            self.found.add(&entry.at, what, "leave `repeat` or `background` out");
        }
    }
}
