//! A look around from inside: isomon re-executed as `__look NONCE HOST` in every sandbox that shows
//! the host's programs.
//!
//! How strong a wall is, is measured where it matters, in facts: which kernel answers, which of its
//! rarely used calls do, which namespaces differ, what can be written, how far the network reaches.
//! `HOST` is what the same questions give outside, as JSON; what is the host's own is told by
//! comparing. Nothing is changed: no call here could act, and files are made without a name where
//! the file system can.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::ExitCode;

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;
use rustix::thread::SecureComputingMode;
use serde::{Deserialize, Serialize};

use super::payload::{self, DONE, READY};
use crate::model::backend::Inside;
use crate::model::text::SafeText;

mod call;
mod reach;

/// The hidden subcommand.
pub(super) const NAME: &str = "__look";
/// Kinds of namespaces, as `/proc/self/ns` names them.
const SPACES: [&str; 8] = ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"];
/// Directories in which a file is tried to be made.
const PLACES: [&str; 8] = ["/", "/tmp", "/usr", "/etc", "/var", "/home", "/root", "/dev/shm"];
/// Files that only a process with power over the kernel may open for writing, and what they stand
/// for. They are opened and never written to.
const SWITCHES: [(&str, &str); 3] = [
    ("/proc/sys/kernel", "/proc/sys/kernel/core_pattern"),
    ("/sys", "/sys/module/printk/parameters/time"),
    ("/sys", "/sys/kernel/rcu_expedited"),
];

/// What tells one world from another.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
struct World {
    /// Release and build of the kernel.
    kernel: [String; 2],
    /// Made anew by a kernel each time it boots; `None` where it is not shown.
    boot: Option<String>,
    /// Where each namespace's link leads.
    spaces: BTreeMap<String, String>,
    /// Device and number of each directory of [`PLACES`].
    places: BTreeMap<String, (u64, u64)>,
}

impl World {
    /// The one we are in.
    fn here() -> Self {
        let said = rustix::system::uname();
        let text = |said: &std::ffi::CStr| said.to_string_lossy().into_owned();
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id");
        let link = |name: &str| {
            let link = fs::read_link(Path::new("/proc/self/ns").join(name)).ok()?;
            Some((name.to_owned(), link.to_string_lossy().into_owned()))
        };
        let place = |name: &str| {
            let data = fs::metadata(name).ok()?;
            Some((name.to_owned(), (data.dev(), data.ino())))
        };
        Self {
            kernel: [text(said.release()), text(said.version())],
            boot: boot.ok().map(|id| id.trim().to_owned()).filter(|id| !id.is_empty()),
            spaces: SPACES.into_iter().filter_map(link).collect(),
            places: PLACES.into_iter().filter_map(place).collect(),
        }
    }

    /// Whether this is the kernel of `host`; `None` where nothing tells: two machines may run the
    /// same build.
    fn is_kernel_of(&self, host: &Self) -> Option<bool> {
        match (&self.boot, &host.boot) {
            (Some(ours), Some(theirs)) => Some(ours == theirs),
            _ if self.kernel != host.kernel => Some(false),
            _ => None,
        }
    }

    /// Namespaces that are not those of `host`. Another kernel's are all its own, though their
    /// numbers may be the same.
    fn apart(&self, host: &Self, same_kernel: Option<bool>) -> Option<Vec<SafeText>> {
        let differs = |name: &&&str| {
            let link = self.spaces.get(**name);
            link.is_some() && (same_kernel == Some(false) || link != host.spaces.get(**name))
        };
        let apart = SPACES.iter().filter(differs).map(|name| SafeText::new(name));
        (!self.spaces.is_empty()).then(|| apart.collect())
    }

    /// Whether one of the `writable` places is a directory of `host` itself.
    fn shares(&self, host: &Self, writable: &[&str]) -> bool {
        let same = |name: &&str| {
            let place = self.places.get(*name);
            place.is_some() && place == host.places.get(*name)
        };
        // The settings of a kernel are the kernel's own, wherever they are mounted.
        let switch = |name: &&str| SWITCHES.iter().any(|(place, _)| place == name);
        writable.iter().any(|name| same(name) || switch(name))
    }
}

/// The arguments that make isomon look around under `nonce`, and know what is the host's.
pub(super) fn arguments(nonce: u64) -> Vec<String> {
    // Without this it only cannot tell what is the host's.
    let host = serde_json::to_string(&World::here()).unwrap_or_default();
    vec![NAME.to_owned(), format!("{nonce:016x}"), host]
}

/// Looks around, and says what it saw in one line. Status 2: the arguments were not understood;
/// 1: the output is closed.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let (Some(nonce), host) = (arguments.first(), arguments.get(1)) else {
        return ExitCode::from(2);
    };
    let nonce = nonce.to_string_lossy();
    let host = host.and_then(|host| serde_json::from_str(&host.to_string_lossy()).ok());
    let ready = payload::say(&format!("{READY} {nonce}\n"));
    let calls = match call::try_all() {
        call::Tried::Here(calls) => calls,
        // A copy of us that made the calls; what it saw was told already.
        call::Tried::Copy => return ExitCode::SUCCESS,
    };
    let inside = Inside { calls, ..look(&host.unwrap_or_default()) };
    let said = serde_json::to_string(&inside).unwrap_or_default();
    if ready && payload::say(&format!("{DONE} {nonce} {said}\n")) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn look(host: &World) -> Inside {
    let here = World::here();
    let host_kernel = here.is_kernel_of(host);
    let writable = writable();
    Inside {
        kernel: Some(SafeText::within(&format!("Linux {}", here.kernel[0]), 80)),
        host_kernel,
        namespaces: here.apart(host, host_kernel),
        seccomp: filtering().map(SafeText::from),
        uid: Some(rustix::process::geteuid().as_raw()),
        capabilities: powers(),
        host_writable: (host_kernel != Some(false)).then(|| here.shares(host, &writable)),
        writable: Some(writable.into_iter().map(SafeText::from).collect()),
        network: Some(reach::measure()),
        ..Inside::default()
    }
}

/// A field of what the kernel says of this process, where it shows that.
fn field(name: &str) -> Option<String> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix(name)).map(|rest| rest.trim().to_owned())
}

/// Seccomp's mode; asked by a call where nothing is shown, which `strict` would not survive.
fn filtering() -> Option<&'static str> {
    let Some(number) = field("Seccomp:") else {
        return match rustix::thread::secure_computing_mode().ok()? {
            SecureComputingMode::Disabled => Some("off"),
            SecureComputingMode::Filter => Some("filter"),
            SecureComputingMode::Strict => Some("strict"),
        };
    };
    ["off", "strict", "filter"].get(number.parse::<usize>().ok()?).copied()
}

/// How many capabilities are in effect.
fn powers() -> Option<u32> {
    let shown = field("CapEff:").and_then(|set| u64::from_str_radix(&set, 16).ok());
    let asked = || Some(rustix::thread::capabilities(None).ok()?.effective.bits());
    shown.or_else(asked).map(u64::count_ones)
}

/// The well-known places that can be written to.
fn writable() -> Vec<&'static str> {
    let mut found: Vec<&str> = PLACES.into_iter().filter(|place| takes_files(place)).collect();
    let opens = |path| rustix::fs::open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty());
    found.extend(SWITCHES.into_iter().filter(|(_, file)| opens(*file).is_ok()).map(|one| one.0));
    found.dedup();
    found
}

/// Whether a file can be made in `place`: one without a name, which nobody sees and nothing can
/// leave behind; one with a name for an instant where the file system knows no other.
fn takes_files(place: &str) -> bool {
    let flags = OFlags::WRONLY | OFlags::CLOEXEC;
    match rustix::fs::open(place, flags | OFlags::TMPFILE, Mode::RUSR) {
        Ok(_) => true,
        Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL) => {
            let name = Path::new(place).join(format!(".isomon-look-{}", std::process::id()));
            let made = rustix::fs::open(&name, flags | OFlags::CREATE | OFlags::EXCL, Mode::RUSR);
            made.is_ok() && rustix::fs::unlinkat(CWD, &name, rustix::fs::AtFlags::empty()).is_ok()
        }
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn world(release: &str, boot: Option<&str>, mnt: &str) -> World {
        World {
            kernel: [release.to_owned(), "#1".to_owned()],
            boot: boot.map(str::to_owned),
            spaces: [("mnt".to_owned(), mnt.to_owned())].into(),
            places: [("/tmp".to_owned(), (7, 2))].into(),
        }
    }

    #[test]
    fn a_kernel_is_told_by_its_boot_and_else_by_its_build() {
        let host = world("6.1", Some("a"), "mnt:[1]");
        for (other, wanted) in [
            (world("6.1", Some("a"), ""), Some(true)),
            (world("6.1", Some("b"), ""), Some(false)),
            (world("4.4", None, ""), Some(false)),
            (world("6.1", None, ""), None),
        ] {
            assert_eq!(other.is_kernel_of(&host), wanted, "{other:?}");
        }
    }

    #[test]
    fn another_kernels_namespaces_are_its_own_whatever_their_numbers() {
        let host = world("6.1", Some("a"), "mnt:[1]");
        let apart = |other: &World, same| other.apart(&host, same).map(|names| names.len());
        assert_eq!(apart(&world("6.1", None, "mnt:[1]"), Some(true)), Some(0));
        assert_eq!(apart(&world("6.1", None, "mnt:[2]"), Some(true)), Some(1));
        assert_eq!(apart(&world("6.1", None, "mnt:[1]"), Some(false)), Some(1));
        assert_eq!(apart(&World::default(), Some(true)), None);
    }

    #[test]
    fn without_a_wall_everything_is_the_hosts() {
        let told = arguments(5);
        let host: World = serde_json::from_str(&told[2]).unwrap();
        let inside = look(&host);
        assert_eq!(inside.namespaces, Some(Vec::new()));
        assert_eq!(inside.host_kernel, host.boot.is_some().then_some(true));
        assert_eq!(inside.host_writable, Some(true), "the directory for temporary files");
        assert_eq!(inside.uid, Some(rustix::process::geteuid().as_raw()));
    }
}
