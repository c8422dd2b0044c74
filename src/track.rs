//! Which numbers of an update are kept, and under which names.
//!
//! A track is a node, a GPU or a model; its numbers are taken at one moment and kept as one row. The names of the
//! columns stand on disk and in exports, so they never change: a column that means something else gets
//! another name, and a reader takes what it knows. Pure: knows neither files nor time.

use std::sync::{Arc, LazyLock};

use crate::model::past::Track;
use crate::model::text::SafeText;
use crate::model::time::Stamp;
use crate::model::update::{Update, What};
use crate::state::history::{GpuMetric, Metric, gpu_row, node_row};
use crate::state::serving::{ModelMetric, model_row};

/// Most GPUs of one node that are kept: a hostile node could name any number.
const GPUS: usize = 256;
/// Most models of one node.
const MODELS: usize = 256;

/// The names of a row's values, in their order.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Shape(Arc<[SafeText]>);

impl Shape {
    /// The shape with these columns.
    pub fn new(columns: impl IntoIterator<Item = SafeText>) -> Self {
        Self(columns.into_iter().collect())
    }

    /// The columns.
    pub fn columns(&self) -> &[SafeText] {
        &self.0
    }
}

/// What is known of a track at one moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Of whom.
    pub track: Track,
    /// When it was learned.
    pub at: Stamp,
    /// What the values are.
    pub shape: Shape,
    /// One value for each column; `None` is missing.
    pub values: Vec<Option<f32>>,
}

/// The name of a node's number: what it is, and its unit.
pub const fn node_column(metric: Metric) -> &'static str {
    metric.column()
}

/// The name of a GPU's number: what it is, and its unit.
pub const fn gpu_column(metric: GpuMetric) -> &'static str {
    metric.column()
}

static NODE: LazyLock<Shape> =
    LazyLock::new(|| Shape::new(Metric::ALL.map(|metric| node_column(metric).into())));
static GPU: LazyLock<Shape> =
    LazyLock::new(|| Shape::new(GpuMetric::ALL.map(|metric| gpu_column(metric).into())));
static MODEL: LazyLock<Shape> =
    LazyLock::new(|| Shape::new(ModelMetric::ALL.map(|metric| metric.column().into())));

/// Short names that people may type for a column.
const SHORT: [(&str, &str); 39] = [
    ("cpu", "cpu_busy_percent"),
    ("steal", "cpu_steal_percent"),
    ("iowait", "cpu_iowait_percent"),
    ("load", "load_1m"),
    ("memory", "memory_used_percent"),
    ("swap", "swap_used_percent"),
    ("cpu-pressure", "cpu_pressure_percent"),
    ("memory-pressure", "memory_pressure_percent"),
    ("io-pressure", "io_pressure_percent"),
    ("disk-read", "disk_read_bytes_per_second"),
    ("disk-write", "disk_write_bytes_per_second"),
    ("receive", "network_receive_bytes_per_second"),
    ("transmit", "network_transmit_bytes_per_second"),
    ("temperature", "temperature_celsius"),
    ("gpu", "gpu_use_percent"),
    ("gpu-memory", "gpu_memory_used_percent"),
    ("gpu-temperature", "gpu_temperature_celsius"),
    ("gpu-power", "gpu_power_watts"),
    ("gpu-sm", "gpu_sm_active_percent"),
    ("gpu-tensor", "gpu_tensor_active_percent"),
    ("gpu-dram", "gpu_dram_active_percent"),
    ("gpu-memory-temperature", "gpu_memory_temperature_celsius"),
    ("gpu-energy", "gpu_energy_joules"),
    ("tokens", "model_tokens_per_second"),
    ("prompt-tokens", "model_prompt_tokens_per_second"),
    ("running", "model_requests_running"),
    ("waiting", "model_requests_waiting"),
    ("kv-cache", "model_kv_cache_used_percent"),
    ("requests", "model_requests_per_second"),
    ("ttft-p50", "model_first_token_p50_seconds"),
    ("ttft", "model_first_token_p95_seconds"),
    ("ttft-p99", "model_first_token_p99_seconds"),
    ("itl-p50", "model_inter_token_p50_seconds"),
    ("itl", "model_inter_token_p95_seconds"),
    ("itl-p99", "model_inter_token_p99_seconds"),
    ("e2e-p50", "model_end_to_end_p50_seconds"),
    ("e2e", "model_end_to_end_p95_seconds"),
    ("e2e-p99", "model_end_to_end_p99_seconds"),
    ("queue", "model_queue_p95_seconds"),
];

/// The column that `name` is short for; `name` itself where it is short for none.
pub fn column_of(name: &str) -> &str {
    SHORT.iter().find(|(short, _)| *short == name).map_or(name, |(_, column)| column)
}

/// The short names, for who looks for one.
pub fn short_names() -> impl Iterator<Item = &'static str> {
    SHORT.iter().map(|(short, _)| *short)
}

/// Whether [`rows`] keeps anything of `what`.
pub const fn is_kept(what: &What) -> bool {
    matches!(what, What::Node(_) | What::Gpus(_) | What::Serving(_))
}

/// What is kept of `update`: a row for its node, or one for each of its GPUs or models.
pub fn rows(update: &Update) -> Vec<Row> {
    let row = |track, shape: &Shape, values: &[Option<f64>]| Row {
        track,
        at: update.at,
        shape: shape.clone(),
        values: values.iter().map(|value| value.and_then(narrow)).collect(),
    };
    match &update.what {
        What::Node(sample) => vec![row(Track::node(&update.from), &NODE, &node_row(sample))],
        What::Gpus(sample) => {
            let gpus = sample.gpus.iter().take(GPUS);
            gpus.map(|gpu| row(Track::gpu(&update.from, &gpu.id), &GPU, &gpu_row(gpu))).collect()
        }
        What::Serving(serving) => {
            let models = serving.iter().take(MODELS);
            let track = |key| Track::model(&update.from, &key);
            models.map(|one| row(track(one.key()), &MODEL, &model_row(one))).collect()
        }
        _ => Vec::new(),
    }
}

/// As a number of four bytes; what is none, or too large for them, is missing.
fn narrow(value: f64) -> Option<f32> {
    #[expect(clippy::cast_possible_truncation, reason = "seven digits are kept")]
    let narrow = value as f32;
    narrow.is_finite().then_some(narrow)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::model::gpu::{Gpu, GpuSample};
    use crate::model::id::SourceId;
    use crate::model::node::{CpuUse, NodeSample};
    use crate::model::reading::Reading;
    use crate::model::serving::{Serving, key_of};
    use crate::model::unit::Ratio;

    fn update(what: What) -> Update {
        Update { at: Stamp::default(), from: SourceId::local(), what }
    }

    #[test]
    fn a_node_is_one_row_in_which_what_is_missing_is_missing() {
        let busy = Ratio::new(0.25).expect("a share");
        let cpu = Reading::Known(CpuUse { busy, ..CpuUse::default() });
        let rows = rows(&update(What::Node(Box::new(NodeSample { cpu, ..NodeSample::default() }))));
        let [row] = &rows[..] else { panic!("{rows:?}") };
        let value = |name: &str| {
            let at = row.shape.columns().iter().position(|column| column.as_str() == name);
            row.values[at.expect("a column")]
        };
        assert_eq!(value("cpu_busy_percent"), Some(25.0));
        assert_eq!(value("temperature_celsius"), None);
        assert_eq!(row.values.len(), row.shape.columns().len());
    }

    #[test]
    fn a_gpu_is_a_track_of_its_own_and_a_flood_of_them_is_bounded() {
        let gpus =
            (0..1_000).map(|id| Gpu { id: SafeText::from(id.to_string()), ..Gpu::default() });
        let sample =
            GpuSample { gpus: gpus.collect(), readers: Vec::new(), ..GpuSample::default() };
        let rows = rows(&update(What::Gpus(Box::new(sample))));
        assert_eq!(rows.len(), GPUS);
        assert_eq!(rows[7].track, Track::gpu(&SourceId::local(), &"7".into()));
    }

    #[test]
    fn a_model_is_a_track_of_its_own_with_where_it_answers() {
        let served = |at: Option<&str>| Serving {
            address: at.map(Into::into),
            running: Reading::Known(3.0),
            ..Serving::silent("owner/m".into())
        };
        let all =
            vec![served(Some("127.0.0.1:8000")), served(Some("127.0.0.1:8001")), served(None)];
        let keys: Vec<_> = all.iter().map(Serving::key).collect();
        let rows = rows(&update(What::Serving(all)));
        let named: Vec<_> = rows.iter().map(|row| key_of(&row.track.name)).collect();
        assert_eq!(named, keys);
        assert_eq!(rows[0].values[ModelMetric::Running as usize], Some(3.0));
        assert_eq!(rows[0].values[ModelMetric::FirstP95 as usize], None);
    }

    #[test]
    fn names_are_unique_and_every_short_one_means_a_column() {
        let columns: Vec<&SafeText> =
            [&NODE, &GPU, &MODEL].iter().flat_map(|shape| shape.columns()).collect();
        let unique: BTreeSet<_> = columns.iter().collect();
        assert_eq!(unique.len(), columns.len());
        assert_eq!(SHORT.len(), columns.len());
        for (short, column) in SHORT {
            assert!(columns.iter().any(|known| known.as_str() == column), "{short}");
            assert_eq!(column_of(short), column);
        }
        assert_eq!(column_of("cpu_busy_percent"), "cpu_busy_percent");
    }

    #[test]
    fn what_four_bytes_cannot_hold_is_missing() {
        assert_eq!(
            [1e300, f64::NAN, f64::INFINITY, 0.5].map(narrow),
            [None, None, None, Some(0.5)]
        );
    }
}
