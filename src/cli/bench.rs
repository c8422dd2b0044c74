//! `isomon bench`: measures isolation backends, prints and exports what came of it.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::advice::Advise;
use color_eyre::eyre::{Result, WrapErr, eyre};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::outcome::{Form, render};
use super::print;
use super::progress::Meter;
use super::setting::Setting;
use super::{Exit, Outcome, log, runtime};
use crate::model::run::{Run, RunEnd};

mod args;
mod live;

pub use args::BenchArgs;

pub(super) fn run(wish: &BenchArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let random = StdRng::from_os_rng().random();
    let plan = wish.plan(&setting.config.bench, random)?;
    let mut meter = Meter::new();
    let local = setting.local.clone();
    let heard = runtime::block_on(live::run(local, plan, &mut meter))??;
    meter.clear();
    let Some(result) = heard.run else {
        return Ok(heard.signal.map_or(Exit::Bad, Exit::Signal));
    };
    report(&result, &mut meter);
    export(wish, &result)?;
    Ok(heard.signal.map_or_else(|| judge(wish, &result), Exit::Signal))
}

/// What the table does not say, on standard error.
fn report(run: &Run, meter: &mut Meter) {
    for left_out in &run.head.left_out {
        let (backend, reason, remedy) = (left_out.backend, &left_out.reason, &left_out.remedy);
        meter.say(&format!("left out {backend}: {reason}; {remedy}"));
    }
    match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::Completed) => {}
        Some(RunEnd::BudgetSpent) => {
            meter.say("the budget was spent before every figure was known as well as asked");
        }
        Some(RunEnd::Cancelled) => meter.say("cancelled; what was measured until then stands"),
        Some(RunEnd::Failed { reason }) => meter.say(&format!("the run failed: {reason}")),
        None => meter.say("the run was cut off"),
    }
}

/// Writes the exports; standard output holds the table, unless an export goes there.
fn export(wish: &BenchArgs, run: &Run) -> Result<()> {
    let mut taken = false;
    for (form, path) in wish.exports() {
        let text = render(run, form)?;
        if path == Path::new("-") {
            taken = true;
            print::out(&text)?;
        } else {
            write(path, &text)?;
        }
    }
    match (wish.json, taken) {
        (true, _) => print::out(&render(run, Form::Json)?)?,
        (false, false) => print::out(&render(run, Form::Text)?)?,
        (false, true) => {}
    }
    Ok(())
}

/// Writes beside the file and renames, so that no half of an export is ever there.
fn write(path: &Path, text: &str) -> Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let whole = || -> std::io::Result<()> {
        let mut file = std::fs::File::create(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    whole().wrap_err_with(|| {
        std::fs::remove_file(&beside).ok();
        format!("cannot write {}", path.display())
    })
}

/// Bad when a sample failed, when a backend that was named could not run, or when it was cut short.
fn judge(wish: &BenchArgs, run: &Run) -> Exit {
    let Some(tail) = &run.tail else {
        return Exit::Bad;
    };
    let whole = matches!(tail.end, RunEnd::Completed | RunEnd::BudgetSpent);
    let named_left_out = wish.names_backends() && !run.head.left_out.is_empty();
    if whole && tail.progress.failed == 0 && !named_left_out { Exit::Good } else { Exit::Bad }
}

/// The error of a run that could not even begin.
fn never_began(why: &str) -> color_eyre::Report {
    eyre!("{why}").advise("`isomon doctor` says which backends are ready, and what the others lack")
}
