//! Docker, by its engine's own interface: what an engine adds to the runtime below it.
//!
//! isomon, re-executed as `__docker`, drives the engine for one container ([`run`]). What the engine
//! is told stands in a file, so that nothing of it shows in a process list; that file is gone only
//! when the container is, which is how a launcher sees that nothing is left. The engine outlives
//! us, so the journal knows it, and [`settle`] takes away what a run made there.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::audit::MARK;
use super::journal::Entry;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::settings::CampSettings;
use super::site::Site;
use super::view::{NOBODY, PROGRAM, TMP_MIB};
use super::wire::{Input, Launch, Order};
use super::{Error, tool};
use crate::model::backend::Traits;
use crate::model::id::RunId;
use crate::model::job::Runtime;
use coming::FACTS;
use run::Spec;

mod coming;
mod engine;
mod facts;
mod frame;
mod image;
mod pump;
mod remedy;
mod run;
mod settle;

pub(super) use coming::Coming;
pub(super) use run::{NAME, run};
pub(super) use settle::{Debts, Remains, remains, settle, settle_lot};

/// The label that says which run a container or image belongs to.
const RUN_LABEL: &str = "isomon.run";
/// The label that says of which lot of the run a container is.
const LOT_LABEL: &str = "isomon.lot";
/// Time for the empty image to be made.
const PREPARATION_MS: u64 = 10_000;

/// Docker with one runtime.
pub(super) struct Docker {
    /// The runtime looked for; the engine's own choice if `None`.
    runtime: Option<&'static str>,
}

pub(super) const DEFAULT: Docker = Docker { runtime: None };
pub(super) const CRUN: Docker = Docker { runtime: Some("crun") };
pub(super) const RUNSC: Docker = Docker { runtime: Some("runsc") };
pub(super) const KATA: Docker = Docker { runtime: Some("kata") };

impl Kind for Docker {
    fn version(&self, settings: &CampSettings) -> Result<Option<Vec<String>>, Error> {
        let socket = tool::text(socket(settings)?)?;
        Ok(Some(tool::own(settings, &[NAME, "version", &socket, self.wish()])?))
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let socket = listening(&site.settings)?;
        let facts = site.place.join(format!("{FACTS}{}.json", errand.task.backend));
        let path = site.place.join(format!("{}.json", errand.name));
        let launch = Launch {
            gone: vec![path.clone()],
            marks: true,
            ..site.launch(errand, own(site, &["run", &tool::text(path.clone())?])?)
        };
        let input = launch.input != Input::Nothing;
        let spec = Spec {
            socket: socket.clone(),
            name: errand.name.clone(),
            facts: facts.clone(),
            group: errand.group.clone(),
            input,
            body: container(site, errand, input)?,
        };
        spec.write(&path)?;
        let (at, facts) = (tool::text(socket.clone())?, tool::text(facts)?);
        let words = ["prepare", &at, self.wish(), site.id.as_str(), &facts];
        let first = Launch {
            timeout_ms: PREPARATION_MS,
            input: Input::Nothing,
            stream: false,
            ..site.launch(errand, own(site, &words)?)
        };
        let notes = vec![Entry::Docker { socket }];
        Ok(Recipe { notes, first: Some(first), order: Order::Launch(launch) })
    }

    fn traits(&self) -> Traits {
        Traits {
            seccomp: true,
            files: true,
            runtimes: vec![Runtime::Command, Runtime::Node, Runtime::Python, Runtime::Go],
            ..Traits::default()
        }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        remedy::remedy(self.runtime, reason)
    }
}

impl Docker {
    /// The runtime looked for, as `__docker` is told it.
    fn wish(&self) -> &'static str {
        self.runtime.unwrap_or_default()
    }
}

/// The command that re-executes isomon to do what `words` say.
fn own(site: &Site, words: &[&str]) -> Result<Vec<String>, Error> {
    tool::own(&site.settings, &[&[NAME], words].concat())
}

/// Where the engine listens.
fn socket(settings: &CampSettings) -> Result<PathBuf, Error> {
    let nowhere = || Error::refused("DOCKER_HOST names no unix socket");
    settings.engine.clone().ok_or_else(nowhere)
}

/// The same, of an engine that may be up: one that has no socket is asked nothing, and is owed nothing.
fn listening(settings: &CampSettings) -> Result<PathBuf, Error> {
    let socket = socket(settings)?;
    match socket.try_exists() {
        Ok(false) => Err(Error::refused(&engine::Error::Absent { socket }.to_string())),
        _ => Ok(socket),
    }
}

/// The image of run `id`.
fn image_name(id: &RunId) -> String {
    format!("isomon-empty:{id}")
}

/// What the engine is asked to make, but for what depends on the engine; with our input if `input`.
fn container(site: &Site, errand: &Errand<'_>, input: bool) -> Result<Value, Error> {
    // Without our group, it is killed by what its environment says.
    let mark = format!("{MARK}={}/{}", site.id, errand.lot);
    let env = site.env().into_iter().filter(|(name, _)| name != MARK);
    let env = env.chain(errand.env.iter().cloned());
    let env: Vec<String> =
        env.map(|(name, value)| format!("{name}={value}")).chain([mark]).collect();
    Ok(json!({
        "Image": image_name(&site.id),
        "Hostname": "isomon",
        "User": format!("{NOBODY}:{NOBODY}"),
        "WorkingDir": "/",
        "Cmd": errand.command(),
        "Env": env,
        "Labels": {RUN_LABEL: site.id.as_str(), LOT_LABEL: errand.lot},
        "AttachStdin": input,
        "OpenStdin": input,
        "StdinOnce": input,
        "AttachStdout": true,
        "AttachStderr": true,
        "HostConfig": host_config(site, errand)?,
    }))
}

/// Its limits and its walls.
fn host_config(site: &Site, errand: &Errand<'_>) -> Result<Value, Error> {
    let limits = &errand.task.limits;
    // Finite and small: clamped before the cast.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped")]
    let cpus = (limits.cpus.clamp(0.01, 1e6) * 1e9) as u64;
    Ok(json!({
        "NetworkMode": "none",
        "IpcMode": "none",
        "Memory": limits.memory_bytes.0,
        "MemorySwap": limits.memory_bytes.0,
        "NanoCpus": cpus,
        "PidsLimit": limits.pids,
        "Ulimits": [{"Name": "nofile", "Soft": 1024, "Hard": 1024}],
        "CapDrop": ["ALL"],
        "SecurityOpt": ["no-new-privileges"],
        "ReadonlyRootfs": true,
        "Tmpfs": {"/tmp": format!("nosuid,nodev,mode=1777,size={TMP_MIB}m")},
        "Mounts": mounts(site, errand)?,
        "Init": false,
        // Nothing that it says is kept by the engine.
        "LogConfig": {"Type": "none"},
        "RestartPolicy": {"Name": "no"},
    }))
}

/// What of the host it sees.
fn mounts(site: &Site, errand: &Errand<'_>) -> Result<Vec<Value>, Error> {
    let view = errand.view(site);
    let mut mounts: Vec<Value> = Vec::new();
    for name in view.directories.iter().chain(&view.files) {
        let inside = tool::text(Path::new("/").join(name))?;
        mounts.push(bind(&tool::text(view.base.join(name))?, &inside));
    }
    mounts.push(bind(&tool::text(site.settings.exe.clone())?, PROGRAM));
    mounts.extend(errand.shown.iter().map(|shown| bind(&shown.host, &shown.inside)));
    Ok(mounts)
}

fn bind(from: &str, at: &str) -> Value {
    json!({"Type": "bind", "Source": from, "Target": at, "ReadOnly": true})
}
