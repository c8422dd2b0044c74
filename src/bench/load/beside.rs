//! One sandbox after another while a neighbour keeps all processors but one busy.

use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use super::agenda::Work;
use super::closed::{keep_busy, measured, rest};
use super::record::{Gain, Record};
use crate::backend::Crew;
use crate::probe::interference::energy::Energy;

/// Time that the neighbour has to get busy before anything is measured.
const HEAD_START: Duration = Duration::from_millis(300);

/// The step's own cell in one hand for `window`, beside its neighbour where it has one.
pub(super) async fn gain<C: Crew + Send>(
    crew: &mut C,
    work: &Work,
    window: Duration,
    energy: &Energy,
) -> Gain {
    let mut hands = match crew.hands(1, work.own.like()).await {
        Ok(hands) => hands,
        Err(error) => return Gain::refused(&error),
    };
    let Some(neighbour) = &work.neighbour else {
        let record = Record::new(Instant::now(), window);
        return alone(crew, hands, work, record, energy).await;
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
    let neighbours = join_all(busy.into_iter().map(|hand| keep_busy(hand, neighbour, &noise)));
    let victim = async {
        sleep(HEAD_START).await;
        let record = Record::new(Instant::now(), window);
        let working = join_all(hands.drain(..).map(|hand| keep_busy(hand, &work.own, &record)));
        let (hands, ended, joules) = measured(working, &record, energy).await;
        noise.end();
        (hands, record.gain(ended, joules))
    };
    let ((hands, mut gain), busy) = tokio::join!(victim, neighbours);
    if let Some(why) = noise.why() {
        gain.cut_off.get_or_insert_with(|| format!("the neighbour: {why}"));
    }
    rest(crew, hands, &mut gain).await;
    rest(crew, busy, &mut gain).await;
    gain
}

async fn alone<C: Crew + Send>(
    crew: &mut C,
    hands: Vec<C::Hand>,
    work: &Work,
    record: Record,
    energy: &Energy,
) -> Gain {
    let working = join_all(hands.into_iter().map(|hand| keep_busy(hand, &work.own, &record)));
    let (hands, ended, joules) = measured(working, &record, energy).await;
    let mut gain = record.gain(ended, joules);
    rest(crew, hands, &mut gain).await;
    gain
}
