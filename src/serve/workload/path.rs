//! Which backend a workload goes to: what was asked for, what can run it, what is ready, strongest
//! wall first.

use crate::model::backend::{BackendId, BackendStatus, Class, Readiness};
use crate::model::job::{Job, Runtime};
use crate::serve::answer::Problem;

/// What was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// The strongest there is, and some.
    Auto,
    /// A virtual machine; an emulated one where there is no other.
    Microvm,
    /// The runtime of a language.
    Isolate,
    /// A kernel in user space.
    Gvisor,
    /// This backend and no other.
    Backend(BackendId),
}

/// Where it goes, and what runs it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Path {
    pub(super) backend: BackendId,
    pub(super) runtime: Runtime,
}

impl Isolation {
    pub(super) fn read(word: &str) -> Result<Self, Problem> {
        let words = [Self::Auto, Self::Microvm, Self::Isolate, Self::Gvisor];
        let backends = BackendId::ALL.map(Self::Backend);
        let mut all = words.into_iter().chain(backends);
        all.find(|isolation| isolation.word() == word).ok_or_else(|| {
            let names: Vec<&str> = BackendId::ALL.into_iter().map(BackendId::name).collect();
            let names = names.join(", ");
            Problem::bad(format!(
                "there is no isolation {word:?}; there are auto, microvm, isolate, gvisor, {names}"
            ))
        })
    }

    pub(super) const fn word(&self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Microvm => "microvm",
            Self::Isolate => "isolate",
            Self::Gvisor => "gvisor",
            Self::Backend(id) => id.name(),
        }
    }

    /// Whether `id` is meant. `auto` never means no isolation at all.
    fn means(&self, id: BackendId) -> bool {
        let class = id.class();
        match self {
            Self::Auto => class != Class::None,
            Self::Microvm => matches!(class, Class::MicroVm | Class::Emulator),
            Self::Isolate => class == Class::Runtime,
            Self::Gvisor => class == Class::UserKernel,
            Self::Backend(own) => id == *own,
        }
    }
}

/// Where `job`, written for `runtime`, can go at all: strongest wall first, and a bare engine after what
/// really is Node. Machines in which Linux is booted come after all others: that they are ready was
/// told by isomon's own guest, and Linux may take seconds there, or never come up. An emulated one is
/// last, being by far the slowest.
pub(super) fn paths(isolation: &Isolation, runtime: Runtime, job: &Job) -> Vec<Path> {
    let mut paths = Vec::new();
    let bare = (runtime == Runtime::Node).then_some(Runtime::Js);
    for runtime in std::iter::once(runtime).chain(bare) {
        let meant = BackendId::ALL.into_iter().rev().filter(|id| isolation.means(*id));
        let of = |backend| Path { backend, runtime };
        paths.extend(meant.map(of).filter(|path| lack(*path, job).is_none()));
    }
    paths.sort_by_key(|path| (path.backend.class() == Class::Emulator, path.backend.boots_linux()));
    paths
}

/// Why `path` can never do `job`.
fn lack(path: Path, job: &Job) -> Option<&'static str> {
    let mut as_there = Job { archive: job.archive.clone(), ..Job::default() };
    as_there.what = match (&job.what, path.runtime) {
        (crate::model::job::What::Command(_), _) => crate::model::job::What::default(),
        (crate::model::job::What::Code { .. }, runtime) => {
            crate::model::job::What::Code { runtime, code: Vec::new() }
        }
    };
    as_there.lack(path.backend, false)
}

/// The first of `paths` that is ready, by what is `known`; why none is.
pub(super) fn choose(
    isolation: &Isolation,
    runtime: Runtime,
    paths: &[Path],
    known: &[BackendStatus],
) -> Result<Path, String> {
    let word = isolation.word();
    let status = |path: &Path| known.iter().find(|status| status.id == path.backend);
    let ready = paths.iter().find(|path| {
        status(path).is_some_and(|status| {
            status.readiness.runs() && status.traits.runtimes.contains(&path.runtime)
        })
    });
    if let Some(path) = ready {
        return Ok(*path);
    }
    // The strongest that is here speaks for all.
    let why = paths.iter().filter_map(status).map(|status| {
        if let Readiness::Unavailable { reason, remedy } = &status.readiness {
            return format!("{} cannot run here: {reason} -> {remedy}", status.id);
        }
        let note = status.traits.runtimes_note.as_ref();
        let note = note.map_or_else(String::new, |note| format!(": {note}"));
        format!("{} does not run {runtime} here{note}", status.id)
    });
    let mut why: Vec<String> = why.collect();
    if why.is_empty() {
        return Err(format!("resolve backend: no {word} runs {runtime}"));
    }
    let more = why.len() - 1;
    why.truncate(1);
    let rest = match more {
        0 => String::new(),
        1 => "; nor can another".to_owned(),
        more => format!("; nor can {more} others"),
    };
    Err(format!("resolve backend: {}{rest}", why.concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::backend::Traits;
    use crate::model::job::What;

    fn code(runtime: Runtime) -> Job {
        Job { what: What::Code { runtime, code: Vec::new() }, ..Job::default() }
    }

    fn ready(id: BackendId, runtimes: &[Runtime]) -> BackendStatus {
        let traits = Traits { runtimes: runtimes.to_vec(), ..Traits::default() };
        BackendStatus { readiness: Readiness::Ready, traits, ..BackendStatus::new(id) }
    }

    fn chosen(word: &str, runtime: Runtime, known: &[BackendStatus]) -> Result<Path, String> {
        let isolation = Isolation::read(word).unwrap();
        let paths = paths(&isolation, runtime, &code(runtime));
        choose(&isolation, runtime, &paths, known)
    }

    #[test]
    fn the_strongest_that_is_ready_is_taken() {
        use BackendId::{Deno, GvisorPtrace, Process, QemuTcg, Runc};
        let all = [
            ready(Process, &Runtime::ALL),
            ready(Deno, &[Runtime::Js]),
            ready(Runc, &[Runtime::Python, Runtime::Node, Runtime::Command]),
            ready(QemuTcg, &[Runtime::Command]),
        ];
        let backend = |word, runtime| chosen(word, runtime, &all).map(|path| path.backend);
        assert_eq!(backend("auto", Runtime::Python), Ok(Runc));
        assert_eq!(backend("auto", Runtime::Command), Ok(Runc), "an emulator comes last");
        assert_eq!(backend("microvm", Runtime::Command), Ok(QemuTcg));
        assert_eq!(backend("auto", Runtime::Node), Ok(Runc));
        let isolate = Path { backend: Deno, runtime: Runtime::Js };
        assert_eq!(chosen("isolate", Runtime::Node, &all), Ok(isolate));
        assert_eq!(chosen("auto", Runtime::Node, &all[..2]), Ok(isolate));
        assert_eq!(backend("process", Runtime::Python), Ok(Process));
        assert!(chosen("auto", Runtime::Python, &all[..1]).is_err(), "no wall is no isolation");
        let machine = ready(BackendId::QemuKvm, &Runtime::ALL);
        let more = [&all[..], &[machine, ready(GvisorPtrace, &Runtime::ALL)]].concat();
        assert_eq!(chosen("auto", Runtime::Python, &more).unwrap().backend, GvisorPtrace);
    }

    #[test]
    fn what_is_missing_is_said_with_what_mends_it() {
        let readiness = Readiness::Unavailable {
            reason: "runsc is not on PATH".into(),
            remedy: "install runsc".into(),
        };
        let gvisor = BackendStatus { readiness, ..BackendStatus::new(BackendId::GvisorKvm) };
        let why = chosen("gvisor", Runtime::Python, &[gvisor]).unwrap_err();
        assert!(why.contains("runsc is not on PATH -> install runsc"), "{why}");
        let why = chosen("isolate", Runtime::Python, &[]).unwrap_err();
        assert_eq!(why, "resolve backend: no isolate runs python");
    }
}
