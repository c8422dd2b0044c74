//! The command that repeats a run.
//!
//! Every number is written out, so that it means the same when a preset changes.

use std::path::Path;

use crate::model::backend::Start;
use crate::model::bench::{Payload, Plan};
use crate::model::job::{Job, Kernel, quoted};
use crate::model::load::Load;
use crate::model::unit::Bytes;

/// The command line of `plan`, to be pasted into a shell. What the command line has no flag for
/// (pids, output, the shortest time) is left to its default.
pub fn repeat(plan: &Plan) -> String {
    let mut words = vec!["isomon".to_owned(), "bench".to_owned()];
    words.extend(plan.backends.iter().map(ToString::to_string));
    words.extend(starts(&plan.starts));
    let named = plan.payloads.iter().filter(|payload| **payload != Payload::Job);
    words.extend(named.map(|payload| payload.flag()));
    words.extend(plan.job.as_deref().map(Job::flag));
    words.extend(plan.kernel.iter().flat_map(kernel));
    let (effort, limits) = (&plan.effort, &plan.limits);
    words.extend([
        format!("--warmup {}", effort.warmup_rounds),
        format!("--min-runs {}", effort.min_rounds),
        format!("--max-runs {}", effort.max_rounds),
        format!("--budget {}s", effort.budget_seconds.0),
        format!("--target {}%", (effort.target.percent() * 1e6).round() / 1e6),
        format!("--memory {}", size(limits.memory_bytes)),
        format!("--cpus {}", limits.cpus),
        format!("--timeout {}s", limits.timeout_seconds.0),
        format!("--seed {}", plan.seed),
    ]);
    words.push(format!("--measure {}", measure(&plan.loads)));
    words.extend(plan.name.as_ref().map(|name| format!("--name {}", quoted(name.as_str()))));
    words.join(" ")
}

/// Nothing where every start is asked for, as it is unless told otherwise.
fn starts(starts: &[Start]) -> Option<String> {
    let every = Start::ALL.iter().all(|start| starts.contains(start));
    let names: Vec<_> = starts.iter().map(|start| start.name()).collect();
    (!every).then(|| format!("--start {}", names.join(",")))
}

fn kernel(kernel: &Kernel) -> Vec<String> {
    let named = |flag: &str, path: &Path| format!("--{flag} {}", quoted(&path.to_string_lossy()));
    let initrd = kernel.initrd.as_deref().map(|initrd| named("initrd", initrd));
    std::iter::once(named("kernel", &kernel.image)).chain(initrd).collect()
}

/// The rounds, and each load with all its numbers: `start,throughput=1..16/2s`.
fn measure(loads: &[Load]) -> String {
    let words = loads.iter().map(|load| match load {
        Load::Memory { count } => format!("memory={count}"),
        Load::Density { most } => format!("density={most}"),
        Load::Neighbour { seconds } => format!("neighbour={}s", seconds.0),
        Load::Throughput { least, most, seconds } => {
            format!("throughput={least}..{most}/{}s", seconds.0)
        }
        Load::Latency { per_second, most, seconds } => {
            let rate = per_second.map(|rate| format!("@{rate}/")).unwrap_or_default();
            format!("latency={rate}{most}/{}s", seconds.0)
        }
    });
    std::iter::once("start".to_owned()).chain(words).collect::<Vec<_>>().join(",")
}

fn size(bytes: Bytes) -> String {
    match bytes.0 {
        bytes if bytes > 0 && bytes.trailing_zeros() >= 20 => format!("{}MiB", bytes >> 20),
        bytes => bytes.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::preset::plan;
    use crate::model::backend::BackendId;
    use crate::model::bench::Preset;
    use crate::model::job::{Runtime, What};
    use crate::model::text::SafeText;

    #[test]
    fn the_command_says_every_number() {
        let mut plan = plan(Preset::Quick, &[BackendId::Runc, BackendId::GvisorKvm], 42);
        plan.payloads.push(Payload::Cpu { rounds: 7 });
        assert_eq!(
            repeat(&plan),
            "isomon bench runc gvisor-kvm --payload noop --payload cpu=7 --warmup 1 --min-runs 10 \
             --max-runs 25 --budget 35s --target 5% --memory 128MiB --cpus 1 --timeout 10s --seed 42 \
             --measure start"
        );
    }

    #[test]
    fn starts_are_named_where_some_are_left_away() {
        let mut plan = plan(Preset::Quick, &[BackendId::Wasm], 42);
        assert!(!repeat(&plan).contains("--start"));
        plan.starts = vec![Start::Cold, Start::Warm];
        assert!(repeat(&plan).starts_with("isomon bench wasm --start cold,warm --payload noop "));
    }

    #[test]
    fn own_work_is_said_as_it_was() {
        let mut plan = plan(Preset::Quick, &[BackendId::Process], 42);
        plan.payloads = vec![Payload::Job];
        let words = ["sh", "-c", "echo it's | cat"].map(str::to_owned).to_vec();
        plan.job = Some(Box::new(Job { what: What::Command(words.clone()), ..Job::default() }));
        let said = shell_words::split(&repeat(&plan)).unwrap();
        let at = said.iter().position(|word| word == "--cmd").unwrap();
        assert_eq!(shell_words::split(&said[at + 1]).unwrap(), words);
        assert!(!said.contains(&"--payload".to_owned()));
        let what = What::Code { runtime: Runtime::Js, code: Vec::new() };
        let from = Some("/a b.js".into());
        plan.job = Some(Box::new(Job { what, from, ..Job::default() }));
        assert!(repeat(&plan).contains(" --code '/a b.js' --runtime js --warmup"));
        let bundle =
            Job { root: Some("/b/rootfs".into()), from: Some("/b".into()), ..Job::default() };
        plan.job = Some(Box::new(bundle));
        assert!(repeat(&plan).contains(" --bundle '/b' --warmup"));
    }

    #[test]
    fn the_kernel_is_named() {
        let mut plan = plan(Preset::Quick, &[BackendId::QemuTcg], 42);
        let initrd = Some("/a b".into());
        plan.kernel = Some(Kernel { image: "/boot/vmlinuz-6.1".into(), initrd });
        let said = repeat(&plan);
        assert!(said.contains(" --kernel '/boot/vmlinuz-6.1' --initrd '/a b' --warmup"), "{said}");
    }

    #[test]
    fn a_name_cannot_become_a_command() {
        let mut plan = plan(Preset::Quick, &[], 0);
        plan.name = Some(SafeText::new("it's; rm -rf $HOME"));
        assert!(repeat(&plan).ends_with(r"--name 'it'\''s; rm -rf $HOME'"));
    }
}
