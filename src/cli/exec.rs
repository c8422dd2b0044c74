//! `isomon exec`: a user's own work in a sandbox of any backend, its output as it comes.
//!
//! What comes out of a sandbox is hostile: a terminal gets it made safe, a pipe or a file as it is.

use std::ffi::OsString;

use color_eyre::eyre::{Report, Result, eyre};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::advice::{Advise, told};
use super::setting::Setting;
use super::{Exit, Outcome, log, print, runtime};
use crate::hub::local::Refusal;

mod args;
pub(super) mod code;
mod live;
mod note;
mod sink;
mod verdict;

pub use args::ExecArgs;

/// Status when isomon could not do it; `env`, `timeout` and container tools give the same.
const UNABLE: u8 = 125;

/// What stands below the flags.
pub(super) const AFTER_HELP: &str = "\
What is seen inside: programs and libraries of this machine (/usr, /bin, /lib…) or the --root,
read-only; a /tmp of its own; the files of the work in /job. No network, nothing of /home or /root.
A command that names a program elsewhere on this machine is copied to /job and run there. In
`process` nothing is hidden: it is no sandbox. Its standard input is --input, else empty. In a
virtual machine there are the program that is named, with its libraries, sh and small tools, or the
--root or --initrd; Linux is booted for it.
JavaScript is a script, no module: what main(input) gives is printed as JSON, or where there is no
main, the value of the last expression; console.log is output. WebAssembly starts at _start, with
WASI, or at run.

Exit status: the command's own, 128 + n if signal n ended it; 124 timed out; 125 isomon could not do
it; 126 not executable; 127 not found; 137 killed for want of memory.

Examples:
  isomon exec -- uname -a
  isomon exec -b gvisor-ptrace --memory 64M --timeout 5s -- sh -c 'echo $$; ls /'
  isomon exec --code job.py --input '{\"n\": 3}' --json
  isomon exec -b deno --code job.js --input '{\"n\": 3}'
  isomon exec -b runc --root ./rootfs -- /bin/busybox ls /";

/// Does it. Whatever isomon cannot do is 125 here, so that the command's own status stands alone.
pub(super) fn run(wish: &ExecArgs, setting: Result<Setting>) -> Exit {
    match attempt(wish, setting) {
        Ok(exit) => exit,
        Err(report) => {
            print::err(&told(&report));
            Exit::Of(UNABLE)
        }
    }
}

fn attempt(wish: &ExecArgs, setting: Result<Setting>) -> Outcome {
    log::to_stderr()?;
    let local = setting?.local;
    let task = wish.task(StdRng::from_os_rng().random())?;
    let begun = note::Begun::now();
    let heard = runtime::block_on(live::run(local, task.clone(), wish))??;
    let Some(ended) = heard.ended else {
        begun.killed(&task);
        if let Some(number) = heard.signal.filter(|number| *number != live::PIPE && !wish.quiet) {
            heard
                .sink
                .stopped(&format!("{} · stopped by signal {number}, cleared up", task.backend));
        }
        return Ok(heard.signal.map_or(Exit::Of(UNABLE), Exit::Signal));
    };
    let verdict = verdict::Verdict { task: &task, ended: &ended };
    if wish.json {
        print::out(&verdict.json(&heard.kept)?)?;
    } else {
        heard.sink.result(ended.trial.value.as_deref())?;
    }
    if !wish.quiet {
        heard.sink.say(&verdict.line());
    }
    begun.ended(&verdict);
    Ok(heard.signal.map_or_else(|| verdict.exit(), Exit::Signal))
}

/// Wrong arguments of `exec` are 125 too.
pub(super) fn of_usage(arguments: &[OsString], exit: Exit) -> Exit {
    let ours = arguments.iter().take_while(|word| *word != "--").any(|word| word == "exec");
    if ours && exit == Exit::Unable { Exit::Of(UNABLE) } else { exit }
}

/// A refusal as the door tells it.
fn report(refusal: &Refusal) -> Report {
    let report = eyre!("{}", refusal.why);
    if refusal.remedy.is_empty() { report } else { report.advise(refusal.remedy.as_str()) }
}
