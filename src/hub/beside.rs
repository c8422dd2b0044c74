//! Runs of this machine that other processes do: found in the list, and followed until they are over.
//!
//! Such a run is told as it goes on, by the events it has on the disk: as [`SourceId::beside`], so that it
//! is no run of this hub, and none that is only kept. Where runs are kept is looked at each second, and
//! the list is told again when a run was begun there or went on anew.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::task::{answer, tell};
use super::{Deed, Hub, tell_again};
use crate::model::id::{RunId, SourceId};
use crate::model::pipeline::PipelineKind;
use crate::model::run::{RunEvent, StoredRun};
use crate::model::text::SafeText;
use crate::model::update::{Update, What};
use crate::model::workflow::WorkflowEvent;
use crate::store::run_dir::Follower;
use crate::watch::Outlet;

/// How often a run, and the place where runs are kept, is looked at.
const EVERY: Duration = Duration::from_secs(1);
/// Times that reading a workflow's run took, until it is read again.
const SPARE: u32 = 20;
/// Runs that are followed at the same time.
const MOST: usize = 8;
/// Runs without an end, the latest, of which it is looked whether they go on.
const LOOKED_AT: usize = 64;

/// What is followed, and what is looked at.
pub(super) struct Beside {
    followed: BTreeMap<RunId, JoinHandle<()>>,
    /// Runs that had no end and did not go on when they were listed last.
    idle: watch::Sender<Vec<RunId>>,
    watches: bool,
}

impl Default for Beside {
    fn default() -> Self {
        Self { followed: BTreeMap::new(), idle: watch::Sender::new(Vec::new()), watches: false }
    }
}

impl<D: Deed> Hub<D> {
    /// Looks from now on whether other processes begin runs.
    pub(super) fn watch_beside(&mut self) {
        if !std::mem::replace(&mut self.beside.watches, true) {
            let (deed, outlet) = (Arc::clone(&self.deed), self.outlet());
            let idle = self.beside.idle.subscribe();
            let watching = watch_shelf(deed, outlet, idle);
            let stop = self.fleet.stop.clone();
            self.tasks.spawn(async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = watching => {}
                }
            });
        }
    }

    /// Follows the runs of a list of this machine that go on in other processes.
    pub(super) fn find_beside(&mut self, update: &Update) {
        let What::Runs(runs) = &update.what else { return };
        if update.from != SourceId::local() {
            return;
        }
        self.beside.followed.retain(|_, task| !task.is_finished());
        let own = self.running.borrow().clone();
        let others = |run: &&StoredRun| !run.finished && own.as_ref() != Some(&run.id);
        let open: Vec<&StoredRun> = runs.iter().filter(others).take(LOOKED_AT).collect();
        let (going, idle): (Vec<&StoredRun>, _) = open.into_iter().partition(|run| goes_on(run));
        self.beside.idle.send_replace(idle.into_iter().map(|run| run.id.clone()).collect());
        for run in going {
            if self.beside.followed.len() < MOST && !self.beside.followed.contains_key(&run.id) {
                let (deed, outlet, id) = (Arc::clone(&self.deed), self.outlet(), run.id.clone());
                let stop = self.fleet.stop.clone();
                let task = if is_flow(run) {
                    self.tasks.spawn(follow_flow(deed, outlet, id, stop))
                } else {
                    self.tasks.spawn(follow(deed, outlet, id, stop))
                };
                self.beside.followed.insert(run.id.clone(), task);
            }
        }
    }

    /// Whether run `id` is followed, so that all of it is told already.
    pub(super) fn follows(&self, id: &RunId) -> bool {
        self.beside.followed.get(id).is_some_and(|task| !task.is_finished())
    }
}

/// Whether `run` went on when it was listed.
fn goes_on(run: &StoredRun) -> bool {
    run.brief.as_ref().is_some_and(|brief| brief.status.as_str() == "RUNNING")
}

/// Whether `run` is a workflow's.
fn is_flow(run: &StoredRun) -> bool {
    run.brief.as_ref().is_some_and(|brief| brief.kind == PipelineKind::Workflow)
}

/// Has the list told again whenever it is another.
async fn watch_shelf<D: Deed>(deed: Arc<D>, outlet: Outlet, mut idle: watch::Receiver<Vec<RunId>>) {
    let mut seen = deed.changed();
    loop {
        tokio::time::sleep(EVERY).await;
        let looking = Arc::clone(&deed);
        let open = idle.borrow_and_update().clone();
        let looked = tokio::task::spawn_blocking(move || {
            (looking.changed(), open.iter().any(|id| looking.goes_on(id)))
        });
        let Ok((changed, woken)) = looked.await else { return };
        if std::mem::replace(&mut seen, changed) != changed || woken {
            tell_again::list(Arc::clone(&deed), outlet.clone()).await;
        }
    }
}

/// How a run that is followed is.
enum Standing {
    GoesOn,
    Ended,
    CutOff,
}

/// Tells run `id` as it goes on until it is over, then the list again.
async fn follow<D: Deed>(deed: Arc<D>, outlet: Outlet, id: RunId, stop: CancellationToken) {
    let told = outlet.of(SourceId::beside());
    let following = read_on(Arc::clone(&deed), &told, &id);
    match stop.run_until_cancelled(following).await {
        None => return,
        Some(Ok(Standing::CutOff)) => {
            told.send(What::Run { id: id.clone(), event: RunEvent::CutOff }).await;
            tell_again::open(Arc::clone(&deed), outlet.clone(), id).await;
        }
        Some(Ok(_)) => {}
        Some(Err(why)) => {
            told.send(What::Run { id, event: RunEvent::CutOff }).await;
            tell(&outlet, Err(why)).await;
        }
    }
    tell_again::list(deed, outlet).await;
}

/// The same of a workflow's run.
async fn follow_flow<D: Deed>(deed: Arc<D>, outlet: Outlet, id: RunId, stop: CancellationToken) {
    let told = outlet.of(SourceId::beside());
    let following = read_flow_on(Arc::clone(&deed), &told, &id);
    match stop.run_until_cancelled(following).await {
        None => return,
        Some(Ok(Standing::CutOff)) => {
            tell_again::open(Arc::clone(&deed), outlet.clone(), id).await;
        }
        Some(Ok(_)) => {}
        Some(Err(why)) => tell(&outlet, Err(why)).await,
    }
    tell_again::list(deed, outlet).await;
}

async fn read_flow_on<D: Deed>(
    deed: Arc<D>,
    told: &Outlet,
    id: &RunId,
) -> Result<Standing, SafeText> {
    let mut known = 0;
    loop {
        let began = Instant::now();
        let (looking, run) = (Arc::clone(&deed), id.clone());
        let reading = tokio::task::spawn_blocking(move || {
            // Looked at first: who has let go of it has written its end.
            let goes_on = looking.goes_on(&run);
            Ok((looking.events(&run)?.unwrap_or_default(), goes_on))
        });
        let (events, goes_on) = answer(reading).await?;
        let ended = matches!(events.last(), Some(WorkflowEvent::Ended(_)));
        let count = events.len();
        tell_again::tell_flow(told, id, events.into_iter().skip(known)).await;
        known = count;
        if ended || !goes_on {
            return Ok(if ended { Standing::Ended } else { Standing::CutOff });
        }
        // All of it is read each time: of a long one less often.
        tokio::time::sleep(EVERY.max(began.elapsed() * SPARE)).await;
    }
}

async fn read_on<D: Deed>(deed: Arc<D>, told: &Outlet, id: &RunId) -> Result<Standing, SafeText> {
    let (opening, run) = (Arc::clone(&deed), id.clone());
    let opened = tokio::task::spawn_blocking(move || opening.follow(&run));
    let (head, mut follower) = answer(opened).await?;
    let start = RunEvent::Started(Box::new(head));
    told.send(What::Run { id: id.clone(), event: start }).await;
    loop {
        let (looking, run) = (Arc::clone(&deed), id.clone());
        let reading = tokio::task::spawn_blocking(move || look(&*looking, &run, follower));
        let (events, standing, read) = answer(reading).await?;
        follower = read;
        tell_again::tell_all(told, id, events.into_iter()).await;
        if !matches!(standing, Standing::GoesOn) {
            return Ok(standing);
        }
        tokio::time::sleep(EVERY).await;
    }
}

/// What came since, and how the run is.
fn look<D: Deed>(
    deed: &D,
    id: &RunId,
    mut follower: Follower,
) -> Result<(Vec<RunEvent>, Standing, Follower), SafeText> {
    // Looked at first: who has let go of it has written its end.
    let goes_on = deed.goes_on(id);
    let events = follower.news().map_err(|error| SafeText::from(error.to_string()))?;
    let standing = match events.last() {
        Some(RunEvent::Ended(_)) => Standing::Ended,
        // There is more of it than is read at once.
        Some(_) if !goes_on => Standing::GoesOn,
        _ if goes_on => Standing::GoesOn,
        _ => Standing::CutOff,
    };
    Ok((events, standing, follower))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::tests::{Rig, rig_on};
    use super::*;
    use crate::model::command::Command;
    use crate::model::run::Run;
    use crate::report::run_sample::run;
    use crate::state::{RunState, State};
    use crate::store::RunDir;

    /// Takes updates in until `enough`.
    async fn until(rig: &mut Rig, state: &mut State, enough: impl Fn(&State) -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(20), async {
            while !enough(state) {
                state.apply(&rig.updates.recv().await.unwrap());
            }
        });
        waited.await.unwrap();
    }

    fn begin(runs: &Path, whole: &Run) -> RunDir {
        let mut dir = RunDir::create(runs, &whole.head).unwrap();
        dir.append(&whole.samples[..2]).unwrap();
        dir
    }

    #[tokio::test]
    async fn a_run_of_another_process_moves_and_ends() {
        let place = tempfile::tempdir().unwrap();
        let whole = run();
        let id = whole.head.id.clone();
        let mut rig = rig_on(place.path());
        rig.wish(Command::ListRuns).await;
        let mut state = State::default();
        until(&mut rig, &mut state, |state| !state.stored.is_empty()).await;
        // Begun only now: nobody asks for the list again.
        let mut dir = begin(place.path(), &whole);
        let samples = |state: &State| state.runs.get(&id).map_or(0, |run| run.samples.len());
        until(&mut rig, &mut state, |state| samples(state) == 2).await;
        assert!(state.runs[&id].is_live());
        assert!(state.live_run().is_none(), "it is no run of this isomon");
        dir.append(&whole.samples[2..]).unwrap();
        until(&mut rig, &mut state, |state| samples(state) == whole.samples.len()).await;
        dir.finish(&whole).unwrap();
        drop(dir);
        until(&mut rig, &mut state, |state| state.runs[&id].tail.is_some()).await;
        assert_eq!(state.runs[&id].tail, whole.tail);
    }

    #[tokio::test]
    async fn one_that_is_killed_is_cut_off_and_goes_on_anew() {
        let place = tempfile::tempdir().unwrap();
        let whole = run();
        let id = whole.head.id.clone();
        let dir = begin(place.path(), &whole);
        let mut rig = rig_on(place.path());
        rig.wish(Command::ListRuns).await;
        let mut state = State::default();
        until(&mut rig, &mut state, |state| state.runs.get(&id).is_some_and(RunState::is_live))
            .await;
        drop(dir);
        until(&mut rig, &mut state, |state| !state.runs[&id].is_live()).await;
        until(&mut rig, &mut state, |state| state.runs[&id].samples.len() == 2).await;
        let again = RunDir::reopen(&place.path().join(id.as_str())).unwrap();
        until(&mut rig, &mut state, |state| state.runs[&id].is_live()).await;
        drop(again);
    }
}
