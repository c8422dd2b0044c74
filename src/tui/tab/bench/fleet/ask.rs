//! The question before a benchmark on several nodes: how many, on which, and who cannot.

use std::collections::BTreeSet;

use super::super::choice::{self, Choice};
use crate::bench::preset;
use crate::model::backend::BackendId;
use crate::model::bench::Plan;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::origin::Kind;
use crate::model::update::Health;
use crate::state::State;
use crate::tui::reply::Reply;
use crate::tui::widget::value;

/// Nodes that are named one by one; the others are only counted.
const NAMED: usize = 4;

/// Asks whether to run what is chosen on `nodes`; says why not where none of them can.
pub(in super::super) fn ask(choice: &Choice, nodes: Vec<SourceId>, state: &State) -> Reply {
    let (mut able, mut unable) = (Vec::new(), Vec::new());
    for node in nodes {
        match hindrance(&node, state) {
            None => able.push(node),
            Some(why) => unable.push(format!("{node}: {why}")),
        }
    }
    let cannot = named(&unable, "; ");
    if able.is_empty() {
        return Reply::Say(format!("no benchmark begins: {cannot}").into());
    }
    if state.fleet_live().next().is_some() {
        return Reply::Say(
            "a benchmark goes on on several nodes; wait, or cancel it in tab 5".into(),
        );
    }
    let plan = plan(choice, &able, state);
    if plan.cells().is_empty() {
        return Reply::Say("nothing is chosen in tab 5 that these nodes can run".into());
    }
    let names: Vec<String> = able.iter().map(ToString::to_string).collect();
    let (count, names) = (value::many(able.len(), "node"), named(&names, ", "));
    let preset = format!("{:?}", choice.preset).to_lowercase();
    let cannot = if unable.is_empty() { cannot } else { format!(" Not on {cannot}.") };
    let question = format!("Run the {preset} benchmark on {count}: {names}?{cannot}");
    let then = Command::BenchOn { nodes: able, plan: Box::new(plan) };
    Reply::Ask { question: question.into(), then }
}

/// The first of `words`, and how many more there are.
fn named(words: &[String], between: &str) -> String {
    let first: Vec<&str> = words.iter().take(NAMED).map(String::as_str).collect();
    let first = first.join(between);
    match words.len().saturating_sub(NAMED) {
        0 => first,
        more => format!("{first} and {more} more"),
    }
}

/// Why no benchmark can begin on `node`, as far as is known here.
fn hindrance(node: &SourceId, state: &State) -> Option<String> {
    if *node == SourceId::local() {
        return state.live_run().map(|_| "a run is going on there".to_owned());
    }
    if let Some(source) = node.above() {
        return Some(SourceId::only_told(&source));
    }
    let known = state.nodes.get(node);
    let origin = known.and_then(|node| node.origin.as_deref());
    match (known.and_then(|node| node.health.as_ref()), origin) {
        (Some(Health::Down { why, .. }), _) => Some(format!("it does not answer: {why}")),
        (_, None) => Some("it has not answered yet".to_owned()),
        (_, Some(origin)) if origin.can_bench => None,
        (_, Some(origin)) if origin.kind == Kind::Isomon => {
            Some("benchmarks are started there only with a token that may".to_owned())
        }
        (_, Some(origin)) => Some(format!("none can be started there ({})", origin.kind)),
    }
}

/// What is chosen, with every backend that runs on one of `nodes` at least; on a node of which the
/// backends are not known, any may.
fn plan(choice: &Choice, nodes: &[SourceId], state: &State) -> Plan {
    let mut all: BTreeSet<BackendId> = BTreeSet::new();
    for node in nodes {
        let known = state.nodes.get(node).map_or(&[][..], |node| &node.backends);
        if known.is_empty() {
            all.extend(BackendId::ALL);
        }
        let running = known.iter().filter(|backend| backend.readiness.runs());
        all.extend(running.map(|backend| backend.id));
    }
    all.retain(|id| choice.allows(*id));
    let backends: Vec<BackendId> =
        BackendId::ALL.into_iter().filter(|id| all.contains(id)).collect();
    choice.shape(preset::plan(choice.preset, &backends, choice::seed(state.now)))
}
