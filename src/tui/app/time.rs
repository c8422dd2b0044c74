//! Going through time: in the history, or in a recording that is played.

use super::{App, Effect};
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::replay::{Replay, ReplayWish};
use crate::model::time::Stamp;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::prompt::{self, Prompt};
use crate::tui::tab::Tab;
use crate::tui::toast;
use crate::tui::when::Shown;
use crate::tui::when::moment;

/// Parts of the span that a step through a recording is.
const PARTS: i64 = 4;
/// An hour, in milliseconds: so much is shown of any recording.
const HOUR_MS: i64 = 3_600_000;

impl App {
    /// Whether the tab in front shows charts of nodes, GPUs or models, and so a time.
    pub const fn shows_time(&self) -> bool {
        matches!(self.tab, Tab::Overview | Tab::Nodes | Tab::Gpus | Tab::Models)
    }

    /// Looks at what was told, and wishes what is missing of the time that is shown.
    pub fn attend(&mut self, state: &State, now: Stamp) {
        self.rest.follow(self.paused, now);
        if state.replay.is_none() {
            self.ring(state);
        }
        let only = self.views.nodes.in_depth().filter(|_| self.tab == Tab::Nodes);
        let only: Option<SourceId> = only.cloned();
        let replayed = state.replay.is_some();
        let shown = Shown { is_shown: self.shows_time(), only: only.as_ref(), replayed };
        let wish = self.when.attend(state, shown, now);
        self.effects.extend(wish.map(|wish| Effect::Wish(Command::Past(wish))));
    }

    /// Rings for a critical alert that began to fire since the last one.
    fn ring(&mut self, state: &State) {
        let last = toast::last_critical(state);
        if last > self.rung {
            self.rung = last;
            self.effects.extend(self.setup.bell.then_some(Effect::Bell));
        }
    }

    /// Goes through time, if `action` is about that.
    pub(super) fn act_on_time(&mut self, action: Action, state: &State) -> bool {
        if let Some(replay) = &state.replay {
            return self.act_on_replay(action, replay, state);
        }
        let is_travel = matches!(
            action,
            Action::Earlier
                | Action::Later
                | Action::EarlierSpan
                | Action::LaterSpan
                | Action::Narrower
                | Action::Wider
                | Action::Now
                | Action::GoTo
        );
        if is_travel && !self.shows_time() {
            self.say(false, "the past is shown by the tabs Overview, Nodes, GPUs and Models");
            return true;
        }
        match action {
            Action::GoTo => self.prompt = Some(Prompt::for_time()),
            Action::Back if self.shows_time() && self.when.has_cursor() => drop(self.when.back()),
            _ => match self.when.travel(action, state.now) {
                Some(Ok(())) => {}
                Some(Err(why)) => self.say(false, why),
                None => return false,
            },
        }
        true
    }

    /// Moves the cursor of charts, or leaves the past, with keys the tab has no use for.
    pub(super) fn point_in_time(&mut self, action: Action, state: &State) -> bool {
        let back = action == Action::Back && state.replay.is_none();
        self.shows_time() && (self.when.point(action, state.now) || (back && self.when.back()))
    }

    /// Does what `action` means for a recording that is played.
    fn act_on_replay(&mut self, action: Action, replay: &Replay, state: &State) -> bool {
        if action == Action::Export {
            self.refuse(state);
            return true;
        }
        let span = self.when.span_ms().cast_signed();
        let wish = match action {
            Action::Pause => ReplayWish::Pause(!replay.paused),
            Action::Longer => ReplayWish::Speed(1),
            Action::Shorter => ReplayWish::Speed(-1),
            Action::Earlier => ReplayWish::By(-span / PARTS),
            Action::Later => ReplayWish::By(span / PARTS),
            Action::EarlierSpan => ReplayWish::By(-span),
            Action::LaterSpan => ReplayWish::By(span),
            Action::Now => ReplayWish::To(i64::MAX),
            Action::First if self.tab == Tab::Overview => ReplayWish::To(replay.from_ms),
            Action::Last if self.tab == Tab::Overview && !self.when.has_cursor() => {
                ReplayWish::To(i64::MAX)
            }
            Action::GoTo => {
                self.prompt = Some(Prompt::for_time());
                return true;
            }
            Action::Wider if span >= replay.to_ms.saturating_sub(replay.from_ms).max(HOUR_MS) => {
                self.say(false, "this is the whole recording");
                return true;
            }
            Action::Narrower | Action::Wider => {
                let told = self.when.travel(action, state.now);
                if let Some(Err(why)) = told {
                    self.say(false, why);
                }
                return true;
            }
            Action::Back if self.shows_time() && self.when.has_cursor() => {
                self.when.back();
                return true;
            }
            _ => return false,
        };
        self.effects.push(Effect::Wish(Command::Replay(wish)));
        true
    }

    /// Takes what the prompt for a time made of a key.
    pub(super) fn answer_time(&mut self, answer: prompt::Answer, state: &State) {
        let Some(prompt) = self.prompt.as_mut() else { return };
        match answer {
            prompt::Answer::Typed => {}
            prompt::Answer::Drop => self.prompt = None,
            prompt::Answer::Keep if prompt.text().trim().is_empty() => self.prompt = None,
            prompt::Answer::Keep => {
                let text = prompt.text().to_owned();
                match self.go_to(&text, state) {
                    Ok(()) => self.prompt = None,
                    Err(why) => {
                        if let Some(prompt) = &mut self.prompt {
                            prompt.refuse(why);
                        }
                    }
                }
            }
        }
    }

    /// Goes to the time that `text` names.
    fn go_to(&mut self, text: &str, state: &State) -> Result<(), String> {
        let zone = &self.setup.zone;
        let Some(replay) = &state.replay else {
            let at = moment::read(text, state.now.wall_ms, zone)?;
            return self.when.go_to(at, state.now);
        };
        let from = if text.trim().starts_with('-') { replay.at_ms } else { replay.to_ms };
        let at = if text.trim() == "now" { i64::MAX } else { moment::read(text, from, zone)? };
        self.effects.push(Effect::Wish(Command::Replay(ReplayWish::To(at))));
        Ok(())
    }
}
