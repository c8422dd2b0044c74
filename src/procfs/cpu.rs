//! Where processor time went, from the text of `/proc/stat`.
//!
//! A share is the growth of one counter over the growth of all; the clock is not needed. Single
//! counters may go back a little (`iowait` does, idle does after hotplug) and then count as still.

use std::collections::BTreeMap;

use crate::model::node::CpuUse;
use crate::model::reading::{Reading, Why};
use crate::model::unit::Ratio;

/// Ticks spent since boot, in the order of the kernel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    user: u64,
    nice: u64,
    system: u64,
    idle: u64,
    iowait: u64,
    irq: u64,
    softirq: u64,
    steal: u64,
}

/// Shares of the ticks between two samples; guest time is left out, for `user` holds it already.
pub fn share(before: Option<Times>, now: Times) -> Reading<CpuUse> {
    let growth = before.and_then(|before| {
        let grown = |field: fn(&Times) -> u64| field(&now).saturating_sub(field(&before)) as f64;
        let user = grown(|t| t.user) + grown(|t| t.nice);
        let system = grown(|t| t.system) + grown(|t| t.irq) + grown(|t| t.softirq);
        let (idle, iowait, steal) = (grown(|t| t.idle), grown(|t| t.iowait), grown(|t| t.steal));
        let whole = user + system + idle + iowait + steal;
        Some(CpuUse {
            busy: Ratio::of(user + system + steal, whole)?,
            user: Ratio::of(user, whole)?,
            system: Ratio::of(system, whole)?,
            iowait: Ratio::of(iowait, whole)?,
            steal: Ratio::of(steal, whole)?,
        })
    });
    Reading::from_option(growth, Why::NotYet)
}

/// The line of all processors, and the lines of each; lines that are not understood are skipped.
pub fn parse(text: &str) -> Option<(Times, BTreeMap<u32, Times>)> {
    let mut all = None;
    let mut cores = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix("cpu") else {
            continue;
        };
        let Some((id, ticks)) = rest.split_once(' ') else {
            continue;
        };
        match (id, times(ticks)) {
            ("", Some(times)) => all = Some(times),
            (id, Some(times)) => cores.extend(id.parse().ok().map(|id: u32| (id, times))),
            _ => {}
        }
    }
    Some((all?, cores))
}

/// At least the four oldest columns; kernels before 2.6.11 end there, later ones have more.
fn times(ticks: &str) -> Option<Times> {
    let mut columns = ticks.split_ascii_whitespace().map(str::parse::<u64>);
    let mut old = || columns.next()?.ok();
    let (user, nice, system, idle) = (old()?, old()?, old()?, old()?);
    let mut newer = || old().unwrap_or_default();
    Some(Times {
        user,
        nice,
        system,
        idle,
        iowait: newer(),
        irq: newer(),
        softirq: newer(),
        steal: newer(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn use_between(before: &str, now: &str) -> Option<CpuUse> {
        share(times(before), times(now).unwrap()).get()
    }

    #[test]
    fn shares_are_of_the_growth() {
        let used = use_between("100 0 100 100 0 0 0 0", "120 10 115 140 5 3 2 5").unwrap();
        let percent = |ratio: Ratio| format!("{:.0}", ratio.percent());
        assert_eq!(percent(used.user), "30");
        assert_eq!(percent(used.system), "20");
        assert_eq!(percent(used.iowait), "5");
        assert_eq!(percent(used.steal), "5");
        assert_eq!(percent(used.busy), "55");
    }

    #[test]
    fn a_counter_that_went_back_counts_as_still() {
        let used = use_between("100 0 0 100 50", "110 0 0 110 40").unwrap();
        assert!((used.busy.fraction() - 0.5).abs() < 1e-9);
        assert_eq!(use_between("9 9 9 9", "9 9 9 9"), None, "no tick went by");
    }

    #[test]
    fn bad_lines_do_not_cost_the_good_ones() {
        let (all, cores) =
            parse("cpu 1 2 3 4\ncpu0 1 2 3 4 5\ncpux 1 2 3 4\ncpu1 1\nintr 5\ncpu9").unwrap();
        assert_eq!(all.idle, 4);
        assert_eq!(cores.keys().copied().collect::<Vec<_>>(), [0]);
        assert_eq!(parse("cpu0 1 2 3 4\n"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(cpu|[0-9]{0,21}| |\\PC|\n){0,60}") {
            if let Some((all, _)) = parse(&text) {
                let _ = share(Some(Times::default()), all);
            }
        }
    }
}
