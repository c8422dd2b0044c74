//! How a source is doing, with a sign for those who see no colour.

use ratatui::style::Style;

use super::super::look::Look;
use super::super::theme::Theme;
use super::value;
use crate::model::time::Stamp;
use crate::model::update::Health;
use crate::state::Node;

/// How a source is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Its source says that it does not answer.
    Down,
    /// Its last sample is too old to be called live.
    Stale,
    /// Nothing has been heard yet.
    Waiting,
    /// It answers.
    Up,
}

impl Status {
    /// How `node` is doing at `look.now`.
    pub fn of(node: &Node, look: &Look<'_>) -> Self {
        Self::told(node, |at| look.is_stale(at))
    }

    /// How `node` is doing where `is_stale` says what is too old.
    pub fn told(node: &Node, is_stale: impl Fn(Stamp) -> bool) -> Self {
        match (&node.health, node.last_heard()) {
            (Some(Health::Down { .. }), _) => Self::Down,
            (_, None) => Self::Waiting,
            (_, Some(at)) if is_stale(at) => Self::Stale,
            _ => Self::Up,
        }
    }

    /// One letter wide.
    pub const fn sign(self, look: &Look<'_>) -> &'static str {
        match self {
            Self::Up => look.glyph.pick("●", "+"),
            Self::Stale => look.glyph.pick("◐", "~"),
            Self::Down => look.glyph.pick("✗", "!"),
            Self::Waiting => look.glyph.pick("○", "?"),
        }
    }

    /// Its colour.
    pub const fn style(self, theme: &Theme) -> Style {
        match self {
            Self::Up => theme.good,
            Self::Stale => theme.warn,
            Self::Down => theme.bad,
            Self::Waiting => theme.muted,
        }
    }

    /// One word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Stale => "stale",
            Self::Down => "down",
            Self::Waiting => "waiting",
        }
    }

    /// Whether its values are of now.
    pub const fn is_live(self) -> bool {
        matches!(self, Self::Up)
    }
}

/// How long ago `node` was last heard, or the dash.
pub fn age(node: &Node, look: &Look<'_>) -> String {
    node.last_heard().map_or_else(|| value::MISSING.to_owned(), |at| value::age(look.now.since(at)))
}
