//! Turns a launcher's report into a verdict and its phases. Pure.

use std::fmt::Write;

use super::isolate::Fault;
use super::payload;
use super::trial::{Task, Trial, Work};
use super::wire::Report;
use crate::model::backend::Start;
use crate::model::bench::{Failure, Outcome, Payload, Phase, Phases};
use crate::model::text::SafeText;
use crate::model::unit::Seconds;

/// Lines that are kept of what a sandbox wrote last.
const LAST_WORDS: usize = 20;

/// What became of `task` by `report`.
pub(super) fn trial(report: Report, task: &Task, is_host: bool, out_of_memory: bool) -> Trial {
    let outcome = match judge(&report, &task.work, task.nonce, out_of_memory) {
        Outcome::Failed { message, .. } if is_host && is_the_codes(&report, task) => {
            Outcome::Failed { kind: Failure::Status, message }
        }
        outcome => outcome,
    };
    // A program that is not ours says no result and no end of its own that we could believe.
    let program = matches!(task.work, Work::Job(_)) && !is_host;
    // A Linux guest's first process is ours, and says when the work was over.
    let report = if program && report.framed {
        Report { value: None, ..report }
    } else if program {
        // Its run is until it has ended; where that was not told from the start, all is one.
        let done_ns = report.ready_ns.and(report.exited_ns);
        let exited_ns = report.exited_ns.filter(|_| done_ns.is_none());
        Report { value: None, done_ns, exited_ns, ..report }
    } else {
        report
    };
    let said = if outcome == Outcome::Good { Vec::new() } else { last_words(&report) };
    Trial {
        phases: phases(&report),
        said,
        outcome,
        status: report.status,
        signal: report.signal,
        value: report.value,
        left_over: report.left_over,
        dropped_bytes: report.dropped_bytes,
    }
}

/// The last lines that a sandbox wrote.
fn last_words(report: &Report) -> Vec<SafeText> {
    let all = report
        .complaint
        .lines()
        .chain((!report.first_line.is_empty()).then_some(&*report.first_line));
    let lines: Vec<&str> = all.filter(|line| !line.trim().is_empty()).collect();
    let skipped = lines.len().saturating_sub(LAST_WORDS);
    lines.into_iter().skip(skipped).map(SafeText::new).collect()
}

/// How `task`, which is to stand still, began by `report`.
pub(super) fn stood(report: &Report, task: &Task, is_host: bool, out_of_memory: bool) -> Outcome {
    if is_host {
        return judge(report, &Work::Payload(Payload::Noop), task.nonce, out_of_memory);
    }
    let rows = [
        (out_of_memory || no_room(report), Failure::Memory),
        (report.start_error.is_some(), Failure::Start),
        (report.timed_out, Failure::Timeout),
        (report.ready_ns.is_none(), Failure::NotReady),
        (report.pid.is_none(), Failure::Status),
    ];
    let fault = rows.into_iter().find_map(|(is, kind)| is.then_some(kind));
    fault.filter(|_| report.pid.is_none()).map_or(Outcome::Good, |kind| Outcome::Failed {
        kind,
        message: explain(report, kind, true),
    })
}

/// Whether the user's code itself is wrong: its isolate was there, and took it, and threw. Nothing on
/// the machine mends that.
fn is_the_codes(report: &Report, task: &Task) -> bool {
    let was_there = report.created_ns.is_some() || task.start == Start::Warm;
    let threw = matches!(report.fault, Some(Fault::Error | Fault::Create));
    matches!(task.work, Work::Job(_)) && was_there && threw && report.signal.is_none()
}

/// How the sandbox behind `report` ended. `out_of_memory`: the kernel killed something in it for
/// want of memory meanwhile.
pub(super) fn judge(report: &Report, work: &Work, nonce: u64, out_of_memory: bool) -> Outcome {
    match fault(report, work, nonce, out_of_memory) {
        None => Outcome::Good,
        Some(kind) => {
            let message = explain(report, kind, !matches!(work, Work::Job(_)));
            Outcome::Failed { kind, message }
        }
    }
}

fn fault(report: &Report, work: &Work, nonce: u64, out_of_memory: bool) -> Option<Failure> {
    let ended_well = report.status == Some(0) && report.fault.is_none();
    let (told, right) = match work {
        Work::Payload(payload) => {
            let wanted = payload::expected(*payload, nonce).to_string();
            (report.value.is_some(), report.value.as_deref() == Some(&wanted))
        }
        Work::Look => (report.value.is_some(), true),
        Work::Job(_) => (true, true),
        // It should be there still.
        Work::Hold => (false, false),
    };
    // In a root of the user's nothing of ours runs that could say the marker.
    let rooted = matches!(work, Work::Job(job) if job.root.is_some());
    let silent = (rooted || report.silent) && !report.framed;
    let never_began = report.ready_ns.is_none() && !silent;
    let job = matches!(work, Work::Job(_));
    let rows = [
        ((out_of_memory || no_room(report)) && !(ended_well && right), Failure::Memory),
        (report.start_error.is_some(), Failure::Start),
        (report.fault == Some(Fault::Memory), Failure::Memory),
        (report.fault == Some(Fault::Deadline), Failure::Timeout),
        (report.timed_out && !(job && never_began), Failure::Timeout),
        (never_began, Failure::NotReady),
        (told && !right, Failure::WrongResult),
        (!ended_well, Failure::Status),
        (!told, Failure::WrongResult),
        (report.left_over, Failure::Leak),
    ];
    rows.into_iter().find_map(|(is, kind)| is.then_some(kind))
}

/// Whether it is a guest of ours that says that its memory is too small for the work.
fn no_room(report: &Report) -> bool {
    report.value.is_none() && report.first_line.starts_with(payload::NO_ROOM)
}

/// The first line that tells a person what happened; `ours` where output itself is a complaint.
fn explain(report: &Report, kind: Failure, ours: bool) -> SafeText {
    let mut told = report.start_error.clone().unwrap_or_default();
    let complaint = report.complaint.lines().rev().find(|line| !line.trim().is_empty());
    let complaint = complaint.filter(|_| !no_room(report));
    let first_line = Some(&report.first_line).filter(|_| ours).map(String::as_str);
    if told.is_empty() && kind != Failure::Leak {
        told = plain(complaint.or(first_line).unwrap_or_default());
    }
    if told.is_empty() && kind == Failure::NotReady && report.timed_out {
        let words =
            if report.framed { "a Linux guest was not up in time" } else { "not ready in time" };
        words.clone_into(&mut told);
    }
    if told.is_empty() {
        kind.words().clone_into(&mut told);
    }
    let status = report.status.filter(|status| *status != 0);
    // What was refused or is too late was killed by us.
    let killed = report.timed_out || report.start_error.is_some();
    let written = match (report.signal, status) {
        (Some(signal), _) if !killed => write!(told, " (signal {signal})"),
        (None, Some(status)) => write!(told, " (status {status})"),
        _ => Ok(()),
    };
    debug_assert!(written.is_ok(), "a string takes any text");
    SafeText::new(&told)
}

/// What `line` says: of a line for a log, `time="…" level=error msg="…"`, the message.
fn plain(line: &str) -> String {
    let message = line.split_once(" msg=\"").filter(|_| line.starts_with("time="));
    let message = message.and_then(|(_, rest)| rest.rsplit_once('"'));
    message.map_or_else(|| line.to_owned(), |(message, _)| message.replace("\\\"", "\""))
}

/// What a program that did not do its work complained about.
pub(super) fn complaint(report: &Report) -> SafeText {
    let kind = if report.timed_out { Failure::Timeout } else { Failure::Status };
    explain(report, kind, true)
}

/// The outcome of what could not even be asked to start.
pub(super) fn refused(why: &dyn std::error::Error) -> Outcome {
    Outcome::Failed { kind: Failure::Start, message: SafeText::new(&why.to_string()) }
}

/// The phases that were reached.
pub(super) fn phases(report: &Report) -> Phases {
    let mut phases = Phases::default();
    let mut before = 0;
    for (phase, at) in [
        (Phase::Create, report.created_ns),
        (Phase::Boot, report.booted_ns),
        (Phase::Init, report.inited_ns),
        (Phase::Ready, report.ready_ns),
        (Phase::Run, report.done_ns),
        (Phase::Exit, report.exited_ns),
        (Phase::Clean, report.clean_ns),
    ] {
        let Some(at) = at else { continue };
        phases.set(phase, Seconds(at.saturating_sub(before) as f64 / 1e9));
        before = at.max(before);
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Report {
        Report {
            created_ns: Some(1_000),
            ready_ns: Some(3_000),
            done_ns: Some(3_000),
            exited_ns: Some(7_000),
            clean_ns: Some(7_500),
            status: Some(0),
            value: Some(payload::expected(Payload::Noop, 9).to_string()),
            ..Report::default()
        }
    }

    fn kind(report: &Report, out_of_memory: bool) -> Option<Failure> {
        match judge(report, &Work::Payload(Payload::Noop), 9, out_of_memory) {
            Outcome::Good => None,
            Outcome::Failed { kind, .. } => Some(kind),
        }
    }

    #[test]
    fn each_fault_has_its_class() {
        let with = |change: fn(&mut Report)| {
            let mut report = good();
            change(&mut report);
            kind(&report, false)
        };
        assert_eq!(kind(&good(), false), None);
        assert_eq!(with(|r| r.start_error = Some("no".into())), Some(Failure::Start));
        assert_eq!(with(|r| r.timed_out = true), Some(Failure::Timeout));
        assert_eq!(with(|r| r.ready_ns = None), Some(Failure::NotReady));
        assert_eq!(with(|r| r.value = Some("7".into())), Some(Failure::WrongResult));
        assert_eq!(with(|r| r.value = None), Some(Failure::WrongResult));
        assert_eq!(with(|r| r.status = Some(3)), Some(Failure::Status));
        assert_eq!(with(|r| r.left_over = true), Some(Failure::Leak));
        assert_eq!(with(|r| r.fault = Some(Fault::Memory)), Some(Failure::Memory));
        assert_eq!(with(|r| r.fault = Some(Fault::Deadline)), Some(Failure::Timeout));
        assert_eq!(with(|r| r.fault = Some(Fault::Error)), Some(Failure::Status));
        let killed = |r: &mut Report| (r.status, r.signal, r.value) = (None, Some(9), None);
        assert_eq!(with(killed), Some(Failure::Status));
        let mut hungry = good();
        killed(&mut hungry);
        assert_eq!(kind(&hungry, true), Some(Failure::Memory));
        let small = |r: &mut Report| {
            (r.value, r.first_line) = (None, format!("{} 9 MiB", payload::NO_ROOM));
            r.complaint = "a warning of the hypervisor".into();
        };
        assert_eq!(with(small), Some(Failure::Memory));
        let mut report = good();
        small(&mut report);
        assert_eq!(
            explain(&report, Failure::Memory, true).as_str(),
            "isomon guest: no room for 9 MiB"
        );
    }

    #[test]
    fn phases_add_up_to_the_end_and_missing_ones_are_absent() {
        let mut report = good();
        assert_eq!(phases(&report).until(Phase::Exit), Some(Seconds(7e-6)));
        report.done_ns = None;
        assert_eq!(phases(&report).run_seconds, None);
        assert_eq!(phases(&report).exit_seconds, Some(Seconds(4e-6)));
    }

    #[test]
    fn the_message_is_what_the_tool_complained_about() {
        let mut report = good();
        report.status = Some(1);
        report.complaint = "warning\nno such\u{1b}[2J platform\n".into();
        let Outcome::Failed { message, .. } =
            judge(&report, &Work::Payload(Payload::Noop), 9, false)
        else {
            panic!("status 1 is a failure");
        };
        assert_eq!(message.as_str(), "no such^[[2J platform (status 1)");
    }

    #[test]
    fn of_a_line_for_a_log_the_message_is_told() {
        let line = r#"time="2026-11-21T07:27:50Z" level=error msg="no \"user\" namespaces""#;
        assert_eq!(plain(line), r#"no "user" namespaces"#);
        assert_eq!(plain(r#"a msg="b""#), r#"a msg="b""#);
    }

    #[test]
    fn code_that_throws_is_the_users_and_not_the_backends() {
        let job = || Work::Job(std::sync::Arc::new(crate::model::job::Job::default()));
        let task = |start| Task {
            backend: crate::model::backend::BackendId::Deno,
            start,
            work: job(),
            kernel: None,
            nonce: 9,
            limits: crate::model::bench::Limits::default(),
        };
        let kind = |created_ns, start| {
            let fault = Some(Fault::Error);
            let report = Report { created_ns, fault, status: None, ready_ns: None, ..good() };
            match trial(report, &task(start), true, false).outcome {
                Outcome::Failed { kind, .. } => Some(kind),
                Outcome::Good => None,
            }
        };
        assert_eq!(kind(Some(1), Start::Cold), Some(Failure::Status));
        assert_eq!(kind(None, Start::Warm), Some(Failure::Status));
        assert_eq!(kind(None, Start::Cold), Some(Failure::NotReady), "there was no isolate yet");
    }
}
