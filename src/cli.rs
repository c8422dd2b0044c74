//! The door: arguments, subcommands, exit status.
//!
//! Whatever is written goes through `print`, because a closed pipe and a full disk are
//! everyday life. Exit status 0: good; 1: what was measured failed; 2: isomon could not do it;
//! 128 + n: signal n ended it. `isomon exec` ends as its command does, or with 125.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;
use color_eyre::eyre::Report;

mod advice;
mod agent_watch;
mod alerts;
mod annotate;
pub mod args;
mod baseline;
mod bench;
mod color;
mod compare;
mod configure;
mod doctor;
mod exec;
mod far_run;
mod gc;
mod history;
mod init;
mod kept;
mod kernel;
mod list;
mod local_watch;
mod log;
mod outcome;
mod plot;
mod print;
mod progress;
mod pull;
mod push;
mod record;
mod recorder;
mod replay;
mod result;
mod run;
mod runtime;
mod screen;
mod serve;
mod setting;
mod shell;
mod shield;
mod show;
mod signals;
mod snapshot;
pub mod sources;
mod sync;
mod verify;
mod workload_watch;

use args::{Args, Verb};
use setting::Setting;

/// How it went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// Good.
    Good,
    /// What was measured or looked at is not as it should be.
    Bad,
    /// isomon could not do it.
    Unable,
    /// A signal of this number ended it.
    Signal(u8),
    /// As a command ended that is not ours.
    Of(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Good => 0,
            Exit::Bad => 1,
            Exit::Unable => 2,
            Exit::Signal(number) => 128_u8.saturating_add(number),
            Exit::Of(status) => status,
        })
    }
}

type Outcome = color_eyre::Result<Exit>;

/// Reads the arguments and does what they say.
pub fn main(arguments: &[OsString]) -> ExitCode {
    let parsed = Args::try_parse_from(arguments);
    let exit = match parsed {
        Ok(args) => {
            color::install_panic_report(&args);
            run(&args).unwrap_or_else(|report| fail(&report))
        }
        Err(error) => exec::of_usage(arguments, usage(&error)),
    };
    exit.into()
}

fn run(args: &Args) -> Outcome {
    args.refuse_what_means_nothing()?;
    let setting = || Setting::load(args);
    match &args.verb {
        None if args.once || args.json => snapshot::once(args, &setting()?),
        None => screen::run(args, &setting()?),
        Some(Verb::Snapshot(wish)) => snapshot::run(wish, &setting()?),
        Some(Verb::Bench(wish)) => bench::run(wish, &setting()?),
        Some(Verb::Exec(wish)) => Ok(exec::run(wish, setting())),
        Some(Verb::Run(wish)) => run::run(wish, args),
        Some(Verb::Push(wish)) => push::run(wish, &setting()?),
        Some(Verb::Pull(wish)) => pull::run(wish, &setting()?),
        Some(Verb::Init(wish)) => init::run(wish),
        Some(Verb::Annotate(wish)) => annotate::run(wish, &setting()?),
        Some(Verb::Sync(wish)) => sync::run(wish),
        Some(Verb::List(wish)) => list::run(wish, &setting()?),
        Some(Verb::Show(wish)) => show::run(wish, &setting()?),
        Some(Verb::Compare(wish)) => compare::run(wish, &setting()?),
        Some(Verb::Verify(wish)) => verify::run(wish, &setting()?),
        Some(Verb::Baseline(wish)) => baseline::run(wish, &setting()?),
        Some(Verb::Plot(wish)) => plot::run(wish, &setting()?),
        Some(Verb::Doctor(wish)) => doctor::run(wish, &setting()?),
        Some(Verb::Serve(wish)) => serve::run(wish, &setting()?, args.config.as_deref()),
        Some(Verb::Record(wish)) => record::run(wish, &setting()?),
        Some(Verb::Replay(wish)) => replay::run(wish, setting()?),
        Some(Verb::Alerts(wish)) => alerts::run(wish, &setting()?),
        Some(Verb::History(wish)) => history::run(wish, &setting()?),
        Some(Verb::Gc { dry_run, forget }) => gc::run(*dry_run, *forget, &setting()?),
        Some(Verb::Config(wish)) => configure::run(args, *wish),
        Some(Verb::Completions { shell }) => shell::completions(*shell),
        Some(Verb::Man { command }) => shell::man(command.as_deref()),
    }
}

/// Says what went wrong; a reader that has gone is nothing wrong.
fn fail(report: &Report) -> Exit {
    let Some(error) = report.downcast_ref::<print::Error>() else {
        print::err(&advice::told(report));
        return Exit::Unable;
    };
    match error {
        print::Error::ReaderGone => Exit::Good,
        print::Error::Failed(_) => {
            print::err(&advice::without_number(&format!("isomon: {error}")));
            Exit::Unable
        }
    }
}

/// `--help` and `--version` are no mistakes; everything else is.
fn usage(error: &clap::Error) -> Exit {
    let colored = color::of_stderr(args::Color::Auto);
    let render = |colored| {
        if colored { error.render().ansi().to_string() } else { error.render().to_string() }
    };
    if error.use_stderr() {
        print::err(render(colored).trim_end());
        return Exit::Unable;
    }
    let shown = print::out(&render(color::of_stdout(args::Color::Auto)));
    shown.map_or_else(|error| fail(&error.into()), |()| Exit::Good)
}
