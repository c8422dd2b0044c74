//! Closed loop: so many hands, each starting the next when it is done.
//!
//! What is under way when the window ends is waited for and kept, and counts for the rate by the share
//! of it that lay within.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use super::meter::Meters;
use super::record::{Gain, Record, Tasks};
use crate::backend::{Crew, Launch};
use crate::bench::no_trial::chain;
use crate::model::unit::Seconds;
use crate::probe::interference::energy::Energy;

/// `at_once` hands at work for `window`.
pub(super) async fn gain<C: Crew + Send>(
    crew: &mut C,
    at_once: u32,
    tasks: &Tasks,
    window: Duration,
    meters: &Meters,
) -> Gain {
    let hands = match crew.hands(at_once, tasks.like()).await {
        Ok(hands) => hands,
        Err(error) => return Gain::refused(&error),
    };
    let before = meters.read(&hands);
    let record = Record::new(Instant::now(), window);
    let working = (0..).zip(hands).map(|(number, hand)| keep_busy(number, hand, tasks, &record));
    let (hands, ended, joules) = measured(join_all(working), &record, &meters.energy).await;
    let used = meters.since(&before, &hands, record.elapsed());
    let mut gain = Gain { hands: used, ..record.gain(ended, joules) };
    rest(crew, hands, &mut gain).await;
    gain
}

/// Hand `number`, for as long as there is time.
pub(super) async fn keep_busy<H: Launch + Send>(
    number: u32,
    mut hand: H,
    tasks: &Tasks,
    record: &Record,
) -> H {
    while record.is_open() {
        let at = record.elapsed();
        match hand.launch(&tasks.next()).await {
            Ok(trial) => record.note(number, None, at, trial),
            Err(error) => record.cut_off(chain(&error)),
        }
    }
    hand
}

/// What comes of `work`, when it or its window ended, and the energy until then.
pub(super) async fn measured<T>(
    work: impl Future<Output = T>,
    record: &Record,
    energy: &Energy,
) -> (T, Seconds, Option<f64>) {
    let before = energy.read();
    tokio::pin!(work);
    let early = tokio::select! {
        biased;
        done = &mut work => Some(done),
        () = tokio::time::sleep_until(record.at(record.window().as_secs_f64())) => None,
    };
    let (ended, joules) = (record.elapsed(), energy.since(&before));
    let done = match early {
        Some(done) => done,
        None => work.await,
    };
    (done, ended, joules)
}

/// Gives the hands back.
pub(super) async fn rest<C: Crew + Send>(crew: &mut C, hands: Vec<C::Hand>, gain: &mut Gain) {
    if let Err(error) = crew.rest(hands).await {
        tracing::warn!(error = %chain(&error), "hands");
        gain.cut_off.get_or_insert_with(|| chain(&error));
    }
}
