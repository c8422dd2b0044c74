//! Whether anybody wants to know of processes: reading them all costs more than the rest together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use crate::model::time::Stamp;

/// Time after the last wish until processes are read no more; a fleet may ask every minute.
const LASTS: Duration = Duration::from_secs(30);

/// The wish to know of processes.
#[derive(Debug, Default)]
pub struct Depth {
    /// Milliseconds of the monotonic clock until when they are wanted.
    until_ms: AtomicU64,
    wished: Notify,
}

impl Depth {
    /// They are wanted as of `now`, for a while.
    pub fn want(&self, now: Stamp) {
        let until =
            now.mono_ms.saturating_add(u64::try_from(LASTS.as_millis()).unwrap_or_default());
        if self.until_ms.fetch_max(until, Ordering::Relaxed) < now.mono_ms {
            self.wished.notify_one();
        }
    }

    /// Whether they are wanted at `now`.
    pub fn is_wanted(&self, now: Stamp) -> bool {
        now.mono_ms <= self.until_ms.load(Ordering::Relaxed)
    }

    /// Waits until they are wanted after they were not.
    pub async fn wished(&self) {
        self.wished.notified().await;
    }
}
