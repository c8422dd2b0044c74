//! Which rarely used system calls answer.
//!
//! Every argument of every call is −1: no such descriptor, address, flag, process or length. Each
//! call in the table refuses that before it does anything, whoever makes it, so none can act. They
//! are made by a copy of us, since a filter may kill who makes one.

use std::fs::File;
use std::io::Read;

use rustix::pipe::{PipeFlags, pipe_with};
use rustix::process::WaitOptions;

use super::super::sandbox;
use crate::model::backend::Calls;

/// Ways to a kernel's rarely used parts. What acts without arguments is not here, nor what ends,
/// restarts or signals.
const TABLE: [libc::c_long; 54] = [
    libc::SYS_acct,
    libc::SYS_add_key,
    libc::SYS_adjtimex,
    libc::SYS_bpf,
    libc::SYS_chroot,
    libc::SYS_clock_adjtime,
    libc::SYS_clock_settime,
    libc::SYS_clone3,
    libc::SYS_delete_module,
    libc::SYS_fanotify_init,
    libc::SYS_finit_module,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fsopen,
    libc::SYS_fspick,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_io_uring_setup,
    libc::SYS_kcmp,
    libc::SYS_kexec_load,
    libc::SYS_keyctl,
    libc::SYS_landlock_create_ruleset,
    libc::SYS_mbind,
    libc::SYS_memfd_secret,
    libc::SYS_migrate_pages,
    libc::SYS_mount,
    libc::SYS_mount_setattr,
    libc::SYS_move_mount,
    libc::SYS_move_pages,
    libc::SYS_name_to_handle_at,
    libc::SYS_open_by_handle_at,
    libc::SYS_open_tree,
    libc::SYS_perf_event_open,
    libc::SYS_personality,
    libc::SYS_pidfd_getfd,
    libc::SYS_pivot_root,
    libc::SYS_process_madvise,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_ptrace,
    libc::SYS_quotactl,
    libc::SYS_request_key,
    libc::SYS_seccomp,
    libc::SYS_set_mempolicy,
    libc::SYS_setdomainname,
    libc::SYS_sethostname,
    libc::SYS_setns,
    libc::SYS_settimeofday,
    libc::SYS_swapoff,
    libc::SYS_swapon,
    libc::SYS_syslog,
    libc::SYS_umount2,
    libc::SYS_unshare,
    libc::SYS_userfaultfd,
];

/// Who comes back from trying.
pub(super) enum Tried {
    /// The one that asked; `None` where it could not have a copy of itself.
    Here(Option<Calls>),
    /// The copy, which has nothing left to do.
    Copy,
}

/// Tries every call of the table.
pub(super) fn try_all() -> Tried {
    let mut told: Vec<u8> = Vec::new();
    while told.len() < TABLE.len() {
        let Ok((ours, theirs)) = pipe_with(PipeFlags::CLOEXEC) else {
            return Tried::Here(None);
        };
        let Ok(copy) = sandbox::fork() else {
            return Tried::Here(None);
        };
        let Some(copy) = copy else {
            make(told.len(), &File::from(theirs));
            return Tried::Copy;
        };
        drop(theirs);
        let heard = File::from(ours).read_to_end(&mut told);
        // It has ended, or will when it sees that nobody listens.
        rustix::io::retry_on_intr(|| rustix::process::waitpid(Some(copy), WaitOptions::empty()))
            .ok();
        if heard.is_err() {
            return Tried::Here(None);
        }
        if told.len() < TABLE.len() {
            // The next one killed it: that is no answer.
            told.push(0);
        }
    }
    Tried::Here(Some(count(&told)))
}

fn count(told: &[u8]) -> Calls {
    let answered = told.iter().take(TABLE.len()).filter(|one| **one == 1).count();
    let whole = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Calls { answered: whole(answered), tried: whole(TABLE.len()) }
}

/// Makes the calls from number `first` on, and tells of each whether it answered.
fn make(first: usize, to: &File) {
    for number in TABLE.iter().skip(first) {
        let told = [u8::from(answers(*number))];
        if rustix::io::write(to, &told) != Ok(1) {
            break;
        }
    }
}

/// Whether call `number` says anything but "not permitted" and "no such call".
#[expect(unsafe_code, reason = "the question is what the kernel makes of the bare call")]
fn answers(number: libc::c_long) -> bool {
    const NONE: libc::c_long = -1;
    // SAFETY: −1 is no address at which the kernel reads or writes, and each call of the table
    // refuses such arguments before it does anything.
    let result = unsafe { libc::syscall(number, NONE, NONE, NONE, NONE, NONE, NONE) };
    let error = std::io::Error::last_os_error().raw_os_error();
    result != -1 || !matches!(error, Some(libc::EPERM | libc::ENOSYS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_call_acts_or_ends_anything() {
        for never in [
            libc::SYS_reboot,
            libc::SYS_kill,
            libc::SYS_tkill,
            libc::SYS_tgkill,
            libc::SYS_sync,
            libc::SYS_vhangup,
            libc::SYS_exit_group,
        ] {
            assert!(!TABLE.contains(&never), "{never}");
        }
        let mut sorted = TABLE.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), TABLE.len(), "each once");
    }

    #[test]
    fn what_is_told_is_counted() {
        let mut told = vec![1; TABLE.len()];
        told[3] = 0;
        let calls = count(&told);
        assert_eq!((calls.answered + 1, calls.tried), (54, 54));
    }
}
