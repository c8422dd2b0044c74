//! A run that another process writes, read on from where it was left: what came since is told by the
//! events it was told by there.
//!
//! Each file is read from the end of the last whole line on, a bounded piece at a time; what is torn is
//! read again when the rest of it is there. Nothing is written, and nothing is locked for longer than a
//! look.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::de::DeserializeOwned;

use super::{EVENTS, Error, HEAD, LOG, MOST_CELLS, RUN, RunDir, SAMPLES, STEPS, saved};
use crate::model::bench::{Outcome, Progress, Sample};
use crate::model::load::Step;
use crate::model::pipeline::{LogLine, Moment};
use crate::model::run::{RunEvent, RunHead};
use crate::model::unit::Seconds;

/// Most bytes of a file that are read at once.
const PIECE: u64 = 8 << 20;

/// A run that is read on.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    cells: usize,
    samples: Tail,
    steps: Tail,
    events: Tail,
    log: Tail,
    /// When the checkpoint was written that was read last.
    saved: Option<SystemTime>,
    /// How many of its checkpoints were told.
    checkpoints: Option<u64>,
    progress: Progress,
}

/// A file of lines, read up to `at`.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    at: u64,
}

impl RunDir {
    /// The run in `path` from its start on.
    pub fn follow(path: &Path) -> Result<(RunHead, Follower), Error> {
        let at = path.join(HEAD);
        let bytes = super::file::read(&at)?;
        super::foreign::check(&at, &bytes)?;
        let head: RunHead = super::file::parse(&at, &bytes)?;
        let cells = head.cells.len();
        if cells > MOST_CELLS {
            return Err(Error::Crowded { path: path.to_owned(), cells });
        }
        let tail = |name: &str| Tail { path: path.join(name), at: 0 };
        let follower = Follower {
            path: path.to_owned(),
            cells,
            samples: tail(SAMPLES),
            steps: tail(STEPS),
            events: tail(EVENTS),
            log: tail(LOG),
            saved: None,
            checkpoints: None,
            progress: Progress::default(),
        };
        Ok((head, follower))
    }
}

impl Follower {
    /// What happened since this was asked last; nothing where nothing did. The last is the end of the run,
    /// once it has been written.
    pub fn news(&mut self) -> Result<Vec<RunEvent>, Error> {
        let mut told = Vec::new();
        // Looked at first: what is there by its end is read below.
        let ended = self.path.join(RUN).is_file();
        let whole = self.read_lines(&mut told)?;
        self.read_saved(&mut told)?;
        if !told.is_empty() {
            told.push(RunEvent::Progress(self.progress));
        }
        if ended && whole {
            let run = RunDir::read(&self.path)?;
            let files = RunDir::files(&self.path);
            told.push(RunEvent::Summary(
                run.tail.as_ref().map_or_else(Vec::new, |tail| tail.summary.clone()),
            ));
            told.push(RunEvent::Files(files));
            told.extend(run.tail.map(|tail| RunEvent::Ended(Box::new(tail))));
        }
        Ok(told)
    }

    /// Reads on in each file; whether all of them were read to their ends.
    fn read_lines(&mut self, told: &mut Vec<RunEvent>) -> Result<bool, Error> {
        let cells = self.cells;
        let known = |cell: u32| (cell as usize) < cells;
        let (samples, one) = self.samples.read::<Sample>()?;
        for sample in samples.into_iter().filter(|sample| known(sample.cell)) {
            count(&mut self.progress, sample.outcome == Outcome::Good, sample.at_seconds);
            told.push(RunEvent::Sample(Box::new(sample)));
        }
        let (steps, other) = self.steps.read::<Step>()?;
        for step in steps.into_iter().filter(|step| known(step.cell)) {
            count(&mut self.progress, !step.failed(), step.at_seconds);
            told.push(RunEvent::Step(Box::new(step)));
        }
        let (moments, third) = self.events.read::<Moment>()?;
        told.extend(moments.into_iter().map(|moment| RunEvent::Moment(Box::new(moment))));
        let (lines, last) = self.log.read::<LogLine>()?;
        told.extend((!lines.is_empty()).then_some(RunEvent::Log(lines)));
        Ok(one && other && third && last)
    }

    /// Reads the checkpoint again if it is another: how far the run is, and who works for it.
    fn read_saved(&mut self, told: &mut Vec<RunEvent>) -> Result<(), Error> {
        let written = saved::written(&self.path);
        if written.is_none() || written == self.saved {
            return Ok(());
        }
        self.saved = written;
        let Some(saved) = saved::read(&self.path)? else { return Ok(()) };
        let number = |id: &str| id.parse::<u64>().unwrap_or(0);
        for reached in saved.checkpoints {
            let id = number(reached.id.as_str());
            if self.checkpoints.is_none_or(|last| id > last) {
                self.checkpoints = Some(id);
                told.push(RunEvent::Checkpoint(Box::new(reached)));
            }
        }
        told.push(RunEvent::Workers(saved.workers));
        self.progress.remaining = saved.progress.remaining;
        self.progress.left_seconds = saved.progress.left_seconds;
        self.progress.elapsed_seconds =
            later(self.progress.elapsed_seconds, saved.progress.elapsed_seconds);
        Ok(())
    }
}

/// Counts a sample or a step in that began at `at` and ended well, or failed.
fn count(progress: &mut Progress, good: bool, at: Seconds) {
    progress.submitted = progress.submitted.saturating_add(1);
    let of = if good { &mut progress.completed } else { &mut progress.failed };
    *of = of.saturating_add(1);
    progress.remaining = progress.remaining.saturating_sub(1);
    progress.elapsed_seconds = later(progress.elapsed_seconds, at);
}

/// The later of two times of a run.
fn later(one: Seconds, other: Seconds) -> Seconds {
    Seconds(one.0.max(other.0))
}

impl Tail {
    /// The values of the whole lines that came since, and whether those were all.
    fn read<T: DeserializeOwned>(&mut self) -> Result<(Vec<T>, bool), Error> {
        let Some(mut file) = self.open()? else { return Ok((Vec::new(), true)) };
        let mut bytes = Vec::new();
        let read = file
            .seek(SeekFrom::Start(self.at))
            .and_then(|_| file.by_ref().take(PIECE).read_to_end(&mut bytes));
        let read = read.map_err(Error::at(&self.path))?;
        let Some(end) = bytes.iter().rposition(|byte| *byte == b'\n') else {
            if read as u64 == PIECE {
                // Longer than any line of a run: it is passed over.
                self.at += PIECE;
            }
            return Ok((Vec::new(), (read as u64) < PIECE));
        };
        let lines = bytes.get(..=end).unwrap_or_default().split(|byte| *byte == b'\n');
        let values = lines.filter_map(|line| serde_json::from_slice(line).ok()).collect();
        self.at += end as u64 + 1;
        Ok((values, (read as u64) < PIECE))
    }

    /// The file, if it is there and one; a pipe of that name does not block.
    fn open(&self) -> Result<Option<File>, Error> {
        let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        match OpenOptions::new().read(true).custom_flags(flags).open(&self.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::Io { path: self.path.clone(), source: error }),
            Ok(file) => Ok(file.metadata().is_ok_and(|about| about.is_file()).then_some(file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::model::bench::Failure;
    use crate::report::run_sample::{loaded, run};

    #[test]
    fn what_comes_is_told_once_and_the_end_last() {
        let runs = tempfile::tempdir().unwrap();
        let whole = run();
        let mut dir = RunDir::create(runs.path(), &whole.head).unwrap();
        let path = dir.path().to_owned();
        let (head, mut follower) = RunDir::follow(&path).unwrap();
        assert_eq!(head, whole.head);
        assert!(follower.news().unwrap().is_empty());
        let samples = |told: &[RunEvent]| {
            told.iter().filter(|event| matches!(event, RunEvent::Sample(_))).count()
        };
        let (first, rest) = whole.samples.split_at(3);
        dir.append(first).unwrap();
        let told = follower.news().unwrap();
        assert_eq!(samples(&told), 3);
        let Some(RunEvent::Progress(progress)) = told.last() else { panic!("{told:?}") };
        assert_eq!(progress.completed + progress.failed, 3);
        assert!(follower.news().unwrap().is_empty(), "nothing is told twice");
        dir.append(rest).unwrap();
        assert_eq!(samples(&follower.news().unwrap()), rest.len());
        dir.finish(&whole).unwrap();
        let told = follower.news().unwrap();
        assert!(matches!(told.last(), Some(RunEvent::Ended(_))), "{told:?}");
    }

    #[test]
    fn steps_of_a_load_are_counted_like_samples() {
        let runs = tempfile::tempdir().unwrap();
        let mut whole = loaded();
        let is_bad = |sample: &&Sample| sample.outcome != Outcome::Good;
        let failed = u32::try_from(whole.samples.iter().filter(is_bad).count()).unwrap();
        whole.steps[0].shots[0].outcome =
            Outcome::Failed { kind: Failure::Start, message: "no".into() };
        let mut dir = RunDir::create(runs.path(), &whole.head).unwrap();
        let (_, mut follower) = RunDir::follow(dir.path()).unwrap();
        dir.append(&whole.samples).unwrap();
        dir.append_steps(&whole.steps).unwrap();
        let told = follower.news().unwrap();
        let Some(RunEvent::Progress(progress)) = told.last() else { panic!("{told:?}") };
        let all = u32::try_from(whole.samples.len() + whole.steps.len()).unwrap();
        assert_eq!((progress.submitted, progress.failed), (all, failed + 1));
        assert_eq!(progress.completed, all - failed - 1);
    }

    #[test]
    fn a_torn_line_waits_for_its_end_and_a_strange_one_is_passed_over() {
        let runs = tempfile::tempdir().unwrap();
        let whole = run();
        let dir = RunDir::create(runs.path(), &whole.head).unwrap();
        let (_, mut follower) = RunDir::follow(dir.path()).unwrap();
        let mut file = OpenOptions::new().append(true).open(dir.path().join(SAMPLES)).unwrap();
        let line = serde_json::to_string(&whole.samples[0]).unwrap();
        let (head, tail) = line.split_at(20);
        file.write_all(format!("no sample\n{head}").as_bytes()).unwrap();
        assert!(follower.news().unwrap().is_empty());
        file.write_all(format!("{tail}\n").as_bytes()).unwrap();
        let told = follower.news().unwrap();
        assert!(matches!(&told[..], [RunEvent::Sample(_), RunEvent::Progress(_)]), "{told:?}");
        // A cell that the run does not have.
        let mut stray = whole.samples[0].clone();
        stray.cell = 9_999;
        writeln!(file, "{}", serde_json::to_string(&stray).unwrap()).unwrap();
        assert!(follower.news().unwrap().is_empty());
    }
}
