//! A piece of the past, ready to be drawn, and which piece is needed for what.

use std::collections::BTreeMap;

use crate::model::id::SourceId;
use crate::model::past::{Past, PastWish};
use crate::model::serving::{Key, key_of};
use crate::model::text::SafeText;
use crate::state::history::{GpuHistory, GpuMetric, Metric, NodeHistory};
use crate::state::recall::rows;
use crate::state::serving::{ModelHistory, ModelMetric};

/// Instants in one piece of few nodes: two of them for each column of a wide screen, over all of it.
const FINE: usize = 1_600;
/// Instants in one piece of all nodes together.
const INSTANTS: usize = 200_000;
/// Least instants of one node.
const LEAST: usize = 100;
/// How many times as long as what is shown a piece may be: longer is too coarse.
const LONGEST: i64 = 3;
/// Shortest time after which a piece that ends now is asked for again, in milliseconds.
const STALE_MS: i64 = 10_000;

/// A piece of the past.
#[derive(Debug)]
pub(super) struct Piece {
    wish: PastWish,
    pub(super) nodes: BTreeMap<SourceId, NodeHistory>,
    pub(super) gpus: BTreeMap<SourceId, BTreeMap<SafeText, GpuHistory>>,
    pub(super) models: BTreeMap<SourceId, BTreeMap<Key, ModelHistory>>,
    /// Time from one instant to the next, in milliseconds.
    pub(super) step_ms: u64,
    pub(super) earliest_ms: Option<i64>,
    pub(super) gap: Option<SafeText>,
}

impl Piece {
    /// What was told, by source; its clock is the wall's.
    pub(super) fn of(past: &Past) -> Self {
        let (mut nodes, mut gpus) = (BTreeMap::new(), BTreeMap::<_, BTreeMap<_, _>>::new());
        let mut models = BTreeMap::<_, BTreeMap<_, _>>::new();
        for track in &past.tracks {
            let source = track.track.source.clone();
            match track.track.kind.as_str() {
                "node" => {
                    let rows = rows(track, &Metric::ALL.map(Metric::column));
                    nodes.insert(source, NodeHistory::of(rows.into_iter().map(on_wall)));
                }
                "gpu" => {
                    let rows = rows(track, &GpuMetric::ALL.map(GpuMetric::column));
                    let history = GpuHistory::of(rows.into_iter().map(on_wall));
                    gpus.entry(source).or_default().insert(track.track.name.clone(), history);
                }
                "model" => {
                    let rows = rows(track, &ModelMetric::ALL.map(ModelMetric::column));
                    let history = ModelHistory::of(rows.into_iter().map(on_wall));
                    let key = key_of(&track.track.name);
                    models.entry(source).or_default().insert(key, history);
                }
                _ => {}
            }
        }
        let step_ms = past.tracks.iter().map(|track| track.step_ms).max().unwrap_or(0);
        let (earliest_ms, gap) = (past.earliest_ms, past.gap.clone());
        Self { wish: past.wish.clone(), nodes, gpus, models, step_ms, earliest_ms, gap }
    }

    /// Whether it is what `stretch` needs.
    pub(super) fn holds(&self, stretch: &Stretch<'_>) -> bool {
        let wish = &self.wish;
        let length = stretch.end.saturating_sub(stretch.begin);
        let of_all = wish.sources.is_empty();
        let of = of_all || stretch.of.is_some_and(|only| wish.sources.contains(only));
        let fine = wish.to_ms.saturating_sub(wish.from_ms) <= length.saturating_mul(LONGEST);
        let late = if stretch.is_now { (length / 200).max(STALE_MS) } else { 0 };
        let reaches =
            wish.from_ms <= stretch.begin.max(0) && wish.to_ms.saturating_add(late) >= stretch.end;
        of && fine && reaches
    }
}

/// An instant of the wall clock as series have it.
fn on_wall<const N: usize>((at, values): (i64, [Option<f64>; N])) -> (u64, [Option<f64>; N]) {
    (u64::try_from(at).unwrap_or(0), values)
}

/// A stretch of the past that is shown, in milliseconds since 1970 UTC.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch<'a> {
    pub(super) begin: i64,
    pub(super) end: i64,
    pub(super) now: i64,
    /// Whether its end moves on with time.
    pub(super) is_now: bool,
    /// The one node it is of; `None`: of all, which are so many.
    pub(super) of: Option<&'a SourceId>,
    pub(super) nodes: usize,
}

impl Stretch<'_> {
    /// What to ask for: what is shown, and half as much before and after it, so that one step further is at
    /// hand at once.
    pub(super) fn wish(&self) -> PastWish {
        let beside = self.end.saturating_sub(self.begin) / 2;
        let nodes = if self.of.is_some() { 1 } else { self.nodes.max(1) };
        let most = (INSTANTS / nodes).clamp(LEAST, FINE);
        PastWish {
            from_ms: self.begin.saturating_sub(beside).max(0),
            to_ms: self.end.saturating_add(beside).min(self.now),
            most: u32::try_from(most).unwrap_or(u32::MAX),
            sources: self.of.cloned().into_iter().collect(),
        }
    }
}
