//! A made-up machine in every format.

use super::*;
use crate::model::gpu::{Gpu, GpuReader, GpuReaderState};
use crate::model::node::{CpuUse, Disk, Memory, Mount, Network, Tasks, Temperature};
use crate::model::reading::{Reading, Why};
use crate::model::unit::{Bytes, BytesPerSecond, Celsius, Ratio, Seconds};

fn ratio(value: f64) -> Ratio {
    Ratio::new(value).expect("a share")
}

fn node() -> NodeSample {
    NodeSample {
        cpu: Reading::Known(CpuUse {
            busy: ratio(0.95),
            user: ratio(0.5),
            system: ratio(0.45),
            ..CpuUse::default()
        }),
        load: Reading::Known([1.5, 1.0, 0.5]),
        memory: Reading::Known(Memory {
            total_bytes: Bytes(8 << 30),
            available_bytes: Bytes(2 << 30),
            ..Memory::default()
        }),
        disks: vec![Disk {
            name: "sda".into(),
            read_bytes_per_second: Reading::Known(BytesPerSecond(2048.0)),
            ..Disk::default()
        }],
        mounts: vec![Mount {
            path: "/data, \"old\"".into(),
            kind: "ext4".into(),
            total_bytes: Reading::Known(Bytes(100 << 30)),
            used_bytes: Reading::Missing(Why::TimedOut),
            ..Mount::default()
        }],
        networks: vec![Network { name: "eth0".into(), up: true, ..Network::default() }],
        temperatures: vec![Temperature {
            label: "package".into(),
            celsius: Reading::Known(Celsius(85.0)),
            ..Temperature::default()
        }],
        uptime_seconds: Reading::Known(Seconds(3_661.0)),
        tasks: Reading::Known(Tasks { processes: 2, running: 1, threads: 3 }),
        ..NodeSample::default()
    }
}

pub(crate) fn snapshot() -> Snapshot {
    let process = |pid, name: &str, cores| Process {
        pid,
        name: name.into(),
        cpu_cores: Reading::Known(cores),
        memory_bytes: Bytes(1 << 20),
        ..Process::default()
    };
    Snapshot {
        format: FORMAT,
        isomon: "0.0.0",
        at: "2026-01-02T03:04:05.000Z".to_owned(),
        source: SourceId::local(),
        info: NodeInfo { hostname: "box".into(), cpus: 4, ..NodeInfo::default() },
        node: node(),
        gpus: GpuSample {
            gpus: vec![Gpu {
                id: "GPU-1".into(),
                name: "Model".into(),
                celsius: Reading::Known(Celsius(40.0)),
                ..Gpu::default()
            }],
            readers: vec![GpuReader {
                name: "NVML".into(),
                version: Reading::Known("580.95.05".into()),
                state: GpuReaderState::Works,
            }],
            cuda: Reading::Known("13.0".into()),
            ..GpuSample::default()
        },
        processes: vec![process(1, "init", 0.0), process(7, "busy", 1.5)],
        agents: None,
        serving: Vec::new(),
        nodes: Vec::new(),
    }
}

fn written(form: Form) -> String {
    snapshot().write(form, false, &Threshold::default()).expect("written")
}

#[test]
fn text_says_what_matters_and_marks_what_is_high() {
    insta::assert_snapshot!(written(Form::Text));
}

#[test]
fn prometheus_leaves_out_what_is_missing() {
    let page = written(Form::Prometheus);
    insta::assert_snapshot!(page);
    let names = page.lines().filter(|line| line.starts_with("# TYPE"));
    let mut names: Vec<&str> = names.collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all, "a family is declared once");
}

#[test]
fn csv_keeps_five_columns_whatever_the_names_are() {
    let csv = written(Form::Csv);
    let mount = csv.lines().find(|line| line.contains("filesystem_used"));
    let wanted = "2026-01-02T03:04:05.000Z,local,filesystem_used_bytes,\"/data, \"\"old\"\"\",";
    assert_eq!(mount, Some(wanted));
    assert!(csv.starts_with("at,source,name,label,value\n"));
}

#[test]
fn json_has_null_or_reasons() {
    let plain = written(Form::Json);
    let json: serde_json::Value = serde_json::from_str(&plain).expect("JSON");
    assert_eq!(json["node"]["mounts"][0]["used_bytes"], serde_json::Value::Null);
    assert_eq!(json["node"]["memory"]["total_bytes"], 8_u64 << 30);
    let reasons = snapshot().write(Form::Json, true, &Threshold::default());
    assert!(reasons.expect("written").contains("\"missing\": \"timed_out\""));
}

fn remote(source: &str, down: Option<&str>) -> Remote {
    let node = down.is_none().then(node);
    Remote { source: source.to_owned(), down: down.map(Into::into), node, ..Remote::default() }
}

#[test]
fn other_nodes_follow_in_every_format() {
    let nodes = vec![remote("web-1", None), remote("web-2", Some("connection refused"))];
    let snapshot = Snapshot { nodes, ..snapshot() };
    let write = |form| snapshot.write(form, false, &Threshold::default()).unwrap();
    let text = write(Form::Text);
    assert!(text.contains("web-1       up"), "{text}");
    assert!(text.contains("web-2: connection refused"), "{text}");
    let json: serde_json::Value = serde_json::from_str(&write(Form::Json)).unwrap();
    assert_eq!(json["nodes"][0]["node"]["load"][0], 1.5);
    assert_eq!(json["nodes"][1]["down"], "connection refused");
    let page = write(Form::Prometheus);
    assert_eq!(page.matches("# TYPE isomon_node_up gauge").count(), 1);
    assert!(page.contains("isomon_node_up{node=\"web-2\"} 0"), "{page}");
    assert_eq!(page.matches("# TYPE isomon_memory_total_bytes").count(), 1, "{page}");
    assert!(write(Form::Csv).contains(",web-1,memory_total_bytes,"));
}

#[test]
fn two_servers_of_one_model_are_two_series() {
    let served = |address: &str, running: f64| Serving {
        address: Some(address.into()),
        running: Reading::Known(running),
        ..Serving::silent("m".into())
    };
    let serving = vec![served("127.0.0.1:1", 3.0), served("127.0.0.1:2", 4.0)];
    let page = prometheus::write(&Snapshot { serving, ..snapshot() });
    let running = page.lines().filter(|line| line.starts_with("isomon_model_requests_running{"));
    let labels = ["m", "m #2"].map(|model| format!("node=\"local\",model=\"{model}\""));
    let wanted = [(&labels[0], 3), (&labels[1], 4)]
        .map(|(labels, count)| format!("isomon_model_requests_running{{{labels}}} {count}"));
    assert_eq!(running.collect::<Vec<_>>(), wanted);
}
