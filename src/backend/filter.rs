//! The system calls that no sandbox needs: each is a way to the host's kernel that work like ours
//! never takes. One table for isomon's own filter and for OCI configurations.

use std::collections::BTreeMap;

use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use serde_json::{Value, json};

macro_rules! calls {
    ($($name:ident)*) => {
        &[$((stringify!($name), libc::$name)),*]
    };
}

/// Calls that answer `EPERM`: mounts, namespaces, modules, tracing, keys, time, devices.
const DENIED: &[(&str, libc::c_long)] = calls![
    SYS_acct SYS_add_key SYS_adjtimex SYS_bpf SYS_chroot SYS_clock_adjtime SYS_clock_settime
    SYS_delete_module SYS_fanotify_init SYS_finit_module SYS_fsconfig SYS_fsmount SYS_fsopen
    SYS_fspick SYS_init_module SYS_io_uring_enter SYS_io_uring_register SYS_io_uring_setup
    SYS_kcmp SYS_kexec_load SYS_keyctl SYS_mount SYS_mount_setattr SYS_move_mount
    SYS_open_by_handle_at SYS_open_tree SYS_perf_event_open SYS_pivot_root SYS_process_vm_readv
    SYS_process_vm_writev SYS_ptrace SYS_quotactl SYS_reboot SYS_request_key SYS_setdomainname
    SYS_sethostname SYS_setns SYS_settimeofday SYS_swapoff SYS_swapon SYS_syslog SYS_umount2
    SYS_unshare SYS_userfaultfd SYS_vhangup
];

/// What makes a namespace when it is asked of `clone`. In a user namespace of its own a process has
/// all powers, and much of the kernel listens to it.
const SPACES: [libc::c_int; 7] = [
    libc::CLONE_NEWCGROUP,
    libc::CLONE_NEWIPC,
    libc::CLONE_NEWNET,
    libc::CLONE_NEWNS,
    libc::CLONE_NEWPID,
    libc::CLONE_NEWUSER,
    libc::CLONE_NEWUTS,
];

/// The same table as an OCI configuration has it. `clone3` takes its flags in memory, where no filter
/// sees them: it is said not to exist, and libraries take `clone`.
pub(super) fn oci() -> Value {
    let denied = json!({"names": names(), "action": "SCMP_ACT_ERRNO"});
    let absent = json!({"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": libc::ENOSYS});
    let space = |flag: &libc::c_int| {
        let set = json!({"index": 0, "value": flag, "valueTwo": flag, "op": "SCMP_CMP_MASKED_EQ"});
        json!({"names": ["clone"], "action": "SCMP_ACT_ERRNO", "args": [set]})
    };
    let all: Vec<Value> = [denied, absent].into_iter().chain(SPACES.iter().map(space)).collect();
    json!({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": all})
}

/// The denied calls by the names that OCI configurations use.
fn names() -> Vec<&'static str> {
    DENIED.iter().filter_map(|(name, _)| name.strip_prefix("SYS_")).collect()
}

/// Puts the filter on this thread and on what it executes; sets `no_new_privs` on the way.
pub(super) fn apply() -> Result<(), seccompiler::Error> {
    let mut denied: Rules = DENIED.iter().map(|(_, number)| (*number, Vec::new())).collect();
    let spaces = SPACES.iter().map(|flag| {
        let flag = u64::from(flag.unsigned_abs());
        let (length, masked) = (SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(flag));
        SeccompRule::new(vec![SeccompCondition::new(0, length, masked, flag)?])
    });
    denied.insert(libc::SYS_clone, spaces.collect::<Result<_, _>>()?);
    #[cfg(target_arch = "x86_64")]
    seccompiler::apply_filter(&narrow(libc::EPERM.unsigned_abs()))?;
    refuse(denied, libc::EPERM)?;
    refuse(BTreeMap::from([(libc::SYS_clone3, Vec::new())]), libc::ENOSYS)
}

/// On x86-64 the kernel may take every call by a second number, which is this much higher (x32).
#[cfg(target_arch = "x86_64")]
const SECOND: u32 = 0x4000_0000;

/// Has every call by a second number answer `error`: a list of the first ones says nothing of them.
#[cfg(target_arch = "x86_64")]
fn narrow(error: u32) -> seccompiler::BpfProgram {
    let step = |code: u32, k: u32, jt: u8, jf: u8| {
        // Each is a small number of the kernel's own.
        let code = u16::try_from(code).unwrap_or_default();
        seccompiler::sock_filter { code, jt, jf, k }
    };
    // The number of the call is the first word of what a filter sees.
    vec![
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, 0, 0),
        step(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, SECOND, 0, 1),
        step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ERRNO | error, 0, 0),
        step(libc::BPF_RET | libc::BPF_K, libc::SECCOMP_RET_ALLOW, 0, 0),
    ]
}

/// Calls by number, each with what it is asked; whatever it is asked if with nothing.
type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

/// Has `rules` answer `error`.
fn refuse(rules: Rules, error: libc::c_int) -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let refuse = SeccompAction::Errno(error.unsigned_abs());
    let filter = SeccompFilter::new(rules, SeccompAction::Allow, refuse, arch)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)
}

/// What a program needs to write, to give memory back and to end.
const LAST: &[libc::c_long] = &[
    libc::SYS_brk,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_madvise,
    libc::SYS_munmap,
    libc::SYS_restart_syscall,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_write,
];

/// Leaves this thread nothing but to write, to end, and to make the `ioctl` called `request`;
/// anything else kills it. (`std` asks whether a descriptor is open before it closes it, in debug
/// builds.) Sets `no_new_privs` on the way.
pub(super) fn leave_only(request: u32) -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let asked = [(libc::SYS_ioctl, request), (libc::SYS_fcntl, libc::F_GETFD.unsigned_abs())];
    let mut rules: BTreeMap<_, _> = LAST.iter().map(|number| (*number, Vec::new())).collect();
    for (call, second) in asked {
        let (length, equal) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
        let is = SeccompCondition::new(1, length, equal, u64::from(second))?;
        rules.insert(call, vec![SeccompRule::new(vec![is])?]);
    }
    let (kill, allow) = (SeccompAction::KillProcess, SeccompAction::Allow);
    let filter = SeccompFilter::new(rules, kill, allow, arch)?;
    let program: seccompiler::BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)
}

#[cfg(test)]
#[expect(unsafe_code, reason = "a raw system call")]
mod tests {
    use super::*;

    #[test]
    fn ways_to_the_kernel_are_closed_and_ordinary_calls_are_not() {
        let names = names();
        for closed in ["mount", "bpf", "ptrace", "unshare", "setns", "kexec_load", "init_module"] {
            assert!(names.contains(&closed), "{closed}");
        }
        for open in ["read", "write", "mmap", "execve", "exit_group", "getppid", "futex"] {
            assert!(!names.contains(&open), "{open}");
        }
    }

    #[test]
    fn no_namespace_is_made_by_clone_and_threads_are() {
        let refused = std::thread::spawn(|| {
            apply().unwrap();
            let asked = |call, flags: libc::c_int| {
                // SAFETY: with a namespace or without arguments it makes no process.
                let made = unsafe { libc::syscall(call, libc::c_long::from(flags), 0, 0, 0, 0) };
                (made, std::io::Error::last_os_error().raw_os_error())
            };
            let spaces = SPACES.map(|flag| asked(libc::SYS_clone, flag | libc::SIGCHLD));
            let third = asked(libc::SYS_clone3, 0);
            let thread = std::thread::spawn(|| 7).join().unwrap();
            (spaces, third, thread)
        });
        let (spaces, third, thread) = refused.join().unwrap();
        assert_eq!(spaces, [(-1, Some(libc::EPERM)); 7]);
        assert_eq!((third, thread), ((-1, Some(libc::ENOSYS)), 7));
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn no_call_goes_by_its_second_number() {
        let refused = std::thread::spawn(|| {
            apply().unwrap();
            let second = libc::SYS_getppid + libc::c_long::from(SECOND);
            // SAFETY: it takes nothing and answers a number.
            let answered = unsafe { (libc::syscall(second), libc::syscall(libc::SYS_getppid)) };
            (answered, std::io::Error::last_os_error().raw_os_error())
        });
        let ((second, first), error) = refused.join().unwrap();
        // A kernel without them says that there is no such call.
        assert_eq!((second, error), (-1, Some(libc::EPERM)));
        assert!(first > 0);
    }

    #[test]
    fn the_filter_refuses_with_an_error_and_does_not_kill() {
        let refused = std::thread::spawn(|| {
            apply().unwrap();
            rustix::mount::mount_change("/nowhere", rustix::mount::MountPropagationFlags::PRIVATE)
        });
        assert_eq!(refused.join().unwrap(), Err(rustix::io::Errno::PERM));
    }
}
