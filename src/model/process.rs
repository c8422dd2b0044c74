//! A process, and the sandbox it belongs to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reading::Reading;
use super::text::SafeText;
use super::unit::{Bytes, BytesPerSecond, Seconds};

/// A process at one moment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Process {
    /// Process id.
    pub pid: u32,
    /// Its parent's id; 0 for the first.
    pub parent: u32,
    /// Short name as the kernel has it.
    pub name: SafeText,
    /// Program and arguments, secrets redacted; the short name in brackets for kernel threads.
    pub command: SafeText,
    /// Owner: the name, else the number; empty where it may not be read.
    pub user: SafeText,
    /// State letter of the kernel (`R S D Z T I`).
    pub state: char,
    /// Processor time in cores (1.0 is one core busy all the time) since the sample before.
    pub cpu_cores: Reading<f64>,
    /// Resident memory; truly 0 for zombies and kernel threads, which have no memory of their own.
    pub memory_bytes: Bytes,
    /// Threads.
    pub threads: u32,
    /// Processor time since it began.
    pub cpu_seconds: Seconds,
    /// Bytes read from storage.
    pub read_bytes_per_second: Reading<BytesPerSecond>,
    /// Bytes written to storage.
    pub write_bytes_per_second: Reading<BytesPerSecond>,
    /// The sandbox that holds it, if one does.
    pub sandbox: Option<Sandbox>,
}

/// A sandbox seen on a node from outside: by control group, namespace or monitor process.
#[derive(
    Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub struct Sandbox {
    /// What made it.
    pub engine: Engine,
    /// Its short id or name, as its engine calls it.
    pub name: SafeText,
}

/// What made a sandbox.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Namespaces of its own, maker unknown.
    #[default]
    Namespaces,
    /// One of isomon's own, of a running benchmark.
    Isomon,
    /// bubblewrap.
    Bubblewrap,
    /// An OCI runtime without a known manager.
    Oci,
    /// Docker.
    Docker,
    /// Podman.
    Podman,
    /// containerd or CRI-O under Kubernetes.
    Kubernetes,
    /// containerd.
    Containerd,
    /// LXC or LXD.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// gVisor.
    Gvisor,
    /// Firecracker.
    Firecracker,
    /// QEMU.
    Qemu,
    /// Cloud Hypervisor.
    CloudHypervisor,
}

impl std::fmt::Display for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Namespaces => "namespaces",
            Self::Isomon => "isomon",
            Self::Bubblewrap => "bubblewrap",
            Self::Oci => "oci",
            Self::Docker => "docker",
            Self::Podman => "podman",
            Self::Kubernetes => "kubernetes",
            Self::Containerd => "containerd",
            Self::Lxc => "lxc",
            Self::Nspawn => "nspawn",
            Self::Gvisor => "gvisor",
            Self::Firecracker => "firecracker",
            Self::Qemu => "qemu",
            Self::CloudHypervisor => "cloud-hypervisor",
        })
    }
}
