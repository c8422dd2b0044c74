//! The `process` backend: fork and exec, the floor under every other number.

use std::path::PathBuf;

use super::job::PATH;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::site::Site;
use super::wire::Launch;
use super::{Error, tool};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// A plain process.
pub(super) struct Process;

impl Kind for Process {
    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        if errand.direct {
            return bare(site, errand);
        }
        let mut argv = tool::own(&site.settings, &[])?;
        argv.extend_from_slice(&errand.inside);
        Ok(Recipe::of(site.launch(errand, argv)))
    }

    fn traits(&self) -> Traits {
        Traits {
            network: true,
            host_writable: true,
            files: true,
            runtimes: vec![Runtime::Command, Runtime::Node, Runtime::Python, Runtime::Go],
            ..Traits::default()
        }
    }

    fn remedy(&self, _: &str) -> Remedy {
        Remedy::words("allow processes to be started, or run outside the container")
    }
}

/// The command itself, as a shell would start it: nothing of isomon runs in between, and what it says
/// goes nowhere. In a sandbox it goes through a pipe, on which the marker comes first.
fn bare(site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
    let mut argv = errand.command();
    let path = errand.env.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_str());
    if let Some(program) = argv.first_mut() {
        *program = find(program, path.unwrap_or(PATH))?;
    }
    let mut launch = Launch { silent: true, ..site.launch(errand, argv) };
    launch.env.retain(|(name, _)| errand.env.iter().all(|(other, _)| other != name));
    launch.env.extend(errand.env.iter().cloned());
    Ok(Recipe::of(launch))
}

/// Where `program` is: looked for here, so that it need not be when the clock runs.
fn find(program: &str, path: &str) -> Result<String, Error> {
    if program.contains('/') {
        return Ok(program.to_owned());
    }
    let can_run = |file: &PathBuf| {
        file.is_file() && rustix::fs::access(file, rustix::fs::Access::EXEC_OK).is_ok()
    };
    let found = path.split(':').map(|dir| PathBuf::from(dir).join(program)).find(can_run);
    match found {
        Some(file) => tool::text(file),
        None => Err(Error::refused(&format!("{program} is not in {path}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_once_and_one_that_is_not_there_is_named() {
        assert_eq!(find("./x", "/bin").unwrap(), "./x");
        assert!(find("sh", "/none:/bin:/usr/bin").unwrap().ends_with("/sh"));
        let missing = find("no-such-program", "/bin").unwrap_err().to_string();
        assert_eq!(missing, "no-such-program is not in /bin");
    }
}
