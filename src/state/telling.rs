//! Which nodes tell of what: what a few of thousands tell is found without asking each of them.

use std::collections::BTreeSet;

use super::{Node, State};
use crate::model::id::SourceId;
use crate::model::update::What;

/// What nodes tell of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a field of `Node`")]
pub enum Part {
    Sample,
    Processes,
    Gpus,
    Workloads,
    Pipelines,
    Serving,
    Agents,
    Alerts,
}

impl Part {
    /// What `what` tells of.
    const fn of(what: &What) -> Option<Self> {
        Some(match what {
            What::Node(_) => Self::Sample,
            What::Processes(_) => Self::Processes,
            What::Gpus(_) => Self::Gpus,
            What::Workloads(_) => Self::Workloads,
            What::Pipelines(_) => Self::Pipelines,
            What::Serving(_) => Self::Serving,
            What::Agents(_) => Self::Agents,
            What::Alerts(_) => Self::Alerts,
            _ => return None,
        })
    }
}

/// Parts there are.
const PARTS: usize = Part::Alerts as usize + 1;
/// Of so many nodes one may tell of a part, and it is still quicker to look each of those up by its name.
const RARE: usize = 16;

/// The parts that one node told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts([bool; PARTS]);

impl Parts {
    /// Takes note of `what`. The part that it is of, where that is new.
    pub(super) fn note(&mut self, what: &What) -> Option<Part> {
        let part = Part::of(what)?;
        (!std::mem::replace(&mut self.0[part as usize], true)).then_some(part)
    }
}

/// Who told of what.
#[derive(Clone, Debug, Default)]
pub struct Telling {
    of: [BTreeSet<SourceId>; PARTS],
    /// Grows whenever a node tells of something that it did not tell of before.
    turn: u64,
}

impl Telling {
    /// Takes note that `from` began to tell of `part`.
    pub(super) fn begin(&mut self, from: &SourceId, part: Part) {
        self.of[part as usize].insert(from.clone());
        self.turn += 1;
    }

    /// Forgets `from`.
    pub(super) fn forget(&mut self, from: &SourceId) {
        for known in &mut self.of {
            known.remove(from);
        }
    }

    /// Another one than before if a node tells of something new.
    pub const fn turn(&self) -> u64 {
        self.turn
    }
}

impl State {
    /// The nodes that told of `part`, in the order of their names. What one told may have been let go of
    /// since.
    pub fn telling(&self, part: Part) -> impl Iterator<Item = (&SourceId, &Node)> {
        let known = &self.told.of[part as usize];
        let rare = known.len().saturating_mul(RARE) < self.nodes.len();
        let each = rare.then(|| known.iter().filter_map(|id| self.nodes.get_key_value(id)));
        let all =
            (!rare).then(|| self.nodes.iter().filter(move |(_, node)| node.told.0[part as usize]));
        each.into_iter().flatten().chain(all.into_iter().flatten())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Stamp;
    use crate::model::update::Update;

    fn tell(state: &mut State, from: &str, what: What) {
        state.apply(&Update { at: Stamp::default(), from: SourceId(from.into()), what });
    }

    fn names(state: &State, part: Part) -> Vec<&str> {
        state.telling(part).map(|(id, _)| id.0.as_str()).collect()
    }

    #[test]
    fn who_tells_of_something_is_found_among_few_and_many() {
        for nodes in [3, 200] {
            let mut state = State::default();
            for node in 0..nodes {
                tell(&mut state, &format!("n{node:03}"), What::Node(Box::default()));
            }
            let turn = state.told.turn();
            assert!(names(&state, Part::Gpus).is_empty());
            for node in ["n002", "n000", "n002"] {
                tell(&mut state, node, What::Gpus(Box::default()));
            }
            assert_eq!(state.told.turn(), turn + 2, "what was told before is not new");
            assert_eq!(names(&state, Part::Gpus), ["n000", "n002"], "of {nodes}");
            assert_eq!(names(&state, Part::Sample).len(), nodes);
            tell(&mut state, "n000", What::Gone);
            assert_eq!(names(&state, Part::Gpus), ["n002"]);
            tell(&mut state, "", What::Anew);
            assert!(names(&state, Part::Gpus).is_empty());
        }
    }
}
