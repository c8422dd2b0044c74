//! Firecracker microVMs with isomon's own guest, bare and in the jailer.
//!
//! Each sandbox is a Firecracker of its own, driven by its API as its users drive it: booted, or
//! brought back from a snapshot that was made once, untimed. Its memory is what the lot may have, less
//! a reserve for Firecracker itself, which the lot's limits hold too.

mod api;
mod jail;
mod snapshot;

use std::path::{Path, PathBuf};

use self::jail::Jail;
pub(super) use self::jail::{NAME as JAIL, is_inside, run as run_jailed};
use self::snapshot::Kept;
pub(super) use self::snapshot::{NAME as SNAPSHOT, run as make_snapshot};
use super::boot::Boot;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::wire::{Input, Launch, Order, Talk};
use super::{Error, guest, kvm, linux, tool};
use crate::model::backend::{BackendId, Start, Traits};
use crate::model::bench::Limits;

/// Where it comes from.
const RELEASES: &str = "https://github.com/firecracker-microvm/firecracker/releases";
/// Memory of a lot that is not the guest's: Firecracker, its jail's copy of it, the launcher.
const RESERVE_MIB: u64 = 24;
/// The longest path a socket can be bound to.
const LONGEST_SOCKET: usize = 107;

/// Firecracker.
pub(super) struct Firecracker {
    /// Whether in its jailer.
    jailed: bool,
}

pub(super) const BARE: Firecracker = Firecracker { jailed: false };
pub(super) const JAILED: Firecracker = Firecracker { jailed: true };

impl Kind for Firecracker {
    fn tool(&self) -> Option<&'static str> {
        Some(if self.jailed { "jailer" } else { "firecracker" })
    }

    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        self.check(settings)?;
        tool::version(settings, if self.jailed { "jailer" } else { "firecracker" })
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        self.check(&site.settings)?;
        let limit = errand.task.limits.memory_bytes.0 >> 20;
        let boot = Boot::of(site, errand)?;
        let mib = boot.memory(limit, RESERVE_MIB)?;
        let machine =
            Machine { program: program(&site.settings)?, guest: boot.kernel.clone(), mib };
        let place = self.place(site, errand, &machine)?;
        match errand.task.start {
            Start::Snapshot if boot.is_linux() => {
                Err(Error::refused("a Linux guest is only booted"))
            }
            Start::Snapshot => from_snapshot(site, errand, &machine, &place, &guest::work(errand)?),
            _ => from_nothing(site, errand, &machine, &place, &boot),
        }
    }

    fn guest_bytes(&self, limits: &Limits) -> Option<u64> {
        Some((limits.memory_bytes.0 >> 20).saturating_sub(RESERVE_MIB) << 20)
    }

    fn traits(&self) -> Traits {
        Traits { memory_limit: true, seccomp: true, snapshot: true, ..linux::traits(self.id()) }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        remedy(reason)
    }
}

impl Firecracker {
    const fn id(&self) -> BackendId {
        if self.jailed { BackendId::FirecrackerJailed } else { BackendId::Firecracker }
    }

    /// Why it cannot be here, if so.
    fn check(&self, settings: &CampSettings) -> Result<(), Error> {
        if self.jailed && !rustix::process::geteuid().is_root() {
            return Err(Error::refused("the jailer needs root"));
        }
        guest::elf()?;
        tool::find(settings, "firecracker")?;
        kvm::check_device()
    }

    /// Where one sandbox runs.
    fn place(&self, site: &Site, errand: &Errand<'_>, machine: &Machine) -> Result<Place, Error> {
        if self.jailed {
            let jail = Jail::make(site, &errand.name, &machine.program)?;
            return Ok(Place::Jail(jail));
        }
        let socket = site.place.join(format!("{}.sock", errand.name));
        if socket.as_os_str().len() > LONGEST_SOCKET {
            let path = socket.display();
            return Err(Error::refused(&format!("the path of its socket is too long: {path}")));
        }
        Ok(Place::Bare(socket))
    }
}

/// Firecracker's own file: the jailer names directories after it.
fn program(settings: &CampSettings) -> Result<PathBuf, Error> {
    let found = tool::find(settings, "firecracker")?;
    found.canonicalize().map_err(|source| Error::io("find", &found, source))
}

/// What is run.
struct Machine {
    program: PathBuf,
    guest: PathBuf,
    mib: u64,
}

/// Where one Firecracker runs.
enum Place {
    /// Among the host's files, with this socket.
    Bare(PathBuf),
    /// In a directory of its own.
    Jail(Jail),
}

impl Place {
    /// Shows `file` to it; its name there.
    fn show(&self, file: &Path) -> Result<String, Error> {
        match self {
            Self::Bare(_) => tool::text(file.to_owned()),
            Self::Jail(jail) => jail.show(file),
        }
    }

    /// A launch of Firecracker here, without anything asked of it.
    fn launch(&self, site: &Site, errand: &Errand<'_>, program: &Path) -> Result<Launch, Error> {
        let mut argv = match self {
            Self::Bare(_) => vec![tool::text(program.to_owned())?],
            Self::Jail(jail) => jail.command(site, program)?,
        };
        let (socket, inside, made) = match self {
            Self::Bare(socket) => (socket.clone(), tool::text(socket.clone())?, socket.clone()),
            Self::Jail(jail) => (jail.socket(), jail::SOCKET.to_owned(), jail.at.clone()),
        };
        argv.extend(api::arguments(inside));
        Ok(Launch {
            talk: Some(Talk { socket, requests: Vec::new() }),
            remove: vec![made],
            ..site.launch(errand, argv)
        })
    }
}

/// A guest that is booted with its work on its command line, or in its first file system.
fn from_nothing(
    site: &Site,
    errand: &Errand<'_>,
    machine: &Machine,
    place: &Place,
    boot: &Boot,
) -> Result<Recipe, Error> {
    let mut launch = place.launch(site, errand, &machine.program)?;
    let kernel = place.show(&machine.guest)?;
    let initrd = boot.initrd.as_deref().map(|initrd| place.show(initrd)).transpose()?;
    let kernel = api::kernel(&kernel, initrd.as_deref(), &boot.command_line);
    let requests = vec![api::machine(machine.mib, false), kernel, api::start()];
    launch.talk = launch.talk.map(|talk| Talk { requests, ..talk });
    launch.framed = boot.is_linux();
    launch.input = Input::Nothing;
    launch.ready_ms = None;
    Ok(Recipe::of(launch))
}

/// A guest that was stored while it waited for work, and is told its work when it is back.
fn from_snapshot(
    site: &Site,
    errand: &Errand<'_>,
    machine: &Machine,
    place: &Place,
    work: &str,
) -> Result<Recipe, Error> {
    let kept = Kept::of(site, machine);
    let mut launch = place.launch(site, errand, &machine.program)?;
    let first = kept.make(site, machine)?;
    let requests = vec![api::look(), api::load(&kept.shown(place)?)];
    launch.talk = launch.talk.map(|talk| Talk { requests, ..talk });
    launch.input = Input::Line(format!("{work}\n"));
    Ok(Recipe { notes: Vec::new(), first: Some(first), order: Order::Launch(launch) })
}

/// What mends it.
fn remedy(reason: &str) -> Remedy {
    if let Some(remedy) = linux::remedy(BackendId::Firecracker, reason) {
        return remedy;
    }
    if reason.contains("/dev/kvm") || reason.contains("x86-64") {
        return kvm::remedy(reason);
    }
    let words = if tool::is_missing(reason) {
        format!("put firecracker and jailer on PATH: {RELEASES}")
    } else if reason.contains("root") {
        "run as root".to_owned()
    } else if reason.contains("its API, asked to") {
        format!("its API is another one; take Firecracker 1.12 or later: {RELEASES}")
    } else {
        format!("take Firecracker 1.12 or later, which boots PVH kernels: {RELEASES}")
    };
    Remedy::words(&words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mends_it_follows_from_what_is_wrong() {
        let rows = [
            ("firecracker is not on PATH", "releases"),
            ("no permission to open /dev/kvm", "usermod"),
            ("the jailer needs root", "run as root"),
            ("its API, asked to PUT /x, says 400: Invalid request method", "its API"),
            ("ended before it was ready", "PVH"),
        ];
        for (reason, wanted) in rows {
            assert!(remedy(reason).words.contains(wanted), "{reason}");
        }
    }
}
