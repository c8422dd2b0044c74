//! What is likely behind an error, and what mends it: by the way in which a sandbox failed, and by the
//! words that systems have for it.

use crate::model::bench::{Failure, Limits};

/// Words of a message, the cause they speak of, and what mends it.
const CAUSES: [(&[&str], &str); 12] = [
    (
        &["out of memory", "oom", "cannot allocate", "enomem", "memory limit"],
        "it ran out of memory: give each sandbox more with --memory, or make the work smaller",
    ),
    (
        &["no space left", "enospc", "disk quota"],
        "the disk is full: make room where the message says, then run it again",
    ),
    (
        &["permission denied", "operation not permitted", "eacces", "eperm", "access denied"],
        "something was not permitted: `isomon doctor` says what the backend needs and how to allow it",
    ),
    (
        &["/dev/kvm", "kvm"],
        "KVM is not to be had: `isomon doctor` says whether the device is there and who may use it",
    ),
    (
        &["no such file", "not found", "enoent"],
        "a file or program is missing: `isomon doctor` names the tools of each backend",
    ),
    (
        &["too many open files", "emfile", "enfile"],
        "files ran out: raise `ulimit -n`, or have fewer at once with -C",
    ),
    (
        &["resource temporarily unavailable", "eagain", "cannot fork", "pids"],
        "processes ran out: raise `ulimit -u`, or have fewer at once with -C",
    ),
    (
        &["connection refused", "connection reset", "no route", "unreachable", "broken pipe"],
        "a connection failed: see that the engine or server behind it is up",
    ),
    (
        &["daemon", "docker.sock", "containerd"],
        "the container engine did not do it: see that it is up, `isomon doctor` says how",
    ),
    (
        &["read-only file system", "erofs"],
        "something is read-only: let isomon write to its state directory and to /tmp",
    ),
    (&["cgroup"], "control groups are not as they must be: `isomon doctor` says what to delegate"),
    (
        &["image", "manifest unknown", "pull"],
        "an image is missing: `isomon doctor --fix` makes the backend ready",
    ),
];

/// What is likely behind an error of this kind with this message, and what mends it.
pub fn hint(kind: Failure, message: &str, limits: &Limits) -> Option<String> {
    let message = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let cause = CAUSES.iter().find(|(words, _)| says(words)).map(|(_, hint)| (*hint).to_owned());
    match kind {
        Failure::Memory => Some(format!(
            "it had {} of memory: give each sandbox more with --memory, or make the work smaller",
            limits.memory_bytes
        )),
        Failure::Timeout => Some(format!(
            "it was given {}: give it longer with --timeout, or see whether the machine was busy",
            limits.timeout_seconds
        )),
        Failure::Leak => Some(
            "the backend did not clean up after itself; isomon swept it, `isomon gc` sees that \
             nothing is left"
                .to_owned(),
        ),
        Failure::WrongResult => Some(cause.unwrap_or_else(|| {
            "it ended well and said something else than the work makes: the backend changes what is \
             computed, or cut its output"
                .to_owned()
        })),
        Failure::Start | Failure::NotReady | Failure::Status => cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_told_by_its_words_and_by_the_way_it_failed() {
        let limits = Limits::default();
        let of = |kind, message| hint(kind, message, &limits).unwrap_or_default();
        assert!(of(Failure::Start, "open /dev/x: Permission denied").contains("not permitted"));
        assert!(of(Failure::Start, "fork: Cannot allocate memory").contains("--memory"));
        assert!(of(Failure::Status, "dial tcp: connection refused").contains("a connection"));
        assert!(of(Failure::Memory, "killed").contains("128 MiB"));
        assert!(of(Failure::Timeout, "").contains("10.0 s"), "{}", of(Failure::Timeout, ""));
        assert_eq!(hint(Failure::Status, "it is a riddle", &limits), None);
    }
}
