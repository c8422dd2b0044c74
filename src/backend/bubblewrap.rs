//! The `bubblewrap` backend: namespaces through the tool that desktop sandboxes use.

use super::kind::{Errand, Kind, Recipe, Remedy, Shown};
use super::namespaces::unshared;
use super::site::Site;
use super::view::{PROGRAM, TMP_MIB, View};
use super::{Error, container, tool};
use crate::model::backend::Traits;

/// Namespaces by `bwrap`.
pub(super) struct Bubblewrap;

impl Kind for Bubblewrap {
    fn tool(&self) -> Option<&'static str> {
        Some("bwrap")
    }

    fn recipe(&self, site: &Site, errand: &Errand<'_>) -> Result<Recipe, Error> {
        let program = tool::text(site.settings.exe.clone())?;
        let mut argv = vec![tool::text(tool::find(&site.settings, "bwrap")?)?];
        argv.extend(arguments(errand.view(site), &program, errand));
        Ok(Recipe::of(site.launch(errand, argv)))
    }

    fn traits(&self) -> Traits {
        Traits { files: true, runtimes: container::RUNTIMES.to_vec(), ..Traits::default() }
    }

    fn remedy(&self, reason: &str) -> Remedy {
        if tool::is_missing(reason) { Remedy::package("bubblewrap") } else { unshared() }
    }
}

/// The arguments that make `bwrap` run `errand` with isomon bound from `program`.
fn arguments(view: &View, program: &str, errand: &Errand<'_>) -> Vec<String> {
    let mut said: Vec<String> = vec!["--unshare-all".into(), "--die-with-parent".into()];
    let mut say = |words: &[&str]| said.extend(words.iter().map(|word| (*word).to_owned()));
    say(&["--new-session", "--cap-drop", "ALL", "--hostname", "isomon"]);
    for (host, inside) in view.binds() {
        say(&["--ro-bind", &host.to_string_lossy(), &inside.to_string_lossy()]);
    }
    for (name, target) in &view.links {
        say(&["--symlink", &target.to_string_lossy(), &format!("/{name}")]);
    }
    say(&["--ro-bind", program, PROGRAM, "--proc", "/proc", "--dev", "/dev"]);
    say(&["--size", &(u64::from(TMP_MIB) << 20).to_string(), "--tmpfs", "/tmp"]);
    for Shown { host, inside } in &errand.shown {
        say(&["--ro-bind", host, inside]);
    }
    for (name, value) in &errand.env {
        say(&["--setenv", name, value]);
    }
    // Who is root outside may else write settings of the kernel through /proc/sys, without any
    // capability: bwrap looks whether the directory can be written to, not what is in it.
    say(&["--remount-ro", "/proc", "--remount-ro", "/"]);
    say(&["--chdir", "/", "--"]);
    said.extend(errand.command());
    said
}
