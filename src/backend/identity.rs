//! Which process a pid means: pids are used again, and a reboot forgets them all.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, PidfdFlags, Signal};
use serde::{Deserialize, Serialize};

use crate::model::root::Roots;

/// A process, told apart from every other that had or will have its pid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Identity {
    /// The kernel's id of this boot.
    pub boot: String,
    /// Its pid.
    pub pid: u32,
    /// When it started, in clock ticks since boot.
    pub start: u64,
}

impl Identity {
    /// The identity of `pid`; `None` if there is no such process.
    pub(super) fn of(roots: &Roots, pid: u32) -> Option<Self> {
        Some(Self { boot: boot(roots)?, pid, start: start_of(&roots.proc, pid)? })
    }

    /// Whether it was of this boot.
    pub(super) fn of_this_boot(&self, roots: &Roots) -> bool {
        boot(roots).is_some_and(|boot| boot == self.boot)
    }

    /// Whether it still runs.
    pub(super) fn alive(&self, roots: &Roots) -> bool {
        self.of_this_boot(roots) && start_of(&roots.proc, self.pid) == Some(self.start)
    }
}

fn boot(roots: &Roots) -> Option<String> {
    let text = fs::read_to_string(roots.proc.join("sys/kernel/random/boot_id")).ok()?;
    Some(text.trim().to_owned())
}

/// When `pid` started; `None` for no process and for a zombie, which does nothing any more.
pub(super) fn start_of(proc: &Path, pid: u32) -> Option<u64> {
    let stat = fs::read(proc.join(pid.to_string()).join("stat")).ok()?;
    let (state, start) = parse_stat(&stat)?;
    (state != "Z" && state != "X").then_some(start)
}

/// State (field 3) and start time (field 22) of a `stat` line. The name, field 2, may hold spaces
/// and brackets, so fields are counted from the last bracket.
fn parse_stat(stat: &[u8]) -> Option<(String, u64)> {
    let text = String::from_utf8_lossy(stat);
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.to_owned();
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Kills `pid` if `still` holds once the process is held by a descriptor, which no reuse of the pid
/// can change under us. Whether a signal was sent.
pub(super) fn kill_if(pid: u32, still: impl Fn() -> bool) -> bool {
    let raw = i32::try_from(pid).ok().and_then(Pid::from_raw);
    let Some(pid) = raw.filter(|pid| *pid != rustix::process::getpid()) else {
        return false;
    };
    let Ok(held) = rustix::process::pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    still() && rustix::process::pidfd_send_signal(&held, Signal::KILL).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_full_of_brackets_does_not_shift_fields() {
        let stat = b"42 (a) b) S) S 1 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 777 1 1";
        assert_eq!(parse_stat(stat), Some(("S".to_owned(), 777)));
        assert_eq!(parse_stat(b"42 (a"), None);
    }

    #[test]
    fn another_start_time_or_boot_is_another_process() {
        let roots = Roots::default();
        let me = Identity::of(&roots, std::process::id()).unwrap();
        assert!(me.alive(&roots));
        let later = Identity { start: me.start + 1, ..me.clone() };
        assert!(!later.alive(&roots));
        let earlier_boot = Identity { boot: "other".to_owned(), ..me };
        assert!(!earlier_boot.alive(&roots));
    }

    #[test]
    fn a_process_that_is_no_longer_meant_is_not_killed() {
        let mut decoy = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        assert!(!kill_if(decoy.id(), || false));
        assert!(decoy.try_wait().unwrap().is_none());
        assert!(kill_if(decoy.id(), || true));
        decoy.wait().unwrap();
    }
}
