//! Isolation backends: launching, measuring and clearing up sandboxes.
//!
//! A [`Camp`] is where one run's sandboxes live: a *reaper* that outlives us, control groups, and a
//! *launcher* inside them that starts what it is told and watches it to its end. Whatever dies, and
//! however, the reaper or the next start sweeps up by the run's journal. Nothing here knows what a
//! benchmark is for. The modules below stand in groups; to follow one sandbox, read `trial`, `camp`,
//! `kind`, one backend, `wire`, `measure` and `judge`.

// What a run asks and is answered, and whether a backend can run here.
mod age;
mod check;
mod ended;
mod mend;
mod settings;
mod tool;
mod trial;

// A run from opening to an audited end: what it may start, in which groups, with which launcher.
mod admission;
mod camp;
mod cgroup;
mod failpoint;
mod link;
mod lot;
mod site;
mod usage;

// What is started: who implements a backend, and one file for each kind.
mod bubblewrap;
mod container;
mod deno;
mod docker;
mod firecracker;
mod flow;
mod gvisor;
mod kind;
mod kvm;
mod namespaces;
mod process;
mod qemu;
#[cfg(feature = "v8")]
mod v8;
#[cfg(feature = "wasm")]
mod wasm;

// What backends are made of: what is seen inside, bundles, filters, guests, hosts' privileges.
mod boot;
mod filter;
mod guest;
mod linux;
mod oci;
mod sandbox;
#[cfg(any(feature = "v8", feature = "wasm"))]
mod shed;
mod veil;
mod view;

// The work inside: our kernels, a look around, a user's job.
pub mod archive;
mod job;
mod look;
mod payload;
mod work;

// The launcher, a process of its own: what it is told, and all that happens while the clock runs.
mod beside;
mod frame;
mod http;
mod launcher;
mod letters;
mod mark;
mod measure;
mod outflow;
mod residue;
mod scan;
mod serial;
mod talk;
mod upright;
mod weight;
mod wire;

// The same for hosts, which hold many isolates.
mod host;
mod isolate;

// What the launcher's report means. Pure.
mod judge;

// Clearing up, whatever died: intents, who is meant, the sweep, and what is still left.
mod audit;
mod identity;
mod journal;
mod reaper;
mod sweep;
mod tree;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

pub use audit::{Kind, LeftOver, audit};
pub use camp::{Camp, Hand};
pub use check::{able, check, is_built, remedy_words};
pub use ended::{Ended, Refusal};
pub use job::PATH;
pub use linux::{host_kernel, kernel_fault, kernel_version};
pub use mend::mend;
pub use settings::CampSettings;
pub use sweep::{Sweep, gc, write_off};
pub use trial::{Crew, Launch, Task, Trial, Work};

use crate::model::backend::BackendId;
use crate::model::id::RunId;
use crate::model::text::SafeText;

/// Why a camp cannot go on. What goes wrong *inside* a sandbox is an outcome, not an error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or directory of the run.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A message could not be written or read.
    #[error("a message between isomon's own processes makes no sense")]
    Json {
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// isomon's own helper did not come up.
    #[error("{helper} ({program}) did not start: {said}")]
    Helper {
        /// Which one.
        helper: &'static str,
        /// The program that was started.
        program: PathBuf,
        /// What was heard of it.
        said: String,
    },
    /// Two runs with one id.
    #[error("run {id} exists already")]
    Exists {
        /// The id.
        id: RunId,
    },
    /// The state directory could be written by someone else.
    #[error("{path} belongs to another user, or others may write to it")]
    Unsafe {
        /// The directory.
        path: PathBuf,
    },
    /// An earlier run left something that cannot be removed; no new run is started over it.
    #[error("something of an earlier run is left: {}", list(left))]
    LeftOver {
        /// What.
        left: Vec<LeftOver>,
    },
    /// A path that cannot be said in JSON.
    #[error("{path} is not UTF-8")]
    Path {
        /// The path.
        path: PathBuf,
    },
    /// A task of isomon's own was cut off.
    #[error("the {doing} was cut off")]
    Interrupted {
        /// What it did.
        doing: &'static str,
    },
    /// isomon's own file was replaced or removed while it ran.
    #[error("{path} was replaced while isomon runs; start isomon again")]
    Replaced {
        /// Where it was.
        path: PathBuf,
    },
    /// What must be done before the first sandbox did not end well.
    #[error("{why}")]
    Refused {
        /// What was said.
        why: SafeText,
    },
    /// More sandboxes at once than there is room for.
    #[error("no room for {count} sandboxes at once: {why}")]
    NoRoom {
        /// How many were asked for.
        count: usize,
        /// What is too little, in figures.
        why: String,
    },
    /// A backend that this isomon was built without.
    #[error("this isomon was built without {id}")]
    NotBuilt {
        /// Which one.
        id: BackendId,
    },
    /// A backend whose tool is not there.
    #[error("{tool} is not on PATH")]
    Tool {
        /// The tool.
        tool: &'static str,
    },
}

impl Error {
    fn refused(why: &str) -> Self {
        Self::Refused { why: SafeText::new(why) }
    }

    fn io(doing: &'static str, path: &Path, source: std::io::Error) -> Self {
        let path = path.to_owned();
        Self::Io { doing, path, source }
    }
}

fn list(left: &[LeftOver]) -> String {
    let named = left.iter().take(5).map(|one| format!("{} ({})", one.name, one.remedy()));
    named.collect::<Vec<_>>().join(", ")
}

/// Runs isomon as one of its own helpers when the first argument names one; `None` when it does
/// not.
pub fn reexecuted(arguments: &[OsString]) -> Option<ExitCode> {
    if linux::init::is_first(arguments) {
        return Some(linux::init::run());
    }
    let rest = arguments.get(2..).unwrap_or_default();
    match arguments.get(1)?.to_str()? {
        payload::NAME => Some(payload::run(rest)),
        look::NAME => Some(look::run(rest)),
        mend::NAME => Some(mend::run(rest)),
        sandbox::NAME => Some(sandbox::run(rest)),
        #[cfg(target_arch = "x86_64")]
        kvm::NAME => Some(kvm::run(rest)),
        veil::NAME => Some(veil::run(rest)),
        docker::NAME => Some(docker::run(rest)),
        firecracker::JAIL => Some(firecracker::run_jailed(rest)),
        firecracker::SNAPSHOT => Some(firecracker::make_snapshot(rest)),
        work::NAME => Some(work::run(rest)),
        launcher::NAME => Some(launcher::run(rest)),
        #[cfg(feature = "wasm")]
        wasm::NAME => Some(wasm::run(rest)),
        #[cfg(feature = "v8")]
        v8::NAME => Some(v8::run(rest)),
        reaper::NAME => Some(reaper::run(rest)),
        _ => None,
    }
}
