//! Where a run's sandboxes are made, and what every recipe takes from there.

use std::path::PathBuf;

use super::audit::MARK;
use super::kind::Errand;
use super::settings::CampSettings;
use super::trial::{Task, Work};
use super::view::View;
use super::wire::{Call, Launch, Run};
use super::{Error, host, isolate};
use crate::model::id::RunId;
use crate::model::job::Runtime;
use crate::model::unit::Seconds;

/// Time until a user's work has begun, at most: a backend that hangs is told from work that is long.
const READY_MS: u64 = 10_000;

/// Where a run's sandboxes are made.
#[derive(Debug)]
pub(super) struct Site {
    /// The surroundings.
    pub settings: CampSettings,
    /// The run.
    pub id: RunId,
    /// The run's directory.
    pub place: PathBuf,
    /// What of the host is shown inside.
    pub view: View,
}

impl Site {
    /// An order to run `argv` in the bounds of `errand`.
    pub(super) fn launch(&self, errand: &Errand<'_>, argv: Vec<String>) -> Launch {
        let limits = &errand.task.limits;
        Launch {
            argv,
            input: errand.input.clone(),
            stream: errand.stream,
            ready_ms: Self::says_marker(errand).then_some(READY_MS),
            nonce: errand.task.nonce,
            timeout_ms: milliseconds(limits.timeout_seconds),
            keep_bytes: limits.output_bytes.0,
            env: self.env_in(errand.lot),
            ..Launch::default()
        }
    }

    /// An order to have the host `argv` do `errand`; code of a user's must be in `speaks`.
    pub(super) fn call(
        &self,
        errand: &Errand<'_>,
        argv: Vec<String>,
        speaks: Runtime,
    ) -> Result<Call, Error> {
        let Task { start, work, nonce, limits, .. } = errand.task;
        let payload = errand.payload();
        if let Some(why) = payload.and_then(|payload| payload.lack(errand.task.backend, false)) {
            return Err(Error::refused(why));
        }
        let deadline_ms = milliseconds(limits.timeout_seconds);
        let (code, input) = isolate::code(work, speaks)?;
        let heap_bytes = limits.memory_bytes.0;
        let run = Run { start: *start, nonce: *nonce, heap_bytes, deadline_ms, code, input };
        Ok(Call {
            argv,
            env: self.env_in(errand.lot),
            runs: vec![run],
            timeout_ms: host::timeout_ms(deadline_ms),
            keep_bytes: limits.output_bytes.0,
            stream: errand.stream,
            pace: None,
            hold: matches!(work, Work::Hold),
        })
    }

    /// Whether a user's work is begun by isomon, which says so.
    fn says_marker(errand: &Errand<'_>) -> bool {
        matches!(errand.task.work, Work::Job(_)) && !errand.direct
    }

    /// The same for a sandbox in the lot called `lot`, which adds its name to the mark.
    pub(super) fn env_in(&self, lot: &str) -> Vec<(String, String)> {
        let mut env = self.env();
        env.iter_mut().filter(|(name, _)| name == MARK).for_each(|(_, run)| {
            run.push('/');
            run.push_str(lot);
        });
        env
    }

    /// The whole environment of whatever this run starts.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let mark = (MARK.to_owned(), self.id.to_string());
        vec![mark, ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned())]
    }
}

fn milliseconds(length: Seconds) -> u64 {
    // A cast of a negative or endless time saturates, which is what is meant.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let milliseconds = (length.0 * 1e3) as u64;
    milliseconds
}
