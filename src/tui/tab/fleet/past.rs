//! The past of very many nodes together, kept as it is seen.
//!
//! To join the pasts of thousands of nodes for each frame is dear; so their numbers are joined once in
//! two seconds and what comes of it is kept.

use super::{GPUS, Named, RECIPES, TOGETHER, heard, join_gpus};
use crate::model::time::Stamp;
use crate::series::Series;
use crate::state::Node;
use crate::tui::look::Look;

/// Time between two joined values, in milliseconds.
const EVERY_MS: u64 = 2_000;

/// Numbers that are joined: a recipe each, and two of GPUs.
const NUMBERS: usize = RECIPES.len() + GPUS.len();

/// What was joined so far.
#[derive(Debug, Default)]
pub(in super::super) struct Past {
    joined: Series<NUMBERS>,
    last: Option<Stamp>,
    /// Whether any node was live then.
    pub(super) live: bool,
    /// How many GPUs there were then.
    pub(super) gpus: usize,
}

impl Past {
    /// Joins the numbers of `nodes` as they are now, if there are many and it is time.
    pub(in super::super) fn take(&mut self, nodes: &[Named<'_>], look: &Look<'_>) {
        let wait = self.last.is_some_and(|last| {
            u64::try_from(look.now.since(last).as_millis()).unwrap_or(u64::MAX) < EVERY_MS
        });
        if nodes.len() <= TOGETHER || wait {
            return;
        }
        let nodes: Vec<&Node> = nodes.iter().map(|(_, node)| *node).collect();
        let (heard, live) = heard(&nodes, look);
        let mut row = [None; NUMBERS];
        for (place, recipe) in row.iter_mut().zip(&RECIPES) {
            *place = recipe.present(&heard);
        }
        let gpus = join_gpus(&heard);
        for (place, value) in row.iter_mut().skip(RECIPES.len()).zip(gpus.values) {
            *place = value;
        }
        (self.live, self.gpus, self.last) = (live, gpus.count, Some(look.now));
        self.joined.push(look.now.mono_ms, row);
    }

    /// The last joined value of number `which`.
    pub(super) fn now(&self, which: usize) -> Option<f64> {
        self.joined.nearest(which, self.joined.last_ms()?)?.1
    }

    pub(super) const fn series(&self) -> &Series<NUMBERS> {
        &self.joined
    }
}
