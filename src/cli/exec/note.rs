//! What `isomon exec` ran, noted among the workloads of this machine, so that it counts in their figures.
//!
//! What the work said and was given is its user's and not noted. A note that cannot be made is no
//! failure of the work: the log says why.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use ulid::Ulid;

use super::super::setting::state_dir;
use super::verdict::Verdict;
use crate::backend::{Task, Work};
use crate::model::job::Runtime;
use crate::model::time::{Clock, SystemClock};
use crate::model::unit::Seconds;
use crate::model::workload::Status;
use crate::store::workload::{Keep, Record, note};

/// When the work began, as far as a note is concerned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Begun {
    wall_ns: i64,
}

impl Begun {
    pub(super) fn now() -> Self {
        Self { wall_ns: SystemClock.wall_ns() }
    }

    /// Notes work that came to an end of its own.
    pub(super) fn ended(self, verdict: &Verdict<'_>) {
        let record = self.record(verdict.task);
        let status = verdict.workload_status();
        let error = (status == Status::Failed).then(|| verdict.outcome());
        keep(Record {
            status,
            exit_code: verdict.ended.trial.status.filter(|_| status == Status::Completed),
            duration_s: verdict.duration().map(|seconds| seconds.0),
            error,
            ..record
        });
    }

    /// Notes work that was ended because somebody wished so.
    pub(super) fn killed(self, task: &Task) {
        keep(Record { status: Status::Killed, ..self.record(task) });
    }

    fn record(self, task: &Task) -> Record {
        let runtime = match &task.work {
            Work::Job(job) => job.runtime(),
            _ => Runtime::Command,
        };
        let created_ms = u64::try_from(self.wall_ns / 1_000_000).unwrap_or_default();
        let id = Ulid::from_parts(created_ms, StdRng::from_os_rng().random());
        Record {
            id: id.to_string(),
            isolation: task.backend.name().to_owned(),
            backend: Some(task.backend.name().to_owned()),
            runtime: runtime.name().to_owned(),
            node: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            created_ns: self.wall_ns,
            started_ns: Some(self.wall_ns),
            finished_ns: Some(SystemClock.wall_ns()),
            cpus: Some(task.limits.cpus),
            mem_mb: Some(task.limits.memory_bytes.0 >> 20),
            timeout_s: Some(whole(task.limits.timeout_seconds)),
            ..Record::default()
        }
    }
}

/// Seconds, rounded up.
fn whole(time: Seconds) -> u64 {
    std::time::Duration::try_from_secs_f64(time.0.ceil()).map_or(0, |time| time.as_secs())
}

fn keep(record: Record) {
    let now_ns = record.finished_ns.unwrap_or_default();
    let kept = state_dir().map(|state| note(&state, &record, Keep::default(), now_ns));
    match kept {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "the work is not noted"),
        Err(error) => tracing::debug!(%error, "the work is not noted"),
    }
}
