//! What happens is told and kept here, by one writer in a thread of its own.
//!
//! Those who do the work hand in what happened and go on; a slow disk holds up none of them but by the
//! bound of the queue. Lines that tasks write are the only thing that is dropped, and then counted. The
//! run is folded by the same code as on the screen, and written whole when a stage has ended.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Clock;
use crate::model::update::{Notice, Update, What};
use crate::model::workflow::event::TaskLine;
use crate::model::workflow::result::{KIND, TableView};
use crate::model::workflow::{
    Ending, PlotSpec, TaskState, WorkflowEvent, WorkflowRun, WorkflowTail,
};
use crate::state::State;
use crate::store::Error;
use crate::store::result::ResultWriter;
use crate::store::result::log::{Level, Message};

/// Notes that may wait to be written.
const NOTES: usize = 1_024;
/// Notes that are written in one piece.
const PIECE: usize = 256;
/// Lines of tasks that are kept on the disk; of a run that says more, no more is kept.
const MOST_LINES: u64 = 100_000;
/// Events that wait for a disk that was full.
const WAITING: usize = 10_000;

/// What is said of a message in benchctl's log.
pub(super) type About = Vec<(&'static str, Value)>;

/// Something to tell or to keep.
#[derive(Debug)]
pub(super) enum Note {
    /// This happened.
    Event(WorkflowEvent),
    /// A message for benchctl's log.
    Log(Level, &'static str, About),
    /// A stage has ended: everything so far is to be on the disk.
    Save,
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Journal {
    to: mpsc::Sender<Note>,
    clock: Arc<dyn Clock>,
}

impl Journal {
    /// The present in milliseconds since 1970 UTC.
    pub(super) fn now_ms(&self) -> i64 {
        self.clock.now().wall_ms
    }

    /// Says that `event` happened.
    pub(super) async fn tell(&self, event: WorkflowEvent) {
        // The writer goes last: one that has gone broke, which is told when it is waited for.
        self.to.send(Note::Event(event)).await.ok();
    }

    /// Says that `task` stands as it did not before.
    pub(super) async fn task(&self, task: usize, state: TaskState) {
        self.task_at(task, self.now_ms(), state).await;
    }

    /// The same of a moment that is past.
    pub(super) async fn task_at(&self, task: usize, at_ms: i64, state: TaskState) {
        let task = u32::try_from(task).unwrap_or(u32::MAX);
        self.tell(WorkflowEvent::Task { task, at_ms, state }).await;
    }

    /// Hands lines in; `false` leaves them where there is no room now.
    pub(super) fn lines(&self, lines: &mut Vec<TaskLine>, dropped: &mut u64) -> bool {
        let Ok(room) = self.to.try_reserve() else { return false };
        let (lines, dropped) = (std::mem::take(lines), std::mem::take(dropped));
        room.send(Note::Event(WorkflowEvent::Lines { lines, dropped }));
        true
    }

    /// Writes a message into benchctl's log, where one is kept.
    pub(super) async fn log(&self, level: Level, words: &'static str, about: About) {
        self.to.send(Note::Log(level, words, about)).await.ok();
    }

    /// Says that a stage has ended.
    pub(super) async fn save(&self) {
        self.to.send(Note::Save).await.ok();
    }
}

/// The writer.
pub(super) struct Desk {
    pub(super) writer: ResultWriter,
    state: State,
    id: RunId,
    pub(super) plots: Vec<PlotSpec>,
    out: mpsc::Sender<Update>,
    clock: Arc<dyn Clock>,
    waiting: Vec<WorkflowEvent>,
    written: u64,
    unheard: u64,
    /// Why something of it is not on the disk.
    pub(super) unkept: Option<SafeText>,
}

/// Begins to write run `id` with `writer` and to tell it through `out`.
pub(super) fn open(
    id: RunId,
    writer: ResultWriter,
    plots: Vec<PlotSpec>,
    clock: Arc<dyn Clock>,
    out: mpsc::Sender<Update>,
) -> (Journal, JoinHandle<Desk>) {
    let (to, notes) = mpsc::channel(NOTES);
    let journal = Journal { to, clock: Arc::clone(&clock) };
    let desk = Desk {
        writer,
        state: State::default(),
        id,
        plots,
        out,
        clock,
        waiting: Vec::new(),
        written: 0,
        unheard: 0,
        unkept: None,
    };
    (journal, tokio::task::spawn_blocking(move || desk.work(notes)))
}

impl Desk {
    fn work(mut self, mut notes: mpsc::Receiver<Note>) -> Self {
        while let Some(first) = notes.blocking_recv() {
            let more = std::iter::from_fn(|| notes.try_recv().ok()).take(PIECE);
            let piece: Vec<Note> = std::iter::once(first).chain(more).collect();
            self.take_all(piece);
        }
        self
    }

    fn take_all(&mut self, notes: Vec<Note>) {
        let mut save = false;
        for note in notes {
            match note {
                Note::Event(event) => self.take(event),
                Note::Save => save = true,
                Note::Log(level, words, about) => self.log(level, words, about),
            }
        }
        self.write();
        if save {
            let saved = self.writer.sync().and_then(|()| self.writer.save(&self.run()));
            self.mind(saved);
        }
    }

    fn log(&mut self, level: Level, words: &'static str, about: About) {
        let time = local_time(self.clock.as_ref());
        let logged = self.writer.log(&Message { time, level, words, about });
        self.mind(logged);
    }

    /// Tells `event`, and puts it to those that are written next.
    pub(super) fn take(&mut self, event: WorkflowEvent) {
        let update = self.update(What::Workflow { id: self.id.clone(), event: event.clone() });
        self.state.apply(&update);
        match event {
            WorkflowEvent::Lines { lines, dropped } => self.pass_lines(lines, dropped),
            event => {
                // Who does not listen any more has gone.
                self.out.blocking_send(update).ok();
                if self.waiting.len() < WAITING {
                    self.waiting.push(event);
                }
            }
        }
    }

    /// Lines are told where somebody takes them in time, and written while there is room.
    fn pass_lines(&mut self, lines: Vec<TaskLine>, dropped: u64) {
        let count = lines.len() as u64;
        let dropped_here = dropped + std::mem::take(&mut self.unheard);
        let event = WorkflowEvent::Lines { lines: lines.clone(), dropped: dropped_here };
        let update = self.update(What::Workflow { id: self.id.clone(), event });
        if let Err(mpsc::error::TrySendError::Full(_)) = self.out.try_send(update) {
            self.unheard = dropped_here + count;
        }
        if self.written < MOST_LINES && self.waiting.len() < WAITING {
            self.written += count;
            self.waiting.push(WorkflowEvent::Lines { lines, dropped });
        }
    }

    /// Writes what waits; where there is no room it waits on.
    fn write(&mut self) {
        let appended = self.writer.append(&self.waiting);
        if appended.is_ok() {
            self.waiting.clear();
        }
        self.mind(appended);
    }

    /// Says once that something cannot be written.
    fn mind(&mut self, done: Result<(), Error>) {
        let Err(error) = done else { return };
        tracing::warn!("{error}");
        if self.unkept.is_none() {
            let text = SafeText::new(&format!("not all of the run is on the disk: {error}"));
            let notice = self.update(What::Notice(Notice { bad: true, text: text.clone() }));
            self.out.blocking_send(notice).ok();
            self.unkept = Some(text);
        }
    }

    /// Takes the last events, and writes everything there is.
    pub(super) fn close(&mut self, last: Vec<WorkflowEvent>) {
        self.take_all(last.into_iter().map(Note::Event).chain([Note::Save]).collect());
    }

    /// Says in benchctl's log how it ended.
    pub(super) fn say_end(&mut self, tail: &WorkflowTail) {
        let run = self.run();
        let mut about: About = vec![("run_id", run.head.number.as_str().into())];
        if tail.ending == Ending::Success {
            about.push(("run_dir", run.head.dir.as_str().into()));
            return self.log(Level::Info, "workflow completed", about);
        }
        let why = tail.failure.as_ref().map_or("cancelled", |failure| failure.reason.as_str());
        about.insert(0, ("error", why.into()));
        self.log(Level::Error, "workflow failed", about);
    }

    /// The tables among its files, by the file's name.
    pub(super) fn tables(&self) -> &BTreeMap<SafeText, TableView> {
        static NONE: BTreeMap<SafeText, TableView> = BTreeMap::new();
        self.state.workflows.get(&self.id).map_or(&NONE, |known| &known.tables)
    }

    /// The run so far.
    pub(super) fn run(&self) -> WorkflowRun {
        let known = self.state.workflows.get(&self.id).map(|known| known.run.clone());
        let run = known.unwrap_or_default();
        WorkflowRun { kind: KIND.to_owned(), plots: self.plots.clone(), ..run }
    }

    fn update(&self, what: What) -> Update {
        Update { at: self.clock.now(), from: SourceId::local(), what }
    }
}

/// The wall time as RFC 3339 with nanoseconds and the local offset.
pub(super) fn local_time(clock: &dyn Clock) -> String {
    let at = jiff::Timestamp::from_nanosecond(i128::from(clock.wall_ns()));
    let at = at.unwrap_or(jiff::Timestamp::UNIX_EPOCH).to_zoned(jiff::tz::TimeZone::system());
    at.strftime("%Y-%m-%dT%H:%M:%S%.f%:z").to_string()
}
