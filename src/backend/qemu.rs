//! QEMU's `microvm` with isomon's guest: `qemu-tcg`, whose instructions are translated, and
//! `qemu-kvm`, which the processor runs. Two backends, never mixed: one is no wall of hardware.
//!
//! The lot's memory limit holds QEMU as a whole, so the guest gets what the task allows less
//! [`OWN`]; of all backends only these have less memory for the work than was asked for.

use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::{Error, guest, kvm, tool};
use crate::model::backend::Traits;
use crate::model::text::SafeText;

/// The program.
const TOOL: &str = "qemu-system-x86_64";
/// MiB set aside for QEMU itself, which takes 37 as of version 7.2, most of it its own file.
const OWN: u64 = 48;
/// MiB that a guest needs.
const LEAST: u64 = 4;
/// MiB a guest can map.
const MOST: u64 = 3 << 10;
/// A machine without clocks, interrupts and devices; its command line is ours alone.
const MACHINE: &str = "acpi=off,rtc=off,pit=off,pic=off,auto-kernel-cmdline=off";
/// What QEMU itself may not do.
const SANDBOX: &str = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny";

/// QEMU with one way to run instructions.
pub(super) struct Qemu {
    accelerator: &'static str,
    /// The processor that the guest sees: with KVM the host's, of which nothing is missing.
    processor: &'static str,
}

pub(super) const TCG: Qemu = Qemu { accelerator: "tcg", processor: "qemu64" };
pub(super) const KVM: Qemu = Qemu { accelerator: "kvm", processor: "host" };

impl Qemu {
    fn needs_kvm(&self) -> bool {
        self.accelerator == KVM.accelerator
    }

    /// The machine with `mib` of memory, one processor, and the serial port on standard output.
    fn arguments(&self, mib: u64) -> Vec<String> {
        let machine = format!("microvm,accel={},{MACHINE}", self.accelerator);
        let mut said = vec!["-M".to_owned(), machine];
        let mut say = |words: &[&str]| said.extend(words.iter().map(|word| (*word).to_owned()));
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
        let line = guest::command_line(guest::work(errand)?, errand.task.nonce);
        let mib = memory(errand.task.limits.memory_bytes.0 >> 20)?;
        let program = tool::text(tool::find(&site.settings, TOOL)?)?;
        let kernel = tool::text(guest::file(site)?)?;
        let mut argv = vec![program];
        argv.extend(self.arguments(mib));
        argv.extend(["-kernel".to_owned(), kernel, "-append".to_owned(), line]);
        Ok(Recipe::of(site.launch(errand, argv)))
    }

    fn is_host(&self) -> bool {
        false
    }

    fn traits(&self) -> Traits {
        Traits { memory_limit: true, seccomp: true, ..Traits::default() }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        let firmware = reason.contains("bios-microvm") || reason.contains("firmware");
        match reason {
            _ if tool::is_missing(reason) => Remedy::package("qemu-system-x86"),
            _ if firmware => Remedy::package("seabios"),
            _ if self.needs_kvm() || reason.contains("x86-64") => kvm::remedy(reason),
            _ => Remedy::words("apt-get install --reinstall qemu-system-x86"),
        }
    }
}

/// MiB of the guest where `limit` MiB hold QEMU and guest.
fn memory(limit: u64) -> Result<u64, Error> {
    let guest = limit.saturating_sub(OWN).min(MOST);
    if guest < LEAST {
        let least = OWN + LEAST;
        let why = format!("QEMU and a guest need {least} MiB; the limit is {limit} MiB");
        return Err(Error::Refused { why: SafeText::new(&why) });
    }
    Ok(guest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guest_gets_what_qemu_does_not_need() {
        assert_eq!(memory(128).unwrap(), 80);
        assert_eq!(memory(1 << 20).unwrap(), MOST);
        let refused = memory(50).unwrap_err().to_string();
        assert_eq!(refused, "QEMU and a guest need 52 MiB; the limit is 50 MiB");
    }

    #[test]
    fn the_two_ways_to_run_are_never_mixed() {
        for (qemu, other) in [(TCG, "kvm"), (KVM, "tcg")] {
            let said = qemu.arguments(80).join(" ");
            assert!(said.contains(&format!("accel={},", qemu.accelerator)), "{said}");
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
