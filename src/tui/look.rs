//! How things are drawn, apart from what is drawn: colours, letters, the present time.

use std::time::Duration;

use ratatui::style::Style;

use super::action::Action;
use super::keymap::Keymap;
use super::rest::{Present, Rest};
use super::theme::Theme;
use super::when::When;
use crate::config::{Level, Threshold};
use crate::model::time::Stamp;
use crate::model::unit::Ratio;

/// From where on it is worth a look how much of the time tasks waited, in percent.
const PRESSURE_WARN: f64 = 10.0;
/// From where on it is bad.
const PRESSURE_BAD: f64 = 40.0;

/// What the share of time in which tasks waited (PSI) comes to: it is high long before it is full.
pub fn pressure(share: Ratio) -> Level {
    match share.percent() {
        percent if percent >= PRESSURE_BAD => Level::Bad,
        percent if percent >= PRESSURE_WARN => Level::Warn,
        _ => Level::Good,
    }
}

/// Everything a drawing needs beside the state; handed down, never global.
#[derive(Clone, Copy, Debug)]
pub struct Look<'a> {
    /// Colours by meaning.
    pub theme: &'a Theme,
    /// Which keys do what, for sentences that name one.
    pub keymap: &'a Keymap,
    /// From where on a number is called high.
    pub threshold: Threshold,
    /// Which letters the terminal can show.
    pub glyph: Glyph,
    /// The present time.
    pub now: Stamp,
    /// When nothing was asked, which is no part of an age.
    pub rest: Rest,
    /// Which time charts show.
    pub when: &'a When,
    /// The zone whose time is written.
    pub zone: &'a jiff::tz::TimeZone,
    /// Whether what acts is hidden.
    pub readonly: bool,
    /// How often this machine is sampled, in milliseconds.
    pub interval_ms: u64,
}

impl Look<'_> {
    /// The present, as ages are counted to it.
    pub const fn present(&self) -> Present {
        Present { now: self.now, rest: self.rest }
    }

    /// How old it is what a node told at `at`.
    pub fn age(&self, at: Stamp) -> Duration {
        self.present().age(at)
    }

    /// The style of a share of something that should not be full.
    pub fn load(&self, share: Ratio) -> Style {
        self.level(self.threshold.share(share))
    }

    /// The style of a temperature in °C.
    pub fn heat(&self, celsius: f64) -> Style {
        self.level(self.threshold.heat(celsius))
    }

    /// The style of a share of time in which tasks waited.
    pub fn pressure(&self, share: Ratio) -> Style {
        self.level(pressure(share))
    }

    const fn level(&self, level: Level) -> Style {
        match level {
            Level::Good => self.theme.good,
            Level::Warn => self.theme.warn,
            Level::Bad => self.theme.bad,
        }
    }

    /// The first key of `action`; where it has none, the key of the palette, which has them all.
    pub fn key(&self, action: Action) -> String {
        let key = |action| self.keymap.keys(action).next().map(ToString::to_string);
        let named = || Some(format!("{} {}", key(Action::Palette)?, action.name()));
        key(action).or_else(named).unwrap_or_else(|| action.name().to_owned())
    }
}

/// Which letters the terminal can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Glyph {
    /// Box lines, blocks and braille.
    Unicode,
    /// The same, with charts of blocks: braille is missing in some fonts, and pale in others.
    Block,
    /// The same, with charts of plain letters.
    Letter,
    /// Only letters below 0x80.
    Ascii,
}

impl Glyph {
    /// `unicode` where the terminal can show it, else `ascii`.
    pub const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self {
            Self::Unicode | Self::Block | Self::Letter => unicode,
            Self::Ascii => ascii,
        }
    }

    /// How many dots of a chart a cell holds, across and down.
    pub const fn dots(self) -> (usize, usize) {
        match self {
            Self::Unicode => (2, 4),
            Self::Block => (2, 2),
            Self::Letter | Self::Ascii => (1, 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_high_long_before_it_is_all_of_the_time() {
        let levels = [0.0, 9.9, 10.0, 39.9, 40.0, 50.0].map(|percent| {
            let share = Ratio::new(percent / 100.0).unwrap();
            pressure(share)
        });
        let [good, warn, bad] = [Level::Good, Level::Warn, Level::Bad];
        assert_eq!(levels, [good, good, warn, warn, bad, bad]);
    }
}
