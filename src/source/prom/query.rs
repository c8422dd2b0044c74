//! The questions: fixed PromQL, each about all nodes at once.
//!
//! Aggregated in the store, so that no more labels travel than are of use. Several metrics with the same
//! labels are one question: joined by `or`, told apart by the label `isomon_what`. Nothing that comes
//! from outside is ever part of one.

use std::time::Duration;

use super::answer::Sample;
use super::machine::whole;

/// A question.
#[derive(Debug)]
pub(super) struct Query {
    /// What it is called on the screen.
    pub(super) name: &'static str,
    /// What its answer is about.
    pub(super) about: About,
    /// Whether its answer changes seldom.
    pub(super) seldom: bool,
    parts: &'static [Part],
}

/// What an answer is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum About {
    Target,
    Machine,
    Load,
    Memory,
    Processor,
    Pressure,
    Disk,
    Network,
    FileSystem,
    Temperature,
    Gpu,
    Serving,
}

/// One expression; `[W]` stands for the window of rates, `[D]` for the interfaces that are no end of a
/// container's.
#[derive(Debug)]
enum Part {
    /// As it stands.
    Plain(&'static str),
    /// With a name in `isomon_what`.
    Named(&'static str, &'static str),
}

use Part::{Named, Plain};

/// A host of containers has hundreds of these.
const INTERFACES: &str = "device!~\"(veth|cali|lxc|tap|fwln).*\"";

/// How far back a rate looks: four scrapes, so that one that is missed leaves no gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window(u64);

impl Window {
    /// The window where scrapes are so far apart; a minute where that is not known.
    pub(super) fn of(scrape: Option<Duration>) -> Self {
        let seconds = scrape.map_or(60.0, |scrape| scrape.as_secs_f64() * 4.0);
        Self(whole(seconds.ceil().clamp(5.0, 1800.0)))
    }
}

impl Query {
    /// The PromQL.
    pub(super) fn text(&self, window: Window) -> String {
        let parts = self.parts.iter().map(|part| match part {
            Plain(text) => (*text).to_owned(),
            Named(name, text) => {
                format!("label_replace({text}, \"isomon_what\", \"{name}\", \"\", \"\")")
            }
        });
        let text = parts.collect::<Vec<_>>().join(" or ");
        text.replace("[W]", &format!("[{}s]", window.0)).replace("[D]", INTERFACES)
    }
}

/// How often targets were scraped lately.
pub(super) static SCRAPES: Query = Query {
    name: "scrape interval",
    about: About::Target,
    seldom: true,
    parts: &[
        Named("120", "max(count_over_time(up[2m]))"),
        Named("600", "max(count_over_time(up[10m]))"),
    ],
};

/// The time between two scrapes, by the answer to [`SCRAPES`]; `None` where nothing is scraped.
pub(super) fn interval(samples: &[Sample<'_>]) -> Option<Duration> {
    let between = samples.iter().filter_map(|sample| {
        let seconds = sample.metric.what.parse().ok();
        let seconds = seconds.filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0)?;
        let count = sample.value().filter(|count| *count >= 1.0)?;
        Some(seconds / count)
    });
    between.min_by(f64::total_cmp).map(|seconds| Duration::from_secs_f64(seconds.clamp(0.1, 600.0)))
}

const fn often(name: &'static str, about: About, parts: &'static [Part]) -> Query {
    Query { name, about, seldom: false, parts }
}

/// Every question about nodes.
pub(super) static ALL: [Query; 15] = [
    often(
        "targets",
        About::Target,
        &[
            Named("up", "min by (instance) (up)"),
            Named("age", "time() - max by (instance) (timestamp(up))"),
        ],
    ),
    Query {
        name: "machines",
        about: About::Machine,
        seldom: true,
        parts: &[
            Named("uname", "max by (instance, nodename, release, machine) (node_uname_info)"),
            Named("os", "max by (instance, pretty_name) (node_os_info)"),
            Named("model", "max by (instance, model_name) (node_cpu_info)"),
            Named("cpus", "count by (instance) (node_cpu_seconds_total{mode=\"idle\"})"),
        ],
    },
    often(
        "load",
        About::Load,
        &[Plain(
            "max by (__name__, instance) ({__name__=~\"node_load1|node_load5|node_load15|node_boot_time_seconds|node_time_seconds|node_procs_running|node_processes_pids|node_processes_threads\"})",
        )],
    ),
    often(
        "memory",
        About::Memory,
        &[Plain(
            "max by (__name__, instance) ({__name__=~\"node_memory_(MemTotal|MemAvailable|MemFree|Buffers|Cached|SwapTotal|SwapFree)_bytes\"})",
        )],
    ),
    often(
        "processors",
        About::Processor,
        &[Plain("sum by (instance, mode) (rate(node_cpu_seconds_total[W]))")],
    ),
    often(
        "pressure",
        About::Pressure,
        &[
            Named("cpu", "max by (instance) (rate(node_pressure_cpu_waiting_seconds_total[W]))"),
            Named(
                "memory",
                "max by (instance) (rate(node_pressure_memory_waiting_seconds_total[W]))",
            ),
            Named(
                "memory_full",
                "max by (instance) (rate(node_pressure_memory_stalled_seconds_total[W]))",
            ),
            Named("io", "max by (instance) (rate(node_pressure_io_waiting_seconds_total[W]))"),
            Named("io_full", "max by (instance) (rate(node_pressure_io_stalled_seconds_total[W]))"),
            Named("cpu_total", "max by (instance) (node_pressure_cpu_waiting_seconds_total)"),
            Named("memory_total", "max by (instance) (node_pressure_memory_waiting_seconds_total)"),
            Named("io_total", "max by (instance) (node_pressure_io_waiting_seconds_total)"),
        ],
    ),
    often(
        "disks",
        About::Disk,
        &[
            Named("read", "max by (instance, device) (rate(node_disk_read_bytes_total[W]))"),
            Named("written", "max by (instance, device) (rate(node_disk_written_bytes_total[W]))"),
            Named("reads", "max by (instance, device) (rate(node_disk_reads_completed_total[W]))"),
            Named(
                "writes",
                "max by (instance, device) (rate(node_disk_writes_completed_total[W]))",
            ),
            Named("busy", "max by (instance, device) (rate(node_disk_io_time_seconds_total[W]))"),
        ],
    ),
    often(
        "networks",
        About::Network,
        &[
            Named(
                "receive",
                "max by (instance, device) (rate(node_network_receive_bytes_total{[D]}[W]))",
            ),
            Named(
                "transmit",
                "max by (instance, device) (rate(node_network_transmit_bytes_total{[D]}[W]))",
            ),
            Named(
                "receive_packets",
                "max by (instance, device) (rate(node_network_receive_packets_total{[D]}[W]))",
            ),
            Named(
                "transmit_packets",
                "max by (instance, device) (rate(node_network_transmit_packets_total{[D]}[W]))",
            ),
            Named(
                "errors",
                "sum by (instance, device) ({__name__=~\"node_network_(receive|transmit)_(errs|drop)_total\", [D]})",
            ),
            Named("up", "max by (instance, device) (node_network_up{[D]})"),
        ],
    ),
    often(
        "file systems",
        About::FileSystem,
        &[Plain(
            "max by (__name__, instance, device, mountpoint, fstype) ({__name__=~\"node_filesystem_(size_bytes|free_bytes|avail_bytes|files|files_free)\", fstype!~\"tmpfs|overlay|squashfs|ramfs|devtmpfs|fuse.lxcfs|iso9660\"})",
        )],
    ),
    often(
        "temperatures",
        About::Temperature,
        &[
            Plain(
                "max by (__name__, instance, chip, sensor) ({__name__=~\"node_hwmon_temp_(crit_)?celsius\"})",
            ),
            Named("chip", "max by (instance, chip, chip_name) (node_hwmon_chip_names)"),
            Named(
                "label",
                "max by (instance, chip, sensor, label) (node_hwmon_sensor_label{sensor=~\"temp.*\"})",
            ),
            Named("zone", "max by (instance, zone, type) (node_thermal_zone_temp)"),
        ],
    ),
    often(
        "GPUs (DCGM)",
        About::Gpu,
        &[Plain(
            "max by (__name__, instance, gpu, UUID, modelName, Hostname, pci_bus_id, DCGM_FI_DRIVER_VERSION, GPU_I_ID, GPU_I_PROFILE) ({__name__=~\"DCGM_FI_(DEV_(GPU_UTIL|MEM_COPY_UTIL|FB_USED|FB_FREE|FB_TOTAL|GPU_TEMP|SLOWDOWN_TEMP|POWER_USAGE|ENFORCED_POWER_LIMIT|SM_CLOCK|MEM_CLOCK|FAN_SPEED|ENC_UTIL|DEC_UTIL|ECC_DBE_VOL_TOTAL|ECC_SBE_VOL_TOTAL|MEMORY_TEMP|XID_ERRORS|TOTAL_ENERGY_CONSUMPTION|BAR1_USED|BAR1_TOTAL|PCIE_LINK_GEN|PCIE_LINK_WIDTH|CLOCKS_EVENT_REASONS|CLOCK_THROTTLE_REASONS)|PROF_(SM_ACTIVE|SM_OCCUPANCY|PIPE_TENSOR_ACTIVE|DRAM_ACTIVE|PCIE_TX_BYTES|PCIE_RX_BYTES|NVLINK_TX_BYTES|NVLINK_RX_BYTES))\"})",
        )],
    ),
    often(
        "models (vLLM)",
        About::Serving,
        &[
            Plain(
                "sum by (__name__, instance, model_name) ({__name__=~\"vllm:(num_requests_(running|waiting)|avg_(generation|prompt)_throughput_toks_per_s)\"})",
            ),
            Plain(
                "avg by (__name__, instance, model_name) ({__name__=~\"vllm:(kv|gpu)_cache_usage_perc\"})",
            ),
            Named(
                "tokens",
                "sum by (instance, model_name) (rate(vllm:generation_tokens_total[W]))",
            ),
            Named("prompt", "sum by (instance, model_name) (rate(vllm:prompt_tokens_total[W]))"),
        ],
    ),
    often(
        "latencies of models (p50)",
        About::Serving,
        &[
            Named(
                "first_p50",
                "histogram_quantile(0.5, sum by (le, instance, model_name) (rate(vllm:time_to_first_token_seconds_bucket[W])))",
            ),
            Named(
                "inter_p50",
                "histogram_quantile(0.5, sum by (le, instance, model_name) (rate(vllm:inter_token_latency_seconds_bucket[W])) or sum by (le, instance, model_name) (rate(vllm:time_per_output_token_seconds_bucket[W])))",
            ),
            Named(
                "whole_p50",
                "histogram_quantile(0.5, sum by (le, instance, model_name) (rate(vllm:e2e_request_latency_seconds_bucket[W])))",
            ),
        ],
    ),
    often(
        "latencies of models (p95)",
        About::Serving,
        &[
            Named(
                "first_p95",
                "histogram_quantile(0.95, sum by (le, instance, model_name) (rate(vllm:time_to_first_token_seconds_bucket[W])))",
            ),
            Named(
                "inter_p95",
                "histogram_quantile(0.95, sum by (le, instance, model_name) (rate(vllm:inter_token_latency_seconds_bucket[W])) or sum by (le, instance, model_name) (rate(vllm:time_per_output_token_seconds_bucket[W])))",
            ),
            Named(
                "whole_p95",
                "histogram_quantile(0.95, sum by (le, instance, model_name) (rate(vllm:e2e_request_latency_seconds_bucket[W])))",
            ),
            Named(
                "queue_p95",
                "histogram_quantile(0.95, sum by (le, instance, model_name) (rate(vllm:request_queue_time_seconds_bucket[W])))",
            ),
        ],
    ),
    often(
        "latencies of models (p99)",
        About::Serving,
        &[
            Named(
                "first_p99",
                "histogram_quantile(0.99, sum by (le, instance, model_name) (rate(vllm:time_to_first_token_seconds_bucket[W])))",
            ),
            Named(
                "inter_p99",
                "histogram_quantile(0.99, sum by (le, instance, model_name) (rate(vllm:inter_token_latency_seconds_bucket[W])) or sum by (le, instance, model_name) (rate(vllm:time_per_output_token_seconds_bucket[W])))",
            ),
            Named(
                "whole_p99",
                "histogram_quantile(0.99, sum by (le, instance, model_name) (rate(vllm:e2e_request_latency_seconds_bucket[W])))",
            ),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_looks_back_four_scrapes() {
        let seconds = |scrape| Window::of(scrape).0;
        assert_eq!(seconds(None), 60);
        assert_eq!(seconds(Some(Duration::from_secs(15))), 60);
        assert_eq!(seconds(Some(Duration::from_millis(100))), 5);
        assert_eq!(seconds(Some(Duration::from_mins(100))), 1800);
    }

    #[test]
    fn the_time_between_scrapes_is_a_time_whatever_a_store_says() {
        let told = |what: &str, count: &str| {
            let text = format!(r#"{{"metric":{{"isomon_what":"{what}"}},"value":[0,"{count}"]}}"#);
            interval(&[serde_json::from_str(&text).unwrap()])
        };
        assert_eq!(told("120", "8"), Some(Duration::from_secs(15)));
        assert_eq!(told("1e308", "1"), Some(Duration::from_mins(10)));
        for odd in ["NaN", "-NaN", "inf", "-inf", "-120", "0", "", "x"] {
            assert_eq!(told(odd, "1"), None, "{odd}");
        }
        for odd in ["NaN", "inf", "0", "-1", ""] {
            assert_eq!(told("120", odd), None, "{odd}");
        }
    }

    #[test]
    fn questions_are_joined_and_named() {
        let text = ALL[0].text(Window(60));
        let wanted =
            "label_replace(min by (instance) (up), \"isomon_what\", \"up\", \"\", \"\") or ";
        assert!(text.starts_with(wanted), "{text}");
        for query in &ALL {
            let text = query.text(Window(20));
            assert!(
                !text.contains("[W]") && !text.contains("[D]") && text.len() < 1_500,
                "{}: {}",
                query.name,
                text.len()
            );
        }
    }
}
