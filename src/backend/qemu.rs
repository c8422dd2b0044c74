//! QEMU's `microvm` with isomon's guest: `qemu-tcg`, whose instructions are translated, and
//! `qemu-kvm`, which the processor runs. Two backends, never mixed: one is no wall of hardware.
//!
//! The lot's memory limit holds QEMU as a whole, so the guest gets what the task allows less
//! [`OWN`]; of all backends only these have less memory for the work than was asked for. Work that is
//! not isomon's, or that names a kernel, gets a Linux guest.

use super::boot::Boot;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::wire::{Input, Launch};
use super::{Error, guest, kvm, linux, tool};
use crate::model::backend::{BackendId, Traits};
use crate::model::bench::Limits;

/// The program.
const TOOL: &str = "qemu-system-x86_64";
/// MiB set aside for QEMU itself: as of version 7.2 it takes 13 and what it translates, beside pages of its
/// own file, which the kernel takes back.
const OWN: u64 = 48;
/// MiB a guest can map.
const MOST: u64 = 3 << 10;
/// A machine whose command line is ours alone.
const MACHINE: &str = "auto-kernel-cmdline=off";
/// The same without clocks, interrupts and devices, for a guest that needs none.
const BARE: &str = "auto-kernel-cmdline=off,acpi=off,rtc=off,pit=off,pic=off";
/// What QEMU itself may not do.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// QEMU with one way to run instructions.
pub(super) struct Qemu {
    accelerator: &'static str,
    /// How that one is to run: what is translated has a place of this many MiB, for a guest may have much
    /// more code than [`OWN`] has room.
    manner: &'static str,
    /// The processor that the guest sees: with KVM the host's, of which nothing is missing.
    processor: &'static str,
}

pub(super) const TCG: Qemu =
    Qemu { accelerator: "tcg", manner: ",tb-size=32", processor: "qemu64" };
pub(super) const KVM: Qemu = Qemu { accelerator: "kvm", manner: "", processor: "host" };

impl Qemu {
    fn needs_kvm(&self) -> bool {
        self.accelerator == KVM.accelerator
    }

    fn id(&self) -> BackendId {
        if self.needs_kvm() { BackendId::QemuKvm } else { BackendId::QemuTcg }
    }

    /// The machine with `mib` of memory, one processor, and the serial port on standard output.
    fn arguments(&self, mib: u64, options: &str) -> Vec<String> {
        let accelerator = format!("{}{}", self.accelerator, self.manner);
        let mut said = vec!["-M".to_owned(), format!("microvm,{options}")];
        let mut say = |words: &[&str]| said.extend(words.iter().map(|word| (*word).to_owned()));
        say(&["-accel", &accelerator]);
        say(&["-cpu", self.processor, "-smp", "1", "-m", &format!("{mib}M")]);
        say(&["-nodefaults", "-no-user-config", "-display", "none", "-serial", "stdio"]);
        say(&["-no-reboot", "-sandbox", SANDBOX]);
        said
    }
}

impl Kind for Qemu {
    fn tool(&self) -> Option<&'static str> {
        Some(TOOL)
    }

    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        guest::elf()?;
        let version = tool::version(settings, TOOL)?;
        if self.needs_kvm() {
            kvm::check_device()?;
        }
        Ok(version)
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let mut argv = vec![tool::text(tool::find(&site.settings, TOOL)?)?];
        let boot = Boot::of(site, errand)?;
        let mib = boot.memory(errand.task.limits.memory_bytes.0 >> 20, OWN)?.min(MOST);
        argv.extend(self.arguments(mib, if boot.is_linux() { MACHINE } else { BARE }));
        let framed = boot.is_linux();
        argv.extend(["-kernel".to_owned(), tool::text(boot.kernel)?]);
        if let Some(initrd) = boot.initrd {
            argv.extend(["-initrd".to_owned(), tool::text(initrd)?]);
        }
        argv.extend(["-append".to_owned(), boot.command_line]);
        // The guest has its input in its file system.
        let input = Input::Nothing;
        Ok(Recipe::of(Launch { framed, input, ready_ms: None, ..site.launch(errand, argv) }))
    }

    fn guest_bytes(&self, limits: &Limits) -> Option<u64> {
        Some((limits.memory_bytes.0 >> 20).saturating_sub(OWN).min(MOST) << 20)
    }

    fn traits(&self) -> Traits {
        Traits { memory_limit: true, seccomp: true, ..linux::traits(self.id()) }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        if let Some(remedy) = linux::remedy(self.id(), reason) {
            return remedy;
        }
        let firmware = reason.contains("bios-microvm") || reason.contains("firmware");
        match reason {
            _ if tool::is_missing(reason) => Remedy::package("qemu-system-x86"),
            _ if firmware => Remedy::package("seabios"),
            _ if self.needs_kvm() || reason.contains("x86-64") => kvm::remedy(reason),
            _ => Remedy::words("apt-get install --reinstall qemu-system-x86"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_ways_to_run_are_never_mixed() {
        for (qemu, other) in [(TCG, "kvm"), (KVM, "tcg")] {
            let said = qemu.arguments(80, BARE).join(" ");
            assert!(said.contains(&format!("-accel {}", qemu.accelerator)), "{said}");
            assert!(!said.contains(other), "{said}");
        }
    }

    #[test]
    fn a_missing_qemu_is_mended_by_its_package_and_a_missing_kvm_is_not() {
        assert_eq!(
            KVM.remedy("qemu-system-x86_64 is not on PATH").words,
            "apt-get install qemu-system-x86"
        );
        assert!(KVM.remedy("no permission to open /dev/kvm").words.contains("group kvm"));
    }
}
