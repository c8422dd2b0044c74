//! The inside of the `namespaces` backend: isomon re-executed as `__sandbox ROOT PROGRAM ARGS…`.
//!
//! Nothing to install and nothing but system calls. Everything that needs power is done first, on a
//! tmpfs that only this mount namespace sees, so nothing is left when the last process ends; then
//! user, capabilities and system calls are given up one after the other, and the program is
//! executed. A step that is refused ends it with status 125 and a line that names the step.

use std::ffi::{CString, OsString};
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use rustix::fs::StatVfsMountFlags;
use rustix::mount::{MountFlags, MountPropagationFlags, UnmountFlags};
use rustix::process::{DumpableBehavior, Pid, Resource, Rlimit, Signal, WaitOptions};
use rustix::thread::{CapabilitySet, CapabilitySets, Gid, Uid, UnshareFlags};

use super::filter;
use super::view::{DEVICES, NOBODY, PROGRAM, TMP_MIB, View};

/// The hidden subcommand.
pub(super) const NAME: &str = "__sandbox";
/// Status when the sandbox itself could not be made.
const REFUSED: u8 = 125;
/// Open files.
const FILES: u64 = 1024;
/// Capabilities are numbered below this.
const CAPABILITIES: u32 = 64;

/// A step that was refused.
struct Refusal {
    step: &'static str,
    why: String,
}

/// Names the step that an error belongs to.
trait Step<T> {
    fn step(self, step: &'static str) -> Result<T, Refusal>;
}

impl<T, E: ToString> Step<T> for Result<T, E> {
    fn step(self, step: &'static str) -> Result<T, Refusal> {
        self.map_err(|error| Refusal { step, why: error.to_string() })
    }
}

/// Makes the sandbox at `ROOT` and executes isomon in it with `ARGS`.
pub(super) fn run(arguments: &[OsString]) -> ExitCode {
    let [root, program, inside @ ..] = arguments else {
        return ExitCode::from(2);
    };
    match enter(Path::new(root), Path::new(program), inside) {
        Ok(code) => code,
        Err(Refusal { step, why }) => {
            let line = format!("isomon sandbox: {step}: {why}\n");
            // Nobody to tell if even this fails; the status says it.
            rustix::io::write(rustix::stdio::stderr(), line.as_bytes()).ok();
            ExitCode::from(REFUSED)
        }
    }
}

fn enter(root: &Path, program: &Path, inside: &[OsString]) -> Result<ExitCode, Refusal> {
    let powerful = rustix::process::geteuid().is_root();
    let all = UnshareFlags::NEWNS
        | UnshareFlags::NEWPID
        | UnshareFlags::NEWNET
        | UnshareFlags::NEWIPC
        | UnshareFlags::NEWUTS
        | UnshareFlags::NEWCGROUP;
    if powerful {
        unshare(all).step("unshare namespaces")?;
    } else {
        let (uid, gid) = (rustix::process::geteuid(), rustix::process::getegid());
        unshare(all | UnshareFlags::NEWUSER).step("unshare namespaces")?;
        map_ids(uid.as_raw(), gid.as_raw()).step("map the user")?;
    }
    furnish(root, program, powerful)?;
    match fork().step("fork")? {
        Some(child) => wait(child).step("wait"),
        None => Err(become_program(inside, powerful)),
    }
}

/// Builds the file system at `root` and makes it the root.
fn furnish(root: &Path, program: &Path, powerful: bool) -> Result<(), Refusal> {
    let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
    rustix::mount::mount_change("/", private).step("make mounts private")?;
    tmpfs(root, "mode=755,size=1m").step("mount the root")?;
    let view = View::of(Path::new("/"));
    view.lay_out(root).step("lay out the root")?;
    for name in view.directories.iter().chain(&view.files) {
        show(&Path::new("/").join(name), &root.join(name), powerful)
            .step("bind the host's files")?;
    }
    let place = root.join(PROGRAM.trim_start_matches('/'));
    show(program, &place, powerful).step("bind isomon")?;
    for name in DEVICES {
        let place = root.join("dev").join(name);
        fs::File::create(&place).step("make a device")?;
        rustix::mount::mount_bind(Path::new("/dev").join(name), &place).step("bind a device")?;
    }
    tmpfs(&root.join("tmp"), &format!("mode=1777,size={TMP_MIB}m")).step("mount /tmp")?;
    turn(root).step("change the root")
}

fn tmpfs(at: &Path, options: &str) -> io::Result<()> {
    let options = CString::new(options)?;
    let flags = MountFlags::NOSUID | MountFlags::NODEV;
    Ok(rustix::mount::mount("isomon", at, "tmpfs", flags, options.as_c_str())?)
}

/// Binds `from` at `to`, read-only. Without power, mounts below it come along and may not be left
/// out, and flags it was mounted with may not be taken away.
fn show(from: &Path, to: &Path, powerful: bool) -> io::Result<()> {
    if powerful {
        rustix::mount::mount_bind(from, to)?;
    } else {
        rustix::mount::mount_bind_recursive(from, to)?;
    }
    let had = rustix::fs::statvfs(to)?.f_flag;
    let mut flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    for (was, flag) in [
        (StatVfsMountFlags::NOEXEC, MountFlags::NOEXEC),
        (StatVfsMountFlags::NOATIME, MountFlags::NOATIME),
        (StatVfsMountFlags::NODIRATIME, MountFlags::NODIRATIME),
        (StatVfsMountFlags::RELATIME, MountFlags::RELATIME),
    ] {
        flags |= if had.contains(was) { flag } else { MountFlags::empty() };
    }
    Ok(rustix::mount::mount_remount(to, flags, "")?)
}

/// Makes `root` the root and lets go of the old one.
fn turn(root: &Path) -> io::Result<()> {
    rustix::process::chdir(root)?;
    rustix::process::pivot_root(".", ".")?;
    rustix::mount::unmount(".", UnmountFlags::DETACH)?;
    Ok(rustix::process::chdir("/")?)
}

/// The first process inside: finishes the root, gives up all power, executes. Returns only why not.
fn become_program(inside: &[OsString], powerful: bool) -> Refusal {
    let prepared = settle(powerful).and_then(|()| surrender(powerful));
    if let Err(refusal) = prepared {
        return refusal;
    }
    let error = Command::new(PROGRAM).args(inside).exec();
    Refusal { step: "execute isomon", why: error.to_string() }
}

fn settle(powerful: bool) -> Result<(), Refusal> {
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC;
    let mounted = rustix::mount::mount("proc", "/proc", "proc", flags, None);
    if powerful {
        mounted.step("mount /proc")?;
    }
    // Without power a kernel whose own /proc is partly covered shows none to others; work goes on.
    let flags = MountFlags::BIND | MountFlags::RDONLY | MountFlags::NOSUID | MountFlags::NODEV;
    rustix::mount::mount_remount("/", flags, "").step("make the root read-only")?;
    rustix::system::sethostname(b"isomon").step("set the host name")
}

/// Gives up user, capabilities, privileges to come, and system calls, in this order.
fn surrender(powerful: bool) -> Result<(), Refusal> {
    if powerful {
        become_nobody().step("become nobody")?;
        unshare(UnshareFlags::NEWUSER).step("unshare the user namespace")?;
        map_ids(NOBODY, NOBODY).step("map the user")?;
    }
    drop_capabilities().step("drop capabilities")?;
    limit(Resource::Nofile, FILES).step("limit open files")?;
    limit(Resource::Core, 0).step("limit core dumps")?;
    rustix::process::set_parent_process_death_signal(Some(Signal::KILL))
        .step("bind to the parent")?;
    filter::apply().step("filter system calls")
}

fn become_nobody() -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    // A change of user hides /proc/self, which the next step writes to.
    Ok(rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable)?)
}

/// Lets the present user be 0 in its new user namespace, and nobody else exist.
fn map_ids(uid: u32, gid: u32) -> io::Result<()> {
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("0 {uid} 1"))?;
    fs::write("/proc/self/gid_map", format!("0 {gid} 1"))
}

fn drop_capabilities() -> io::Result<()> {
    for number in 0..CAPABILITIES {
        // Refused for numbers that this kernel does not have.
        let one = CapabilitySet::from_bits_retain(1 << number);
        rustix::thread::remove_capability_from_bounding_set(one).ok();
    }
    let none = CapabilitySet::empty();
    let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
    Ok(rustix::thread::set_capabilities(None, sets)?)
}

fn limit(resource: Resource, most: u64) -> io::Result<()> {
    let current = rustix::process::getrlimit(resource).maximum;
    let most = Some(current.map_or(most, |current| current.min(most)));
    Ok(rustix::process::setrlimit(resource, Rlimit { current: most, maximum: most })?)
}

/// Waits for the first process inside and ends as it did, a signal as 128 and its number.
fn wait(child: Pid) -> io::Result<ExitCode> {
    let ended =
        rustix::io::retry_on_intr(|| rustix::process::waitpid(Some(child), WaitOptions::empty()))?;
    let status = ended.and_then(|(_, status)| {
        status.exit_status().or_else(|| status.terminating_signal().map(|signal| 128 + signal))
    });
    Ok(ExitCode::from(status.and_then(|code| u8::try_from(code).ok()).unwrap_or(REFUSED)))
}

#[expect(unsafe_code, reason = "rustix marks unshare unsafe for the sake of descriptor tables")]
pub(super) fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: no caller asks for `UnshareFlags::FILES`, the only unsafe flag.
    unsafe { rustix::thread::unshare_unsafe(flags) }
}

/// A second process like this one: its pid for the first, `None` for the second.
#[expect(unsafe_code, reason = "a pid namespace holds only processes made after it")]
pub(super) fn fork() -> io::Result<Option<Pid>> {
    // SAFETY: isomon runs this before it starts any thread, so no lock can be held by one that the
    // child does not have.
    let pid = unsafe { libc::fork() };
    if pid < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(Pid::from_raw(pid))
}

/// The arguments that make isomon run `inside` in a sandbox at `root`.
pub(super) fn arguments(root: PathBuf, program: PathBuf) -> [OsString; 3] {
    [NAME.into(), root.into(), program.into()]
}
