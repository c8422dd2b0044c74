//! Keys by name: `j`, `G`, `ctrl-c`, `shift-tab`, `f1`, and chords of them, `g g`.
//!
//! The name is the only form people see: in `keymap.toml`, in the help, in the footer and in the
//! tests. Parsing and printing are each other's inverse.

use std::fmt;
use std::str::FromStr;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// Keys with a name longer than one letter.
const NAMED: [(&str, KeyCode); 16] = [
    ("enter", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("backspace", KeyCode::Backspace),
    ("space", KeyCode::Char(' ')),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pageup", KeyCode::PageUp),
    ("pagedown", KeyCode::PageDown),
    ("insert", KeyCode::Insert),
    ("delete", KeyCode::Delete),
    ("null", KeyCode::Null),
];

/// One key with what is held down beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    code: KeyCode,
    held: KeyModifiers,
}

impl Key {
    /// Esc, which closes whatever is open.
    pub const ESC: Self = Self::plain(KeyCode::Esc);
    /// Enter, which says yes.
    pub const ENTER: Self = Self::plain(KeyCode::Enter);

    const fn plain(code: KeyCode) -> Self {
        Self { code, held: KeyModifiers::NONE }
    }

    /// The letter it types, if it types one.
    pub fn letter(self) -> Option<char> {
        match self.code {
            KeyCode::Char(letter) if self.held.is_empty() => Some(letter),
            _ => None,
        }
    }

    /// The event a terminal sends for it.
    pub const fn event(self) -> KeyEvent {
        KeyEvent::new(self.code, self.held)
    }
}

impl From<KeyEvent> for Key {
    /// Terminals disagree on whether shift is held for a capital; the letter alone says it.
    fn from(event: KeyEvent) -> Self {
        let known = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        let mut held = event.modifiers & known;
        let code = match event.code {
            KeyCode::BackTab => {
                held |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            code => code,
        };
        if matches!(code, KeyCode::Char(_)) {
            held -= KeyModifiers::SHIFT;
        }
        Self { code, held }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = [
            (KeyModifiers::CONTROL, "ctrl-"),
            (KeyModifiers::ALT, "alt-"),
            (KeyModifiers::SHIFT, "shift-"),
        ];
        for (_, name) in held.iter().filter(|(one, _)| self.held.contains(*one)) {
            f.write_str(name)?;
        }
        if let Some((name, _)) = NAMED.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            KeyCode::Char(letter) => write!(f, "{letter}"),
            KeyCode::F(number) => write!(f, "f{number}"),
            _ => f.write_str("other"),
        }
    }
}

/// Not the name of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a key")]
pub struct NoKey(pub String);

impl FromStr for Key {
    type Err = NoKey;

    fn from_str(name: &str) -> Result<Self, NoKey> {
        let mut held = KeyModifiers::NONE;
        let mut rest = name;
        loop {
            let (one, after) = match rest {
                _ if rest.chars().count() < 3 => break,
                _ if rest.starts_with("ctrl-") => (KeyModifiers::CONTROL, "ctrl-"),
                _ if rest.starts_with("alt-") => (KeyModifiers::ALT, "alt-"),
                _ if rest.starts_with("shift-") => (KeyModifiers::SHIFT, "shift-"),
                _ => break,
            };
            held |= one;
            rest = rest.strip_prefix(after).unwrap_or_default();
        }
        let code = code(rest).ok_or_else(|| NoKey(name.to_owned()))?;
        let wrong_shift = held.contains(KeyModifiers::SHIFT) && matches!(code, KeyCode::Char(_));
        let wrong_ctrl = held.contains(KeyModifiers::CONTROL)
            && matches!(code, KeyCode::Char(letter) if letter.is_uppercase());
        if wrong_shift || wrong_ctrl {
            return Err(NoKey(name.to_owned()));
        }
        Ok(Self { code, held })
    }
}

fn code(name: &str) -> Option<KeyCode> {
    if let Some((_, code)) = NAMED.iter().find(|(known, _)| *known == name) {
        return Some(*code);
    }
    let mut letters = name.chars();
    match (letters.next(), letters.as_str()) {
        (Some(letter), "") if !letter.is_control() => Some(KeyCode::Char(letter)),
        (Some('f'), number) => {
            number.parse().ok().filter(|number| (1..=24).contains(number)).map(KeyCode::F)
        }
        _ => None,
    }
}

/// One or more keys, pressed one after the other: `g g`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chord(pub Vec<Key>);

impl FromStr for Chord {
    type Err = NoKey;

    fn from_str(names: &str) -> Result<Self, NoKey> {
        let keys: Vec<Key> = names.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() || keys.len() > 3 {
            return Err(NoKey(names.to_owned()));
        }
        Ok(Self(keys))
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            let gap = if index == 0 { "" } else { " " };
            write!(f, "{gap}{key}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_is_read_back() {
        let names =
            "j G ctrl-c shift-tab f1 f12 ? + - ctrl-- alt-x ctrl-alt-delete space / : é esc";
        for name in names.split(' ') {
            let key: Key = name.parse().unwrap();
            assert_eq!(key.to_string(), name);
            assert_eq!(Key::from(key.event()), key, "{name}");
        }
        let chord: Chord = "g  g".parse().unwrap();
        assert_eq!(chord.to_string(), "g g");
    }

    #[test]
    fn what_no_terminal_can_send_is_refused() {
        for name in ["", "ctrl-C", "shift-a", "f0", "f25", "entr", "\u{1b}", "ctrl-"] {
            assert!(name.parse::<Key>().is_err(), "{name:?}");
        }
        assert!("a b c d".parse::<Chord>().is_err());
    }

    #[test]
    fn a_capital_needs_no_shift_and_back_tab_is_shift_tab() {
        let capital = KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT);
        assert_eq!(Key::from(capital).to_string(), "G");
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::NONE);
        assert_eq!(Key::from(back).to_string(), "shift-tab");
    }
}
