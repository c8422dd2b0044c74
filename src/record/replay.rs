//! A recording, played: what it holds is told again as it happened, at the speed and from the moment that
//! are wished.
//!
//! The file is looked through in small pieces beside the playing, so that a large one begins at once. Going
//! to a moment means to forget everything and to tell what stands then. Commands that would act are
//! answered with a sentence: what is shown is over.

use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use crate::model::alert::AlertWish;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::past::PastWish;
use crate::model::replay::{Replay, ReplayWish, SPEEDS};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Notice, Update, What};
use crate::state::State;
use crate::store::tape::{Head, Tape};

mod coarse;
mod index;
mod reel;

use reel::Reel;

/// How often it is said where the recording is.
const TELL: Duration = Duration::from_millis(250);
/// How often it is said that the file is still looked through.
const WAIT: Duration = Duration::from_secs(1);
/// How long the file is looked through before anything else is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Wishes that are answered together.
const TOGETHER: usize = 256;

/// A recording that is played.
#[derive(Debug)]
pub struct Player {
    reel: Reel,
    out: mpsc::Sender<Update>,
    name: SafeText,
    /// The moment that is shown, in milliseconds since the first line, and when it was.
    t: u64,
    since: Instant,
    /// Lines that were told.
    told: usize,
    /// A moment to go to as soon as the file is looked through up to there.
    goal: Option<Goal>,
    speed: usize,
    /// Whether the user wants it to stand still; at its end it does anyway.
    paused: bool,
    /// When it was said last where it is, and that something takes its time.
    said: Option<Instant>,
    asked_to_wait: Option<Instant>,
    gone: bool,
}

/// A moment that is wished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// In milliseconds since 1970 UTC.
    Wall(i64),
    /// In milliseconds since the first line.
    Since(u64),
    /// The last line.
    End,
}

/// Plays `tape` into `out` and does what `asked` says, until nobody listens. It begins at `goal`, or with its
/// first line.
pub async fn play(
    tape: Tape,
    head: Option<Head>,
    goal: Option<Goal>,
    out: mpsc::Sender<Update>,
    mut asked: mpsc::Receiver<Command>,
) {
    let mut player = Player::new(tape, head.as_ref(), goal, out);
    loop {
        let wished = tokio::select! {
            biased;
            wish = asked.recv() => match wish {
                Some(wish) => Some(wish),
                None => return,
            },
            () = tokio::time::sleep_until(player.due().into()) => None,
        };
        let more = std::iter::from_fn(|| asked.try_recv().ok()).take(TOGETHER);
        let wished: Vec<Command> = wished.into_iter().chain(more).collect();
        let turn = tokio::task::spawn_blocking(move || {
            player.turn(&wished, Instant::now());
            player
        });
        match turn.await {
            Ok(turned) if !turned.gone => player = turned,
            _ => return,
        }
    }
}

/// The state at `goal`, and where that is.
pub fn state_at(tape: Tape, head: Option<&Head>, goal: Goal) -> (State, Replay) {
    let (out, nobody) = mpsc::channel(1);
    drop(nobody);
    let mut player = Player::new(tape, head, None, out);
    while player.reel.look_through(LOOK) {}
    let mut state = State::default();
    let t = player.time_of(goal).min(player.reel.index.end());
    let until = player.reel.index.until(t);
    let entries = player.reel.index.select(0..until);
    player.reel.read(&entries, |update| {
        state.apply(&update);
        true
    });
    (player.t, player.told) = (t, until);
    (state, player.replay())
}

impl Player {
    fn new(tape: Tape, head: Option<&Head>, goal: Option<Goal>, out: mpsc::Sender<Update>) -> Self {
        let host = head.map(|head| head.host.to_string()).filter(|host| !host.is_empty());
        let name = host.map_or_else(|| tape.name(), |host| format!("{} of {host}", tape.name()));
        Self {
            name: name.into(),
            reel: Reel::new(tape),
            out,
            t: 0,
            since: Instant::now(),
            told: 0,
            goal,
            speed: SPEEDS.iter().position(|speed| (*speed - 1.0).abs() < 1e-9).unwrap_or(0),
            paused: false,
            said: None,
            asked_to_wait: None,
            gone: false,
        }
    }

    /// When there is something to do.
    fn due(&self) -> Instant {
        if self.reel.is_done() { Instant::now() + TELL } else { Instant::now() }
    }

    /// Does what is wished, looks through a piece of the file, and tells what is due at `now`.
    fn turn(&mut self, wished: &[Command], now: Instant) {
        let reading = self.reel.look_through(LOOK);
        self.go_on(now);
        let mut shown = 0;
        for wish in wished {
            match wish {
                Command::Replay(wish) => self.obey(*wish, &mut shown),
                Command::Past(wish) => self.tell_past(wish),
                wish => self.refuse(wish),
            }
        }
        if shown != 0 {
            let t = self.moment().saturating_add_signed(shown);
            self.goal = Some(Goal::Since(t));
        }
        if !self.go(reading, now) {
            let until = self.reel.index.until(self.t);
            self.tell(until);
        }
        if !wished.is_empty() || !reading || Self::is_time(self.said, TELL, now) {
            self.said = Some(now);
            let replay = self.replay();
            self.send(self.now(), What::Replay(Box::new(replay)));
        }
    }

    /// Whether at `now` it is `length` since `last`, or never was.
    fn is_time(last: Option<Instant>, length: Duration, now: Instant) -> bool {
        last.is_none_or(|last| now.saturating_duration_since(last) >= length)
    }

    /// Whether the last line is shown and no other follows.
    fn is_at_end(&self) -> bool {
        self.reel.is_done() && self.goal.is_none() && self.t == self.reel.index.end()
    }

    /// The moment that is shown, or is to be.
    fn moment(&self) -> u64 {
        self.goal.map_or(self.t, |goal| self.time_of(goal))
    }

    fn time_of(&self, goal: Goal) -> u64 {
        match goal {
            Goal::Since(t) => t,
            Goal::Wall(wall_ms) => self.reel.index.time_of(wall_ms),
            Goal::End => self.reel.index.end(),
        }
    }

    /// Moves the moment on by the time that went by.
    fn go_on(&mut self, now: Instant) {
        let went = now.saturating_duration_since(std::mem::replace(&mut self.since, now));
        if self.paused || self.goal.is_some() {
            return;
        }
        let went = went.mul_f64(SPEEDS[self.speed]).as_millis();
        let t = self.t.saturating_add(u64::try_from(went).unwrap_or(u64::MAX));
        self.t = t.min(self.reel.index.end());
    }

    /// Takes in a wish; steps add up in `by`, so that a key that is held goes far and not slowly.
    fn obey(&mut self, wish: ReplayWish, by: &mut i64) {
        match wish {
            ReplayWish::Pause(paused) => {
                if !paused && self.is_at_end() {
                    self.say("this is the end of the recording; go back to see more");
                }
                self.paused = paused;
            }
            ReplayWish::Speed(steps) => {
                let speed = self.speed.saturating_add_signed(steps.into());
                self.speed = speed.min(SPEEDS.len() - 1);
            }
            ReplayWish::By(step) => *by = by.saturating_add(step),
            ReplayWish::To(wall_ms) => {
                // What has not been looked through yet may well hold the moment.
                let last = self.reel.index.entry(self.reel.index.len().saturating_sub(1));
                let beyond = last.is_none_or(|last| last.wall_ms <= wall_ms);
                let beyond = wall_ms == i64::MAX || (beyond && self.reel.is_done());
                (self.goal, *by) = (Some(if beyond { Goal::End } else { Goal::Wall(wall_ms) }), 0);
            }
        }
    }

    /// Tells the numbers of a stretch, of which nothing is after the moment that is shown.
    fn tell_past(&mut self, wish: &PastWish) {
        let past = self.reel.coarse.past(wish, self.reel.index.first().wall_ms);
        self.send(self.now(), What::Past(Box::new(past)));
    }

    /// Answers what cannot be done here.
    fn refuse(&self, wish: &Command) {
        let quiet = matches!(
            wish,
            Command::Focus(_)
                | Command::ListRuns
                | Command::Interval(_)
                | Command::Alert(AlertWish::Reload)
        );
        if !quiet {
            self.say("a recording is played: nothing can be begun or ended in it");
        }
    }

    /// Goes to the moment that is wished, if one is and the file is looked through up to there; true if it
    /// went.
    fn go(&mut self, reading: bool, now: Instant) -> bool {
        let Some(goal) = self.goal else { return false };
        let t = self.time_of(goal);
        if reading && (goal == Goal::End || t >= self.reel.index.end()) {
            if Self::is_time(self.asked_to_wait, WAIT, now) {
                self.asked_to_wait = Some(now);
                self.say(&format!("reading the recording: {} %", self.reel.looked_through()));
            }
            return false;
        }
        self.goal = None;
        self.t = t.min(self.reel.index.end());
        let until = self.reel.index.until(self.t);
        if until < self.told {
            self.told = 0;
            self.send(self.reel.index.first(), What::Anew);
        }
        self.tell(until);
        self.since = Instant::now();
        true
    }

    /// Tells what stands at the moment that is shown, of what was not told before place `until`.
    fn tell(&mut self, until: usize) {
        if until <= self.told {
            return;
        }
        let entries = self.reel.index.select(self.told..until);
        let out = &self.out;
        self.gone |= !self.reel.read(&entries, |update| out.blocking_send(update).is_ok());
        self.told = until;
    }

    fn now(&self) -> Stamp {
        self.reel.index.stamp(self.t, self.told)
    }

    fn replay(&self) -> Replay {
        let index = &self.reel.index;
        let from = index.first();
        Replay {
            name: self.name.clone(),
            from_ms: from.wall_ms,
            to_ms: index.stamp(index.end(), index.len()).wall_ms,
            at_ms: self.now().wall_ms,
            speed: SPEEDS[self.speed],
            paused: self.paused || self.is_at_end(),
            bad_lines: index.bad + index.beyond,
        }
    }

    fn say(&self, words: &str) {
        let notice = Notice { bad: false, text: words.into() };
        let update = Update { at: self.now(), from: SourceId::local(), what: What::Notice(notice) };
        self.out.blocking_send(update).unwrap_or_default();
    }

    fn send(&mut self, at: Stamp, what: What) {
        let update = Update { at, from: SourceId::local(), what };
        self.gone |= self.out.blocking_send(update).is_err();
    }
}
