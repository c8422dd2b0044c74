//! What reaches the loop from outside: what the user types, and what the system says.

use crossterm::event::{KeyEventKind, MouseButton, MouseEventKind};

use super::key::Key;

/// Something the user did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(String),
    /// The mouse was used at (`column`, `row`).
    Mouse(Mouse, u16, u16),
}

/// What the mouse can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mouse {
    /// The left button was pressed.
    Click,
    /// The wheel went up.
    Up,
    /// The wheel went down.
    Down,
}

/// Something the system says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// The terminal has another size.
    Resized,
    /// The user wants the shell back for a while.
    Suspend,
    /// isomon was stopped and goes on; the terminal may be in any state.
    Resumed,
    /// It is time to go: the number of the signal that says so.
    End(i32),
    /// Something else than the screen broke, and this is the first line of why.
    Crashed(String),
}

impl Input {
    /// What `event` is for us; `None` for what no view uses.
    pub fn from_event(event: crossterm::event::Event) -> Option<Self> {
        use crossterm::event::Event;
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => Some(Self::Key(key.into())),
            Event::Paste(text) => Some(Self::Paste(text)),
            Event::Mouse(mouse) => {
                let what = match mouse.kind {
                    MouseEventKind::Down(MouseButton::Left) => Mouse::Click,
                    MouseEventKind::ScrollUp => Mouse::Up,
                    MouseEventKind::ScrollDown => Mouse::Down,
                    _ => return None,
                };
                Some(Self::Mouse(what, mouse.column, mouse.row))
            }
            _ => None,
        }
    }
}
