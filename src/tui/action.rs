//! What a key can do: one table makes the enum, its names, the help and the palette.

macro_rules! actions {
    ($($variant:ident $name:literal $short:literal $words:literal),+ $(,)?) => {
        /// Something a key, the palette or the mouse asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[expect(missing_docs, reason = "each has its words in the table")]
        pub enum Action { $($variant),+ }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name in `keymap.toml` and in the palette.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it does, in one word or two: enough beside its key.
            pub const fn short(self) -> &'static str {
                match self { $(Self::$variant => $short),+ }
            }

            /// What it does, in a few words.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words),+ }
            }
        }
    };
}

actions! {
    Quit "quit" "quit" "quit; asks while a run is live",
    Back "back" "back" "back, close, clear",
    Help "help" "keys" "all keys",
    Palette "palette" "palette" "do anything by name",
    Filter "filter" "filter" "filter rows",
    Tab1 "tab-1" "Overview" "Overview",
    Tab2 "tab-2" "Nodes" "Nodes",
    Tab3 "tab-3" "GPUs" "GPUs",
    Tab4 "tab-4" "Backends" "Backends",
    Tab5 "tab-5" "Bench" "Bench",
    Tab6 "tab-6" "Runs" "Runs",
    Tab7 "tab-7" "Models" "Models",
    Tab8 "tab-8" "Alerts" "Alerts",
    Tab9 "tab-9" "Logs" "Logs",
    NextTab "next-tab" "next" "next tab",
    PreviousTab "previous-tab" "previous" "previous tab",
    NextPanel "next-panel" "panel" "next panel",
    PreviousPanel "previous-panel" "panel back" "previous panel",
    Up "up" "up" "up",
    Down "down" "down" "down",
    Left "left" "cursor" "left; the cursor of charts back",
    Right "right" "cursor on" "right; the cursor of charts on",
    PageUp "page-up" "page up" "a page up",
    PageDown "page-down" "page down" "a page down",
    HalfUp "half-up" "half up" "half a page up",
    HalfDown "half-down" "half down" "half a page down",
    First "first" "first" "first row",
    Last "last" "last" "last row; now",
    Enter "enter" "open" "in, open, choose",
    Zoom "zoom" "zoom" "one panel, all the room",
    Sort "sort" "sort" "next sort column",
    Reverse "reverse" "reverse" "reverse the order",
    Tree "tree" "tree" "process tree on/off",
    Mark "mark" "mark" "mark a row",
    MarkAll "mark-all" "all" "mark all rows, or none",
    Columns "columns" "columns" "which columns a table has",
    Group "group" "group" "nodes in groups, or one below the other",
    Why "why" "why" "why a value is missing",
    Window "window" "window" "workloads of the last hour, 24 h or 7 days",
    Pause "pause" "pause" "pause and go on",
    Earlier "earlier" "past" "back in time by a part of what is shown",
    Later "later" "later" "on in time by a part of what is shown",
    EarlierSpan "earlier-span" "far back" "back in time by all that is shown",
    LaterSpan "later-span" "far on" "on in time by all that is shown",
    GoTo "go-to" "go to" "go to a time",
    Now "now" "now" "now; the end of a recording",
    Narrower "narrower" "span -" "a shorter stretch of time",
    Wider "wider" "span +" "a longer stretch of time",
    Shorter "shorter" "faster" "shorter interval; a recording: slower",
    Longer "longer" "slower" "longer interval; a recording: faster",
    Bench "bench" "run" "run the benchmark",
    Cancel "cancel" "cancel" "cancel the run; asks",
    Again "again" "again" "the same run again",
    Check "check" "try again" "try the backends again",
    Mend "mend" "make ready" "make the backend ready; asks",
    Preset "preset" "preset" "next preset",
    View "view" "view" "next view: of results; table or map of nodes",
    ViewBack "view-back" "view back" "previous view of the results",
    Runs "runs" "runs" "the list of runs",
    Fleet "fleet" "fleet" "the benchmark on several nodes",
    Resume "resume" "go on" "go on with a run that was cut off; asks",
    Stack "stack" "stack" "where in its program a worker is",
    Follow "follow" "follow" "follow the log, or stand still",
    FindNext "find-next" "next" "the next line that holds what is searched for",
    FindPrevious "find-previous" "previous" "the line before that holds it",
    Acknowledge "acknowledge" "seen" "acknowledge the alert, or take that back",
    Silence "silence" "silence" "silence the alert for a time, or take that back",
    Compare "compare" "compare" "compare two marked runs; GPUs: one, each, all",
    Export "export" "export" "write the run as JSON",
    Copy "copy" "copy" "copy to the clipboard (OSC 52)",
    Settings "settings" "settings" "settings: see and change them",
    Theme "theme" "theme" "next theme",
    Mouse "mouse" "mouse" "mouse on/off",
    Reload "reload" "reload" "read the configuration again",
    Suspend "suspend" "shell" "to the shell and back",
    Redraw "redraw" "redraw" "draw the screen anew",
}

impl Action {
    /// The action called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it changes anything beyond the screen; `--readonly` hides and refuses these.
    pub const fn acts(self) -> bool {
        matches!(
            self,
            Self::Bench
                | Self::Cancel
                | Self::Again
                | Self::Check
                | Self::Mend
                | Self::Resume
                | Self::Stack
                | Self::Export
                | Self::Acknowledge
                | Self::Silence
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_found() {
        for action in Action::ALL {
            assert_eq!(Action::named(action.name()), Some(*action));
        }
    }
}
