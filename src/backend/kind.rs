//! What one backend is to a camp: the small trait, and who implements it.

use super::cgroup::Enforced;
use super::journal::Entry;
use super::settings::CampSettings;
use super::site::Site;
use super::trial::Task;
use super::view::{PROGRAM, View};
use super::wire::{Call, Input, Launch, Order};
use super::{
    Error, bubblewrap, container, deno, docker, firecracker, gvisor, kvm, mend, namespaces,
    process, qemu, tool,
};
use crate::model::backend::{BackendId, Traits};
use crate::model::bench::{Limits, Payload};
use crate::model::unit::Bytes;

/// Memory of a host beside that of its isolates.
const HOST_BYTES: u64 = 256 << 20;
/// Threads of a host.
const HOST_THREADS: u32 = 128;

/// One way to isolate. A new backend is one file with this, and one line in [`of`].
pub(super) trait Kind: Sync {
    /// The program behind it; `None` where that is isomon itself.
    fn tool(&self) -> Option<&'static str> {
        None
    }

    /// The command whose first line of output is its version; `None` where there is nothing to ask.
    /// Fails where the backend cannot be here at all.
    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        self.tool().map_or(Ok(None), |tool| tool::version(settings, tool))
    }

    /// How to run `errand`.
    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error>;

    /// Whether its sandboxes live in a process that stays, with limits of its own.
    fn is_host(&self) -> bool {
        false
    }

    /// Memory of the guest that it runs within `limits`, if it runs one of its own.
    fn guest_bytes(&self, _: &Limits) -> Option<u64> {
        None
    }

    /// What it gives and keeps; which limits hold is filled in by the camp.
    fn traits(&self) -> Traits;

    /// What mends it when it says `reason`.
    fn remedy(&self, reason: &str) -> Remedy;
}

/// What makes a backend ready.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Remedy {
    /// For a person.
    pub words: String,
    /// Commands that do it, where commands can.
    pub commands: Vec<Vec<String>>,
}

impl Remedy {
    /// One that no command can do.
    pub(super) fn words(words: &str) -> Self {
        Self { words: words.to_owned(), commands: Vec::new() }
    }

    /// A package of the system.
    pub(super) fn package(name: &str) -> Self {
        let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let mut commands = Vec::new();
        if !mend::knows_packages() {
            commands.push(command(&["apt-get", "update"]));
        }
        commands.push(command(&["apt-get", "install", "-y", "--no-install-recommends", name]));
        Self { words: format!("apt-get install {name}"), commands }
    }
}

/// One sandbox to be made.
pub(super) struct Errand<'a> {
    /// What is wanted.
    pub task: &'a Task,
    /// A name no other sandbox of the run has: letters, digits and `-`.
    pub name: String,
    /// The lot it is made in, where one sandbox is made at a time.
    pub lot: &'a str,
    /// The control group it belongs into, from the root of each hierarchy.
    pub group: String,
    /// What isomon is told inside a sandbox that shows the host's programs.
    pub inside: Vec<String>,
    /// More of the host that it must see.
    pub shown: Vec<Shown>,
    /// What it reads.
    pub input: Input,
    /// Its output is told as it comes.
    pub stream: bool,
    /// What of which root it sees; the host's programs if `None`.
    pub view: Option<View>,
    /// `inside` is the whole command, and nothing of isomon runs inside.
    pub direct: bool,
    /// More variables of the work, set inside and never for a tool on the host; empty unless `direct`.
    pub env: Vec<(String, String)>,
}

/// A file or directory of the host, shown inside, read-only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// On the host.
    pub host: String,
    /// Inside.
    pub inside: String,
}

impl Errand<'_> {
    /// What it sees.
    pub(super) fn view<'b>(&'b self, site: &'b Site) -> &'b View {
        self.view.as_ref().unwrap_or(&site.view)
    }

    /// The command inside.
    pub(super) fn command(&self) -> Vec<String> {
        let program = (!self.direct).then(|| PROGRAM.to_owned());
        program.into_iter().chain(self.inside.iter().cloned()).collect()
    }

    /// The payload, where it is one.
    pub(super) const fn payload(&self) -> Option<Payload> {
        match self.task.work {
            super::Work::Payload(payload) => Some(payload),
            _ => None,
        }
    }
}

/// What to start, and what to do and write down before.
pub(super) struct Recipe {
    /// What of it may be left outside the run's directory and groups.
    pub notes: Vec<Entry>,
    /// Run once for this backend, start and memory limit, before the first and outside every measured
    /// time.
    pub first: Option<Launch>,
    /// What the launcher is told.
    pub order: Order,
}

impl Recipe {
    /// A program, and nothing else.
    pub(super) const fn of(launch: Launch) -> Self {
        Self { notes: Vec::new(), first: None, order: Order::Launch(launch) }
    }

    /// Isolates of a host, and nothing else.
    pub(super) const fn call(call: Call) -> Self {
        Self { notes: Vec::new(), first: None, order: Order::Call(call) }
    }
}

/// Who is behind `id`; `None` where isomon was built without it.
#[cfg_attr(
    all(feature = "v8", feature = "wasm"),
    expect(clippy::unnecessary_wraps, reason = "only here is everything built in")
)]
pub(super) fn of(id: BackendId) -> Option<&'static dyn Kind> {
    Some(match id {
        BackendId::Process => &process::Process,
        BackendId::Deno => &deno::Deno,
        #[cfg(feature = "v8")]
        BackendId::V8 => &super::v8::V8,
        #[cfg(not(feature = "v8"))]
        BackendId::V8 => return None,
        BackendId::Namespaces => &namespaces::Namespaces,
        BackendId::Bubblewrap => &bubblewrap::Bubblewrap,
        BackendId::Runc => &container::RUNC,
        BackendId::Crun => &container::CRUN,
        BackendId::Youki => &container::YOUKI,
        BackendId::Docker => &docker::DEFAULT,
        BackendId::DockerCrun => &docker::CRUN,
        BackendId::DockerRunsc => &docker::RUNSC,
        BackendId::DockerKata => &docker::KATA,
        BackendId::GvisorSystrap => &gvisor::SYSTRAP,
        BackendId::GvisorPtrace => &gvisor::PTRACE,
        BackendId::GvisorKvm => &gvisor::KVM,
        BackendId::Kvm => &kvm::Kvm,
        BackendId::QemuTcg => &qemu::TCG,
        BackendId::QemuKvm => &qemu::KVM,
        BackendId::Firecracker => &firecracker::BARE,
        BackendId::FirecrackerJailed => &firecracker::JAILED,
        #[cfg(feature = "wasm")]
        BackendId::Wasm => &super::wasm::Wasm,
        #[cfg(not(feature = "wasm"))]
        BackendId::Wasm => return None,
    })
}

/// The bounds of the lot in which `count` sandboxes of `kind` are alive, each with `limits`. A host
/// holds each isolate to its own; the lot leaves room for the host itself.
pub(super) fn bounds(kind: &dyn Kind, limits: &Limits, count: u32) -> Limits {
    if !kind.is_host() {
        return *limits;
    }
    let memory = limits.memory_bytes.0.saturating_mul(u64::from(count)).saturating_add(HOST_BYTES);
    let pids = limits.pids.saturating_add(HOST_THREADS);
    Limits { memory_bytes: Bytes(memory), pids, ..*limits }
}

/// What `id` gives and keeps, where `enforced` limits are in force.
pub(super) fn traits(id: BackendId, enforced: Enforced) -> Traits {
    let own = of(id).map_or_else(Traits::default, Kind::traits);
    Traits {
        memory_limit: own.memory_limit || enforced.memory,
        cpu_limit: own.cpu_limit || enforced.cpu,
        pids_limit: own.pids_limit || enforced.pids,
        ..own
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::job::{Job, Runtime, What};

    /// A plan is told the same as who asks the backend.
    #[test]
    fn what_a_job_lacks_is_what_no_backend_says_it_runs() {
        for id in BackendId::ALL.into_iter().filter(|id| !id.boots_linux()) {
            let Some(kind) = of(id) else { continue };
            let able = kind.traits().runtimes;
            for runtime in Runtime::ALL {
                let what = match runtime {
                    Runtime::Command | Runtime::Oci => What::Command(vec!["x".to_owned()]),
                    runtime => What::Code { runtime, code: Vec::new() },
                };
                let root = (runtime == Runtime::Oci).then(|| "/root".into());
                let job = Job { what, root, ..Job::default() };
                assert_eq!(job.runtime(), runtime);
                let lack = job.lack(id, false);
                assert_eq!(lack.is_none(), able.contains(&runtime), "{id} {runtime}: {lack:?}");
            }
        }
    }
}
