//! The `kvm` backend: the least that a virtual machine can cost. One processor, memory, a serial
//! port and a way to reset, in a child of isomon's own; the guest is isomon's too.
//!
//! The child marks `create` when machine and processor exist and the guest is in memory, and `boot`
//! just before the guest's first instruction. The machine has all the memory that the task allows,
//! up to what the guest can map; what the child itself takes is bounded with it by the lot.

#[cfg(target_arch = "x86_64")]
mod child;
#[cfg(target_arch = "x86_64")]
mod image;
#[cfg(target_arch = "x86_64")]
mod machine;

use std::fs::File;
use std::io::ErrorKind;

use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::wire::Launch;
use super::{Error, guest, tool};
use crate::model::backend::Traits;
#[cfg(target_arch = "x86_64")]
use crate::model::bench::Limits;

#[cfg(target_arch = "x86_64")]
pub(super) use self::child::run;

/// The hidden subcommand.
pub(super) const NAME: &str = "__kvm";
/// The way to the kernel's hypervisor.
const DEVICE: &str = "/dev/kvm";

/// A machine of isomon's own.
pub(super) struct Kvm;

impl Kind for Kvm {
    fn version(&self, _: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        guest::elf()?;
        check_device()?;
        Ok(None)
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        guest::elf()?;
        let mut argv = tool::own(&site.settings, &[NAME])?;
        argv.push(errand.task.limits.memory_bytes.0.to_string());
        argv.push(guest::command_line(&guest::work(errand)?));
        Ok(Recipe::of(Launch { marks: true, ..site.launch(errand, argv) }))
    }

    #[cfg(target_arch = "x86_64")]
    fn guest_bytes(&self, limits: &Limits) -> Option<u64> {
        Some(machine::size(limits.memory_bytes.0))
    }

    fn traits(&self) -> Traits {
        Traits { memory_limit: true, seccomp: true, ..Traits::default() }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        remedy(reason)
    }
}

/// Fails, with the reason, where KVM cannot be used.
pub(super) fn check_device() -> Result<(), Error> {
    let opened = File::options().read(true).write(true).open(DEVICE);
    opened.map(drop).map_err(|error| {
        let why = match error.kind() {
            ErrorKind::NotFound => format!("there is no {DEVICE}"),
            ErrorKind::PermissionDenied => format!("no permission to open {DEVICE}"),
            _ => format!("{DEVICE}: {error}"),
        };
        Error::refused(&why)
    })
}

/// What mends a KVM that cannot be used for `reason`.
pub(super) fn remedy(reason: &str) -> Remedy {
    if reason.starts_with("no permission") {
        return Remedy::words("join the group kvm (usermod -aG kvm $USER), then log in again");
    }
    if reason.starts_with("there is no") {
        return module(&std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default());
    }
    if reason.contains("x86-64") {
        return Remedy::words("run isomon on an x86-64 machine");
    }
    Remedy::words("run on hardware, or under a hypervisor with nested virtualization")
}

/// The module that a processor of `cpuinfo` needs.
fn module(cpuinfo: &str) -> Remedy {
    let has = |flag| cpuinfo.split_ascii_whitespace().any(|word| word == flag);
    let name = match (has("vmx"), has("svm")) {
        (true, _) => "kvm_intel",
        (_, true) => "kvm_amd",
        _ => {
            return Remedy::words(
                "switch on virtualization (VT-x, AMD-V) in the firmware, or nested virtualization in the hypervisor; then modprobe kvm_intel or kvm_amd",
            );
        }
    };
    let command = ["modprobe", name].map(str::to_owned).to_vec();
    Remedy { words: format!("modprobe {name}"), commands: vec![command] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_it_depends_on_what_is_wrong() {
        assert_eq!(module("flags : fpu svm sse").words, "modprobe kvm_amd");
        assert_eq!(module("flags : fpu vmx sse").commands, [["modprobe", "kvm_intel"]]);
        assert_eq!(module("flags : fpu").commands, Vec::<Vec<String>>::new());
        assert!(remedy("no permission to open /dev/kvm").words.contains("group kvm"));
        let missing = remedy("there is no /dev/kvm").words;
        assert!(missing.contains("modprobe kvm_"), "{missing}");
    }
}
