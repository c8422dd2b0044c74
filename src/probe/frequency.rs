//! Present clocks of the processors.
//!
//! From cpufreq where the machine has it, else the `cpu MHz` of `/proc/cpuinfo`. Either may wake a
//! sleeping processor to ask it, so the clocks are read every other second only.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::every::Every;
use crate::model::reading::{Reading, Why};
use crate::model::root::Roots;
use crate::model::unit::Hertz;

const PERIOD: Duration = Duration::from_secs(2);

/// Reads the clocks, and holds them until the next turn.
#[derive(Debug)]
pub(crate) struct Frequency {
    roots: Roots,
    turn: Every,
    last: HashMap<u32, Hertz>,
    why: Why,
}

impl Frequency {
    /// A reader under `roots`.
    pub(crate) fn new(roots: &Roots) -> Self {
        Self {
            roots: roots.clone(),
            turn: Every::new(PERIOD),
            last: HashMap::new(),
            why: Why::NotYet,
        }
    }

    /// The clock of each processor in `ids`, at most two seconds old.
    pub(crate) fn sample(&mut self, ids: &[u32], now: Instant) -> Vec<Reading<Hertz>> {
        if self.turn.due(now) {
            self.read(ids);
        }
        ids.iter()
            .map(|id| Reading::from_option(self.last.get(id).copied(), self.why.clone()))
            .collect()
    }

    fn read(&mut self, ids: &[u32]) {
        self.last.clear();
        self.why = Why::NotSupported;
        for &id in ids {
            match std::fs::read_to_string(self.path(id)).map(|text| kilohertz(&text)) {
                Ok(Some(hertz)) => {
                    self.last.insert(id, hertz);
                }
                Ok(None) => self.why = Why::Failed("cpufreq gave no number".into()),
                Err(error) => self.why = Why::from(&error),
            }
        }
        if self.last.is_empty()
            && let Ok(text) = std::fs::read_to_string(self.roots.proc.join("cpuinfo"))
        {
            self.last = megahertz(&text);
        }
    }

    fn path(&self, id: u32) -> PathBuf {
        self.roots.sys.join(format!("devices/system/cpu/cpu{id}/cpufreq/scaling_cur_freq"))
    }
}

fn kilohertz(text: &str) -> Option<Hertz> {
    let kilohertz: u64 = text.trim().parse().ok()?;
    Some(Hertz(kilohertz.checked_mul(1000)?))
}

/// `cpu MHz : 2300.000` by `processor : 0`; absent on ARM.
fn megahertz(text: &str) -> HashMap<u32, Hertz> {
    let mut clocks = HashMap::new();
    let mut id = None;
    for (name, value) in text.lines().filter_map(|line| line.split_once(':')) {
        match name.trim() {
            "processor" => id = value.trim().parse().ok(),
            "cpu MHz" => {
                let hertz = value.trim().parse().ok().and_then(whole_hertz);
                clocks.extend(id.zip(hertz));
            }
            _ => {}
        }
    }
    clocks
}

fn whole_hertz(megahertz: f64) -> Option<Hertz> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "within 0..1e12 after the filter"
    )]
    let hertz = |megahertz: f64| Hertz((megahertz * 1e6).round() as u64);
    (0.0..1e6).contains(&megahertz).then(|| hertz(megahertz))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_both_sources() {
        assert_eq!(kilohertz("2400000\n"), Some(Hertz(2_400_000_000)));
        assert_eq!(kilohertz("<unknown>\n"), None);
        let clocks = megahertz("processor\t: 3\ncpu MHz\t\t: 2300.5\nprocessor: 4\ncpu MHz: -1\n");
        assert_eq!(clocks, HashMap::from([(3, Hertz(2_300_500_000))]));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(processor|cpu MHz|:|[-0-9.e]{0,12}|\\PC|\n){0,40}") {
            let _ = (kilohertz(&text), megahertz(&text));
        }
    }
}
