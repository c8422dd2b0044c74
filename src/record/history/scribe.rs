//! The one who writes: what it does when it may not, cannot, or finds the file damaged.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::ROOM;
use super::queue::bound;
use crate::model::text::SafeText;
use crate::model::time::{Clock, SystemClock};
use crate::model::update::Notice;
use crate::store::history::{Keep, Writer};
use crate::store::sqlite::Error;
use crate::track::Row;

/// Time until what is not ours is tried again.
const AGAIN: Duration = Duration::from_secs(3);
/// Tracks that are folded at a time, whatever their number; and one in this many more.
const FOLDED: (usize, usize) = (8, 50);

/// How it stands.
#[derive(Clone, Debug)]
enum Standing {
    /// Rows are written.
    Writing,
    /// Another isomon writes them.
    Reading,
    /// They cannot be written, because of what was told.
    Failing(String),
    /// The file is not for this isomon to write.
    Barred(String),
}

/// Who writes.
#[derive(Debug)]
pub(super) struct Scribe {
    dir: PathBuf,
    keep: Keep,
    say: mpsc::Sender<Notice>,
    writer: Option<Writer>,
    standing: Standing,
    tried: Option<Instant>,
    waiting: VecDeque<Row>,
    lost: u64,
}

impl Scribe {
    pub(super) fn new(dir: PathBuf, keep: Keep, say: mpsc::Sender<Notice>) -> Self {
        Self {
            dir,
            keep,
            say,
            writer: None,
            standing: Standing::Writing,
            tried: None,
            waiting: VecDeque::new(),
            lost: 0,
        }
    }

    /// Writes `rows` and what waits; `lost` more found no room.
    pub(super) fn turn(&mut self, rows: VecDeque<Row>, lost: u64) {
        self.waiting.extend(rows);
        self.lost += lost + bound(&mut self.waiting, ROOM);
        let Some(mut writer) = self.writer.take().or_else(|| self.open()) else { return };
        let mut written = writer.append(self.waiting.make_contiguous());
        if let Err(Error::Corrupt { path, what }) = &written {
            if !self.set_aside(&mut writer, path, what) {
                return;
            }
            written = writer.append(self.waiting.make_contiguous());
        }
        match written {
            Ok(kept) => {
                self.lost += kept.refused;
                self.waiting.clear();
                self.stand(Standing::Writing);
                Self::tend(&mut writer);
                self.writer = Some(writer);
            }
            Err(error @ (Error::Newer { .. } | Error::Foreign { .. })) => self.bar(&error),
            Err(error) => {
                self.stand(Standing::Failing(told(&error)));
                self.writer = Some(writer);
            }
        }
    }

    /// The right to write, if it can be had now.
    fn open(&mut self) -> Option<Writer> {
        if self.tried.is_some_and(|at| at.elapsed() < AGAIN) {
            if matches!(self.standing, Standing::Reading | Standing::Barred(_)) {
                self.waiting.clear();
            }
            return None;
        }
        self.tried = Some(Instant::now());
        match Writer::open(&self.dir, self.keep) {
            Ok(writer) => return Some(writer),
            Err(Error::Busy { .. }) => {
                // The other one has them.
                self.waiting.clear();
                self.stand(Standing::Reading);
            }
            Err(error) => self.stand(Standing::Failing(told(&error))),
        }
        None
    }

    /// The file is left as it is; whether it has gone is looked at again.
    fn bar(&mut self, error: &Error) {
        self.waiting.clear();
        self.tried = Some(Instant::now());
        self.stand(Standing::Barred(told(error)));
    }

    /// Puts a damaged file out of the way; whether a new one can be begun.
    fn set_aside(&mut self, writer: &mut Writer, path: &Path, what: &SafeText) -> bool {
        let now = SystemClock.now().rfc3339();
        let name: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
        match writer.set_aside(&name) {
            Ok(aside) => {
                let (path, aside) = (path.display(), aside.display());
                self.tell(
                    true,
                    &format!("{path} was damaged ({what}); a new history is begun, the old one is {aside}"),
                );
                true
            }
            Err(error) => {
                self.stand(Standing::Failing(told(&error)));
                false
            }
        }
    }

    fn tend(writer: &mut Writer) {
        let most = FOLDED.0 + writer.tracks() / FOLDED.1;
        if let Err(error) = writer.tend(most) {
            // The next rows meet the same fault, if it is one that stays.
            tracing::warn!(%error, "the history could not be tidied");
        }
    }

    /// Tells how it stands, where that is news.
    fn stand(&mut self, now: Standing) {
        let before = std::mem::replace(&mut self.standing, now.clone());
        if std::mem::discriminant(&before) == std::mem::discriminant(&now) {
            return;
        }
        match now {
            Standing::Writing => self.tell_written(&before),
            Standing::Reading => {
                self.tell(false, "another isomon writes the history; this one reads it");
            }
            Standing::Failing(why) => self.tell(
                true,
                &format!(
                    "the history cannot be written: {why}; meanwhile {ROOM} rows are kept in memory"
                ),
            ),
            Standing::Barred(why) => self.tell(true, &format!("no history is kept: {why}")),
        }
    }

    fn tell_written(&mut self, before: &Standing) {
        let lost = std::mem::take(&mut self.lost);
        match (before, lost) {
            (Standing::Reading, _) => self.tell(false, "this isomon writes the history now"),
            (_, 0) => self.tell(false, "the history is written again; nothing is lost"),
            (_, rows) => {
                self.tell(true, &format!("the history is written again; {rows} rows are lost"));
            }
        }
    }

    fn tell(&self, bad: bool, text: &str) {
        // The screen's log has what it is told; a server's has it from here.
        tracing::debug!("{text}");
        let notice = Notice { bad, text: SafeText::new(text) };
        if self.say.try_send(notice).is_err() {
            tracing::warn!("nobody hears of the history");
        }
    }
}

/// What is wrong, and what mends it.
fn told(error: &Error) -> String {
    format!("{error} -> {}", error.remedy())
}
