//! What two and more pages say together.

use super::*;

fn server(pages: &[String]) -> Vec<Serving> {
    let (start, mut tracks) = (Instant::now(), Tracks::default());
    let mut last = Vec::new();
    for (turn, page) in pages.iter().enumerate() {
        let scrape = Scrape::read(page.as_bytes(), Engine::Vllm).unwrap();
        last = tracks.take(start + Duration::from_secs(5 * turn as u64), &scrape);
    }
    last
}

/// A page of two engines, of which the second began anew after `turn` 3.
fn page(turn: u32) -> String {
    let (turn, other) = (f64::from(turn), f64::from(if turn > 3 { turn - 4 } else { turn }));
    let head = |engine, n| format!("{{engine=\"{engine}\",model_name=\"m\"}} {n}\n");
    let bucket = |le, n| format!("{{engine=\"0\",model_name=\"m\",le=\"{le}\"}} {n}\n");
    [
        format!("vllm:num_requests_running{}", head(0, 2.0)),
        format!("vllm:num_requests_running{}", head(1, 3.0)),
        format!("vllm:kv_cache_usage_perc{}", head(0, 0.25)),
        format!("vllm:kv_cache_usage_perc{}", head(1, 0.75)),
        format!("vllm:generation_tokens_total{}", head(0, 1e6 + turn * 500.0)),
        format!("vllm:generation_tokens_total{}", head(1, other * 250.0)),
        format!("vllm:generation_tokens_created{}", head(1, 1.7e9 + turn)),
        format!("vllm:prefix_cache_hits_total{}", head(0, turn * 30.0)),
        format!("vllm:prefix_cache_queries_total{}", head(0, 1e4 + turn * 40.0)),
        format!("vllm:time_to_first_token_seconds_bucket{}", bucket("0.1", 50.0 + turn * 9.0)),
        format!("vllm:time_to_first_token_seconds_bucket{}", bucket("1", 60.0 + turn * 10.0)),
        format!("vllm:time_to_first_token_seconds_bucket{}", bucket("+Inf", 60.0 + turn * 10.0)),
        format!("vllm:time_to_first_token_seconds_sum{}", head(0, turn * 2.0)),
        format!("vllm:time_to_first_token_seconds_count{}", head(0, 60.0 + turn * 10.0)),
        format!(
            "vllm:request_success_total{{finished_reason=\"stop\",model_name=\"m\"}} {}\n",
            turn * 10.0
        ),
    ]
    .concat()
}

#[test]
fn engines_are_summed_the_cache_averaged_and_a_restart_is_no_loss() {
    let pages: Vec<String> = (0..4).map(page).collect();
    let served = &server(&pages)[0];
    assert_eq!((served.running.get(), served.engines), (Some(5.0), 2));
    assert_eq!(served.kv_cache.get(), Ratio::new(0.5));
    assert_eq!(served.tokens_per_second.get(), Some(PerSecond(150.0)));
    assert_eq!(served.tokens_total.get(), Some(1e6 + 1500.0 + 750.0));
    assert_eq!(served.prefix_hits.get(), Ratio::new(0.75));
    assert_eq!(served.requests_per_second.get(), Some(PerSecond(2.0)));
    assert_eq!(served.finished[0].reason.as_str(), "stop");
    assert!(!served.estimated);

    let pages: Vec<String> = (0..5).map(page).collect();
    let served = &server(&pages)[0];
    assert_eq!(served.tokens_per_second.get(), Some(PerSecond(100.0)), "the second counts from 0");
    assert_eq!(served.tokens_total.get(), Some(1e6 + 2000.0));
}

#[test]
fn latencies_are_of_what_was_observed_since() {
    let first = server(&[page(0)]);
    assert_eq!(first[0].first_token.p50, Reading::Missing(Why::NotYet));
    assert_eq!(first[0].tokens_per_second, Reading::Missing(Why::NotYet));
    let served = &server(&[page(0), page(1)])[0];
    let latency = &served.first_token;
    assert_eq!(latency.count.get(), Some(10.0));
    assert_eq!(latency.mean.get(), Some(Seconds(0.2)));
    let p50 = latency.p50.get().unwrap().0;
    assert!((p50 - 0.1 * 5.0 / 9.0).abs() < 1e-9, "{p50}");
    let p95 = latency.p95.get().unwrap().0;
    assert!((p95 - 0.55).abs() < 1e-9, "{p95}");
    assert_eq!(
        served.inter_token.p50.why().unwrap().to_string(),
        "vllm:inter_token_latency_seconds is not there"
    );
}

#[test]
fn a_model_at_work_without_tokens_stands_still() {
    let stuck = |turn: u32| page(0).replace("_count", &format!("_count_{turn}"));
    let pages: Vec<String> = (0..5).map(stuck).collect();
    let served = &server(&pages)[0];
    assert_eq!(served.still_seconds.get(), Some(Seconds(20.0)));
    assert!(served.is_stalled());
    let idle: Vec<String> =
        pages.iter().map(|page| page.replace("} 2\n", "} 0\n").replace("} 3\n", "} 0\n")).collect();
    assert_eq!(server(&idle)[0].still_seconds.get(), Some(Seconds(0.0)));
    let pages: Vec<String> = (0..4).map(page).collect();
    assert!(!server(&pages)[0].is_stalled());
}

#[test]
fn what_a_server_works_out_itself_is_told_as_such() {
    let page = "vllm:avg_generation_throughput_toks_per_s{model_name=\"m\"} 12.5\n\
                vllm:gpu_prefix_cache_hit_rate{model_name=\"m\"} -1\n\
                vllm:num_requests_running{model_name=\"m\"} NaN\n";
    let served = &server(&[page.to_owned()])[0];
    assert_eq!(served.tokens_per_second.get(), Some(PerSecond(12.5)));
    assert!(served.estimated);
    assert_eq!(served.prefix_hits.get(), None, "-1 is off, not a share");
    assert_eq!(served.running.get(), None, "no number is not 0");
}

#[test]
fn triton_tells_a_mean_without_buckets() {
    let page = |n: f64| {
        format!(
            "nv_inference_request_success{{model=\"a\"}} {n}\n\
         nv_inference_request_duration_us{{model=\"a\"}} {}\n",
            n * 250_000.0
        )
    };
    let served = &server(&[page(10.0), page(18.0)])[0];
    assert_eq!(served.end_to_end.mean.get(), Some(Seconds(0.25)));
    assert_eq!(served.end_to_end.p50.get(), None);
    assert_eq!(served.tokens_per_second.get(), None, "it counts none");
}

#[test]
fn what_no_count_can_be_is_missing_and_says_so() {
    let page = |tokens: &str| {
        format!(
            "vllm:num_requests_running{{model_name=\"m\"}} 2\n\
             vllm:num_requests_waiting{{engine=\"0\",model_name=\"m\"}} 3\n\
             vllm:num_requests_waiting{{engine=\"1\",model_name=\"m\"}} -5\n\
             vllm:prompt_tokens_total{{model_name=\"m\"}} -1\n\
             vllm:generation_tokens_total{{model_name=\"m\"}} {tokens}\n"
        )
    };
    let served = &server(&[page("1e308"), page("1.1e308")])[0];
    assert_eq!(served.running.get(), Some(2.0));
    let why = |name: &str| Why::Failed(format!("vllm:{name} has a value that no count has").into());
    assert_eq!(served.waiting, Reading::Missing(why("num_requests_waiting")));
    assert_eq!(served.tokens_total, Reading::Missing(why("generation_tokens_total")));
    assert_eq!(served.tokens_per_second, Reading::Missing(why("generation_tokens_total")));
    assert_eq!(served.prompt_tokens_total, Reading::Missing(why("prompt_tokens_total")));
    let served = &server(&[page("5"), page("15")])[0];
    assert_eq!(served.tokens_total.get(), Some(15.0));
}
