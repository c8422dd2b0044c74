//! A server that waits holds little.
//!
//! To start and to try the backends takes memory that is never needed again: freed pieces that the
//! allocator keeps, and pages of isomon's own file, which are its code and the tables that the loader
//! reads once. Both are let go of once a minute; what is needed again comes back from the page cache by
//! itself, one page at a time where the kernel can be told so ([`single`]).

use std::ffi::c_int;
use std::ops::Range;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

mod single;

use single::Single;

/// How often.
const EVERY: Duration = Duration::from_mins(1);
/// After the start, when everything has been tried.
const FIRST: Duration = Duration::from_secs(20);
/// Heaps that threads share; one each would be many.
const HEAPS: c_int = 1;

/// Has all threads share a heap. To be called before there is a second thread.
#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "glibc's own setting has no safe call")]
pub(super) fn prepare() {
    // SAFETY: only sets a number of the allocator, which checks it.
    unsafe { libc::mallopt(libc::M_ARENA_MAX, HEAPS) };
}

#[cfg(not(target_env = "gnu"))]
pub(super) const fn prepare() {}

/// Lets go now and then, until `stop`.
pub(super) async fn stay(stop: CancellationToken) {
    let (mut pause, mut single) = (FIRST, Single::new());
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        // It takes a few milliseconds, which nobody who is answered meanwhile should wait.
        let settled = tokio::task::spawn_blocking(move || {
            settle(&mut single);
            single
        });
        let Ok(back) = settled.await else { return };
        (single, pause) = (back, EVERY);
    }
}

fn settle(single: &mut Single) {
    trim();
    if let Ok(smaps) = std::fs::read_to_string("/proc/self/smaps") {
        for range in unwritten(&smaps) {
            single.take(&range);
            forget(range);
        }
    }
}

#[cfg(target_env = "gnu")]
#[expect(unsafe_code, reason = "glibc's own call has no safe form")]
fn trim() {
    // SAFETY: gives back pages that the allocator itself holds free.
    unsafe { libc::malloc_trim(0) };
}

#[cfg(not(target_env = "gnu"))]
const fn trim() {}

/// Where isomon's own file lies in memory and nothing was ever written: its code, its constants, and the
/// table of addresses that the loader reads once. `smaps` is as the kernel tells it; what was written is
/// counted there as anonymous or as swapped.
fn unwritten(smaps: &str) -> Vec<Range<usize>> {
    let mut own = None;
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut is_ours = false;
    for line in smaps.lines() {
        if let Some((range, writable, file)) = mapping(line) {
            is_ours = file == *own.get_or_insert(file) && file.is_some() && !writable;
            found.extend(is_ours.then_some(range));
        } else if is_ours && is_written(line) {
            is_ours = false;
            found.pop();
        }
    }
    found
}

/// Whether `line` counts pages of a mapping that differ from its file.
fn is_written(line: &str) -> bool {
    let count = ["Anonymous:", "Swap:"].iter().find_map(|name| line.strip_prefix(name));
    count.is_some_and(|count| !count.trim().starts_with("0 "))
}

/// The first line of a mapping: where it is, whether it may be written to, and its file.
fn mapping(line: &str) -> Option<(Range<usize>, bool, Option<&str>)> {
    let mut words = line.split_whitespace();
    let (start, end) = words.next()?.split_once('-')?;
    let address = |text| usize::from_str_radix(text, 16).ok();
    let range = address(start)?..address(end)?;
    let writable = words.next()?.contains('w');
    Some((range, writable, words.nth(3)))
}

#[expect(unsafe_code, reason = "advice about pages is given by their address")]
fn forget(range: Range<usize>) {
    let start = std::ptr::without_provenance_mut(range.start);
    let length = range.len();
    // SAFETY: the range is a whole mapping of a file that cannot be written to and of which the kernel
    // has made no copy for us, so that each page comes back as it was when it is touched. An error
    // leaves all as it was.
    unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMAPS: &str = "\
55aa00000000-55aa00100000 r--p 00000000 fe:00 77 /opt/isomon
Rss: 900 kB
Anonymous:             0 kB
55aa00100000-55aa00300000 r-xp 00100000 fe:00 77 /opt/isomon
Anonymous:             0 kB
Swap:                  0 kB
55aa00300000-55aa00380000 r--p 00300000 fe:00 77 /opt/isomon
Anonymous:           512 kB
55aa00310000-55aa00318000 r--p 00310000 fe:00 77 /opt/isomon
Anonymous:             0 kB
Swap:                 32 kB
SwapPss:               0 kB
55aa00380000-55aa00390000 rw-p 00380000 fe:00 77 /opt/isomon
Anonymous:             0 kB
55aa00390000-55aa003a0000 r--p 00000000 00:00 0
Anonymous:             0 kB
7f0000000000-7f0000010000 r-xp 00000000 fe:00 12 /usr/lib/libc.so.6
Anonymous:             0 kB
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
Anonymous:             0 kB
";

    #[test]
    fn only_what_is_ours_and_was_never_written_is_let_go_of() {
        let found = unwritten(SMAPS);
        let (head, code) = (0x55aa_0000_0000..0x55aa_0010_0000, 0x55aa_0010_0000..0x55aa_0030_0000);
        assert_eq!(found, [head, code]);
        assert!(unwritten("").is_empty());
        let nameless = SMAPS.replace(" /opt/isomon", "");
        assert!(unwritten(&nameless).is_empty(), "what has no file comes back empty");
    }

    #[test]
    fn what_was_let_go_of_still_runs() {
        settle(&mut Single::new());
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        assert!(unwritten(&smaps).len() >= 2, "{smaps}");
    }
}
