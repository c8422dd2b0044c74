//! Keeps the runs that were begun on other nodes from the screen on this machine too, as
//! `isomon bench --hosts` does, so that they are there when the node is not.
//!
//! In a thread of its own: a disk that is slow holds up nothing but this.

use std::collections::BTreeMap;
use std::path::Path;

use tokio::sync::mpsc;

use crate::cli::far_run::{Told, place};
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::run::RunEvent;
use crate::model::update::{Update, What};

/// The runs that are heard.
type Heard = BTreeMap<(SourceId, RunId), Told>;

/// Keeps them in `runs` until nothing more is told; has the list read anew with each that is over.
pub(super) fn keep(
    mut updates: mpsc::Receiver<Update>,
    commands: &mpsc::Sender<Command>,
    runs: &Path,
) {
    let mut heard = Heard::new();
    while let Some(update) = updates.blocking_recv() {
        match update.what {
            What::Fleet(fleet) => {
                // Those of one before that never began do not begin any more.
                heard.retain(|_, told| told.run.is_some());
                let far = fleet.runs.into_iter().filter(|(node, _)| *node != SourceId::local());
                for run in far {
                    heard.entry(run).or_default();
                }
            }
            What::Run { id, event } => {
                let over = take(&mut heard, &(update.from, id), event, runs);
                if over {
                    // Where nobody listens any more there is no list either.
                    commands.try_send(Command::ListRuns).unwrap_or_default();
                }
            }
            _ => {}
        }
    }
    heard.values_mut().for_each(Told::close);
}

/// Takes in what happened to a run; whether it is over with that.
fn take(heard: &mut Heard, key: &(SourceId, RunId), event: RunEvent, runs: &Path) -> bool {
    let Some(told) = heard.get_mut(key) else { return false };
    told.take(event, place(&key.0, runs));
    let over = told.is_over();
    if over {
        if let Some(why) = &told.unkept {
            tracing::warn!("run {} of {} is not kept on this machine: {why}", key.1, key.0);
        }
        heard.remove(key);
    }
    over
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::time::Stamp;
    use crate::model::update::FleetRun;
    use crate::report::run_sample::run;
    use crate::store::RunDir;

    #[test]
    fn a_run_of_another_node_is_kept_and_no_other_is() {
        let runs = tempfile::tempdir().unwrap();
        let whole = run();
        let (id, far) = (whole.head.id.clone(), SourceId("far".into()));
        let (to, updates) = mpsc::channel(1_000);
        let (commands, mut wished) = mpsc::channel(4);
        let say = |from: &SourceId, what| {
            to.try_send(Update { at: Stamp::default(), from: from.clone(), what }).unwrap();
        };
        let tell = |from: &SourceId, id: &RunId| {
            let event = |event| say(from, What::Run { id: id.clone(), event });
            event(RunEvent::Started(Box::new(whole.head.clone())));
            whole
                .samples
                .iter()
                .for_each(|sample| event(RunEvent::Sample(Box::new(sample.clone()))));
            whole.steps.iter().for_each(|step| event(RunEvent::Step(Box::new(step.clone()))));
            event(RunEvent::Ended(Box::new(whole.tail.clone().unwrap())));
        };
        let parts = vec![(far.clone(), id.clone()), (SourceId::local(), RunId::new(7, 7))];
        say(&far, What::Fleet(FleetRun { runs: parts, left_out: Vec::new() }));
        tell(&SourceId("stranger".into()), &id);
        tell(&far, &id);
        tell(&far, &RunId::new(9, 9));
        tell(&SourceId::local(), &RunId::new(7, 7));
        drop(to);
        keep(updates, &commands, runs.path());
        assert_eq!(RunDir::read(&runs.path().join(id.as_str())).unwrap().samples, whole.samples);
        assert_eq!(std::fs::read_dir(runs.path()).unwrap().count(), 1);
        assert_eq!(wished.try_recv(), Ok(Command::ListRuns));
        assert!(wished.try_recv().is_err());
    }
}
