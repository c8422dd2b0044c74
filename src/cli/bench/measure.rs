//! What is measured, as words: `--measure start,memory=40,throughput=1..16/2s,latency=@50/8/5s`.
//!
//! A load may have its own numbers behind `=`, in any order with `/` between them: how many
//! sandboxes (`16`, or from 1 doubling to 16: `1..16`), how long (`2s`), how many arrivals a second
//! (`@50`). Where it has none, `--concurrency`, `--duration` and `--rate` hold for all.

use std::str::FromStr;

use super::args::meant;
use crate::bench::preset;
use crate::config::Span;
use crate::model::load::Load;
use crate::model::unit::Seconds;

/// The word for the rounds, in which one sandbox is started at a time.
const START: &str = "start";
/// Sandboxes at once, at most: more are no benchmark of one machine.
const MOST: u32 = 100_000;
/// Arrivals of one step, at most.
const ARRIVALS: f64 = 200_000.0;
/// Longest step.
const LONGEST: f64 = 3_600.0;

/// One thing that is measured.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Measure {
    /// The rounds.
    Start,
    /// A load by its name, with what was said of it.
    Load(&'static str, Shape),
}

/// What is said of a load; `None` where nothing was.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Shape {
    pub(super) crowd: Option<Crowd>,
    pub(super) seconds: Option<f64>,
    pub(super) rate: Option<f64>,
}

/// How many sandboxes at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Crowd {
    pub(super) least: u32,
    pub(super) most: u32,
}

impl FromStr for Crowd {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (least, most) = word.split_once("..").unwrap_or((word, word));
        let number = |text: &str| text.parse().ok().filter(|number| (1..=MOST).contains(number));
        let both = number(least).zip(number(most)).filter(|(least, most)| least <= most);
        let wrong = || format!("`{word}` is not like 8 or 1..16, from 1 to {MOST}");
        both.map(|(least, most)| Self { least, most }).ok_or_else(wrong)
    }
}

impl FromStr for Measure {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let (name, shape) = word.split_once('=').unwrap_or((word, ""));
        if name == START && shape.is_empty() {
            return Ok(Self::Start);
        }
        let Some(known) = Load::NAMES.into_iter().find(|known| *known == name) else {
            let names: Vec<&str> = std::iter::once(START).chain(Load::NAMES).collect();
            return Err(format!("{}there are {}", meant(name, &names), names.join(", ")));
        };
        let shape = if shape.is_empty() { Shape::default() } else { shape.parse()? };
        shape.suits(known)?;
        Ok(Self::Load(known, shape))
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut shape = Self::default();
        for part in text.split('/') {
            let twice = if let Some(number) = part.strip_prefix('@') {
                shape.rate.replace(rate(number)?).is_some()
            } else if part.ends_with(|letter: char| letter.is_ascii_alphabetic()) {
                shape.seconds.replace(window(part)?).is_some()
            } else {
                shape.crowd.replace(part.parse()?).is_some()
            };
            if twice {
                return Err(format!("`{text}` says the same twice"));
            }
        }
        Ok(shape)
    }
}

impl Shape {
    /// Refuses what `name` has no use for.
    fn suits(&self, name: &str) -> Result<(), String> {
        let needless = match name {
            "memory" | "density" => {
                self.seconds.map(|_| "a time").or_else(|| self.rate.map(|_| "a rate"))
            }
            "throughput" => self.rate.map(|_| "a rate"),
            "neighbour" => self.rate.map(|_| "a rate").or_else(|| self.crowd.map(|_| "a number")),
            _ => None,
        };
        needless.map_or(Ok(()), |needless| Err(format!("{name} takes no {}", bare(needless))))
    }

    /// What is said here, else what `other` says.
    const fn or(self, other: Self) -> Self {
        Self {
            crowd: if self.crowd.is_some() { self.crowd } else { other.crowd },
            seconds: if self.seconds.is_some() { self.seconds } else { other.seconds },
            rate: if self.rate.is_some() { self.rate } else { other.rate },
        }
    }

    /// `load` as it is said here.
    fn bend(self, load: Load) -> Result<Load, String> {
        let crowd = |least, most| self.crowd.unwrap_or(Crowd { least, most });
        let long = |seconds: Seconds| Seconds(self.seconds.unwrap_or(seconds.0));
        Ok(match load {
            Load::Throughput { least, most, seconds } => {
                let Crowd { least, most } = crowd(least, most);
                Load::Throughput { least, most, seconds: long(seconds) }
            }
            Load::Latency { per_second, most, seconds } => {
                let (per_second, seconds) = (self.rate.or(per_second), long(seconds));
                if per_second.is_some_and(|rate| rate * seconds.0 > ARRIVALS) {
                    return Err(format!("more than {ARRIVALS} arrivals in one step"));
                }
                Load::Latency { per_second, most: crowd(1, most).most, seconds }
            }
            Load::Memory { count } => Load::Memory { count: crowd(1, count).most },
            Load::Density { most } => Load::Density { most: crowd(1, most).most },
            Load::Neighbour { seconds } => Load::Neighbour { seconds: long(seconds) },
        })
    }
}

/// The word without its article.
fn bare(word: &str) -> &str {
    word.trim_start_matches("a ")
}

/// The loads of `measured` at their usual size on `cpus` processors, bent to what is said of each and
/// to what `all` says of all.
pub(super) fn loads(measured: &[Measure], all: Shape, cpus: u32) -> Result<Vec<Load>, String> {
    let mut loads: Vec<Load> = Vec::new();
    for measure in measured {
        let Measure::Load(name, own) = measure else { continue };
        // Memory and density have their own numbers: `-C 4` is about how many work at once.
        let crowd = all.crowd.filter(|_| !matches!(*name, "memory" | "density"));
        let Some(usual) = preset::usual(name, cpus) else { continue };
        let load = own.or(Shape { crowd, ..all }).bend(usual)?;
        if loads.iter().any(|known| known.name() == load.name()) {
            return Err(format!("{name} is named twice"));
        }
        loads.push(load);
    }
    Ok(loads)
}

/// Reads a rate in arrivals a second.
pub(super) fn rate(word: &str) -> Result<f64, String> {
    let rate = word.parse().ok().filter(|rate: &f64| *rate > 0.0 && *rate <= 100_000.0);
    rate.ok_or_else(|| format!("`{word}` is not a rate of more than 0 and at most 100000 a second"))
}

/// Reads the length of a step.
pub(super) fn window(word: &str) -> Result<f64, String> {
    let seconds = word.parse::<Span>()?.0.as_secs_f64();
    let wrong = || format!("`{word}` is longer than an hour");
    Some(seconds).filter(|seconds| *seconds <= LONGEST).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Vec<Load>, String> {
        let measured: Result<Vec<Measure>, String> = words.split(',').map(str::parse).collect();
        loads(&measured?, Shape::default(), 4)
    }

    #[test]
    fn numbers_stand_in_any_order() {
        let wanted = vec![Load::Latency { per_second: Some(50.0), most: 8, seconds: Seconds(3.0) }];
        assert_eq!(read("latency=@50/8/3s"), Ok(wanted.clone()));
        assert_eq!(read("latency=3s/@50/8"), Ok(wanted));
        let usual = vec![Load::Throughput { least: 1, most: 8, seconds: Seconds(2.0) }];
        assert_eq!(read("start,throughput"), Ok(usual));
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_words() {
        for (words, why) in [
            ("throughputt", "did you mean throughput?"),
            ("memory=2s", "memory takes no time"),
            ("neighbour=4", "neighbour takes no number"),
            ("latency=@0", "not a rate"),
            ("latency=@nan", "not a rate"),
            ("throughput=8..2", "not like 8 or 1..16"),
            ("throughput=2s/3s", "the same twice"),
            ("memory,memory", "memory is named twice"),
            ("latency=@90000/1h", "arrivals in one step"),
            ("density=0", "not like 8"),
            ("start=3", "there are start"),
        ] {
            let error = read(words).unwrap_err();
            assert!(error.contains(why), "{words}: {error}");
        }
    }

    #[test]
    fn what_is_said_of_all_holds_where_nothing_else_is_said() {
        let measured: Vec<Measure> =
            ["memory", "throughput=3s", "latency"].map(|word| word.parse().unwrap()).to_vec();
        let crowd = Some(Crowd { least: 2, most: 2 });
        let all = Shape { crowd, seconds: Some(9.0), rate: Some(5.0) };
        let wanted = vec![
            Load::Memory { count: preset::STAND },
            Load::Throughput { least: 2, most: 2, seconds: Seconds(3.0) },
            Load::Latency { per_second: Some(5.0), most: 2, seconds: Seconds(9.0) },
        ];
        assert_eq!(loads(&measured, all, 4), Ok(wanted));
    }
}
