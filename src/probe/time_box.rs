//! Reads that may hang, on a thread of their own.
//!
//! `statvfs` on a dead network mount and a sensor behind a stuck bus never return. Such a read is
//! left alone after a second: its thread is quarantined, not started again, and its name is shown.
//! Others go on, on a new thread. So a hang costs one sleeping thread, never a sample; after
//! eight of them nothing more is asked. A read that comes back after all is forgiven.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::model::reading::{Reading, Why};

/// How long a read may take before it is called stuck.
pub const LIMIT: Duration = Duration::from_secs(1);
/// How long a sample waits for answers at most: healthy reads take far less.
pub const GRACE: Duration = Duration::from_millis(20);
/// Most threads that may be stuck at once.
const MOST_STUCK: usize = 8;

/// The read itself.
pub type Read<A> = Arc<dyn Fn(&Path) -> Reading<A> + Send + Sync>;

/// Asks for paths in rounds, and keeps the last answer of each.
pub struct TimeBox<A> {
    read: Read<A>,
    answers: BTreeMap<PathBuf, Reading<A>>,
    round: Option<Round<A>>,
    stuck: Vec<Round<A>>,
}

/// A thread, what it has yet to answer, and since when it has been silent.
struct Round<A> {
    answers: Receiver<Reading<A>>,
    open: VecDeque<PathBuf>,
    silent_since: Instant,
}

impl<A> std::fmt::Debug for TimeBox<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TimeBox").field("stuck", &self.stuck.len()).finish_non_exhaustive()
    }
}

impl<A: Clone + Send + 'static> TimeBox<A> {
    /// Nothing asked yet; `read` runs on another thread and may hang there.
    pub fn new(read: Read<A>) -> Self {
        Self { read, answers: BTreeMap::new(), round: None, stuck: Vec::new() }
    }

    /// Begins a round over `paths`, without those in quarantine, unless one is under way. Answers
    /// for other paths are forgotten.
    pub fn ask(&mut self, paths: impl IntoIterator<Item = PathBuf>, now: Instant) {
        if self.round.is_some() {
            return;
        }
        let wanted: Vec<PathBuf> = paths.into_iter().collect();
        if self.stuck.len() >= MOST_STUCK {
            let late = wanted.into_iter().map(|path| (path, Reading::Missing(Why::TimedOut)));
            self.answers = late.collect();
            return;
        }
        self.answers.retain(|path, _| wanted.contains(path));
        let open: VecDeque<PathBuf> =
            wanted.into_iter().filter(|path| !self.is_stuck(path)).collect();
        self.round = start(Arc::clone(&self.read), open, now);
    }

    /// Takes in what was answered by `now`, waiting for at most `grace`, and quarantines a thread
    /// that has been silent for longer than [`LIMIT`].
    pub fn collect(&mut self, now: Instant, grace: Duration) {
        self.forgive(now);
        let Some(mut round) = self.round.take() else {
            return;
        };
        if round.take_in(&mut self.answers, now, grace) {
            return;
        }
        if now.saturating_duration_since(round.silent_since) <= LIMIT {
            self.round = Some(round);
            return;
        }
        let mut open = std::mem::take(&mut round.open);
        if let Some(path) = open.pop_front() {
            self.answers.insert(path.clone(), Reading::Missing(Why::TimedOut));
            round.open.push_back(path);
            self.stuck.push(round);
        }
        if self.stuck.len() < MOST_STUCK {
            self.round = start(Arc::clone(&self.read), open, now);
        }
    }

    /// The last answer for `path`.
    pub fn answer(&self, path: &Path) -> Reading<A> {
        self.answers.get(path).cloned().unwrap_or_default()
    }

    /// The paths whose read has not come back.
    pub fn quarantined(&self) -> impl Iterator<Item = &Path> {
        self.stuck.iter().filter_map(|round| round.open.front().map(PathBuf::as_path))
    }

    fn is_stuck(&self, path: &Path) -> bool {
        self.quarantined().any(|stuck| stuck == path)
    }

    fn forgive(&mut self, now: Instant) {
        let answers = &mut self.answers;
        self.stuck.retain_mut(|round| !round.take_in(answers, now, Duration::ZERO));
    }
}

impl<A> Round<A> {
    /// Moves answers over; whether nothing is left to wait for.
    fn take_in(
        &mut self,
        answers: &mut BTreeMap<PathBuf, Reading<A>>,
        now: Instant,
        grace: Duration,
    ) -> bool {
        let deadline = Instant::now() + grace;
        while !self.open.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.answers.recv_timeout(left) {
                Ok(answer) => {
                    self.silent_since = now;
                    if let Some(path) = self.open.pop_front() {
                        answers.insert(path, answer);
                    }
                }
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
        true
    }
}

/// The thread ends with its list, or at the first answer nobody waits for.
fn start<A: Send + 'static>(
    read: Read<A>,
    open: VecDeque<PathBuf>,
    now: Instant,
) -> Option<Round<A>> {
    let paths = open.clone();
    let (answer, answers) = sync_channel(open.len().max(1));
    let work = move || {
        for path in paths {
            if answer.send(read(&path)).is_err() {
                return;
            }
        }
    };
    let begun = !open.is_empty()
        && std::thread::Builder::new()
            .name("probe".to_owned())
            .stack_size(128 << 10)
            .spawn(work)
            .is_ok();
    begun.then_some(Round { answers, open, silent_since: now })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    /// `/stuck…` hangs until its line is cut; others answer with the length of their name.
    fn boxed() -> (TimeBox<usize>, std::sync::mpsc::SyncSender<()>) {
        let (cut, line) = sync_channel::<()>(8);
        let line = Mutex::new(line);
        let read = move |path: &Path| {
            if path.starts_with("/stuck") {
                let _cut = line.lock().unwrap().recv();
            }
            Reading::Known(path.as_os_str().len())
        };
        (TimeBox::new(Arc::new(read)), cut)
    }

    const PATHS: [&str; 3] = ["/a", "/stuck", "/bbb"];
    const LONG: Duration = Duration::from_secs(20);

    #[test]
    fn a_stuck_read_is_quarantined_and_the_others_go_on() {
        let (mut boxed, _cut) = boxed();
        let start = Instant::now();
        boxed.ask(PATHS.map(PathBuf::from), start);
        let mut first = || {
            boxed.collect(start, GRACE);
            boxed.answer(Path::new("/a")) == Reading::Known(2)
        };
        assert!((0..500).any(|_| first()));
        assert_eq!(boxed.answer(Path::new("/bbb")), Reading::Missing(Why::NotYet));
        boxed.collect(start + LIMIT * 2, GRACE);
        boxed.collect(start + LIMIT * 4, GRACE);
        assert_eq!(boxed.quarantined().collect::<Vec<_>>(), [Path::new("/stuck")]);
        assert_eq!(boxed.answer(Path::new("/stuck")), Reading::Missing(Why::TimedOut));
        boxed.collect(start + LIMIT * 4, LONG);
        assert_eq!(boxed.answer(Path::new("/a")), Reading::Known(2));
        assert_eq!(boxed.answer(Path::new("/bbb")), Reading::Known(4));
        for turn in 5..9 {
            boxed.ask(PATHS.map(PathBuf::from), start + LIMIT * turn);
            boxed.collect(start + LIMIT * turn, LONG);
        }
        assert_eq!(boxed.stuck.len(), 1, "not started again");
    }

    #[test]
    fn a_read_that_comes_back_is_forgiven() {
        let (mut boxed, cut) = boxed();
        let start = Instant::now();
        boxed.ask([PathBuf::from("/stuck")], start);
        boxed.collect(start, Duration::ZERO);
        boxed.collect(start + LIMIT * 2, Duration::ZERO);
        assert_eq!(boxed.quarantined().count(), 1);
        cut.send(()).unwrap();
        let mut stuck = boxed.stuck.pop().unwrap();
        assert!(stuck.take_in(&mut boxed.answers, start, LONG));
        assert_eq!(boxed.answer(Path::new("/stuck")), Reading::Known(6));
        assert_eq!(boxed.quarantined().count(), 0);
    }

    #[test]
    fn there_is_an_end_to_stuck_threads() {
        let (mut boxed, _cut) = boxed();
        let paths: Vec<PathBuf> = (0..20).map(|i| format!("/stuck/{i}").into()).collect();
        let start = Instant::now();
        for turn in 0..40 {
            boxed.ask(paths.clone(), start + LIMIT * turn * 2);
            boxed.collect(start + LIMIT * (turn * 2), Duration::ZERO);
        }
        assert_eq!(boxed.quarantined().count(), MOST_STUCK);
        assert_eq!(boxed.answer(&paths[19]), Reading::Missing(Why::TimedOut));
    }
}
