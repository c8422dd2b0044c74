//! Models served by vLLM, in the names of its present and of its former engine.

use std::collections::BTreeMap;

use super::answer::Labels;
use crate::model::reading::{Reading, Why};
use crate::model::serving::{Engine, Latency, Serving};
use crate::model::text::SafeText;
use crate::model::unit::{PerSecond, Ratio, Seconds};

/// The models of one server so far.
#[derive(Debug, Default)]
pub(super) struct Models(BTreeMap<String, BTreeMap<&'static str, f64>>);

/// What a series is called here, by its name in the store or by the question.
const NAMES: [(&str, &str); 18] = [
    ("vllm:num_requests_running", "running"),
    ("vllm:num_requests_waiting", "waiting"),
    ("vllm:kv_cache_usage_perc", "kv"),
    ("vllm:gpu_cache_usage_perc", "kv_v0"),
    ("vllm:avg_generation_throughput_toks_per_s", "tokens_v0"),
    ("vllm:avg_prompt_throughput_toks_per_s", "prompt_v0"),
    ("tokens", "tokens"),
    ("prompt", "prompt"),
    ("first_p50", "first_p50"),
    ("first_p95", "first_p95"),
    ("first_p99", "first_p99"),
    ("inter_p50", "inter_p50"),
    ("inter_p95", "inter_p95"),
    ("inter_p99", "inter_p99"),
    ("whole_p50", "whole_p50"),
    ("whole_p95", "whole_p95"),
    ("whole_p99", "whole_p99"),
    ("queue_p95", "queue_p95"),
];

/// What two servers of one model have together; of all else the higher counts.
const ADDED: [&str; 6] = ["running", "waiting", "tokens", "tokens_v0", "prompt", "prompt_v0"];

impl Models {
    pub(super) fn take(&mut self, metric: &Labels<'_>, value: Option<f64>, most: usize) {
        let written = if metric.name.is_empty() { &metric.what } else { &metric.name };
        let known = NAMES.iter().find(|(name, _)| *name == *written);
        let (Some((_, name)), Some(value)) = (known, value) else { return };
        let model = metric.cpu_model.as_ref();
        if self.0.len() < most || self.0.contains_key(model) {
            self.0.entry(model.to_owned()).or_default().insert(name, value);
        }
    }

    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds the models of another server of the same host; of two with one name, their
    /// sums, and of times and shares the higher.
    pub(super) fn extend(&mut self, other: Self) {
        for (model, values) in other.0 {
            let mine = self.0.entry(model).or_default();
            for (name, value) in values {
                let sum = mine.entry(name).or_insert(0.0);
                *sum = if ADDED.contains(&name) { *sum + value } else { sum.max(value) };
            }
        }
    }

    /// How each is served.
    pub(super) fn serving(self) -> Vec<Serving> {
        self.0.into_iter().map(|(model, values)| serving(&model, &values)).collect()
    }
}

fn serving(model: &str, values: &BTreeMap<&'static str, f64>) -> Serving {
    let first = |names: [&str; 2]| names.iter().find_map(|name| values.get(name).copied());
    let value = |name| Reading::from_option(values.get(name).copied(), Why::NotSupported);
    let time =
        |name| Reading::from_option(values.get(name).copied().map(Seconds), Why::NotSupported);
    let times = |p50, p95, p99| Latency {
        p50: time(p50),
        p95: time(p95),
        p99: time(p99),
        ..Latency::silent()
    };
    let rate = |names| {
        Reading::from_option(first(names).map(|rate| PerSecond(rate.max(0.0))), Why::NotYet)
    };
    Serving {
        engine: Some(Engine::Vllm),
        running: value("running"),
        waiting: value("waiting"),
        tokens_per_second: rate(["tokens", "tokens_v0"]),
        prompt_tokens_per_second: rate(["prompt", "prompt_v0"]),
        kv_cache: Reading::from_option(
            first(["kv", "kv_v0"]).and_then(Ratio::new),
            Why::NotSupported,
        ),
        first_token: times("first_p50", "first_p95", "first_p99"),
        inter_token: times("inter_p50", "inter_p95", "inter_p99"),
        end_to_end: times("whole_p50", "whole_p95", "whole_p99"),
        queued: Latency { p95: time("queue_p95"), ..Latency::silent() },
        ..Serving::silent(SafeText::new(model))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::server::names;

    #[test]
    fn every_name_is_one_of_the_engine() {
        let (word, rows) = names::rows(Engine::Vllm);
        for name in NAMES
            .iter()
            .filter_map(|(name, _)| names::own(word, name).filter(|_| name.contains(':')))
        {
            assert!(rows.iter().any(|row| row.names.contains(&name)), "{name}");
        }
    }

    #[test]
    fn both_engines_are_understood() {
        let mut models = Models::default();
        let metric = |name: &'static str, what: &'static str, model: &'static str| Labels {
            name: name.into(),
            what: what.into(),
            cpu_model: model.into(),
            ..Labels::default()
        };
        models.take(&metric("vllm:num_requests_running", "", "new"), Some(8.0), 9);
        models.take(&metric("vllm:kv_cache_usage_perc", "", "new"), Some(0.4), 9);
        models.take(&metric("", "tokens", "new"), Some(120.0), 9);
        models.take(&metric("", "first_p95", "new"), Some(0.8), 9);
        let mut twin = Models::default();
        twin.take(&metric("", "first_p95", "new"), Some(0.5), 9);
        twin.take(&metric("vllm:num_requests_running", "", "new"), Some(1.0), 9);
        models.extend(twin);
        models.take(&metric("vllm:gpu_cache_usage_perc", "", "old"), Some(0.5), 9);
        models.take(&metric("vllm:avg_generation_throughput_toks_per_s", "", "old"), Some(7.0), 9);
        let shown = models.serving();
        assert_eq!(shown[0].running.get(), Some(9.0));
        assert_eq!(shown[0].first_token.p95.get(), Some(Seconds(0.8)));
        assert_eq!(shown[0].first_token.p50.get(), None);
        assert_eq!(shown[0].tokens_per_second.get(), Some(PerSecond(120.0)));
        assert_eq!(shown[0].prompt_tokens_per_second.get(), None);
        assert_eq!(shown[1].kv_cache.get().unwrap().to_string(), "50 %");
        assert_eq!(shown[1].tokens_per_second.get(), Some(PerSecond(7.0)));
        assert_eq!(shown[1].running.get(), None);
    }
}
