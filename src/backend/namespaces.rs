//! The `namespaces` backend: what the kernel alone gives, made by isomon itself in `sandbox`.

use super::kind::{Errand, Kind, Recipe, Remedy, Shown};
use super::site::Site;
use super::{Error, container, sandbox, tool};
use crate::model::backend::Traits;

/// Namespaces, seccomp and limits.
pub(super) struct Namespaces;

impl Kind for Namespaces {
    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let exe = &site.settings.exe;
        let mut argv = vec![tool::text(exe.clone())?];
        let words = sandbox::arguments(site.place.join("root"), exe.clone());
        argv.extend(words.into_iter().filter_map(|word| word.into_string().ok()));
        if let Some(view) = &errand.view {
            argv.extend([sandbox::BASE.to_owned(), tool::text(view.base.clone())?]);
        }
        for Shown { host, inside } in &errand.shown {
            argv.extend([sandbox::SHOW.to_owned(), host.clone(), inside.clone()]);
        }
        argv.extend_from_slice(&errand.inside);
        Ok(Recipe::of(site.launch(errand, argv)))
    }

    fn traits(&self) -> Traits {
        Traits {
            seccomp: true,
            files: true,
            runtimes: container::RUNTIMES.to_vec(),
            ..Traits::default()
        }
    }

    fn remedy(&self, _: &str) -> Remedy {
        unshared()
    }
}

/// What mends a refused namespace.
pub(super) fn unshared() -> Remedy {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    if is_bare_chroot(&mounts) {
        return Remedy::words(
            "this is a chroot, where the kernel lets nobody make namespaces: run outside of it, or enter it with systemd-nspawn",
        );
    }
    if rustix::process::geteuid().is_root() {
        return Remedy::words(
            "allow namespaces and mounts, or run outside the container or chroot",
        );
    }
    Remedy::words(
        "sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0",
    )
}

/// Whether the root directory is none of the `mounts` (a mountinfo), as in a chroot into a
/// directory, where no namespaces can be made.
fn is_bare_chroot(mounts: &str) -> bool {
    let mut places = mounts.lines().filter_map(|line| line.split(' ').nth(4)).peekable();
    places.peek().is_some() && places.all(|place| place != "/")
}

#[cfg(test)]
mod tests {
    use super::is_bare_chroot;

    #[test]
    fn a_root_that_is_no_mount_is_seen() {
        let proc = "40 30 0:22 / /proc rw - proc proc rw\n";
        let root = "30 1 254:0 / / rw - ext4 /dev/vda rw\n";
        assert!(is_bare_chroot(proc));
        assert!(!is_bare_chroot(&format!("{proc}{root}")));
        assert!(!is_bare_chroot(""), "nothing is known");
    }
}
