//! The numbers and the stretch of time that charts show, of now or of the past.
//!
//! Times on the axis of a chart are milliseconds: on the monotonic clock where the state holds the numbers,
//! on the wall clock where a piece of the past does. Nobody but this file needs to know which.

use std::collections::BTreeMap;

use super::HOUR_MS;
use crate::model::id::SourceId;
use crate::model::serving::Key;
use crate::model::text::SafeText;
use crate::series::Series;
use crate::state::Node;
use crate::state::history::{GpuHistories, GpuHistory, GpuMetric, Metric, NodeHistory};
use crate::state::serving::{ModelHistory, ModelMetric, ModelRow};
use crate::tui::look::Look;
use crate::tui::widget::trail::Window;

/// What is known of a node of which nothing is.
static NOTHING: NodeHistory = NodeHistory::new();

impl Look<'_> {
    /// Whether the past is shown.
    pub const fn is_past(&self) -> bool {
        self.when.is_past()
    }

    /// Whether an instant other than now is looked at: the past is shown, or the cursor stands on it.
    pub const fn is_then(&self) -> bool {
        self.is_past() || self.when.has_cursor()
    }

    /// The stretch of time that charts show.
    pub fn window(&self) -> Window {
        let when = self.when;
        let piece = when.piece.as_ref().filter(|_| !when.is_near(self.now));
        let step = piece.map_or(0, |piece| piece.step_ms);
        Window {
            end_ms: self.on_axis(when.end(self.now)),
            span_ms: when.span_ms(),
            interval_ms: self.interval_ms.max(step),
        }
    }

    /// The numbers of `node`, which is called `id`, in that time.
    pub fn history<'a>(&'a self, id: &SourceId, node: &'a Node) -> &'a NodeHistory {
        if self.when.is_near(self.now) {
            return &node.history;
        }
        let piece = self.when.piece.as_ref();
        piece.and_then(|piece| piece.nodes.get(id)).unwrap_or(&NOTHING)
    }

    /// The numbers of one of its GPUs.
    pub fn gpu_history<'a>(
        &'a self,
        id: &SourceId,
        node: &'a Node,
        gpu: &SafeText,
    ) -> Option<&'a GpuHistory> {
        self.gpus_of(id, node)?.get(gpu)
    }

    /// The numbers of all GPUs it has and had, by their ids.
    pub fn gpus_of<'a>(&'a self, id: &SourceId, node: &'a Node) -> Option<&'a GpuHistories> {
        if self.when.is_near(self.now) {
            return Some(&node.gpu_history);
        }
        self.when.piece.as_ref()?.gpus.get(id)
    }

    /// The numbers of all of its GPUs.
    pub fn gpu_histories<'a>(&'a self, id: &SourceId, node: &'a Node) -> Vec<&'a GpuHistory> {
        self.gpus_of(id, node).into_iter().flat_map(BTreeMap::values).collect()
    }

    /// The numbers of one of its models.
    pub fn model_history<'a>(
        &'a self,
        id: &SourceId,
        node: &'a Node,
        model: &Key,
    ) -> Option<&'a ModelHistory> {
        self.models(id, node)?.get(model)
    }

    /// The numbers of all of its models.
    pub fn models<'a>(
        &'a self,
        id: &SourceId,
        node: &'a Node,
    ) -> Option<&'a BTreeMap<Key, ModelHistory>> {
        if self.when.is_near(self.now) {
            return Some(&node.model_history);
        }
        self.when.piece.as_ref()?.models.get(id)
    }

    /// The instant that is looked at, on the axis of [`Look::window`].
    pub fn instant(&self) -> u64 {
        self.on_axis(self.when.instant(self.now))
    }

    /// The instant under the cursor, if there is one.
    pub fn cursor(&self) -> Option<u64> {
        self.when.has_cursor().then(|| self.instant())
    }

    /// The numbers of `node` at the instant that is looked at, where that is not now; what is not kept of it
    /// is missing.
    pub fn then(&self, id: &SourceId, node: &Node) -> Option<[Option<f64>; Metric::ALL.len()]> {
        let history = self.is_then().then(|| self.history(id, node))?;
        Some(Metric::ALL.map(|metric| self.at_instant(history, metric as usize)))
    }

    /// The same of one of its GPUs.
    pub fn gpu_then(
        &self,
        id: &SourceId,
        node: &Node,
        gpu: &SafeText,
    ) -> Option<[Option<f64>; GpuMetric::ALL.len()]> {
        let history = self.is_then().then(|| self.gpu_history(id, node, gpu))?;
        let number = |metric: GpuMetric| self.at_instant(history?, metric as usize);
        Some(GpuMetric::ALL.map(number))
    }

    /// The same of one of its models.
    pub fn model_then(&self, id: &SourceId, node: &Node, model: &Key) -> Option<ModelRow> {
        let history = self.is_then().then(|| self.model_history(id, node, model))?;
        let number = |metric: ModelMetric| self.at_instant(history?, metric as usize);
        Some(ModelMetric::ALL.map(number))
    }

    /// Number `which` of `history` at the instant that is looked at.
    pub fn at_instant<const N: usize>(&self, history: &Series<N>, which: usize) -> Option<f64> {
        let at = self.instant();
        let found = history.nearest(which, at);
        found
            .filter(|(found, _)| found.abs_diff(at) <= self.reach_ms())
            .and_then(|(_, value)| value)
    }

    /// How far from the instant that is looked at a sample may be that is shown for it, in milliseconds.
    pub fn reach_ms(&self) -> u64 {
        self.when.span_ms() / 120 + 3 * self.window().interval_ms
    }

    /// The time of the instant at `at_ms` on the axis, in milliseconds since 1970 UTC.
    pub fn wall(&self, at_ms: u64) -> i64 {
        let at = i64::try_from(at_ms).unwrap_or(i64::MAX);
        if !self.when.is_near(self.now) {
            return at;
        }
        let mono = i64::try_from(self.now.mono_ms).unwrap_or(i64::MAX);
        self.now.wall_ms.saturating_sub(mono.saturating_sub(at))
    }

    fn on_axis(&self, wall_ms: i64) -> u64 {
        if !self.when.is_near(self.now) {
            return u64::try_from(wall_ms).unwrap_or(0);
        }
        let back = u64::try_from(self.now.wall_ms.saturating_sub(wall_ms)).unwrap_or(0);
        self.now.mono_ms.saturating_sub(back.min(HOUR_MS))
    }
}
