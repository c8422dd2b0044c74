//! What a page of metrics costs to read: bytes in a second, and the time until a page that is too much is
//! given up.

use std::fmt::Write as _;

use divan::Bencher;
use divan::counter::BytesCount;
use isomon::metric::{Bounds, Page};

fn main() {
    divan::main();
}

/// A page of so many series, as an exporter writes them.
fn page(series: usize) -> String {
    let mut page = String::new();
    for i in 0..series {
        let labels =
            format!("cpu=\"{}\",mode=\"user\",host=\"node-{}.example\",path=\"/a/b\"", i % 64, i);
        // Writing to a string never fails.
        writeln!(page, "node_cpu_seconds_total{{{labels}}} {}.25", i * 7).ok();
    }
    page
}

/// A page of a server of so many models, as vLLM writes it: mostly buckets.
fn models(count: usize) -> String {
    let mut page = String::new();
    for model in 0..count {
        let labels = format!("engine=\"0\",model_name=\"owner/model-{model}-Instruct\"");
        for name in ["time_to_first_token_seconds", "inter_token_latency_seconds"] {
            for bound in 1..25 {
                // Writing to a string never fails.
                let at = f64::from(bound) / 8.0;
                writeln!(page, "vllm:{name}_bucket{{le=\"{at}\",{labels}}} {}.0", bound * 31).ok();
            }
        }
        writeln!(page, "vllm:generation_tokens_total{{{labels}}} 8.1554213e+07").ok();
    }
    page
}

#[divan::bench(args = [1, 500])]
fn read_models(bencher: Bencher<'_, '_>, count: usize) {
    let page = models(count);
    let bounds = Bounds::default();
    bencher
        .counter(BytesCount::of_str(&page))
        .bench_local(|| Page::read(page.as_bytes(), &bounds).map(|page| page.len()));
}

#[divan::bench(args = [1_000, 50_000])]
fn read(bencher: Bencher<'_, '_>, series: usize) {
    let page = page(series);
    let bounds = Bounds::default();
    bencher
        .counter(BytesCount::of_str(&page))
        .bench_local(|| Page::read(page.as_bytes(), &bounds).map(|page| page.len()));
}

/// A million series, given up at the bound.
#[divan::bench(sample_count = 10)]
fn too_much(bencher: Bencher<'_, '_>) {
    let page = page(1_000_000);
    let bounds = Bounds { bytes: usize::MAX, ..Bounds::default() };
    bencher.bench_local(|| Page::read(page.as_bytes(), &bounds).is_err());
}
