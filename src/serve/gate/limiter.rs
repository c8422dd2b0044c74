//! How often an address may be wrong about the token.
//!
//! Each has a few tries, which come back slowly. When they are spent, nothing from there is compared, not
//! even what is right; other addresses are not touched by that.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use crate::model::time::Stamp;

/// Wrong tokens in a row.
const TRIES: u32 = 20;
/// Time after which one try comes back.
const BACK_MS: u64 = 3_000;
/// Addresses that are remembered; beyond these the one that was wrong longest ago is forgotten.
const ADDRESSES: usize = 1_024;

/// Counts wrong tokens.
#[derive(Debug, Default)]
pub(super) struct Limiter {
    wrong: Mutex<HashMap<IpAddr, Wrong>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    count: u32,
    last_ms: u64,
}

impl Wrong {
    /// What is left of it at `now_ms`.
    fn at(self, now_ms: u64) -> u32 {
        let back = now_ms.saturating_sub(self.last_ms) / BACK_MS;
        self.count.saturating_sub(u32::try_from(back).unwrap_or(u32::MAX))
    }
}

impl Limiter {
    /// Whether a token from `address` is looked at.
    pub(super) fn may_try(&self, address: IpAddr, now: Stamp) -> bool {
        let wrong = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        wrong.get(&group(address)).is_none_or(|wrong| wrong.at(now.mono_ms) < TRIES)
    }

    /// A token from `address` was wrong.
    pub(super) fn failed(&self, address: IpAddr, now: Stamp) {
        let mut all = self.wrong.lock().unwrap_or_else(PoisonError::into_inner);
        let (address, last_ms) = (group(address), now.mono_ms);
        if all.len() >= ADDRESSES && !all.contains_key(&address) {
            let oldest = all.iter().min_by_key(|(_, wrong)| wrong.last_ms).map(|(key, _)| *key);
            oldest.and_then(|oldest| all.remove(&oldest));
        }
        let wrong = all.entry(address).or_default();
        *wrong = Wrong { count: wrong.at(last_ms) + 1, last_ms };
    }
}

/// Who holds one IPv6 address holds 2⁶⁴ of them.
fn group(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            std::net::Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address @ IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(mono_ms: u64) -> Stamp {
        Stamp { mono_ms, wall_ms: 0 }
    }

    #[test]
    fn tries_are_spent_come_back_and_are_each_addresses_own() {
        let limiter = Limiter::default();
        let [bad, good] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        for _ in 0..TRIES {
            assert!(limiter.may_try(bad, at(0)));
            limiter.failed(bad, at(0));
        }
        assert!(!limiter.may_try(bad, at(BACK_MS - 1)) && limiter.may_try(good, at(0)));
        assert!(limiter.may_try(bad, at(BACK_MS)));
    }

    #[test]
    fn ten_thousand_addresses_take_no_more_room_than_a_thousand() {
        let limiter = Limiter::default();
        for number in 0..10_000_u32 {
            limiter.failed(std::net::Ipv4Addr::from(number).into(), at(u64::from(number)));
        }
        assert_eq!(limiter.wrong.lock().unwrap().len(), ADDRESSES);
    }
}
