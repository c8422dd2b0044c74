//! What became of a job: as an exit status, as a line, as JSON.

use color_eyre::eyre::Result;
use serde_json::{Value, json};

use super::sink::Kept;
use super::{Exit, UNABLE};
use crate::backend::{Task, Trial, Work};
use crate::hub::local::Ended;
use crate::model::bench::{Failure, Outcome, Phase};
use crate::model::job::What;
use crate::model::text::{SafeText, safe_json};
use crate::model::unit::{Bytes, Seconds};
use crate::model::workload::Status;

/// Status when its time was over; `timeout` gives the same.
const TIMED_OUT: u8 = 124;
/// Statuses when a command cannot be executed, and when it is not there; shells give the same.
const NOT_EXECUTED: i32 = 126;
const NOT_FOUND: i32 = 127;
/// Status when it was killed for want of memory.
const OUT_OF_MEMORY: u8 = 128 + 9;

/// A job and its end.
pub(super) struct Verdict<'a> {
    pub(super) task: &'a Task,
    pub(super) ended: &'a Ended,
}

impl Verdict<'_> {
    const fn trial(&self) -> &Trial {
        &self.ended.trial
    }

    fn failure(&self) -> Option<Failure> {
        match self.trial().outcome {
            Outcome::Good => None,
            Outcome::Failed { kind, .. } => Some(kind),
        }
    }

    /// The status isomon ends with.
    pub(super) fn exit(&self) -> Exit {
        let own = || match (self.trial().status, self.trial().signal) {
            (Some(status), _) => u8::try_from(status & 0xff).unwrap_or(1),
            (None, Some(signal)) => u8::try_from(128 + signal).unwrap_or(UNABLE),
            // An isolate has no status: it ended well, or it did not.
            (None, None) => u8::from(self.failure().is_some()),
        };
        Exit::Of(match self.failure() {
            Some(Failure::Timeout) => TIMED_OUT,
            Some(Failure::Memory) => OUT_OF_MEMORY,
            Some(Failure::Start | Failure::NotReady) => UNABLE,
            None | Some(Failure::Status | Failure::WrongResult | Failure::Leak) => own(),
        })
    }

    /// What it counts as among workloads: a status of its own is no failure of the platform.
    pub(super) fn workload_status(&self) -> Status {
        match self.failure() {
            None | Some(Failure::Leak) => Status::Completed,
            Some(Failure::Status) if self.trial().status.is_some() => Status::Completed,
            Some(_) => Status::Failed,
        }
    }

    /// How it went, in one line.
    pub(super) fn line(&self) -> String {
        let mut said = vec![self.task.backend.to_string(), self.outcome()];
        said.extend(self.duration().map(|duration| duration.to_string()));
        // The clearing up comes after what is told here.
        let told = Phase::ALL.into_iter().filter(|phase| *phase != Phase::Clean);
        let phases = told.filter_map(|phase| {
            Some(format!("{} {}", phase.name(), self.trial().phases.get(phase)?))
        });
        let phases: Vec<String> = phases.collect();
        said.extend((!phases.is_empty()).then(|| phases.join(", ")));
        let dropped = self.trial().dropped_bytes;
        said.extend(
            (dropped > 0).then(|| format!("{} of output dropped, see --output", Bytes(dropped))),
        );
        said.extend(self.unlimited());
        let mut line = said.join(" · ");
        if let Some(remedy) = self.ended.remedy.as_ref().filter(|remedy| !remedy.is_empty()) {
            line.push_str("\n  try: ");
            line.push_str(remedy.as_str());
        }
        line
    }

    pub(super) fn outcome(&self) -> String {
        let Outcome::Failed { kind, message } = &self.trial().outcome else {
            return "good".to_owned();
        };
        match (kind, self.trial().status, self.trial().signal) {
            // What it complained about stands above.
            (Failure::Status, Some(status), _) if status > 128 => {
                format!("status {status}{}", signal_name(status - 128))
            }
            (Failure::Status, Some(status @ (NOT_EXECUTED | NOT_FOUND)), _) => {
                let of = self.named().map(|path| format!(" of {path}")).unwrap_or_default();
                format!("status {status}{of}")
            }
            (Failure::Status, Some(status), _) => format!("status {status}"),
            (Failure::Status, None, Some(signal)) => {
                format!("signal {signal}{}", signal_name(signal))
            }
            (Failure::Timeout, ..) => {
                format!("killed after {}", self.task.limits.timeout_seconds)
            }
            (Failure::Memory, ..) => {
                format!("killed: more than {} of memory", self.task.limits.memory_bytes)
            }
            // Code in an isolate has no status: it threw, and said what.
            (Failure::Status, None, None) if message.as_str() != kind.words() => {
                format!("failed: {message}")
            }
            (Failure::Leak, ..) => "left processes behind, which were killed".to_owned(),
            _ => kind.told(message),
        }
    }

    /// The path that the user named, which may be called otherwise inside.
    fn named(&self) -> Option<SafeText> {
        let Work::Job(job) = &self.task.work else { return None };
        let What::Command(words) = &job.what else { return None };
        let path = words.first().filter(|word| word.contains('/'))?;
        Some(SafeText::new(path))
    }

    /// Until it had ended.
    pub(super) fn duration(&self) -> Option<Seconds> {
        let phases = &self.trial().phases;
        [Phase::Exit, Phase::Run].into_iter().find_map(|last| phases.until(last))
    }

    /// Which bounds do not hold here.
    fn unlimited(&self) -> Option<String> {
        let missing = self.enforced().into_iter().filter(|(_, is)| !is).map(|(name, _)| name);
        let missing: Vec<&str> = missing.collect();
        let began = !matches!(self.failure(), Some(Failure::Start | Failure::NotReady));
        (!missing.is_empty() && began).then(|| format!("not limited: {}", missing.join(", ")))
    }

    const fn enforced(&self) -> [(&'static str, bool); 3] {
        let traits = &self.ended.traits;
        [("memory", traits.memory_limit), ("cpus", traits.cpu_limit), ("pids", traits.pids_limit)]
    }

    /// All of it.
    pub(super) fn json(&self, kept: &Kept) -> Result<String> {
        let Exit::Of(code) = self.exit() else { return Ok(String::new()) };
        let enforced = self.enforced().into_iter().filter(|(_, is)| *is).map(|(name, _)| name);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let object = json!({
            "format": 1,
            "backend": self.task.backend,
            "start": self.task.start,
            "outcome": self.trial().outcome,
            "remedy": self.ended.remedy,
            "exit_code": code,
            "signal": self.trial().signal,
            "result": self.result(),
            "stdout": text(&kept.output),
            "stderr": text(&kept.error),
            "dropped_bytes": self.trial().dropped_bytes + kept.dropped,
            "duration_seconds": self.duration(),
            "phases": self.trial().phases,
            "limits": self.task.limits,
            "limits_enforced": enforced.collect::<Vec<_>>(),
        });
        Ok(safe_json(&serde_json::to_string_pretty(&object)?) + "\n")
    }

    /// The result as JSON; as text where it is none.
    fn result(&self) -> Value {
        let value = self.trial().value.as_deref();
        value.map_or(Value::Null, |value| {
            serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()))
        })
    }
}

/// ` (killed)` and the like, for signals that people know.
fn signal_name(number: i32) -> SafeText {
    let name = match number {
        2 => " (interrupted)",
        6 => " (aborted)",
        9 => " (killed)",
        11 => " (segmentation fault)",
        13 => " (broken pipe)",
        15 => " (terminated)",
        _ => "",
    };
    name.into()
}

#[cfg(test)]
#[expect(
    clippy::redundant_closure_for_method_calls,
    reason = "a method of a borrowing type is not general enough"
)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::backend::{BackendId, Start, Traits};
    use crate::model::bench::{Limits, Phases};
    use crate::model::job::Job;

    fn ended(failure: Option<Failure>, status: Option<i32>, signal: Option<i32>) -> Ended {
        let mut phases = Phases::default();
        phases.set(Phase::Create, Seconds(0.001));
        phases.set(Phase::Run, Seconds(0.002));
        let outcome =
            failure.map_or(Outcome::Good, |kind| Outcome::Failed { kind, message: "why".into() });
        let trial = Trial {
            phases,
            outcome,
            status,
            signal,
            value: None,
            left_over: false,
            dropped_bytes: 0,
            said: Vec::new(),
        };
        let traits =
            Traits { memory_limit: true, cpu_limit: true, pids_limit: true, ..Traits::default() };
        Ended { trial, traits, remedy: None }
    }

    fn with<T>(ended: &Ended, look: impl Fn(&Verdict<'_>) -> T) -> T {
        of(Job::default(), ended, look)
    }

    fn of<T>(job: Job, ended: &Ended, look: impl Fn(&Verdict<'_>) -> T) -> T {
        let task = Task {
            kernel: None,
            backend: BackendId::Namespaces,
            start: Start::Cold,
            work: Work::Job(Arc::new(job)),
            nonce: 0,
            limits: Limits::default(),
        };
        look(&Verdict { task: &task, ended })
    }

    #[test]
    fn the_status_is_the_commands_own_unless_isomon_has_something_to_say() {
        let rows = [
            (None, Some(0), None, 0),
            (Some(Failure::Status), Some(3), None, 3),
            (Some(Failure::Status), Some(139), None, 139),
            (Some(Failure::Status), None, Some(15), 143),
            (Some(Failure::Timeout), None, Some(9), 124),
            (Some(Failure::Memory), Some(1), None, 137),
            (Some(Failure::Start), None, None, 125),
            (Some(Failure::NotReady), Some(1), None, 125),
            (Some(Failure::Leak), Some(0), None, 0),
            (Some(Failure::Status), None, None, 1),
        ];
        for (failure, status, signal, wanted) in rows {
            let ended = ended(failure, status, signal);
            assert_eq!(with(&ended, |verdict| verdict.exit()), Exit::Of(wanted), "{ended:?}");
        }
    }

    #[test]
    fn the_line_says_how_it_went_and_what_is_not_bounded() {
        let mut good = ended(None, Some(0), None);
        assert_eq!(
            with(&good, |verdict| verdict.line()),
            "namespaces · good · 3.00 ms · create 1.00 ms, run 2.00 ms"
        );
        good.traits.memory_limit = false;
        assert!(with(&good, |verdict| verdict.line()).ends_with("not limited: memory"));
        let killed = ended(Some(Failure::Status), Some(143), None);
        assert!(with(&killed, |verdict| verdict.line()).contains("status 143 (terminated)"));
    }

    #[test]
    fn what_could_not_be_executed_is_called_as_the_user_does() {
        let said = |program: &str, status: i32| {
            let job = Job { what: What::Command(vec![program.to_owned()]), ..Job::default() };
            of(job, &ended(Some(Failure::Status), Some(status), None), |verdict| verdict.outcome())
        };
        assert_eq!(said("/etc/passwd", 126), "status 126 of /etc/passwd");
        assert_eq!(said("/home/me/tool", 127), "status 127 of /home/me/tool");
        assert_eq!(said("tool", 127), "status 127");
        assert_eq!(said("/bin/false", 1), "status 1");
    }

    #[test]
    fn a_result_is_json_or_else_text() {
        let mut ended = ended(None, None, None);
        ended.trial.value = Some("{\"a\":1}".to_owned());
        assert_eq!(with(&ended, |verdict| verdict.result()), json!({"a": 1}));
        ended.trial.value = Some("[object".to_owned());
        assert_eq!(with(&ended, |verdict| verdict.result()), json!("[object"));
    }
}
