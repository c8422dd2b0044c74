//! Reads makers and names out of control group paths.
//!
//! Every engine has its own way to name groups, and each has two: one with systemd, one without.
//! All of version 1, version 2 and hybrid are lines of `id:controllers:path`.

use crate::model::process::{Engine, Sandbox};
use crate::model::text::SafeText;

/// The sandbox that a text of `/proc/PID/cgroup` speaks of, if any.
pub(super) fn sandbox(text: &str) -> Option<Sandbox> {
    text.lines().filter_map(|line| line.splitn(3, ':').nth(2)).find_map(of_path)
}

fn of_path(path: &str) -> Option<Sandbox> {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    if let Some(at) = parts.iter().position(|part| *part == "isomon")
        && at + 1 < parts.len()
    {
        return Some(Sandbox {
            engine: Engine::Isomon,
            name: SafeText::new(&parts[at + 1..].join("/")),
        });
    }
    let is_pod = parts.iter().any(|part| part.starts_with("kubepods"));
    let (engine, name) = (0..parts.len())
        .rev()
        .find_map(|at| named(parts[at]).or_else(|| below(parts[..at].last()?, parts[at])))
        .or_else(|| is_pod.then(|| pod(&parts)).flatten())?;
    Some(Sandbox {
        engine: if is_pod { Engine::Kubernetes } else { engine },
        name: short(&unescape(name)),
    })
}

/// What must follow a prefix for the group to be a sandbox.
#[derive(Clone, Copy)]
enum Needs {
    /// An id of hexadecimal digits: `libpod-conmon-…` is a monitor, `docker.service` a daemon.
    Id,
    /// Any name, but only of a systemd scope.
    Scope,
    /// Any name.
    Name,
}

const PREFIXES: [(&str, Engine, Needs); 11] = [
    ("docker-", Engine::Docker, Needs::Id),
    ("libpod-payload-", Engine::Podman, Needs::Id),
    ("libpod-", Engine::Podman, Needs::Id),
    ("cri-containerd-", Engine::Containerd, Needs::Id),
    ("nerdctl-", Engine::Containerd, Needs::Id),
    ("crio-", Engine::Kubernetes, Needs::Id),
    ("lxc.payload.", Engine::Lxc, Needs::Name),
    ("systemd-nspawn@", Engine::Nspawn, Needs::Name),
    ("runc-", Engine::Oci, Needs::Scope),
    ("crun-", Engine::Oci, Needs::Scope),
    ("youki-", Engine::Oci, Needs::Scope),
];

/// Groups that carry their maker in their own name.
fn named(part: &str) -> Option<(Engine, &str)> {
    let scope = part.strip_suffix(".scope");
    let unit = scope.or_else(|| part.strip_suffix(".service"));
    let unit = unit.unwrap_or(part);
    let known = PREFIXES.into_iter().find_map(|(prefix, engine, needs)| {
        let name = unit.strip_prefix(prefix)?;
        let fits = match needs {
            Needs::Id => is_id(name),
            Needs::Scope => scope.is_some() && !name.is_empty(),
            Needs::Name => !name.is_empty(),
        };
        fits.then_some((engine, name))
    });
    known.or_else(|| Some(machine(scope?.strip_prefix("machine-")?)))
}

/// `machine-qemu\x2d1\x2dname`: libvirt puts its driver and a number first.
fn machine(name: &str) -> (Engine, &str) {
    for (driver, engine) in [(r"qemu\x2d", Engine::Qemu), (r"lxc\x2d", Engine::Lxc)] {
        if let Some(rest) = name.strip_prefix(driver) {
            let named = rest.split_once(r"\x2d").map_or(rest, |(_, name)| name);
            return (engine, named);
        }
    }
    (Engine::Nspawn, name)
}

/// Groups whose maker is the group above.
fn below<'a>(above: &str, part: &'a str) -> Option<(Engine, &'a str)> {
    let engine = match above {
        "docker" | "buildkit" | "moby" if is_id(part) => Engine::Docker,
        "libpod_parent" if is_id(part) => Engine::Podman,
        "default" | "k8s.io" if is_id(part) => Engine::Containerd,
        "lxc" | "lxc.payload" => Engine::Lxc,
        "firecracker" => Engine::Firecracker,
        _ => return None,
    };
    Some((engine, part))
}

/// Without systemd a pod's container has its bare id, or a number with `cri-containerd:` before.
fn pod<'a>(parts: &[&'a str]) -> Option<(Engine, &'a str)> {
    let last = parts.last()?.rsplit(':').next()?;
    is_id(last).then_some((Engine::Kubernetes, last))
}

fn is_id(text: &str) -> bool {
    text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Long ids are cut to the twelve letters that engines show.
fn short(name: &str) -> SafeText {
    match name.get(..12) {
        Some(cut) if name.len() >= 32 && is_id(name) => SafeText::new(cut),
        _ => SafeText::new(name),
    }
}

/// systemd writes a dash within a name as `\x2d`.
fn unescape(name: &str) -> String {
    name.replace(r"\x2d", "-")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    const ROWS: &[(&str, &str)] = &[
        ("0::/system.slice/docker-ID.scope", "docker 0123456789ab"),
        ("12:pids:/docker/ID\n0::/system.slice", "docker 0123456789ab"),
        ("0::/docker/ID/system.slice/x.service", "docker 0123456789ab"),
        ("0::/docker/buildkit/0123456789abcdef", "docker 0123456789abcdef"),
        ("0::/machine.slice/libpod-ID.scope/container", "podman 0123456789ab"),
        ("0::/user.slice/u/libpod-conmon-ID.scope", ""),
        (
            "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod1.slice/cri-containerd-ID.scope",
            "kubernetes 0123456789ab",
        ),
        ("3:cpu:/kubepods/besteffort/pod0-1/ID", "kubernetes 0123456789ab"),
        ("0::/kubepods.slice/kubepods-pod1.slice/crio-ID.scope", "kubernetes 0123456789ab"),
        (
            "0::/system.slice/kubepods-burstable-pod1.slice:cri-containerd:ID",
            "kubernetes 0123456789ab",
        ),
        ("0::/system.slice/nerdctl-ID.scope", "containerd 0123456789ab"),
        ("0::/default/ID", "containerd 0123456789ab"),
        ("0::/lxc.payload.web/init.scope", "lxc web"),
        ("0::/lxc.monitor.web", ""),
        ("4:memory:/lxc/web", "lxc web"),
        (r"0::/machine.slice/machine-deb\x2d12.scope/payload", "nspawn deb-12"),
        ("0::/machine.slice/systemd-nspawn@deb.service/payload", "nspawn deb"),
        (r"0::/machine.slice/machine-qemu\x2d3\x2dweb\x2d1.scope", "qemu web-1"),
        ("0::/user.slice/runc-mine.scope", "oci mine"),
        ("0::/firecracker/vm1", "firecracker vm1"),
        ("0::/isomon/a1b2c3d4", "isomon a1b2c3d4"),
        ("4:memory:/isomon/a1b2c3d4/7\n0::/isomon/a1b2c3d4/7", "isomon a1b2c3d4/7"),
        ("0::/isomon", ""),
        ("0::/system.slice/docker.service", ""),
        ("0::/system.slice/ssh.service", ""),
        ("0::/user.slice/user-1000.slice/session-3.scope", ""),
        ("0::/", ""),
        ("", ""),
        ("odd", ""),
    ];

    #[test]
    fn knows_the_ways_of_each_engine() {
        for (text, wanted) in ROWS {
            let found = sandbox(&text.replace("ID", ID));
            let shown = found.map_or(String::new(), |s| format!("{} {}", s.engine, s.name));
            assert_eq!(shown, *wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(0::/|docker-|kubepods|lxc/|:|/|isomon|[0-9a-f]{12}|.scope|\\PC|\n){0,30}") {
            let _ = sandbox(&text);
        }
    }
}
