//! What the palette can go to beside actions: nodes, runs, GPUs, models, backends, themes.
//!
//! Taken down once, when it opens: what is chosen does not move while it is read.

use std::collections::BTreeSet;

use crate::model::backend::BackendId;
use crate::model::id::{RunId, SourceId};
use crate::model::serving;
use crate::model::text::SafeText;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::tab::backends;

/// Most places of one kind.
const MOST: usize = 2_000;

/// Where a choice leads.
#[derive(Clone, Debug, PartialEq)]
pub enum Goal {
    /// This is done.
    Act(Action),
    /// This theme is used.
    Theme(String),
    /// This node is seen in depth.
    Node(SourceId),
    /// This run or job is seen in depth.
    Run(SourceId, SafeText),
    /// The cursor is put on this GPU.
    Gpu(SourceId, SafeText),
    /// The cursor is put on this model.
    Model(SourceId, serving::Key),
    /// The cursor is put on this backend.
    Backend(BackendId),
}

/// Something that can be chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct Item {
    /// Its kind, or the name of an action.
    pub(super) kind: String,
    /// Its name, or what an action does.
    pub(super) name: String,
    /// What else is known of it.
    pub(super) aside: String,
    /// Where it leads.
    pub(super) goal: Goal,
}

impl Item {
    fn new<N, A>(kind: &str, name: &N, aside: &A, goal: Goal) -> Self
    where
        N: ToString + ?Sized,
        A: ToString + ?Sized,
    {
        Self { kind: kind.to_owned(), name: name.to_string(), aside: aside.to_string(), goal }
    }

    /// An action, which has its keys beside it.
    pub(super) fn action(action: Action) -> Self {
        Self::new(action.name(), action.words(), "", Goal::Act(action))
    }
}

/// Everything in `state` that has a name, and the themes.
pub fn places<'a>(state: &State, themes: impl Iterator<Item = &'a str>) -> Vec<Item> {
    let mut all: Vec<Item> = Vec::new();
    let nodes = state.nodes.keys().map(|id| Item::new("node", id, "", Goal::Node(id.clone())));
    all.extend(nodes.take(MOST));
    all.extend(gpus(state).take(MOST));
    all.extend(models(state).take(MOST));
    let of = |id: BackendId| Item::new("backend", id.name(), "", Goal::Backend(id));
    all.extend(backends::statuses(state).iter().map(|status| of(status.id)));
    all.extend(themes.map(|name| Item::new("theme", name, "", Goal::Theme(name.to_owned()))));
    all.extend(runs(state));
    all
}

fn gpus(state: &State) -> impl Iterator<Item = Item> {
    state.nodes.iter().flat_map(|(id, node)| {
        let gpus = node.gpus.iter().flat_map(|(_, sample)| &sample.gpus);
        gpus.map(move |gpu| {
            let name = format!("{id} {} {}", gpu.index, gpu.name);
            Item::new("gpu", &name, "", Goal::Gpu(id.clone(), gpu.id.clone()))
        })
    })
}

fn models(state: &State) -> impl Iterator<Item = Item> {
    state.nodes.iter().flat_map(|(id, node)| {
        let served = node.serving.iter().flat_map(|(_, all)| all);
        served
            .map(move |one| Item::new("model", &one.model, id, Goal::Model(id.clone(), one.key())))
    })
}

/// Every run and job, each once, what goes on first.
fn runs(state: &State) -> Vec<Item> {
    let mut seen: BTreeSet<(SourceId, String)> = BTreeSet::new();
    let mut all = Vec::new();
    let mut add = |source: &SourceId, id: &str, name: &str, aside: &str| {
        if all.len() < MOST && seen.insert((source.clone(), id.to_owned())) {
            let words = if name.is_empty() { id.to_owned() } else { format!("{name} {id}") };
            let goal = Goal::Run(source.clone(), SafeText::new(id));
            all.push(Item::new("run", &words, aside, goal));
        }
    };
    let mut told: BTreeSet<&RunId> = BTreeSet::new();
    for (source, kept) in &state.stored {
        for run in kept {
            let brief = run.brief.as_deref();
            let name = brief.and_then(|brief| brief.name.as_ref()).map_or("", SafeText::as_str);
            let status = brief.map_or("", |brief| brief.status.as_str());
            add(source, run.id.as_str(), name, status);
            told.insert(&run.id);
        }
    }
    for (id, run) in state.runs.iter().filter(|(id, _)| !told.contains(id)) {
        add(&run.from, id.as_str(), "", if run.is_live() { "goes on" } else { "" });
    }
    for (id, flow) in state.workflows.iter().filter(|(id, _)| !told.contains(id)) {
        add(&flow.from, id.as_str(), flow.run.head.name.as_str(), "");
    }
    for (source, node) in &state.nodes {
        for job in node.pipelines.iter().flat_map(|(_, told)| &told.jobs) {
            let name = job.name.as_ref().map_or("", SafeText::as_str);
            add(source, job.id.as_str(), name, job.status.as_str());
        }
    }
    all
}
