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
