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
use crate::bench::repeat::repeat;
use crate::model::run::{Run, RunEnd};
use crate::stats::verdict::words;

mod args;
mod beside;
mod export;
mod file;
mod fleet;
mod live;
mod measure;
mod model;
mod outlook;
mod own;
mod resume;
mod tune;

pub use args::BenchArgs;
pub(super) use args::{Family, backends};
use export::Export;
pub(super) use file::words_are_right;

pub(super) fn run(wish: &BenchArgs, setting: &Setting) -> Outcome {
    log::to_stderr()?;
    let random = StdRng::from_os_rng().random();
    if wish.model.is_named() {
        return model::run(wish, setting, random);
    }
    let wish = &file::with_file(wish)?;
    export::check_all(&wish.exports(), wish.json)?;
    if let Some(id) = &wish.resume.resume {
        return resume::run(wish, setting, id);
    }
    let plan = wish.plan(&setting.config.bench, random)?;
    if wish.dry_run {
        let (outlook, repeat) = (outlook::outlook(&plan), repeat(&plan));
        print::out(&format!("{outlook}\n{}\n{repeat}\n", outlook::UNTRIED))?;
        return Ok(Exit::Good);
    }
    if let Some(nodes) = fleet::Nodes::of(wish, setting)? {
        fleet::check(wish)?;
        return fleet::run(wish, setting, nodes, plan);
    }
    let base = wish.beside.base()?;
    let mut meter = Meter::new();
    meter.say(&outlook::outlook(&plan));
    let local = setting.local.clone();
    let tuned = if wish.tune { tune::tune(&local, wish.yes)? } else { None };
    let heard = runtime::block_on(live::run(local, live::Work::New(Box::new(plan)), &mut meter));
    tune::untune(tuned);
    let heard = heard??;
    meter.clear();
    conclude(wish, heard, &base, &meter)
}

/// Prints and exports what came of a run, and judges it.
fn conclude(wish: &BenchArgs, heard: live::Heard, base: &beside::Base, meter: &Meter) -> Outcome {
    let Some(result) = heard.run else {
        return Ok(heard.signal.map_or(Exit::Bad, Exit::Signal));
    };
    let taken = wish.json || wish.exports().iter().any(Export::is_standard);
    if taken {
        report(&result, meter);
    }
    write(wish, &result)?;
    let worse = wish.beside.conclude(base, &result, taken)?;
    let judged = if heard.fault || worse { Exit::Bad } else { judge(wish, &result) };
    Ok(heard.signal.map_or(judged, Exit::Signal))
}

/// What the table says too, in short, where no table is printed.
fn report(run: &Run, meter: &Meter) {
    for left_out in &run.head.left_out {
        let (label, reason, remedy) = (left_out.label(), &left_out.reason, &left_out.remedy);
        meter.say(&match left_out.payload {
            Some(_) => format!("n/a {label}: {reason}"),
            None => format!("left out {label}: {reason} -> {remedy}"),
        });
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
    if let Some(judged) = run.tail.as_ref().and_then(|tail| tail.verdict.as_ref()) {
        meter.say(&format!("the machine was {}", words(judged)));
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

/// Bad when a sample failed, when a backend that was named could not run or could do none of the
/// work, or when it was cut short. That it could not do some of it is how it is.
fn judge(wish: &BenchArgs, run: &Run) -> Exit {
    let Some(tail) = &run.tail else {
        return Exit::Bad;
    };
    let whole = !matches!(tail.end, RunEnd::Cancelled | RunEnd::Failed { .. });
    if tail.summary.iter().all(|summary| summary.n == 0)
        && tail.loads.iter().all(|load| load.n == 0)
    {
        return Exit::Bad;
    }
    let lacking = wish.names_backends() && (is_left_out(run) || does_nothing(run));
    if whole && tail.progress.failed == 0 && !lacking { Exit::Good } else { Exit::Bad }
}

/// Whether a backend is left out as a whole.
fn is_left_out(run: &Run) -> bool {
    run.head.left_out.iter().any(|out| out.payload.is_none())
}

/// Whether a backend of the plan has not a single cell.
fn does_nothing(run: &Run) -> bool {
    let works = |backend| run.head.cells.iter().any(|cell| cell.backend == backend);
    !run.head.plan.backends.iter().all(|backend| works(*backend))
}

/// The error of a run that could not even begin.
fn never_began(why: &str) -> color_eyre::Report {
    eyre!("{why}").advise("`isomon doctor` says which backends are ready, and what the others lack")
}

#[cfg(test)]
mod tests {
    /// The words of a command line as a POSIX shell splits it; it has no quotes but `'`.
    pub(super) fn shell_words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted, mut escaped) =
            (Vec::new(), String::new(), false, false);
        for letter in line.chars() {
            match letter {
                _ if std::mem::take(&mut escaped) => word.push(letter),
                '\'' => quoted = !quoted,
                '\\' if !quoted => escaped = true,
                ' ' if !quoted => words.push(std::mem::take(&mut word)),
                _ => word.push(letter),
            }
        }
        words.push(word);
        words
    }
}
