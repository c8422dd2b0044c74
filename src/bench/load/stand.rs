//! Sandboxes that stand still together: what they weigh, and how many there is room for.
//!
//! Density goes up in lots that double, and looks before each lot whether the machine bears it. The
//! guard rails are there so that a benchmark never takes a machine down: it ends well before the
//! kernel would have to kill something.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::record::{Gain, Tasks};
use crate::backend::{Crew, Task, Work};
use crate::bench::no_trial::chain;
use crate::model::bench::{Outcome, Phases};
use crate::model::load::{Shot, Standing};
use crate::model::root::Roots;
use crate::model::unit::{Bytes, Seconds};
use crate::probe::interference::room::Room;

/// Time that pages have to settle before memory is read.
const SETTLE: Duration = Duration::from_millis(500);
/// Memory that stays free: a twentieth of all, and this at least.
const FLOOR: u64 = 512 << 20;
/// Share of the time in which some task waited for memory at which it is enough.
const PRESSURE: f64 = 0.20;

/// What a step must stay within.
pub(super) struct Bounds {
    pub(super) roots: Roots,
    /// When the time of the run is over.
    pub(super) deadline: Instant,
}

/// `count` of them at once.
pub(super) async fn memory<C: Crew + Send>(crew: &mut C, tasks: &Tasks, count: u32) -> Gain {
    let mut rise = Rise::new(tasks);
    rise.add(crew, count).await;
    rise.end(crew).await
}

/// More and more of them, until a guard rail, a failure or `most`.
pub(super) async fn density<C: Crew + Send>(
    crew: &mut C,
    tasks: &Tasks,
    most: u32,
    bounds: &Bounds,
) -> Gain {
    let mut rise = Rise::new(tasks);
    let first = Room::read(&bounds.roots);
    let mut before = (first, Instant::now());
    let mut lot = 1_u32;
    while rise.gain.cut_off.is_none() && rise.stands < most {
        if Instant::now() >= bounds.deadline {
            rise.cut_off("the time allowed was over".to_owned());
            break;
        }
        let now = Room::read(&bounds.roots);
        match next_lot(lot.min(most - rise.stands), rise.stands, &first, &now) {
            Ok(fits) => rise.add(crew, fits).await,
            Err(why) => rise.cut_off(why),
        }
        let (then, at) =
            std::mem::replace(&mut before, (Room::read(&bounds.roots), Instant::now()));
        let pressure = before.0.pressure_since(&then, before.1 - at);
        if let Some(share) = pressure.filter(|share| share.fraction() > PRESSURE) {
            rise.cut_off(format!("tasks waited for memory {:.0} % of the time", share.percent()));
        }
        lot = rise.stands.max(1);
    }
    rise.end(crew).await
}

/// How many of `wanted` more there is room for, after `stands` of them took memory from what was
/// there at `first`; why not, where it is none.
fn next_lot(wanted: u32, stands: u32, first: &Room, now: &Room) -> Result<u32, String> {
    let (Some(available), Some(total)) = (now.available, now.total) else {
        return Ok(wanted);
    };
    let floor = (total.0 / 20).max(FLOOR);
    let spare = available.0.saturating_sub(floor);
    let told =
        |spare: u64| format!("{} of memory were left and {} are kept", Bytes(spare), Bytes(floor));
    if spare == 0 {
        return Err(told(available.0));
    }
    let taken = first.available.map_or(0, |before| before.0.saturating_sub(available.0));
    let each = taken.checked_div(u64::from(stands)).unwrap_or(0);
    let fits = spare.checked_div(each).unwrap_or(u64::MAX);
    match u32::try_from(fits).unwrap_or(u32::MAX).min(wanted) {
        0 => Err(told(available.0)),
        fits => Ok(fits),
    }
}

/// Sandboxes that stand, more and more of them.
struct Rise<'a> {
    tasks: &'a Tasks,
    begun: Instant,
    stands: u32,
    gain: Gain,
}

impl<'a> Rise<'a> {
    fn new(tasks: &'a Tasks) -> Self {
        Self { tasks, begun: Instant::now(), stands: 0, gain: Gain::default() }
    }

    fn cut_off(&mut self, why: String) {
        self.gain.cut_off.get_or_insert(why);
    }

    /// Stands `count` more up and reads memory.
    async fn add<C: Crew + Send>(&mut self, crew: &mut C, count: u32) {
        let still = |task| Task { work: Work::Hold, ..task };
        let tasks: Vec<Task> = (0..count).map(|_| still(self.tasks.next())).collect();
        let at = Seconds::from(self.begun.elapsed());
        match crew.stand(&tasks).await {
            Ok(outcomes) => outcomes.into_iter().for_each(|outcome| self.note(at, outcome)),
            Err(error) => self.cut_off(chain(&error)),
        }
        if self.stands == 0 {
            return;
        }
        sleep(SETTLE).await;
        match crew.standing().await {
            Ok(standing) => self.keep(standing),
            Err(error) => self.cut_off(chain(&error)),
        }
    }

    fn keep(&mut self, standing: Standing) {
        if standing.count < self.stands {
            let gone = self.stands - standing.count;
            self.cut_off(format!("{gone} that stood ended by themselves"));
        }
        self.gain.standing.push(standing);
    }

    fn note(&mut self, at: Seconds, outcome: Outcome) {
        match &outcome {
            Outcome::Good => self.stands += 1,
            Outcome::Failed { kind, message } => {
                self.cut_off(format!("one {}", kind.told(message)));
            }
        }
        let done_seconds = self.begun.elapsed().into();
        let phases = Phases::default();
        let intended_seconds = None;
        self.gain.shots.push(Shot {
            intended_seconds,
            at_seconds: at,
            done_seconds,
            phases,
            outcome,
            hand: None,
        });
    }

    /// Ends all that stand.
    async fn end<C: Crew + Send>(mut self, crew: &mut C) -> Gain {
        self.gain.window = self.begun.elapsed().into();
        if let Err(error) = crew.raze().await {
            tracing::warn!(error = %chain(&error), "raze");
            self.cut_off(chain(&error));
        }
        self.gain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(available_mib: u64) -> Room {
        let mib = |n: u64| Some(Bytes(n << 20));
        Room { total: mib(8_192), available: mib(available_mib), memory_stall_us: None }
    }

    #[test]
    fn a_lot_that_would_go_below_the_floor_is_made_smaller() {
        // 64 of them took 64 MiB each; 512 MiB are kept.
        let first = room(8_000);
        assert_eq!(next_lot(64, 64, &first, &room(3_904)), Ok(53));
        assert_eq!(next_lot(8, 64, &first, &room(3_904)), Ok(8));
        assert!(next_lot(64, 64, &first, &room(540)).unwrap_err().contains("512 MiB are kept"));
        assert!(next_lot(1, 0, &room(100), &room(100)).is_err());
        assert_eq!(next_lot(1, 0, &first, &first), Ok(1));
    }

    #[test]
    fn memory_that_is_not_told_bounds_nothing() {
        let blind = Room::default();
        assert_eq!(next_lot(9, 9, &blind, &blind), Ok(9));
    }
}
