//! The measuring itself: one rate, its tables, and what came of it.

use std::path::Path;

use color_eyre::eyre::{Result, WrapErr, eyre};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::super::super::advice::Advise;
use super::super::super::signals::Signals;
use super::super::super::{Exit, Outcome, print, runtime};
use super::super::args::BenchArgs;
use super::told;
use crate::bench::serving::{Error, Load, Plan, Progress, Said, Told};
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::time::SystemClock;
use crate::report::serving::{flat, text};
use crate::store;

/// What is said that may wait.
const WORDS: usize = 64;
/// Seconds from one line of how far it is to the next.
const EVERY: u64 = 5;

/// Measures `plan`; the tables are put where `tables` says, else beside each other in `within`.
pub(super) fn run(
    wish: &BenchArgs,
    plan: Plan,
    tables: Option<&str>,
    within: Option<&Path>,
) -> Outcome {
    let tables = tables.map_or_else(|| usual(within), str::to_owned);
    if !tables.contains("{}") {
        return Err(eyre!(
            "--tables {tables} has no {{}}, which stands for the name of each table"
        )
        .advise("--tables load-{}.csv writes load-requests.csv, load-gaps.csv and so on"));
    }
    let (told, signal) = runtime::block_on(measure(plan, tables))??;
    if let Some(to) = &wish.export_json {
        let json = serde_json::to_string_pretty(&told)? + "\n";
        let written = if to == Path::new("-") {
            print::out(&json).map_err(color_eyre::Report::from)
        } else {
            store::export::write(to, &json).map_err(color_eyre::Report::from)
        };
        written.wrap_err_with(|| format!("cannot write {}", to.display()))?;
    }
    say(wish, &told, within.is_some())?;
    let good = told.figures.good > 0;
    let exit = if good && !told.cancelled { Exit::Good } else { Exit::Bad };
    Ok(signal.map_or(exit, Exit::Signal))
}

/// Where tables are within a workflow that says nothing: in the run, by its case.
fn usual(within: Option<&Path>) -> String {
    let case = std::env::var("ISOMON_CASE_NAME").ok().filter(|case| !case.is_empty());
    let case = case.map(|case| format!("__{}", case.replace(['/', '\0'], "_"))).unwrap_or_default();
    let dir = within.map(|dir| dir.to_string_lossy().into_owned()).unwrap_or_default();
    format!("{dir}/{{}}{case}.csv")
}

/// A table for people; within a workflow an object that is kept as metadata of the run.
fn say(wish: &BenchArgs, told: &Told, within: bool) -> Result<()> {
    let taken = wish.export_json.as_deref() == Some(Path::new("-"));
    if within {
        for line in told::lines(told) {
            print::err(&line);
        }
        return Ok(print::out(&format!("{}\n", flat(told)))?);
    }
    match (wish.json, taken) {
        (_, true) => Ok(()),
        (true, false) => Ok(print::out(&(serde_json::to_string_pretty(told)? + "\n"))?),
        (false, false) => Ok(print::out(&text(std::slice::from_ref(told)))?),
    }
}

/// Puts the load on the server; the signal that ended it, if one did.
async fn measure(plan: Plan, tables: String) -> Result<(Told, Option<u8>)> {
    let mut signals = Signals::listen()?;
    let (say, mut said) = mpsc::channel(WORDS);
    let cancel = CancellationToken::new();
    let load = Load {
        plan,
        tables,
        roots: Roots::default(),
        clock: std::sync::Arc::new(SystemClock),
        say,
        cancel: cancel.clone(),
    };
    let mut doing = tokio::spawn(load.run());
    let mut signal = None;
    loop {
        tokio::select! {
            number = signals.recv() => {
                if signal.replace(number).is_some() {
                    doing.abort();
                }
                cancel.cancel();
                print::err("isomon: ending the load; what came until now is kept");
            }
            Some(said) = said.recv() => hear(&said),
            done = &mut doing => {
                let told = done.wrap_err("the load was left at once")?.map_err(bad)?;
                return Ok((told, signal));
            }
        }
    }
}

fn hear(said: &Said) {
    match said {
        Said::Doing(words) => print::err(words.as_str()),
        Said::Progress(progress) if progress.seconds > 0 && progress.seconds % EVERY == 0 => {
            let Progress { seconds, sent, good, bad } = progress;
            let at_work = progress.at_work();
            print::err(&format!(
                "{seconds:4} s: {sent} sent, {good} good, {bad} failed, {at_work} at work"
            ));
        }
        Said::Progress(_) => {}
    }
}

/// Why there is nothing to tell, and what mends it.
pub(super) fn bad(error: Error) -> color_eyre::Report {
    match error {
        Error::Trial { what, remedy } => {
            eyre!("the server was not measured: {what}").advise(remedy.as_str())
        }
        Error::Source(error) => {
            let what = SafeText::new(&error.to_string());
            eyre!("the server was not measured: {what}").advise(
                "name the server of a model that is up: --model http://HOST:PORT, and --token-env NAME \
                 where it asks for a token",
            )
        }
        error @ (Error::Table { .. } | Error::Fault(_)) => eyre!("{error}"),
    }
}
