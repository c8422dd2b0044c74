//! What each action does: first the tab in front, then the app itself.

use std::time::Duration;

use super::{App, Effect, Errand, Then};
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::prompt::Prompt;
use crate::tui::reply::Reply;
use crate::tui::tab::{Tab, backends};
use crate::tui::widget::value;

/// Intervals `+` and `-` go through, in milliseconds.
const INTERVALS: [u64; 9] = [250, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000];

impl App {
    /// Does what `action` asks and returns what is wished of the rest of the house. The tab in
    /// front answers first, except where an action means the same everywhere.
    pub fn act(&mut self, action: Action, state: &State) -> Option<Command> {
        let action = self.meant(action);
        if action.acts() && (self.setup.readonly || state.replay.is_some()) {
            self.refuse(state);
            return None;
        }
        if let Some(tab) = opened(action, self.tab) {
            self.tab = tab;
            return None;
        }
        if self.act_on_time(action, state) {
            return None;
        }
        if self.act_everywhere(action, state) {
            return None;
        }
        if action == Action::Back && !self.filter().is_empty() {
            self.set_filter(String::new());
            return None;
        }
        if (self.tab, action) == (Tab::Nodes, Action::Enter)
            && let Some(node) = self.views.nodes.at_jobs(state)
        {
            self.show_jobs(&node, state);
            return None;
        }
        let reply = match (self.tab, action) {
            (Tab::Nodes, Action::Bench) => self.views.bench_on(state),
            _ => self.views.act(self.tab, action, state),
        };
        if reply == Reply::Ignored {
            if self.point_in_time(action, state) {
                return None;
            }
            return self.act_for_tab(action, state);
        }
        self.take(reply, action, state)
    }

    /// What `action` means where the keys are: in a log that is searched, the key for now goes on to what is
    /// searched for, as in any pager.
    fn meant(&self, action: Action) -> Action {
        let searching = self.tab == Tab::Runs && self.views.runs.is_searching();
        if action == Action::Now && searching { Action::FindNext } else { action }
    }

    /// Actions that mean the same in every tab; false if `action` is none of them.
    fn act_everywhere(&mut self, action: Action, state: &State) -> bool {
        match action {
            Action::Quit => self.quit(state),
            Action::Help => self.show_help(state),
            Action::Palette => self.show_palette(state),
            Action::Filter => self.open_prompt(state),
            Action::Theme => self.next_theme(),
            Action::Columns => self.show_columns(),
            Action::Settings => self.effects.push(Effect::Errand(Errand::Settings)),
            Action::Mouse => self.toggle_mouse(),
            Action::Reload => self.effects.push(Effect::Errand(Errand::Reload)),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Pause => self.toggle_pause(),
            Action::Shorter => self.change_interval(shorter),
            Action::Longer => self.change_interval(longer),
            _ => return false,
        }
        true
    }

    /// What the app makes of an action the tab in front has no use for.
    fn act_for_tab(&mut self, action: Action, state: &State) -> Option<Command> {
        let other = match action {
            Action::Bench | Action::Again | Action::Cancel | Action::Runs | Action::Fleet => {
                Tab::Bench
            }
            Action::Check => Tab::Backends,
            Action::Copy => {
                self.say(false, "there is nothing to copy here");
                return None;
            }
            _ => return None,
        };
        if other == self.tab {
            return None;
        }
        let reply = self.views.act(other, action, state);
        if matches!(
            action,
            Action::Bench | Action::Again | Action::Check | Action::Runs | Action::Fleet
        ) {
            self.tab = other;
        }
        self.take(reply, action, state)
    }

    /// Shows the jobs of `node` in the tab Runs; the only one in depth.
    fn show_jobs(&mut self, node: &SourceId, state: &State) {
        self.tab = Tab::Runs;
        let told = state.nodes.get(node).and_then(|node| node.pipelines.as_ref());
        let jobs = told.map_or(&[][..], |(_, told)| told.jobs.as_slice());
        if let [only] = jobs {
            return self.views.runs.open_job(node, &only.id, state.now);
        }
        self.views.runs.close();
        self.set_filter(format!("where=\"{node}\""));
    }

    /// Shows run `id` of this machine in depth.
    pub fn open_run(&mut self, id: &RunId) {
        self.tab = Tab::Runs;
        let id = SafeText::new(id.as_str());
        self.views.runs.open_job(&SourceId::local(), &id, Stamp::default());
    }

    fn quit(&mut self, state: &State) {
        let flows = state.workflows.values();
        if let Some(flow) =
            flows.filter(|flow| flow.from == SourceId::local()).find(|flow| flow.is_live())
        {
            let name = &flow.run.head.name;
            let question = format!("{name} is running. End it, do its cleanup and quit?");
            self.ask(question, Then::Quit);
        } else if state.live_run().is_some() || self.views.bench.is_preparing(state) {
            self.ask("A benchmark is running. End it and quit?", Then::Quit);
        } else if state.fleet_live().next().is_some() {
            let many = value::many(state.fleet_live().count(), "other node");
            let question = format!("A benchmark goes on on {many}, also without you. Quit?");
            self.ask(question, Then::Quit);
        } else if let Some(mending) = backends::mending(state).filter(|one| one.goes_on()) {
            let question = format!("{} is being made ready. End that and quit?", mending.backend);
            self.ask(question, Then::Quit);
        } else {
            self.effects.push(Effect::Quit);
        }
    }

    fn open_prompt(&mut self, state: &State) {
        let terms = self.views.terms(self.tab, state);
        self.prompt = Some(Prompt::new(self.filter(), terms));
    }

    fn next_theme(&mut self) {
        self.setup.themes.next();
        self.say(false, self.setup.themes.words());
    }

    fn toggle_mouse(&mut self) {
        self.mouse = !self.mouse;
        self.effects.push(Effect::Mouse(self.mouse));
        let words = if self.mouse {
            "the mouse clicks in isomon"
        } else {
            "the mouse selects text, as the terminal has it"
        };
        self.say(false, words);
    }

    fn toggle_pause(&mut self) {
        self.paused = !self.paused;
        self.effects.push(Effect::Wish(Command::Pause(self.paused)));
    }

    fn change_interval(&mut self, next: impl Fn(u64) -> Option<u64>) {
        let now = u64::try_from(self.interval.as_millis()).unwrap_or(u64::MAX);
        let Some(step) = next(now) else {
            return self.say(false, "there is no such interval");
        };
        self.interval = Duration::from_millis(step);
        let wish = Command::Interval(self.interval);
        self.effects.push(Effect::Wish(wish));
        let seconds = self.interval.as_secs_f64();
        self.say(false, format!("a sample every {seconds} s"));
    }
}

fn shorter(than: u64) -> Option<u64> {
    INTERVALS.into_iter().rev().find(|step| *step < than)
}

fn longer(than: u64) -> Option<u64> {
    INTERVALS.into_iter().find(|step| *step > than)
}

/// The tab that `action` opens, if it opens one.
fn opened(action: Action, current: Tab) -> Option<Tab> {
    Some(match action {
        Action::Tab1 => Tab::Overview,
        Action::Tab2 => Tab::Nodes,
        Action::Tab3 => Tab::Gpus,
        Action::Tab4 => Tab::Backends,
        Action::Tab5 => Tab::Bench,
        Action::Tab6 => Tab::Runs,
        Action::Tab7 => Tab::Models,
        Action::Tab8 => Tab::Alerts,
        Action::Tab9 => Tab::Logs,
        Action::NextTab => current.step(1),
        Action::PreviousTab => current.step(Tab::ALL.len() - 1),
        _ => return None,
    })
}
