//! What many polls share: how many may ask at once, who has which server, and when a network is back.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::model::id::SourceId;
use crate::model::text::SafeText;

/// Connections of all polls together.
pub const SOCKETS: usize = 512;
/// Of these, those that may be taken for nodes that do not answer: a question to them lasts longest and
/// must keep nobody waiting who answers.
const DOWN: usize = 128;
/// Sessions of SSH that may begin at the same time, unless set.
pub const SSH: usize = 16;
/// A network is called back at most this often.
const APART: Duration = Duration::from_secs(10);

/// What many polls share.
#[derive(Debug)]
pub struct Gate {
    all: Arc<Semaphore>,
    down: Arc<Semaphore>,
    ssh: Arc<Semaphore>,
    roll: Mutex<Roll>,
    healed: watch::Sender<Option<Instant>>,
}

/// Which server is which source, to be found by either: there may be ten thousand.
#[derive(Debug, Default)]
struct Roll {
    servers: BTreeMap<SafeText, SourceId>,
    sources: BTreeMap<SourceId, SafeText>,
}

/// The right to ask, until it is dropped.
#[derive(Debug)]
pub struct Turn(#[expect(dead_code, reason = "held, not read")] Vec<OwnedSemaphorePermit>);

impl Default for Gate {
    fn default() -> Self {
        Self::new(SSH)
    }
}

impl Gate {
    /// A gate through which `ssh` hosts are asked at once, at least one.
    pub fn new(ssh: usize) -> Self {
        let room = |count| Arc::new(Semaphore::new(count));
        let (healed, _) = watch::channel(None);
        let (all, down, ssh) = (room(SOCKETS), room(DOWN), room(ssh.clamp(1, SOCKETS)));
        Self { all, down, ssh, roll: Mutex::default(), healed }
    }

    /// Waits for a turn. `None` when isomon goes down.
    pub async fn enter(&self, down: bool, ssh: bool) -> Option<Turn> {
        let mut turn = Vec::with_capacity(2);
        // The narrow gates come first, so that nobody holds room while waiting there.
        for (wanted, gate) in [(down, &self.down), (ssh, &self.ssh), (true, &self.all)] {
            if wanted {
                turn.push(Arc::clone(gate).acquire_owned().await.ok()?);
            }
        }
        Some(Turn(turn))
    }

    /// Questions that are on their way.
    pub fn asking(&self) -> usize {
        SOCKETS - self.all.available_permits()
    }

    /// Notes that the server `instance` is the source `id`; an error names the source it is already.
    pub fn claim(&self, instance: &SafeText, id: &SourceId) -> Result<(), SourceId> {
        let mut roll = self.roll.lock().unwrap_or_else(PoisonError::into_inner);
        match roll.servers.get(instance) {
            Some(other) if other != id => return Err(other.clone()),
            Some(_) => return Ok(()),
            None => {}
        }
        roll.servers.insert(instance.clone(), id.clone());
        if let Some(before) = roll.sources.insert(id.clone(), instance.clone()) {
            roll.servers.remove(&before);
        }
        Ok(())
    }

    /// Says that a source answers again that was down for long: what stood between may be gone for
    /// others too.
    pub fn heal(&self) {
        let now = Instant::now();
        self.healed.send_if_modified(|last| {
            let due = last.is_none_or(|last| now.duration_since(last) >= APART);
            if due {
                *last = Some(now);
            }
            due
        });
    }

    /// When others came back.
    pub fn healed(&self) -> watch::Receiver<Option<Instant>> {
        self.healed.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_dead_leave_room_for_the_living() {
        let gate = Gate::default();
        let mut turns = Vec::new();
        for _ in 0..DOWN {
            turns.push(gate.enter(true, false).await.unwrap());
        }
        let wait = Duration::from_millis(10);
        assert!(tokio::time::timeout(wait, gate.enter(true, false)).await.is_err());
        assert!(gate.enter(false, false).await.is_some());
        assert_eq!(gate.asking(), DOWN);
        turns.clear();
        assert_eq!(gate.asking(), 0);
    }

    #[test]
    fn a_server_belongs_to_the_first_that_found_it() {
        let gate = Gate::default();
        let (a, b) = (SourceId("a".into()), SourceId("b".into()));
        assert_eq!(gate.claim(&"x".into(), &a), Ok(()));
        assert_eq!(gate.claim(&"x".into(), &a), Ok(()));
        assert_eq!(gate.claim(&"x".into(), &b), Err(a.clone()));
        assert_eq!(gate.claim(&"y".into(), &a), Ok(()), "it was started anew");
        assert_eq!(gate.claim(&"x".into(), &b), Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_network_that_flaps_is_called_back_now_and_then() {
        let gate = Gate::default();
        let mut healed = gate.healed();
        gate.heal();
        assert!(healed.has_changed().unwrap());
        healed.mark_unchanged();
        gate.heal();
        assert!(!healed.has_changed().unwrap());
        tokio::time::advance(APART).await;
        gate.heal();
        assert!(healed.has_changed().unwrap());
    }
}
