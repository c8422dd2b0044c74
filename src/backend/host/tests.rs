//! The keeper against hosts that are scripts: honest, dumb, loud, deaf and dying.

use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use super::*;
use crate::backend::isolate::{Code, Fault};
use crate::backend::wire::Run;
use crate::model::backend::Start;
use crate::model::bench::Payload;

/// What scripts are made of: `hello`, and a loop over what is asked. The number of an isolate is `$i`,
/// the nonce `$n`, what is asked `$l`.
const PRELUDE: &str = r#"
say() { printf '%s\n' "$1"; }
hello() { say '{"event":"hello","engine":"script 1","host":"sh"}'; }
created() { say "{\"event\":\"created\",\"id\":$i}"; }
ready() { say "{\"event\":\"ready\",\"id\":$i,\"nonce\":\"$n\"}"; }
done_() { say "{\"event\":\"done\",\"id\":$i,\"value\":\"$1\",\"dropped_bytes\":0}"; }
failed() { say "{\"event\":\"failed\",\"id\":$i,\"kind\":\"$1\",\"message\":\"$2\",\"status\":null,\"dropped_bytes\":0}"; }
output() { say "{\"event\":\"output\",\"id\":$i,\"stream\":\"output\",\"text\":\"$1\"}"; }
memory() { say "{\"event\":\"memory\",\"id\":$i,\"used_bytes\":77}"; }
disposed() { say "{\"event\":\"disposed\",\"id\":$i}"; }
number() { i=${l#*\"id\":}; i=${i%%,*}; i=${i%%\}*}; }
nonce() { n=${l#*\"nonce\":\"}; n=${n%%\"*}; }
serve() {
    while read -r l; do
        number
        case $l in
        *'"op":"create"'*) on_create ;;
        *'"op":"run"'*) nonce; on_run ;;
        *'"op":"memory"'*) on_memory ;;
        *'"op":"dispose"'*) on_dispose ;;
        esac
    done
}
on_create() { created; }
on_run() { ready; done_ 42; }
on_memory() { memory; }
on_dispose() { disposed; }
"#;

fn call(script: &str, starts: &[Start], timeout_ms: u64) -> Call {
    let run = |(nonce, start): (u64, &Start)| Run {
        start: *start,
        nonce,
        heap_bytes: 1 << 20,
        deadline_ms: timeout_ms.saturating_sub(150),
        code: Code::Payload(Payload::Noop),
        input: None,
    };
    Call {
        argv: ["/bin/sh", "-c"]
            .map(str::to_owned)
            .into_iter()
            .chain([format!("{PRELUDE}{script}")])
            .collect(),
        env: vec![("PATH".to_owned(), "/usr/bin:/bin".to_owned())],
        runs: (1..).zip(starts).map(run).collect(),
        timeout_ms,
        keep_bytes: 1000,
        stream: true,
        pace: None,
        hold: false,
    }
}

/// A keeper whose host is ended with the test, and a lifeline that stays open.
struct Ground {
    keeper: Keeper,
    lifeline: OwnedFd,
    _other: OwnedFd,
    said: Vec<u8>,
}

impl Ground {
    fn new() -> Self {
        let (lifeline, other) = pipe();
        Self { keeper: Keeper::default(), lifeline, _other: other, said: Vec::new() }
    }

    fn call(&mut self, call: &Call) -> Vec<Report> {
        let said = &mut self.said;
        let mut out = |_, bytes: Vec<u8>| said.extend(bytes);
        self.keeper.converse(call, self.lifeline.as_fd(), &mut out)
    }

    fn pid(&self) -> Option<rustix::process::Pid> {
        self.keeper.host.as_ref().map(|host| host.process.pid())
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        self.keeper.end();
    }
}

/// A pipe that no host inherits.
fn pipe() -> (OwnedFd, OwnedFd) {
    rustix::pipe::pipe_with(rustix::pipe::PipeFlags::CLOEXEC).unwrap()
}

fn one(script: &str) -> Report {
    let began = Instant::now();
    let mut ground = Ground::new();
    let mut reports = ground.call(&call(script, &[Start::Cold], 600));
    assert!(began.elapsed() < Duration::from_secs(15), "{script}");
    assert_eq!(reports.len(), 1);
    // Whatever it was, the next call finds a host that does its work.
    let good = ground.call(&call("hello; serve", &[Start::Cold], 5000));
    assert_eq!((good[0].status, good[0].fault), (Some(0), None), "after {script}");
    reports.remove(0)
}

#[test]
fn an_honest_host_is_measured_in_order_and_kept() {
    let mut ground = Ground::new();
    let honest = call("hello; serve", &[Start::Cold, Start::Pooled], 5000);
    let first = ground.call(&honest);
    let pid = ground.pid();
    let second = ground.call(&honest);
    assert_eq!((ground.pid(), pid.is_some()), (pid, true));
    for report in first.iter().chain(&second) {
        let times =
            [report.created_ns, report.ready_ns, report.done_ns, report.exited_ns, report.clean_ns];
        assert!(times.iter().all(Option::is_some) && times.is_sorted(), "{report:?}");
        assert_eq!((report.value.as_deref(), report.used_bytes), (Some("42"), Some(77)));
        assert!(!report.left_over);
    }
    // None is taken away before each has done its work.
    let done = first.iter().filter_map(|report| report.done_ns).max();
    assert!(first.iter().all(|report| report.exited_ns > done), "{first:?}");
}

#[test]
fn another_host_takes_the_place_of_the_first() {
    let mut ground = Ground::new();
    ground.call(&call("hello; serve", &[Start::Cold], 5000));
    let before = ground.pid();
    let other = ground.call(&call("hello; serve; :", &[Start::Cold], 5000));
    assert_eq!(other[0].status, Some(0));
    assert!(ground.pid().is_some() && ground.pid() != before);
}

#[test]
fn a_warm_isolate_stays_until_it_fails() {
    // It fails the third time that it runs; a new one is number 2.
    let script = "on_run() { c=$((c+1)); ready; if [ $c = 3 ]; then failed error no; else done_ $i; fi; }; hello; serve";
    let mut ground = Ground::new();
    let warm = call(script, &[Start::Warm], 5000);
    let values: Vec<_> = (0..4).map(|_| ground.call(&warm).remove(0)).collect();
    let told: Vec<_> = values.iter().map(|report| report.value.as_deref()).collect();
    assert_eq!(told, [Some("1"), Some("1"), None, Some("2")]);
    let good = &values[0];
    assert_eq!((good.created_ns, good.exited_ns, good.clean_ns), (None, None, None));
    assert!(good.ready_ns.is_some() && good.done_ns.is_some());
    assert_eq!(values[2].fault, Some(Fault::Error));
}

#[test]
fn what_makes_no_sense_ends_the_host() {
    let rows = [
        ("on_create() { say nonsense; }", "makes no sense"),
        ("on_create() { head -c 10000000 /dev/zero | tr '\\0' x; }", "a line of more than"),
        ("on_create() { while :; do output 0123456789; done; }", "output when it was Asked"),
        (
            "on_run() { ready; while :; do output 0123456789; done; }",
            "more output than was allowed",
        ),
        ("on_run() { i=99; ready; }", "an id that was not given"),
        ("on_run() { done_ 1; done_ 1; }; on_memory() { :; }", "done when it was Settled"),
        ("on_run() { hello; }", "a second greeting"),
    ];
    for (script, wanted) in rows {
        let report = one(&format!("{script}; hello; serve"));
        let told = report.start_error.as_deref().unwrap_or(&report.complaint);
        let harmless = report.done_ns.is_some();
        assert!(harmless || told.contains(wanted), "{script}: {report:?}");
        assert!(harmless || report.fault == Some(Fault::Error), "{script}: {report:?}");
    }
}

#[test]
fn a_wrong_nonce_does_not_count() {
    let report = one("on_run() { n=0000000000000000; ready; done_ 42; }; hello; serve");
    assert_eq!((report.ready_ns, report.value.as_deref()), (None, Some("42")));
}

#[test]
fn a_host_that_dies_says_how() {
    let rows = [
        ("on_run() { ready; kill -9 $$; }", Some(9), Fault::Error, "the host ended"),
        ("on_run() { ready; exit 3; }", None, Fault::Error, "the host ended: status 3"),
        (
            "on_run() { echo '# Fatal JavaScript out of memory: heap' >&2; kill -ABRT $$; }",
            Some(6),
            Fault::Memory,
            "out of memory",
        ),
        (
            "on_run() { exec >&-; while read -r l; do :; done; }",
            None,
            Fault::Error,
            "the host ended",
        ),
    ];
    for (script, signal, fault, wanted) in rows {
        let report = one(&format!("{script}; hello; serve"));
        assert_eq!((report.signal, report.fault), (signal, Some(fault)), "{script}: {report:?}");
        assert!(report.complaint.contains(wanted), "{script}: {report:?}");
        assert!(report.clean_ns.is_some() && !report.left_over);
    }
}

#[test]
fn a_host_that_says_nothing_is_not_waited_for() {
    let began = Instant::now();
    let mute = one("exec sleep 100");
    assert!(mute.start_error.is_some_and(|why| why.contains("in time")));
    assert!(began.elapsed() >= Duration::from_secs(1));
    let absent = Call { argv: vec!["/nowhere".to_owned()], ..call("", &[Start::Cold], 500) };
    let why = Ground::new().call(&absent).remove(0).start_error;
    assert!(why.is_some_and(|why| why.contains("does not start")));
}

#[test]
fn what_hangs_or_comes_late_is_over_its_time() {
    let began = Instant::now();
    let hung = one("on_run() { ready; exec sleep 100; }; hello; serve");
    assert_eq!(hung.fault, Some(Fault::Deadline));
    // A deadline of 450 ms, 50 ms of slack, and the host is killed after 600 ms.
    let late = one("on_run() { ready; sleep 0.55; done_ 42; }; hello; serve");
    assert_eq!(late.fault, Some(Fault::Deadline), "{late:?}");
    let own = one("on_run() { ready; failed deadline long; }; hello; serve");
    assert_eq!((own.fault, own.left_over), (Some(Fault::Deadline), false));
    let stays = one("on_dispose() { :; }; hello; serve");
    assert!(stays.left_over && stays.value.is_some());
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[test]
fn output_is_passed_on_as_far_as_it_is_allowed() {
    let mut ground = Ground::new();
    let script = "on_run() { ready; k=0; while [ $k -lt 110 ]; do output 0123456789; k=$((k+1)); done; done_ 1; }; hello; serve";
    let report = ground.call(&call(script, &[Start::Cold], 5000)).remove(0);
    assert_eq!((ground.said.len(), report.dropped_bytes), (1000, 100));
    assert_eq!(report.first_line, "0123456789");
}

#[test]
fn what_it_says_between_calls_ends_it() {
    let mut ground = Ground::new();
    let script = "on_dispose() { say \"$(disposed; say more)\"; }; hello; serve";
    let chatty = call(script, &[Start::Cold], 5000);
    for _ in 0..3 {
        assert_eq!(ground.call(&chatty)[0].status, Some(0));
    }
}

#[test]
fn a_closed_lifeline_ends_the_host() {
    let (lifeline, other) = pipe();
    let mut keeper = Keeper::default();
    let endless = call("on_run() { ready; exec sleep 100; }; hello; serve", &[Start::Cold], 60_000);
    let closer = std::thread::spawn(move || {
        std::thread::park_timeout(Duration::from_millis(300));
        drop(other);
    });
    let began = Instant::now();
    keeper.converse(&endless, lifeline.as_fd(), &mut |_, _| {});
    closer.join().unwrap();
    assert!(keeper.host.is_none() && began.elapsed() < Duration::from_secs(20));
}

#[test]
fn a_thousand_are_alive_at_once() {
    // It answers a run only when all were made, and counts what is disposed of before all have run.
    let script =
        "on_create() { created; c=$((c+1)); }; on_run() { ready; done_ $c; }; hello; serve";
    let mut ground = Ground::new();
    let many = call(script, &[Start::Cold; 1000], 60_000);
    let reports = ground.call(&many);
    assert_eq!(reports.len(), 1000);
    let last = reports.iter().filter_map(|report| report.done_ns).max();
    for report in &reports {
        assert_eq!((report.status, report.used_bytes), (Some(0), Some(77)), "{report:?}");
        assert!(report.exited_ns > last);
    }
}
