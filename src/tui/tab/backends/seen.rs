//! What a look from inside saw, in plain words.

use crate::model::backend::{BackendStatus, Class, Inside, Reach};
use crate::model::job::Runtime;
use crate::model::text::SafeText;

/// Kinds of namespaces there are.
pub(super) const SPACES: [&str; 8] = ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"];

/// Facts with their labels; one sentence where nobody looked.
pub(super) fn facts(status: &BackendStatus) -> Vec<(&'static str, String)> {
    let Some(inside) = status.inside.as_deref() else {
        return vec![("inside", unseen(status).to_owned())];
    };
    let mute = is_mute(status).then_some("none to call: its code has no system calls");
    let facts = [
        ("kernel", kernel(inside).or_else(|| mute.map(str::to_owned))),
        (
            "calls",
            inside.calls.map(|calls| {
                format!("{} of {} rarely used ones answer", calls.answered, calls.tried)
            }),
        ),
        ("namespaces", inside.namespaces.as_deref().map(namespaces)),
        ("seccomp", inside.seccomp.as_ref().map(|mode| seccomp(mode, inside))),
        ("user", user(inside)),
        ("writable", inside.writable.as_deref().map(|places| writable(places, inside))),
        ("network", inside.network.map(|reach| network(reach).to_owned())),
        ("lent", inside.lent.as_deref().map(|names| listed(names, "nothing"))),
    ];
    facts.into_iter().filter_map(|(label, text)| Some((label, text?))).collect()
}

/// Why there is no look.
fn unseen(status: &BackendStatus) -> &'static str {
    if is_mute(status) {
        return "a machine of its own: what runs in it has no system calls to look with";
    }
    if is_machine(status) {
        return "a machine of its own: isomon's guest in it has no system calls to look with; a Linux kernel of yours is its own, not the host's";
    }
    "nobody looked around in it"
}

/// Whether it is a machine of its own, whose kernel is not the host's by construction.
pub(super) const fn is_machine(status: &BackendStatus) -> bool {
    matches!(status.id.class(), Class::MicroVm | Class::Emulator)
}

/// Whether what runs in it has no system calls by construction: code of a language alone, or a
/// machine without a kernel.
pub(super) fn is_mute(status: &BackendStatus) -> bool {
    let boots = status.traits.runtimes.contains(&Runtime::Command);
    status.readiness.runs()
        && (status.id.class() == Class::Runtime || (is_machine(status) && !boots))
}

fn kernel(inside: &Inside) -> Option<String> {
    let kernel = inside.kernel.as_ref()?;
    Some(match inside.host_kernel {
        Some(true) => format!("{kernel}, the host's own: a flaw in it is a way out"),
        Some(false) => format!("{kernel}, not the host's"),
        None => format!("{kernel}; whether it is the host's is not to be told"),
    })
}

fn namespaces(own: &[SafeText]) -> String {
    let is_own = |name: &&&str| own.iter().any(|space| space.as_str() == **name);
    let shared: Vec<&str> = SPACES.iter().filter(|name| !is_own(name)).copied().collect();
    match (own, &shared[..]) {
        ([], _) => "the host's, all of them".to_owned(),
        (own, []) => format!("{}, all its own", listed(own, "none")),
        (own, shared) => {
            format!("{} are its own; {} not", listed(own, "none"), shared.join(" "))
        }
    }
}

fn seccomp(mode: &SafeText, inside: &Inside) -> String {
    match (mode.as_str(), inside.host_kernel) {
        ("filter", _) => "a filter refuses calls".to_owned(),
        ("off", Some(false)) => "no filter before its own kernel".to_owned(),
        ("off", _) => "no filter".to_owned(),
        (mode, _) => mode.to_owned(),
    }
}

fn user(inside: &Inside) -> Option<String> {
    let uid = inside.uid?;
    let powers = match inside.capabilities? {
        0 => "no capability".to_owned(),
        1 => "1 capability".to_owned(),
        many => format!("{many} capabilities"),
    };
    Some(format!("uid {uid}, {powers}"))
}

fn writable(places: &[SafeText], inside: &Inside) -> String {
    let list = listed(places, "nothing that was tried");
    match inside.host_writable {
        Some(true) => format!("{list}: the host's own are among them"),
        Some(false) if !places.is_empty() => format!("{list}: none of them the host's"),
        _ => list,
    }
}

const fn network(reach: Reach) -> &'static str {
    match reach {
        Reach::None => "none",
        Reach::Loopback => "its own loopback and nothing else",
        Reach::Outside => "there is a way out",
    }
}

fn listed(names: &[SafeText], none: &str) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    if names.is_empty() { none.to_owned() } else { names.join(" ") }
}
