//! Metadata that is added to a run when it is over.
//!
//! Both of its files are written anew, each at once or not at all, under a lock: of two who annotate at
//! the same time, neither loses what it said. A run that goes on is its writer's alone.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use super::super::{Error, brief, file};
use super::{EVENTS, METADATA, RUN, ResultDir};

/// Adds `pairs` to the metadata of the run in `path`, over what was there under the same keys; returns
/// it as it is then.
pub fn annotate(path: &Path, pairs: &BTreeMap<String, String>) -> Result<ResultDir, Error> {
    let path = path.canonicalize().map_err(Error::at(path))?;
    let held = File::open(&path).map_err(Error::at(&path))?;
    held.lock().map_err(Error::at(&path))?;
    let events = path.join(EVENTS);
    let writer = events.exists().then(|| File::open(&events)).transpose();
    if let Some(file) = writer.map_err(Error::at(&events))? {
        file.try_lock().map_err(|_| Error::GoesOn { path: path.clone() })?;
    }
    let mut dir = ResultDir::open(&path)?;
    dir.metadata.custom.extend(pairs.clone());
    if let Some(run) = &mut dir.run {
        run.metadata.extend(pairs.clone());
        file::write_json(&path.join(RUN), run)?;
        brief::write(&path, &brief::of_workflow(run))?;
    }
    let metadata = path.join(METADATA);
    if metadata.exists() {
        file::write_json(&metadata, &dir.metadata)?;
    }
    Ok(dir)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::workflow::{RunMetadata, WorkflowRun, result::KIND};

    #[test]
    fn what_many_say_at_once_is_all_kept() {
        let dir = tempfile::tempdir().unwrap();
        let metadata = RunMetadata { run_id: "1".into(), ..RunMetadata::default() };
        file::write_json(&dir.path().join(METADATA), &metadata).unwrap();
        let run = WorkflowRun { kind: KIND.into(), ..WorkflowRun::default() };
        file::write_json(&dir.path().join(RUN), &run).unwrap();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let path = dir.path();
                scope.spawn(move || {
                    let pairs = BTreeMap::from([(format!("k{number}"), number.to_string())]);
                    annotate(path, &pairs).unwrap()
                });
            }
        });
        let read = ResultDir::open(dir.path()).unwrap();
        assert_eq!(read.metadata.custom.len(), 8, "{:?}", read.metadata.custom);
        assert_eq!(read.run.unwrap().metadata, read.metadata.custom);
    }

    #[test]
    fn a_run_that_goes_on_and_what_is_none_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let pairs = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
        assert!(matches!(annotate(dir.path(), &pairs), Err(Error::NotARun { .. })));
        let text = "{\"run_id\":\"1\",\"benchmark_name\":\"b\"}";
        std::fs::write(dir.path().join(METADATA), text).unwrap();
        let events = File::create(dir.path().join(EVENTS)).unwrap();
        events.lock().unwrap();
        assert!(matches!(annotate(dir.path(), &pairs), Err(Error::GoesOn { .. })));
        assert_eq!(std::fs::read_to_string(dir.path().join(METADATA)).unwrap(), text);
    }
}
