//! Which stage waits for which.
//!
//! A stage without `needs` waits for the one before it, as every benchctl has it: for it to be done, or to
//! be ready where it is in the background, and for the last one that is not in the background. With
//! `needs` it waits for those it names, and with an empty one for none.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::workflow::Workflow;

/// Which stage waits for which: first the one that is waited for. Names that are unknown are left out.
pub fn edges(workflow: &Workflow) -> Vec<(usize, usize)> {
    let stages = &workflow.stages;
    let index: BTreeMap<&str, usize> =
        stages.iter().enumerate().map(|(at, stage)| (stage.name.as_str(), at)).collect();
    let mut edges = Vec::new();
    for (to, stage) in stages.iter().enumerate() {
        let from: BTreeSet<usize> = match &stage.needs {
            Some(names) => {
                names.iter().filter_map(|name| index.get(name.as_str()).copied()).collect()
            }
            None => before(workflow, to).collect(),
        };
        edges.extend(from.into_iter().map(|from| (from, to)));
    }
    edges
}

/// The stage before `to`, and the last one before it that is not in the background.
fn before(workflow: &Workflow, to: usize) -> impl Iterator<Item = usize> {
    let foreground = |at: &usize| workflow.stages.get(*at).is_some_and(|stage| !stage.background);
    let last = (0..to).rev().find(foreground);
    last.into_iter().chain(to.checked_sub(1))
}

/// The stages that are over before each: by index, all that it waits for, however far back. Where stages
/// wait for each other, those of the circle are among their own.
pub fn ancestors(workflow: &Workflow) -> Vec<BTreeSet<usize>> {
    let edges = edges(workflow);
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); workflow.stages.len()];
    for (from, to) in edges {
        if let Some(list) = into.get_mut(to) {
            list.push(from);
        }
    }
    (0..into.len()).map(|stage| reach(&into, stage)).collect()
}

fn reach(into: &[Vec<usize>], stage: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<usize> = into.get(stage).cloned().unwrap_or_default();
    while let Some(next) = open.pop() {
        if seen.insert(next) {
            open.extend(into.get(next).into_iter().flatten());
        }
    }
    seen
}

/// The first circle of stages that wait for each other, in the order they wait; empty where there is none.
pub(super) fn circle(workflow: &Workflow) -> Vec<usize> {
    let ancestors = ancestors(workflow);
    let Some(start) =
        (0..ancestors.len()).find(|at| ancestors.get(*at).is_some_and(|set| set.contains(at)))
    else {
        return Vec::new();
    };
    let edges = edges(workflow);
    let mut path = vec![start];
    while let Some(last) = path.last().copied() {
        let back = |from: &usize| {
            *from == start || ancestors.get(*from).is_some_and(|set| set.contains(&start))
        };
        let next = edges.iter().filter(|(_, to)| *to == last).map(|(from, _)| *from);
        let next = next.filter(|from| *from == start || !path.contains(from)).find(back);
        match next {
            Some(next) if next != start => path.push(next),
            _ => break,
        }
    }
    path
}
