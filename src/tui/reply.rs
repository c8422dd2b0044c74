//! What a tab answers to an action.

use super::mend::Mend;
use super::note::Note;
use crate::model::command::Command;
use crate::model::text::SafeText;

/// A tab's answer to an action.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// Not meant for this tab; the app may use it.
    Ignored,
    /// Done; draw.
    Done,
    /// This share of what a chart shows was pointed at, 0 at its left edge and 1 at its right.
    Instant(f64),
    /// Done, and this is wished.
    Wish(Command),
    /// Ask first; on yes this is wished.
    Ask {
        /// The question, which ends in a question mark.
        question: SafeText,
        /// What a yes wishes.
        then: Command,
    },
    /// Ask first; on yes all of these are wished.
    AskAll {
        /// The question, which ends in a question mark or a full stop.
        question: SafeText,
        /// What a yes wishes.
        then: Vec<Command>,
    },
    /// Ask whether to make a backend ready, or show how it goes.
    Mend(Mend),
    /// Let something be typed about an alert.
    Note(Note),
    /// Tell the user something.
    Say(SafeText),
    /// Put this on the clipboard.
    Copy(String),
}

impl Reply {
    /// Done, or not meant for this tab.
    pub const fn done(is: bool) -> Self {
        if is { Self::Done } else { Self::Ignored }
    }
}
