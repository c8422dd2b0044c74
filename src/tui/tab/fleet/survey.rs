//! What is said of all nodes at once: how many are how, who is silent, what they have together.
//!
//! Several parts of a frame say it, and to look at thousands of nodes for each of them is dear. So one
//! look serves them all; with very many nodes for half a second, and a part of them is looked at in each
//! frame.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use super::{TOGETHER, some};
use crate::model::gpu::{Tally, Total};
use crate::model::id::SourceId;
use crate::model::time::Stamp;
use crate::state::{Node, State};
use crate::tui::look::Look;
use crate::tui::widget::status::{Standing, Status, are_gpus_fresh};

/// Time between the beginnings of two looks at very many nodes.
const EVERY: Duration = Duration::from_millis(500);
/// Of very many nodes, those that are looked at in one frame.
const A_FRAME: usize = 2_000;
/// Silent nodes that are named one by one; the others are only counted.
const NAMED: usize = 3;

/// All nodes at a glance.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::tui) struct Survey {
    /// How many are how.
    pub(in crate::tui) standing: Standing,
    /// The first that are not live.
    pub(in crate::tui) silent: Vec<SourceId>,
    /// Processors of those that are live, as the figures beside them are.
    pub(in crate::tui) cpus: u64,
    /// GPUs of the same.
    pub(in crate::tui) gpus: u64,
    /// Those of them whose figures are of now, and those that are lost.
    pub(in crate::tui) fresh_gpus: Total,
    /// Backends of all nodes.
    pub(in crate::tui) backends: usize,
    /// Those that can run.
    pub(in crate::tui) ready: usize,
}

impl Survey {
    /// How many are not live beside those that are named.
    pub(in crate::tui) fn silent_more(&self) -> usize {
        let silent = self.standing.all() - self.standing.count(Status::Up);
        silent.saturating_sub(self.silent.len())
    }
}

/// A look that is under way.
#[derive(Debug, Default)]
struct Round {
    begun: Stamp,
    /// The last node that was looked at.
    after: Option<SourceId>,
    survey: Survey,
    fresh: Tally,
}

impl Round {
    /// Looks at the next `count` nodes; true when those were the last.
    fn go_on(&mut self, count: usize, state: &State, look: &Look<'_>) -> bool {
        let after = self.after.take();
        self.after = some(state, after, count, |id, node| self.add(id, node, look));
        self.after.is_none()
    }

    fn add(&mut self, id: &SourceId, node: &Node, look: &Look<'_>) {
        let (survey, status) = (&mut self.survey, Status::of(node, look));
        survey.standing.add(status);
        if !status.is_live() && survey.silent.len() < NAMED {
            survey.silent.push(id.clone());
        }
        if status.is_live() {
            survey.cpus += node.info.as_ref().map_or(0, |info| u64::from(info.cpus));
            survey.gpus += node.all_gpus().len() as u64;
        }
        survey.backends += node.backends.len();
        survey.ready += node.backends.iter().filter(|status| status.readiness.runs()).count();
        if are_gpus_fresh(node, status, look) {
            node.all_gpus().iter().for_each(|gpu| self.fresh.add(gpu));
        }
    }

    fn end(self) -> Arc<Survey> {
        Arc::new(Survey { fresh_gpus: self.fresh.total(), ..self.survey })
    }
}

/// The last look, when it began, and the one that is under way.
#[derive(Debug, Default)]
pub(in crate::tui) struct Surveyor {
    last: RefCell<Option<(Stamp, Arc<Survey>)>>,
    round: RefCell<Option<Round>>,
}

impl Surveyor {
    /// Goes on looking at very many nodes, if it is time.
    pub(in crate::tui) fn go_on(&self, state: &State, look: &Look<'_>) {
        let begun = self.last.borrow().as_ref().map(|(begun, _)| *begun);
        let wait = begun.is_some_and(|begun| look.now.since(begun) < EVERY);
        let round = self.round.take();
        if state.nodes.len() <= TOGETHER || round.is_none() && wait {
            return;
        }
        let anew = || Round { begun: look.now, ..Round::default() };
        let mut round = round.unwrap_or_else(anew);
        if round.go_on(A_FRAME, state, look) {
            self.last.replace(Some((round.begun, round.end())));
        } else {
            self.round.replace(Some(round));
        }
    }

    /// All nodes of `state` as they are, or of very many as the last look found them.
    pub(in crate::tui) fn survey(&self, state: &State, look: &Look<'_>) -> Arc<Survey> {
        let many = state.nodes.len() > TOGETHER;
        let mut last = self.last.borrow_mut();
        if let Some((_, survey)) = last.as_ref().filter(|_| many) {
            return Arc::clone(survey);
        }
        let mut round = Round::default();
        round.go_on(usize::MAX, state, look);
        let survey = round.end();
        *last = many.then(|| (look.now, Arc::clone(&survey)));
        survey
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::gpu::{Gpu, GpuSample};
    use crate::model::node::NodeSample;
    use crate::model::reading::Reading;
    use crate::model::text::SafeText;
    use crate::model::unit::Ratio;
    use crate::model::update::{Health, Update, What};
    use crate::tui::app::{App, Setup};

    const fn at(mono_ms: u64) -> Stamp {
        Stamp { mono_ms, wall_ms: 0 }
    }

    fn tell(state: &mut State, node: usize, what: What) {
        let from = SourceId(SafeText::from(format!("node-{node:05}")));
        state.apply(&Update { at: at(1_000), from, what });
    }

    /// Nodes of which each seventh is lost and each fifth has a GPU.
    fn fleet(count: usize) -> State {
        let mut state = State::default();
        for node in 0..count {
            tell(&mut state, node, What::Node(Box::<NodeSample>::default()));
            if node % 5 == 0 {
                let busy = Ratio::new(if node % 2 == 0 { 1.0 } else { 0.5 }).unwrap();
                let gpu = Gpu { utilization: Reading::Known(busy), ..Gpu::default() };
                let gpus = GpuSample { gpus: vec![gpu], ..GpuSample::default() };
                tell(&mut state, node, What::Gpus(Box::new(gpus)));
            }
            if node % 7 == 0 {
                let down = Health::Down { since: at(1_000), why: "gone".into() };
                tell(&mut state, node, What::Health(down));
            }
        }
        state
    }

    #[test]
    fn a_part_in_each_frame_comes_to_what_all_at_once_do() {
        let mut state = fleet(2 * A_FRAME + 1);
        let app = App::new(Setup::default(), Duration::from_secs(1), true);
        let surveyor = Surveyor::default();
        let first = surveyor.survey(&state, &app.look(at(1_000)));
        assert_eq!(first.standing.count(Status::Down), state.nodes.len().div_ceil(7));
        assert_eq!(first.silent.len(), NAMED);
        let lost = state.nodes.len().div_ceil(7);
        assert_eq!(first.silent_more(), lost - NAMED);
        let (all, dead) = (state.nodes.len().div_ceil(5), state.nodes.len().div_ceil(35));
        assert_eq!(first.gpus, (all - dead) as u64, "of those that are live");
        let both = (first.fresh_gpus.count, first.fresh_gpus.busy.map(Ratio::fraction));
        assert_eq!(both, (686, Some(0.75)), "of 801 in all, less those of nodes that are lost");

        tell(&mut state, 7, What::Health(Health::Up));
        let look = app.look(at(1_400));
        surveyor.go_on(&state, &look);
        assert_eq!(surveyor.survey(&state, &look), first, "it is not time yet");
        let look = app.look(at(1_500));
        for frame in 0..3 {
            assert_eq!(surveyor.survey(&state, &look), first, "frame {frame}");
            surveyor.go_on(&state, &look);
        }
        let second = surveyor.survey(&state, &look);
        assert_eq!(second, Surveyor::default().survey(&state, &look));
        assert_eq!(second.standing.count(Status::Up), first.standing.count(Status::Up) + 1);
    }
}
