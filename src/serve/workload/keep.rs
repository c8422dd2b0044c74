//! Forgets workloads that are too many or too old for what the user set: at the start, when the settings
//! may be others than before, and each hour.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::Platform;

/// Time between two looks.
const EVERY: Duration = Duration::from_hours(1);

/// Looks until isomon ends. A file that fails says so elsewhere.
pub(super) async fn keep(platform: Arc<Platform>) {
    let mut looks = interval(EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while platform.stop.run_until_cancelled(looks.tick()).await.is_some() {
        while platform.ledger.forget(platform.now_ns()).await.unwrap_or(false) {
            platform.changed.notify_one();
        }
    }
}
