//! Pages of a file that come into memory one by one.
//!
//! When a page of a mapped file is touched, Linux maps what lies around it too, as far as it is in the page
//! cache: 64 KiB for each place that a program visits, counted as the program's. For one that waits that is
//! five times what it needs, and more where the file lies in huge pages, which are refused first. The kernel leaves it at the page where a mapping is watched by `userfaultfd`
//! (`ioctl_userfaultfd(2)`), and `UFFD_FEATURE_WP_ASYNC` (Linux 6.7) lets any mapping be watched for writes
//! without anybody having to answer. Nothing is ever written there, so nothing else comes of it. Where the
//! kernel has none of this or does not allow it, all stays as it was.

use std::ops::Range;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Faults of the kernel itself are not watched; anybody may ask for that.
const USER_MODE_ONLY: libc::c_int = 1;
/// The interface that is asked for.
const API: u64 = 0xAA;
/// Writes are let through by the kernel, and noted.
const WP_ASYNC: u64 = 1 << 15;
/// Watch for writes.
const WRITES: u64 = 1 << 1;

/// `struct uffdio_api`.
#[repr(C)]
struct Api {
    version: u64,
    features: u64,
    requests: u64,
}

/// `struct uffdio_register`.
#[repr(C)]
struct Register {
    start: u64,
    length: u64,
    mode: u64,
    requests: u64,
}

/// What watches mappings, for as long as it is kept.
#[derive(Debug)]
pub(super) struct Single {
    watcher: Option<OwnedFd>,
    taken: Vec<Range<usize>>,
}

impl Single {
    /// Watches nothing yet; never anything where the kernel cannot or may not.
    pub(super) fn new() -> Self {
        Self { watcher: open(), taken: Vec::new() }
    }

    /// Lets pages of `range`, which is a whole mapping, come one by one from now on; false if that cannot
    /// be.
    pub(super) fn take(&mut self, range: &Range<usize>) -> bool {
        refuse_huge(range);
        let Some(watcher) = &self.watcher else { return false };
        let is_new = !self.taken.contains(range);
        if is_new && !watch(watcher, range) {
            return false;
        }
        self.taken.extend(is_new.then(|| range.clone()));
        true
    }
}

#[expect(unsafe_code, reason = "userfaultfd has no safe call")]
fn open() -> Option<OwnedFd> {
    // SAFETY: makes a file descriptor out of nothing but flags; below 0 is an error.
    let made = unsafe { libc::syscall(libc::SYS_userfaultfd, libc::O_CLOEXEC | USER_MODE_ONLY) };
    let made = libc::c_int::try_from(made).ok().filter(|made| *made >= 0)?;
    // SAFETY: it was just made, and nobody else has it.
    let watcher = unsafe { OwnedFd::from_raw_fd(made) };
    let mut api = Api { version: API, features: WP_ASYNC, requests: 0 };
    request::<Api>(&watcher, 0x3F, &mut api).then_some(watcher)
}

/// Keeps pages of `range` from being mapped two MiB at once.
#[expect(unsafe_code, reason = "advice about pages is given by their address")]
fn refuse_huge(range: &Range<usize>) {
    let start = std::ptr::without_provenance_mut(range.start);
    // SAFETY: says how a mapping may be mapped, not what is in it. A kernel without huge pages refuses,
    // which leaves all as it was.
    unsafe { libc::madvise(start, range.len(), libc::MADV_NOHUGEPAGE) };
}

fn watch(watcher: &OwnedFd, range: &Range<usize>) -> bool {
    let (start, length) = (range.start as u64, range.len() as u64);
    request(watcher, 0, &mut Register { start, length, mode: WRITES, requests: 0 })
}

/// Request number `number` of `userfaultfd`, which reads and writes a `T`.
#[expect(unsafe_code, reason = "an ioctl has no safe form")]
fn request<T>(watcher: &OwnedFd, number: u32, about: &mut T) -> bool {
    let opcode = libc::_IOWR::<T>(0xAA, number);
    // SAFETY: both requests take a pointer to the struct they are made of here, which lives until they
    // return. What is registered is only watched: no page of it changes.
    unsafe { libc::ioctl(watcher.as_raw_fd(), opcode, std::ptr::from_mut(about)) == 0 }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::super::forget;
    use super::*;

    const LENGTH: usize = 4 << 20;

    /// A file in memory, as the loader maps a program.
    #[expect(unsafe_code, reason = "a mapping has no safe form")]
    fn mapped() -> Range<usize> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; LENGTH]).unwrap();
        let (none, way) = (std::ptr::null_mut(), libc::MAP_PRIVATE);
        // SAFETY: maps a file where there is room; it stays until the test ends.
        let at = unsafe { libc::mmap(none, LENGTH, libc::PROT_READ, way, file.as_raw_fd(), 0) };
        assert_ne!(at, libc::MAP_FAILED);
        let at = at.expose_provenance();
        at..at + LENGTH
    }

    /// KiB in memory after the middle of `range` was read.
    #[expect(unsafe_code, reason = "what is measured is a bare page")]
    fn touched(range: &Range<usize>) -> u64 {
        let middle: *const u8 = std::ptr::with_exposed_provenance(range.start + LENGTH / 2);
        // SAFETY: it is within a mapping that may be read.
        assert_eq!(unsafe { middle.read_volatile() }, 7);
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let head = format!("{:x}-{:x} ", range.start, range.end);
        let mut lines = smaps.lines().skip_while(|line| !line.starts_with(&head));
        let rss = lines.find_map(|line| line.strip_prefix("Rss:")).unwrap();
        rss.trim().trim_end_matches(" kB").parse().unwrap()
    }

    #[test]
    fn a_page_that_is_touched_brings_no_others() {
        let range = mapped();
        let around = touched(&range);
        let mut single = Single::new();
        if !single.take(&range) {
            eprintln!("skipped: this kernel has no userfaultfd with asynchronous write protection");
            return;
        }
        forget(range.clone());
        let page = rustix::param::page_size() as u64 / 1024;
        assert_eq!(touched(&range), page);
        assert!(around > page, "else there would be nothing to gain: {around} KiB");
        assert!(single.take(&range), "once is enough");
        drop(single);
        forget(range.clone());
        assert!(touched(&range) > page, "nobody watches any more");
    }
}
