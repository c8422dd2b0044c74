//! The line at the bottom in which a filter, or a time to go to, is typed.

use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::key::Key;
use super::widget::filter::{Choice, Error, Terms};

/// Most letters of a filter.
const LONGEST: usize = 256;

/// What is typed.
#[derive(Debug, Default)]
pub struct Prompt {
    input: Input,
    /// What may be typed into a filter.
    terms: Terms,
    /// What is offered, and which of it stands in the line.
    offered: Vec<Choice>,
    at: usize,
    /// Whether it is a time that is typed, and what was wrong with the last.
    time: Option<String>,
}

/// What the prompt makes of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The text may have changed.
    Typed,
    /// The filter stays.
    Keep,
    /// The filter goes.
    Drop,
}

impl Prompt {
    /// A prompt that begins with `text`, for a filter that speaks of `terms`.
    pub fn new(text: &str, terms: Terms) -> Self {
        Self { input: Input::new(text.to_owned()), terms, ..Self::default() }
    }

    /// A prompt for a time to go to.
    pub fn for_time() -> Self {
        Self { time: Some(String::new()), ..Self::default() }
    }

    /// Whether it is a time that is typed.
    pub const fn is_for_time(&self) -> bool {
        self.time.is_some()
    }

    /// What was wrong with what was typed; empty for a filter.
    pub fn mistake(&self) -> &str {
        self.time.as_deref().unwrap_or_default()
    }

    /// What is wrong with the filter that was typed.
    pub fn wrong(&self) -> Option<Error> {
        if self.is_for_time() { None } else { self.terms.mistake(self.text()) }
    }

    /// What the key for it may go through, and which of it stands in the line.
    pub fn offered(&self) -> impl Iterator<Item = (bool, &str)> {
        let at = self.at;
        (0..).zip(&self.offered).map(move |(place, one)| (place == at, one.label.as_str()))
    }

    /// Goes on to what is offered next, or back.
    fn complete(&mut self, back: bool) {
        if self.offered.len() < 2 {
            self.offered = self.terms.choices(self.text());
            self.at = if back { self.offered.len().saturating_sub(1) } else { 0 };
        } else {
            let steps = if back { self.offered.len() - 1 } else { 1 };
            self.at = (self.at + steps) % self.offered.len();
        }
        if let Some(choice) = self.offered.get(self.at) {
            self.input = Input::new(choice.text.clone());
        }
    }

    /// Says what is wrong with what was typed.
    pub fn refuse(&mut self, mistake: String) {
        self.time = Some(mistake);
    }

    /// What is typed so far.
    pub fn text(&self) -> &str {
        self.input.value()
    }

    /// Columns from the start of the text to the cursor.
    pub fn cursor(&self) -> usize {
        self.input.visual_cursor()
    }

    /// Answers a key.
    pub fn press(&mut self, key: Key) -> Answer {
        if key == Key::ENTER {
            return Answer::Keep;
        }
        if key == Key::ESC || key.to_string() == "ctrl-c" {
            return Answer::Drop;
        }
        let name = key.to_string();
        if matches!(name.as_str(), "tab" | "backtab" | "shift-tab") {
            self.complete(name != "tab");
            return Answer::Typed;
        }
        self.offered.clear();
        if let Some(mistake) = &mut self.time {
            mistake.clear();
        }
        if key.letter().is_none() || self.room() > 0 {
            self.input.handle_event(&crossterm::event::Event::Key(key.event()));
        }
        Answer::Typed
    }

    /// Takes in pasted text, as much as there is room for and only what can be typed.
    pub fn paste(&mut self, text: &str) {
        self.offered.clear();
        insert(&mut self.input, text, LONGEST);
    }

    fn room(&self) -> usize {
        LONGEST.saturating_sub(self.text().chars().count())
    }
}

/// Puts what can be typed of `text` into `input`, which has at most `longest` letters then.
pub(super) fn insert(input: &mut Input, text: &str, longest: usize) {
    let room = longest.saturating_sub(input.value().chars().count());
    let typed = text.chars().filter(|letter| !letter.is_control());
    for letter in typed.take(room) {
        input.handle(tui_input::InputRequest::InsertChar(letter));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut() {
        let mut prompt = Prompt::new("", Terms::default());
        prompt.paste(&"x\n".repeat(100_000));
        assert_eq!(prompt.text().len(), LONGEST);
        assert_eq!(prompt.press("y".parse().unwrap()), Answer::Typed);
        assert_eq!(prompt.text().len(), LONGEST);
        assert_eq!(prompt.press("backspace".parse().unwrap()), Answer::Typed);
        assert_eq!(prompt.text().len(), LONGEST - 1);
    }
}
