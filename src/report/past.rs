//! What may be asked of the past, and the answer as a document: the same for `isomon history query` and
//! for `/v1/history`. Knows no file and no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Serialize;

use super::when::When;
use crate::config::Span;
use crate::model::id::SourceId;
use crate::model::past::{Past, PastTrack, PastWish};
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::track::{column_of, short_names};

/// Instants at most.
const MOST: i64 = 20_000;
/// Letters by which a name may be off and still be meant.
const NEAR: usize = 3;

/// What is asked of the past.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// From when on.
    pub from: When,
    /// Until when; excluded.
    pub to: When,
    /// Time from one instant to the next.
    pub step: Option<Span>,
    /// Instants where no step is set.
    pub usual: u32,
    /// Of whom; of everyone if empty.
    pub sources: Vec<SourceId>,
}

/// Why there is no answer to a question.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// The time does not begin before it ends.
    #[error("from {from} is not before to {to}")]
    Backwards {
        /// Its begin, RFC 3339.
        from: String,
        /// Its end.
        to: String,
    },
    /// The step is too short.
    #[error("the step makes {lines} lines of each number, more than {MOST}")]
    Fine {
        /// How many there would be.
        lines: i64,
        /// The shortest step that can be had, about.
        least: Duration,
    },
    /// No number has that name.
    #[error("nothing is kept of `{name}`")]
    Unknown {
        /// The name.
        name: SafeText,
        /// One that is like it.
        near: Option<String>,
    },
}

impl Question {
    /// As it is asked of the file, where it is `now_ms`.
    pub fn wish(self, now_ms: i64) -> Result<PastWish, Wrong> {
        let (from_ms, to_ms) = (self.from.ms(now_ms), self.to.ms(now_ms));
        if from_ms >= to_ms {
            return Err(Wrong::Backwards { from: rfc3339(from_ms), to: rfc3339(to_ms) });
        }
        let span = to_ms.saturating_sub(from_ms);
        let lines = match self.step {
            Some(step) => span / i64::try_from(step.0.as_millis()).unwrap_or(i64::MAX).max(1),
            None => i64::from(self.usual),
        };
        if lines > MOST {
            let least = Duration::from_millis((span / MOST).unsigned_abs());
            return Err(Wrong::Fine { lines, least });
        }
        let most = u32::try_from(lines.max(1)).unwrap_or(1);
        Ok(PastWish { from_ms, to_ms, most, sources: self.sources })
    }
}

/// The columns that `metrics` name, each of which has to be `known`.
pub fn columns<'a>(
    metrics: impl IntoIterator<Item = &'a str>,
    known: &[SafeText],
) -> Result<Vec<SafeText>, Wrong> {
    let column = |name: &'a str| {
        let column = SafeText::new(column_of(name));
        let unknown = || Wrong::Unknown { name: SafeText::new(name), near: near(name, known) };
        if known.contains(&column) { Ok(column) } else { Err(unknown()) }
    };
    metrics.into_iter().map(column).collect()
}

/// The name that `name` may be meant for.
fn near(name: &str, known: &[SafeText]) -> Option<String> {
    let name: String = name.chars().take(100).collect();
    let short = short_names().map(|name| -> &str { name });
    let names: Vec<&str> = known.iter().map(SafeText::as_str).chain(short).collect();
    let near =
        names.into_iter().map(|known| (strsim::damerau_levenshtein(&name, known), known)).min();
    near.filter(|(off, _)| *off <= NEAR).map(|(_, known)| known.to_owned())
}

/// Leaves what is asked for; every column unless some are.
pub fn choose(past: &mut Past, columns: &[SafeText]) {
    past.tracks.retain_mut(|track| {
        thin(track, columns);
        !track.columns.is_empty()
    });
}

/// Leaves those of a track's columns that are asked for and known.
fn thin(track: &mut PastTrack, columns: &[SafeText]) {
    let known = |at: usize| track.rows.iter().any(|row| row.get(at).is_some_and(Option::is_some));
    let asked = |name: &SafeText| columns.is_empty() || columns.contains(name);
    let kept: Vec<bool> =
        track.columns.iter().enumerate().map(|(at, name)| asked(name) && known(at)).collect();
    let mut keep = kept.iter();
    track.columns.retain(|_| keep.next().copied().unwrap_or_default());
    for row in &mut track.rows {
        let mut keep = kept.iter();
        row.retain(|_| keep.next().copied().unwrap_or_default());
    }
}

/// A piece of the past for programs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, JsonSchema)]
pub struct History {
    /// From when on, RFC 3339 as every time here.
    pub from: String,
    /// Until when; excluded.
    pub to: String,
    /// The earliest instant that is kept of anyone; null if nothing is.
    pub earliest: Option<String>,
    /// Why there is less than was asked for, if there is.
    pub gap: Option<SafeText>,
    /// Who was watched, and the numbers.
    pub tracks: Vec<HistoryTrack>,
}

/// The numbers of a node or a GPU.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub struct HistoryTrack {
    /// The source that told them.
    pub source: SourceId,
    /// What they are numbers of: `node` or `gpu`.
    pub kind: SafeText,
    /// A GPU's id; empty for a node.
    pub name: SafeText,
    /// Time from one instant to the next where none is missing.
    pub step_seconds: f64,
    /// The instants, each later than the one before; what is missing between them is a gap.
    pub times: Vec<String>,
    /// The values of each number, by its name, in the order of the times; null is missing.
    pub values: BTreeMap<String, Vec<Option<f64>>>,
}

impl From<&Past> for History {
    fn from(past: &Past) -> Self {
        Self {
            from: rfc3339(past.wish.from_ms),
            to: rfc3339(past.wish.to_ms),
            earliest: past.earliest_ms.map(rfc3339),
            gap: past.gap.clone(),
            tracks: past.tracks.iter().map(HistoryTrack::from).collect(),
        }
    }
}

impl From<&PastTrack> for HistoryTrack {
    fn from(track: &PastTrack) -> Self {
        let column = |at: usize| track.rows.iter().map(move |row| row.get(at).copied().flatten());
        let values = |at: usize| column(at).map(|value| value.and_then(plain)).collect();
        let columns = track.columns.iter().enumerate();
        Self {
            source: track.track.source.clone(),
            kind: track.track.kind.clone(),
            name: track.track.name.clone(),
            step_seconds: track.step_ms as f64 / 1_000.0,
            times: track.at_ms.iter().copied().map(rfc3339).collect(),
            values: columns.map(|(at, name)| (name.to_string(), values(at))).collect(),
        }
    }
}

/// A number of four bytes with the digits it has, and no more.
pub fn plain(value: f32) -> Option<f64> {
    value.to_string().parse().ok()
}

/// A time in RFC 3339.
pub fn rfc3339(at_ms: i64) -> String {
    Stamp { mono_ms: 0, wall_ms: at_ms }.rfc3339()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::past::Track;

    fn question(from: &str, to: &str, step: Option<&str>) -> Question {
        let step = step.map(|step| step.parse().unwrap());
        let (from, to) = (from.parse().unwrap(), to.parse().unwrap());
        Question { from, to, step, usual: 60, sources: Vec::new() }
    }

    #[test]
    fn a_question_is_bounded() {
        let ask = |from, to, step| question(from, to, step).wish(10_000_000).map(|wish| wish.most);
        assert_eq!(ask("-1h", "now", None), Ok(60));
        assert_eq!(ask("-1h", "now", Some("1m")), Ok(60));
        assert_eq!(ask("-2s", "now", Some("1m")), Ok(1));
        assert!(matches!(ask("now", "-1h", None), Err(Wrong::Backwards { .. })));
        let fine = ask("-1w", "now", Some("1s"));
        assert!(matches!(fine, Err(Wrong::Fine { lines: 604_800, .. })), "{fine:?}");
    }

    #[test]
    fn a_number_is_known_by_either_name() {
        let known = ["cpu_busy_percent".into(), "load1".into()];
        assert_eq!(columns(["cpu"], &known), Ok(vec![known[0].clone()]));
        assert_eq!(columns(["load1"], &known), Ok(vec![known[1].clone()]));
        let near = |name| match columns([name], &known) {
            Err(Wrong::Unknown { near, .. }) => near,
            found => panic!("{found:?}"),
        };
        assert_eq!((near("cpuu"), near("nothing like it")), (Some("cpu".to_owned()), None));
    }

    #[test]
    fn a_gap_is_null_and_what_nobody_knows_is_left_out() {
        let mut past = Past {
            tracks: vec![PastTrack {
                track: Track::node(&SourceId::local()),
                columns: ["a", "b", "c"].map(SafeText::from).to_vec(),
                step_ms: 1_000,
                at_ms: vec![0, 1_000],
                rows: vec![vec![Some(0.1), None, Some(1.0)], vec![None, None, Some(2.0)]],
            }],
            ..Past::default()
        };
        choose(&mut past, &["a".into(), "b".into()]);
        let track = &History::from(&past).tracks[0];
        assert_eq!(track.values.keys().collect::<Vec<_>>(), ["a"]);
        assert_eq!(track.values["a"], [Some(0.1), None]);
        assert_eq!((track.step_seconds, track.times.len()), (1.0, 2));
    }
}
