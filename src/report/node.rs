//! What `isomon snapshot` says of this machine and of other nodes, in each of its formats.

use schemars::JsonSchema;
use serde::Serialize;

use crate::config::Threshold;
use crate::model::agent::Agents;
use crate::model::gpu::GpuSample;
use crate::model::id::SourceId;
use crate::model::node::{NodeInfo, NodeSample};
use crate::model::process::Process;
use crate::model::serving::Serving;
use crate::report::plain::plain;

pub use remote::Remote;

pub mod agent;
pub mod csv;
mod gpu;
pub mod model;
pub mod number;
pub mod prometheus;
pub mod remote;
pub mod text;

/// Version of the JSON format; a field may be added without a new one.
pub const FORMAT: u32 = 1;

/// One machine at one moment.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Snapshot {
    /// Version of this format.
    pub format: u32,
    /// Version of isomon.
    pub isomon: &'static str,
    /// When it was taken, RFC 3339 in UTC.
    pub at: String,
    /// The configured name of the machine.
    pub source: SourceId,
    /// What the machine is.
    pub info: NodeInfo,
    /// How it is doing; rates are over the time between two samples.
    pub node: NodeSample,
    /// Its GPUs.
    pub gpus: GpuSample,
    /// Models it serves; left out where none was told of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub serving: Vec<Serving>,
    /// Its processes.
    pub processes: Vec<Process>,
    /// Agents that run there; left out where there are none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agents: Option<Agents>,
    /// Other nodes that were asked for; left out where none was.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nodes: Vec<Remote>,
}

/// How a snapshot is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Form {
    /// For people.
    #[default]
    Text,
    /// JSON; a missing value is null.
    Json,
    /// One number a line, with a header.
    Csv,
    /// The text format of Prometheus.
    Prometheus,
}

impl Snapshot {
    /// The snapshot in `form`, ending with a line break. `reasons` keeps in JSON why a value is
    /// missing.
    pub fn write(
        &self,
        form: Form,
        reasons: bool,
        threshold: &Threshold,
    ) -> serde_json::Result<String> {
        Ok(match form {
            Form::Text => text::write(self, threshold),
            Form::Json if reasons => serde_json::to_string_pretty(self)? + "\n",
            Form::Json => serde_json::to_string_pretty(&plain(self)?)? + "\n",
            Form::Csv => csv::write(self),
            Form::Prometheus => prometheus::write(self),
        })
    }
}

#[cfg(test)]
pub(crate) mod tests;
