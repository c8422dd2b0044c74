//! What is said of all nodes at once: how many are how, who is silent, what they have together.
//!
//! Several parts of a frame say it, and to look at thousands of nodes for each of them is dear. So one
//! look serves them all, and with very many nodes for half a second.

use std::cell::RefCell;
use std::sync::Arc;

use super::TOGETHER;
use crate::model::id::SourceId;
use crate::state::{Node, State};
use crate::tui::look::Look;
use crate::tui::widget::status::{Standing, Status};

/// How long one look at very many nodes serves, in milliseconds.
const SERVES_MS: u64 = 500;
/// Silent nodes that are named one by one; the others are only counted.
const NAMED: usize = 3;

/// All nodes at a glance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::tui) struct Survey {
    /// How many are how.
    pub(in crate::tui) standing: Standing,
    /// The first that are not live.
    pub(in crate::tui) silent: Vec<SourceId>,
    /// Processors of all.
    pub(in crate::tui) cpus: u64,
    /// GPUs of all.
    pub(in crate::tui) gpus: u64,
    /// Backends of all.
    pub(in crate::tui) backends: usize,
    /// Those that can run.
    pub(in crate::tui) ready: usize,
}

impl Survey {
    fn of(state: &State, look: &Look<'_>) -> Self {
        let mut survey = Self::default();
        for (id, node) in &state.nodes {
            let status = Status::of(node, look);
            survey.standing.add(status);
            if !status.is_live() && survey.silent.len() < NAMED {
                survey.silent.push(id.clone());
            }
            survey.add(node);
        }
        survey
    }

    fn add(&mut self, node: &Node) {
        self.cpus += node.info.as_ref().map_or(0, |info| u64::from(info.cpus));
        self.gpus += node.all_gpus().len() as u64;
        self.backends += node.backends.len();
        self.ready += node.backends.iter().filter(|status| status.readiness.runs()).count();
    }
}

/// The last look, and what it is of.
#[derive(Debug, Default)]
pub(in crate::tui) struct Surveyor(RefCell<Option<(Turn, Arc<Survey>)>>);

/// What a look is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Turn {
    nodes: usize,
    half_second: u64,
}

impl Surveyor {
    /// All nodes of `state` as they are, or of very many as they were less than half a second ago.
    pub(in crate::tui) fn survey(&self, state: &State, look: &Look<'_>) -> Arc<Survey> {
        let nodes = state.nodes.len();
        if nodes <= TOGETHER {
            return Arc::new(Survey::of(state, look));
        }
        let turn = Turn { nodes, half_second: look.now.mono_ms / SERVES_MS };
        let mut kept = self.0.borrow_mut();
        match kept.as_ref() {
            Some((of, survey)) if *of == turn => Arc::clone(survey),
            _ => {
                let survey = Arc::new(Survey::of(state, look));
                *kept = Some((turn, Arc::clone(&survey)));
                survey
            }
        }
    }
}
