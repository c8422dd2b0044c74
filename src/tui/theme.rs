//! Colours by what they mean, never by where they are used.

use ratatui::style::Style;

/// A style for each meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
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
