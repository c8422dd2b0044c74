//! `isomon doctor`: what works here, what does not, why, and what mends it.

use std::time::{Duration, Instant};

use color_eyre::eyre::{Result, eyre};
use serde::Serialize;
use tokio::sync::mpsc;

use super::bench::{Family, backends};
use super::print;
use super::setting::Setting;
use super::{Exit, Outcome, color, log, runtime};
use crate::hub::Deed;
use crate::model::backend::{BackendId, BackendStatus, Readiness};
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};

mod finding;
mod fix;
mod machine;
mod terminal;

use finding::{Finding, Level};

/// Backends are tried few at a time, each within its own time box; this bounds all.
const TIME_BOX: Duration = Duration::from_mins(2);

/// All findings.
#[derive(Serialize)]
struct Findings {
    format: u32,
    isomon: &'static str,
    checks: Vec<Finding>,
    backends: Vec<BackendStatus>,
}

/// How to look, and what to do about it.
#[derive(Clone, Debug, clap::Args)]
pub struct DoctorArgs {
    /// As JSON
    #[arg(long, conflicts_with = "fix")]
    json: bool,
    /// Run the commands that make backends ready, after a yes to each, and try them again
    #[arg(long)]
    fix: bool,
    /// Say yes beforehand
    #[arg(short, long, requires = "fix")]
    yes: bool,
    /// Backends to look at alone or to make ready, or a family like `gvisor`; every one if none
    #[arg(value_name = "BACKEND", value_parser = backends)]
    named: Vec<Family>,
}

impl DoctorArgs {
    fn names_backends(&self) -> bool {
        !self.named.is_empty()
    }

    /// The backends that are meant.
    fn backends(&self) -> Vec<BackendId> {
        if !self.names_backends() {
            return BackendId::ALL.to_vec();
        }
        let mut ids: Vec<BackendId> =
            self.named.iter().flat_map(|family| family.ids().iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }
}

pub(super) fn run(wish: &DoctorArgs, setting: &Setting) -> Outcome {
    if wish.fix {
        return fix::run(wish, setting);
    }
    log::to_stderr()?;
    let findings = if wish.names_backends() {
        Findings::of_some(runtime::block_on(try_these(&wish.backends(), setting))??)
    } else {
        Findings::of_all(setting)?
    };
    let text = if wish.json {
        serde_json::to_string_pretty(&findings)? + "\n"
    } else {
        findings.table(color::of_stdout(setting.config.screen.color))
    };
    print::out(&text)?;
    Ok(findings.exit())
}

impl Findings {
    fn new(checks: Vec<Finding>, backends: Vec<BackendStatus>) -> Self {
        Self { format: 1, isomon: env!("CARGO_PKG_VERSION"), checks, backends }
    }

    /// Everything there is to look at.
    fn of_all(setting: &Setting) -> Result<Self> {
        let mut checks = terminal::look();
        checks.extend(runtime::block_on(machine::look(setting))?);
        let backends = runtime::block_on(try_backends(setting))?;
        checks.extend(backends.iter().map(of_backend));
        checks.push(none_ready(&backends));
        Ok(Self::new(checks, backends))
    }

    /// The backends that were asked for: one that does not run is worth a look then.
    fn of_some(backends: Vec<BackendStatus>) -> Self {
        let mut checks: Vec<Finding> = backends.iter().map(of_backend).collect();
        for (check, status) in checks.iter_mut().zip(&backends) {
            if !status.readiness.runs() {
                check.level = check.level.max(Level::Warn);
            }
        }
        Self::new(checks, backends)
    }

    fn table(&self, colored: bool) -> String {
        let lines = self.checks.iter().map(|finding| finding.line(colored));
        lines.collect()
    }

    /// 0 when all is well, 1 with something worth a look, 2 when isomon cannot do its work.
    fn exit(&self) -> Exit {
        let worst = self.checks.iter().map(|finding| finding.level).max();
        match worst.unwrap_or(Level::Good) {
            Level::Good | Level::Note => Exit::Good,
            Level::Warn => Exit::Bad,
            Level::Bad => Exit::Unable,
        }
    }
}

/// How `wanted` are, in their order.
async fn try_these(wanted: &[BackendId], setting: &Setting) -> Result<Vec<BackendStatus>> {
    let mut known = setting.local.try_these(wanted).await.map_err(|why| eyre!("{why}"))?;
    known.retain(|status| wanted.contains(&status.id));
    Ok(known)
}

async fn try_backends(setting: &Setting) -> Vec<BackendStatus> {
    // Room for all: one that is told while nobody looks must not be lost.
    let (out, heard) = mpsc::channel(BackendId::ALL.len());
    let local = setting.local.clone();
    let doing = tokio::spawn(async move { local.check(out).await });
    let known = answers(heard, Instant::now() + TIME_BOX).await;
    doing.abort();
    known
}

/// What is heard of every backend until `deadline`: one that says nothing is still being looked at.
async fn answers(
    mut heard: mpsc::Receiver<BackendStatus>,
    deadline: Instant,
) -> Vec<BackendStatus> {
    let mut known: Vec<BackendStatus> = BackendId::ALL.map(BackendStatus::new).to_vec();
    while let Ok(Some(status)) = tokio::time::timeout_at(deadline.into(), heard.recv()).await {
        known.retain(|other| other.id != status.id);
        known.push(status);
    }
    known.sort_by_key(|status| status.id);
    known
}

fn of_backend(status: &BackendStatus) -> Finding {
    let version = status.tool(SystemClock.now()).unwrap_or_default();
    let (level, words, remedy) = match &status.readiness {
        Readiness::Ready => (Level::Good, format!("ready, {version}"), SafeText::default()),
        Readiness::Checking => (Level::Warn, "no answer in time".into(), SafeText::default()),
        Readiness::Degraded { reason, remedy } => {
            (Level::Warn, format!("runs, {reason}"), remedy.clone())
        }
        Readiness::Unavailable { reason, remedy } => {
            (Level::Note, reason.to_string(), remedy.clone())
        }
    };
    Finding {
        name: format!("backend {}", status.id),
        level,
        words: words.trim_end_matches([',', ' ']).into(),
        remedy,
    }
}

fn none_ready(backends: &[BackendStatus]) -> Finding {
    let ready = backends.iter().filter(|status| status.readiness.runs());
    let ready = ready.count();
    let words = format!("{ready} of {} can be measured", backends.len());
    match ready {
        0 => Finding::new("backends", Level::Warn, &words, "see the remedies above"),
        _ => Finding::new("backends", Level::Good, &words, ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_backend_that_gives_no_answer_is_told_of() {
        let (out, heard) = mpsc::channel(1);
        let ready = BackendStatus::new(BackendId::Deno);
        out.try_send(BackendStatus { readiness: Readiness::Ready, ..ready }).unwrap();
        let known = answers(heard, Instant::now() + Duration::from_millis(20)).await;
        assert_eq!(known.len(), BackendId::ALL.len());
        let silent = known.iter().filter(|status| status.readiness == Readiness::Checking);
        assert_eq!(silent.count(), BackendId::ALL.len() - 1);
        assert!(known.iter().map(of_backend).any(|one| one.words.as_str() == "no answer in time"));
        drop(out);
    }

    #[test]
    fn a_backend_that_was_asked_for_and_does_not_run_is_worth_a_look() {
        let with = |readiness| BackendStatus { readiness, ..BackendStatus::new(BackendId::Deno) };
        let gone = Readiness::Unavailable { reason: "not here".into(), remedy: "get it".into() };
        let findings = Findings::of_some(vec![with(gone)]);
        assert_eq!((findings.checks.len(), findings.exit()), (1, Exit::Bad));
        assert!(findings.table(false).starts_with("warn backend deno"));
        assert_eq!(Findings::of_some(vec![with(Readiness::Ready)]).exit(), Exit::Good);
    }
}
