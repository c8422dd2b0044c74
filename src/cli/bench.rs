//! `isomon bench`: measures isolation backends, prints and exports what came of it.

use super::advice::Advise;
use color_eyre::eyre::{Result, eyre};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::outcome::{Form, render};
use super::print;
use super::progress::Meter;
use super::setting::Setting;
use super::{Exit, Outcome, log, runtime};
use crate::model::run::{Run, RunEnd};

mod args;
mod export;
mod live;

pub use args::BenchArgs;
pub(super) use args::{Family, backends};
use export::Export;

pub(super) fn run(wish: &BenchArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let random = StdRng::from_os_rng().random();
    let plan = wish.plan(&setting.config.bench, random)?;
    export::check_all(&wish.exports(), wish.json)?;
    let mut meter = Meter::new();
    let local = setting.local.clone();
    let heard = runtime::block_on(live::run(local, plan, &mut meter))??;
    meter.clear();
    let Some(result) = heard.run else {
        return Ok(heard.signal.map_or(Exit::Bad, Exit::Signal));
    };
    if wish.json || wish.exports().iter().any(Export::is_standard) {
        report(&result, &meter);
    }
    write(wish, &result)?;
    let judged = if heard.fault { Exit::Bad } else { judge(wish, &result) };
    Ok(heard.signal.map_or(judged, Exit::Signal))
}

/// What the table says too, in short, where no table is printed.
fn report(run: &Run, meter: &Meter) {
    for left_out in &run.head.left_out {
        let (backend, reason, remedy) = (left_out.backend, &left_out.reason, &left_out.remedy);
        meter.say(&format!("left out {backend}: {reason} -> {remedy}"));
    }
    match run.tail.as_ref().map(|tail| &tail.end) {
        Some(RunEnd::Completed) => {}
        Some(RunEnd::BudgetSpent) => {
            meter.say("the time was used up before every figure was known as well as asked");
        }
        Some(RunEnd::RoundsSpent) => {
            meter.say("the rounds were used up before every figure was known as well as asked");
        }
        Some(RunEnd::Cancelled) => meter.say("cancelled; what was measured until then stands"),
        Some(RunEnd::Failed { reason }) => meter.say(&format!("the run failed: {reason}")),
        None => meter.say("the run was cut off"),
    }
}

/// Writes the exports; standard output holds the table, unless an export goes there.
fn write(wish: &BenchArgs, run: &Run) -> Result<()> {
    let exports = wish.exports();
    exports.iter().try_for_each(|export| export.write(run))?;
    if exports.iter().any(Export::is_standard) {
        return Ok(());
    }
    let form = if wish.json { Form::Json } else { Form::Text };
    Ok(print::out(&render(run, form)?)?)
}

/// Bad when a sample failed, when a backend that was named could not run, or when it was cut short.
fn judge(wish: &BenchArgs, run: &Run) -> Exit {
    let Some(tail) = &run.tail else {
        return Exit::Bad;
    };
    let whole = !matches!(tail.end, RunEnd::Cancelled | RunEnd::Failed { .. });
    let named_left_out = wish.names_backends() && !run.head.left_out.is_empty();
    if whole && tail.progress.failed == 0 && !named_left_out { Exit::Good } else { Exit::Bad }
}

/// The error of a run that could not even begin.
fn never_began(why: &str) -> color_eyre::Report {
    eyre!("{why}").advise("`isomon doctor` says which backends are ready, and what the others lack")
}
