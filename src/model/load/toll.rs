//! What a step of a load cost: what each of its hands used, and how long something had to wait.
//!
//! Both are read before and after the step, never within it, so that nothing is disturbed by being looked
//! at. What the kernel does not count is absent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::unit::{Bytes, Ratio, Seconds};

/// What one hand used in a step: its launcher, and every sandbox it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HandUse {
    /// Time over which it was counted: until the last sandbox of the step had ended.
    pub seconds: Seconds,
    /// Processor time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_seconds: Option<Seconds>,
    /// The most memory it held; `None` where no control group counts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_bytes: Option<Bytes>,
}

/// Shares of a time in which something had to wait (pressure stall information, `some`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Waits {
    /// For a processor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Ratio>,
    /// For memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Ratio>,
    /// For I/O.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub io: Option<Ratio>,
}

impl Waits {
    /// From this share on what is waited for holds up the work.
    pub const HELD: f64 = 0.5;

    /// What is waited for longest, and for what share of the time; `None` where nothing is.
    pub fn worst(&self) -> Option<(&'static str, Ratio)> {
        let all = [("a processor", self.cpu), ("memory", self.memory), ("I/O", self.io)];
        let known = all.into_iter().filter_map(|(name, share)| Some((name, share?)));
        let known = known.filter(|(_, share)| share.fraction() > 0.0);
        known.max_by(|one, other| one.1.fraction().total_cmp(&other.1.fraction()))
    }

    /// Whether something is waited for so long that it holds up the work.
    pub fn holds(&self) -> bool {
        self.worst().is_some_and(|(_, share)| share.fraction() >= Self::HELD)
    }

    /// The longer of each of both.
    #[must_use]
    pub fn most(self, other: Self) -> Self {
        let most = |one: Option<Ratio>, other: Option<Ratio>| match (one, other) {
            (Some(one), Some(other)) => {
                Some(if one.fraction() < other.fraction() { other } else { one })
            }
            (one, other) => one.or(other),
        };
        Self {
            cpu: most(self.cpu, other.cpu),
            memory: most(self.memory, other.memory),
            io: most(self.io, other.io),
        }
    }

    /// Whether the kernel tells nothing of it.
    pub const fn is_unknown(&self) -> bool {
        self.cpu.is_none() && self.memory.is_none() && self.io.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_longest_is_named_and_nothing_is_not() {
        let share = |share| Ratio::new(share);
        let waits = Waits { cpu: share(0.4), memory: None, io: share(0.6) };
        assert_eq!(waits.worst(), share(0.6).map(|share| ("I/O", share)));
        assert!(waits.holds() && !Waits { io: None, ..waits }.holds());
        let both = waits.most(Waits { cpu: share(0.9), memory: share(0.1), io: share(0.2) });
        assert_eq!(both, Waits { cpu: share(0.9), memory: share(0.1), io: share(0.6) });
        assert_eq!(Waits { cpu: share(0.0), ..Waits::default() }.worst(), None);
        assert!(Waits::default().is_unknown());
    }
}
