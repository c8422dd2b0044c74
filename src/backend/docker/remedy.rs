//! What mends a Docker backend that does not run.

use std::path::PathBuf;

use super::super::kind::Remedy;
use super::super::settings::CampSettings;
use super::super::tool;

/// What most likely mends `runtime` (the engine's own choice if `None`) when it says `reason`.
pub(super) fn remedy(runtime: Option<&'static str>, reason: &str) -> Remedy {
    if reason.starts_with("no Docker engine") {
        return engine(is_installed());
    }
    if reason.starts_with("no permission") {
        return Remedy::words(
            "run as root, or join the group docker, which is as good as root: usermod -aG docker $USER, then log in again",
        );
    }
    if reason.starts_with("DOCKER_HOST") {
        return Remedy::words(
            "isomon talks to an engine of this machine: unset DOCKER_HOST, or set it to unix:///path/of/its/socket",
        );
    }
    if let Some(runtime) = runtime.filter(|_| reason.starts_with("the engine knows no")) {
        return Remedy::words(&register(runtime));
    }
    if reason.contains("--ignore-cgroups") {
        return Remedy::words(
            "register the runtime without --ignore-cgroups in /etc/docker/daemon.json, then restart the engine",
        );
    }
    if reason.contains("hybrid mode") || reason.starts_with("not limited") {
        return Remedy::words(
            "boot with control groups of version 2 alone: systemd.unified_cgroup_hierarchy=1 on the kernel's command line",
        );
    }
    Remedy::words("look at what the engine wrote: journalctl -u docker")
}

/// What brings an engine up. One that is there and rests is only started: installing another
/// package may remove it.
fn engine(installed: bool) -> Remedy {
    let start = ["service", "docker", "start"].map(str::to_owned).to_vec();
    if installed {
        return Remedy { words: start.join(" "), commands: vec![start] };
    }
    let mut remedy = Remedy::package("docker.io");
    remedy.words = format!("{} && {}", remedy.words, start.join(" "));
    remedy.commands.push(start);
    remedy
}

fn is_installed() -> bool {
    let settings = CampSettings::of_state(PathBuf::new());
    ["dockerd", "podman"].iter().any(|name| tool::find(&settings, name).is_ok())
}

/// How an engine is told of `runtime`.
fn register(runtime: &str) -> String {
    let entry = match runtime {
        "kata" => r#""kata": {"runtimeType": "io.containerd.kata.v2"}"#.to_owned(),
        "runsc" => {
            r#""runsc": {"path": "/usr/bin/runsc", "runtimeArgs": ["--network=none"]}"#.to_owned()
        }
        other => format!(r#""{other}": {{"path": "/usr/bin/{other}"}}"#),
    };
    format!(
        "add to /etc/docker/daemon.json: {{\"runtimes\": {{{entry}}}}}, then restart the engine"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_a_remedy_of_its_own() {
        let words = |runtime, reason| remedy(runtime, reason).words;
        assert!(
            words(None, "no permission to use the Docker engine at /s").contains("group docker")
        );
        let unknown = "the engine knows no runtime runsc; it knows runc";
        let told = words(Some("runsc"), unknown);
        assert!(told.contains(r#"{"runtimes": {"runsc": {"path": "/usr/bin/runsc""#), "{told}");
        assert!(words(Some("kata"), unknown).contains("io.containerd.kata.v2"));
        assert!(words(None, "anything else").contains("journalctl"));
    }

    #[test]
    fn the_words_hold_json_that_an_engine_takes() {
        for runtime in ["crun", "runsc", "kata"] {
            let words = register(runtime);
            let (_, json) = words.split_once("json: ").unwrap();
            let json = json.strip_suffix(", then restart the engine").unwrap();
            let parsed: serde_json::Value = serde_json::from_str(json).unwrap();
            assert!(parsed["runtimes"][runtime].is_object());
        }
    }

    #[test]
    fn an_engine_that_rests_is_started_and_not_installed_over() {
        assert_eq!(engine(true).commands, [["service", "docker", "start"]]);
        assert_eq!(engine(false).commands.len(), 2);
        assert!(engine(false).words.starts_with("apt-get install docker.io && "));
    }
}
