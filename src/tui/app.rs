//! What is looked at: tab, popups, prompt, filter. The world is elsewhere and only read.
//!
//! A key goes to the topmost layer: the prompt, then the popup on top, then the keymap, whose
//! action goes to the tab in front and, if that has no use for it, to the app. What should happen
//! outside the app is left in [`App::effects`] for the loop.

use std::time::Duration;

use ratatui::layout::Size;

use super::action::Action;
use super::columns::Columns;
use super::event::Input;
use super::habit::{Arranged, Habit, Habits};
use super::help::Help;
use super::key::Key;
use super::keymap::{Found, Keymap};
use super::look::{Glyph, Look};
use super::palette::{self, Palette};
use super::popup::{Answer, Ask, Popup, Then};
use super::prompt::{self, Prompt};
use super::reply::Reply;
use super::rest::Rest;
use super::tab::{self, Tab, Views, runs};
use super::theme::Themes;
use super::when::When;
use crate::config::Threshold;
use crate::config::edit::Change;
use crate::model::command::Command;
use crate::model::id::SourceId;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::Notice;
use crate::state::State;

mod deed;
mod goal;
mod pointer;
mod time;

/// What is looked at.
#[derive(Debug)]
pub struct App {
    /// The tab in front.
    pub tab: Tab,
    /// What is looked at in each tab.
    pub views: Views,
    /// What lies over the tab, the topmost last.
    pub popups: Vec<Popup>,
    /// Which time is looked at.
    pub when: When,
    /// The filter, or a time to go to, while it is typed.
    pub prompt: Option<Prompt>,
    /// The filter of each tab, in the order of [`Tab::ALL`], that of one node in depth, and that of each
    /// panel of a run in depth.
    pub filters: [String; Tab::ALL.len() + 1 + runs::PANELS],
    /// Keys of a chord that is not complete.
    pub pending: Vec<Key>,
    /// What was said last, until the next key.
    pub said: Option<Notice>,
    /// What was put on the clipboard last, and when.
    pub copied: Option<(Stamp, SafeText)>,
    /// Whether sampling is paused.
    pub paused: bool,
    /// Whether the mouse is ours.
    pub mouse: bool,
    /// How often samples are taken.
    pub interval: Duration,
    /// What is left for the loop to do.
    pub effects: Vec<Effect>,
    /// What the user set.
    pub setup: Setup,
    /// What has been asked for since the start.
    asked: Asked,
    /// The other node of which everything was asked for last.
    focus: Option<SourceId>,
    /// The critical alert that rang last.
    rung: Option<Stamp>,
    /// When sampling was paused.
    rest: Rest,
}

/// What is asked for once.
#[derive(Clone, Copy, Debug, Default)]
struct Asked {
    /// That the backends be tried.
    backends: bool,
    /// Which runs are on disk.
    runs: bool,
}

/// What the user set before the start, and may read again.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Which keys do what.
    pub keymap: Keymap,
    /// The themes, and the one in use.
    pub themes: Themes,
    /// From where on a number is called high.
    pub threshold: Threshold,
    /// Which letters the terminal can show.
    pub glyph: Glyph,
    /// Whether what acts is hidden and refused.
    pub readonly: bool,
    /// Whether a critical alert rings the bell.
    pub bell: bool,
    /// The zone whose time is shown.
    pub zone: jiff::tz::TimeZone,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            keymap: Keymap::embedded(),
            themes: Themes::default(),
            threshold: Threshold::default(),
            glyph: Glyph::Unicode,
            readonly: false,
            bell: false,
            zone: jiff::tz::TimeZone::UTC,
        }
    }
}

/// Something with the files of the user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Errand {
    /// Read keymap and themes again.
    Reload,
    /// Show the settings.
    Settings,
    /// Change one of them.
    Set(Change),
}

/// Something only the loop can do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// End.
    Quit,
    /// Send this down.
    Wish(Command),
    /// Draw everything anew.
    Redraw,
    /// Give the terminal back for a while.
    Suspend,
    /// Take the mouse, or leave it to the terminal.
    Mouse(bool),
    /// Put this on the clipboard.
    Copy(String),
    /// Something with the files of the user.
    Errand(Errand),
    /// Ring the bell.
    Bell,
}

impl App {
    /// The app at the start.
    pub fn new(setup: Setup, interval: Duration, mouse: bool) -> Self {
        Self {
            tab: Tab::default(),
            views: Views::default(),
            popups: Vec::new(),
            when: When::default(),
            prompt: None,
            filters: std::array::from_fn(|_| String::new()),
            pending: Vec::new(),
            said: None,
            copied: None,
            paused: false,
            mouse,
            interval,
            effects: Vec::new(),
            setup,
            asked: Asked::default(),
            focus: None,
            rung: None,
            rest: Rest::default(),
        }
    }

    /// Asks for the runs that are kept: the overview speaks of the latest.
    pub fn begin(&mut self) {
        self.asked.runs = true;
        self.effects.push(Effect::Wish(Command::ListRuns));
    }

    /// How things look at `now`.
    pub fn look(&self, now: Stamp) -> Look<'_> {
        Look {
            theme: self.setup.themes.current(),
            keymap: &self.setup.keymap,
            threshold: self.setup.threshold,
            glyph: self.setup.glyph,
            now,
            rest: self.rest,
            when: &self.when,
            zone: &self.setup.zone,
            readonly: self.setup.readonly,
            interval_ms: u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX),
        }
    }

    /// How the user likes the tables, as far as it is not usual.
    pub fn habits(&mut self) -> Habits {
        let mut usual = Views::default();
        let usual: Vec<Habit> = usual.arranged().iter().map(Arranged::habit).collect();
        let now = self.views.arranged().into_iter().zip(usual);
        let changed = now.filter(|(table, usual)| table.habit() != *usual);
        let tables = changed.map(|(table, _)| (table.table.to_owned(), table.habit()));
        Habits { tables: tables.collect() }
    }

    /// Arranges the tables as the user likes them.
    pub fn take_habits(&mut self, habits: &Habits) {
        for mut table in self.views.arranged() {
            if let Some(habit) = habits.tables.get(table.table) {
                table.take(habit);
            }
        }
    }

    /// The filter of the tab in front.
    pub fn filter(&self) -> &str {
        &self.filters[self.place()]
    }

    fn place(&self) -> usize {
        if self.tab == Tab::Nodes && self.views.nodes.is_open() {
            return Tab::ALL.len();
        }
        if self.tab == Tab::Runs && self.views.runs.is_open() {
            return Tab::ALL.len() + 1 + self.views.runs.panel();
        }
        let at = Tab::ALL.iter().position(|tab| *tab == self.tab);
        at.unwrap_or(0)
    }

    /// Answers what the user did on a screen of `size`.
    pub fn answer(&mut self, input: Input, size: Size, state: &State) {
        self.said = None;
        match input {
            Input::Key(key) => self.press(key, state),
            Input::Paste(text) => self.paste(&text),
            Input::Mouse(mouse, column, row) => self.point(mouse, (column, row), size, state),
        }
        self.try_backends(state);
        if matches!(self.tab, Tab::Bench | Tab::Runs) && !self.asked.runs {
            self.asked.runs = true;
            self.effects.push(Effect::Wish(Command::ListRuns));
        }
        self.tell_focus();
    }

    /// Says which other node is looked at in depth, when that changes: it tells everything then.
    fn tell_focus(&mut self) {
        let open = match self.tab {
            Tab::Nodes => self.views.nodes.in_depth().cloned(),
            Tab::Runs => self.views.runs.in_depth(),
            _ => None,
        };
        let open = open.filter(|id| *id != SourceId::local());
        if open != self.focus {
            self.focus = open;
            self.effects.push(Effect::Wish(Command::Focus(self.focus.clone())));
        }
    }

    /// Who first opens a tab about backends has them tried: what is ready here should be seen
    /// without a question, and nobody who only watches should have programs run for it.
    fn try_backends(&mut self, state: &State) {
        let shown = matches!(self.tab, Tab::Backends | Tab::Bench);
        if shown && !self.asked.backends && !self.setup.readonly && state.live_run().is_none() {
            self.asked.backends = true;
            let known = !tab::backends::statuses(state).is_empty();
            let wish = (!known).then_some(Effect::Wish(Command::CheckBackends));
            self.effects.extend(wish);
        }
    }

    fn press(&mut self, key: Key, state: &State) {
        if self.prompt.is_some() {
            return self.press_prompt(key, state);
        }
        if !self.popups.is_empty() {
            return self.press_popup(key, state);
        }
        if !self.pending.is_empty() && key == Key::ESC {
            return self.pending.clear();
        }
        self.pending.push(key);
        match self.setup.keymap.find(&self.pending) {
            Found::Prefix => {}
            Found::Nothing => self.pending.clear(),
            Found::Action(action) => {
                self.pending.clear();
                self.carry_out(action, state);
            }
        }
    }

    fn press_popup(&mut self, key: Key, state: &State) {
        let Some(popup) = self.popups.last_mut() else {
            return;
        };
        self.pending.push(key);
        let found = self.setup.keymap.find(&self.pending);
        if found == Found::Prefix && !popup.takes_letters() {
            return;
        }
        self.pending.clear();
        let action = match found {
            Found::Action(action) => Some(action),
            Found::Prefix | Found::Nothing => None,
        };
        let answer = popup.press(key, action, &self.setup.keymap);
        self.close(answer, state);
    }

    fn carry_out(&mut self, action: Action, state: &State) {
        let wish = self.act(action, state);
        self.effects.extend(wish.map(Effect::Wish));
    }

    fn press_prompt(&mut self, key: Key, state: &State) {
        let Some(prompt) = self.prompt.as_mut() else {
            return;
        };
        let answer = prompt.press(key);
        if prompt.is_for_time() {
            return self.answer_time(answer, state);
        }
        let text = match answer {
            prompt::Answer::Drop => String::new(),
            _ => prompt.text().to_owned(),
        };
        if answer != prompt::Answer::Typed {
            self.prompt = None;
        }
        self.set_filter(text);
    }

    fn paste(&mut self, text: &str) {
        if let Some(prompt) = self.prompt.as_mut() {
            prompt.paste(text);
            if prompt.is_for_time() {
                return;
            }
            let text = prompt.text().to_owned();
            self.set_filter(text);
        } else if let Some(popup) = self.popups.last_mut() {
            popup.paste(text);
        }
    }

    fn set_filter(&mut self, text: String) {
        self.views.filter(self.tab, &text);
        let place = self.place();
        self.filters[place] = text;
    }

    /// Does what the popup on top answered.
    fn close(&mut self, answer: Answer, state: &State) {
        match answer {
            Answer::Stay => return,
            Answer::Keep(command) => return self.effects.push(Effect::Wish(command)),
            Answer::Hide(titles) => {
                let table = self.views.front(self.tab);
                return table
                    .into_iter()
                    .for_each(|mut table| table.hide(|of| titles.contains(&of)));
            }
            Answer::Set(change) => {
                return self.effects.push(Effect::Errand(Errand::Set(change)));
            }
            _ => drop(self.popups.pop()),
        }
        match answer {
            Answer::Go(goal) => self.go(goal, state),
            Answer::Do(Then::Quit) => self.effects.push(Effect::Quit),
            Answer::Do(Then::Wish(command)) => self.wish(command, state),
            Answer::Do(Then::WishAll(commands)) => {
                self.effects.extend(commands.into_iter().map(Effect::Wish));
            }
            Answer::Stay | Answer::Keep(_) | Answer::Set(_) | Answer::Hide(_) | Answer::Close => {}
        }
    }

    /// Wishes what was agreed to; a benchmark on several nodes is looked at from then on.
    fn wish(&mut self, command: Command, state: &State) {
        if matches!(command, Command::BenchOn { .. }) {
            self.tab = Tab::Bench;
            self.views.bench.expect_fleet(state);
        }
        self.effects.push(Effect::Wish(command));
    }

    /// Says something until the next key.
    pub fn say(&mut self, bad: bool, text: impl Into<SafeText>) {
        let text = text.into();
        self.said = Some(Notice { bad, text });
    }

    fn ask(&mut self, question: impl Into<SafeText>, then: Then) {
        let question = question.into();
        self.popups.push(Popup::Ask(Ask { question, then }));
    }

    fn show_help(&mut self, state: &State) {
        let first = self.views.hints(self.tab, state);
        self.popups.push(Popup::Help(Help::new(self.tab.title(), first, self.tab.keys())));
    }

    fn show_columns(&mut self) {
        match self.views.front(self.tab) {
            Some(table) => self.popups.push(Popup::Columns(Columns::of(&table))),
            None => self.say(false, "this tab has no table whose columns can be chosen"),
        }
    }

    fn show_palette(&mut self, state: &State) {
        let places = palette::places(state, self.setup.themes.names());
        let palette = Palette::new(self.setup.readonly, places);
        self.popups.push(Popup::Palette(palette));
    }

    /// Takes a tab's reply to `action` and returns what it wishes.
    fn take(&mut self, reply: Reply, action: Action, state: &State) -> Option<Command> {
        match reply {
            Reply::Ignored | Reply::Done | Reply::Instant(_) => {}
            Reply::Wish(command) => return self.allow(command, state),
            Reply::Ask { question, then } => {
                if let Some(then) = self.allow(then, state) {
                    self.ask(question, Then::Wish(then));
                }
            }
            Reply::AskAll { question, then } => {
                let then: Vec<Command> =
                    then.into_iter().filter_map(|command| self.allow(command, state)).collect();
                if !then.is_empty() {
                    self.ask(question, Then::WishAll(then));
                }
            }
            Reply::Note(note) => self.popups.push(Popup::Note(note)),
            Reply::Mend(mend) => self.popups.push(Popup::Mend(mend)),
            Reply::Say(text) if action == Action::Why => self.popups.push(Popup::Text(text)),
            Reply::Say(text) => self.say(false, text),
            Reply::Copy(text) => self.effects.push(Effect::Copy(text)),
        }
        None
    }

    /// Lets a wish through, unless it changes anything beyond the screen and that is not allowed.
    fn allow(&mut self, command: Command, state: &State) -> Option<Command> {
        let acts = matches!(
            command,
            Command::Bench(_)
                | Command::BenchAs { .. }
                | Command::BenchOn { .. }
                | Command::Cancel(_)
                | Command::CheckBackends
                | Command::Mend(_)
                | Command::StopMend
                | Command::Resume(_)
                | Command::Stack(_)
                | Command::Export { .. }
                | Command::Alert(_)
        );
        if acts && self.setup.readonly {
            self.refuse(state);
            return None;
        }
        self.asked.backends |= command == Command::CheckBackends;
        Some(command)
    }

    fn refuse(&mut self, state: &State) {
        self.say(
            true,
            match state.replay {
                Some(_) => "a recording is played: nothing can be begun or ended in it",
                None => "isomon was started with --readonly",
            },
        );
    }
}
