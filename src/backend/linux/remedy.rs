//! What mends it when a Linux guest does not do its work.

use crate::backend::kind::Remedy;
use crate::model::backend::BackendId;

/// The package with a kernel for virtual machines, on Debian.
const PACKAGE: &str = "linux-image-cloud-amd64";

/// What mends `reason` of `id`, if that is about a Linux guest.
pub(in crate::backend) fn remedy(id: BackendId, reason: &str) -> Option<Remedy> {
    let words = if let Some(least) = memory(reason) {
        format!("--memory {least}MiB, or more")
    } else if reason.contains("no Linux kernel in /boot") {
        let package = Remedy::package(PACKAGE);
        return Some(Remedy {
            words: format!("{}; or name one with --kernel", package.words),
            ..package
        });
    } else if reason.contains("vmlinux") {
        "take the vmlinux out of it: the kernel's scripts/extract-vmlinux does that, as in \
         /usr/src/linux-headers-*/scripts/extract-vmlinux IMAGE > vmlinux; then --kernel vmlinux"
            .to_owned()
    } else if reason.contains("PVH entry") {
        "name the compressed image with --kernel, or a kernel built with CONFIG_PVH".to_owned()
    } else if reason.contains("the kernel ") || reason.contains("no Linux kernel for") {
        "--kernel with a kernel's image, like /boot/vmlinuz-*; auto takes the newest".to_owned()
    } else if reason.contains("Initramfs") || reason.contains("Kernel panic") {
        "--kernel and --initrd that fit each other; without --initrd isomon packs one".to_owned()
    } else if reason.contains("root file system has more") {
        "a smaller --root, or a backend that shows it instead of packing it: namespaces".to_owned()
    } else if reason.contains("Linux guest was not up") {
        let other = if id == BackendId::QemuTcg { "" } else { ", or qemu-tcg" };
        format!("more time with --timeout; if it never comes up: another --kernel{other}")
    } else {
        return None;
    };
    Some(Remedy::words(&words))
}

/// MiB that a machine and what runs it need, where a limit is below.
fn memory(reason: &str) -> Option<&str> {
    let (_, rest) = reason.split_once("and what runs it need ")?;
    rest.split_once(" MiB;").map(|(least, _)| least)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_it_follows_from_what_is_wrong() {
        let rows = [
            (
                "a Linux guest and what runs it need 278 MiB; the limit is 256 MiB",
                "--memory 278MiB",
            ),
            ("no Linux kernel in /boot", "apt-get install linux-image-cloud-amd64"),
            ("/k is a bzImage; Firecracker boots only an uncompressed vmlinux", "extract-vmlinux"),
            ("/k has no PVH entry", "compressed"),
            ("cannot read the kernel /k: No such file", "--kernel"),
            ("Kernel panic - not syncing: VFS", "--initrd"),
            ("a Linux guest was not up in time", "--timeout"),
        ];
        for (reason, wanted) in rows {
            let words = remedy(BackendId::QemuKvm, reason).unwrap().words;
            assert!(words.contains(wanted), "{reason}: {words}");
        }
        assert_eq!(remedy(BackendId::QemuKvm, "qemu-system-x86_64 is not on PATH"), None);
    }
}
