//! The `process` backend: fork and exec, the floor under every other number.

use super::kind::{Errand, Kind, Recipe, Remedy};
use super::site::Site;
use super::{Error, tool};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// A plain process.
pub(super) struct Process;

impl Kind for Process {
    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
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
