//! The `v8` backend: bare isolates in a host of isomon's own, isomon re-executed as `__v8`.
//!
//! An isolate is V8's: a heap and a context with the language, a console and our kernels, and
//! nothing of the web or of Node. The host has given up user, capabilities and system calls before
//! the first of them is made. Of `deno_core` only the engine is used: no runtime, no event loop.

mod engine;
mod heap;
mod host;
mod living;
mod ward;

use std::ffi::OsString;
use std::process::ExitCode;

use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::{Error, tool};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// The hidden subcommand: a host, or its version.
pub(super) const NAME: &str = "__v8";
/// What holds the engine; the version that `Cargo.toml` pins.
const HOLDER: &str = "deno_core 0.413.0";

/// Isolates of V8.
pub(super) struct V8;

impl Kind for V8 {
    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        Ok(Some(tool::own(settings, &[NAME, "--version"])?))
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let argv = tool::own(&site.settings, &[NAME])?;
        Ok(Recipe::call(site.call(errand, argv, Runtime::Js)?))
    }

    fn is_host(&self) -> bool {
        true
    }

    fn traits(&self) -> Traits {
        Traits {
            memory_limit: true,
            seccomp: true,
            snapshot: true,
            runtimes: vec![Runtime::Js],
            ..Traits::default()
        }
    }

    fn remedy(&self, _: &str) -> Remedy {
        Remedy::words("allow threads and executable memory, or run outside the container")
    }
}

/// Tells the version, or is a host until standard input closes.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    match arguments {
        [] => host::run(),
        [only] if only == "--version" => {
            let line = format!("{}, {HOLDER}\n", engine::version());
            let told = rustix::io::write(rustix::stdio::stdout(), line.as_bytes()).is_ok();
            if told { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        _ => ExitCode::from(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_told_is_the_one_that_is_built() {
        let locked = include_str!("../../Cargo.lock");
        let (name, version) = HOLDER.split_once(' ').unwrap();
        assert!(locked.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")));
        assert!(engine::version().starts_with("V8 15."), "{}", engine::version());
    }
}
