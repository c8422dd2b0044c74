//! What one backend is to a camp: the small trait, and who implements it.

use super::cgroup::Enforced;
use super::journal::Entry;
use super::settings::CampSettings;
use super::site::Site;
use super::trial::Task;
use super::wire::{Launch, Order};
use super::{Error, bubblewrap, container, gvisor, mend, namespaces, process};
use crate::model::backend::{BackendId, Traits};
use crate::model::bench::Payload;

/// One way to isolate. A new backend is one file with this, and one line in [`of`].
pub(super) trait Kind: Sync {
    /// The program behind it, if it is not isomon itself.
    fn tool(&self) -> Option<&'static str>;

    /// The command whose first line of output is its version; `None` where there is nothing to ask.
    /// Fails where the backend cannot be here at all.
    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error>;

    /// How to run `errand`.
    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error>;

    /// Whether its sandboxes live in a process that stays, with limits of its own.
    fn is_host(&self) -> bool;

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
    /// Run once for this backend and start, before the first and outside every measured time.
    pub first: Option<Launch>,
    /// What the launcher is told.
    pub order: Order,
}

impl Recipe {
    /// A program, and nothing else.
    pub(super) const fn of(launch: Launch) -> Self {
        Self { notes: Vec::new(), first: None, order: Order::Launch(launch) }
    }
}

/// Who is behind `id`; `None` where isomon was built without it.
pub(super) fn of(id: BackendId) -> Option<&'static dyn Kind> {
    Some(match id {
        BackendId::Process => &process::Process,
        BackendId::Namespaces => &namespaces::Namespaces,
        BackendId::Bubblewrap => &bubblewrap::Bubblewrap,
        BackendId::Runc => &container::RUNC,
        BackendId::Crun => &container::CRUN,
        BackendId::Youki => &container::YOUKI,
        BackendId::GvisorSystrap => &gvisor::SYSTRAP,
        BackendId::GvisorPtrace => &gvisor::PTRACE,
        BackendId::GvisorKvm => &gvisor::KVM,
        _ => return None,
    })
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
