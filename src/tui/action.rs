//! What a key can do: one table makes the enum, its names, the help and the palette.

macro_rules! actions {
    ($($variant:ident $name:literal $words:literal),+ $(,)?) => {
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

            /// What it does, in a few words.
            pub const fn words(self) -> &'static str {
                match self { $(Self::$variant => $words),+ }
            }
        }
    };
}

actions! {
    Quit "quit" "quit; asks while a run is live",
    Back "back" "back, close, clear",
    Help "help" "all keys",
    Palette "palette" "do anything by name",
    Filter "filter" "filter rows",
    Tab1 "tab-1" "Overview",
    Tab2 "tab-2" "Nodes",
    Tab3 "tab-3" "GPUs",
    Tab4 "tab-4" "Backends",
    Tab5 "tab-5" "Bench",
    Tab9 "tab-9" "Logs",
    NextTab "next-tab" "next tab",
    PreviousTab "previous-tab" "previous tab",
    NextPanel "next-panel" "next panel",
    PreviousPanel "previous-panel" "previous panel",
    Up "up" "up",
    Down "down" "down",
    Left "left" "left; earlier",
    Right "right" "right; later",
    PageUp "page-up" "a page up",
    PageDown "page-down" "a page down",
    HalfUp "half-up" "half a page up",
    HalfDown "half-down" "half a page down",
    First "first" "first row",
    Last "last" "last row; now",
    Enter "enter" "in, open, choose",
    Zoom "zoom" "one panel, all the room",
    Sort "sort" "next sort column",
    Reverse "reverse" "reverse the order",
    Tree "tree" "process tree on/off",
    Mark "mark" "mark a row",
    MarkAll "mark-all" "mark all rows, or none",
    Why "why" "why a value is missing",
    Pause "pause" "pause and go on",
    Faster "faster" "shorter interval",
    Slower "slower" "longer interval",
    Bench "bench" "run the benchmark",
    Cancel "cancel" "cancel the run; asks",
    Again "again" "the same run again",
    Check "check" "try the backends again",
    Preset "preset" "next preset",
    View "view" "next view of the results",
    Export "export" "write the run as JSON",
    Copy "copy" "copy to the clipboard (OSC 52)",
    Theme "theme" "next theme",
    Mouse "mouse" "mouse on/off",
    Reload "reload" "read the configuration again",
    Suspend "suspend" "to the shell and back",
    Redraw "redraw" "draw the screen anew",
}

impl Action {
    /// The action called `name`.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// Whether it changes anything beyond the screen; `--readonly` hides and refuses these.
    pub const fn acts(self) -> bool {
        matches!(self, Self::Bench | Self::Cancel | Self::Again | Self::Check)
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
