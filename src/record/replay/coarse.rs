//! The numbers of a whole recording, a few for each minute: charts of more than an hour show them.
//!
//! They are picked up while the file is looked through, so that a chart of any stretch needs no reading. How
//! far apart they are grows with how many there are, so that memory stays bounded however long the recording
//! is and however many nodes it is of.

use std::collections::BTreeMap;

use crate::model::id::SourceId;
use crate::model::past::{Past, PastTrack, PastWish, Track};
use crate::model::text::SafeText;
use crate::model::update::{Update, What};
use crate::state::history::{GpuMetric, Metric, gpu_row, node_row};
use crate::state::serving::{ModelMetric, model_row};

/// Time from one instant to the next at first, in milliseconds.
const STEP_MS: i64 = 10_000;
/// Instants of all tracks together; at more, every second one is let go.
const MOST: usize = 400_000;

/// What has numbers, as a line of a recording names it.
const KINDS: [&str; 3] = [NODE, GPUS, SERVING];
const NODE: &str = "node";
const GPUS: &str = "gpus";
const SERVING: &str = "serving";

/// Numbers of all that is in a recording.
#[derive(Debug)]
pub(super) struct Coarse {
    step_ms: i64,
    tracks: BTreeMap<Track, Vec<Instant>>,
    /// When a source was last heard of, by what it told.
    heard: BTreeMap<(String, &'static str), i64>,
    instants: usize,
}

/// An instant in milliseconds since 1970 UTC, and the numbers then; NaN is missing.
type Instant = (i64, Box<[f32]>);

impl Default for Coarse {
    fn default() -> Self {
        let (tracks, heard) = (BTreeMap::new(), BTreeMap::new());
        Self { step_ms: STEP_MS, tracks, heard, instants: 0 }
    }
}

impl Coarse {
    /// Whether what `from` told of `what` (`node`, `gpus`, `serving`) at `wall_ms` is to be taken.
    pub(super) fn wants(&self, from: &str, what: &str, wall_ms: i64) -> bool {
        let Some(what) = KINDS.iter().find(|kind| **kind == what) else { return false };
        let last = self.heard.get(&(from.to_owned(), *what));
        last.is_none_or(|last| wall_ms >= last.saturating_add(self.step_ms))
    }

    /// Takes the numbers of `update`.
    pub(super) fn take(&mut self, update: &Update) {
        let (from, at) = (&update.from, update.at.wall_ms);
        let kind = match update.what {
            What::Gpus(_) => GPUS,
            What::Serving(_) => SERVING,
            _ => NODE,
        };
        self.heard.insert((from.0.as_str().to_owned(), kind), at);
        match &update.what {
            What::Node(sample) => self.push(Track::node(from), at, &node_row(sample)),
            What::Gpus(sample) => {
                for gpu in &sample.gpus {
                    self.push(Track::gpu(from, &gpu.id), at, &gpu_row(gpu));
                }
            }
            What::Serving(all) => {
                for one in all {
                    self.push(Track::model(from, &one.key()), at, &model_row(one));
                }
            }
            _ => {}
        }
        if self.instants > MOST {
            self.thin();
        }
    }

    fn push(&mut self, track: Track, at: i64, row: &[Option<f64>]) {
        #[expect(clippy::cast_possible_truncation, reason = "a pixel needs no more than 24 bits")]
        let row = row.iter().map(|number| number.map_or(f32::NAN, |number| number as f32));
        self.tracks.entry(track).or_default().push((at, row.collect()));
        self.instants += 1;
    }

    /// Doubles the time between instants.
    fn thin(&mut self) {
        self.step_ms = self.step_ms.saturating_mul(2);
        let step = self.step_ms;
        for rows in self.tracks.values_mut() {
            let mut last = None;
            rows.retain(|(at, _)| {
                let keeps = last.is_none_or(|last: i64| *at >= last.saturating_add(step));
                last = if keeps { Some(*at) } else { last };
                keeps
            });
        }
        self.instants = self.tracks.values().map(Vec::len).sum();
    }

    /// What there is of `wish`, of a recording that begins at `first_ms`.
    pub(super) fn past(&self, wish: &PastWish, first_ms: i64) -> Past {
        let length = wish.to_ms.saturating_sub(wish.from_ms);
        let step = (length / i64::from(wish.most.max(1))).max(self.step_ms);
        let wished = |id: &SourceId| wish.sources.is_empty() || wish.sources.contains(id);
        let tracks = self.tracks.iter().filter(|(track, _)| wished(&track.source));
        let told = tracks.map(|(track, rows)| told(track, rows, wish, step));
        let tracks = told.filter(|track| !track.at_ms.is_empty()).collect();
        Past { wish: wish.clone(), tracks, earliest_ms: Some(first_ms), gap: None }
    }
}

/// The numbers of `track` in the stretch of `wish`, those of each `step` as their mean.
fn told(track: &Track, rows: &[Instant], wish: &PastWish, step: i64) -> PastTrack {
    let begin = rows.partition_point(|(at, _)| *at < wish.from_ms);
    let end = rows.partition_point(|(at, _)| *at < wish.to_ms);
    let within = rows.get(begin..end).unwrap_or_default();
    let slot = |row: &Instant| row.0.div_euclid(step);
    let (mut at_ms, mut means) = (Vec::new(), Vec::new());
    for together in within.chunk_by(|a, b| slot(a) == slot(b)) {
        at_ms.extend(together.first().map(|(at, _)| *at));
        means.push((0..columns(track).len()).map(|number| mean(together, number)).collect());
    }
    PastTrack {
        track: track.clone(),
        columns: columns(track),
        step_ms: step.unsigned_abs(),
        at_ms,
        rows: means,
    }
}

fn columns(track: &Track) -> Vec<SafeText> {
    match track.kind.as_str() {
        "node" => Metric::ALL.map(|metric| metric.column().into()).to_vec(),
        "model" => ModelMetric::ALL.map(|metric| metric.column().into()).to_vec(),
        _ => GpuMetric::ALL.map(|metric| metric.column().into()).to_vec(),
    }
}

/// The mean of what is known of `number`.
fn mean(rows: &[Instant], number: usize) -> Option<f32> {
    let known = rows.iter().filter_map(|(_, row)| row.get(number).copied());
    let known = known.filter(|value| !value.is_nan());
    let (sum, count) = known.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::node::NodeSample;
    use crate::model::reading::Reading;
    use crate::model::time::Stamp;

    fn sample(source: u64, second: i64, load: f64) -> Update {
        let node = NodeSample { load: Reading::Known([load; 3]), ..NodeSample::default() };
        let from = SourceId(format!("node-{source}").as_str().into());
        let at = Stamp { mono_ms: 0, wall_ms: second * 1_000 };
        Update { at, from, what: What::Node(Box::new(node)) }
    }

    fn loads(track: &PastTrack) -> String {
        let place = track.columns.iter().position(|name| name.as_str() == Metric::Load.column());
        let loads = track.rows.iter().filter_map(|row| row[place.unwrap()]);
        format!("{:?}", loads.take(3).collect::<Vec<f32>>())
    }

    fn wish(from: i64, to: i64, most: u32) -> PastWish {
        PastWish { from_ms: from * 1_000, to_ms: to * 1_000, most, sources: Vec::new() }
    }

    #[test]
    fn a_stretch_is_told_as_the_means_of_as_many_instants_as_can_be_shown() {
        let mut coarse = Coarse::default();
        for second in 0..1_000 {
            if coarse.wants("node-1", NODE, second * 1_000) {
                coarse.take(&sample(1, second, (second / 10) as f64));
            }
        }
        let past = coarse.past(&wish(100, 300, 10), 0);
        let [track] = past.tracks.as_slice() else { panic!("{past:?}") };
        assert_eq!((track.step_ms, track.at_ms.len()), (20_000, 10));
        assert_eq!(loads(track), "[10.5, 12.5, 14.5]");
        let fine = coarse.past(&wish(100, 300, 1_000), 0);
        assert_eq!(loads(&fine.tracks[0]), "[10.0, 11.0, 12.0]");
        let other = PastWish { sources: vec![SourceId::local()], ..wish(0, 1_000, 10) };
        assert!(coarse.past(&other, 0).tracks.is_empty());
        assert!(coarse.past(&wish(5_000, 6_000, 10), 0).tracks.is_empty());
        coarse.past(&PastWish { from_ms: i64::MIN, to_ms: i64::MAX, ..wish(0, 0, 0) }, 0);
    }

    #[test]
    fn however_much_there_is_memory_is_bounded_and_the_whole_is_covered() {
        let mut coarse = Coarse::default();
        let end = 2_000 * 10;
        for second in (0..end).step_by(10) {
            for source in 0..300 {
                if coarse.wants(&format!("node-{source}"), NODE, second * 1_000) {
                    coarse.take(&sample(source, second, 1.0));
                }
            }
        }
        assert!(coarse.instants <= MOST && coarse.step_ms == 2 * STEP_MS, "{}", coarse.instants);
        let past = coarse.past(&wish(0, end, 10_000), 0);
        assert_eq!(past.tracks.len(), 300);
        let reaches = |track: &PastTrack| track.at_ms[0] == 0 && track.at_ms.len() >= 990;
        assert!(past.tracks.iter().all(reaches));
    }
}
