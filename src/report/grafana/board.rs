//! What stands on each dashboard.

use super::Form::{Bars, Lines, Numbers, Table};
use super::{Board, Form, Panel};

const fn panel(
    title: &'static str,
    form: Form,
    width: u32,
    lines: &'static [(&'static str, &'static str)],
) -> Panel {
    Panel { title, form, width, lines }
}

/// Every dashboard.
pub const BOARDS: [Board; 4] = [
    Board { name: "nodes", title: "isomon: nodes", of: "cpus", panels: NODES },
    Board { name: "gpus", title: "isomon: GPUs", of: "gpu_memory_total_bytes", panels: GPUS },
    Board {
        name: "workloads",
        title: "isomon: sandboxes and workloads",
        of: "backend_ready",
        panels: WORK,
    },
    Board { name: "benchmarks", title: "isomon: benchmarks", of: "bench_info", panels: BENCH },
];

const NODES: &[Panel] = &[
    panel("Nodes", Numbers, 4, &[("count($build_info)", "nodes")]),
    panel("Processors", Numbers, 4, &[("sum($cpus)", "processors")]),
    panel("Memory", Numbers, 4, &[("sum($memory_total_bytes)", "memory")]),
    panel("Backends ready", Numbers, 4, &[("sum($backend_ready)", "ready")]),
    panel(
        "Samples dropped, 1 h",
        Numbers,
        4,
        &[("sum(increase($lost_samples_total[1h]))", "dropped")],
    ),
    panel("Versions", Table, 4, &[("count by (version) ($build_info)", "{{version}}")]),
    panel("CPU", Lines, 12, &[("$cpu_busy_ratio", "{{instance}}")]),
    panel(
        "CPU by kind",
        Lines,
        12,
        &[
            ("$cpu_user_ratio", "{{instance}} user"),
            ("$cpu_system_ratio", "{{instance}} kernel"),
            ("$cpu_iowait_ratio", "{{instance}} I/O"),
            ("$cpu_steal_ratio", "{{instance}} stolen"),
        ],
    ),
    panel(
        "Memory in use",
        Lines,
        12,
        &[("1 - $memory_available_bytes / $memory_total_bytes", "{{instance}}")],
    ),
    panel("Swap in use", Lines, 12, &[("$swap_used_bytes", "{{instance}}")]),
    panel(
        "Waiting (PSI, some)",
        Lines,
        12,
        &[
            ("$pressure_cpu_some_ratio", "{{instance}} CPU"),
            ("$pressure_memory_some_ratio", "{{instance}} memory"),
            ("$pressure_io_some_ratio", "{{instance}} I/O"),
        ],
    ),
    panel("Load for each processor", Lines, 12, &[("$load1 / $cpus", "{{instance}}")]),
    panel(
        "Disks: read and written",
        Lines,
        12,
        &[
            // What stands on other disks is counted in theirs.
            (
                "sum by (instance) ($disk_read_bytes_per_second{device!~\"(dm-|md|bcache).*\"})",
                "{{instance}} read",
            ),
            (
                "sum by (instance) ($disk_write_bytes_per_second{device!~\"(dm-|md|bcache).*\"})",
                "{{instance}} written",
            ),
        ],
    ),
    panel("Disks: busy", Lines, 12, &[("$disk_busy_ratio", "{{instance}} {{device}}")]),
    panel("File systems: taken", Bars, 12, &[("$filesystem_used_ratio", "{{instance}} {{mount}}")]),
    panel(
        "Network",
        Lines,
        12,
        &[
            (
                "sum by (instance) ($network_receive_bytes_per_second{interface!=\"lo\"})",
                "{{instance}} received",
            ),
            (
                "sum by (instance) ($network_transmit_bytes_per_second{interface!=\"lo\"})",
                "{{instance}} sent",
            ),
        ],
    ),
    panel(
        "Network errors, 5 min",
        Lines,
        12,
        &[("increase($network_errors_total[5m])", "{{instance}} {{interface}}")],
    ),
    panel("Temperatures", Lines, 12, &[("$temperature_celsius", "{{instance}} {{sensor}}")]),
];

const GPUS: &[Panel] = &[
    panel("GPUs", Numbers, 6, &[("count($gpu_memory_total_bytes)", "GPUs")]),
    panel("Memory", Numbers, 6, &[("sum($gpu_memory_total_bytes)", "memory")]),
    panel("Draw", Numbers, 6, &[("sum($gpu_power_watts)", "power")]),
    panel("Hottest", Numbers, 6, &[("max($gpu_temperature_celsius)", "hottest")]),
    panel("Use", Lines, 12, &[("$gpu_utilization_ratio", "{{instance}} {{gpu}}")]),
    panel(
        "Memory in use",
        Lines,
        12,
        &[("$gpu_memory_used_bytes / $gpu_memory_total_bytes", "{{instance}} {{gpu}}")],
    ),
    panel("Temperature", Lines, 12, &[("$gpu_temperature_celsius", "{{instance}} {{gpu}}")]),
    panel(
        "Power",
        Lines,
        12,
        &[
            ("$gpu_power_watts", "{{instance}} {{gpu}}"),
            ("$gpu_power_limit_watts", "{{instance}} {{gpu}} limit"),
        ],
    ),
    panel("Core clock", Lines, 12, &[("$gpu_core_clock_hertz", "{{instance}} {{gpu}}")]),
    panel("Fan", Lines, 12, &[("$gpu_fan_ratio", "{{instance}} {{gpu}}")]),
    panel(
        "What works while it is busy",
        Lines,
        12,
        &[
            ("$gpu_sm_active_ratio", "{{instance}} {{gpu}} multiprocessors"),
            ("$gpu_tensor_active_ratio", "{{instance}} {{gpu}} tensor cores"),
            ("$gpu_dram_active_ratio", "{{instance}} {{gpu}} memory bandwidth"),
        ],
    ),
    panel(
        "PCI Express",
        Lines,
        12,
        &[
            ("$gpu_pcie_receive_bytes_per_second", "{{instance}} {{gpu}} in"),
            ("$gpu_pcie_transmit_bytes_per_second", "{{instance}} {{gpu}} out"),
        ],
    ),
    panel(
        "NVLink",
        Lines,
        12,
        &[
            ("$gpu_nvlink_receive_bytes_per_second", "{{instance}} {{gpu}} in"),
            ("$gpu_nvlink_transmit_bytes_per_second", "{{instance}} {{gpu}} out"),
        ],
    ),
    panel(
        "Memory temperature",
        Lines,
        12,
        &[("$gpu_memory_temperature_celsius", "{{instance}} {{gpu}}")],
    ),
    panel(
        "Xid errors, 1 h",
        Lines,
        12,
        &[("increase($gpu_xid_total[1h])", "{{instance}} {{gpu}}")],
    ),
];

const WORK: &[Panel] = &[
    panel(
        "Workloads, last hour",
        Numbers,
        6,
        &[("sum($backend_workloads_last_hour)", "workloads")],
    ),
    panel(
        "Running",
        Numbers,
        6,
        &[("sum($workloads{status=\"running\"}) or vector(0)", "running")],
    ),
    panel(
        "Succeeded, last hour",
        Numbers,
        6,
        &[(
            "sum($backend_workload_success_last_hour_ratio * $backend_workloads_last_hour) / sum($backend_workloads_last_hour)",
            "succeeded",
        )],
    ),
    panel("Backends ready", Numbers, 6, &[("sum($backend_ready)", "ready")]),
    panel(
        "Last hour by backend",
        Lines,
        12,
        &[("sum by (backend) ($backend_workloads_last_hour)", "{{backend}}")],
    ),
    panel(
        "Succeeded by backend",
        Lines,
        12,
        &[("$backend_workload_success_last_hour_ratio", "{{instance}} {{backend}}")],
    ),
    panel(
        "Duration by backend, mean",
        Lines,
        12,
        &[("$backend_workload_mean_last_hour_seconds", "{{instance}} {{backend}}")],
    ),
    panel(
        "Duration by backend, p95",
        Lines,
        12,
        &[("$backend_workload_p95_last_hour_seconds", "{{instance}} {{backend}}")],
    ),
    panel(
        "All that are kept, by status",
        Lines,
        12,
        &[("sum by (status) ($workloads)", "{{status}}")],
    ),
    panel(
        "All that are kept, by backend",
        Table,
        12,
        &[
            ("$backend_workloads", "{{instance}} {{backend}}"),
            ("$backend_workload_mean_seconds", "{{instance}} {{backend}} mean"),
        ],
    ),
    panel(
        "Room for sandboxes",
        Bars,
        12,
        &[("$backend_room_sandboxes", "{{instance}} {{backend}}")],
    ),
    panel(
        "Requests",
        Lines,
        12,
        &[("sum by (status) (rate($http_requests_total[5m]))", "{{status}}")],
    ),
    panel(
        "Remote write",
        Lines,
        12,
        &[
            ("rate($remote_write_sent_samples_total[5m])", "{{instance}} sent"),
            ("rate($remote_write_lost_samples_total[5m])", "{{instance}} lost"),
            ("$remote_write_waiting_samples", "{{instance}} waiting"),
        ],
    ),
];

const BENCH: &[Panel] = &[
    panel("Last run", Numbers, 8, &[("max($bench_end_timestamp_seconds) * 1000", "ended")]),
    panel(
        "Samples",
        Numbers,
        8,
        &[
            ("sum($bench_counted_samples)", "counted"),
            ("sum($bench_disturbed_samples)", "disturbed"),
            ("sum($bench_repeated_samples)", "repeated"),
        ],
    ),
    panel("Failures", Numbers, 8, &[("sum($bench_failures)", "failed")]),
    panel(
        "Start: median",
        Bars,
        12,
        &[(
            "sort($bench_median_seconds{figure=\"start\"})",
            "{{instance}} {{backend}} {{start}} {{payload}}",
        )],
    ),
    panel(
        "Start: p95",
        Bars,
        12,
        &[(
            "sort($bench_p95_seconds{figure=\"start\"})",
            "{{instance}} {{backend}} {{start}} {{payload}}",
        )],
    ),
    panel(
        "Throughput",
        Bars,
        12,
        &[(
            "max by (instance, backend) ($bench_load_rate_per_second{load=\"throughput\"})",
            "{{instance}} {{backend}}",
        )],
    ),
    panel(
        "Memory of one that stands still",
        Bars,
        12,
        &[("$bench_memory_pss_bytes", "{{instance}} {{backend}}")],
    ),
    panel(
        "Start over the runs",
        Lines,
        12,
        &[(
            "min by (instance, backend) ($bench_median_seconds{figure=\"start\"})",
            "{{instance}} {{backend}}",
        )],
    ),
    panel("Most at once", Bars, 12, &[("$bench_density_sandboxes", "{{instance}} {{backend}}")]),
    panel("Every figure", Table, 24, &[("$bench_median_seconds", "")]),
];
