//! A server that waits holds little.
//!
//! To start and to try the backends takes memory that is never needed again: freed pieces that the
//! allocator keeps, and pages of isomon's own code. Both are let go of once a minute; what is needed
//! again comes back from the page cache by itself.

use std::ffi::c_int;
use std::ops::Range;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

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
    let mut pause = FIRST;
    while stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_some() {
        // It takes a few milliseconds, which nobody who is answered meanwhile should wait.
        tokio::task::spawn_blocking(settle).await.unwrap_or_default();
        pause = EVERY;
    }
}

fn settle() {
    trim();
    if let Ok(maps) = std::fs::read_to_string("/proc/self/maps") {
        code(&maps).for_each(forget);
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

/// Where the code of isomon itself lies: what is executable and comes from the first file mapped.
fn code(maps: &str) -> impl Iterator<Item = Range<usize>> {
    let file = |line: &str| line.split_whitespace().nth(5).map(str::to_owned);
    let own = maps.lines().next().and_then(file);
    maps.lines().filter(move |line| own.is_some() && file(line) == own).filter_map(|line| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        (words.next()? == "r-xp").then_some(address(start)?..address(end)?)
    })
}

#[expect(unsafe_code, reason = "advice about pages is given by their address")]
fn forget(code: Range<usize>) {
    let start = std::ptr::without_provenance_mut(code.start);
    let length = code.len();
    // SAFETY: the range is a whole mapping of a file that is only read and executed, so that no page of
    // it is changed and each comes back as it was when it is touched. An error leaves all as it was.
    unsafe { libc::madvise(start, length, libc::MADV_DONTNEED) };
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAPS: &str = "\
55aa00000000-55aa00100000 r--p 00000000 fe:00 77 /opt/iso mon
55aa00100000-55aa00300000 r-xp 00100000 fe:00 77 /opt/iso mon
55aa00300000-55aa00380000 r--p 00300000 fe:00 77 /opt/iso mon
7f0000000000-7f0000010000 r-xp 00000000 fe:00 12 /usr/lib/libc.so.6
7ffd00000000-7ffd00002000 r-xp 00000000 00:00 0 [vdso]
";

    #[test]
    fn only_our_own_code_is_let_go_of() {
        let found: Vec<_> = code(MAPS).collect();
        assert_eq!(found, vec![0x55aa_0010_0000..0x55aa_0030_0000]);
        assert_eq!(code("").count(), 0);
    }

    #[test]
    fn code_that_was_let_go_of_still_runs() {
        settle();
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        assert_eq!(code(&maps).count(), 1);
    }
}
