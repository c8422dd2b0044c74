//! Recognises the programs that are a sandbox or run one, by name and arguments.

use crate::model::process::Engine;

/// The maker that a process is, and the sandbox's name if the arguments tell it. `name` is the
/// short name: the kernel cuts it after 15 bytes.
pub(super) fn maker<'a>(name: &str, arguments: &[&'a str]) -> Option<(Engine, Option<&'a str>)> {
    let (program, rest) = match arguments.split_first() {
        Some((program, rest)) => (program.rsplit('/').next().unwrap_or(program), rest),
        None => return None,
    };
    let found = match name {
        "firecracker" => (Engine::Firecracker, option(rest, "--id")),
        "bwrap" => (Engine::Bubblewrap, None),
        "cloud-hyperviso" => (Engine::CloudHypervisor, option(rest, "--api-socket").map(stem)),
        "systemd-nspawn" => {
            (Engine::Nspawn, option(rest, "--machine").or_else(|| option(rest, "-M")))
        }
        "runc" | "crun" | "youki" => (Engine::Oci, Some(oci(rest)?)),
        _ if name.starts_with("runsc") || program.starts_with("runsc") => {
            (Engine::Gvisor, oci(rest))
        }
        _ if name.starts_with("qemu-system-") || name == "qemu-kvm" => {
            (Engine::Qemu, option(rest, "-name").map(guest))
        }
        _ => return None,
    };
    Some(found)
}

/// The value of an option, given as `--id x` or `--id=x`.
fn option<'a>(arguments: &[&'a str], name: &str) -> Option<&'a str> {
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        match argument.strip_prefix(name) {
            Some("") => return rest.next().copied(),
            Some(value) if value.starts_with('=') => return value.strip_prefix('='),
            _ => {}
        }
    }
    None
}

/// `guest=web,debug-threads=on` or `web`.
fn guest(value: &str) -> &str {
    let first = value.split(',').next().unwrap_or(value);
    first.strip_prefix("guest=").unwrap_or(first)
}

/// `path=/run/vm1.sock` as `vm1`.
fn stem(value: &str) -> &str {
    let path = guest(value);
    let file = path.rsplit(['/', '=']).next().unwrap_or(path);
    file.split_once('.').map_or(file, |(stem, _)| stem)
}

/// OCI runtimes and gVisor's own processes have the container's id last.
fn oci<'a>(arguments: &[&'a str]) -> Option<&'a str> {
    let runs = |argument: &&str| matches!(*argument, "run" | "boot" | "gofer" | "create");
    arguments.iter().any(runs).then_some(())?;
    let last = arguments.last()?;
    (!last.starts_with('-') && !runs(last)).then_some(*last)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Short name, command line, maker and name.
    type Row<'a> = (&'a str, &'a str, Option<(Engine, Option<&'a str>)>);

    #[test]
    fn knows_makers_and_names() {
        let rows: [Row<'_>; 12] = [
            (
                "firecracker",
                "/firecracker --id vm1 --api-sock /x",
                Some((Engine::Firecracker, Some("vm1"))),
            ),
            ("firecracker", "firecracker --no-api", Some((Engine::Firecracker, None))),
            (
                "qemu-system-x86",
                "/usr/bin/qemu-system-x86_64 -name guest=web,debug-threads=on -S",
                Some((Engine::Qemu, Some("web"))),
            ),
            ("qemu-system-aar", "qemu-system-aarch64 -M virt", Some((Engine::Qemu, None))),
            (
                "cloud-hyperviso",
                "cloud-hypervisor --api-socket path=/run/vm1.sock",
                Some((Engine::CloudHypervisor, Some("vm1"))),
            ),
            (
                "exe",
                "runsc-sandbox --root=/x boot --bundle=/b c1",
                Some((Engine::Gvisor, Some("c1"))),
            ),
            ("runsc", "runsc do sh", Some((Engine::Gvisor, None))),
            ("runc", "runc run --bundle /b c2", Some((Engine::Oci, Some("c2")))),
            ("runc", "runc list", None),
            ("bwrap", "bwrap sh", Some((Engine::Bubblewrap, None))),
            ("systemd-nspawn", "systemd-nspawn -M deb", Some((Engine::Nspawn, Some("deb")))),
            ("bash", "bash -c qemu-system-x86_64", None),
        ];
        for (name, line, wanted) in rows {
            let arguments: Vec<&str> = line.split(' ').collect();
            assert_eq!(maker(name, &arguments), wanted, "{line}");
        }
        assert_eq!(maker("bwrap", &[]), None, "a dead one has no arguments");
    }
}
