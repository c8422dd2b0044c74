//! Colours by what they mean, never by where they are used.
//!
//! Themes are data (`themes/*.toml`): five come with isomon, more may lie in the user's `themes`
//! directory, and those that btop brings are read as they are. A theme is written once in 24-bit colours and brought down to what the terminal can
//! show when it is read, so that nothing that draws has to ask.

use ratatui::style::Style;

use super::mistake::Mistake;
use depth::Depth;
pub use shelf::Themes;

mod btop;
mod contrast;
pub mod depth;
mod file;
mod shelf;

/// The name of the theme isomon starts with.
pub const DEFAULT: &str = "default";
/// What it is called as well.
const DARK: &str = "dark";
/// The themes isomon comes with, the default first.
const EMBEDDED: &[(&str, &str)] = &[
    (DEFAULT, include_str!("../../themes/default.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("colour-blind", include_str!("../../themes/colour-blind.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// A style for each meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// What everything is drawn on; nothing where that is left to the terminal.
    pub ground: Style,
    /// Plain text.
    pub text: Style,
    /// Well, within bounds, ready.
    pub good: Style,
    /// Worth a look.
    pub warn: Style,
    /// Wrong, beyond bounds.
    pub bad: Style,
    /// Less important: labels, units, what is stale or missing.
    pub muted: Style,
    /// What the eye should find: keys, the live run.
    pub accent: Style,
    /// Frames.
    pub border: Style,
    /// The frame of the panel that has the keys.
    pub focus: Style,
    /// Headings.
    pub title: Style,
    /// The row under the cursor.
    pub selected: Style,
    /// Lines of a chart, each different from its neighbours.
    pub series: [Style; 8],
    /// Ground of bars and gauges.
    pub track: Style,
}

/// A theme could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error("no theme is called `{name}`{suggestion} (there are {known})")]
    Unknown {
        /// The name.
        name: String,
        /// What was perhaps meant.
        suggestion: String,
        /// Every one there is.
        known: String,
    },
    /// A file could not be read.
    #[error("{path}")]
    Read {
        /// Which file.
        path: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A file says something that makes no sense.
    #[error(transparent)]
    Mistake(#[from] Mistake),
}

impl Theme {
    /// An empty place: plain text on the ground.
    pub fn blank(&self) -> Style {
        self.ground.patch(self.text)
    }

    /// The theme isomon starts with, in 24-bit colours.
    pub fn dark() -> Self {
        Self::embedded(DEFAULT, Depth::True)
    }

    /// One of the themes isomon comes with; without any style if there is none called `name`.
    pub fn embedded(name: &str, depth: Depth) -> Self {
        EMBEDDED
            .iter()
            .find(|(known, _)| *known == proper(name))
            .and_then(|(name, text)| file::read(name, "themes", text, depth).ok())
            .unwrap_or_default()
    }
}

/// The name a theme has that is called `name`.
fn proper(name: &str) -> &str {
    if name == DARK { DEFAULT } else { name }
}

#[cfg(test)]
#[path = "theme/tests.rs"]
mod tests;
