//! Runs that are kept in buckets: which there are, and one of them told again.
//!
//! A bucket is asked when somebody wishes to see the runs, and not again for a while: whoever opens a
//! tab ten times asks once. What comes of it is told under the bucket's own name.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::task::tell;
use super::tell_again;
use super::{Deed, Hub};
use crate::config::place::Place;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::update::{Health, What};
use crate::store::bucket::{Bucket, Error};
use crate::watch::Outlet;

/// Time until a bucket is asked again which runs it has.
const PACE: Duration = Duration::from_secs(10);

/// Time until one that cannot be read is asked again.
const AGAIN: Duration = Duration::from_secs(15);

/// A bucket, and when it was asked last.
pub(super) struct Shelf {
    place: Place,
    asked: Option<Instant>,
    /// Asks it, until it answers.
    task: Option<JoinHandle<()>>,
}

impl<D: Deed> Hub<D> {
    /// Shows the runs that are kept at `places` too.
    pub fn keep_at(&mut self, places: Vec<Place>) {
        self.shelves =
            places.into_iter().map(|place| Shelf { place, asked: None, task: None }).collect();
    }

    /// Has each bucket tell which runs it has.
    pub(super) fn list_buckets(&mut self) {
        let now = Instant::now();
        for shelf in &mut self.shelves {
            if shelf.asked.is_none_or(|asked| now.duration_since(asked) >= PACE) {
                shelf.asked = Some(now);
                let (outlet, place) = (self.outlet.of(shelf.place.source()), shelf.place.clone());
                if let Some(task) = shelf.task.take() {
                    task.abort();
                }
                let (stop, asking) = (self.fleet.stop.clone(), list(outlet, place));
                shelf.task = Some(self.tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = asking => {}
                    }
                }));
            }
        }
    }

    /// Tells run `id` again out of the bucket called `source`; false if there is no such bucket.
    pub(super) fn open_bucket(&self, source: &SourceId, id: &RunId) -> bool {
        let mut places = self.shelves.iter().map(|shelf| &shelf.place);
        let Some(place) = places.find(|place| place.source() == *source).cloned() else {
            return false;
        };
        let outlet = self.outlet.of(SourceId::kept_at(source));
        self.tasks.spawn(open(outlet, place, id.clone()));
        true
    }
}

async fn bucket(place: Place) -> Result<Bucket, Error> {
    let opened = tokio::task::spawn_blocking(move || Bucket::open(&place)).await;
    opened.unwrap_or(Err(Error::Missing))
}

/// Tells which runs are at `place`. Where it cannot be read that is told, and it is asked again until it
/// can be.
async fn list(outlet: Outlet, place: Place) {
    let mut failed = false;
    loop {
        let place = place.clone();
        let listed = async { bucket(place).await?.list().await }.await;
        let error = match listed {
            Ok(listing) => {
                outlet.send(What::Shelf(Health::Up)).await;
                outlet.send(What::Runs(listing.runs)).await;
                return;
            }
            Err(error) => sentence(&error),
        };
        let (since, why) = (outlet.now(), error.clone());
        outlet.send(What::Shelf(Health::Down { since, why })).await;
        if !std::mem::replace(&mut failed, true) {
            tell(&outlet, Err(error)).await;
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn open(outlet: Outlet, place: Place, id: RunId) {
    let read = async { bucket(place).await?.read(&id).await }.await;
    match read {
        Ok(record) => tell_again::tell_record(&outlet, &id, record).await,
        Err(error) => tell(&outlet, Err(sentence(&error))).await,
    }
}

/// What is wrong and what mends it, in one sentence.
fn sentence(error: &Error) -> SafeText {
    SafeText::within(&format!("{error}; {}", error.remedy()), 512)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::model::bench::{Outcome, Sample};
    use crate::model::command::Command;
    use crate::model::run::RunBrief;
    use crate::model::workflow::result::KIND;
    use crate::model::workflow::{WorkflowEvent, WorkflowHead, WorkflowRun, WorkflowTail};
    use crate::report::run_sample;
    use crate::state::State;
    use crate::store::RunDir;
    use crate::store::bucket::index;

    use super::super::tests::rig_with;
    use super::*;

    /// A bucket below `dir` with one run.
    async fn filled(dir: &Path) -> (Place, RunId, usize) {
        let run = run_sample::run();
        let place = Place::parse(&format!("file://{}/bucket", dir.display())).unwrap();
        let kept = RunDir::create(&dir.join("runs"), &run.head).unwrap();
        kept.finish(&run).unwrap();
        let bucket = Bucket::open_to_write(&place).unwrap();
        let brief = index::brief(&run);
        let id = &run.head.id;
        bucket.push(kept.path(), id, (&brief, false), &mut |_| {}).await.unwrap();
        let good = run.samples.iter().filter(|sample| sample.outcome == Outcome::Good);
        (place, id.clone(), good.count())
    }

    #[tokio::test]
    async fn a_run_of_a_bucket_is_listed_and_told_again() {
        let dir = tempfile::tempdir().unwrap();
        let (place, id, good) = filled(dir.path()).await;
        let source = place.source();
        let mut rig = rig_with(|hub| hub.keep_at(vec![place]));
        rig.wish(Command::ListRuns).await;
        let mut state = State::default();
        while !state.stored.contains_key(&source) {
            state.apply(&rig.updates.recv().await.unwrap());
        }
        assert_eq!(state.stored[&source][0].id, id);
        rig.wish(Command::OpenFrom { source: source.clone(), id: id.clone() }).await;
        while state.runs.get(&id).is_none_or(|run| run.tail.is_none()) {
            let update = rig.updates.recv().await.unwrap();
            let kept = SourceId::kept_at(&source);
            assert!(update.from == kept || !matches!(update.what, What::Run { .. }));
            state.apply(&update);
        }
        let is_good = |sample: &&Sample| sample.outcome == Outcome::Good;
        assert_eq!(state.runs[&id].samples.iter().filter(is_good).count(), good);
        assert!(state.nodes.is_empty(), "a bucket is no node");
    }

    #[tokio::test]
    async fn a_workflows_run_of_a_bucket_is_told_again() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::parse(&format!("file://{}/bucket", dir.path().display())).unwrap();
        let id = RunId::new(5_000, 1);
        let head = WorkflowHead { id: Some(id.clone()), ..WorkflowHead::default() };
        let tail = Some(WorkflowTail::default());
        let run = WorkflowRun { kind: KIND.into(), head: head.clone(), tail, ..Default::default() };
        let events = [
            WorkflowEvent::Started(Box::new(head)),
            WorkflowEvent::Metadata(vec![("a".into(), "b".into())]),
            WorkflowEvent::Ended(Box::default()),
        ];
        let lines = events.map(|event| serde_json::to_string(&event).unwrap() + "\n").concat();
        let from = dir.path().join("run");
        std::fs::create_dir(&from).unwrap();
        std::fs::write(from.join("run.json"), serde_json::to_vec(&run).unwrap()).unwrap();
        std::fs::write(from.join("events.ndjson"), lines).unwrap();
        let bucket = Bucket::open_to_write(&place).unwrap();
        let brief = RunBrief { status: "COMPLETED".into(), ..RunBrief::default() };
        bucket.push(&from, &id, (&brief, false), &mut |_| {}).await.unwrap();

        let source = place.source();
        let mut rig = rig_with(|hub| hub.keep_at(vec![place]));
        rig.wish(Command::OpenFrom { source: source.clone(), id: id.clone() }).await;
        let mut state = State::default();
        while state.workflows.get(&id).is_none_or(|flow| flow.run.tail.is_none()) {
            let update = rig.updates.recv().await.unwrap();
            assert!(!matches!(&update.what, What::Notice(notice) if notice.bad), "{update:?}");
            state.apply(&update);
        }
        let flow = &state.workflows[&id];
        assert_eq!(
            (&flow.from, flow.run.metadata["a"].as_str()),
            (&SourceId::kept_at(&source), "b")
        );
    }

    #[tokio::test]
    async fn a_bucket_that_is_not_there_is_a_sentence() {
        let place = Place::parse("file:///no/such/place").unwrap();
        let source = place.source();
        let mut rig = rig_with(|hub| hub.keep_at(vec![place]));
        rig.wish(Command::ListRuns).await;
        let said = rig.notice().await.text;
        assert!(said.as_str().starts_with("there is no file:///no/such/place; "), "{said}");
        rig.wish(Command::OpenFrom { source, id: RunId::new(0, 1) }).await;
        assert!(rig.notice().await.bad);
    }

    #[tokio::test(start_paused = true)]
    async fn a_bucket_that_cannot_be_read_stays_named_until_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("later");
        let place = Place::parse(&format!("file://{}", there.display())).unwrap();
        let source = place.source();
        let mut rig = rig_with(|hub| hub.keep_at(vec![place]));
        rig.wish(Command::ListRuns).await;
        let mut state = State::default();
        while state.unread.is_empty() {
            state.apply(&rig.updates.recv().await.unwrap());
        }
        let (_, why) = &state.unread[&source];
        assert!(why.as_str().starts_with("there is no "), "{why}");
        std::fs::create_dir(&there).unwrap();
        while !state.unread.is_empty() {
            state.apply(&rig.updates.recv().await.unwrap());
        }
        while !state.stored.contains_key(&source) {
            state.apply(&rig.updates.recv().await.unwrap());
        }
    }
}
