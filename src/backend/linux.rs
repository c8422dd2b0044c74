//! A Linux kernel for backends that are virtual machines, and a first file system that isomon packs
//! for it: isomon itself as its first process, the libraries it needs, and the work.
//!
//! With it the phases reach `init` (the first process runs) and the first execution, and any
//! command runs in a machine of its own. Nothing is downloaded: the kernel is one the user names, or
//! one of the host's own distribution.

mod chore;
mod clock;
mod cpio;
mod image;
pub(super) mod init;
mod library;
mod pack;
mod relay;
mod remedy;

use std::fs;
use std::path::{Path, PathBuf};

pub(super) use self::remedy::remedy;
use super::Error;
use super::boot::Boot;
use super::kind::Errand;
use super::site::Site;
use super::trial::Work;
use crate::model::backend::{BackendId, Traits};
use crate::model::job::Runtime;
use crate::model::text::SafeText;

/// Where the host's kernels are.
const KERNELS: &str = "/boot";
/// Memory that a distribution's kernel takes before anything runs; measured, and rounded up.
const KERNEL_MIB: u64 = 96;
/// How much larger the user's file system may be when it is unpacked.
const UNPACKED: u64 = 4;
/// What is isomon's inside; everything else is the work's.
#[cfg(test)]
const OWN: &str = "/.isomon";
/// isomon inside.
const INIT: &str = "/.isomon/init";
/// What loads it.
const LOADER: &str = "/.isomon/lib/ld.so";
/// Its libraries.
const LIBRARIES: &str = "/.isomon/lib";
/// Quiet, on the serial port, and a machine that is reset when it panics or ends; its first file system
/// may fill the memory, of which the kernel would give it half. What the kernel
/// does not know it gives to the first process as a variable.
const COMMAND_LINE: &str = "console=ttyS0 quiet loglevel=1 panic=-1 reboot=t tsc=reliable \
    i8042.noaux rootfstype=ramfs rdinit=/.isomon/init LD_LIBRARY_PATH=/.isomon/lib";
/// Firecracker's machine has no PCI, and ends when its keyboard controller is told to reset it.
const FIRECRACKER: &str = " reboot=k pci=off i8042.nomux i8042.dumbkbd";

fn refused(why: &str) -> Error {
    Error::Refused { why: SafeText::new(why) }
}

/// Whether `errand` needs a Linux kernel: a user's work does, and whoever names a kernel wants it.
pub(super) fn is_wanted(errand: &Errand<'_>) -> bool {
    errand.task.kernel.is_some() || matches!(errand.task.work, Work::Job(_))
}

/// The kernel and the file system for `errand`; the file system is packed anew for each, since the
/// work is in it.
pub(super) fn boot(site: &Site, errand: &Errand<'_>) -> Result<Boot, Error> {
    let (id, named) = (errand.task.backend, errand.task.kernel.as_deref());
    if matches!(errand.task.work, Work::Hold) {
        return Err(Error::refused("a Linux guest does not stand still: its kernel has work"));
    }
    let kernel = match named {
        Some(named) => named.image.clone(),
        None => newest(id, Path::new(KERNELS))?,
    };
    image::check(id, &kernel)?;
    let ours = pack::packed(site, errand)?;
    // A file system is in memory twice: as it was given, and as it is unpacked.
    let mut needed = 2 * length(&ours);
    let mut initrd = ours;
    if let Some(theirs) = named.and_then(|named| named.initrd.as_deref()) {
        needed += (1 + UNPACKED) * length(theirs);
        initrd = pack::joined(theirs, &initrd)?;
    }
    let least_mib = KERNEL_MIB + needed.div_ceil(1 << 20);
    let more = match id {
        BackendId::QemuTcg => clock::words(),
        id if image::firecracker(id) => FIRECRACKER.to_owned(),
        _ => String::new(),
    };
    let command_line = format!("{COMMAND_LINE}{more}");
    Ok(Boot { kernel, initrd: Some(initrd), command_line, least_mib })
}

fn length(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |data| data.len())
}

/// The distribution's kernel for virtual machines that `id` boots, the newest; any other only if
/// there is none.
fn newest(id: BackendId, directory: &Path) -> Result<PathBuf, Error> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names: Vec<String> =
        entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let latest = |start: &str| {
        let kernels = names.iter().filter(|name| name.starts_with(start));
        kernels.max_by_key(|name| (name.contains("cloud"), numbers(name)))
    };
    // Where Firecracker finds none that it boots, it is told what is wrong with the one there is.
    let uncompressed = latest("vmlinux-").filter(|_| image::firecracker(id));
    let best = uncompressed.or_else(|| latest("vmlinuz-"));
    best.map(|name| directory.join(name))
        .ok_or_else(|| refused("there is no Linux kernel in /boot"))
}

/// The numbers in a name, to tell 6.10 from 6.9.
fn numbers(name: &str) -> Vec<u32> {
    name.split(|letter: char| !letter.is_ascii_digit())
        .filter_map(|part| part.parse().ok())
        .collect()
}

/// The newest of the host's kernels, as distributions install them.
pub fn host_kernel() -> Result<PathBuf, Error> {
    newest(BackendId::QemuTcg, Path::new(KERNELS))
}

/// Why `id` does not boot the kernel `image`, or the newest of the host's; `None` if it does.
pub fn kernel_fault(id: BackendId, image: Option<&Path>) -> Option<Error> {
    if !id.boots_linux() {
        return Some(refused(&format!("{id} boots no Linux kernel")));
    }
    let found = image.map_or_else(|| newest(id, Path::new(KERNELS)), |image| Ok(image.to_owned()));
    found.and_then(|image| image::check(id, &image)).err()
}

/// The version that the kernel `image` says it has.
pub fn kernel_version(image: &Path) -> Option<SafeText> {
    image::version(image)
}

/// What runs in `id`, or why nothing of the user's does.
pub(super) fn traits(id: BackendId) -> Traits {
    match kernel_fault(id, None) {
        None => Traits { runtimes: vec![Runtime::Command, Runtime::Oci], ..Traits::default() },
        Some(fault) => {
            let why = fault.to_string();
            let mends =
                remedy(id, &why).map(|remedy| format!(": {}", remedy.words)).unwrap_or_default();
            let note = Some(SafeText::new(&format!("{why}{mends}")));
            Traits { runtimes_note: note, ..Traits::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_kernel_for_machines_like_these_is_taken() {
        let boot = tempfile::tempdir().unwrap();
        let names = [
            "vmlinuz-6.9.1-cloud-amd64",
            "vmlinuz-6.10.0-cloud-amd64",
            "vmlinuz-7.1.0-amd64",
            "vmlinux-5.10.0",
        ];
        for name in names {
            fs::write(boot.path().join(name), "").unwrap();
        }
        let of = |id| newest(id, boot.path()).unwrap();
        assert!(of(BackendId::QemuTcg).ends_with(names[1]));
        assert!(of(BackendId::Firecracker).ends_with(names[3]));
        let none = newest(BackendId::QemuTcg, Path::new("/nonexistent")).unwrap_err().to_string();
        assert!(
            remedy(BackendId::QemuTcg, &none)
                .is_some_and(|remedy| remedy.words.contains("--kernel")),
            "{none}"
        );
    }

    #[test]
    fn what_boots_no_linux_says_so() {
        let fault = kernel_fault(BackendId::Kvm, None).unwrap().to_string();
        assert_eq!(fault, "kvm boots no Linux kernel");
        let fault = kernel_fault(BackendId::QemuTcg, Some(Path::new("/etc/passwd")));
        assert!(fault.unwrap().to_string().contains("is no Linux kernel"));
    }
}
