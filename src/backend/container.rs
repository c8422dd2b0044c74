//! The OCI runtimes: runc, crun and youki, each given one bundle, without a daemon.

use super::failpoint::{self, Point};
use super::journal::Entry;
use super::kind::{Errand, Kind, Recipe, Remedy};
use super::oci::{Bundle, Container};
use super::site::Site;
use super::wire::{Launch, Order};
use super::{Error, cgroup, tool, veil};
use crate::model::backend::Traits;
use crate::model::job::Runtime;

/// Where youki is had from: no system packages it.
const YOUKI_HOME: &str = "https://youki-dev.github.io/youki";

/// A runtime that takes an OCI bundle.
pub(super) struct Oci {
    /// Its program.
    tool: &'static str,
    /// Whether it refuses a hybrid of control groups that it sees.
    veiled: bool,
}

pub(super) const RUNC: Oci = Oci { tool: "runc", veiled: false };
pub(super) const CRUN: Oci = Oci { tool: "crun", veiled: true };
pub(super) const YOUKI: Oci = Oci { tool: "youki", veiled: false };

impl Kind for Oci {
    fn tool(&self) -> Option<&'static str> {
        Some(self.tool)
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let mut before = Vec::new();
        if let Some(newer) = cgroup::hybrid(&site.settings.roots).filter(|_| self.veiled) {
            let own = tool::text(site.settings.exe.clone())?;
            before = vec![own, veil::NAME.to_owned(), tool::text(newer)?];
        }
        let named = Named { tool: self.tool, options: &[], filtered: true };
        named.recipe(site, errand, before)
    }

    fn traits(&self) -> Traits {
        traits(true)
    }

    fn remedy(&self, reason: &str) -> Remedy {
        remedy(self.tool, reason)
    }
}

/// What can be run where there are files, and a root of its own.
pub(super) const RUNTIMES: [Runtime; 5] =
    [Runtime::Command, Runtime::Node, Runtime::Python, Runtime::Go, Runtime::Oci];

/// What containers give and keep.
pub(super) fn traits(seccomp: bool) -> Traits {
    Traits { seccomp, files: true, runtimes: RUNTIMES.to_vec(), ..Traits::default() }
}

/// What mends a runtime whose package has the tool's name.
pub(super) fn remedy(tool: &'static str, reason: &str) -> Remedy {
    if tool::is_missing(reason) {
        return match tool {
            "youki" => Remedy::words(&format!("install youki: {YOUKI_HOME}")),
            packaged => Remedy::package(packaged),
        };
    }
    if !rustix::process::geteuid().is_root() {
        return Remedy::words("run as root");
    }
    if reason.contains("hybrid mode") {
        return Remedy::words(
            "boot with control groups of version 2 alone: systemd.unified_cgroup_hierarchy=1 on the kernel's command line",
        );
    }
    match tool {
        "youki" => Remedy::words(&format!("install another release of youki: {YOUKI_HOME}")),
        packaged => Remedy::words(&format!("apt-get install --reinstall {packaged}")),
    }
}

/// A runtime with its global options.
pub(super) struct Named {
    pub tool: &'static str,
    pub options: &'static [&'static str],
    /// Whether it can filter system calls.
    pub filtered: bool,
}

impl Named {
    /// How to run `errand` in a container; `before` goes before the runtime's own command.
    pub(super) fn recipe(
        &self,
        site: &Site,
        errand: &Errand<'_>,
        before: Vec<String>,
    ) -> Result<Recipe, Error> {
        let name = &errand.name;
        // A root of the user's is like no other: its bundle goes with its sandbox.
        let like = if errand.view.is_some() { name } else { errand.lot };
        let view = errand.view(site);
        let place = site.place.join(format!("bundle-{}-{like}", errand.task.backend));
        let bundle = Bundle::open(place, view)?;
        let env: Vec<_> =
            site.env_in(errand.lot).into_iter().chain(errand.env.iter().cloned()).collect();
        let container = Container {
            view,
            program: &tool::text(site.settings.exe.clone())?,
            command: &errand.command(),
            shown: &errand.shown,
            env: &env,
            group: &format!("{}/{name}", errand.group),
            filtered: self.filtered,
        };
        bundle.write(&container.config())?;
        failpoint::reach(Point::Bundle);
        let root = site.place.join(format!("state-{}", errand.task.backend));
        let mut known = vec![tool::text(tool::find(&site.settings, self.tool)?)?];
        known.extend(["--root".to_owned(), tool::text(root.clone())?]);
        known.extend(self.options.iter().map(|option| (*option).to_owned()));
        let own = errand.view.is_some().then(|| bundle.at.clone());
        let mut argv = before;
        argv.extend(known.iter().cloned());
        argv.extend(["run".to_owned(), "--bundle".to_owned(), tool::text(bundle.at)?]);
        argv.push(name.clone());
        let gone = vec![root.join(name), root.join(format!("{name}_sandbox:{name}.state"))];
        let remove = own.into_iter().collect();
        let launch = Launch { gone, remove, ..site.launch(errand, argv) };
        let notes = vec![Entry::Runtime { argv: known, root }];
        Ok(Recipe { notes, first: None, order: Order::Launch(launch) })
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::backend::settings::CampSettings;
    use crate::backend::trial::Task;
    use crate::backend::view::View;
    use crate::backend::wire::Input;
    use crate::model::backend::BackendId;
    use crate::model::bench::{Cell, Limits, Payload};
    use crate::model::id::RunId;

    /// What is removed after a container in the run at `home` that sees `view`.
    fn removed(home: &Path, view: Option<View>) -> Vec<PathBuf> {
        let settings = CampSettings::of_state(home.to_owned());
        let id = RunId::new(0, 7);
        let site = Site { settings, id, place: home.to_owned(), view: View::default() };
        let task = Task::of(Cell::cold(BackendId::Runc, Payload::Noop), 1, Limits::default());
        let errand = Errand {
            task: &task,
            name: "im-1".to_owned(),
            lot: "main",
            group: "/isomon/r/main".to_owned(),
            inside: Vec::new(),
            shown: Vec::new(),
            input: Input::Nothing,
            stream: false,
            view,
            direct: false,
            env: Vec::new(),
        };
        let named = Named { tool: "true", options: &[], filtered: false };
        let recipe = named.recipe(&site, &errand, Vec::new()).unwrap();
        let Order::Launch(launch) = recipe.order else { panic!("a container is launched") };
        launch.remove
    }

    #[test]
    fn the_bundle_of_a_users_root_goes_with_its_sandbox_and_the_other_stays() {
        let home = tempfile::tempdir().unwrap();
        assert_eq!(removed(home.path(), None), Vec::<PathBuf>::new());
        let own = home.path().join("bundle-runc-im-1");
        assert!(!own.exists());
        assert_eq!(removed(home.path(), Some(View::default())), std::slice::from_ref(&own));
        assert!(own.join("config.json").exists());
    }

    #[test]
    fn each_runtime_is_mended_by_what_can_be_had() {
        assert_eq!(remedy("runc", "runc is not on PATH").words, "apt-get install runc");
        let youki = remedy("youki", "youki is not on PATH");
        assert!(youki.commands.is_empty() && youki.words.contains(YOUKI_HOME));
        if rustix::process::geteuid().is_root() {
            assert!(remedy("crun", "cgroups in hybrid mode").words.contains("unified_cgroup"));
            assert!(!remedy("youki", "no").words.contains("apt-get"));
        } else {
            assert_eq!(remedy("runc", "no").words, "run as root");
        }
    }
}
