//! What the user can set.
//!
//! The doc comments here are the comments of `config/isomon.toml`, and the fields its keys: each
//! fact stands once, and `tests/drift.rs` keeps the file true. Reading is pure; the door opens the
//! file and hands over its text and the environment.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::bench::Preset;
use crate::model::unit::Ratio;

pub mod address;
pub mod days;
pub mod edit;
pub mod mistake;
pub mod place;
pub mod read;
pub mod size;
pub mod source;
pub mod span;
pub mod template;

pub use days::Days;
pub use mistake::Mistake;
pub use size::Size;
pub use source::Source;
pub use span::{Interval, Span};

/// Every setting, each with a default.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// How this machine is watched.
    pub watch: Watch,
    /// How the screen looks and listens.
    pub screen: Screen,
    /// What `isomon bench` and the Bench tab do unless told otherwise.
    pub bench: Bench,
    /// What is kept of the programs that `isomon serve --allow-exec` was sent and `isomon exec` ran.
    pub workloads: Workloads,
    /// Runs that are kept beyond this machine.
    pub runs: Runs,
    /// Where `isomon serve` sends its numbers, for a node that no Prometheus can reach.
    pub remote_write: RemoteWrite,
    /// From where on a number is called high. Percent and degrees Celsius.
    pub threshold: Threshold,
    /// What is kept of the numbers of nodes, GPUs and models, to look back at.
    pub history: History,
    /// Other nodes to watch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub source: Vec<Source>,
}

/// How this machine is watched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Watch {
    /// Time between two samples: "500ms", "2s", "1m", or a number of seconds; 100 ms to 1 hour.
    pub interval: Interval,
    /// Look for servers of language models on this machine: who listens on a port of it is asked for
    /// `/metrics`, `/v1/models` and `/api/ps`, by the loopback address alone.
    pub models: bool,
}

/// Runs that are kept beyond this machine.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Runs {
    /// Buckets whose runs the screen shows too: `s3://bucket/prefix`, `gs://…`, `file:///directory`.
    pub places: Vec<place::Place>,
}

/// Where `isomon serve` sends its numbers, for a node that no Prometheus can reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct RemoteWrite {
    /// Address of a store that takes Prometheus remote write, `https://prom:9090/api/v1/write`;
    /// nothing is sent while it is empty.
    pub url: String,
    /// Time between two batches; 1 s to 1 hour.
    pub interval: Interval,
    /// Name of the user, where the store wants a name and a password. The token is the password then.
    pub user: String,
    /// A file with the token, which nobody but its owner may read.
    pub token_file: String,
    /// The environment variable that holds the token.
    pub token_env: String,
    /// Labels of every series: "site=lab". `job` is `isomon` and `instance` the host's name unless set.
    pub labels: Vec<String>,
}

impl Default for RemoteWrite {
    fn default() -> Self {
        Self {
            url: String::new(),
            interval: Interval(std::time::Duration::from_secs(15)),
            user: String::new(),
            token_file: String::new(),
            token_env: String::new(),
            labels: Vec::new(),
        }
    }
}

/// How the screen looks and listens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Screen {
    /// Name of a theme: "default", "light", "high-contrast", "colour-blind", "mono", one of your own, or one
    /// that btop brings.
    pub theme: String,
    /// Colours: "auto" (as the terminal and `NO_COLOR` say), "always" or "never".
    pub color: Color,
    /// Draw with plain ASCII letters only.
    pub ascii: bool,
    /// What charts are drawn with: "braille" (the finest), "block" (for fonts without braille) or "ascii".
    pub charts: Charts,
    /// Listen to the mouse. Off leaves it to the terminal, to select text.
    pub mouse: bool,
    /// Ring the terminal's bell when a critical alert fires: "auto" (not over SSH), "always" or "never".
    pub bell: Bell,
}

impl Default for Screen {
    fn default() -> Self {
        Self {
            theme: "default".to_owned(),
            color: Color::Auto,
            ascii: false,
            charts: Charts::Braille,
            mouse: true,
            bell: Bell::Auto,
        }
    }
}

/// When to ring the bell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Bell {
    /// Where the terminal is of this machine: over SSH a whole room may hear it that does not care.
    #[default]
    Auto,
    /// Everywhere.
    Always,
    /// Nowhere.
    Never,
}

/// What charts are drawn with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Charts {
    /// Eight dots a letter.
    #[default]
    Braille,
    /// Four quarters a letter.
    Block,
    /// Plain letters.
    Ascii,
}

/// When to use colours.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Color {
    /// As the terminal and `NO_COLOR` say.
    #[default]
    Auto,
    /// Even where the output is not a terminal.
    Always,
    /// None.
    Never,
}

/// What a benchmark does unless told otherwise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Bench {
    /// How much effort: "quick" (half a minute), "standard" (minutes) or "full" (up to half an hour).
    pub preset: Preset,
    /// Memory each sandbox may use.
    pub memory: Size,
    /// Processors each sandbox may use.
    pub cpus: f64,
    /// Time a sandbox may take from start to exit before it is killed and counted as failed.
    pub timeout: Span,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            preset: Preset::Quick,
            memory: Size(128 << 20),
            cpus: 1.0,
            timeout: Span(std::time::Duration::from_secs(10)),
        }
    }
}

/// How long programs that others sent, and what they wrote, are kept; the oldest go first, and only
/// those that are over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Workloads {
    /// How many, at most.
    pub keep: NonZeroU32,
    /// How long, in days, at most.
    pub keep_days: NonZeroU32,
    /// How much room their file takes, at most.
    pub keep_size: Size,
}

impl Default for Workloads {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { keep: number(10_000), keep_days: number(30), keep_size: Size(1 << 30) }
    }
}

/// What is kept of the numbers of nodes and GPUs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct History {
    /// Keep them. The screen and `isomon serve` do; of several, one writes and the others read.
    pub enabled: bool,
    /// For how many days, 1 to 3650: each second of the last hour, ten seconds of the last day, then
    /// minutes.
    pub days: Days,
    /// How large the file may get; then the oldest goes first.
    pub size: Size,
}

impl Default for History {
    fn default() -> Self {
        Self { enabled: true, days: Days(30), size: Size(1 << 30) }
    }
}

/// From where on a number is called high.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Threshold {
    /// Use of a processor, memory or disk, in percent, that is worth a look.
    pub use_warn: f64,
    /// Use, in percent, that is bad.
    pub use_bad: f64,
    /// Temperature in °C that is worth a look.
    pub heat_warn: f64,
    /// Temperature in °C that is bad.
    pub heat_bad: f64,
}

impl Default for Threshold {
    fn default() -> Self {
        Self { use_warn: 70.0, use_bad: 90.0, heat_warn: 80.0, heat_bad: 90.0 }
    }
}

/// What a threshold says of a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Within bounds.
    Good,
    /// Worth a look.
    Warn,
    /// Beyond bounds.
    Bad,
}

impl Threshold {
    /// What a share of something that should not be full comes to.
    pub fn share(&self, share: Ratio) -> Level {
        level(share.percent(), self.use_warn, self.use_bad)
    }

    /// What a temperature in °C comes to.
    pub fn heat(&self, celsius: f64) -> Level {
        level(celsius, self.heat_warn, self.heat_bad)
    }
}

fn level(value: f64, warn: f64, bad: f64) -> Level {
    if value >= bad {
        Level::Bad
    } else if value >= warn {
        Level::Warn
    } else {
        Level::Good
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_threshold_itself_is_beyond_it() {
        let threshold = Threshold::default();
        let levels = [69.9, 70.0, 89.9, 90.0].map(|percent| {
            let share = Ratio::new(percent / 100.0).expect("a share");
            threshold.share(share)
        });
        assert_eq!(levels, [Level::Good, Level::Warn, Level::Warn, Level::Bad]);
        assert_eq!(threshold.heat(85.0), Level::Warn);
    }
}
