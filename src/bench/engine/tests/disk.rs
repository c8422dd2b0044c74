//! A run is on disk at every moment, and goes on when the disk does not.

use super::*;

#[test]
fn what_is_on_disk_is_what_was_run() {
    let runs = tempfile::tempdir().unwrap();
    let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    let dir = RunDir::create(runs.path(), &rig.bench.head).unwrap();
    let path = dir.path().to_owned();
    rig.bench.keep = Some(dir);
    let (run, said, _) = rig.run();
    assert_eq!(RunDir::read(&path).unwrap(), run);
    std::fs::remove_file(path.join("run.json")).unwrap();
    let parts = RunDir::read(&path).unwrap();
    assert_eq!((parts.samples, parts.tail), (run.samples, None));
    assert_eq!(notices(&said).len(), 0);
}

#[test]
fn a_run_that_is_dropped_under_way_can_be_read() {
    let runs = tempfile::tempdir().unwrap();
    let mut rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    let dir = RunDir::create(runs.path(), &rig.bench.head).unwrap();
    let path = dir.path().to_owned();
    rig.bench.keep = Some(dir);
    // Its token is never heard: the launch hangs, and the whole run is dropped.
    rig.launcher.cancel_at = Some((8, CancellationToken::new()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let run = async {
        tokio::time::timeout(Duration::from_millis(50), rig.bench.run(&mut rig.launcher)).await
    };
    assert!(runtime.block_on(run).is_err());
    let read = RunDir::read(&path).unwrap();
    assert_eq!((read.samples.len(), read.tail), (7, None));
}

#[test]
fn a_full_disk_is_said_once_and_costs_no_sample() {
    let runs = tempfile::tempdir().unwrap();
    let head = rig(|_| {}, Box::new(|_, task| Ok(scattered(task)))).bench.head;
    let mut dir = RunDir::create(runs.path(), &head).unwrap();
    dir.fill_disk();
    let mut full = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    full.bench.keep = Some(dir);
    let (run, said, _) = full.run();
    assert_eq!(end(&run), &RunEnd::Completed);
    let said = notices(&said);
    assert_eq!(said.iter().filter(|notice| notice.bad).count(), 1, "{said:?}");
    assert!(said[0].text.as_str().contains("No space left"), "{said:?}");
    assert_eq!(RunDir::read(&runs.path().join(head.id.as_str())).unwrap(), run);
}

#[test]
fn samples_wait_until_there_is_room_again() {
    let runs = tempfile::tempdir().unwrap();
    let rig = rig(|_| {}, Box::new(|_, task| Ok(scattered(task))));
    let dir = RunDir::create(runs.path(), &rig.bench.head).unwrap();
    let path = dir.path().to_owned();
    let (run, ..) = rig.run();
    let mut keep = Keep::new(Some(dir));
    let at = |mono_ms| Stamp { mono_ms, wall_ms: 0 };
    assert_eq!(keep.save(&run.samples[..2], at(0)), None);
    assert_eq!(keep.save(&run.samples[..3], at(4)), None, "a moment later it waits");
    assert_eq!(RunDir::read(&path).unwrap().samples, run.samples[..2]);
    keep.dir().unwrap().fill_disk();
    assert!(keep.save(&run.samples[..3], at(10)).unwrap().bad);
    assert_eq!(keep.save(&run.samples[..4], at(20)), None, "said once");
    keep.dir().unwrap().free_disk();
    assert!(!keep.save(&run.samples[..5], at(30)).unwrap().bad);
    assert_eq!(RunDir::read(&path).unwrap().samples, run.samples[..5]);
}
