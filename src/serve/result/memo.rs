//! What was worked out lately, for those who ask the same again.

use std::sync::{Mutex, PoisonError};

/// The latest answers, the latest last.
#[derive(Debug)]
pub(super) struct Memo<K, V> {
    most: usize,
    known: Mutex<Vec<(K, V)>>,
}

impl<K: PartialEq, V: Clone> Memo<K, V> {
    /// Room for `most` answers.
    pub(super) const fn new(most: usize) -> Self {
        Self { most, known: Mutex::new(Vec::new()) }
    }

    /// The answer to `key`, worked out unless it is known. Two who ask at once may both work.
    pub(super) fn of(&self, key: K, work: impl FnOnce() -> V) -> V {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = known.iter().position(|(other, _)| *other == key) {
            let found = known.remove(at);
            let value = found.1.clone();
            known.push(found);
            return value;
        }
        drop(known);
        let value = work();
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let beyond = (known.len() + 1).saturating_sub(self.most);
        known.drain(..beyond);
        known.push((key, value.clone()));
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_asked_lately_is_not_worked_out_again() {
        let memo = Memo::new(2);
        let ask = |key: u32| {
            let mut worked = false;
            memo.of(key, || worked = true);
            worked
        };
        assert_eq!(
            [ask(1), ask(2), ask(1), ask(3), ask(1), ask(2)],
            [true, true, false, true, false, true]
        );
    }
}
