//! Runs: every run and job in one list, live or over, here, on nodes, in buckets; and one in depth.
//!
//! A benchmark of isomon, a run read from disk and a job of another platform are drawn by the same code
//! from the same form ([`crate::model::pipeline::Pipeline`]). What a source does not tell is one quiet
//! line with the reason.

use ratatui::Frame;
use ratatui::layout::Rect;

use super::bench;
use crate::model::command::Command;
use crate::model::id::{RunId, SourceId};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::state::State;
use crate::tui::action::Action;
use crate::tui::habit::Arranged;
use crate::tui::look::Look;
use crate::tui::reply::Reply;
use crate::tui::widget::filter::Terms;
use crate::tui::widget::notice;

mod advice;
mod beside;
mod checkpoint;
mod configuration;
mod deed;
mod detail;
mod entry;
mod error;
mod job;
mod lineage;
mod list;
mod log;
pub(super) mod mark;
mod output;
mod pane;
mod part;
mod pressure;
mod sample;
mod shelf;
mod stage;
mod timeline;
mod worker;

use entry::{HERE, Key, Known};
use job::{Held, Job};
pub use part::PANELS;
use shelf::Shelf;

/// What is looked at.
#[derive(Debug, Default)]
pub struct View {
    list: list::View,
    /// The one that is seen in depth.
    open: Option<Key>,
    /// When it was asked for.
    asked: Stamp,
    detail: detail::View,
    /// Two runs that are compared.
    pair: Option<Pair>,
    shelf: Shelf,
}

/// Two runs that are compared.
#[derive(Debug)]
enum Pair {
    Bench(bench::Pair),
    Flows(beside::View),
}

impl View {
    /// Does what `action` asks of this tab.
    pub fn act(&mut self, action: Action, state: &State) -> Reply {
        if self.pair.is_some() {
            return self.act_on_pair(action);
        }
        match action {
            Action::Cancel | Action::Again | Action::Resume | Action::Export => {
                return self.deed(action, state);
            }
            Action::Compare => return self.compare(state),
            Action::Runs => {
                self.open = None;
                return Reply::Wish(Command::ListRuns);
            }
            _ => {}
        }
        if self.open.is_some() {
            return self.act_in_depth(action, state);
        }
        match action {
            Action::Enter => self.enter(state),
            Action::Back if !self.list.marked.is_empty() => {
                self.list.marked.clear();
                Reply::Done
            }
            Action::Why if !state.unread.is_empty() => {
                let of = state.unread.iter().map(|(place, (_, why))| format!("{place}: {why}"));
                Reply::Say(of.collect::<Vec<_>>().join(" · ").into())
            }
            Action::Copy => self
                .list
                .under(state, &self.shelf, |entry| Reply::Copy(entry.id().to_owned()))
                .unwrap_or(Reply::Ignored),
            _ => self.list.act(action, state, &self.shelf),
        }
    }

    fn act_in_depth(&mut self, action: Action, state: &State) -> Reply {
        let reply = match self.held(state, state.now) {
            Some((key, held)) => {
                let job = held.job(key.place.as_str(), state, state.now);
                self.detail.act(action, &job)
            }
            None => Reply::Ignored,
        };
        if reply == Reply::Ignored && action == Action::Back {
            self.open = None;
            return Reply::Done;
        }
        reply
    }

    fn act_on_pair(&mut self, action: Action) -> Reply {
        let pair = match &mut self.pair {
            Some(_) if action == Action::Back => {
                self.pair = None;
                return Reply::Done;
            }
            Some(Pair::Flows(pair)) => return pair.act(action),
            Some(Pair::Bench(pair)) => pair,
            None => return Reply::Ignored,
        };
        let last = pair.rows().saturating_sub(1);
        pair.row = match action {
            Action::Up => pair.row.saturating_sub(1),
            Action::Down => (pair.row + 1).min(last),
            Action::First => 0,
            Action::Last => last,
            _ => return Reply::Ignored,
        };
        Reply::Done
    }

    /// Goes into the row under the cursor; what is not in memory is asked for.
    fn enter(&mut self, state: &State) -> Reply {
        let found = self.list.under(state, &self.shelf, |entry| {
            let key = crate::tui::widget::field::Row::key(entry);
            let wish = entry.run().and_then(|_| deed::fetch(&key, entry.known()));
            (key, wish)
        });
        let Some((key, wish)) = found else { return Reply::Ignored };
        self.open = Some(key);
        self.asked = state.now;
        wish.map_or(Reply::Done, Reply::Wish)
    }

    /// Opens job `id` of `source`, wherever it was seen.
    pub fn open_job(&mut self, source: &SourceId, id: &crate::model::text::SafeText, now: Stamp) {
        let place = entry::place_of(source).into();
        self.open = Some(Key { place, id: id.clone() });
        (self.asked, self.pair) = (now, None);
    }

    /// Opens job `id` of `source` and wishes what is not in memory of it.
    pub fn go(&mut self, source: &SourceId, id: &SafeText, state: &State) -> Reply {
        self.open_job(source, id, state.now);
        let wish = self.open.as_ref().and_then(|key| {
            let run = RunId::parse(id.as_str())?;
            deed::fetch(key, Known::of(&run, state))
        });
        wish.map_or(Reply::Done, Reply::Wish)
    }

    /// Shows the list again.
    pub fn close(&mut self) {
        (self.open, self.pair) = (None, None);
    }

    /// What acts on the run that is seen in depth, else on the one under the cursor.
    fn deed(&self, action: Action, state: &State) -> Reply {
        let on = |key: &Key, run: Option<Known<'_>>, resumes: bool| match action {
            Action::Cancel => deed::cancel(key, run),
            Action::Again => deed::again(run, state),
            Action::Resume => deed::resume(key, run, resumes, state),
            _ => match job::find(key, state, &self.shelf, state.now) {
                Some(held) => {
                    let told = held.job(key.place.as_str(), state, state.now).pipeline;
                    deed::export(key, run, Some(told))
                }
                None => deed::export(key, run, None),
            },
        };
        if let Some(key) = &self.open {
            let run = RunId::parse(key.id.as_str()).and_then(|id| Known::of(&id, state));
            return on(key, run, run.is_some_and(deed::known_resumes));
        }
        let found = self.list.under(state, &self.shelf, |entry| {
            let by_word = || deed::may_resume(&entry.status());
            let resumes = entry.known().map_or_else(by_word, deed::known_resumes);
            on(&crate::tui::widget::field::Row::key(entry), entry.known(), resumes)
        });
        found.unwrap_or_else(|| Reply::Say("there is no run here yet".into()))
    }

    fn compare(&mut self, state: &State) -> Reply {
        if let Some(ids) = deed::flows(&self.list.marked, state) {
            (self.pair, self.open) = (Some(Pair::Flows(beside::View::of(ids))), None);
            return Reply::Done;
        }
        match deed::pair(&self.list.marked, state, "space in the list").map(bench::Pair::begin) {
            Ok(Ok(pair)) => {
                (self.pair, self.open) = (Some(Pair::Bench(pair)), None);
                Reply::Done
            }
            Ok(Err(error)) => Reply::Say(format!("they cannot be compared: {error}").into()),
            Err(lacking) => Reply::Say(lacking.into()),
        }
    }

    /// The job that is seen in depth, if it is known.
    fn held<'a>(&self, state: &'a State, now: Stamp) -> Option<(Key, Held<'a>)> {
        let key = self.open.clone()?;
        let held = job::find(&key, state, &self.shelf, now)?;
        Some((key, held))
    }

    /// Whether one is seen in depth.
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the keys are with a log that is searched.
    pub fn is_searching(&self) -> bool {
        self.open.is_some() && self.detail.is_searching()
    }

    /// The node whose job is seen in depth.
    pub fn in_depth(&self) -> Option<SourceId> {
        let key = self.open.as_ref()?;
        (key.place.as_str() != HERE).then(|| SourceId(key.place.clone()))
    }

    /// The panel that has the keys while one is seen in depth, by its place among [`PANELS`].
    pub fn panel(&self) -> usize {
        self.detail.focus.place()
    }

    /// Takes the filter as it is typed: of the list, or of the panel that has the keys.
    pub fn filter(&mut self, text: &str) {
        if self.open.is_some() {
            self.detail.filter(text);
        } else {
            self.list.filter(text);
        }
    }

    /// How the list is sorted.
    pub fn arranged(&mut self) -> Arranged<'_> {
        self.list.sheet.arranged::<entry::Entry<'_>>("runs", &list::COLUMNS)
    }

    /// The list, while no run is looked at in depth.
    pub fn front(&mut self) -> Option<Arranged<'_>> {
        (!self.is_open()).then(|| self.arranged())
    }

    /// What a filter may speak of.
    pub fn terms(&self, state: &State) -> Terms {
        if let Some(key) = &self.open {
            return Terms::named(self.detail.fields(job::kind(key, state)));
        }
        Terms::of(&entry::entries(state, &self.shelf, state.now))
    }

    /// Chooses what was clicked; a second click goes in.
    pub fn click(&mut self, column: u16, row: u16, area: Rect, state: &State) -> Reply {
        let at = (column, row).into();
        if self.pair.is_some() {
            return Reply::Ignored;
        }
        if let Some((key, held)) = self.held(state, state.now) {
            let job = held.job(key.place.as_str(), state, state.now);
            return self.detail.click(at, area, &job);
        }
        match self.list.click(at, area, state, &self.shelf) {
            Some(true) => self.enter(state),
            Some(false) => Reply::Done,
            None => Reply::Ignored,
        }
    }

    /// Keys worth naming.
    pub fn hints(&self, state: &State) -> &'static [Action] {
        if self.pair.is_some() {
            return &[Action::Back, Action::Down];
        }
        if let Some(key) = &self.open {
            return self.detail.hints(job::kind(key, state));
        }
        let resumes = |entry: &entry::Entry<'_>| {
            let by_word = || deed::may_resume(&entry.status());
            entry.place == HERE && entry.known().map_or_else(by_word, deed::known_resumes)
        };
        match (self.list.marked.len(), state.live_run()) {
            (2, _) => &[Action::Compare, Action::Mark, Action::Enter, Action::Back],
            (_, Some(_)) => {
                &[Action::Enter, Action::Cancel, Action::Sort, Action::Mark, Action::Filter]
            }
            _ if self.list.under(state, &self.shelf, resumes) == Some(true) => &[
                Action::Enter,
                Action::Resume,
                Action::Sort,
                Action::Mark,
                Action::Filter,
                Action::Again,
                Action::Export,
            ],
            _ => &[
                Action::Enter,
                Action::Sort,
                Action::Mark,
                Action::Filter,
                Action::Again,
                Action::Export,
            ],
        }
    }

    /// Draws the tab.
    pub fn draw(&self, frame: &mut Frame<'_>, area: Rect, state: &State, look: &Look<'_>) {
        match &self.pair {
            Some(Pair::Bench(pair)) => return bench::draw_pair(frame, area, pair, look),
            Some(Pair::Flows(pair)) => return pair.draw(frame, area, (state, &self.shelf), look),
            None => {}
        }
        let buffer = frame.buffer_mut();
        let area = area.intersection(buffer.area);
        match (&self.open, self.held(state, look.now)) {
            (None, _) => self.list.draw(area, buffer, (state, &self.shelf), look),
            (Some(_), Some((key, held))) => {
                let job: Job<'_> = held.job(key.place.as_str(), state, look.now);
                self.detail.draw(area, buffer, &job, look);
            }
            (Some(key), None) => {
                let (headline, words) = self.missing(key, state, look);
                notice::notice(&headline, &words, area, buffer, look);
            }
        }
    }

    /// What is said of a job that is looked at and not there: it is being read, or why it cannot be.
    fn missing(&self, key: &Key, state: &State, look: &Look<'_>) -> (String, Vec<String>) {
        let back = format!("{} goes back to the list.", look.key(Action::Back));
        let said = state.notice.as_ref().filter(|(at, said)| said.bad && *at >= self.asked);
        if let Some((_, said)) = said {
            let headline = format!("{} cannot be shown", key.id);
            return (headline, vec![said.text.to_string(), back]);
        }
        if RunId::parse(key.id.as_str()).is_some() {
            let place = if key.place.as_str() == HERE { "this disk" } else { key.place.as_str() };
            let words = "A long run takes a moment: every sample is read.".to_owned();
            return (format!("Reading {} from {place}", key.id), vec![words, back]);
        }
        let headline = format!("{} does not tell of {} any more", key.place, key.id);
        (headline, vec!["Servers forget jobs that are long over.".to_owned(), back])
    }
}
