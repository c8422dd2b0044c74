//! `isomon doctor --fix`: shows what would make backends ready, asks, runs it, tries them again.

use std::io::{self, BufRead, IsTerminal};

use color_eyre::eyre::{Result, eyre};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::advice::Advise;
use super::super::setting::Setting;
use super::super::signals::Signals;
use super::super::{Exit, Outcome, color, log, print, runtime};
use super::{DoctorArgs, of_backend};
use crate::hub::Deed;
use crate::hub::local::Local;
use crate::model::backend::{BackendId, BackendStatus, Mend};

/// Lines of output that may wait to be printed.
const LINES: usize = 64;

/// Commands, and the backends that lack what they install.
struct Cure {
    commands: Vec<Vec<String>>,
    lacking: Vec<BackendId>,
}

/// What the user said, or what came instead.
enum Said {
    Yes,
    No,
    Signal(u8),
}

pub(super) fn run(wish: &DoctorArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    if !wish.yes && !io::stdin().is_terminal() {
        return Err(eyre!("--fix asks before it runs anything, and nobody is there to answer")
            .advise("say yes beforehand: `isomon doctor --fix --yes`"));
    }
    let colored = color::of_stdout(setting.config.screen.color);
    runtime::block_on(Fix { wish, local: setting.local.clone(), colored }.run())?
}

struct Fix<'a> {
    wish: &'a DoctorArgs,
    local: Local,
    colored: bool,
}

impl Fix<'_> {
    async fn run(&self) -> Outcome {
        let mut signals = Signals::listen()?;
        let wanted = self.wish.backends();
        let trying = self.local.try_these(&wanted);
        let mut known = tokio::select! {
            known = trying => known.map_err(|why| eyre!("{why}"))?,
            number = signals.recv() => return Ok(Exit::Signal(number)),
        };
        let cures = cures(&known);
        let curable = |id: &BackendId| cures.iter().any(|cure| cure.lacking.contains(id));
        self.tell(known.iter().filter(|status| !curable(&status.id)))?;
        for cure in &cures {
            print::out(&question(cure))?;
            match self.ask(&mut signals).await? {
                Said::No => continue,
                Said::Signal(number) => return Ok(Exit::Signal(number)),
                Said::Yes => {}
            }
            match self.cure(cure, &mut signals).await? {
                Ok(tried) => known = tried,
                Err(number) => return Ok(Exit::Signal(number)),
            }
            self.tell(known.iter().filter(|status| cure.lacking.contains(&status.id)))?;
        }
        Ok(self.judge(&known, &cures))
    }

    /// Asks, unless the answer is known.
    async fn ask(&self, signals: &mut Signals) -> Result<Said> {
        if self.wish.yes {
            return Ok(Said::Yes);
        }
        print::out("Run this? [y/N] ")?;
        let answer = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        });
        tokio::select! {
            answer = answer => {
                let answer = answer??.trim().to_lowercase();
                Ok(if matches!(answer.as_str(), "y" | "yes") { Said::Yes } else { Said::No })
            }
            number = signals.recv() => {
                print::out("\n")?;
                Ok(Said::Signal(number))
            }
        }
    }

    /// Runs the commands of `cure`; everything known then, or the signal that ended it.
    async fn cure(
        &self,
        cure: &Cure,
        signals: &mut Signals,
    ) -> Result<Result<Vec<BackendStatus>, u8>> {
        let (out, mut heard) = mpsc::channel(LINES);
        let cancel = CancellationToken::new();
        let Some(first) = cure.lacking.first().copied() else {
            return Err(eyre!("a remedy for nothing"));
        };
        let (local, token) = (self.local.clone(), cancel.clone());
        let doing = tokio::spawn(async move { local.mend(first, out, token).await });
        let mut ended_by = None;
        loop {
            tokio::select! {
                mend = heard.recv() => match mend {
                    Some(mend) => print::out(&self.line(&mend))?,
                    None => break,
                },
                number = signals.recv() => {
                    ended_by = Some(number);
                    cancel.cancel();
                }
            }
        }
        let known = doing.await?.map_err(|why| eyre!("{why}"))?;
        Ok(ended_by.map_or(Ok(known), Err))
    }

    fn line(&self, mend: &Mend) -> String {
        let (bold, bad, plain) =
            if self.colored { ("\x1b[1m", "\x1b[31m", "\x1b[0m") } else { ("", "", "") };
        match mend {
            Mend::Command { line, .. } => format!("{bold}$ {line}{plain}\n"),
            Mend::Line(line) => format!("  {line}\n"),
            Mend::Ended { failed: Some(why) } => format!("{bad}{why}{plain}\n"),
            Mend::Ended { failed: None } => String::new(),
        }
    }

    fn tell<'a>(&self, statuses: impl Iterator<Item = &'a BackendStatus>) -> Result<()> {
        let lines = statuses.map(|status| of_backend(status).line(self.colored));
        Ok(print::out(&lines.collect::<String>())?)
    }

    /// Good when whatever was named runs now; where nothing was, whatever could be mended.
    fn judge(&self, known: &[BackendStatus], cures: &[Cure]) -> Exit {
        let meant: Vec<BackendId> = if self.wish.names_backends() {
            self.wish.backends()
        } else {
            cures.iter().flat_map(|cure| cure.lacking.iter().copied()).collect()
        };
        let runs =
            |id: &BackendId| known.iter().any(|status| status.id == *id && status.readiness.runs());
        if meant.iter().all(runs) { Exit::Good } else { Exit::Bad }
    }
}

/// What can be mended, backends with the same remedy together.
fn cures(known: &[BackendStatus]) -> Vec<Cure> {
    let mut cures: Vec<Cure> = Vec::new();
    for status in known.iter().filter(|status| !status.mend.is_empty()) {
        match cures.iter_mut().find(|cure| cure.commands == status.mend) {
            Some(cure) => cure.lacking.push(status.id),
            None => cures.push(Cure { commands: status.mend.clone(), lacking: vec![status.id] }),
        }
    }
    cures
}

fn question(cure: &Cure) -> String {
    let names: Vec<&str> = cure.lacking.iter().map(|id| id.name()).collect();
    let lines = cure.commands.iter().map(|command| format!("  {}\n", Mend::spoken(command)));
    format!("\n{} can be made ready by\n{}", names.join(", "), lines.collect::<String>())
}
