//! Which of the workers of a load had which sandbox. A file says only when each began and ended; those
//! that overlap were had by different ones, and who is free longest has the next.

/// Workers of a stage that are told apart; the others are counted with the stage alone.
pub const WORKERS: usize = 64;

/// When each worker is free again, in seconds since the run began.
#[derive(Debug, Default)]
pub(super) struct Slots {
    free: Vec<f64>,
}

impl Slots {
    /// The worker that has a sandbox from `from` to `to`; `None` beyond [`WORKERS`]. To be asked in the
    /// order of their beginning.
    pub(super) fn take(&mut self, from: f64, to: f64) -> Option<usize> {
        let free = (0..self.free.len()).filter(|slot| self.free[*slot] <= from);
        let slot = free.min_by(|one, other| self.free[*one].total_cmp(&self.free[*other]));
        if let Some(slot) = slot {
            self.free[slot] = to;
            return Some(slot);
        }
        if self.free.len() == WORKERS {
            return None;
        }
        self.free.push(to);
        Some(self.free.len() - 1)
    }

    /// The most that were at work at the same time.
    pub(super) fn most(&self) -> u32 {
        u32::try_from(self.free.len()).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_that_overlap_have_different_workers() {
        let mut slots = Slots::default();
        let spans = [(0.0, 1.0), (0.0, 3.0), (1.0, 2.0), (2.5, 4.0), (3.0, 5.0), (3.5, 3.6)];
        let had: Vec<_> = spans.iter().map(|(from, to)| slots.take(*from, *to)).collect();
        assert_eq!(had, [Some(0), Some(1), Some(0), Some(0), Some(1), Some(2)]);
        assert_eq!(slots.most(), 3);
    }

    #[test]
    fn what_is_beyond_is_not_told_apart() {
        let mut slots = Slots::default();
        let had: Vec<_> = (0..WORKERS + 5).filter_map(|_| slots.take(0.0, 9.0)).collect();
        assert_eq!(had.len(), WORKERS);
    }
}
