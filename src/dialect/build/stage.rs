//! The stages that a file's tree says.

use super::super::columns;
use super::super::yaml::Node;
use super::{count, flag, pairs, text, texts, time};
use crate::model::backend::BackendId;
use crate::model::unit::Seconds;
use crate::model::workflow::{CheckKind, HealthCheck, LOCAL, Output, Spot, Stage, Work};

/// Time that a health check has where the file does not say.
const TIMEOUT: Seconds = Seconds(30.0);
/// Time from one attempt of it to the next.
const EVERY: Seconds = Seconds(1.0);

/// Each item of `list` as a stage.
pub(super) fn all(list: Option<&Node>) -> Vec<Stage> {
    list.map(Node::items).unwrap_or_default().iter().map(stage).collect()
}

fn stage(node: &Node) -> Stage {
    let is = |key| flag(node, key).unwrap_or(false);
    let work = work(node);
    Stage {
        name: text(node, "name").unwrap_or_default(),
        hosts: hosts(node, &work),
        parallel: is("parallel"),
        shell: text(node, "shell"),
        env: pairs(node, "env"),
        skip: is("skip"),
        only_for: text(node, "execute_only_for").filter(|case| !case.is_empty()),
        background: is("background"),
        append_metadata: is("append_metadata"),
        check: node.of("health_check").map(check),
        outputs: node
            .of("outputs")
            .map(Node::items)
            .unwrap_or_default()
            .iter()
            .map(output)
            .collect(),
        needs: node.of("needs").map(|_| texts(node, "needs")),
        repeat: count(node, "repeat").unwrap_or(1),
        timeout: time(node, "timeout"),
        work,
    }
}

/// Where it is done: a copy where its source is, else as the file says, else here.
fn hosts(node: &Node, work: &Work) -> Vec<String> {
    if let Work::Copy { from, .. } = work {
        return vec![from.host.clone()];
    }
    let mut hosts = texts(node, "hosts");
    hosts.extend(text(node, "host").filter(|host| !host.is_empty()));
    if hosts.is_empty() {
        hosts.push(LOCAL.to_owned());
    }
    hosts
}

fn work(node: &Node) -> Work {
    let command = text(node, "command");
    let backend = text(node, "backend").and_then(|word| backend(&word));
    match (command, backend) {
        (Some(command), Some(backend)) => Work::Exec { backend, command },
        (Some(command), None) => Work::Command(command),
        _ => other(node),
    }
}

fn other(node: &Node) -> Work {
    if let Some(script) = text(node, "script") {
        return Work::Script(script);
    }
    if let Some(copy) = node.of("copy") {
        return Work::Copy { from: spot(copy, "from"), to: spot(copy, "to") };
    }
    if node.of("bench").is_some() {
        return Work::Bench(words(node));
    }
    Work::default()
}

/// The words of `bench`: a list as it is, a text parted as a shell would.
fn words(node: &Node) -> Vec<String> {
    let alone = node.of("bench").and_then(Node::text);
    match alone {
        Some(line) => shell_words::split(line).unwrap_or_default(),
        None => texts(node, "bench"),
    }
}

/// The backend that `word` names; of a family its first.
pub(in crate::dialect) fn backend(word: &str) -> Option<BackendId> {
    BackendId::matching(word).into_iter().next()
}

fn spot(node: &Node, key: &str) -> Spot {
    let text = text(node, key).unwrap_or_default();
    let (host, path) = text.split_once(':').unwrap_or((LOCAL, &text));
    Spot { host: host.to_owned(), path: path.to_owned() }
}

fn check(node: &Node) -> HealthCheck {
    let retries = count(node, "retries");
    HealthCheck {
        kind: kind(node.of("type").and_then(Node::text)),
        target: text(node, "target").unwrap_or_default(),
        timeout: time(node, "timeout").unwrap_or(TIMEOUT),
        retries: retries.filter(|retries| *retries > 0),
        every: time(node, "every").unwrap_or(EVERY),
    }
}

fn kind(word: Option<&str>) -> CheckKind {
    match word {
        Some("http") => CheckKind::Http,
        Some("file") => CheckKind::File,
        Some("process") => CheckKind::Process,
        Some("command") => CheckKind::Command,
        _ => CheckKind::Port,
    }
}

fn output(node: &Node) -> Output {
    Output {
        name: text(node, "name").unwrap_or_default(),
        remote_path: text(node, "remote_path").unwrap_or_default(),
        local_path: text(node, "local_path").filter(|path| !path.is_empty()),
        schema: node.of("data_schema").map(columns::read),
    }
}
