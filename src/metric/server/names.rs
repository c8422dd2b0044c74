//! What servers of models call their figures.
//!
//! A row is a figure and the names it goes by with one engine, the present name first: a page of a server
//! in between has both, and only the first of them that is there is read. Names stand without the
//! engine's own word in front, because what joins the two is `:` with some servers and `_` with those that
//! pass their pages on. Names are from the sources of vLLM (`v1/metrics/loggers.py`, and `engine/metrics.py`
//! for the engine before), SGLang (`srt/metrics/collector.py`), llama.cpp (`tools/server`), Text Generation
//! Inference (`docs/source/reference/metrics.md`) and Triton (`docs/user_guide/metrics.md`).

use crate::model::reading::Why;
use crate::model::serving::Engine;

/// A number that a server tells, whatever it calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Figure {
    /// Requests at work.
    Running,
    /// Requests that wait.
    Waiting,
    /// Share of the key-value cache, 0..=1.
    Cache,
    /// Share of hits in the cache of prefixes, as the server works it out; below 0: it is off.
    HitRate,
    /// Tokens in a second, as the server works it out.
    TokenRate,
    /// The same of prompts.
    PromptRate,
    /// Tokens generated.
    Tokens,
    /// Tokens of prompts.
    Prompt,
    /// Requests that ended, by reason.
    Finished,
    /// Requests that failed.
    Failed,
    /// Requests put back.
    Preempted,
    /// Tokens found in the cache of prefixes.
    Hits,
    /// Tokens looked for in it.
    Queries,
    /// From a request to its first token.
    FirstToken,
    /// From a token to the next.
    InterToken,
    /// From a request to its last token.
    EndToEnd,
    /// From a request until it was begun.
    Queued,
    /// Time of all requests together, without buckets.
    EndToEndSum,
    /// Time of all of them in the queue, without buckets.
    QueuedSum,
    /// Adapters that are loaded, in labels.
    Adapters,
}

impl Figure {
    /// Whether it is told as a histogram: `_bucket`, `_sum` and `_count` stand behind its name.
    pub const fn is_histogram(self) -> bool {
        matches!(self, Self::FirstToken | Self::InterToken | Self::EndToEnd | Self::Queued)
    }

    /// Whether it is a number of things, of which there are never fewer than none.
    pub const fn is_count(self) -> bool {
        self.is_counter()
            || matches!(self, Self::Running | Self::Waiting | Self::TokenRate | Self::PromptRate)
    }

    /// Whether it only grows.
    pub const fn is_counter(self) -> bool {
        matches!(
            self,
            Self::Tokens
                | Self::Prompt
                | Self::Finished
                | Self::Failed
                | Self::Preempted
                | Self::Hits
                | Self::Queries
                | Self::EndToEndSum
                | Self::QueuedSum
        )
    }
}

/// A figure, and what one engine calls it.
pub struct Row {
    /// The figure.
    pub figure: Figure,
    /// Names, the present one first, without what stands before `:`.
    pub names: &'static [&'static str],
    /// What one of its unit is worth, in seconds or as a count.
    pub worth: f64,
}

const fn row(figure: Figure, names: &'static [&'static str]) -> Row {
    Row { figure, names, worth: 1.0 }
}

const fn of(figure: Figure, names: &'static [&'static str], worth: f64) -> Row {
    Row { figure, names, worth }
}

const VLLM: &[Row] = &[
    row(Figure::Running, &["num_requests_running"]),
    row(Figure::Waiting, &["num_requests_waiting"]),
    row(Figure::Cache, &["kv_cache_usage_perc", "gpu_cache_usage_perc"]),
    row(Figure::HitRate, &["gpu_prefix_cache_hit_rate"]),
    row(Figure::TokenRate, &["avg_generation_throughput_toks_per_s"]),
    row(Figure::PromptRate, &["avg_prompt_throughput_toks_per_s"]),
    row(Figure::Tokens, &["generation_tokens_total"]),
    row(Figure::Prompt, &["prompt_tokens_total"]),
    row(Figure::Finished, &["request_success_total"]),
    row(Figure::Preempted, &["num_preemptions_total"]),
    row(Figure::Hits, &["prefix_cache_hits_total", "gpu_prefix_cache_hits_total"]),
    row(Figure::Queries, &["prefix_cache_queries_total", "gpu_prefix_cache_queries_total"]),
    row(Figure::FirstToken, &["time_to_first_token_seconds"]),
    row(
        Figure::InterToken,
        &[
            "inter_token_latency_seconds",
            "time_per_output_token_seconds",
            "request_time_per_output_token_seconds",
        ],
    ),
    row(Figure::EndToEnd, &["e2e_request_latency_seconds"]),
    row(Figure::Queued, &["request_queue_time_seconds"]),
    row(Figure::Adapters, &["lora_requests_info"]),
];

const SGLANG: &[Row] = &[
    row(Figure::Running, &["num_running_reqs"]),
    row(Figure::Waiting, &["num_queue_reqs"]),
    row(Figure::Cache, &["token_usage"]),
    row(Figure::HitRate, &["cache_hit_rate"]),
    row(Figure::TokenRate, &["gen_throughput"]),
    row(Figure::Tokens, &["generation_tokens_total"]),
    row(Figure::Prompt, &["prompt_tokens_total"]),
    row(Figure::Finished, &["num_requests_total"]),
    row(Figure::Failed, &["num_aborted_requests_total"]),
    row(Figure::Preempted, &["num_retracted_requests_total", "num_retracted_reqs_total"]),
    row(Figure::Hits, &["cached_tokens_total"]),
    row(Figure::Queries, &["prompt_tokens_total"]),
    row(Figure::FirstToken, &["time_to_first_token_seconds"]),
    row(Figure::InterToken, &["inter_token_latency_seconds", "time_per_output_token_seconds"]),
    row(Figure::EndToEnd, &["e2e_request_latency_seconds"]),
    row(Figure::Queued, &["queue_time_seconds"]),
];

const LLAMA_CPP: &[Row] = &[
    row(Figure::Running, &["requests_processing"]),
    row(Figure::Waiting, &["requests_deferred"]),
    row(Figure::Cache, &["kv_cache_usage_ratio"]),
    row(Figure::TokenRate, &["predicted_tokens_seconds"]),
    row(Figure::PromptRate, &["prompt_tokens_seconds"]),
    row(Figure::Tokens, &["tokens_predicted_total"]),
    row(Figure::Prompt, &["prompt_tokens_total"]),
];

const TGI: &[Row] = &[
    row(Figure::Running, &["batch_current_size"]),
    row(Figure::Waiting, &["queue_size"]),
    row(Figure::Tokens, &["request_generated_tokens_sum"]),
    row(Figure::Prompt, &["request_input_length_sum"]),
    row(Figure::Finished, &["request_success", "request_success_total"]),
    row(Figure::Failed, &["request_failure", "request_failure_total"]),
    row(Figure::InterToken, &["request_mean_time_per_token_duration"]),
    row(Figure::EndToEnd, &["request_duration"]),
    row(Figure::Queued, &["request_queue_duration"]),
];

const TRITON: &[Row] = &[
    row(Figure::Waiting, &["inference_pending_request_count"]),
    row(Figure::Finished, &["inference_request_success"]),
    row(Figure::Failed, &["inference_request_failure"]),
    of(Figure::FirstToken, &["inference_first_response_histogram_ms"], 1e-3),
    of(Figure::EndToEndSum, &["inference_request_duration_us"], 1e-6),
    of(Figure::QueuedSum, &["inference_queue_duration_us"], 1e-6),
];

/// Engines with a page of metrics, and the word before their names.
pub const PAGES: [(Engine, &str, &[Row]); 5] = [
    (Engine::Vllm, "vllm", VLLM),
    (Engine::Sglang, "sglang", SGLANG),
    (Engine::Tgi, "tgi", TGI),
    (Engine::LlamaCpp, "llamacpp", LLAMA_CPP),
    (Engine::Triton, "nv", TRITON),
];

/// The rows of `engine`, with the word before their names; none where it has no page.
pub fn rows(engine: Engine) -> (&'static str, &'static [Row]) {
    let page = PAGES.iter().find(|(one, ..)| *one == engine);
    page.map_or(("", &[][..]), |(_, word, rows)| (word, rows))
}

/// `name` without the word of `engine`; `None` if it is not of it. What Ray puts before it is passed over.
pub fn own<'n>(word: &str, name: &'n str) -> Option<&'n str> {
    let name = name.strip_prefix("ray_").unwrap_or(name);
    let rest = name.strip_prefix(word)?;
    rest.strip_prefix([':', '_'])
}

/// Why `figure` is missing where what `engine` tells of it cannot be.
pub fn odd(engine: Engine, figure: Figure) -> Why {
    match why(engine, figure) {
        Why::Absent(name) => Why::Failed(format!("{name} has a value that no count has").into()),
        why => why,
    }
}

/// Why `figure` is missing where `engine` does not tell it.
pub fn why(engine: Engine, figure: Figure) -> Why {
    let (word, rows) = rows(engine);
    let row = rows.iter().find(|row| row.figure == figure);
    match row.and_then(|row| row.names.first()) {
        Some(name) => Why::Absent(format!("{word}:{name}").into()),
        None => Why::NotSupported,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_word_of_an_engine_is_taken_off_however_it_is_joined() {
        assert_eq!(own("vllm", "vllm:num_requests_running"), Some("num_requests_running"));
        assert_eq!(own("vllm", "ray_vllm_num_requests_running"), Some("num_requests_running"));
        assert_eq!(own("llamacpp", "llamacpp_prompt_tokens_total"), Some("prompt_tokens_total"));
        assert_eq!(own("vllm", "vllmx:y"), None);
        assert_eq!(own("nv", "nvidia_gpu"), None);
    }

    #[test]
    fn no_name_stands_twice_for_one_figure() {
        for (engine, _, rows) in PAGES {
            for row in rows {
                let same = rows.iter().filter(|other| other.figure == row.figure).count();
                assert_eq!(same, 1, "{engine:?} {:?}", row.figure);
                assert!(!row.names.is_empty());
            }
        }
    }
}
