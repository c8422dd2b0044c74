//! What is disturbed is measured again, and not for ever.

use super::*;

/// A machine whose steal jumps up while the samples of some numbers run.
fn disturbed(numbers: fn(u32) -> bool) -> (Run, tempfile::TempDir) {
    let proc = tempfile::tempdir().unwrap();
    let mut rig = rig(|plan| rounds(&mut plan.effort, 10, 10), Box::new(|_, t| Ok(scattered(t))));
    rig.bench.roots.proc = proc.path().to_owned();
    let (path, mut ticks) = (proc.path().join("stat"), [0_u64; 2]);
    std::fs::write(&path, "cpu  0 0 0 0 0 0 0 0 0 0\n").unwrap();
    rig.launcher.step_ms = |_| 1_000;
    rig.launcher.script = Box::new(move |number, task| {
        ticks[usize::from(numbers(number))] += 100;
        std::fs::write(&path, format!("cpu  {} 0 0 0 0 0 0 {} 0 0\n", ticks[0], ticks[1])).unwrap();
        Ok(scattered(task))
    });
    // A launch of a second is no pause here.
    rig.bench.head.plan.effort.budget_seconds = Seconds(1e6);
    let (run, ..) = rig.run();
    (run, proc)
}

#[test]
fn a_disturbed_sample_is_measured_again_at_the_end_of_its_round() {
    let (run, _proc) = disturbed(|number| number == 8);
    let again: Vec<&Sample> = run.samples.iter().filter(|sample| sample.attempt > 0).collect();
    assert_eq!(again.len(), 1);
    let first = run.samples.iter().find(|of| of.taints.contains(&Taint::Steal)).unwrap();
    assert_eq!((again[0].cell, again[0].round), (first.cell, first.round));
    assert_eq!((again[0].attempt, again[0].taints.as_slice()), (1, &[][..]));
    let verdict = run.tail.as_ref().unwrap().verdict.clone().unwrap();
    assert_eq!((verdict.samples, verdict.tainted, verdict.repeated), (30, 0, 1));
    assert_eq!(cold(&run, first.cell).n, 10, "the last visit stands for the round");
}

#[test]
fn a_machine_that_is_always_disturbed_does_not_make_the_run_endless() {
    let (run, _proc) = disturbed(|_| true);
    let again = run.samples.iter().filter(|sample| sample.attempt > 0).count();
    assert!((6..=12).contains(&again), "{again}");
    assert!(run.samples.iter().all(|sample| sample.attempt <= 2));
    let verdict = run.tail.as_ref().unwrap().verdict.clone().unwrap();
    assert_eq!((verdict.samples, verdict.tainted), (30, 30));
    assert_eq!(verdict.causes[0].taint, Taint::Steal);
}
