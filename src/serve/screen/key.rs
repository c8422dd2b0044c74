//! Keys: what a browser has instead of the token once it has shown that.
//!
//! They are random, known to this process alone, and gone when it ends. There are few; a new one drives
//! out the oldest.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::TryRngCore;
use rand::rngs::OsRng;

use super::KEY_SECONDS;
use crate::model::secret::Secret;
use crate::model::time::Stamp;

/// Keys at once.
const MOST: usize = 32;
/// Random bytes of a key.
const BYTES: usize = 16;

/// The keys that are good.
#[derive(Debug, Default)]
pub(super) struct Keys(Mutex<Vec<Key>>);

#[derive(Debug)]
struct Key {
    secret: Secret,
    made: Stamp,
}

impl Keys {
    /// A new key.
    pub(super) fn make(&self, now: Stamp) -> Secret {
        let mut bytes = [0; BYTES];
        // A system without randomness gives no key: one that nobody can guess is forgotten at once.
        let random = OsRng.try_fill_bytes(&mut bytes).is_ok();
        let secret = Secret::new(&format!("{:032x}", u128::from_ne_bytes(bytes)));
        if random {
            let mut keys = self.good(now);
            let over = (keys.len() + 1).saturating_sub(MOST);
            keys.drain(..over);
            keys.push(Key { secret: secret.clone(), made: now });
        }
        secret
    }

    /// Whether `guess` is one that is good at `now`.
    pub(super) fn is(&self, guess: &str, now: Stamp) -> bool {
        self.good(now).iter().any(|key| key.secret.is(guess))
    }

    /// Makes `key` good no more.
    pub(super) fn forget(&self, key: &str) {
        self.held().retain(|other| !other.secret.is(key));
    }

    fn good(&self, now: Stamp) -> MutexGuard<'_, Vec<Key>> {
        let mut keys = self.held();
        keys.retain(|key| now.since(key.made).as_secs() < KEY_SECONDS);
        keys
    }

    fn held(&self) -> MutexGuard<'_, Vec<Key>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Stamp {
        Stamp { mono_ms: seconds * 1_000, wall_ms: 0 }
    }

    #[test]
    fn a_key_is_good_until_it_is_old_given_back_or_driven_out() {
        let keys = Keys::default();
        let first = keys.make(at(0));
        assert!(keys.is(first.reveal(), at(KEY_SECONDS - 1)) && !keys.is("", at(0)));
        assert!(!keys.is(first.reveal(), at(KEY_SECONDS)));
        let second = keys.make(at(0));
        assert!(keys.is(second.reveal(), at(1)) && first.reveal() != second.reveal());
        keys.forget(second.reveal());
        assert!(!keys.is(second.reveal(), at(1)));
        let third = keys.make(at(0));
        let last = (0..MOST).map(|_| keys.make(at(1))).last().unwrap();
        assert!(!keys.is(third.reveal(), at(1)) && keys.is(last.reveal(), at(1)));
    }
}
