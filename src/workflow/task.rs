//! One task: it is sent what it needs, started, heard, looked after until it is ready, and its outputs
//! are fetched.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::about::About;
use super::background::Background;
use super::check::{Check, duration};
use super::collect;
use super::journal::Journal;
use super::order::{self, Deed};
use super::running::{Gone, Running, words};
use super::stop::Stop;
use super::voice::Voice;
use crate::dialect::template::{self, Values};
use crate::host::{Host, Order, Process};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::event::Failure;
use crate::model::workflow::{HealthCheck, Stage, TaskState, Work};
use crate::store::result::log::Level;

/// What a task has to hand.
pub(super) struct Hand<'a> {
    pub(super) about: &'a Arc<About>,
    pub(super) journal: &'a Journal,
    pub(super) stop: &'a Stop,
    pub(super) values: &'a Values,
}

/// What came of a task.
#[derive(Default)]
pub(super) struct Done {
    pub(super) at: usize,
    pub(super) state: TaskState,
    /// Its exit status.
    pub(super) exit: Option<i32>,
    /// Standard output.
    pub(super) out: String,
    /// The last lines.
    pub(super) last: Vec<SafeText>,
    /// It goes on.
    pub(super) background: Option<Background>,
    /// What it left behind lives as long as this.
    pub(super) kept: Option<Box<dyn Process>>,
}

/// Why a task did not pass.
enum Miss {
    /// It failed, with an exit status perhaps.
    Failed(Option<i32>, SafeText),
    /// Its end was not heard.
    Unknown(SafeText),
}

impl From<String> for Miss {
    fn from(why: String) -> Self {
        Self::Failed(None, why.into())
    }
}

impl Hand<'_> {
    /// Does the task at `at`, and tells how it goes.
    pub(super) async fn task(&self, at: usize, stage: &Stage, stop: &CancellationToken) -> Done {
        let begun = tokio::time::Instant::now();
        let mut done = Done { at, ..Done::default() };
        self.journal.task(at, TaskState::Running { pid: None }).await;
        let token = stop.child_token();
        let limit = stage.timeout.filter(|_| !stage.background).map(duration);
        let work = self.work(at, stage, &token, &mut done);
        let result = match limit {
            None => work.await,
            Some(limit) => within(limit, &token, work).await,
        };
        let seconds = Seconds(begun.elapsed().as_secs_f64());
        done.state = match result {
            Ok(()) if done.background.is_some() => TaskState::Background,
            Ok(()) => TaskState::Passed { seconds },
            Err(Miss::Unknown(reason)) => TaskState::Unknown { reason: self.hidden(&reason) },
            Err(Miss::Failed(exit, reason)) => {
                done.exit = exit;
                TaskState::Failed { seconds, exit, reason: self.hidden(&reason) }
            }
        };
        if done.state.is_bad() {
            self.stop.fail(at);
        }
        self.journal.task(at, done.state.clone()).await;
        self.log_end(at, &done.state, &stage.name).await;
        done
    }

    async fn work(
        &self,
        at: usize,
        stage: &Stage,
        stop: &CancellationToken,
        done: &mut Done,
    ) -> Result<(), Miss> {
        let about = self.about;
        let task = about.tasks.get(at).ok_or_else(|| "there is no such task".to_owned())?;
        let host = host(about, &task.host)?;
        let env = order::environment(about, stage, &task.host, task.case, self.values);
        match order::deed(about, stage, at, &env, self.values)? {
            Deed::Run(order) => {
                let ran = self.run(at, stage, &host, &order, stop, done).await;
                if ran.is_err() && matches!(stage.work, Work::Bench(_)) {
                    let values = self.values_after(at, stage, &done.out);
                    collect::fetch_rest(about, self.journal, at, stage, &values).await;
                    collect::bench(about, self.journal, at, stage).await;
                }
                ran?;
            }
            Deed::Script { from, to, order } => {
                if let Some(to) = &to {
                    self.unless(stop, host.send(&from, to)).await?;
                }
                let ran = self.run(at, stage, &host, &order, stop, done).await;
                if let Some(to) = to.filter(|_| done.background.is_none()) {
                    // It lies in a directory that is emptied by itself.
                    host.remove(&to).await.ok();
                }
                ran?;
            }
            Deed::Copy { from, host: other, to } => {
                let other = self::host(about, &other)?;
                self.unless(stop, host.copy(&from, &other, &to)).await?;
            }
        }
        if stage.background {
            return Ok(());
        }
        if let Some(check) = &stage.check {
            self.journal.task(at, TaskState::Checking).await;
            self.check(at, stage, check, &host, stop).await?;
        }
        let values = self.values_after(at, stage, &done.out);
        self.outputs(at, stage, &values, stop).await
    }

    /// What is known once the task at `at`, which wrote `out`, is over.
    fn values_after(&self, at: usize, stage: &Stage, out: &str) -> Values {
        let mut values = self.values.clone();
        values.set(&format!("{}.out", stage.name), out.trim());
        for (name, path) in self.about.paths(at, stage) {
            values.set(&name, &path);
        }
        values
    }

    /// Runs `order` to its end, or until it is ready where it goes on.
    async fn run(
        &self,
        at: usize,
        stage: &Stage,
        host: &Arc<dyn Host>,
        order: &Order,
        stop: &CancellationToken,
        done: &mut Done,
    ) -> Result<(), Miss> {
        let voice = Voice::new(at, self.journal.clone(), Arc::clone(&self.about.mask));
        let mut running =
            Running::start(host, order, voice).await.map_err(|gone| miss(&gone, self.stop))?;
        let pid = running.pid();
        self.journal.task(at, TaskState::Running { pid }).await;
        if stage.background {
            return self.leave(at, stage, host, running, stop, done).await;
        }
        let gone = running.hear(stop).await;
        done.last = running.voice.last();
        done.out = running.voice.out();
        done.kept = Some(running.into_process());
        match &gone {
            Gone::Ended(end) if end.is_good() => Ok(()),
            gone => Err(miss(gone, self.stop)),
        }
    }

    /// Leaves what runs in the background, once it is ready.
    async fn leave(
        &self,
        at: usize,
        stage: &Stage,
        host: &Arc<dyn Host>,
        running: Running,
        stop: &CancellationToken,
        done: &mut Done,
    ) -> Result<(), Miss> {
        let about = vec![("stage", stage.name.as_str().into())];
        self.journal.log(Level::Info, "stage running in background", about).await;
        let background = Background::begin(at, running);
        if let Some(check) = &stage.check {
            self.journal.task(at, TaskState::Checking).await;
            let ready = tokio::select! {
                ready = self.check(at, stage, check, host, stop) => ready,
                () = background.over() => Ok(()),
            };
            if ready.is_err() || background.is_over() {
                let over = background.end().await;
                done.last = over.last;
                ready?;
                return Err(match &over.gone {
                    Gone::Ended(end) => {
                        let how = words(end).unwrap_or_else(|| "exit status 0".to_owned());
                        Miss::Failed(
                            end.exit,
                            format!("it ended before it was ready: {how}").into(),
                        )
                    }
                    gone => miss(gone, self.stop),
                });
            }
        }
        done.background = Some(background);
        Ok(())
    }

    async fn check(
        &self,
        at: usize,
        stage: &Stage,
        check: &HealthCheck,
        host: &Arc<dyn Host>,
        stop: &CancellationToken,
    ) -> Result<(), Miss> {
        let about = self.about;
        let task = about.tasks.get(at).ok_or_else(|| "there is no such task".to_owned())?;
        let filled = match check.kind {
            crate::model::workflow::CheckKind::Command => {
                template::command(&check.target, self.values)
            }
            _ => template::plain(&check.target, self.values),
        };
        let target = filled.map_err(|why| why.to_string())?;
        let env = order::environment(about, stage, &task.host, task.case, self.values);
        let order = order::of_check(about, stage, &target, &env)?;
        let words =
            || vec![("type", check.kind.word().into()), ("target", check.target.as_str().into())];
        self.journal.log(Level::Info, "health check started", words()).await;
        let (journal, mask) = (self.journal, &about.mask);
        let check = Check { wish: check, target, host, order, task: at, journal, mask };
        let looked = stop.run_until_cancelled(check.wait()).await;
        let looked = looked.unwrap_or_else(|| Err(self.stop.words().into()));
        let said = if looked.is_ok() { "health check passed" } else { "health check failed" };
        self.journal.log(Level::Info, said, words()).await;
        looked.map_err(|why| Miss::Failed(None, why))
    }

    async fn outputs(
        &self,
        at: usize,
        stage: &Stage,
        values: &Values,
        stop: &CancellationToken,
    ) -> Result<(), Miss> {
        let fetch = collect::fetch_all(self.about, self.journal, at, stage, values);
        let Some(wrong) = stop.run_until_cancelled(fetch).await else {
            return Err(Miss::Failed(None, self.stop.words().into()));
        };
        if matches!(stage.work, Work::Bench(_)) {
            collect::bench(self.about, self.journal, at, stage).await;
        }
        match wrong.first() {
            None => Ok(()),
            Some((output, why)) => Err(format!("output `{output}`: {why}").into()),
        }
    }

    /// Does `work` unless it is ended before.
    async fn unless(
        &self,
        stop: &CancellationToken,
        work: impl Future<Output = Result<(), crate::host::Error>>,
    ) -> Result<(), Miss> {
        match stop.run_until_cancelled(work).await {
            None => Err(Miss::Failed(None, self.stop.words().into())),
            Some(Ok(())) => Ok(()),
            Some(Err(
                error @ (crate::host::Error::Lost { .. } | crate::host::Error::Unreachable { .. }),
            )) => Err(Miss::Unknown(error.why().into())),
            Some(Err(error)) => Err(error.why().into()),
        }
    }

    fn hidden(&self, text: &SafeText) -> SafeText {
        self.about.mask.hide(text.as_str()).into()
    }

    async fn log_end(&self, at: usize, state: &TaskState, name: &str) {
        let mut about: Vec<(&'static str, Value)> = vec![("stage", name.into())];
        match state {
            TaskState::Passed { .. } => {
                about.push(("exit_code", 0.into()));
                self.journal.log(Level::Info, "stage completed", about).await;
            }
            TaskState::Failed { exit, reason, .. } => {
                if let Some(task) = self.about.tasks.get(at) {
                    about.push((
                        "case",
                        task.plan.case.as_ref().map_or("", |case| case.as_str()).into(),
                    ));
                    about.push(("host", task.host.as_str().into()));
                }
                about.extend([("exit_code", (*exit).into()), ("error", reason.as_str().into())]);
                self.journal.log(Level::Error, "stage failed", about).await;
            }
            _ => {}
        }
    }
}

impl Done {
    /// What failed, with all that is needed to see why.
    pub(super) fn failure(&self, about: &About) -> Option<Failure> {
        let reason = match &self.state {
            TaskState::Failed { reason, .. } | TaskState::Unknown { reason } => reason.clone(),
            _ => return None,
        };
        let task = about.tasks.get(self.at)?;
        let words = task.plan.argv.iter().map(SafeText::as_str);
        Some(Failure {
            stage: task.plan.stage.clone(),
            host: task.plan.host.clone(),
            case: task.plan.case.clone(),
            command: SafeText::within(&shell_words::join(words), 2_000),
            exit: self.exit,
            reason,
            lines: self.last.clone(),
        })
    }
}

/// Does `work`, which `token` ends when its time is over.
async fn within(
    limit: Duration,
    token: &CancellationToken,
    work: impl Future<Output = Result<(), Miss>>,
) -> Result<(), Miss> {
    tokio::pin!(work);
    if let Ok(result) = tokio::time::timeout(limit, &mut work).await {
        return result;
    }
    token.cancel();
    // What it says of being ended is less than why.
    work.await.ok();
    let limit = Seconds(limit.as_secs_f64());
    Err(Miss::Failed(None, format!("not done after {limit}, the timeout of the stage").into()))
}

/// The host `name`, if it is at hand.
fn host(about: &About, name: &str) -> Result<Arc<dyn Host>, Miss> {
    match about.hosts.get(name) {
        Some(Ok(host)) => Ok(Arc::clone(host)),
        Some(Err(why)) => Err(Miss::Unknown(why.clone())),
        None => Err(format!("there is no host {}", SafeText::new(name)).into()),
    }
}

fn miss(gone: &Gone, stop: &Stop) -> Miss {
    match gone {
        Gone::Lost(why) => Miss::Unknown(why.clone()),
        Gone::Refused(why) => Miss::Failed(None, why.clone()),
        Gone::Stopped => Miss::Failed(None, format!("ended: {}", stop.words()).into()),
        Gone::Ended(end) => {
            let how = words(end).unwrap_or_else(|| "exit status 0".to_owned());
            Miss::Failed(end.exit, how.into())
        }
    }
}
