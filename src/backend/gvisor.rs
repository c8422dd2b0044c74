//! gVisor: `runsc` with each of the ways it can catch system calls.

use super::container::{self, Named};
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::site::Site;
use super::{Error, tool};
use crate::model::backend::Traits;

/// gVisor on one platform.
pub(super) struct Gvisor {
    /// Without network, and without groups of its own.
    options: &'static [&'static str],
}

pub(super) const SYSTRAP: Gvisor =
    Gvisor { options: &["--platform=systrap", "--network=none", "--ignore-cgroups"] };
pub(super) const PTRACE: Gvisor =
    Gvisor { options: &["--platform=ptrace", "--network=none", "--ignore-cgroups"] };
pub(super) const KVM: Gvisor =
    Gvisor { options: &["--platform=kvm", "--network=none", "--ignore-cgroups"] };

impl Kind for Gvisor {
    fn tool(&self) -> Option<&'static str> {
        Some("runsc")
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let named = Named { tool: "runsc", options: self.options, filtered: false };
        named.recipe(site, errand, Vec::new())
    }

    fn traits(&self) -> Traits {
        container::traits(true)
    }

    fn remedy(&self, reason: &str) -> Remedy {
        if tool::is_missing(reason) {
            return Remedy::package("runsc");
        }
        match self.options.first() {
            Some(&"--platform=systrap") if reason.contains("platform") => Remedy::words(
                "install a runsc of 2023 or later: https://gvisor.dev/docs/user_guide/install/",
            ),
            Some(&"--platform=kvm") if !reason.contains("rootless") => Remedy::words(
                "needs a /dev/kvm that runsc can use: on hardware, or with nested virtualization",
            ),
            _ => container::remedy("runsc", reason),
        }
    }
}
