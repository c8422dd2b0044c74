//! What work sees of its sandbox from inside, told by work that looked: how strong the wall is, in
//! facts. A sandbox is hostile, so this is what *our* work saw there, never what a user's said.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::SafeText;

/// A look from inside. Each part is `None` where there is no such thing to look at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Inside {
    /// The kernel that answers, with its release; `None` where no kernel is seen.
    pub kernel: Option<SafeText>,
    /// Whether that kernel is the host's own.
    pub host_kernel: Option<bool>,
    /// System calls that answered, of those that were tried.
    pub calls: Option<Calls>,
    /// Namespaces that are not the host's: `mnt pid net ipc uts user cgroup time`.
    pub namespaces: Option<Vec<SafeText>>,
    /// Seccomp mode: `off`, `strict`, `filter`.
    pub seccomp: Option<SafeText>,
    /// User the work runs as.
    pub uid: Option<u32>,
    /// Capabilities that are in effect.
    pub capabilities: Option<u32>,
    /// Well-known places that could be written to.
    pub writable: Option<Vec<SafeText>>,
    /// How far the network reaches.
    pub network: Option<Reach>,
    /// Global things a program is lent, where it has no system calls: `fetch`, `Deno`.
    pub lent: Option<Vec<SafeText>>,
}

/// Counts of system calls tried from inside.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Calls {
    /// Answered in another way than "not permitted" or "no such call".
    pub answered: u32,
    /// Tried: calls that lead to a kernel's rarely used parts.
    pub tried: u32,
}

/// How far the network reaches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// No network at all.
    None,
    /// Its own loopback and nothing else.
    Loopback,
    /// Interfaces with a way out.
    Outside,
}
