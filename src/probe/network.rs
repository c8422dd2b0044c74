//! What network interfaces do, from `/proc/net/dev`.
//!
//! Whether one is up comes from `operstate`, one file for each interface; a host of containers has
//! hundreds, so those are read when an interface is new and every five seconds.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::every::Every;
use super::kept::Kept;
use super::{Error, Probe};
use crate::model::node::Network;
use crate::model::root::Roots;
use crate::procfs;
use crate::procfs::counter::Counters;
use crate::procfs::network::{MOST, interface, network};

const STATE_PERIOD: Duration = Duration::from_secs(5);

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

fn is_up(class: &std::path::Path, name: &str) -> bool {
    let state = std::fs::read_to_string(class.join(name).join("operstate"));
    state.map_or(true, |state| procfs::network::is_up(&state))
}
