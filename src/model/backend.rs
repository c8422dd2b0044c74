//! Isolation backends: their names, what they can do, and whether they are ready here.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::job::Runtime;
use super::text::SafeText;

mod age;
mod inside;
mod mend;

pub use inside::{Calls, Inside, Reach};
pub use mend::Mend;

/// A way to isolate work. Variants of one tool that behave unlike stand apart.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BackendId {
    /// fork and exec: the floor under everything; no isolation.
    Process,
    /// A worker without permissions in a `deno` that runs; more than a bare isolate.
    Deno,
    /// A V8 isolate in a host of isomon's own.
    V8,
    /// A WebAssembly instance, by wasmtime, in a host of isomon's own.
    Wasm,
    /// Namespaces, seccomp and limits, made by isomon itself.
    Namespaces,
    /// The same through `bwrap`.
    Bubblewrap,
    /// An OCI container through runc.
    Runc,
    /// An OCI container through crun.
    Crun,
    /// An OCI container through youki.
    Youki,
    /// A container of a Docker engine, with the runtime it takes by itself.
    Docker,
    /// The same with crun, where the engine knows it.
    DockerCrun,
    /// The same with gVisor, where the engine knows it.
    DockerRunsc,
    /// The same with Kata Containers, where the engine knows them.
    DockerKata,
    /// gVisor, system calls caught by seccomp traps.
    GvisorSystrap,
    /// gVisor, system calls caught by ptrace.
    GvisorPtrace,
    /// gVisor, system calls caught by KVM.
    GvisorKvm,
    /// The least a virtual machine can be: one processor, memory, a serial port, by isomon itself.
    Kvm,
    /// QEMU's `microvm`, its instructions translated: no hardware wall.
    QemuTcg,
    /// QEMU's `microvm` on KVM.
    QemuKvm,
    /// A Firecracker microVM, by its API.
    Firecracker,
    /// The same inside its jailer.
    FirecrackerJailed,
}

impl BackendId {
    /// Every backend, weakest wall first.
    pub const ALL: [Self; 21] = [
        Self::Process,
        Self::Deno,
        Self::V8,
        Self::Wasm,
        Self::Namespaces,
        Self::Bubblewrap,
        Self::Runc,
        Self::Crun,
        Self::Youki,
        Self::Docker,
        Self::DockerCrun,
        Self::DockerRunsc,
        Self::DockerKata,
        Self::GvisorSystrap,
        Self::GvisorPtrace,
        Self::GvisorKvm,
        Self::Kvm,
        Self::QemuTcg,
        Self::QemuKvm,
        Self::Firecracker,
        Self::FirecrackerJailed,
    ];

    /// Whether it is a virtual machine that boots Linux.
    pub const fn boots_linux(self) -> bool {
        matches!(self, Self::QemuTcg | Self::QemuKvm | Self::Firecracker | Self::FirecrackerJailed)
    }

    /// Whether an engine keeps its sandboxes: what they use is not counted with what isomon started.
    pub const fn in_engine(self) -> bool {
        matches!(self, Self::Docker | Self::DockerCrun | Self::DockerRunsc | Self::DockerKata)
    }

    /// Whether the processor itself, by KVM, holds its wall.
    pub const fn needs_kvm(self) -> bool {
        matches!(
            self,
            Self::GvisorKvm
                | Self::Kvm
                | Self::QemuKvm
                | Self::Firecracker
                | Self::FirecrackerJailed
                | Self::DockerKata
        )
    }

    /// The name on the screen, in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Deno => "deno",
            Self::V8 => "v8",
            Self::Wasm => "wasm",
            Self::Namespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap",
            Self::Runc => "runc",
            Self::Crun => "crun",
            Self::Youki => "youki",
            Self::Docker => "docker",
            Self::DockerCrun => "docker-crun",
            Self::DockerRunsc => "docker-runsc",
            Self::DockerKata => "docker-kata",
            Self::GvisorSystrap => "gvisor-systrap",
            Self::GvisorPtrace => "gvisor-ptrace",
            Self::GvisorKvm => "gvisor-kvm",
            Self::Kvm => "kvm",
            Self::QemuTcg => "qemu-tcg",
            Self::QemuKvm => "qemu-kvm",
            Self::Firecracker => "firecracker",
            Self::FirecrackerJailed => "firecracker-jailed",
        }
    }

    /// The backends a user's word means: a name, or a family like `gvisor` for each of its kinds.
    pub fn matching(word: &str) -> Vec<Self> {
        let family = |id: &Self| id.name() == word || id.name().split('-').next() == Some(word);
        Self::ALL.into_iter().filter(family).collect()
    }

    /// How strong the wall is.
    pub const fn class(self) -> Class {
        match self {
            Self::Process => Class::None,
            Self::Deno | Self::V8 | Self::Wasm => Class::Runtime,
            Self::Namespaces | Self::Bubblewrap => Class::Namespaces,
            Self::Runc | Self::Crun | Self::Youki | Self::Docker | Self::DockerCrun => {
                Class::Container
            }
            Self::GvisorSystrap | Self::GvisorPtrace | Self::GvisorKvm | Self::DockerRunsc => {
                Class::UserKernel
            }
            Self::QemuTcg => Class::Emulator,
            Self::Kvm
            | Self::QemuKvm
            | Self::Firecracker
            | Self::FirecrackerJailed
            | Self::DockerKata => Class::MicroVm,
        }
    }

    /// The ways in which a sandbox of it can be started, each a row of its own.
    pub const fn starts(self) -> &'static [Start] {
        match self {
            Self::Wasm => &[Start::Cold, Start::Cached, Start::Pooled, Start::Warm],
            Self::V8 => &[Start::Cold, Start::Snapshot, Start::Warm],
            Self::Deno => &[Start::Cold, Start::Warm],
            Self::Firecracker | Self::FirecrackerJailed => &[Start::Cold, Start::Snapshot],
            _ => &[Start::Cold],
        }
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is there already when a sandbox is asked for. Times of unlike starts stand in unlike rows.
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
pub enum Start {
    /// Nothing of the sandbox. Of an isolate or an instance the host runs; of `wasm` the module is
    /// compiled.
    #[default]
    Cold,
    /// The module is compiled, and its machine code is loaded.
    Cached,
    /// Memory and tables for an instance are set aside.
    Pooled,
    /// The sandbox as it was when it was ready, in a file or in memory.
    Snapshot,
    /// The sandbox itself, alive and idle.
    Warm,
}

impl Start {
    /// Every one.
    pub const ALL: [Self; 5] = [Self::Cold, Self::Cached, Self::Pooled, Self::Snapshot, Self::Warm];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cold => "cold",
            Self::Cached => "cached",
            Self::Pooled => "pooled",
            Self::Snapshot => "snapshot",
            Self::Warm => "warm",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
    pub(crate) const fn is_cold(&self) -> bool {
        matches!(self, Self::Cold)
    }
}

/// What stands between the work and the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing: not a security boundary.
    None,
    /// The runtime of a language: what it does not lend cannot be reached, as long as it has no
    /// flaw. One process holds them all.
    Runtime,
    /// Kernel namespaces and a system call filter; the host's kernel is shared.
    Namespaces,
    /// An OCI container; the host's kernel is shared.
    Container,
    /// A kernel in user space answers the system calls.
    UserKernel,
    /// A machine whose instructions are translated; no hardware stands between.
    Emulator,
    /// A virtual machine, kept apart by the processor.
    MicroVm,
}

impl Class {
    /// A few words for a column.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Runtime => "language runtime",
            Self::Namespaces => "namespaces",
            Self::Container => "container",
            Self::UserKernel => "user-space kernel",
            Self::Emulator => "emulated machine",
            Self::MicroVm => "virtual machine",
        }
    }
}

/// Whether a backend can run here, told by trying it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum Readiness {
    /// Being tried.
    Checking,
    /// A payload ran in it and its result was right.
    Ready,
    /// It runs, with less than it should have.
    Degraded {
        /// What is missing.
        reason: SafeText,
        /// What mends it.
        remedy: SafeText,
    },
    /// It cannot run.
    Unavailable {
        /// Why not.
        reason: SafeText,
        /// What mends it: a command where there is one.
        remedy: SafeText,
    },
}

impl Readiness {
    /// Whether work can be given to it.
    pub const fn runs(&self) -> bool {
        matches!(self, Self::Ready | Self::Degraded { .. })
    }
}

/// A backend on a node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BackendStatus {
    /// Which one.
    pub id: BackendId,
    /// Version of the tool behind it, if there is a tool.
    pub version: Option<SafeText>,
    /// Path of the tool behind it, if there is a tool.
    pub path: Option<SafeText>,
    /// Year and month of the tool's file, `2022-12`: how old what is measured is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<SafeText>,
    /// Whether it can run here.
    pub readiness: Readiness,
    /// Commands that would make it ready, each a program and its arguments; none where no command
    /// does. Never made of what a sandbox or another machine said.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mend: Vec<Vec<String>>,
    /// What it gives and what it bounds.
    pub traits: Traits,
    /// What the work sees from inside, as measured there; `None` where nothing was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inside: Option<Box<Inside>>,
}

impl BackendStatus {
    /// A backend of which nothing is known yet.
    pub fn new(id: BackendId) -> Self {
        Self {
            id,
            version: None,
            path: None,
            dated: None,
            readiness: Readiness::Checking,
            mend: Vec::new(),
            traits: Traits::default(),
            inside: None,
        }
    }
}

/// What a backend gives to and keeps from the work in it, as isomon runs it on this machine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[expect(clippy::struct_excessive_bools, reason = "a table of facts, one column each")]
pub struct Traits {
    /// Memory is bounded.
    pub memory_limit: bool,
    /// Processor time is bounded.
    pub cpu_limit: bool,
    /// The number of processes is bounded.
    pub pids_limit: bool,
    /// The work reaches the network.
    pub network: bool,
    /// The host's files can be written.
    pub host_writable: bool,
    /// A system call filter is in force.
    pub seccomp: bool,
    /// The work has a file system.
    #[serde(default)]
    pub files: bool,
    /// A sandbox can be stored and brought back.
    #[serde(default)]
    pub snapshot: bool,
    /// What can be run in it.
    #[serde(default)]
    pub runtimes: Vec<Runtime>,
    /// Why not more can be run in it, where something is missing, and what mends that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runtimes_note: Option<SafeText>,
    /// Sandboxes at once, each at its full memory limit, that this machine has room for now; `None`
    /// where that is unknown.
    #[serde(default)]
    pub max_at_once: Option<u32>,
}

impl Traits {
    /// Puts what was measured from `inside` in the place of what is claimed.
    pub fn take(&mut self, inside: Option<&Inside>) {
        let Some(inside) = inside else { return };
        if let Some(reach) = inside.network {
            self.network = reach == Reach::Outside;
        }
        self.host_writable = inside.host_writable.unwrap_or(self.host_writable);
        // What filters the calls of another kernel to ours is not seen from inside of it.
        let seen = inside.seccomp.as_ref().filter(|_| inside.host_kernel == Some(true));
        self.seccomp = seen.map_or(self.seccomp, |mode| mode.as_str() == "filter");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_engine_keeps_what_is_called_after_it() {
        for id in BackendId::ALL {
            assert_eq!(id.in_engine(), id.name().starts_with("docker"), "{id}");
        }
    }

    #[test]
    fn what_is_measured_takes_the_place_of_what_is_claimed() {
        let mut traits = Traits { seccomp: true, network: true, ..Traits::default() };
        let inside = Inside {
            seccomp: Some("off".into()),
            network: Some(Reach::Loopback),
            host_writable: Some(true),
            ..Inside::default()
        };
        traits.take(Some(&inside));
        assert!(!traits.network && traits.host_writable);
        assert!(traits.seccomp, "another kernel's filter says nothing of ours");
        traits.take(Some(&Inside { host_kernel: Some(true), ..inside }));
        assert!(!traits.seccomp);
    }
}
