//! The hands of a check: camps in which backends are tried at the same time.
//!
//! Nothing is measured at a check, so one that hangs until its time is over holds up no other. Each
//! camp has a run's id, a reaper and limits of its own; each takes what is next when it is free.

use futures_util::future::join_all;
use tokio::sync::{Mutex, Semaphore};

use super::inspect;
use crate::backend::settings::CampSettings;
use crate::backend::{Camp, Error, LeftOver};
use crate::model::backend::{BackendId, BackendStatus};
use crate::model::id::RunId;

/// Camps, and how many of them are free.
pub(super) struct Hands {
    free: Semaphore,
    camps: Vec<Mutex<Camp>>,
}

impl Hands {
    /// A camp for each of `ids`, or as many as there can be; fails if there can be none.
    pub(super) async fn open(ids: &[RunId], settings: &CampSettings) -> Result<Self, Error> {
        let mut refused = Error::Interrupted { doing: "check" };
        let mut camps = Vec::new();
        for opened in join_all(ids.iter().map(|id| Camp::open(id, settings))).await {
            match opened {
                Ok(camp) => camps.push(Mutex::new(camp)),
                Err(error) => refused = error,
            }
        }
        if camps.is_empty() {
            return Err(refused);
        }
        Ok(Self { free: Semaphore::new(camps.len()), camps })
    }

    /// Tries `id` in the next camp that is free; `None` only where there is none for ever.
    pub(super) async fn inspect(
        &self,
        settings: &CampSettings,
        id: BackendId,
        nonce: u64,
    ) -> Option<BackendStatus> {
        let _turn = self.free.acquire().await.ok()?;
        let mut camp = self.camps.iter().find_map(|camp| camp.try_lock().ok())?;
        Some(inspect(&mut camp, settings, id, nonce).await)
    }

    /// Ends all of them; what is left.
    pub(super) async fn close(self) -> Result<Vec<LeftOver>, Error> {
        let closing = self.camps.into_iter().map(|camp| camp.into_inner().close());
        let mut left = Vec::new();
        let mut outcome = Ok(());
        for closed in join_all(closing).await {
            match closed {
                Ok(swept) => left.extend(swept.left),
                Err(error) => outcome = outcome.and(Err(error)),
            }
        }
        outcome.map(|()| left)
    }
}
