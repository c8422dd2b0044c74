//! Making a backend ready: the commands that run after a yes, and what they say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{BackendId, SafeText};

/// What happens while a backend is made ready, in this order: for each command one `Command` and
/// its lines, then one `Ended`. The statuses that follow tell what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Mend {
    /// A command begins.
    Command {
        /// For which backend.
        backend: BackendId,
        /// The command as a person would type it.
        line: SafeText,
    },
    /// A line of its output.
    Line(SafeText),
    /// It is over.
    Ended {
        /// Why it ended early; `None` when every command ended well.
        failed: Option<SafeText>,
    },
}

impl Mend {
    /// `command` as a person would type it.
    pub fn spoken(command: &[String]) -> String {
        let plain = |letter: char| letter.is_ascii_alphanumeric() || "-_./:=+@,%".contains(letter);
        let word = |word: &String| match word {
            word if !word.is_empty() && word.chars().all(plain) => word.clone(),
            word => format!("'{}'", word.replace('\'', r"'\''")),
        };
        command.iter().map(word).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_can_be_typed_as_it_is_said() {
        let words =
            |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(Mend::spoken(&words(&["apt-get", "install", "-y"])), "apt-get install -y");
        assert_eq!(Mend::spoken(&words(&["echo", "it's", ""])), r"echo 'it'\''s' ''");
    }
}
