//! The line at the bottom in which a filter, or a time to go to, is typed.

use tui_input::Input;
use tui_input::backend::crossterm::EventHandler;

use super::key::Key;

/// Most letters of a filter.
const LONGEST: usize = 256;

/// What is typed.
#[derive(Debug)]
pub struct Prompt {
    input: Input,
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
    /// A prompt that begins with `text`.
    pub fn new(text: &str) -> Self {
        Self { input: Input::new(text.to_owned()), time: None }
    }

    /// A prompt for a time to go to.
    pub fn for_time() -> Self {
        Self { input: Input::default(), time: Some(String::new()) }
    }

    /// Whether it is a time that is typed.
    pub const fn is_for_time(&self) -> bool {
        self.time.is_some()
    }

    /// What was wrong with what was typed; empty for a filter.
    pub fn mistake(&self) -> &str {
        self.time.as_deref().unwrap_or_default()
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
        let typed = text.chars().filter(|letter| !letter.is_control());
        for letter in typed.take(self.room()) {
            self.input.handle(tui_input::InputRequest::InsertChar(letter));
        }
    }

    fn room(&self) -> usize {
        LONGEST.saturating_sub(self.text().chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_cut() {
        let mut prompt = Prompt::new("");
        prompt.paste(&"x\n".repeat(100_000));
        assert_eq!(prompt.text().len(), LONGEST);
        assert_eq!(prompt.press("y".parse().unwrap()), Answer::Typed);
        assert_eq!(prompt.text().len(), LONGEST);
        assert_eq!(prompt.press("backspace".parse().unwrap()), Answer::Typed);
        assert_eq!(prompt.text().len(), LONGEST - 1);
    }
}
