//! In which order a round visits the cells.
//!
//! Order effects (heat, caches, neighbours) must hit every cell alike, so each round is shuffled on
//! its own. The order comes from the seed and the round alone: suspending a cell moves no other.

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

/// One stop of a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// A cell, and the nonce its sandbox must echo.
    Cell(u32, u64),
    /// The harness's own empty spawn.
    Overhead,
}

/// Every one of `cells` cells once, and the empty spawn once.
pub(super) fn round(seed: u64, warmup: bool, round: u32, cells: u32) -> Vec<Stop> {
    let stream = (u64::from(round) << 1) | u64::from(warmup);
    let mut rng = StdRng::seed_from_u64(seed ^ (stream + 1).wrapping_mul(0xd1b5_4a32_d192_ed03));
    let mut stops: Vec<Stop> = (0..cells).map(|cell| Stop::Cell(cell, rng.random())).collect();
    stops.push(Stop::Overhead);
    stops.shuffle(&mut rng);
    stops
}

/// `cells` of a counted round once more, for the `attempt`th time, each with a new nonce.
pub(super) fn again(seed: u64, round: u32, attempt: u32, cells: &[u32]) -> Vec<(u32, u64)> {
    let stream = (u64::from(attempt) << 40) | u64::from(round);
    let mut rng = StdRng::seed_from_u64(seed ^ (stream + 1).wrapping_mul(0xbf58_476d_1ce4_e5b9));
    let mut stops: Vec<(u32, u64)> = cells.iter().map(|cell| (*cell, rng.random())).collect();
    stops.shuffle(&mut rng);
    stops
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(stops: &[Stop]) -> Vec<u32> {
        let cell = |stop: &Stop| match stop {
            Stop::Cell(cell, _) => Some(*cell),
            Stop::Overhead => None,
        };
        stops.iter().filter_map(cell).collect()
    }

    #[test]
    fn every_cell_comes_once_and_the_empty_spawn_too() {
        for number in 0..50 {
            let stops = round(9, false, number, 7);
            let mut seen = cells(&stops);
            seen.sort_unstable();
            assert_eq!(seen, [0, 1, 2, 3, 4, 5, 6]);
            assert_eq!(stops.len(), 8);
        }
    }

    #[test]
    fn rounds_differ_and_the_same_seed_repeats_them() {
        assert_eq!(round(1, false, 3, 9), round(1, false, 3, 9));
        assert_ne!(round(1, false, 3, 9), round(2, false, 3, 9));
        assert_ne!(round(1, false, 3, 9), round(1, false, 4, 9));
        assert_ne!(round(1, false, 3, 9), round(1, true, 3, 9));
    }

    #[test]
    fn each_cell_is_as_often_first_as_any_other() {
        let firsts = (0..4_000).map(|number| cells(&round(5, false, number, 4))[0]);
        let mut seen = [0_u32; 4];
        firsts.for_each(|cell| seen[cell as usize] += 1);
        assert!(seen.iter().all(|count| (880..1120).contains(count)), "{seen:?}");
    }
}
