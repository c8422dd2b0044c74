//! What network interfaces do, from `/proc/net/dev`.
//!
//! Whether one is up comes from `operstate`, one file for each interface; a host of containers has
//! hundreds, so those are read when an interface is new and every five seconds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::counter::Counters;
use super::every::Every;
use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::Network;
use crate::model::root::Roots;
use crate::model::text::SafeText;
use crate::model::unit::{BytesPerSecond, PerSecond};

const STATE_PERIOD: Duration = Duration::from_secs(5);
/// Most interfaces shown.
const MOST: usize = 1024;

/// Reads `/proc/net/dev` and the state of each interface.
#[derive(Debug)]
pub struct NetworkProbe {
    dev: Kept,
    class: PathBuf,
    turn: Every,
    up: HashMap<Box<str>, bool>,
    counters: Counters<4>,
}

impl NetworkProbe {
    /// A reader under `roots`.
    pub fn new(roots: &Roots) -> Self {
        Self {
            dev: Kept::new(roots.proc.join("net/dev")),
            class: roots.sys.join("class/net"),
            turn: Every::new(STATE_PERIOD),
            up: HashMap::new(),
            counters: Counters::default(),
        }
    }
}

impl Probe for NetworkProbe {
    type Sample = Vec<Network>;

    /// Every interface in kernel order, the loopback last.
    fn sample(&mut self, now: Instant) -> Result<Vec<Network>, Error> {
        let text = self.dev.read()?;
        if self.turn.due(now) {
            self.up.clear();
        }
        self.counters.begin(now);
        let mut networks = Vec::new();
        for (name, traffic) in text.lines().filter_map(interface).take(MOST) {
            let up = if let Some(up) = self.up.get(name) {
                *up
            } else {
                let up = is_up(&self.class, name);
                self.up.insert(name.into(), up);
                up
            };
            networks.push(network(name, up, &traffic, &mut self.counters));
        }
        self.counters.end();
        networks.sort_by_key(|network| network.name.as_str() == "lo");
        Ok(networks)
    }
}

fn network(name: &str, up: bool, traffic: &Traffic, counters: &mut Counters<4>) -> Network {
    let [receive, transmit, packets_in, packets_out] = counters.rates(name, traffic.counts);
    Network {
        name: SafeText::new(name),
        up,
        receive_bytes_per_second: receive.map(BytesPerSecond),
        transmit_bytes_per_second: transmit.map(BytesPerSecond),
        receive_packets_per_second: packets_in.map(PerSecond),
        transmit_packets_per_second: packets_out.map(PerSecond),
        errors: traffic.errors,
    }
}

/// Drivers that do not tell (the loopback, tunnels) say `unknown`: they work as long as they exist.
fn is_up(class: &std::path::Path, name: &str) -> bool {
    let state = std::fs::read_to_string(class.join(name).join("operstate"));
    state.map_or(true, |state| matches!(state.trim(), "up" | "unknown"))
}

#[derive(Debug, PartialEq, Eq)]
struct Traffic {
    /// Bytes in, bytes out, packets in, packets out; since boot.
    counts: [u64; 4],
    errors: u64,
}

/// `eth0: bytes packets errs drop fifo frame compressed multicast`, then the same going out. The
/// name ends at the last colon before the numbers: an alias has one of its own.
fn interface(line: &str) -> Option<(&str, Traffic)> {
    let (name, columns) = line.rsplit_once(':')?;
    let mut counts = [0_u64; 12];
    let mut columns = columns.split_ascii_whitespace();
    for count in &mut counts {
        *count = columns.next()?.parse().ok()?;
    }
    let [r_bytes, r_packets, r_errors, r_drops, .., bytes, packets, errors, drops] = counts;
    Some((
        name.trim(),
        Traffic {
            counts: [r_bytes, bytes, r_packets, packets],
            errors: [r_errors, r_drops, errors, drops].into_iter().fold(0, u64::saturating_add),
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_both_directions_and_aliases() {
        let line = " eth0:1: 10 1 2 3 0 0 0 0 20 4 5 6 0 0 0 0";
        let traffic = Traffic { counts: [10, 20, 1, 4], errors: 16 };
        assert_eq!(interface(line), Some(("eth0:1", traffic)));
        assert_eq!(interface(" face |bytes packets|bytes"), None);
        assert_eq!(interface("eth0: 1 2 3"), None);
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(eth0|:|[0-9]{0,21}| |\\PC){0,60}") {
            let _ = interface(&text);
        }
    }
}
