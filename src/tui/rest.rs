//! How old what was told is, without the time in which nothing was asked: while sampling is paused the looks
//! stand still, and silence says nothing of who was not asked.

use std::time::Duration;

use crate::model::time::Stamp;

/// A pause of sampling: the one that goes on, else the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    from: Option<Stamp>,
    to: Option<Stamp>,
}

impl Rest {
    /// Takes note of whether sampling is paused at `now`.
    pub const fn follow(&mut self, paused: bool, now: Stamp) {
        match (paused, self.goes_on()) {
            (true, false) => (self.from, self.to) = (Some(now), None),
            (false, true) => self.to = Some(now),
            _ => {}
        }
    }

    const fn goes_on(&self) -> bool {
        self.from.is_some() && self.to.is_none()
    }
}

/// The present, as ages are counted to it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Present {
    /// The present time.
    pub now: Stamp,
    /// When nothing was asked.
    pub rest: Rest,
}

impl Present {
    /// How old it is what was told at `at`: the time since then in which there were looks.
    pub fn age(&self, at: Stamp) -> Duration {
        let Some(from) = self.rest.from else { return self.now.since(at) };
        let rested = self.rest.to.unwrap_or(self.now).since(from.max(at));
        self.now.since(at).saturating_sub(rested)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Stamp {
        Stamp { mono_ms: seconds * 1_000, wall_ms: 0 }
    }

    fn age(rest: Rest, now: u64, told: u64) -> u64 {
        Present { now: at(now), rest }.age(at(told)).as_secs()
    }

    #[test]
    fn no_age_grows_while_nothing_is_asked() {
        let mut rest = Rest::default();
        assert_eq!(age(rest, 12, 10), 2);
        for now in [12, 50, 600] {
            rest.follow(true, at(now));
            assert_eq!(age(rest, now, 10), 2, "at {now}");
        }
        assert_eq!(age(rest, 600, 13), 0, "an answer that was on its way");
        rest.follow(false, at(600));
        assert_eq!((age(rest, 600, 10), age(rest, 603, 10)), (2, 5));
        assert_eq!(age(rest, 610, 604), 6, "what came after it ages as always");
        rest.follow(true, at(620));
        assert_eq!(age(rest, 999, 604), 16);
    }
}
