//! Where a choice of the palette leads.

use super::App;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::palette::Goal;
use crate::tui::reply::Reply;
use crate::tui::tab::Tab;

impl App {
    /// Goes to `goal`. A filter that might hide a row gives way.
    pub(super) fn go(&mut self, goal: Goal, state: &State) {
        let reply = match goal {
            Goal::Act(action) => return self.carry_out(action, state),
            Goal::Theme(name) => return self.use_theme(&name),
            Goal::Node(id) => {
                self.tab = Tab::Nodes;
                self.views.nodes.open(id);
                Reply::Done
            }
            Goal::Run(source, id) => {
                self.tab = Tab::Runs;
                self.views.runs.go(&source, &id, state)
            }
            Goal::Gpu(node, id) => {
                self.unfiltered(Tab::Gpus);
                self.views.gpus.go(&(node, id), state);
                Reply::Done
            }
            Goal::Model(node, key) => {
                self.unfiltered(Tab::Models);
                self.views.models.go(&(node, key), state);
                Reply::Done
            }
            Goal::Backend(id) => {
                self.unfiltered(Tab::Backends);
                self.views.backends.go(id);
                Reply::Done
            }
        };
        let wish = self.take(reply, Action::Enter, state);
        self.effects.extend(wish.map(super::Effect::Wish));
    }

    fn unfiltered(&mut self, tab: Tab) {
        self.tab = tab;
        self.set_filter(String::new());
    }

    fn use_theme(&mut self, name: &str) {
        match self.setup.themes.choose(name) {
            Ok(()) => self.say(false, self.setup.themes.words()),
            Err(error) => self.say(true, error.to_string()),
        }
    }
}
