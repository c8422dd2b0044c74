//! When to draw: keys soon, data now and then, nothing when nothing changed.

use std::time::Duration;

use tokio::time::Instant;

/// Least time between two frames: 30 a second.
const FRAME: Duration = Duration::from_millis(33);
/// Least time between two frames that only show data: 4 a second.
const DATA: Duration = Duration::from_millis(250);
/// At the start every part of the first sample is shown as soon as it is there.
const START: Duration = Duration::from_millis(500);
/// Ages and the clock go on this often.
const TICK: Duration = Duration::from_secs(1);

/// When the next frame is due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    began: Instant,
    drawn: Option<Instant>,
    due: Option<Instant>,
}

impl Pace {
    /// The first frame is due at once.
    pub(super) const fn new(now: Instant) -> Self {
        Self { began: now, drawn: None, due: Some(now) }
    }

    /// The user did something: draw at once, unless that has just been done.
    pub(super) fn touch(&mut self, now: Instant) {
        self.bring(self.drawn.map_or(now, |drawn| now.max(drawn + FRAME)));
    }

    /// There is new data: what else comes within a frame's time goes with it.
    pub(super) fn feed(&mut self, now: Instant) {
        let soon = now + FRAME;
        let apart = if now < self.began + START { FRAME } else { DATA };
        self.bring(self.drawn.map_or(soon, |drawn| soon.max(drawn + apart)));
    }

    fn bring(&mut self, at: Instant) {
        self.due = Some(self.due.map_or(at, |due| due.min(at)));
    }

    /// A frame has been drawn.
    pub(super) fn draw(&mut self, now: Instant) {
        (self.drawn, self.due) = (Some(now), None);
    }

    /// When to look again: at the frame that is due, or for the clock.
    pub(super) fn next(&self, now: Instant) -> Instant {
        let tick = self.drawn.map_or(now, |drawn| drawn + TICK);
        self.due.map_or(tick, |due| due.min(tick))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_shown_at_once_and_a_flood_thirty_times_a_second() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.draw(start);
        let later = start + Duration::from_secs(5);
        pace.touch(later);
        assert_eq!(pace.next(later), start + TICK);
        pace.draw(later);
        pace.touch(later + Duration::from_millis(1));
        assert_eq!(pace.next(later), later + FRAME);
    }

    #[test]
    fn data_waits_and_a_key_does_not_wait_with_it() {
        let start = Instant::now();
        let mut pace = Pace::new(start - START);
        pace.draw(start);
        pace.feed(start + Duration::from_millis(10));
        assert_eq!(pace.next(start), start + DATA);
        pace.feed(start + Duration::from_millis(240));
        assert_eq!(pace.next(start), start + DATA);
        pace.touch(start + Duration::from_millis(50));
        assert_eq!(pace.next(start), start + Duration::from_millis(50));
    }

    #[test]
    fn the_first_sample_is_shown_as_it_comes() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.draw(start);
        pace.feed(start + Duration::from_millis(2));
        assert_eq!(pace.next(start), start + Duration::from_millis(2) + FRAME);
    }

    #[test]
    fn with_nothing_new_only_the_clock_goes_on() {
        let start = Instant::now();
        let mut pace = Pace::new(start);
        pace.draw(start);
        assert_eq!(pace.next(start), start + TICK);
    }
}
