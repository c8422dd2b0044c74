//! The work itself, and everything after it: cleanup, statistics, pictures, benchctl's file.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::about::About;
use super::begin::Ready;
use super::check::duration;
use super::collect::is_only_unlike;
use super::course::{Course, Left};
use super::journal::{self, Desk, Journal, local_time};
use super::mask::is_secret;
use super::stop::{Cause, Stop};
use super::{Error, Outcome, draw, git, metadata, statistic};
use crate::dialect::template::Values;
use crate::model::text::SafeText;
use crate::model::time::{Clock, Stamp};
use crate::model::unit::Seconds;
use crate::model::update::Update;
use crate::model::workflow::event::Failure;
use crate::model::workflow::{Ending, WorkflowEvent, WorkflowTail};
use crate::store::result::log::Level;

/// Does the work that is `ready`, to its very end.
pub(super) async fn work(
    ready: Ready,
    clock: Arc<dyn Clock>,
    out: mpsc::Sender<Update>,
    cancel: CancellationToken,
) -> Result<Outcome, Error> {
    let Ready { about, head, writer, repository, before, config } = ready;
    let started = head.started;
    let plots = about.workflow.plots.clone();
    let (journal, desk) = journal::open(about.id.clone(), writer, plots, Arc::clone(&clock), out);
    say_start(&journal, &about, repository.as_ref()).await;
    journal.tell(WorkflowEvent::Started(Box::new(head))).await;
    for event in before.events {
        journal.tell(event).await;
    }
    let given = about.wish.metadata.iter().map(|(key, value)| {
        let value = if is_secret(key) { super::mask::HIDDEN } else { value };
        (SafeText::new(key), SafeText::within(value, 4_000))
    });
    journal.tell(WorkflowEvent::Metadata(given.collect())).await;
    journal.save().await;
    let (stop, before) = (Stop::default(), before.tasks);
    let course = Course { about: Arc::clone(&about), journal: journal.clone(), stop, before };
    let mut left = Left::of(&about);
    until_stopped(&course, &mut left, &cancel).await;
    course.clean_up(&mut left).await;
    course.let_go(&mut left).await;
    let failure = course.failure(&mut left);
    let cause = course.stop.cause();
    drop((course, journal));
    let desk = desk.await.map_err(|why| Error::Fault(SafeText::new(&why.to_string())))?;
    let Left { troubles, values, .. } = left;
    let tail = tail(cause, failure, troubles, started, clock.as_ref(), &about);
    let closed = tokio::task::spawn_blocking(move || {
        close(desk, &about, tail, &config, repository, &values)
    });
    closed.await.map_err(|why| Error::Fault(SafeText::new(&why.to_string())))
}

/// Does all rounds, until they are done, the user ends them or their time is over.
async fn until_stopped(course: &Course, left: &mut Left, cancel: &CancellationToken) {
    let limit = course.about.wish.timeout.map(duration);
    let time = async {
        match limit {
            Some(limit) => tokio::time::sleep(limit).await,
            None => std::future::pending().await,
        }
    };
    let work = course.all(left);
    tokio::pin!(work);
    let cause = tokio::select! {
        biased;
        () = cancel.cancelled() => Cause::User,
        () = time => Cause::Time,
        () = &mut work => return,
    };
    course.stop.set(cause);
    work.await;
}

async fn say_start(journal: &Journal, about: &About, repository: Option<&git::Repository>) {
    let dir = about.dir.to_string_lossy().into_owned();
    let words = vec![("run_id", about.number.as_str().into()), ("run_dir", dir.into())];
    journal.log(Level::Info, "run started", words).await;
    if let Some(repository) = repository {
        let of = |name: &str| repository.told.get(name).cloned().unwrap_or_default();
        let words =
            vec![("commit", of("commit")), ("branch", of("branch")), ("dirty", of("dirty"))];
        journal.log(Level::Info, "git metadata captured", words).await;
    }
}

fn tail(
    cause: Option<Cause>,
    failure: Option<Failure>,
    troubles: Vec<SafeText>,
    started: Stamp,
    clock: &dyn Clock,
    about: &About,
) -> WorkflowTail {
    let ending = match cause {
        Some(Cause::User) => Ending::Cancelled,
        Some(Cause::Failure | Cause::Time) => Ending::Failed,
        None if failure.is_some() => Ending::Failed,
        None => Ending::Success,
    };
    let failure = match cause {
        Some(Cause::User) => None,
        Some(Cause::Time) => {
            let limit = about.wish.timeout.unwrap_or_default();
            let reason = format!("not done after {limit}, the time that --timeout allows").into();
            Some(Failure { reason, ..failure.unwrap_or_default() })
        }
        _ => failure,
    };
    let now = clock.now();
    WorkflowTail {
        ended: now,
        ended_at: local_time(clock).into(),
        ending,
        seconds: Seconds(now.since(started).as_secs_f64()),
        failure,
        troubles,
    }
}

/// Writes all that is known at the end. May block.
fn close(
    mut desk: Desk,
    about: &About,
    mut tail: WorkflowTail,
    config: &Value,
    repository: Option<git::Repository>,
    values: &Values,
) -> Outcome {
    let unknown = draw::fill(&mut desk.plots, values);
    let run = desk.run();
    let statistics = statistic::of(&run, desk.tables());
    if tail.ending == Ending::Success {
        tail.troubles.extend(unknown);
        tail.troubles.extend(draw::all(about, &run));
    }
    let unlike = run.files.iter().filter(|file| is_only_unlike(file, about));
    tail.troubles.extend(unlike.filter_map(|file| {
        let why = file.error.as_ref()?;
        Some(format!("output {} is not as its columns say: {why}", file.output).into())
    }));
    let mut git = repository.as_ref().map(|repository| repository.told.clone());
    if let Some(patch) = repository.and_then(|repository| repository.patch) {
        match desk.writer.patch(&patch) {
            Ok(()) => {
                let path =
                    about.dir.join(crate::store::result::PATCH).to_string_lossy().into_owned();
                git.get_or_insert_default().insert("patch_path".to_owned(), path.into());
            }
            Err(why) => tail.troubles.push(SafeText::new(&why.to_string())),
        }
    }
    let mut last = Vec::new();
    if !statistics.is_empty() {
        last.push(WorkflowEvent::Statistics(statistics));
    }
    last.push(WorkflowEvent::Ended(Box::new(tail.clone())));
    desk.say_end(&tail);
    desk.close(last);
    let described = metadata::describe(&desk.run(), config, git.map(Value::Object));
    if let Err(why) = desk.writer.describe(&described) {
        desk.unkept.get_or_insert_with(|| SafeText::new(&why.to_string()));
    }
    Outcome { tail, dir: about.dir.clone(), unkept: desk.unkept }
}
