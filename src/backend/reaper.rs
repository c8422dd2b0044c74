//! The reaper: clears up after a run whose owner died, however it died.
//!
//! It is started before anything else, in a session of its own and outside the run's control
//! groups. It holds the reading end of a pipe whose only other end is in the owner: when that
//! closes, the run is swept. After an orderly end there is nothing left to sweep.

use std::ffi::OsString;
use std::io::Read;
use std::process::{ExitCode, Stdio};

use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use tokio::process::{Child, Command};

use super::settings::CampSettings;
use super::sweep::{coming, settle_late, sweep};
use super::{Error, audit};
use crate::model::id::RunId;

/// The hidden subcommand; its arguments are the state directory and the run.
pub(super) const NAME: &str = "__reaper";

/// Starts the process that sweeps run `id` when this one dies. Its input closes with us, whatever
/// happens.
pub(super) fn start(settings: &CampSettings, id: &RunId) -> Result<Child, Error> {
    let mut command = Command::new(&settings.exe);
    command.arg(NAME).arg(&settings.state).arg(id.as_str());
    command.env_clear().current_dir("/").stdin(Stdio::piped());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.process_group(0).spawn().map_err(|source| Error::Helper {
        helper: "reaper",
        program: settings.exe.clone(),
        said: source.to_string(),
    })
}

/// Waits for the owner's end, then sweeps. Status 1 if something could not be removed.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let [state, id] = arguments else {
        return ExitCode::from(2);
    };
    let Some(id) = id.to_str().and_then(RunId::parse) else {
        return ExitCode::from(2);
    };
    stand_apart();
    // Any end of the pipe is the owner's end.
    std::io::stdin().lock().read_to_end(&mut Vec::new()).ok();
    let settings = CampSettings::of_state(state.into());
    // The owner's own sweep takes this away last, when everything else is gone.
    if !audit::place(&settings, &id).exists() {
        return ExitCode::SUCCESS;
    }
    let coming = coming(&settings, &id);
    let swept = sweep(&settings, &id);
    settle_late(&settings, &id, coming);
    if swept.left.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Leaves the terminal's reach. Each step may be refused, and then the next belt holds.
fn stand_apart() {
    let unheard = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGQUIT, SIGTERM] {
        signal_hook::flag::register(signal, unheard.clone()).ok();
    }
    rustix::process::setsid().ok();
    std::fs::write("/proc/self/oom_score_adj", "-500").ok();
    std::env::set_current_dir("/").ok();
}
