//! Workloads of the last hour, day and week, out of a list of them. Pure.
//!
//! One piece of code for isomon's own workloads and for those of other platforms, and for the screen
//! and the API alike, so that their numbers agree. A workload counts in the slot in which it was
//! ordered. Success asks for an end of its own with status 0; times are of those that completed.

use std::collections::BTreeMap;

use super::done::{self, Fate, Piece};
use super::sorted::Sorted;
use crate::model::done::Done;
use crate::model::reading::Reading;
use crate::model::text::SafeText;
use crate::model::unit::{Ratio, Seconds};
use crate::model::workload::{BackendFigures, Slot, Spell, Status, Window, Workload};

/// Fewest durations that have a 95th percentile worth the name.
const FOR_P95: usize = 20;

/// What matters of a workload here.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// The backend; what was asked for where none was taken.
    pub backend: SafeText,
    /// Milliseconds since 1970 UTC when it was ordered.
    pub created_ms: i64,
    /// How far it is.
    pub status: Status,
    /// Whether it did what it should.
    pub good: bool,
    /// How long it ran.
    pub seconds: Option<f64>,
    /// When it began.
    pub started_ms: Option<i64>,
    /// When it ended.
    pub ended_ms: Option<i64>,
    /// Whether it failed because its time was over.
    pub timed_out: bool,
}

impl Work {
    /// The same as a piece of any work.
    fn piece(&self) -> Piece {
        let fate = match self.status {
            Status::Pending => Fate::Waits,
            Status::Running => Fate::Runs,
            Status::Completed if self.good => Fate::Good,
            Status::Killed => Fate::Stopped,
            Status::Failed if self.timed_out => Fate::TimedOut,
            Status::Completed | Status::Failed => Fate::Failed,
            Status::Unknown => Fate::Other,
        };
        let begun_ms = Some(self.started_ms.unwrap_or(self.created_ms));
        Piece { fate, begun_ms, ended_ms: self.ended_ms, seconds: self.seconds }
    }
}

/// What became of `works` of late, and how old the oldest is that runs, seen at `now_ms`.
pub fn lately(works: &[Work], now_ms: i64) -> (Done, Reading<Seconds>) {
    let pieces: Vec<Piece> = works.iter().map(Work::piece).collect();
    (done::done(&pieces, now_ms), done::oldest(&pieces, now_ms))
}

/// Whether the reason `why` of a failure is that its time was over.
pub fn is_late(why: &str) -> bool {
    let why = why.to_ascii_lowercase();
    ["timed out", "timeout", "killed after"].iter().any(|word| why.contains(word))
}

impl From<&Workload> for Work {
    fn from(one: &Workload) -> Self {
        Self {
            backend: one.backend.clone().unwrap_or_else(|| one.isolation.clone()),
            created_ms: one.created_ms,
            status: one.status,
            good: one.succeeded(),
            seconds: one.duration_seconds.map(|seconds| seconds.0),
            started_ms: one.started_ms,
            ended_ms: one.finished_ms,
            timed_out: one.error.as_ref().is_some_and(|why| is_late(why.as_str())),
        }
    }
}

/// Every window of `works`, seen at `now_ms`.
pub fn spells(works: &[Work], now_ms: i64) -> Vec<Spell> {
    Window::ALL.into_iter().map(|window| spell(works, window, now_ms)).collect()
}

/// One window of `works`, seen at `now_ms`.
pub fn spell(works: &[Work], window: Window, now_ms: i64) -> Spell {
    let (minutes, count) = window.slots();
    let (width_ms, from_ms) = (minutes * 60_000, window.from_ms(now_ms));
    let mut slots: BTreeMap<u32, Slot> = BTreeMap::new();
    let mut groups: BTreeMap<&SafeText, Vec<&Work>> = BTreeMap::new();
    for work in works {
        let number = work.created_ms.saturating_sub(from_ms).div_euclid(width_ms);
        let number = u32::try_from(number).ok().filter(|number| *number < count);
        let Some(number) = number else { continue };
        let slot = slots.entry(number).or_insert_with(|| Slot { number, ..Slot::default() });
        slot.count += 1;
        slot.succeeded += u64::from(work.good);
        slot.failed += u64::from(work.status.is_over() && !work.good);
        groups.entry(&work.backend).or_default().push(work);
    }
    let by_backend = groups.into_iter().map(|(backend, group)| figures(backend, &group)).collect();
    Spell { window, from_ms, slots: slots.into_values().collect(), by_backend }
}

/// The figures of one backend.
fn figures(backend: &SafeText, group: &[&Work]) -> BackendFigures {
    let over = group.iter().filter(|work| work.status.is_over()).count();
    let good = group.iter().filter(|work| work.good).count();
    let completed = group.iter().filter(|work| work.status == Status::Completed);
    let seconds = completed.filter_map(|work| work.seconds).filter(|seconds| seconds.is_finite());
    let sorted = Sorted::new(seconds.collect());
    let of = |figure: fn(&Sorted) -> f64| sorted.as_ref().map(|sorted| Seconds(figure(sorted)));
    let many = sorted.as_ref().is_some_and(|sorted| sorted.len() >= FOR_P95);
    BackendFigures {
        backend: backend.clone(),
        count: group.len() as u64,
        success: Ratio::of(good as f64, over as f64),
        mean_seconds: of(Sorted::mean),
        p50_seconds: of(Sorted::median),
        p95_seconds: of(|sorted| sorted.quantile(0.95)).filter(|_| many),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A Wednesday, 09:30:12 UTC.
    const NOW_MS: i64 = 1_795_253_412_000;
    const MINUTE_MS: i64 = 60_000;

    fn work(minutes_ago: i64, status: Status, good: bool, seconds: f64) -> Work {
        let created_ms = NOW_MS - minutes_ago * MINUTE_MS;
        let over = status.is_over().then_some(created_ms + 1_000);
        Work {
            backend: "runc".into(),
            created_ms,
            status,
            good,
            seconds: Some(seconds),
            started_ms: Some(created_ms),
            ended_ms: over,
            timed_out: false,
        }
    }

    #[test]
    fn a_workload_counts_in_the_windows_it_was_ordered_in() {
        let ages = [0, 1, 59, 61, 60 * 23, 60 * 25, 60 * 24 * 6, 60 * 24 * 8, -60];
        let works: Vec<Work> =
            ages.iter().map(|age| work(*age, Status::Completed, true, 1.0)).collect();
        let spells = spells(&works, NOW_MS);
        let counts: Vec<u64> =
            spells.iter().map(|spell| spell.slots.iter().map(|slot| slot.count).sum()).collect();
        assert_eq!(counts, [3, 5, 7]);
        for spell in &spells {
            let count = spell.by_backend.iter().map(|of| of.count).sum::<u64>();
            assert_eq!(count, spell.slots.iter().map(|slot| slot.count).sum::<u64>());
            let (minutes, slots) = spell.window.slots();
            let end = spell.from_ms + minutes * MINUTE_MS * i64::from(slots);
            assert!(spell.from_ms % (minutes * MINUTE_MS) == 0 && end > NOW_MS);
            assert!(end - NOW_MS <= minutes * MINUTE_MS);
        }
        assert_eq!(spells[0].slots.last().unwrap().number, 59);
    }

    #[test]
    fn rates_are_of_what_is_over_and_times_of_what_completed() {
        let mut works = vec![
            work(1, Status::Completed, true, 1.0),
            work(1, Status::Completed, false, 3.0),
            work(1, Status::Failed, false, 99.0),
            work(1, Status::Running, false, 0.0),
        ];
        let of = |works: &[Work]| spell(works, Window::Hour, NOW_MS).by_backend[0].clone();
        let figures = of(&works);
        assert_eq!((figures.count, figures.success), (4, Ratio::of(1.0, 3.0)));
        assert_eq!((figures.mean_seconds, figures.p95_seconds), (Some(Seconds(2.0)), None));
        works.extend((0..18).map(|_| work(2, Status::Completed, true, 1.0)));
        assert!(of(&works).p95_seconds.is_some());
        let slot = spell(&works[..4], Window::Hour, NOW_MS).slots[0];
        assert_eq!((slot.count, slot.succeeded, slot.failed), (4, 1, 2));
        assert_eq!(spell(&[], Window::Week, NOW_MS).by_backend, []);
    }

    #[test]
    fn late_work_has_the_words_that_agents_have() {
        let mut works = vec![
            work(1, Status::Completed, true, 1.0),
            work(1, Status::Completed, false, 3.0),
            work(1, Status::Failed, false, 99.0),
            work(120, Status::Completed, true, 2.0),
            work(3, Status::Running, false, 0.0),
        ];
        works[2].timed_out = is_late("workload timed out after 7s");
        let (done, oldest) = lately(&works, NOW_MS);
        let counts = [done.errors_1h, done.timeouts_1h, done.completed_1h, done.completed_24h];
        assert_eq!(counts.map(|count| count.get()), [2.0, 1.0, 1.0, 2.0].map(Some));
        assert_eq!(done.success_24h.get(), Ratio::of(2.0, 4.0));
        assert_eq!(oldest.get(), Some(Seconds(180.0)));
        assert!(!is_late("no such file"));
    }
}
