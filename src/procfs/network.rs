//! What network interfaces do, from the text of `/proc/net/dev`.

use super::counter::Counters;
use crate::model::node::Network;
use crate::model::text::SafeText;
use crate::model::unit::{BytesPerSecond, PerSecond};

/// Most interfaces shown.
pub const MOST: usize = 1024;

/// An interface, with the rates of its [`Traffic`].
pub fn network(name: &str, up: bool, traffic: &Traffic, counters: &mut Counters<4>) -> Network {
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

/// Whether this `operstate` is one that works. Drivers that do not tell (the loopback, tunnels) say
/// `unknown`: they work as long as they exist.
pub fn is_up(state: &str) -> bool {
    matches!(state.trim(), "up" | "unknown")
}

/// What passed an interface.
#[derive(Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes in, bytes out, packets in, packets out; since boot.
    pub counts: [u64; 4],
    /// Errors and drops of both directions; since boot.
    pub errors: u64,
}

/// `eth0: bytes packets errs drop fifo frame compressed multicast`, then the same going out. The
/// name ends at the last colon before the numbers: an alias has one of its own.
pub fn interface(line: &str) -> Option<(&str, Traffic)> {
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
