//! How each backend is asked to run a task: one match, so that a new backend is one more arm.

use std::path::PathBuf;

use super::audit::MARK;
use super::cgroup::{self, Enforced};
use super::journal::Entry;
use super::oci::{Bundle, Container};
use super::settings::CampSettings;
use super::view::View;
use super::wire::Launch;
use super::{Error, Task, bubblewrap, payload, sandbox, tool, veil};
use crate::model::backend::{BackendId, Traits};
use crate::model::id::RunId;

/// Where a run's sandboxes are made.
#[derive(Debug)]
pub(super) struct Site {
    /// The surroundings.
    pub settings: CampSettings,
    /// The run.
    pub id: RunId,
    /// The run's directory.
    pub place: PathBuf,
    /// What of the host is shown inside.
    pub view: View,
}

/// What to start, and what to write down before.
pub(super) struct Recipe {
    /// What the launcher is told.
    pub launch: Launch,
    /// The state that a runtime will keep of it.
    pub runtime: Option<Entry>,
}

/// The program behind `backend`, if it is not isomon itself.
pub(super) const fn tool_of(backend: BackendId) -> Option<&'static str> {
    match backend {
        BackendId::Process | BackendId::Namespaces => None,
        BackendId::Bubblewrap => Some("bwrap"),
        BackendId::Runc => Some("runc"),
        BackendId::Crun => Some("crun"),
        BackendId::GvisorSystrap | BackendId::GvisorPtrace | BackendId::GvisorKvm => Some("runsc"),
    }
}

/// The options that make runsc use one platform, without network and without groups of its own.
const fn options(backend: BackendId) -> &'static [&'static str] {
    match backend {
        BackendId::GvisorSystrap => &["--platform=systrap", "--network=none", "--ignore-cgroups"],
        BackendId::GvisorPtrace => &["--platform=ptrace", "--network=none", "--ignore-cgroups"],
        BackendId::GvisorKvm => &["--platform=kvm", "--network=none", "--ignore-cgroups"],
        _ => &[],
    }
}

/// What `backend` gives and keeps, where `enforced` limits are in force.
pub(super) fn traits(backend: BackendId, enforced: Enforced) -> Traits {
    let bare = backend == BackendId::Process;
    Traits {
        memory_limit: enforced.memory,
        cpu_limit: enforced.cpu,
        pids_limit: enforced.pids,
        network: bare,
        host_writable: bare,
        seccomp: !bare && backend != BackendId::Bubblewrap,
    }
}

impl Site {
    /// How to run `task`, as the `serial`th of this run.
    pub(super) fn recipe(&self, task: &Task, serial: u64) -> Result<Recipe, Error> {
        let inside = payload::arguments(task.payload, task.nonce);
        let program = tool::text(self.settings.exe.clone())?;
        let mut argv = vec![program.clone()];
        let mut runtime = None;
        let mut gone = Vec::new();
        match task.backend {
            BackendId::Process => argv.extend(inside),
            BackendId::Namespaces => {
                let words = sandbox::arguments(self.place.join("root"), self.settings.exe.clone());
                argv.extend(words.into_iter().filter_map(|word| word.into_string().ok()));
                argv.extend(inside);
            }
            BackendId::Bubblewrap => {
                argv = vec![tool::text(tool::find(&self.settings, "bwrap")?)?];
                argv.extend(bubblewrap::arguments(&self.view, program, &inside));
            }
            container => {
                let made = self.container(container, program, &inside, serial)?;
                argv = made.argv;
                gone = made.gone;
                runtime = Some(made.runtime);
            }
        }
        let launch = Launch { argv, env: self.env(), gone, ..self.launch(task) };
        Ok(Recipe { launch, runtime })
    }

    /// An order in the bounds of `task`.
    fn launch(&self, task: &Task) -> Launch {
        // A cast of a negative or endless time saturates, which is what is meant.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
        let timeout_ms = (task.limits.timeout_seconds.0 * 1e3) as u64;
        Launch {
            nonce: task.nonce,
            timeout_ms,
            keep_bytes: task.limits.output_bytes.0,
            env: self.env(),
            ..Launch::default()
        }
    }

    /// The whole environment of whatever this run starts.
    pub(super) fn env(&self) -> Vec<(String, String)> {
        let mark = (MARK.to_owned(), self.id.to_string());
        vec![mark, ("PATH".to_owned(), "/usr/sbin:/usr/bin:/sbin:/bin".to_owned())]
    }

    fn container(
        &self,
        backend: BackendId,
        program: String,
        inside: &[String],
        serial: u64,
    ) -> Result<Made, Error> {
        let tool = tool_of(backend).unwrap_or_default();
        let name = format!("im-{}-{serial}", self.id.short());
        let bundle = Bundle::open(self.place.join(backend.name()), &self.view)?;
        let container = Container {
            view: &self.view,
            program: &program,
            inside,
            env: &self.env(),
            group: &format!("/{}/{}/{name}", cgroup::TOP, self.id),
            filtered: tool != "runsc",
        };
        bundle.write(&container.config())?;
        let root = bundle.at.join("state");
        let mut known = vec![tool::text(tool::find(&self.settings, tool)?)?];
        known.extend(["--root".to_owned(), tool::text(root.clone())?]);
        known.extend(options(backend).iter().map(|option| (*option).to_owned()));
        let mut argv = self.veiled(backend, program)?;
        argv.extend(known.iter().cloned());
        argv.extend([
            "run".to_owned(),
            "--bundle".to_owned(),
            tool::text(bundle.at)?,
            name.clone(),
        ]);
        let gone = vec![root.join(&name), root.join(format!("{name}_sandbox:{name}.state"))];
        Ok(Made { argv, gone, runtime: Entry::Runtime { argv: known, root } })
    }

    /// What goes before crun where it would refuse the control groups it sees.
    fn veiled(&self, backend: BackendId, program: String) -> Result<Vec<String>, Error> {
        match cgroup::hybrid(&self.settings.roots) {
            Some(newer) if backend == BackendId::Crun => {
                Ok(vec![program, veil::NAME.to_owned(), tool::text(newer)?])
            }
            _ => Ok(Vec::new()),
        }
    }
}

/// A container's command.
struct Made {
    argv: Vec<String>,
    gone: Vec<PathBuf>,
    runtime: Entry,
}
