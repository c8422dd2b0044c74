//! Open loop: arrivals on a fixed schedule, whether or not earlier ones are done.
//!
//! The hands take arrivals in their order. A hand that is free early waits for the next arrival; one
//! that is late starts it at once, and its time still counts from when it was meant to come. So one
//! sandbox that hangs shows in all that were meant to start meanwhile, and is not left out of the
//! times (coordinated omission; Tene 2013).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::closed::{measured, rest};
use super::meter::Meters;
use super::punctual::Punctual;
use super::record::{Gain, Record, Tasks};
use crate::backend::{Crew, Launch};
use crate::bench::no_trial::chain;

/// An arrival is given up when it could not be started within so many windows.
const PATIENCE: f64 = 2.0;

/// The schedule of the arrivals.
struct Schedule {
    per_second: f64,
    next: AtomicU64,
}

impl Schedule {
    /// When the next arrival is meant to come, in seconds; `None` when the window is over.
    fn next(&self, window: f64) -> Option<f64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let intended = number as f64 / self.per_second;
        (intended < window).then_some(intended)
    }
}

/// `per_second` arrivals, by a clock, on at most `most` hands.
#[derive(Clone, Copy)]
pub(super) struct Arrivals {
    pub(super) most: u32,
    pub(super) per_second: f64,
    pub(super) punctual: Punctual,
}

/// `arrivals` for `window`.
pub(super) async fn gain<C: Crew + Send>(
    crew: &mut C,
    arrivals: Arrivals,
    tasks: &Tasks,
    window: Duration,
    meters: &Meters,
) -> Gain {
    let Arrivals { most, per_second, punctual } = arrivals;
    let hands = match crew.hands(most, tasks.like()).await {
        Ok(hands) => hands,
        Err(error) => return Gain::refused(&error),
    };
    let schedule = Schedule { per_second, next: AtomicU64::new(0) };
    let before = meters.read(&hands);
    let record = Record::new(Instant::now(), window);
    let each = (0..).zip(hands);
    let working = each.map(|hand| serve(hand, tasks, (&schedule, punctual), &record));
    let (hands, ended, joules) = measured(join_all(working), &record, &meters.energy).await;
    let used = meters.since(&before, &hands, record.elapsed());
    let mut gain = Gain { hands: used, ..record.gain(ended, joules) };
    let late = gain.shots.iter().filter(|shot| shot.at_seconds == shot.done_seconds).count();
    if late > 0 {
        let all = gain.shots.len();
        let why = format!("too many arrivals: {late} of {all} were never started");
        gain.cut_off.get_or_insert(why);
    }
    rest(crew, hands, &mut gain).await;
    gain
}

/// One hand, until no arrival is left.
async fn serve<H: Launch + Send>(
    (number, mut hand): (u32, H),
    tasks: &Tasks,
    (schedule, punctual): (&Schedule, Punctual),
    record: &Record,
) -> H {
    let window = record.window().as_secs_f64();
    while let Some(intended) = schedule.next(window).filter(|_| record.goes_on()) {
        punctual.wait(record.at(intended)).await;
        let at = record.elapsed();
        if at.0 > window * PATIENCE {
            record.never(number, intended);
            continue;
        }
        match hand.launch(&tasks.next()).await {
            Ok(trial) => record.note(number, Some(intended), at, trial),
            Err(error) => record.cut_off(chain(&error)),
        }
    }
    hand
}
