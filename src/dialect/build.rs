//! The workflow that a file's tree says.
//!
//! It is made of whatever is right, so that the rules of `rule` can be tried on a file with mistakes too:
//! item for item as in the tree, with defaults where something is missing.

use std::collections::BTreeMap;

use super::check;
use super::duration;
use super::rule::MATRIX;
use super::yaml::Node;
use crate::model::secret::Secret;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::{Case, Git, Host, LOCAL, Logging, SHELL, Sync, TASKS, Workflow};

mod plot;
pub(super) mod stage;

/// Where runs are put unless the file says.
const RESULTS: &str = "./results";

/// The workflow that `file` says; its dialect is found out by who calls.
pub(super) fn workflow(file: &Node) -> Workflow {
    let head = file.of("benchmark");
    let of = |key: &str| head.and_then(|head| head.of(key));
    let stages = stage::all(file.of("stages"));
    Workflow {
        name: SafeText::new(of("name").and_then(Node::text).unwrap_or_default()),
        output_dir: of("output_dir").and_then(Node::text).unwrap_or(RESULTS).to_owned(),
        shell: of("shell").and_then(Node::text).unwrap_or(SHELL).to_owned(),
        logging: of("logging").map(logging).unwrap_or_default(),
        git: of("git").map(git).unwrap_or_default(),
        sync: of("sync").map(sync),
        hosts: hosts(file.of("hosts")),
        cases: cases(file),
        repeat: count(file, "repeat").unwrap_or(1),
        cleanup: stage::all(file.of("cleanup")),
        plots: file.of("plots").map(plot::all).unwrap_or_default(),
        stages,
        ..Workflow::default()
    }
}

fn logging(node: &Node) -> Logging {
    Logging {
        level: text(node, "level").unwrap_or_else(|| "info".to_owned()),
        path: text(node, "path"),
        time_format: text(node, "time_format"),
    }
}

fn git(node: &Node) -> Git {
    let usual = Git::default();
    Git {
        capture: flag(node, "capture").unwrap_or(usual.capture),
        require_clean: flag(node, "require_clean").unwrap_or(usual.require_clean),
        save_patch: flag(node, "save_patch").unwrap_or(usual.save_patch),
    }
}

fn sync(node: &Node) -> Sync {
    Sync { remote: text(node, "remote").unwrap_or_default(), args: texts(node, "args") }
}

fn hosts(node: Option<&Node>) -> BTreeMap<String, Host> {
    let entries = node.map(Node::entries).unwrap_or_default().iter();
    let mut hosts: BTreeMap<String, Host> =
        entries.map(|entry| (entry.key.clone(), host(&entry.value))).collect();
    hosts.insert(LOCAL.to_owned(), Host::default());
    hosts
}

fn host(node: &Node) -> Host {
    let secret = |key: &str| node.of(key).and_then(Node::text).map(Secret::new);
    Host {
        address: text(node, "ip"),
        port: whole(node, "port").and_then(|port| u16::try_from(port).ok()),
        username: text(node, "username"),
        password: secret("password"),
        key_file: text(node, "key_file"),
        key_password: secret("key_password"),
    }
}

fn cases(file: &Node) -> Vec<Case> {
    let named = file.of("cases").map(Node::items).unwrap_or_default().iter().map(|node| Case {
        name: text(node, "name").unwrap_or_default(),
        env: pairs(node, "env"),
        matrix: BTreeMap::new(),
    });
    named.chain(combinations(file)).collect()
}

/// Every combination of the values of `matrix`, the last name's values changing fastest; no more than
/// could be run.
fn combinations(file: &Node) -> Vec<Case> {
    let Some(matrix) = file.of("matrix").filter(|node| !node.entries().is_empty()) else {
        return Vec::new();
    };
    let mut all = vec![Case::default()];
    for entry in matrix.entries().iter().take(MATRIX) {
        let values = entry.value.items().iter().filter_map(Node::text);
        let values: Vec<&str> = values.collect();
        let with = |case: &Case, value: &&str| {
            let mut case = case.clone();
            let comma = if case.name.is_empty() { "" } else { "," };
            case.name = format!("{}{comma}{}={value}", case.name, entry.key);
            case.matrix.insert(entry.key.clone(), (*value).to_owned());
            case
        };
        let combined =
            all.iter().flat_map(|case| values.iter().map(move |value| with(case, value)));
        all = combined.take(TASKS + 1).collect();
    }
    all
}

fn text(node: &Node, key: &str) -> Option<String> {
    node.of(key).and_then(Node::text).map(str::to_owned)
}

/// The texts of a list, or the one text.
fn texts(node: &Node, key: &str) -> Vec<String> {
    let Some(node) = node.of(key) else { return Vec::new() };
    let one = node.text().into_iter();
    one.chain(node.items().iter().filter_map(Node::text)).map(str::to_owned).collect()
}

fn pairs(node: &Node, key: &str) -> BTreeMap<String, String> {
    let entries = node.of(key).map(Node::entries).unwrap_or_default().iter();
    let text = |node: &Node| node.text().unwrap_or_default().to_owned();
    entries.map(|entry| (entry.key.clone(), text(&entry.value))).collect()
}

fn flag(node: &Node, key: &str) -> Option<bool> {
    let node = node.of(key)?;
    check::flag(node.text()?, true).ok()
}

fn whole(node: &Node, key: &str) -> Option<i64> {
    check::whole(node.of(key)?.text()?, i64::MIN, i64::MAX).ok()
}

fn count(node: &Node, key: &str) -> Option<u32> {
    whole(node, key).and_then(|number| u32::try_from(number).ok())
}

fn number(node: &Node, key: &str) -> Option<f64> {
    check::number(node.of(key)?.text()?).ok()
}

fn time(node: &Node, key: &str) -> Option<Seconds> {
    duration::read(node.of(key)?.text()?)
}
