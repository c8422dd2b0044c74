//! Pages of real servers, and pages that nobody should write.

#![expect(clippy::float_cmp, reason = "what is read is what was written")]

use proptest::prelude::*;

use super::*;

const V0: &str = include_str!("../../../../tests/fixture/vllm/v0_llama31.txt");
const V1: &str = include_str!("../../../../tests/fixture/vllm/v1_two_engines.txt");
const LLAMA: &str = include_str!("../../../../tests/fixture/vllm/llamacpp_metrics.txt");

fn read(page: &str) -> Scrape {
    Scrape::read(page.as_bytes(), Engine::Vllm).unwrap()
}

fn only(scrape: &Scrape) -> (&str, &Figures) {
    assert_eq!(scrape.models.len(), 1, "{:?}", scrape.models.keys());
    scrape.models.iter().next().map(|(name, figures)| (name.as_str(), figures)).unwrap()
}

fn total(figures: &Figures, figure: Figure) -> Vec<f64> {
    let series = figures.totals.get(&(figure, String::new()));
    series.into_iter().flatten().map(|(_, value)| *value).collect()
}

#[test]
fn both_engines_of_vllm_are_read() {
    let scrape = read(V1);
    let (model, figures) = only(&scrape);
    assert_eq!((scrape.engine, model), (Some(Engine::Vllm), "Qwen/Qwen3-4B-Instruct-2507"));
    assert_eq!(figures.gauges[&Figure::Running], [5.0, 3.0]);
    assert_eq!(figures.gauges[&Figure::Cache], [0.45, 0.32]);
    assert_eq!(figures.engines.len(), 2);
    assert!(figures.totals.is_empty(), "what is not on the page is not known");

    let scrape = read(V0);
    let (model, figures) = only(&scrape);
    assert_eq!(model, "meta-llama/Llama-3.1-8B-Instruct");
    assert_eq!(figures.gauges[&Figure::HitRate], [-1.0]);
    assert_eq!(total(figures, Figure::Tokens), [0.0]);
}

#[test]
fn a_page_that_was_passed_on_is_read_in_its_letters() {
    let scrape = read(LLAMA);
    let (model, figures) = only(&scrape);
    assert_eq!((scrape.engine, model), (Some(Engine::LlamaCpp), ""));
    assert_eq!(total(figures, Figure::Tokens), [1500.0]);
    assert_eq!(total(figures, Figure::Prompt), [3000.0]);
}

#[test]
fn a_server_with_old_and_new_names_is_not_counted_twice() {
    let page = "vllm:gpu_cache_usage_perc{model_name=\"m\"} 0.5\n\
                vllm:kv_cache_usage_perc{model_name=\"m\"} 0.5\n\
                vllm:gpu_prefix_cache_hits_total{model_name=\"m\"} 7\n\
                vllm:prefix_cache_hits_total{model_name=\"m\"} 7\n\
                vllm:prefix_cache_hits_created{model_name=\"m\"} 1.7e9\n\
                vllm:num_requests_waiting{model_name=\"m\"} 3\n\
                vllm:num_requests_waiting_by_reason{model_name=\"m\",reason=\"capacity\"} 3\n\
                vllm:time_per_output_token_seconds_sum{model_name=\"m\"} 9\n\
                vllm:inter_token_latency_seconds_sum{model_name=\"m\"} 2\n";
    let scrape = read(page);
    let (_, figures) = only(&scrape);
    assert_eq!(figures.gauges[&Figure::Cache], [0.5]);
    assert_eq!(total(figures, Figure::Hits), [7.0]);
    assert_eq!(figures.gauges[&Figure::Waiting], [3.0]);
    assert_eq!(figures.histograms[&Figure::InterToken].sums.len(), 1);
    assert_eq!(figures.histograms[&Figure::InterToken].sums[0].1, 2.0);
}

#[test]
fn histograms_reasons_adapters_and_errors_are_read() {
    let page = "vllm:time_to_first_token_seconds_bucket{engine=\"0\",le=\"0.1\",model_name=\"m\"} 1\n\
                vllm:time_to_first_token_seconds_bucket{engine=\"0\",le=\"+Inf\",model_name=\"m\"} 2\n\
                vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} 2\n\
                vllm:request_success_total{finished_reason=\"stop\",model_name=\"m\"} 5\n\
                vllm:request_success_total{finished_reason=\"abort\",model_name=\"m\"} 1\n\
                vllm:lora_requests_info{max_lora=\"4\",running_lora_adapters=\"sql, law\",waiting_lora_adapters=\"\"} 1\n\
                http_requests_total{handler=\"/v1/completions\",status=\"5xx\"} 3\n\
                http_requests_total{handler=\"/v1/completions\",status=\"2xx\"} 90\n";
    let scrape = read(page);
    let (_, figures) = only(&scrape);
    let first = &figures.histograms[&Figure::FirstToken];
    assert_eq!(
        first.buckets.iter().map(|(_, le, n)| (*le, *n)).collect::<Vec<_>>(),
        [(0.1, 1.0), (f64::INFINITY, 2.0)]
    );
    assert_eq!(first.buckets[0].0, first.buckets[1].0, "one label set but for its bound");
    let reasons: Vec<_> = figures.totals.keys().map(|(_, reason)| reason.as_str()).collect();
    assert_eq!(reasons, ["abort", "stop", ""]);
    assert_eq!(total(figures, Figure::Failed), [3.0]);
    assert_eq!(figures.adapters, [SafeText::new("sql"), SafeText::new("law")]);
}

#[test]
fn ranks_that_say_the_same_are_read_once() {
    let page = "sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"0\"} 4\n\
                sglang:num_running_reqs{model_name=\"m\",tp_rank=\"1\",dp_rank=\"0\"} 4\n\
                sglang:num_running_reqs{model_name=\"m\",tp_rank=\"0\",dp_rank=\"1\"} 2\n\
                sglang:cached_tokens_total{model_name=\"m\"} 10\n\
                sglang:prompt_tokens_total{model_name=\"m\"} 40\n";
    let scrape = read(page);
    let (_, figures) = only(&scrape);
    assert_eq!(scrape.engine, Some(Engine::Sglang));
    assert_eq!(figures.gauges[&Figure::Running], [4.0, 2.0]);
    assert_eq!(total(figures, Figure::Queries), [40.0]);
    assert_eq!(total(figures, Figure::Prompt), [40.0]);
}

#[test]
fn milliseconds_and_models_of_triton_are_read() {
    let page = "nv_inference_request_success{model=\"a\",version=\"1\"} 9\n\
                nv_inference_request_success{model=\"b\",version=\"1\"} 2\n\
                nv_inference_request_duration_us{model=\"a\",version=\"1\"} 4000000\n\
                nv_inference_first_response_histogram_ms_bucket{model=\"a\",version=\"1\",le=\"100\"} 1\n";
    let scrape = read(page);
    assert_eq!(scrape.models.keys().collect::<Vec<_>>(), ["a", "b"]);
    let first = &scrape.models["a"];
    assert_eq!(total(first, Figure::EndToEndSum), [4.0]);
    assert_eq!(first.histograms[&Figure::FirstToken].buckets[0].1, 0.1);
}

#[test]
fn too_many_models_series_and_reasons_are_cut_and_a_limit_is_told() {
    use std::fmt::Write as _;
    let mut page = String::new();
    for i in 0..5_000 {
        writeln!(page, "vllm:num_requests_running{{model_name=\"m{i}\"}} 1").unwrap();
        writeln!(page, "vllm:num_requests_waiting{{model_name=\"m0\",engine=\"{i}\"}} 1").unwrap();
        writeln!(page, "vllm:request_success_total{{model_name=\"m0\",finished_reason=\"{i}\"}} 1")
            .unwrap();
    }
    let scrape = read(&page);
    assert_eq!(scrape.models.len(), MOST_MODELS);
    assert_eq!(scrape.models["m0"].gauges[&Figure::Waiting].len(), MOST_SERIES);
    assert_eq!(scrape.models["m0"].totals.len(), MOST_REASONS);
    let vast = "vllm:x 1\n".repeat(3 << 20);
    let told = Scrape::read(vast.as_bytes(), Engine::Vllm).unwrap_err().to_string();
    assert_eq!(told, "limit: line 1: more than 16777216 bytes");
}

proptest! {
    #[test]
    fn no_page_panics(body: Vec<u8>) {
        Scrape::read(&body, Engine::Sglang).ok();
        speaker(&body);
    }

    #[test]
    fn no_page_in_the_right_names_panics(
        lines in proptest::collection::vec((0..8_usize, "[a-z\"=,{}\\\\ ]{0,12}", any::<f64>()), 0..60)
    ) {
        let names = [
            "vllm:num_requests_running", "vllm:generation_tokens_total",
            "vllm:time_to_first_token_seconds_bucket", "vllm:kv_cache_usage_perc",
            "vllm:request_success_total", "vllm:lora_requests_info", "sglang:token_usage", "http_requests_total",
        ];
        let write = |(name, label, value): &(usize, String, f64)| {
            let label = label.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{}{{model_name=\"{label}\",le=\"{value}\"}} {value}\n", names[*name])
        };
        let page: String = lines.iter().map(write).collect();
        let scrape = Scrape::read(page.as_bytes(), Engine::Vllm);
        prop_assert!(scrape.is_ok(), "{page}");
    }
}
