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

/// Some of the stages of a workflow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stages(Vec<u64>);

impl Stages {
    /// The first `count`.
    pub fn all(count: usize) -> Self {
        let mut all = Self::default();
        (0..count).for_each(|stage| all.insert(stage));
        all
    }

    /// Whether `stage` is among them.
    pub fn contains(&self, stage: usize) -> bool {
        self.0.get(stage / 64).is_some_and(|word| word >> (stage % 64) & 1 == 1)
    }

    /// Puts `stage` among them.
    pub fn insert(&mut self, stage: usize) {
        self.0.resize(self.0.len().max(stage / 64 + 1), 0);
        if let Some(word) = self.0.get_mut(stage / 64) {
            *word |= 1 << (stage % 64);
        }
    }

    fn extend(&mut self, other: &Self) {
        self.0.resize(self.0.len().max(other.0.len()), 0);
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }
}

/// The stages that are over before each: by index, all that it waits for, however far back. Of stages
/// that wait for each other it tells only some.
pub fn ancestors(workflow: &Workflow) -> Vec<Stages> {
    let into = into(workflow);
    let mut all = vec![Stages::default(); into.len()];
    for stage in walk(&into).0 {
        let mut before = Stages::default();
        for from in into.get(stage).into_iter().flatten() {
            before.insert(*from);
            all.get(*from).into_iter().for_each(|further| before.extend(further));
        }
        if let Some(place) = all.get_mut(stage) {
            *place = before;
        }
    }
    all
}

/// By stage, those it waits for itself.
fn into(workflow: &Workflow) -> Vec<Vec<usize>> {
    let mut into: Vec<Vec<usize>> = vec![Vec::new(); workflow.stages.len()];
    for (from, to) in edges(workflow) {
        if let Some(list) = into.get_mut(to) {
            list.push(from);
        }
    }
    into
}

/// The first circle of stages that wait for each other, in the order they wait; empty where there is none.
pub(super) fn circle(workflow: &Workflow) -> Vec<usize> {
    walk(&into(workflow)).1
}

/// Every stage behind all that it waits for, and the first circle, where stages wait for each other. It
/// looks at each edge once.
fn walk(into: &[Vec<usize>]) -> (Vec<usize>, Vec<usize>) {
    let (mut order, mut circle) = (Vec::new(), Vec::new());
    let (mut seen, mut over) = (Stages::default(), Stages::default());
    for start in 0..into.len() {
        // Stages that are waited for, each with how many of its own were looked at.
        let mut path = vec![(start, 0)];
        if seen.contains(start) {
            continue;
        }
        seen.insert(start);
        while let Some((stage, next)) = path.last_mut() {
            let Some(from) = into.get(*stage).and_then(|list| list.get(*next)).copied() else {
                order.push(*stage);
                over.insert(*stage);
                path.pop();
                continue;
            };
            *next += 1;
            if !seen.contains(from) {
                seen.insert(from);
                path.push((from, 0));
            } else if circle.is_empty() && !over.contains(from) {
                let path = path.iter().map(|(stage, _)| *stage);
                circle = path.skip_while(|stage| *stage != from).collect();
            }
        }
    }
    (order, circle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_comes_behind_all_it_waits_for_and_a_circle_is_found() {
        let into = [vec![3], vec![0], vec![], vec![2]];
        assert_eq!(walk(&into), (vec![2, 3, 0, 1], vec![]));
        let into = [vec![], vec![0, 2], vec![3], vec![0, 1]];
        assert_eq!(walk(&into).1, [1, 2, 3]);
        assert_eq!(walk(&[vec![0]]).1, [0]);
    }

    #[test]
    fn stages_are_a_set() {
        let mut stages = Stages::all(3);
        stages.insert(130);
        let found: Vec<usize> = (0..200).filter(|stage| stages.contains(*stage)).collect();
        assert_eq!(found, [0, 1, 2, 130]);
    }
}
