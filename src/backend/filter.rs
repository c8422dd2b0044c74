//! The system calls that no sandbox needs: each is a way to the host's kernel that work like ours
//! never takes. One table for isomon's own filter and for OCI configurations.

use std::collections::BTreeMap;

use seccompiler::{
    SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

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

/// The denied calls by the names that OCI configurations use.
pub(super) fn names() -> Vec<&'static str> {
    DENIED.iter().filter_map(|(name, _)| name.strip_prefix("SYS_")).collect()
}

/// Puts the filter on this thread and on what it executes; sets `no_new_privs` on the way.
pub(super) fn apply() -> Result<(), seccompiler::Error> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let rules = DENIED.iter().map(|(_, number)| (*number, Vec::new())).collect();
    let refuse = SeccompAction::Errno(libc::EPERM.unsigned_abs());
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
    fn the_filter_refuses_with_an_error_and_does_not_kill() {
        let refused = std::thread::spawn(|| {
            apply().unwrap();
            rustix::mount::mount_change("/nowhere", rustix::mount::MountPropagationFlags::PRIVATE)
        });
        assert_eq!(refused.join().unwrap(), Err(rustix::io::Errno::PERM));
    }
}
