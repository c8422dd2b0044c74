//! `isomon` alone: the screen, fed by the hub.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::advice::Advise;
use color_eyre::eyre::{Result, eyre};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::args::Args;
use super::setting::{Setting, state_dir};
use super::sources::Which;
use super::{Exit, Outcome, alerts, local_watch, log, record, recorder, runtime, workload_watch};
use crate::config::Bell;
use crate::config::place::Place;
use crate::hub::Hub;
use crate::model::command::Command;
use crate::model::time::SystemClock;
use crate::model::update::Update;
use crate::model::workflow::WorkflowWish;
use crate::store::result::ResultDir;
use crate::tui;
use crate::tui::run::{Ended, Options};

mod keep;

/// Updates that may wait for the screen.
const ROOM: usize = 1_024;
/// Of those that are not replaced by the next, how many may wait for the disk.
const KEPT: usize = 32_768;

pub(super) fn run(args: &Args, setting: &Setting) -> Outcome {
    refuse_what_is_no_terminal("`isomon snapshot` prints the same once, also with --json")?;
    log::to_screen()?;
    runtime::block_on(show(args, setting, None))?
}

/// The same, with a workflow that begins at once.
pub(super) fn with_workflow(args: &Args, setting: &Setting, wish: WorkflowWish) -> Outcome {
    refuse_what_is_no_terminal("`isomon run FILE` without --watch needs none")?;
    log::to_screen()?;
    let link = wish.id.as_ref().map(|id| setting.local.runs.join(id.as_str()));
    let exit = runtime::block_on(show(args, setting, Some(wish)))??;
    let good = link.is_none_or(|link| is_finished(&link));
    Ok(if matches!(exit, Exit::Good) && !good { Exit::Bad } else { exit })
}

/// Whether the workflow's run in `link` came to a good end.
fn is_finished(link: &Path) -> bool {
    let run = ResultDir::open(link).ok().and_then(|dir| dir.run);
    run.is_some_and(|run| run.is_finished())
}

/// The screen needs a terminal on both sides that can move its cursor.
pub(super) fn refuse_what_is_no_terminal(instead: &str) -> Result<()> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    let why = match (io::stdin().is_terminal(), io::stdout().is_terminal(), dumb) {
        (true, true, false) => return Ok(()),
        (true, true, true) => "TERM says that this terminal cannot show a screen",
        (false, _, _) => "standard input is not a terminal",
        (_, false, _) => "standard output is not a terminal",
    };
    Err(eyre!("{why}").advise(instead))
}

async fn show(args: &Args, setting: &Setting, workflow: Option<WorkflowWish>) -> Outcome {
    let interval = setting.config.watch.interval.0;
    let local = Arc::new(setting.local.clone());
    let random = StdRng::from_os_rng();
    let mut hub = Hub::new(Arc::clone(&local), Arc::new(SystemClock), random, interval);
    let updates = hub.subscribe(ROOM);
    let commands = hub.commands();
    let screen = &args.screen;
    let stop = CancellationToken::new();
    let history = recorder::begin(&mut hub, setting, !screen.no_history);
    let judging = alerts::begin(&mut hub, setting, screen.no_alerts, &stop)?;
    let begin = |path: &PathBuf| record::begin(&mut hub, &local, path, screen.force);
    let tape = screen.record.as_ref().map(begin).transpose()?;
    local_watch::start(&hub, &local, hub.pace(), setting.config.watch.models, &stop);
    tokio::spawn(workload_watch::watch(hub.outlet(), state_dir()?, hub.pace(), stop.clone()));
    hub.keep_at(places(args, setting));
    let flags = &args.screen.sources;
    hub.watch(flags.specs(&setting.config.source, Which::All)?, flags.ssh_at_once());
    let (told, wishes, runs) = (hub.listen(KEPT), hub.commands(), local.runs.clone());
    let keeping = tokio::task::spawn_blocking(move || keep::keep(told, &wishes, &runs));
    let hub = tokio::spawn(hub.run(stop.clone()));
    let open = workflow.as_ref().and_then(|wish| wish.id.clone());
    if let Some(wish) = workflow {
        commands.send(Command::Workflow(Box::new(wish))).await?;
    }
    let options = Options { open, ..options(setting, args.screen.readonly) };
    let result = draw(updates, commands, options).await;
    stop.cancel();
    hub.await?;
    keeping.await?;
    recorder::end(history).await;
    alerts::end(judging).await;
    if let Some((tape, path)) = tape.zip(screen.record.as_ref()) {
        tape.end(path).await?;
    }
    result
}

/// Where runs are kept beyond this machine, each once.
fn places(args: &Args, setting: &Setting) -> Vec<Place> {
    let mut places = setting.config.runs.places.clone();
    places.extend(args.screen.runs.iter().cloned());
    let mut seen = std::collections::BTreeSet::new();
    places.retain(|place| seen.insert(place.clone()));
    places
}

/// Draws until the user leaves.
pub(super) async fn face(
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    setting: &Setting,
    readonly: bool,
) -> Outcome {
    draw(updates, commands, options(setting, readonly)).await
}

async fn draw(
    updates: mpsc::Receiver<Update>,
    commands: mpsc::Sender<Command>,
    options: Options,
) -> Outcome {
    match Box::pin(tui::run::run(updates, commands, options)).await? {
        Ended::Quit => Ok(Exit::Good),
        Ended::Signal(number) => Ok(Exit::Signal(u8::try_from(number).unwrap_or(u8::MAX))),
    }
}

/// Whether the bell of this terminal is rung.
fn rings(bell: Bell) -> bool {
    match bell {
        Bell::Always => true,
        Bell::Never => false,
        Bell::Auto => std::env::var_os("SSH_CONNECTION").is_none(),
    }
}

/// Where btop's themes lie: the user's own first. `dir` is isomon's place beside btop's.
pub(super) fn btop_themes(dir: &Path) -> Vec<PathBuf> {
    let own = dir.with_file_name("btop").join("themes");
    let theirs = ["/usr/local/share/btop/themes", "/usr/share/btop/themes"].map(PathBuf::from);
    [own].into_iter().chain(theirs).collect()
}

fn options(setting: &Setting, readonly: bool) -> Options {
    let (screen, dir) = (&setting.config.screen, &setting.config_dir);
    Options {
        theme: screen.theme.clone(),
        themes: Some(dir.join("themes")),
        btop_themes: btop_themes(dir),
        keymap: Some(dir.join("keymap.toml")),
        color: screen.color,
        ascii: screen.ascii,
        charts: screen.charts,
        mouse: screen.mouse,
        readonly,
        bell: rings(screen.bell),
        threshold: setting.config.threshold,
        interval: setting.config.watch.interval.0,
        settings: Some(setting.path.clone()),
        flags: setting.flags.clone(),
        habits: state_dir().ok().map(|dir| dir.join("screen.json")),
        open: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_failed_or_never_began_is_not_finished() {
        use crate::model::workflow::{Ending, WorkflowRun, WorkflowTail};

        let dir = tempfile::tempdir().unwrap();
        assert!(!is_finished(&dir.path().join("none")));
        for (ending, wanted) in [(Ending::Success, true), (Ending::Failed, false)] {
            let tail = Some(WorkflowTail { ending, ..WorkflowTail::default() });
            let kind = crate::model::workflow::result::KIND.to_owned();
            let run = WorkflowRun { kind, tail, ..WorkflowRun::default() };
            let text = serde_json::to_string(&run).unwrap();
            std::fs::write(dir.path().join("run.json"), text).unwrap();
            assert_eq!(is_finished(dir.path()), wanted);
        }
    }
}
