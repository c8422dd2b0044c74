//! Services of a DreamServer, the ill ones first, and the disk it tells of. Pure.

use serde_json::Value;

use crate::model::node::{Mount, NodeSample, Pressure};
use crate::model::reading::{Reading, Why};
use crate::model::serving::Service;
use crate::source::foreign::value::{self, reading};

/// Services that are kept.
const MOST: usize = 256;
const GIB: f64 = 1_073_741_824.0;
/// The words for how a service is, the worst first.
const SEVERITY: [&str; 6] = ["down", "unhealthy", "degraded", "unknown", "healthy", "not_deployed"];

/// Services by severity, then by name.
pub(super) fn list(rows: &[Value]) -> Vec<Service> {
    let mut services: Vec<Service> = rows.iter().take(MOST).filter_map(service).collect();
    let severity = |service: &Service| {
        let known = SEVERITY.iter().position(|word| *word == service.status.as_str());
        known.unwrap_or(3)
    };
    services.sort_by(|a, b| (severity(a), &a.name).cmp(&(severity(b), &b.name)));
    services
}

fn service(row: &Value) -> Option<Service> {
    let status = value::text(row, "status").unwrap_or_else(|| "unknown".into());
    let port = value::small(row, "external_port").filter(|port| *port > 0);
    Some(Service {
        name: value::text(row, "name").or_else(|| value::text(row, "id"))?,
        status: status.as_str().to_ascii_lowercase().into(),
        port: port.or_else(|| value::small(row, "port")).filter(|port| (1..=65535).contains(port)),
        response_seconds: reading(value::seconds(row, "response_time_ms", 1e-3)),
    })
}

/// The node, of which a status tells no more than its disk.
pub(super) fn node(status: &Value) -> Option<NodeSample> {
    let disk = status.get("disk")?;
    let missing = || Why::NotSupported;
    let mount = Mount {
        path: value::text(disk, "path")?,
        total_bytes: reading(value::bytes(disk, "total_gb", GIB)),
        used_bytes: reading(value::bytes(disk, "used_gb", GIB)),
        inodes_used: Reading::Missing(missing()),
        ..Mount::default()
    };
    Some(NodeSample {
        mounts: vec![mount],
        cpu: Reading::Missing(missing()),
        memory: Reading::Missing(missing()),
        load: Reading::Missing(missing()),
        uptime_seconds: Reading::Missing(missing()),
        tasks: Reading::Missing(missing()),
        pressure: Pressure {
            cpu: Reading::Missing(missing()),
            memory: Reading::Missing(missing()),
            io: Reading::Missing(missing()),
        },
        ..NodeSample::default()
    })
}
