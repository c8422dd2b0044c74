//! The `wasm` backend: instances by wasmtime, in a host of isomon's own, re-executed as `__wasm`.
//!
//! The host is an unprivileged process behind a system call filter that reads asks and answers them;
//! an instance reaches nothing but what it is lent. Nothing to install.

mod engine;
mod guest;
mod serve;
mod talk;
mod wasi;

use std::ffi::OsString;
use std::process::ExitCode;

use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::{Error, shed, tool};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// The hidden subcommand.
pub(super) const NAME: &str = "__wasm";
/// Open files: its pipes, and images of modules' memory.
const FILES: u64 = 4096;
/// Status when it could not give up what it must.
const REFUSED: u8 = 125;
/// The engine and its version; a test holds it against the lock file.
const ENGINE: &str = "wasmtime 48.0.8";

/// WebAssembly.
pub(super) struct Wasm;

impl Kind for Wasm {
    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        Ok(Some(tool::own(settings, &[NAME, "--version"])?))
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let argv = tool::own(&site.settings, &[NAME])?;
        Ok(Recipe::call(site.call(errand, argv, Runtime::Wasm)?))
    }

    fn is_host(&self) -> bool {
        true
    }

    fn traits(&self) -> Traits {
        Traits {
            memory_limit: true,
            seccomp: true,
            runtimes: vec![Runtime::Wasm],
            ..Traits::default()
        }
    }

    fn remedy(&self, _: &str) -> Remedy {
        Remedy::words("allow processes to be started, or run outside the container")
    }
}

/// Runs isomon as this host: without arguments it serves.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    if arguments.first().is_some_and(|first| first == "--version") {
        return said(rustix::stdio::stdout(), ENGINE);
    }
    let served =
        shed::shed(FILES).and_then(|()| serve::serve(ENGINE).map_err(|error| format!("{error:#}")));
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            said(rustix::stdio::stderr(), &format!("isomon wasm: {why}"));
            ExitCode::from(REFUSED)
        }
    }
}

fn said(to: std::os::fd::BorrowedFd<'_>, line: &str) -> ExitCode {
    match rustix::io::write(to, format!("{line}\n").as_bytes()) {
        Ok(_) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_said_is_the_one_built() {
        let lock = include_str!("../../Cargo.lock");
        let (_, after) = lock.split_once("name = \"wasmtime\"\nversion = \"").unwrap();
        let (version, _) = after.split_once('"').unwrap();
        assert_eq!(ENGINE, format!("wasmtime {version}"));
    }
}
