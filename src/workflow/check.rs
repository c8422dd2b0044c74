//! Waiting until what a stage started is ready.
//!
//! Both the time and the attempts bound it. Attempts are spread over the time, so that ten of them in
//! thirty seconds do not end it after ten.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::journal::Journal;
use super::mask::Mask;
use crate::host::{Host, Order};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;
use crate::model::workflow::event::Attempt;
use crate::model::workflow::{HealthCheck, WorkflowEvent};

/// Time one look may take.
const LOOK: Duration = Duration::from_secs(10);
/// Time from one look to the next, at least.
const SHORTEST: Duration = Duration::from_millis(10);
/// Time for all of it at most: the clock counts no further.
const LONGEST: f64 = 31_536_000.0;

/// A check that is being made.
pub(super) struct Check<'a> {
    pub(super) wish: &'a HealthCheck,
    /// What is looked at, with all names put in.
    pub(super) target: String,
    pub(super) host: &'a Arc<dyn Host>,
    pub(super) order: Order,
    pub(super) task: usize,
    pub(super) journal: &'a Journal,
    pub(super) mask: &'a Mask,
}

impl Check<'_> {
    /// Looks until it is ready; why it is not, when the time is over or the attempts are made.
    pub(super) async fn wait(&self) -> Result<(), SafeText> {
        let timeout = duration(self.wish.timeout);
        let (of, gap) = (self.wish.retries.filter(|count| *count > 0), self.gap());
        let begun = Instant::now();
        let mut said = SafeText::from("it was not looked at");
        for attempt in 1.. {
            let left = timeout.saturating_sub(begun.elapsed());
            if left.is_zero() {
                break;
            }
            let ready = self.look(left, &mut said).await;
            let left = Seconds(timeout.saturating_sub(begun.elapsed()).as_secs_f64());
            self.tell(Attempt {
                attempt,
                of,
                left,
                ready,
                said: said.clone(),
                task: self.number(),
            })
            .await;
            if ready {
                return Ok(());
            }
            if of.is_some_and(|of| attempt >= of) {
                break;
            }
            let next = begun + gap.saturating_mul(attempt);
            tokio::time::sleep_until(next.min(begun + timeout)).await;
        }
        let spent = Seconds(begun.elapsed().as_secs_f64().min(timeout.as_secs_f64()));
        Err(format!("not ready after {spent}: {said}").into())
    }

    async fn look(&self, left: Duration, said: &mut SafeText) -> bool {
        let look = self.host.look(self.wish.kind, &self.target, &self.order);
        match tokio::time::timeout(left.min(LOOK), look).await {
            Ok(Ok(sight)) => {
                *said = self.mask.hide(sight.said.as_str()).into();
                sight.ready
            }
            Ok(Err(error)) => {
                *said = self.mask.hide(&error.to_string()).into();
                false
            }
            Err(_) => {
                let kind = self.wish.kind.word();
                *said =
                    format!("{kind} {}: no answer in time", self.mask.hide(&self.target)).into();
                false
            }
        }
    }

    async fn tell(&self, attempt: Attempt) {
        self.journal.tell(WorkflowEvent::Attempt(attempt)).await;
    }

    fn number(&self) -> u32 {
        u32::try_from(self.task).unwrap_or(u32::MAX)
    }

    /// Time from one attempt to the next.
    fn gap(&self) -> Duration {
        let every = duration(self.wish.every).max(SHORTEST);
        let tries = self.wish.retries.filter(|count| *count > 0);
        tries.map_or(every, |count| every.max(duration(self.wish.timeout) / count))
    }
}

/// A length of time that can be waited for, whatever the file said.
pub(super) fn duration(seconds: Seconds) -> Duration {
    let bounded = if seconds.0.is_finite() { seconds.0.clamp(0.0, LONGEST) } else { LONGEST };
    Duration::from_secs_f64(bounded)
}
