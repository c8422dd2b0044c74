//! How fast the processor's time stamp counter counts. A kernel that QEMU's translator runs reads the
//! host's, and finds out how fast it is against timers that are late on a busy host: then it hangs.
//! So it is told.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::backend::residue::pause;

/// Time between two looks at it.
const APART: Duration = Duration::from_millis(5);
/// Looks, of which the middle counts: one may be interrupted.
const LOOKS: usize = 3;

/// What a kernel's command line says of it; nothing where it is not known.
pub(super) fn words() -> String {
    static KNOWN: OnceLock<Option<u64>> = OnceLock::new();
    let known = KNOWN.get_or_init(|| {
        let mut looks: Vec<u64> = (0..LOOKS).filter_map(|_| look()).collect();
        looks.sort_unstable();
        looks.get(looks.len() / 2).copied()
    });
    known.map(|khz| format!(" tsc_early_khz={khz}")).unwrap_or_default()
}

/// Kilohertz between two looks.
fn look() -> Option<u64> {
    let (began, first) = (Instant::now(), ticks()?);
    pause(APART, None);
    let (elapsed, last) = (began.elapsed(), ticks()?);
    let nanoseconds = u64::try_from(elapsed.as_nanos()).ok()?;
    last.checked_sub(first)?.checked_mul(1_000_000)?.checked_div(nanoseconds)
}

#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "one instruction, for which there is no safe function")]
#[expect(clippy::unnecessary_wraps, reason = "other processors have none")]
fn ticks() -> Option<u64> {
    // SAFETY: it reads a counter, which every processor of this architecture has, and nothing else.
    Some(unsafe { core::arch::x86_64::_rdtsc() })
}

#[cfg(not(target_arch = "x86_64"))]
const fn ticks() -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn it_is_told_once_and_makes_sense() {
        let said = words();
        let khz: u64 = said.strip_prefix(" tsc_early_khz=").unwrap().parse().unwrap();
        assert!((100_000..20_000_000).contains(&khz), "{said}");
        assert_eq!(words(), said);
    }
}
