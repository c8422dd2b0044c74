//! The seats there are, and who goes when all are taken.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// Every connection.
#[derive(Clone, Debug)]
pub(super) struct Crowd {
    most: usize,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Grows with everything that happens: who did something last has the largest.
    turn: AtomicU64,
    seats: Mutex<HashMap<u64, Arc<State>>>,
}

#[derive(Debug, Default)]
struct State {
    /// The turn at which it last began or ended a request.
    last: AtomicU64,
    /// Requests whose answer is not sent to its end.
    busy: AtomicUsize,
    dropped: CancellationToken,
}

/// A connection's seat; free again when it goes.
#[derive(Debug)]
pub(super) struct Seat {
    number: u64,
    state: Arc<State>,
    shared: Arc<Shared>,
}

/// Keeps a connection from being dropped as idle.
#[derive(Debug)]
pub(super) struct Busy {
    state: Arc<State>,
    shared: Arc<Shared>,
}

impl Crowd {
    /// Room for `most`.
    pub(super) fn new(most: usize) -> Self {
        Self { most, shared: Arc::default() }
    }

    /// A seat; where all are taken, the one of who has been idle longest. `None` if nobody is idle.
    pub(super) fn seat(&self) -> Option<Seat> {
        let mut seats = self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner);
        if seats.len() >= self.most {
            let idle = seats.iter().filter(|(_, state)| state.busy.load(Ordering::Relaxed) == 0);
            let oldest = idle.min_by_key(|(_, state)| state.last.load(Ordering::Relaxed));
            let number = oldest.map(|(number, _)| *number)?;
            seats.remove(&number).inspect(|state| state.dropped.cancel());
        }
        let number = self.shared.turn();
        let state = Arc::new(State { last: AtomicU64::new(number), ..State::default() });
        seats.insert(number, Arc::clone(&state));
        drop(seats);
        Some(Seat { number, state, shared: Arc::clone(&self.shared) })
    }
}

impl Shared {
    fn turn(&self) -> u64 {
        self.turn.fetch_add(1, Ordering::Relaxed)
    }
}

impl Seat {
    /// Cancelled when the seat is given to another.
    pub(super) fn dropped(&self) -> CancellationToken {
        self.state.dropped.clone()
    }

    /// Keeps the seat until what is returned goes.
    pub(super) fn busy(&self) -> Busy {
        self.state.busy.fetch_add(1, Ordering::Relaxed);
        Busy { state: Arc::clone(&self.state), shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.state.last.store(self.shared.turn(), Ordering::Relaxed);
        self.state.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut seats = self.shared.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_idle_longest_goes_and_who_is_busy_stays() {
        let crowd = Crowd::new(2);
        let (first, second) = (crowd.seat().unwrap(), crowd.seat().unwrap());
        drop(first.busy());
        let third = crowd.seat().unwrap();
        assert!(second.dropped().is_cancelled() && !first.dropped().is_cancelled());
        let (_busy, _too) = (first.busy(), third.busy());
        assert!(crowd.seat().is_none());
        drop(first);
        assert!(crowd.seat().is_some());
    }
}
