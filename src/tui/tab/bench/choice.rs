//! What the user chose for the next benchmark.
//!
//! Whatever is ready is chosen, in every way it starts, until the user takes it out, so that one key
//! measures everything that can be measured; what cannot run cannot be chosen and comes last.

use std::collections::BTreeSet;

use crate::bench::preset;
use crate::model::backend::{BackendId, BackendStatus, Readiness, Start};
use crate::model::bench::{Payload, Plan, Preset};
use crate::model::command::Command;
use crate::model::load::Load;
use crate::model::time::Stamp;
use crate::model::unit::Seconds;
use crate::state::State;
use crate::tui::reply::Reply;
use crate::tui::tab::backends::statuses;

/// The next benchmark, as far as it is chosen.
#[derive(Debug, Default)]
pub(super) struct Choice {
    left_out: BTreeSet<BackendId>,
    no_start: BTreeSet<Start>,
    pub(super) preset: Preset,
    /// `None`: what the preset has.
    payloads: Option<Vec<Payload>>,
    /// `None`: what the preset has.
    loads: Option<Vec<Load>>,
}

impl Choice {
    /// The backends in the order in which they are listed: those that cannot run come last, as soon
    /// as all were tried, so that none jumps while they are.
    pub(super) fn backends(state: &State) -> Vec<&BackendStatus> {
        let mut all: Vec<_> = statuses(state).iter().collect();
        if all.iter().all(|status| status.readiness != Readiness::Checking) {
            all.sort_by_key(|status| !status.readiness.runs());
        }
        all
    }

    /// Their names in the same order.
    pub(super) fn names(state: &State) -> Vec<&BackendId> {
        Self::backends(state).into_iter().map(|status| &status.id).collect()
    }

    /// Whether `status` will be measured.
    pub(super) fn has(&self, status: &BackendStatus) -> bool {
        self.can(status) && !self.left_out.contains(&status.id)
    }

    /// Whether `status` could be: it runs, and has one of the starts that are wanted.
    pub(super) fn can(&self, status: &BackendStatus) -> bool {
        status.readiness.runs() && self.has_start(status.id)
    }

    /// Whether `status` can be taken in or out: it could be measured, or that is not known yet.
    fn is_open(&self, status: &BackendStatus) -> bool {
        !matches!(status.readiness, Readiness::Unavailable { .. }) && self.has_start(status.id)
    }

    /// Whether `id` has one of the starts that are wanted.
    fn has_start(&self, id: BackendId) -> bool {
        id.starts().iter().any(|start| self.wants(*start))
    }

    /// Whether sandboxes are to be started so.
    pub(super) fn wants(&self, start: Start) -> bool {
        !self.no_start.contains(&start)
    }

    /// Whether the user did not take `id` out.
    pub(super) fn allows(&self, id: BackendId) -> bool {
        !self.left_out.contains(&id) && self.has_start(id)
    }

    /// The plan as chosen.
    pub(super) fn plan(&self, state: &State) -> Plan {
        let chosen = statuses(state).iter().filter(|status| self.has(status));
        let backends: Vec<_> = chosen.map(|status| status.id).collect();
        self.shape(preset::plan(self.preset, &backends, seed(state.now)))
    }

    /// The plan as it is wished: what is still being tried is in it, since the run waits for that and
    /// takes what can run. As long as nothing is known of any, all of them are.
    pub(super) fn wished(&self, state: &State) -> Plan {
        if statuses(state).is_empty() {
            let all: Vec<_> = BackendId::ALL.into_iter().filter(|id| self.allows(*id)).collect();
            return self.shape(preset::plan(self.preset, &all, seed(state.now)));
        }
        let chosen = |status: &&BackendStatus| match status.readiness {
            Readiness::Checking => self.allows(status.id),
            _ => self.has(status),
        };
        let backends: Vec<_> = statuses(state).iter().filter(chosen).map(|one| one.id).collect();
        self.shape(preset::plan(self.preset, &backends, seed(state.now)))
    }

    /// Whether backends are still being tried, or are about to be.
    pub(super) fn is_trying(state: &State) -> bool {
        let statuses = statuses(state);
        statuses.is_empty() || statuses.iter().any(|status| status.readiness == Readiness::Checking)
    }

    /// `plan` with the starts, payloads and loads that are chosen.
    pub(super) fn shape(&self, mut plan: Plan) -> Plan {
        plan.starts.retain(|start| self.wants(*start));
        if let Some(payloads) = &self.payloads {
            plan.payloads.clone_from(payloads);
        }
        if let Some(loads) = &self.loads {
            plan.loads.clone_from(loads);
        }
        plan
    }

    /// The loads that will be put on each backend.
    pub(super) fn loads(&self) -> Vec<Load> {
        let usual = || preset::plan(self.preset, &[], 0).loads;
        self.loads.clone().unwrap_or_else(usual)
    }

    /// Takes the load in row `row` in or out.
    pub(super) fn mark_load(&mut self, row: usize) -> Reply {
        let Some(name) = Load::NAMES.get(row).copied() else {
            return Reply::Done;
        };
        let mut loads = self.loads();
        if loads.iter().any(|load| load.name() == name) {
            loads.retain(|load| load.name() != name);
        } else {
            loads.extend(usual(name));
            let place = |load: &Load| Load::NAMES.iter().position(|name| *name == load.name());
            loads.sort_by_key(place);
        }
        self.loads = Some(loads);
        Reply::Done
    }

    /// Every payload that can be chosen, and whether it is.
    pub(super) fn payloads(&self, state: &State) -> Vec<(Payload, bool)> {
        let chosen = self.plan(state).payloads;
        let mut all = Payload::USUAL.to_vec();
        all.extend(chosen.iter().filter(|payload| !Payload::USUAL.contains(payload)));
        all.into_iter().map(|payload| (payload, chosen.contains(&payload))).collect()
    }

    /// Takes the backend in row `row` in or out.
    pub(super) fn mark_backend(&mut self, row: usize, state: &State) -> Reply {
        let Some(status) = Self::backends(state).get(row).copied() else {
            return Reply::Done;
        };
        if let Readiness::Unavailable { reason, .. } = &status.readiness {
            return Reply::Say(format!("{} cannot run: {reason}", status.id).into());
        }
        if !self.can(status) && status.readiness.runs() {
            return Reply::Say(format!("{} has none of the starts marked", status.id).into());
        }
        if !self.left_out.remove(&status.id) {
            self.left_out.insert(status.id);
        }
        Reply::Done
    }

    /// Takes every backend in, or all out if all were in; none that turns out later to run is in then.
    pub(super) fn mark_all(&mut self, state: &State) -> Reply {
        let statuses = statuses(state);
        let mut open = statuses.iter().filter(|status| self.is_open(status));
        let some_out = if statuses.is_empty() {
            !self.left_out.is_empty()
        } else {
            open.any(|status| self.left_out.contains(&status.id))
        };
        if some_out {
            self.left_out.clear();
        } else {
            self.left_out = BackendId::ALL.into();
        }
        Reply::Done
    }

    /// Takes the start in row `row` in or out.
    pub(super) fn mark_start(&mut self, row: usize, state: &State) -> Reply {
        let Some(start) = Start::ALL.get(row).copied() else {
            return Reply::Done;
        };
        if !statuses(state).is_empty() && Self::starting(start, state).is_empty() {
            let text = format!("nothing that runs here has a {} start", start.name());
            return Reply::Say(text.into());
        }
        if !self.no_start.remove(&start) {
            self.no_start.insert(start);
        }
        Reply::Done
    }

    /// The backends that run here and can be started so.
    pub(super) fn starting(start: Start, state: &State) -> Vec<BackendId> {
        let runs = statuses(state).iter().filter(|status| status.readiness.runs());
        runs.map(|status| status.id).filter(|id| id.starts().contains(&start)).collect()
    }

    /// Takes the payload in row `row` in or out.
    pub(super) fn mark_payload(&mut self, row: usize, state: &State) -> Reply {
        let mut all = self.payloads(state);
        if let Some((_, chosen)) = all.get_mut(row) {
            *chosen = !*chosen;
        }
        let chosen = all.into_iter().filter(|(_, chosen)| *chosen);
        self.payloads = Some(chosen.map(|(payload, _)| payload).collect());
        Reply::Done
    }

    /// The next preset, with its own payloads.
    pub(super) fn next_preset(&mut self) -> Reply {
        self.preset = match self.preset {
            Preset::Quick => Preset::Standard,
            Preset::Standard => Preset::Full,
            Preset::Full => Preset::Quick,
        };
        self.payloads = None;
        self.loads = None;
        Reply::Done
    }

    /// Wishes the benchmark, or says why it cannot be.
    pub(super) fn run(&self, state: &State) -> Reply {
        let plan = self.wished(state);
        if let Some(why) = Self::obstacle(&plan, state) {
            return Reply::Say(why.into());
        }
        Reply::Wish(Command::Bench(Box::new(plan)))
    }

    /// Why `plan` cannot run now.
    pub(super) fn obstacle(plan: &Plan, state: &State) -> Option<&'static str> {
        let statuses = statuses(state);
        let ready = statuses.iter().any(|status| status.readiness.runs());
        if state.live_run().is_some() {
            Some("a run is going on; wait, or cancel it")
        } else if !ready && !Self::is_trying(state) {
            Some("no backend is ready; the Backends tab says what mends them")
        } else if plan.starts.is_empty() {
            Some("no start is marked")
        } else if plan.backends.is_empty() {
            Some("no backend is marked")
        } else if plan.payloads.is_empty() {
            Some("no payload is marked")
        } else if plan.cells().is_empty() {
            Some("none of the backends marked can do any of the payloads marked")
        } else {
            None
        }
    }
}

/// The load called `name` as it is usually put.
fn usual(name: &str) -> Option<Load> {
    let standard = preset::plan(Preset::Full, &[], 0).loads;
    let own = [
        Load::Memory { count: 20 },
        Load::Throughput { least: 1, most: 16, seconds: Seconds(1.0) },
        Load::Latency { per_second: None, most: 16, seconds: Seconds(2.0) },
        Load::Neighbour { seconds: Seconds(1.0) },
        Load::Density { most: 200 },
    ];
    standard.into_iter().chain(own).find(|load| load.name() == name)
}

/// A seed nobody chose: the time, its bits stirred (the finaliser of splitmix64).
pub(in crate::tui::tab) const fn seed(now: Stamp) -> u64 {
    let mut bits = now.wall_ms.cast_unsigned() ^ now.mono_ms.rotate_left(32);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::update::{Update, What};

    /// What is known of three backends, of which the first `ready` were tried.
    fn tried(ready: usize) -> State {
        let status = |(at, id): (usize, BackendId)| BackendStatus {
            readiness: if at < ready { Readiness::Ready } else { Readiness::Checking },
            ..BackendStatus::new(id)
        };
        let of = [BackendId::Process, BackendId::Runc, BackendId::Crun];
        let told = What::Backends(of.into_iter().enumerate().map(status).collect());
        let mut state = State::default();
        state.apply(&Update { at: Stamp::default(), from: SourceId::local(), what: told });
        state
    }

    fn wished(choice: &Choice, state: &State) -> Vec<BackendId> {
        choice.wished(state).backends
    }

    #[test]
    fn none_stays_none_while_backends_are_tried() {
        let mut choice = Choice::default();
        choice.mark_all(&tried(1));
        for ready in 0..=3 {
            let state = tried(ready);
            assert!(wished(&choice, &state).is_empty(), "{ready} ready");
            assert!(choice.plan(&state).backends.is_empty(), "{ready} ready");
        }
        choice.mark_backend(1, &tried(2));
        assert_eq!(wished(&choice, &tried(3)), [BackendId::Runc], "the only one stays it");
        choice.mark_all(&tried(2));
        assert_eq!(wished(&choice, &tried(3)).len(), 3);
    }

    #[test]
    fn all_and_none_take_turns_whatever_is_known() {
        for state in [State::default(), tried(0), tried(1), tried(3)] {
            let all = wished(&Choice::default(), &state).len();
            let mut choice = Choice::default();
            for wanted in [0, all, 0] {
                choice.mark_all(&state);
                assert_eq!(wished(&choice, &state).len(), wanted);
            }
        }
    }
}
