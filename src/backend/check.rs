//! Tells whether each backend can run here, by running something in it.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::recipe::{self, tool_of};
use super::settings::CampSettings;
use super::{Camp, Error, Launch, Task, tool};
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::bench::{Failure, Outcome, Payload};
use crate::model::id::RunId;
use crate::model::text::SafeText;
use crate::model::unit::Seconds;

/// Time a tool has to say its version.
const VERSION: Duration = Duration::from_secs(2);
/// Time a backend has to run nothing.
const TRIAL: Seconds = Seconds(3.0);

/// Tries `backends` one after the other in a camp of their own, called `id`, and tells each status
/// when it is known; `cancel` cuts it short. Fails only if there can be no camp at all.
pub async fn check(
    id: &RunId,
    settings: &CampSettings,
    backends: &[BackendId],
    cancel: &CancellationToken,
    mut tell: impl FnMut(&BackendStatus),
) -> Result<Vec<BackendStatus>, Error> {
    let mut camp = Camp::open(id, settings).await?;
    let mut known = Vec::new();
    for (backend, nonce) in backends.iter().zip(1..) {
        let trying = cancel.run_until_cancelled(inspect(&mut camp, settings, *backend, nonce));
        let Some(status) = trying.await else {
            break;
        };
        tell(&status);
        known.push(status);
    }
    let swept = camp.close().await?;
    if swept.left.is_empty() { Ok(known) } else { Err(Error::LeftOver { left: swept.left }) }
}

async fn inspect(
    camp: &mut Camp,
    settings: &CampSettings,
    id: BackendId,
    nonce: u64,
) -> BackendStatus {
    let mut status = BackendStatus {
        id,
        version: None,
        path: None,
        readiness: Readiness::Checking,
        traits: recipe::traits(id, camp.enforced()),
    };
    status.readiness = match look_for(camp, settings, &mut status).await {
        Ok(()) => attempt(camp, settings, id, nonce).await,
        Err(reason) => unavailable(id, &reason),
    };
    status
}

/// Finds the tool and asks its version; why not.
async fn look_for(
    camp: &mut Camp,
    settings: &CampSettings,
    status: &mut BackendStatus,
) -> Result<(), String> {
    let Some(name) = tool_of(status.id) else {
        return Ok(());
    };
    let path =
        tool::find(settings, name).and_then(tool::text).map_err(|error| error.to_string())?;
    status.path = Some(SafeText::new(&path));
    let argv = vec![path, "--version".to_owned()];
    let report = camp.consult(argv, VERSION).await.map_err(|error| error.to_string())?;
    if let Some(error) = report.start_error {
        return Err(format!("{name}: {error}"));
    }
    if report.timed_out {
        return Err(format!("{name} --version gives no answer within 2 s"));
    }
    if report.status != Some(0) || report.first_line.is_empty() {
        return Err(format!("{name} --version does not tell a version"));
    }
    status.version = Some(SafeText::within(&report.first_line, 80));
    Ok(())
}

/// Runs nothing in it.
async fn attempt(camp: &mut Camp, settings: &CampSettings, id: BackendId, nonce: u64) -> Readiness {
    let mut limits = settings.limits;
    limits.timeout_seconds = TRIAL;
    let task = Task { backend: id, payload: Payload::Noop, nonce, limits };
    match camp.launch(&task).await {
        Ok(trial) => match trial.outcome {
            Outcome::Good => ready(camp),
            Outcome::Failed { kind: Failure::Timeout, .. } => {
                unavailable(id, "a program that does nothing did not end within 3 s")
            }
            Outcome::Failed { message, .. } => unavailable(id, message.as_str()),
        },
        Err(error) => unavailable(id, &error.to_string()),
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

fn unavailable(id: BackendId, reason: &str) -> Readiness {
    Readiness::Unavailable {
        reason: SafeText::new(reason),
        remedy: SafeText::new(&remedy(id, reason)),
    }
}

/// What most likely mends it.
fn remedy(id: BackendId, reason: &str) -> String {
    let package = match id {
        BackendId::Bubblewrap => "bubblewrap",
        other => tool_of(other).unwrap_or("isomon"),
    };
    let root = rustix::process::geteuid().is_root();
    match id {
        _ if reason.ends_with("is not on PATH") => format!("apt-get install {package}"),
        BackendId::GvisorSystrap if reason.contains("platform") => {
            "install a runsc of 2023 or later: https://gvisor.dev/docs/user_guide/install/".to_owned()
        }
        BackendId::GvisorKvm => "needs a /dev/kvm that runsc can use: on hardware, or with nested virtualization".to_owned(),
        BackendId::Namespaces | BackendId::Bubblewrap if !root => {
            "sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0".to_owned()
        }
        BackendId::Process | BackendId::Namespaces | BackendId::Bubblewrap => {
            "allow namespaces and mounts, or run outside the container".to_owned()
        }
        _ if !root => "run as root".to_owned(),
        _ => format!("apt-get install --reinstall {package}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_tool_is_mended_by_its_package() {
        assert_eq!(
            remedy(BackendId::Bubblewrap, "bwrap is not on PATH"),
            "apt-get install bubblewrap"
        );
        assert_eq!(remedy(BackendId::GvisorKvm, "runsc is not on PATH"), "apt-get install runsc");
    }
}
