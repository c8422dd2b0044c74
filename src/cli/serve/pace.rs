//! How often processes are read: like everything else while somebody wants to know of them, else never.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::serve::Context;
use crate::watch::Pace;

/// How often it is asked whether they are still wanted.
const ASK: Duration = Duration::from_secs(5);

/// Sets `processes` until `stop`.
pub(super) async fn follow(
    context: Arc<Context>,
    processes: watch::Sender<Pace>,
    stop: CancellationToken,
) {
    let mut pace = context.pace.clone();
    loop {
        let wanted = context.depth.is_wanted(context.clock.now());
        let Pace { interval, paused } = *pace.borrow_and_update();
        let next = Pace { interval, paused: paused || !wanted };
        processes.send_if_modified(|now| std::mem::replace(now, next) != next);
        tokio::select! {
            () = stop.cancelled() => return,
            changed = pace.changed() => if changed.is_err() { return },
            () = context.depth.wished(), if !wanted => {}
            () = tokio::time::sleep(ASK), if wanted => {}
        }
    }
}
