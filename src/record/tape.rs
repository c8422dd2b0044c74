//! Records what happens into a file, in a thread of its own.
//!
//! The hub is never held up: what the disk does not take in time is lost from the recording, counted and
//! told. A full disk is told once, and the recording goes on when there is room again.

use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::model::text::SafeText;
use crate::model::update::{Notice, Update, What};
use crate::store::tape::{Error, Writer};
use crate::watch::Outlet;

/// Updates that may wait for the disk.
const ROOM: usize = 1_024;
/// How often what came is written.
const FLUSH: Duration = Duration::from_secs(1);
/// Sentences that may wait to be told.
const SAID: usize = 16;

/// Records `updates` until nobody sends any; what goes wrong is told through `outlet`. How many updates the
/// recording lacks.
pub async fn record(
    mut updates: mpsc::Receiver<Update>,
    writer: Writer,
    outlet: Outlet,
) -> Result<u64, Error> {
    let (to, queue) = sync_channel(ROOM);
    let (say, mut said) = mpsc::channel(SAID);
    let thread = tokio::task::spawn_blocking(move || Scribe::new(writer, say).write(&queue));
    let mut lost = Lost::default();
    loop {
        tokio::select! {
            Some(notice) = said.recv() => drop(outlet.send(What::Notice(notice)).await),
            update = updates.recv() => match update {
                Some(update) => {
                    if let Some(notice) = lost.pass(&to, update) {
                        outlet.send(What::Notice(notice)).await;
                    }
                }
                None => break,
            },
        }
    }
    drop((to, said));
    let torn = thread.await.unwrap_or(Ok(0))?;
    Ok(lost.all + torn)
}

/// What found no room in the queue.
#[derive(Default)]
struct Lost {
    all: u64,
    told: u64,
}

impl Lost {
    /// Hands `update` over, or counts it; what is to be said once there is room again.
    fn pass(&mut self, to: &SyncSender<Update>, update: Update) -> Option<Notice> {
        if matches!(update.what, What::Replay(_) | What::Anew) {
            return None;
        }
        match to.try_send(update) {
            Ok(()) if self.all > self.told => {
                let text = format!(
                    "the recording lacks {} updates: the disk was too slow",
                    self.all - self.told
                );
                self.told = self.all;
                Some(bad(text))
            }
            Err(TrySendError::Full(_)) => {
                self.all += 1;
                None
            }
            _ => None,
        }
    }
}

fn bad(text: impl Into<SafeText>) -> Notice {
    Notice { bad: true, text: text.into() }
}

/// Who writes.
struct Scribe {
    writer: Writer,
    say: mpsc::Sender<Notice>,
    fails: bool,
}

impl Scribe {
    const fn new(writer: Writer, say: mpsc::Sender<Notice>) -> Self {
        Self { writer, say, fails: false }
    }

    /// Writes what is in `queue` until nobody fills it. How many lines were let go.
    fn write(mut self, queue: &Receiver<Update>) -> Result<u64, Error> {
        let mut due = Instant::now() + FLUSH;
        loop {
            match queue.recv_timeout(due.saturating_duration_since(Instant::now())) {
                Ok(update) => {
                    if let Err(error) = self.writer.push(&update) {
                        self.tell(bad(format!("an update is not recorded: {error}")));
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if Instant::now() >= due {
                due = Instant::now() + FLUSH;
                self.flush();
            }
        }
        let lost = self.writer.lost();
        self.writer.finish().map(|()| lost)
    }

    fn flush(&mut self) {
        match self.writer.flush() {
            Ok(()) if std::mem::take(&mut self.fails) => {
                let text = match self.writer.lost() {
                    0 => "the recording goes on, and lacks nothing".to_owned(),
                    lost => format!("the recording goes on; it lacks {lost} updates"),
                };
                self.tell(Notice { bad: false, text: text.into() });
            }
            Err(error) if !std::mem::replace(&mut self.fails, true) => {
                let hope = if error.is_full() { "free some room" } else { "mend that" };
                self.tell(bad(format!("nothing is recorded: {error}; {hope} and it goes on")));
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// What cannot be said now is said by the next flush that fails, or not at all.
    fn tell(&self, notice: Notice) {
        self.say.try_send(notice).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::time::Stamp;

    fn update(what: What) -> Update {
        Update { at: Stamp::default(), from: SourceId::local(), what }
    }

    #[test]
    fn what_finds_no_room_is_counted_and_told_once() {
        let (to, queue) = sync_channel(1);
        let mut lost = Lost::default();
        assert_eq!(lost.pass(&to, update(What::Lost(1))), None);
        for _ in 0..3 {
            assert_eq!(lost.pass(&to, update(What::Lost(1))), None);
        }
        queue.recv().unwrap();
        let told = lost.pass(&to, update(What::Lost(2))).unwrap();
        assert!(told.text.as_str().contains("lacks 3 updates"), "{}", told.text);
        queue.recv().unwrap();
        assert_eq!(lost.pass(&to, update(What::Lost(2))), None);
        assert_eq!(lost.pass(&to, update(What::Anew)), None, "it is of no recording");
    }
}
