//! What marks a sample as disturbed: others' work does, the sandbox's own does not.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test program")]

#[path = "live/ground.rs"]
mod live;
#[path = "live/oracle.rs"]
mod oracle;
#[path = "live/prey.rs"]
mod prey;

use std::process::{Child, Command};
use std::sync::mpsc::channel;
use std::time::Duration;

use isomon::model::bench::{Sample, Taint};
use isomon::model::root::Roots;
use isomon::probe::interference::{Counters, Sensors};
use isomon::stats::taint::{Thresholds, taints};
use isomon::store::RunDir;

use prey::Prey;

/// One sandbox of one process, one of several that runs into its processor limit.
const PLAN: &str =
    "process gvisor-ptrace --payload noop --payload cpu=20000000 --runs 8 --warmup 1 --budget 12s";

/// Loops that keep every processor busy until they are dropped.
struct Burners(Vec<Child>);

impl Burners {
    fn on_every_processor() -> Self {
        let count = std::thread::available_parallelism().unwrap().get();
        let burner = |_| Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap();
        Self((0..count).map(burner).collect())
    }
}

impl Drop for Burners {
    fn drop(&mut self) {
        for burner in &mut self.0 {
            burner.kill().ok();
            burner.wait().ok();
        }
    }
}

/// Whether nobody else is at work here, looked at for a while.
fn is_quiet() -> bool {
    let (_sender, never) = channel();
    let (roots, length) = (Roots::default(), Duration::from_secs(1));
    let before = Counters::read(&roots, &Sensors::default(), None);
    oracle::pass(length, &never);
    let host = Counters::read(&roots, &Sensors::default(), None).since(&before, length);
    let cpus = std::thread::available_parallelism().unwrap().get();
    let marks = taints(&host, &Thresholds::of(u32::try_from(cpus).unwrap()), None);
    println!("the machine: {host:?} {marks:?}");
    marks.is_empty()
}

/// The samples of a run of [`PLAN`], and the share of them that is marked by work on this machine: time that a
/// hypervisor gives to others may be taken whenever there is work at all.
fn run() -> (Vec<Sample>, f64) {
    let mut prey = Prey::doing(PLAN, &[]);
    prey.wait();
    let ids = prey.kept();
    let [id] = &ids[..] else { panic!("not one run: {ids:?}") };
    let run = RunDir::read(&prey.place(id)).unwrap();
    let by_work = |sample: &&Sample| sample.taints.iter().any(|taint| *taint != Taint::Steal);
    let marked = run.samples.iter().filter(by_work).count();
    let share = marked as f64 / run.samples.len() as f64;
    for sample in run.samples.iter().filter(|sample| !sample.taints.is_empty()) {
        println!(
            "{} {:?} {:?}",
            run.head.cells[sample.cell as usize].backend, sample.taints, sample.host
        );
    }
    (run.samples, share)
}

#[test]
fn work_of_others_marks_and_that_of_the_sandbox_does_not() {
    let burners = Burners::on_every_processor();
    let (samples, share) = run();
    drop(burners);
    assert!(share > 0.8, "{share} of {} samples are marked", samples.len());
    if !is_quiet() {
        println!("skipped: others are at work on this machine");
        return;
    }
    let (samples, share) = run();
    if !is_quiet() {
        println!("skipped: others are at work on this machine");
        return;
    }
    assert!(share < 0.2, "{share} of {} samples are marked", samples.len());
}
