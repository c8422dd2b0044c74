//! The loop: signals, keys, the frame that is due, updates, in that order.
//!
//! Every future in it may be dropped half-way without losing anything. Nothing in it waits for the
//! terminal: while the last frame is on its way no other is drawn, so a slow terminal sees fewer
//! frames, not later ones.

use std::io;

use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::app::{App, Effect, Errand};
use super::clipboard;
use super::diary;
use super::event::{Input, Signal};
use super::pace::Pace;
use super::surface::Surface;
use super::view;
use crate::model::alert::AlertWish;
use crate::model::command::Command;
use crate::model::text::SafeText;
use crate::model::time::{Clock, Stamp};
use crate::model::update::Update;
use crate::state::State;

/// Updates folded before the loop looks at keys again.
const FOLD: usize = 256;
/// Keys answered before the loop looks at anything else.
const KEYS: usize = 64;

/// Letters that are shown of what was copied.
const SHOWN: usize = 100;

/// Does what has to do with the files of the user.
pub type Errands = Box<dyn FnMut(&mut App, Errand) + Send>;

/// How the TUI ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The user has seen enough.
    Quit,
    /// A signal of this number said so; the exit status is 128 more.
    Signal(i32),
}

/// What comes in.
#[derive(Debug)]
pub struct Feed {
    /// What the system says.
    pub signals: mpsc::Receiver<Signal>,
    /// What the user does; when it closes, the terminal is gone.
    pub inputs: mpsc::Receiver<Input>,
    /// What happens; when it closes, the screen stays as it is.
    pub updates: mpsc::Receiver<Update>,
}

/// One time at the screen.
pub struct Session<S, C> {
    /// What is looked at.
    pub app: App,
    /// The world.
    pub state: State,
    /// What is drawn on.
    pub surface: S,
    clock: C,
    commands: mpsc::Sender<Command>,
    pace: Pace,
    ended: Option<Ended>,
    /// Does what the app wishes of the user's files.
    errands: Errands,
}

/// What the loop woke up for.
enum Woke {
    Signal(Option<Signal>),
    Input(Option<Input>),
    Sent(io::Result<()>),
    Due,
    Update(Option<Box<Update>>),
}

impl<S: Surface, C: Clock> Session<S, C> {
    /// Ready to begin; `errands` is called for what has to do with the files of the user.
    pub fn new(
        app: App,
        surface: S,
        clock: C,
        commands: mpsc::Sender<Command>,
        errands: Errands,
    ) -> Self {
        Self {
            app,
            state: State::default(),
            surface,
            clock,
            commands,
            pace: Pace::new(Instant::now()),
            ended: None,
            errands,
        }
    }

    /// Runs until the user quits, a signal says so or the terminal is gone.
    ///
    /// # Errors
    /// The terminal's, when it cannot be written to.
    pub async fn run(&mut self, feed: &mut Feed) -> io::Result<Ended> {
        let mut updating = true;
        loop {
            let woke = self.wait(feed, updating).await;
            updating &= !matches!(woke, Woke::Update(None));
            self.answer(woke, feed)?;
            if let Some(ended) = self.ended {
                return Ok(ended);
            }
        }
    }

    async fn wait(&mut self, feed: &mut Feed, updating: bool) -> Woke {
        let busy = self.surface.is_busy();
        let due = self.pace.next(Instant::now());
        tokio::select! {
            biased;
            signal = feed.signals.recv() => Woke::Signal(signal),
            input = feed.inputs.recv() => Woke::Input(input),
            sent = self.surface.flush(), if busy => Woke::Sent(sent),
            () = sleep_until(due), if !busy => Woke::Due,
            update = feed.updates.recv(), if updating => {
                Woke::Update(update.map(Box::new))
            }
        }
    }

    fn answer(&mut self, woke: Woke, feed: &mut Feed) -> io::Result<()> {
        match woke {
            Woke::Signal(signal) => self.obey(signal)?,
            Woke::Input(None) => self.ended = Some(Ended::Signal(signal_hook::consts::SIGHUP)),
            Woke::Input(Some(first)) => self.take_inputs(first, &mut feed.inputs)?,
            Woke::Sent(result) => result?,
            Woke::Due => return self.draw(),
            Woke::Update(update) => {
                self.fold(update.map(|update| *update), &mut feed.updates);
                self.attend()?;
            }
        }
        // A key that has been answered is shown before anything else is looked at.
        let now = Instant::now();
        if self.ended.is_none() && !self.surface.is_busy() && self.pace.next(now) <= now {
            return self.draw();
        }
        Ok(())
    }

    fn draw(&mut self) -> io::Result<()> {
        let now = self.now();
        let (app, state) = (&self.app, &self.state);
        self.surface.draw(|frame| view::draw(frame, app, state, now))?;
        self.pace.draw(Instant::now());
        Ok(())
    }

    /// The time that is shown: of the recording, where one is played.
    fn now(&self) -> Stamp {
        if self.state.replay.is_some() { self.state.now } else { self.clock.now() }
    }

    /// Looks at what came, and wishes what is missing of the time that is shown.
    fn attend(&mut self) -> io::Result<()> {
        let now = self.now();
        self.app.attend(&self.state, now);
        self.carry_out()
    }

    fn obey(&mut self, signal: Option<Signal>) -> io::Result<()> {
        match signal {
            Some(Signal::End(number)) => self.ended = Some(Ended::Signal(number)),
            Some(Signal::Suspend) => self.surface.suspend(self.app.mouse)?,
            Some(Signal::Resumed) => self.surface.enter(self.app.mouse)?,
            Some(Signal::Crashed(words)) => {
                tracing::error!("a part of isomon broke: {words}");
                self.app.say(true, format!("a part of isomon broke: {words}"));
            }
            Some(Signal::Resized) => {}
            None => self.ended = Some(Ended::Quit),
        }
        self.pace.touch(Instant::now());
        Ok(())
    }

    fn take_inputs(&mut self, first: Input, more: &mut mpsc::Receiver<Input>) -> io::Result<()> {
        for input in at_most(KEYS, Some(first), more) {
            let size = self.surface.size();
            self.app.answer(input, size, &self.state);
            self.carry_out()?;
            if self.ended.is_some() {
                break;
            }
        }
        self.pace.touch(Instant::now());
        self.attend()
    }

    /// Does what the app left to do.
    fn carry_out(&mut self) -> io::Result<()> {
        for effect in std::mem::take(&mut self.app.effects) {
            match effect {
                Effect::Quit => self.ended = Some(Ended::Quit),
                Effect::Wish(command) => self.wish(command),
                Effect::Redraw => self.surface.forget()?,
                Effect::Suspend => self.surface.suspend(self.app.mouse)?,
                Effect::Mouse(on) => self.surface.set_mouse(on),
                Effect::Copy(text) => self.copy(&text),
                Effect::Errand(errand) => {
                    let reloads = errand == Errand::Reload;
                    (self.errands)(&mut self.app, errand);
                    if reloads {
                        self.wish(Command::Alert(AlertWish::Reload));
                    }
                }
                Effect::Bell => self.surface.send("\u{7}"),
            }
        }
        Ok(())
    }

    fn wish(&mut self, command: Command) {
        if self.commands.try_send(command).is_err() {
            self.app.say(true, "isomon is too busy for that; try again");
        }
    }

    fn copy(&mut self, text: &str) {
        match clipboard::sequence(text) {
            Some(sequence) => {
                self.surface.send(&sequence);
                self.app.copied = Some((self.now(), SafeText::of_lines(text, SHOWN)));
                self.app.say(false, "copied, if the terminal allows it");
            }
            None => self.app.say(true, "that is too long for the clipboard"),
        }
    }

    fn fold(&mut self, first: Option<Update>, more: &mut mpsc::Receiver<Update>) {
        let mut changed = false;
        for update in at_most(FOLD, first, more) {
            changed |= diary::take(&mut self.state, &update);
        }
        if changed {
            self.pace.feed(Instant::now());
        }
    }
}

/// `first` and what waits behind it in `more`, together at most `most`. What is beyond is left in the
/// queue: whatever is taken out of it is lost unless it is used.
fn at_most<T>(
    most: usize,
    first: Option<T>,
    more: &mut mpsc::Receiver<T>,
) -> impl Iterator<Item = T> {
    first.into_iter().chain(std::iter::from_fn(|| more.try_recv().ok())).take(most)
}

impl<S, C> std::fmt::Debug for Session<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("app", &self.app).finish_non_exhaustive()
    }
}
