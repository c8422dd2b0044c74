//! Rows on their way to the disk: the oldest give way where there is no room.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::Taken;
use crate::track::Row;

/// Time over which rows are gathered.
const GATHER: Duration = Duration::from_secs(1);

/// A bounded queue that never makes its writer wait.
#[derive(Debug)]
pub(super) struct Queue {
    room: usize,
    held: Mutex<Taken>,
    closed: Condvar,
}

impl Queue {
    pub(super) fn new(room: usize) -> Self {
        Self { room, held: Mutex::default(), closed: Condvar::new() }
    }

    fn held(&self) -> MutexGuard<'_, Taken> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds rows.
    pub(super) fn put(&self, rows: Vec<Row>) {
        let mut held = self.held();
        held.rows.extend(rows);
        held.lost += bound(&mut held.rows, self.room);
    }

    /// Nothing will come any more.
    pub(super) fn close(&self) {
        self.held().over = true;
        self.closed.notify_all();
    }

    /// What has come in a second, or until the queue was closed.
    pub(super) fn take(&self) -> Taken {
        let until = Instant::now() + GATHER;
        let mut held = self.held();
        while !held.over {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let woken = self.closed.wait_timeout(held, left);
            held = woken.unwrap_or_else(PoisonError::into_inner).0;
        }
        let over = held.over;
        Taken { over, ..std::mem::take(&mut *held) }
    }
}

/// Drops the oldest of `rows` until there are no more than `room`; how many.
pub(super) fn bound(rows: &mut VecDeque<Row>, room: usize) -> u64 {
    let many = rows.len().saturating_sub(room);
    rows.drain(..many);
    many as u64
}
