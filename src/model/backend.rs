//! Isolation backends: their names, what they can do, and whether they are ready here.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::text::SafeText;

/// A way to isolate work. Variants of one tool that behave unlike stand apart.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum BackendId {
    /// fork and exec: the floor under everything; no isolation.
    Process,
    /// Namespaces, seccomp and limits, made by isomon itself.
    Namespaces,
    /// The same through `bwrap`.
    Bubblewrap,
    /// An OCI container through runc.
    Runc,
    /// An OCI container through crun.
    Crun,
    /// gVisor, system calls caught by seccomp traps.
    GvisorSystrap,
    /// gVisor, system calls caught by ptrace.
    GvisorPtrace,
    /// gVisor, system calls caught by KVM.
    GvisorKvm,
}

impl BackendId {
    /// Every backend, weakest isolation first.
    pub const ALL: [Self; 8] = [
        Self::Process,
        Self::Namespaces,
        Self::Bubblewrap,
        Self::Runc,
        Self::Crun,
        Self::GvisorSystrap,
        Self::GvisorPtrace,
        Self::GvisorKvm,
    ];

    /// The name on the screen, in files and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Namespaces => "namespaces",
            Self::Bubblewrap => "bubblewrap",
            Self::Runc => "runc",
            Self::Crun => "crun",
            Self::GvisorSystrap => "gvisor-systrap",
            Self::GvisorPtrace => "gvisor-ptrace",
            Self::GvisorKvm => "gvisor-kvm",
        }
    }

    /// The backends a user's word means: a name, or `gvisor` for each of its platforms.
    pub fn matching(word: &str) -> Vec<Self> {
        let family = |id: &Self| id.name() == word || id.name().split('-').next() == Some(word);
        Self::ALL.into_iter().filter(family).collect()
    }

    /// How strong the wall is.
    pub const fn class(self) -> Class {
        match self {
            Self::Process => Class::None,
            Self::Namespaces | Self::Bubblewrap => Class::Namespaces,
            Self::Runc | Self::Crun => Class::Container,
            Self::GvisorSystrap | Self::GvisorPtrace | Self::GvisorKvm => Class::UserKernel,
        }
    }
}

impl fmt::Display for BackendId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What stands between the work and the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Nothing: not a security boundary.
    None,
    /// Kernel namespaces and a system call filter; the host's kernel is shared.
    Namespaces,
    /// An OCI container; the host's kernel is shared.
    Container,
    /// A kernel in user space answers the system calls.
    UserKernel,
}

impl Class {
    /// A few words for a column.
    pub const fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Namespaces => "namespaces",
            Self::Container => "container",
            Self::UserKernel => "user-space kernel",
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
    /// Whether it can run here.
    pub readiness: Readiness,
    /// What it gives and what it bounds.
    pub traits: Traits,
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
}
