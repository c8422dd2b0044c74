//! How things are drawn, apart from what is drawn: colours, letters, the present time.

use ratatui::style::Style;

use super::theme::Theme;
use crate::model::time::Stamp;
use crate::model::unit::Ratio;

/// Everything a drawing needs beside the state; handed down, never global.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Colours by meaning.
    pub theme: &'a Theme,
    /// Which letters the terminal can show.
    pub glyph: Glyph,
    /// The present time, for ages.
    pub now: Stamp,
    /// Whether what acts is hidden.
    pub readonly: bool,
    /// How often this machine is sampled, in milliseconds; what is older than three of these is
    /// stale.
    pub interval_ms: u64,
}

impl Look<'_> {
    /// The style of a share of something that should not be full: 70 % warns, 90 % is bad.
    pub const fn load(&self, share: Ratio) -> Style {
        match share.percent() {
            high if high >= 90.0 => self.theme.bad,
            high if high >= 70.0 => self.theme.warn,
            _ => self.theme.good,
        }
    }

    /// The style of a temperature: 80 °C warns, 90 °C is bad.
    pub const fn heat(&self, celsius: f64) -> Style {
        match celsius {
            hot if hot >= 90.0 => self.theme.bad,
            hot if hot >= 80.0 => self.theme.warn,
            _ => self.theme.good,
        }
    }

    /// Whether something heard at `at` is too old to be called live.
    pub const fn is_stale(&self, at: Stamp) -> bool {
        self.now.since(at).as_millis() > 3 * self.interval_ms as u128 + 500
    }
}

/// Which letters the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Box lines, blocks and braille.
    Unicode,
    /// Only letters below 0x80.
    Ascii,
}

impl Glyph {
    /// `unicode` where the terminal can show it, else `ascii`.
    pub const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode => unicode,
            Self::Ascii => ascii,
        }
    }
}
