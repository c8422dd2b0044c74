//! Tells whether each backend can run here, by running something in it.

mod hands;

use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;
use tokio_util::sync::CancellationToken;

use self::hands::Hands;
use super::admission;
use super::kind::{self, Remedy};
use super::settings::CampSettings;
use super::{Camp, Error, Launch, Task, Work, age, mend, tool};
use crate::model::backend::{BackendId, BackendStatus, Inside, Readiness, Traits};
use crate::model::bench::{Cell, Failure, Limits, Outcome, Payload};
use crate::model::id::RunId;
use crate::model::job::Runtime;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;

/// Time a tool has to say its version.
const VERSION: Duration = Duration::from_secs(2);
/// Time a backend has to run nothing.
const TRIAL: Seconds = Seconds(3.0);

/// Tries `backends`, as many at a time as there are `ids`, each in a camp of its own, and tells each
/// status when it and all before it are known; `cancel` cuts it short. Fails only if there can be no
/// camp at all.
pub async fn check(
    ids: &[RunId],
    settings: &CampSettings,
    backends: &[BackendId],
    cancel: &CancellationToken,
    mut tell: impl FnMut(&BackendStatus),
) -> Result<Vec<BackendStatus>, Error> {
    let hands = Hands::open(ids, settings).await?;
    let trying = backends.iter().zip(1..).map(|(id, nonce)| hands.inspect(settings, *id, nonce));
    let mut trying: FuturesOrdered<_> = trying.collect();
    let mut known = Vec::new();
    while let Some(Some(Some(status))) = cancel.run_until_cancelled(trying.next()).await {
        tell(&status);
        known.push(status);
    }
    drop(trying);
    let left = hands.close().await?;
    if left.is_empty() { Ok(known) } else { Err(Error::LeftOver { left }) }
}

async fn inspect(
    camp: &mut Camp,
    settings: &CampSettings,
    id: BackendId,
    nonce: u64,
) -> BackendStatus {
    let mut traits = kind::traits(id, camp.enforced());
    traits.max_at_once = admission::most(id, settings);
    let mut status = BackendStatus { traits, ..BackendStatus::new(id) };
    let readiness = match look_for(camp, settings, &mut status).await {
        Ok(None) => attempt(camp, settings, id, nonce).await,
        Ok(Some(lack)) => {
            mark_unlimited(&mut status.traits, &lack);
            let degraded = || Readiness::Degraded {
                reason: SafeText::new(&lack),
                remedy: SafeText::new(&remedy(id, &lack).words),
            };
            attempt(camp, settings, id, nonce).await.map(|_| degraded())
        }
        Err(reason) => Err(reason),
    };
    status.readiness = readiness.unwrap_or_else(|reason| {
        let remedy = feasible(settings, remedy(id, &reason));
        status.mend = remedy.commands;
        let (reason, remedy) = (SafeText::new(&reason), SafeText::new(&remedy.words));
        Readiness::Unavailable { reason, remedy }
    });
    if status.readiness.runs() {
        let inside = look_around(camp, settings, id, nonce).await;
        status.traits.take(inside.as_ref());
        status.inside = inside.map(Box::new);
    }
    status
}

/// Takes back what `lack`, "not limited: memory, cpu (why)", says does not hold.
fn mark_unlimited(traits: &mut Traits, lack: &str) {
    let listed = lack.split_once(" (").map_or(lack, |(listed, _)| listed);
    let holds = |name: &str| !listed.contains(name);
    traits.memory_limit &= holds("memory");
    traits.cpu_limit &= holds("cpu");
    traits.pids_limit &= holds("pids");
}

/// Looks around in a backend that is ready. Nothing where its guest cannot, or did not in time:
/// what is not measured is not made up.
async fn look_around(
    camp: &mut Camp,
    settings: &CampSettings,
    id: BackendId,
    nonce: u64,
) -> Option<Inside> {
    let limits = Limits { timeout_seconds: TRIAL, ..settings.limits };
    let task = Task { work: Work::Look, ..Task::of(Cell::cold(id, Payload::Noop), !nonce, limits) };
    let trial = camp.launch(&task).await.ok()?;
    if trial.outcome != Outcome::Good {
        tracing::debug!(%id, outcome = ?trial.outcome, "no look from inside");
        return None;
    }
    Inside::read(&trial.value?)
}

/// A remedy whose commands can be run here and by us: the others are for a person to type.
fn feasible(settings: &CampSettings, remedy: Remedy) -> Remedy {
    let Remedy { words, commands } = remedy;
    let known = |command: &Vec<String>| {
        command.first().is_some_and(|program| tool::look_up(settings, program).is_some())
    };
    if !commands.iter().all(known) {
        return Remedy { words, commands: Vec::new() };
    }
    let powerless = !rustix::process::geteuid().is_root();
    if powerless && commands.iter().any(|command| mend::needs_root(command)) {
        return Remedy::words(&format!("run as root: {words}"));
    }
    Remedy { words, commands }
}

/// Finds the tool and asks its version; what it lacks though it runs, or why it does not.
async fn look_for(
    camp: &mut Camp,
    settings: &CampSettings,
    status: &mut BackendStatus,
) -> Result<Option<String>, String> {
    let kind = kind::of(status.id).ok_or_else(|| Error::NotBuilt { id: status.id }.to_string())?;
    let Some(argv) = kind.version(settings).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let name = kind.tool().unwrap_or("isomon");
    let path = argv.first().filter(|_| kind.tool().is_some()).cloned();
    status.path = path.as_deref().map(SafeText::new);
    let report = camp.consult(argv, VERSION).await.map_err(|error| error.to_string())?;
    if let Some(error) = report.start_error {
        return Err(format!("{name}: {error}"));
    }
    if report.timed_out {
        return Err(format!("{name} --version gives no answer within 2 s"));
    }
    // isomon itself asked, and says why it got no answer, or what is amiss.
    let said = report.complaint.lines().next().filter(|_| kind.tool().is_none());
    let said = said.map(str::to_owned);
    if let Some(why) = said.clone().filter(|_| report.status != Some(0)) {
        return Err(why);
    }
    if report.status != Some(0) || report.first_line.is_empty() {
        return Err(format!("{name} --version does not tell a version"));
    }
    status.version = Some(SafeText::within(&report.first_line, 80));
    status.dated = age::of(&report.first_line, path.as_deref().map(Path::new));
    Ok(said)
}

/// Runs nothing in it.
async fn attempt(
    camp: &mut Camp,
    settings: &CampSettings,
    id: BackendId,
    nonce: u64,
) -> Result<Readiness, String> {
    let mut limits = settings.limits;
    limits.timeout_seconds = TRIAL;
    let task = Task::of(Cell::cold(id, Payload::Noop), nonce, limits);
    let trial = camp.launch(&task).await.map_err(|error| error.to_string())?;
    match trial.outcome {
        Outcome::Good => Ok(ready(camp)),
        Outcome::Failed { kind: Failure::Timeout, .. } => {
            Err("a program that does nothing did not end within 3 s".to_owned())
        }
        Outcome::Failed { message, .. } => Err(message.to_string()),
    }
}

/// Ready, unless limits that every sandbox should have are not in force.
fn ready(camp: &Camp) -> Readiness {
    let enforced = camp.enforced();
    let missing: Vec<&str> =
        [("memory", enforced.memory), ("cpu", enforced.cpu), ("pids", enforced.pids)]
            .into_iter()
            .filter_map(|(name, is)| (!is).then_some(name))
            .collect();
    if missing.is_empty() {
        return Readiness::Ready;
    }
    let (groups, remedy) = if camp.is_grouped() {
        (
            "no such controller",
            "give version 2 the controllers: systemd.unified_cgroup_hierarchy=1 cgroup_enable=memory on the kernel's command line",
        )
    } else {
        (
            "no writable control group",
            "run as root, or in a unit of your own: systemd-run --user --scope -p Delegate=yes isomon",
        )
    };
    Readiness::Degraded {
        reason: SafeText::new(&format!("not limited: {} ({groups})", missing.join(", "))),
        remedy: SafeText::new(remedy),
    }
}

/// Whether this isomon has `id` at all.
pub fn is_built(id: BackendId) -> bool {
    kind::of(id).is_some()
}

/// The backends of this isomon in which `runtime` can be run, weakest wall first.
pub fn able(runtime: Runtime) -> Vec<BackendId> {
    let runs = |id: &BackendId| {
        kind::of(*id).is_some_and(|kind| kind.traits().runtimes.contains(&runtime))
    };
    BackendId::ALL.into_iter().filter(runs).collect()
}

/// What most likely mends `id`, which says `reason`, in words.
pub fn remedy_words(id: BackendId, reason: &str) -> String {
    remedy(id, reason).words
}

/// What most likely mends it.
fn remedy(id: BackendId, reason: &str) -> Remedy {
    kind::of(id).map_or_else(|| not_built(id), |kind| kind.remedy(reason))
}

/// What makes an isomon with `id`, typed where its source is. Nothing does it by itself: it takes
/// minutes, and for V8 cargo downloads an archive unless a variable names one.
fn not_built(id: BackendId) -> Remedy {
    let archive =
        if id == BackendId::V8 { "; offline with RUSTY_V8_ARCHIVE=FILE before it" } else { "" };
    Remedy::words(&format!("cargo install --path . --features {id}{archive}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_mended_by_its_package() {
        assert_eq!(
            remedy(BackendId::Bubblewrap, "bwrap is not on PATH").words,
            "apt-get install bubblewrap"
        );
        let runsc = remedy(BackendId::GvisorKvm, "runsc is not on PATH");
        assert_eq!(runsc.words, "apt-get install runsc");
        let last = runsc.commands.last().and_then(|command| command.last());
        assert_eq!(last.map(String::as_str), Some("runsc"));
    }
}
