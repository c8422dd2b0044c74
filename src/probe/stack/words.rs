//! Plain words for what the kernel says of a thread. Pure.

/// System calls in which programs wait, and what they wait for.
const CALLS: [(i64, &str, &str); 24] = [
    (libc::SYS_read, "read", "data to read"),
    (libc::SYS_write, "write", "room to write"),
    (libc::SYS_pread64, "pread64", "data to read"),
    (libc::SYS_recvfrom, "recvfrom", "a message"),
    (libc::SYS_recvmsg, "recvmsg", "a message"),
    (libc::SYS_sendto, "sendto", "room for a message"),
    (libc::SYS_sendmsg, "sendmsg", "room for a message"),
    (libc::SYS_accept4, "accept4", "a connection"),
    (libc::SYS_connect, "connect", "a server"),
    (libc::SYS_futex, "futex", "a lock or another thread"),
    (libc::SYS_wait4, "wait4", "a child to end"),
    (libc::SYS_waitid, "waitid", "a child to end"),
    (libc::SYS_epoll_pwait, "epoll_pwait", "any of several events"),
    (libc::SYS_ppoll, "ppoll", "any of several events"),
    (libc::SYS_pselect6, "pselect6", "any of several events"),
    (libc::SYS_nanosleep, "nanosleep", "time to pass"),
    (libc::SYS_clock_nanosleep, "clock_nanosleep", "time to pass"),
    (libc::SYS_fsync, "fsync", "the disk"),
    (libc::SYS_fdatasync, "fdatasync", "the disk"),
    (libc::SYS_flock, "flock", "a lock on a file"),
    (libc::SYS_openat, "openat", "a file to open"),
    (libc::SYS_mount, "mount", "a mount"),
    (libc::SYS_ioctl, "ioctl", "a device"),
    (libc::SYS_rt_sigsuspend, "rt_sigsuspend", "a signal"),
];

/// `D (disk sleep)` in words.
pub(super) fn state(line: &str) -> String {
    let words = match line.chars().next() {
        Some('R') => "it runs, or waits for a processor",
        Some('S') => "it sleeps until something happens",
        Some('D') => "it waits for a device and cannot be interrupted",
        Some('T') => "it is stopped by a signal",
        Some('t') => "it is stopped by a debugger",
        Some('Z') => "it has ended, and its parent has not asked how",
        Some('I') => "it is idle",
        Some('X') => "it is dead",
        _ => return line.to_owned(),
    };
    format!("{line}: {words}")
}

/// `0 0x3 0x7f…` in words.
pub(super) fn call(line: &str) -> String {
    let mut parts = line.split_whitespace();
    let number = match parts.next() {
        Some("running") => return "none, it is at work in its own program".to_owned(),
        Some("-1") => return "none, it was interrupted".to_owned(),
        number => number.and_then(|number| number.parse::<i64>().ok()),
    };
    let Some(number) = number else { return line.to_owned() };
    let first =
        parts.next().and_then(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok());
    older(number)
        .or_else(|| {
            CALLS.iter().find(|(known, ..)| *known == number).map(|(_, name, of)| (*name, *of))
        })
        .map_or_else(
            || format!("number {number}"),
            |(name, of)| match first.filter(|_| takes_file(name)) {
                Some(file) => format!("{name} on file {file}: it waits for {of}"),
                None => format!("{name}: it waits for {of}"),
            },
        )
}

/// Calls that newer machines no longer have.
#[cfg(target_arch = "x86_64")]
const fn older(number: i64) -> Option<(&'static str, &'static str)> {
    match number {
        libc::SYS_poll => Some(("poll", "any of several events")),
        libc::SYS_epoll_wait => Some(("epoll_wait", "any of several events")),
        libc::SYS_select => Some(("select", "any of several events")),
        libc::SYS_pause => Some(("pause", "a signal")),
        _ => None,
    }
}

/// Calls that newer machines no longer have.
#[cfg(not(target_arch = "x86_64"))]
const fn older(_: i64) -> Option<(&'static str, &'static str)> {
    None
}

/// Whether the first argument of the call is a file.
fn takes_file(name: &str) -> bool {
    [
        "read",
        "write",
        "pread64",
        "recvfrom",
        "recvmsg",
        "sendto",
        "sendmsg",
        "fsync",
        "fdatasync",
        "flock",
        "ioctl",
    ]
    .contains(&name)
}

/// Whether `complaint` says that it may not look.
pub(super) fn is_refused(complaint: &str) -> bool {
    let complaint = complaint.to_lowercase();
    ["not permitted", "permission denied", "ptrace_scope"]
        .iter()
        .any(|words| complaint.contains(words))
}
