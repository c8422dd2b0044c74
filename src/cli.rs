//! The door: arguments, subcommands, exit status.

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use crate::tui::run::{Ended, Options, run};

/// Reads the arguments and does what they say.
pub fn main(_arguments: &[OsString]) -> ExitCode {
    let Ok(runtime) = tokio::runtime::Runtime::new() else {
        return ExitCode::from(2);
    };
    let (_updates, updates) = tokio::sync::mpsc::channel(1024);
    let (commands, _commands) = tokio::sync::mpsc::channel(16);
    let ended = runtime.block_on(run(updates, commands, Options::default()));
    runtime.shutdown_background();
    match ended {
        Ok(Ended::Quit) => ExitCode::SUCCESS,
        Ok(Ended::Signal(number)) => ExitCode::from(u8::try_from(128 + number).unwrap_or(2)),
        Err(error) => {
            writeln!(std::io::stderr(), "isomon: {error}").unwrap_or_default();
            ExitCode::from(2)
        }
    }
}
