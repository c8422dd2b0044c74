//! What was kept of the last hour, put before what was seen since the start.
//!
//! A program that has just begun has seen nothing, but the hour before it is kept on disk. Charts should show
//! it; the time in between, when nobody watched, stays a gap.

use super::State;
use super::history::{self, GpuMetric, Metric};
use super::serving::{ModelMetric, precede};
use crate::model::past::{Past, PastTrack};
use crate::model::serving::key_of;
use crate::model::text::SafeText;
use crate::model::time::Stamp;

/// Longest step of what fits beside samples; what is coarser is for long times.
const COARSEST_MS: u64 = 15_000;

/// A row of [`rows`].
type Row<const N: usize> = (i64, [Option<f64>; N]);

impl State {
    /// Puts what `past`, which was told at `told`, holds of the last hour before what is known of nodes.
    pub(super) fn recall(&mut self, past: &Past, told: Stamp) {
        for track in past.tracks.iter().filter(|track| track.step_ms <= COARSEST_MS) {
            let source = &track.track.source;
            let most = self.rows_of(source);
            let Some(node) = self.nodes.get_mut(source) else { continue };
            match track.track.kind.as_str() {
                "node" => {
                    let rows = rows(track, &Metric::ALL.map(Metric::column));
                    node.history.precede(most, &on_clock(&rows, told));
                }
                "gpu" => {
                    let rows = rows(track, &GpuMetric::ALL.map(GpuMetric::column));
                    let rows = on_clock(&rows, told);
                    history::precede(&mut node.gpu_history, &track.track.name, most, &rows);
                }
                "model" => {
                    let rows = rows(track, &ModelMetric::ALL.map(ModelMetric::column));
                    let (key, rows) = (key_of(&track.track.name), on_clock(&rows, told));
                    precede(&mut node.model_history, key, most, &rows);
                }
                _ => {}
            }
        }
    }
}

/// The numbers called `names` at each instant of `track`, in milliseconds since 1970 UTC.
pub fn rows<const N: usize>(track: &PastTrack, names: &[&str; N]) -> Vec<Row<N>> {
    let place =
        |name: &str| track.columns.iter().position(|column: &SafeText| column.as_str() == name);
    let places = names.map(place);
    let row = |row: &Vec<Option<f32>>| {
        places.map(|place| row.get(place?).copied().flatten().map(f64::from))
    };
    track.at_ms.iter().copied().zip(track.rows.iter().map(row)).collect()
}

/// `rows` by the monotonic clock that showed `told`; what was before it began is left out.
fn on_clock<const N: usize>(rows: &[Row<N>], told: Stamp) -> Vec<(u64, [Option<f64>; N])> {
    let on_clock = |(at, values): &Row<N>| {
        let back = u64::try_from(told.wall_ms.saturating_sub(*at)).ok()?;
        Some((told.mono_ms.checked_sub(back)?, *values))
    };
    rows.iter().filter_map(on_clock).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::id::SourceId;
    use crate::model::node::NodeSample;
    use crate::model::past::Track;
    use crate::model::update::{Update, What};

    fn track(source: &SourceId, step_ms: u64, at_ms: Vec<i64>) -> PastTrack {
        let rows = at_ms.iter().map(|at| vec![None, Some(*at as f32)]).collect();
        let columns = vec!["later_version".into(), Metric::Load.column().into()];
        PastTrack { track: Track::node(source), columns, step_ms, at_ms, rows }
    }

    #[test]
    fn the_hour_of_a_gpu_waits_for_a_slow_driver() {
        let mut state = State::default();
        let at = |wall_ms| Stamp { mono_ms: 50_000, wall_ms };
        let mut tell = |what| {
            state.apply(&Update { at: at(100_000), from: SourceId::local(), what });
        };
        tell(What::Node(Box::<NodeSample>::default()));
        let track = PastTrack {
            track: Track::gpu(&SourceId::local(), &"GPU-1".into()),
            columns: vec![GpuMetric::Power.column().into()],
            step_ms: 1_000,
            at_ms: vec![90_000],
            rows: vec![vec![Some(250.0)]],
        };
        tell(What::Past(Box::new(Past { tracks: vec![track], ..Past::default() })));
        let history = &state.nodes[&SourceId::local()].gpu_history[&SafeText::from("GPU-1")];
        let known: Vec<_> = history.within(GpuMetric::Power as usize, 0..u64::MAX).collect();
        assert_eq!(known, [(40_000, Some(250.0))]);
    }

    #[test]
    fn an_hour_is_not_empty_after_a_start() {
        let (local, other) = (SourceId::local(), SourceId("other".into()));
        let mut state = State::default();
        let mut tell = |wall_ms: i64, what| {
            let at = Stamp { mono_ms: u64::try_from(wall_ms).unwrap() + 50_000, wall_ms };
            state.apply(&Update { at, from: SourceId::local(), what });
        };
        tell(100_000, What::Node(Box::<NodeSample>::default()));
        tell(101_000, What::Node(Box::<NodeSample>::default()));
        let tracks = vec![
            track(&local, 1_000, vec![-60_000, 40_000, 41_000, 100_500]),
            track(&local, 60_000, vec![90_000]),
            track(&other, 1_000, vec![90_000]),
        ];
        tell(102_000, What::Past(Box::new(Past { tracks, ..Past::default() })));
        let history = &state.nodes[&local].history;
        let all: Vec<_> = history.within(Metric::Load as usize, 0..u64::MAX).collect();
        let known = [(90_000, Some(40_000.0)), (91_000, Some(41_000.0))];
        assert_eq!(all[..2], known, "by the clock that samples are stamped with");
        assert_eq!(all[2..], [(150_000, None), (151_000, None)], "what was seen stays");
        assert!(!state.nodes.contains_key(&other), "nobody appears who is not watched");
    }
}
