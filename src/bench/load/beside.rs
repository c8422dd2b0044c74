//! One sandbox after another while a neighbour keeps all processors but one busy.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::agenda::Work;
use super::closed::{keep_busy, measured, rest};
use super::meter::Meters;
use super::record::{Gain, Record};
use crate::backend::{Crew, Launch};

/// Time that the neighbour has to get busy before anything is measured.
const HEAD_START: Duration = Duration::from_millis(300);

/// The step's own cell in one hand for `window`, beside its neighbour where it has one.
pub(super) async fn gain<C: Crew + Send>(
    crew: &mut C,
    work: &Work,
    window: Duration,
    meters: &Meters,
) -> Gain {
    let hands = match crew.hands(1, work.own.like()).await {
        Ok(hands) => hands,
        Err(error) => return Gain::refused(&error),
    };
    let Some(neighbour) = &work.neighbour else {
        let (hands, mut gain) = alone(hands, work, window, meters).await;
        rest(crew, hands, &mut gain).await;
        return gain;
    };
    let busy = match crew.hands(work.busy, neighbour.like()).await {
        Ok(busy) => busy,
        Err(error) => {
            let mut gain = Gain::refused(&error);
            rest(crew, hands, &mut gain).await;
            return gain;
        }
    };
    // It stays busy until the victim says that it is enough.
    let noise = Record::new(Instant::now(), Duration::MAX);
    let busy = (0..).zip(busy);
    let neighbours =
        join_all(busy.map(|(number, hand)| keep_busy(number, hand, neighbour, &noise)));
    let victim = async {
        sleep(HEAD_START).await;
        let gain = alone(hands, work, window, meters).await;
        noise.end();
        gain
    };
    let ((hands, mut gain), busy) = tokio::join!(victim, neighbours);
    if let Some(why) = noise.why() {
        gain.cut_off.get_or_insert_with(|| format!("the neighbour: {why}"));
    }
    rest(crew, hands, &mut gain).await;
    rest(crew, busy, &mut gain).await;
    gain
}

/// What comes of the one hand that is measured.
async fn alone<H: Launch + Send>(
    hands: Vec<H>,
    work: &Work,
    window: Duration,
    meters: &Meters,
) -> (Vec<H>, Gain) {
    let before = meters.read(&hands);
    let record = Record::new(Instant::now(), window);
    let each = (0..).zip(hands);
    let working = join_all(each.map(|(number, hand)| keep_busy(number, hand, &work.own, &record)));
    let (hands, ended, joules) = measured(working, &record, &meters.energy).await;
    let used = meters.since(&before, &hands, record.elapsed());
    (hands, Gain { hands: used, ..record.gain(ended, joules) })
}
